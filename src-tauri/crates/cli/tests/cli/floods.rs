//! More output than anybody reads: every line is kept and numbered, and others are served meanwhile.

use crate::support::{Shift, binary, memory_kib};
use nightshift_client::Client;
use nightshift_platform::clock;
use nightshift_protocol::{Command, RecordKind};
use nightshift_testkit::wait_until;
use std::time::Duration;

const SESSIONS: usize = 20;
/// Of these speak as agents: their lines go through the supervisor.
const AGENTS: usize = 5;
const LINES: usize = 15_000;
/// Bursts of five thousand in a second, as long as nothing holds the printer up.
const BURST: usize = 500;
/// Memory of a supervisor, whatever its sessions print.
const PEAK_MAX_KIB: u64 = 160 * 1024;
/// What the start and the end of one session may take.
const END_MAX_KIB: u64 = 16 * 1024;

#[test]
fn twenty_sessions_with_five_thousand_lines_a_second_each_lose_none_and_hold_up_nobody() {
    let shift = Shift::new();
    let pauses = LINES / BURST;
    let script = format!(
        "#!/bin/sh\nwhile ! [ -e go ]; do sleep 0.05; done\nn=0\n\
         while [ $n -lt {pauses} ]; do seq $((n*{BURST}+1)) $((n*{BURST}+{BURST})); n=$((n+1)); \
         sleep 0.1; done\nread x\nexec sleep 1000\n"
    );
    shift.agent_program("gemini", &script);
    let mut ids: Vec<String> = (0..AGENTS).map(|_| shift.dispatch_program("gemini")).collect();
    let body = script.replace("exec sleep 1000", "cat");
    ids.extend((AGENTS..SESSIONS).map(|_| shift.shell(&body)));
    let supervisor = shift.supervisor();
    std::fs::write(shift.home.work().join("go"), "").unwrap();
    let mut served = 0;
    let complete = |id: &String| last_line(&shift, id) == LINES.to_string();
    let until = clock::monotonic() + Duration::from_secs(60);
    while !ids.iter().all(complete) {
        assert!(clock::monotonic() < until, "the lines never came");
        let other = shift.shell("exit 0");
        shift.wait_state(&other, "done");
        shift.ok(&["rm", &other]);
        served += 1;
    }
    assert!(served > 0);
    assert_eq!(shift.supervisor(), supervisor);
    for id in &ids {
        assert_lines(&shift, id);
    }
    let peak = memory_kib(&supervisor, "status", "VmHWM");
    assert!(peak < PEAK_MAX_KIB, "{peak} KiB at most");
}

/// Nobody makes anything of what a terminal's journal holds.
#[test]
fn the_end_of_a_job_that_printed_much_costs_its_supervisor_no_memory() {
    let shift = Shift::new();
    shift.ok(&["agents"]);
    let supervisor = shift.supervisor();
    let peak = || memory_kib(&supervisor, "status", "VmHWM");
    let before = peak();
    let id = shift.shell("stty -opost; yes 'a line of output like any other' | head -c 40000000");
    shift.wait_state(&id, "done");
    let kept: usize = records(&shift, &id).iter().map(|record| record.body.len()).sum();
    assert!(kept > 30_000_000, "{kept} bytes were kept");
    let more = peak() - before;
    assert!(more < END_MAX_KIB, "{more} KiB for the end of a job");
}

fn records(shift: &Shift, id: &str) -> Vec<nightshift_protocol::Record> {
    nightshift_host::journal::read(&shift.job(id), 0).collect()
}

fn last_line(shift: &Shift, id: &str) -> String {
    let out = records(shift, id).into_iter().rfind(|r| r.kind == RecordKind::Out);
    let text = out.map(|r| String::from_utf8_lossy(&r.body).into_owned()).unwrap_or_default();
    text.lines().last().unwrap_or_default().to_owned()
}

fn assert_lines(shift: &Shift, id: &str) {
    let records = records(shift, id);
    let seqs: Vec<u64> = records.iter().map(|r| r.seq).collect();
    assert_eq!(seqs, (1..=records.len() as u64).collect::<Vec<_>>(), "{id}: numbers");
    let mut text = String::new();
    for record in records.iter().filter(|r| r.kind == RecordKind::Out) {
        text.push_str(&String::from_utf8_lossy(&record.body));
        if !record.body.ends_with(b"\n") && shift.entry_kind(id) == "agent" {
            text.push('\n');
        }
    }
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), LINES, "{id}: lines");
    let in_order = lines.iter().zip(1..).all(|(line, n): (_, usize)| *line == n.to_string());
    assert!(in_order, "{id}: lines are missing or doubled");
}

