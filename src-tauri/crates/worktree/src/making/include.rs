//! `.worktreeinclude`: ignored files that a worktree needs too, copied from the main checkout.
//!
//! Promise: only files that match the patterns *and* are ignored by git; links are copied as links;
//! nothing is written through a link or over something; copies share their blocks where the file
//! system can (the kernel's copy_file_range).

use crate::error::{AtPath, Result};
use crate::git_program::git::{Git, pieces};
use crate::limits::{INCLUDE_FILES_MAX, INCLUDE_MAX_BYTES};
use crate::removing::ledger::Included;
use nightshift_model::quoted::quoted;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

const FILE: &str = ".worktreeinclude";
const CHUNK_BYTES: usize = 64 * 1024;
/// A link's own bytes are its target; this marks its checksum as that of a link.
const LINK_SALT: u32 = 0x6c69_6e6b;

/// Copies what is to be included from `root` to `worktree`. Notes say what was left out.
pub(crate) fn include(
    git: &Git,
    root: &Path,
    worktree: &Path,
) -> Result<(Vec<Included>, Vec<String>)> {
    let mut included = Vec::new();
    let mut notes = Vec::new();
    let mut bytes = 0;
    for path in wanted(git, root)? {
        if included.len() >= INCLUDE_FILES_MAX || bytes > INCLUDE_MAX_BYTES {
            notes.push(format!(
                "{FILE} names more than {INCLUDE_FILES_MAX} files or {INCLUDE_MAX_BYTES} bytes; \
                 the rest was not copied"
            ));
            break;
        }
        match copy(root, worktree, &path) {
            Ok(copied) => {
                bytes += copied.bytes;
                included.push(copied);
            }
            Err(error) => {
                let path = quoted(&path.to_string_lossy());
                notes.push(format!("{path} was not copied: {error}"));
            }
        }
    }
    Ok((included, notes))
}

/// Ignored files that the patterns name.
pub fn wanted(git: &Git, root: &Path) -> Result<Vec<PathBuf>> {
    let file = root.join(FILE);
    if !fs::symlink_metadata(&file).is_ok_and(|m| m.is_file()) {
        return Ok(Vec::new());
    }
    let matching = git
        .look(root, &["ls-files", "-z", "--others", "--ignored", "--exclude-from"])
        .arg(FILE)
        .read()?;
    if matching.is_empty() {
        return Ok(Vec::new());
    }
    let ended = git.look(root, &["check-ignore", "-z", "--stdin"]).input(matching).end()?;
    // Exit code 1: none of them is ignored.
    if !matches!(ended.code, Some(0 | 1)) {
        return Err(crate::git_program::git::failed("git check-ignore", &ended));
    }
    // A trailing slash is a repository inside this one, which is never copied.
    let files = pieces(&ended.stdout).filter(|piece| !piece.ends_with(b"/"));
    Ok(files.map(|piece| PathBuf::from(OsStr::from_bytes(piece))).collect())
}

fn copy(root: &Path, worktree: &Path, path: &Path) -> io::Result<Included> {
    let from = root.join(path);
    let to = worktree.join(path);
    make_parents(root, worktree, path)?;
    let metadata = fs::symlink_metadata(&from)?;
    if metadata.is_symlink() {
        std::os::unix::fs::symlink(fs::read_link(&from)?, &to)?;
    } else if metadata.is_file() {
        let mut source = File::open(&from)?;
        let mode = metadata.permissions().mode();
        // New and nothing else: what the base commit has at this place stays.
        let mut target = OpenOptions::new().write(true).create_new(true).mode(mode).open(&to)?;
        io::copy(&mut source, &mut target)?;
        target.set_permissions(metadata.permissions())?;
    } else {
        return Err(io::Error::new(ErrorKind::Unsupported, "neither file nor link"));
    }
    let (bytes, checksum) = measure(&to)?;
    Ok(Included { path: path.to_owned(), bytes, checksum })
}

/// Makes the directories above `path`, as open as they are in the main checkout. One that is a link
/// now would lead out.
fn make_parents(root: &Path, worktree: &Path, path: &Path) -> io::Result<()> {
    let (mut dir, mut from) = (worktree.to_owned(), root.to_owned());
    for part in path.parent().into_iter().flat_map(Path::components) {
        dir.push(part);
        from.push(part);
        match fs::symlink_metadata(&dir) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => {
                let text = format!("{} is no directory here", dir.display());
                return Err(io::Error::new(ErrorKind::NotADirectory, text));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::create_dir(&dir)?;
                fs::set_permissions(&dir, fs::metadata(&from)?.permissions())?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Size and checksum of a file, or of a link itself.
fn measure(path: &Path) -> io::Result<(u64, u32)> {
    let metadata = fs::symlink_metadata(path)?;
    let mut hasher = crc32fast::Hasher::new();
    if metadata.is_symlink() {
        let target = fs::read_link(path)?;
        hasher.update(target.as_os_str().as_bytes());
        return Ok((metadata.len(), hasher.finalize() ^ LINK_SALT));
    }
    let mut file = File::open(path)?;
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok((metadata.len(), hasher.finalize())),
            count => hasher.update(&chunk[..count]),
        }
    }
}

/// Included files that are not as they were copied. One that was deleted holds nothing to lose.
pub(crate) fn changed(worktree: &Path, included: &[Included]) -> Result<Vec<PathBuf>> {
    let mut changed = Vec::new();
    for file in included {
        let path = worktree.join(&file.path);
        match fs::symlink_metadata(&path) {
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                continue;
            }
            Err(e) => return Err(crate::error::Error::io(&path, &e)),
            Ok(metadata) if metadata.is_dir() => changed.push(file.path.clone()),
            Ok(_) => {
                if measure(&path).at(&path)? != (file.bytes, file.checksum) {
                    changed.push(file.path.clone());
                }
            }
        }
    }
    Ok(changed)
}
