//! `reply`: the user's next words. Done when they are stored; they are sent when the agent can
//! take them.

use super::{Handled, Outcome, apply, find};
use crate::core::Core;
use nightshift_model::{Command as SessionCommand, Liveness};
use nightshift_protocol::Environment;

pub fn reply(core: &mut Core, session: &str, text: String, env: Environment) -> Outcome {
    super::dispatch::check_text(&text, "reply")?;
    let session = find(core, session)?;
    if let Some(entry) = core.sessions.get_mut(&session)
        && (entry.session.retiring || matches!(entry.session.liveness, Liveness::Gone { .. }))
        && !env.is_empty()
    {
        entry.env = env;
    }
    apply(core, &session, SessionCommand::Reply { text })?;
    core.view(&session).map(Handled::Done)
}
