//! Commands in the text of a reply or a dispatch: `/goal`, `/loop`, `/tasks`. What they answer stands in
//! the conversation too.

use crate::clients::ConnId;
use crate::core::Core;
use crate::handlers::background::automation;
use crate::handlers::background::tasks;
use crate::handlers::{Handled, Outcome};
use nightshift_automation::Slash;
use nightshift_model::{Fact, SessionId};
use nightshift_protocol::{Fault, FaultCode, Reply, SessionView, StandingAct, StandingResult};

/// What the command asks of a session's standing work; none for those that only show.
pub fn act_of(slash: Slash) -> Option<StandingAct> {
    match slash {
        Slash::GoalShow => Some(StandingAct::GoalShow),
        Slash::GoalClear => Some(StandingAct::GoalClear),
        Slash::GoalRetry => Some(StandingAct::GoalRetry),
        Slash::GoalSet { condition, check } => Some(StandingAct::GoalSet { condition, check }),
        Slash::Loop(text) => Some(StandingAct::LoopStart { text }),
        Slash::Tasks => None,
    }
}

pub fn slash(core: &mut Core, asked: (ConnId, u64), id: &SessionId, slash: Slash) -> Outcome {
    let Some(act) = act_of(slash) else {
        tasks::say(core, id, Some(asked));
        return Ok(Handled::Pending);
    };
    let text = match automation::take(core, id, &act)? {
        StandingResult::Goal(goal) => goal.words,
        StandingResult::Loop(started) => started.words,
        _ if matches!(act, StandingAct::GoalClear) => "The goal was cleared.".to_owned(),
        _ if matches!(act, StandingAct::GoalRetry) => "The goal is checked again.".to_owned(),
        _ => "The loop was stopped.".to_owned(),
    };
    core.fact(id, Fact::Remarked { text: text.clone(), warns: false });
    let view = Box::new(SessionView::of(&core.sessions[id].session));
    Ok(Handled::Done(Reply::Said { view, text }))
}

/// A session cannot begin with a command that only shows something.
pub fn check_first(text: &str) -> Result<(), Fault> {
    match Slash::parse(text) {
        None | Some(Slash::GoalSet { .. } | Slash::Loop(_)) => Ok(()),
        Some(_) => Err(Fault::new(FaultCode::Invalid, "there is no session yet to show this of")
            .hint("reply with it to a session")),
    }
}
