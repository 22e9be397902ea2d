//! `monitor`: whether a session's agent may watch something, and the wish that a monitor stops.
//!
//! A monitor runs in its agent's bridge, which asks here and waits for the wish here.

use super::{Handled, Outcome, find};
use crate::core::Core;
use crate::limits::MONITOR_STOP_WAIT;
use crate::wait::Until;
use nightshift_model::{
    Answer, Fact, Need, NeedId, NeedKind, NeedOption, OptionKind, SessionId, State,
};
use nightshift_platform::clock;
use nightshift_protocol::{Fault, FaultCode, Reply, StandingAct, StandingResult};
use nightshift_vendors::{Watched, request_text};

const ALLOW: &str = "allow-once";
const DENY: &str = "reject-once";

/// What only the bridge asks; none when it is for others to answer.
pub fn take(core: &mut Core, session: &str, act: &StandingAct) -> Option<Outcome> {
    match act {
        StandingAct::MonitorAsk { id, command, url, protocols, description } => {
            let watched = match url.clone() {
                Some(url) => Watched::Socket { url, protocols: protocols.clone() },
                None => Watched::Command(command.clone()),
            };
            let asked = (id.as_str(), watched, description.as_str());
            Some(find(core, session).and_then(|session| ask(core, &session, asked)))
        }
        StandingAct::MonitorStops { running } => Some(find(core, session).map(|session| {
            let until = Until::StopWished { running: running.clone() };
            Handled::Later { session, until }
        })),
        StandingAct::MonitorStarted { monitor } => {
            settle(core, session, &monitor.id);
            None
        }
        StandingAct::MonitorEnded { id, .. } => {
            settle(core, session, id);
            None
        }
        _ => None,
    }
}

fn need_of(monitor: &str) -> NeedId {
    NeedId(format!("monitor-{monitor}"))
}

fn answered(allowed: bool, why: &str) -> Outcome {
    let result = StandingResult::MonitorAnswer { allowed, why: why.to_owned() };
    Ok(Handled::Done(Reply::Standing { result: Box::new(result) }))
}

/// May it? What the user allowed already, or a mode that asks for nothing, is an answer; else the
/// user is asked, and the bridge asks again when that is decided.
fn ask(
    core: &mut Core,
    id: &SessionId,
    (monitor, watched, what): (&str, Watched, &str),
) -> Outcome {
    let entry = &core.sessions[id];
    let (Some(work), Some(driver)) = (entry.session.agent(), &entry.driver) else {
        return Err(Fault::new(FaultCode::Refused, format!("session {id} has no agent"))
            .hint("only agents have monitors"));
    };
    let need = need_of(monitor);
    if let Some(known) = work.answers.iter().find(|known| known.id == need) {
        let allowed = known.answered == Some(Answer::Option { id: ALLOW.to_owned() });
        return answered(
            allowed,
            if allowed { "the user allowed it" } else { "the user denied it" },
        );
    }
    let until = Until::Decided { need: need.clone() };
    if entry.session.needs().iter().any(|open| open.id == need) {
        return Ok(Handled::Later { session: id.clone(), until });
    }
    if !entry.caught_up {
        return Err(Fault::new(
            FaultCode::Unreachable,
            format!("session {id} is being taken over"),
        )
        .hint("ask again"));
    }
    if let Some(why) = driver.may_watch(&watched) {
        let tool = format!("Monitor ({})", watched.line());
        core.fact(id, Fact::OwnToolAllowed { tool, why: why.to_owned() });
        return answered(true, why);
    }
    if !matches!(entry.session.state, State::Working | State::NeedsInput { .. }) {
        return answered(false, "the turn ended before the user answered");
    }
    let option = |id: &str, label: &str, kind| NeedOption {
        id: id.to_owned(),
        label: label.to_owned(),
        kind,
    };
    let shown = request_text::plain(&watched.question(), &watched.detail(what));
    let need = Need {
        id: need,
        kind: NeedKind::Permission,
        question: shown.question,
        detail: shown.detail,
        options: vec![
            option(ALLOW, "Allow", OptionKind::AllowOnce),
            option(DENY, "Deny", OptionKind::RejectOnce),
        ],
        free_text: false,
        since: clock::now(),
        unshown_bytes: 0,
        answered: None,
    }
    .missing(shown.unshown_bytes);
    core.fact(id, Fact::NeedOpened { need });
    let is_open = |until: &Until| match (until, core.sessions[id].session.needs()) {
        (Until::Decided { need }, open) => open.iter().any(|open| open.id == *need),
        _ => false,
    };
    match is_open(&until) {
        true => Ok(Handled::Later { session: id.clone(), until }),
        false => answered(false, "the session has too many open requests"),
    }
}

/// The bridge has its answer, or wants none any more.
fn settle(core: &mut Core, session: &str, monitor: &str) {
    let Ok(id) = find(core, session) else { return };
    let need = need_of(monitor);
    let session = &core.sessions[&id].session;
    let answers = session.agent().map(|work| work.answers.as_slice()).unwrap_or_default();
    if session.needs().iter().chain(answers).any(|known| known.id == need) {
        core.fact(&id, Fact::NeedClosed { id: need });
    }
}

/// The user wants monitor `monitor` to stop: its bridge hears it. Done when it is over.
pub fn stop(core: &mut Core, id: &SessionId, monitor: &str, task: &str) -> Outcome {
    let waits = |until: &Until| match until {
        Until::StopWished { running } => running.iter().any(|known| known == monitor),
        _ => false,
    };
    let known = core.sessions[id]
        .session
        .agent()
        .is_some_and(|agent| agent.standing.monitors.iter().any(|known| known.id == monitor));
    if !known {
        return Err(Fault::new(FaultCode::NotFound, format!("no task `{task}`"))
            .hint("list them with `nightshift tasks`"));
    }
    let at = core.waiters.iter().position(|(of, waiter)| of == id && waits(&waiter.until));
    let Some(at) = at else {
        return Err(Fault::new(
            FaultCode::Refused,
            format!(
                "the bridge of monitor {monitor} has not been heard since the supervisor started"
            ),
        )
        .hint("try again in a moment"));
    };
    let (_, waiter) = core.waiters.remove(at);
    let result = Box::new(StandingResult::MonitorStops { ids: vec![monitor.to_owned()] });
    core.clients.answer(waiter.conn, waiter.request, Ok(Reply::Standing { result }));
    let deadline = clock::monotonic() + MONITOR_STOP_WAIT;
    let (task, monitor) = (task.to_owned(), monitor.to_owned());
    let until = Until::MonitorOver { task, monitor, deadline };
    Ok(Handled::Later { session: id.clone(), until })
}
