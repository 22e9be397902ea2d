//! Agents that say whatever comes to their minds, several at once, against the real supervisor: its memory
//! is bounded, and each of them is still there and answers. What they say comes from a seed, which a
//! failure names; `NIGHTSHIFT_SEED` is another one.

use crate::support::{AGENT_OPENS, Shift, id_of, memory_kib, ran};
use nightshift_testkit::{Dice, wait_until};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

const SEED: u64 = 20_261_129;
const AGENTS: u64 = 4;
/// What each of them says, roughly.
const STREAM_BYTES: usize = 16 * 1024 * 1024;
/// Memory at its peak, whatever they say.
const SUPERVISOR_MAX_KIB: u64 = 200 * 1024;
const HOST_MAX_KIB: u64 = 100 * 1024;

/// Opens a session, says its stream, ends the turn, and answers every further prompt.
const AGENT: &str = r#"read -r prompt
cat "$STREAM"
echo
answer "$prompt" '{"stopReason":"end_turn"}'
echo > "said-$NIGHTSHIFT_SESSION_ID"
while read -r line; do
    case "$line" in
    *session/prompt*)
        echo '{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"still here"}}}}'
        answer "$line" '{"stopReason":"end_turn"}' ;;
    esac
done
"#;

/// One agent's mind.
struct Mind {
    dice: Dice,
    /// Ids it has used.
    ids: u64,
}

impl Mind {
    fn text(&mut self) -> String {
        let most = *self.dice.pick(&[8, 60, 60, 400, 5_000, 60_000]).unwrap();
        let most = if self.dice.one_in(400) { 4_000_000 } else { most };
        let unit = *self.dice.pick(&["x", "words and ", "€", "\u{1}", "\"", "👩‍👩‍👧", "\n"]).unwrap();
        let len = usize::try_from(self.dice.below(most)).unwrap();
        unit.repeat(len / unit.len())
    }

    /// One it has used before, or another one.
    fn id(&mut self) -> String {
        if self.dice.one_in(3) {
            return self.text();
        }
        if self.ids == 0 || self.dice.one_in(2) {
            self.ids += 1;
        }
        format!("call {}", self.dice.below(self.ids + 1))
    }

    fn deep(&mut self) -> String {
        let depth = usize::try_from(self.dice.below(5_000)).unwrap();
        let (open, close) = *self.dice.pick(&[("[", "]"), ("{\"a\":", "}")]).unwrap();
        let closed = if self.dice.one_in(3) { depth / 2 } else { depth };
        format!("{}1{}", open.repeat(depth), close.repeat(closed))
    }

    fn content(&mut self) -> Value {
        match self.dice.below(4) {
            0 => json!([{"type": "diff", "path": self.text(), "oldText": self.text(),
                "newText": self.text()}]),
            1 => {
                let parts = self.dice.below(300);
                let part = |text: String| {
                    json!({"type": "content", "content":
                    {"type": "text", "text": text}})
                };
                Value::Array((0..parts).map(|_| part(self.text())).collect())
            }
            _ => json!([{"type": "content", "content": {"type": "text", "text": self.text()}}]),
        }
    }

    fn update(&mut self) -> Value {
        let text = json!({"type": "text", "text": self.text()});
        match self.dice.below(11) {
            0 => json!({"sessionUpdate": "session_info_update", "title": self.text()}),
            1 | 2 => json!({"sessionUpdate": "agent_message_chunk", "content": text}),
            3 => json!({"sessionUpdate": "agent_thought_chunk", "content": text}),
            4 | 5 => {
                json!({"sessionUpdate": "tool_call", "toolCallId": self.id(), "kind": "execute",
                "title": self.text(), "status": "pending", "rawInput": {"command": self.text()}})
            }
            6 | 7 => json!({"sessionUpdate": "tool_call_update", "toolCallId": self.id(),
                "status": "in_progress", "content": self.content(), "rawOutput": self.text()}),
            8 => {
                let entry =
                    json!({"content": self.text(), "priority": "high", "status": "pending"});
                json!({"sessionUpdate": "plan", "entries": vec![entry; 40]})
            }
            9 => {
                let command = json!({"name": self.text(), "description": self.text()});
                json!({"sessionUpdate": "available_commands_update",
                    "availableCommands": vec![command; 20]})
            }
            _ => json!({"sessionUpdate": self.text(), "x": self.content()}),
        }
    }

