//! What a session changed, for people.

use crate::output::plain::{exact, exact_line, one_line};
use nightshift_model::counted::counted;
use nightshift_protocol::review::{
    ChangedFile, Changes, DiffRow, FileContent, FilePage, FileStatus, RowKind, Staging,
};
use std::fmt::Write;

/// Digits of a commit's id that are shown.
const SHORT_ID_DIGITS: usize = 10;

/// Where the changes stand, and each file in a line.
pub fn summary(changes: &Changes) -> String {
    let branch = changes.branch.as_deref().unwrap_or("no branch");
    let base = changes.base.commit.as_deref().map_or("", short);
    let mut out = format!(
        "{} · from {} {base} · {} · {} behind · {} uncommitted\n",
        exact_line(branch),
        one_line(&changes.base.label),
        counted(changes.ahead, "commit"),
        changes.behind,
        changes.uncommitted
    );
    if changes.files.is_empty() {
        out.push_str("nothing is changed\n");
    }
    for file in &changes.files {
        out.push_str(&format!("  {}\n", line(file)));
    }
    if changes.more > 0 {
        out.push_str(&format!("  and {}\n", counted(changes.more, "more file")));
    }
    out
}

fn line(file: &ChangedFile) -> String {
    let status = match file.status {
        FileStatus::Added => "added",
        FileStatus::Modified => "modified",
        FileStatus::Deleted => "deleted",
        FileStatus::Renamed => "renamed",
        FileStatus::TypeChanged => "type changed",
        FileStatus::Untracked => "new",
        FileStatus::Conflicted => "conflicts",
    };
    let counts = match (file.added, file.removed, file.content) {
        (Some(added), Some(removed), _) => format!("+{added} −{removed}"),
        (_, _, FileContent::Image) => "image".to_owned(),
        (_, _, FileContent::Submodule) => "submodule".to_owned(),
        (_, _, FileContent::Binary | FileContent::Text) => "binary".to_owned(),
    };
    let staging = match file.staging {
        Staging::Committed => "",
        Staging::Unstaged => " · uncommitted",
        Staging::Staged => " · staged",
        Staging::Partly => " · partly staged",
    };
    let name = match &file.old_path {
        Some(old) => format!("{} → {}", exact_line(old), exact_line(&file.path)),
        None => exact_line(&file.path),
    };
    format!("{name} · {status} · {counts}{staging}")
}

/// One file's changes, line by line.
pub fn text(file: &ChangedFile, page: &FilePage, colour: bool) -> String {
    let mut out = format!("\n{}\n", paint(&line(file), "1", colour));
    if !page.note.is_empty() {
        out.push_str(&format!("({})\n", one_line(&page.note)));
    }
    for DiffRow { kind, text, .. } in &page.rows {
        // How the file ends its lines is no part of them.
        let text = exact(text.strip_suffix('\r').unwrap_or(text));
        let (sign, shade) = match kind {
            RowKind::Hunk => ("", "36"),
            RowKind::Same => (" ", ""),
            RowKind::Removed => ("-", "31"),
            RowKind::Added => ("+", "32"),
            RowKind::Note => ("\\ ", "2"),
        };
        // Writing to a string cannot fail.
        writeln!(out, "{}", paint(&format!("{sign}{text}"), shade, colour)).ok();
    }
    out
}

fn paint(text: &str, shade: &str, colour: bool) -> String {
    match colour && !shade.is_empty() {
        true => format!("\x1b[{shade}m{text}\x1b[0m"),
        false => text.to_owned(),
    }
}

/// As people name commits.
pub fn short(commit: &str) -> &str {
    commit.get(..SHORT_ID_DIGITS).unwrap_or(commit)
}
