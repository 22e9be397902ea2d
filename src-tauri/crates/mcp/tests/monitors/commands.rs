//! Monitors of commands.

use crate::ear::{Ear, LIMIT, place, run};
use nightshift_mcp::monitor::{Ending, Monitors, Source, Uplink};
use nightshift_platform::process;
use std::sync::Arc;
use std::time::Duration;

fn watch(id: &str, command: &str, lasts: Option<Duration>) -> (Monitors, Arc<Ear>) {
    let (monitors, ear) = (Monitors::default(), Arc::new(Ear::default()));
    let source = Source::command(id, command, &place()).unwrap();
    monitors.watch(id, source, lasts, Arc::clone(&ear) as Arc<dyn Uplink>);
    (monitors, ear)
}

fn nothing_left_of(id: &str) {
    let left = process::find_by_env("NIGHTSHIFT_MONITOR_ID", id).unwrap();
    assert!(left.is_empty(), "{left:?}");
}

fn id() -> String {
    uuid::Uuid::new_v4().to_string()
}

#[test]
fn a_command_runs_where_the_session_is_and_its_end_is_told() {
    run(async {
        let id = id();
        let command = "pwd; echo \"$WHO\"; echo $PATH_NOT_THERE; echo oops >&2; exit 3";
        let (_monitors, ear) = watch(&id, command, None);
        let heard = ear.ended().await;
        assert_eq!(heard.lines(), ["/", "the session"]);
        let ending = Ending::Exited { code: Some(3), last_words: "oops".into() };
        assert_eq!(heard.ending, Some(ending));
    });
}

#[test]
fn lines_that_come_together_are_told_together() {
    run(async {
        let (_monitors, ear) = watch(&id(), "seq 1 500", None);
        let heard = ear.ended().await;
        assert!(heard.batches.len() < 10, "{} batches", heard.batches.len());
        assert_eq!(heard.lines(), (1..=500).map(|n| n.to_string()).collect::<Vec<_>>());
        let mut next = 1;
        for batch in &heard.batches {
            assert_eq!(batch.first, next);
            next += batch.lines.len() as u64;
        }
    });
}

#[test]
fn what_a_command_left_behind_goes_with_it() {
    run(async {
        for command in
            ["sleep 1000 & echo up", "setsid sleep 1000 & echo up", "echo up; exec sleep 1000"]
        {
            let id = id();
            let (monitors, ear) = watch(&id, command, None);
            ear.until(|heard| !heard.batches.is_empty()).await;
            monitors.stop(&id).await;
            nothing_left_of(&id);
            ear.ended().await;
        }
    });
}

#[test]
fn one_that_ignores_being_asked_is_killed() {
    run(async {
        let id = id();
        let (monitors, ear) = watch(&id, "trap '' TERM; echo up; while :; do sleep 1; done", None);
        ear.until(|heard| !heard.batches.is_empty()).await;
        assert!(monitors.stop(&id).await);
        nothing_left_of(&id);
        assert_eq!(ear.ended().await.ending, Some(Ending::Stopped));
        assert!(!monitors.stop("other").await);
    });
}

#[test]
fn a_deadline_ends_it() {
    run(async {
        let id = id();
        let lasts = Duration::from_millis(50);
        let (_monitors, ear) = watch(&id, "sleep 1000", Some(lasts));
        assert_eq!(ear.ended().await.ending, Some(Ending::Deadline { after_ms: 50 }));
        nothing_left_of(&id);
    });
}

#[test]
fn a_flood_ends_it_and_says_how_much_is_left_out() {
    run(async {
        let id = id();
        let (_monitors, ear) = watch(&id, "yes flooded", None);
        let heard = ear.ended().await;
        let Some(Ending::Flood { left_out }) = heard.ending else { panic!("{:?}", heard.ending) };
        let told = heard.lines().len() as u64;
        assert!(left_out > 0 && told > 0 && told < 2_000, "{told} told, {left_out} left out");
        nothing_left_of(&id);
    });
}

#[test]
fn while_nobody_listens_a_bounded_amount_is_held_and_nothing_is_lost() {
    run(async {
        let id = id();
        let ear = Arc::new(Ear::default());
        *ear.shut.lock().unwrap() = true;
        let monitors = Monitors::default();
        let source = Source::command(&id, "seq 1 900; read -r x < /dev/null; echo last", &place());
        monitors.watch(&id, source.unwrap(), None, Arc::clone(&ear) as Arc<dyn Uplink>);
        let gone = || process::find_by_env("NIGHTSHIFT_MONITOR_ID", &id).unwrap().is_empty();
        let wait = async {
            while !gone() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LIMIT, wait).await.unwrap();
        assert!(ear.heard.lock().unwrap().batches.is_empty());
        ear.let_in();
        let heard = ear.ended().await;
        assert_eq!(heard.lines().len(), 901);
        assert_eq!(heard.lines().last().map(String::as_str), Some("last"));
    });
}

#[test]
fn the_end_of_all_leaves_nothing() {
    run(async {
        let (first, second) = (id(), id());
        let (monitors, ear) = watch(&first, "echo up; sleep 1000", None);
        let source = Source::command(&second, "sleep 1000 & sleep 1000", &place()).unwrap();
        monitors.watch(&second, source, None, Arc::clone(&ear) as Arc<dyn Uplink>);
        ear.until(|heard| !heard.batches.is_empty()).await;
        assert_eq!(monitors.ids().len(), 2);
        monitors.end().await;
        nothing_left_of(&first);
        nothing_left_of(&second);
    });
}
