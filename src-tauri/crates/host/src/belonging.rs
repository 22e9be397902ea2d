//! Which processes are a session's after the end of its host, when nothing says any more whom they descend from.
//!
//! What a session starts has the mark that its host gave it, or a lower one. The mark names session and home: it is
//! enough. Whoever lowered its mark has no name any more. Then the session's variable counts together with this
//! home, where nobody else's name is in the mark.
//!
//! Promise: a variable alone makes nobody a session's, nor does a home that was copied with its sessions. What has
//! no mark was never below a host. Where it cannot be said, a process is none of the session's.
//! Must not know: what becomes of them.

use crate::kin;
use nightshift_platform::census::Seen;
use nightshift_platform::dirs::{self, Home};
use nightshift_platform::mark::{Mark, Name};
use nightshift_platform::program::PROGRAM_NAME;
use std::path::{Path, PathBuf};

/// One session of this home, as its supervisor sees it.
#[derive(Debug)]
pub struct Belonging {
    /// The sessions' directories.
    jobs: PathBuf,
    id: String,
    name: Name,
    /// What the supervisor's own processes are not below.
    above: Mark,
}

impl Belonging {
    /// Of session `id` in `dir`.
    pub fn new(dir: &Path, id: &str) -> Belonging {
        let jobs = dir.parent().unwrap_or(dir).to_owned();
        let name = kin::name_of(&jobs, id);
        Belonging { jobs, id: id.to_owned(), name, above: Mark::remembered() }
    }

    /// Whether `seen` was started in the session.
    pub fn is_of(&self, seen: &Seen) -> bool {
        let Some(mark) = seen.mark else { return false };
        if mark.name() == Some(self.name) {
            return true;
        }
        let was_lowered = mark.is_below(self.above) && !self.is_anothers(mark);
        was_lowered && seen.has_value(&self.id) && self.is_at_home(seen.identity.pid)
    }

    /// Whether a host or a supervisor gave it, and not this session's host.
    fn is_anothers(&self, mark: Mark) -> bool {
        let anothers = |name: Name| {
            let is_ours = name.is_beside(self.name);
            !is_ours || name.id == PROGRAM_NAME || kin::is_named_here(&self.jobs, name)
        };
        mark.name().is_some_and(anothers)
    }

    fn is_at_home(&self, pid: u32) -> bool {
        let home = Home::of_process(pid).ok().flatten();
        home.is_some_and(|home| dirs::is_same(&home.jobs(), &self.jobs))
    }
}
