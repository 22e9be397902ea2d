//! Which files are other than the base: committed since, changed in the checkout, or new.
//!
//! Promise: only looks, takes no lock; a name that is not UTF-8 is shown and marked as such.

use crate::diffs::file::untracked_lines;
use crate::limits::{COMMITS_MAX, COUNTED_UNTRACKED, FILES_MAX};
use crate::place::{Place, Result, fault};
use nightshift_protocol::review::{
    ChangedFile, Changes, CommitLine, FileContent, FileStatus, Staging,
};
use nightshift_protocol::{Fault, FaultCode};
use nightshift_worktree::{Change, pieces, text};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt;

/// Endings of what a window can show as a picture. SVG is text.
const IMAGES: &[&str] = &["png", "jpg", "jpeg", "gif", "webp", "bmp", "ico", "avif"];
/// Nothing of the user's settings may change what is printed.
pub const PLAIN: &[&str] = &[
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--no-relative",
    "--submodule=short",
    "--ignore-submodules=dirty",
    "--find-renames",
];
const SUBMODULE_MODE: &str = "160000";

pub fn changes(place: &Place<'_>) -> Result<Changes> {
    let mut files = BTreeMap::new();
    if let Some(base) = &place.base.commit {
        for file in compared(place, base, &[])? {
            files.insert(file.path.clone(), file);
        }
    }
    let status = place.uncommitted()?;
    let mut counted = 0;
    let (mut staged, mut uncommitted) = (0, 0);
    for change in &status {
        uncommitted += 1;
        let staging = staging(change);
        staged += u32::from(matches!(staging, Staging::Staged | Staging::Partly));
        let name = text(change.path.as_os_str().as_bytes());
        let file = files.entry(name.clone()).or_insert_with(|| bare(change, name));
        file.staging = staging;
        file.unnameable = change.path.to_str().is_none();
        if change.letters == *b"UU" || unmerged(change) {
            file.status = FileStatus::Conflicted;
        }
        if change.untracked {
            file.status = FileStatus::Untracked;
            counted += 1;
            if counted <= COUNTED_UNTRACKED {
                count_untracked(place, file);
            }
        }
    }
    let open: BTreeSet<_> = status.iter().filter_map(|change| change.path.to_str()).collect();
    for file in files.values_mut().filter(|file| file.staging != Staging::Committed) {
        let old = file.old_path.iter().filter(|old| open.contains(old.as_str()));
        file.parts = old.chain([&file.path]).cloned().collect();
    }
    let sum = |of: fn(&ChangedFile) -> Option<u32>| files.values().filter_map(of).sum();
    let (added, removed) = (sum(|file| file.added), sum(|file| file.removed));
    let more = files.len().saturating_sub(FILES_MAX);
    let (commits, ahead, behind) = history(place)?;
    Ok(Changes {
        root: place.root.display().to_string(),
        branch: place.branch.clone(),
        base: place.base.clone(),
        commits,
        ahead,
        behind,
        files: files.into_values().take(FILES_MAX).collect(),
        more: u32::try_from(more).unwrap_or(u32::MAX),
        added,
        removed,
        staged,
        uncommitted,
        draft: String::new(),
    })
}

/// Files that git knows of, compared with `base`; all, or those of `paths`.
pub fn compared(place: &Place<'_>, base: &str, paths: &[&str]) -> Result<Vec<ChangedFile>> {
    let mut call = place.look(&["diff", "--raw", "--numstat", "--abbrev=40", "-z"]);
    for arg in PLAIN.iter().chain(&[base, "--"]).chain(paths) {
        call = call.arg(arg);
    }
    let call = call.env("GIT_LITERAL_PATHSPECS", "1").env("GIT_OPTIONAL_LOCKS", "0");
    parse(&call.long().read().map_err(fault)?)
}

/// `--raw --numstat -z`: first all of the one, then all of the other.
fn parse(output: &[u8]) -> Result<Vec<ChangedFile>> {
    // A rename's counts end in an empty piece, so empty ones count here.
    let mut pieces = output.split(|&b| b == 0);
    let mut files: Vec<ChangedFile> = Vec::new();
    let mut numbers = BTreeMap::new();
    let odd = |piece: &[u8]| {
        Fault::new(FaultCode::Io, format!("git diff said `{}`", String::from_utf8_lossy(piece)))
    };
    while let Some(piece) = pieces.next() {
        if piece.is_empty() {
            continue;
        }
        let mut path = |piece| pieces.next().filter(|p| !p.is_empty()).ok_or_else(|| odd(piece));
        if piece.starts_with(b":") {
            let fields: Vec<String> = text(&piece[1..]).split(' ').map(str::to_owned).collect();
            let [old_mode, mode, _, _, letter] = fields.as_slice() else { return Err(odd(piece)) };
            let first = path(piece)?;
            let moved = letter.starts_with(['R', 'C']);
            let (old, now) = if moved { (Some(first), path(piece)?) } else { (None, first) };
            // An unmerged file is there twice.
            if files.last().is_none_or(|last| last.path != text(now)) {
                files.push(of_raw(old, now, (old_mode, mode), letter));
            }
            continue;
        }
        let mut fields = piece.splitn(3, |&b| b == b'\t');
        let (added, removed) = (fields.next(), fields.next());
        let name = fields.next().ok_or_else(|| odd(piece))?;
        let name = match name {
            [] => {
                path(piece)?;
                path(piece)?
            }
            name => name,
        };
        numbers.insert(text(name), (number(added), number(removed)));
    }
    for file in &mut files {
        if let Some((added, removed)) = numbers.get(&file.path) {
            (file.added, file.removed) = (*added, *removed);
        }
        if file.added.is_none() && file.content == FileContent::Text {
            file.content = FileContent::Binary;
        }
    }
    Ok(files)
}

