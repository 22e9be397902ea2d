//! The ACP driver: one session's journal as facts and conversation, and the lines to write next.
//!
//! Promises: pure (no clock, no IO; all times are the records'); the same records give the same
//! items, facts and due lines, so a new supervisor continues where the last one stopped; no prompt
//! and no answer that the journal holds is ever handed out again.
//! Must not know: hosts, sockets, the supervisor's state.

mod asking;
mod calls;
mod choosing;
mod configured;
mod enclosures;
mod handshake;
mod incoming;
mod options;
pub mod own;
mod requests;
mod settings;
mod speech;
mod transcript;
mod wording;
mod words;

use calls::Calls;
use choosing::Asked;
use configured::Configured;
use handshake::Handshake;
use nightshift_model::standing::SystemMessage;
use nightshift_model::titles::Titles;
use nightshift_model::{Answer, Fact, Millis, NeedId, Origin, Prompt, PromptState, Usage};
use nightshift_protocol::{
    Configuration, ConversationItem, ItemBody, NoticeLevel, Record, Subject,
};
use nightshift_vendors::registry::AgentSpec;
use nightshift_vendors::servers::McpServer;
use nightshift_vendors::wire;
use nightshift_vendors::{Overheard, Watched};
use own::OwnCalls;
use requests::OpenRequest;
use serde::Deserialize;
use serde_json::{Value, json};
use speech::Speech;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use transcript::Transcript;

pub use nightshift_protocol::measure::ITEM_MAX_BYTES;
pub use transcript::{TRANSCRIPT_MAX_BYTES, TRANSCRIPT_MAX_ITEMS};

/// What the driver must know of a session beside its journal.
#[derive(Clone, Debug)]
pub struct DriverSpec {
    pub cwd: String,
    pub model: Option<String>,
    pub permission_mode: Option<String>,
    /// Values of other options that were chosen in this session.
    pub chosen: BTreeMap<String, String>,
    pub agent: AgentSpec,
    /// Tools handed to the agent.
    pub mcp_servers: Vec<McpServer>,
    /// The agent's own session id, when one is known.
    pub resume: Option<String>,
    /// The directory that holds files which go with prompts.
    pub files: String,
    /// What the agent must know of where it works. Never part of the user's words.
    pub notes: Option<String>,
    /// It shall take up nothing of its repository's settings.
    pub untrusted: bool,
}

impl DriverSpec {
    /// A new session of `agent` in `cwd`, with nothing chosen.
    pub fn new(agent: AgentSpec, cwd: impl Into<String>) -> DriverSpec {
        DriverSpec {
            cwd: cwd.into(),
            model: None,
            permission_mode: None,
            chosen: BTreeMap::new(),
            agent,
            mcp_servers: Vec::new(),
            resume: None,
            files: String::new(),
            notes: None,
            untrusted: false,
        }
    }
}

/// What one record led to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fed {
    pub facts: Vec<(Millis, Fact)>,
    pub changes: Vec<ItemChange>,
}

/// One change of the conversation.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemChange {
    Upsert(ConversationItem),
    /// Adds to the text of an `Agent` or `Thought` item.
    Append {
        id: String,
        text: String,
    },
    Removed {
        id: String,
    },
    /// What can be chosen, or is in force, is another now.
    Configured(Box<Configuration>),
}

/// The turn that runs: from the prompt's record to the agent's answer to it.
#[derive(Debug)]
struct Turn {
    n: u32,
    /// The journal holds our cancel.
    cancelled: bool,
    /// The last request was rejected; some agents end their turn then.
    rejected: bool,
    /// What the vendor's own updates said.
    heard: Overheard,
    /// Tool calls that have not ended.
    tools: BTreeSet<String>,
}

impl Turn {
    fn new(n: u32) -> Turn {
        let (heard, tools) = (Overheard::default(), BTreeSet::new());
        Turn { n, cancelled: false, rejected: false, heard, tools }
    }
}

