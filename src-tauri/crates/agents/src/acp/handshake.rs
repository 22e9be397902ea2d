//! From a started process to a session that takes prompts: initialize, open, settings.
//!
//! Promises: one request at a time, its id unique over restarts of the supervisor and of the agent
//! (it carries the sequence number of the launch's mark); never a fresh session in place of one
//! that holds a conversation.
//! Must not know: prompts, needs, the conversation.

use crate::acp::DriverSpec;
use crate::acp::configured::Configured;
use crate::acp::settings::{self, Setting};
use nightshift_model::{Millis, Trouble};
use nightshift_vendors::servers::{McpServer, Transport};
use nightshift_vendors::wire::{self, Offers, RpcError, SignIn};
use nightshift_vendors::{Overheard, message_of};
use serde_json::{Value, json};
use std::collections::VecDeque;

/// Name of the request for a sign-in.
const AUTHENTICATE: &str = "authenticate";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opening {
    New,
    Load,
    Resume,
}

#[derive(Clone, Debug, PartialEq)]
enum Phase {
    /// No process was started yet.
    Down,
    Initialize,
    /// How is decided when the request is handed out, or read from the journal.
    Open(Option<Opening>),
    /// The agent wants a sign-in that it performs itself; the user has to say which.
    SignIn,
    /// It was asked to sign in.
    Authenticate,
    Configure(VecDeque<Setting>),
    Ready,
    Refused,
}

/// What an answer of the agent led to.
#[derive(Debug)]
pub enum Outcome {
    Nothing,
    /// The session is open; settings may follow.
    Opened {
        configured: Configured,
    },
    Refused {
        error: String,
        trouble: Option<Trouble>,
    },
    /// The user has to choose a way to sign in; `failed` says why the one before did not do.
    MustSignIn {
        failed: Option<String>,
    },
}

pub struct Handshake {
    launch: u64,
    /// Sign-ins that this process was asked for: requests that follow one carry its number.
    sign_ins: u32,
    phase: Phase,
    offers: Offers,
    /// The agent's session id, from the journal.
    session: Option<String>,
    /// The session was created in this journal and no prompt was sent yet: nothing can be lost.
    empty: bool,
    /// When the session was created, if that was in this journal.
    created: Option<Millis>,
    opening: Option<Opening>,
    /// Id of the newest request that the journal holds.
    written: String,
}

impl Handshake {
    pub fn new() -> Handshake {
        Handshake {
            launch: 0,
            sign_ins: 0,
            phase: Phase::Down,
            offers: Offers::default(),
            session: None,
            empty: false,
            created: None,
            opening: None,
            written: String::new(),
        }
    }

    /// The journal's beginning is gone: the process is long past its handshake.
    pub fn adopt(&mut self, session: Option<String>) {
        self.session = session;
        self.phase = Phase::Ready;
    }

    pub fn launched(&mut self, seq: u64) {
        self.launch = seq;
        self.sign_ins = 0;
        self.phase = Phase::Initialize;
        self.opening = None;
    }

    /// Whether prompts may carry more than the user's own words.
    pub fn takes_context(&self) -> bool {
        self.offers.embedded_context
    }

    /// Whether prompts may carry images.
    pub fn takes_images(&self) -> bool {
        self.offers.images
    }

    pub fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// The id of a request named `name` to the process that runs.
    pub fn request_id(&self, name: &str) -> String {
        format!("ns-{name}-{}", self.launch)
    }

    /// The journal holds what is only asked of an open session. What it was opened with may since have
    /// been chosen anew, so that a replay would wait for settings that nobody asked for.
    pub fn is_past(&mut self) {
        if matches!(self.phase, Phase::Configure(_) | Phase::Refused) {
            self.phase = Phase::Ready;
        }
    }

