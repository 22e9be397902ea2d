//! A host under strain from outside: no descriptors, floods, endless lines, deleted directories,
//! everybody else killed. It stays what it was, costs next to nothing, and serves again afterwards.

mod support;

use nightshift_platform::ipc::send_with_descriptor;
use nightshift_platform::process::signal;
use nightshift_platform::signals::SIGURG;
use nightshift_platform::{clock, spawn};
use nightshift_protocol::record::Mark;
use nightshift_protocol::{HostEvent, HostRequest, RecordKind, encode_control};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;
use support::{Host, Terminal, cpu_time, launch, peak_kib, pipe, shell, until};

/// More than a host that rests may use in a second or two, far less than one that spins.
const RESTING: Duration = Duration::from_millis(100);
/// Memory of a host, whatever flows through it.
const PEAK_MAX_KIB: u64 = 32 * 1024;

fn pass(time: Duration) {
    let start = clock::monotonic();
    until("some time has passed", || clock::monotonic() - start > time);
}

fn assert_rests(host: &Host, time: Duration) {
    let pid = host.detached.identity.pid;
    let before = cpu_time(pid);
    pass(time);
    let used = cpu_time(pid) - before;
    assert!(used < RESTING, "used {used:?} of processor in {time:?} of rest");
}

fn limit_descriptors(host: &Host, current: u64) -> Rlimit {
    let pid = Pid::from_raw(i32::try_from(host.detached.identity.pid).unwrap());
    let limit = |current| Rlimit { current: Some(current), maximum: Some(10_000) };
    prlimit(pid, Resource::Nofile, limit(current)).unwrap()
}

#[test]
fn a_host_without_descriptors_rests_serves_who_is_there_and_lets_the_next_in_later() {
    let host = Host::ready(shell("while read x; do echo got $x; done"));
    let (mut here, mut terminal) = (host.connect(), Terminal::new());
    here.attach();
    here.keys("one\r");
    here.watch_until(&mut terminal, |t| t.text().contains("got one"));
    let open = format!("/proc/{}/fd", host.detached.identity.pid);
    let before = limit_descriptors(&host, std::fs::read_dir(open).unwrap().count() as u64);
    let waiting = UnixStream::connect(host.dir.join("s")).unwrap();
    assert_rests(&host, Duration::from_secs(1));
    here.keys("two\r");
    here.watch_until(&mut terminal, |t| t.text().contains("got two"));
    limit_descriptors(&host, before.current.unwrap().min(10_000));
    drop(waiting);
    let mut next = host.connect();
    next.send(&HostRequest::Status);
    next.event(|event| matches!(event, HostEvent::Status { .. }).then_some(()));
    assert!(host.log().contains("nobody can be let in now"), "{}", host.log());
}

/// A host whose supervisor, viewers and watchers are killed in the middle of everything waits for
/// ever without turning in circles; so does one that was left with a child that has closed all.
#[test]
fn failures_14_no_orphan_spins() {
    let host = Host::ready(shell("exec <&- >&- 2>&-; sleep 1000"));
    let busy = Host::ready(pipe("while read x; do echo $x; done; exec <&- >&-; sleep 1000"));
    for host in [&host, &busy] {
        let mut gone = Vec::new();
        for _ in 0..4 {
            let mut follower = host.connect();
            follower.send(&HostRequest::Follow { after: 0 });
            follower.send(&HostRequest::Watch);
            follower.attach();
            // Never read, half a frame left behind.
            follower.send_bytes(&[50, 0, 0, 0, 1, b'{']);
            gone.push(follower);
        }
        let mut writer = host.connect();
        for tag in 0..100 {
            writer.send(&HostRequest::WriteLine { tag, line: "x".repeat(1000) });
        }
    }
    for host in [&host, &busy] {
        assert_rests(host, Duration::from_millis(1500));
    }
}

fn journal_bytes(host: &Host) -> u64 {
    let files = std::fs::read_dir(&host.dir).unwrap().map(Result::unwrap);
    let segments = files.filter(|f| f.file_name().to_string_lossy().starts_with("journal-"));
    segments.map(|f| f.metadata().unwrap().len()).sum()
}

/// `FLOOD_MB` makes floods larger; ten gigabytes take minutes.
fn flood_mb() -> u64 {
    std::env::var("FLOOD_MB").map_or(32, |mb| mb.parse().unwrap())
}

