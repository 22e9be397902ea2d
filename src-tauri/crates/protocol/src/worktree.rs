//! Worktrees as clients see them.

use nightshift_model::Millis;
use serde::{Deserialize, Serialize};

/// Why a worktree stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    /// A word for programs: `uncommitted`, `unpushed`, `occupied`, `locked`, `unreadable`, `wanted`, ….
    pub reason: String,
    pub text: String,
}

/// What became of a worktree whose session was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct WorktreeFate {
    pub path: String,
    pub branch: String,
    /// It stays as it was, and why; empty when it is gone.
    pub kept: Vec<Kept>,
    /// What was uncommitted and can be brought back.
    pub uncommitted: Vec<String>,
    /// By this id it can be brought back; none when it was kept, and where nothing was left of it.
    pub undo: Option<String>,
    pub notes: Vec<String>,
}

/// What is in a session's worktree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct WorktreeState {
    pub path: String,
    pub branch: Option<String>,
    pub uncommitted: Vec<String>,
    /// Commits that are nowhere else, as `id subject`.
    pub unpushed: Vec<String>,
    pub unpushed_count: u32,
    pub stashes: u32,
    /// What would keep it from `rm`.
    pub keeps: Vec<Kept>,
    /// What would keep it even if uncommitted changes may go.
    pub blocks: Vec<Kept>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct WorktreeList {
    pub worktrees: Vec<WorktreeView>,
    pub removed: Vec<RemovedWorktree>,
    /// What could not be read.
    pub problems: Vec<String>,
}

/// One worktree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct WorktreeView {
    pub path: String,
    pub main_checkout: String,
    pub branch: Option<String>,
    pub commit: Option<String>,
    /// The session it was made for; none when another program made it.
    pub session: Option<String>,
    /// Made by Nightshift, and its session is not on the board any more.
    pub orphan: bool,
    pub missing: bool,
    pub lock: Option<String>,
    pub created_at: Option<Millis>,
    /// On disk; none unless asked for or when it cannot be counted.
    #[specta(type = Option<u32>)]
    pub bytes: Option<u64>,
    pub first_port: Option<u16>,
    /// What would keep it from removal, for those made by Nightshift and asked for with sizes.
    pub keeps: Vec<Kept>,
    /// Commits that its branch has and the upstream has not; none without one, and when not known.
    #[serde(default)]
    pub ahead: Option<u32>,
    /// The other way round.
    #[serde(default)]
    pub behind: Option<u32>,
    /// Files that are not as committed, like `keeps`; none when that is not known.
    #[serde(default)]
    pub uncommitted: Option<u32>,
    /// Why its branch and commit are not known.
    #[serde(default)]
    pub unknown: Option<String>,
}

/// A worktree that can be brought back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct RemovedWorktree {
    pub id: String,
    pub path: String,
    pub branch: String,
    pub removed_at: Millis,
    pub until: Millis,
    #[specta(type = Option<u32>)]
    pub bytes: Option<u64>,
}

/// One entry of a list of worktrees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum WhichWorktree {
    Made { path: String },
    Removed { id: String },
}

/// What takes time to find out about a worktree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct WorktreeMeasure {
    /// On disk; none when it cannot be counted.
    #[specta(type = Option<u32>)]
    pub bytes: Option<u64>,
    /// What would keep it from removal; empty for those that others made.
    pub keeps: Vec<Kept>,
    /// What would keep it even if uncommitted changes may go.
    pub blocks: Vec<Kept>,
}

/// What a cleaning did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct WorktreesCleaned {
    pub orphans: Vec<WorktreeFate>,
    /// Paths of removed worktrees that were deleted for good.
    pub expired: Vec<String>,
    pub problems: Vec<String>,
}
