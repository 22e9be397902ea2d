//! Requests whose answer means *done*: they wait here until the session has got there.

use nightshift_model::{Liveness, Lodging, NeedId, Session, State};
use nightshift_publish::ConnId;
use std::time::Duration;

/// What a request waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// The process lives, or could not be started.
    Launched,
    /// The agent has this answer; at the latest at `deadline` (monotonic).
    AnswerTaken { need: NeedId, deadline: Duration },
    /// Every process is gone.
    Ended,
    /// As `Ended`, and then the session is removed.
    Removed,
}

fn is_setting_up(session: &Session) -> bool {
    let tree = session.lodging.as_ref().and_then(Lodging::worktree);
    tree.is_some_and(|tree| tree.setting_up)
}

#[derive(Clone, Debug)]
pub struct Waiter {
    pub conn: ConnId,
    pub request: u64,
    pub until: Until,
}

impl Waiter {
    /// Whether `session` has got where this waiter wants it.
    pub fn is_met(&self, session: &Session, now: Duration) -> bool {
        let gone = matches!(session.liveness, Liveness::Gone { .. });
        let starting = matches!(session.state, State::Starting);
        match &self.until {
            // A setup script may take minutes: that the worktree is there is enough.
            Until::Launched => !(gone && starting) || is_setting_up(session),
            Until::AnswerTaken { need, deadline } => {
                let open = session.agent().is_some_and(|a| a.answers.iter().any(|n| &n.id == need));
                !open || now >= *deadline
            }
            Until::Ended | Until::Removed => gone && !session.stopping && !starting,
        }
    }

    pub fn deadline(&self) -> Option<Duration> {
        match &self.until {
            Until::AnswerTaken { deadline, .. } => Some(*deadline),
            Until::Launched | Until::Ended | Until::Removed => None,
        }
    }
}
