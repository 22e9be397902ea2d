//! `respawn`: starts an ended session again. Done when its process lives.

use crate::clients::waiter::Until;
use crate::core::Core;
use crate::handlers::{Handled, Outcome, apply, find};
use nightshift_model::{Command as SessionCommand, Liveness};
use nightshift_protocol::Environment;

pub fn respawn(core: &mut Core, session: &str, env: Environment) -> Outcome {
    let session = find(core, session)?;
    if let Some(entry) = core.sessions.get_mut(&session)
        && matches!(entry.session.liveness, Liveness::Gone { .. })
        && !env.is_empty()
    {
        entry.env = env;
    }
    apply(core, &session, SessionCommand::Respawn)?;
    Ok(Handled::Later { session, until: Until::Launched })
}
