//! Judgements against a scripted server, checks with real processes, vendors' own programs.

mod checks;
mod framing;
mod programs;
mod server;
mod stage;
mod troubles;
