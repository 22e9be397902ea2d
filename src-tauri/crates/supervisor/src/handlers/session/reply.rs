//! `reply`: the user's next words. Done when they are stored; they are sent when the agent can
//! take them.

use crate::clients::ConnId;
use crate::core::Core;
use crate::handlers::background::automation;
use crate::handlers::background::slash;
use crate::handlers::{Handled, Outcome, apply, find};
use nightshift_automation::Slash;
use nightshift_model::Command as SessionCommand;
use nightshift_protocol::Environment;

pub fn reply(
    core: &mut Core,
    asked: (ConnId, u64),
    session: &str,
    (text, env, enclosures): (String, Environment, &[String]),
) -> Outcome {
    super::dispatch::check_text(&text, "reply")?;
    let session = find(core, session)?;
    automation::take_environment(core, &session, env);
    if core.sessions[&session].session.agent().is_some()
        && let Some(command) = Slash::parse(&text)
    {
        return slash::slash(core, asked, &session, command);
    }
    let enclosures = core.world.claim(&session, enclosures)?;
    apply(core, &session, SessionCommand::Reply { text, enclosures })?;
    core.view(&session).map(Handled::Done)
}
