//! What goes over the sockets: frames, greetings, commands, replies, views, changes, host messages.
//!
//! Promise: one truth for every side; unknown fields are ignored, new fields have defaults.
//! Must not know: sockets, files, clocks, or what any command does.

pub mod board;
pub mod command;
pub mod conversation;
pub mod fault;
pub mod frame;
pub mod hello;
pub mod host;
pub mod launch;
pub mod lines;
pub mod record;
pub mod reply;
pub mod review;
pub mod task;
pub mod view;
pub mod worktree;

pub use board::{BoardChange, BoardEvent, Notice, NoticeLevel};
pub use command::{Command, Dispatch, DispatchWork, Environment};
pub use conversation::{ConversationEvent, ConversationItem, ItemBody, ToolContent, ToolStatus};
pub use fault::{Fault, FaultCode};
pub use frame::{FrameDecoder, FrameError, FrameKind, encode_control, encode_frame};
pub use hello::{Hello, PROTOCOL_REACH, PROTOCOL_VERSION, Role, understands};
pub use host::{HostEvent, HostRequest};
pub use launch::{About, Exited, Launch, LaunchKind, Ready};
pub use record::{Record, RecordKind};
pub use reply::{
    AttachTarget, CONNECTION_FAULT, DaemonStatus, LogPage, Reply, Request, ServerMessage,
};
pub use review::{ReviewAct, ReviewResult};
pub use task::{Task, TaskKind, TaskUsage};
pub use view::{AgentView, SessionKind, SessionView};
pub use worktree::{
    Kept, RemovedWorktree, WorktreeFate, WorktreeList, WorktreeState, WorktreeView,
    WorktreesCleaned,
};
