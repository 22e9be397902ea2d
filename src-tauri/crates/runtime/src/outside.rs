//! What lies outside of the loop: hosts, session directories, journals, and whatever else may hang.
//!
//! Promise: the loop reaches hosts and session directories through this interface only, so that a
//! test can put a simulated world in their place. Must not know: what the loop makes of it.

use crate::background::Descendants;
use crate::clients::ConnId;
use crate::host_link::beside::{Lane, beside};
use crate::host_link::enclosures;
use crate::host_link::looks::Looks;
use crate::host_link::{self as link, LinkHandle, LinkSpec, Place, astray, mark_lowered};
use crate::server::callers::Callers;
use crate::server::inbox::{Inbox, InboxSender, Links};
use crate::workspace::Desk;
use jiff::tz::TimeZone;
use nightshift_host::finding::{self as hosts, Finding};
use nightshift_host::journal;
use nightshift_model::{Enclosure, SessionId};
use nightshift_platform::{Home, Identity, Mark, files, spawn};
use nightshift_protocol::launch::{EXIT_FILE, LAUNCH_FILE, ROLE_VARIABLE};
use nightshift_protocol::{Environment, Fault, Launch, Record, Task};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;

/// Work that may take long (a disk, a network mount); what comes of it goes to the inbox.
pub type Work = Box<dyn FnOnce() -> Inbox + Send>;

/// Work beside the loop, and what becomes of it when its disk does not answer.
pub struct Aside {
    pub lane: Lane,
    /// What is looked at, as users read it: when it hangs, it is not looked at again meanwhile.
    pub place: String,
    pub work: Work,
    /// What the loop is told in place of the outcome, which is void then.
    pub failed: Box<dyn FnOnce(Fault) -> Inbox + Send>,
}

impl Aside {
    /// Work whose outcome answers a request.
    pub fn for_request(
        (conn, request): (ConnId, u64),
        lane: Lane,
        place: impl Into<String>,
        work: impl FnOnce() -> Inbox + Send + 'static,
    ) -> Aside {
        let failed = move |fault| Inbox::Answer { conn, request, result: Err(fault) };
        Aside { lane, place: place.into(), work: Box::new(work), failed: Box::new(failed) }
    }
}

pub trait Outside {
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
    /// Asks hosts whose directories were deleted or damaged to make them anew.
    fn call_hosts_back(&self) {}
    /// The same, until they have. Only for the supervisor's start.
    fn await_hosts(&self) {}
    /// Whether the session's directory says who its host is or how it ended.
    fn is_documented(&self, _id: &SessionId) -> bool {
        true
    }
    /// Whether the session's directory exists.
    fn has_directory(&self, id: &SessionId) -> bool;
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
    fn claim(&self, _id: &SessionId, _waiting: &[String]) -> Result<Vec<Enclosure>, Fault> {
        Ok(Vec::new())
    }
    /// Does the work beside the loop.
    fn beside(&self, aside: Aside);
    /// Starts the process that tells the user what waits to be told.
    fn start_notifier(&self, _env: &Environment) -> io::Result<()> {
        Ok(())
    }
    /// A number that names nothing yet.
    fn fresh_uuid(&self) -> Uuid;
    /// The time zone that schedules go by; none: the system's, as it is at each look.
    fn zone(&self) -> Option<TimeZone> {
        None
    }
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

/// A session directory that holds this file belongs to a session whose removal was committed.
const REMOVED_MARK: &str = "removed";
/// A directory with this ending is being deleted: what is left of it belongs to no session.
const REMOVED_EXTENSION: &str = "removed";

/// The verb and the role of the process that tells the user what there is to tell.
const NOTIFIER: &str = "notifier";

/// The machine this process runs on.
pub struct Machine {
    pub home: Home,
    /// This program: hosts are the same file.
    pub binary: PathBuf,
    pub inbox: InboxSender,
    pub looks: Looks,
    pub callers: Arc<Callers>,
    pub desk: Desk,
}

impl Machine {
    fn job(&self, id: &SessionId) -> PathBuf {
        self.home.job(id.as_str())
    }
}

impl Outside for Machine {
    fn start(&self, spec: LinkSpec) -> LinkHandle {
        let place = Place {
            dir: self.job(&spec.session),
            binary: self.binary.clone(),
            log: self.home.log_file(),
            desk: self.desk.clone(),
        };
        link::start(spec, place, Box::new(Links(self.inbox.clone())))
    }

    fn inspect(&self, name: &str) -> Finding {
        hosts::inspect(&self.home.job(name))
    }

    fn directories(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.home.jobs())? {
            match entry {
                Ok(entry) => names.push(entry.file_name().to_string_lossy().into_owned()),
                Err(e) => tracing::warn!("session directory not read: {e}"),
            }
        }
        Ok(names)
    }

    fn finish_clearing(&self, name: &str) -> bool {
        finish_clearing(&self.home.job(name))
    }

