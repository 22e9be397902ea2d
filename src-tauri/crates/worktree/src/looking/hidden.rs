//! Files that git was told not to look at, and that have changed all the same.
//!
//! `git status` says nothing of a tracked file with `assume-unchanged` or `skip-worktree` in the
//! index (git-update-index(1)): people use both to keep a change of their own out of commits. A
//! sparse checkout sets `skip-worktree` on files that are not there: those are not changes.
//! Promise: contents are compared as git would on adding the file; what cannot be compared is an
//! error, never unchanged.

use crate::error::{AtPath, Error, Kind, Result};
use crate::git_program::git::{Call, pieces, text};
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

const LINK_MODE: &str = "120000";
const REPOSITORY_MODE: &str = "160000";

/// A tracked file that `git status` passes over.
struct Tracked<'a> {
    path: PathBuf,
    mode: &'a str,
    object: &'a str,
    /// It need not be there.
    may_be_absent: bool,
}

/// Those below `root` that are not as in the index; `call` prepares a call of git in `root`.
pub(crate) fn changes<'a>(root: &Path, call: impl Fn(&[&str]) -> Call<'a>) -> Result<Vec<PathBuf>> {
    let listed = call(&["ls-files", "-v", "--stage", "-z"]).long().read()?;
    let (mut changed, mut files) = (Vec::new(), Vec::new());
    for piece in pieces(&listed) {
        let Some(file) = parse(piece)? else { continue };
        match look(root, &file.path)? {
            Found::Nothing if file.may_be_absent => {}
            Found::EmptyDirectory if file.mode == REPOSITORY_MODE => {}
            Found::File if file.mode.starts_with("100") => files.push(file),
            Found::Link(target) if file.mode == LINK_MODE => {
                let id = call(&["hash-object", "--no-filters", "--stdin"]).input(target).line()?;
                changed.extend((id != file.object).then_some(file.path));
            }
            Found::Nothing
            | Found::File
            | Found::Link(_)
            | Found::EmptyDirectory
            | Found::Other => changed.push(file.path),
        }
    }
    if !files.is_empty() {
        let args = ["-c", "core.safecrlf=false", "hash-object", "--stdin-paths"];
        let ids = call(&args).long().input(quoted(&files)).line()?;
        let ids: Vec<&str> = ids.lines().collect();
        if ids.len() != files.len() {
            let what = format!("git hash-object named {} of {} files", ids.len(), files.len());
            return Err(Error::new(Kind::Git, what));
        }
        let pairs = files.into_iter().zip(ids);
        changed.extend(pairs.filter(|(file, id)| file.object != *id).map(|(file, _)| file.path));
    }
    Ok(changed)
}

/// `<tag> <mode> <object> <stage>\t<path>`. A lower-case tag: `assume-unchanged`; an S:
/// `skip-worktree` (git-ls-files(1), -v). Parts of a conflict are in the status.
fn parse(piece: &[u8]) -> Result<Option<Tracked<'_>>> {
    let unclear = || Error::new(Kind::Git, format!("git ls-files said `{}`", text(piece)));
    let tab = piece.iter().position(|&b| b == b'\t').ok_or_else(unclear)?;
    let fields = std::str::from_utf8(&piece[..tab]).map_err(|_| unclear())?;
    let fields: Vec<&str> = fields.split(' ').collect();
    let [tag, mode, object, stage] = fields[..] else { return Err(unclear()) };
    let may_be_absent = tag.eq_ignore_ascii_case("s");
    let hidden = may_be_absent || tag.bytes().all(|b| b.is_ascii_lowercase());
    let path = PathBuf::from(OsStr::from_bytes(&piece[tab + 1..]));
    Ok((hidden && stage == "0").then_some(Tracked { path, mode, object, may_be_absent }))
}

enum Found {
    Nothing,
    File,
    Link(Vec<u8>),
    EmptyDirectory,
    Other,
}

/// What is at `path`, which is nothing where a link leads away above it.
fn look(root: &Path, path: &Path) -> Result<Found> {
    for above in path.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty()) {
        let above = root.join(above);
        match std::fs::symlink_metadata(&above) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Ok(Found::Nothing),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => return Err(Error::io(&above, &error)),
        }
    }
    let file = root.join(path);
    let kind = match std::fs::symlink_metadata(&file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        read => read.at(&file)?.file_type(),
    };
    if kind.is_symlink() {
        let target = std::fs::read_link(&file).at(&file)?;
        return Ok(Found::Link(target.as_os_str().as_bytes().to_vec()));
    }
    if kind.is_dir() && std::fs::read_dir(&file).at(&file)?.next().is_none() {
        return Ok(Found::EmptyDirectory);
    }
    Ok(if kind.is_file() { Found::File } else { Found::Other })
}

/// One name a line, each in quotes with what is not plain as three octal digits.
fn quoted(files: &[Tracked<'_>]) -> Vec<u8> {
    let mut lines = Vec::new();
    for file in files {
        lines.push(b'"');
        for &byte in file.path.as_os_str().as_bytes() {
            if byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\') {
                lines.push(byte);
            } else {
                lines.extend_from_slice(format!("\\{byte:03o}").as_bytes());
            }
        }
        lines.extend_from_slice(b"\"\n");
    }
    lines
}
