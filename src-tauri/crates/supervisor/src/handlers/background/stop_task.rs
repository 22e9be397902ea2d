//! `stop_task`: ends one background process of a session with all below it. Done when it is gone.

use crate::clients::ConnId;
use crate::core::Core;
use crate::handlers::background::automation;
use crate::handlers::{Handled, Outcome, find, quoted};
use crate::inbox::Inbox;
use crate::ports::world::{Job, Lane};
use nightshift_automation::tasks::WAKEUP;
use nightshift_platform::Identity;
use nightshift_protocol::{Fault, FaultCode, Reply};

pub fn stop_task(core: &mut Core, conn: ConnId, request: u64, task: &str) -> Outcome {
    let unknown = || {
        Fault::new(FaultCode::NotFound, format!("no task `{}`", quoted(task)))
            .hint("list them with `nightshift tasks`")
    };
    let (session, rest) = task.trim().split_once('.').ok_or_else(unknown)?;
    let id = find(core, session)?;
    if let Some(monitor) = rest.strip_prefix("monitor.") {
        return super::monitor::stop(core, &id, monitor, task.trim());
    }
    if let Some(act) = nightshift_automation::tasks::stop(rest) {
        automation::take(core, &id, &act)?;
        return Ok(Handled::Done(Reply::TaskStopped { id: task.trim().to_owned() }));
    }
    if rest == WAKEUP
        && core.sessions[&id].session.agent().is_none_or(|a| a.standing.wakeup.is_none())
    {
        let text = format!("session {id} waits for no wake-up: it has fired, or was never set");
        return Err(Fault::new(FaultCode::NotFound, text).hint("list them with `nightshift tasks`"));
    }
    if rest == WAKEUP {
        let text =
            format!("the wake-up of session {id} is its agent's own and cannot be stopped alone");
        return Err(Fault::new(FaultCode::Refused, text).hint(format!(
            "`nightshift stop {id}` holds it back until the session continues; or tell the agent"
        )));
    }
    let Some(process) = identity(rest) else {
        return Err(Fault::new(
            FaultCode::Refused,
            format!("task `{}` is not a separate process", quoted(task)),
        )
        .hint(format!("end the turn it belongs to with `nightshift interrupt {id}`")));
    };
    let (background, task) = (core.world.background(&id), task.trim().to_owned());
    let place = format!("task {task}");
    core.world.run(Job::for_request((conn, request), Lane::Reads, place, move || {
        let result = background.end(&process).map(|()| Reply::TaskStopped { id: task });
        Inbox::Answer { conn, request, result }
    }));
    Ok(Handled::Pending)
}

fn identity(text: &str) -> Option<Identity> {
    let (pid, start) = text.split_once('.')?;
    Some(Identity { pid: pid.parse().ok()?, start_ticks: start.parse().ok()? })
}
