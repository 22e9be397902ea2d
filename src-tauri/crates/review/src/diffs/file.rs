//! One file's diff against the base, in pages.

use crate::diffs::changes::{PLAIN, compared};
use crate::diffs::marks::mark;
use crate::diffs::rows::{all_added, rows};
use crate::limits::{
    BINARY_LOOK_BYTES, DIFF_ROWS_MAX, FILE_MAX_BYTES, LINE_MAX_CHARS, PAGE_BYTES, PAGE_ROWS,
};
use crate::place::{Place, Result, fault};
use nightshift_platform::files::read_bounded;
use nightshift_protocol::review::{DiffRow, FileContent, FilePage};
use nightshift_protocol::{Fault, FaultCode};
use nightshift_worktree::pieces;
use std::path::PathBuf;

/// Where a file's content is found.
enum Found {
    Tracked,
    Untracked(PathBuf),
}

pub fn page(place: &Place<'_>, path: &str, old: Option<&str>, from: u32) -> Result<FilePage> {
    let (bytes, note) = match find(place, path)? {
        Found::Tracked => tracked(place, path, old)?,
        Found::Untracked(file) => untracked(&file)?,
    };
    let version = crc32fast::hash(&bytes.text);
    let mut all = if bytes.whole { all_added(&bytes.text) } else { rows(&bytes.text) };
    let mut note = note;
    if all.len() > DIFF_ROWS_MAX {
        note = format!(
            "the first {DIFF_ROWS_MAX} of {} lines; see the rest with `git diff`",
            all.len()
        );
        all.truncate(DIFF_ROWS_MAX);
    }
    let total = all.len();
    let from = usize::try_from(from).unwrap_or(usize::MAX).min(total);
    let to = (from + PAGE_ROWS).min(total);
    mark(&mut all, from, to);
    let mut taken = 0;
    let within = |row: &DiffRow| {
        taken += row.text.len();
        taken <= PAGE_BYTES
    };
    let rows: Vec<DiffRow> = all.drain(from..to).map(short).take_while(within).collect();
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(FilePage { rows, from: number(from), total: number(total), version, note })
}

/// A long line as its beginning. The longest page holds it many times over.
fn short(mut row: DiffRow) -> DiffRow {
    if row.text.len() > LINE_MAX_CHARS
        && let Some((at, _)) = row.text.char_indices().nth(LINE_MAX_CHARS)
    {
        row.text.truncate(at);
        row.text.push('…');
    }
    row
}

/// What is to be cut into rows.
struct Text {
    text: Vec<u8>,
    /// The content of a new file, not a diff.
    whole: bool,
}

impl Text {
    fn none() -> Text {
        Text { text: Vec::new(), whole: true }
    }
}

fn tracked(place: &Place<'_>, path: &str, old: Option<&str>) -> Result<(Text, String)> {
    let Some(base) = &place.base.commit else {
        return untracked(&place.root.join(path));
    };
    let paths: Vec<&str> = old.into_iter().chain([path]).collect();
    let files = compared(place, base, &paths)?;
    let Some(file) = files.iter().find(|file| file.path == path) else {
        return Ok((Text::none(), "the same as the base".to_owned()));
    };
    if let Some(why) = unreadable(place, file.content, path, old)? {
        return Ok((Text::none(), why));
    }
    let mut call = place.look(&["diff", "--patch", "--unified=3"]);
    for arg in PLAIN.iter().chain(&[base.as_str(), "--"]).chain(&paths) {
        call = call.arg(arg);
    }
    let call = call.env("GIT_LITERAL_PATHSPECS", "1").env("GIT_OPTIONAL_LOCKS", "0");
    let text = call.long().read().map_err(fault)?;
    let note = match (&file.mode, file.added, file.removed) {
        (Some(mode), Some(0), Some(0)) => format!("only its mode changed: {mode}"),
        (None, Some(0), Some(0)) if file.old_path.is_some() => "renamed, not changed".to_owned(),
        (None, Some(0), Some(0)) => "empty".to_owned(),
        _ => String::new(),
    };
    Ok((Text { text, whole: false }, note))
}

