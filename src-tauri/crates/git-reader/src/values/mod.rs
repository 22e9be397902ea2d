//! What is asked and answered, as plain data.

pub(crate) mod answer;
pub(crate) mod bytes;
pub(crate) mod commit;
pub(crate) mod listed;
pub(crate) mod request;
pub(crate) mod words;
