//! The operating system: directories, clock, durable files, sockets, locks, processes, PTYs.
//!
//! Promise: the only crate of ours that asks the OS for time, identity, processes or durability, so
//! that everything above can be read without a man page. Synchronous; no threads of its own.
//! Must not know: sessions, agents, protocols, or why anyone calls it.

pub mod below;
pub mod census;
pub mod clock;
pub mod clock_watch;
pub mod desktop;
pub mod dirs;
pub mod exhausted;
pub mod family;
pub mod files;
pub mod interfaces;
pub mod ipc;
pub mod lock;
pub mod mark;
pub mod memory;
pub mod mounts;
pub mod owners;
pub mod peer;
pub mod pressure;
pub mod private;
pub mod process;
mod procfs;
pub mod program;
pub mod pty;
pub mod role_name;
pub mod search;
pub mod signals;
pub mod spawn;
pub mod usage;
pub mod watch;

pub use dirs::{DirsError, Home};
pub use lock::{Holder, RoleLock};
pub use mark::Mark;
pub use peer::Peer;
pub use process::{Identity, Liveness3};