/// Why no lines are shown of it.
fn unreadable(
    place: &Place<'_>,
    content: FileContent,
    path: &str,
    old: Option<&str>,
) -> Result<Option<String>> {
    match content {
        FileContent::Binary => return Ok(Some("a binary file".to_owned())),
        FileContent::Image => return Ok(Some("an image".to_owned())),
        FileContent::Text | FileContent::Submodule => {}
    }
    let here = std::fs::symlink_metadata(place.root.join(path)).map_or(0, |m| m.len());
    let there = match &place.base.commit {
        Some(base) => blob_bytes(place, base, old.unwrap_or(path))?.unwrap_or_default(),
        None => 0,
    };
    let most = here.max(there);
    let mib = most / (1024 * 1024);
    Ok((most > FILE_MAX_BYTES)
        .then(|| format!("{mib} MiB: too large to show; see it with `git diff`")))
}

/// The size of a file in a commit; none when it is not there.
pub fn blob_bytes(place: &Place<'_>, commit: &str, path: &str) -> Result<Option<u64>> {
    let ended = place.look(&["cat-file", "-s"]).arg(format!("{commit}:{path}")).end();
    let ended = ended.map_err(fault)?;
    let size = String::from_utf8_lossy(&ended.stdout).trim().parse().ok();
    Ok(size.filter(|_| ended.code == Some(0)))
}

fn untracked(file: &std::path::Path) -> Result<(Text, String)> {
    let none = |note: String| Ok((Text::none(), note));
    let metadata = std::fs::symlink_metadata(file).map_err(|e| io(file, &e))?;
    if metadata.is_symlink() {
        let target = std::fs::read_link(file).map_err(|e| io(file, &e))?;
        return none(format!("a symbolic link to {}", target.display()));
    }
    if !metadata.is_file() {
        return none("a nested repository, or not a plain file".to_owned());
    }
    if metadata.len() > FILE_MAX_BYTES {
        return none(format!("{} MiB: too large to show", metadata.len() / (1024 * 1024)));
    }
    let text = read_bounded(file, FILE_MAX_BYTES).map_err(|e| io(file, &e))?;
    if is_binary(&text) {
        return none("a binary file".to_owned());
    }
    let note = if text.is_empty() { "empty".to_owned() } else { String::new() };
    Ok((Text { text, whole: true }, note))
}

/// Lines of a new file; none when it is no text or too large to count.
pub fn untracked_lines(place: &Place<'_>, path: &str) -> Result<Option<usize>> {
    let file = place.root.join(path);
    let metadata = std::fs::symlink_metadata(&file).map_err(|e| io(&file, &e))?;
    if !metadata.is_file() || metadata.len() > FILE_MAX_BYTES {
        return Ok(None);
    }
    let text = read_bounded(&file, FILE_MAX_BYTES).map_err(|e| io(&file, &e))?;
    Ok((!is_binary(&text)).then(|| all_added(&text).len()))
}

/// A NUL near the beginning, as git decides it.
fn is_binary(text: &[u8]) -> bool {
    text.iter().take(BINARY_LOOK_BYTES).any(|&b| b == 0)
}

/// Only files that git lists are read: nothing outside the checkout, nothing through a link.
fn find(place: &Place<'_>, path: &str) -> Result<Found> {
    let listed = |args: &[&str]| -> Result<bool> {
        let call = place.look(args).arg("--").arg(path).env("GIT_LITERAL_PATHSPECS", "1");
        let names = call.read().map_err(fault)?;
        Ok(pieces(&names).any(|name| name == path.as_bytes()))
    };
    if listed(&["ls-files", "-z", "--others", "--exclude-standard"])? {
        return Ok(Found::Untracked(place.root.join(path)));
    }
    let there = listed(&["ls-files", "-z", "--cached"])?
        || match &place.base.commit {
            Some(base) => blob_bytes(place, base, path)?.is_some(),
            None => false,
        };
    if there {
        return Ok(Found::Tracked);
    }
    let text = format!("{path} is neither in the checkout nor in the base");
    Err(Fault::new(FaultCode::NotFound, text).hint("list the files again"))
}

/// The file in the checkout, if git lists it there.
pub fn in_checkout(place: &Place<'_>, path: &str) -> Result<Option<PathBuf>> {
    let file = match find(place, path)? {
        Found::Tracked => place.root.join(path),
        Found::Untracked(file) => file,
    };
    let plain = std::fs::symlink_metadata(&file).is_ok_and(|m| m.is_file());
    // A directory on the way may have become a link since git noted the file.
    let real = file.parent().and_then(|parent| std::fs::canonicalize(parent).ok());
    let inside = real.is_some_and(|real| real.starts_with(&place.root));
    Ok((plain && inside).then_some(file))
}

pub fn io(path: &std::path::Path, error: &std::io::Error) -> Fault {
    Fault::new(FaultCode::Io, format!("{}: {error}", path.display()))
}