pub struct Driver {
    spec: DriverSpec,
    /// Sequence number of the newest record.
    fed: u64,
    launches: u32,
    handshake: Handshake,
    configured: Configured,
    /// Choices of the user's that this process was asked for, by their requests' ids.
    asked: BTreeMap<String, Asked>,
    transcript: Transcript,
    speech: Speech,
    turn: Option<Turn>,
    /// Prompts that the journal holds.
    sent: BTreeSet<u32>,
    /// Prompts whose turn has ended.
    ended: BTreeSet<u32>,
    /// What the agent counted last, until the turn's end tells it.
    usage: Option<Usage>,
    /// Requests of the agent that wait for the user, by their id as JSON.
    open: BTreeMap<String, OpenRequest>,
    /// Answers that need no user, by the request's id as JSON.
    replies: BTreeMap<String, String>,
    /// Calls of our own tools that are under way.
    own: OwnCalls,
    /// What was told of the turn's calls.
    calls: Calls,
    /// What was handed out and is not in the journal yet.
    handed: BTreeSet<String>,
    /// What the supervisor said, as far as the records have not come to it.
    remarks: VecDeque<SystemMessage>,
    /// Number of the newest remark.
    remarked: u32,
    /// A line of this launch was over a bound and it was told.
    excess_told: bool,
    /// Titles, told not more often than anybody reads them.
    titles: Titles,
    /// Lines of this launch that were no JSON-RPC.
    strange_lines: u32,
}

/// Key in `open` of a sign-in; no id of an agent's request reads so.
const SIGN_IN: &str = "sign-in";
/// Key in `handed` of the running turn's cancel.
const CANCEL: &str = "cancel";
const PROMPT_PREFIX: &str = "ns-prompt-";
/// Marks notes as ours, for the agent and in the journal.
const NOTES_URI: &str = "nightshift:notes";

/// Key of ours in a prompt's `_meta`.
const ORIGIN_META: &str = "nightshift";

/// Who gave the prompt with these parameters, as our own line says.
fn origin_of(params: &Value) -> Origin {
    let origin = &params["_meta"][ORIGIN_META]["origin"];
    Origin::deserialize(origin).unwrap_or_default()
}

fn remark_item(remark: &SystemMessage) -> ConversationItem {
    let level = if remark.warns { NoticeLevel::Warning } else { NoticeLevel::Info };
    let body = ItemBody::Note { level, text: remark.text.clone() };
    ConversationItem { id: format!("remark-{}", remark.n), at: remark.at, body }
}

fn answer_key(id: &str) -> String {
    format!("answer {id}")
}

impl Driver {
    pub fn new(spec: DriverSpec) -> Driver {
        let mut own = OwnCalls::default();
        // Until the journal says what was handed over: it may begin later.
        own.handed(&json!(spec.mcp_servers));
        Driver {
            spec,
            fed: 0,
            launches: 0,
            handshake: Handshake::new(),
            configured: Configured::default(),
            asked: BTreeMap::new(),
            transcript: Transcript::default(),
            speech: Speech::default(),
            turn: None,
            sent: BTreeSet::new(),
            ended: BTreeSet::new(),
            usage: None,
            open: BTreeMap::new(),
            replies: BTreeMap::new(),
            own,
            calls: Calls::default(),
            handed: BTreeSet::new(),
            remarks: VecDeque::new(),
            remarked: 0,
            excess_told: false,
            titles: Titles::default(),
            strange_lines: 0,
        }
    }

    /// Takes one journal record, in order, from the journal's first on. A record that was fed
    /// before is passed over, so an overlap after a lost connection does no harm.
    pub fn feed(&mut self, record: &Record) -> Fed {
        let mut fed = Fed::default();
        if record.seq <= self.fed {
            return fed;
        }
        if self.fed == 0 && record.seq > 1 {
            self.transcript.mark_trimmed();
            self.calls.miss(1);
            self.handshake.adopt(self.spec.resume.clone());
        }
        self.fed = record.seq;
        self.show_remarks(|remark| remark.at < record.at, &mut fed.changes);
        self.take(record, &mut fed);
        fed
    }

