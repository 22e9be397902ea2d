//! A supervisor stores a reply and dies before it has started the agent for it: the client that
//! brought the reply is still there and brings the environment to the next supervisor.

use crate::support::Shift;
use nightshift_model::Session;
use nightshift_protocol::{
    Command, FrameDecoder, FrameKind, Hello, Reply, Request, Role, ServerMessage, SessionView,
    encode_control,
};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};

/// Stores what a supervisor has stored when it dies between a reply and the start of the agent.
fn store_reply(shift: &Shift, id: &str, text: &str) -> Session {
    let database = rusqlite::Connection::open(shift.home.home().database()).unwrap();
    let doc: String = database
        .query_row("SELECT doc FROM sessions WHERE id = ?1", [id], |row| row.get(0))
        .unwrap();
    let mut doc: Value = serde_json::from_str(&doc).unwrap();
    let n = doc["work"]["nextPrompt"].as_u64().unwrap();
    doc["state"] = json!({"type": "starting"});
    doc["work"]["prompts"] = json!([{"n": n, "text": text, "state": "queued", "at": 1}]);
    doc["work"]["nextPrompt"] = json!(n + 1);
    let sql = "UPDATE sessions SET doc = ?2 WHERE id = ?1";
    assert_eq!(database.execute(sql, [id, &doc.to_string()]).unwrap(), 1);
    serde_json::from_value(doc).unwrap()
}

/// Takes a reply as stored and is gone before the next request is answered.
fn die_after_the_reply(listener: &UnixListener, stored: &Session) -> Option<()> {
    let (mut socket, _): (UnixStream, _) = listener.accept().ok()?;
    socket.write_all(&encode_control(&Hello::new(Role::Supervisor))).ok()?;
    let mut frames = FrameDecoder::default();
    let mut bytes = [0; 4096];
    loop {
        let count = socket.read(&mut bytes).ok().filter(|count| *count > 0)?;
        frames.push(&bytes[..count]);
        while let Some((FrameKind::Control, body)) = frames.next_frame().ok()? {
            // The greeting is no request.
            let Ok(Request { id, command }) = serde_json::from_slice(&body) else { continue };
            let Command::Reply { .. } = command else { return Some(()) };
            let reply = Reply::Session { view: Box::new(SessionView::of(stored)) };
            socket.write_all(&encode_control(&ServerMessage::Reply { id, reply })).ok()?;
        }
    }
}

#[test]
fn a_reply_whose_supervisor_dies_before_the_start_is_sent_by_the_next_one() {
    let shift = Shift::new();
    let id = shift.agent("done one");
    shift.wait_state(&id, "done");
    shift.ok(&["stop", &id]);
    shift.kill_supervisor();
    let stored = store_reply(&shift, &id, "done two");
    let socket = shift.home.home().supervisor_socket();
    std::fs::remove_file(&socket).unwrap();
    let listener = UnixListener::bind(&socket).unwrap();
    let dies = std::thread::spawn(move || {
        assert_eq!(die_after_the_reply(&listener, &stored), Some(()));
        std::fs::remove_file(&socket).unwrap();
    });
    let sent = shift.json(&["reply", &id, "done two", "--json"]);
    dies.join().unwrap();
    assert!(sent["pid"].is_u64(), "{sent}");
    shift.wait_entry(&id, "the result", |e| e["result"] == "two" && e["queued"] == 0);
    let log = shift.ok(&["logs", &id]);
    assert_eq!(log.matches("> done two").count(), 1, "{log}");
}

#[test]
fn a_reply_whose_session_cannot_be_started_is_kept_and_says_so() {
    let shift = Shift::new();
    let place = shift.home.work().join("place");
    std::fs::create_dir(&place).unwrap();
    let args = ["--bg", "--json", "--agent", "rehearsal", "--cwd", "place", "done one"];
    let id = crate::support::id_of(&shift.json(&args));
    shift.wait_state(&id, "done");
    shift.ok(&["stop", &id]);
    std::fs::remove_dir(&place).unwrap();
    shift.fails(&["reply", &id, "done two"], &["does not exist", "kept", "nightshift respawn"]);
    std::fs::create_dir(&place).unwrap();
    shift.ok(&["respawn", &id]);
    shift.wait_entry(&id, "the kept reply's result", |e| e["result"] == "two");
}
