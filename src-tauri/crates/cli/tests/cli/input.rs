//! Bad input: one clear line and the way out, exit code 1; bad usage is exit code 2.

use crate::support::{Shift, ran};
use nightshift_testkit::wait_for;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;

#[test]
fn prompts_that_cannot_be_are_refused_before_anything_is_started() {
    let shift = Shift::new();
    let ten_mb = vec![b'x'; 10 * 1024 * 1024];
    for (stdin, parts) in [
        (&b""[..], ["prompt is empty", ";"]),
        (b" \n\t\n", ["prompt is empty", ";"]),
        (&ten_mb, ["longer than 1048576 bytes", "file"]),
        (b"red \x1b[31malert", ["U+001B", "file"]),
        (b"nul \0 byte", ["U+0000", "file"]),
        (b"\xff\xfe", ["not UTF-8", "file"]),
    ] {
        for args in [&["--bg", "--agent", "rehearsal"][..], &["--bg", "--agent", "rehearsal", "-"]]
        {
            shift.run_with_stdin(args, stdin).failed(args, &parts);
        }
    }
    shift.fails(&["--bg", ""], &["prompt is empty"]);
    shift.fails(&["--bg", "--exec", " "], &["command is empty"]);
    shift.fails(&["--bg", "--exec", "a\x07b"], &["U+0007"]);
    shift.fails(&["--bg", "--exec", "true", "--name", &"n".repeat(65)], &["65 characters", "64"]);
    shift.fails(&["daemon", "status"], &["no supervisor is running"]);
}

#[test]
fn a_long_prompt_arrives_whole() {
    let shift = Shift::new();
    let script = format!("say start\n{}done whole", "say .\n".repeat(50));
    let args = ["--bg", "--agent", "rehearsal", "--json"];
    let out = shift.run_with_stdin(&args, script.as_bytes()).ok(&args);
    let id = crate::support::id_of(&serde_json::from_str(&out).unwrap());
    assert_eq!(shift.wait_state(&id, "done")["result"], "whole");
}

#[test]
fn names_of_nothing_are_refused() {
    let shift = Shift::new();
    shift.fails(&["--bg", "--agent", "nobody", "hello"], &["nobody", "rehearsal"]);
    for verb in [
        &["logs", "ffffffff"][..],
        &["attach", "ffffffff"],
        &["stop", "ffffffff"],
        &["rm", "ffffffff"],
        &["reply", "ffffffff", "x"],
        &["answer", "ffffffff", "1"],
        &["why", "../../etc"],
        &["logs", ""],
    ] {
        shift.fails(verb, &["no session", "agents"]);
    }
}

#[test]
fn a_prefix_that_fits_two_sessions_names_both() {
    let shift = Shift::new();
    let mut ids = Vec::new();
    // Seventeen ids cannot all begin with different hex digits.
    let (prefix, fitting) = wait_for("two ids with one beginning", || {
        ids.push(shift.shell("true"));
        let fitting =
            |p: &str| ids.iter().filter(|i| i.starts_with(p)).cloned().collect::<Vec<_>>();
        let prefix = &ids.last()?[..1];
        let both = fitting(prefix);
        (both.len() == 2).then(|| (prefix.to_owned(), both))
    });
    shift.fails(&["logs", &prefix], &[&fitting[0], &fitting[1]]);
    shift.ok(&["logs", &fitting[0]]);
}

#[test]
fn directories_that_cannot_be_worked_in_are_refused() {
    let shift = Shift::new();
    let file = shift.home.work().join("file");
    std::fs::write(&file, "").unwrap();
    let bg = |dir: &str| ["--bg", "--exec", "true", "--cwd", dir].map(str::to_owned);
    for (dir, why) in [
        ("/no/such/place", "does not exist"),
        ("gone", "does not exist"),
        (file.to_str().unwrap(), "is not a directory"),
    ] {
        let args = bg(dir);
        shift.fails(&args.each_ref().map(String::as_str), &[dir, why, "--cwd"]);
    }
    let script = format!(
        "mkdir here && cd here && rmdir ../here && exec '{}' --bg --exec true",
        crate::support::binary().display()
    );
    let mut shell = shift.home.command(std::path::Path::new("/bin/sh"));
    ran(shell.args(["-c", &script]), b"").failed(&["--bg"], &["current directory is gone"]);
}

/// Root reads everything, so another user asks.
#[test]
fn a_directory_that_is_not_readable_is_refused() {
    const NOBODY: u32 = 65_534;
    let shift = Shift::new();
    let dir = shift.home.work().join("closed");
    std::fs::create_dir(&dir).unwrap();
    let mut command = shift.command(&["--bg", "--exec", "true", "--cwd", "closed"]);
    if rustix::process::geteuid().is_root() {
        chown(shift.home.work().parent().unwrap(), Some(NOBODY), Some(NOBODY)).unwrap();
        command.uid(NOBODY).gid(NOBODY);
    }
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o000)).unwrap();
    ran(&mut command, b"").failed(&["--bg"], &["closed", "not readable", "--cwd"]);
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn bad_usage_is_exit_code_2() {
    let shift = Shift::new();
    for args in [
        &["frobnicate"][..],
        &["--frob"],
        &["agents", "extra"],
        &["logs"],
        &["answer", "x"],
        &["--exec", "true"],
        &["--bg", "--exec", "true", "and a prompt"],
        &["--bg", "--exec", "true", "--agent", "rehearsal"],
        &["daemon"],
        &[],
    ] {
        let ran = shift.run(args);
        assert_eq!(ran.code, Some(2), "{args:?}: {ran:?}");
        assert!(!ran.err.is_empty() && ran.out.is_empty(), "{args:?}: {ran:?}");
    }
}
