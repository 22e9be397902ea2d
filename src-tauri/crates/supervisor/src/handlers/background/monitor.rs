//! `monitor`: whether a session's agent may watch something, and the wish that a monitor stops.
//!
//! A monitor runs in its agent's bridge, which asks here and waits for the wish here.

use crate::clients::waiter::Until;
use crate::core::Core;
use crate::handlers::{Handled, Outcome, find};
use crate::limits::MONITOR_STOP_WAIT;
use nightshift_model::id::MONITOR_NEED_PREFIX;
use nightshift_model::{
    Answer, Fact, Need, NeedId, NeedKind, NeedOption, OptionKind, SessionId, State,
};
use nightshift_platform::clock;
use nightshift_protocol::{Fault, FaultCode, Reply, StandingAct, StandingResult};
use nightshift_vendors::{Watched, request_text};
use serde_json::json;

const ALLOW: &str = "allow-once";
const DENY: &str = "reject-once";
/// Of the digest of what is watched; nobody finds two things with the same.
const DIGEST_BYTES: usize = 16;

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

/// The request whether `monitor` may watch this. Its id is made of what is watched, too: an answer is never
/// taken for something else that goes by the same id.
fn need_of(monitor: &str, watched: &Watched, what: &str) -> NeedId {
    let whole = match watched {
        Watched::Command(command) => json!([command, what]),
        Watched::Socket { url, protocols } => json!([url, protocols, what]),
    };
    let digest = ring::digest::digest(&ring::digest::SHA256, whole.to_string().as_bytes());
    let digest: String =
        digest.as_ref().iter().take(DIGEST_BYTES).map(|byte| format!("{byte:02x}")).collect();
    NeedId(format!("{MONITOR_NEED_PREFIX}{monitor}-{digest}"))
}

/// Whether the request with this id is about `monitor`, whatever that would watch.
fn is_of(need: &NeedId, monitor: &str) -> bool {
    let Some(rest) =
        need.0.strip_prefix(MONITOR_NEED_PREFIX).and_then(|rest| rest.strip_prefix(monitor))
    else {
        return false;
    };
    let is_digest = |digest: &str| {
        digest.len() == 2 * DIGEST_BYTES && digest.bytes().all(|b| b.is_ascii_hexdigit())
    };
    // Older versions did not say what is watched.
    rest.is_empty() || rest.strip_prefix('-').is_some_and(is_digest)
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
    let need = need_of(monitor, &watched, what);
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
    let before: Vec<NeedId> = entry
        .session
        .needs()
        .iter()
        .map(|open| open.id.clone())
        .filter(|open| is_of(open, monitor))
        .collect();
    if let Some(why) = driver.may_watch(&watched) {
        let tool = format!("Monitor ({})", watched.line());
        core.fact(id, Fact::OwnToolAllowed { tool, why: why.to_owned() });
        return answered(true, why);
    }
    if !matches!(entry.session.state, State::Working | State::NeedsInput { .. }) {
        return answered(false, "the turn ended before the user answered");
    }
    let need = question(need, &watched, what);
    // What the same monitor would have watched before is asked no more.
    for old in before {
        core.fact(id, Fact::NeedClosed { id: old });
    }
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

/// What the user is asked about it.
fn question(id: NeedId, watched: &Watched, what: &str) -> Need {
    let option = |id: &str, label: &str, kind| NeedOption {
        id: id.to_owned(),
        label: label.to_owned(),
        kind,
    };
    let shown = request_text::plain(&watched.question(), &watched.detail(what));
    Need {
        id,
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
    .missing(shown.unshown_bytes)
}

/// The bridge has its answer, or wants none any more.
fn settle(core: &mut Core, session: &str, monitor: &str) {
    let Ok(id) = find(core, session) else { return };
    let session = &core.sessions[&id].session;
    let answers = session.agent().map(|work| work.answers.as_slice()).unwrap_or_default();
    let known = session.needs().iter().chain(answers).map(|known| known.id.clone());
    let over: Vec<NeedId> = known.filter(|known| is_of(known, monitor)).collect();
    for need in over {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_08_a_request_to_watch_is_named_by_what_is_watched() {
        let command = |text: &str| Watched::Command(text.to_owned());
        let socket = |url: &str, protocols: &[&str]| Watched::Socket {
            url: url.to_owned(),
            protocols: protocols.iter().map(|&p| p.to_owned()).collect(),
        };
        let asked = [
            (command("ls"), "d"),
            (command("ls "), "d"),
            (command("l\u{200b}s"), "d"),
            (command("l‹U+200B›s"), "d"),
            (command("ls"), "e"),
            (command("ls\ndescription: d"), ""),
            (socket("ls", &[]), "d"),
            (socket("ls", &["a, b"]), "d"),
            (socket("ls", &["a", "b"]), "d"),
            (command(&"x".repeat(1_000_000)), "d"),
            (command(&"x".repeat(1_000_001)), "d"),
        ];
        let ids: std::collections::BTreeSet<String> =
            asked.iter().map(|(watched, what)| need_of("m1", watched, what).0).collect();
        assert_eq!(ids.len(), asked.len());
        for (watched, what) in &asked {
            let need = need_of("m1", watched, what);
            assert_eq!(need, need_of("m1", watched, what));
            assert!(is_of(&need, "m1"));
            assert!(!is_of(&need, "m") && !is_of(&need, "m11") && !is_of(&need, ""));
        }
        assert!(is_of(&NeedId("monitor-m1".into()), "m1"));
        assert!(
            !is_of(&NeedId("monitor-m1-x".into()), "m1") && !is_of(&NeedId("need-1".into()), "1")
        );
    }
}
