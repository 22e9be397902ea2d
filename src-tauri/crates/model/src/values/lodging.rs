//! Where an agent session works: in the directory it was given, or in a git worktree of its own.
//!
//! Decided once, when the session starts for the first time, and kept with it from then on.

use serde::{Deserialize, Serialize};

/// What the user asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Wish {
    /// As the settings say.
    #[default]
    Usual,
    /// No worktree.
    Never,
    /// A worktree of this name, whatever the settings say.
    Named { name: String },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Lodging {
    /// Not started yet.
    Undecided {
        wish: Wish,
    },
    /// It works in the directory it was given.
    Directory {
        /// Why, as a word for programs and a sentence for people.
        reason: String,
        text: String,
        /// Hosts that the repository's remotes named before its agent ran.
        #[serde(default, rename = "remoteHosts")]
        remote_hosts: Vec<String>,
    },
    Worktree(Box<Worktree>),
}

/// What becomes of the worktree of a session that is removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum Leave {
    /// It goes if nothing in it would be lost.
    #[default]
    Careful,
    /// It goes with all work in it, which can be brought back.
    Discard,
    /// It stays.
    Keep,
}

/// A session's own worktree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase", default)]
pub struct Worktree {
    pub path: String,
    /// Where in it the session works.
    pub directory: String,
    pub branch: String,
    /// The main checkout.
    pub main_checkout: String,
    /// What the branch began at: a name and a commit.
    pub base: String,
    pub base_commit: String,
    pub upstream: Option<String>,
    /// Commits that the upstream had and the base had not.
    pub behind: u32,
    /// Uncommitted files of the main checkout that are not here: the first, and how many.
    pub absent: Vec<String>,
    pub absent_count: u32,
    pub first_port: Option<u16>,
    pub last_port: Option<u16>,
    /// All of this in words, as the agent is told.
    pub disclosure: String,
    /// Its setup script runs; the agent starts after that.
    pub setting_up: bool,
    /// Files of the main checkout that changed while the session worked, by whom is not known.
    pub changed_meanwhile: Vec<String>,
    /// Hosts that the repository's remotes named before its agent ran.
    pub remote_hosts: Vec<String>,
}

impl Lodging {
    pub fn worktree(&self) -> Option<&Worktree> {
        match self {
            Lodging::Worktree(worktree) => Some(worktree),
            Lodging::Undecided { .. } | Lodging::Directory { .. } => None,
        }
    }

    /// Hosts that the repository's remotes named before its agent ran; what an agent adds later
    /// is not among them.
    pub fn remote_hosts(&self) -> &[String] {
        match self {
            Lodging::Worktree(worktree) => &worktree.remote_hosts,
            Lodging::Directory { remote_hosts, .. } => remote_hosts,
            Lodging::Undecided { .. } => &[],
        }
    }
}
