//! Processes: who they are, whether they live, what descends from them, how to signal them.
//!
//! Promise: a process is named by pid *and* start time, so a reused pid is never taken for it and
//! never signalled; what cannot be read is unknown, never gone.
//! Must not know: why anyone wants to know or to end them.

use crate::clock;
use crate::exhausted::is_exhausted;
use crate::procfs::{self, Stat};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One process for its whole life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    pub pid: u32,
    /// Kernel start time in clock ticks since boot.
    pub start_ticks: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Liveness3 {
    Alive,
    /// No such process, another process with its pid, or a zombie.
    Gone,
    /// Could not be found out; the reason for people.
    Unknown(String),
}

impl Identity {
    /// The process that has this pid now; `NotFound` when there is none.
    pub fn of(pid: u32) -> io::Result<Identity> {
        Stat::read(pid).map(|stat| Identity { pid, start_ticks: stat.start_ticks })
    }

    /// This process.
    pub fn own() -> io::Result<Identity> {
        Identity::of(std::process::id())
    }

    pub fn liveness(&self) -> Liveness3 {
        match Stat::read(self.pid) {
            Ok(stat) if stat.start_ticks != self.start_ticks || stat.is_zombie() => Liveness3::Gone,
            Ok(_) => Liveness3::Alive,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Liveness3::Gone,
            Err(error) => Liveness3::Unknown(format!("process {}: {error}", self.pid)),
        }
    }
}

/// A process that lives and does nothing until somebody lets it go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standstill {
    /// By a signal (SIGSTOP, SIGTSTP).
    Stopped,
    /// By whoever traces it.
    Traced,
}

impl Standstill {
    /// What lets process `pid` go on.
    pub fn way_on(self, pid: u32) -> String {
        match self {
            Standstill::Stopped => format!("resume it with `kill -CONT {pid}`"),
            Standstill::Traced => format!("let that go of it (`grep Tracer /proc/{pid}/status`)"),
        }
    }
}

impl std::fmt::Display for Standstill {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Standstill::Stopped => "stopped by a signal",
            Standstill::Traced => "stopped by a debugger",
        })
    }
}

impl Identity {
    /// For how long it has been running, suspends included.
    pub fn age(&self) -> Duration {
        let per_second = rustix::param::clock_ticks_per_second().max(1);
        let started_ms = self.start_ticks.saturating_mul(1000) / per_second;
        Duration::from_millis(clock::since_boot_ms().saturating_sub(started_ms))
    }

    /// Whether it stands still; none where it does not, is gone, or cannot be looked at.
    pub fn standstill(&self) -> Option<Standstill> {
        let stat = Stat::read(self.pid).ok().filter(|stat| stat.start_ticks == self.start_ticks)?;
        match stat.state {
            b'T' => Some(Standstill::Stopped),
            b't' => Some(Standstill::Traced),
            _ => None,
        }
    }
}

/// Identifies this boot of the machine: after another one every pid is void.
pub fn boot_id() -> io::Result<String> {
    Ok(std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

/// Every live process below `pid`, parents before children; `pid` itself is not among them.
///
/// One walk is a moment's picture: a process that forks during the walk may hide its child. Whoever
/// ends them all walks again until nothing is found.
pub fn descendants(pid: u32) -> io::Result<Vec<Identity>> {
    walk(pid, &|_| Ok(false))
}

/// Says of a process that it is none of those which are looked for. An error stops the look: nobody
/// is told to be gone, or ended, because that could not be found out.
pub type Spare<'a> = &'a dyn Fn(&Identity) -> io::Result<bool>;

/// The same without those that `spare` says, and without what is below them.
pub fn descendants_without(pid: u32, spare: Spare<'_>) -> io::Result<Vec<Identity>> {
    walk(pid, spare)
}

/// Whether `pid` runs the program that this process runs: the same file, or, after an update, the
/// file of its name. A process can choose its arguments, its name and its variables, not this. False
/// for a process that is gone or another user's.
pub fn runs_our_program(pid: u32) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let own = "/proc/self/exe";
    let theirs = format!("/proc/{pid}/exe");
    let file = |link: &str| looked(std::fs::metadata(link).map(|file| (file.dev(), file.ino())));
    // The kernel adds this to the name of a file that was replaced.
    const REPLACED: &[u8] = b" (deleted)";
    let name = |link: &str| {
        let read = looked(std::fs::read_link(link))?;
        io::Result::Ok(read.map(|path| {
            let bytes = path.as_os_str().as_bytes();
            bytes.strip_suffix(REPLACED).unwrap_or(bytes).to_owned()
        }))
    };
    let is = file(&theirs)?;
    if is.is_some() && is == file(own)? {
        return Ok(true);
    }
    let (theirs, own) = (name(&theirs)?, name(own)?);
    Ok(theirs.is_some() && theirs == own)
}

/// A process that ended since the listing, or one of another user, has no place in the picture. Not
/// being able to look is another thing: nobody must be taken for gone because descriptors ran out.
pub(crate) fn looked<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if is_exhausted(&error) => Err(error),
        Err(_) => Ok(None),
    }
}

