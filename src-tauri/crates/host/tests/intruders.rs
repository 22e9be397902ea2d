//! What runs in a session is not its user, at its own host and at every other of the same home.

mod support;

use nightshift_protocol::{HostEvent, HostRequest};
use std::path::Path;
use support::{Host, binary, pipe, shell, until};

/// A host in the jobs directory `jobs`, whose session is named as its directory is.
fn host(jobs: &Path, launch: nightshift_protocol::Launch) -> Host {
    let dir = jobs.join(&launch.session);
    std::fs::create_dir_all(&dir).unwrap();
    let host = Host::start_in(&dir, launch);
    assert_eq!(host.ready_line, "ready\n", "log: {}", host.log());
    host
}

fn peer() -> String {
    binary().with_file_name("peer").display().to_string()
}

/// Waits until a try is over and gives what the peer was told.
fn told(file: &Path) -> String {
    let read = || std::fs::read_to_string(file).unwrap_or_default();
    until("the try to be over", || read().contains("over"));
    read()
}

#[test]
fn security_06_what_runs_in_a_session_cannot_type_at_another_ones_host() {
    let temporary = tempfile::tempdir().unwrap();
    let jobs = temporary.path().join("jobs");
    let victim = host(&jobs, shell("while read x; do echo got-$x >> $HOME/typed; done"));
    let socket = victim.dir.join("s");
    for (n, (how, frames)) in [
        ("", r#"'{"type":"attach","cols":80,"rows":24,"read_only":false}' keys:typed"#),
        ("setsid -w", r#"'{"type":"write_line","tag":7,"line":"x"}'"#),
        ("env -i", r#"'{"type":"signal","signal":9}'"#),
        ("", r#"'{"type":"stop","grace_ms":0}'"#),
        ("", r#"'{"type":"watch_marks","after":0}'"#),
        ("", r#"'{"type":"hook","line":"{}","wait":false}'"#),
    ]
    .into_iter()
    .enumerate()
    {
        let file = temporary.path().join(format!("told{n}"));
        // Detached twice over: it comes back to the host all the same.
        let script = format!(
            "(({how} {} {} {frames} > {} 2>&1 &) &); read x",
            peer(),
            socket.display(),
            file.display()
        );
        let _intruder = host(&jobs, shell(&script));
        let told = told(&file);
        assert!(told.contains("refused") && told.contains("only the user may"), "{frames}: {told}");
        assert!(told.contains("session "), "{told}");
        for granted in ["snapshot", "hook_taken", "caught_up", "written"] {
            assert!(!told.contains(granted), "{frames}: {told}");
        }
    }
    let mut user = victim.connect();
    user.send(&HostRequest::Status);
    user.event(|event| matches!(event, HostEvent::Status { .. }).then_some(()));
    assert!(victim.log().contains("tried to attach to its terminal: refused"), "{}", victim.log());
}

#[test]
fn security_06_an_agent_cannot_write_its_own_answers_and_its_supervisor_hears_of_it() {
    let temporary = tempfile::tempdir().unwrap();
    let jobs = temporary.path().join("jobs");
    let file = temporary.path().join("told");
    let launch = pipe("");
    let socket = jobs.join(&launch.session).join("s");
    let line = r#"'{"type":"write_line","tag":7,"line":"{\"id\":1,\"result\":{}}"}'"#;
    let script = format!(
        "read go; {} {} {line} > {} 2>&1; read x",
        peer(),
        socket.display(),
        file.display()
    );
    let argv = ["sh", "-c", &script].map(str::to_owned).into();
    let agent = host(&jobs, nightshift_protocol::Launch { argv, ..launch });
    let mut supervisor = agent.connect();
    supervisor.send(&HostRequest::Follow { after: 0 });
    supervisor.send(&HostRequest::WriteLine { tag: 1, line: "go".into() });
    let what = supervisor.event(|event| match event {
        HostEvent::Tried { what } => Some(what),
        _ => None,
    });
    let expected = format!("session {} tried to answer or type for the user", agent.session);
    assert_eq!(what, expected);
    let told = told(&file);
    assert!(told.contains(r#""tag":7"#) && told.contains("refused"), "{told}");
    let inputs =
        agent.records().into_iter().filter(|r| r.kind == nightshift_protocol::RecordKind::In);
    assert_eq!(inputs.count(), 1, "only what the user wrote is in the journal");
}

#[test]
fn security_06_the_hooks_of_a_session_are_still_heard_by_its_own_host() {
    let temporary = tempfile::tempdir().unwrap();
    let jobs = temporary.path().join("jobs");
    let file = temporary.path().join("told");
    let mut launch = shell("");
    launch.listens = true;
    let socket = jobs.join(&launch.session).join("s");
    let hook = r#"'{"type":"hook","line":"{}","wait":false}'"#;
    let script =
        format!("{} {} {hook} > {} 2>&1; read x", peer(), socket.display(), file.display());
    launch.argv = ["sh", "-c", &script].map(str::to_owned).into();
    let agent = host(&jobs, launch);
    let told = told(&file);
    assert!(told.contains("hook_taken"), "{told}; log: {}", agent.log());
}

#[test]
fn security_06_a_host_of_another_home_counts_for_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let victim = host(&temporary.path().join("jobs"), shell("read x"));
    let file = temporary.path().join("told");
    let script = format!(
        "{} {} '{{\"type\":\"status\"}}' > {} 2>&1; read x",
        peer(),
        victim.dir.join("s").display(),
        file.display()
    );
    let _stranger = host(&temporary.path().join("elsewhere/jobs"), shell(&script));
    let told = told(&file);
    assert!(told.contains("child_pid"), "{told}");
}
