//! `answer`: gives an open request its answer. Done when the agent has it.

use super::{Handled, Outcome, apply, find};
use crate::core::Core;
use crate::limits::ANSWER_WAIT;
use crate::wait::Until;
use nightshift_model::{Answer, Command as SessionCommand, NeedId};
use nightshift_platform::clock;

pub fn answer(core: &mut Core, session: &str, need: Option<NeedId>, answer: Answer) -> Outcome {
    if let Answer::Text { text } = &answer {
        super::dispatch::check_text(text, "answer")?;
    }
    let session = find(core, session)?;
    let open = core.sessions.get(&session).and_then(|e| e.session.needs().first());
    let taken = need.clone().or_else(|| open.map(|n| n.id.clone()));
    apply(core, &session, SessionCommand::Answer { need, answer })?;
    match taken {
        Some(need) => {
            let deadline = clock::monotonic() + ANSWER_WAIT;
            Ok(Handled::Later { session, until: Until::AnswerTaken { need, deadline } })
        }
        None => core.view(&session).map(Handled::Done),
    }
}
