//! `continue_at_reset`: sends words by itself once a usage limit is over. Done when that is stored.

use crate::core::Core;
use crate::features::limit_resume;
use crate::handlers::{Handled, Outcome, apply, find};
use nightshift_model::continuation::{CONTINUE_WORDS, slot};
use nightshift_model::{Command as SessionCommand, Millis, State};
use nightshift_platform::clock;
use nightshift_protocol::{Fault, FaultCode};

pub fn continue_at_reset(core: &mut Core, session: &str, text: Option<String>) -> Outcome {
    let text = text.unwrap_or_else(|| CONTINUE_WORDS.to_owned());
    super::dispatch::check_text(&text, "text")?;
    let session = find(core, session)?;
    let now = clock::now();
    let resets = match &core.sessions[&session].session.state {
        State::Failed { trouble: Some(trouble), .. } => trouble.resets.ok_or_else(|| {
            let message = format!("session {session} does not know when its limit ends");
            Fault::new(FaultCode::Refused, message)
                .hint(format!("once it is over, run `nightshift reply {session} \"…\"`"))
        })?,
        // What else keeps it from going on, the state machine says.
        _ => now,
    };
    let others: Vec<Millis> =
        limit_resume::chosen(core).filter(|(id, _)| **id != session).map(|(_, at)| at).collect();
    let at = slot(resets, now, &others);
    apply(core, &session, SessionCommand::ContinueAtReset { at, text })?;
    core.view(&session).map(Handled::Done)
}
