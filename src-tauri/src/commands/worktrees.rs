//! All worktrees: listed at once, measured one by one, removed and brought back.

use crate::environment::Origin;
use crate::link::Link;
use nightshift_protocol::{
    Fault, WhichWorktree, WorktreeFate, WorktreeList, WorktreeMeasure, WorktreeState,
    WorktreesCleaned, calls,
};
use tauri::State;

/// Without sizes: those take time.
#[tauri::command]
#[specta::specta]
pub async fn worktrees(link: State<'_, Link>) -> Result<WorktreeList, Fault> {
    link.ask(calls::Worktrees { sizes: false }).await
}

#[tauri::command]
#[specta::specta]
pub async fn measure_worktree(
    link: State<'_, Link>,
    which: WhichWorktree,
) -> Result<WorktreeMeasure, Fault> {
    link.ask(calls::MeasureWorktree { which }).await
}

/// What is in the worktree of a session, on the board or not any more.
#[tauri::command]
#[specta::specta]
pub async fn inspect_worktree(
    link: State<'_, Link>,
    session: String,
) -> Result<WorktreeState, Fault> {
    link.ask(calls::InspectWorktree { session }).await
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
    Ok(link.ask(calls::RemoveWorktree { id, discard, env }).await?.worktree)
}

#[tauri::command]
#[specta::specta]
pub async fn clean_worktrees(link: State<'_, Link>) -> Result<WorktreesCleaned, Fault> {
    link.ask(calls::CleanWorktrees {}).await
}

/// Brings back what a removal took; its path.
#[tauri::command]
#[specta::specta]
pub async fn undo_remove(link: State<'_, Link>, id: String) -> Result<String, Fault> {
    Ok(link.ask(calls::UndoRemove { id }).await?.path)
}
