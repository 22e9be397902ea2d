//! The `nightshift` command end to end: real supervisors, hosts, PTYs and agents, one home per test.

mod attach;
mod contract;
mod conversation;
mod damage;
mod help;
mod input;
mod processes;
mod strangers;
mod supervisor;
mod support;
mod survival;
mod vendor;
