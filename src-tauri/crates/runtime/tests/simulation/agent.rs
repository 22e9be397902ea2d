//! A small agent that speaks the protocol over lines, works by dice, and remembers over all its
//! processes what it was ever told.

use nightshift_testkit::Dice;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What an agent keeps on disk, and what the test counts: it outlives its processes.
#[derive(Default)]
pub struct Memory {
    sessions: BTreeSet<String>,
    /// How often each prompt's text was heard.
    pub heard: BTreeMap<String, u32>,
    /// Turns that ended without an error.
    pub turns_ended: u32,
    asked: u32,
    /// It refuses to serve, calm or not.
    pub will_refuse: bool,
    /// Its last process refused to serve.
    pub refused: bool,
}

/// One request of the agent that waits for its answer.
struct Ask {
    /// Unique over all launches: an answer must name it or come for it.
    word: String,
    permission: bool,
}

/// How an agent behaves for now.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Asks, dies, refuses, takes its time.
    Wild,
    /// Ends what it began, except for turns that are long.
    Calm,
}

struct Turn {
    id: Value,
    /// Works until it is cancelled.
    long: bool,
    /// Asks something before it ends.
    asks: bool,
    cancelled: bool,
}

/// One process of the agent.
#[derive(Default)]
pub struct Agent {
    pub stdin: VecDeque<String>,
    session: Option<String>,
    turn: Option<Turn>,
    open: BTreeMap<u64, Ask>,
    answered: BTreeSet<u64>,
    next_request: u64,
    pub is_ready: bool,
}

/// What one moment of the agent's life came to.
#[derive(Default)]
pub struct Moment {
    pub lines: Vec<String>,
    pub dies: Option<i32>,
    pub faults: Vec<String>,
    pub did_something: bool,
}

const REFUSES: u64 = 60;
const DIES: u64 = 120;

impl Agent {
    pub fn is_working(&self) -> bool {
        self.turn.is_some()
    }

    pub fn open_requests(&self) -> usize {
        self.open.len()
    }

    /// Whether it would do something by itself or with what it was sent.
    pub fn is_busy(&self, mood: Mood) -> bool {
        let works = self.turn.as_ref().is_some_and(|t| {
            self.open.is_empty() && !(mood == Mood::Calm && t.long && !t.cancelled)
        });
        !self.stdin.is_empty() || works
    }

    pub fn live(&mut self, memory: &mut Memory, dice: &mut Dice, mood: Mood) -> Moment {
        let mut moment = Moment::default();
        if mood == Mood::Wild && self.turn.is_some() && dice.one_in(DIES) {
            moment.dies = Some(if dice.one_in(2) { 1 } else { 137 });
            return moment;
        }
        if let Some(line) = self.stdin.pop_front() {
            moment.did_something = true;
            self.take(&line, memory, dice, mood, &mut moment);
        } else if self.is_busy(mood) {
            moment.did_something = true;
            self.work(memory, dice, mood, &mut moment);
        }
        moment
    }

    fn take(
        &mut self,
        line: &str,
        memory: &mut Memory,
        dice: &mut Dice,
        mood: Mood,
        moment: &mut Moment,
    ) {
        let Ok(message) = serde_json::from_str::<Value>(line) else {
            moment.faults.push(format!("the agent was sent no JSON: {line}"));
            return;
        };
        let (id, params) = (&message["id"], &message["params"]);
        match message["method"].as_str() {
            Some("initialize")
                if memory.will_refuse || mood == Mood::Wild && dice.one_in(REFUSES) =>
            {
                memory.refused = true;
                let error = json!({"code": -32000, "message": "sign in first"});
                moment.lines.push(json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string());
            }
            Some("initialize") => moment.answer(id, &offers()),
            Some("session/new") => {
                let session = format!("sim-{}", memory.sessions.len() + 1);
                memory.sessions.insert(session.clone());
                moment.answer(id, &json!({"sessionId": session, "modes": modes()}));
                self.session = Some(session);
            }
            Some("session/load" | "session/resume") => {
                let session = params["sessionId"].as_str().unwrap_or_default();
                if !memory.sessions.contains(session) {
                    moment.faults.push(format!("asked to reopen the unknown session `{session}`"));
                }
                moment.answer(id, &json!({"modes": modes()}));
                self.session = Some(session.to_owned());
            }
            Some("session/set_mode") => {
                moment.answer(id, &json!({}));
                self.is_ready = true;
            }
            Some("session/prompt") => self.prompted(id, params, memory, dice, mood, moment),
            Some("session/cancel") => {
                if let Some(turn) = &mut self.turn {
                    turn.cancelled = true;
                }
            }
            Some(other) => moment.faults.push(format!("the agent was asked for `{other}`")),
            None => self.answered(id, &message["result"], moment),
        }
    }

    fn prompted(
        &mut self,
        id: &Value,
        params: &Value,
        memory: &mut Memory,
        dice: &mut Dice,
        mood: Mood,
        moment: &mut Moment,
    ) {
        let text = params["prompt"][0]["text"].as_str().unwrap_or_default().to_owned();
        *memory.heard.entry(text.clone()).or_default() += 1;
        if params["sessionId"].as_str() != self.session.as_deref() || !self.is_ready {
            moment.faults.push(format!("`{text}` came for a session that is not open"));
        }
        if self.turn.is_some() {
            moment.faults.push(format!("`{text}` came in the middle of a turn"));
        }
        let long = text.starts_with("long") || mood == Mood::Wild && dice.one_in(12);
        let asks = text.starts_with("question");
        self.turn = Some(Turn { id: id.clone(), long, asks, cancelled: false });
    }

