//! What the loop needs of the world around it, as interfaces that it owns.
//!
//! Promise: no interface does nothing where it is not implemented; whoever implements one says what each part
//! means. Must not know: who implements them.

pub mod host_link;
pub mod instance;
pub mod pressure;
pub mod routines;
pub mod storage;
pub mod worktrees;
pub mod world;
