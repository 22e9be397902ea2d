//! Whose hand a connected process is: the user's, or that of a session which one of our hosts holds.
//!
//! A host is a child subreaper, so whatever a session starts and detaches stays below its host. Whoever
//! is below one is that session; no variable of the environment makes anybody the user. A host also has a
//! mark that all below it have for good (`platform::mark`): whoever has it is a session after its host's
//! end too, wherever it then hangs in the tree.
//! Promise: what cannot be found out is unknown and never taken for the user. A whole Nightshift may run
//! inside of somebody's session: what is marked as that session is its user, and its own sessions are not.
//! Must not know: who may do what.

use crate::finding::{self, HOST_VERB};
use nightshift_model::id::SESSION_ID_DIGITS;
use nightshift_platform::dirs::{self, Home};
use nightshift_platform::mark::Name;
use nightshift_platform::process::{self, Variables};
use nightshift_platform::program::PROGRAM_NAME;
use nightshift_platform::{Identity, Liveness3, Mark, Peer, lock, peer};
use nightshift_protocol::Ready;
use nightshift_protocol::launch::{READY_FILE, ROLE_VARIABLE, SESSION_VARIABLE};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Ancestors may end while they are looked at; this often they are looked at anew.
const WALKS: u32 = 16;

/// Whose hand it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Nothing of ours is above it; or it is a part of Nightshift itself.
    User,
    /// Something that runs in session `id`. Its host did not say yet that it is this session's: then
    /// it is known to be no user, and no more.
    Session { id: String, certain: bool },
    /// Something that the supervisor runs by itself: a script, a hook of git, a check.
    Program,
    /// The process that takes events from outside, by the connection that the supervisor gave it. No process is
    /// found to be it.
    Intake,
    /// Why it cannot be said.
    Unknown { why: String },
}

/// How the supervisor is known.
#[derive(Clone, Debug)]
pub enum Supervisor {
    Me(Identity),
    /// By the lock that it holds.
    Holds(PathBuf),
}

/// What a process was started with, as it stands in `/proc`.
struct Start {
    words: io::Result<Vec<OsString>>,
    /// Another user's cannot be read, and is nobody's of ours.
    variables: Option<Variables>,
}

impl Start {
    fn of(pid: u32) -> Start {
        Start { words: process::arguments(pid), variables: Variables::of(pid).ok() }
    }
}

/// A process and all that it descends from, itself first.
type Lineage = Vec<(Identity, Start)>;

/// The processes of one home.
#[derive(Clone, Debug)]
pub struct Kin {
    jobs: PathBuf,
    supervisor: Supervisor,
    /// This process, where it is a host, and its session.
    me: Option<(Identity, String)>,
    /// What the user's processes are not below.
    mark: Mark,
}

impl Kin {
    /// As the supervisor of `home` sees them.
    pub fn of_supervisor(home: &Home) -> std::io::Result<Kin> {
        let supervisor = Supervisor::Me(Identity::own()?);
        Ok(Kin { jobs: home.jobs(), supervisor, me: None, mark: Mark::remembered() })
    }

    /// As the host of the session directory `dir` with this socket sees them, before it has a mark.
    pub fn of_host(dir: &Path, socket: &Path) -> std::io::Result<Kin> {
        let above = |path: &Path| path.parent().unwrap_or(path).to_owned();
        let jobs = above(dir);
        let home = Home { state: above(&jobs), run: above(socket) };
        let id = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let me = Some((Identity::own()?, id));
        let supervisor = Supervisor::Holds(home.lock_file());
        Ok(Kin { jobs, supervisor, me, mark: Mark::own() })
    }

