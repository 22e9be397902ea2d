//! The transition function: one event, the next session, what to do and why.
//!
//! Promise: pure and total. A command that the state refuses gives a refusal that names the state;
//! a fact is never refused, because it has happened.

mod choice;
mod command;
mod exit;
mod fact;
mod goal;
mod late;
mod lodging;
mod monitor;
mod open;
mod pull_request;
mod settle;
mod standing;
mod terminal;
mod trust;

use crate::event::{Effect, Event};
use crate::evidence::{Evidence, Source};
use crate::id::NeedId;
use crate::limits::{REMARKS_MAX, RESULT_MAX_CHARS};
use crate::naming::row_line;
use crate::session::{AgentWork, Session, State, Work};
use crate::standing::{Standing, SystemMessage};
use crate::time::Millis;
pub use standing::{delay_plan, own_pace};

/// What follows from an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub session: Session,
    pub effects: Vec<Effect>,
    pub evidence: Vec<Evidence>,
}

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub message: String,
    pub hint: String,
}

impl Refusal {
    pub(crate) fn new(message: String, hint: &str) -> Refusal {
        Refusal { message, hint: hint.to_owned() }
    }
}

/// What `event`, at time `at`, makes of `session`.
pub fn step(session: &Session, event: Event, at: Millis) -> Result<Step, Refusal> {
    let (effects, evidence) = (Vec::new(), Vec::new());
    let own = matches!(event, Event::Own(_));
    let mut next = Next {
        session: session.clone(),
        effects,
        evidence,
        at,
        told_by: None,
        own,
        answered: None,
    };
    match event {
        Event::Command(command) | Event::Own(command) => command::apply(&mut next, command)?,
        Event::Fact(fact) => fact::apply(&mut next, fact),
    }
    standing::settle(&mut next);
    let answered = next.answered.take();
    next.session.keep_past(session, answered, at);
    Ok(Step { session: next.session, effects: next.effects, evidence: next.evidence })
}

/// At most `chars` characters of `text`.
fn bounded(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// The step under construction.
struct Next {
    session: Session,
    effects: Vec<Effect>,
    evidence: Vec<Evidence>,
    at: Millis,
    /// Who told what the protocol would have told.
    told_by: Option<Source>,
    /// What would be the user's is the agent's own.
    own: bool,
    /// The request that this step answers, and the words of the answer.
    answered: Option<(NeedId, String)>,
}

impl Next {
    fn effect(&mut self, effect: Effect) {
        if effect == Effect::Launch {
            // Whoever starts it again wants it; its next removal is asked for anew.
            self.session.removing = None;
        }
        if !self.effects.contains(&effect) {
            self.effects.push(effect);
        }
    }

    /// Moves to `state` and stores why; the row's line becomes `line` unless that is empty.
    fn go(&mut self, state: State, line: &str, source: Source, why: &str) {
        if self.session.state.word() != state.word() {
            self.session.state_since = self.at;
        }
        if let (false, Work::Agent(agent)) =
            (matches!(state, State::Failed { .. }), &mut self.session.work)
        {
            // Whatever moved it on: going on by itself was meant for the failure only.
            agent.continues = None;
        }
        self.session.state = state;
        if let (false, Some(run)) = (self.session.is_over(), &mut self.session.unattended) {
            // It goes on, and is to be seen.
            run.archived = false;
        }
        self.note(source, why);
        self.say(line);
    }

    /// Evidence without a move.
    fn note(&mut self, source: Source, why: &str) {
        let state = self.session.state.word().to_owned();
        let source = match (source, self.told_by) {
            (Source::Protocol, Some(by)) => by,
            (Source::User, _) if self.own => Source::Protocol,
            (source, _) => source,
        };
        self.evidence.push(Evidence { at: self.at, source, state, text: row_line(why) });
    }

    fn agent(&mut self) -> Option<&mut AgentWork> {
        match &mut self.session.work {
            Work::Agent(agent) => Some(agent),
            Work::Shell { .. } => None,
        }
    }

    fn standing(&mut self) -> Option<&mut Standing> {
        self.agent().map(|agent| &mut *agent.standing)
    }

    /// Says something in the conversation.
    fn remark(&mut self, warns: bool, text: &str) {
        let at = self.at;
        let text = bounded(text, RESULT_MAX_CHARS);
        let Some(standing) = self.standing() else { return };
        let n = standing.remarks.last().map_or(1, |last| last.n.saturating_add(1));
        standing.remarks.push(SystemMessage { n, at, warns, text });
        let over = standing.remarks.len().saturating_sub(REMARKS_MAX);
        standing.remarks.drain(..over);
    }

    fn say(&mut self, line: &str) {
        let line = row_line(line);
        if !line.is_empty() {
            self.session.line = line;
            self.session.line_at = self.at;
        }
    }
}
