//! How a verb can fail.

use clap::error::ErrorKind;
use nightshift_protocol::{Fault, FaultCode, Reply};

#[derive(Debug)]
pub enum Failure {
    /// Exit code 1 and one line.
    Fault(Fault),
    /// Exit code 2.
    Usage(ErrorKind, String),
    /// Whoever read our output has had enough (`| head`): no failure at all.
    OutputClosed,
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        Failure::Fault(fault)
    }
}

/// Only writing to stdout gives bare I/O errors: everything else says what it was doing.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Failure::OutputClosed,
            _ => Failure::Fault(Fault::new(FaultCode::Io, format!("cannot write output: {error}"))),
        }
    }
}

impl Failure {
    pub fn usage(message: impl Into<String>) -> Failure {
        Failure::Usage(ErrorKind::MissingRequiredArgument, message.into())
    }
}

/// A reply of another kind than the command has: a supervisor that does not keep the protocol.
pub fn unexpected(reply: &Reply) -> Failure {
    let reply = match reply {
        Reply::Session { .. } => "session",
        Reply::Sessions { .. } => "sessions",
        Reply::Removed { .. } => "removed",
        Reply::Configuration { .. } => "configuration",
        Reply::WorktreeState(_) => "worktree state",
        Reply::Worktrees(_) => "worktrees",
        Reply::WorktreeMeasure(_) => "worktree measure",
        Reply::WorktreesCleaned(_) => "worktrees cleaned",
        Reply::WorktreeRestored { .. } => "worktree restored",
        Reply::Logs(_) => "logs",
        Reply::Why { .. } => "why",
        Reply::Tasks { .. } => "tasks",
        Reply::TaskStopped { .. } => "task stopped",
        Reply::Enclosed(_) => "enclosed",
        Reply::EnclosureData { .. } => "enclosure data",
        Reply::Attach { .. } => "attach",
        Reply::Agents { .. } => "agents",
        Reply::Review { .. } => "review",
        Reply::Standing { .. } => "standing",
        Reply::Said { .. } => "said",
        Reply::Receipts { .. } => "receipts",
        Reply::Orders { .. } => "orders",
        Reply::Status(_) => "status",
        Reply::Trust { .. } => "trust",
        Reply::Permissions { .. } => "permissions",
        Reply::Ok => "ok",
    };
    let message = format!("the supervisor gave an unexpected reply: {reply}");
    Failure::Fault(Fault::new(FaultCode::Internal, message).hint("look into its log"))
}
