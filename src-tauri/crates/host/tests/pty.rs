//! Terminal sessions through a real host: attach, keys, sizes, falling behind, ends.

mod support;

use nightshift_protocol::{
    FrameKind, Hello, HostEvent, HostRequest, Role, encode_control, encode_frame,
};
use support::{Host, Message, Terminal, launch, shell, until};

#[test]
fn keys_reach_the_program_and_its_answer_comes_back() {
    let host = Host::ready(shell("read line; echo \"got <$line>\"; cat"));
    let (mut client, mut terminal) = (host.connect(), Terminal::new());
    client.attach();
    client.keys("hello\r");
    client.watch_until(&mut terminal, |t| t.text().contains("got <hello>"));
    assert_eq!(terminal.snapshots, 1);
}

#[test]
fn the_environment_is_the_named_one_and_says_whose_it_is() {
    let script = "env; echo end of env; cat";
    let mut launch = shell(script);
    launch.rows = 200;
    let host = Host::ready(launch);
    let (mut client, mut terminal) = (host.connect(), Terminal::new());
    client.attach_as(200, 200, false);
    client.watch_until(&mut terminal, |t| t.text().contains("end of env"));
    let text = terminal.text();
    let mut names: Vec<&str> =
        text.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    names.sort_unstable();
    names.retain(|name| !["_", "OLDPWD", "SHLVL", "PWD"].contains(name));
    assert_eq!(names, ["COLORTERM", "HOME", "NIGHTSHIFT_SESSION_ID", "PATH", "TERM"], "{text}");
    assert!(text.contains(&format!("NIGHTSHIFT_SESSION_ID={}", host.session)), "{text}");
}

#[test]
fn all_output_is_in_the_journal_without_any_client_and_the_exit_is_recorded() {
    let mut host = Host::ready(shell("seq 1 100000; exit 7"));
    let exit = host.wait_exit();
    assert_eq!((exit.code, exit.signal), (Some(7), None));
    let records = host.records();
    let out: Vec<u8> = records
        .iter()
        .filter(|r| r.kind == nightshift_protocol::RecordKind::Out)
        .flat_map(|r| r.body.clone())
        .collect();
    let expected: String = (1..=100_000).map(|n| format!("{n}\r\n")).collect();
    assert_eq!(out.len(), expected.len());
    assert!(out == expected.as_bytes());
    assert_eq!(exit.last_seq, records.last().unwrap().seq);
    assert!(!host.dir.join("s").exists(), "the socket is left behind");
    // The final screen repaints what was to be seen.
    let mut parser = support::fresh(80, 24);
    parser.process(&std::fs::read(host.dir.join("screen")).unwrap());
    assert!(parser.screen().contents().trim_end().ends_with("100000"));
    parser.screen_mut().set_scrollback(1000);
    assert!(parser.screen().contents().contains("98"), "no scrollback");
}

#[test]
fn an_exit_by_signal_is_told_to_watchers() {
    let host = Host::ready(shell("echo ready; read x; kill -9 $$"));
    let mut watcher = host.connect();
    watcher.send(&HostRequest::Watch);
    let line = watcher.event(|event| match event {
        HostEvent::Activity { line } => Some(line),
        _ => None,
    });
    assert_eq!(line, "ready");
    let mut client = host.connect();
    client.attach();
    client.keys("\r");
    let exit = watcher.exited();
    assert_eq!((exit.code, exit.signal), (None, Some(9)));
    assert_eq!(host.exit_record(), exit);
}

#[test]
fn a_late_watcher_hears_at_once_that_there_was_output() {
    let host = Host::ready(shell("echo early; cat"));
    until("output is journalled", || host.records().len() > 1);
    let mut watcher = host.connect();
    watcher.send(&HostRequest::Watch);
    let line = watcher.event(|event| match event {
        HostEvent::Activity { line } => Some(line),
        _ => None,
    });
    assert_eq!(line, "early");
}

