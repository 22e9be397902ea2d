//! Receipts of notifications, and the channels to a phone, against local servers (N3 E2).

use crate::support::{Shift, id_of};
use nightshift_platform::process::{Identity, Liveness3};
use nightshift_testkit::{wait_for, wait_until};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// Longest wait for a message: a try that is repeated comes seconds later.
const PATIENCE: Duration = Duration::from_secs(60);

struct Arrived {
    path: String,
    headers: String,
    body: String,
}

/// A server that answers each request with the next of `statuses`, the last one for ever.
fn server(statuses: &'static [u16]) -> (String, Receiver<Arrived>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (arrived, messages) = channel();
    std::thread::spawn(move || {
        for (n, stream) in listener.incoming().enumerate() {
            let status = statuses[n.min(statuses.len() - 1)];
            serve(stream.unwrap(), status, &arrived);
        }
    });
    (format!("http://{address}"), messages)
}

fn serve(stream: TcpStream, status: u16, arrived: &Sender<Arrived>) {
    let mut reader = BufReader::new(stream);
    let (mut headers, mut line) = (String::new(), String::new());
    reader.read_line(&mut line).unwrap();
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        let lower = line.trim().to_ascii_lowercase();
        if lower.is_empty() {
            break;
        }
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        headers.push_str(&lower);
        headers.push('\n');
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let words = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    reader.get_mut().write_all(words.as_bytes()).unwrap();
    // The test may have seen enough.
    arrived.send(Arrived { path, headers, body: String::from_utf8(body).unwrap() }).ok();
}

fn receipts(shift: &Shift) -> Vec<Value> {
    let listed = shift.json(&["notifications", "receipts", "--json"]);
    listed.as_array().unwrap().clone()
}

fn settings(shift: &Shift, text: &str) {
    std::fs::create_dir_all(shift.home.state()).unwrap();
    std::fs::write(shift.home.state().join("settings.toml"), text).unwrap();
}

#[test]
fn without_a_session_bus_the_receipt_says_so_and_no_process_is_started() {
    let shift = Shift::new();
    let id = id_of(&shift.json(&["--bg", "--json", "--exec", "exit 3"]));
    let receipt = wait_for("a receipt", || receipts(&shift).into_iter().next());
    assert_eq!(receipt["kind"], "failed", "{receipt}");
    assert_eq!(receipt["session"], id.as_str());
    let why = receipt["delivery"]["why"].as_str().unwrap();
    assert!(why.starts_with("no notification service"), "{why}");
    let text = shift.ok(&["notifications", "receipts"]);
    assert!(text.contains("failed: no notification service"), "{text}");
    let test = shift.run(&["notifications", "test"]);
    assert_eq!(test.code, Some(1), "{test:?}");
    // What was told stays told after a restart, and once.
    shift.ok(&["daemon", "stop", "--any", "--keep-workers"]);
    shift.ok(&["agents", "--all"]);
    let finished = receipts(&shift).iter().filter(|r| r["session"] == id.as_str()).count();
    assert_eq!(finished, 1);
}

#[test]
fn a_phone_hears_by_ntfy_what_the_settings_say() {
    let shift = Shift::new();
    let (url, messages) = server(&[200]);
    std::fs::write(shift.home.work().join("token"), "tk_secret\n").unwrap();
    let file = shift.home.work().join("token");
    settings(
        &shift,
        &format!(
            "[notifications.ntfy]\nurl = \"{url}/my-topic\"\nkinds = [\"needs_input\"]\n\
             token_file = \"{}\"\n",
            file.display()
        ),
    );
    shift.json(&["--bg", "--json", "--agent", "rehearsal", "done nothing to ask"]);
    shift.json(&["--bg", "--json", "--agent", "rehearsal", "ask Which – \"colour\"? | Red | Blue"]);
    let arrived = messages.recv_timeout(PATIENCE).unwrap();
    assert_eq!(arrived.path, "/");
    assert!(arrived.headers.contains("authorization: bearer tk_secret"), "{}", arrived.headers);
    let message: Value = serde_json::from_str(&arrived.body).unwrap();
    assert_eq!(message["topic"], "my-topic");
    assert_eq!(message["message"], "Which – \"colour\"?\nRed · Blue");
    let receipt = wait_for("the receipt of ntfy", || {
        receipts(&shift).into_iter().find(|r| r["delivery"]["type"] == "delivered")
    });
    assert_eq!(receipt["channel"], "ntfy", "{receipt}");
    assert!(messages.try_recv().is_err(), "the end was not wanted");
}

