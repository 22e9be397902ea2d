//! What a session starts is the session's and ends with it, whatever it calls itself; only hosts and
//! the supervisor of the same home are not.

mod support;

use nightshift_platform::process::{Identity, Liveness3, arguments};
use nightshift_protocol::{HostRequest, Launch, LaunchKind, Ready};
use std::path::{Path, PathBuf};
use support::{Host, binary, launch, shell, until};
use tempfile::TempDir;

/// Directories of sessions, as below one home.
struct Jobs {
    dir: TempDir,
}

impl Jobs {
    fn new() -> Jobs {
        Jobs { dir: tempfile::tempdir().unwrap() }
    }

    fn job(&self, name: &str) -> PathBuf {
        let dir = self.dir.path().join(name);
        std::fs::create_dir_all(&dir).unwrap();
        dir
    }

    /// A session that waits to be started by a host, and ends when its terminal goes.
    fn prepared(&self, name: &str) -> PathBuf {
        let dir = self.job(name);
        let mut launch: Launch = launch(LaunchKind::Pty, &["cat"]);
        launch.socket = dir.join("s").display().to_string();
        std::fs::write(dir.join("launch.json"), serde_json::to_vec(&launch).unwrap()).unwrap();
        dir
    }
}

/// The host of the session in `dir`, once it is ready.
fn host_in(dir: &Path) -> Identity {
    let read =
        || serde_json::from_slice::<Ready>(&std::fs::read(dir.join("ready.json")).ok()?).ok();
    until("its host is ready", || read().is_some());
    let ready = read().unwrap();
    Identity { pid: ready.pid, start_ticks: ready.start_ticks }
}

fn stop(host: &mut Host) {
    host.connect().send(&HostRequest::Stop { grace_ms: 100 });
    host.wait_exit();
}

/// The process of the session whose last argument is this, once it runs that program. One that ends
/// while it is looked at is another.
fn running(host: &Host, last: &str) -> Option<Identity> {
    let is = |one: &Identity| {
        let words = arguments(one.pid).unwrap_or_default();
        words.last().is_some_and(|word| word == last)
    };
    host.processes().into_iter().find(is)
}

#[test]
fn security_11_what_calls_itself_ours_is_ended() {
    let jobs = Jobs::new();
    let named = jobs.prepared("named");
    let dir = jobs.job("outer");
    let script = format!(
        "ln -s $(command -v sleep) {dir}/nightshift
         NIGHTSHIFT_ROLE=host setsid sleep 4001 &
         (NIGHTSHIFT_ROLE=supervisor setsid setsid sleep 4002 &)
         NIGHTSHIFT_ROLE=host {dir}/nightshift 4003 &
         sh -c 'echo nightshift > /proc/$$/comm; sleep 4004; :' &
         {dir}/nightshift 4005 & echo \"{{\\\"version\\\":1}}\" > {named}/ready.json
         echo started; cat",
        dir = dir.display(),
        named = named.display(),
    );
    let mut host = Host::start_in(&dir, shell(&script));
    for last in ["4001", "4002", "4003", "4004", "4005"] {
        until(last, || running(&host, last).is_some());
    }
    stop(&mut host);
    assert_eq!(host.processes(), []);
}

#[test]
fn security_11_our_program_in_a_role_of_its_own_is_ended() {
    let (jobs, elsewhere) = (Jobs::new(), Jobs::new());
    // A supervisor's sessions in another home, and a copy of our program in this one.
    let (other, copied) = (elsewhere.prepared("other"), jobs.prepared("copied"));
    let dir = jobs.job("outer");
    let script = format!(
        "setsid {binary} host {other} & cp {binary} {dir}/nightshift
         setsid {dir}/nightshift host {copied} & cat",
        binary = binary().display(),
        dir = dir.display(),
        other = other.display(),
        copied = copied.display(),
    );
    let mut host = Host::start_in(&dir, shell(&script));
    let hosts = [host_in(&other), host_in(&copied)];
    stop(&mut host);
    for one in hosts {
        assert_eq!(one.liveness(), Liveness3::Gone);
    }
    assert_eq!(host.processes(), []);
}

#[test]
fn security_11_hosts_of_this_home_are_spared_after_an_update_too() {
    let jobs = Jobs::new();
    let (before, after) = (jobs.prepared("before"), jobs.prepared("after"));
    let dir = jobs.job("outer");
    let program = dir.join("program");
    std::fs::copy(binary(), &program).unwrap();
    let script = format!(
        "cd {dir}; setsid {program} host {before} & read go
         cp program new; mv new program; setsid {program} host {after} & cat",
        program = program.display(),
        dir = dir.display(),
        before = before.display(),
        after = after.display(),
    );
    let mut host = Host::start_as(&program, &dir, shell(&script));
    let first = host_in(&before);
    let mut client = host.connect();
    client.attach();
    client.keys("go\n");
    let second = host_in(&after);
    stop(&mut host);
    for one in [first, second] {
        assert_eq!(one.liveness(), Liveness3::Alive);
    }
}

#[test]
fn security_11_the_supervisor_is_known_by_its_lock_and_its_program() {
    for (is_ours, spared) in [(true, true), (false, false)] {
        let (jobs, elsewhere) = (Jobs::new(), Jobs::new());
        let other = elsewhere.prepared("other");
        let dir = jobs.job("outer");
        let script = format!("setsid {} host {} & sleep 4006", binary().display(), other.display());
        let mut host = Host::start_in(&dir, shell(&script));
        let ours = host_in(&other);
        until("it sleeps", || running(&host, "4006").is_some());
        let sleeps = running(&host, "4006").unwrap();
        let Identity { pid, start_ticks } = if is_ours { ours } else { sleeps };
        let holder =
            serde_json::json!({ "pid": pid, "startTicks": start_ticks, "version": "0.0.0" });
        std::fs::write(dir.join("daemon.lock"), holder.to_string()).unwrap();
        stop(&mut host);
        assert_eq!(sleeps.liveness(), Liveness3::Gone);
        assert_eq!(ours.liveness() == Liveness3::Alive, spared);
    }
}
