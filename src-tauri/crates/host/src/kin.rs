//! Whose hand a connected process is: the user's, or that of a session which one of our hosts holds.
//!
//! A host is a child subreaper, so whatever a session starts and detaches stays below its host. Whoever
//! is below one is that session; no variable of the environment makes anybody the user.
//! Promise: what cannot be found out is unknown and never taken for the user. Hosts of other homes do not
//! count: a whole Nightshift may run inside of somebody's session.
//! Must not know: who may do what.

use crate::finding;
use nightshift_platform::dirs::Home;
use nightshift_platform::{Identity, Liveness3, Peer, lock, process};
use nightshift_protocol::Ready;
use nightshift_protocol::launch::{READY_FILE, ROLE_VARIABLE, SESSION_VARIABLE};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// The verb that makes our program a host.
const HOST_VERB: &str = "host";

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

/// The processes of one home.
#[derive(Clone, Debug)]
pub struct Kin {
    jobs: PathBuf,
    supervisor: Supervisor,
    /// This process, where it is a host, and its session.
    me: Option<(Identity, String)>,
}

impl Kin {
    /// As the supervisor of `home` sees them.
    pub fn of_supervisor(home: &Home) -> std::io::Result<Kin> {
        Ok(Kin { jobs: home.jobs(), supervisor: Supervisor::Me(Identity::own()?), me: None })
    }

    /// As the host of the session directory `dir` with this socket sees them.
    pub fn of_host(dir: &Path, socket: &Path) -> std::io::Result<Kin> {
        let above = |path: &Path| path.parent().unwrap_or(path).to_owned();
        let jobs = above(dir);
        let home = Home { state: above(&jobs), run: above(socket) };
        let id = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let me = Some((Identity::own()?, id));
        Ok(Kin { jobs, supervisor: Supervisor::Holds(home.lock_file()), me })
    }

    /// Whose hand `peer` is. `ours`: processes that the supervisor has started to act for the user.
    pub fn caller(&self, peer: &Peer, ours: Option<Identity>) -> Caller {
        let lineage = match peer.lineage() {
            Ok(lineage) => lineage,
            Err(why) => return Caller::Unknown { why },
        };
        for (above, process) in lineage.iter().enumerate() {
            if Some(*process) == ours {
                return Caller::User;
            }
            if self.is_supervisor(process) {
                return if above == 0 { Caller::User } else { Caller::Program };
            }
            match self.session_of(process) {
                Ok(None) => {}
                Ok(Some(session)) => return session,
                Err(why) => return Caller::Unknown { why },
            }
        }
        Caller::User
    }

    fn is_supervisor(&self, process: &Identity) -> bool {
        match &self.supervisor {
            Supervisor::Me(own) => own == process,
            Supervisor::Holds(lock) => {
                let holder = lock::holder(lock).filter(|holder| {
                    (holder.pid, holder.start_ticks) == (process.pid, process.start_ticks)
                });
                holder.is_some() && lock::is_held_by(lock, process.pid)
            }
        }
    }

    /// The session that `process` is the host of, or a leftover of, if that is one of this home's.
    fn session_of(&self, process: &Identity) -> Result<Option<Caller>, String> {
        if let Some((_, id)) = self.me.as_ref().filter(|(me, _)| me == process) {
            return Ok(Some(Caller::Session { id: id.clone(), certain: true }));
        }
        let words = process::arguments(process.pid).map_err(|e| of(process, &e))?;
        // What was read is of this process only if it is still there.
        let now = Identity::of(process.pid).map_err(|e| of(process, &e))?;
        if now != *process {
            return Err(format!("process {} has ended", process.pid));
        }
        if let Some(id) = self.held_by(&words) {
            let certain = self.host(&id) == Some(*process);
            return Ok(Some(Caller::Session { id, certain }));
        }
        Ok(self.left_by(process).map(|id| Caller::Session { id, certain: false }))
    }

    /// The session of the host that was started with these words.
    fn held_by(&self, words: &[OsString]) -> Option<String> {
        let dir = match words {
            [_, verb, dir] if verb == HOST_VERB => Path::new(dir),
            _ => return None,
        };
        let ours = same(dir.parent()?, &self.jobs);
        ours.then(|| dir.file_name().map(|id| id.to_string_lossy().into_owned()))?
    }

    /// The session whose host was killed and left `process` behind. A variable grants nothing; this
    /// one, which every process of a session carries, takes something away.
    fn left_by(&self, process: &Identity) -> Option<String> {
        // Another user's cannot be read, and is nobody's of ours.
        let environment = process::environment(process.pid).ok()?;
        let id = environment.get(SESSION_VARIABLE)?;
        let plain = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric());
        let left = plain && !environment.contains_key(ROLE_VARIABLE) && self.jobs.join(id).is_dir();
        // Below a host that lives it would have been found there.
        let lives = |host: Identity| host.liveness() == Liveness3::Alive;
        (left && !self.host(id).is_some_and(lives)).then(|| id.clone())
    }

    /// The host of session `id`, as its directory says.
    fn host(&self, id: &str) -> Option<Identity> {
        let ready = finding::document::<Ready>(&self.jobs.join(id), READY_FILE).ok()??;
        Some(Identity { pid: ready.pid, start_ticks: ready.start_ticks })
    }
}

fn of(process: &Identity, error: &std::io::Error) -> String {
    format!("process {}: {error}", process.pid)
}

/// The same directory, by whatever name.
fn same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path);
    one == other || matches!((real(one), real(other)), (Ok(one), Ok(other)) if one == other)
}
