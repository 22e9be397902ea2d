//! What agents and clients send without end costs a bounded amount of the supervisor's memory and takes
//! nothing away from others.

use crate::support::{Shift, memory_kib};
use nightshift_client::Client;
use nightshift_platform::clock;
use nightshift_protocol::{Command, FrameKind, Hello, Role, encode_control, encode_frame};
use nightshift_testkit::{wait_for, wait_until};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Memory of a supervisor at its peak, whatever is sent to it.
const PEAK_MAX_KIB: u64 = 200 * 1024;

fn assert_bounded(shift: &Shift) {
    let peak = memory_kib(&shift.supervisor(), "status", "VmHWM");
    assert!(peak < PEAK_MAX_KIB, "{peak} KiB at most");
}

/// An agent that opens a session, takes the first prompt and then says what `says` prints.
fn agent(shift: &Shift, says: &str) -> String {
    agent_named(shift, "s", says)
}

fn agent_named(shift: &Shift, session: &str, says: &str) -> String {
    let script = format!(
        r#"#!/bin/sh
id() {{ printf '%s' "$1" | sed 's/.*"id":"\([^"]*\)".*/\1/'; }}
big() {{ head -c $1 /dev/zero | tr '\0' x; }}
read -r line; printf '{{"jsonrpc":"2.0","id":"%s","result":{{"protocolVersion":1}}}}\n' "$(id "$line")"
read -r line; printf '{{"jsonrpc":"2.0","id":"%s","result":{{"sessionId":"' "$(id "$line")"
{session}
printf '","modes":{{"currentModeId":"default","availableModes":[{{"id":"default","name":"D"}}]}}}}}}\n'
read -r line; printf '{{"jsonrpc":"2.0","id":"%s","result":{{}}}}\n' "$(id "$line")"
read -r prompt
{says}
echo said > said-$NIGHTSHIFT_SESSION_ID
while read -r line; do printf '%s\n' "$line" >> heard-$NIGHTSHIFT_SESSION_ID; done
"#,
        session = if session == "s" { "printf s" } else { session },
    );
    shift.agent_program("gemini", &script);
    shift.dispatch_program("gemini")
}

fn update(tail: &str) -> String {
    format!(
        r#"printf '{{"jsonrpc":"2.0","method":"session/update","params":{{"sessionId":"s","update":{{'; {tail}; printf '}}}}}}\n'"#
    )
}

fn all_is_said(shift: &Shift, id: &str) {
    let said = shift.home.work().join(format!("said-{id}"));
    wait_until("all to be said", || said.exists());
}

