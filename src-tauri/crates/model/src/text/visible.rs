//! Characters that a reader does not see, or that reorder what he sees, and how they are shown.
//!
//! Promise: one table for the whole product. What is in it is written as `‹U+202E›`, never dropped, so two
//! texts that differ are never shown alike; what people write with (emoji, joined scripts) stays readable.
//! Must not know: where a text goes.

use std::borrow::Cow;

/// First and last of each range, in order. The window has the same table; a test compares them.
pub const HIDDEN: &[(u32, u32)] = &[
    (0x0000, 0x0008), // C0 without tab and newline
    (0x000B, 0x001F),
    (0x007F, 0x00A0),   // delete, C1, the space that does not break
    (0x00AD, 0x00AD),   // soft hyphen
    (0x034F, 0x034F),   // combining grapheme joiner
    (0x0600, 0x0605),   // Arabic signs that stand before numbers and lie over them
    (0x061C, 0x061C),   // Arabic letter mark
    (0x06DD, 0x06DD),   // Arabic end of ayah
    (0x070F, 0x070F),   // Syriac abbreviation mark
    (0x0890, 0x0891),   // Arabic pound marks
    (0x08E2, 0x08E2),   // Arabic disputed end of ayah
    (0x115F, 0x1160),   // Hangul fillers
    (0x1680, 0x1680),   // Ogham space
    (0x17B4, 0x17B5),   // Khmer inherent vowels
    (0x180B, 0x180F),   // Mongolian selectors, vowel separator
    (0x2000, 0x200F),   // spaces, zero width space and joiners, direction marks
    (0x2028, 0x202F),   // separators, embeddings and overrides, the narrow space
    (0x205F, 0x206F), // mathematical space, word joiner, operators, isolates, deprecated characters
    (0x2800, 0x2800), // the empty Braille pattern
    (0x3000, 0x3000), // ideographic space
    (0x3164, 0x3164), // Hangul filler
    (0xE000, 0xF8FF), // private use: each font draws something else, or nothing
    (0xFDD0, 0xFDEF), // noncharacters
    (0xFE00, 0xFE0F), // variation selectors
    (0xFEFF, 0xFEFF), // byte order mark
    (0xFFA0, 0xFFA0), // halfwidth Hangul filler
    (0xFFF0, 0xFFFB), // unassigned and ignored, interlinear annotation
    (0xFFFE, 0xFFFF), // noncharacters
    (0x110BD, 0x110BD), // Kaithi number signs
    (0x110CD, 0x110CD),
    (0x13430, 0x1343F), // hieroglyph format controls
    (0x16FE4, 0x16FE4), // Khitan filler
    (0x1BCA0, 0x1BCA3), // shorthand format controls
    (0x1D159, 0x1D159), // the empty note head
    (0x1D173, 0x1D17A), // musical format controls
    (0x1FFFE, 0x1FFFF), // noncharacters
    (0x2FFFE, 0x2FFFF),
    (0x3FFFE, 0x10FFFF), // noncharacters, planes without a character, tags, selectors, private use
];
/// Of the table, what prose is written with: spaces, joiners, selectors, signs, icons of fonts, carriage returns.
const PROSE: &[(u32, u32)] = &[
    (0x000D, 0x000D),
    (0x00A0, 0x00A0),
    (0x00AD, 0x00AD),
    (0x0600, 0x0605),
    (0x06DD, 0x06DD),
    (0x070F, 0x070F),
    (0x0890, 0x0891),
    (0x08E2, 0x08E2),
    (0x1680, 0x1680),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2000, 0x200A),
    (0x200C, 0x200D),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
    (0xE000, 0xF8FF),
    (0xFE0E, 0xFE0F),
    (0x110BD, 0x110BD),
    (0x110CD, 0x110CD),
    (0x13430, 0x1343F),
];
/// Of the table, spaces.
const SPACES: &[(u32, u32)] = &[
    (0x00A0, 0x00A0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
];
/// What an emoji begins with, or a sign that has an emoji's form.
const EMOJI: &[(u32, u32)] = &[
    (0x00A9, 0x00A9),
    (0x00AE, 0x00AE),
    (0x203C, 0x203C),
    (0x2049, 0x2049),
    (0x2122, 0x2122),
    (0x2139, 0x2139),
    (0x2194, 0x21AA),
    (0x231A, 0x23FF),
    (0x24C2, 0x24C2),
    (0x25AA, 0x25FE),
    (0x2600, 0x27BF),
    (0x2934, 0x2935),
    (0x2B05, 0x2B55),
    (0x3030, 0x3030),
    (0x303D, 0x303D),
    (0x3297, 0x3299),
    (0x1F000, 0x1FAFF),
];
const SKIN: (u32, u32) = (0x1F3FB, 0x1F3FF);
/// Letters of the Arabic script, which a zero width non-joiner keeps apart.
const ARABIC: &[(u32, u32)] =
    &[(0x0620, 0x064A), (0x066E, 0x06D3), (0x06EE, 0x06EF), (0x06FA, 0x06FF), (0x0750, 0x077F)];
/// Blocks of Indian scripts of 128 characters, each with its virama at the same place.
const INDIC: (u32, u32) = (0x0900, 0x0DFF);
const INDIC_BLOCK: u32 = 0x80;
const VIRAMA: u32 = 0x4D;
const SINHALA: u32 = 0x0D80;
const SINHALA_VIRAMA: u32 = 0x0DCA;
const IDEOGRAPHS: &[(u32, u32)] =
    &[(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF)];
/// Letters and signs that are as wide as an ideograph, between which a space is as wide too.
const WIDE: &[(u32, u32)] = &[
    (0x3001, 0x303F),
    (0x3041, 0x312F),
    (0x31A0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0xFF01, 0xFF60),
    (0x20000, 0x323AF),
];
const WIDE_SPACE: u32 = 0x3000;
/// What the sequence that colours a terminal begins with; it ends with an `m`.
const COLOUR: &str = "\x1b[";
const JOINER: u32 = 0x200D;
const NON_JOINER: u32 = 0x200C;
const KEYCAP: u32 = 0x20E3;

/// Most texts are: they need no look at the tables.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'\n' | b'\t' | b' '..=b'~'))
}

