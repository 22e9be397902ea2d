//! `permissions`: lists the rules that the user's answers made, and takes them back.

use super::{Handled, Outcome};
use crate::core::Core;
use crate::features::permissions;
use nightshift_protocol::{PermissionAct, Reply};

pub fn permissions(core: &mut Core, act: &PermissionAct) -> Outcome {
    let rules = match act {
        PermissionAct::List => core.permissions.clone(),
        PermissionAct::Revoke { id } => vec![permissions::revoke(core, id)?],
    };
    Ok(Handled::Done(Reply::Permissions { rules }))
}
