//! What the command line says of the agents and the board beside its sessions.

use crate::support::{Shift, fields, ran};
use nightshift_protocol::{
    Command, DaemonStatus, FrameDecoder, FrameKind, Hello, Reply, Request, Role, ServerMessage,
    encode_control,
};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};

#[test]
fn the_registry_is_the_one_that_the_callers_path_shows() {
    let shift = Shift::new();
    let agents = shift.json(&["agents", "--registry", "--json"]);
    let agents = agents.as_array().unwrap();
    let rehearsal = agents.iter().find(|agent| agent["id"] == "rehearsal").unwrap();
    assert_eq!(rehearsal["installed"], true);
    assert_eq!(agents.iter().filter(|agent| agent["isDefault"] == true).count(), 1);
    let mut command = shift.command(&["agents", "--registry"]);
    let out = ran(command.env("PATH", "/nowhere"), b"").ok(&["agents", "--registry"]);
    assert_eq!(out.lines().count(), agents.len());
    let line = out.lines().find(|line| line.starts_with("rehearsal ")).unwrap();
    assert!(line.contains("installed"), "{line}");
    assert!(out.contains("not installed · "), "{out}");
    assert_eq!(shift.run(&["agents", "--registry", "--all"]).code, Some(2));
}

#[test]
fn notices_are_listed_and_counted() {
    let shift = Shift::new();
    assert_eq!(shift.json(&["notifications", "--json"]), json!([]));
    assert_eq!(shift.ok(&["notifications"]), "no notifications\n");
    shift.ok(&["daemon", "stop"]);
    // A damaged database is set aside, which the board says.
    std::fs::write(shift.home.home().database(), "no database at all, far from it").unwrap();
    let notices = shift.json(&["notifications", "--json"]);
    assert_eq!(fields(&notices[0]), ["at", "level", "text"]);
    let text = notices[0]["text"].as_str().unwrap();
    // What the verb was called before.
    assert_eq!(shift.json(&["notices", "--json"]), notices);
    assert!(!shift.ok(&["--help"]).contains("notices"));
    assert!(!shift.ok(&["completions", "bash"]).contains("notices"));
    assert!(shift.ok(&["notifications"]).contains(text.lines().next().unwrap()), "{notices}");
    let count = notices.as_array().unwrap().len();
    assert_eq!(shift.json(&["daemon", "status", "--json"])["notices"], count);
    assert!(shift.ok(&["daemon", "status"]).contains(&format!(" · {count} notification")));
}

/// A supervisor of another version, that knows `Status` only.
fn serve(mut socket: UnixStream) -> Option<()> {
    socket.write_all(&encode_control(&Hello::new(Role::Supervisor))).ok()?;
    let mut frames = FrameDecoder::default();
    let mut bytes = [0; 4096];
    loop {
        let count = socket.read(&mut bytes).ok().filter(|count| *count > 0)?;
        frames.push(&bytes[..count]);
        while let Some((FrameKind::Control, body)) = frames.next_frame().ok()? {
            // The greeting is no request.
            let Ok(Request { id, command }) = serde_json::from_slice(&body) else { continue };
            let status = DaemonStatus {
                pid: std::process::id(),
                version: "99.0.0".into(),
                protocol: 1,
                socket: String::new(),
                sessions: 0,
                connected: 0,
                unknown: 0,
                gone: 0,
                started_at: nightshift_platform::clock::now(),
                notices: None,
                schedules_paused: false,
                heartbeat_at: nightshift_platform::clock::now(),
                next_due: None,
                memory_kib: 0,
            };
            let message = match command {
                Command::Status => ServerMessage::Reply { id, reply: Reply::Status(status) },
                _ => {
                    let code = nightshift_protocol::FaultCode::Invalid;
                    let fault = nightshift_protocol::Fault::new(code, "not known here");
                    ServerMessage::Fault { id, fault }
                }
            };
            socket.write_all(&encode_control(&message)).ok()?;
        }
    }
}

#[test]
fn a_supervisor_of_another_version_is_warned_of() {
    let shift = Shift::new();
    let home = shift.home.home();
    home.ensure().unwrap();
    let listener = UnixListener::bind(home.supervisor_socket()).unwrap();
    let server = std::thread::spawn(move || {
        for _ in 0..2 {
            serve(listener.accept().unwrap().0);
        }
    });
    let text = shift.run(&["daemon", "status"]);
    assert!(text.out.starts_with("running · ") && !text.out.contains("warning"), "{text:?}");
    assert!(text.err.starts_with("warning: ") && text.err.contains("--keep-workers"), "{text:?}");
    let json = shift.run(&["daemon", "status", "--json"]);
    let status: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(status["version"], "99.0.0");
    assert_eq!(format!("warning: {}\n", status["warning"].as_str().unwrap()), json.err);
    assert_eq!(status.get("notices"), None);
    server.join().unwrap();
}
