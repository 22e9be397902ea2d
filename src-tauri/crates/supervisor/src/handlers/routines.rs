//! `routines`: what clients want of them. Done when it is stored.

use crate::clients::ConnId;
use crate::core::Core;
use crate::features::routines::outside::deliveries;
use crate::features::routines::writing::{self, Wanted};
use crate::features::routines::{acts, answers, changes, look_first};
use crate::handlers::{Handled, Outcome, outside};
use nightshift_protocol::Reply;
use nightshift_protocol::routine::{RoutineAct, RoutineResult};

pub fn routines(core: &mut Core, conn: ConnId, request: u64, act: RoutineAct) -> Outcome {
    match act {
        // What it writes is looked at afterwards.
        RoutineAct::Create { .. } => done_now(core, (conn, request), act),
        act => {
            look_first(core, (conn, request), act);
            Ok(Handled::Pending)
        }
    }
}

/// The directory was looked at.
pub fn routines_act(core: &mut Core, (conn, request): (ConnId, u64), act: RoutineAct) {
    match done_now(core, (conn, request), act) {
        Ok(Handled::Done(reply)) => core.clients.answer(conn, request, Ok(reply)),
        Err(fault) => core.clients.answer(conn, request, Err(fault)),
        // Whoever begun it answers.
        Ok(_) => {}
    }
}

fn done_now(core: &mut Core, asked: (ConnId, u64), act: RoutineAct) -> Outcome {
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
        RoutineAct::Outside { act } => return outside::outside(core, asked.0, asked.1, act),
        RoutineAct::Runs { routine, before, limit } => {
            acts::runs(core, &acts::find(core, &routine)?, (before, limit))?
        }
        RoutineAct::Update { routine, change } => {
            let id = acts::find(core, &routine)?;
            changes::update(core, asked, &id, change)?;
            return Ok(Handled::Pending);
        }
        RoutineAct::Replace { routine, text, before } => {
            let id = acts::find(core, &routine)?;
            changes::replace(core, asked, &id, (text, before))?;
            return Ok(Handled::Pending);
        }
        RoutineAct::Why { routine } => answers::why(core, &acts::find(core, &routine)?)?,
        RoutineAct::Test { routine } => {
            let id = acts::find(core, &routine)?;
            answers::test(core, asked, &id)?;
            return Ok(Handled::Pending);
        }
        RoutineAct::Calendar { until } => answers::calendar(core, until),
        RoutineAct::Import { sources, dry } => {
            changes::import(core, asked, &sources, dry)?;
            return Ok(Handled::Pending);
        }
        RoutineAct::Preview { schedule, timezone } => writing::preview(core, &schedule, timezone)?,
        RoutineAct::Save { routine, name, edits, check } => {
            let routine = routine.map(|routine| acts::find(core, &routine)).transpose()?;
            writing::save(core, asked, Wanted { routine, name, edits, check })?;
            return Ok(Handled::Pending);
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
