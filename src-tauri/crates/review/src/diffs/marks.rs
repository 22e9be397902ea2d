//! Which words of a line changed, where one line became another.
//!
//! Promise: pure; lines that have little in common are left unmarked, because marks on everything
//! say nothing.

use crate::limits::{WORDS_BLOCK_MAX, WORDS_LINE_MAX_CHARS};
use nightshift_protocol::review::{DiffRow, RowKind, Span};
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::ops::Range;

/// Below this share of common characters two lines are two lines, not one that changed.
const LEAST_COMMON_PERCENT: usize = 40;

/// Marks the blocks of changed lines that reach into rows `from..to`.
pub fn mark(rows: &mut [DiffRow], from: usize, to: usize) {
    let mut at = from;
    while at > 0 && changed(&rows[at - 1]) {
        at -= 1;
    }
    while at < to {
        if !changed(&rows[at]) {
            at += 1;
            continue;
        }
        let end = (at..rows.len()).find(|&i| !changed(&rows[i])).unwrap_or(rows.len());
        mark_block(&mut rows[at..end]);
        at = end;
    }
}

fn changed(row: &DiffRow) -> bool {
    match row.kind {
        RowKind::Removed | RowKind::Added | RowKind::Note => true,
        RowKind::Same | RowKind::Hunk => false,
    }
}

/// The first removed line with the first added one, and so on.
fn mark_block(block: &mut [DiffRow]) {
    let of = |kind| -> Vec<usize> {
        let found = block.iter().enumerate().filter(|(_, row)| row.kind == kind);
        found.map(|(at, _)| at).take(WORDS_BLOCK_MAX).collect()
    };
    let pairs: Vec<_> = of(RowKind::Removed).into_iter().zip(of(RowKind::Added)).collect();
    for (removed, added) in pairs {
        if let Some((old, new)) = words(&block[removed].text, &block[added].text) {
            block[removed].marks = old;
            block[added].marks = new;
        }
    }
}

fn words(old: &str, new: &str) -> Option<(Vec<Span>, Vec<Span>)> {
    if old.len().max(new.len()) > WORDS_LINE_MAX_CHARS {
        return None;
    }
    let (before, after) = (tokens(old), tokens(new));
    let ops = capture_diff_slices(Algorithm::Myers, &before, &after);
    let mut common = 0;
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    let bytes = |tokens: &[&str]| tokens.iter().map(|token| token.trim().len()).sum::<usize>();
    for op in ops {
        match op {
            DiffOp::Equal { old_index, len, .. } => {
                common += bytes(&before[old_index..old_index + len]);
            }
            DiffOp::Delete { .. } | DiffOp::Insert { .. } | DiffOp::Replace { .. } => {
                push(&mut removed, span(&before, op.old_range()));
                push(&mut added, span(&after, op.new_range()));
            }
        }
    }
    let all = bytes(&before).max(bytes(&after));
    (common * 100 >= all * LEAST_COMMON_PERCENT).then_some((removed, added))
}

/// Words, and every other character by itself.
fn tokens(line: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let end = match word(first) {
            true => rest.find(|c| !word(c)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let (token, after) = rest.split_at(end);
        tokens.push(token);
        rest = after;
    }
    tokens
}

fn span(tokens: &[&str], range: Range<usize>) -> Span {
    let units = |tokens: &[&str]| tokens.iter().map(|t| t.encode_utf16().count()).sum::<usize>();
    let from = units(&tokens[..range.start]);
    let to = from + units(&tokens[range]);
    Span { from: u32::try_from(from).unwrap_or(0), to: u32::try_from(to).unwrap_or(0) }
}

/// Neighbours become one.
fn push(spans: &mut Vec<Span>, span: Span) {
    if span.from == span.to {
        return;
    }
    match spans.last_mut() {
        Some(last) if last.to == span.from => last.to = span.to,
        Some(_) | None => spans.push(span),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffs::rows::rows;

    fn cut(text: &str, spans: &[Span]) -> Vec<String> {
        let units: Vec<u16> = text.encode_utf16().collect();
        let part = |s: &Span| String::from_utf16(&units[s.from as usize..s.to as usize]).unwrap();
        spans.iter().map(part).collect()
    }

    #[test]
    fn words_that_changed_are_marked_in_units_of_the_window() {
        for (old, new, removed, added) in [
            ("let a = 1;", "let b = 1;", vec!["a"], vec!["b"]),
            ("😀 one two", "😀 one three two", vec![], vec!["three "]),
            ("same", "same ", vec![], vec![" "]),
            ("call(x, y)", "call(x)", vec![", y"], vec![]),
        ] {
            let (old_marks, new_marks) = words(old, new).unwrap();
            assert_eq!(cut(old, &old_marks), removed, "{old} → {new}");
            assert_eq!(cut(new, &new_marks), added, "{old} → {new}");
        }
        assert_eq!(words("fn main() {", "completely different words here"), None);
        assert_eq!(words(&"x".repeat(5_000), "x"), None);
    }

    #[test]
    fn a_page_that_begins_inside_a_block_is_marked_like_the_whole() {
        let diff = b"@@ -1,2 +1,2 @@\n-let a = 1;\n-let b = 2;\n+let a = 3;\n+let b = 4;\n";
        let mut whole = rows(diff);
        mark(&mut whole, 0, 5);
        let mut page = rows(diff);
        mark(&mut page, 3, 5);
        assert_eq!(whole, page);
        assert!(whole[1..].iter().all(|row| row.marks.len() == 1));
    }
}