    /// A line, without its end.
    fn line(&mut self) -> Vec<u8> {
        let said = |method: &str, params: Value| {
            json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string()
        };
        let mut line = match self.dice.below(14) {
            0 => self.deep(),
            1 => said(&self.text(), json!({"sessionId": "s", "x": self.text()})),
            2 => json!({"jsonrpc": "2.0", "id": self.id(), "method": "session/request_permission",
                "params": {"sessionId": "s", "toolCall": {"toolCallId": self.id(),
                "title": self.text(), "kind": "execute", "rawInput": {"command": self.text()}},
                "options": [{"optionId": self.id(), "name": self.text(), "kind": "allow_once"}]}})
            .to_string(),
            3 => json!({"jsonrpc": "2.0", "id": self.id(), "method": "fs/read_text_file",
                "params": {"sessionId": "s", "path": self.text()}})
            .to_string(),
            4 => {
                json!({"jsonrpc": "2.0", "id": self.id(), "result": {"x": self.text()}}).to_string()
            }
            _ => said("session/update", json!({"sessionId": "s", "update": self.update()})),
        }
        .into_bytes();
        match self.dice.below(40) {
            // Cut off, or spoilt, or no text at all.
            0 => line.truncate(usize::try_from(self.dice.below(line.len() as u64 + 1)).unwrap()),
            1 => line.iter_mut().step_by(97).for_each(|byte| *byte ^= 0x80),
            2 => line = vec![0; 5_000],
            _ => {}
        }
        line
    }
}

/// Everything that an agent says in one turn, as a file.
fn stream(path: &Path, seed: u64) {
    let mut mind = Mind { dice: Dice::new(seed), ids: 0 };
    let mut out = BufWriter::new(File::create(path).unwrap());
    let mut written = 0;
    while written < STREAM_BYTES {
        let line = mind.line();
        // A flood of the same.
        let often = if line.len() < 300 && mind.dice.one_in(60) { 4_000 } else { 1 };
        for _ in 0..often {
            out.write_all(&line).unwrap();
            out.write_all(b"\n").unwrap();
        }
        written += often * (line.len() + 1);
    }
    // An output without end: over the limit of a line.
    let (begin, end) = (br#"{"jsonrpc":"2.0","method":"session/update","params":{""#, b"\"}");
    out.write_all(begin).unwrap();
    let piece = vec![b'x'; 1024 * 1024];
    for _ in 0..18 {
        out.write_all(&piece).unwrap();
    }
    out.write_all(end).unwrap();
    out.flush().unwrap();
}

fn dispatch(shift: &Shift, stream: &Path) -> String {
    let args = ["--bg", "--json", "--agent", "gemini", "go"];
    let path = format!("{}:{}", shift.home.work().display(), std::env::var("PATH").unwrap());
    let mut dispatch = shift.command(&args);
    dispatch.env("PATH", path).env("STREAM", stream);
    id_of(&serde_json::from_str(&ran(&mut dispatch, b"").ok(&args)).unwrap())
}

#[test]
fn security_15_random_agents_cost_a_bounded_amount_of_memory_and_lose_nothing() {
    let seed = std::env::var("NIGHTSHIFT_SEED").map_or(SEED, |seed| seed.parse().unwrap());
    eprintln!("NIGHTSHIFT_SEED={seed}");
    let shift = Shift::new();
    shift.agent_program("gemini", &format!("{AGENT_OPENS}{AGENT}"));
    let streams: Vec<PathBuf> =
        (0..AGENTS).map(|n| shift.home.work().join(format!("stream-{n}"))).collect();
    std::thread::scope(|scope| {
        for (n, path) in (0..).zip(&streams) {
            scope.spawn(move || stream(path, seed + n));
        }
    });
    let ids = Vec::from_iter(streams.iter().map(|stream| dispatch(&shift, stream)));
    let supervisor = shift.supervisor();
    for id in &ids {
        // Others are served meanwhile.
        shift.ok(&["agents", "--json"]);
        let said = shift.home.work().join(format!("said-{id}"));
        wait_until(&format!("all of {id} to be said (seed {seed})"), || said.exists());
        let at_rest = |e: &Value| e["state"] != "working" && e["state"] != "starting";
        shift.wait_entry(id, &format!("the end of its turn (seed {seed})"), at_rest);
    }
    for id in &ids {
        let entry = shift.entry(id);
        assert!(entry["pid"].is_u64(), "seed {seed}: {entry}\n{}", shift.ok(&["why", id]));
        let mut reply = shift.command(&["reply", id, "are you there?"]);
        let replied = ran(&mut reply, b"");
        assert_eq!(replied.code, Some(0), "seed {seed}: {replied:?}\n{}", shift.ok(&["why", id]));
        wait_until(&format!("an answer of {id} (seed {seed})"), || {
            shift.ok(&["logs", id]).contains("still here")
        });
        let host = memory_kib(&shift.host(id), "status", "VmHWM");
        assert!(host < HOST_MAX_KIB, "seed {seed}: the host of {id} had {host} KiB");
    }
    let board = shift.json(&["agents", "--all", "--json"]);
    assert_eq!(board.as_array().unwrap().len(), ids.len(), "seed {seed}");
    assert_eq!(shift.supervisor(), supervisor, "seed {seed}: it was killed");
    let peak = memory_kib(&supervisor, "status", "VmHWM");
    eprintln!("the supervisor had {peak} KiB at its peak");
    assert!(peak < SUPERVISOR_MAX_KIB, "seed {seed}: {peak} KiB");
}