impl Shift {
    fn entry_kind(&self, id: &str) -> &'static str {
        let launch = std::fs::read_to_string(self.job(id).join("launch.json")).unwrap();
        if launch.contains("\"pipe\"") { "agent" } else { "shell" }
    }
}

#[test]
fn an_agents_line_over_the_limit_is_said_on_its_row() {
    let shift = Shift::new();
    let script = "#!/bin/sh\nhead -c 20000000 /dev/zero | tr '\\0' x; echo; exec sleep 1000\n";
    shift.agent_program("gemini", script);
    let id = shift.dispatch_program("gemini");
    let entry = shift.wait_entry(&id, "the note on its row", |e| {
        e["line"].as_str().unwrap_or_default().contains("20000000 bytes was over the limit")
    });
    assert!(entry["pid"].is_u64(), "{entry}");
    assert!(shift.ok(&["logs", &id]).contains("over the limit"));
    shift.ok(&["stop", &id]);
}

#[test]
fn a_client_that_never_reads_costs_no_memory_and_nobody_else_waits() {
    let shift = Shift::new();
    let job = shift.shell("read x");
    shift.wait_entry(&job, "its process", |e| e["pid"].is_u64());
    let supervisor = shift.supervisor();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let deaf = runtime.block_on(async {
        let client = Client::connect(&shift.home.home()).await.unwrap();
        let board = client.follow_board().await.unwrap();
        // From here on nothing is read: this runtime does not turn again.
        (client, board)
    });
    let before = memory_kib(&supervisor, "status", "VmRSS");
    let changes = runtime_of_its_own(&shift, &job);
    assert!(changes > 1024, "{changes} changes were made");
    let after = memory_kib(&supervisor, "status", "VmRSS");
    assert!(after < before + 32 * 1024, "{before} KiB before, {after} KiB after");
    assert!(shift.entry(&job)["name"].as_str().unwrap().starts_with("name "));
    drop(deaf);
}

/// Renames the session over and over; how often.
fn runtime_of_its_own(shift: &Shift, job: &str) -> usize {
    const CHANGES: usize = 1500;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = Client::connect(&shift.home.home()).await.unwrap();
        for n in 0..CHANGES {
            let name = format!("name {n}");
            let session = job.to_owned();
            client.call(Command::Rename { session, name }).await.unwrap();
        }
    });
    CHANGES
}

#[test]
fn security_09_a_session_that_asks_without_end_is_answered_and_holds_up_nobody() {
    const CONNECTIONS: usize = 16;
    const REQUESTS: usize = 200;
    let shift = Shift::new();
    let other = shift.shell("echo of another; read x");
    let peer = binary().with_file_name("examples").join("peer");
    assert!(peer.exists(), "{} is missing; build examples too", peer.display());
    // All with one number: nobody keeps a client from that.
    let ask = concat!(
        r#"{"id":1,"command":{"type":"logs","session":"$NIGHTSHIFT_SESSION_ID","#,
        r#""raw":false,"offset":0}}"#
    );
    let script = format!(
        "seq 2000; until [ -e go ]; do sleep 0.02; done; set --; n=0; \
         while [ $n -lt {REQUESTS} ]; do set -- \"$@\" \"{ask}\"; n=$((n+1)); done; n=0; \
         while [ $n -lt {CONNECTIONS} ]; do n=$((n+1)); \
         (EXPECT=$(({REQUESTS}+1)) {peer} {socket} \"$@\" > asked$n 2>&1; echo $? > code$n) & done; wait; \
         read x",
        ask = ask.replace('"', "\\\""),
        peer = peer.display(),
        socket = shift.home.home().supervisor_socket().display(),
    );
    let floods = shift.shell(&script);
    shift.wait_log(&floods, "2000");
    std::fs::write(shift.home.work().join("go"), "").unwrap();
    let read = |name: String| std::fs::read_to_string(shift.home.work().join(name)).ok();
    let over = || (1..=CONNECTIONS).filter(|n| read(format!("code{n}")).is_some()).count();
    let mut served = 0;
    wait_until("all to be answered", || {
        assert!(shift.ok(&["logs", &other]).contains("of another"));
        served += usize::from(over() < CONNECTIONS);
        over() == CONNECTIONS
    });
    assert!(served > 0, "the user was served meanwhile");
    for n in 1..=CONNECTIONS {
        let told = read(format!("asked{n}")).unwrap();
        let pages = told.lines().filter(|line| line.contains("1999")).count();
        assert_eq!(pages, REQUESTS, "{}", told.lines().nth(1).unwrap_or_default());
    }
}