    /// Lines to write now: neither journalled nor handed out yet. `prompts` are the session's
    /// unfinished prompts in order, `answers` the needs that were answered. Call it only when the
    /// replay has caught up, and write the lines in the order given.
    pub fn due(&mut self, prompts: &[Prompt], answers: &[(NeedId, Answer)]) -> Vec<String> {
        let mut lines = Vec::new();
        let replies: Vec<(String, String)> =
            self.replies.iter().map(|(id, line)| (answer_key(id), line.clone())).collect();
        for (key, line) in replies {
            self.hand(key, line, &mut lines);
        }
        if let Some((id, line)) = self.handshake.next(&self.spec) {
            self.hand(id, line, &mut lines);
        }
        // Before the answers: they say that the turn was cancelled.
        let is_withdrawn = |open: &OpenRequest| open.result(answers) == Some(open.cancelled());
        if self.open.values().any(is_withdrawn) {
            lines.extend(self.cancel());
        }
        for (request, result) in self.due_answers(answers) {
            let Some(open) = self.open.get(&request) else { continue };
            let (key, line) = match open.is_sign_in() {
                true => self.handshake.authenticate(&result),
                false => (answer_key(&request), wire::answer(&open.rpc_id, &result)),
            };
            if self.hand(key, line, &mut lines) {
                // The agent may act on it, with our own tools, before the journal tells of it.
                self.own_answered(&request, Some(&result));
            }
        }
        if let Some((key, line)) = self.due_prompt(prompts) {
            self.hand(key, line, &mut lines);
        }
        lines
    }

    /// False when it was handed out before.
    fn hand(&mut self, key: String, line: String, lines: &mut Vec<String>) -> bool {
        let fresh = self.handed.insert(key);
        lines.extend(fresh.then_some(line));
        fresh
    }

    /// The open requests that have their answer, and that answer.
    fn due_answers(&self, answers: &[(NeedId, Answer)]) -> Vec<(String, Value)> {
        let cancelling =
            self.turn.as_ref().is_some_and(|t| t.cancelled) || self.handed.contains(CANCEL);
        let result = |request: &OpenRequest| match cancelling && !request.is_sign_in() {
            true => Some(request.cancelled()),
            false => request.result(answers),
        };
        self.open.iter().filter_map(|(id, open)| Some((id.clone(), result(open)?))).collect()
    }

    fn due_prompt(&self, prompts: &[Prompt]) -> Option<(String, String)> {
        // A sent prompt whose record the journal has dropped keeps the agent busy all the same.
        let busy = |p: &Prompt| p.state == PromptState::Sent && !self.ended.contains(&p.n);
        let handed = self.handed.iter().any(|key| key.starts_with(PROMPT_PREFIX));
        let free = self.handshake.is_ready() && self.turn.is_none() && !handed;
        if !free || prompts.iter().any(busy) {
            return None;
        }
        let waits = |p: &&Prompt| p.state == PromptState::Queued && !self.sent.contains(&p.n);
        let prompt = prompts.iter().find(waits)?;
        let session = self.handshake.session()?;
        let id = format!("{PROMPT_PREFIX}{}", prompt.n);
        let mut blocks = vec![json!({"type": "text", "text": prompt.text})];
        let (files, images) = (&self.spec.files, self.handshake.takes_images());
        blocks.extend(enclosures::blocks(&prompt.enclosures, files, images));
        blocks.extend(self.notes_beside(prompt));
        blocks.extend(prompt.beside.as_deref().map(|words| self.words_beside(words)));
        let mut params = json!({"sessionId": session, "prompt": blocks});
        if !prompt.origin.is_user() {
            // Ours, for the journal: agents pass over what they do not know.
            params["_meta"] = json!({ORIGIN_META: {"origin": prompt.origin}});
        }
        let line = wire::call(&id, "session/prompt", &params);
        Some((id, line))
    }

    /// Notes for an agent whose system prompt takes none: beside the first prompt, marked as what
    /// they are.
    fn notes_beside(&self, prompt: &Prompt) -> Option<Value> {
        let notes = self.spec.notes.as_ref()?;
        let wanted = prompt.n == 1 && !self.spec.agent.family.takes_system_prompt();
        let resource = json!({"uri": NOTES_URI, "mimeType": "text/plain", "text": notes});
        (wanted && self.handshake.takes_context())
            .then(|| json!({"type": "resource", "resource": resource}))
    }

    /// What the supervisor says beside a prompt: context where the agent takes some, else a text
    /// that says whose it is.
    fn words_beside(&self, words: &str) -> Value {
        if self.handshake.takes_context() {
            let resource = json!({"uri": NOTES_URI, "mimeType": "text/plain", "text": words});
            return json!({"type": "resource", "resource": resource});
        }
        json!({"type": "text", "text": format!("[from Nightshift, not from the user] {words}")})
    }

