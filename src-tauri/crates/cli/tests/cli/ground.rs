//! Directories that are read-only, deleted or full of somebody else's things: said clearly, survived
//! by what runs, and made good when the ground is back.

use crate::support::{Shift, kill};
use nightshift_client::{AttachEvent, Attachment, Client};
use nightshift_platform::process::Liveness3;
use nightshift_protocol::{AttachTarget, Command as ClientCommand, Fault, Reply};
use nightshift_testkit::wait_until;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// A mount over the state directory; unmounted before the home goes.
struct Mounted<'a> {
    shift: &'a Shift,
}

impl<'a> Mounted<'a> {
    /// None, said loudly, where we may not mount.
    fn over_state(shift: &'a Shift, args: &[&[&str]]) -> Option<Mounted<'a>> {
        std::fs::create_dir_all(shift.home.state()).unwrap();
        let mut mounted = None;
        for args in args {
            let mut mount = Command::new("mount");
            mount.args(*args).arg(shift.home.state()).stderr(Stdio::null());
            if !mount.status().is_ok_and(|status| status.success()) {
                eprintln!("NOT TESTED: mounting needs more rights than we have");
                return None;
            }
            mounted.get_or_insert_with(|| Mounted { shift });
        }
        mounted
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        self.shift.home.end_all();
        let status = Command::new("umount").arg(self.shift.home.state()).status();
        assert!(status.is_ok_and(|status| status.success()), "it stays mounted");
    }
}

#[test]
fn a_read_only_state_directory_is_named_before_anything_starts() {
    let fresh = Shift::new();
    let state = fresh.home.state().display().to_string();
    let empty = ["-t", "tmpfs", "-o", "ro,mode=700", "tmpfs"];
    if let Some(_mounted) = Mounted::over_state(&fresh, &[&empty]) {
        fresh.fails(&["--bg", "--exec", "true"], &[&state, "Read-only", "NIGHTSHIFT_HOME"]);
    }
    let used = Shift::new();
    let id = used.shell("echo kept");
    used.wait_state(&id, "done");
    used.ok(&["daemon", "stop"]);
    let state = used.home.state().display().to_string();
    let bind = ["--bind", state.as_str()];
    let read_only = ["-o", "remount,ro,bind"];
    let Some(mounted) = Mounted::over_state(&used, &[&bind, &read_only]) else { return };
    for args in [&["agents"][..], &["--bg", "--exec", "true"], &["daemon", "run"]] {
        used.fails(args, &[&state, "cannot be written", "Read-only", "NIGHTSHIFT_HOME"]);
    }
    assert_eq!(used.home.processes(), []);
    drop(mounted);
    assert!(used.ok(&["logs", &id]).contains("kept"));
}

fn set_mode(dirs: &[&Path], mode: u32) {
    for dir in dirs {
        std::fs::set_permissions(dir, PermissionsExt::from_mode(mode)).unwrap();
    }
}

#[test]
fn failures_07_a_write_that_fails_is_said_stops_no_session_and_hides_no_end() {
    let shift = Shift::unprivileged();
    let asks = shift.agent("ask Go on? | Yes\ndone went on");
    shift.wait_state(&asks, "blocked");
    let job = shift.shell("while ! [ -e go ]; do sleep 0.01; done; echo last words; exit 7");
    shift.wait_entry(&job, "its process", |e| e["pid"].is_u64());
    let home = shift.home.home();
    let (job_dir, jobs) = (shift.job(&job), home.jobs());
    let dirs: [&Path; 4] = [&home.state, &jobs, &home.run, &job_dir];
    set_mode(&dirs, 0o500);
    let wanted = [jobs.to_str().unwrap(), "Permission denied", "did not start"];
    shift.fails(&["--bg", "--exec", "true"], &wanted);
    shift.answer(&asks, "1");
    assert_eq!(shift.wait_state(&asks, "done")["result"], "went on");
    std::fs::write(shift.home.work().join("go"), "").unwrap();
    let ended = shift.wait_state(&job, "failed");
    assert_eq!(ended["exitCode"], 7, "the end was taken for a crash: {ended}");
    assert!(shift.ok(&["logs", &job]).contains("last words"));
    set_mode(&dirs, 0o700);
    let after = shift.shell("exit 0");
    shift.wait_state(&after, "done");
}

#[test]
fn failures_09_a_deleted_directory_is_said_and_never_a_loop() {
    let shift = Shift::new();
    let gone = shift.home.work().join("gone");
    std::fs::create_dir(&gone).unwrap();
    let dir = gone.to_str().unwrap();
    let job = shift.json(&["--bg", "--json", "--cwd", dir, "--exec", "read x"]);
    let job = crate::support::id_of(&job);
    let script = "say begun\nwait 600";
    let args = ["--bg", "--json", "--agent", "rehearsal", "--cwd", dir, script];
    let agent = crate::support::id_of(&shift.json(&args));
    shift.wait_log(&agent, "\nbegun");
    std::fs::remove_dir(&gone).unwrap();
    shift.fails(&["--bg", "--cwd", dir, "--exec", "true"], &[dir]);
    assert!(shift.entry(&job)["pid"].is_u64(), "a running job was harmed");
    shift.ok(&["stop", &job]);
    shift.fails(&["respawn", &job], &[dir, "does not exist"]);
    assert_eq!(shift.entry(&job)["state"], "failed");
    // Restarted after it died, which cannot work: once, and no more.
    let pid = u32::try_from(shift.entry(&agent)["pid"].as_u64().unwrap()).unwrap();
    kill(&nightshift_platform::process::Identity::of(pid).unwrap());
    let failed = shift.wait_state(&agent, "failed");
    assert!(failed["error"].as_str().unwrap().contains("does not exist"), "{failed}");
    let told = || shift.ok(&["why", &agent]).lines().count();
    let before = told();
    shift.kill_supervisor();
    let other = shift.agent("wait 2\ndone");
    shift.wait_state(&other, "done");
    assert_eq!(told(), before, "it was tried again");
    std::fs::create_dir(&gone).unwrap();
    shift.ok(&["respawn", &agent]);
    shift.wait_entry(&agent, "its process", |e| e["pid"].is_u64());
}

#[test]
fn a_command_in_a_deleted_directory_says_so() {
    let shift = Shift::new();
    shift.ok(&["agents"]);
    let nightshift = crate::support::binary().display();
    let mut shell = shift.home.command(Path::new("/bin/sh"));
    let line = format!("mkdir d; cd d; rmdir ../d; exec '{nightshift}' --bg --exec true");
    let ran = crate::support::ran(shell.args(["-c", &line]).stdin(Stdio::null()), b"");
    ran.failed(&["--bg"], &["directory", "--cwd"]);
    assert!(shift.json(&["agents", "--json"]).as_array().unwrap().is_empty());
}

/// A job that echoes what its file of work says, and an agent with an open question.
struct Pair {
    job: String,
    asks: String,
}

fn pair(shift: &Shift) -> Pair {
    let job =
        shift.shell("echo before; while ! [ -e go ]; do sleep 0.01; done; echo after; read x");
    shift.wait_log(&job, "before");
    let asks = shift.agent("say hello\nask Go on? | Yes | No\ndone went on");
    shift.wait_state(&asks, "blocked");
    Pair { job, asks }
}

fn assert_pair_goes_on(shift: &Shift, pair: &Pair) {
    std::fs::write(shift.home.work().join("go"), "").unwrap();
    let log = shift.wait_log(&pair.job, "after");
    assert!(log.contains("before"), "{log}");
    assert_eq!(shift.entry(&pair.asks)["pending"]["question"], "Go on?");
    shift.answer(&pair.asks, "1");
    assert_eq!(shift.wait_state(&pair.asks, "done")["result"], "went on");
    shift.ok(&["stop", &pair.job]);
    assert_eq!(shift.entry(&pair.job)["state"], "stopped");
}

#[test]
fn a_state_directory_deleted_while_running_is_made_anew_by_the_same_supervisor() {
    let shift = Shift::new();
    let pair = pair(&shift);
    let ended = shift.agent("done long ago");
    shift.wait_state(&ended, "done");
    let before = shift.supervisor();
    std::fs::remove_dir_all(shift.home.state()).unwrap();
    // Whoever asks in the middle of it waits for the one supervisor and starts no second.
    let entry = shift.wait_entry(&pair.asks, "its question", |e| e["state"] == "blocked");
    assert_eq!(entry["pending"]["question"], "Go on?");
    assert_eq!(shift.supervisor(), before);
    assert_eq!(shift.entry(&ended)["result"], "long ago");
    let told = shift.notices();
    assert!(told.contains("was deleted while in use") && told.contains("recreated"), "{told}");
    wait_until("the hosts' directories", || {
        [&pair.job, &pair.asks].iter().all(|id| shift.job(id).join("ready.json").exists())
    });
    // What was made anew is all that the next supervisor has.
    kill(&before);
    assert_pair_goes_on(&shift, &pair);
    assert_eq!(shift.entry(&ended)["result"], "long ago");
}

#[test]
fn a_state_directory_deleted_while_nobody_supervised_is_told_again_by_the_hosts() {
    let shift = Shift::new();
    let pair = pair(&shift);
    let hosts = [&pair.job, &pair.asks].map(|id| shift.host(id));
    shift.kill_supervisor();
    std::fs::remove_dir_all(shift.home.state()).unwrap();
    shift.wait_entry(&pair.asks, "its question", |e| e["state"] == "blocked");
    for host in &hosts {
        assert_eq!(host.liveness(), Liveness3::Alive);
    }
    assert_pair_goes_on(&shift, &pair);
}

#[test]
fn one_sessions_deleted_directory_harms_neither_it_nor_its_neighbours() {
    let shift = Shift::new();
    let pair = pair(&shift);
    std::fs::remove_dir_all(shift.job(&pair.job)).unwrap();
    shift.kill_supervisor();
    let entry = shift.wait_entry(&pair.job, "its process", |e| e["pid"].is_u64());
    assert_eq!(entry["state"], "working");
    assert_pair_goes_on(&shift, &pair);
}

/// Attaches as a pane does: asks where, goes there, sees the picture.
fn sees(shift: &Shift, id: &str) -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = Client::connect(&shift.home.home()).await?;
        let reply = client.call(ClientCommand::Attach { session: id.to_owned() }).await?;
        let Reply::Attach { target: AttachTarget::Terminal { socket } } = reply else {
            panic!("{reply:?}");
        };
        let mut seen = Attachment::connect(Path::new(&socket), 80, 24, true).await?;
        assert!(matches!(seen.next().await, AttachEvent::Snapshot { .. }));
        Ok(())
    })
}

