//! The rehearsal agent: an offline ACP agent on stdio whose prompt is a script, really performed.
//!
//! Promises: speaks the protocol as vendors' agents do (new, load, resume, modes, model, cancel,
//! several turns), needs no network and no account; ends with its input, and its commands with it.
//! Must not know: the supervisor, hosts, sessions other than its own.

mod memory;
mod peer;
mod script;
mod shell;
mod tools;
mod turn;

use memory::{History, Who};
use nightshift_vendors::wire::{self, Message};
use peer::Peer;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use tokio::sync::{Notify, mpsc};
use turn::{End, Turn};

/// Lines read ahead of what is being served.
const INPUT_QUEUE: usize = 64;
/// Digits of the session id in tool call ids.
const SHORT_ID_DIGITS: usize = 8;
/// Makes it ask for a sign-in before it opens a session.
const SIGN_IN_VARIABLE: &str = "NIGHTSHIFT_REHEARSAL_SIGN_IN";
/// The way to sign in that works.
const ACCOUNT: &str = "rehearsed";
const INVALID_PARAMS: i64 = -32602;
const NOT_FOUND: i64 = -32002;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Ask,
    Auto,
}

/// One open session.
struct Session {
    id: String,
    cwd: PathBuf,
    peer: Rc<Peer>,
    servers: tools::Servers,
    mode: Cell<Mode>,
    /// Whether words come with pauses (model `steady`) or at once (`brisk`).
    steady: Cell<bool>,
    busy: Cell<bool>,
    /// Wakes the running turn to end it; a new one for each turn, so that no cancel is left over.
    cancel: RefCell<Rc<Notify>>,
    history: RefCell<History>,
    /// The tool call that has not ended.
    open_tool: RefCell<Option<String>>,
}

impl Session {
    fn is_steady(&self) -> bool {
        self.steady.get()
    }

    fn short_id(&self) -> &str {
        self.id.get(..SHORT_ID_DIGITS).unwrap_or(&self.id)
    }

    fn remember(&self, who: Who, text: &str) {
        self.history.borrow_mut().add(who, text);
    }

    /// Keeps the history for a later process. Without it the session goes on and cannot be loaded.
    fn save(&self) {
        if let Err(error) = memory::save(&self.id, &self.history.borrow()) {
            eprintln!("rehearsal: session {} is not kept: {error}", self.id);
        }
    }

    fn state(&self) -> Value {
        let mode = match self.mode.get() {
            Mode::Ask => "ask",
            Mode::Auto => "auto",
        };
        json!({
            "modes": {"currentModeId": mode, "availableModes": [
                {"id": "ask", "name": "Ask", "description": "Asks before it runs a command"},
                {"id": "auto", "name": "Auto", "description": "Runs commands without asking"},
            ]},
            "configOptions": self.options(),
        })
    }

    fn options(&self) -> Value {
        let pace = if self.is_steady() { "steady" } else { "brisk" };
        json!([{
            "id": "model", "name": "Model", "category": "model", "type": "select",
            "currentValue": pace,
            "options": [
                {"value": "steady", "name": "Steady", "description": "Streams word by word"},
                {"value": "brisk", "name": "Brisk", "description": "Streams without pauses"},
            ],
        }])
    }
}

struct Refused {
    code: i64,
    message: String,
}

fn refused(code: i64, message: impl Into<String>) -> Refused {
    Refused { code, message: message.into() }
}

struct Agent {
    peer: Rc<Peer>,
    /// Sessions are opened only for who has signed in.
    signed_in: Cell<bool>,
    sessions: RefCell<BTreeMap<String, Rc<Session>>>,
}

/// Serves ACP on stdin and stdout until end of input.
pub fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("rehearsal: {error}");
            return ExitCode::FAILURE;
        }
    };
    let served = tokio::task::LocalSet::new();
    // Dropping the set ends every turn, and with it every command.
    runtime.block_on(served.run_until(serve()));
    drop(served);
    // The reading thread sits in a read that nothing can end.
    runtime.shutdown_background();
    ExitCode::SUCCESS
}

async fn serve() {
    let (sender, mut lines) = mpsc::channel::<Vec<u8>>(INPUT_QUEUE);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().split(b'\n').map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    let agent = Rc::new(Agent {
        peer: Rc::new(Peer::default()),
        signed_in: Cell::new(std::env::var_os(SIGN_IN_VARIABLE).is_none()),
        sessions: RefCell::default(),
    });
    while let Some(line) = lines.recv().await {
        if agent.peer.is_gone() {
            return;
        }
        agent.take(&line);
    }
}

