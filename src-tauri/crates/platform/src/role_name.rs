//! A second hold on a role, by a name that lives in the kernel: deleting files does not free it.
//!
//! The lock file decides in every ordinary case. When somebody deletes the directory it lies in,
//! a newcomer would lock a fresh file and become a second holder beside the first; this name is
//! what it then finds taken. Other systems than Linux have no such names: there the file alone
//! decides.
//!
//! Promise: never waits; another user's process that squats on the name is passed over.
//! Must not know: what the role is.

#[cfg(target_os = "linux")]
use crate::procfs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// The role of whoever supervises a state directory.
pub const SUPERVISOR: &str = "supervisor";

/// Between a holder's end and our second try another newcomer may come; this often we start over.
#[cfg(target_os = "linux")]
const ATTEMPTS: u32 = 8;
/// What `/proc/net/unix` has in its column of flags for a socket that listens.
#[cfg(target_os = "linux")]
const LISTENS: &str = "00010000";

/// The name, held until this is dropped or the process ends.
#[derive(Debug)]
pub struct RoleName {
    _socket: Option<OwnedFd>,
}

#[derive(Debug)]
pub enum Claim {
    Held(RoleName),
    /// Another process of this user holds it; its pid where the kernel tells.
    Taken {
        pid: Option<u32>,
    },
}

/// Claims the name of the role `role` over `dir`, which must exist.
#[cfg(target_os = "linux")]
pub fn claim(role: &str, dir: &Path) -> io::Result<Claim> {
    use rustix::io::Errno;
    use rustix::net::{
        AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, listen, socket_with,
    };
    let open = || {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
    };
    let address = SocketAddrUnix::new_abstract_name(name(role, dir)?.as_bytes())?;
    for _ in 0..ATTEMPTS {
        let socket = open()?;
        match bind(&socket, &address) {
            Ok(()) => {
                listen(&socket, 1)?;
                return Ok(Claim::Held(RoleName { _socket: Some(socket) }));
            }
            Err(Errno::ADDRINUSE) => {}
            Err(error) => return Err(error.into()),
        }
        let probe = open()?;
        match connect(&probe, &address) {
            Ok(()) => {
                let holder = rustix::net::sockopt::socket_peercred(&probe)?;
                if holder.uid != rustix::process::geteuid() {
                    return Ok(Claim::Held(RoleName { _socket: None }));
                }
                let pid = u32::try_from(holder.pid.as_raw_nonzero().get()).ok();
                return Ok(Claim::Taken { pid });
            }
            // Others have asked before us and nobody takes their questions: it is held.
            Err(Errno::AGAIN) => return Ok(Claim::Taken { pid: holder(role, dir) }),
            // The holder ended since, or is between its two calls.
            Err(_) => {}
        }
    }
    Ok(Claim::Taken { pid: None })
}

#[cfg(not(target_os = "linux"))]
pub fn claim(_role: &str, _dir: &Path) -> io::Result<Claim> {
    Ok(Claim::Held(RoleName { _socket: None }))
}

/// Who holds the name, by the kernel's lists: no question is asked, so this can be known again and again.
/// None where nobody does, where it is another user's process, and where there are no such lists.
#[cfg(target_os = "linux")]
pub fn holder(role: &str, dir: &Path) -> Option<u32> {
    let name = format!("@{}", name(role, dir).ok()?);
    let sockets = std::fs::read_to_string("/proc/net/unix").ok()?;
    // proc_net(5): `Num RefCount Protocol Flags Type St Inode Path`; who only asked has the path too.
    let inode = sockets.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, _, _, LISTENS, _, _, inode, path] = words.as_slice() else { return None };
        (*path == name).then(|| format!("socket:[{inode}]"))
    })?;
    procfs::pids().ok()?.into_iter().find(|pid| {
        let open = std::fs::read_dir(format!("/proc/{pid}/fd"));
        let is_it = |entry: std::fs::DirEntry| {
            std::fs::read_link(entry.path()).is_ok_and(|at| at.as_os_str() == inode.as_str())
        };
        open.is_ok_and(|open| open.flatten().any(is_it))
    })
}

#[cfg(not(target_os = "linux"))]
pub fn holder(_role: &str, _dir: &Path) -> Option<u32> {
    None
}

/// Same for every build and every spelling of the path. Names are short, paths may not be: FNV-1a.
#[cfg(target_os = "linux")]
fn name(role: &str, dir: &Path) -> io::Result<String> {
    use std::os::unix::ffi::OsStrExt;
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let path = std::fs::canonicalize(dir)?;
    let bytes = path.as_os_str().as_bytes().iter();
    let hash = bytes.fold(OFFSET, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    let uid = rustix::process::geteuid().as_raw();
    Ok(format!("nightshift/{role}/{uid}/{hash:016x}"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_name_survives_the_deletion_of_its_directory_and_ends_with_its_holder() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("state");
        std::fs::create_dir(&dir).unwrap();
        let Claim::Held(first) = claim("r", &dir).unwrap() else { panic!("taken") };
        std::fs::remove_dir(&dir).unwrap();
        std::fs::create_dir(&dir).unwrap();
        // More often than the kernel queues unanswered questions.
        for _ in 0..10 {
            let Claim::Taken { pid } = claim("r", &dir).unwrap() else { panic!("free") };
            assert_eq!(pid, Some(std::process::id()));
        }
        assert_eq!(holder("r", &dir), Some(std::process::id()));
        assert_eq!(holder("another", &dir), None);
        assert!(matches!(claim("another", &dir).unwrap(), Claim::Held(_)));
        drop(first);
        assert!(matches!(claim("r", &dir).unwrap(), Claim::Held(_)));
    }

    #[test]
    fn the_holder_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let _held = claim("r", dir.path()).unwrap();
        match claim("r", &dir.path().join(".")).unwrap() {
            Claim::Taken { pid } => assert_eq!(pid, Some(std::process::id())),
            Claim::Held(_) => panic!("held twice"),
        }
    }
}
