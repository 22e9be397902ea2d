//! What goes over the sockets: frames, greetings, commands, replies, views, changes, host messages.
//!
//! Promise: one truth for every side; unknown fields are ignored, new fields have defaults.
//! Must not know: sockets, files, clocks, or what any command does.

pub mod board;
pub mod calls;
pub mod command;
pub mod configuration;
pub mod conversation;
pub mod enclosure;
pub mod fault;
pub mod frame;
pub mod hello;
pub mod host;
pub mod intake;
pub mod launch;
pub mod lines;
pub mod measure;
pub mod notification;
pub mod permission;
pub mod record;
pub mod reply;
pub mod review;
pub mod routine;
pub mod standing;
pub mod task;
pub mod terminal;
pub mod tools;
pub mod trust;
pub mod view;
pub mod worktree;

pub use board::{BoardChange, BoardEvent, Notice, NoticeLevel};
pub use command::{Command, Dispatch, DispatchWork, Environment};
pub use configuration::{ConfigOption, ConfigValue, Configuration, SlashCommand};
pub use conversation::{ConversationEvent, ConversationItem, ItemBody, ToolContent, ToolStatus};
pub use fault::{Fault, FaultCode};
pub use frame::{
    FRAME_MAX_BYTES, FrameDecoder, FrameError, FrameKind, encode_bounded, encode_control,
    encode_frame,
};
pub use hello::{Hello, PROTOCOL_REACH, PROTOCOL_VERSION, Role, understands};
pub use host::{HostEvent, HostRequest};
pub use launch::{About, Exited, Launch, LaunchKind, Ready};
pub use notification::{
    Delivery, Looking, NoticeChannel, NotificationAct, NotificationButton, NotificationKind,
    NotificationOrder, Receipt, SecretPlace, Silence,
};
pub use permission::{PermissionAct, PermissionRule, PermissionVerdict, Subject};
pub use record::{Record, RecordKind};
pub use reply::{
    AttachTarget, CONNECTION_FAULT, DaemonStatus, LogPage, Reply, Request, ServerMessage,
};
pub use review::{ReviewAct, ReviewResult};
pub use routine::{RoutineAct, RoutineProblem, RoutineResult, RoutineView, RunView};
pub use standing::{PushResult, StandingAct, StandingResult, StandingSummary, StandingView};
pub use task::{Task, TaskKind, TaskUsage};
pub use trust::{TrustAct, TrustItem, TrustedRepository};
pub use view::{AgentView, SessionKind, SessionView};
pub use worktree::{
    Kept, RemovedWorktree, WhichWorktree, WorktreeFate, WorktreeList, WorktreeMeasure,
    WorktreeState, WorktreeView, WorktreesCleaned,
};
