//! Words that help: a next command that works, and nothing that is not so.

use crate::clone::Clone;
use crate::support::{Shift, ran};
use nightshift_platform::process::signal;
use nightshift_testkit::wait_until;
use serde_json::Value;
use std::os::unix::fs::symlink;

const SIGSTOP: i32 = 19;

#[test]
fn json_may_stand_before_the_verb() {
    let shift = Shift::new();
    for args in
        [&["--json", "agents"][..], &["--json", "worktrees"], &["--json", "daemon", "status"]]
    {
        let out = shift.ok(args);
        assert!(serde_json::from_str::<Value>(&out).is_ok(), "{args:?}: {out}");
    }
}

#[test]
fn a_verb_of_other_programs_leads_to_ours() {
    let shift = Shift::new();
    for word in ["list", "ls", "status", "ps", "agnets"] {
        let run = shift.run(&[word]);
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.err.contains("did you mean `nightshift agents`?"), "{run:?}");
    }
    let run = shift.run(&["fix the login"]);
    assert!(run.err.contains("to start an agent: --bg") && !run.err.contains("did you mean"));
}

#[test]
fn what_brings_along_nothing_is_not_said_to_be_trusted() {
    let clone = Clone::new();
    let plain = clone.lab.display().to_string();
    for dir in [&plain, &clone.root.display().to_string()] {
        clone.shift.fails(&["trust", "add", dir], &[dir, "nothing to trust"]);
    }
    assert!(clone.shift.ok(&["trust"]).contains("no repository is trusted"));
    // A directory of no repository that brings something along is another matter.
    std::fs::write(clone.lab.join(".mcp.json"), r#"{"mcpServers":{"a":{"command":"x"}}}"#).unwrap();
    assert!(clone.shift.ok(&["trust", "add", &plain]).contains("trusted · "));
}

#[test]
fn a_setup_that_is_a_link_is_said_not_to_run() {
    for committed in [true, false] {
        let clone = Clone::new();
        std::fs::create_dir(clone.root.join(".nightshift")).unwrap();
        symlink("/bin/true", clone.root.join(".nightshift/setup")).unwrap();
        if committed {
            clone.commit();
        }
        let shown = clone.run(&["trust", "show"]);
        assert!(shown.contains(".nightshift/setup is not run: it is a symbolic link"), "{shown}");
        assert!(shown.contains("brings along nothing that runs"), "{shown}");
    }
}

#[test]
fn what_is_too_long_for_any_command_is_not_offered_to_be_trusted() {
    let clone = Clone::new();
    let shift = &clone.shift;
    // More than five megabytes in what agents take up.
    for n in 0..12 {
        let text = format!("---\nhooks: x\n---\n{}", "x\n".repeat(250_000));
        clone.write(&format!(".claude/agents/a{n}.md"), &text);
    }
    clone.commit();
    let id = clone.dispatch(&[], "done hi");
    let entry = clone.waits(&id);
    let add = shift.run(&["trust", "add", &clone.root.display().to_string()]);
    assert!(add.err.contains("cannot be trusted"), "{add:?}");
    let shown = shift.ok(&["logs", &id]);
    assert!(shown.contains("It is too long to be trusted") && !shown.contains("prints"), "{shown}");
    let unshown = entry["pending"]["unshownBytes"].as_u64().unwrap_or(0);
    assert!(unshown < 12 * 500_040, "more than there is: {unshown}");
    clone.answer(&id, "deny");
    shift.wait_state(&id, "done");
}

#[test]
fn a_supervisor_that_stands_still_is_called_that() {
    let shift = Shift::new();
    shift.ok(&["agents"]);
    let supervisor = shift.supervisor();
    signal(&supervisor, SIGSTOP).unwrap();
    let told = shift.run(&["agents"]);
    signal(&supervisor, nightshift_platform::signals::SIGCONT).unwrap();
    let pid = supervisor.pid.to_string();
    let go_on = format!("kill -CONT {pid}");
    assert!(!told.err.contains("no nightshift"), "{told:?}");
    told.failed(&["agents"], &["is stopped or busy", &pid, &go_on]);
    shift.ok(&["agents"]);
}

#[test]
fn a_supervisor_that_is_refused_says_so_once() {
    let shift = Shift::new();
    shift.ok(&["agents"]);
    let run = shift.run(&["daemon", "run"]);
    assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{run:?}");
    assert_eq!(run.err.matches("is running already").count(), 1, "{run:?}");
}

#[test]
fn a_session_that_may_not_stop_itself_is_not_told_of_another() {
    let shift = Shift::new();
    let nightshift = crate::support::binary().display();
    let id = shift.shell(&format!("'{nightshift}' stop $NIGHTSHIFT_SESSION_ID; read x"));
    let log = shift.wait_log(&id, "only the user may");
    let folded = log.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(folded.contains("may not stop a session"), "{log}");
    assert!(!folded.contains("another session"), "{log}");
}

#[test]
fn another_runtime_directory_names_a_process_or_none() {
    let shift = Shift::new();
    let (state, here, there) =
        (shift.home.work().join("s"), shift.home.work().join("a"), shift.home.work().join("b"));
    for dir in [&state, &here, &there] {
        std::fs::create_dir(dir).unwrap();
    }
    let run = |runtime: &std::path::Path, args: &[&str]| {
        let mut command = shift.command(args);
        command.env_remove("NIGHTSHIFT_HOME").env("XDG_STATE_HOME", &state);
        ran(command.env("XDG_RUNTIME_DIR", runtime), b"")
    };
    run(&here, &["--bg", "--exec", "read x"]).ok(&["--bg"]);
    let told = run(&there, &["agents"]);
    assert!(!told.err.contains("<pid>"), "{told:?}");
    run(&here, &["daemon", "stop", "--any"]).ok(&["daemon", "stop"]);
    wait_until("its end", || run(&here, &["daemon", "status"]).code != Some(0));
}
