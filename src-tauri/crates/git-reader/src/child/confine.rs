//! The limits of a child: memory, processor time, wall clock, files, no core, no programs.
//!
//! Promise: taken before the first byte of a repository is read; from then on the kernel ends what
//! goes beyond them, whether the parent lives or not.

use crate::limits::{
    ADDRESS_SPACE_MAX_BYTES, DATA_MAX_BYTES, FILES_MAX, ORPHAN_GRACE, PACK_MAPPED_MAX_BYTES,
    PACK_WINDOW_BYTES, WRITE_MAX_BYTES,
};
use git2::{ConfigLevel, opts};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use std::io;

/// Bounds that hold from now on for good.
const FOR_GOOD: &[(Resource, u64)] = &[
    (Resource::As, ADDRESS_SPACE_MAX_BYTES),
    (Resource::Data, DATA_MAX_BYTES),
    (Resource::Nofile, FILES_MAX),
    (Resource::Fsize, WRITE_MAX_BYTES),
    (Resource::Core, 0),
    // No process and no thread.
    (Resource::Nproc, 0),
];
/// The user's files of configuration: what they say comes with a request.
const USER_LEVELS: &[ConfigLevel] =
    &[ConfigLevel::System, ConfigLevel::ProgramData, ConfigLevel::XDG, ConfigLevel::Global];

/// Once, while there is one thread.
pub fn begin() -> io::Result<()> {
    for signal in [libc::SIGALRM, libc::SIGXCPU, libc::SIGXFSZ] {
        // SAFETY: signal(2) with SIG_DFL installs no handler.
        if unsafe { libc::signal(signal, libc::SIG_DFL) } == libc::SIG_ERR {
            return Err(io::Error::last_os_error());
        }
    }
    libgit2().map_err(io::Error::other)?;
    crate::child::sandbox::enter()?;
    for (resource, max) in FOR_GOOD {
        lower(*resource, *max)?;
    }
    Ok(())
}

fn libgit2() -> Result<(), git2::Error> {
    for level in USER_LEVELS {
        // SAFETY: no other thread is there that could read the path meanwhile.
        unsafe { opts::set_search_path(*level, "") }?;
    }
    // SAFETY: as above.
    unsafe {
        opts::set_mwindow_size(PACK_WINDOW_BYTES)?;
        opts::set_mwindow_mapped_limit(PACK_MAPPED_MAX_BYTES)
    }
}

/// Sets a limit that cannot be raised again; one that is lower already stays.
fn lower(resource: Resource, max: u64) -> io::Result<()> {
    let hard = getrlimit(resource).maximum.map_or(max, |now| now.min(max));
    Ok(setrlimit(resource, Rlimit { current: Some(hard), maximum: Some(hard) })?)
}

/// The time of one look; when it is over the kernel ends this process. Given back when dropped.
#[derive(Debug)]
pub struct Time(());

impl Time {
    pub fn begin(wall_ms: u64, cpu_s: u32) -> io::Result<Time> {
        let used = clock_gettime(ClockId::ProcessCPUTime).tv_sec;
        // Rounded up: whole seconds are counted, and a look must not be given less.
        let cpu_s = u64::try_from(used).unwrap_or(0) + u64::from(cpu_s) + 1;
        let hard = getrlimit(Resource::Cpu).maximum;
        let current = Some(hard.map_or(cpu_s, |hard| hard.min(cpu_s)));
        setrlimit(Resource::Cpu, Rlimit { current, maximum: hard })?;
        let wall_s = wall_ms.div_ceil(1000).saturating_add(ORPHAN_GRACE.as_secs());
        alarm(u32::try_from(wall_s).unwrap_or(u32::MAX));
        Ok(Time(()))
    }
}

impl Drop for Time {
    fn drop(&mut self) {
        alarm(0);
    }
}

fn alarm(seconds: u32) {
    // SAFETY: alarm(2) takes a number and touches no memory. It says what was left of an older one:
    // there is none.
    unsafe { libc::alarm(seconds) };
}