    fn answered(&mut self, id: &Value, result: &Value, moment: &mut Moment) {
        let Some(number) = id.as_u64() else {
            return moment.faults.push(format!("the agent was answered {id}, which it never uses"));
        };
        let Some(ask) = self.open.remove(&number) else {
            let again = if self.answered.contains(&number) { "again" } else { "unasked" };
            return moment.faults.push(format!("request {number} was answered {again}: {result}"));
        };
        self.answered.insert(number);
        let said = match ask.permission {
            true => &result["outcome"]["optionId"],
            false => &result["content"]["q"],
        };
        let said = said.as_str().unwrap_or("");
        // Words of a reply may answer whatever is open; an answer names what it is for.
        if said.contains("ask-") && !said.ends_with(&ask.word) {
            moment.faults.push(format!("`{}` was answered with `{said}`", ask.word));
        }
    }

    /// One step of the running turn.
    fn work(&mut self, memory: &mut Memory, dice: &mut Dice, mood: Mood, moment: &mut Moment) {
        let Some(turn) = &mut self.turn else { return };
        if std::mem::take(&mut turn.asks) && !turn.cancelled {
            return self.ask(memory, dice, moment);
        }
        let ends = turn.cancelled || !turn.long && (mood == Mood::Calm || dice.one_in(4));
        if ends {
            return self.end_turn(memory, dice, moment);
        }
        match dice.below(6) {
            0 | 1 if mood == Mood::Wild => self.ask(memory, dice, moment),
            2 => {
                let id = format!("tool-{}", dice.below(1000));
                moment.update(
                    self.session.as_deref(),
                    &json!({"sessionUpdate": "tool_call",
                    "toolCallId": id, "title": "Look around", "kind": "read", "status": "completed"}),
                );
            }
            _ => {
                let text = format!("words {}. ", dice.below(1000));
                moment.update(self.session.as_deref(), &chunk(&text));
            }
        }
    }

    fn end_turn(&mut self, memory: &mut Memory, dice: &mut Dice, moment: &mut Moment) {
        let Some(turn) = self.turn.take() else { return };
        self.open.clear();
        if turn.cancelled {
            memory.turns_ended += 1;
            return moment.answer(&turn.id, &json!({"stopReason": "cancelled"}));
        }
        match dice.below(8) {
            0 => {
                let error = json!({"code": -32603, "message": "the model is away"});
                let line = json!({"jsonrpc": "2.0", "id": turn.id, "error": error});
                return moment.lines.push(line.to_string());
            }
            1 => moment.update(self.session.as_deref(), &chunk("Which way shall I go?")),
            2 => moment.update(self.session.as_deref(), &chunk("failed: nothing fits")),
            _ => moment.update(self.session.as_deref(), &chunk("All is done.")),
        }
        memory.turns_ended += 1;
        moment.answer(&turn.id, &json!({"stopReason": "end_turn"}));
    }

    fn ask(&mut self, memory: &mut Memory, dice: &mut Dice, moment: &mut Moment) {
        memory.asked += 1;
        self.next_request += 1;
        let (number, word) = (self.next_request, format!("ask-{}", memory.asked));
        let permission = dice.one_in(2);
        let option = |id: &str, kind: &str| json!({"optionId": format!("{id} {word}"), "name": id, "kind": kind});
        let (method, params) = match permission {
            true => (
                "session/request_permission",
                json!({"sessionId": self.session,
                "toolCall": {"toolCallId": word, "title": format!("Run {word}")},
                "options": [option("yes", "allow_once"), option("no", "reject_once")]}),
            ),
            false => (
                "elicitation/create",
                json!({"mode": "form", "message": format!("What about {word}?"),
                "requestedSchema": {"type": "object", "properties": {"q": {"type": "string"}}}}),
            ),
        };
        let line = json!({"jsonrpc": "2.0", "id": number, "method": method, "params": params});
        moment.lines.push(line.to_string());
        self.open.insert(number, Ask { word, permission });
    }
}

impl Moment {
    fn answer(&mut self, id: &Value, result: &Value) {
        self.lines.push(json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string());
    }

    fn update(&mut self, session: Option<&str>, update: &Value) {
        let params = json!({"sessionId": session, "update": update});
        let line = json!({"jsonrpc": "2.0", "method": "session/update", "params": params});
        self.lines.push(line.to_string());
    }
}

fn chunk(text: &str) -> Value {
    json!({"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": text}})
}

fn offers() -> Value {
    json!({"protocolVersion": 1, "authMethods": [],
        "agentCapabilities": {"loadSession": true, "sessionCapabilities": {"resume": {}}}})
}

fn modes() -> Value {
    json!({"currentModeId": "auto",
        "availableModes": [{"id": "ask", "name": "Ask"}, {"id": "auto", "name": "Auto"}]})
}
