//! `remove`: stops a session if need be, then takes it off the board with its directory.

use super::{Handled, Outcome, apply, find};
use crate::core::Core;
use crate::wait::{Until, Waiter};
use nightshift_model::{Command as SessionCommand, SessionId};
use nightshift_protocol::{BoardChange, Fault, FaultCode, Reply};
use nightshift_publish::ConnId;
use nightshift_store::Write;

pub fn remove(core: &mut Core, session: &str) -> Outcome {
    let session = find(core, session)?;
    apply(core, &session, SessionCommand::Stop)?;
    Ok(Handled::Later { session, until: Until::Removed })
}

/// The same without anybody who asked for it: the session's time is over.
pub fn take_off(core: &mut Core, id: &SessionId) {
    let waiter = Waiter { conn: ConnId::NOBODY, request: 0, until: Until::Removed };
    core.waiters.push((id.clone(), waiter));
    core.answer_waiters(id);
}

/// Every process is gone: the record goes, then the directory.
pub fn finish_removal(core: &mut Core, id: &SessionId) -> Result<Reply, Fault> {
    let wrong = |what: &str, e: String| {
        Fault::new(FaultCode::Io, format!("session {id} was not removed: {what}: {e}"))
            .hint("mend the state directory, then remove it again")
    };
    // A crash between the two steps leaves a marked directory, which the next start clears.
    core.outside.mark_removed(id).map_err(|e| wrong("its directory", e.to_string()))?;
    let write = Write { removed: vec![id.clone()], ..Write::default() };
    if let Err(e) = core.store.commit(&write) {
        // It stays, and what it does from now on must not be deleted with a mark of today.
        if let Err(e) = core.outside.unmark(id) {
            tracing::warn!(session = %id, "its mark of a removal stays: {e}");
        }
        return Err(wrong("its record", e.to_string()));
    }
    core.sessions.remove(id);
    core.conversations.forget_session(id);
    answer_the_others(core, id);
    if let Err(e) = core.outside.clear_away(id) {
        tracing::warn!(session = %id, "directory not removed yet: {e}");
    }
    core.board.publish(&mut core.clients, BoardChange::Removed { id: id.to_string() });
    Ok(Reply::Removed { id: id.to_string() })
}

/// Whoever else waits for something of this session hears that it is gone.
fn answer_the_others(core: &mut Core, id: &SessionId) {
    let (others, left): (Vec<_>, Vec<_>) =
        std::mem::take(&mut core.waiters).into_iter().partition(|(of, _)| of == id);
    core.waiters = left;
    for (_, waiter) in others {
        let gone = Fault::new(FaultCode::NotFound, format!("session {id} was removed meanwhile"));
        core.clients.answer(waiter.conn, waiter.request, Err(gone));
    }
}
