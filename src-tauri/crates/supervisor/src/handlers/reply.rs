//! `reply`: the user's next words. Done when they are stored; they are sent when the agent can
//! take them.

use super::{Handled, Outcome, apply, find, slash, standing};
use crate::core::Core;
use nightshift_automation::Slash;
use nightshift_model::Command as SessionCommand;
use nightshift_protocol::Environment;
use nightshift_runtime::clients::ConnId;

pub fn reply(
    core: &mut Core,
    asked: (ConnId, u64),
    session: &str,
    (text, env, enclosures): (String, Environment, &[String]),
) -> Outcome {
    super::dispatch::check_text(&text, "reply")?;
    let session = find(core, session)?;
    standing::take_environment(core, &session, env);
    if core.sessions[&session].session.agent().is_some()
        && let Some(command) = Slash::parse(&text)
    {
        return slash::slash(core, asked, &session, command);
    }
    let enclosures = core.outside.claim(&session, enclosures)?;
    apply(core, &session, SessionCommand::Reply { text, enclosures })?;
    core.view(&session).map(Handled::Done)
}
