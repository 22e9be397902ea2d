//! Finding, starting and ending the supervisor.

use crate::support::{Shift, fields};
use nightshift_platform::process::Liveness3;
use serde_json::Value;
use std::process::Stdio;

#[test]
fn status_says_what_runs_and_fails_when_nothing_does() {
    let shift = Shift::new();
    for args in [&["daemon", "status"][..], &["daemon", "status", "--json"]] {
        shift.fails(args, &["no supervisor is running", "daemon run"]);
    }
    shift.shell("read x");
    let status = shift.json(&["daemon", "status", "--json"]);
    let expected = [
        "connected",
        "gone",
        "heartbeatAt",
        "memoryKib",
        "nextDue",
        "notices",
        "pid",
        "protocol",
        "schedulesPaused",
        "sessions",
        "socket",
        "startedAt",
        "unknown",
        "version",
    ];
    assert_eq!(fields(&status), expected);
    assert!(status["memoryKib"].as_u64().unwrap() > 500, "{status}");
    let beat = status["heartbeatAt"].as_u64().unwrap();
    assert!(beat >= status["startedAt"].as_u64().unwrap(), "{status}");
    assert_eq!(status["notices"], 0);
    assert_eq!(status["sessions"], 1);
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    let socket = shift.home.home().supervisor_socket();
    assert_eq!(status["socket"], socket.to_str().unwrap());
    assert!(shift.ok(&["daemon", "status"]).contains("1 live session"));
}

#[test]
fn many_clients_at_once_start_one_supervisor() {
    let shift = Shift::new();
    let spawn = |n: u32| {
        let name = format!("job {n}");
        let mut command = shift.command(&["--bg", "--exec", "read x", "--name", &name]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = (0..12).map(spawn).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let all: Value = shift.json(&["agents", "--json"]);
    assert_eq!(all.as_array().unwrap().len(), 12);
    let supervisors = shift.home.processes().iter().filter(|p| is_supervisor(p.pid)).count();
    assert_eq!(supervisors, 1);
}

fn is_supervisor(pid: u32) -> bool {
    let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    words.split(|&b| b == 0).any(|word| word == b"daemon")
}

#[test]
fn a_second_supervisor_is_refused() {
    let shift = Shift::new();
    shift.ok(&["agents"]);
    let ran = shift.run(&["daemon", "run"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("running already"), "{ran:?}");
}

#[test]
fn an_idle_supervisor_stops_without_more_words() {
    let shift = Shift::new();
    shift.ok(&["agents"]);
    let supervisor = shift.supervisor();
    assert!(shift.ok(&["daemon", "stop"]).starts_with("stopped"));
    assert_eq!(supervisor.liveness(), Liveness3::Gone);
    assert!(!shift.home.home().supervisor_socket().exists());
    shift.fails(&["daemon", "stop"], &["no supervisor is running"]);
}

#[test]
fn what_a_dead_supervisor_left_is_no_obstacle() {
    let shift = Shift::new();
    shift.ok(&["agents"]);
    shift.kill_supervisor();
    assert!(shift.home.home().supervisor_socket().exists());
    assert!(shift.home.home().lock_file().exists());
    shift.ok(&["agents"]);
}

#[test]
fn a_home_too_long_for_a_socket_is_refused_with_the_way_out() {
    let shift = Shift::new();
    let long = shift.home.work().join("x".repeat(100));
    for args in [&["agents"][..], &["daemon", "run"], &["daemon", "status"]] {
        let mut command = shift.command(args);
        let ran = crate::support::ran(command.env("NIGHTSHIFT_HOME", &long), b"");
        ran.failed(args, &["socket path", "NIGHTSHIFT_HOME", "107"]);
    }
    assert!(!long.exists());
}

#[test]
fn a_relative_home_means_the_same_place_for_all() {
    let shift = Shift::new();
    let run = |args: &[&str]| {
        let mut command = shift.command(args);
        command.env("NIGHTSHIFT_HOME", "../n");
        crate::support::ran(&mut command, b"").ok(args)
    };
    run(&["--bg", "--exec", "read x"]);
    let status: Value = serde_json::from_str(&run(&["daemon", "status", "--json"])).unwrap();
    assert_eq!(status["sessions"], 1);
    run(&["daemon", "stop", "--any"]);
}

#[test]
fn a_supervisor_and_sessions_started_inside_a_session_outlive_it() {
    let shift = Shift::new();
    let nightshift = crate::support::binary().display();
    let id = shift.shell(&format!(
        "'{nightshift}' daemon status; while ! [ -e go ]; do sleep 0.01; done; \
         '{nightshift}' agents > part; mv part started; read x"
    ));
    shift.wait_log(&id, "running");
    shift.kill_supervisor();
    std::fs::write(shift.home.work().join("go"), "").unwrap();
    // Nothing is asked from outside meanwhile: that would start a supervisor there.
    let started = shift.home.work().join("started");
    nightshift_testkit::wait_until("the inner supervisor", || started.exists());
    let inner = shift.shell("read x");
    let pid = shift.wait_entry(&inner, "its process", |e| e["pid"].is_u64())["pid"].clone();
    let before = shift.supervisor();
    shift.ok(&["stop", &id]);
    assert_eq!(shift.supervisor(), before, "the supervisor was ended with the session");
    assert_eq!(shift.entry(&inner)["pid"], pid, "the inner session was ended");
    shift.ok(&["stop", &inner]);
}
