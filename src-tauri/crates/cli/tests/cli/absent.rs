//! Nobody answers at the supervisor's socket although the supervisor lives: it makes its socket anew, or the process
//! and the way out are named within seconds.

use crate::support::{Shift, kill};
use nightshift_platform::process::{Identity, signal};
use nightshift_platform::signals::{SIGCONT, SIGSTOP};
use nightshift_testkit::wait_until;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Child;

/// A stopped supervisor that goes on with the test's end, so that its home can be cleaned up.
struct Halted(Identity);

impl Halted {
    fn supervisor(shift: &Shift) -> Halted {
        let supervisor = shift.supervisor();
        signal(&supervisor, SIGSTOP).unwrap();
        wait_until("it to stand still", || supervisor.standstill().is_some());
        Halted(supervisor)
    }
}

impl Drop for Halted {
    fn drop(&mut self) {
        signal(&self.0, SIGCONT).ok(); // It may have ended.
    }
}

fn started(shift: &Shift) -> Identity {
    shift.ok(&["agents"]);
    shift.supervisor()
}

/// Puts a socket at which nobody listens in the place of the supervisor's, in one step.
fn replace(socket: &Path, from: &Path) {
    drop(UnixListener::bind(from).unwrap());
    std::fs::rename(from, socket).unwrap();
}

/// Another program that listens at `path` and says nothing.
fn listening(shift: &Shift, path: &Path) -> Child {
    let script = "import socket,sys,time\ns=socket.socket(socket.AF_UNIX)\ns.bind(sys.argv[1])\ns.listen(9)\n\
                  time.sleep(1000)";
    let mut python = shift.home.command(Path::new("python3"));
    let child = python.args(["-c", script]).arg(path).spawn().unwrap();
    wait_until("it to listen", || std::os::unix::net::UnixStream::connect(path).is_ok());
    child
}

#[test]
fn failures_38_a_dead_socket_in_the_place_of_the_supervisor_s_is_replaced() {
    let shift = Shift::new();
    let job = shift.shell("read x");
    shift.wait_entry(&job, "its process", |e| e["pid"].is_u64());
    let (supervisor, socket) = (shift.supervisor(), shift.home.home().supervisor_socket());
    for n in 0..3 {
        replace(&socket, &shift.home.work().join(format!("{n}.sock")));
        wait_until("it to be reached", || shift.run(&["daemon", "status"]).code == Some(0));
        assert_eq!(shift.supervisor(), supervisor);
        assert!(shift.entry(&job)["pid"].is_u64());
    }
    // Without a second try: this is what a user types.
    replace(&socket, &shift.home.work().join("last.sock"));
    assert!(shift.ok(&["agents"]).contains(&job));
    assert_eq!(shift.supervisor(), supervisor);
    assert!(!shift.notices().contains("recreated"), "{}", shift.notices());
}

#[test]
fn failures_38_another_program_at_the_supervisor_s_socket_is_named_and_once_it_ends_all_is_well() {
    let shift = Shift::new();
    let (supervisor, socket) = (started(&shift), shift.home.home().supervisor_socket());
    let other = shift.home.work().join("x.sock");
    let mut program = listening(&shift, &other);
    std::fs::rename(&other, &socket).unwrap();
    let (named, pid) = (socket.display().to_string(), format!("pid {}", program.id()));
    let supervisor_pid = format!("the supervisor is pid {}", supervisor.pid);
    for args in [&["agents"][..], &["daemon", "status"]] {
        shift.fails(
            args,
            &[&named, "another program", &pid, &supervisor_pid, "move its socket away"],
        );
    }
    kill(&Identity::of(program.id()).unwrap());
    program.wait().unwrap();
    wait_until("it to be reached", || shift.run(&["daemon", "status"]).code == Some(0));
    assert_eq!(shift.supervisor(), supervisor);
}

#[test]
fn failures_38_a_stopped_supervisor_is_named_whatever_of_its_files_is_gone() {
    let shift = Shift::new();
    let job = shift.shell("read x");
    shift.wait_entry(&job, "its process", |e| e["pid"].is_u64());
    let home = shift.home.home();
    let halted = Halted::supervisor(&shift);
    let pid = halted.0.pid;
    let (who, way) = (format!("(pid {pid})"), format!("kill -CONT {pid}"));
    let gone: [&dyn Fn(); 4] = [
        &|| std::fs::remove_file(home.supervisor_socket()).unwrap(),
        &|| replace(&home.supervisor_socket(), &shift.home.work().join("x.sock")),
        &|| std::fs::remove_file(home.lock_file()).unwrap(),
        &|| std::fs::remove_dir_all(&home.run).unwrap(),
    ];
    for remove in gone {
        remove();
        // More often than the kernel queues unanswered questions about the role's name.
        for args in
            [&["agents"][..], &["daemon", "status"], &["daemon", "stop"], &["daemon", "run"]]
        {
            let ran = shift.run(args);
            let told = format!("{}{}", ran.out, ran.err);
            let parts = match args {
                ["daemon", "run"] => [&*who, "running already"],
                _ => [&*who, &way],
            };
            // Without the lock file this is said by `daemon run` too.
            let by_name = told.contains(&who) && told.contains(&way);
            assert!(ran.code != Some(0), "{args:?}: {told}");
            assert!(by_name || parts.iter().all(|part| told.contains(part)), "{args:?}: {told}");
            assert!(!told.contains("XDG_RUNTIME_DIR") && !told.contains("no supervisor"), "{told}");
        }
    }
    let supervisor = halted.0;
    drop(halted);
    wait_until("it to be reached", || shift.run(&["daemon", "status"]).code == Some(0));
    assert_eq!(shift.supervisor(), supervisor);
    shift.wait_entry(&job, "its process", |e| e["pid"].is_u64());
}