fn within(table: &[(u32, u32)], code: u32) -> bool {
    let at = table.partition_point(|(_, last)| *last < code);
    table.get(at).is_some_and(|(first, _)| *first <= code)
}

/// Whether the character is in the table.
pub fn is_hidden(c: char) -> bool {
    within(HIDDEN, u32::from(c))
}

/// One character as a reader gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyph {
    Plain(char),
    /// It is written by its number.
    Hidden(char),
}

impl Glyph {
    pub fn push_to(self, out: &mut String) {
        match self {
            Glyph::Plain(c) => out.push(c),
            Glyph::Hidden(c) => out.push_str(&format!("‹U+{:04X}›", u32::from(c))),
        }
    }

    /// Characters that it takes.
    pub fn chars(self) -> usize {
        match self {
            Glyph::Plain(_) => 1,
            Glyph::Hidden(c) if u32::from(c) <= 0xFFFF => 8,
            Glyph::Hidden(c) if u32::from(c) <= 0xF_FFFF => 9,
            Glyph::Hidden(_) => 10,
        }
    }
}

/// `text`, character by character.
pub fn glyphs(text: &str) -> impl Iterator<Item = Glyph> {
    let (mut before, mut last) = (None, None);
    let mut rest = text.chars().map(u32::from);
    text.chars().map(move |c| {
        rest.next();
        let code = u32::from(c);
        let kept = !is_hidden(c) || belongs(before, last, code, rest.clone().next());
        (before, last) = (last, Some(code));
        if kept { Glyph::Plain(c) } else { Glyph::Hidden(c) }
    })
}

