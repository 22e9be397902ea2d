//! Advice on a goal that was just set and that rules had nothing against: the evaluator's word, beside the
//! loop. Nothing waits for it.

use crate::core::Core;
use crate::inbox::Inbox;
use crate::ports::world::{Job, Lane};
use nightshift_automation::advising;
use nightshift_model::{Fact, Millis, SessionId};
use nightshift_platform::spawn::own_variables;

pub fn begin(core: &Core, id: &SessionId) {
    let Some(entry) = core.sessions.get(id) else { return };
    let Some(agent) = entry.session.agent() else { return };
    let Some(goal) = agent.standing.goal.as_ref().filter(|goal| advising::is_wanted(goal)) else {
        return;
    };
    let settings = core.settings.settings().judge.clone();
    let env = if entry.env.is_empty() { own_variables() } else { entry.env.clone() };
    let (condition, set_at, agent) = (goal.condition.clone(), goal.set_at, agent.agent.clone());
    let (session, unadvised) = (id.clone(), id.clone());
    let work = Box::new(move || {
        let advice = advising::advice(&condition, &agent, &env, &settings);
        Inbox::Advised { session, set_at, advice }
    });
    let failed = Box::new(move |_| Inbox::Advised { session: unadvised, set_at, advice: None });
    let place = format!("the judge of session {id}");
    core.world.run(Job { lane: Lane::Judges, place, work, failed });
}

pub fn on_result(core: &mut Core, id: &SessionId, set_at: Millis, advice: Option<String>) {
    if let Some(advice) = advice {
        core.fact(id, Fact::Advised { set_at, advice });
    }
}
