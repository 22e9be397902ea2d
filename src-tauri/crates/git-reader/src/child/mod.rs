//! The child: one request after the other, within its limits.

pub(crate) mod confine;
pub(crate) mod look;
pub(crate) mod sandbox;
pub(crate) mod serve;
