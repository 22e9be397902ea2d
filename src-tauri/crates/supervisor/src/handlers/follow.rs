//! `follow` and `unfollow`: streams of numbered changes that begin with a snapshot.

use super::{Handled, Outcome, find};
use crate::clients::{ConnId, FollowId};
use crate::core::{Core, effects};
use crate::features::idle_retirement;
use crate::inbox::Inbox;
use crate::limits::FOLLOWS_MAX;
use crate::ports::world::{Job, Lane};
use nightshift_model::SessionId;
use nightshift_protocol::{Fault, FaultCode, Reply};

pub fn board(core: &mut Core, conn: ConnId, request: u64) -> Outcome {
    check_count(core, conn)?;
    core.board.follow(FollowId { conn, request });
    Ok(Handled::Done(Reply::Ok))
}

pub fn conversation(core: &mut Core, conn: ConnId, request: u64, session: &str) -> Outcome {
    check_count(core, conn)?;
    let id = find(core, session)?;
    let entry = &core.sessions[&id];
    if entry.session.agent().is_none() || entry.session.is_terminal_agent() {
        return Err(Fault::new(
            FaultCode::Refused,
            format!("session {id} runs in a terminal and has no conversation"),
        )
        .hint(format!("watch it with `nightshift attach {id}`")));
    }
    if entry.driver.is_none() {
        fold(core, &id)?;
    }
    core.conversations.follow(FollowId { conn, request }, id);
    Ok(Handled::Done(Reply::Ok))
}

/// Reads an ended session's journal beside the loop; its followers get their snapshot then.
pub fn fold(core: &Core, id: &SessionId) -> Result<(), Fault> {
    let session = &core.sessions[id].session;
    let agent = session.agent().map_or("", |a| a.agent.as_str());
    let mut driver = effects::driver_of(&core.home, &core.registry, session).ok_or_else(|| {
        Fault::new(FaultCode::NotFound, format!("agent `{agent}` of session {id} is not known"))
    })?;
    if let Some(work) = session.agent() {
        driver.set_remarks(&work.standing.remarks, false);
        driver.set_prompts(&work.prompts);
    }
    let (journal, session, place) =
        (core.world.journal(id), id.clone(), format!("the journal of session {id}"));
    let unread = id.clone();
    let work = move || {
        for record in journal.read(0) {
            driver.feed(&record);
        }
        Inbox::Folded { session, driver: Box::new(driver) }
    };
    let failed = |fault| Inbox::NotFolded { session: unread, fault };
    let (work, failed) = (Box::new(work), Box::new(failed));
    core.world.run(Job { lane: Lane::Reads, place, work, failed });
    Ok(())
}

pub fn unfollow(core: &mut Core, conn: ConnId, follow: u64) -> Outcome {
    let id = FollowId { conn, request: follow };
    if !core.board.unfollow(id) && !core.conversations.unfollow(id) {
        return Err(Fault::new(FaultCode::NotFound, format!("no follow {follow}")));
    }
    idle_retirement::drop_idle_drivers(core);
    Ok(Handled::Done(Reply::Ok))
}

fn check_count(core: &Core, conn: ConnId) -> Result<(), Fault> {
    if core.board.count(conn) + core.conversations.count(conn) >= FOLLOWS_MAX {
        return Err(Fault::new(FaultCode::Limit, format!("{FOLLOWS_MAX} follows are open"))
            .hint("close some panes"));
    }
    Ok(())
}
