//! A mark that a process has for good, and with it all that it starts: that it was started in a session.
//!
//! It is the hard limit for file locks (`RLIMIT_LOCKS`), which Linux passes on and has not looked at since
//! version 2.5. A process may lower its hard limits and not raise them, whatever becomes of its parents,
//! its environment and its process group; only the capability `CAP_SYS_RESOURCE` may. So who has a lower
//! one than we have was started below a mark.
//! Promise: a mark is below that of whoever gave it; where none can be given that is an error.
//! Must not know: sessions, who may do what.

use crate::process::raw_pid;
use crate::procfs;
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};
use std::io;
use std::sync::OnceLock;

/// The line of proc_pid_limits(5), up to its values: soft, then hard.
const LINE: &str = "Max file locks";
const UNLIMITED: &str = "unlimited";
/// Bits of a name: an id, and above it the home that the id is one of. What is above both says how deep a mark
/// lies, so that one below it is always lower.
const ID_BITS: u32 = 32;
const HOME_BITS: u32 = 20;
const NAME_BITS: u32 = ID_BITS + HOME_BITS;
/// Marks deeper than this have no names: what was given as a mark is told from numbers that somebody chose.
const NAMED_DEPTHS: u64 = 256;
const TOP: u64 = u64::MAX >> NAME_BITS;
const LOWEST_NAMED: u64 = TOP - NAMED_DEPTHS;

/// What a process that cannot be marked ends with. Only the number of an error comes from a child to its
/// parent; nothing else that happens between fork and exec fails with this one.
const NOT_MARKED: Errno = Errno::NOLCK;
const UNMARKED: &str = "its limit for file locks (`ulimit -x`) cannot be lowered, by which what it starts is told from \
                        the user; a limit of 0 or a sandbox may be the cause, so start Nightshift without it";

static STARTED_WITH: OnceLock<Mark> = OnceLock::new();

/// Whom a mark was given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// Which home `id` is one of (`dirs::tag`); 0 for none.
    home: u32,
    pub id: u32,
}

impl Name {
    pub fn new(home: u32, id: u32) -> Name {
        Name { home: home & (u32::MAX >> (u32::BITS - HOME_BITS)), id }
    }

    /// Whether it is one of the same home.
    pub fn is_beside(self, other: Name) -> bool {
        self.home == other.home
    }
}

/// One of no home.
impl From<u32> for Name {
    fn from(id: u32) -> Name {
        Name::new(0, id)
    }
}

/// A hard limit for file locks; `u64::MAX` where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mark(u64);

impl Mark {
    /// What nobody has marked.
    pub const NONE: Mark = Mark(u64::MAX);

    /// This process's.
    pub fn own() -> Mark {
        Mark(getrlimit(Resource::Locks).maximum.unwrap_or(u64::MAX))
    }

    /// The one that this process had when this was first called, which `main` does before all else. Any
    /// process of the same user may lower it later, so others are compared with this one.
    pub fn remembered() -> Mark {
        *STARTED_WITH.get_or_init(Mark::own)
    }

    /// Whether nobody has lowered it since. What is started after that has a mark too low to be trusted.
    pub fn is_as_remembered() -> bool {
        Mark::remembered() == Mark::own()
    }

    /// That of the process which has this pid now; `NotFound` when there is none.
    pub fn of(pid: u32) -> io::Result<Mark> {
        match Mark::asked(pid) {
            // Another user's, as that of a program with a set user id is. Its file may be read by all.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Mark::read(pid),
            asked => asked,
        }
    }

    /// By one call of the kernel, where a file takes four.
    fn asked(pid: u32) -> io::Result<Mark> {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: nothing is set, and `limit` is a live, writable local of the right type.
        let asked = unsafe {
            let pid = raw_pid(pid)?.as_raw_nonzero().get();
            libc::prlimit(pid, libc::RLIMIT_LOCKS, std::ptr::null(), &raw mut limit)
        };
        match asked {
            0 => Ok(Mark(limit.rlim_max)),
            _ => Err(procfs::named(io::Error::last_os_error())),
        }
    }

    fn read(pid: u32) -> io::Result<Mark> {
        let text = procfs::read(pid, "limits")?;
        let text = String::from_utf8_lossy(&text);
        let unreadable = || io::Error::other(format!("/proc/{pid}/limits cannot be understood"));
        Mark::parse(&text).ok_or_else(unreadable)
    }

    fn parse(text: &str) -> Option<Mark> {
        let values = text.lines().find_map(|line| line.strip_prefix(LINE))?;
        match values.split_ascii_whitespace().nth(1)? {
            UNLIMITED => Some(Mark::NONE),
            number => number.parse().ok().map(Mark),
        }
    }

