//! Files and directories below a directory of the user's, where others write too.
//!
//! Promise: every part of a path is opened from the one above it, and no link is followed below the root, not
//! even one that somebody puts there meanwhile; what is written is there whole or not at all.
//! Must not know: formats, whose files these are.

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Permissions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Component, Path};
use std::sync::atomic::{AtomicU64, Ordering};

const DIRECTORY: OFlags =
    OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// Also the bits that let a program run as its owner or group.
const PERMISSIONS: u32 = 0o7777;
const PRIVATE: u32 = 0o700;
/// Until a file is whole nobody else reads it.
const UNFINISHED_MODE: u32 = 0o600;

/// Tells apart the unfinished files of one process; the pid tells apart processes.
static NEXT_UNFINISHED: AtomicU64 = AtomicU64::new(0);

/// What is at a path.
pub enum Found {
    File { file: File, permissions: u32 },
    Link(OsString),
    Other,
}

/// What shall be at a path.
pub enum Content<'a> {
    File { from: &'a mut dyn Read, permissions: u32 },
    Link(&'a OsStr),
}

/// Removes the file `path` below `root`, and directories between them that are empty without it.
pub fn remove(root: &Path, path: &Path) -> io::Result<()> {
    let (names, last) = parts(path)?;
    let mut above = vec![rustix::fs::open(root, DIRECTORY, Mode::empty())?];
    for name in &names {
        let dir = above.last().ok_or_else(no_name)?;
        above.push(rustix::fs::openat(dir, *name, DIRECTORY, Mode::empty())?);
    }
    let dir = above.pop().ok_or_else(no_name)?;
    rustix::fs::unlinkat(&dir, last, AtFlags::empty())?;
    for (dir, name) in above.iter().zip(&names).rev() {
        // An error means that something else is in it.
        if rustix::fs::unlinkat(dir, *name, AtFlags::REMOVEDIR).is_err() {
            break;
        }
    }
    Ok(())
}

/// Makes the directory `path` below `root` and what is missing on the way, for this user alone.
pub fn create(root: &Path, path: &Path) -> io::Result<()> {
    let (names, last) = parts(path)?;
    entered(root, names.into_iter().chain([last]), Some(PRIVATE)).map(|_| ())
}

/// The permissions of the directory `path` below `root`; none where there is something else, or nothing.
pub fn directory(root: &Path, path: &Path) -> io::Result<Option<u32>> {
    let (names, last) = parts(path)?;
    let found = entered(root, names.into_iter().chain([last]), None);
    match found.and_then(|dir| Ok(rustix::fs::fstat(&dir)?)) {
        Ok(found) => Ok(Some(found.st_mode & PERMISSIONS)),
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Gives the directory `path` below `root` these permissions.
pub fn permit(root: &Path, path: &Path, permissions: u32) -> io::Result<()> {
    let (names, last) = parts(path)?;
    let above = entered(root, names, None)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let dir = rustix::fs::openat(&above, last, flags, Mode::empty())?;
    Ok(rustix::fs::fchmod(&dir, Mode::from_raw_mode(permissions & PERMISSIONS))?)
}

/// Opens what is at `path` below `root`. A pipe is not waited for.
pub fn open(root: &Path, path: &Path) -> io::Result<Found> {
    let (names, last) = parts(path)?;
    let dir = entered(root, names, None)?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::openat(&dir, last, flags, Mode::empty()) {
        // What a link gives that may not be followed: open(2).
        Err(Errno::LOOP) => {
            let target = rustix::fs::readlinkat(&dir, last, Vec::new())?;
            return Ok(Found::Link(OsString::from_vec(target.into_bytes())));
        }
        // A socket, or a device without a driver.
        Err(Errno::NXIO | Errno::NODEV) => return Ok(Found::Other),
        opened => File::from(opened?),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(Found::Other);
    }
    Ok(Found::File { file, permissions: metadata.mode() & PERMISSIONS })
}

/// Puts `content` at `path` below `root`, in place of a file, link or empty directory that is there; another
/// name of such a file keeps what it has. Directories that are missing on the way are made with
/// `directory_mode`.
pub fn write(
    root: &Path,
    path: &Path,
    content: Content<'_>,
    directory_mode: u32,
) -> io::Result<()> {
    let (names, last) = parts(path)?;
    let dir = entered(root, names, Some(directory_mode))?;
    let n = NEXT_UNFINISHED.fetch_add(1, Ordering::Relaxed);
    let unfinished = format!(".nightshift-{}-{n}.tmp", std::process::id());
    let put = || -> io::Result<()> {
        match content {
            Content::Link(target) => rustix::fs::symlinkat(target, &dir, &unfinished)?,
            Content::File { from, permissions } => {
                let flags = OFlags::WRONLY
                    | OFlags::CREATE
                    | OFlags::EXCL
                    | OFlags::NOFOLLOW
                    | OFlags::CLOEXEC;
                let mode = Mode::from_raw_mode(UNFINISHED_MODE);
                let mut file = File::from(rustix::fs::openat(&dir, &unfinished, flags, mode)?);
                io::copy(from, &mut file)?;
                file.set_permissions(Permissions::from_mode(permissions & PERMISSIONS))?;
            }
        }
        match rustix::fs::renameat(&dir, &unfinished, &dir, last) {
            Err(Errno::ISDIR | Errno::EXIST | Errno::NOTEMPTY) => {
                rustix::fs::unlinkat(&dir, last, AtFlags::REMOVEDIR)?;
                Ok(rustix::fs::renameat(&dir, &unfinished, &dir, last)?)
            }
            renamed => Ok(renamed?),
        }
    };
    let done = put();
    if done.is_err() {
        // The first error is the one to report.
        rustix::fs::unlinkat(&dir, &unfinished, AtFlags::empty()).ok();
    }
    done
}

/// The directory that `names` lead to. `make`: the mode of those that are missing; none leaves them missing.
fn entered<'a>(
    root: &Path,
    names: impl IntoIterator<Item = &'a OsStr>,
    make: Option<u32>,
) -> io::Result<OwnedFd> {
    let mut dir = rustix::fs::open(root, DIRECTORY, Mode::empty())?;
    for name in names {
        dir = match rustix::fs::openat(dir.as_fd(), name, DIRECTORY, Mode::empty()) {
            Err(Errno::NOENT) => match make {
                Some(mode) => made(&dir, name, mode)?,
                None => return Err(Errno::NOENT.into()),
            },
            opened => opened?,
        };
    }
    Ok(dir)
}

fn made(above: &OwnedFd, name: &OsStr, mode: u32) -> io::Result<OwnedFd> {
    match rustix::fs::mkdirat(above, name, Mode::from_raw_mode(PRIVATE)) {
        // Somebody else made it in this moment.
        Err(Errno::EXIST) => {}
        made => {
            made?;
            // Whatever the umask of this process is.
            let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let dir = rustix::fs::openat(above, name, flags, Mode::empty())?;
            rustix::fs::fchmod(&dir, Mode::from_raw_mode(mode))?;
        }
    }
    Ok(rustix::fs::openat(above, name, DIRECTORY, Mode::empty())?)
}

/// The directories of a path that leads nowhere but downwards, and its last name.
fn parts(path: &Path) -> io::Result<(Vec<&OsStr>, &OsStr)> {
    let mut names = Vec::new();
    for part in path.components() {
        let Component::Normal(name) = part else { return Err(no_name()) };
        names.push(name);
    }
    let last = names.pop().ok_or_else(no_name)?;
    Ok((names, last))
}

fn no_name() -> io::Error {
    io::Error::from(io::ErrorKind::InvalidInput)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_removal_follows_no_link_and_takes_empty_directories_along() {
        let dir = tempfile::tempdir().unwrap();
        let (root, outside) = (dir.path().join("root"), dir.path().join("outside"));
        fs::create_dir_all(root.join("a/b/c")).unwrap();
        fs::create_dir(&outside).unwrap();
        for file in ["root/a/keep", "root/a/b/c/new", "outside/new"] {
            fs::write(dir.path().join(file), "x").unwrap();
        }
        remove(&root, Path::new("a/b/c/new")).unwrap();
        assert!(!root.join("a/b").exists() && root.join("a/keep").exists());
        std::os::unix::fs::symlink(&outside, root.join("link")).unwrap();
        for path in ["link/new", "../outside/new", "/etc/passwd", "", "a/../../outside/new"] {
            assert!(remove(&root, Path::new(path)).is_err(), "{path}");
        }
        assert!(outside.join("new").exists());
        // A link itself is a file like others.
        remove(&root, Path::new("link")).unwrap();
        assert!(outside.join("new").exists() && !root.join("link").exists());
    }

    fn put(root: &Path, path: &str, mut bytes: &[u8]) -> io::Result<()> {
        write(root, Path::new(path), Content::File { from: &mut bytes, permissions: 0o640 }, 0o755)
    }

    #[test]
    fn what_is_written_replaces_files_and_links_and_follows_none() {
        let dir = tempfile::tempdir().unwrap();
        let (root, outside) = (dir.path().join("root"), dir.path().join("outside"));
        fs::create_dir_all(root.join("full/in")).unwrap();
        fs::create_dir(root.join("empty")).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("file"), "precious").unwrap();
        symlink(&outside, root.join("link")).unwrap();
        symlink(outside.join("file"), root.join("to_file")).unwrap();
        fs::hard_link(outside.join("file"), root.join("hard")).unwrap();
        for path in ["a/b/new", "to_file", "hard", "empty"] {
            put(&root, path, b"new").unwrap();
            assert_eq!(fs::read(root.join(path)).unwrap(), b"new", "{path}");
            let mode = fs::symlink_metadata(root.join(path)).unwrap().mode();
            assert_eq!(mode & PERMISSIONS, 0o640, "{path}");
        }
        for path in ["link/file", "../outside/file", "/x", "", "full", "hard/x"] {
            assert!(put(&root, path, b"new").is_err(), "{path}");
        }
        assert!(create(&root, Path::new("link/in")).is_err());
        create(&root, Path::new("made/in")).unwrap();
        write(&root, Path::new("made/in/l"), Content::Link(OsStr::new("nowhere")), PRIVATE)
            .unwrap();
        let mode = fs::symlink_metadata(root.join("a/b")).unwrap().mode();
        assert_eq!(mode & PERMISSIONS, 0o755);
        assert_eq!(fs::read_link(root.join("made/in/l")).unwrap(), Path::new("nowhere"));
        assert_eq!(fs::read(outside.join("file")).unwrap(), b"precious");
        let left = |dir: &Path| fs::read_dir(dir).unwrap().count();
        assert_eq!((left(&outside), left(&root)), (1, 7), "nothing unfinished is left");
    }

    #[test]
    fn what_is_opened_is_the_thing_itself() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::create_dir(root.join("dir")).unwrap();
        fs::write(root.join("dir/file"), "x").unwrap();
        fs::set_permissions(root.join("dir/file"), Permissions::from_mode(0o600)).unwrap();
        symlink("dir/file", root.join("link")).unwrap();
        symlink("dir", root.join("way")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            root.join("pipe"),
            rustix::fs::FileType::Fifo,
            Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        let opened = |path: &str| open(root, Path::new(path));
        assert!(matches!(opened("dir/file"), Ok(Found::File { permissions: 0o600, .. })));
        assert!(matches!(opened("link"), Ok(Found::Link(to)) if to == "dir/file"));
        assert!(matches!(opened("pipe"), Ok(Found::Other)));
        assert!(matches!(opened("dir"), Ok(Found::Other)));
        assert!(opened("way/file").is_err() && opened("gone").is_err());
    }
}
