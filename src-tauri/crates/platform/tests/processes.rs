//! Processes and terminals, with real ones: identities, descendants, signals, detached starts.

use nightshift_platform::process::{
    Identity, Liveness3, arguments, descendants, descendants_without, find_by_arguments,
    find_by_env, find_by_env_without, pidfd, runs_our_program, signal, signal_group,
};
use nightshift_platform::program::{PROGRAM_NAME, Run, run};
use nightshift_platform::pty::{self, Pty};
use nightshift_platform::signals::{SIGKILL, SIGTERM};
use nightshift_platform::spawn::{Program, own_environment, spawn_detached, spawn_piped};
use nightshift_platform::{Mark, clock};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::Path;
use std::process::Child;
use std::time::Duration;

/// Far more than anything here takes; only a failing test waits this long.
const PATIENCE: Duration = Duration::from_secs(60);

fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = clock::monotonic();
    while !condition() {
        assert!(clock::monotonic() - start < PATIENCE, "waited too long: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A shell on pipes in its own session; ended with everything below it when dropped.
struct Shell {
    child: Child,
    identity: Identity,
}

impl Shell {
    fn start(script: &str, env: &[(&str, &str)]) -> Shell {
        let mut map: BTreeMap<OsString, OsString> =
            env.iter().map(|(name, value)| (name.into(), value.into())).collect();
        map.insert("PATH".into(), std::env::var_os("PATH").unwrap());
        let args = ["-c".into(), script.into()];
        let program =
            Program { program: OsStr::new("sh"), args: &args, env: &map, cwd: Path::new("/") };
        let (child, identity) = spawn_piped(&program).unwrap();
        Shell { child, identity }
    }

    fn line(&mut self) -> String {
        let mut line = Vec::new();
        let mut byte = [0];
        let stdout = self.child.stdout.as_mut().unwrap();
        while stdout.read(&mut byte).unwrap() == 1 && byte != *b"\n" {
            line.push(byte[0]);
        }
        String::from_utf8(line).unwrap()
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        for identity in descendants(self.identity.pid).unwrap() {
            signal(&identity, SIGKILL).ok();
        }
        signal(&self.identity, SIGKILL).ok();
        self.child.wait().ok();
    }
}

#[test]
fn a_process_is_alive_then_a_zombie_then_nothing_and_a_reused_pid_is_another() {
    let mut shell = Shell::start("read x", &[]);
    let identity = shell.identity;
    assert_eq!(identity.liveness(), Liveness3::Alive);
    assert_eq!(Identity::of(identity.pid).unwrap(), identity);
    let other = Identity { start_ticks: identity.start_ticks + 1, ..identity };
    assert_eq!(other.liveness(), Liveness3::Gone);
    assert_eq!(signal(&other, SIGKILL).unwrap_err().kind(), std::io::ErrorKind::NotFound);
    assert_eq!(identity.liveness(), Liveness3::Alive, "a reused pid was signalled");
    shell.child.stdin.take().unwrap().write_all(b"\n").unwrap();
    until("it is a zombie", || identity.liveness() == Liveness3::Gone);
    shell.child.wait().unwrap();
    assert_eq!(identity.liveness(), Liveness3::Gone);
    assert_eq!(pidfd(&identity).unwrap_err().kind(), std::io::ErrorKind::NotFound);
}

#[test]
fn descendants_are_found_in_whatever_session_and_some_are_spared() {
    let script = "setsid sleep 1000 & (sh -c 'sleep 1001 & wait') & \
                  sh -c 'sleep 1002 & wait' & echo on; wait";
    let mut shell = Shell::start(script, &[]);
    assert_eq!(shell.line(), "on");
    let count = |found: std::io::Result<Vec<Identity>>| found.unwrap().len();
    until("all run", || count(descendants(shell.identity.pid)) >= 5);
    let spared = |process: &Identity| {
        let words = arguments(process.pid).unwrap_or_default();
        Ok(words.last().is_some_and(|word| word == "sleep 1002 & wait"))
    };
    until("the spared one is left out with what is below it", || {
        let all = count(descendants(shell.identity.pid));
        all - count(descendants_without(shell.identity.pid, &spared)) == 2
    });
    let broken = |_: &Identity| Err(std::io::Error::other("not to be found out"));
    descendants_without(shell.identity.pid, &broken).unwrap_err();
}

#[test]
fn processes_are_found_by_what_they_were_started_with() {
    let value = format!("v-{}", std::process::id());
    let mut shell = Shell::start("sleep 1000 & echo on; wait", &[("FIND_ME", &value)]);
    assert_eq!(shell.line(), "on");
    until("both are found", || find_by_env("FIND_ME", &value).unwrap().len() == 2);
    assert_eq!(find_by_env("FIND_ME", "v").unwrap(), []);
    let mut spared = Shell::start("echo on; read x", &[("FIND_ME", &value)]);
    assert_eq!(spared.line(), "on");
    assert_eq!(find_by_env("FIND_ME", &value).unwrap().len(), 3);
    let is_spared = |process: &Identity| Ok(*process == spared.identity);
    let without = find_by_env_without("FIND_ME", &value, &is_spared).unwrap();
    assert!(without.len() == 2 && !without.contains(&spared.identity));
}

#[test]
fn security_11_a_program_is_told_by_its_file() {
    assert!(runs_our_program(std::process::id()).unwrap());
    let own = std::env::current_exe().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let alias = dir.path().join(own.file_name().unwrap());
    std::os::unix::fs::symlink("/bin/sleep", &alias).unwrap();
    let script = format!("echo on; exec {} 1000", alias.display());
    let mut shell = Shell::start(&script, &[]);
    assert_eq!(shell.line(), "on");
    let words = [alias.into_os_string(), "1000".into()];
    until("it calls itself as we do", || arguments(shell.identity.pid).unwrap() == words);
    assert!(!runs_our_program(shell.identity.pid).unwrap());
    shell.child.kill().unwrap();
    shell.child.wait().unwrap();
    assert!(!runs_our_program(shell.identity.pid).unwrap(), "gone");
}

#[test]
fn processes_are_found_by_all_their_arguments() {
    let script = format!("echo on; read x; : {}", std::process::id());
    let mut shell = Shell::start(&script, &[]);
    assert_eq!(shell.line(), "on");
    let found =
        |args: &[&str]| find_by_arguments(&Vec::from_iter(args.iter().map(OsStr::new))).unwrap();
    assert_eq!(found(&["-c", &script]), [shell.identity]);
    assert_eq!(found(&["-c", &script[..5]]), []);
    assert!(!found(&["-c"]).contains(&shell.identity));
}

#[test]
fn a_pidfd_becomes_readable_and_a_group_is_signalled_whole() {
    let mut shell = Shell::start("sleep 1000 & echo on; wait", &[]);
    assert_eq!(shell.line(), "on");
    let fd = pidfd(&shell.identity).unwrap();
    until("the sleep runs", || descendants(shell.identity.pid).unwrap().len() == 1);
    let sleep = descendants(shell.identity.pid).unwrap()[0];
    signal_group(&shell.identity, SIGTERM).unwrap();
    let mut fds = [rustix::event::PollFd::new(&fd, rustix::event::PollFlags::IN)];
    assert_eq!(rustix::event::poll(&mut fds, None).unwrap(), 1);
    until("the group is gone", || sleep.liveness() == Liveness3::Gone);
}

#[test]
fn a_detached_process_has_its_own_session_and_only_what_it_is_given() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let args = ["-c".into(), "env; echo oops >&2; cat; exec sleep 1000 >&-".into()];
    let mut env = BTreeMap::new();
    env.insert("PATH".into(), own_environment()[OsStr::new("PATH")].clone());
    env.insert("ONLY".into(), "this".into());
    let mut detached = spawn_detached(OsStr::new("sh"), &args, &env, Path::new("/"), &log).unwrap();
    let mut said = String::new();
    detached.stdout.read_to_string(&mut said).unwrap();
    let mut names: Vec<&str> = said.lines().filter_map(|l| Some(l.split_once('=')?.0)).collect();
    names.sort_unstable();
    names.retain(|name| !["_", "PWD", "OLDPWD", "SHLVL"].contains(name));
    assert_eq!(names, ["ONLY", "PATH"]);
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "oops\n");
    let pid = rustix::process::Pid::from_raw(detached.identity.pid.try_into().unwrap());
    assert_eq!(rustix::process::getsid(pid).unwrap(), pid.unwrap());
    signal(&detached.identity, SIGKILL).unwrap();
    detached.child.wait().unwrap();
}

