//! The `nightshift` command end to end: real supervisors, hosts, PTYs and agents, one home per test.

mod attach;
mod board;
mod contract;
mod conversation;
mod damage;
mod failures;
mod help;
mod input;
mod life;
mod logs;
mod manual;
mod orphaned_reply;
mod pressure;
mod processes;
mod renew;
mod retention;
mod service;
mod strangers;
mod supervisor;
mod support;
mod survival;
mod tasks;
mod vendor;
