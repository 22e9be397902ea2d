//! Reads repositories that others may have written, in a child process with limits.
//!
//! Promise: nothing that a repository holds is executed, and nothing is written; one that hangs, eats
//! memory or crashes its reader costs only its own answer; what is not understood is never an empty
//! answer. "Clean" is for people's eyes: whoever removes something asks the `git` program.
//! Must not know: sessions, why anyone looks, where repositories are.
//!
//! `Reader` is the parent's side: it starts `nightshift git-reader`, writes one request a line, and
//! waits for one answer a line. `serve` is the child: it takes its limits, opens a repository with
//! libgit2, looks, closes it. Decision 29 says why it is a child; `doubt.rs` lists where libgit2
//! and git differ.

mod alone;
mod answer;
mod attributes;
mod bytes;
mod commit;
mod confine;
mod distance;
mod doubt;
mod files;
mod guard;
mod head;
mod ignored;
mod index;
mod limits;
mod listed;
mod look;
mod place;
mod reader;
mod request;
mod running;
mod sandbox;
mod serve;
mod settings;
mod small;
mod stash;
mod unlisted;
mod words;
mod worktrees;

pub use answer::{
    AloneCount, Answer, Change, Clean, Counts, Files, Gitlink, Head, Linked, Operation, Seen,
    Unknown, UnknownKind, Upstream,
};
pub use bytes::Bytes;
pub use commit::CommitId;
pub use doubt::{Doubt, DoubtKind};
pub use limits::Limits;
pub use listed::Listed;
pub use reader::{Looking, Reader};
pub use request::{Alone, Autocrlf, Eol, Expected, Request, UserSettings};
pub use serve::serve;
pub use words::Words;
