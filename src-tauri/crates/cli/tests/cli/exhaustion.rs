//! No descriptors, no processes: the supervisor says so, rests, and serves again afterwards.

use crate::support::{Shift, cpu_time, pass};
use nightshift_platform::process::Identity;
use std::time::Duration;

/// More than a supervisor that rests may use in a second, far less than one that spins.
const RESTING: Duration = Duration::from_millis(150);

/// Sets the lower of the two limits, as the process's own user may; the upper one stays.
fn limit(shift: &Shift, process: &Identity, resource: &str, current: &str) {
    let mut prlimit = shift.unprivileged_command("prlimit");
    let pid = process.pid.to_string();
    prlimit.args(["--pid", &pid, &format!("--{resource}={current}:")]);
    crate::support::ran(&mut prlimit, b"").ok(&["prlimit", resource, current]);
}

/// A limit that leaves room for `more` descriptors.
fn room_for(process: &Identity, more: usize) -> String {
    let open: Vec<u64> = std::fs::read_dir(format!("/proc/{}/fd", process.pid))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().parse().unwrap())
        .collect();
    // The limit is on the number, and the lowest free one is given out.
    (0..).filter(|n| !open.contains(n)).nth(more).unwrap().to_string()
}

/// The room once the last client's descriptors are closed.
fn settled_room(process: &Identity, more: usize) -> String {
    nightshift_testkit::wait_for("the last client to be gone", || {
        let before = room_for(process, more);
        pass(Duration::from_millis(50));
        (before == room_for(process, more)).then_some(before)
    })
}

#[test]
fn a_supervisor_without_descriptors_says_so_rests_and_recovers() {
    if !rustix::process::geteuid().is_root() {
        eprintln!(
            "NOT TESTED: a supervisor without descriptors; raising its limit again needs root"
        );
        return;
    }
    let shift = Shift::new();
    let job = shift.shell("while ! [ -e go ]; do sleep 0.01; done; echo went on; exit 3");
    let asks = shift.agent("ask Go on? | Yes\ndone went on");
    shift.wait_state(&asks, "blocked");
    let supervisor = shift.supervisor();
    limit(&shift, &supervisor, "nofile", &settled_room(&supervisor, 0));
    for args in [&["agents"][..], &["--bg", "--exec", "true"], &["answer", &asks, "1"]] {
        shift.fails(args, &["cannot take another client", "ulimit -n"]);
    }
    let used = cpu_time(&supervisor).unwrap();
    pass(Duration::from_secs(1));
    let used = cpu_time(&supervisor).unwrap() - used;
    assert!(used < RESTING, "{used:?} of processor while nothing could be done");
    // One that ends meanwhile.
    std::fs::write(shift.home.work().join("go"), "").unwrap();
    let exit = shift.job(&job).join("exit.json");
    nightshift_testkit::wait_until("the job's end", || exit.exists());
    limit(&shift, &supervisor, "nofile", "1024");
    assert_eq!(shift.supervisor(), supervisor);
    assert_eq!(shift.wait_state(&job, "failed")["exitCode"], 3);
    shift.answer(&asks, "1");
    assert_eq!(shift.wait_state(&asks, "done")["result"], "went on");
    let after = shift.shell("exit 0");
    shift.wait_state(&after, "done");
}

/// Enough for the client and for nothing a session needs.
#[test]
fn a_supervisor_short_of_descriptors_fails_a_dispatch_and_calls_nobody_gone() {
    let shift = Shift::new();
    let jobs: Vec<String> = (0..3).map(|_| shift.shell("read x")).collect();
    let supervisor = shift.supervisor();
    limit(&shift, &supervisor, "nofile", &settled_room(&supervisor, 3));
    let ran = shift.run(&["--bg", "--exec", "true"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("descriptors") || ran.err.contains("open files"), "{ran:?}");
    limit(&shift, &supervisor, "nofile", "1024");
    for id in &jobs {
        let entry = shift.wait_entry(id, "its process", |e| e["pid"].is_u64());
        assert_eq!(entry["state"], "working", "{entry}");
    }
    let after = shift.shell("exit 0");
    shift.wait_state(&after, "done");
}

#[test]
fn a_supervisor_that_cannot_fork_fails_the_dispatch_and_goes_on() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("NOT TESTED: a supervisor that cannot fork; another user to limit needs root");
        return;
    }
    let shift = Shift::unprivileged();
    let job = shift.shell("while read x; do :; done");
    shift.wait_entry(&job, "its process", |e| e["pid"].is_u64());
    let supervisor = shift.supervisor();
    limit(&shift, &supervisor, "nproc", "1");
    shift.fails(&["--bg", "--exec", "true"], &["did not start", "too many processes"]);
    // What needs a thread is done by the spare one.
    shift.ok(&["logs", &job]);
    assert!(shift.entry(&job)["pid"].is_u64());
    assert_eq!(shift.supervisor(), supervisor, "it did not survive");
    limit(&shift, &supervisor, "nproc", "10000");
    let after = shift.shell("exit 0");
    shift.wait_state(&after, "done");
    shift.ok(&["logs", &job]);
}
