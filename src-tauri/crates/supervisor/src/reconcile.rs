//! What should be true, derived anew: on start every session directory is looked at, all findings
//! are listed, then each is acted on.

mod recover;

/// What a session directory says of its host.
pub use nightshift_host::finding as hosts;