fn number(field: Option<&[u8]>) -> Option<u32> {
    std::str::from_utf8(field?).ok()?.parse().ok()
}

fn of_raw(
    old: Option<&[u8]>,
    now: &[u8],
    (old_mode, mode): (&str, &str),
    letter: &str,
) -> ChangedFile {
    let status = match letter.as_bytes().first() {
        Some(b'A' | b'C') => FileStatus::Added,
        Some(b'D') => FileStatus::Deleted,
        Some(b'R') => FileStatus::Renamed,
        Some(b'T') => FileStatus::TypeChanged,
        Some(b'U') => FileStatus::Conflicted,
        Some(_) | None => FileStatus::Modified,
    };
    let both = !old_mode.starts_with("000") && !mode.starts_with("000");
    let submodule = [old_mode, mode].contains(&SUBMODULE_MODE);
    let name = text(now);
    ChangedFile {
        content: if submodule { FileContent::Submodule } else { content_by_name(&name) },
        unnameable: std::str::from_utf8(now).is_err(),
        path: name,
        old_path: old.filter(|_| status == FileStatus::Renamed).map(text),
        parts: Vec::new(),
        status,
        added: None,
        removed: None,
        staging: Staging::Committed,
        mode: (both && old_mode != mode).then(|| format!("{old_mode} → {mode}")),
    }
}

/// A file that only `git status` names.
fn bare(change: &Change, path: String) -> ChangedFile {
    ChangedFile {
        content: if change.submodule { FileContent::Submodule } else { content_by_name(&path) },
        path,
        old_path: None,
        parts: Vec::new(),
        status: FileStatus::Modified,
        added: Some(0),
        removed: Some(0),
        staging: Staging::Unstaged,
        mode: None,
        unnameable: false,
    }
}

pub fn content_by_name(path: &str) -> FileContent {
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    match ending {
        Some(ending) if IMAGES.contains(&ending.as_str()) => FileContent::Image,
        Some(_) | None => FileContent::Text,
    }
}

fn unmerged(change: &Change) -> bool {
    change.letters.contains(&b'U') || [*b"AA", *b"DD"].contains(&change.letters)
}

fn staging(change: &Change) -> Staging {
    match change.letters {
        [b'?', _] | [b'.', _] => Staging::Unstaged,
        [_, b'.'] => Staging::Staged,
        _ if unmerged(change) => Staging::Unstaged,
        _ => Staging::Partly,
    }
}

fn count_untracked(place: &Place<'_>, file: &mut ChangedFile) {
    let lines = untracked_lines(place, &file.path);
    match lines {
        Ok(Some(lines)) => file.added = u32::try_from(lines).ok(),
        Ok(None) | Err(_) => {
            file.added = None;
            if file.content == FileContent::Text {
                file.content = FileContent::Binary;
            }
        }
    }
    file.removed = file.added.map(|_| 0);
}

fn history(place: &Place<'_>) -> Result<(Vec<CommitLine>, u32, u32)> {
    let (Some(head), Some(base)) = (&place.head, &place.base.commit) else {
        return Ok((Vec::new(), 0, 0));
    };
    let range = format!("{base}..{head}");
    let most = format!("--max-count={COMMITS_MAX}");
    let call = place.look(&["log", "-z", "--no-show-signature", "--format=%H %s", &most]);
    let log = call.arg(&range).arg("--").read().map_err(fault)?;
    let line = |piece: &[u8]| {
        let line = text(piece);
        let (commit, subject) = line.split_once(' ').unwrap_or((line.as_str(), ""));
        CommitLine { commit: commit.to_owned(), subject: subject.to_owned() }
    };
    let commits = pieces(&log).map(line).collect();
    let behind = match &place.base.target {
        Some(target) => place.count(&format!("{head}..refs/heads/{target}"))?,
        None => 0,
    };
    Ok((commits, place.count(&range)?, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_prints_is_read_whole_and_nonsense_is_an_error() {
        let id = "0".repeat(40);
        let raw = format!(
            ":100644 100755 {id} {id} M\0a b\n\0:100644 100644 {id} {id} R090\0old\0new\0\
             :000000 100644 {id} {id} A\0x.PNG\0:160000 160000 {id} {id} M\0sub\0\
             1\t2\ta b\n\x003\t0\t\0old\0new\0-\t-\tx.PNG\x001\t1\tsub\0"
        );
        let files = parse(raw.as_bytes()).unwrap();
        let seen: Vec<_> = files
            .iter()
            .map(|f| (f.path.as_str(), f.old_path.as_deref(), f.status, f.content, f.added))
            .collect();
        assert_eq!(
            seen,
            [
                ("a b\n", None, FileStatus::Modified, FileContent::Text, Some(1)),
                ("new", Some("old"), FileStatus::Renamed, FileContent::Text, Some(3)),
                ("x.PNG", None, FileStatus::Added, FileContent::Image, None),
                ("sub", None, FileStatus::Modified, FileContent::Submodule, Some(1)),
            ]
        );
        assert_eq!(files[0].mode.as_deref(), Some("100644 → 100755"));
        assert!(parse(b":1 2\0x\0").is_err() && parse(b"1\t2\0").is_err());
    }
}
