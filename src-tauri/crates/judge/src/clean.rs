//! Text of others, made harmless and short: no escape sequences, nothing that cannot be seen.
//!
//! Promise: pure; what comes out is valid text, cut between characters.

/// Without escape sequences, control characters other than line ends and tabs, and characters that
/// show nothing or turn the text about: whoever reads the text sees what a model sees.
pub(crate) fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    // Tabs are no part of any sequence, and would go with them.
    let plain = match text.contains('\u{1b}') {
        true => text.split('\t').map(strip_ansi_escapes::strip_str).collect::<Vec<_>>().join("\t"),
        false => text,
    };
    plain.chars().filter(|&c| is_visible(c)).collect()
}

fn is_visible(c: char) -> bool {
    match c {
        '\n' | '\t' => true,
        // Zero width, direction, word joiners, byte order mark, tags.
        '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{e0000}'..='\u{e0fff}' => false,
        c => !c.is_control(),
    }
}

/// On one line, at most `max` characters.
pub(crate) fn line(text: &str, max: usize) -> String {
    let text = clean(text).split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(max) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// What the note about the middle takes.
const NOTE_BYTES: usize = 48;

/// At most `max` bytes, a note among them, from both ends: the middle goes.
pub(crate) fn cut_middle(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let max = max.saturating_sub(NOTE_BYTES);
    let head = floor(text, max / 2);
    let tail = ceiling(text, text.len() - (max - max / 2));
    let gone = tail - head;
    format!("{}\n[… {gone} bytes left out …]\n{}", &text[..head], &text[tail..])
}

/// The last `max` bytes.
pub(crate) fn cut_front(text: &str, max: usize) -> &str {
    &text[ceiling(text, text.len().saturating_sub(max))..]
}

/// The first `max` bytes.
pub(crate) fn cut_end(text: &str, max: usize) -> &str {
    &text[..floor(text, max)]
}

fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn ceiling(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_goes() {
        for (text, expected) in [
            ("a\u{1b}[31mred\u{1b}[0m\tb\nc", "ared\tb\nc"),
            ("10 %\r20 %\r\nend", "10 %\n20 %\nend"),
            ("bell\u{7} null\0 back\u{8}", "bell null back"),
            ("hid\u{e0041}den\u{200b} \u{202e}turned", "hidden turned"),
            ("naïve 测试 👩‍🔬", "naïve 测试 👩🔬"),
        ] {
            assert_eq!(clean(text), expected, "{text:?}");
        }
    }

    #[test]
    fn text_is_cut_between_characters() {
        for max in 0..12 {
            for text in ["ééééé", "測試測試", "abc"] {
                assert!(cut_front(text, max).len() <= max);
                assert!(cut_end(text, max).len() <= max);
                let cut = cut_middle(text, max);
                assert!(text.len() <= max || cut.contains("left out"), "{cut}");
            }
        }
        assert_eq!(line("a\n  b\tc", 4), "a b …");
    }
}
