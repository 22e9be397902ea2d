//! The driver of a terminal agent: its host's marks as facts, and what is to be entered or answered.
//!
//! Promises: pure, as the ACP driver is: the same records give the same facts and due lines, so a new
//! supervisor goes on where the last one stopped; each fact names who told it (a hook, the terminal,
//! the process); silence is never read as anything.
//! Must not know: hosts, sockets, the supervisor's state.

use crate::acp::{DriverSpec, Fed};
use nightshift_model::visible::visible;
use nightshift_model::{
    Answer, Enclosure, Fact, Millis, Need, NeedId, NeedKind, Prompt, PromptState, Source,
};
use nightshift_protocol::record::Mark;
use nightshift_protocol::terminal::{Sign, TerminalInput};
use nightshift_protocol::{Record, RecordKind};
use nightshift_vendors::registry::Protocol;
use nightshift_vendors::{Heard, Tells};
use std::collections::{BTreeMap, BTreeSet};

const PROMPT_PREFIX: &str = "ns-prompt-";
const INTERRUPT_PREFIX: &str = "interrupt-";
/// As a question that closed a turn: the answer to it is entered as the next prompt.
const ATTENTION_PREFIX: &str = "turn-sign-";
const ESCAPE: &str = "\u{1b}";

/// A hook that waits for the user.
struct OpenHook {
    need: Need,
    /// What the hook prints for each option.
    answers: BTreeMap<String, String>,
}

pub struct Driver {
    spec: DriverSpec,
    fed: u64,
    launched: bool,
    /// Something says when a turn has ended; without it prompts are entered at once.
    tells_ends: bool,
    /// It takes what is entered.
    ready: bool,
    turn: bool,
    sent: BTreeSet<u32>,
    hooks: BTreeMap<u64, OpenHook>,
    /// Needs made of notifications and bells.
    attention: BTreeSet<NeedId>,
    handed: BTreeSet<String>,
}

impl Driver {
    pub fn new(spec: DriverSpec) -> Driver {
        Driver {
            tells_ends: spec.agent.family.tells() != Tells::Nothing,
            spec,
            fed: 0,
            launched: false,
            ready: false,
            turn: false,
            sent: BTreeSet::new(),
            hooks: BTreeMap::new(),
            attention: BTreeSet::new(),
            handed: BTreeSet::new(),
        }
    }

    /// Takes one record of the journal, in order; output has no meaning here.
    pub fn feed(&mut self, record: &Record) -> Fed {
        let mut fed = Fed::default();
        if record.seq <= self.fed {
            return fed;
        }
        self.fed = record.seq;
        let at = record.at;
        match record.kind {
            RecordKind::Mark => {
                // Marks of later versions mean nothing to this one.
                if let Ok(mark) = serde_json::from_slice(&record.body) {
                    self.take_mark(record.seq, at, mark, &mut fed);
                }
            }
            RecordKind::In => {
                if let Some(input) = TerminalInput::parse(&record.body) {
                    self.take_input(at, input, &mut fed);
                }
            }
            RecordKind::Out | RecordKind::Err => {}
        }
        fed
    }

    fn take_mark(&mut self, seq: u64, at: Millis, mark: Mark, fed: &mut Fed) {
        match mark {
            Mark::Launched { prompt, .. } => self.take_launch(at, prompt, fed),
            Mark::Sign { sign } => self.take_sign(seq, at, sign, fed),
            Mark::Hook { call, line } => {
                let hook = serde_json::from_str(&line).unwrap_or_default();
                for heard in self.spec.agent.family.hook(&hook) {
                    self.take_heard(call, at, heard, fed);
                }
            }
            Mark::HookGone { call } => {
                if let Some(open) = self.hooks.remove(&call) {
                    tell(fed, at, Source::Hook, Fact::NeedClosed { id: open.need.id });
                }
            }
            Mark::Resized { .. } | Mark::Dropped { .. } => {}
        }
    }

    fn take_launch(&mut self, at: Millis, prompt: Option<u32>, fed: &mut Fed) {
        for (_, open) in std::mem::take(&mut self.hooks) {
            tell(fed, at, Source::Process, Fact::NeedClosed { id: open.need.id });
        }
        self.close_attention(at, Source::Process, fed);
        self.launched = true;
        self.ready = false;
        self.turn = prompt.is_some();
        self.handed.clear();
        if let Some(n) = prompt {
            self.sent.insert(n);
            tell(fed, at, Source::Process, Fact::PromptSent { n });
        } else if self.spec.agent.family.tells() != Tells::Hooks {
            // Nothing else will say that it is there.
            tell(fed, at, Source::Process, waits());
        }
    }

