//! The supervisor as a user's service, with a service manager that only writes down its calls; and
//! the supervisor's log.

use crate::support::{Ran, Shift, ran};
use nightshift_testkit::wait_for;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;

/// A PATH whose only program is a `systemctl` that runs `script`; without one it is empty.
fn path(shift: &Shift, script: Option<&str>) -> PathBuf {
    let dir = shift.home.work().join("bin");
    std::fs::create_dir_all(&dir).unwrap();
    if let Some(script) = script {
        let program = dir.join("systemctl");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    }
    dir
}

fn run(shift: &Shift, path: &PathBuf, args: &[&str]) -> Ran {
    ran(shift.command(args).env("PATH", path), b"")
}

fn unit(shift: &Shift) -> PathBuf {
    shift.home.user_home().join(".config/systemd/user/nightshift.service")
}

#[test]
fn a_service_is_installed_enabled_and_taken_away_again() {
    let shift = Shift::new();
    let calls = shift.home.work().join("calls");
    let path = path(&shift, Some(&format!("echo \"$@\" >> '{}'", calls.display())));
    let out = run(&shift, &path, &["daemon", "install"]).ok(&["daemon", "install"]);
    assert!(out.starts_with("installed · ") && out.contains("enable-linger"), "{out}");
    let text = std::fs::read_to_string(unit(&shift)).unwrap();
    let home = shift.home.state();
    for line in [
        format!("ExecStart=\"{}\" daemon run", crate::support::binary().display()),
        format!("Environment=\"NIGHTSHIFT_HOME={}\"", home.display()),
        format!("StandardError=append:{}/daemon.log", home.display()),
        "KillMode=process".to_owned(),
        "WantedBy=default.target".to_owned(),
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
    let out = run(&shift, &path, &["daemon", "uninstall", "--json"]).ok(&["daemon", "uninstall"]);
    let file = unit(&shift);
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), json!({"file": file}));
    assert!(!file.exists());
    let called = std::fs::read_to_string(calls).unwrap();
    let expected = "--user daemon-reload\n--user enable --now nightshift.service\n\
                    --user disable --now nightshift.service\n--user daemon-reload\n";
    assert_eq!(called, expected);
    run(&shift, &path, &["daemon", "uninstall"])
        .failed(&["daemon", "uninstall"], &["no service is installed", "daemon install"]);
}

#[test]
fn a_supervisor_that_runs_is_left_to_its_sessions() {
    let shift = Shift::new();
    shift.shell("read x");
    let supervisor = shift.supervisor();
    let calls = shift.home.work().join("calls");
    let path = path(&shift, Some(&format!("echo \"$@\" >> '{}'", calls.display())));
    let out = run(&shift, &path, &["daemon", "install"]).ok(&["daemon", "install"]);
    assert!(out.contains("next login"), "{out}");
    let called = std::fs::read_to_string(calls).unwrap();
    assert_eq!(called, "--user daemon-reload\n--user enable nightshift.service\n");
    assert_eq!(shift.supervisor(), supervisor);
}

#[test]
fn without_a_service_manager_the_commands_are_named() {
    let shift = Shift::new();
    let path = path(&shift, None);
    let args = ["daemon", "install", "--json"];
    let out: Value = serde_json::from_str(&run(&shift, &path, &args).ok(&args)).unwrap();
    let commands = "systemctl --user daemon-reload && \
                    systemctl --user enable --now nightshift.service";
    assert_eq!(out, json!({"file": unit(&shift), "enabled": false, "run": commands}));
    assert!(unit(&shift).exists());
    let out = run(&shift, &path, &["daemon", "install"]).ok(&["daemon", "install"]);
    assert!(out.contains(commands), "{out}");
    run(&shift, &path, &["daemon", "uninstall"]).ok(&["daemon", "uninstall"]);
    assert!(!unit(&shift).exists());
}

#[test]
fn a_service_manager_that_fails_is_quoted() {
    let shift = Shift::new();
    let path = path(&shift, Some("echo 'Failed to connect to bus' >&2; exit 1"));
    let wants = unit(&shift).with_file_name("default.target.wants").join("nightshift.service");
    let file = unit(&shift).to_str().unwrap().to_owned();
    let args = ["daemon", "install"];
    run(&shift, &path, &args).failed(&args, &["Failed to connect to bus", &file, "enable --now"]);
    assert!(unit(&shift).exists());
    std::fs::create_dir_all(wants.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(unit(&shift), &wants).unwrap();
    let args = ["daemon", "uninstall"];
    run(&shift, &path, &args).failed(&args, &["Failed to connect to bus", "is removed"]);
    assert!(!unit(&shift).exists() && wants.symlink_metadata().is_err());
}

#[test]
fn a_directory_of_configuration_is_respected_and_a_missing_home_refused() {
    let shift = Shift::new();
    let path = path(&shift, None);
    let config = shift.home.work().join("config");
    let args = ["daemon", "install"];
    let mut command = shift.command(&args);
    ran(command.env("PATH", &path).env("XDG_CONFIG_HOME", &config), b"").ok(&args);
    assert!(config.join("systemd/user/nightshift.service").exists());
    let mut command = shift.command(&args);
    ran(command.env("PATH", &path).env_remove("HOME"), b"").failed(&args, &["HOME is not set"]);
    std::fs::write(shift.home.work().join("file"), "").unwrap();
    let mut command = shift.command(&args);
    command.env("PATH", &path).env("XDG_CONFIG_HOME", shift.home.work().join("file"));
    ran(&mut command, b"").failed(&args, &["cannot write", "nightshift.service"]);
}

#[test]
fn the_supervisors_log_is_printed_and_followed() {
    let shift = Shift::new();
    shift.fails(&["daemon", "logs"], &["daemon.log", "agents"]);
    let mut follow = shift.command(&["daemon", "logs", "--follow"]);
    let mut follow = follow.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follow.stdout.take().unwrap()).lines().map(Result::unwrap);
    shift.ok(&["agents"]);
    let log = shift.home.home().log_file();
    let mut first = String::new();
    wait_for("the supervisor's first words", || {
        first = shift.ok(&["daemon", "logs"]);
        (!first.is_empty()).then_some(())
    });
    let first = first.lines().next().unwrap();
    assert_eq!(lines.next().as_deref(), Some(first));
    let object: Value = {
        let out = shift.ok(&["daemon", "logs", "--json"]);
        serde_json::from_str(out.lines().next().unwrap()).unwrap()
    };
    assert_eq!(object, json!({"line": first}));
    // Another file in its place is followed from its beginning.
    std::fs::rename(&log, log.with_extension("old")).unwrap();
    std::fs::write(&log, "a new log\x1b[2J\n").unwrap();
    assert!(lines.any(|line| line == "a new log‹U+001B›[2J"));
    follow.kill().unwrap();
    follow.wait().unwrap();
}
