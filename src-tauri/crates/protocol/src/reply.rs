//! What the supervisor answers, and the envelopes both ways.

use crate::board::BoardEvent;
use crate::command::Command;
use crate::configuration::Configuration;
use crate::conversation::ConversationEvent;
use crate::fault::Fault;
use crate::intake::IntakeResult;
use crate::notification::{NotificationOrder, Receipt};
use crate::permission::PermissionRule;
use crate::review::ReviewResult;
use crate::routine::RoutineResult;
use crate::standing::StandingResult;
use crate::task::Task;
use crate::trust::TrustedRepository;
use crate::view::{AgentView, SessionView};
use crate::worktree::{
    WorktreeFate, WorktreeList, WorktreeMeasure, WorktreeState, WorktreesCleaned,
};
use nightshift_model::{Enclosure, Evidence, Millis};
use serde::{Deserialize, Serialize};

/// Client to supervisor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Chosen by the client, unique on its connection.
    pub id: u64,
    pub command: Command,
}

/// As the `id` of a `Fault`: it is about the connection itself, which ends with it. Clients count
/// their requests from 1.
pub const CONNECTION_FAULT: u64 = 0;

/// Supervisor to client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    Reply {
        id: u64,
        reply: Reply,
    },
    Fault {
        id: u64,
        fault: Fault,
    },
    /// An event of the follow that request `id` began.
    Board {
        id: u64,
        event: BoardEvent,
    },
    Conversation {
        id: u64,
        event: ConversationEvent,
    },
}

/// Means *done*, not queued.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    Session {
        view: Box<SessionView>,
    },
    Sessions {
        views: Vec<SessionView>,
    },
    Removed {
        id: String,
        /// What became of its worktree, if it had one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        worktree: Option<WorktreeFate>,
    },
    Configuration {
        configuration: Configuration,
    },
    WorktreeState(WorktreeState),
    Worktrees(WorktreeList),
    WorktreeMeasure(WorktreeMeasure),
    WorktreesCleaned(WorktreesCleaned),
    WorktreeRestored {
        id: String,
        path: String,
        branch: String,
    },
    Logs(LogPage),
    Why {
        evidence: Vec<Evidence>,
    },
    Tasks {
        tasks: Vec<Task>,
    },
    TaskStopped {
        id: String,
    },
    Enclosed(Enclosure),
    EnclosureData {
        /// Base64.
        data: String,
    },
    Attach {
        target: AttachTarget,
    },
    Agents {
        agents: Vec<AgentView>,
    },
    Review {
        result: Box<ReviewResult>,
    },
    Standing {
        result: Box<StandingResult>,
    },
    /// The session, and what a command in the text of a reply (`/goal`, `/tasks`) answers.
    Said {
        view: Box<SessionView>,
        text: String,
    },
    Receipts {
        receipts: Vec<Receipt>,
    },
    Trust {
        repositories: Vec<TrustedRepository>,
    },
    Permissions {
        rules: Vec<PermissionRule>,
    },
    Routines {
        result: Box<RoutineResult>,
    },
    Intake {
        result: Box<IntakeResult>,
    },
    Orders {
        orders: Vec<NotificationOrder>,
    },
    Status(DaemonStatus),
    /// A follow has begun or ended; a shutdown is under way.
    Ok,
}

/// One page of a log. Ask again with `next` until `end`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogPage {
    /// Text with control sequences removed, or base64 of the raw bytes.
    pub data: String,
    pub next: u64,
    /// Nothing more for now.
    pub end: bool,
    /// The session has ended: nothing more ever.
    pub ended: bool,
}

/// Where a session can be watched live.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AttachTarget {
    /// Connect to this host socket.
    Terminal { socket: String },
    /// Follow the conversation over the supervisor.
    Conversation,
    /// A shell job that has ended: its final screen and output are in the log.
    Ended,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct DaemonStatus {
    pub pid: u32,
    pub version: String,
    pub protocol: u32,
    pub socket: String,
    /// Sessions whose process lives.
    pub sessions: u32,
    /// Of these, the ones whose host this supervisor follows. Fewer for a moment after a restart.
    #[serde(default)]
    pub connected: u32,
    /// Sessions that can be called neither alive nor gone.
    #[serde(default)]
    pub unknown: u32,
    /// Sessions on the board whose process is gone.
    #[serde(default)]
    pub gone: u32,
    pub started_at: Millis,
    /// How many things the board says beside its sessions; none when it cannot tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notices: Option<u32>,
    /// When what is due by the clock was last looked after.
    #[serde(default)]
    pub heartbeat_at: Millis,
    /// Nothing starts by schedule until the user says so.
    #[serde(default)]
    pub schedules_paused: bool,
    /// When something will be due next; none when nothing waits for the clock.
    #[serde(default)]
    pub next_due: Option<Millis>,
    /// Memory of the supervisor's process (PSS).
    #[serde(default)]
    #[specta(type = u32)]
    pub memory_kib: u64,
}
