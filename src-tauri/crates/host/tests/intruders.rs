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
fn security_06_what_runs_in_another_homes_session_is_no_user_here() {
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
    assert!(told.contains("it was started inside of a session"), "{told}");
    assert!(told.contains("refused") && !told.contains("child_pid"), "{told}");
}

#[test]
fn security_06_a_home_inside_of_a_session_has_that_session_as_its_user() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("elsewhere/jobs/00000001");
    std::fs::create_dir_all(&dir).unwrap();
    let mut inner = shell("read x");
    inner.socket = dir.join("s").display().to_string();
    std::fs::write(dir.join("launch.json"), serde_json::to_vec(&inner).unwrap()).unwrap();
    let file = temporary.path().join("told");
    let script = format!(
        "setsid {} host {dir} > /dev/null & until [ -e {dir}/ready.json ]; do sleep 0.02; done; \
         {} {dir}/s '{{\"type\":\"status\"}}' > {} 2>&1; read x",
        binary().display(),
        peer(),
        file.display(),
        dir = dir.display(),
    );
    let _outer = host(&temporary.path().join("jobs"), shell(&script));
    let told = told(&file);
    assert!(told.contains("child_pid"), "{told}");
}

/// What an orphan of a killed host is told when it tries `frame` at another one's, after `before`.
fn told_to_orphan(env: &str, before: &str, lock: Option<&str>, frame: &str) -> String {
    let temporary = tempfile::tempdir().unwrap();
    let jobs = temporary.path().join("jobs");
    let victim = host(&jobs, shell("while read x; do echo got-$x >> $HOME/typed; done"));
    let file = temporary.path().join("told");
    let run = victim.dir.join(lock.unwrap_or_default());
    let attempt = format!(
        "{} {} '{frame}' > {} 2>&1",
        peer(),
        victim.dir.join("s").display(),
        file.display()
    );
    let hold = if lock.is_some() { format!("HOLD={} ", run.display()) } else { String::new() };
    // The orphan ends its host, waits until it hangs somewhere else, and tries.
    let orphan = temporary.path().join("orphan.sh");
    let script = format!(
        "kill -9 $1; until ! [ -e /proc/$1 ] || grep -q ') Z' /proc/$1/stat; do sleep 0.02; done\n\
         {before}\n{hold}{attempt}\n"
    );
    std::fs::write(&orphan, script).unwrap();
    let start = format!(
        "(setsid {env} bash {} $PPID < /dev/null > /dev/null 2>&1 &) ; read x",
        orphan.display()
    );
    let mut intruder = host(&jobs, shell(&start));
    let told = told(&file);
    intruder.detached.child.wait().unwrap();
    let mut user = victim.connect();
    user.send(&HostRequest::Status);
    user.event(|event| matches!(event, HostEvent::Status { .. }).then_some(()));
    told
}

#[test]
fn security_06_what_outlives_its_host_stays_a_session() {
    const TYPES: &str = r#"{"type":"write_line","tag":7,"line":"x"}"#;
    for (env, before, lock) in [
        ("", "", None),
        ("env -i PATH=$PATH", "", None),
        ("env -i PATH=$PATH NIGHTSHIFT_ROLE=supervisor", "", None),
        // Its mark can only get lower: that is another name, and no user.
        ("env -i PATH=$PATH", "ulimit -x 5", None),
        ("env -i PATH=$PATH", "ulimit -x 18446744069414584327 || ulimit -x 5", None),
        // Nor does the supervisor's role make it one.
        ("env -i PATH=$PATH", "", Some("daemon.lock")),
    ] {
        let told = told_to_orphan(env, before, lock, TYPES);
        let case = format!("{env} {before} {lock:?}: {told}");
        assert!(told.contains("refused") && told.contains("only the user may"), "{case}");
        assert!(!told.contains("written"), "{case}");
    }
}
