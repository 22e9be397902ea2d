//! Where sessions work: their worktrees, and what of a repository is trusted.
//!
//! Promise: nothing but questions, each of which may take seconds; the loop asks them beside itself and needs
//! to know nothing of git. Must not know: sessions' states, the database, agents.

pub use nightshift_model::lodging::Leave;
use nightshift_model::{Lodging, Need, Trust};
use nightshift_protocol::{
    Environment, Fault, Reply, TrustedRepository, WhichWorktree, WorktreeFate, WorktreeList,
    WorktreeMeasure, WorktreeState, WorktreesCleaned,
};
use nightshift_settings as settings;
pub use nightshift_worktree::MainCheckout;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A session on the board, and where it works.
#[derive(Clone, Debug)]
pub struct Dweller {
    pub id: String,
    pub name: String,
    pub directory: PathBuf,
    /// It has ended and does not go on: it needs its directory no more.
    pub is_over: bool,
}

/// Whose lodging it is.
#[derive(Clone, Debug)]
pub struct Order {
    pub session: String,
    /// The session's name: its words become the worktree's.
    pub name: String,
    /// Where it was started.
    pub cwd: String,
    pub lodging: Lodging,
    pub wanted: Box<Wanted>,
    pub agent: Agent,
    /// What the user said of what its repository brings along.
    pub trust: Option<Trust>,
}

/// What the user set for the worktrees of every repository, and in which file.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub file: PathBuf,
    pub settings: settings::Worktree,
    /// What this one session has to begin at: without it there is no start.
    pub base: Option<String>,
}

/// What the agent of a session takes up of a repository that is not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    pub title: String,
    pub takes_up: TakesUp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakesUp {
    Nothing,
    /// Parts by their names.
    Only(Vec<String>),
    Everything,
}

/// A question for the user, before anything starts.
#[derive(Debug)]
pub struct Asks {
    pub trust: Trust,
    pub need: Need,
}

/// What of a repository the user trusts.
pub trait RepositoryTrust: Send + Sync {
    /// Whether there are hooks or programs of the repository that git would run in `dir`. Our acts leave
    /// them out, trusted or not: nobody can say what they will be in the moment in which git runs them.
    fn leaves_out(&self, dir: &Path, env: &Environment) -> bool;
    /// Whether the user trusts this text of the `loop.md` of `dir`.
    fn trusts_loop_file(&self, dir: &Path, text: Vec<u8>) -> bool;
    /// All repositories that are trusted.
    fn trusted_repositories(&self) -> Result<Vec<TrustedRepository>, Fault>;
    /// What the repository of `dir` would run now, for a session with a worktree and for one without.
    fn show_trust(
        &self,
        dir: &Path,
        wanted: &Wanted,
        env: &Environment,
    ) -> Result<TrustedRepository, Fault>;
    /// Trusts it, where it is still what was shown under `hash`.
    fn add_trust(
        &self,
        dir: &Path,
        hash: &str,
        wanted: &Wanted,
        env: &Environment,
    ) -> Result<TrustedRepository, Fault>;
    fn revoke_trust(&self, dir: &Path, env: &Environment) -> Result<TrustedRepository, Fault>;
}

/// The worktrees of all sessions.
pub trait Worktrees: RepositoryTrust {
    /// The main checkout as it is now; none when that cannot be told.
    fn look(&self, main_checkout: &Path) -> Option<MainCheckout>;
    /// Whether a session in `dir` could begin at this base: `default`, `head`, a branch, tag or commit.
    fn check_base(&self, dir: &Path, base: &str, env: &Environment) -> Result<(), Fault>;
    /// The session has ended for good: its worktree goes, if it may and shall. What cannot be found out
    /// keeps it. None when it never had one.
    /// `name` is what the session was called at last: by that, too, its removal can be undone. A worktree that
    /// another of the `dwellers` works in stays.
    fn leave(
        &self,
        id: &str,
        name: Option<&str>,
        leave: Leave,
        dwellers: &[Dweller],
        env: &Environment,
    ) -> Option<WorktreeFate>;
    /// The id of the worktree that is meant by an id, the beginning of one, or a name.
    fn named(&self, named: &str) -> Result<String, Fault>;
    fn inspect(&self, id: &str, dwellers: &[Dweller]) -> Result<WorktreeState, Fault>;
    /// All worktrees of the ledger's repositories and of those with a main checkout in `roots`.
    /// `sessions` are those on the board.
    fn list(
        &self,
        sessions: &BTreeSet<String>,
        roots: &BTreeSet<PathBuf>,
        sizes: bool,
    ) -> Result<WorktreeList, Fault>;
    /// What takes time to find out about one of those that `list` names.
    fn measure(
        &self,
        which: &WhichWorktree,
        roots: &BTreeSet<PathBuf>,
    ) -> Result<WorktreeMeasure, Fault>;
    /// Removes worktrees without a session as far as nothing would be lost.
    fn clean(&self, dwellers: &[Dweller]) -> Result<WorktreesCleaned, Fault>;
    fn undo(&self, id: &str) -> Result<Reply, Fault>;
}
