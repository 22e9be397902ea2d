//! What a link sees of its host, and where it puts that.

use crate::workspace::{Asks, MainCheckout};
use nightshift_model::{Exit, Lodging, SessionId, Trust};
use nightshift_protocol::{Environment, Record};
use std::path::PathBuf;
use std::pin::Pin;

/// Done when the event has been taken.
pub type Taken<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// The loop's inbox. When that is full, the link waits and its host is paced.
pub trait Inlet: Send + Sync + 'static {
    fn take(&self, session: SessionId, generation: u32, event: LinkEvent) -> Taken<'_>;
}

/// Accounted for each record beside its bytes.
const RECORD_BASE_BYTES: usize = 64;

/// What a session's link task saw of its host.
pub enum LinkEvent {
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

impl LinkEvent {
    /// How much memory it takes, roughly; nothing where that is little.
    pub fn bytes(&self) -> usize {
        match self {
            LinkEvent::Records(records) => {
                records.iter().map(|record| RECORD_BASE_BYTES + record.body.len()).sum()
            }
            LinkEvent::Refused { line, .. } => line.len(),
            _ => 0,
        }
    }
}
