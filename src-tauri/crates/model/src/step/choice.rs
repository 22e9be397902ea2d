//! Choices of an agent's options: they wait for the agent, which takes or refuses them.

use super::command::refuse_while_stopping;
use super::{Next, Refusal};
use crate::choice::OptionRole;
use crate::event::Effect;
use crate::evidence::Source;
use crate::limits::CHOICES_WAITING_MAX;
use crate::naming::row_line;
use crate::session::{Surface, Work};

pub(super) fn choose(next: &mut Next, option: String, value: String) -> Result<(), Refusal> {
    refuse_while_stopping(next)?;
    let id = next.session.id.clone();
    let attach = format!("choose there: `nightshift attach {id}`");
    let agent = match &mut next.session.work {
        Work::Agent(agent) if agent.surface == Surface::Conversation => agent,
        Work::Agent(_) => {
            return Err(Refusal::new(format!("session {id} is open in its own terminal"), &attach));
        }
        Work::Shell { .. } => {
            let message = format!("session {id} is a shell job and has no options");
            return Err(Refusal::new(message, &attach));
        }
    };
    if agent.choices.waiting.len() >= CHOICES_WAITING_MAX {
        let message = format!("{CHOICES_WAITING_MAX} choices wait for session {id} already");
        return Err(Refusal::new(message, "start its process with a reply"));
    }
    let why = format!("chosen: {option} = {value}");
    agent.choices.choose(option, value);
    next.note(Source::User, &why);
    if next.session.is_alive() {
        next.effect(Effect::Deliver);
    }
    Ok(())
}

/// The agent goes by choice `n` from now on, and so does each later process of it.
pub(super) fn taken(next: &mut Next, n: u32, role: OptionRole, option: String, value: String) {
    let why = format!("{option} is now {value}");
    let Some(agent) = next.agent() else { return };
    agent.choices.settle(n);
    match role {
        OptionRole::Mode => agent.permission_mode = Some(value),
        OptionRole::Model => agent.model = Some(value),
        OptionRole::Other => {
            agent.choices.taken.insert(option, value);
        }
    }
    next.note(Source::Protocol, &why);
}

pub(super) fn refused(next: &mut Next, n: u32, error: &str) {
    let Some(agent) = next.agent() else { return };
    agent.choices.settle(n);
    next.note(Source::Protocol, &row_line(error));
}
