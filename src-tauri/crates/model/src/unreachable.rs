//! What a session whose host can be neither reached nor proved dead refuses, in words.
//!
//! Promise: the reason, and what the user can do, are those that the look at the host gave.
//! Must not know: how hosts are reached.

use crate::Refusal;
use crate::session::{Liveness, Session};

impl Session {
    /// What makes its host reachable again, where that is known; else how to end it.
    pub fn way_out(&self) -> String {
        match &self.liveness {
            Liveness::Unknown { way_out, .. } if !way_out.is_empty() => way_out.clone(),
            Liveness::Unknown { .. } | Liveness::Alive { .. } | Liveness::Gone { .. } => {
                format!("end its host yourself: `pkill -f 'host .*/{}$'`", self.id)
            }
        }
    }

    /// Why a stop that was asked for is not done, and what becomes of it. None while its host answers. `removed`: it
    /// goes off the board then.
    pub fn not_ended(&self, removed: bool) -> Option<Refusal> {
        let Liveness::Unknown { why, .. } = &self.liveness else { return None };
        let message = format!("session {} has not ended: {why}", self.id);
        let then = if removed { "it ends and is removed" } else { "it ends" };
        Some(Refusal::new(message, &format!("{}; {then} as soon as it can", self.way_out())))
    }

    /// Why an answer that was given is not with its agent, and what becomes of it. None while its host answers.
    pub fn answer_waits(&self) -> Option<Refusal> {
        let Liveness::Unknown { why, .. } = &self.liveness else { return None };
        let message = format!("the answer has not reached session {}: {why}", self.id);
        Some(Refusal::new(message, &format!("{}; the answer is kept until then", self.way_out())))
    }
}