#[test]
fn the_last_writing_viewer_decides_the_size_and_the_others_are_told() {
    let host = Host::ready(shell("trap 'stty size' WINCH; while :; do read x; done"));
    let (mut first, mut second, mut reader) = (host.connect(), host.connect(), host.connect());
    first.attach_as(100, 30, false);
    let size = |event| match event {
        HostEvent::Snapshot { cols, rows } | HostEvent::Resized { cols, rows } => {
            Some((cols, rows))
        }
        _ => None,
    };
    assert_eq!(first.event(size), (100, 30));
    reader.attach_as(10, 10, true);
    assert_eq!(reader.event(size), (100, 30));
    second.attach_as(90, 20, false);
    assert_eq!(second.event(size), (90, 20));
    assert_eq!(first.event(size), (90, 20));
    assert_eq!(reader.event(size), (90, 20));
    reader.send(&HostRequest::Resize { cols: 5, rows: 5 });
    first.send(&HostRequest::Resize { cols: u16::MAX, rows: u16::MAX });
    assert_eq!(second.event(size), (1024, 256));
    first.send(&HostRequest::Resize { cols: 0, rows: 0 });
    first.send(&HostRequest::Resize { cols: 70, rows: 21 });
    assert_eq!(second.event(size), (70, 21));
    let mut terminal = Terminal::new();
    second.keys("\r");
    second.watch_until(&mut terminal, |t| t.text().contains("21 70"));
}

#[test]
fn a_viewer_that_falls_behind_gets_a_fresh_snapshot_and_costs_no_memory() {
    let host = Host::ready(shell("read x; seq 1 400000; echo the end; cat"));
    let (mut slow, mut quick) = (host.connect(), host.connect());
    slow.attach();
    quick.attach();
    let mut quick_terminal = Terminal::new();
    quick.keys("\r");
    quick.watch_until(&mut quick_terminal, |t| t.text().contains("the end"));
    // Nothing was acknowledged by the slow one: it has at most its window and is then skipped.
    let mut slow_terminal = Terminal::new();
    slow.watch_until(&mut slow_terminal, |t| t.text().contains("the end"));
    assert!(slow_terminal.snapshots >= 2);
    assert_eq!(slow_terminal.text(), quick_terminal.text());
    let status = std::fs::read_to_string(format!("/proc/{}/status", host.detached.identity.pid));
    let status = status.unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak_kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak_kib < 32 * 1024, "{peak_kib} KiB at most");
}

#[test]
fn an_attach_on_the_alternate_screen_gets_the_main_one_afterwards() {
    let script = "echo on the main screen; printf '\\033[?1049h\\033[Halternate'; read x; \
                  printf '\\033[?1049l'; echo back; cat";
    let host = Host::ready(shell(script));
    let mut watcher = host.connect();
    let mut watched = Terminal::new();
    watcher.attach();
    watcher.watch_until(&mut watched, |t| t.text().contains("alternate"));
    let (mut client, mut terminal) = (host.connect(), Terminal::new());
    client.attach();
    client.watch_until(&mut terminal, |t| t.text().contains("alternate"));
    assert!(terminal.parser.screen().alternate_screen());
    assert!(!terminal.text().contains("main"));
    client.keys("\r");
    client.watch_until(&mut terminal, |t| {
        t.text().contains("on the main screen") && t.text().contains("back")
    });
    assert!(!terminal.parser.screen().alternate_screen());
}

#[test]
fn questions_to_the_terminal_are_answered_when_nobody_is_attached() {
    // Raw mode, so that the answer is readable without a newline.
    let script = "stty raw -echo; printf '\\033[6n'; dd bs=1 count=6 2>/dev/null | od -c; \
                  stty sane; echo done; cat";
    let host = Host::ready(shell(script));
    until("the answer is read", || {
        host.records().iter().any(|r| String::from_utf8_lossy(&r.body).contains("done"))
    });
    let out: Vec<u8> = host.records().into_iter().flat_map(|r| r.body).collect();
    let out = String::from_utf8_lossy(&out).into_owned();
    assert!(out.contains("[   1   ;   1   R"), "{out}");
}

