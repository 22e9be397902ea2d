//! Agents on pipes through a real host: lines in and out, replay, followers, damage, a full disk.

mod support;

use nightshift_protocol::record::{Mark, RECORD_BODY_MAX_BYTES};
use nightshift_protocol::{HostEvent, HostRequest, RecordKind};
use std::os::unix::fs::FileExt;
use support::{Client, Host, Message, pipe, until};

fn write_line(client: &mut Client, tag: u64, line: &str) -> Result<u64, String> {
    client.send(&HostRequest::WriteLine { tag, line: line.to_owned() });
    client.event(|event| match event {
        HostEvent::Written { tag: t, seq } if t == tag => Some(Ok(seq)),
        HostEvent::Refused { tag: t, error } if t == tag => Some(Err(error)),
        _ => None,
    })
}

const ECHO: &str = "while read -r line; do echo \"re: $line\"; echo \"err: $line\" >&2; done";

#[test]
fn every_line_is_journalled_both_ways_and_followed_live() {
    let host = Host::ready(pipe(ECHO));
    let (mut client, mut follower) = (host.connect(), host.connect());
    follower.send(&HostRequest::Follow { after: 0 });
    let seq = write_line(&mut client, 1, "{\"a\": 1}").unwrap();
    let mut seen = Vec::new();
    while seen.len() < 4 {
        if let Some(Message::Record(record)) = follower.message() {
            seen.push(record);
        }
    }
    assert_eq!(seen[0].kind, RecordKind::Mark);
    assert_eq!((seen[1].seq, seen[1].kind), (seq, RecordKind::In));
    assert_eq!(seen[1].body, b"{\"a\": 1}");
    let find = |kind| seen.iter().find(|r| r.kind == kind).map(|r| r.body.clone());
    assert_eq!(find(RecordKind::Out).unwrap(), b"re: {\"a\": 1}");
    assert_eq!(find(RecordKind::Err).unwrap(), b"err: {\"a\": 1}");
    assert_eq!(host.records(), seen);
}

#[test]
fn a_follow_replays_from_where_it_is_asked_and_says_when_it_has_caught_up() {
    let host = Host::ready(pipe("seq 1 5000; cat"));
    let mut first = host.connect();
    first.send(&HostRequest::Follow { after: 0 });
    first.records_until(|record| record.body == b"5000");
    let mut second = host.connect();
    second.send(&HostRequest::Follow { after: 4000 });
    let records = second.records_until(|record| record.body == b"5000");
    let seqs: Vec<u64> = records.iter().map(|r| r.seq).collect();
    assert_eq!(seqs, (4001..=5001).collect::<Vec<_>>());
    assert_eq!(second.message(), Some(Message::Event(HostEvent::CaughtUp { seq: 5001 })));
    write_line(&mut second, 1, "live").unwrap();
    let live =
        first.records_until(|record| record.kind == RecordKind::Out && record.body == b"live");
    assert_eq!(live.last().unwrap().seq, 5003);
}

#[test]
fn a_slow_follower_gets_every_record_and_costs_no_memory() {
    let line = "x".repeat(2000);
    let script = format!(
        "read go; i=0; while [ $i -lt 40000 ]; do echo {line}; i=$((i+1)); done; echo end; cat"
    );
    let mut launch = pipe(&script);
    launch.journal_max_bytes = 200 * 1024 * 1024;
    let host = Host::ready(launch);
    let (mut slow, mut client) = (host.connect(), host.connect());
    slow.send(&HostRequest::Follow { after: 0 });
    client.send(&HostRequest::Watch);
    write_line(&mut client, 1, "go").unwrap();
    client.event(|event| match event {
        HostEvent::Activity { line } if line == "end" => Some(()),
        _ => None,
    });
    let records = slow.records_until(|record| record.body == b"end");
    let seqs: Vec<u64> = records.iter().map(|r| r.seq).collect();
    assert_eq!(seqs, (1..=40_003).collect::<Vec<_>>());
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", host.detached.identity.pid)).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak_kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak_kib < 32 * 1024, "{peak_kib} KiB at most");
}

#[test]
fn a_line_over_the_limit_is_dropped_with_a_mark_and_the_next_one_comes() {
    let script = format!(
        "head -c {} /dev/zero | tr '\\0' x; echo; echo after; cat",
        RECORD_BODY_MAX_BYTES + 1
    );
    let host = Host::ready(pipe(&script));
    until("the line after is journalled", || {
        host.records().last().is_some_and(|record| record.body == b"after")
    });
    let records = host.records();
    let mark: Mark = serde_json::from_slice(&records[records.len() - 2].body).unwrap();
    let bytes = RECORD_BODY_MAX_BYTES as u64 + 1;
    assert_eq!(mark, Mark::Dropped { bytes, unstored: false });
}