    /// Whose hand `peer` is. `ours`: processes that the supervisor has started to act for the user.
    pub fn caller(&self, peer: &Peer, ours: Option<Identity>) -> Caller {
        match self.above(|| peer.lineage_with(Start::of), ours) {
            Ok(None) => {}
            Ok(Some(caller)) => return caller,
            Err(why) => return Caller::Unknown { why },
        }
        // Nothing of ours is above it now. Was it once?
        match peer.mark() {
            Ok(mark) if mark.is_below(self.mark) => self.marked(mark),
            Ok(_) => Caller::User,
            Err(why) => Caller::Unknown { why },
        }
    }

    /// What a process is by those above it now; none where nothing of ours is there.
    fn above(
        &self,
        lineage: impl Fn() -> Result<Lineage, String>,
        ours: Option<Identity>,
    ) -> Result<Option<Caller>, String> {
        let mut walked = lineage()?;
        for _ in 0..WALKS {
            match self.first_of_ours(&walked, ours) {
                Err(why) => {
                    // Somebody above it may have ended meanwhile, as a starter does: then another is there.
                    let now = lineage()?;
                    let same = now.iter().map(|(one, _)| one).eq(walked.iter().map(|(one, _)| one));
                    if same {
                        return Err(why);
                    }
                    walked = now;
                }
                found => return found,
            }
        }
        Err("its ancestors change too fast".to_owned())
    }

    fn first_of_ours(
        &self,
        lineage: &[(Identity, Start)],
        ours: Option<Identity>,
    ) -> Result<Option<Caller>, String> {
        let supervisor = self.supervisor();
        for (above, (process, start)) in lineage.iter().enumerate() {
            if Some(*process) == ours {
                return Ok(Some(Caller::User));
            }
            if above > 0 && supervisor == Some(*process) && self.supervises(process) {
                return Ok(Some(Caller::Program));
            }
            if let Some(session) = self.session_of(process, start)? {
                return Ok(Some(session));
            }
        }
        Ok(None)
    }

    /// What has this mark, and is below nothing of ours any more.
    fn marked(&self, mark: Mark) -> Caller {
        match mark.name() {
            Some(name) if name.id == PROGRAM_NAME => Caller::Program,
            Some(name) if is_named_here(&self.jobs, name) => {
                Caller::Session { id: id_of(name.id), certain: false }
            }
            Some(_) | None => Caller::Unknown { why: "it was started inside of a session".into() },
        }
    }

    /// Whose hand this process is, which would be the supervisor of `home`.
    pub fn of_newcomer(home: &Home) -> Caller {
        let supervisor = Supervisor::Holds(home.lock_file());
        let kin = Kin { jobs: home.jobs(), supervisor, me: None, mark: Mark::NONE };
        match kin.above(|| peer::own_lineage_with(Start::of), None) {
            Ok(None) => {}
            Ok(Some(caller)) => return caller,
            Err(why) => return Caller::Unknown { why },
        }
        let mark = Mark::own();
        if mark == Mark::NONE {
            return Caller::User;
        }
        match kin.marked(mark) {
            Caller::Session { id, certain } => Caller::Session { id, certain },
            caller if kin.had_another_user(&home.lock_file(), mark) => caller,
            // That of a session of another home, which may have a home of its own.
            _ => Caller::User,
        }
    }

    /// Whether this home belongs to somebody whose processes are not below `mark`: its last supervisor's,
    /// and those that its hosts obey.
    fn had_another_user(&self, lock: &Path, mark: Mark) -> bool {
        let boot = process::boot_id().ok();
        let last = lock::last_holder(lock).filter(|last| boot.is_some() && last.boot == boot);
        if last.and_then(|last| last.mark).is_some_and(|last| mark.is_below(last)) {
            return true;
        }
        let dirs = fs::read_dir(&self.jobs).into_iter().flatten().flatten();
        let hosts = dirs.filter_map(|dir| self.host(dir.file_name().to_str()?));
        let obeys_another = |host: Identity| {
            let marked = Mark::of(host.pid).ok().filter(|marked| *marked != Mark::NONE);
            marked.is_some_and(|marked| mark.is_as_deep_as(marked))
                && host.liveness() == Liveness3::Alive
        };
        hosts.into_iter().any(obeys_another)
    }

