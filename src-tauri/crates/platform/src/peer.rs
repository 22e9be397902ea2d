//! Who is at the other end of a Unix socket: its user, its process, what that descends from, its mark.
//!
//! Promise: the process is the one that connected and is looked at while it lives, so a pid that was used
//! again is never taken for it; what cannot be found out is unknown, with the reason.
//! Must not know: who may do what.

use crate::mark::Mark;
use crate::process::{Identity, raw_pid};
use crate::procfs::Stat;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{PidfdFlags, pidfd_open};
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

/// Deeper than any tree of processes that people start; a deeper one is made to be walked for long.
const LINEAGE_MAX: usize = 256;
/// Ancestors may end while they are looked at; this often the walk is begun anew.
const WALKS: u32 = 16;

/// The process at the other end, as the kernel knows it from when it connected.
#[derive(Debug)]
pub struct Peer {
    pub uid: u32,
    /// None when it is in no namespace that can be seen from here.
    pid: Option<u32>,
    /// Names that very process, whoever has its pid later. None when it is gone.
    process: Option<OwnedFd>,
}

/// Why a walk came to nothing.
enum Broken {
    /// A process ended meanwhile: another walk may succeed.
    Changed,
    Unknown(String),
}

impl Peer {
    pub fn of(socket: &impl AsFd) -> io::Result<Peer> {
        let fd = socket.as_fd().as_raw_fd();
        let mut told = libc::ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
        get(fd, libc::SO_PEERCRED, &mut told)?;
        let pid = u32::try_from(told.pid).ok().filter(|pid| *pid > 0);
        let process = pid.and_then(|pid| process_of(fd, pid));
        Ok(Peer { uid: told.uid, pid, process })
    }

    /// Whether it runs as this user. Root is another user too, unless we are root.
    pub fn is_me(&self) -> bool {
        self.uid == rustix::process::geteuid().as_raw()
    }

    /// The process and all that it descends from, itself first; or why that cannot be said.
    pub fn lineage(&self) -> Result<Vec<Identity>, String> {
        let lineage = self.lineage_with(|_| ())?;
        Ok(lineage.into_iter().map(|(process, ())| process).collect())
    }

    /// The same with what `look` reads of each: of that process, not of a later one with its pid.
    pub fn lineage_with<T>(&self, look: impl Fn(u32) -> T) -> Result<Vec<(Identity, T)>, String> {
        until_still(|| self.read(|pid| climb(pid, &look)))
    }

    /// The mark that the process has.
    pub fn mark(&self) -> Result<Mark, String> {
        self.read(Mark::of)?.map_err(|error| format!("its limits cannot be read: {error}"))
    }

    /// The pid it has now, for people.
    pub fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// What `look` reads of the process that has its pid, if that is still itself.
    fn read<T>(&self, look: impl Fn(u32) -> T) -> Result<T, String> {
        let Some(pid) = self.pid else {
            return Err("its process is in another namespace".to_owned());
        };
        let ended = || format!("process {pid} has ended");
        let Some(process) = &self.process else { return Err(ended()) };
        let read = look(pid);
        // Its pid is its own for as long as it lives: what was read is of it, or void.
        if has_ended(process) { Err(ended()) } else { Ok(read) }
    }
}

/// This process and all that it descends from, with what `look` reads of each, itself first; or why that
/// cannot be said.
pub fn own_lineage_with<T>(look: impl Fn(u32) -> T) -> Result<Vec<(Identity, T)>, String> {
    until_still(|| Ok(climb(std::process::id(), &look)))
}

type Climbed<T> = Result<Vec<(Identity, T)>, Broken>;

fn until_still<T>(
    climb: impl Fn() -> Result<Climbed<T>, String>,
) -> Result<Vec<(Identity, T)>, String> {
    for _ in 0..WALKS {
        match climb()? {
            Ok(lineage) => return Ok(lineage),
            Err(Broken::Changed) => {}
            Err(Broken::Unknown(why)) => return Err(why),
        }
    }
    Err("its ancestors change too fast".to_owned())
}

/// Each parent is read while its child still names it: a process whose parent ends gets another one. What is
/// read of a process stands between two looks at who that is.
fn climb<T>(pid: u32, look: &impl Fn(u32) -> T) -> Climbed<T> {
    let read = |pid: u32| {
        Stat::read(pid).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Broken::Changed,
            _ => Broken::Unknown(format!("process {pid}: {error}")),
        })
    };
    let mut lineage = Vec::new();
    let mut stat = read(pid)?;
    loop {
        if lineage.len() >= LINEAGE_MAX {
            let why = format!("process {pid} has more than {LINEAGE_MAX} ancestors");
            return Err(Broken::Unknown(why));
        }
        let looked = look(stat.pid);
        let parent = if stat.parent == 0 { None } else { Some(read(stat.parent)?) };
        let again = read(stat.pid)?;
        if (again.start_ticks, again.parent) != (stat.start_ticks, stat.parent) {
            return Err(Broken::Changed);
        }
        lineage.push((Identity { pid: stat.pid, start_ticks: stat.start_ticks }, looked));
        match parent {
            Some(parent) => stat = parent,
            None => return Ok(lineage),
        }
    }
}

fn get<T>(fd: i32, name: i32, value: &mut T) -> io::Result<()> {
    let mut len = libc::socklen_t::try_from(size_of::<T>()).map_err(io::Error::other)?;
    // SAFETY: `value` is a live, writable local of plain data, and `len` is its size.
    let got = unsafe {
        libc::getsockopt(fd, libc::SOL_SOCKET, name, std::ptr::from_mut(value).cast(), &raw mut len)
    };
    if got == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The process that connected. A kernel older than 6.5 knows only who has its pid now.
fn process_of(fd: i32, pid: u32) -> Option<OwnedFd> {
    let mut process = -1;
    match get(fd, libc::SO_PEERPIDFD, &mut process) {
        // SAFETY: the kernel has just made this descriptor for us alone.
        Ok(()) if process >= 0 => Some(unsafe { OwnedFd::from_raw_fd(process) }),
        Err(error) if error.raw_os_error() == Some(libc::ENOPROTOOPT) => {
            pidfd_open(raw_pid(pid).ok()?, PidfdFlags::empty()).ok()
        }
        // It is gone.
        Ok(()) | Err(_) => None,
    }
}

/// Whether the process that a descriptor holds has ended. It becomes readable then; one that cannot be asked
/// says nothing. A signal that comes while it is asked is no answer: hosts get some from their supervisor.
pub fn has_ended(process: &impl AsFd) -> bool {
    let mut fds = [PollFd::new(process, PollFlags::IN)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    loop {
        match poll(&mut fds, Some(&now)) {
            Err(Errno::INTR) => {}
            asked => return asked != Ok(0),
        }
    }
}