fn walk(pid: u32, spared: Spare<'_>) -> io::Result<Vec<Identity>> {
    let mut children: BTreeMap<u32, Vec<Stat>> = BTreeMap::new();
    for candidate in procfs::pids()? {
        if let Some(stat) = looked(Stat::read(candidate))? {
            children.entry(stat.parent).or_default().push(stat);
        }
    }
    let mut found = Vec::new();
    let mut seen = BTreeSet::from([pid]);
    let mut next = vec![pid];
    while let Some(parent) = next.pop() {
        for stat in children.get(&parent).into_iter().flatten() {
            // Pids may be reused during the walk: without this a circle would never end.
            let identity = Identity { pid: stat.pid, start_ticks: stat.start_ticks };
            if !seen.insert(stat.pid) || spared(&identity)? {
                continue;
            }
            next.push(stat.pid);
            if !stat.is_zombie() {
                found.push(identity);
            }
        }
    }
    Ok(found)
}

/// Whose files and processes are ours.
pub fn own_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether this process runs as root.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Live processes of this user that were *started* with `name=value` in their environment.
pub fn find_by_env(name: &str, value: &str) -> io::Result<Vec<Identity>> {
    // Unreadable means another user's, or gone: not ours.
    find(|pid| {
        let variables = looked(Variables::of(pid))?;
        Ok(variables.is_some_and(|all| all.values(name).any(|v| v == value.as_bytes())))
    })
}

/// The same without those that `spare` says.
pub fn find_by_env_without(name: &str, value: &str, spare: Spare<'_>) -> io::Result<Vec<Identity>> {
    let mut found = Vec::new();
    for identity in find_by_env(name, value)? {
        if !spare(&identity)? {
            found.push(identity);
        }
    }
    Ok(found)
}

/// Live processes of this user that were started with exactly these arguments after the program.
pub fn find_by_arguments(arguments: &[&OsStr]) -> io::Result<Vec<Identity>> {
    let wanted: Vec<u8> =
        arguments.iter().flat_map(|a| a.as_bytes().iter().copied().chain([0])).collect();
    find(|pid| {
        let line = looked(procfs::read(pid, "cmdline"))?.unwrap_or_default();
        let program = line.iter().position(|&b| b == 0);
        Ok(program.is_some_and(|end| line[end + 1..] == wanted))
    })
}

fn find(fits: impl Fn(u32) -> io::Result<bool>) -> io::Result<Vec<Identity>> {
    let mut found = Vec::new();
    for pid in procfs::pids()? {
        let Some(stat) = looked(Stat::read(pid))? else { continue };
        if !stat.is_zombie() && !stat.of_kernel && fits(pid)? {
            found.push(Identity { pid, start_ticks: stat.start_ticks });
        }
    }
    Ok(found)
}

/// A process that works in some directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupant {
    pub identity: Identity,
    /// The program's name, at most 15 bytes of it (the kernel keeps no more).
    pub name: String,
}

/// Live processes whose working directory is `dir` or below it, this process among them. `dir` must
/// be absolute and free of symbolic links. Those of other users cannot be seen.
pub fn working_below(dir: &Path) -> io::Result<Vec<Occupant>> {
    let found = working_where(|cwd| cwd.starts_with(dir))?;
    Ok(found.into_iter().map(|(_, occupant)| occupant).collect())
}

/// All live processes that can be seen, each with its working directory.
pub fn working() -> io::Result<Vec<(PathBuf, Occupant)>> {
    working_where(|_| true)
}

fn working_where(wanted: impl Fn(&Path) -> bool) -> io::Result<Vec<(PathBuf, Occupant)>> {
    let mut found = Vec::new();
    for pid in procfs::pids()? {
        let Ok(cwd) = std::fs::read_link(format!("/proc/{pid}/cwd")) else { continue };
        if !wanted(&cwd) {
            continue;
        }
        let Ok(stat) = Stat::read(pid) else { continue };
        if !stat.is_zombie() {
            let name = procfs::read(pid, "comm").unwrap_or_default();
            let name = String::from_utf8_lossy(&name).trim().to_owned();
            let identity = Identity { pid, start_ticks: stat.start_ticks };
            found.push((cwd, Occupant { identity, name }));
        }
    }
    Ok(found)
}

/// The variables that a process of this user was started with, as the kernel keeps them.
#[derive(Debug)]
pub struct Variables(Vec<u8>);

impl Variables {
    pub fn of(pid: u32) -> io::Result<Variables> {
        procfs::read(pid, "environ").map(Variables)
    }

    /// What `name` is set to. A process may have been given one name twice.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let value = move |entry: &'a [u8]| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=");
        self.0.split(|&b| b == 0).filter_map(value)
    }
}

