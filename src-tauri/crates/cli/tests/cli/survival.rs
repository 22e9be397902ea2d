//! Nothing is lost when a supervisor or a host dies: the sessions go on and are found again.

use crate::support::{Shift, kill};
use nightshift_platform::process::{Identity, Liveness3};
use nightshift_testkit::wait_until;
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;

/// Prints 1 to `last`, slowly enough to be running while the supervisor dies.
fn numbers(last: u32) -> String {
    format!("i=0; while [ $i -lt {last} ]; do i=$((i+1)); echo n$i; sleep 0.01; done")
}

fn assert_complete(shift: &Shift, id: &str, last: u32) {
    let log = shift.ok(&["logs", id]);
    let got: Vec<&str> = log.lines().filter(|line| !line.is_empty()).collect();
    let expected: Vec<String> = (1..=last).map(|n| format!("n{n}")).collect();
    assert_eq!(got, expected);
}

/// A counting job, an agent in the middle of a turn and one that waits for permission.
struct Trio {
    count: String,
    turn: String,
    waiting: String,
}

const LAST: u32 = 200;

fn start(shift: &Shift) -> Trio {
    let turn = shift.agent("say before\nwait 2\nsay after\ndone whole turn");
    let waiting = shift.agent("run echo permitted > proof.txt\ndone was asked");
    shift.wait_state(&waiting, "blocked");
    shift.wait_log(&turn, "before");
    let count = shift.shell(&numbers(LAST));
    shift.wait_log(&count, "n3");
    Trio { count, turn, waiting }
}

fn processes(shift: &Shift, trio: &Trio) -> Vec<Identity> {
    [&trio.count, &trio.turn, &trio.waiting].map(|id| shift.host(id)).into()
}

fn assert_went_on(shift: &Shift, trio: &Trio, question: &Value) {
    let entry = shift.entry(&trio.waiting);
    assert_eq!(entry["state"], "blocked");
    assert_eq!(&entry["pending"], question, "another question than before");
    assert!(!shift.home.work().join("proof.txt").exists());
    shift.answer(&trio.waiting, "allow");
    assert_eq!(shift.wait_state(&trio.waiting, "done")["result"], "was asked");
    let proof = std::fs::read_to_string(shift.home.work().join("proof.txt")).unwrap();
    assert_eq!(proof, "permitted\n");
    assert_eq!(shift.wait_state(&trio.turn, "done")["result"], "whole turn");
    let log = shift.ok(&["logs", &trio.turn]);
    for part in ["before", "after"] {
        // Once in the prompt and once said.
        assert_eq!(log.matches(part).count(), 2, "{log}");
    }
    shift.wait_state(&trio.count, "done");
    assert_complete(shift, &trio.count, LAST);
}

#[test]
fn a_successor_follows_every_host_again_and_says_so() {
    let shift = Shift::new();
    for _ in 0..3 {
        shift.shell("read x");
    }
    shift.kill_supervisor();
    shift.ok(&["agents"]);
    wait_until("every host to be followed again", || {
        let status = shift.json(&["daemon", "status", "--json"]);
        assert_eq!(status["sessions"], 3);
        status["connected"] == 3
    });
}

#[test]
fn a_killed_supervisor_costs_nothing() {
    let shift = Shift::new();
    let trio = start(&shift);
    let question = shift.entry(&trio.waiting)["pending"].clone();
    let hosts = processes(&shift, &trio);
    shift.kill_supervisor();
    shift.fails(&["daemon", "status"], &["no supervisor is running"]);
    for host in &hosts {
        assert_eq!(host.liveness(), Liveness3::Alive);
    }
    assert_went_on(&shift, &trio, &question);
}

#[test]
fn a_supervisor_killed_again_and_again_costs_nothing() {
    let shift = Shift::new();
    let trio = start(&shift);
    let question = shift.entry(&trio.waiting)["pending"].clone();
    for _ in 0..5 {
        shift.ok(&["agents"]);
        shift.kill_supervisor();
    }
    assert_went_on(&shift, &trio, &question);
}

#[test]
fn stopping_the_supervisor_alone_costs_nothing() {
    let shift = Shift::new();
    let trio = start(&shift);
    let question = shift.entry(&trio.waiting)["pending"].clone();
    shift.fails(&["daemon", "stop"], &["3 live sessions", "--any", "--keep-workers"]);
    let supervisor = shift.supervisor();
    let stopped = shift.json(&["daemon", "stop", "--any", "--keep-workers", "--json"]);
    assert_eq!((stopped["kept"].as_u64(), supervisor.liveness()), (Some(3), Liveness3::Gone));
    assert_went_on(&shift, &trio, &question);
}