fn connect(shift: &Shift) -> UnixStream {
    let stream = UnixStream::connect(shift.home.home().supervisor_socket()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// Until the supervisor hangs up.
fn is_let_go(stream: &mut UnixStream) -> bool {
    match stream.read_to_end(&mut Vec::new()) {
        Ok(_) => true,
        Err(e) => e.kind() == std::io::ErrorKind::ConnectionReset,
    }
}

#[test]
fn security_15_huge_ids_of_tool_calls_cost_no_memory() {
    let shift = Shift::new();
    let call = update(
        r#"printf '"sessionUpdate":"tool_call","title":"t","toolCallId":"%s' $n; big 14000000; printf '"'"#,
    );
    let id = agent(&shift, &format!("for n in 1 2 3 4 5 6 7 8 9 10 11 12; do {call}; done"));
    all_is_said(&shift, &id);
    let why = wait_for("the evidence", || {
        let why = shift.ok(&["why", &id]);
        why.contains("was not taken").then_some(why)
    });
    assert!(why.contains("`toolCallId` has") && why.contains("the limit is 256"), "{why}");
    assert_eq!(why.matches("was not taken").count(), 1, "told once: {why}");
    assert!(shift.ok(&["logs", &id]).contains("was not taken"));
    assert_bounded(&shift);
}

#[test]
fn security_15_huge_titles_and_lines_of_countless_values_cost_no_memory() {
    let shift = Shift::new();
    let title = update(
        r#"printf '"sessionUpdate":"session_info_update","title":"%s' $n; big 14000000; printf '"'"#,
    );
    let empty = update(
        r#"printf '"sessionUpdate":"plan","entries":['; yes '[],' | head -n 3500000 | tr -d '\n'; printf '[]]'"#,
    );
    let id = agent(&shift, &format!("for n in 1 2 3 4; do {title}; {empty}; done"));
    all_is_said(&shift, &id);
    wait_until("the last of it", || shift.ok(&["why", &id]).contains("too many values"));
    assert_bounded(&shift);
}

#[test]
fn security_15_a_flood_of_titles_holds_nobody_up_and_the_last_one_stays() {
    let shift = Shift::new();
    let flood = r#"seq 1 100000 | sed 's/.*/{"jsonrpc":"2.0","method":"session\/update","params":{"sessionId":"s","update":{"sessionUpdate":"session_info_update","title":"title &"}}}/'
printf '{"jsonrpc":"2.0","id":"%s","result":{"stopReason":"end_turn"}}\n' "$(id "$prompt")""#;
    let id = agent(&shift, flood);
    let entry = shift.wait_entry(&id, "the last title", |e| e["name"] == "title 100000");
    assert_eq!(entry["name"], "title 100000");
    // What is stored is as little as what is told: a commit for each would be a hundred times as much.
    let io = std::fs::read_to_string(format!("/proc/{}/io", shift.supervisor().pid)).unwrap();
    let written = io.lines().find_map(|line| line.strip_prefix("wchar: ")).unwrap();
    let written: u64 = written.parse().unwrap();
    assert!(written < 16 * 1024 * 1024, "{written} bytes were written");
    assert_bounded(&shift);
}

#[test]
fn security_09_a_request_with_huge_options_is_refused_and_said() {
    let shift = Shift::new();
    let request = r#"printf '{"jsonrpc":"2.0","id":7,"method":"session/request_permission","params":{"sessionId":"s","toolCall":{"toolCallId":"t"},"options":[{"optionId":"'; big 9000000; printf '","name":"Yes","kind":"allow_once"}]}}\n'"#;
    let ids = [agent(&shift, request), agent(&shift, request)];
    for id in &ids {
        all_is_said(&shift, id);
        let heard = shift.home.work().join(format!("heard-{id}"));
        let answer = wait_for("the refusal", || {
            std::fs::read_to_string(&heard).ok().filter(|heard| heard.contains("\"id\":7"))
        });
        assert!(answer.contains("-32602") && answer.contains("`optionId` has"), "{answer}");
        assert!(shift.ok(&["why", id]).contains("`optionId` has"));
        assert_eq!(shift.entry(id)["state"], "working");
    }
    assert_bounded(&shift);
}

#[test]
fn security_09_an_agent_whose_session_has_a_huge_id_is_refused_in_words() {
    let shift = Shift::new();
    let ids = [0, 1].map(|_| agent_named(&shift, "big 9000000", "true"));
    for id in &ids {
        let entry = shift.wait_state(id, "failed");
        assert!(entry.to_string().contains("`sessionId` has"), "{entry}");
    }
    assert_bounded(&shift);
}

#[test]
fn security_09_a_database_with_huge_rows_heals_and_its_board_is_read() {
    let shift = Shift::new();
    let ids = [0, 1, 2].map(|_| shift.agent("ask Go on? | Yes\ndone went on"));
    for id in &ids {
        shift.wait_state(id, "blocked");
    }
    let well = shift.shell("read x");
    shift.ok(&["daemon", "stop", "--keep-workers"]);
    let database = rusqlite::Connection::open(shift.home.home().database()).unwrap();
    let huge = "x".repeat(9_000_000);
    for (n, id) in ids.iter().enumerate() {
        let doc: String = database
            .query_row("SELECT doc FROM sessions WHERE id = ?1", [id], |row| row.get(0))
            .unwrap();
        let mut doc: Value = serde_json::from_str(&doc).unwrap();
        match n {
            0 => doc["state"]["needs"][0]["options"][0]["id"] = json!(huge),
            1 => doc["work"]["agentSessionId"] = json!(huge),
            // Within no bound of an agent's: such a row is shown as a stub.
            _ => doc["cwd"] = json!(format!("/{huge}")),
        }
        let changed = database
            .execute("UPDATE sessions SET doc = ?1 WHERE id = ?2", [&doc.to_string(), id])
            .unwrap();
        assert_eq!(changed, 1);
    }
    drop(database);
    let board = shift.json(&["agents", "--all", "--json"]);
    let names: Vec<&str> =
        board.as_array().unwrap().iter().map(|e| e["id"].as_str().unwrap()).collect();
    for id in ids.iter().chain([&well]) {
        assert!(names.contains(&id.as_str()), "{id} is not in {names:?}");
    }
    assert!(
        shift.ok(&["why", &ids[0]]).contains("too large to keep"),
        "{}",
        shift.ok(&["why", &ids[0]])
    );
    assert!(shift.ok(&["why", &ids[1]]).contains("too large to keep"));
    assert!(shift.entry(&ids[2]).to_string().contains("too large to show"));
    for id in &ids {
        shift.ok(&["rm", id]);
    }
    assert!(shift.entry(&well)["pid"].is_u64());
}

#[test]
fn security_15_those_who_never_greet_keep_nobody_out_and_are_let_go() {
    let shift = Shift::new();
    shift.ok(&["agents"]);
    let silent: Vec<UnixStream> = (0..400).map(|_| connect(&shift)).collect();
    shift.ok(&["agents"]);
    let began = clock::monotonic();
    for mut stream in silent {
        assert!(is_let_go(&mut stream), "a connection that says nothing stays");
    }
    assert!(clock::monotonic() - began < Duration::from_secs(60));
    shift.ok(&["agents"]);
}

#[test]
fn security_15_a_large_frame_before_the_greeting_is_not_waited_for() {
    let shift = Shift::new();
    shift.ok(&["agents"]);
    for len in [100 * 1024_u32, 15 * 1024 * 1024] {
        let mut stream = connect(&shift);
        // In one piece: it may be let go as soon as the length is read.
        let begin = [&len.to_le_bytes()[..], &[1]].concat();
        stream.write_all(&begin).unwrap();
        assert!(is_let_go(&mut stream));
    }
}

#[test]
fn security_15_frames_that_never_end_are_bounded_together_and_whole_ones_are_served() {
    let shift = Shift::new();
    shift.ok(&["agents"]);
    let part = vec![b' '; 15_000_000];
    let mut held = Vec::new();
    for _ in 0..30 {
        let mut stream = connect(&shift);
        stream.write_all(&encode_control(&Hello::new(Role::Client))).unwrap();
        // Cut off: it is let go meanwhile, that is its right.
        let frame = encode_frame(FrameKind::Control, &vec![b' '; 16_000_000]);
        stream.write_all(&frame[..part.len()]).ok();
        held.push(stream);
        shift.ok(&["agents"]);
    }
    assert_bounded(&shift);
}

#[test]
fn security_15_clients_that_ask_for_much_and_read_nothing_are_let_go_and_logged_seldom() {
    let shift = Shift::new();
    let job = shift.shell("head -c 3000000 /dev/zero | tr '\\0' x; echo over; read x");
    shift.wait_log(&job, "over");
    let logs = |id: u64| {
        let command = Command::Logs { session: job.clone(), raw: true, offset: 0, since: None };
        encode_control(&nightshift_protocol::Request { id, command })
    };
    let mut deaf = Vec::new();
    for _ in 0..24 {
        let mut stream = connect(&shift);
        stream.write_all(&encode_control(&Hello::new(Role::Client))).unwrap();
        for id in 1..=100 {
            stream.write_all(&logs(id)).unwrap();
        }
        deaf.push(stream);
    }
    wait_until("some of them to be let go", || {
        let log = std::fs::read_to_string(shift.home.home().log_file()).unwrap_or_default();
        log.contains("clients that read nothing are let go")
    });
    shift.ok(&["agents"]);
    let log = std::fs::read_to_string(shift.home.home().log_file()).unwrap();
    assert!(log.matches("let go").count() <= 6, "{log}");
    assert_bounded(&shift);
}

#[test]
fn security_15_an_unknown_command_of_any_length_is_refused_in_few_words() {
    let shift = Shift::new();
    shift.ok(&["agents"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let fault = runtime.block_on(async {
        let client = Client::connect(&shift.home.home()).await.unwrap();
        client.call(Command::Show { session: "x".repeat(10_000_000) }).await.unwrap_err()
    });
    assert!(fault.to_string().len() < 1_000, "{} bytes", fault.to_string().len());
    let mut stream = connect(&shift);
    stream.write_all(&encode_control(&Hello::new(Role::Client))).unwrap();
    let command = json!({"id": 3, "command": {"type": "\u{1}".repeat(2_500_000)}}).to_string();
    stream.write_all(&encode_frame(FrameKind::Control, command.as_bytes())).unwrap();
    let mut decoder = nightshift_protocol::FrameDecoder::default();
    let mut buffer = vec![0; 65_536];
    let answer = loop {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "it hung up");
        decoder.push(&buffer[..read]);
        let mut found = None;
        while let Some((_, body)) = decoder.next_frame().unwrap() {
            let body: Value = serde_json::from_slice(&body).unwrap();
            if body["type"] == "fault" {
                found = Some(body);
            }
        }
        if let Some(found) = found {
            break found;
        }
    };
    assert_eq!(answer["id"], 3);
    assert!(answer.to_string().len() < 600_000, "{} bytes", answer.to_string().len());
    assert_bounded(&shift);
}