    /// The line that cancels the running turn; none when no turn runs or it was sent already.
    /// Open requests are then answered as cancelled by the next `due`.
    pub fn cancel(&mut self) -> Option<String> {
        let prompt_handed = self.handed.iter().any(|key| key.starts_with(PROMPT_PREFIX));
        let running = match &self.turn {
            Some(turn) => !turn.cancelled,
            None => prompt_handed,
        };
        let session = self.handshake.session()?;
        let line = wire::notify("session/cancel", &json!({"sessionId": session}));
        (running && self.handed.insert(CANCEL.to_owned())).then_some(line)
    }

    /// The connection to the host was lost: lines handed out and not journalled may be handed out
    /// again, once the journal has been read to its end.
    pub fn forget_unwritten(&mut self) {
        self.handed.clear();
    }

    /// `line` was handed out and neither journalled nor given to the agent: it may be handed out
    /// again. Others that are on their way stay handed out.
    pub fn not_written(&mut self, line: &str) {
        let key = match wire::parse(line.as_bytes()) {
            Some(wire::Message::Call { id: Value::String(id), .. }) => id,
            Some(wire::Message::Answer { id, .. }) => answer_key(&id_key(&id)),
            Some(wire::Message::Notify { .. }) => CANCEL.to_owned(),
            Some(wire::Message::Call { .. }) | None => return,
        };
        self.handed.remove(&key);
    }

    /// What an open request is about, where it tells that exactly.
    pub fn subject(&self, need: &NeedId) -> Option<&Subject> {
        let asks = |request: &&OpenRequest| request.needs().any(|open| open.id == *need);
        self.open.values().find(asks)?.subject.as_ref()
    }

    /// Whether the session may watch this, as far as its agent and the journal know: why it may.
    pub fn may_watch(&self, watched: &Watched) -> Option<&'static str> {
        let agent = &self.spec.agent;
        let mode = self.spec.permission_mode.as_ref().or(agent.default_mode.as_ref());
        if mode.is_some_and(|mode| agent.unasked_modes.contains(mode)) {
            return Some("the session's mode asks for no permission");
        }
        self.own.allows(watched).then_some("the user allowed it")
    }

    /// Shows what the supervisor said: at once when the replay is complete (`live`), else each remark
    /// where it belongs in time.
    pub fn set_remarks(&mut self, remarks: &[SystemMessage], live: bool) -> Vec<ItemChange> {
        let known = self.remarked;
        let fresh = remarks.iter().filter(|remark| remark.n > known);
        self.remarks.extend(fresh.cloned());
        self.remarked = remarks.last().map_or(known, |last| last.n.max(known));
        let mut changes = Vec::new();
        if live {
            self.show_remarks(|_| true, &mut changes);
        }
        changes
    }

    /// Shows those remarks that come next and are due.
    fn show_remarks(
        &mut self,
        due: impl Fn(&SystemMessage) -> bool,
        changes: &mut Vec<ItemChange>,
    ) {
        while self.remarks.front().is_some_and(&due) {
            let Some(remark) = self.remarks.pop_front() else { return };
            let ConversationItem { id, at, body } = remark_item(&remark);
            self.transcript.upsert(id, at, body, changes);
        }
    }

    /// Shows the prompts that wait behind the current turn.
    pub fn set_prompts(&mut self, prompts: &[Prompt]) -> Vec<ItemChange> {
        let sent = &self.sent;
        self.transcript.set_queued(prompts, |n| sent.contains(&n))
    }

    /// The conversation with waiting prompts last, and whether older items are no longer kept.
    pub fn items(&self) -> (Vec<ConversationItem>, bool) {
        let (mut items, trimmed) = self.transcript.items();
        let waiting =
            |item: &ConversationItem| matches!(item.body, ItemBody::User { queued: true, .. });
        let end = items.iter().position(waiting).unwrap_or(items.len());
        items.splice(end..end, self.remarks.iter().map(remark_item));
        (items, trimmed)
    }

    /// The conversation's tool calls, oldest first.
    pub fn tools(&self) -> impl Iterator<Item = &ConversationItem> {
        self.transcript.tools()
    }
}

/// The id of an agent's request as text.
fn id_key(id: &Value) -> String {
    id.to_string()
}
