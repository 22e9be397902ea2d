//! The machine that this process runs on, as the loop reaches it.
//!
//! Promise: a removal that was committed is finished, by this supervisor or the next.
//! Must not know: what the loop makes of it.

use crate::background::Descendants;
use crate::host_link::path_guard::PathGuard;
use crate::host_link::{
    self as link, InboxInlet, Place, blocking, enclosures, mark_lowered, orphaned_hosts,
};
use crate::intake;
use crate::routines::Definitions;
use crate::server::callers::Callers;
use crate::workspace::LocalWorktrees;
use jiff::tz::TimeZone;
use nightshift_host::finding::{self as hosts, Finding};
use nightshift_host::journal;
use nightshift_model::{Enclosure, SessionId};
use nightshift_platform::{Home, Mark, files, spawn};
use nightshift_protocol::launch::{EXIT_FILE, LAUNCH_FILE, ROLE_VARIABLE};
use nightshift_protocol::{Environment, Fault, Launch, Record};
use nightshift_supervisor::inbox::{ConnId, InboxSender};
use nightshift_supervisor::ports::host_link::{LinkHandle, LinkSpec};
use nightshift_supervisor::ports::routines::RoutineFiles;
use nightshift_supervisor::ports::world::{AttachedFiles, Background, Job, Journal, Lane, World};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;

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
    pub looks: PathGuard,
    pub callers: Arc<Callers>,
    pub worktrees: LocalWorktrees,
    /// Where the definitions of routines are.
    pub routines: PathBuf,
}

impl Machine {
    fn job(&self, id: &SessionId) -> PathBuf {
        self.home.job(id.as_str())
    }
}

impl World for Machine {
    fn start(&self, spec: LinkSpec) -> LinkHandle {
        let place = Place {
            dir: self.job(&spec.session),
            binary: self.binary.clone(),
            log: self.home.log_file(),
            worktrees: self.worktrees.clone(),
        };
        link::start(spec, place, Box::new(InboxInlet(self.inbox.clone())))
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
        orphaned_hosts::call_back(&self.home);
    }

    fn await_hosts(&self) {
        orphaned_hosts::wait_for(&orphaned_hosts::call_back(&self.home));
    }

    fn is_documented(&self, id: &SessionId) -> bool {
        let dir = self.job(id);
        dir.join(EXIT_FILE).exists() || orphaned_hosts::is_whole(&dir)
    }

    fn has_directory(&self, id: &SessionId) -> bool {
        self.job(id).exists()
    }

    fn runs_elsewhere(&self, id: &SessionId) -> Option<PathBuf> {
        // Sessions are two levels below their home.
        hosts::runs_elsewhere(&self.job(id))?.ancestors().nth(2).map(Path::to_owned)
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

    fn attached_files(&self) -> Box<dyn AttachedFiles> {
        Box::new(Files(self.home.clone()))
    }

    fn routine_files(&self) -> Box<dyn RoutineFiles> {
        Box::new(Definitions { dir: self.routines.clone(), home: self.home.clone() })
    }

    fn run(&self, aside: Job) {
        let (inbox, looks) = (self.inbox.clone(), self.looks.clone());
        tokio::spawn(async move {
            let Job { lane, place, work, failed } = aside;
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

    fn start_intake(&self) -> io::Result<(u32, ConnId)> {
        intake::start(&self.home, &self.binary, self.inbox.clone())
    }

    fn fresh_uuid(&self) -> Uuid {
        Uuid::new_v4()
    }

    /// The system's, as it is at each look.
    fn zone(&self) -> Option<TimeZone> {
        None
    }
}

struct Files(Home);

impl AttachedFiles for Files {
    fn keep(&self, name: &str, data: &str) -> Result<Enclosure, Fault> {
        enclosures::keep(&self.0, name, data)
    }

    fn read(&self, session: &SessionId, id: &str) -> Result<String, Fault> {
        enclosures::read(&self.0.job(session.as_str()), id)
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
    match blocking::run(Lane::Directories, move || std::fs::remove_dir_all(&place)).await {
        Err(e) | Ok(Err(e)) if e.kind() != io::ErrorKind::NotFound => {
            tracing::warn!("{} is not deleted yet: {e}", dir.display());
        }
        Ok(Ok(()) | Err(_)) | Err(_) => {}
    }
}
