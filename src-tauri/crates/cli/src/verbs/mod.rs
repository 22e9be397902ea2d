//! One file per verb: its arguments and what it does.

pub mod automation;
pub mod roles;
pub mod session;
pub mod supervisor;
pub mod user;
pub mod work;
