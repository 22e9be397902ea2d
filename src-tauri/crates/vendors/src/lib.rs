//! Which agents there are, and what each vendor's agent does in its own way: how it is found and
//! started, how its lines read, what it calls our tools, which of its words mean trouble.
//!
//! Promise: the only crate that knows a vendor by name or the protocol crate's types; no state.
//! Must not know: sessions, journals, what was said before.

pub mod bounds;
mod claude;
mod claude_tui;
mod codex;
mod codex_tui;
mod defaults;
mod exactly;
mod family;
pub mod file_names;
mod gemini;
mod guard;
mod opencode;
mod own_call;
mod qwen;
pub mod registry;
pub mod request_text;
mod reset_time;
pub mod servers;
pub mod start;
mod subject;
pub mod wire;
mod words;

pub use family::{Family, Heard, Overheard, Tells};
pub use guard::TakesUp;
pub use own_call::{KIND as OWN_KIND, OwnCall, Watched};
pub use words::message_of;