    /// What is set by request `name` while the session is being opened.
    pub fn setting(&self, name: &str) -> Option<&Setting> {
        let Phase::Configure(settings) = &self.phase else { return None };
        settings.iter().find(|setting| setting.name == name)
    }

    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }

    /// Whether updates are a replay of what the journal already holds.
    pub fn replays(&self) -> bool {
        self.phase.is_before_session() || self.opening == Some(Opening::Load)
    }

    /// A prompt went out: the session holds a conversation, and what comes now is new.
    pub fn prompted(&mut self, session: Option<&str>) {
        self.empty = false;
        self.is_past();
        if self.opening == Some(Opening::Load) {
            self.opening = Some(Opening::Resume);
        }
        if self.session.is_none() {
            self.session = session.map(str::to_owned);
        }
    }

    /// The request that comes next: its id and line.
    pub fn next(&self, spec: &DriverSpec) -> Option<(String, String)> {
        let (name, method, params) = match &self.phase {
            Phase::Initialize => ("init".to_owned(), "initialize", wire::initialize_params()),
            Phase::Open(opening) => {
                let opening = opening.unwrap_or(self.choose(spec));
                let (name, method, params) = self.open_request(opening, spec);
                (self.numbered(name), method, params)
            }
            Phase::Configure(settings) => {
                let setting = settings.front()?;
                (setting.name.clone(), setting.method, setting.params.clone())
            }
            Phase::Down | Phase::SignIn | Phase::Authenticate | Phase::Ready | Phase::Refused => {
                return None;
            }
        };
        let id = self.request_id(&name);
        if id == self.written {
            return None;
        }
        let line = wire::call(&id, method, &params);
        Some((id, line))
    }

    fn choose(&self, spec: &DriverSpec) -> Opening {
        match self.to_reopen(spec) {
            None => Opening::New,
            Some(_) if self.offers.resume => Opening::Resume,
            Some(_) => Opening::Load,
        }
    }

    /// The session that must be opened again, if there is one.
    fn to_reopen<'a>(&'a self, spec: &'a DriverSpec) -> Option<&'a str> {
        match &self.session {
            Some(_) if self.empty => None,
            Some(session) => Some(session),
            None => spec.resume.as_deref(),
        }
    }

    fn open_request(
        &self,
        opening: Opening,
        spec: &DriverSpec,
    ) -> (&'static str, &'static str, Value) {
        let reaches = |server: &&McpServer| match server {
            McpServer::Stdio { .. } => true,
            McpServer::Remote { transport: Transport::Http, .. } => self.offers.mcp_http,
            McpServer::Remote { transport: Transport::Sse, .. } => self.offers.mcp_sse,
        };
        let servers = Vec::from_iter(spec.mcp_servers.iter().filter(reaches));
        let mut params = json!({"cwd": spec.cwd, "mcpServers": servers});
        if let Some(meta) = spec.agent.family.session_meta(spec.notes.as_deref(), spec.untrusted) {
            params["_meta"] = meta;
        }
        let (name, method) = match opening {
            Opening::New => return ("new", "session/new", params),
            Opening::Load => ("load", "session/load"),
            Opening::Resume => ("resume", "session/resume"),
        };
        params["sessionId"] = json!(self.to_reopen(spec));
        (name, method, params)
    }

    /// Our request `id`, named `name`, is in the journal.
    pub fn written(&mut self, id: &str, name: &str, params: &Value) {
        id.clone_into(&mut self.written);
        let opening = match unnumbered(name) {
            "new" => Opening::New,
            "load" => Opening::Load,
            "resume" => Opening::Resume,
            AUTHENTICATE if self.phase == Phase::SignIn => {
                self.phase = Phase::Authenticate;
                return;
            }
            _ => return,
        };
        if matches!(self.phase, Phase::Open(_)) {
            self.phase = Phase::Open(Some(opening));
            self.opening = Some(opening);
            if let (Opening::Load | Opening::Resume, Some(id)) =
                (opening, params["sessionId"].as_str())
            {
                self.session = Some(id.to_owned());
            }
        }
    }

    /// The agent answered request `name` of launch `launch`.
    pub fn answered(
        &mut self,
        name: &str,
        launch: &str,
        outcome: &Result<Value, RpcError>,
        spec: &DriverSpec,
        at: Millis,
    ) -> Outcome {
        if launch != self.launch.to_string() {
            return Outcome::Nothing;
        }
        let result = match outcome {
            Ok(result) => result,
            Err(error) if self.phase == Phase::Authenticate => {
                self.sign_ins += 1;
                self.phase = Phase::SignIn;
                return Outcome::MustSignIn { failed: Some(message_of(&error.message)) };
            }
            Err(error) if self.can_sign_in(error, spec) => {
                self.sign_ins += 1;
                self.phase = Phase::SignIn;
                return Outcome::MustSignIn { failed: None };
            }
            Err(error) => {
                let trouble = spec.agent.family.trouble(error, &Overheard::default(), at);
                return self.refused(refusal(name, error, &self.offers, spec), trouble);
            }
        };
        match (&mut self.phase, unnumbered(name)) {
            (Phase::Initialize, "init") => self.initialized(result, spec, at),
            (Phase::Authenticate, AUTHENTICATE) => {
                self.phase = Phase::Open(None);
                Outcome::Nothing
            }
            (Phase::Open(opening), "new" | "load" | "resume") => {
                let opening = *opening;
                self.opened(opening, result, spec, at)
            }
            (Phase::Configure(settings), _) => {
                // Those before it were not asked for then: they were chosen later.
                if let Some(place) = settings.iter().position(|s| s.name == name) {
                    settings.drain(..=place);
                }
                if settings.is_empty() {
                    self.phase = Phase::Ready;
                }
                Outcome::Nothing
            }
            _ => Outcome::Nothing,
        }
    }

    /// Whether the agent can sign in itself, and nothing that can be typed would do it better.
    fn can_sign_in(&self, error: &RpcError, spec: &DriverSpec) -> bool {
        let itself = |way: &SignIn| matches!(way, SignIn::Itself { .. });
        error.code == wire::AUTH_REQUIRED
            && matches!(self.phase, Phase::Open(_))
            && spec.agent.sign_in.is_empty()
            && !self.offers.sign_in.is_empty()
            && self.offers.sign_in.iter().all(itself)
    }

    /// The ways to sign in that the agent performs itself: id, name, and what it says of them.
    pub fn sign_in_ways(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.offers.sign_in.iter().filter_map(|way| match way {
            SignIn::Itself { id, name, about } => {
                Some((id.as_str(), name.as_str(), about.as_str()))
            }
            SignIn::Command(_) | SignIn::Own(_) => None,
        })
    }

    /// Asks the agent to sign in as `chosen` says: the request's id and line.
    pub fn authenticate(&self, chosen: &Value) -> (String, String) {
        let id = self.request_id(&self.numbered(AUTHENTICATE));
        let line = wire::call(&id, "authenticate", chosen);
        (id, line)
    }

    /// The first of each kind has no number.
    fn numbered(&self, name: &str) -> String {
        match self.sign_ins {
            0 => name.to_owned(),
            n => format!("{name}{n}"),
        }
    }

    fn initialized(&mut self, result: &Value, spec: &DriverSpec, at: Millis) -> Outcome {
        self.offers = wire::offers(result);
        let title = &spec.agent.title;
        if self.offers.version != wire::PROTOCOL_VERSION {
            let theirs = self.offers.version;
            let ours = wire::PROTOCOL_VERSION;
            let error = format!(
                "{title} speaks version {theirs} of the agent protocol, this build version {ours}; \
                 install another version of it"
            );
            return self.refused(error, None);
        }
        let must_reopen = self.session.is_some() && !self.empty;
        if must_reopen && !self.offers.resume && !self.offers.load {
            let error =
                format!("this session cannot be resumed: {title} offers neither resume nor load");
            return self.refused(error, None);
        }
        if let (true, Some(created)) = (must_reopen, self.created)
            && let Some(why) = spec.agent.family.cannot_reopen_yet(created, at)
        {
            return self.refused(format!("this session cannot be resumed yet: {why}"), None);
        }
        self.phase = Phase::Open(None);
        Outcome::Nothing
    }

    fn opened(
        &mut self,
        opening: Option<Opening>,
        result: &Value,
        spec: &DriverSpec,
        at: Millis,
    ) -> Outcome {
        if opening == Some(Opening::New) {
            let Some(id) = result["sessionId"].as_str() else {
                let title = &spec.agent.title;
                let error = format!("{title} opened a session without naming it");
                return self.refused(error, None);
            };
            self.session = Some(id.to_owned());
            self.empty = true;
            self.created = Some(at);
        }
        let session = self.session.clone().unwrap_or_default();
        let configured = Configured::of(result);
        match settings::plan(spec, &session, &configured) {
            Ok(settings) if settings.is_empty() => self.phase = Phase::Ready,
            Ok(settings) => self.phase = Phase::Configure(settings),
            Err(error) => return self.refused(error, None),
        }
        Outcome::Opened { configured }
    }

    fn refused(&mut self, error: String, trouble: Option<Trouble>) -> Outcome {
        self.phase = Phase::Refused;
        Outcome::Refused { error, trouble }
    }
}

