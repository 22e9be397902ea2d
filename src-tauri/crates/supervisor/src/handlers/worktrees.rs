//! `worktrees`, `measure_worktree`, `remove_worktree`, `clean_worktrees`, `undo_remove` and
//! `inspect_worktree`: all of them beside the loop.

use super::{Handled, Outcome, find};
use crate::clients::ConnId;
use crate::core::Core;
use crate::inbox::Inbox;
use crate::ports::worktrees::{Dweller, Leave};
use crate::ports::world::{Job, Lane};
use nightshift_model::{Liveness, Lodging, Session};
use nightshift_protocol::{Command, Fault, FaultCode, Reply};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// All sessions, and where each works.
pub fn dwellers(core: &Core) -> Vec<Dweller> {
    let dweller = |session: &Session| {
        let tree = session.lodging.as_ref().and_then(Lodging::worktree);
        let gone = matches!(session.liveness, Liveness::Gone { .. });
        Dweller {
            id: session.id.to_string(),
            name: session.name.clone(),
            directory: PathBuf::from(tree.map_or(&session.cwd, |tree| &tree.path)),
            is_over: session.agent().is_none() && gone && session.is_over(),
        }
    };
    core.sessions.values().map(|entry| dweller(&entry.session)).collect()
}

pub fn worktrees(core: &Core, conn: ConnId, request: u64, command: Command) -> Outcome {
    let (worktrees, dwellers) = (core.worktrees.clone(), dwellers(core));
    let sessions: BTreeSet<String> = core.sessions.keys().map(ToString::to_string).collect();
    let roots = || -> BTreeSet<PathBuf> {
        let lodgings = core.sessions.values().filter_map(|e| e.session.lodging.as_ref());
        let trees = lodgings.filter_map(Lodging::worktree);
        trees.map(|tree| PathBuf::from(&tree.main_checkout)).collect()
    };
    let work: Box<dyn FnOnce() -> Result<Reply, Fault> + Send> = match command {
        Command::Worktrees { sizes } => {
            let roots = roots();
            Box::new(move || worktrees.list(&sessions, &roots, sizes).map(Reply::Worktrees))
        }
        Command::MeasureWorktree { which } => {
            let roots = roots();
            Box::new(move || worktrees.measure(&which, &roots).map(Reply::WorktreeMeasure))
        }
        Command::RemoveWorktree { id, discard, env } => Box::new(move || {
            let id = worktrees.named(&id)?;
            if sessions.contains(&id) {
                let text = format!("the worktree of {id} belongs to a session on the board");
                let hint = format!("remove the session with `nightshift rm {id}`");
                return Err(Fault::new(FaultCode::Refused, text).hint(hint));
            }
            let leave = if discard { Leave::Discard } else { Leave::Careful };
            match worktrees.leave(&id, None, leave, &dwellers, &env) {
                Some(fate) => Ok(Reply::Removed { id, worktree: Some(fate) }),
                None => Err(Fault::new(FaultCode::NotFound, format!("{id} has no worktree"))
                    .hint("list them with `nightshift worktrees`")),
            }
        }),
        Command::CleanWorktrees => {
            Box::new(move || worktrees.clean(&dwellers).map(Reply::WorktreesCleaned))
        }
        Command::InspectWorktree { session } => {
            // Of a session that is gone there is still its worktree.
            let id = find(core, &session).map_or(session, |id| id.to_string());
            Box::new(move || worktrees.inspect(id.trim(), &dwellers).map(Reply::WorktreeState))
        }
        Command::UndoRemove { id } => Box::new(move || worktrees.undo(id.trim())),
        // The table of commands sends no other here.
        _ => return Ok(Handled::Done(Reply::Ok)),
    };
    let answer = move || Inbox::Answer { conn, request, result: work() };
    let place = "the disk of the worktrees";
    core.world.run(Job::for_request((conn, request), Lane::Worktrees, place, answer));
    Ok(Handled::Pending)
}
