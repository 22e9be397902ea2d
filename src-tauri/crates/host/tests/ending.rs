//! Ends of sessions: every descendant goes, whatever it did to get away; grace is kept.

mod support;

use nightshift_platform::clock;
use nightshift_platform::process::{Liveness3, signal};
use nightshift_platform::signals::SIGTERM;
use nightshift_protocol::{HostEvent, HostRequest, RecordKind};
use std::time::Duration;
use support::{Host, Terminal, launch, pipe, shell, until};

/// Escapes: a session of its own, a double fork, deaf to polite signals, and one that keeps
/// forking.
const ESCAPES: &str = "\
    setsid sleep 1000 & \
    (setsid sh -c 'sleep 1001 & sleep 1002 & wait' &) ; \
    (trap '' TERM HUP INT; setsid sh -c 'trap \"\" TERM HUP INT; while :; do sleep 1003; done' &) ; \
    (setsid sh -c 'while :; do sleep 0.05; done' &) ; \
    echo escaped; ";

fn escaped(host: &Host) {
    until("the descendants run", || host.processes().len() >= 6);
}

#[test]
fn a_stop_leaves_no_descendant_on_a_terminal() {
    let mut host = Host::ready(shell(&format!("{ESCAPES} cat")));
    escaped(&host);
    let mut client = host.connect();
    client.send(&HostRequest::Stop { grace_ms: 300 });
    client.exited();
    assert_eq!(host.processes(), []);
    host.wait_exit();
}

#[test]
fn a_stop_leaves_no_descendant_on_pipes() {
    let mut host = Host::ready(pipe(&format!("{ESCAPES} cat")));
    escaped(&host);
    let (mut client, mut second) = (host.connect(), host.connect());
    client.send(&HostRequest::Stop { grace_ms: 300 });
    second.send(&HostRequest::Stop { grace_ms: 1 });
    let exit = client.exited();
    // The end of its input was enough for the agent itself.
    assert_eq!(exit.code, Some(0));
    second.exited();
    assert_eq!(host.processes(), []);
    host.wait_exit();
}

#[test]
fn what_a_job_leaves_behind_ends_with_it() {
    let mut host = Host::ready(shell(&format!("{ESCAPES} sleep 0.3; exit 5")));
    assert_eq!(host.wait_exit().code, Some(5));
    assert_eq!(host.processes(), []);
}

#[test]
fn a_child_that_ends_when_asked_is_not_killed() {
    let script = "trap 'echo asked; exit 9' TERM HUP; echo ready; while :; do sleep 0.05; done";
    let mut host = Host::ready(shell(script));
    let (mut client, mut terminal) = (host.connect(), Terminal::new());
    client.attach();
    client.watch_until(&mut terminal, |t| t.text().contains("ready"));
    client.send(&HostRequest::Stop { grace_ms: 20_000 });
    client.watch_until(&mut terminal, |t| t.text().contains("asked"));
    assert_eq!(host.wait_exit().code, Some(9));
}

#[test]
fn a_child_that_does_not_listen_is_killed_after_its_grace() {
    let mut host = Host::ready(shell("trap '' TERM HUP; echo ready; while :; do sleep 0.05; done"));
    let (mut client, mut terminal) = (host.connect(), Terminal::new());
    client.attach();
    client.watch_until(&mut terminal, |t| t.text().contains("ready"));
    let start = clock::monotonic();
    client.send(&HostRequest::Stop { grace_ms: 400 });
    assert_eq!(host.wait_exit().signal, Some(9));
    assert!(clock::monotonic() - start >= Duration::from_millis(400), "no grace was given");
}

#[test]
fn an_interactive_shell_and_its_foreground_job_end() {
    let mut host = Host::ready(launch(nightshift_protocol::LaunchKind::Pty, &["sh", "-i"]));
    let (mut client, mut terminal) = (host.connect(), Terminal::new());
    client.attach();
    client.keys("echo a''b; sleep 1000\r");
    // Typed before the prompt came, its output stands behind the prompt.
    client.watch_until(&mut terminal, |t| t.text().contains("ab"));
    // Before that it has no group of its own that could be asked to end.
    let is_sleep = |pid: u32| {
        std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|words| words.starts_with(b"sleep"))
    };
    until("the job runs", || host.processes().iter().any(|process| is_sleep(process.pid)));
    client.send(&HostRequest::Stop { grace_ms: 20_000 });
    host.wait_exit();
    assert_eq!(host.processes(), []);
}

#[test]
fn a_stopped_process_is_woken_to_end() {
    let mut host = Host::ready(shell("trap 'exit 4' TERM; echo ready; kill -STOP $$; sleep 1000"));
    until("it runs", || host.records().iter().any(|r| r.kind == RecordKind::Out));
    let mut client = host.connect();
    client.send(&HostRequest::Stop { grace_ms: 20_000 });
    let exit = host.wait_exit();
    assert!(exit.code == Some(4) || exit.signal == Some(1), "{exit:?}");
}

#[test]
fn signals_reach_the_childs_group() {
    let host =
        Host::ready(shell("trap 'echo got it' USR1; echo ready; while :; do sleep 0.02; done"));
    let (mut client, mut terminal) = (host.connect(), Terminal::new());
    client.attach();
    client.watch_until(&mut terminal, |t| t.text().contains("ready"));
    client.send(&HostRequest::Signal { signal: 10 });
    client.watch_until(&mut terminal, |t| t.text().contains("got it"));
    client.send(&HostRequest::Signal { signal: 4711 });
    let error = client.event(|event| match event {
        HostEvent::Refused { error, .. } => Some(error),
        _ => None,
    });
    assert!(error.contains("4711"), "{error}");
}

#[test]
fn a_host_that_is_asked_to_end_stops_its_session() {
    let mut host = Host::ready(shell(&format!("{ESCAPES} cat")));
    escaped(&host);
    signal(&host.detached.identity, SIGTERM).unwrap();
    host.wait_exit();
    assert_eq!(host.processes(), []);
}

#[test]
fn a_program_that_closes_its_terminal_costs_no_cpu_and_is_still_watched() {
    let mut host = Host::ready(shell("exec </dev/null >/dev/null 2>&1; sleep 0.5; exit 6"));
    let exit = host.wait_exit();
    assert_eq!(exit.code, Some(6));
    let stat = host.detached.identity.liveness();
    assert_eq!(stat, Liveness3::Gone);
}

#[test]
fn an_idle_host_does_not_wake_up() {
    let host = Host::ready(shell("echo hello; cat"));
    let mut watcher = host.connect();
    watcher.send(&HostRequest::Watch);
    watcher.event(|event| matches!(event, HostEvent::Activity { .. }).then_some(()));
    let _attached = {
        let mut client = host.connect();
        client.attach();
        client.event(|event| matches!(event, HostEvent::Snapshot { .. }).then_some(()));
        client
    };
    let switches = || {
        let path = format!("/proc/{}/status", host.detached.identity.pid);
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find_map(|l| l.strip_prefix("voluntary_ctxt_switches:"));
        line.unwrap().trim().parse::<u64>().unwrap()
    };
    let pass = |time| {
        let start = clock::monotonic();
        until("some time has passed", || clock::monotonic() - start > time);
    };
    // Watchers may hear of the last output once more when the interval is over.
    pass(Duration::from_millis(1200));
    let before = switches();
    pass(Duration::from_millis(1500));
    assert_eq!(switches(), before, "woke up while nothing happened");
}
