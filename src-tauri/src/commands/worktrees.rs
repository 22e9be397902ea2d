//! All worktrees: listed at once, measured one by one, removed and brought back.

use crate::environment::Origin;
use crate::link::{Link, unexpected};
use nightshift_protocol::{
    Command, Fault, Reply, WhichWorktree, WorktreeFate, WorktreeList, WorktreeMeasure,
    WorktreeState, WorktreesCleaned,
};
use tauri::State;

/// Without sizes: those take time.
#[tauri::command]
#[specta::specta]
pub async fn worktrees(link: State<'_, Link>) -> Result<WorktreeList, Fault> {
    match link.call(Command::Worktrees { sizes: false }).await? {
        Reply::Worktrees(list) => Ok(list),
        other => Err(unexpected(&other)),
    }
}

#[tauri::command]
#[specta::specta]
pub async fn measure_worktree(
    link: State<'_, Link>,
    which: WhichWorktree,
) -> Result<WorktreeMeasure, Fault> {
    match link.call(Command::MeasureWorktree { which }).await? {
        Reply::WorktreeMeasure(measure) => Ok(measure),
        other => Err(unexpected(&other)),
    }
}

/// What is in the worktree of a session, on the board or not any more.
#[tauri::command]
#[specta::specta]
pub async fn inspect_worktree(
    link: State<'_, Link>,
    session: String,
) -> Result<WorktreeState, Fault> {
    match link.call(Command::InspectWorktree { session }).await? {
        Reply::WorktreeState(state) => Ok(state),
        other => Err(unexpected(&other)),
    }
}

/// Of a session that is not on the board any more.
#[tauri::command]
#[specta::specta]
pub async fn remove_worktree(
    link: State<'_, Link>,
    origin: State<'_, Origin>,
    id: String,
    discard: bool,
) -> Result<Option<WorktreeFate>, Fault> {
    let env = origin.environment.clone();
    match link.call(Command::RemoveWorktree { id, discard, env }).await? {
        Reply::Removed { worktree, .. } => Ok(worktree),
        other => Err(unexpected(&other)),
    }
}

#[tauri::command]
#[specta::specta]
pub async fn clean_worktrees(link: State<'_, Link>) -> Result<WorktreesCleaned, Fault> {
    match link.call(Command::CleanWorktrees).await? {
        Reply::WorktreesCleaned(cleaned) => Ok(cleaned),
        other => Err(unexpected(&other)),
    }
}

/// Brings back what a removal took; its path.
#[tauri::command]
#[specta::specta]
pub async fn undo_remove(link: State<'_, Link>, id: String) -> Result<String, Fault> {
    match link.call(Command::UndoRemove { id }).await? {
        Reply::WorktreeRestored { path, .. } => Ok(path),
        other => Err(unexpected(&other)),
    }
}