impl Agent {
    fn take(self: &Rc<Self>, line: &[u8]) {
        match wire::parse(line) {
            Some(Message::Call { id, method, params }) => self.serve_call(id, &method, &params),
            Some(Message::Notify { method, params }) if method == "session/cancel" => {
                if let Ok(session) = self.session(&params) {
                    // Kept until the turn looks, should it not have begun to wait yet.
                    session.cancel.borrow().notify_one();
                }
            }
            Some(Message::Answer { id, outcome }) => self.peer.answered(&id, outcome),
            // Other notifications ask for nothing; what is no message cannot be answered.
            Some(Message::Notify { .. }) | None => {}
        }
    }

    fn serve_call(self: &Rc<Self>, id: Value, method: &str, params: &Value) {
        let result = match method {
            "initialize" => Ok(initialize(self.signed_in.get())),
            "authenticate" => self.authenticate(params),
            "session/new" | "session/load" | "session/resume" if !self.signed_in.get() => {
                Err(refused(wire::AUTH_REQUIRED, "sign in first"))
            }
            "session/new" => self.open_new(params),
            "session/load" => self.reopen(params, true),
            "session/resume" => self.reopen(params, false),
            "session/set_mode" => self.set_mode(params),
            "session/set_config_option" => self.set_option(params),
            "session/prompt" => match self.prompt(id.clone(), params) {
                Ok(()) => return,
                Err(refused) => Err(refused),
            },
            _ => Err(refused(wire::METHOD_NOT_FOUND, format!("method `{method}` is not offered"))),
        };
        self.peer.write(&match result {
            Ok(result) => wire::answer(&id, &result),
            Err(no) => wire::refuse(&id, no.code, &no.message),
        });
    }

    fn session(&self, params: &Value) -> Result<Rc<Session>, Refused> {
        let id = params["sessionId"].as_str().unwrap_or_default();
        let found = self.sessions.borrow().get(id).cloned();
        found.ok_or_else(|| refused(NOT_FOUND, format!("no session `{id}` is open")))
    }

    fn authenticate(&self, params: &Value) -> Result<Value, Refused> {
        if params["methodId"] != ACCOUNT {
            let message = "the account does not exist; there is only the rehearsed one";
            return Err(refused(INVALID_PARAMS, message));
        }
        self.signed_in.set(true);
        Ok(json!({}))
    }

    fn open_new(&self, params: &Value) -> Result<Value, Refused> {
        let id = uuid::Uuid::new_v4().to_string();
        let session = self.open(id.clone(), params, History::default())?;
        let mut result = session.state();
        result["sessionId"] = json!(id);
        Ok(result)
    }

    fn reopen(&self, params: &Value, replay: bool) -> Result<Value, Refused> {
        let id = params["sessionId"].as_str().unwrap_or_default();
        let history = memory::load(id)
            .map_err(|e| refused(NOT_FOUND, format!("session `{id}` cannot be read: {e}")))?;
        let session = self.open(id.to_owned(), params, history)?;
        if replay {
            for said in &session.history.borrow().said {
                let kind = match said.who {
                    Who::User => "user_message_chunk",
                    Who::Agent => "agent_message_chunk",
                };
                let content = json!({"type": "text", "text": said.text});
                self.peer.update(id, &json!({"sessionUpdate": kind, "content": content}));
            }
        }
        Ok(session.state())
    }

    fn open(&self, id: String, params: &Value, history: History) -> Result<Rc<Session>, Refused> {
        let cwd = PathBuf::from(params["cwd"].as_str().unwrap_or_default());
        if !cwd.is_dir() {
            let message = format!("the directory `{}` does not exist", cwd.display());
            return Err(refused(INVALID_PARAMS, message));
        }
        let session = Rc::new(Session {
            id: id.clone(),
            cwd,
            peer: Rc::clone(&self.peer),
            servers: tools::Servers::new(
                params["mcpServers"].as_array().cloned().unwrap_or_default(),
            ),
            mode: Cell::new(Mode::Ask),
            steady: Cell::new(true),
            busy: Cell::new(false),
            cancel: RefCell::default(),
            history: RefCell::new(history),
            open_tool: RefCell::new(None),
        });
        session.save();
        self.sessions.borrow_mut().insert(id, Rc::clone(&session));
        Ok(session)
    }

