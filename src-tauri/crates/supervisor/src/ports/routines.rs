//! What routines need of the machine: the directory of their definitions, and where and with what a run begins.
//!
//! Promise: nothing but questions, each of which may take seconds; the loop asks them beside itself. A file is
//! read whole or told as a problem. Must not know: what a definition says, the ledger, sessions.

use nightshift_protocol::{Environment, Fault};
use nightshift_routines::Problem;

/// The definitions directory as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundDefinitions {
    pub files: Vec<DefinitionFile>,
    /// Why the directory was not read: what is known of its files stays as it was.
    pub unread: Option<String>,
    /// Where it is, for people.
    pub place: String,
}

/// One file that a routine may be in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionFile {
    /// Without its ending.
    pub name: String,
    pub text: Result<String, Problem>,
}

pub trait RoutineFiles: Send {
    /// All definitions. A directory that is not there holds none.
    fn read(&self) -> FoundDefinitions;
    /// Writes a new file, whole or not at all; none that is there is overwritten.
    fn create(&self, name: &str, text: &str) -> Result<(), Fault>;
    /// The text of one file, as it is now.
    fn text(&self, name: &str) -> Result<String, Fault>;
    /// Writes a file that is there anew, whole or not at all; refused where it is not `before` any more.
    fn replace(&self, name: &str, before: &str, text: &str) -> Result<(), Fault>;
    /// One that is not there is removed already.
    fn remove(&self, name: &str) -> Result<(), Fault>;
    /// What a login shell of the user's has in its environment; why not, where it does not say.
    fn login_environment(&self) -> Result<Environment, String>;
    /// An empty directory for a run without a repository.
    fn scratch(&self, occurrence: &str) -> Result<String, Fault>;
    /// Takes such directories away that nobody needs any more.
    fn clear_scratch(&self, occurrences: &[String]);
    /// The user's home, for paths that begin with `~`.
    fn user_home(&self) -> Option<String>;
}
