//! `answer`: gives an open request its answer. Done when the agent has it. One that is meant for good
//! is kept as a rule in the same commit.

use super::{Handled, Outcome, find};
use crate::core::Core;
use crate::limits::ANSWER_WAIT;
use crate::permissions;
use crate::wait::Until;
use nightshift_model::{Answer, Command as SessionCommand, Event, NeedId};
use nightshift_platform::clock;

pub fn answer(core: &mut Core, session: &str, need: Option<NeedId>, answer: Answer) -> Outcome {
    if let Answer::Text { text } = &answer {
        super::dispatch::check_text(text, "answer")?;
    }
    let session = find(core, session)?;
    let open = core.sessions.get(&session).and_then(|e| e.session.needs().first());
    let taken = need.clone().or_else(|| open.map(|n| n.id.clone()));
    let rule = permissions::made(core, &session, need.as_ref(), &answer);
    let command = SessionCommand::Answer { need, answer };
    core.apply_keeping(&session, Event::Command(command), (clock::now(), 0), rule)?;
    match taken {
        Some(need) => {
            let deadline = clock::monotonic() + ANSWER_WAIT;
            Ok(Handled::Later { session, until: Until::AnswerTaken { need, deadline } })
        }
        None => core.view(&session).map(Handled::Done),
    }
}
