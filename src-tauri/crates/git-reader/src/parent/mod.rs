//! The parent's side: children started, asked and ended.

pub(crate) mod reader;
pub(crate) mod running;
