//! The `git` program in its two ways: for what the user owns, and for what others may have written.
//!
//! Promise: nothing that a repository says runs or is followed unless it stands in a list here.
//! Must not know: sessions, why git is called.

pub(crate) mod belonging;
pub(crate) mod complaint;
pub(crate) mod configuration;
pub(crate) mod confined;
pub(crate) mod digest;
pub(crate) mod followed;
pub(crate) mod frozen;
pub(crate) mod git;
pub(crate) mod interpreter;
pub(crate) mod known;
pub(crate) mod known_programs;
pub(crate) mod overrides;
pub(crate) mod own_files;
pub(crate) mod pipes;
pub(crate) mod plain_command;
pub(crate) mod programs;
pub(crate) mod shadow;
pub(crate) mod shell;
pub(crate) mod shell_words;
pub(crate) mod status;
pub(crate) mod temporary;
pub(crate) mod user_programs;
pub(crate) mod users_home;
pub(crate) mod written_refs;
