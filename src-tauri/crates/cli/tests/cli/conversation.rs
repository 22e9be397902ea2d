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
    shift.answer(&id, "allow");
    let entry = shift.wait_entry(&id, "the question", |e| e["waitingFor"] == "input needed");
    assert_eq!(std::fs::read_to_string(proof).unwrap(), "ran\n");
    assert_eq!(entry["pending"]["question"], "Which colour?");
    assert_eq!(labels(&entry), ["Red", "Blue"]);
    let request = shift.request(&id);
    let named = ["answer", &id, "--request", &request];
    shift.fails(&[&named[..], &["3"]].concat(), &["option 3", "1 to 2"]);
    let answered = shift.json(&[&named[..], &["2", "--json"]].concat());
    assert_eq!(answered["id"], id.as_str());
    let entry = shift.wait_state(&id, "done");
    assert_eq!(entry["result"], "all good");
    let log = shift.ok(&["logs", &id]);
    for part in ["hello", "Which colour?", "Blue", "all good"] {
        assert!(log.contains(part), "{part} is not in {log}");
    }
}

#[test]
fn failures_39_an_answer_says_which_request_it_means() {
    let shift = Shift::new();
    let id = shift.agent("ask First? | A | B\nrun touch danger\ndone finished");
    let first = shift.request(&id);
    let said = shift.ok(&["answer", &id, "--request", &first, "1"]);
    assert!(said.contains("First?"), "{said}");
    let second = shift.wait_entry(&id, "the next request", |e| {
        e["pending"]["id"].is_string() && e["pending"]["id"] != first.as_str()
    });
    // What was meant for the first one does nothing to the second, in whatever words.
    for words in ["1", "allow", "deny", "A", "Yes"] {
        let args = ["answer", &id, "--request", &first, words];
        shift.fails(&args, &["already answered with `A`", "nightshift logs"]);
    }
    assert_eq!(shift.entry(&id)["pending"], second["pending"]);
    assert!(!shift.home.work().join("danger").exists());
    // Without a name it is taken as soon as the request is not new any more.
    wait_until("the request to be old enough", || {
        let ran = shift.run(&["answer", &id, "deny"]);
        let too_new = ran.err.contains("came up just now; nothing was answered");
        assert!(ran.code == Some(0) || too_new && ran.err.contains("--request"), "{ran:?}");
        ran.code == Some(0)
    });
    assert_eq!(shift.wait_state(&id, "done")["result"], "finished");
    assert!(!shift.home.work().join("danger").exists());
}

#[test]
fn failures_39_a_line_that_was_entered_before_the_request_came_answers_nothing() {
    let shift = Shift::new();
    let id = shift.agent("run touch danger\ndone finished");
    shift.wait_state(&id, "blocked");
    let ran = shift.run_with_stdin(&["attach", &id], b"1\nallow\n");
    assert_eq!(ran.out.matches("came up just now; nothing was answered").count(), 2, "{ran:?}");
    assert_eq!(shift.entry(&id)["state"], "blocked");
    assert!(!shift.home.work().join("danger").exists());
}

#[test]
fn failures_39_a_reply_is_no_permission() {
    let shift = Shift::new();
    let id = shift.agent("run touch danger\ndone finished");
    shift.wait_state(&id, "blocked");
    let options = shift.entry(&id)["pending"]["options"].clone();
    shift.ok(&["reply", &id, options[0]["label"].as_str().unwrap()]);
    let entry = shift.entry(&id);
    assert_eq!((&entry["state"], &entry["queued"]), (&"blocked".into(), &1.into()), "{entry}");
    assert!(!shift.home.work().join("danger").exists());
}

#[test]
fn a_denied_command_is_not_run_and_the_turn_goes_on() {
    let shift = Shift::new();
    let id = shift.agent("run touch denied.txt\ndone finished");
    shift.wait_state(&id, "blocked");
    shift.answer(&id, "deny");
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
    let id = shift.agent("run until [ -e go ]; do sleep 0.02; done\ndone first");
    shift.wait_state(&id, "blocked");
    shift.answer(&id, "allow");
    shift.wait_state(&id, "working");
    let queued =
        shift.run_with_stdin(&["reply", &id, "-", "--json"], b"say second turn\ndone second");
    assert_eq!(queued.code, Some(0), "{queued:?}");
    std::fs::write(shift.home.work().join("go"), "").unwrap();
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
    shift.answer(&id, "1");
    shift.wait_state(&id, "done");
    shift.ok(&["stop", &id]);
    let out = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    for part in ["one", "? Go on?", "= Yes", "two"] {
        assert!(out.contains(part), "{part} is not in {out}");
    }
}
