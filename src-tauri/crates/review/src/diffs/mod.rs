//! What a session changed, as people look at it.
//!
//! Promise: looking changes nothing.

pub(crate) mod changes;
pub(crate) mod file;
pub(crate) mod image;
pub(crate) mod marks;
pub(crate) mod rows;