#[test]
fn a_webhook_is_signed_tried_again_and_given_up() {
    let shift = Shift::new();
    let (url, messages) = server(&[503, 200, 404]);
    let place = format!(
        "[notifications.webhook]\nurl = \"{url}/hook\"\nsecret_file = \"{}\"\n",
        shift.home.work().join("key").display()
    );
    std::fs::write(shift.home.work().join("key"), "Jefe").unwrap();
    settings(&shift, &place);
    let told: Value =
        serde_json::from_str(&shift.run(&["notifications", "test", "--json"]).out).unwrap();
    let webhook = told.as_array().unwrap().iter().find(|r| r["channel"] == "webhook").unwrap();
    assert_eq!(webhook["delivery"]["type"], "delivered", "{told}");
    for _ in ["refused at first", "then taken"] {
        let arrived = messages.recv_timeout(PATIENCE).unwrap();
        let signed = arrived.headers.contains("x-nightshift-signature-256: sha256=");
        assert!(arrived.path == "/hook" && signed, "{}", arrived.headers);
        let body: Value = serde_json::from_str(&arrived.body).unwrap();
        assert_eq!(body["kind"], "test");
    }
    let told: Value =
        serde_json::from_str(&shift.run(&["notifications", "test", "--json"]).out).unwrap();
    let webhook = told.as_array().unwrap().iter().find(|r| r["channel"] == "webhook").unwrap();
    let why = webhook["delivery"]["why"].as_str().unwrap();
    assert!(why.contains("404") && !why.contains("tries"), "not tried again: {why}");
    let log = std::fs::read_to_string(shift.home.home().log_file()).unwrap();
    assert!(!log.contains("Jefe"), "the secret is in the log");
}

#[test]
fn schedules_stay_paused_over_a_restart() {
    let shift = Shift::new();
    shift.ok(&["schedules", "pause"]);
    shift.ok(&["daemon", "stop", "--any", "--keep-workers"]);
    assert_eq!(shift.json(&["schedules", "--json"])["paused"], true);
    assert_eq!(shift.json(&["daemon", "status", "--json"])["schedulesPaused"], true);
    shift.ok(&["schedules", "resume"]);
    assert_eq!(shift.json(&["schedules", "--json"])["paused"], false);
}

/// The processes of this home that tell the user.
fn notifiers(shift: &Shift) -> Vec<Identity> {
    let is_one = |process: &Identity| {
        let line = std::fs::read(format!("/proc/{}/cmdline", process.pid)).unwrap_or_default();
        line.split(|byte| *byte == 0).nth(1) == Some(b"notifier")
    };
    shift.home.processes().into_iter().filter(is_one).collect()
}

#[test]
fn a_notifier_ends_with_its_supervisor_and_what_it_did_not_deliver_waits_for_the_next() {
    let shift = Shift::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let key = shift.home.work().join("key");
    std::fs::write(&key, "Jefe").unwrap();
    let place = format!("url = \"{url}/hook\"\nsecret_file = \"{}\"", key.display());
    settings(&shift, &format!("[notifications.webhook]\nkinds = [\"failed\"]\n{place}\n"));
    shift.json(&["--bg", "--json", "--exec", "exit 3"]);
    // It is on its way, and the phone's server says nothing.
    let (silent, _) = listener.accept().unwrap();
    let notifier = wait_for("a notifier", || notifiers(&shift).into_iter().next());
    shift.ok(&["daemon", "stop", "--any", "--keep-workers"]);
    wait_until("the notifier to end", || notifier.liveness() == Liveness3::Gone);
    listener.set_nonblocking(true).unwrap();
    let again = listener.accept().map(|_| ()).unwrap_err();
    assert_eq!(again.kind(), std::io::ErrorKind::WouldBlock, "it had not tried a second time");
    drop(silent);
    // The next supervisor delivers it.
    let pending = receipts(&shift).into_iter().find(|r| r["channel"] == "webhook").unwrap();
    assert_eq!(pending["delivery"]["type"], "pending", "{pending}");
    listener.set_nonblocking(false).unwrap();
    let (arrived, messages) = channel();
    std::thread::spawn(move || serve(listener.accept().unwrap().0, 200, &arrived));
    messages.recv_timeout(PATIENCE).unwrap();
    wait_for("the receipt", || {
        let all = receipts(&shift);
        all.into_iter().find(|r| r["n"] == pending["n"] && r["delivery"]["type"] == "delivered")
    });
}
