//! Agent sessions by the command line alone: permission, question, replies, interrupt.

use crate::support::Shift;
use nightshift_testkit::wait_until;
use serde_json::Value;

fn labels(entry: &Value) -> Vec<&str> {
    let options = entry["pending"]["options"].as_array().unwrap();
    options.iter().map(|o| o["label"].as_str().unwrap()).collect()
}

#[test]
fn a_permission_and_a_question_are_shown_and_answered() {
    let shift = Shift::new();
    let script =
        "say hello\nrun echo ran > proof.txt\nask Which colour? | Red | Blue\ndone all good";
    let id = shift.agent(script);
    let entry = shift.wait_state(&id, "blocked");
    assert_eq!(entry["template"], "agent");
    assert_eq!(entry["agent"], "rehearsal");
    assert_eq!(entry["status"], "waiting");
    assert_eq!(entry["waitingFor"], "permission prompt");
    assert_eq!(entry["pending"]["kind"], "permission");
    assert!(entry["pending"]["question"].as_str().unwrap().contains("echo ran"));
    for option in entry["pending"]["options"].as_array().unwrap() {
        for field in ["id", "label", "kind"] {
            assert!(option[field].is_string(), "{option}");
        }
    }
    let proof = shift.home.work().join("proof.txt");
    assert!(!proof.exists(), "ran without permission");
    shift.ok(&["answer", &id, "allow"]);
    let entry = shift.wait_entry(&id, "the question", |e| e["waitingFor"] == "input needed");
    assert_eq!(std::fs::read_to_string(proof).unwrap(), "ran\n");
    assert_eq!(entry["pending"]["question"], "Which colour?");
    assert_eq!(labels(&entry), ["Red", "Blue"]);
    shift.fails(&["answer", &id, "3"], &["option 3", "1 to 2"]);
    let answered = shift.json(&["answer", &id, "2", "--json"]);
    assert_eq!(answered["id"], id.as_str());
    let entry = shift.wait_state(&id, "done");
    assert_eq!(entry["result"], "all good");
    let log = shift.ok(&["logs", &id]);
    for part in ["hello", "Which colour?", "Blue", "all good"] {
        assert!(log.contains(part), "{part} is not in {log}");
    }
}

#[test]
fn a_denied_command_is_not_run_and_the_turn_goes_on() {
    let shift = Shift::new();
    let id = shift.agent("run touch denied.txt\ndone finished");
    shift.wait_state(&id, "blocked");
    shift.ok(&["answer", &id, "deny"]);
    assert_eq!(shift.wait_state(&id, "done")["result"], "finished");
    assert!(!shift.home.work().join("denied.txt").exists());
}

#[test]
fn a_mode_that_allows_asks_nothing() {
    let shift = Shift::new();
    let args = ["--bg", "--agent", "rehearsal", "--permission-mode", "auto", "--json"];
    let script = "run touch allowed.txt\ndone finished";
    let id = crate::support::id_of(&shift.json(&[&args[..], &[script]].concat()));
    shift.wait_state(&id, "done");
    assert!(shift.home.work().join("allowed.txt").exists());
}

#[test]
fn replies_are_turns_and_those_that_come_early_wait() {
    let shift = Shift::new();
    let id = shift.agent("wait 1\ndone first");
    shift.wait_state(&id, "working");
    let queued =
        shift.run_with_stdin(&["reply", &id, "-", "--json"], b"say second turn\ndone second");
    assert_eq!(queued.code, Some(0), "{queued:?}");
    let entry = shift.wait_entry(&id, "the second result", |e| e["result"] == "second");
    assert_eq!(entry["status"], "idle");
    shift.ok(&["reply", &id, "done third"]);
    shift.wait_entry(&id, "the third result", |e| e["result"] == "third");
    let log = shift.ok(&["logs", &id]);
    let at = |part: &str| log.find(part).unwrap_or_else(|| panic!("{part} is not in {log}"));
    assert!(at("first") < at("second turn") && at("second turn") < at("third"));
}

#[test]
fn a_stopped_agent_takes_a_reply_and_goes_on() {
    let shift = Shift::new();
    let id = shift.agent("done first");
    shift.wait_state(&id, "done");
    shift.ok(&["stop", &id]);
    assert_eq!(shift.entry(&id).get("pid"), None);
    shift.ok(&["reply", &id, "done again"]);
    shift.wait_entry(&id, "the second result", |e| e["result"] == "again");
}

#[test]
fn interrupt_ends_the_turn_and_keeps_the_session() {
    let shift = Shift::new();
    let id = shift.agent("wait 600\ndone never");
    wait_until("the turn", || shift.ok(&["why", &id]).contains("prompt 1 sent"));
    shift.ok(&["interrupt", &id]);
    let entry = shift.wait_entry(&id, "idle", |e| e["status"] == "idle");
    assert!(entry["pid"].is_u64(), "{entry}");
    shift.ok(&["reply", &id, "done after"]);
    shift.wait_entry(&id, "the next result", |e| e["result"] == "after");
}

#[test]
fn a_turn_that_fails_says_so() {
    let shift = Shift::new();
    let id = shift.agent("fail out of paper");
    let entry = shift.wait_state(&id, "failed");
    assert!(entry["error"].as_str().unwrap().contains("out of paper"), "{entry}");
}

#[test]
fn answers_without_a_question_and_replies_to_a_shell_job_are_refused() {
    let shift = Shift::new();
    let job = shift.shell("read x");
    shift.wait_entry(&job, "its process", |e| e["pid"].is_u64());
    shift.fails(&["answer", &job, "allow"], &["error: "]);
    shift.fails(&["reply", &job, "hello"], &["error: "]);
}

#[test]
fn logs_follow_a_conversation_until_its_process_ends() {
    let shift = Shift::new();
    let id = shift.agent("say one\nask Go on? | Yes\nsay two\ndone bye");
    let mut follow = shift.command(&["logs", "--follow", &id]);
    let child = follow.stdout(std::process::Stdio::piped()).spawn().unwrap();
    shift.wait_state(&id, "blocked");
    shift.ok(&["answer", &id, "1"]);
    shift.wait_state(&id, "done");
    shift.ok(&["stop", &id]);
    let out = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    for part in ["one", "? Go on?", "= Yes", "two"] {
        assert!(out.contains(part), "{part} is not in {out}");
    }
}
