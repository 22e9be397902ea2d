//! What there is to tell: a change of a session that its user wants to hear of.

use crate::wording;
use nightshift_model::naming::plain_words;
use nightshift_model::standing::{Goal, GoalPhase};
use nightshift_model::{Need, Session, State};
use nightshift_protocol::NotificationKind;

/// Something to tell, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occasion {
    pub kind: NotificationKind,
    /// The session's id; empty for a test.
    pub session: String,
    /// Names it within its session for ever, also when its fact is told again after a crash.
    pub key: String,
    pub title: String,
    pub text: String,
    /// The session goes on by itself: only its questions are told.
    pub standing: bool,
}

/// What a step of a session gives to tell. Open requests are told one after the other, never one for
/// each tool that waits.
pub fn arising(before: &Session, after: &Session) -> Option<Occasion> {
    let needed = |session: &Session| session.needs().first().map(key_of);
    if let Some(need) = after.needs().first() {
        let new = needed(before).as_deref() != Some(key_of(need).as_str());
        return new.then(|| of_need(after, need));
    }
    // What had ended before its process was replaced is no news.
    if before.state.word() == after.state.word() || before.renewing.is_some() {
        return None;
    }
    let since = after.state_since.0;
    let (kind, key, title, text) = match &after.state {
        State::Completed { result } => {
            (NotificationKind::Finished, format!("finished:{since}"), "finished", result)
        }
        State::Failed { error, .. } => {
            (NotificationKind::Failed, format!("failed:{since}"), "failed", error)
        }
        State::NeedsInput { .. }
        | State::Starting
        | State::Working
        | State::Idle
        | State::Stopped => return None,
    };
    let title = wording::title(&after.name, title);
    Some(Occasion {
        kind,
        session: after.id.to_string(),
        key,
        title,
        text: wording::body(&plain_words(text)).text,
        standing: goes_on_by_itself(before, after),
    })
}

fn of_need(session: &Session, need: &Need) -> Occasion {
    Occasion {
        kind: NotificationKind::NeedsInput,
        session: session.id.to_string(),
        key: key_of(need),
        title: wording::title(&session.name, wording::asks(need)),
        text: wording::need(need).text,
        standing: false,
    }
}

/// A request's ids may come again after a restart, its time does not.
pub(crate) fn key_of(need: &Need) -> String {
    format!("need:{}@{}", need.id, need.since.0)
}

/// Whether something wakes it without its user, so that the end of a turn is not the end of its work.
fn goes_on_by_itself(before: &Session, after: &Session) -> bool {
    let ended = before.agent().and_then(|agent| agent.prompts.first());
    let pursued = after.agent().and_then(|agent| agent.standing.goal.as_ref());
    let paused = |goal: &Goal| matches!(goal.phase, GoalPhase::Paused { .. });
    ended.is_some_and(|prompt| !prompt.origin.is_user()) || pursued.is_some_and(|g| !paused(g))
}

/// What an agent wants to tell of its own accord; `n` tells one message from the next.
pub fn pushed(session: &Session, message: &str, n: u32) -> Occasion {
    Occasion {
        kind: NotificationKind::Push,
        session: session.id.to_string(),
        key: format!("push:{n}"),
        title: wording::title(&session.name, ""),
        text: wording::body(message).text,
        standing: false,
    }
}

/// The user tries whether notifications arrive.
pub fn tried(n: u32) -> Occasion {
    Occasion {
        kind: NotificationKind::Test,
        session: String::new(),
        key: format!("test:{n}"),
        title: "Nightshift".to_owned(),
        text: "Notifications arrive here.".to_owned(),
        standing: false,
    }
}
