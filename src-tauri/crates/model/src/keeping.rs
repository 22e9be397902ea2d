//! How long the row of an ended shell job stays.

use crate::session::{Liveness, Session, State};
use crate::time::Millis;
use std::time::Duration;

/// A good end that nobody looked at goes after this time on the wall clock: a week's holiday is too
/// long to keep forgotten jobs for, a weekend is not. A failure nobody looked at never goes.
const UNSEEN_KEEP: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// ... and only after the supervisor has known of it for this running time: a clock that is wrong at
/// boot has been put right by then.
const UNSEEN_RUNNING: Duration = Duration::from_secs(60 * 60);

/// A run of a routine that did what it was for is off the board; what it said can be read for as long as an end that
/// nobody looked at.
const ARCHIVED_KEEP: Duration = UNSEEN_KEEP;
/// ... and the supervisor has known of it for this running time. One whose worktree holds work is tried again so often.
const ARCHIVED_RUNNING: Duration = Duration::from_secs(24 * 60 * 60);

/// The time that the row still stays; none when it stays for good. `running` is the time for which
/// the supervisor has known of the end, or since it was last looked at; `keep` is how long it stays
/// after that.
pub fn stays(
    session: &Session,
    keep: Duration,
    running: Duration,
    wall: Millis,
) -> Option<Duration> {
    if session.end_seen {
        return Some(keep.saturating_sub(running));
    }
    if is_archived(session) {
        let past = Duration::from_millis(wall.since(session.state_since));
        let left = ARCHIVED_KEEP.saturating_sub(past);
        return Some(left.max(ARCHIVED_RUNNING.saturating_sub(running)));
    }
    match (&session.state, &session.liveness) {
        (State::Failed { .. }, _) | (_, Liveness::Alive { .. } | Liveness::Unknown { .. }) => None,
        (_, Liveness::Gone { since }) => {
            let past = Duration::from_millis(wall.since(*since));
            Some(UNSEEN_KEEP.saturating_sub(past).max(UNSEEN_RUNNING.saturating_sub(running)))
        }
    }
}

/// A shell job whose end can be looked at.
pub fn has_ended(session: &Session) -> bool {
    let gone = matches!(session.liveness, Liveness::Gone { .. });
    session.agent().is_none() && gone && session.is_over() && !session.stopping
}

/// A run that has left the board by itself.
fn is_archived(session: &Session) -> bool {
    session.unattended.as_ref().is_some_and(|run| run.archived)
}

/// A pin is how a user keeps a row.
pub fn may_go(session: &Session) -> bool {
    let gone = matches!(session.liveness, Liveness::Gone { .. });
    let archived = is_archived(session) && gone && session.is_over() && !session.stopping;
    (has_ended(session) || archived) && !session.pinned
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
    fn an_archived_run_is_kept_for_a_week() {
        let mut run = ended(&json!({"type": "completed", "result": "ok"}), false);
        let agent = json!({"type": "agent", "agent": "rehearsal", "prompts": [], "nextPrompt": 2});
        run.work = serde_json::from_value(agent).unwrap();
        assert!(!may_go(&run), "a run that stays on the board");
        run.unattended = serde_json::from_value(json!({
            "routine": "trig_1", "name": "nightly", "occurrence": "run_1", "archived": true,
        }))
        .unwrap();
        assert!(may_go(&run));
        let day = |n: u64| Duration::from_secs(n * 24 * 60 * 60);
        let left =
            |days: u64, running| stays(&run, KEEP, running, Millis(days * 24 * 60 * 60 * 1000));
        assert_eq!(left(3, day(2)), Some(day(4)));
        assert_eq!(left(9, day(0)), Some(day(1)), "not by a clock that is wrong");
        assert_eq!(left(9, day(1)), Some(day(0)));
        run.pinned = true;
        assert!(!may_go(&run));
    }

    #[test]
    fn nobody_elses_rows_go() {
        let done = ended(&json!({"type": "completed", "result": "ok"}), true);
        assert!(may_go(&done));
        let pinned = Session { pinned: true, ..done.clone() };
        let alive = Liveness::Alive { pid: 1, since: Millis(0) };
        let unknown =
            Liveness::Unknown { why: String::new(), way_out: String::new(), since: Millis(0) };
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