    fn take_sign(&mut self, seq: u64, at: Millis, sign: Sign, fed: &mut Fed) {
        let by = Source::Terminal;
        match sign {
            Sign::Title { text } => tell(fed, at, by, Fact::Progress { line: text }),
            Sign::Touched => self.close_attention(at, by, fed),
            // Its hooks tell the same, and more.
            _ if self.spec.agent.family.tells() == Tells::Hooks => {}
            Sign::Notification { text } => match self.spec.agent.family.notified(&text) {
                Some(heard) => self.take_told(seq, at, by, heard, fed),
                None => self.call_for_attention(seq, at, &text, fed),
            },
            Sign::Bell => self.call_for_attention(seq, at, "it rang the bell", fed),
            Sign::Prompt => {
                (self.tells_ends, self.ready) = (true, true);
                if std::mem::take(&mut self.turn) {
                    tell(fed, at, by, waits());
                }
            }
            Sign::Began => self.begin(at, by, String::new(), fed),
            // The prompt that follows says it.
            Sign::Ended { .. } => {}
        }
    }

    fn take_heard(&mut self, call: u64, at: Millis, heard: Heard, fed: &mut Fed) {
        self.take_told(call, at, Source::Hook, heard, fed);
    }

    fn take_told(&mut self, seq: u64, at: Millis, by: Source, heard: Heard, fed: &mut Fed) {
        match heard {
            Heard::Session(agent_session_id) => {
                self.ready = true;
                tell(fed, at, by, Fact::AgentReady { agent_session_id });
            }
            Heard::Began(text) => self.begin(at, by, text, fed),
            Heard::Tool(line) => {
                self.begin(at, by, String::new(), fed);
                tell(fed, at, by, Fact::Progress { line });
            }
            Heard::Asks { shown, options } => {
                let answers =
                    options.iter().map(|(o, line)| (o.id.clone(), line.clone())).collect();
                let need = Need {
                    id: NeedId(format!("need-{seq}")),
                    kind: NeedKind::Permission,
                    question: shown.question,
                    detail: shown.detail,
                    options: options.into_iter().map(|(option, _)| option).collect(),
                    free_text: false,
                    since: at,
                    unshown_bytes: 0,
                    answered: None,
                }
                .missing(shown.unshown_bytes);
                self.turn = true;
                tell(fed, at, by, Fact::NeedOpened { need: need.clone() });
                self.hooks.insert(seq, OpenHook { need, answers });
            }
            Heard::Wants(text) => self.call_for_attention(seq, at, &text, fed),
            Heard::Failed { error, trouble } => {
                self.turn = false;
                self.close_attention(at, by, fed);
                let failure = Some((error, trouble));
                tell(fed, at, by, Fact::TurnStopped { last_text: None, failure });
            }
            Heard::Ended(last_text) => {
                if std::mem::take(&mut self.turn) || last_text.is_some() {
                    self.close_attention(at, by, fed);
                    tell(fed, at, by, Fact::TurnStopped { last_text, failure: None });
                }
            }
        }
    }

    fn begin(&mut self, at: Millis, by: Source, text: String, fed: &mut Fed) {
        self.close_attention(at, by, fed);
        if !std::mem::replace(&mut self.turn, true) || !text.is_empty() {
            tell(fed, at, by, Fact::TurnBegan { text });
        }
    }

    /// What it wants is not known: it is shown in its own words, and answered in its own terminal or
    /// by words that are entered there.
    fn call_for_attention(&mut self, seq: u64, at: Millis, text: &str, fed: &mut Fed) {
        let id = NeedId(format!("{ATTENTION_PREFIX}{seq}"));
        self.close_attention(at, Source::Terminal, fed);
        self.turn = false;
        let need = Need {
            id: id.clone(),
            kind: NeedKind::Question,
            question: visible(text).into_owned(),
            detail: String::new(),
            options: Vec::new(),
            free_text: true,
            since: at,
            unshown_bytes: 0,
            answered: None,
        };
        self.attention.insert(id);
        tell(fed, at, Source::Terminal, Fact::NeedOpened { need });
    }

    fn close_attention(&mut self, at: Millis, by: Source, fed: &mut Fed) {
        for id in std::mem::take(&mut self.attention) {
            tell(fed, at, by, Fact::NeedClosed { id });
        }
    }

