//! `routines`: what clients want of them. Done when it is stored.

use crate::clients::ConnId;
use crate::core::Core;
use crate::features::routines::acts;
use crate::features::routines::outside::deliveries;
use crate::handlers::{Handled, Outcome, outside};
use nightshift_protocol::Reply;
use nightshift_protocol::routine::{RoutineAct, RoutineResult};

pub fn routines(core: &mut Core, conn: ConnId, request: u64, act: RoutineAct) -> Outcome {
    let asked = (conn, request);
    let result = match act {
        RoutineAct::List => acts::list(core)?,
        RoutineAct::Show { routine } => acts::detail(core, &acts::find(core, &routine)?)?,
        RoutineAct::Create { name, text } => {
            acts::create(core, asked, &name, text)?;
            return Ok(Handled::Pending);
        }
        RoutineAct::Enable { routine } => {
            let id = acts::find(core, &routine)?;
            acts::enable(core, &id, true)?
        }
        RoutineAct::Disable { routine } => {
            let id = acts::find(core, &routine)?;
            acts::enable(core, &id, false)?
        }
        RoutineAct::Pause { routine, note } => {
            let id = acts::find(core, &routine)?;
            acts::pause(core, &id, &note)?
        }
        RoutineAct::Resume { routine } => {
            let id = acts::find(core, &routine)?;
            acts::resume(core, &id)?
        }
        RoutineAct::Run { routine, text } => {
            let id = acts::find(core, &routine)?;
            acts::run(core, asked, &id, text)?;
            return Ok(Handled::Pending);
        }
        RoutineAct::Replay { delivery } => {
            deliveries::replay(core, asked, &delivery)?;
            return Ok(Handled::Pending);
        }
        RoutineAct::Outside { act } => return outside::outside(core, conn, request, act),
        RoutineAct::Runs { routine, before, limit } => {
            acts::runs(core, &acts::find(core, &routine)?, (before, limit))?
        }
        RoutineAct::Remove { routine } => {
            let id = acts::find(core, &routine)?;
            acts::remove(core, asked, &id)?;
            return Ok(Handled::Pending);
        }
    };
    Ok(done(result))
}

fn done(result: RoutineResult) -> Handled {
    Handled::Done(Reply::Routines { result: Box::new(result) })
}
