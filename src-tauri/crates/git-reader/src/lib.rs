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

mod child;
mod limits;
mod parent;
mod reading;
mod values;

pub use child::serve::serve;
pub use limits::Limits;
pub use parent::reader::{Looking, Reader};
pub use reading::doubt::{Doubt, DoubtKind};
pub use values::answer::{
    AloneCount, Answer, Change, Clean, Counts, Files, Gitlink, Head, Linked, Operation, Seen,
    Unknown, UnknownKind, Upstream,
};
pub use values::bytes::Bytes;
pub use values::commit::CommitId;
pub use values::listed::Listed;
pub use values::request::{Alone, Autocrlf, Eol, Expected, Request, UserSettings};
pub use values::words::Words;