#[test]
fn a_flood_of_output_keeps_journal_and_memory_bounded() {
    let mb = flood_mb();
    let line = "a line of output as long as lines usually are, more or less, in a log file";
    let mut launch =
        shell(&format!("stty -opost; yes '{line}' | head -c {mb}000000; echo; echo the end"));
    launch.journal_max_bytes = 8 * 1024 * 1024;
    let max = launch.journal_max_bytes;
    let mut host = Host::ready(launch);
    let pid = host.detached.identity.pid;
    let (mut peak, mut journal) = (0, 0);
    // Looked at while it runs: afterwards the process is gone.
    while host.detached.child.try_wait().unwrap().is_none() {
        peak = peak.max(peak_kib(pid).unwrap_or(0));
        journal = journal.max(journal_bytes_now(&host));
        pass(Duration::from_millis(20));
    }
    assert_eq!(host.wait_exit().code, Some(0));
    assert!(peak > 0 && peak < PEAK_MAX_KIB, "{peak} KiB at most");
    assert!(journal.max(journal_bytes(&host)) <= max, "{journal} bytes of journal");
    let records = host.records();
    assert!(records.windows(2).all(|pair| pair[0].seq + 1 == pair[1].seq), "gaps in the numbers");
    assert_eq!(host.exit_record().last_seq, records.last().unwrap().seq);
    let kept: Vec<u8> = records.into_iter().flat_map(|r| r.body).collect();
    assert!(kept.len() as u64 > max / 2, "{} bytes kept", kept.len());
    assert!(String::from_utf8_lossy(&kept).trim_end().ends_with("the end"));
}

/// Segments come and go while they are counted.
fn journal_bytes_now(host: &Host) -> u64 {
    let files = std::fs::read_dir(&host.dir).unwrap().flatten();
    let segments = files.filter(|f| f.file_name().to_string_lossy().starts_with("journal-"));
    segments.filter_map(|f| f.metadata().ok()).map(|m| m.len()).sum()
}

#[test]
fn a_line_without_end_on_a_terminal_costs_no_memory() {
    let line = format!("head -c {}000000 /dev/zero | tr '\\0' x; echo end; cat", flood_mb());
    let mut host = Host::ready(shell(&line));
    let (mut client, mut terminal) = (host.connect(), Terminal::new());
    client.attach();
    client.watch_until(&mut terminal, |t| t.text().contains("xxxend"));
    assert!(peak_kib(host.detached.identity.pid).unwrap() < PEAK_MAX_KIB);
    client.send(&HostRequest::Stop { grace_ms: 100 });
    host.wait_exit();
}

#[test]
fn a_line_of_a_hundred_megabytes_of_an_agent_is_dropped_with_its_length() {
    let host = Host::ready(pipe("head -c 100000000 /dev/zero | tr '\\0' x; echo; echo after; cat"));
    until("the line after is journalled", || {
        host.records().last().is_some_and(|record| record.body == b"after")
    });
    let marks = host.records().into_iter().filter(|r| r.kind == RecordKind::Mark);
    let marks: Vec<Mark> = marks.map(|r| serde_json::from_slice(&r.body).unwrap()).collect();
    assert_eq!(marks.last(), Some(&Mark::Dropped { bytes: 100_000_000, unstored: false }));
    // The limit of a line, once in the splitter and once while it grows.
    assert!(peak_kib(host.detached.identity.pid).unwrap() < 2 * PEAK_MAX_KIB);
}

/// A user's terminal: our side and the side that is handed over.
fn terminal() -> (OwnedFd, OwnedFd) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let ours = openpt(flags).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let theirs = ioctl_tiocgptpeer(&ours, flags).unwrap();
    let mut modes = tcgetattr(&theirs).unwrap();
    modes.make_raw();
    tcsetattr(&theirs, OptionalActions::Now, &modes).unwrap();
    (ours, theirs)
}

#[test]
fn the_detach_key_is_heard_behind_a_paste_that_the_job_does_not_read() {
    let host = Host::ready(shell("stty raw -echo; echo deaf; sleep 1000"));
    let mut client = host.connect();
    let (ours, theirs) = terminal();
    let request = HostRequest::AttachTerminal {
        cols: 80,
        rows: 24,
        read_only: false,
        detach_keys: vec!["\x1c".into()],
        clipboard: false,
    };
    let frame = encode_control(&request);
    let sent = send_with_descriptor(&client.stream, &frame, theirs.as_fd()).unwrap();
    assert_eq!(sent, frame.len());
    until("the job is deaf", || host.records().iter().any(|r| r.body.starts_with(b"deaf")));
    let mut keyboard = std::fs::File::from(ours.try_clone().unwrap());
    let typing = std::thread::spawn(move || {
        keyboard.write_all(&vec![b'p'; 2 * 1024 * 1024]).unwrap();
        keyboard.write_all(b"\x1c").unwrap();
    });
    client.event(|event| matches!(event, HostEvent::Detached).then_some(()));
    typing.join().unwrap();
    assert_rests(&host, Duration::from_millis(500));
}

