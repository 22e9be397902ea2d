//! A unified diff as rows.
//!
//! Promise: pure; every line of the input becomes one row, whatever bytes it holds.

use nightshift_model::visible::visible;
use nightshift_protocol::review::{DiffRow, RowKind};

/// The rows of `git diff`'s output: from the first hunk on.
pub fn rows(diff: &[u8]) -> Vec<DiffRow> {
    let mut rows = Vec::new();
    let (mut old, mut new) = (0, 0);
    let mut left = (0, 0);
    for line in lines(diff) {
        let inside = left.0 > 0 || left.1 > 0;
        match line.first() {
            Some(b'@') if !inside => {
                let Some(hunk) = hunk(line) else { continue };
                (old, new) = (hunk.old, hunk.new);
                left = (hunk.old_lines, hunk.new_lines);
                rows.push(row(RowKind::Hunk, None, None, line));
            }
            Some(b'-') if inside => {
                rows.push(row(RowKind::Removed, Some(old), None, &line[1..]));
                (old, left.0) = (old + 1, u32::saturating_sub(left.0, 1));
            }
            Some(b'+') if inside => {
                rows.push(row(RowKind::Added, None, Some(new), &line[1..]));
                (new, left.1) = (new + 1, u32::saturating_sub(left.1, 1));
            }
            Some(b'\\') if !rows.is_empty() => {
                rows.push(row(RowKind::Note, None, None, line[1..].trim_ascii()));
            }
            _ if inside => {
                let text = line.strip_prefix(b" ").unwrap_or(line);
                rows.push(row(RowKind::Same, Some(old), Some(new), text));
                (old, new) = (old + 1, new + 1);
                left = (left.0.saturating_sub(1), left.1.saturating_sub(1));
            }
            // The head, before the first hunk.
            _ => {}
        }
    }
    rows
}

/// The rows of a file that was not there before.
pub fn all_added(text: &[u8]) -> Vec<DiffRow> {
    let numbered = lines(text).zip(1..);
    numbered.map(|(line, new)| row(RowKind::Added, None, Some(new), line)).collect()
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let none = text.is_empty();
    text.split(|&b| b == b'\n').filter(move |_| !none)
}

fn row(kind: RowKind, old: Option<u32>, new: Option<u32>, text: &[u8]) -> DiffRow {
    // A carriage return at the end is how some files end lines.
    let (line, end) = text.strip_suffix(b"\r").map_or((text, ""), |line| (line, "\r"));
    let text = format!("{}{end}", visible(&String::from_utf8_lossy(line)));
    DiffRow { kind, old, new, text, marks: Vec::new() }
}

struct Hunk {
    old: u32,
    old_lines: u32,
    new: u32,
    new_lines: u32,
}

/// `@@ -1,2 +3,4 @@ …`; a count of one is left out.
fn hunk(line: &[u8]) -> Option<Hunk> {
    let line = String::from_utf8_lossy(line);
    let mut words = line.strip_prefix("@@ ")?.split(' ');
    let (old, old_lines) = range(words.next()?.strip_prefix('-')?)?;
    let (new, new_lines) = range(words.next()?.strip_prefix('+')?)?;
    Some(Hunk { old, old_lines, new, new_lines })
}

fn range(text: &str) -> Option<(u32, u32)> {
    match text.split_once(',') {
        Some((from, lines)) => Some((from.parse().ok()?, lines.parse().ok()?)),
        None => Some((text.parse().ok()?, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_look_like_heads_are_lines() {
        let diff = b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@ fn x\n same\n--- old\n\
            +++ new\n@@ -9 @@\n\\ No newline at end of file\n@@ -9 +9 @@\n-@@ -1 +1 @@\n+\xff\n";
        let seen: Vec<_> = rows(diff).into_iter().map(|r| (r.kind, r.old, r.new, r.text)).collect();
        let expected = [
            (RowKind::Hunk, None, None, "@@ -1,3 +1,3 @@ fn x"),
            (RowKind::Same, Some(1), Some(1), "same"),
            (RowKind::Removed, Some(2), None, "-- old"),
            (RowKind::Added, None, Some(2), "++ new"),
            (RowKind::Same, Some(3), Some(3), "@@ -9 @@"),
            (RowKind::Note, None, None, "No newline at end of file"),
            (RowKind::Hunk, None, None, "@@ -9 +9 @@"),
            (RowKind::Removed, Some(9), None, "@@ -1 +1 @@"),
            (RowKind::Added, None, Some(9), "\u{fffd}"),
        ];
        assert_eq!(seen, expected.map(|(kind, old, new, text)| (kind, old, new, text.to_owned())));
        assert!(rows(b"Binary files a/x and b/x differ\n").is_empty() && rows(b"").is_empty());
    }

    #[test]
    fn security_16_a_diff_shows_what_is_invisible() {
        let diff = "@@ -1 +1 @@ fn \u{2066}\n-a\r\n+a\u{202e}\rb\u{200b}\r\n";
        let seen: Vec<String> = rows(diff.as_bytes()).into_iter().map(|row| row.text).collect();
        assert_eq!(seen, ["@@ -1 +1 @@ fn ‹U+2066›", "a\r", "a‹U+202E›‹U+000D›b‹U+200B›\r"]);
        assert_eq!(all_added("x\u{feff}".as_bytes())[0].text, "x‹U+FEFF›");
    }

    #[test]
    fn a_new_file_is_all_added() {
        for (text, expected) in
            [("", 0), ("\n", 0), ("a", 1), ("a\n", 1), ("a\nb\n", 2), ("a\n\n", 2)]
        {
            assert_eq!(all_added(text.as_bytes()).len(), expected, "{text:?}");
        }
    }
}