    /// One that lies below this, with a name.
    pub fn below(self, name: impl Into<Name>) -> Mark {
        let Name { home, id } = name.into();
        match (self.0 >> NAME_BITS).checked_sub(1).filter(|depth| *depth >= LOWEST_NAMED) {
            Some(depth) => Mark(depth << NAME_BITS | u64::from(home) << ID_BITS | u64::from(id)),
            // There is no room for a name.
            None => Mark(self.0.saturating_sub(1)),
        }
    }

    /// The name that it was given. A process may have lowered its mark since: then it is another one, or none.
    pub fn name(self) -> Option<Name> {
        let named = (LOWEST_NAMED..TOP).contains(&(self.0 >> NAME_BITS));
        let part = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).unwrap_or_default();
        named.then(|| Name::new(part(self.0 >> ID_BITS), part(self.0)))
    }

    /// Whether it is what one of some home gave to `id`, directly below `above`.
    pub fn is_of(self, id: u32, above: Mark) -> bool {
        self.name().is_some_and(|name| name.id == id && self == above.below(name))
    }

    /// The name of a session, from its id.
    pub fn name_of(id: &str) -> Option<u32> {
        u32::from_str_radix(id, 16).ok()
    }

    /// Whether its process was started by one that had a mark below `other`, or has one itself.
    pub fn is_below(self, other: Mark) -> bool {
        self < other
    }

    /// Whether it was given as far down as `other`, or further, whatever their names.
    pub fn is_as_deep_as(self, other: Mark) -> bool {
        self.0 >> NAME_BITS <= other.0 >> NAME_BITS
    }

    /// Gives it to this process, for good; an error is `NOT_MARKED`. Async-signal-safe.
    pub fn take(self) -> io::Result<()> {
        let limit = Some(self.0);
        let is_below = self.is_below(Mark::own());
        let taken = is_below
            && setrlimit(Resource::Locks, Rlimit { current: limit, maximum: limit }).is_ok();
        // Where numbers are shorter the kernel may have made "no limit" of it.
        if taken && Mark::own() == self { Ok(()) } else { Err(NOT_MARKED.into()) }
    }

    /// Says what it means that none could be taken, here or by a child before it became its program. Other
    /// errors stay as they are.
    pub fn explain(error: io::Error) -> io::Error {
        match error.raw_os_error() == Some(NOT_MARKED.raw_os_error()) {
            true => io::Error::new(io::ErrorKind::Unsupported, UNMARKED),
            false => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More than the kernel ever gives.
    const NOBODY: u32 = 1 << 30;

    #[test]
    fn security_06_a_mark_lies_below_what_gave_it_whatever_its_name() {
        for name in [0, 7, u32::MAX] {
            let mut above = Mark::NONE;
            for _ in 0..100 {
                let mark = above.below(name);
                assert!(mark.is_below(above) && !above.is_below(mark) && !mark.is_below(mark));
                assert_eq!(mark.name(), Some(name.into()));
                let of_a_home = above.below(Name::new(u32::MAX, name));
                assert!(mark.is_below(of_a_home) && of_a_home.is_below(above));
                assert!(of_a_home.is_of(name, above) && !of_a_home.is_of(name, mark));
                assert!(!of_a_home.is_of(name.wrapping_add(1), above));
                assert_ne!(of_a_home.name(), mark.name());
                above = mark;
            }
        }
        assert_eq!(Mark::NONE.name(), None);
        let low = Mark(5);
        assert!(low.below(7).is_below(low) && low.below(7).name().is_none());
        for chosen in [0, 5, u64::from(u32::MAX), u64::MAX / 2] {
            assert_eq!(Mark(chosen).name(), None, "{chosen} was given to nobody");
        }
        assert!(!Mark(0).below(7).is_below(Mark(0)), "nothing is below nothing");
    }

    #[test]
    fn a_limit_is_read_as_the_kernel_writes_it() {
        let line = |soft: &str, hard: &str| {
            format!(
                "Max locked memory  8388608  8388608  bytes\n{LINE}   {soft}   {hard}   locks\n"
            )
        };
        assert_eq!(Mark::parse(&line(UNLIMITED, UNLIMITED)), Some(Mark::NONE));
        assert_eq!(Mark::parse(&line("5", "7")), Some(Mark(7)));
        assert_eq!(Mark::parse(&line("5", "18437736874454810631")), Some(Mark::NONE.below(7)));
        for broken in ["", "Max file locks", "Max file locks 5", "Max file locks 5 x locks"] {
            assert_eq!(Mark::parse(broken), None, "{broken}");
        }
        let own = std::process::id();
        assert_eq!(Mark::asked(own).unwrap(), Mark::own());
        assert_eq!(Mark::read(own).unwrap(), Mark::own());
        for look in [Mark::of, Mark::asked, Mark::read] {
            assert_eq!(look(NOBODY).unwrap_err().kind(), io::ErrorKind::NotFound);
        }
    }
}
