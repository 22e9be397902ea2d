//! The transition function.
use crate::event::{Effect, Event};
use crate::evidence::Evidence;
use crate::session::Session;
use crate::time::Millis;

/// What follows from an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub session: Session,
    pub effects: Vec<Effect>,
    pub evidence: Vec<Evidence>,
}

/// A refused move says which state refused it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub message: String,
    pub hint: String,
}

pub fn step(session: &Session, _event: Event, _at: Millis) -> Result<Step, Refusal> {
    Ok(Step { session: session.clone(), effects: Vec::new(), evidence: Vec::new() })
}
