//! The supervisor in a simulated world: its loop as it is, with clock, hosts, agents, clients and
//! disk simulated from a seed, killed between any two things it does to the outside.
//!
//! Promise: the same seed does the same; a fault comes with seed, step and what happened last. A
//! kill strikes at the calls of `World` and `Storage`: between two of these nobody outside could
//! tell one moment from another.
//! Must not know: real processes, sockets, sleeps.

mod agent;
mod automation_scenes;
mod check;
mod client;
mod host;
mod ledger;
mod line;
mod routine_scenes;
mod routines;
mod run;
mod scenes;
mod seeds;
mod steps;
mod storage;
mod worktrees;
mod world;
