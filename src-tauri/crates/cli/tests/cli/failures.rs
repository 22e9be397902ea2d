//! How tools of this kind broke elsewhere, and what ours shows instead. The numbers are those of the
//! list of failures; the other lines have their tests where their subject is.

use crate::support::{Shift, id_of, ran};
use nightshift_platform::process::{Identity, Liveness3, signal};
use nightshift_platform::signals::{SIGCONT, SIGTERM};
use nightshift_testkit::{wait_for, wait_until};
use serde_json::{Value, json};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Child, Stdio};

const SIGSTOP: i32 = 19;

/// An agent that may run commands without asking.
fn free_agent(shift: &Shift, script: &str) -> String {
    let args = ["--bg", "--agent", "rehearsal", "--permission-mode", "auto", "--json", script];
    id_of(&shift.json(&args))
}

fn set_schema_version(shift: &Shift, version: u32) -> u32 {
    let database = rusqlite::Connection::open(shift.home.home().database()).unwrap();
    let before = database.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    database.pragma_update(None, "user_version", version).unwrap();
    before
}

#[test]
fn failures_05_a_stale_lock_is_nobodys_and_an_older_build_takes_nothing_over() {
    let shift = Shift::new();
    let id = shift.shell("read x");
    shift.wait_entry(&id, "its process", |e| e["pid"].is_u64());
    let host = shift.host(&id);
    shift.kill_supervisor();
    // The pid in the lock lives, but it is another process than the one that held it.
    let own = Identity::own().unwrap();
    let stale = json!({"pid": own.pid, "startTicks": own.start_ticks + 1, "version": "99.0.0"});
    std::fs::write(shift.home.home().lock_file(), stale.to_string()).unwrap();
    assert!(shift.entry(&id)["pid"].is_u64());
    let second = shift.run(&["daemon", "run"]);
    assert!(second.code == Some(1) && second.err.contains("running already"), "{second:?}");
    shift.kill_supervisor();
    // To what a newer build has left behind, this one is the older.
    let known = set_schema_version(&shift, 99);
    shift.fails(&["agents"], &["99"]);
    shift.fails(&["stop", &id], &["99"]);
    assert_eq!(host.liveness(), Liveness3::Alive);
    assert_eq!(set_schema_version(&shift, known), 99, "the newer database was changed");
    assert!(shift.entry(&id)["pid"].is_u64());
}

#[test]
fn failures_06_a_displaced_supervisor_leaves_its_successors_socket_alone() {
    let shift = Shift::new();
    shift.ok(&["agents"]);
    let displaced = shift.supervisor();
    let socket = shift.home.home().supervisor_socket();
    std::fs::remove_file(&socket).unwrap();
    let successor = UnixListener::bind(&socket).unwrap();
    let inode = std::fs::metadata(&socket).unwrap().ino();
    signal(&displaced, SIGTERM).unwrap();
    wait_until("the displaced one to end", || displaced.liveness() == Liveness3::Gone);
    assert_eq!(std::fs::metadata(&socket).map(|m| m.ino()).ok(), Some(inode));
    drop(successor);
}

#[test]
fn failures_08_a_session_has_its_dispatchers_environment_and_nothing_of_the_supervisors() {
    let shift = Shift::new();
    let path = std::env::var("PATH").unwrap();
    let stale = format!("/stale:{path}");
    shift.start(&[("PATH", &stale), ("GATEWAY", "old"), ("ONLY_THERE", "leaked")]);
    let say = "echo got [$GATEWAY] [$ONLY_THERE] [${PATH%%:*}]";
    let run = |args: &[&str], gateway: &str| {
        let mut command = shift.command(args);
        ran(command.env("GATEWAY", gateway).env("PATH", format!("/fresh:{path}")), b"").ok(args)
    };
    let job = run(&["--bg", "--json", "--exec", say], "new");
    let job = id_of(&serde_json::from_str(&job).unwrap());
    let script = format!("run {say}\ndone");
    let args = ["--bg", "--json", "--agent", "rehearsal", "--permission-mode", "auto", &script];
    let agent = id_of(&serde_json::from_str(&run(&args, "new")).unwrap());
    for id in [&job, &agent] {
        shift.wait_log(id, "got [new] [] [/fresh]");
    }
    shift.wait_state(&job, "done");
    run(&["respawn", &job], "newer");
    shift.wait_log(&job, "got [newer] [] [/fresh]");
    shift.wait_state(&agent, "done");
    shift.ok(&["stop", &agent]);
    run(&["reply", &agent, &format!("run {say}; echo again\ndone")], "newer");
    shift.wait_log(&agent, "got [newer] [] [/fresh]");
}

