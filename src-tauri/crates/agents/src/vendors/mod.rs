//! What each vendor's agent does in its own way, one file per vendor.
//!
//! Promises: the driver asks here and knows no vendor by name; what an agent says is read from
//! structured fields first and from its words only where it has none.
//! Must not know: journals, sessions, who asks.

mod claude;
mod codex;
mod gemini;
mod opencode;
mod qwen;
mod words;

pub(crate) use words::message_of;

use crate::acp::wire::RpcError;
use crate::registry::AgentSpec;
use nightshift_model::{Millis, Trouble, TroubleKind};
use serde_json::{Value, json};

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

    /// `_meta` of the request that opens a session. `notes`: what the agent must know of where it
    /// works, added to its system prompt where that can be done.
    pub(crate) fn session_meta(self, notes: Option<&str>) -> Option<Value> {
        let mut meta = match self {
            Family::Claude => Some(claude::session_meta()),
            Family::Plain | Family::Codex | Family::Gemini | Family::Opencode | Family::Qwen => {
                None
            }
        };
        if let Some(notes) = notes.filter(|_| self.takes_system_prompt()) {
            meta.get_or_insert_with(|| json!({}))["systemPrompt"] = json!({"append": notes});
        }
        meta
    }

    /// Whether words can be added to its system prompt.
    pub(crate) fn takes_system_prompt(self) -> bool {
        match self {
            Family::Claude | Family::Codex => true,
            Family::Plain | Family::Gemini | Family::Opencode | Family::Qwen => false,
        }
    }

    /// Why a session that was created at `created` must not be opened again at `at`.
    pub(crate) fn cannot_reopen_yet(self, created: Millis, at: Millis) -> Option<&'static str> {
        match self {
            Family::Gemini => gemini::cannot_reopen_yet(created, at),
            Family::Plain | Family::Claude | Family::Codex | Family::Opencode | Family::Qwen => {
                None
            }
        }
    }

    /// Takes an update of a turn for what it says beside the protocol.
    pub(crate) fn overhear(self, update: &Value, heard: &mut Overheard) {
        match self {
            Family::Claude => claude::overhear(update, heard),
            Family::Codex => codex::overhear(update, heard),
            Family::Plain | Family::Gemini | Family::Opencode | Family::Qwen => {}
        }
    }

    /// Whether a prompt that was answered as ended failed all the same.
    pub(crate) fn is_failure(self, result: &Value, heard: &Overheard) -> bool {
        self == Family::Codex && (heard.system_error || codex::is_failure(result))
    }

    /// What trouble an error at `at` is about, if it is one of those that are told apart.
    pub(crate) fn trouble(
        self,
        error: &RpcError,
        heard: &Overheard,
        at: Millis,
    ) -> Option<Trouble> {
        if error.code == crate::acp::wire::AUTH_REQUIRED {
            return Some(TroubleKind::SignIn.into());
        }
        match self {
            Family::Claude => claude::trouble(error, heard),
            Family::Codex => codex::trouble(error, at),
            Family::Gemini => gemini::trouble(error, at),
            Family::Plain | Family::Opencode | Family::Qwen => {
                words::kind_of(&error.message).map(Trouble::from)
            }
        }
    }
}

/// An entry as the vendors' files write it: the asking mode first.
fn vendor(
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