/// The environment a process of this user was started with.
pub fn environment(pid: u32) -> io::Result<BTreeMap<String, String>> {
    let Variables(environ) = Variables::of(pid)?;
    let pair = |entry: &[u8]| {
        let text = String::from_utf8_lossy(entry);
        text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    Ok(environ.split(|&b| b == 0).filter_map(pair).collect())
}

/// The words a process of this user was started with, its program's first.
pub fn arguments(pid: u32) -> io::Result<Vec<OsString>> {
    let line = procfs::read(pid, "cmdline")?;
    let line = line.strip_suffix(b"\0").unwrap_or(&line);
    Ok(line.split(|&b| b == 0).map(|word| OsStr::from_bytes(word).to_owned()).collect())
}

pub(crate) fn raw_pid(pid: u32) -> io::Result<Pid> {
    let raw = i32::try_from(pid).ok().and_then(Pid::from_raw);
    raw.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, format!("{pid} is no pid")))
}

pub(crate) fn named_signal(signal: i32) -> io::Result<Signal> {
    let no = || io::Error::new(io::ErrorKind::InvalidInput, format!("signal {signal} is unknown"));
    Signal::from_named_raw(signal).ok_or_else(no)
}

/// A descriptor that becomes readable when the process ends. `NotFound` when it is gone already.
pub fn pidfd(identity: &Identity) -> io::Result<OwnedFd> {
    let gone =
        || io::Error::new(io::ErrorKind::NotFound, format!("process {} is gone", identity.pid));
    let fd = pidfd_open(raw_pid(identity.pid)?, PidfdFlags::empty())
        .map_err(|error| if error == rustix::io::Errno::SRCH { gone() } else { error.into() })?;
    // The descriptor pins whoever has the pid now; only then is it worth asking who that is.
    match Stat::read(identity.pid) {
        Ok(stat) if stat.start_ticks == identity.start_ticks => Ok(fd),
        Ok(_) => Err(gone()),
        Err(error) => Err(error),
    }
}

/// Signals exactly this process. `NotFound` when it is gone; a reused pid is left alone.
pub fn signal(identity: &Identity, signal: i32) -> io::Result<()> {
    let signal = named_signal(signal)?;
    pidfd_send_signal(pidfd(identity)?, signal).map_err(|error| {
        if error == rustix::io::Errno::SRCH {
            io::Error::new(io::ErrorKind::NotFound, format!("process {} is gone", identity.pid))
        } else {
            error.into()
        }
    })
}

/// Signals the process group that `leader` leads. `NotFound` when the leader is gone: its pid may
/// then name another group.
pub fn signal_group(leader: &Identity, signal: i32) -> io::Result<()> {
    let signal = named_signal(signal)?;
    // Held over the call: the leader may die, but its pid is not given away while it is a zombie.
    let _pinned = pidfd(leader)?;
    Ok(rustix::process::kill_process_group(raw_pid(leader.pid)?, signal)?)
}

/// Makes orphaned descendants come back to this process instead of to init.
pub fn become_subreaper() -> io::Result<()> {
    Ok(rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?)
}

/// A child that has ended and is now forgotten by the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reaped {
    pub pid: u32,
    pub code: Option<i32>,
    pub signal: Option<i32>,
    /// Its own use and that of the children it waited for.
    pub user_time_ms: u64,
    pub system_time_ms: u64,
    pub max_rss_kib: u64,
}

/// What `reap` found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reap {
    Ended(Reaped),
    /// Children live; none has ended since.
    NoneEnded,
    /// No child is left. For a subreaper: no descendant is left.
    NoChildren,
}

/// Takes one ended child of this process (an adopted orphan too), however that was made.
///
/// Whoever calls this takes every child's status: never beside a `std::process::Child` that others
/// wait for.
pub fn reap() -> io::Result<Reap> {
    let mut status = 0;
    // SAFETY: rusage is plain data for which zeroes are a valid value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live, writable locals of the right type.
    let pid =
        unsafe { libc::wait4(-1, &raw mut status, libc::WNOHANG | libc::__WALL, &raw mut usage) };
    match pid {
        0 => return Ok(Reap::NoneEnded),
        -1 => {
            let error = io::Error::last_os_error();
            let none_left = error.raw_os_error() == Some(libc::ECHILD);
            return if none_left { Ok(Reap::NoChildren) } else { Err(error) };
        }
        _ => {}
    }
    let ms = |time: libc::timeval| {
        u64::try_from(time.tv_sec).unwrap_or(0) * 1000
            + u64::try_from(time.tv_usec).unwrap_or(0) / 1000
    };
    Ok(Reap::Ended(Reaped {
        pid: u32::try_from(pid).unwrap_or(0),
        code: libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)),
        signal: libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status)),
        user_time_ms: ms(usage.ru_utime),
        system_time_ms: ms(usage.ru_stime),
        max_rss_kib: u64::try_from(usage.ru_maxrss).unwrap_or(0),
    }))
}