#[test]
fn followed_logs_go_on_over_a_killed_supervisor_without_a_hole() {
    let shift = Shift::new();
    let count = shift.shell(&numbers(LAST));
    let agent = shift.agent("say one\nwait 1\nsay two\ndone three");
    let follow = |id: &str| {
        let mut command = shift.command(&["logs", "--follow", id]);
        command.stdout(Stdio::piped()).spawn().unwrap()
    };
    let followers = [follow(&count), follow(&agent)];
    shift.wait_log(&count, "n3");
    shift.kill_supervisor();
    shift.wait_state(&agent, "done");
    shift.ok(&["stop", &agent]);
    let [count_log, agent_log] =
        followers.map(|child| String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap());
    let got: Vec<&str> = count_log.lines().filter(|line| !line.is_empty()).collect();
    let expected: Vec<String> = (1..=LAST).map(|n| format!("n{n}")).collect();
    assert_eq!(got, expected);
    for part in ["\none", "\ntwo"] {
        assert_eq!(agent_log.matches(part).count(), 1, "{agent_log}");
    }
}

#[test]
fn what_ends_while_nobody_supervises_is_known_afterwards() {
    let shift = Shift::new();
    let job = shift.shell("while ! [ -e go ]; do sleep 0.01; done; echo late; exit 5");
    let turn = shift.agent("run until [ -e go ]; do sleep 0.02; done\ndone alone");
    shift.wait_state(&turn, "blocked");
    shift.answer(&turn, "allow");
    shift.wait_entry(&turn, "the turn", |e| e["status"] == "busy");
    shift.wait_entry(&job, "its process", |e| e["pid"].is_u64());
    shift.kill_supervisor();
    std::fs::write(shift.home.work().join("go"), "").unwrap();
    let exit = shift.job(&job).join("exit.json");
    nightshift_testkit::wait_until("the exit record", || exit.exists());
    let entry = shift.wait_state(&job, "failed");
    assert_eq!(entry["exitCode"], 5);
    assert!(shift.ok(&["logs", &job]).contains("late"));
    assert_eq!(shift.wait_state(&turn, "done")["result"], "alone");
}

#[test]
fn a_killed_host_fails_its_session_with_the_cause_and_no_other() {
    let shift = Shift::new();
    let other = shift.shell("read x");
    let waiting = shift.agent("ask Stay? | Yes\ndone stayed");
    shift.wait_state(&waiting, "blocked");
    let job = shift.shell("read x");
    let agent = shift.agent("ask Stay? | Yes\ndone stayed");
    shift.wait_state(&agent, "blocked");
    for id in [&job, &agent] {
        shift.wait_entry(id, "its process", |e| e["pid"].is_u64());
        kill(&shift.host(id));
        let entry = shift.wait_state(id, "failed");
        assert!(!entry["error"].as_str().unwrap().is_empty(), "{entry}");
        assert_eq!(entry.get("pid"), None, "{entry}");
        assert!(shift.ok(&["why", id]).contains("failed"));
    }
    assert!(shift.entry(&other)["pid"].is_u64());
    shift.answer(&waiting, "1");
    assert_eq!(shift.wait_state(&waiting, "done")["result"], "stayed");
}

#[test]
fn a_host_killed_while_nobody_supervises_is_known_afterwards() {
    let shift = Shift::new();
    let (job, other) = (shift.shell("read x"), shift.shell("read x"));
    for id in [&job, &other] {
        shift.wait_entry(id, "its process", |e| e["pid"].is_u64());
    }
    let host = shift.host(&job);
    shift.kill_supervisor();
    kill(&host);
    shift.wait_state(&job, "failed");
    assert!(shift.entry(&other)["pid"].is_u64());
}

#[test]
fn a_session_that_waited_is_answered_after_its_whole_past_was_replayed() {
    let shift = Shift::new();
    let script = "ask One? | a | b\nask Two? | c | d\ndone end";
    let id = shift.agent(script);
    for (question, answer) in [("One?", "b"), ("Two?", "2")] {
        shift.wait_entry(&id, question, |e| e["pending"]["question"] == question);
        shift.kill_supervisor();
        shift.answer(&id, answer);
    }
    shift.wait_state(&id, "done");
    let log = shift.ok(&["logs", &id]);
    assert!(log.contains("The answer is: b") && log.contains("The answer is: d"), "{log}");
    assert!(Path::new(&shift.job(&id)).exists());
}
