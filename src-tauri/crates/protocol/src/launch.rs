//! The session directory's documents: `launch.json`, `ready.json`, `exit.json`.
//!
//! The directory is the contract between supervisor and host: each document is written under a
//! temporary name, fsynced and renamed. Environment *values* are never written; the host gets them
//! as its own environment.

use nightshift_model::{AgentWork, Lodging, Millis, Session, SessionId, Surface, Work};
use serde::{Deserialize, Serialize};

/// Version of the three documents.
pub const DOCUMENT_VERSION: u32 = 1;

/// Whether this build reads documents of `version`; the rule is that of the greeting (`hello`).
pub fn understands(version: u32) -> bool {
    version.abs_diff(DOCUMENT_VERSION) <= crate::hello::PROTOCOL_REACH
}

pub const LAUNCH_FILE: &str = "launch.json";
pub const READY_FILE: &str = "ready.json";
pub const EXIT_FILE: &str = "exit.json";

/// Every process of a session carries the session's id in this variable.
pub const SESSION_VARIABLE: &str = "NIGHTSHIFT_SESSION_ID";
/// Hosts and supervisors carry this variable, by which hosts are looked for. It proves nothing: any
/// process can carry it.
pub const ROLE_VARIABLE: &str = "NIGHTSHIFT_ROLE";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaunchKind {
    Pty,
    Pipe,
}

/// Written by the supervisor before it starts the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Launch {
    pub version: u32,
    pub session: String,
    pub kind: LaunchKind,
    /// Program and arguments; at least one.
    pub argv: Vec<String>,
    pub cwd: String,
    /// Where the host listens.
    pub socket: String,
    /// Names (not values) of the variables the host passes to its child.
    pub env_names: Vec<String>,
    pub cols: u16,
    pub rows: u16,
    /// Journal bound in bytes; the oldest segment goes first.
    pub journal_max_bytes: u64,
    /// Records up to this number were taken into account once, even if the journal lost them since:
    /// their numbers are never given again.
    #[serde(default)]
    pub journal_after: u64,
    /// A terminal agent: what its program tells beside text is journalled, its hooks are heard.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub listens: bool,
    /// The prompt among `argv`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<u32>,
    /// Who the session is: hosts pass over it, a supervisor that lost its record recovers from it.
    #[serde(default)]
    pub about: Option<About>,
}

/// What of a session's record its journal cannot tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    pub session_id: String,
    pub name: String,
    pub named_by_user: bool,
    /// Registry id; none for a shell job.
    pub agent: Option<String>,
    pub model: Option<String>,
    pub permission_mode: Option<String>,
    /// The first prompt or command, shortened.
    pub first_prompt: String,
    pub created_at: Millis,
    /// The directory it was started in, if its process works elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lodging: Option<Lodging>,
}

impl About {
    pub fn of(session: &Session) -> About {
        let agent = session.agent();
        About {
            session_id: session.session_id.clone(),
            name: session.name.clone(),
            named_by_user: session.named_by_user,
            agent: agent.map(|a| a.agent.clone()),
            model: agent.and_then(|a| a.model.clone()),
            permission_mode: agent.and_then(|a| a.permission_mode.clone()),
            first_prompt: session.first_prompt.clone(),
            created_at: session.created_at,
            cwd: Some(session.cwd.clone()),
            lodging: session.lodging.clone(),
        }
    }
}

impl Launch {
    /// The session whose host was started with this document, before anything was heard of it; its
    /// journal tells the rest.
    pub fn session(&self, about: About) -> Option<Session> {
        let id = SessionId::parse(&self.session)?;
        let work = match (self.kind, about.agent) {
            (LaunchKind::Pty, None) => Work::Shell { command: self.argv.last()?.clone() },
            (kind, Some(agent)) => Work::Agent(AgentWork {
                agent,
                model: about.model,
                permission_mode: about.permission_mode,
                surface: match kind {
                    LaunchKind::Pty => Surface::Terminal,
                    LaunchKind::Pipe => Surface::Conversation,
                },
                agent_session_id: None,
                prompts: Vec::new(),
                next_prompt: 1,
                answers: Vec::new(),
                continues: None,
                usage: None,
                interrupts: None,
                choices: Box::default(),
                standing: Box::default(),
            }),
            (LaunchKind::Pipe, None) => return None,
        };
        let cwd = about.cwd.unwrap_or_else(|| self.cwd.clone());
        let (asked, at) = (about.first_prompt, about.created_at);
        let session = Session::starting(id, about.session_id, about.name, work, cwd, asked, at);
        let (named_by_user, lodging) = (about.named_by_user, about.lodging);
        Some(Session { named_by_user, lodging, ..session })
    }
}

/// Written by the host once its child runs and its socket listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ready {
    pub version: u32,
    pub pid: u32,
    /// Kernel start time of `pid` (clock ticks since boot): tells a reused pid apart.
    pub start_ticks: u64,
    pub child_pid: u32,
    pub child_start_ticks: u64,
    /// Identifies the boot: after a reboot every pid is void.
    pub boot_id: String,
    pub socket: String,
    pub protocol: u32,
    /// Version of the host's build; empty in those that did not say it yet.
    #[serde(default)]
    pub build: String,
    /// Path of the host's binary.
    pub binary: String,
    pub at: Millis,
}

/// Written by the host when its child has ended and its last output is in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exited {
    pub version: u32,
    pub code: Option<i32>,
    pub signal: Option<i32>,
    /// The child could not be started at all: why.
    #[serde(default)]
    pub spawn_error: Option<String>,
    pub user_time_ms: u64,
    pub system_time_ms: u64,
    pub max_rss_kib: u64,
    pub at: Millis,
    /// Sequence number of the journal's last record.
    pub last_seq: u64,
}
