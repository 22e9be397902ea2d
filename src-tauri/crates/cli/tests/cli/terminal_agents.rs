//! Agents in their own terminals: dispatched, asked, answered from the shell, attached, resumed, by a
//! small program that speaks hooks, and by one that only tells its terminal.

use crate::support::{Shift, id_of, ran};
use nightshift_testkit::{tui, wait_until};
use serde_json::Value;

/// A shift whose PATH has the program under this name.
fn with_program(name: &str) -> Shift {
    let shift = Shift::new();
    shift.agent_program(name, tui::SCRIPT);
    shift
}

fn run(shift: &Shift, args: &[&str]) -> String {
    let mut command = shift.command(args);
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", shift.home.work().display()));
    ran(&mut command, b"").ok(args)
}

fn dispatch(shift: &Shift, agent: &str, prompt: &str) -> String {
    let out = run(shift, &["--bg", "--json", "--agent", agent, prompt]);
    id_of(&serde_json::from_str(&out).unwrap())
}

fn result(shift: &Shift, id: &str, wanted: &str) -> Value {
    shift.wait_entry(id, wanted, |entry| entry["result"] == wanted)
}

#[test]
fn its_hooks_tell_what_it_does_and_its_terminal_takes_replies() {
    let shift = with_program("claude");
    let id = dispatch(&shift, "claude-tui", "look around");
    let entry = result(&shift, &id, "did look around");
    assert_eq!(entry["state"], "done");
    assert_eq!(entry["agent"], "claude-tui");
    assert!(entry["pid"].is_u64(), "its process stays");
    let why = shift.ok(&["why", &id]);
    assert!(why.contains("hook") && why.contains("the turn ended"), "{why}");

    let target = shift.json(&["attach", &id, "--json"]);
    assert_eq!(target["type"], "terminal", "{target}");
    shift.ok(&["reply", &id, "and the docs"]);
    result(&shift, &id, "did and the docs");
    assert!(shift.ok(&["logs", &id]).contains("did look around"));

    // A reply that comes during a turn waits for its end.
    shift.ok(&["reply", &id, "slow one"]);
    shift.wait_entry(&id, "its tool", |e| e["line"] == "Bash: wait");
    shift.ok(&["reply", &id, "after it"]);
    shift.kill_supervisor();
    std::fs::write(shift.home.work().join("go.txt"), "").unwrap();
    result(&shift, &id, "did after it");
    let log = shift.ok(&["logs", &id]);
    let at = |words: &str| log.rfind(words).unwrap_or_else(|| panic!("{words} is not in {log}"));
    assert!(at("did slow one") < at("did after it"), "{log}");

    shift.ok(&["reply", &id, "fail now"]);
    let entry = shift.wait_state(&id, "failed");
    assert_eq!(
        (&entry["trouble"], &entry["error"]),
        (&"usage_limit".into(), &"limit reached".into())
    );
}

#[test]
fn a_permission_is_answered_from_the_shell_over_the_death_of_a_supervisor() {
    let shift = with_program("claude");
    let id = dispatch(&shift, "claude-tui", "ask first");
    let entry = shift.wait_state(&id, "blocked");
    assert_eq!(entry["waitingFor"], "permission prompt");
    assert_eq!(entry["pending"]["question"], "Bash: touch allowed.txt");
    let kinds: Vec<_> = entry["pending"]["options"].as_array().unwrap().iter().collect();
    assert_eq!(kinds.len(), 3, "{entry}");
    shift.kill_supervisor();
    assert_eq!(shift.wait_state(&id, "blocked")["pending"], entry["pending"]);
    shift.answer(&id, "allow");
    result(&shift, &id, "allowed");
    assert!(shift.home.work().join("allowed.txt").exists());

    shift.ok(&["reply", &id, "ask again"]);
    shift.wait_state(&id, "blocked");
    shift.answer(&id, "2");
    result(&shift, &id, "always allowed");
    shift.ok(&["reply", &id, "ask once more"]);
    shift.wait_state(&id, "blocked");
    shift.answer(&id, "deny");
    result(&shift, &id, "denied");
}

#[test]
fn one_that_was_stopped_goes_on_with_its_own_session() {
    let shift = with_program("claude");
    let id = dispatch(&shift, "claude-tui", "one");
    result(&shift, &id, "did one");
    shift.ok(&["stop", &id]);
    run(&shift, &["reply", &id, "two"]);
    result(&shift, &id, "did two");
    let log = shift.ok(&["logs", &id]);
    assert!(log.contains("new tui-") && log.contains("resumed tui-"), "{log}");
    // Quitting it in its terminal is no failure.
    shift.ok(&["reply", &id, "quit"]);
    shift.wait_entry(&id, "its end", |e| e["pid"].is_null());
    assert_eq!(shift.entry(&id)["state"], "stopped");
}

#[test]
fn one_without_hooks_is_read_by_what_it_tells_its_terminal() {
    let shift = with_program("plain-tui");
    let settings = "[agent_servers.plain]\ncommand = \"plain-tui\"\n\
                    nightshift = { title = \"Plain\", protocol = \"terminal\" }\n";
    let file = shift.ok(&["settings", "path"]);
    let file = std::path::Path::new(file.trim());
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, settings).unwrap();
    let id = dispatch(&shift, "plain", "look around");
    let idle = shift.wait_entry(&id, "its prompt", |e| {
        e["status"] == "idle" && shift.ok(&["logs", &id]).contains("did look around")
    });
    assert_eq!(idle["state"], "done");
    let why = shift.ok(&["why", &id]);
    assert!(why.contains("terminal") && why.contains("waits for what is entered"), "{why}");

    shift.ok(&["reply", &id, "ask me"]);
    let entry = shift.wait_state(&id, "blocked");
    assert_eq!(entry["pending"]["question"], "May I touch allowed.txt?");
    shift.answer(&id, "yes");
    wait_until("the answer's effect", || shift.home.work().join("allowed.txt").exists());
    shift.wait_entry(&id, "its prompt", |e| e["status"] == "idle");
    let views = shift.json(&["agents", "--registry", "--json"]);
    let plain = views.as_array().unwrap().iter().find(|a| a["id"] == "plain").unwrap();
    assert_eq!(plain["surface"], "terminal");
    shift.fails(&["open", &id, "--conversation"], &["one way only"]);
}
