//! Notices that say how something is now: shown while it is so, and taken back when it is not any more.
//!
//! Promise: each is shown once, however often it is found; none outlives what it tells of, or this supervisor:
//! the next one looks for itself. What has happened is a notice of `Core::notice`, and stays.

use crate::core::Core;
use crate::limits::NOTICES_MAX;
use nightshift_model::standing::GoalPhase;
use nightshift_model::{Liveness, Session, SessionId};
use nightshift_platform::clock;
use nightshift_protocol::{BoardChange, Notice, NoticeLevel};

/// What may be so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The settings file has mistakes.
    Settings,
    /// What happened cannot be stored.
    Database,
    /// The state directory was deleted and cannot be made anew.
    Instance,
    /// Nobody can say whether this session's host lives.
    LeftAlone(SessionId),
    /// Memory is short, or was a moment ago.
    Memory,
    /// This session's goal waits for the user.
    GoalPaused(SessionId),
    /// Files in the directory of definitions define no routine, or it cannot be read.
    Definitions,
    /// Nothing of routines can be stored.
    Routines,
    /// Events from outside are not taken, or not asked for.
    Intake,
    /// A session directory belongs to no session.
    Stranger(String),
}

/// What one condition has to say, in order.
pub type Said = Vec<(NoticeLevel, String)>;

/// From now on `condition` says this and nothing else.
pub fn hold(core: &mut Core, condition: &Condition, mut said: Said) {
    said.truncate(NOTICES_MAX);
    let (held, others): (Vec<_>, Vec<_>) =
        std::mem::take(&mut core.conditions).into_iter().partition(|(of, _)| of == condition);
    core.conditions = others;
    let is_said =
        |notice: &Notice| said.iter().any(|(l, t)| (*l, t) == (notice.level, &notice.text));
    let (mut stays, gone): (Vec<_>, Vec<_>) =
        held.into_iter().map(|(_, notice)| notice).partition(is_said);
    for notice in gone {
        core.board.publish(&mut core.clients, BoardChange::NoticeGone { notice });
    }
    for (level, text) in said {
        if stays.iter().any(|notice| (notice.level, &notice.text) == (level, &text)) {
            continue;
        }
        tracing::warn!("notice: {text}");
        let notice = Notice { at: clock::now(), level, text };
        core.board.publish(&mut core.clients, BoardChange::Notice { notice: notice.clone() });
        stays.push(notice);
    }
    core.conditions.extend(stays.into_iter().map(|notice| (condition.clone(), notice)));
}

/// It is not so any more.
pub fn release(core: &mut Core, condition: &Condition) {
    if is_held(core, condition) {
        hold(core, condition, Vec::new());
    }
}

pub fn is_held(core: &Core, condition: &Condition) -> bool {
    core.conditions.iter().any(|(of, _)| of == condition)
}

/// Takes back what is told of a session and not so any more.
pub fn review(core: &mut Core, id: &SessionId) {
    let session = core.sessions.get(id).map(|entry| &entry.session);
    let unknown = session.is_some_and(|s| matches!(s.liveness, Liveness::Unknown { .. }));
    let paused = session.is_some_and(has_paused_goal);
    if !unknown {
        release(core, &Condition::LeftAlone(id.clone()));
    }
    if !paused {
        release(core, &Condition::GoalPaused(id.clone()));
    }
}

fn has_paused_goal(session: &Session) -> bool {
    let goal = session.agent().and_then(|agent| agent.standing.goal.as_ref());
    goal.is_some_and(|goal| matches!(goal.phase, GoalPhase::Paused { .. }))
}

/// What has happened, and what is so, oldest first.
pub fn shown(notices: &[Notice], conditions: &[(Condition, Notice)]) -> Vec<Notice> {
    let mut all = notices.to_vec();
    all.extend(conditions.iter().map(|(_, notice)| notice.clone()));
    all.sort_by_key(|notice| notice.at);
    all
}

/// Earlier versions kept these for good.
pub fn forget_kept(core: &mut Core, beginning: &str) {
    let (gone, stay): (Vec<_>, Vec<_>) = std::mem::take(&mut core.notices)
        .into_iter()
        .partition(|notice| notice.text.starts_with(beginning));
    core.notices = stay;
    for notice in gone {
        core.board.publish(&mut core.clients, BoardChange::NoticeGone { notice });
    }
}
