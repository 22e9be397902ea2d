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
    /// Files with names that nothing can be called by, as people see them.
    pub unnamed: Vec<String>,
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
    /// Writes what `edit` makes of a file's text in its place, whole or not at all; the new text. What somebody else
    /// has written meanwhile is not overwritten.
    fn change(
        &self,
        name: &str,
        edit: &dyn Fn(&str) -> Result<String, Fault>,
    ) -> Result<String, Fault>;
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
