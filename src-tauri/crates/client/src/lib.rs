//! How every client reaches the supervisor and the hosts: find or start, call, follow, attach.
//!
//! Promise: every wait on a silent peer ends, every queue is bounded, a lost connection is a
//! `Fault` for each caller that waits on it. `Client` is `Clone + Send + Sync` and works on any
//! tokio runtime.
//! Must not know: sessions' states, rendering, SQLite, or what a command does.
//!
//! One connection carries all of a client's calls and follows. A reader task hands replies and
//! events to those who wait; a writer task sends requests. Neither ever waits for a consumer: a
//! follow whose consumer falls behind is ended and begun again, which brings a fresh snapshot.

mod absent;
mod attach;
mod attachments;
mod call;
mod connection;
mod dial;
mod environment;
mod follow;
mod follows;
mod holdings;
mod links;
mod presence;
mod routes;
mod start;

pub use absent::why_absent;
pub use attach::{AttachEvent, AttachReader, AttachWriter, Attachment, Viewing};
pub use attachments::{Attachments, Pane};
pub use call::Client;
pub use environment::{dispatch_environment, outlives_sessions};
pub use follow::{Follow, FollowEvent};
pub use follows::Follows;
pub use holdings::{Held, Holdings};
pub use links::{open_definition, open_link};
pub use presence::Presence;
pub use start::{Starter, find_or_start};
