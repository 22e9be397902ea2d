//! One command of one client: its arguments, and what its outcome means for the ledger.
//!
//! Promise: success is an acknowledgement, a refusal that names its session is none, and anything
//! else is a fault unless a kill excuses it.
//! Must not know: why this command was drawn.

use crate::ledger::{Asked, Ledger};
use crate::world::Ran;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::time::Duration;

/// The first word of an outcome that nobody was told.
pub const UNANSWERED: &str = "perhaps";

/// What a command does to its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    Dispatch { token: Option<u32> },
    Reply { token: u32 },
    Answer { token: Option<u32> },
    Interrupt,
    Stop,
    Remove,
    Rename,
}

#[derive(Clone, Debug)]
pub struct Call {
    pub session: usize,
    pub deed: Deed,
    pub args: Vec<String>,
    /// Its client is killed then, when it has not ended before.
    pub killed_after: Option<Duration>,
}

impl Call {
    pub fn new(session: usize, deed: Deed, args: &[&str]) -> Call {
        let args = args.iter().map(|&arg| arg.to_owned()).collect();
        Call { session, deed, args, killed_after: None }
    }

    /// Whether it ends its session: nothing else may then happen to that at the same time.
    pub fn ends(&self) -> bool {
        matches!(self.deed, Deed::Stop | Deed::Remove)
    }

    /// To be noted before it is run: from then on it may happen.
    pub fn asked(&self, ledger: &mut Ledger) {
        let session = &mut ledger.sessions[self.session];
        match &self.deed {
            Deed::Dispatch { .. } | Deed::Answer { .. } | Deed::Rename => {}
            Deed::Reply { .. } => {
                // It starts the agent anew when that has ended: a kill in that moment may fail it.
                session.harmed |= session.stopped != Asked::No;
                session.stopped = Asked::No;
            }
            Deed::Interrupt => session.cut = true,
            Deed::Stop => {
                (session.harmed, session.cut) = (true, true);
                session.stopped = Asked::Perhaps;
            }
            Deed::Remove => {
                (session.harmed, session.cut) = (true, true);
                session.removed = Asked::Perhaps;
            }
        }
    }

    /// What came of it. `excused`: a supervisor was killed meanwhile.
    pub fn outcome(&self, ran: &Ran, excused: bool, ledger: &mut Ledger) -> Result<String> {
        if ran.ok {
            self.acknowledged(ran, ledger)?;
            return Ok("ok".to_owned());
        }
        let said = ran.err.lines().next().unwrap_or_default().to_owned();
        if excused || ran.killed {
            ledger.sessions[self.session].harmed |= matches!(self.deed, Deed::Dispatch { .. });
            return Ok(format!("{UNANSWERED}: {said}"));
        }
        let session = &mut ledger.sessions[self.session];
        let named = session.id.as_ref().is_some_and(|id| said.contains(id.as_str()));
        if !named {
            bail!("nightshift {:?} failed without a kill to excuse it: {said}", self.args);
        }
        match self.deed {
            Deed::Stop => session.stopped = Asked::No,
            Deed::Remove => session.removed = Asked::No,
            Deed::Reply { token } | Deed::Answer { token: Some(token) } => {
                if let Some(token) = ledger.tokens.get_mut(&token) {
                    token.refused = true;
                }
            }
            Deed::Dispatch { .. } | Deed::Answer { token: None } => {}
            Deed::Interrupt | Deed::Rename => {}
        }
        Ok(format!("refused: {said}"))
    }

    fn acknowledged(&self, ran: &Ran, ledger: &mut Ledger) -> Result<()> {
        let token = match self.deed {
            Deed::Dispatch { token } | Deed::Answer { token } => token,
            Deed::Reply { token } => Some(token),
            Deed::Interrupt | Deed::Stop | Deed::Remove | Deed::Rename => None,
        };
        if let Some(token) = token.and_then(|n| ledger.tokens.get_mut(&n)) {
            token.acknowledged = true;
        }
        let session = &mut ledger.sessions[self.session];
        match self.deed {
            Deed::Dispatch { .. } => {
                let started: Value =
                    serde_json::from_str(&ran.out).with_context(|| ran.out.clone())?;
                session.id = Some(started["id"].as_str().context("no id")?.to_owned());
                session.acknowledged = true;
            }
            Deed::Stop => session.stopped = Asked::Done,
            Deed::Remove => session.removed = Asked::Done,
            Deed::Reply { .. } | Deed::Answer { .. } | Deed::Interrupt | Deed::Rename => {}
        }
        Ok(())
    }
}