#[test]
fn deleted_sockets_are_made_anew_and_every_session_can_be_reached() {
    let shift = Shift::new();
    let pair = pair(&shift);
    let (home, supervisor) = (shift.home.home(), shift.supervisor());
    // The socket of one session alone: told to nobody, for nothing is amiss when it is asked for.
    std::fs::remove_file(home.host_socket(&pair.job)).unwrap();
    sees(&shift, &pair.job).unwrap();
    // Another file in its place: nobody is there.
    std::fs::remove_file(home.host_socket(&pair.job)).unwrap();
    drop(std::os::unix::net::UnixListener::bind(home.host_socket(&pair.job)).unwrap());
    sees(&shift, &pair.job).unwrap();
    std::fs::remove_dir_all(&home.run).unwrap();
    wait_until("the supervisor's socket", || home.supervisor_socket().exists());
    sees(&shift, &pair.job).unwrap();
    assert_eq!(shift.supervisor(), supervisor);
    let told = shift.notices();
    let run = home.run.display().to_string();
    assert!(told.contains(&format!("{run} was deleted while in use")), "{told}");
    assert!(!told.contains("is lost"), "{told}");
    assert_pair_goes_on(&shift, &pair);
}

#[test]
fn sockets_deleted_while_nobody_supervised_are_made_anew_for_the_next_supervisor() {
    let shift = Shift::new();
    let pair = pair(&shift);
    let home = shift.home.home();
    shift.kill_supervisor();
    std::fs::remove_dir_all(&home.run).unwrap();
    shift.wait_entry(&pair.job, "its process", |e| e["pid"].is_u64());
    sees(&shift, &pair.job).unwrap();
    assert_pair_goes_on(&shift, &pair);
    let more = shift.shell("read x");
    shift.wait_entry(&more, "its process", |e| e["pid"].is_u64());
    shift.kill_supervisor();
    std::fs::remove_dir_all(&home.run).unwrap();
    let alone = [
        "no supervisor is running",
        "2 sessions keep running without a supervisor",
        "nightshift agents",
    ];
    shift.fails(&["daemon", "stop", "--any"], &alone);
    shift.ok(&["agents"]);
    shift.ok(&["daemon", "stop", "--any"]);
    shift.fails(&["daemon", "status"], &["no supervisor is running; start one"]);
    assert_eq!(shift.home.processes(), []);
}

