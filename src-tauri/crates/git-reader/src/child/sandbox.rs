//! What the kernel refuses to a child, even if libgit2 were taken over by a hostile pack.
//!
//! Promise: after `enter` no program can be executed, no process or socket made, no file written,
//! made, renamed or deleted, as far as the kernel knows how (Landlock since 5.13, seccomp filters).
//! A kernel without them still has the limits.

use std::io;

/// landlock(7): every right that its first version knows but reading files and directories.
const REFUSED_FILE_RIGHTS: u64 = ACCESS_EXECUTE | ACCESS_WRITE_FILE | ACCESS_CHANGE_DIRECTORY;
const ACCESS_EXECUTE: u64 = 1;
const ACCESS_WRITE_FILE: u64 = 1 << 1;
/// Removing, making and renaming of directories, files, links, sockets, pipes and devices.
const ACCESS_CHANGE_DIRECTORY: u64 = 0x1ff0;
/// Since its third version.
const ACCESS_TRUNCATE: u64 = 1 << 14;
const KNOWS_TRUNCATE: libc::c_long = 3;
const ASK_FOR_VERSION: libc::c_uint = 1;

/// System calls that nothing here needs.
const REFUSED_CALLS: &[libc::c_long] = &[
    libc::SYS_execve,
    libc::SYS_execveat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_fork,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_vfork,
    libc::SYS_clone,
    libc::SYS_clone3,
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_pidfd_send_signal,
    libc::SYS_io_uring_setup,
    libc::SYS_bpf,
    libc::SYS_mount,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_chroot,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_userfaultfd,
    libc::SYS_perf_event_open,
];
/// Architecture of this process's calls, audit(7).
#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: Option<u32> = Some(0xc000_003e);
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: Option<u32> = Some(0xc000_00b7);
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const ARCHITECTURE: Option<u32> = None;
/// Calls of the x32 kind have this bit and other numbers.
const X32_BIT: u32 = 0x4000_0000;
/// Offsets in `struct seccomp_data`.
const DATA_NUMBER: u32 = 0;
const DATA_ARCHITECTURE: u32 = 4;

/// Arguments of prctl(2) are read as longs.
const YES: libc::c_ulong = 1;
const NONE: libc::c_ulong = 0;

/// For good, for this process.
pub fn enter() -> io::Result<()> {
    refuse_new_rights()?;
    refuse_writing()?;
    refuse_calls()
}

/// Without this an unprivileged process gets none of the others.
fn refuse_new_rights() -> io::Result<()> {
    // SAFETY: this call takes numbers and touches no memory.
    let set = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, YES, NONE, NONE, NONE) };
    if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// An empty set of rules: what the set handles is refused everywhere.
fn refuse_writing() -> io::Result<()> {
    const NO_RULES: *const u64 = std::ptr::null();
    // SAFETY: with this flag the call takes no memory; it says which version the kernel knows.
    let version =
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, NO_RULES, 0, ASK_FOR_VERSION) };
    if version < 0 {
        return known_to_lack(io::Error::last_os_error());
    }
    let truncating = if version >= KNOWS_TRUNCATE { ACCESS_TRUNCATE } else { 0 };
    let rights = REFUSED_FILE_RIGHTS | truncating;
    // SAFETY: the kernel reads 8 bytes from a live local, as the size says.
    let made = unsafe {
        libc::syscall(libc::SYS_landlock_create_ruleset, &raw const rights, size_of::<u64>(), 0)
    };
    if made < 0 {
        return known_to_lack(io::Error::last_os_error());
    }
    let set = i32::try_from(made).map_err(io::Error::other)?;
    // SAFETY: a descriptor that was just made, and no flags.
    let entered = unsafe { libc::syscall(libc::SYS_landlock_restrict_self, set, 0) };
    let result = if entered < 0 { Err(io::Error::last_os_error()) } else { Ok(()) };
    // SAFETY: this descriptor is nobody else's.
    drop(unsafe { <std::os::fd::OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(set) });
    result
}

fn refuse_calls() -> io::Result<()> {
    let Some(architecture) = ARCHITECTURE else { return Ok(()) };
    let program = filter(architecture)?;
    let length = u16::try_from(program.len()).map_err(io::Error::other)?;
    let filter = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut() };
    const MODE: libc::c_ulong = libc::SECCOMP_MODE_FILTER as libc::c_ulong;
    // SAFETY: `filter` points to `length` instructions that live until the call is over; the kernel
    // only reads them.
    let set = unsafe { libc::prctl(libc::PR_SET_SECCOMP, MODE, &raw const filter, NONE, NONE) };
    if set == 0 { Ok(()) } else { known_to_lack(io::Error::last_os_error()) }
}

/// A kernel without the means is not an error.
fn known_to_lack(error: io::Error) -> io::Result<()> {
    match error.raw_os_error() {
        Some(libc::ENOSYS | libc::EOPNOTSUPP | libc::EINVAL) => Ok(()),
        _ => Err(error),
    }
}

/// Calls of another architecture end the process, refused ones fail with EPERM, others pass.
fn filter(architecture: u32) -> io::Result<Vec<libc::sock_filter>> {
    const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let step = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let end = step(RETURN, 0, 0, libc::SECCOMP_RET_KILL_PROCESS);
    let refuse = libc::SECCOMP_RET_ERRNO | u32::try_from(libc::EPERM).map_err(io::Error::other)?;
    let mut program = vec![
        step(LOAD, 0, 0, DATA_ARCHITECTURE),
        step(EQUAL, 1, 0, architecture),
        end,
        step(LOAD, 0, 0, DATA_NUMBER),
        step(AT_LEAST, 0, 1, X32_BIT),
        end,
    ];
    for call in REFUSED_CALLS {
        let number = u32::try_from(*call).map_err(io::Error::other)?;
        program.push(step(EQUAL, 0, 1, number));
        program.push(step(RETURN, 0, 0, refuse));
    }
    program.push(step(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW));
    Ok(program)
}
