//! The transition function: one event, the next session, what to do and why.
//!
//! Promise: pure and total. A command that the state refuses gives a refusal that names the state;
//! a fact is never refused, because it has happened.

mod command;
mod exit;
mod fact;
mod lodging;

use crate::event::{Effect, Event};
use crate::evidence::{Evidence, Source};
use crate::naming::row_line;
use crate::session::{Session, State, Work};
use crate::time::Millis;

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
    fn new(message: String, hint: &str) -> Refusal {
        Refusal { message, hint: hint.to_owned() }
    }
}

/// What `event`, at time `at`, makes of `session`.
pub fn step(session: &Session, event: Event, at: Millis) -> Result<Step, Refusal> {
    let mut next = Next { session: session.clone(), effects: Vec::new(), evidence: Vec::new(), at };
    match event {
        Event::Command(command) => command::apply(&mut next, command)?,
        Event::Fact(fact) => fact::apply(&mut next, fact),
    }
    Ok(Step { session: next.session, effects: next.effects, evidence: next.evidence })
}

/// The step under construction.
struct Next {
    session: Session,
    effects: Vec<Effect>,
    evidence: Vec<Evidence>,
    at: Millis,
}

impl Next {
    fn effect(&mut self, effect: Effect) {
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
        self.note(source, why);
        self.say(line);
    }

    /// Evidence without a move.
    fn note(&mut self, source: Source, why: &str) {
        let state = self.session.state.word().to_owned();
        self.evidence.push(Evidence { at: self.at, source, state, text: row_line(why) });
    }

    fn say(&mut self, line: &str) {
        let line = row_line(line);
        if !line.is_empty() {
            self.session.line = line;
            self.session.line_at = self.at;
        }
    }
}
