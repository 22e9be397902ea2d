//! Retention: a shell job's row and output go some time after its end was looked at.
//!
//! Promise: a failure that nobody looked at never goes by itself, nor does what is pinned. Time is
//! counted while this supervisor runs and begins anew with each, so that neither a sleeping machine
//! nor a clock that jumps takes a row too early. The removal is the one that `rm` ends in.

use crate::core::{Core, Entry};
use crate::handlers;
use crate::limits::{SHELL_KEEP, UNSEEN_KEEP, UNSEEN_RUNNING};
use nightshift_model::{Command, Event, Liveness, Millis, Session, SessionId, State};
use nightshift_platform::clock;
use std::time::Duration;

/// Seconds; for tests and for boards that are to stay empty or full.
const KEEP_VARIABLE: &str = "NIGHTSHIFT_SHELL_KEEP_S";

pub fn shell_keep() -> Duration {
    let set = std::env::var(KEEP_VARIABLE).ok().and_then(|text| text.trim().parse().ok());
    set.map_or(SHELL_KEEP, Duration::from_secs)
}

/// The end of a shell job was shown: from now on the time is counted.
pub fn shown(core: &mut Core, id: &SessionId) {
    let Some(entry) = core.sessions.get_mut(id) else { return };
    if !has_ended(&entry.session) {
        return;
    }
    entry.ended_since = Some(clock::monotonic());
    if !entry.session.end_seen
        && let Err(fault) = core.apply(id, Event::Command(Command::Seen), clock::now(), 0)
    {
        // Not known to have been seen: kept for longer.
        tracing::warn!(session = %id, "that its end was seen is not stored: {fault}");
    }
}

/// Time until a row goes; none when none will.
pub fn due_in(core: &Core, now: Duration) -> Option<Duration> {
    let wall = clock::now();
    core.sessions.values().filter_map(|entry| left(entry, core.shell_keep, now, wall)).min()
}

pub fn on_time(core: &mut Core, now: Duration) {
    let wall = clock::now();
    let mut due = Vec::new();
    for (id, entry) in &mut core.sessions {
        if !may_go(&entry.session) {
            entry.ended_since = None;
        } else if entry.ended_since.is_none() {
            entry.ended_since = Some(now);
        } else if left(entry, core.shell_keep, now, wall).is_some_and(|left| left.is_zero()) {
            // If the removal fails, it is tried again after as long a time.
            entry.ended_since = Some(now);
            due.push(id.clone());
        }
    }
    for id in due {
        tracing::info!(session = %id, "its end was seen or is long past: it goes");
        handlers::take_off(core, &id);
    }
}

fn has_ended(session: &Session) -> bool {
    let gone = matches!(session.liveness, Liveness::Gone { .. });
    session.agent().is_none() && gone && session.is_over() && !session.stopping
}

/// A pin is how a user keeps a row.
fn may_go(session: &Session) -> bool {
    has_ended(session) && !session.pinned
}

/// How long the row still stays; none when it stays for good.
fn left(entry: &Entry, keep: Duration, now: Duration, wall: Millis) -> Option<Duration> {
    let running = now.saturating_sub(entry.ended_since?);
    stays(&entry.session, keep, running, wall)
}

fn stays(session: &Session, keep: Duration, running: Duration, wall: Millis) -> Option<Duration> {
    if session.end_seen {
        return Some(keep.saturating_sub(running));
    }
    match (&session.state, &session.liveness) {
        (State::Failed { .. }, _) | (_, Liveness::Alive { .. } | Liveness::Unknown { .. }) => None,
        (_, Liveness::Gone { since }) => {
            let past = Duration::from_millis(wall.since(*since));
            Some(UNSEEN_KEEP.saturating_sub(past).max(UNSEEN_RUNNING.saturating_sub(running)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const KEEP: Duration = Duration::from_secs(300);
    const WEEK_MS: u64 = 7 * 24 * 60 * 60 * 1000;

    fn ended(state: &serde_json::Value, seen: bool) -> Session {
        let session = json!({
            "id": "7c5d0a1b", "sessionId": "7c5d0a1b", "name": "", "namedByUser": false,
            "work": {"type": "shell", "command": "make"}, "cwd": "/", "firstPrompt": "",
            "createdAt": 0, "state": state, "stateSince": 0, "endSeen": seen, "pinned": false,
            "liveness": {"type": "gone", "since": 1000}, "line": "", "lineAt": 0,
        });
        serde_json::from_value(session).unwrap()
    }

    #[test]
    fn a_row_stays_as_long_as_was_promised() {
        let good = json!({"type": "completed", "result": "ok"});
        let bad = json!({"type": "failed", "error": "no"});
        let minutes = |n: u64| Duration::from_secs(n * 60);
        for (what, state, seen, running, wall, expected) in [
            ("seen just now", &good, true, minutes(0), 1000, Some(KEEP)),
            ("seen a while ago", &good, true, minutes(5), 1000, Some(minutes(0))),
            ("a seen failure", &bad, true, minutes(9), 1000, Some(minutes(0))),
            ("seen, clock a year ahead", &good, true, minutes(1), 53 * WEEK_MS, Some(minutes(4))),
            ("never seen", &good, false, minutes(90), 1000, Some(UNSEEN_KEEP)),
            ("never seen, a week ago", &good, false, minutes(90), 2 * WEEK_MS, Some(minutes(0))),
            (
                "never seen, wrong clock at boot",
                &good,
                false,
                minutes(1),
                99 * WEEK_MS,
                Some(minutes(59)),
            ),
            ("never seen, clock set back", &good, false, minutes(90), 0, Some(UNSEEN_KEEP)),
            ("a failure never seen", &bad, false, minutes(90), 99 * WEEK_MS, None),
        ] {
            assert_eq!(stays(&ended(state, seen), KEEP, running, Millis(wall)), expected, "{what}");
        }
    }

    #[test]
    fn nobody_elses_rows_go() {
        let done = ended(&json!({"type": "completed", "result": "ok"}), true);
        assert!(may_go(&done));
        let pinned = Session { pinned: true, ..done.clone() };
        let alive = Liveness::Alive { pid: 1, since: Millis(0) };
        let unknown = Liveness::Unknown { why: String::new(), since: Millis(0) };
        let starting = Session { state: State::Starting, ..done.clone() };
        for session in [
            pinned,
            starting,
            Session { liveness: alive, ..done.clone() },
            Session { liveness: unknown, ..done.clone() },
            Session { stopping: true, ..done },
        ] {
            assert!(!may_go(&session), "{session:?}");
        }
    }
}