    fn take_input(&mut self, at: Millis, input: TerminalInput, fed: &mut Fed) {
        match input {
            TerminalInput::Enter { id, .. } => {
                self.handed.remove(&id);
                self.close_attention(at, Source::Process, fed);
                if let Some(n) = id.strip_prefix(PROMPT_PREFIX).and_then(|n| n.parse().ok()) {
                    self.sent.insert(n);
                    self.turn = true;
                    tell(fed, at, Source::Process, Fact::PromptSent { n });
                }
            }
            TerminalInput::Keys { id, .. } => {
                self.handed.remove(&id);
                if id.starts_with(INTERRUPT_PREFIX) {
                    self.turn = false;
                    tell(fed, at, Source::User, Fact::InterruptSent);
                }
            }
            TerminalInput::Answer { call, .. } => {
                self.handed.remove(&answer_key(call));
                if let Some(open) = self.hooks.remove(&call) {
                    tell(fed, at, Source::Process, Fact::NeedClosed { id: open.need.id });
                }
            }
        }
    }

    /// It printed something. Nothing follows from that but that it runs.
    pub fn printed(&mut self) {
        if self.spec.agent.family.tells() != Tells::Hooks {
            self.ready = true;
        }
    }

    /// Lines for the host, each handed out once.
    pub fn due(&mut self, prompts: &[Prompt], answers: &[(NeedId, Answer)]) -> Vec<String> {
        let mut inputs = Vec::new();
        for (call, open) in &self.hooks {
            let given = answers.iter().find(|(id, _)| *id == open.need.id);
            if let Some(line) = given.and_then(|(_, answer)| open.line(answer)) {
                inputs.push((answer_key(*call), TerminalInput::Answer { call: *call, line }));
            }
        }
        inputs.extend(self.due_prompt(prompts));
        let fresh = |(key, _): &(String, TerminalInput)| self.handed.insert(key.clone());
        inputs.into_iter().filter(fresh).map(|(_, input)| input.line()).collect()
    }

    fn due_prompt(&self, prompts: &[Prompt]) -> Option<(String, TerminalInput)> {
        let handed = self.handed.iter().any(|key| key.starts_with(PROMPT_PREFIX));
        let busy = self.turn && self.tells_ends;
        if !self.launched || !self.ready || busy || handed {
            return None;
        }
        let waits = |p: &&Prompt| p.state == PromptState::Queued && !self.sent.contains(&p.n);
        let prompt = prompts.iter().find(waits)?;
        let id = format!("{PROMPT_PREFIX}{}", prompt.n);
        let text = with_files(&prompt.text, &prompt.enclosures, &self.spec.files);
        Some((id.clone(), TerminalInput::Enter { id, text }))
    }

    /// The keys that end the running turn.
    pub fn cancel(&mut self) -> Option<String> {
        if !self.launched || self.handed.iter().any(|key| key.starts_with(INTERRUPT_PREFIX)) {
            return None;
        }
        let id = format!("{INTERRUPT_PREFIX}{}", self.fed);
        self.handed.insert(id.clone());
        let keys = match &self.spec.agent.protocol {
            Protocol::Terminal(ways) if !ways.interrupt.is_empty() => ways.interrupt.clone(),
            Protocol::Terminal(_) | Protocol::Acp => ESCAPE.to_owned(),
        };
        Some(TerminalInput::Keys { id, keys }.line())
    }

    pub fn forget_unwritten(&mut self) {
        self.handed.clear();
    }

    pub fn not_written(&mut self, line: &str) {
        let key = match TerminalInput::parse(line.as_bytes()) {
            Some(TerminalInput::Enter { id, .. } | TerminalInput::Keys { id, .. }) => id,
            Some(TerminalInput::Answer { call, .. }) => answer_key(call),
            None => return,
        };
        self.handed.remove(&key);
    }
}

impl OpenHook {
    fn line(&self, answer: &Answer) -> Option<String> {
        match self.need.named(answer).ok()? {
            Answer::Option { id } => self.answers.get(&id).cloned(),
            Answer::Allow | Answer::Deny | Answer::Text { .. } => None,
        }
    }
}

fn answer_key(call: u64) -> String {
    format!("answer {call}")
}

fn tell(fed: &mut Fed, at: Millis, by: Source, fact: Fact) {
    fed.facts.push((at, Fact::Told { by, fact: Box::new(fact) }));
}

/// It waits for what is entered; what it said last is not known.
fn waits() -> Fact {
    Fact::TurnStopped { last_text: None, failure: None }
}

/// A terminal takes words only: files are named in them.
pub fn with_files(text: &str, enclosures: &[Enclosure], files: &str) -> String {
    let mut text = text.to_owned();
    for enclosure in enclosures {
        let (path, media_type) = (enclosure.path(), &enclosure.media_type);
        text.push_str(&format!("\nAttached file: {files}/{path} ({media_type})"));
    }
    text
}
