//! What scripts rely on: fields and words of each verb's output.

use crate::support::{Shift, fields, id_of};
use serde_json::{Value, json};

#[test]
fn dispatch_prints_one_object_or_a_line_and_the_next_commands() {
    let shift = Shift::new();
    let dispatched = shift.json(&["--bg", "--exec", "true", "--name", "quick one", "--json"]);
    assert_eq!(fields(&dispatched), ["id", "name", "sessionId"]);
    let id = id_of(&dispatched);
    assert!(id.len() == 8 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    assert!(dispatched["sessionId"].as_str().unwrap().starts_with(&id));
    assert_eq!(dispatched["name"], "quick one");
    let out = shift.ok(&["--bg", "--exec", "true", "--name", "second"]);
    let mut lines = out.lines();
    let first: Vec<&str> = lines.next().unwrap().split(" · ").collect();
    assert_eq!((first[0], first[2]), ("backgrounded", "second"));
    for verb in ["attach", "logs", "stop"] {
        let line = lines.next().unwrap();
        assert!(line.contains(&format!("nightshift {verb} {}", first[1])), "{line}");
    }
}

#[test]
fn a_shell_job_is_listed_while_it_lives_and_after_with_all() {
    let shift = Shift::new();
    let id = shift.shell("echo out; read line; exit 3");
    let entry = shift.wait_entry(&id, "busy", |entry| entry["status"] == "busy");
    assert_eq!(entry["kind"], "background");
    assert_eq!(entry["template"], "shell");
    assert_eq!(entry["state"], "working");
    assert_eq!(entry["cwd"], shift.home.work().to_str().unwrap());
    assert!(entry["startedAt"].as_u64().unwrap() > 1_700_000_000_000);
    assert!(entry["pid"].as_u64().unwrap() > 0);
    assert_eq!(entry.get("exitCode"), None);
    assert_eq!(shift.json(&["agents", "--json"]).as_array().unwrap().len(), 1);
    shift.ok(&["stop", &id]);
    let entry = shift.entry(&id);
    assert_eq!(entry["state"], "stopped");
    assert_eq!((entry.get("pid"), entry.get("status")), (None, None));
    assert_eq!(shift.json(&["agents", "--json"]), json!([]));
}

#[test]
fn the_exit_code_decides_between_done_and_failed() {
    let shift = Shift::new();
    for (command, state, code) in [
        ("exit 0", "done", 0),
        ("echo sorry; exit 7", "failed", 7),
        ("no-such-command-at-all", "failed", 127),
    ] {
        let entry = shift.wait_entry(&shift.shell(command), "its end", |e| e["exitCode"] == code);
        assert_eq!(entry["state"], state, "{command}");
        let said = if state == "done" { "result" } else { "error" };
        assert!(entry[said].is_string(), "{command}: {entry}");
    }
}

#[test]
fn logs_give_text_raw_bytes_and_everything_until_the_end() {
    let shift = Shift::new();
    let id = shift.shell(r"printf '\033[31mred\033[0m\n'; read x; echo got $x");
    shift.wait_log(&id, "red");
    assert_eq!(shift.ok(&["logs", &id]).trim(), "red");
    assert!(shift.ok(&["logs", &id, "--raw"]).contains("\u{1b}[31mred"));
    let page: Value = shift.json(&["logs", &id, "--json"]);
    assert_eq!((page["end"].as_bool(), page["ended"].as_bool()), (Some(true), Some(false)));
    shift.ok(&["stop", &id]);
    let numbers = shift.shell("i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo n$i; done");
    let all = shift.ok(&["logs", "--follow", &numbers]);
    let got: Vec<&str> = all.lines().filter(|line| !line.is_empty()).collect();
    let expected: Vec<String> = (1..=2000).map(|n| format!("n{n}")).collect();
    assert_eq!(got, expected);
}

#[test]
fn a_session_runs_with_the_environment_and_directory_of_its_dispatcher() {
    let shift = Shift::new();
    shift.ok(&["agents"]);
    let sub = shift.home.work().join("deep er");
    std::fs::create_dir(&sub).unwrap();
    let mut command = shift.command(&[
        "--bg",
        "--json",
        "--cwd",
        "deep er",
        "--exec",
        "pwd; echo [$MINE] [$NIGHTSHIFT_SECRET] [${NIGHTSHIFT_HOME:+home}]",
    ]);
    command.env("MINE", "a b").env("NIGHTSHIFT_SECRET", "no");
    let ran = crate::support::ran(&mut command, b"");
    let id = id_of(&serde_json::from_str(&ran.ok(&["--bg"])).unwrap());
    let log = shift.wait_log(&id, "[home]");
    assert!(log.contains(sub.to_str().unwrap()), "{log}");
    assert!(log.contains("[a b] [] [home]"), "{log}");
    let listed = |dir: &str| shift.json(&["agents", "--all", "--json", "--cwd", dir]);
    assert_eq!(listed("deep er").as_array().unwrap().len(), 1);
    assert_eq!(listed(".").as_array().unwrap().len(), 1);
    // The beginning of its name is another directory.
    std::fs::create_dir(shift.home.work().join("deep")).unwrap();
    assert_eq!(listed("deep").as_array().unwrap().len(), 0);
}

#[test]
fn sessions_are_renamed_pinned_explained_and_removed() {
    let shift = Shift::new();
    let id = shift.shell("read x");
    assert_eq!(shift.json(&["rename", &id, "new name", "--json"])["name"], "new name");
    // An exact name is as good as an id.
    assert_eq!(shift.json(&["pin", "new name", "--json"])["pinned"], true);
    assert_eq!(shift.json(&["pin", "--off", &id[..6], "--json"])["pinned"], false);
    let why = shift.json(&["why", &id, "--json"]);
    assert_eq!(why[0]["state"], "starting");
    assert!(shift.ok(&["why", &id]).contains("dispatched"));
    assert_eq!(shift.json(&["rm", &id, "--json"]), json!({"id": id, "removed": true}));
    assert_eq!(shift.entry(&id), Value::Null);
    assert!(!shift.job(&id).exists());
    shift.fails(&["logs", &id], &[&id]);
}

#[test]
fn the_table_is_plain_where_no_terminal_reads_it() {
    let shift = Shift::new();
    assert!(shift.ok(&["agents"]).starts_with("no sessions"));
    let id = shift.shell("printf '\\033]0;owned\\007 hostile\\033[2J\\n'; read x");
    shift.wait_log(&id, "hostile");
    let out = shift.ok(&["agents"]);
    assert!(out.starts_with("ID") && out.contains(&id), "{out}");
    assert!(!out.chars().any(|c| c.is_control() && c != '\n'), "{out:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let shift = Shift::new();
    let id = shift.shell("seq 1 100000");
    shift.wait_state(&id, "done");
    let script = format!("'{}' logs {id} | head -n 1", crate::support::binary().display());
    let mut shell = shift.home.command(std::path::Path::new("/bin/sh"));
    let ran = crate::support::ran(shell.args(["-c", &script]), b"");
    assert_eq!((ran.out.trim(), ran.err.as_str()), ("1", ""));
}
