//! What the user allows for good is a rule: it holds for exactly that, is listed, and can be revoked.

use crate::support::{Shift, kill};
use serde_json::Value;

const ALWAYS: &str = "2";

fn rules(shift: &Shift) -> Vec<Value> {
    shift.json(&["permissions", "--json"]).as_array().unwrap().clone()
}

/// A session that asked for `command`, was answered "always" and is done.
fn allowed_always(shift: &Shift, command: &str) -> String {
    let id = shift.agent(&format!("run {command}\ndone once"));
    shift.wait_state(&id, "blocked");
    shift.answer(&id, ALWAYS);
    shift.wait_state(&id, "done");
    id
}

#[test]
fn an_always_holds_in_other_sessions_for_exactly_that_command_until_it_is_revoked() {
    let shift = Shift::new();
    let first = allowed_always(&shift, "echo fine");
    let [rule] = &rules(&shift)[..] else { panic!("{:?}", rules(&shift)) };
    assert_eq!(rule["session"], first.as_str());
    assert_eq!(rule["verdict"], "allow");
    assert_eq!(rule["agent"], "rehearsal");
    assert_eq!(rule["subject"]["tool"], "execute");
    assert_eq!(rule["subject"]["what"], "echo fine");
    let rule = rule["id"].as_str().unwrap();
    let listed = shift.ok(&["permissions"]);
    assert!(listed.contains("allow · execute · echo fine"), "{listed}");

    let second = shift.agent("run echo fine\ndone unasked");
    assert_eq!(shift.wait_state(&second, "done")["result"], "unasked");
    let why = shift.ok(&["why", &second]);
    let told = format!("allowed by rule {rule} from session {first}: Run: echo fine");
    assert!(why.contains(&told), "{why}");
    assert!(!why.contains("needs_input"), "it never waited: {why}");

    for other in ["echo fine too", "echo  fine", "echo fine; true"] {
        let third = shift.agent(&format!("run {other}\ndone asked"));
        shift.wait_state(&third, "blocked");
        shift.answer(&third, "deny");
        shift.wait_state(&third, "done");
    }

    shift.run(&["permissions", "revoke", "zz"]).failed(&["revoke"], &["nightshift permissions"]);
    shift.ok(&["permissions", "revoke", &rule[..6]]);
    assert_eq!(rules(&shift), Vec::<Value>::new());
    let fourth = shift.agent("run echo fine\ndone asked");
    shift.wait_state(&fourth, "blocked");
}

#[test]
fn an_always_holds_for_an_agent_that_forgot_it_and_over_the_death_of_the_supervisor() {
    let shift = Shift::new();
    let id = shift.agent("run echo fine\nwait 0.2\ndone once");
    shift.wait_state(&id, "blocked");
    shift.answer(&id, ALWAYS);
    // The rule is durable once the answer was taken.
    shift.kill_supervisor();
    shift.wait_state(&id, "done");
    assert_eq!(rules(&shift).len(), 1);
    // A new process of the rehearsal agent remembers no permission.
    kill(&shift.host(&id));
    shift.wait_entry(&id, "its process to be gone", |entry| entry["pid"].is_null());
    shift.ok(&["reply", &id, "run echo fine\ndone again"]);
    shift.wait_entry(&id, "the second result", |entry| entry["result"] == "again");
    let why = shift.ok(&["why", &id]);
    assert!(why.contains("allowed by rule"), "{why}");
}

#[test]
fn security_04_what_is_not_shown_whole_takes_the_typed_word() {
    let shift = Shift::new();
    let command = format!("echo {} > /dev/null; echo the end", "a".repeat(70_000));
    let id = shift.agent(&format!("run {command}\ndone through"));
    let pending = shift.wait_state(&id, "blocked")["pending"].clone();
    assert!(pending["unshownBytes"].as_u64().unwrap() > 0, "{}", pending["unshownBytes"]);
    assert!(!pending["detail"].as_str().unwrap().contains("the end"));
    let kinds: Vec<&str> =
        pending["options"].as_array().unwrap().iter().filter_map(|o| o["kind"].as_str()).collect();
    assert!(!kinds.contains(&"allow_always"), "{kinds:?}");
    for number in 1..=kinds.len() {
        if kinds[number - 1].starts_with("allow") {
            shift
                .run(&["answer", &id, "--request", &shift.request(&id), &number.to_string()])
                .failed(&["answer"], &["bytes", "allow"]);
        }
    }
    assert_eq!(shift.entry(&id)["state"], "blocked");
    shift.answer(&id, "allow");
    assert_eq!(shift.wait_state(&id, "done")["result"], "through");
    assert_eq!(rules(&shift), Vec::<Value>::new());

    let id = shift.agent(&format!("run {command}\ndone refused"));
    shift.wait_state(&id, "blocked");
    shift.answer(&id, "deny");
    shift.wait_state(&id, "done");
}

#[test]
fn security_16_a_request_and_a_list_show_what_is_invisible() {
    let shift = Shift::new();
    let id = shift.agent("run echo a\u{202e}b\u{200b}\ndone ok");
    let pending = shift.wait_state(&id, "blocked")["pending"].clone();
    let seen = "echo a‹U+202E›b‹U+200B›";
    assert_eq!(pending["question"], format!("Run: {seen}"));
    for listed in [shift.ok(&["agents"]), shift.ok(&["why", &id]), shift.ok(&["logs", &id])] {
        assert!(!listed.contains(['\u{202e}', '\u{200b}']), "{listed:?}");
    }
    assert!(shift.ok(&["agents"]).contains(seen));
    shift.ok(&["rename", &id, "x\u{2066}y"]);
    assert!(shift.ok(&["agents"]).contains("x‹U+2066›y"));
    shift.answer(&id, "deny");
}

/// One process of the agent all the time: what was always allowed is asked about again once it is revoked.
#[test]
fn an_always_allows_no_other_command_in_its_own_process_and_ends_when_it_is_revoked() {
    let shift = Shift::new();
    let id = shift.agent("run echo fine\nrun echo fine\nrun echo other\ndone first");
    shift.wait_state(&id, "blocked");
    let option = &shift.entry(&id)["pending"]["options"][1];
    assert_eq!(option["label"], "Always allow this command", "{option}");
    shift.answer(&id, ALWAYS);
    let asks = |command: &str| {
        let waits =
            |e: &Value| e["state"] == "blocked" && e["pending"].to_string().contains(command);
        shift.wait_entry(&id, command, waits);
    };
    asks("echo other");
    shift.answer(&id, "deny");
    shift.wait_state(&id, "done");
    let process = shift.entry(&id)["pid"].clone();
    let [rule] = &rules(&shift)[..] else { panic!("{:?}", rules(&shift)) };
    assert_eq!(rule["subject"]["what"], "echo fine");
    shift.ok(&["permissions", "revoke", rule["id"].as_str().unwrap()]);
    shift.ok(&["reply", &id, "run echo fine\ndone second"]);
    asks("echo fine");
    assert_eq!(shift.entry(&id)["pid"], process, "it was started again");
}
