//! `stop_task`: ends one background process of a session with all below it. Done when it is gone.

use super::{Handled, Outcome, find, quoted, standing};
use crate::core::Core;
use nightshift_automation::tasks::WAKEUP;
use nightshift_platform::Identity;
use nightshift_protocol::{Fault, FaultCode, Reply};
use nightshift_runtime::clients::ConnId;
use nightshift_runtime::host_link::beside::Lane;
use nightshift_runtime::outside::Aside;
use nightshift_runtime::server::inbox::Inbox;

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
        standing::take(core, &id, &act)?;
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
    let (background, task) = (core.outside.background(&id), task.trim().to_owned());
    let place = format!("task {task}");
    core.outside.beside(Aside::for_request((conn, request), Lane::Looks, place, move || {
        let result = background.end(&process).map(|()| Reply::TaskStopped { id: task });
        Inbox::Answer { conn, request, result }
    }));
    Ok(Handled::Pending)
}

fn identity(text: &str) -> Option<Identity> {
    let (pid, start) = text.split_once('.')?;
    Some(Identity { pid: pid.parse().ok()?, start_ticks: start.parse().ok()? })
}