#[test]
fn a_stop_reaches_a_host_whose_socket_cannot_be_made_anew() {
    let shift = Shift::new();
    let job = shift.shell("read x");
    shift.wait_entry(&job, "its process", |e| e["pid"].is_u64());
    let (socket, host) = (shift.home.home().host_socket(&job), shift.host(&job));
    shift.kill_supervisor();
    std::fs::remove_file(&socket).unwrap();
    std::fs::create_dir(&socket).unwrap();
    // Asked for before the supervisor has given it up, which takes it a second and more.
    wait_until("a stop in time", || {
        let in_time = shift.run(&["stop", &job]).code == Some(0);
        if !in_time {
            shift.kill_supervisor();
        }
        in_time
    });
    assert_eq!(shift.entry(&job)["state"], "stopped");
    assert_eq!(host.liveness(), Liveness3::Gone);
}

#[test]
fn sessions_that_cannot_be_reached_are_named_and_nothing_is_said_to_have_stopped() {
    let shift = Shift::new();
    let (job, other) = (shift.shell("read x"), shift.shell("read x"));
    for id in [&job, &other] {
        shift.wait_entry(id, "its process", |e| e["pid"].is_u64());
    }
    let (socket, host) = (shift.home.home().host_socket(&job), shift.host(&job));
    shift.kill_supervisor();
    std::fs::remove_file(&socket).unwrap();
    std::fs::write(&socket, "somebody's").unwrap();
    wait_until("it to be unknown", || {
        shift.ok(&["why", &job]).contains("lives but does not answer")
    });
    let named = socket.display().to_string();
    shift.fails(&["stop", &job], &[&job, "cannot be stopped", &named, "move it away"]);
    shift.fails(&["daemon", "stop", "--any"], &[&job, "cannot be ended", "--keep-workers"]);
    assert!(shift.entry(&other)["pid"].is_u64(), "it was ended although nothing was stopped");
    assert_eq!(std::fs::read(&socket).unwrap(), b"somebody's");
    assert_eq!(host.liveness(), Liveness3::Alive);
    std::fs::remove_file(&socket).unwrap();
    shift.wait_entry(&job, "to be reached", |_| sees(&shift, &job).is_ok());
    shift.ok(&["daemon", "stop", "--any"]);
    assert_eq!(shift.home.processes(), []);
}