    /// Who says to be the supervisor.
    fn supervisor(&self) -> Option<Identity> {
        match &self.supervisor {
            Supervisor::Me(own) => Some(*own),
            Supervisor::Holds(lock) => {
                let holder = lock::holder(lock)?;
                Some(Identity { pid: holder.pid, start_ticks: holder.start_ticks })
            }
        }
    }

    /// Whether that is true.
    fn supervises(&self, process: &Identity) -> bool {
        match &self.supervisor {
            Supervisor::Me(own) => own == process,
            Supervisor::Holds(lock) => lock::is_held_by(lock, process.pid),
        }
    }

    /// The session that `process` is the host of, or a leftover of, if that is one of this home's.
    fn session_of(&self, process: &Identity, start: &Start) -> Result<Option<Caller>, String> {
        if let Some((_, id)) = self.me.as_ref().filter(|(me, _)| me == process) {
            return Ok(Some(Caller::Session { id: id.clone(), certain: true }));
        }
        let words = start.words.as_ref().map_err(|e| format!("process {}: {e}", process.pid))?;
        if let Some(id) = self.held_by(words) {
            let certain = self.host(&id) == Some(*process);
            return Ok(Some(Caller::Session { id, certain }));
        }
        let left = start.variables.as_ref().and_then(|variables| self.left_by(variables));
        Ok(left.map(|id| Caller::Session { id, certain: false }))
    }

    /// The session of the host that was started with these words.
    fn held_by(&self, words: &[OsString]) -> Option<String> {
        let dir = match words {
            [_, verb, dir] if verb == HOST_VERB => Path::new(dir),
            _ => return None,
        };
        let ours = dirs::is_same(dir.parent()?, &self.jobs);
        ours.then(|| dir.file_name().map(|id| id.to_string_lossy().into_owned()))?
    }

    /// The session whose host was killed and left behind a process with these variables. A variable grants
    /// nothing; this one, which every process of a session carries, takes something away.
    fn left_by(&self, variables: &Variables) -> Option<String> {
        if variables.values(ROLE_VARIABLE).next().is_some() {
            return None;
        }
        // Below a host that lives it would have been found there.
        let lives = |host: Identity| host.liveness() == Liveness3::Alive;
        let is_left = |id: &&str| {
            let plain = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric());
            plain && self.jobs.join(id).is_dir() && !self.host(id).is_some_and(lives)
        };
        let ids = variables.values(SESSION_VARIABLE).filter_map(|id| std::str::from_utf8(id).ok());
        ids.filter(is_left).map(str::to_owned).next()
    }

    /// The host of session `id`, as its directory says.
    fn host(&self, id: &str) -> Option<Identity> {
        let ready = finding::document::<Ready>(&self.jobs.join(id), READY_FILE).ok()??;
        Some(Identity { pid: ready.pid, start_ticks: ready.start_ticks })
    }
}

/// The name in the marks of what session `id` starts, whose directory is among `jobs`.
pub fn name_of(jobs: &Path, id: &str) -> Name {
    Name::new(dirs::tag(jobs), Mark::name_of(id).unwrap_or_default())
}

/// Whether it is that of a session which has its directory among `jobs`.
pub(crate) fn is_named_here(jobs: &Path, name: Name) -> bool {
    let is_there = || jobs.join(id_of(name.id)).is_dir();
    name.is_beside(Name::new(dirs::tag(jobs), name.id)) && is_there()
}

/// From now on this process and all that it starts has the mark of session `id`, whose directory is `dir`.
pub(crate) fn take_mark(dir: &Path, id: &str) -> std::io::Result<()> {
    let jobs = dir.parent().unwrap_or(dir);
    Mark::own().below(name_of(jobs, id)).take().map_err(Mark::explain)
}

fn id_of(name: u32) -> String {
    format!("{name:0digits$x}", digits = SESSION_ID_DIGITS)
}