#[test]
fn hostile_peers_lose_their_connection_and_nothing_else() {
    let host = Host::ready(shell("cat"));
    let mut good = host.connect();
    let mut terminal = Terminal::new();
    good.attach();
    let future = Hello { protocol: 99, build: "9".into(), role: Role::Client };
    let hello = encode_control(&Hello::new(Role::Client));
    let attack = |bytes: Vec<u8>| [hello.clone(), bytes].concat();
    for bytes in [
        encode_control(&future),
        encode_control(&HostRequest::Status),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        vec![0; 64],
        vec![255; 64],
        attack(encode_frame(FrameKind::Control, b"{\"kind\":\"of no request\"}")),
        attack(encode_frame(FrameKind::Control, b"[[[[")),
        attack(encode_frame(FrameKind::Control, b"\xff\xfe")),
        attack(encode_frame(FrameKind::Record, b"x")),
        attack(vec![5, 0, 0, 0, 77, 1, 1, 1, 1]),
    ] {
        let mut bad = host.connect_silently();
        bad.send_bytes(&bytes);
        assert_eq!(bad.message(), None, "not closed after {bytes:?}");
    }
    // Cut off in the middle of a frame, and one that is never greeted at all.
    host.connect_silently().send_bytes(&[100, 0, 0, 0, 1, b'{']);
    let _silent = host.connect_silently();
    good.keys("still here\r");
    good.watch_until(&mut terminal, |t| t.text().contains("still here"));
}

#[test]
fn a_peer_that_asks_without_reading_is_not_listened_to_for_ever() {
    let host = Host::ready(shell("cat"));
    let mut flood = host.connect();
    flood.stream.set_nonblocking(true).unwrap();
    let status = encode_control(&HostRequest::Status).repeat(1000);
    let mut sent = 0;
    // The host stops reading, so our own buffer fills up.
    while sent < 64 * 1024 * 1024 {
        match std::io::Write::write(&mut flood.stream, &status) {
            Ok(len) => sent += len,
            Err(_) => {
                let mut good = host.connect();
                good.send(&HostRequest::Status);
                good.event(|event| matches!(event, HostEvent::Status { .. }).then_some(()));
                if std::io::Write::write(&mut flood.stream, &status).is_err() {
                    break;
                }
            }
        }
    }
    assert!(sent < 64 * 1024 * 1024, "the host reads without end");
    // Once the peer reads, everything whole that it sent is answered.
    flood.stream.set_nonblocking(false).unwrap();
    for _ in 0..1000 {
        flood.event(|event| matches!(event, HostEvent::Status { .. }).then_some(()));
    }
}

#[test]
fn lines_and_records_on_a_terminal_are_refused_or_followed() {
    let host = Host::ready(shell("echo one; cat"));
    let mut client = host.connect();
    client.send(&HostRequest::WriteLine { tag: 3, line: "x".into() });
    let refused = client.event(|event| match event {
        HostEvent::Refused { tag, error } => Some((tag, error)),
        _ => None,
    });
    assert_eq!(refused.0, 3);
    until("output is journalled", || host.records().len() > 1);
    client.send(&HostRequest::Follow { after: 0 });
    let records = client.records_until(|record| record.body.starts_with(b"one"));
    assert_eq!(records.iter().map(|r| r.seq).collect::<Vec<_>>(), [1, 2]);
    assert!(matches!(client.message(), Some(Message::Event(HostEvent::CaughtUp { seq: 2 }))));
}

#[test]
fn what_cannot_be_started_is_said_in_one_line_and_recorded() {
    let mut gone = shell("true");
    gone.cwd = "/nowhere/at/all".into();
    let mut file = shell("true");
    file.cwd = "/proc/version".into();
    for (launch, words) in [
        (gone, "directory /nowhere/at/all does not exist"),
        (file, "/proc/version is not a directory"),
        (
            launch(nightshift_protocol::LaunchKind::Pty, &["no-such-command"]),
            "`no-such-command` was not found",
        ),
        (launch(nightshift_protocol::LaunchKind::Pipe, &["/etc/passwd"]), "cannot be started"),
    ] {
        let mut host = Host::start(launch);
        assert!(host.ready_line.starts_with("error "), "{}", host.ready_line);
        assert!(host.ready_line.contains(words), "{}", host.ready_line);
        assert_eq!(host.ready_line.lines().count(), 1);
        let exit = host.wait_exit();
        assert!(exit.spawn_error.unwrap().contains(words));
        assert!(!host.dir.join("s").exists());
        assert!(!host.dir.join("ready.json").exists());
    }
}