#[test]
fn lines_that_cannot_be_written_are_refused_with_a_reason() {
    let host = Host::ready(pipe("exec <&-; echo closed; sleep 1000"));
    let mut client = host.connect();
    client.send(&HostRequest::Follow { after: 0 });
    client.records_until(|record| record.body == b"closed");
    assert!(write_line(&mut client, 1, "a\nb").unwrap_err().contains("newline"));
    // The first write finds out that nobody reads, the next is refused.
    until("the closed input is noticed", || write_line(&mut client, 2, "x").is_err());
    assert!(write_line(&mut client, 3, "x").unwrap_err().contains("no longer reads"));
}

#[test]
fn what_a_dying_supervisor_sent_is_journalled_before_its_successor_follows() {
    for round in 0..20 {
        let host = Host::ready(pipe("cat >/dev/null"));
        let mut old = host.connect();
        let mut all = Vec::new();
        for tag in 0..50 {
            let line = format!("line {tag}");
            all.extend(nightshift_protocol::encode_control(&HostRequest::WriteLine { tag, line }));
        }
        old.send_bytes(&all);
        drop(old);
        let mut new = host.connect();
        new.send(&HostRequest::Follow { after: 0 });
        let mut lines = 0;
        loop {
            match new.message() {
                Some(Message::Record(record)) if record.kind == RecordKind::In => lines += 1,
                Some(Message::Event(HostEvent::CaughtUp { .. })) => break,
                _ => {}
            }
        }
        assert_eq!(lines, 50, "round {round}");
    }
}

#[test]
fn a_relaunch_goes_on_with_the_numbers_and_keeps_the_old_exit() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = Host::start_in(dir.path(), pipe("echo one; exit 3"));
    assert_eq!(first.wait_exit().code, Some(3));
    let before = first.records();
    let second = Host::start_in(dir.path(), pipe("echo two; cat"));
    assert_eq!(second.ready_line, "ready\n");
    assert!(!dir.path().join("exit.json").exists());
    assert!(dir.path().join("exit.prev.json").exists());
    until("the second speaks", || second.records().last().is_some_and(|r| r.body == b"two"));
    let after = second.records();
    assert_eq!(after[..before.len()], before[..]);
    let seqs: Vec<u64> = after.iter().map(|r| r.seq).collect();
    assert_eq!(seqs, (1..=after.len() as u64).collect::<Vec<_>>());
    let mark: Mark = serde_json::from_slice(&after[before.len()].body).unwrap();
    assert!(matches!(mark, Mark::Launched { .. }));
}

#[test]
fn a_second_host_in_the_same_directory_disturbs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let first = Host::start_in(dir.path(), pipe(ECHO));
    assert_eq!(first.ready_line, "ready\n");
    let second = Host::start_in(dir.path(), pipe("echo intruder"));
    assert!(second.ready_line.starts_with("error cannot listen"), "{}", second.ready_line);
    let mut client = first.connect();
    client.send(&HostRequest::Follow { after: 0 });
    write_line(&mut client, 1, "still there").unwrap();
    let records = client.records_until(|record| record.body == b"re: still there");
    assert!(records.iter().all(|record| record.body != b"intruder"));
    assert!(dir.path().join("ready.json").exists());
}

#[test]
fn a_damaged_journal_does_not_keep_a_relaunch_from_going_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = Host::start_in(dir.path(), pipe("seq 1 100"));
    first.wait_exit();
    let segment = dir.path().join(format!("journal-{:020}", 1));
    let len = std::fs::metadata(&segment).unwrap().len();
    let file = std::fs::OpenOptions::new().write(true).open(&segment).unwrap();
    file.write_all_at(b"damage", len / 2).unwrap();
    let second = Host::start_in(dir.path(), pipe("echo again; cat"));
    assert_eq!(second.ready_line, "ready\n");
    until("the second speaks", || second.records().last().is_some_and(|r| r.body == b"again"));
    let seqs: Vec<u64> = second.records().iter().map(|r| r.seq).collect();
    assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "{seqs:?}");
    assert_eq!(seqs.last(), Some(&103), "numbers were used again: {seqs:?}");
}
