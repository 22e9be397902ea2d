//! `agents`: the registry as detected with the client's own PATH.

use super::Handled;
use crate::core::Core;
use nightshift_protocol::{Environment, Reply};

pub fn agents(core: &Core, env: &Environment) -> Handled {
    Handled::Done(Reply::Agents { agents: core.registry.detect(env) })
}
