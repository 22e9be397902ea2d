//! Another version on the other side: one apart is driven, further apart is named and left alone.

use crate::support::Shift;
use nightshift_platform::process::Liveness3;
use nightshift_protocol::{FrameDecoder, Hello, PROTOCOL_VERSION, Role, encode_control};
use nightshift_testkit::wait_until;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::mpsc;

/// Stands between a supervisor and a real host and lets the host greet with another version: all
/// else is passed on as it is.
fn impersonate(socket: &Path, protocol: u32, build: &'static str) {
    let real = socket.with_extension("real");
    std::fs::rename(socket, &real).unwrap();
    let listener = UnixListener::bind(socket).unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let Ok(client) = client else { return };
            let Ok(host) = UnixStream::connect(&real) else { return };
            regreet(&host, &client, protocol, build);
            for (from, to) in [(&client, &host), (&host, &client)] {
                let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                std::thread::spawn(move || pass_on(from, to));
            }
        }
    });
}

fn regreet(mut host: &UnixStream, mut client: &UnixStream, protocol: u32, build: &str) {
    let mut len = [0; 4];
    host.read_exact(&mut len).unwrap();
    let mut frame = vec![0; u32::from_le_bytes(len) as usize];
    host.read_exact(&mut frame).unwrap();
    let hello = Hello { protocol, build: build.into(), role: Role::Host };
    // A supervisor that is gone again does not hear it.
    client.write_all(&encode_control(&hello)).ok();
}

fn pass_on(mut from: UnixStream, mut to: UnixStream) {
    // Either side may hang up at any time.
    std::io::copy(&mut from, &mut to).ok();
    to.shutdown(std::net::Shutdown::Write).ok();
}

fn edit(path: &Path, change: impl Fn(&mut Value)) {
    let mut document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    change(&mut document);
    std::fs::write(path, document.to_string()).unwrap();
}

#[test]
fn hosts_of_the_version_before_and_after_are_driven() {
    for protocol in [PROTOCOL_VERSION - 1, PROTOCOL_VERSION + 1] {
        let shift = Shift::new();
        let asks = shift.agent("say before\nask Go on? | Yes\ndone went on");
        shift.wait_state(&asks, "blocked");
        shift.kill_supervisor();
        edit(&shift.job(&asks).join("ready.json"), |ready| {
            ready["version"] = json!(protocol);
            ready["protocol"] = json!(protocol);
            ready["somethingNew"] = json!({"in": ["a", "later", "version"]});
        });
        edit(&shift.job(&asks).join("launch.json"), |launch| {
            launch["version"] = json!(protocol);
            launch["somethingNew"] = json!(true);
        });
        impersonate(&shift.home.home().host_socket(&asks), protocol, "0.9.9");
        shift.wait_state(&asks, "blocked");
        shift.answer(&asks, "1");
        assert_eq!(shift.wait_state(&asks, "done")["result"], "went on", "protocol {protocol}");
        shift.ok(&["stop", &asks]);
    }
}

#[test]
fn a_host_of_a_distant_version_is_named_and_left_alone() {
    let shift = Shift::new();
    let job = shift.shell("read x");
    let other = shift.shell("read x");
    shift.wait_entry(&job, "its process", |e| e["pid"].is_u64());
    let host = shift.host(&job);
    shift.kill_supervisor();
    impersonate(&shift.home.home().host_socket(&job), PROTOCOL_VERSION + 7, "77.0.0");
    let entry = shift.wait_entry(&job, "why it is left alone", |e| e["unknown"].is_string());
    let why = entry["unknown"].as_str().unwrap();
    let version = format!("speaks protocol {}", PROTOCOL_VERSION + 7);
    for part in [version.as_str(), "77.0.0", "left alone", "update nightshift"] {
        assert!(why.contains(part), "{why}");
    }
    shift.fails(&["stop", &job], &["cannot be stopped", &version]);
    shift.fails(&["attach", &job], &[&version]);
    assert_eq!(host.liveness(), Liveness3::Alive);
    assert!(shift.entry(&other)["pid"].is_u64());
}

#[test]
fn documents_of_a_distant_version_are_named_and_their_session_left_alone() {
    let shift = Shift::new();
    let job = shift.shell("read x");
    shift.wait_entry(&job, "its process", |e| e["pid"].is_u64());
    let host = shift.host(&job);
    shift.kill_supervisor();
    std::fs::write(shift.job(&job).join("exit.json"), "{\"version\": 41, \"shape\": 1}").unwrap();
    let entry = shift.wait_entry(&job, "why it is left alone", |e| e["unknown"].is_string());
    assert!(entry["unknown"].as_str().unwrap().contains("version 41"), "{entry}");
    assert_eq!(host.liveness(), Liveness3::Alive);
    shift.fails(&["rm", &job], &["cannot be stopped", "version 41", "pkill -f", &job]);
    // Once nothing of it is left, it is in nobody's way.
    crate::support::kill(&host);
    wait_until("it to be removed", || shift.run(&["rm", &job]).code == Some(0));
    assert!(shift.entry(&job).is_null() && !shift.job(&job).exists());
}

