//! `stop`: ends a session's processes. Done when none is left.

use super::{Handled, Outcome, apply, find};
use crate::core::Core;
use nightshift_model::Command as SessionCommand;
use nightshift_runtime::server::wait::Until;

pub fn stop(core: &mut Core, session: &str) -> Outcome {
    let session = find(core, session)?;
    apply(core, &session, SessionCommand::Stop)?;
    Ok(Handled::Later { session, until: Until::Ended })
}