#[test]
fn failures_38_a_supervisor_with_more_callers_than_can_wait_does_not_answer() {
    let shift = Shift::new();
    started(&shift);
    let halted = Halted::supervisor(&shift);
    let socket = shift.home.home().supervisor_socket();
    let full = shift.home.work().join("full");
    let script = "import socket,sys,time\ncalls=[]\ntry:\n while True:\n  s=socket.socket(socket.AF_UNIX)\n  \
                  calls.append(s)\n  s.setblocking(False)\n  s.connect(sys.argv[1])\nexcept BlockingIOError:\n \
                  open(sys.argv[2],'w')\ntime.sleep(1000)";
    let mut python = shift.home.command(Path::new("python3"));
    let mut callers = python.args(["-c", script]).arg(&socket).arg(&full).spawn().unwrap();
    wait_until("no more to be let in", || full.exists());
    let pid = halted.0.pid;
    for args in [&["daemon", "stop", "--any"][..], &["daemon", "status"]] {
        let ran = shift.run(args);
        assert!(!ran.err.contains("os error"), "{}", ran.err);
        ran.failed(args, &["does not answer", &format!("kill -CONT {pid}")]);
    }
    callers.kill().unwrap();
    callers.wait().unwrap();
    drop(halted);
    wait_until("it to answer", || shift.run(&["daemon", "status"]).code == Some(0));
}

#[test]
fn failures_38_a_deleted_socket_is_told_to_nobody_and_a_deleted_directory_once() {
    let shift = Shift::new();
    started(&shift);
    let home = shift.home.home();
    let socket = home.supervisor_socket();
    for _ in 0..2 {
        std::fs::remove_file(&socket).unwrap();
        wait_until("its socket", || shift.run(&["daemon", "status"]).code == Some(0));
    }
    assert!(!shift.notices().contains("while in use"), "{}", shift.notices());
    for _ in 0..2 {
        std::fs::remove_dir_all(&home.run).unwrap();
        wait_until("its socket", || socket.exists());
        wait_until("the notice", || shift.notices().contains("while in use"));
    }
    assert_eq!(shift.notices().matches("while in use").count(), 1, "{}", shift.notices());
}

#[test]
fn failures_38_another_program_at_a_host_s_socket_is_named_with_the_ways_out() {
    let shift = Shift::new();
    let job = shift.shell("read x");
    shift.wait_entry(&job, "its process", |e| e["pid"].is_u64());
    let socket = shift.home.home().host_socket(&job);
    let other = shift.home.work().join("x.sock");
    let mut program = listening(&shift, &other);
    shift.kill_supervisor();
    std::fs::rename(&other, &socket).unwrap();
    let entry = shift.wait_entry(&job, "to be unknown", |e| e["unknown"].is_string());
    let why = entry["unknown"].as_str().unwrap();
    let (named, pid) = (socket.display().to_string(), format!("pid {}", program.id()));
    assert!(why.contains(&named) && why.contains(&pid) && why.contains("another program"), "{why}");
    let ways = [format!("kill {}", program.id()), format!("move {named} away")];
    shift.fails(&["stop", &job], &[&ways[0], &ways[1], "nothing was done"]);
    std::fs::rename(&socket, shift.home.work().join("away.sock")).unwrap();
    shift.wait_entry(&job, "to be reached", |e| e["pid"].is_u64());
    program.kill().unwrap();
    program.wait().unwrap();
    shift.ok(&["stop", &job]);
}

#[test]
fn failures_38_a_link_as_directory_of_sockets_is_named_and_not_taken_for_nothing() {
    let shift = Shift::new();
    started(&shift);
    shift.ok(&["daemon", "stop"]);
    let (home, elsewhere) = (shift.home.home(), shift.home.work().join("elsewhere"));
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::remove_dir_all(&home.run).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &home.run).unwrap();
    for args in [&["daemon", "status"][..], &["daemon", "stop", "--any"], &["agents"]] {
        shift.fails(args, &[&home.run.display().to_string(), "is a link to", "mode 0"]);
    }
    // One that is as it has to be is no hindrance.
    std::fs::set_permissions(&elsewhere, std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .unwrap();
    shift.fails(&["daemon", "status"], &["no supervisor is running"]);
    shift.ok(&["agents"]);
    shift.ok(&["daemon", "status"]);
}
