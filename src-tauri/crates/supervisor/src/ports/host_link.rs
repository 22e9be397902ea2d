//! One session's host: how it is started or found, what it is asked, and what is seen of it.
//!
//! Promise: the loop never waits for a host. Must not know: sockets, processes.

use crate::limits::LINK_QUEUE_MAX;
use crate::ports::worktrees::{Asks, MainCheckout, Order};
use nightshift_model::{Exit, Lodging, SessionId, Trust};
use nightshift_protocol::{Environment, Launch, LaunchKind, Record};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc};

/// Accounted for each record beside its bytes.
const RECORD_BASE_BYTES: usize = 64;

/// What a session's link task saw of its host.
pub enum HostLinkEvent {
    /// Its host was started, or found: what its documents say.
    Launched {
        pid: u32,
    },
    /// Its host has greeted, or says something after a time of not answering.
    Answers {
        pid: u32,
    },
    LaunchFailed {
        error: String,
    },
    /// Where it works is decided or ready, with the main checkout as it was before.
    Lodged {
        lodging: Lodging,
        trust: Box<Trust>,
        checkout: Option<Box<MainCheckout>>,
    },
    /// Its repository brings along what nobody trusts: nothing was started.
    TrustAsked(Box<Asks>),
    /// The version of the host's build, empty when it is too old to say, and where it listens.
    Host {
        build: String,
        socket: PathBuf,
    },
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
        line: String,
        error: String,
    },
    /// Something that is not the user tried at its host what only the user may.
    Tried {
        what: String,
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
    /// It can be neither reached nor proved dead. `way_out`: what the user can do about it, if that is known.
    Unknown {
        why: String,
        way_out: String,
    },
}

impl HostLinkEvent {
    /// How much memory it takes, roughly; nothing where that is little.
    pub fn bytes(&self) -> usize {
        match self {
            HostLinkEvent::Records(records) => {
                records.iter().map(|record| RECORD_BASE_BYTES + record.body.len()).sum()
            }
            HostLinkEvent::Refused { line, .. } => line.len(),
            _ => 0,
        }
    }
}

/// What the loop asks of a host.
pub enum LinkCommand {
    /// Meant for connection `epoch` only: after a loss the driver hands it out again.
    WriteLine {
        line: String,
        epoch: u32,
    },
    Stop {
        grace_ms: u64,
    },
    /// Its socket is not there any more: it makes it anew.
    Restore,
}

pub struct LinkHandle {
    pub generation: u32,
    commands: mpsc::Sender<LinkCommand>,
    /// What the handle and the task that serves it have in common.
    pub shared: Shared,
}

/// What a link and its handle have in common.
#[derive(Clone, Default)]
pub struct Shared {
    /// A stop was asked for: heard also while there is no connection.
    pub stop_asked: Arc<Notify>,
    /// Whether it stands still is to be looked at, without waking it.
    pub look_asked: Arc<Notify>,
    /// The host is connected and does not answer.
    pub silent: Arc<AtomicBool>,
}

impl LinkHandle {
    /// A handle, and the queue of what is asked through it.
    pub fn new(generation: u32) -> (LinkHandle, mpsc::Receiver<LinkCommand>) {
        let (commands, queue) = mpsc::channel(LINK_QUEUE_MAX);
        (LinkHandle { generation, commands, shared: Shared::default() }, queue)
    }

    /// False when the queue is full or the link has ended.
    pub fn stop(&self, grace_ms: u64) -> bool {
        let sent = self.commands.try_send(LinkCommand::Stop { grace_ms }).is_ok();
        self.shared.stop_asked.notify_one();
        sent
    }

    /// Asks the host for its socket. Lost where the queue is full: whoever misses it asks again.
    pub fn restore(&self) {
        self.commands.try_send(LinkCommand::Restore).ok();
    }

    /// Lets it be told of where it stands still.
    pub fn look(&self) {
        self.shared.look_asked.notify_one();
    }

    /// Its host does not answer, and will read what it is told once it goes on.
    pub fn is_silent(&self) -> bool {
        self.shared.silent.load(Ordering::Relaxed)
    }

    /// Gives the line back when the queue is full or the link has ended.
    pub fn write(&self, line: String, epoch: u32) -> Result<(), String> {
        match self.commands.try_send(LinkCommand::WriteLine { line, epoch }) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(command) | TrySendError::Closed(command)) => match command {
                LinkCommand::WriteLine { line, .. } => Err(line),
                LinkCommand::Stop { .. } | LinkCommand::Restore => Ok(()),
            },
        }
    }
}

/// What an agent may take up of where it works.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footing {
    /// Nothing of the repository.
    pub untrusted: bool,
    /// Its directory and the repository that this is of.
    pub roots: Vec<String>,
}

/// Finds the program that is to be started, with its arguments. Looks at the disk.
pub type Program = Box<dyn FnOnce(&Footing) -> Result<Vec<String>, String> + Send>;

pub enum Start {
    /// What `program` finds goes into the launch document; `order` when it has still to be decided
    /// where it works, or when that is a worktree.
    Launch {
        launch: Box<Launch>,
        env: Environment,
        program: Program,
        order: Option<Box<Order>>,
        /// Set where it must take up nothing of the repository.
        guard: Environment,
    },
    Adopt,
}

pub struct LinkSpec {
    pub session: SessionId,
    pub generation: u32,
    pub kind: LaunchKind,
    /// A terminal agent: its host's marks are followed.
    pub listens: bool,
    pub start: Start,
}
