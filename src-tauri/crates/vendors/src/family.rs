//! What each vendor's agent does in its own way, one file per vendor.
//!
//! Promises: the driver asks here and knows no vendor by name; what an agent says is read from
//! structured fields first and from its words only where it has none.
//! Must not know: journals, sessions, who asks.

use crate::own_call::OwnCall;
use crate::registry::AgentSpec;
use crate::request_text::Shown;
use crate::start::Start;
use crate::wire::{self, RpcError};
use crate::words;
use crate::{claude, claude_tui, codex, codex_tui, gemini, opencode, qwen};
use nightshift_model::{Millis, NeedOption, OptionKind, Trouble, TroubleKind};
use nightshift_protocol::tools::SERVER;
use serde_json::{Value, json};

/// Random digits in the name of our server: as many as the end of a session's id has.
const SERVER_DIGITS: usize = 12;

/// Whose ways an agent has. A program added by settings has nobody's, or says whose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    #[default]
    Plain,
    Claude,
    Codex,
    Gemini,
    Opencode,
    Qwen,
}

/// The vendors' agents that were driven with this build, in the order in which one of them
/// becomes the default.
pub fn all() -> Vec<AgentSpec> {
    vec![claude::spec(), codex::spec(), gemini::spec(), opencode::spec(), qwen::spec()]
}

/// Agents of the public registry of the Agent Client Protocol whose command is known and that were
/// not tried with this build: they can be chosen and are never taken unasked.
pub fn untried() -> Vec<AgentSpec> {
    let agent = |id: &str, title: &str, command: &[&str], how_to: &str| {
        let spec = vendor(Family::Plain, id, title, command, &[], "");
        AgentSpec { how_to: how_to.to_owned(), ..spec }
    };
    vec![
        agent("copilot", "GitHub Copilot", &["copilot", "--acp"], "npm install -g @github/copilot"),
        agent(
            "cursor",
            "Cursor",
            &["cursor-agent", "acp"],
            "curl https://cursor.com/install -fsS | bash",
        ),
        agent("goose", "goose", &["goose", "acp"], "brew install block-goose-cli"),
    ]
}

/// The vendors' agents in their own terminals; never taken unasked.
pub fn terminals() -> Vec<AgentSpec> {
    vec![claude_tui::spec(), codex_tui::spec()]
}

/// What tells of a terminal agent's turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tells {
    /// Hooks tell all of it.
    Hooks,
    /// A hook tells the end of a turn, its terminal the rest.
    Ends,
    /// Only its terminal, if anything.
    Nothing,
}

/// One thing that a hook or a notification of a terminal agent said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The agent's own session id.
    Session(String),
    /// A prompt was given: its text.
    Began(String),
    /// A tool is used, in one line.
    Tool(String),
    /// A permission: each option with what the hook prints to choose it.
    Asks { shown: Shown, options: Vec<(NeedOption, String)> },
    /// It wants something that is answered in its terminal.
    Wants(String),
    /// A turn has ended, with its last words where they are told.
    Ended(Option<String>),
    /// A turn has ended because the agent could not work.
    Failed { error: String, trouble: Option<Trouble> },
}

/// What a vendor's own updates said during a turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overheard {
    /// The turn failed, whatever its answer says.
    pub system_error: bool,
    /// When the usage limit ends.
    pub resets: Option<Millis>,
}

impl Family {
    pub fn named(name: &str) -> Option<Family> {
        match name {
            "plain" => Some(Family::Plain),
            "claude" => Some(Family::Claude),
            "codex" => Some(Family::Codex),
            "gemini" => Some(Family::Gemini),
            "opencode" => Some(Family::Opencode),
            "qwen" => Some(Family::Qwen),
            _ => None,
        }
    }

    /// What tells of its turns in its own terminal.
    pub fn tells(self) -> Tells {
        match self {
            Family::Claude => Tells::Hooks,
            Family::Codex => Tells::Ends,
            Family::Plain | Family::Gemini | Family::Opencode | Family::Qwen => Tells::Nothing,
        }
    }

    /// Whether its own terminal is started in its vendor's way.
    pub fn starts_terminals(self) -> bool {
        self.tells() != Tells::Nothing
    }

    /// Arguments that start it in its own terminal; none where settings have to say them.
    pub fn terminal_arguments(self, start: &Start<'_>) -> Option<Vec<String>> {
        match self {
            Family::Claude => Some(claude_tui::arguments(start)),
            Family::Codex => Some(codex_tui::arguments(start)),
            Family::Plain | Family::Gemini | Family::Opencode | Family::Qwen => None,
        }
    }

    /// What a hook's words say. Any program may use those of Claude Code.
    pub fn hook(self, told: &Value) -> Vec<Heard> {
        match self {
            Family::Codex => codex_tui::hook(told),
            Family::Claude | Family::Plain | Family::Gemini | Family::Opencode | Family::Qwen => {
                claude_tui::hook(told)
            }
        }
    }

    /// What a notification says; none when it only calls for attention.
    pub fn notified(self, text: &str) -> Option<Heard> {
        (self == Family::Codex).then(|| codex_tui::notified(text)).flatten()
    }

