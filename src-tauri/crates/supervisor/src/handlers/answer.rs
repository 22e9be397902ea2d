//! `answer`: gives an open request its answer. Done when the agent has it. One that is meant for good
//! is kept as a rule in the same commit. Where the session waits for trust, the answer starts it: done when
//! that is settled, and refused where the repository is not what was asked about. Which request is meant, `nightshift_model::answering` decides.

use super::{Handled, Outcome, find, standing};
use crate::core::Core;
use crate::limits::ANSWER_WAIT;
use crate::permissions;
use crate::wait::Until;
use nightshift_model::answering::meant;
use nightshift_model::{Answer, Command as SessionCommand, Event, Need, NeedId};
use nightshift_platform::clock;
use nightshift_protocol::Environment;

/// An answer as a client gives it.
pub struct Given {
    pub need: Option<NeedId>,
    pub answer: Answer,
    pub shown_ms: Option<u64>,
    pub env: Environment,
}

pub fn answer(core: &mut Core, session: &str, given: Given) -> Outcome {
    if let Answer::Text { text } = &given.answer {
        super::dispatch::check_text(text, "answer")?;
    }
    let session = find(core, session)?;
    let now = clock::now();
    let Given { need, answer, shown_ms, env } = given;
    standing::take_environment(core, &session, env);
    let taken = core.sessions.get(&session).and_then(|entry| {
        let needs = entry.session.needs();
        let index = meant(needs, need.as_ref(), shown_ms, now).ok()?;
        needs.get(index)
    });
    let for_trust = taken.is_some_and(Need::asks_for_trust);
    let taken = taken.map(|need| need.id.clone());
    let rule = taken.as_ref().and_then(|need| permissions::made(core, &session, need, &answer));
    let command = SessionCommand::Answer { need, answer, shown_ms };
    core.apply_keeping(&session, Event::Command(command), (now, 0), rule)?;
    match taken {
        Some(_) if for_trust => Ok(Handled::Later { session, until: Until::Trusted }),
        Some(need) => {
            let deadline = clock::monotonic() + ANSWER_WAIT;
            Ok(Handled::Later { session, until: Until::AnswerTaken { need, deadline } })
        }
        None => core.view(&session).map(Handled::Done),
    }
}
