//! The machine around the loop: hosts, session directories, journals, and whatever else may hang.
//!
//! Promise: the loop reaches hosts and session directories through this interface only, so that a
//! test can put a simulated world in their place. Must not know: what the loop makes of it.

use crate::clients::ConnId;
use crate::inbox::Inbox;
use crate::ports::host_link::{LinkHandle, LinkSpec};
use crate::ports::routines::RoutineFiles;
use jiff::tz::TimeZone;
use nightshift_host::finding::Finding;
use nightshift_model::{Enclosure, SessionId};
use nightshift_platform::Identity;
use nightshift_protocol::{Environment, Fault, Launch, Record, Task};
use std::io;
use std::path::PathBuf;
use uuid::Uuid;

/// Kinds of work that never wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Starting hosts, and ending those that were given up.
    Launches,
    /// What session directories say about their hosts, and the last records of ended ones.
    Directories,
    /// What clients want to read: logs, conversations, lists of processes.
    Reads,
    /// The directories of dispatches: anywhere on the machine, network mounts included.
    Checks,
    /// Programs that work on a session's changes; each has a limit of its own.
    Reviews,
    /// Goals that are judged: a model is asked, a check of the user's runs.
    Judges,
    /// Definitions of routines, and what their runs begin with: login shells and prechecks.
    Routines,
    /// Worktrees that are made, looked at and removed, by programs and scripts.
    Worktrees,
}

/// Work that may take long (a disk, a network mount); what comes of it goes to the inbox.
pub type Work = Box<dyn FnOnce() -> Inbox + Send>;

/// Work beside the loop, and what becomes of it when its disk does not answer.
pub struct Job {
    pub lane: Lane,
    /// What is looked at, as users read it: when it hangs, it is not looked at again meanwhile.
    pub place: String,
    pub work: Work,
    /// What the loop is told in place of the outcome, which is void then.
    pub failed: Box<dyn FnOnce(Fault) -> Inbox + Send>,
}

impl Job {
    /// Work whose outcome answers a request.
    pub fn for_request(
        (conn, request): (ConnId, u64),
        lane: Lane,
        place: impl Into<String>,
        work: impl FnOnce() -> Inbox + Send + 'static,
    ) -> Job {
        let failed = move |fault| Inbox::Answer { conn, request, result: Err(fault) };
        Job { lane, place: place.into(), work: Box::new(work), failed: Box::new(failed) }
    }
}

pub trait World {
    /// Starts or finds a session's host and follows it; what it sees comes to the inbox.
    fn start(&self, spec: LinkSpec) -> LinkHandle;
    /// What a session directory and the process table say. Only for the supervisor's start.
    fn inspect(&self, name: &str) -> Finding;
    /// Names of the session directories.
    fn directories(&self) -> io::Result<Vec<String>>;
    /// Begins to end a removal that was committed and cut short; false when the directory is of
    /// none.
    fn finish_clearing(&self, name: &str) -> bool;
    fn launch_document(&self, name: &str) -> Option<Launch>;
    /// Asks hosts whose directories were deleted or damaged to recreate them.
    fn call_hosts_back(&self);
    /// The same, until they have. Only for the supervisor's start.
    fn await_hosts(&self);
    /// Whether the session's directory says who its host is or how it ended.
    fn is_documented(&self, id: &SessionId) -> bool;
    /// Whether the session's directory exists.
    fn has_directory(&self, id: &SessionId) -> bool;
    /// The home whose host runs the session, where this one is a copy of that.
    fn runs_elsewhere(&self, id: &SessionId) -> Option<PathBuf>;
    /// From now on the session's directory belongs to no session.
    fn mark_removed(&self, id: &SessionId) -> io::Result<()>;
    /// The removal was not committed after all: the directory is the session's again.
    fn unmark(&self, id: &SessionId) -> io::Result<()>;
    /// Takes a marked directory away at once; it is deleted beside the loop.
    fn clear_away(&self, id: &SessionId) -> io::Result<()>;
    /// The session's journal, to be read beside the loop.
    fn journal(&self, id: &SessionId) -> Box<dyn Journal>;
    /// The processes below the session's host, to be looked at and ended beside the loop.
    fn background(&self, id: &SessionId) -> Box<dyn Background>;
    /// Gives the session the files that wait under these ids.
    fn claim(&self, id: &SessionId, waiting: &[String]) -> Result<Vec<Enclosure>, Fault>;
    /// The files that people attach, to be written and read beside the loop.
    fn attached_files(&self) -> Box<dyn AttachedFiles>;
    /// The definitions of routines, and what their runs need, to be used beside the loop.
    fn routine_files(&self) -> Box<dyn RoutineFiles>;
    /// Does the work beside the loop.
    fn run(&self, aside: Job);
    /// Starts the process that tells the user what waits to be told.
    fn start_notifier(&self, env: &Environment) -> io::Result<()>;
    /// Starts the process that takes events from outside; its pid, and the connection that only it has and with
    /// which it ends.
    fn start_intake(&self) -> io::Result<(u32, ConnId)>;
    /// A number that names nothing yet.
    fn fresh_uuid(&self) -> Uuid;
    /// The time zone that schedules go by; none: the system's, as it is at each look.
    fn zone(&self) -> Option<TimeZone>;
}

pub trait Journal: Send {
    /// The records after `after`, in order.
    fn read(&self, after: u64) -> Box<dyn Iterator<Item = Record> + '_>;
}

pub trait Background: Send {
    /// What runs beside the session's main process.
    fn list(&self) -> Vec<Task>;
    /// Ends one of these with all below it. Returns when they are gone.
    fn end(&self, process: &Identity) -> Result<(), Fault>;
}

/// Files that people attach to what they say.
pub trait AttachedFiles: Send {
    /// Keeps a file until a session is given it, under the id that comes back.
    fn keep(&self, name: &str, data: &str) -> Result<Enclosure, Fault>;
    /// The bytes of one that the session has, in base64.
    fn read(&self, session: &SessionId, id: &str) -> Result<String, Fault>;
}