/// Whether this character of the table does what it is for, where everybody can see it: it joins an emoji
/// or letters of a script that is written so, or chooses a form of the character right before it.
fn belongs(before: Option<u32>, last: Option<u32>, code: u32, next: Option<u32>) -> bool {
    let next = next.unwrap_or_default();
    if code == WIDE_SPACE {
        let begins = last.is_none_or(|last| last == u32::from('\n') || within(WIDE, last));
        return begins && within(WIDE, next);
    }
    let Some(last) = last else { return false };
    match code {
        0xFE0E | 0xFE0F if within(EMOJI, last) => true,
        0xFE0F => next == KEYCAP && (last == 0x23 || last == 0x2A || (0x30..=0x39).contains(&last)),
        0xFE00..=0xFE02 | 0xE0100..=0xE01EF => within(IDEOGRAPHS, last),
        JOINER => (ends_emoji(before, last) && within(EMOJI, next)) || joins_indic(last, next),
        NON_JOINER => (within(ARABIC, last) && within(ARABIC, next)) || joins_indic(last, next),
        _ => false,
    }
}

/// Whether `last` ends an emoji: its sign itself, a colour of skin or the selector after it.
fn ends_emoji(before: Option<u32>, last: u32) -> bool {
    let begun = before.is_some_and(|before| within(EMOJI, before));
    match last {
        0xFE0F => begun,
        last if within(&[SKIN], last) => begun,
        last => within(EMOJI, last),
    }
}

/// After a virama of the script that goes on.
fn joins_indic(last: u32, next: u32) -> bool {
    let block = |code: u32| code / INDIC_BLOCK;
    let virama = match block(last) == block(SINHALA) {
        true => last == SINHALA_VIRAMA,
        false => last % INDIC_BLOCK == VIRAMA,
    };
    within(&[INDIC], last) && virama && block(next) == block(last)
}

/// `text` with everything in it to be seen. For all that a person decides on or knows a thing by.
pub fn visible(text: &str) -> Cow<'_, str> {
    if is_plain(text) || glyphs(text).all(|glyph| matches!(glyph, Glyph::Plain(_))) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    glyphs(text).for_each(|glyph| glyph.push_to(&mut out));
    Cow::Owned(out)
}

/// As `visible`, on one line: where a line ends, and a tab, are seen too. For names, and for all that stands in
/// a line among others.
pub fn visible_line(text: &str) -> Cow<'_, str> {
    let seen = visible(text);
    if !seen.contains(['\n', '\t']) {
        return seen;
    }
    let mut out = String::with_capacity(seen.len());
    for c in seen.chars() {
        let glyph = if matches!(c, '\n' | '\t') { Glyph::Hidden(c) } else { Glyph::Plain(c) };
        glyph.push_to(&mut out);
    }
    Cow::Owned(out)
}

/// As `visible`, of a file's lines: a carriage return that only ends a line is how some files end lines.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    lines(text, |_| false)
}

/// As `visible_lines`, of text that nobody decides on: spaces of other widths are how people write.
pub fn visible_text(text: &str) -> Cow<'_, str> {
    lines(text, |c| within(SPACES, u32::from(c)))
}

fn lines(text: &str, stays: fn(char) -> bool) -> Cow<'_, str> {
    if let Cow::Borrowed(_) = visible(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix("\r\n").map_or((line, ""), |line| (line, "\r\n"));
        for glyph in glyphs(line) {
            match glyph {
                Glyph::Hidden(c) if stays(c) => out.push(c),
                glyph => glyph.push_to(&mut out),
            }
        }
        out.push_str(end);
    }
    Cow::Owned(out)
}

/// What is said in a conversation: emoji and all scripts stay as they were written, whatever reorders or
/// hides text is seen. Any part of a text can be given alone.
pub fn visible_speech(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| is_hidden(c) && !within(PROSE, u32::from(c));
    if is_plain(text) || !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let glyph = if hidden(c) { Glyph::Hidden(c) } else { Glyph::Plain(c) };
        glyph.push_to(&mut out);
    }
    Cow::Owned(out)
}

