//! The supervisor's process: the machine, hosts, worktrees and clients that its loop works with.
//!
//! Promise: implements what the loop asks for and decides nothing; all that may hang is done beside the loop.
//! Must not know: what the loop decides, its sessions.

mod background;
pub mod host_link;
mod instance;
mod intake;
mod limits;
mod machine;
mod routines;
mod server;
mod start;
mod workspace;

pub use start::run;
