//! Requests whose answer means *done*: they wait here until the session has got there.

use crate::clients::ConnId;
use nightshift_model::{Liveness, Lodging, NeedId, Refusal, Session, State, Trust};
use nightshift_protocol::Reply;
use std::time::Duration;

/// What a request waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// The process lives, or could not be started.
    Launched,
    /// The agent has this answer; at the latest at `deadline` (monotonic).
    AnswerTaken { need: NeedId, deadline: Duration },
    /// What the user said of its repository is acted on: it starts, or asks again.
    Trusted,
    /// Every process is gone.
    Ended,
    /// As `Ended`, and then the session is removed.
    Removed,
    /// The user has decided about this need, or it is withdrawn.
    Decided { need: NeedId },
    /// The bridge of these monitors waits for the wish that one of them stops. Answered by that wish.
    StopWished { running: Vec<String> },
    /// This monitor is over; at the latest at `deadline` (monotonic).
    MonitorOver { task: String, monitor: String, deadline: Duration },
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
            // One that waits for trust has no process, and its caller is told so.
            Until::Launched => !(gone && starting || session.retiring) || is_setting_up(session),
            Until::AnswerTaken { need, deadline } => {
                let open = session.agent().is_some_and(|a| a.answers.iter().any(|n| &n.id == need));
                !open || now >= *deadline
            }
            Until::Trusted => {
                let open = |trust: &Trust| trust.decision.is_some() && trust.untrusted.is_none();
                !(gone && starting && session.trust.as_deref().is_some_and(open))
            }
            Until::Ended | Until::Removed => gone && !session.stopping && !starting,
            Until::Decided { need } => session.needs().iter().all(|open| open.id != *need),
            Until::StopWished { .. } => false,
            Until::MonitorOver { monitor, deadline, .. } => {
                let known = session.agent().is_some_and(|agent| {
                    agent.standing.monitors.iter().any(|known| known.id == *monitor)
                });
                !known || now >= *deadline
            }
        }
    }

    /// Why `session` will not get there before its host can be reached again.
    pub fn out_of_reach(&self, session: &Session) -> Option<Refusal> {
        match &self.until {
            Until::Ended => session.not_ended(false),
            Until::Removed => session.not_ended(true),
            Until::AnswerTaken { need, .. } if !need.is_for_monitor() => session.answer_waits(),
            Until::AnswerTaken { .. }
            | Until::Launched
            | Until::Trusted
            | Until::Decided { .. }
            | Until::StopWished { .. }
            | Until::MonitorOver { .. } => None,
        }
    }

    pub fn deadline(&self) -> Option<Duration> {
        match &self.until {
            Until::AnswerTaken { deadline, .. } | Until::MonitorOver { deadline, .. } => {
                Some(*deadline)
            }
            Until::Launched
            | Until::Trusted
            | Until::Ended
            | Until::Removed
            | Until::Decided { .. }
            | Until::StopWished { .. } => None,
        }
    }

    /// The answer where it is not the session as it is now.
    pub fn reply(&self) -> Option<Reply> {
        match &self.until {
            Until::MonitorOver { task, .. } => Some(Reply::TaskStopped { id: task.clone() }),
            Until::AnswerTaken { .. }
            | Until::Launched
            | Until::Trusted
            | Until::Ended
            | Until::Removed
            | Until::Decided { .. }
            | Until::StopWished { .. } => None,
        }
    }
}