    /// `_meta` of the request that opens a session. `notes`: what the agent must know of where it
    /// works, added to its system prompt where that can be done. `untrusted`: nothing of the
    /// repository's settings shall count.
    pub fn session_meta(self, notes: Option<&str>, untrusted: bool) -> Option<Value> {
        let mut meta = match self {
            Family::Claude => Some(claude::session_meta()),
            Family::Plain | Family::Codex | Family::Gemini | Family::Opencode | Family::Qwen => {
                None
            }
        };
        if let Some(notes) = notes.filter(|_| self.takes_system_prompt()) {
            meta.get_or_insert_with(|| json!({}))["systemPrompt"] = json!({"append": notes});
        }
        if untrusted {
            self.guard_meta(&mut meta);
        }
        meta
    }

    /// What our server is called in a session with this id. Where a call is known by that name alone it is
    /// one that no file of a project can hold.
    pub fn server_name(self, session_id: &str) -> String {
        let digits: Vec<char> = session_id.chars().filter(char::is_ascii_alphanumeric).collect();
        let digits = digits.split_at(digits.len().saturating_sub(SERVER_DIGITS)).1;
        match self {
            Family::Gemini | Family::Qwen => {
                digits.iter().fold(SERVER.to_owned(), |name, digit| name + &digit.to_string())
            }
            Family::Plain | Family::Claude | Family::Codex | Family::Opencode => SERVER.to_owned(),
        }
    }

    /// A call of one of our tools, as this vendor names the server it belongs to; `server` is what ours is
    /// called in this session.
    pub fn own_call(self, call: &Value, server: &str) -> Option<OwnCall> {
        match self {
            Family::Claude => claude::own_call(call),
            Family::Codex => codex::own_call(call),
            Family::Gemini => gemini::own_call(call, server),
            Family::Qwen => qwen::own_call(call, server),
            // Raises no request for tools of servers, or nobody knows how it names them.
            Family::Plain | Family::Opencode => None,
        }
    }

    /// Whether this word about a call says which tool it is of; others only tell how it goes on.
    pub fn names_a_tool(self, call: &Value) -> bool {
        self.tool_name(call).is_some()
    }

    /// The vendor's own name of the tool that a call is of.
    pub fn tool_name(self, call: &Value) -> Option<&str> {
        match self {
            Family::Claude => call["_meta"]["claudeCode"]["toolName"].as_str(),
            Family::Qwen => call["_meta"]["toolName"].as_str(),
            Family::Codex | Family::Gemini | Family::Plain | Family::Opencode => None,
        }
    }

    /// Whether a request for permission about such a call really is about the server we handed over.
    pub fn asks_for_own(self, params: &Value) -> bool {
        match self {
            Family::Claude => claude::asks_for_own(params),
            Family::Codex => codex::asks_for_own(params),
            // The call's own identity says it.
            Family::Gemini | Family::Qwen => true,
            Family::Plain | Family::Opencode => false,
        }
    }

    /// Whether words can be added to its system prompt.
    pub fn takes_system_prompt(self) -> bool {
        match self {
            Family::Claude | Family::Codex => true,
            Family::Plain | Family::Gemini | Family::Opencode | Family::Qwen => false,
        }
    }

    /// Why a session that was created at `created` must not be opened again at `at`.
    pub fn cannot_reopen_yet(self, created: Millis, at: Millis) -> Option<&'static str> {
        match self {
            Family::Gemini => gemini::cannot_reopen_yet(created, at),
            Family::Plain | Family::Claude | Family::Codex | Family::Opencode | Family::Qwen => {
                None
            }
        }
    }

    /// Takes an update of a turn for what it says beside the protocol.
    pub fn overhear(self, update: &Value, heard: &mut Overheard) {
        match self {
            Family::Claude => claude::overhear(update, heard),
            Family::Codex => codex::overhear(update, heard),
            Family::Plain | Family::Gemini | Family::Opencode | Family::Qwen => {}
        }
    }

    /// Whether a prompt that was answered as ended failed all the same.
    pub fn is_failure(self, result: &Value, heard: &Overheard) -> bool {
        self == Family::Codex && (heard.system_error || codex::is_failure(result))
    }

    /// What trouble an error at `at` is about, if it is one of those that are told apart.
    pub fn trouble(self, error: &RpcError, heard: &Overheard, at: Millis) -> Option<Trouble> {
        if error.code == wire::AUTH_REQUIRED {
            return Some(TroubleKind::SignIn.into());
        }
        match self {
            Family::Claude => claude::trouble(error, heard, at),
            Family::Codex => codex::trouble(error, at),
            Family::Gemini => gemini::trouble(error, at),
            Family::Plain | Family::Opencode | Family::Qwen => {
                words::kind_of(&error.message).map(Trouble::from)
            }
        }
    }
}

/// An entry as the vendors' files write it: the asking mode first.
pub(crate) fn vendor(
    family: Family,
    id: &str,
    title: &str,
    command: &[&str],
    modes: &[&str],
    package: &str,
) -> AgentSpec {
    let texts = |items: &[&str]| items.iter().map(|&s| s.to_owned()).collect::<Vec<_>>();
    AgentSpec {
        family,
        id: id.to_owned(),
        title: title.to_owned(),
        command: command.first().map(|&s| s.to_owned()).unwrap_or_default(),
        args: texts(command.get(1..).unwrap_or_default()),
        modes: texts(modes),
        default_mode: modes.first().map(|&s| s.to_owned()),
        how_to: format!("npm install -g {package}"),
        ..AgentSpec::default()
    }
}

/// An option of a hook's request and the line that chooses it.
pub(crate) fn option(
    id: &str,
    label: &str,
    kind: OptionKind,
    line: String,
) -> (NeedOption, String) {
    (NeedOption { id: id.to_owned(), label: label.to_owned(), kind }, line)
}