/// What the agent itself keeps of its one session.
fn agents_memory(shift: &Shift) -> PathBuf {
    let dir = shift.home.state().join("rehearsal");
    let files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|f| f.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

#[test]
fn failures_10_a_resumed_session_has_its_history_and_a_lost_one_is_never_begun_afresh() {
    let shift = Shift::new();
    let id = free_agent(&shift, "run echo first >> proof\ndone one");
    shift.wait_state(&id, "done");
    shift.ok(&["stop", &id]);
    shift.ok(&["reply", &id, "run echo second >> proof\ndone two"]);
    shift.wait_entry(&id, "the second result", |e| e["result"] == "two");
    let proof = || std::fs::read_to_string(shift.home.work().join("proof")).unwrap();
    assert_eq!(proof(), "first\nsecond\n", "a prompt ran again");
    // Opening it says nothing in the user's name.
    shift.ok(&["stop", &id]);
    let asked = |log: &str| log.lines().filter(|line| line.starts_with("> ")).count();
    let before = asked(&shift.ok(&["logs", &id]));
    shift.ok(&["attach", &id, "--json"]);
    shift.ok(&["respawn", &id]);
    shift.wait_entry(&id, "its process", |e| e["status"] == "idle");
    assert_eq!(asked(&shift.ok(&["logs", &id])), before);
    shift.ok(&["stop", &id]);
    let (memory, away) = (agents_memory(&shift), shift.home.work().join("memory"));
    std::fs::rename(&memory, &away).unwrap();
    shift.ok(&["reply", &id, "run echo third >> proof\ndone three"]);
    let lost = shift.wait_state(&id, "failed");
    assert!(lost["error"].as_str().unwrap().contains("cannot be resumed"), "{lost}");
    assert_eq!(proof(), "first\nsecond\n", "a fresh session took the reply");
    assert!(!memory.exists(), "a fresh session was begun");
    wait_until("its process to go", || shift.entry(&id)["pid"].is_null());
    std::fs::rename(&away, &memory).unwrap();
    shift.ok(&["respawn", &id]);
    shift.wait_entry(&id, "the kept reply's result", |e| e["result"] == "three");
    assert_eq!(proof(), "first\nsecond\nthird\n");
}

#[test]
fn failures_11_what_was_stopped_stays_stopped() {
    let shift = Shift::new();
    let job = shift.shell("read x");
    let agent = shift.agent("say begun\nwait 600\ndone");
    shift.wait_log(&agent, "\nbegun");
    shift.wait_entry(&job, "its process", |e| e["pid"].is_u64());
    shift.ok(&["reply", &agent, "done with what was waiting"]);
    let hosts = [&job, &agent].map(|id| shift.host(id));
    for id in [&job, &agent] {
        shift.ok(&["stop", id]);
    }
    let evidence = |id: &str| shift.ok(&["why", id]).lines().count();
    let told = [&job, &agent].map(|id| evidence(id));
    for _ in 0..3 {
        shift.kill_supervisor();
        // Enough happens elsewhere for a resurrection to show.
        let other = shift.agent("done other");
        shift.wait_state(&other, "done");
        for id in [&job, &agent] {
            let entry = shift.entry(id);
            assert_eq!((&entry["state"], &entry["pid"]), (&"stopped".into(), &Value::Null));
        }
    }
    assert_eq!([&job, &agent].map(|id| evidence(id)), told);
    for host in hosts {
        assert_eq!(host.liveness(), Liveness3::Gone);
    }
}

#[test]
fn failures_12_replies_to_a_session_without_a_process_arrive_once() {
    let shift = Shift::new();
    let id = free_agent(&shift, "say begun\nwait 600");
    shift.wait_log(&id, "\nbegun");
    shift.ok(&["reply", &id, "run echo one >> proof\ndone one"]);
    // Neither agent nor supervisor is there to take it on.
    let host = shift.host(&id);
    shift.kill_supervisor();
    crate::support::kill(&host);
    shift.wait_state(&id, "failed");
    shift.kill_supervisor();
    shift.ok(&["reply", &id, "run echo two >> proof\ndone two"]);
    shift.wait_entry(&id, "the last result", |e| e["result"] == "two" && e["queued"] == 0);
    let proof = std::fs::read_to_string(shift.home.work().join("proof")).unwrap();
    assert_eq!(proof, "one\ntwo\n");
}

/// Stands still until this is dropped.
struct Stalled(Identity);

impl Stalled {
    fn new(process: Identity) -> Stalled {
        nightshift_platform::process::signal(&process, SIGSTOP).unwrap();
        Stalled(process)
    }
}

impl Drop for Stalled {
    fn drop(&mut self) {
        // Gone is as good.
        signal(&self.0, SIGCONT).ok();
    }
}

#[test]
fn failures_13_a_stalled_host_is_not_called_gone_and_no_state_lies() {
    let shift = Shift::new();
    let id = shift.agent("ask Go on? | Yes\ndone went on");
    shift.wait_state(&id, "blocked");
    let dies = shift.agent("ask Go on? | Yes");
    shift.wait_state(&dies, "blocked");
    let host = shift.host(&id);
    let told = shift.ok(&["why", &id]).lines().count();
    let stalled = Stalled::new(host);
    shift.kill_supervisor();
    let not_gone = || {
        let entry = shift.entry(&id);
        assert_eq!(entry["state"], "blocked", "{entry}");
        assert!(entry["pid"].is_u64() || entry["unknown"].is_string(), "{entry}");
    };
    not_gone();
    // What is really gone is said to be, and while much else happens the stalled one is not.
    crate::support::kill(&shift.host(&dies));
    let dead = shift.wait_state(&dies, "failed");
    assert_eq!((&dead["pid"], &dead["status"]), (&Value::Null, &Value::Null), "{dead}");
    for _ in 0..3 {
        let other = shift.shell("true");
        shift.wait_state(&other, "done");
        not_gone();
    }
    drop(stalled);
    assert_eq!(host.liveness(), Liveness3::Alive);
    let entry = shift.wait_entry(&id, "its process", |e| e["pid"].is_u64());
    assert_eq!(entry["state"], "blocked");
    let flips = shift.json(&["why", &id, "--json"]);
    let later = flips.as_array().unwrap().iter().skip(told);
    assert!(later.clone().all(|e| e["state"] == "needs_input"), "{flips}");
    shift.answer(&id, "1");
    shift.wait_entry(&id, "its result", |e| e["result"] == "went on");
}

#[test]
fn failures_16_what_did_not_start_is_no_success_and_what_died_at_once_is_not_working() {
    let shift = Shift::new();
    let programs = shift.home.work().join("bin");
    std::fs::create_dir(&programs).unwrap();
    let agent = programs.join("gemini");
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let args = ["--bg", "--json", "--agent", "gemini", "do something"];
    let dispatch = |text: &str| {
        std::fs::write(&agent, text).unwrap();
        std::fs::set_permissions(&agent, PermissionsExt::from_mode(0o755)).unwrap();
        ran(shift.command(&args).env("PATH", &path), b"")
    };
    // It cannot even be started: the interpreter is not there.
    dispatch("#!/no/such/interpreter\n").failed(&args, &["did not start"]);
    // It starts and is gone at once.
    let dead = dispatch("#!/bin/sh\necho no key >&2; exit 3\n").ok(&args);
    let dead = id_of(&serde_json::from_str(&dead).unwrap());
    let entry = shift.wait_state(&dead, "failed");
    assert!(entry["error"].as_str().unwrap().contains("no key"), "{entry}");
    assert_eq!(entry["pid"], Value::Null);
    // It lives and says nothing: not said to be at work on something, and it can be stopped.
    let mute = dispatch("#!/bin/sh\nexec cat >/dev/null\n").ok(&args);
    let mute = id_of(&serde_json::from_str(&mute).unwrap());
    assert!(shift.wait_entry(&mute, "its process", |e| e["pid"].is_u64())["queued"].is_u64());
    assert!(!shift.ok(&["why", &mute]).contains("the agent is ready"));
    shift.ok(&["stop", &mute]);
}

/// Clients that wait for something that never comes; ended with this.
struct Waiting(Vec<Child>);

impl Drop for Waiting {
    fn drop(&mut self) {
        for child in &mut self.0 {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

/// Whoever opens the session's journal waits for a writer that never comes, as on a dead mount.
fn hang_journal(shift: &Shift, id: &str) {
    let is_journal = |path: &PathBuf| path.to_string_lossy().contains("journal-");
    let files = std::fs::read_dir(shift.job(id)).unwrap().map(|f| f.unwrap().path());
    let journal = files.into_iter().find(is_journal).unwrap();
    std::fs::remove_file(&journal).unwrap();
    let mut make = shift.home.command("mkfifo".as_ref());
    assert!(make.arg(&journal).status().unwrap().success());
}

/// More reads than there ever were threads for all work together.
const DEAD_DISKS: usize = 18;
/// More hosts than are looked at together after a start.
const DEAD_HOSTS: usize = 6;

#[test]
fn failures_17_dead_disks_of_many_sessions_hold_up_no_launch_and_are_named() {
    let shift = Shift::with(&[("NIGHTSHIFT_LOOK_PATIENCE_S", "1")]);
    let dead: Vec<String> = (0..DEAD_DISKS).map(|_| shift.shell("echo out of reach")).collect();
    for id in &dead {
        shift.wait_state(id, "done");
        hang_journal(&shift, id);
    }
    let logs = |id: &String| {
        let mut command = shift.command(&["logs", id]);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let asked: Vec<Child> = dead.iter().map(logs).collect();
    let fine = shift.shell("echo fine");
    shift.wait_log(&fine, "fine");
    for (child, id) in asked.into_iter().zip(&dead) {
        let told = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(text.contains("does not answer") && text.contains(id), "{text}");
    }
    // Known to hang: refused at once, and no further thread is lost.
    shift.fails(&["logs", &dead[0]], &["does not answer", "repair the mount"]);
    shift.wait_log(&shift.shell("echo still fine"), "still fine");
}

#[test]
fn failures_17_dead_disks_after_a_restart_are_unknown_and_the_others_are_adopted() {
    let shift = Shift::with(&[("NIGHTSHIFT_LOOK_PATIENCE_S", "1")]);
    // Agents: of a job that ended nothing is read, so that its disk holds up nothing.
    let dead: Vec<String> = (0..DEAD_HOSTS).map(|_| shift.agent("say begun\nwait 600")).collect();
    let job = shift.shell("echo begun; read x");
    let lives = shift.shell("read x");
    for id in dead.iter().chain([&job, &lives]) {
        shift.wait_entry(id, "its process", |e| e["pid"].is_u64());
    }
    for id in &dead {
        shift.wait_log(id, "\nbegun");
    }
    shift.wait_log(&job, "begun");
    shift.kill_supervisor();
    for id in dead.iter().chain([&job]) {
        crate::support::kill(&shift.host(id));
        hang_journal(&shift, id);
    }
    shift.start(&[("NIGHTSHIFT_LOOK_PATIENCE_S", "1")]);
    shift.wait_state(&job, "failed");
    shift.wait_entry(&lives, "its process again", |e| e["pid"].is_u64());
    let other = shift.shell("true");
    shift.wait_state(&other, "done");
    for id in &dead {
        shift.wait_entry(id, "that it cannot be said", |e| {
            e["unknown"].as_str().is_some_and(|why| why.contains("does not answer"))
        });
    }
}

#[test]
fn failures_17_what_hangs_in_one_session_holds_up_no_other() {
    let shift = Shift::new();
    let hangs = shift.shell("echo out of reach");
    shift.wait_state(&hangs, "done");
    hang_journal(&shift, &hangs);
    let stands = shift.shell("read x");
    shift.wait_entry(&stands, "its process", |e| e["pid"].is_u64());
    let _stalled = Stalled::new(shift.host(&stands));
    let wait = |args: &[&str]| {
        let mut command = shift.command(args);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let logs = ["logs", hangs.as_str()];
    let _waiting = Waiting(vec![wait(&logs), wait(&logs), wait(&["stop", &stands])]);
    wait_for("all three to be listed beside others that work", || {
        let other = shift.shell("echo fine");
        shift.wait_state(&other, "done");
        shift.wait_log(&other, "fine");
        let listed = shift.json(&["agents", "--all", "--json"]);
        (listed.as_array().unwrap().len() >= 3).then_some(())
    });
    assert_eq!(shift.entry(&hangs)["state"], "done");
}
