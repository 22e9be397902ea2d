//! `worktrees`, `clean_worktrees`, `undo_remove`, `inspect_worktree`: all of them beside the loop.

use super::{Handled, Outcome, find};
use crate::core::Core;
use crate::inbox::Inbox;
use crate::link::beside::Lane;
use crate::outside::Aside;
use nightshift_lodging::Desk;
use nightshift_model::Lodging;
use nightshift_protocol::{Command, Fault, Reply};
use nightshift_publish::ConnId;
use std::collections::BTreeSet;
use std::path::PathBuf;

pub fn worktrees(core: &Core, conn: ConnId, request: u64, command: Command) -> Outcome {
    let desk = Desk::of(&core.home);
    let sessions: BTreeSet<String> = core.sessions.keys().map(ToString::to_string).collect();
    let work: Box<dyn FnOnce() -> Result<Reply, Fault> + Send> = match command {
        Command::Worktrees { sizes } => {
            let lodgings = core.sessions.values().filter_map(|e| e.session.lodging.as_ref());
            let roots: BTreeSet<PathBuf> = lodgings
                .filter_map(Lodging::worktree)
                .map(|tree| PathBuf::from(&tree.main_checkout))
                .collect();
            Box::new(move || desk.list(&sessions, &roots, sizes).map(Reply::Worktrees))
        }
        Command::CleanWorktrees => {
            Box::new(move || desk.clean(&sessions).map(Reply::WorktreesCleaned))
        }
        Command::InspectWorktree { session } => {
            let id = find(core, &session)?;
            Box::new(move || desk.inspect(id.as_str()).map(Reply::WorktreeState))
        }
        Command::UndoRemove { id } => Box::new(move || desk.undo(id.trim())),
        // The table of commands sends no other here.
        _ => return Ok(Handled::Done(Reply::Ok)),
    };
    let answer = move || Inbox::Answer { conn, request, result: work() };
    let place = "the disk of the worktrees";
    core.outside.beside(Aside::for_request((conn, request), Lane::Worktrees, place, answer));
    Ok(Handled::Pending)
}