#[test]
fn a_terminal_has_its_size_and_controls_its_program() {
    let terminal = Pty::open(91, 17).unwrap();
    let args = ["-c".into(), "stty size; read x; stty size; read x < /dev/tty; echo $x".into()];
    let env = own_environment();
    let program =
        Program { program: OsStr::new("sh"), args: &args, env: &env, cwd: Path::new("/") };
    let (mut child, identity) = terminal.spawn(&program).unwrap();
    let read_until = |words: &str| {
        let mut seen = String::new();
        until(words, || {
            let mut buffer = [0; 1024];
            if let Ok(len) = rustix::io::read(&terminal.master, &mut buffer) {
                seen.push_str(&String::from_utf8_lossy(&buffer[..len]));
            }
            seen.contains(words)
        });
    };
    read_until("17 91");
    assert_eq!(pty::foreground_group(&terminal.master), Some(identity.pid));
    pty::resize(&terminal.master, 40, 10).unwrap();
    rustix::io::write(&terminal.master, b"\n").unwrap();
    read_until("10 40");
    rustix::io::write(&terminal.master, b"through the tty\n").unwrap();
    read_until("through the tty\r\nthrough the tty");
    child.wait().unwrap();
}

#[test]
fn security_06_what_a_program_leaves_behind_keeps_its_mark() {
    let dir = tempfile::tempdir().unwrap();
    let args = [
        OsString::from("-c"),
        "(setsid env -i sh -c 'until [ -e go ]; do sleep 0.02; done; cat /proc/self/limits > l; \
         mv l limits' > /dev/null 2>&1 &); grep -q . /proc/self/limits"
            .into(),
    ];
    let env = own_environment();
    let program = Program { program: OsStr::new("sh"), args: &args, env: &env, cwd: dir.path() };
    let how = Run { input: b"", timeout: PATIENCE, output_max_bytes: 100, log: None };
    assert_eq!(run(&program, &how).unwrap().code, Some(0));
    std::fs::write(dir.path().join("go"), "").unwrap();
    let read = || std::fs::read_to_string(dir.path().join("limits")).ok();
    until("it to look at its limits", || read().is_some());
    let marked = Mark::own().below(PROGRAM_NAME);
    assert!(marked.is_below(Mark::own()));
    let number = serde_json::to_string(&marked).unwrap();
    let limits = read().unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max file locks")).unwrap();
    assert_eq!(line.matches(&number).count(), 2, "{line}");
}
