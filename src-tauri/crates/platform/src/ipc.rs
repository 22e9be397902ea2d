//! Unix sockets that only their owner can use.
//!
//! Promise: a socket file is removed only after the kernel said that nobody listens at it, and
//! `remove_if_same` never takes away a successor's.
//! Must not know: what is said over them.

use crate::peer::Peer;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags, SocketType, recvmsg, sendmsg,
    socket_with,
};
use std::fs;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

const PRIVATE_SOCKET_MODE: u32 = 0o600;

/// Which file a socket path named when it was bound. Inode numbers are used again, so the time of
/// the last change of its metadata belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketId {
    dev: u64,
    ino: u64,
    changed: (i64, i64),
}

/// Binds and listens. `AddrInUse` when somebody answers there; a stale file is replaced.
pub fn listen(path: &Path) -> io::Result<UnixListener> {
    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            remove_stale(path)?;
            UnixListener::bind(path)?
        }
        other => other?,
    };
    fs::set_permissions(path, fs::Permissions::from_mode(PRIVATE_SOCKET_MODE))?;
    Ok(listener)
}

fn remove_stale(path: &Path) -> io::Result<()> {
    let in_use = |text: String| io::Error::new(io::ErrorKind::AddrInUse, text);
    if !fs::symlink_metadata(path)?.file_type().is_socket() {
        return Err(in_use(format!("{} exists and is no socket", path.display())));
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(in_use(format!("somebody already listens at {}", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Lets in whoever waits at a non-blocking listener; `WouldBlock` when nobody does.
pub fn accept_now(listener: &impl AsFd) -> io::Result<UnixStream> {
    let flags = rustix::net::SocketFlags::CLOEXEC;
    Ok(rustix::net::accept_with(listener, flags)?.into())
}

pub fn connect(path: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(path)
}

/// What stands in the place of a socket, in words: nobody can be reached there, and nobody makes it away.
/// None where it is a socket, or nothing.
pub fn in_the_way(path: &Path) -> Option<String> {
    let kind = fs::symlink_metadata(path).ok()?.file_type();
    let what = match () {
        () if kind.is_socket() => return None,
        () if kind.is_symlink() => "a symbolic link",
        () if kind.is_dir() => "a directory, no socket",
        () => "no socket",
    };
    Some(format!("{} is in the way: it is {what}", path.display()))
}

/// The file that `path` names now.
pub fn socket_id(path: &Path) -> io::Result<SocketId> {
    let metadata = fs::symlink_metadata(path)?;
    let changed = (metadata.ctime(), metadata.ctime_nsec());
    Ok(SocketId { dev: metadata.dev(), ino: metadata.ino(), changed })
}

/// Removes a socket at which nobody listens any more, and nothing else; true where there was one. Never
/// waits: who stands still is somebody.
pub fn remove_dead(path: &Path) -> io::Result<bool> {
    let id = match socket_id(path) {
        Ok(id) => id,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    if in_the_way(path).is_some() {
        return Ok(false);
    }
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    match rustix::net::connect(&socket, &SocketAddrUnix::new(path)?) {
        Err(rustix::io::Errno::CONNREFUSED) => remove_if_same(path, id),
        Ok(()) | Err(_) => Ok(false),
    }
}

/// Removes the socket file if it is still the one that was bound; true when it was.
pub fn remove_if_same(path: &Path, id: SocketId) -> io::Result<bool> {
    match socket_id(path) {
        Ok(current) if current == id => fs::remove_file(path).map(|()| true),
        Ok(_) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether the other end runs as this user. Root is another user too, unless we are root.
pub fn peer_is_me(socket: &impl AsFd) -> io::Result<bool> {
    Ok(Peer::of(socket)?.is_me())
}

/// Sends bytes and, with the first of them, a descriptor; how many bytes went out.
pub fn send_with_descriptor(
    socket: &impl AsFd,
    bytes: &[u8],
    descriptor: BorrowedFd<'_>,
) -> io::Result<usize> {
    let passed = [descriptor];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&passed));
    let sent = sendmsg(socket, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL)?;
    Ok(sent)
}

/// Reads once: how many bytes came, and the descriptor that came with them. More descriptors than
/// one are closed.
pub fn receive(socket: &impl AsFd, buffer: &mut [u8]) -> io::Result<(usize, Option<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut slices = [IoSliceMut::new(buffer)];
    let received = recvmsg(socket, &mut slices, &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut passed = None;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            passed = descriptors.last().or(passed);
        }
    }
    Ok((received.bytes, passed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let first = listen(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(listen(&path).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        assert!(peer_is_me(&connect(&path).unwrap()).unwrap());
        // A second name keeps the inode taken, so that this does not depend on the clock's grain.
        fs::hard_link(&path, dir.path().join("kept")).unwrap();
        let old = socket_id(&path).unwrap();
        drop(first);
        let _second = listen(&path).unwrap();
        assert!(!remove_if_same(&path, old).unwrap(), "a successor's socket was removed");
        assert!(remove_if_same(&path, socket_id(&path).unwrap()).unwrap());
        assert!(!remove_if_same(&path, old).unwrap());
    }

    #[test]
    fn a_file_that_is_no_socket_is_never_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        fs::write(&path, "precious").unwrap();
        assert_eq!(listen(&path).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        assert_eq!(fs::read(&path).unwrap(), b"precious");
    }

    #[test]
    fn a_descriptor_travels_with_its_bytes() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let file = tempfile::tempfile().unwrap();
        assert_eq!(send_with_descriptor(&ours, b"take", file.as_fd()).unwrap(), 4);
        let mut buffer = [0; 16];
        let (len, passed) = receive(&theirs, &mut buffer).unwrap();
        assert_eq!(&buffer[..len], b"take");
        let passed = fs::File::from(passed.unwrap());
        assert_eq!(passed.metadata().unwrap().ino(), file.metadata().unwrap().ino());
        std::io::Write::write_all(&mut &ours, b"bare").unwrap();
        let (len, passed) = receive(&theirs, &mut buffer).unwrap();
        assert!(len == 4 && passed.is_none());
    }
}