/// The installed file is replaced while everything runs, as a package manager does it.
#[test]
fn a_newer_binary_takes_over_and_no_host_is_touched() {
    let shift = Shift::new();
    let installed = shift.home.work().join("nightshift");
    let install = || {
        let new = installed.with_extension("new");
        std::fs::copy(crate::support::binary(), &new).unwrap();
        std::fs::rename(&new, &installed).unwrap();
    };
    install();
    let run = |args: &[&str]| {
        let mut command = shift.home.command(&installed);
        crate::support::ran(command.args(args), b"").ok(args)
    };
    let started =
        run(&["--bg", "--json", "--agent", "rehearsal", "ask Go on? | Yes\ndone went on"]);
    let id = crate::support::id_of(&serde_json::from_str(&started).unwrap());
    shift.wait_state(&id, "blocked");
    let (host, before) = (shift.host(&id), shift.supervisor());
    install();
    // The old supervisor starts hosts from the new file now.
    let job = shift.shell("exit 0");
    shift.wait_state(&job, "done");
    assert_eq!(shift.supervisor(), before);
    run(&["daemon", "stop", "--keep-workers"]);
    run(&["agents"]);
    assert_ne!(shift.supervisor(), before);
    assert_eq!(shift.host(&id), host);
    run(&["answer", &id, "--request", &shift.request(&id), "1"]);
    assert_eq!(shift.wait_state(&id, "done")["result"], "went on");
    assert_eq!(host.liveness(), Liveness3::Alive);
    run(&["daemon", "stop", "--any"]);
}

#[test]
fn an_older_binary_refuses_a_newer_database_and_touches_nothing() {
    let shift = Shift::new();
    let job = shift.shell("read x");
    shift.wait_entry(&job, "its process", |e| e["pid"].is_u64());
    let host = shift.host(&job);
    shift.kill_supervisor();
    let path = shift.home.home().database();
    let database = rusqlite::Connection::open(&path).unwrap();
    database.pragma_update(None, "user_version", 99).unwrap();
    drop(database);
    let before = std::fs::read(&path).unwrap();
    let name = path.display().to_string();
    for args in [&["agents"][..], &["--bg", "--exec", "true"], &["daemon", "run"]] {
        shift.fails(args, &[&name, "schema 99", "start the newer nightshift"]);
    }
    assert!(std::fs::read(&path).unwrap() == before, "the database was changed");
    assert_eq!(host.liveness(), Liveness3::Alive);
}

/// A supervisor of another build that speaks our protocol: status says so, and how to renew it.
#[test]
fn status_warns_of_a_supervisor_of_another_version() {
    let shift = Shift::new();
    shift.home.home().ensure().unwrap();
    let listener = UnixListener::bind(shift.home.home().supervisor_socket()).unwrap();
    let (asked, answered) = mpsc::channel();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            serve_as_another(client.unwrap());
            asked.send(()).unwrap();
        }
    });
    let ran = shift.run(&["daemon", "status"]);
    answered.recv().unwrap();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for part in ["warning:", "0.0.7", env!("CARGO_PKG_VERSION"), "--keep-workers"] {
        assert!(ran.err.contains(part), "{part}: {ran:?}");
    }
    assert!(ran.out.contains("2 live sessions"), "{ran:?}");
}

/// Knows its status, and answers everything else with words of its own.
fn serve_as_another(mut client: UnixStream) {
    let build = "0.0.7".into();
    let hello = Hello { protocol: PROTOCOL_VERSION, build, role: Role::Supervisor };
    client.write_all(&encode_control(&hello)).unwrap();
    let mut decoder = FrameDecoder::default();
    let mut buffer = [0; 4096];
    while let Ok(len @ 1..) = client.read(&mut buffer) {
        decoder.push(&buffer[..len]);
        while let Some((_, body)) = decoder.next_frame().unwrap() {
            let request: Value = serde_json::from_slice(&body).unwrap();
            let reply = match request["command"]["type"].as_str() {
                None => continue,
                Some("status") => json!({"type": "status", "pid": 1, "version": "0.0.7",
                    "protocol": PROTOCOL_VERSION, "socket": "s", "sessions": 2, "startedAt": 1,
                    "mood": "unknown to this build"}),
                Some(_) => json!({"type": "not_yet_invented"}),
            };
            let unheard_of = json!({"type": "weather", "sky": "clear"});
            client.write_all(&encode_control(&unheard_of)).unwrap();
            let reply = json!({"type": "reply", "id": request["id"], "reply": reply});
            client.write_all(&encode_control(&reply)).unwrap();
        }
    }
}