    fn launch_document(&self, name: &str) -> Option<Launch> {
        hosts::document::<Launch>(&self.home.job(name), LAUNCH_FILE).ok()?
    }

    fn call_hosts_back(&self) {
        astray::call_back(&self.home);
    }

    fn await_hosts(&self) {
        astray::wait_for(&astray::call_back(&self.home));
    }

    fn is_documented(&self, id: &SessionId) -> bool {
        let dir = self.job(id);
        dir.join(EXIT_FILE).exists() || astray::is_whole(&dir)
    }

    fn has_directory(&self, id: &SessionId) -> bool {
        self.job(id).exists()
    }

    fn mark_removed(&self, id: &SessionId) -> io::Result<()> {
        // Durable before the record goes: after a power cut the session would else come back from
        // its directory.
        match files::write_durably(&self.job(id).join(REMOVED_MARK), b"") {
            // No directory: nothing that could come back to life.
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            marked => marked,
        }
    }

    fn unmark(&self, id: &SessionId) -> io::Result<()> {
        match std::fs::remove_file(self.job(id).join(REMOVED_MARK)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            unmarked => unmarked,
        }
    }

    fn clear_away(&self, id: &SessionId) -> io::Result<()> {
        clear_away(&self.job(id))
    }

    fn journal(&self, id: &SessionId) -> Box<dyn Journal> {
        Box::new(Directory(self.job(id)))
    }

    fn background(&self, id: &SessionId) -> Box<dyn Background> {
        Box::new(Descendants { session: id.clone(), dir: self.job(id) })
    }

    fn claim(&self, id: &SessionId, waiting: &[String]) -> Result<Vec<Enclosure>, Fault> {
        match waiting {
            [] => Ok(Vec::new()),
            waiting => enclosures::claim(&self.home, &self.job(id), waiting),
        }
    }

    fn beside(&self, aside: Aside) {
        let (inbox, looks) = (self.inbox.clone(), self.looks.clone());
        tokio::spawn(async move {
            let Aside { lane, place, work, failed } = aside;
            let message = looks.look(lane, &place, work).await.unwrap_or_else(failed);
            // An error means that the loop has ended.
            inbox.send(message.with_room().await).await.ok();
        });
    }

    fn start_notifier(&self, env: &Environment) -> io::Result<()> {
        let mut environment = spawn::own_environment();
        environment.extend(env.iter().map(|(name, value)| (name.into(), value.into())));
        environment.insert(ROLE_VARIABLE.into(), NOTIFIER.into());
        let (binary, log) = (self.binary.as_os_str(), self.home.log_file());
        let args = [NOTIFIER.into()];
        // It takes what it is started with for the user's, as a host does.
        if !Mark::is_as_remembered() {
            return Err(io::Error::other(mark_lowered()));
        }
        let process = spawn::spawn_detached(binary, &args, &environment, &self.home.state, &log)?;
        self.callers.notifier_is(process.identity);
        // Only so that it is no zombie: it is heard of by its connection.
        let mut child = process.child;
        std::thread::Builder::new().name("notifier".into()).spawn(move || child.wait().ok())?;
        Ok(())
    }

    fn fresh_uuid(&self) -> Uuid {
        Uuid::new_v4()
    }
}

struct Directory(PathBuf);

impl Journal for Directory {
    fn read(&self, after: u64) -> Box<dyn Iterator<Item = Record> + '_> {
        Box::new(journal::read(&self.0, after))
    }
}

/// Goes on with a removal that an earlier supervisor could not finish; false when `dir` is none.
fn finish_clearing(dir: &Path) -> bool {
    if dir.extension().is_some_and(|ending| ending == REMOVED_EXTENSION) {
        tokio::spawn(delete(dir.to_owned()));
    } else if dir.join(REMOVED_MARK).exists() {
        if let Err(e) = clear_away(dir) {
            tracing::warn!("{}: {e}", dir.display());
        }
    } else {
        return false;
    }
    true
}

/// Takes a marked directory away. It gets another name first: killed in the middle, the mark may be
/// gone already and the launch document not, and the session would come back to life from that.
fn clear_away(dir: &Path) -> io::Result<()> {
    let aside = dir.with_extension(REMOVED_EXTENSION);
    match std::fs::rename(dir, &aside) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        renamed => renamed?,
    }
    tokio::spawn(delete(aside));
    Ok(())
}

/// Deletes what is left of a session. Cut short, the next supervisor goes on with it.
async fn delete(dir: PathBuf) {
    let place = dir.clone();
    match beside(Lane::Directories, move || std::fs::remove_dir_all(&place)).await {
        Err(e) | Ok(Err(e)) if e.kind() != io::ErrorKind::NotFound => {
            tracing::warn!("{} is not deleted yet: {e}", dir.display());
        }
        Ok(Ok(()) | Err(_)) | Err(_) => {}
    }
}
