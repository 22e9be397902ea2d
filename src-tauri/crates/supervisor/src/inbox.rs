//! Everything that can wake the supervisor, as one closed enum.

pub use crate::clients::ConnId;
use crate::clients::{Outgoing, Turn};
use crate::features::routines::Heard;
use crate::limits::{HELD_LEAST_BYTES, HELD_MAX_BYTES};
pub use crate::ports::host_link::HostLinkEvent;
use crate::ports::worktrees::MainCheckout;
use nightshift_agents::Driver;
use nightshift_automation::LoopFile;
use nightshift_host::kin::Caller;
use nightshift_model::{Judged, Millis, PullState, SessionId, Settled, TimerFired};
use nightshift_protocol::{
    Dispatch, Environment, Fault, LogPage, Reply, Request, ReviewResult, Task, TrustedRepository,
    WorktreeFate,
};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};

pub enum Inbox {
    Connected {
        conn: ConnId,
        out: Outgoing,
        caller: Caller,
    },
    Request {
        conn: ConnId,
        request: Request,
        held: Held,
        /// Until it is answered, where others wait for it. Nobody does for one of the user's.
        turn: Option<Turn>,
    },
    Disconnected {
        conn: ConnId,
    },
    Link {
        session: SessionId,
        generation: u32,
        event: HostLinkEvent,
        held: Held,
    },
    /// An ended session's conversation, folded from its journal for those who follow it.
    Folded {
        session: SessionId,
        driver: Box<Driver>,
    },
    /// The journal of an ended session cannot be read now: its followers hear why.
    NotFolded {
        session: SessionId,
        fault: Fault,
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
    /// A repository is trusted now: sessions that wait for that may start.
    Trusted {
        conn: ConnId,
        request: u64,
        result: Result<TrustedRepository, Fault>,
        /// The caller's, for sessions whose own went with an earlier supervisor.
        env: Environment,
    },
    /// A page of a session's log, and with it perhaps its end.
    LogRead {
        conn: ConnId,
        request: u64,
        session: SessionId,
        page: LogPage,
    },
    /// What became of the worktree of a session that is being removed.
    WorktreeLeft {
        session: SessionId,
        fate: Option<Box<WorktreeFate>>,
    },
    /// A main checkout was looked at; none when it could not be read.
    CheckoutSeen {
        session: SessionId,
        seen: Option<Box<MainCheckout>>,
    },
    /// An act of a review was done.
    Reviewed {
        conn: ConnId,
        request: u64,
        session: SessionId,
        result: Result<ReviewResult, Fault>,
        /// Hooks and programs of the repository were there and did not run.
        left_out: bool,
    },
    /// A forge was asked how far a pull request is.
    PullSeen {
        session: SessionId,
        url: String,
        state: Result<PullState, Fault>,
    },
    /// A loop's prompt was read; none when its disk does not answer.
    LoopFile {
        session: SessionId,
        fired: Box<TimerFired>,
        file: Option<LoopFile>,
    },
    /// An evaluation of turn `n`'s end is over.
    Judged {
        session: SessionId,
        n: u32,
        told: Told,
    },
    /// What an evaluator has against the goal that was set then.
    Advised {
        session: SessionId,
        set_at: Millis,
        advice: Option<String>,
    },
    /// How turn `n` ended, which its last words left open; or why nobody could settle it.
    Settled {
        session: SessionId,
        n: u32,
        told: Result<Box<Settled>, String>,
    },
    /// What runs in the background of a session whose goal waits for it.
    Background {
        session: SessionId,
        tasks: Option<Vec<Task>>,
    },
    /// What runs in the background, for the conversation and for whoever asked.
    TasksFor {
        session: SessionId,
        asked: Option<(ConnId, u64)>,
        tasks: Vec<Task>,
    },
    /// Something that routines waited for.
    Routines(Heard),
    /// A message that takes much memory, and the room for it.
    Large {
        message: Box<Inbox>,
        held: Held,
    },
    /// Something may have happened to the clock or its zone. `watched`: whenever something does, this is told.
    Clocks {
        watched: bool,
    },
    /// The kernel says that memory is short.
    Pressure,
    /// Something in the state directory was deleted: perhaps what is needed.
    FilesDeleted,
    /// A signal asked this process to end; sessions go on.
    Terminate,
}

impl Inbox {
    /// The message with room for it, once there is some.
    pub async fn with_room(self) -> Inbox {
        let bytes = match &self {
            Inbox::LogRead { page, .. } => page.data.len(),
            Inbox::Answer { result: Ok(Reply::EnclosureData { data }), .. } => data.len(),
            _ => 0,
        };
        match bytes {
            0..HELD_LEAST_BYTES => self,
            bytes => Inbox::Large { held: hold(bytes).await, message: Box::new(self) },
        }
    }
}

/// What an evaluation told.
pub enum Told {
    Judged(Box<Judged>),
    /// Background work goes on.
    Waits(String),
}

/// Room for large messages: whoever has one waits until the loop has taken those before it.
static ROOM: Semaphore = Semaphore::const_new(HELD_MAX_BYTES);

/// The room that a message takes, until it is dropped with the message.
#[derive(Debug, Default)]
pub struct Held {
    _room: Option<SemaphorePermit<'static>>,
}

/// Waits for room for a message of so many bytes.
pub async fn hold(bytes: usize) -> Held {
    if bytes < HELD_LEAST_BYTES {
        return Held::default();
    }
    let bytes = u32::try_from(bytes.min(HELD_MAX_BYTES)).unwrap_or(u32::MAX);
    // An error would mean that it was closed, which nobody does: then nothing is held back.
    Held { _room: ROOM.acquire_many(bytes).await.ok() }
}

pub type InboxSender = mpsc::Sender<Inbox>;
