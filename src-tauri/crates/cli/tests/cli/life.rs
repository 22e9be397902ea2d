//! The life of a session's process: put to rest when idle, started again by a reply, restarted
//! after it died, and never given words that nobody typed.

use crate::support::Shift;
use nightshift_platform::process::{Identity, signal};
use nightshift_platform::signals::SIGKILL;
use nightshift_testkit::wait_until;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;

/// A home whose supervisor puts finished agents to rest after a few seconds.
fn restless() -> Shift {
    Shift::with(&[("NIGHTSHIFT_RETIRE_AFTER_S", "3")])
}

fn kill_process(entry: &Value) {
    let pid = u32::try_from(entry["pid"].as_u64().unwrap()).unwrap();
    signal(&Identity::of(pid).unwrap(), SIGKILL).unwrap();
}

fn asks_after_restart(entry: &Value) -> bool {
    let question = entry["pending"]["question"].as_str().unwrap_or_default();
    question.contains("restarted") && entry["pid"].is_u64()
}

#[test]
fn a_finished_agent_is_put_to_rest_and_a_reply_wakes_it_where_it_left_off() {
    let shift = restless();
    let id = shift.agent("done first");
    let pinned = shift.agent("done pinned");
    shift.ok(&["pin", &pinned]);
    let resting = shift.wait_entry(&id, "its rest", |e| e["pid"].is_null());
    assert_eq!((&resting["state"], &resting["result"]), (&"done".into(), &"first".into()));
    assert!(shift.ok(&["why", &id]).contains("put to rest"));
    assert!(shift.entry(&pinned)["pid"].is_u64(), "a pinned session was put to rest");
    shift.ok(&["reply", &id, "done second"]);
    shift.wait_entry(&id, "the second result", |e| e["result"] == "second");
    let log = shift.ok(&["logs", &id]);
    assert_eq!(log.matches("> done first").count(), 1, "{log}");
    assert!(log.find("first") < log.find("second"), "{log}");
}

#[test]
fn an_agent_that_dies_at_work_is_restarted_and_asks_what_now() {
    let shift = Shift::new();
    let id = shift.agent("say half of it\nwait 600\ndone never");
    shift.wait_log(&id, "\nhalf of it");
    kill_process(&shift.entry(&id));
    let entry = shift.wait_entry(&id, "its question", asks_after_restart);
    assert_eq!(entry["state"], "blocked");
    let log = shift.ok(&["logs", &id]);
    assert_eq!(log.matches("> say half of it").count(), 1, "the prompt was given twice: {log}");
    shift.ok(&["reply", &id, "done after all"]);
    shift.wait_entry(&id, "its result", |e| e["result"] == "after all");
}

#[test]
fn a_restart_needs_no_supervisor_that_dispatched_it() {
    let shift = Shift::new();
    let id = shift.agent("say begun\nwait 600");
    shift.wait_log(&id, "\nbegun");
    shift.kill_supervisor();
    shift.ok(&["agents"]);
    // What the next process needs of its host, which ends with the agent, is read by then.
    let connected = || shift.json(&["daemon", "status", "--json"])["connected"] == 1;
    wait_until("its host to be known", connected);
    kill_process(&shift.entry(&id));
    shift.wait_entry(&id, "its question", asks_after_restart);
    shift.ok(&["rm", &id]);
}

#[test]
fn a_reply_that_was_waiting_when_the_agent_died_is_sent_once_after_the_restart() {
    let shift = Shift::new();
    let id = shift.agent("say begun\nwait 600");
    shift.wait_log(&id, "\nbegun");
    shift.ok(&["reply", &id, "done with the reply"]);
    kill_process(&shift.entry(&id));
    shift.wait_entry(&id, "its result", |e| e["result"] == "with the reply");
    let log = shift.ok(&["logs", &id]);
    assert_eq!(log.matches("> done with the reply").count(), 1, "{log}");
}

#[test]
fn a_session_stopped_before_its_restart_stays_stopped() {
    let shift = Shift::new();
    let id = shift.agent("say begun\nwait 600");
    shift.wait_log(&id, "\nbegun");
    kill_process(&shift.entry(&id));
    shift.wait_entry(&id, "its end", |e| e["pid"].is_null());
    shift.ok(&["stop", &id]);
    assert_eq!(shift.entry(&id)["state"], "stopped");
    let why = || shift.ok(&["why", &id]);
    let told = why();
    // Longer than the first pause before a restart: something else must happen meanwhile.
    let other = shift.agent("wait 2\ndone");
    shift.wait_state(&other, "done");
    assert_eq!(shift.entry(&id)["state"], "stopped");
    assert_eq!(why().lines().count(), told.lines().count(), "it was started again");
}

#[test]
fn an_agent_that_never_got_ready_is_not_tried_again_and_again() {
    let shift = Shift::new();
    let programs = shift.home.work();
    let agent = programs.join("gemini");
    std::fs::write(&agent, "#!/bin/sh\necho broken on purpose >&2\nexit 7\n").unwrap();
    std::fs::set_permissions(&agent, PermissionsExt::from_mode(0o755)).unwrap();
    let mut dispatch = shift.command(&["--bg", "--json", "--agent", "gemini", "do something"]);
    let path = std::env::var("PATH").unwrap();
    dispatch.env("PATH", format!("{}:{path}", programs.display()));
    let out = crate::support::ran(&mut dispatch, b"").ok(&["--bg", "--agent", "gemini"]);
    let id = crate::support::id_of(&serde_json::from_str(&out).unwrap());
    let error = shift.wait_state(&id, "failed")["error"].as_str().unwrap().to_owned();
    assert!(error.contains("exit code 7") && error.contains("broken on purpose"), "{error}");
    let why = shift.ok(&["why", &id]);
    assert!(!why.contains("restart"), "{why}");
}

#[test]
fn respawn_starts_what_has_ended_and_nothing_else() {
    let shift = Shift::new();
    let job = shift.shell("echo once more; exit 3");
    shift.wait_state(&job, "failed");
    shift.ok(&["respawn", &job]);
    shift.wait_entry(&job, "its second end", |e| {
        e["state"] == "failed" && shift.ok(&["logs", &job]).matches("once more").count() == 2
    });
    let agent = shift.agent("done first");
    shift.wait_state(&agent, "done");
    shift.fails(&["respawn", &agent], &["is running", "nightshift stop"]);
    shift.ok(&["stop", &agent]);
    let all = shift.json(&["respawn", "--all", "--json"]);
    assert_eq!(all.as_array().unwrap().len(), 2, "{all}");
    shift.wait_entry(&agent, "its process", |e| e["status"] == "idle" && e["pid"].is_u64());
    shift.ok(&["reply", &agent, "done second"]);
    shift.wait_entry(&agent, "its result", |e| e["result"] == "second");
}
