//! Turns whose last words leave open how they ended: an evaluator settles it beside the loop, where the
//! settings want that.
//!
//! Promise: the state by rules stands until then, and for good when nobody can settle it.

use crate::core::Core;
use crate::inbox::Inbox;
use crate::ports::world::{Job, Lane};
use nightshift_automation::settling;
use nightshift_model::{Fact, SessionId, Settled, TurnOutcome};
use nightshift_platform::spawn::own_variables;

/// Turn `n` ended with words that could mean two things.
pub struct Doubt {
    n: u32,
    text: String,
}

pub fn doubt(core: &Core, fact: &Fact) -> Option<Doubt> {
    let Fact::TurnEnded { n, outcome: TurnOutcome::Finished { last_text, .. } } = fact else {
        return None;
    };
    let wanted = core.settings.settings().judge.settle_turn_ends;
    let marked = nightshift_model::reading::without_marker(last_text).is_some();
    let doubtful = wanted && !marked && settling::is_doubtful(last_text);
    doubtful.then(|| Doubt { n: *n, text: last_text.clone() })
}

/// One short call, unless a goal's judge reads the turn anyway.
pub fn begin(core: &mut Core, id: &SessionId, doubt: Doubt) {
    let Some(entry) = core.sessions.get(id) else { return };
    let Some(agent) = entry.session.agent().filter(|a| a.standing.goal.is_none()) else { return };
    let settings = core.settings.settings().judge.clone();
    let env = if entry.env.is_empty() { own_variables() } else { entry.env.clone() };
    let (agent, session, unsettled) = (agent.agent.clone(), id.clone(), id.clone());
    let Doubt { n, text } = doubt;
    let work = Box::new(move || {
        let told = settling::settled(&text, &agent, &env, &settings).map(Box::new);
        Inbox::Settled { session, n, told }
    });
    let failed = Box::new(move |fault: nightshift_protocol::Fault| Inbox::Settled {
        session: unsettled,
        n,
        told: Err(fault.to_string()),
    });
    let place = format!("the judge of session {id}");
    core.world.run(Job { lane: Lane::Judges, place, work, failed });
}

pub fn on_result(core: &mut Core, id: &SessionId, n: u32, told: Result<Box<Settled>, String>) {
    match told {
        Ok(settled) => core.fact(id, Fact::Settled { n, settled }),
        Err(why) => {
            let text = format!("Nobody could settle how this turn ended: {why}");
            core.fact(id, Fact::Remarked { text, warns: true });
        }
    }
}
