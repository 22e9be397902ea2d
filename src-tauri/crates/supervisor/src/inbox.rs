//! Everything that can wake the supervisor, as one closed enum.

use nightshift_agents::acp::Driver;
use nightshift_model::{Exit, SessionId};
use nightshift_protocol::{Dispatch, Environment, Fault, LogPage, Record, Reply, Request};
pub use nightshift_publish::ConnId;
use tokio::sync::mpsc;

pub enum Inbox {
    Connected {
        conn: ConnId,
        out: mpsc::Sender<Vec<u8>>,
    },
    Request {
        conn: ConnId,
        request: Request,
    },
    Disconnected {
        conn: ConnId,
    },
    Link {
        session: SessionId,
        generation: u32,
        event: LinkEvent,
    },
    /// An ended session's conversation, folded from its journal for those who follow it.
    Folded {
        session: SessionId,
        driver: Box<Driver>,
    },
    /// The answer to a request that was worked out beside the loop.
    Answer {
        conn: ConnId,
        request: u64,
        result: Result<Reply, Fault>,
    },
    /// A dispatch whose directory and agent were looked at beside the loop.
    Checked {
        conn: ConnId,
        request: u64,
        dispatch: Box<Dispatch>,
        /// The agent that serves it; none for a shell job.
        agent: Result<Option<String>, Fault>,
    },
    /// A page of a session's log, and with it perhaps its end.
    LogRead {
        conn: ConnId,
        request: u64,
        session: SessionId,
        page: LogPage,
    },
    /// The kernel says that memory is short.
    Pressure,
    /// A signal asked this process to end; sessions go on.
    Terminate,
}

/// What a session's link task saw of its host.
pub enum LinkEvent {
    Launched {
        pid: u32,
    },
    LaunchFailed {
        error: String,
    },
    /// The version of the host's build; empty when it is too old to say.
    Build(String),
    /// The environment of a host that an earlier supervisor started, for a restart.
    Environment(Environment),
    Records(Vec<Record>),
    /// The replay is complete: what is due may be written.
    CaughtUp,
    Activity {
        line: String,
    },
    /// A line was not taken (its agent reads nothing, its disk is full): to be tried again later.
    Refused {
        error: String,
    },
    /// The connection was lost and is being made again.
    Unwritten {
        why: String,
    },
    /// The child ended and the exit record is on disk.
    Exited {
        exit: Exit,
    },
    Lost {
        cause: String,
    },
    Unknown {
        why: String,
    },
}

pub type InboxSender = mpsc::Sender<Inbox>;