#[test]
fn what_stands_in_the_way_of_a_socket_is_named_at_once() {
    let shift = Shift::new();
    let job = shift.shell("read x");
    shift.wait_entry(&job, "its process", |e| e["pid"].is_u64());
    let supervisor = shift.supervisor();
    let socket = shift.home.home().supervisor_socket();
    let named = socket.display().to_string();
    let (file, link) = (shift.home.work().join("file"), shift.home.work().join("link"));
    std::fs::write(&file, "somebody's").unwrap();
    std::os::unix::fs::symlink(shift.home.home().host_socket(&job), &link).unwrap();
    for (what, other) in [("no socket", file), ("a symbolic link", link)] {
        // In one step: the supervisor makes it anew as soon as it misses it.
        std::fs::rename(&other, &socket).unwrap();
        for args in [&["agents"][..], &["daemon", "status"], &["daemon", "stop", "--any"]] {
            shift.fails(args, &[&named, "is in the way", what, "move it away"]);
        }
        std::fs::remove_file(&socket).unwrap();
        // It is there a moment before anybody listens.
        wait_until("the socket", || shift.run(&["daemon", "status"]).code == Some(0));
        assert_eq!(shift.supervisor(), supervisor);
        assert!(shift.entry(&job)["pid"].is_u64());
    }
}

#[test]
fn another_runtime_directory_makes_no_second_supervisor() {
    let shift = Shift::new();
    let (state, here, there) =
        (shift.home.work().join("s"), shift.home.work().join("a"), shift.home.work().join("b"));
    for dir in [&state, &here, &there] {
        std::fs::create_dir(dir).unwrap();
    }
    let run = |runtime: &Path, args: &[&str]| {
        let mut command = shift.command(args);
        command.env_remove("NIGHTSHIFT_HOME").env("XDG_STATE_HOME", &state);
        crate::support::ran(command.env("XDG_RUNTIME_DIR", runtime), b"")
    };
    run(&here, &["--bg", "--exec", "read x"]).ok(&["--bg"]);
    let there = run(&there, &["agents"]);
    there.failed(&["agents"], &["is running already", state.to_str().unwrap(), "XDG_RUNTIME_DIR"]);
    run(&here, &["daemon", "stop", "--any"]).ok(&["daemon", "stop"]);
}