    fn set_mode(&self, params: &Value) -> Result<Value, Refused> {
        let session = self.session(params)?;
        let mode = match params["modeId"].as_str() {
            Some("ask") => Mode::Ask,
            Some("auto") => Mode::Auto,
            other => {
                let message = format!("no mode `{}`; there are ask, auto", other.unwrap_or(""));
                return Err(refused(INVALID_PARAMS, message));
            }
        };
        session.mode.set(mode);
        Ok(json!({}))
    }

    fn set_option(&self, params: &Value) -> Result<Value, Refused> {
        let session = self.session(params)?;
        match (params["configId"].as_str(), params["value"].as_str()) {
            (Some("model"), Some(pace @ ("steady" | "brisk"))) => {
                session.steady.set(pace == "steady");
            }
            _ => return Err(refused(INVALID_PARAMS, "no such option or value")),
        }
        Ok(json!({"configOptions": session.options()}))
    }

    fn prompt(&self, id: Value, params: &Value) -> Result<(), Refused> {
        let session = self.session(params)?;
        if session.busy.replace(true) {
            return Err(refused(wire::INTERNAL_ERROR, "a turn is running already"));
        }
        session.cancel.replace(Rc::new(Notify::new()));
        let blocks = params["prompt"].as_array().cloned().unwrap_or_default();
        let given = blocks.iter().filter_map(given);
        let words = blocks.iter().filter_map(|b| b["text"].as_str().map(str::to_owned));
        let text = given.chain(words).collect::<Vec<_>>().join("\n");
        tokio::task::spawn_local(async move {
            let end = take_turn(&session, &text).await;
            session.save();
            session.busy.set(false);
            session.peer.write(&match end {
                End::Finished => wire::answer(&id, &json!({"stopReason": "end_turn"})),
                End::Cancelled => wire::answer(&id, &json!({"stopReason": "cancelled"})),
                End::Failed(reason) => wire::refuse(&id, wire::INTERNAL_ERROR, &reason),
            });
        });
        Ok(())
    }
}

/// A step that says what came with a prompt beside words.
fn given(block: &Value) -> Option<String> {
    let kind = block["mimeType"].as_str().unwrap_or("of an unknown type");
    match block["type"].as_str()? {
        "image" => {
            // Four letters of base64 hold three bytes.
            let data = block["data"].as_str()?.trim_end_matches('=');
            Some(format!("say Given: an image ({kind}, {} bytes)", data.len() * 3 / 4))
        }
        "resource_link" => Some(format!("say Given: {} ({kind})", block["name"].as_str()?)),
        _ => None,
    }
}

/// Performs the script until its end or a cancel.
async fn take_turn(session: &Rc<Session>, text: &str) -> End {
    session.remember(Who::User, text);
    let number = {
        let mut history = session.history.borrow_mut();
        history.turns += 1;
        history.turns
    };
    // On disk before anything is done: a process that dies now leaves no reused tool call ids.
    session.save();
    let script = Turn::new(session, number).perform(script::parse(text));
    let cancel = Rc::clone(&session.cancel.borrow());
    let end = tokio::select! {
        end = script => end,
        () = cancel.notified() => End::Cancelled,
    };
    if let Some(id) = session.open_tool.take() {
        let update = json!({
            "sessionUpdate": "tool_call_update", "toolCallId": id, "status": "failed",
        });
        session.peer.update(&session.id, &update);
    }
    end
}

fn initialize(signed_in: bool) -> Value {
    let accounts = json!([
        {"id": ACCOUNT, "name": "Rehearsed account", "description": "Always lets you in"},
        {"id": "lost", "name": "Lost account", "description": "Never lets you in"},
    ]);
    json!({
        "protocolVersion": wire::PROTOCOL_VERSION,
        "agentCapabilities": {
            "loadSession": true,
            "sessionCapabilities": {"resume": {}},
            "promptCapabilities": {"embeddedContext": true, "image": true},
        },
        "authMethods": if signed_in { json!([]) } else { accounts },
        "agentInfo": {
            "name": "nightshift-rehearsal",
            "title": "Rehearsal",
            "version": env!("CARGO_PKG_VERSION"),
        },
    })
}
