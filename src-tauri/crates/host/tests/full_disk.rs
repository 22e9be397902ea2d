//! An agent whose host has a full disk, with a real small one: what it says is neither lost nor kept without
//! end in memory.

mod support;

use nightshift_platform::clock;
use nightshift_platform::process::Identity;
use nightshift_protocol::{HostRequest, Ready, Record, RecordKind};
use std::cell::Cell;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use support::{Host, pipe, until};

/// Room for all that the agent says, once there is room.
const DISK: &str = "size=48m";
const DISK_BYTES: usize = 48 * 1024 * 1024;
/// What waits in the host before it stops reading, with the head of each record.
const PRESSED_BYTES: usize = 4 * 1024 * 1024;
/// So much of that is text at least: heads are a small part of lines as long as these.
const HEARD_BYTES: usize = PRESSED_BYTES / 8 * 7;
/// The agent would say this much: far more than a host may keep.
const LINES: usize = 2_000;
const LINE_BYTES: usize = 8_000;

/// A file system of its own, unmounted at the end.
struct SmallDisk {
    at: tempfile::TempDir,
}

impl SmallDisk {
    /// None where mounting needs more rights than we have.
    fn mount() -> Option<SmallDisk> {
        let at = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", DISK, "tmpfs"]).arg(at.path());
        mount.status().is_ok_and(|status| status.success()).then_some(SmallDisk { at })
    }

    fn fill(&self) {
        let filled = std::fs::write(self.filler(), vec![0; DISK_BYTES]);
        assert_eq!(filled.unwrap_err().kind(), std::io::ErrorKind::StorageFull);
    }

    fn free(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> std::path::PathBuf {
        self.at.path().join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let status = Command::new("umount").arg(self.at.path()).status();
        assert!(status.is_ok_and(|status| status.success()), "the small disk stays mounted");
    }
}

/// Whether it waits in write(2) to its stdout (proc_pid_syscall(5)).
fn is_writing(agent: &Identity) -> bool {
    let call = std::fs::read_to_string(format!("/proc/{}/syscall", agent.pid)).unwrap();
    let mut words = call.split_whitespace();
    let write = libc_write().to_string();
    words.next() == Some(write.as_str()) && words.next() == Some("0x1")
}

/// The number of write(2), which differs between processors.
fn libc_write() -> i64 {
    if cfg!(target_arch = "x86_64") { 1 } else { 64 }
}

fn number_of(record: &Record) -> Option<usize> {
    if record.kind != RecordKind::Out {
        return None;
    }
    std::str::from_utf8(&record.body).unwrap().split(' ').next()?.parse().ok()
}

fn said_so_far(counter: &Path) -> usize {
    std::fs::read_to_string(counter).unwrap().lines().count()
}

#[test]
fn failures_36_an_agent_is_not_read_on_while_its_lines_wait_for_the_disk_and_loses_none() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("NOT TESTED: a full disk; mounting a small one needs more rights than we have");
        return;
    };
    let elsewhere = tempfile::tempdir().unwrap();
    let (go, counter) = (elsewhere.path().join("go"), elsewhere.path().join("said"));
    std::fs::write(&counter, "").unwrap();
    let mut launch = pipe(&format!(
        "until [ -e '{}' ]; do sleep 0.02; done; pad=$(printf '%0{LINE_BYTES}d' 0); i=0; \
         while [ $i -lt {LINES} ]; do i=$((i+1)); echo \"$i $pad\"; echo >> '{}'; done; read end",
        go.display(),
        counter.display()
    ));
    launch.journal_max_bytes = DISK_BYTES as u64;
    let host = Host::start_in(disk.at.path(), launch);
    assert_eq!(host.ready_line, "ready\n", "{}", host.log());
    let ready: Ready =
        serde_json::from_slice(&std::fs::read(host.dir.join("ready.json")).unwrap()).unwrap();
    let agent = Identity { pid: ready.child_pid, start_ticks: ready.child_start_ticks };
    let mut follower = host.connect();
    follower.send(&HostRequest::Follow { after: 0 });
    disk.fill();
    std::fs::write(&go, "").unwrap();

    let heard = Cell::new(0);
    let enough = |record: &Record| {
        heard.set(heard.get() + record.body.len());
        heard.get() > HEARD_BYTES
    };
    let mut records = follower.records_until(enough);
    until("the agent blocks", || is_writing(&agent));
    let start = clock::monotonic();
    until("it would have gone on", || clock::monotonic() - start > Duration::from_secs(1));
    assert!(is_writing(&agent), "it was read on");
    let said = said_so_far(&counter);
    assert!(said * LINE_BYTES < 2 * PRESSED_BYTES, "{said} of {LINES} lines were taken");
    let stored = host.records().iter().filter_map(number_of).count();
    assert!(stored < 10, "{stored} lines found room");

    disk.free();
    records.extend(follower.records_until(|record| number_of(record) == Some(LINES)));
    let all: Vec<usize> = (1..=LINES).collect();
    assert_eq!(records.iter().filter_map(number_of).collect::<Vec<_>>(), all);
    until("the disk has all", || host.records().iter().filter_map(number_of).count() == LINES);
    assert_eq!(host.records().iter().filter_map(number_of).collect::<Vec<_>>(), all);
    let mut client = host.connect();
    client.send(&HostRequest::Stop { grace_ms: 10_000 });
    client.exited();
    let mut host = host;
    host.wait_exit();
}
