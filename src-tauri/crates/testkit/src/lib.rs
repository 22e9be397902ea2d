//! What tests share: hermetic homes, bounded waits, chance from a seed, a scripted model server, a tripwire.
//!
//! Promise: a test that uses these touches nothing of the user's and leaves no process behind.
//! Must not know: any crate of ours but `platform` and `protocol`.

pub mod dice;
pub mod home;
pub mod model_server;
pub mod own_hooks;
pub mod tripwire;
pub mod tui;
pub mod vendors;
pub mod wait;

pub use dice::Dice;
pub use home::TestHome;
pub use model_server::{Asked, ModelServer, Saying};
pub use own_hooks::OwnHooks;
pub use tripwire::Tripwire;
pub use wait::{wait_for, wait_until};