/// What a program printed: as speech, without what only colours a terminal.
pub fn visible_output(text: &str) -> Cow<'_, str> {
    if !text.contains(COLOUR) {
        return visible_speech(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(COLOUR) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let inner = &from[COLOUR.len()..];
        let end = inner.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';' || c == ':');
        rest = match end.strip_prefix('m') {
            Some(after) => after,
            None => {
                out.push_str(COLOUR);
                inner
            }
        };
    }
    out.push_str(rest);
    Cow::Owned(visible_speech(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_16_what_is_not_seen_is_written_by_its_number() {
        for (text, expected) in [
            ("plain text\n\twith lines", "plain text\n\twith lines"),
            ("a\u{202e}b", "a‹U+202E›b"),
            ("\u{61c}\u{200e}\u{200f}", "‹U+061C›‹U+200E›‹U+200F›"),
            ("\u{2066}x\u{2069}", "‹U+2066›x‹U+2069›"),
            ("a\u{200b}b\u{feff}", "a‹U+200B›b‹U+FEFF›"),
            ("\u{ad}\u{34f}\u{115f}\u{1160}", "‹U+00AD›‹U+034F›‹U+115F›‹U+1160›"),
            ("\u{3164}\u{ffa0}\u{180e}", "‹U+3164›‹U+FFA0›‹U+180E›"),
            ("\u{fff9}\u{e0041}\u{e007f}", "‹U+FFF9›‹U+E0041›‹U+E007F›"),
            ("\u{1b}[31m\u{7}\r\u{9b}\u{0}", "‹U+001B›[31m‹U+0007›‹U+000D›‹U+009B›‹U+0000›"),
            ("\u{e000}\u{10fffd}", "‹U+E000›‹U+10FFFD›"),
            ("a\u{fe0f}\u{fe00}", "a‹U+FE0F›‹U+FE00›"),
            ("rm\u{a0}-rf\u{3000}x\u{202f}y", "rm‹U+00A0›-rf‹U+3000›x‹U+202F›y"),
            ("\u{2000}\u{2009}\u{205f}\u{1680}", "‹U+2000›‹U+2009›‹U+205F›‹U+1680›"),
            ("\u{600}1\u{6dd}\u{70f}\u{8e2}", "‹U+0600›1‹U+06DD›‹U+070F›‹U+08E2›"),
            ("\u{110bd}\u{110cd}\u{13437}", "‹U+110BD›‹U+110CD›‹U+13437›"),
            ("\u{1d159}\u{16fe4}\u{2800}", "‹U+1D159›‹U+16FE4›‹U+2800›"),
            ("日\u{3000}\u{3000}本", "日‹U+3000›‹U+3000›本"),
        ] {
            assert_eq!(visible(text), expected, "{text:?}");
            assert_eq!(visible(&visible(text)), expected, "again: {text:?}");
        }
    }

    #[test]
    fn security_16_what_people_write_with_stays() {
        for text in [
            "Grüße, 日本語, עברית, العربية",
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
            "\u{1f44d}\u{1f3fd}\u{200d}\u{2695}\u{fe0f}",
            "\u{2764}\u{fe0f} 1\u{fe0f}\u{20e3}",
            "می\u{200c}خواهم",
            "क\u{94d}\u{200d}ष",
            "葛\u{e0100}",
            "\u{3000}日本語。\u{3000}次の文\n\u{3000}ー",
        ] {
            assert_eq!(visible(text), text);
        }
        // The same characters where they do nothing that is seen; and a row of selectors, which is data.
        for (text, hidden) in [
            ("rm\u{200d} x", 1),
            ("a\u{200c}b", 1),
            ("می\u{200c}\u{200c}خواهم", 2),
            ("\u{2764}\u{fe0f}\u{fe0f}\u{e0101}", 2),
            ("\u{1f600}\u{200d}x", 1),
            ("x\u{e0100}", 1),
        ] {
            let found = glyphs(text).filter(|glyph| matches!(glyph, Glyph::Hidden(_))).count();
            assert_eq!(found, hidden, "{text:?}");
        }
    }

    #[test]
    fn security_16_no_two_texts_are_shown_alike_and_ranges_are_in_order() {
        assert!(HIDDEN.windows(2).all(|pair| pair[0].1 < pair[1].0));
        assert!(HIDDEN.iter().all(|(first, last)| first <= last));
        let mut seen = std::collections::BTreeMap::new();
        for c in (0..=0x10_FFFF).filter_map(char::from_u32) {
            let shown = visible(&c.to_string()).into_owned();
            let chars: usize = glyphs(&c.to_string()).map(Glyph::chars).sum();
            assert_eq!(shown.chars().count(), chars);
            assert_eq!(seen.insert(shown, c), None, "{c:?}");
        }
    }

    #[test]
    fn security_16_a_file_s_line_ends_are_no_characters_of_it() {
        for (text, expected) in [
            ("a\r\nb\r\n", "a\r\nb\r\n"),
            ("a\rb\r\n\r", "a‹U+000D›b\r\n‹U+000D›"),
            ("\u{202e}\n", "‹U+202E›\n"),
        ] {
            assert_eq!(visible_lines(text), expected, "{text:?}");
        }
    }

    #[test]
    fn security_16_spaces_of_other_widths_stay_where_nobody_decides() {
        let text = "10\u{202f}km\u{a0}!\u{3000}x\r\n\u{202e}\u{200b}\r";
        let expected = "10\u{202f}km\u{a0}!\u{3000}x\r\n‹U+202E›‹U+200B›‹U+000D›";
        assert_eq!(visible_text(text), expected);
        assert!(visible_lines(text).contains("‹U+202F›"));
    }

    #[test]
    fn colours_of_an_output_go_and_nothing_else_does() {
        for (text, expected) in [
            ("\x1b[1;32mok\x1b[0m \x1b[m.", "ok ."),
            ("\x1b[2Jx\x1b[", "‹U+001B›[2Jx‹U+001B›["),
            ("\x1b[31", "‹U+001B›[31"),
            ("plain\u{202e}", "plain‹U+202E›"),
        ] {
            assert_eq!(visible_output(text), expected);
        }
    }

    /// The window shows what is invisible by the same table.
    #[test]
    fn security_16_the_window_has_the_same_table() {
        let window = include_str!("../../../../../ui/src/state/visible.ts");
        let tables = [
            ("HIDDEN", HIDDEN),
            ("EMOJI", EMOJI),
            ("ARABIC", ARABIC),
            ("IDEOGRAPHS", IDEOGRAPHS),
            ("WIDE", WIDE),
        ];
        for (name, table) in tables {
            let from = window.find(&format!("const {name}: Range[] = [")).unwrap();
            let numbers: String = window[from..].split("];").next().unwrap().into();
            let hex = |word: &str| u32::from_str_radix(word.trim_start_matches("0x"), 16).ok();
            let words = numbers.split(|c: char| !c.is_ascii_alphanumeric());
            let found: Vec<u32> = words.filter(|w| w.starts_with("0x")).filter_map(hex).collect();
            let expected: Vec<u32> = table.iter().flat_map(|(a, b)| [*a, *b]).collect();
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn security_16_speech_stays_readable_and_says_what_reorders_it() {
        for (text, expected) in [
            ("می\u{200c}خواهم \u{2764}\u{fe0f}\r\n", "می\u{200c}خواهم \u{2764}\u{fe0f}\r\n"),
            ("\u{202e}evil\u{2069}", "‹U+202E›evil‹U+2069›"),
            ("a\u{e0041}\u{200b}\u{1b}", "a‹U+E0041›‹U+200B›‹U+001B›"),
            ("Vraiment\u{a0}?\u{3000}はい\u{202f}!", "Vraiment\u{a0}?\u{3000}はい\u{202f}!"),
        ] {
            assert_eq!(visible_speech(text), expected, "{text:?}");
        }
    }
}
