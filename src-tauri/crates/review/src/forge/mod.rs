//! Pull requests: opened by the forge's own program or as the address of a page, and asked how far they are.
//!
//! Promise: no key of ours, no address that the user did not name.

pub(crate) mod pull_request;
pub(crate) mod pull_state;
pub(crate) mod web;
