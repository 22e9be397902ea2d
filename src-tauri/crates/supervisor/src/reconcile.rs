//! What should be true, derived anew: on start every session directory is looked at, all findings
//! are listed, then each is acted on.

pub mod hosts;
mod recover;