#[test]
fn a_host_whose_directory_was_deleted_makes_it_anew_when_asked() {
    let dir = tempfile::tempdir().unwrap();
    let job = dir.path().join("job");
    std::fs::create_dir(&job).unwrap();
    let host = Host::start_in(&job, pipe("echo before; while read x; do echo re: $x; done"));
    let mut old = host.connect();
    old.send(&HostRequest::Follow { after: 0 });
    let before = old.records_until(|record| record.body == b"before");
    std::fs::remove_dir_all(&job).unwrap();
    old.send(&HostRequest::WriteLine { tag: 1, line: "meanwhile".into() });
    let meanwhile = old.records_until(|record| record.body == b"re: meanwhile");
    signal(&host.detached.identity, SIGURG).unwrap();
    until("its socket and documents are back", || {
        job.join("ready.json").exists() && UnixStream::connect(job.join("s")).is_ok()
    });
    let mut new = host.connect();
    new.send(&HostRequest::WriteLine { tag: 2, line: "after".into() });
    new.send(&HostRequest::Follow { after: 0 });
    let all = new.records_until(|record| record.body == b"re: after");
    assert_eq!(all[..before.len() + meanwhile.len()], [before, meanwhile].concat());
    let seqs: Vec<u64> = all.iter().map(|record| record.seq).collect();
    assert_eq!(seqs, (1..=all.len() as u64).collect::<Vec<_>>());
    let ready = std::fs::read(job.join("ready.json")).unwrap();
    signal(&host.detached.identity, SIGURG).unwrap();
    new.send(&HostRequest::WriteLine { tag: 3, line: "asked twice".into() });
    new.records_until(|record| record.body == b"re: asked twice");
    assert_eq!(std::fs::read(job.join("ready.json")).unwrap(), ready, "made again for nothing");
    new.send(&HostRequest::Stop { grace_ms: 100 });
    new.exited();
    until("the exit record", || job.join("exit.json").exists());
}

#[test]
fn a_request_that_is_not_known_is_refused_and_the_next_one_served() {
    let host = Host::ready(launch(nightshift_protocol::LaunchKind::Pty, &["cat"]));
    let mut client = host.connect();
    client.send_bytes(&encode_control(&serde_json::json!({"type": "juggle", "tag": 7})));
    let refused = client.event(|event| match event {
        HostEvent::Refused { tag, error } => Some((tag, error)),
        _ => None,
    });
    assert!(refused.0 == 7 && refused.1.contains("newer nightshift"), "{refused:?}");
    client.send_bytes(&encode_control(
        &serde_json::json!({"type": "attach", "cols": 80, "rows": 24, "read_only": true, "mirror": 1}),
    ));
    client.event(|event| matches!(event, HostEvent::Snapshot { .. }).then_some(()));
}

/// Only so many processes for this user: the agent cannot be started, and that is what is said.
#[test]
fn a_fork_that_fails_is_said_and_leaves_nothing() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("NOT TESTED: a failing fork; another user to limit needs root");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut launch = shell("true");
    launch.socket = dir.path().join("s").display().to_string();
    std::fs::write(dir.path().join("launch.json"), serde_json::to_vec(&launch).unwrap()).unwrap();
    let owner = 61_000 + std::process::id() % 1000;
    for path in [dir.path().to_owned(), dir.path().join("launch.json")] {
        std::os::unix::fs::chown(path, Some(owner), Some(owner)).unwrap();
    }
    // One process: the host itself.
    let limited = format!(
        "exec prlimit --nproc=1 setpriv --reuid {owner} --regid {owner} --clear-groups '{}' host '{}'",
        support::binary().display(),
        dir.path().display()
    );
    let args = ["-c".into(), limited.into()];
    let env = spawn::own_environment();
    let log = dir.path().join("log");
    let mut host = spawn::spawn_detached("sh".as_ref(), &args, &env, dir.path(), &log).unwrap();
    let mut line = String::new();
    std::io::Read::read_to_string(&mut host.stdout, &mut line).unwrap();
    let code = host.child.wait().unwrap().code();
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(line.starts_with("error ") && line.contains("cannot be started"), "{line} {log}");
    assert_eq!(code, Some(1));
    assert!(!dir.path().join("s").exists(), "the socket is left behind");
}