impl Phase {
    fn is_before_session(&self) -> bool {
        matches!(self, Phase::Initialize | Phase::Open(_) | Phase::SignIn | Phase::Authenticate)
    }
}

/// The name of a request that may have been made again after a sign-in.
fn unnumbered(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// Whether request `name` asks for a sign-in.
pub fn is_sign_in(name: &str) -> bool {
    unnumbered(name) == AUTHENTICATE
}

/// What a person is told when the agent answers request `name` with an error.
fn refusal(name: &str, error: &RpcError, offers: &Offers, spec: &DriverSpec) -> String {
    if error.code == wire::AUTH_REQUIRED {
        return sign_in(offers, spec, error);
    }
    let title = &spec.agent.title;
    let message = message_of(&error.message);
    match unnumbered(name) {
        "load" | "resume" => format!("this session cannot be resumed: {title} says: {message}"),
        "mode" => format!("{title} refused its permission mode: {message}"),
        "model" => format!("{title} refused the model: {message}"),
        _ => format!("{title} could not start a session: {message}"),
    }
}

/// What a person is told when the agent wants a sign-in.
pub fn sign_in(offers: &Offers, spec: &DriverSpec, error: &RpcError) -> String {
    let title = &spec.agent.title;
    let mut ways: Vec<String> = offers.sign_in.iter().filter_map(|w| command(w, spec)).collect();
    // What can be typed comes first; the agent's names for its ways are the last resort.
    match (ways.is_empty(), spec.agent.sign_in.as_str()) {
        (false, _) => {}
        (true, "") => ways = offers.sign_in.iter().filter_map(named).collect(),
        (true, own) => ways.push(own.to_owned()),
    }
    match ways.as_slice() {
        [] => format!("{title} is not signed in: {}", error.message),
        ways => format!("{title} is not signed in; sign in with {}", ways.join(" or ")),
    }
}

fn command(way: &SignIn, spec: &DriverSpec) -> Option<String> {
    match way {
        SignIn::Command(line) => Some(format!("`{line}`")),
        SignIn::Own(args) => Some(format!("`{} {}`", spec.agent.command, args.join(" "))),
        SignIn::Itself { .. } => None,
    }
}

fn named(way: &SignIn) -> Option<String> {
    match way {
        SignIn::Itself { name, .. } => Some(name.clone()),
        SignIn::Command(_) | SignIn::Own(_) => None,
    }
}

impl Handshake {
    /// What a person is told when a prompt is refused for want of a sign-in.
    pub fn sign_in_text(&self, spec: &DriverSpec, error: &RpcError) -> String {
        sign_in(&self.offers, spec, error)
    }
}
