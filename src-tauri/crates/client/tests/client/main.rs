//! The client against real sockets: one binary, so that the fake peer is built once.

mod attach;
mod fake;
mod served;
mod supervisor;
