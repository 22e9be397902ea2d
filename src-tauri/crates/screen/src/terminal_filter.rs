//! What a session's programs may tell the terminal of the user who attached.
//!
//! Promise: text, colours, titles, links and notifications pass. What acts outside of the session's own
//! screen does not: writing the clipboard (unless the user allowed it) or reading it, files, printers,
//! fonts, keys, control of the terminal program, and questions whose answers hold text, which would be
//! typed wherever the user is then. Sequences of strings pass by list, so that one nobody thought of does
//! not. Any bytes in any split give the same; what is held back is bounded.
//! Must not know: who draws, the screen.

use std::borrow::Cow;

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
const CANCEL: u8 = 0x18;
const SUBSTITUTE: u8 = 0x1a;
/// Longer sequences are none that a terminal follows.
const HELD_MAX_BYTES: usize = 256;
/// OSC by number: titles; colours; directory, link, notification, progress; pointer; prompt marks.
const OSC_PASS: [u16; 27] = [
    0, 1, 2, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 17, 19, 21, 22, 99, 104, 105, 110, 111, 112, 117,
    133, 633, 777,
];
const OSC_CLIPBOARD: u16 = 52;
/// Window operations (`CSI … t`) that only ask for sizes or keep titles; others move and resize the
/// window, or have the terminal type its title.
const WINDOW_PASS: [u16; 7] = [14, 15, 16, 18, 19, 22, 23];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    Ground,
    Escape,
    /// After `ESC` and an intermediate byte.
    Intermediate,
    Csi,
    /// The number of an OSC.
    Osc,
    /// The clipboard's name in an OSC 52.
    Clipboard,
    /// What comes before the data of a DCS.
    Dcs,
    /// A string's text.
    Text(Text),
    TextEscape(Text),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Text {
    passes: bool,
    /// A bell ends it: in OSC only.
    bell_ends: bool,
}

#[derive(Debug, Default)]
pub struct TerminalFilter {
    clipboard: bool,
    at: At,
    /// The sequence under way, until it is known whether it passes.
    held: Vec<u8>,
    /// The character under way: how many bytes are missing, and the smallest that the next may be.
    missing: u8,
    next_min: u8,
    /// 0xC2 came: the next byte says whether it is a C1 control character.
    two: bool,
}

impl TerminalFilter {
    pub fn new(clipboard: bool) -> TerminalFilter {
        TerminalFilter { clipboard, ..TerminalFilter::default() }
    }

    /// The terminal was reset: no sequence is under way in it.
    pub fn begin_anew(&mut self) {
        *self = TerminalFilter::new(self.clipboard);
    }

    /// What of these bytes the terminal gets.
    pub fn pass<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        if self.is_plain() && bytes.is_ascii() && !bytes.contains(&ESC) {
            return Cow::Borrowed(bytes);
        }
        let mut out = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let [byte, after @ ..] = rest {
            if self.is_plain() {
                let run = rest.iter().position(|b| *b == ESC || *b >= 0x80).unwrap_or(rest.len());
                if run > 0 {
                    out.extend_from_slice(&rest[..run]);
                    rest = &rest[run..];
                    continue;
                }
            }
            self.take(*byte, &mut out);
            rest = after;
        }
        Cow::Owned(out)
    }

    /// Neither a sequence nor a character is under way.
    fn is_plain(&self) -> bool {
        self.at == At::Ground && self.missing == 0 && !self.two
    }

    fn take(&mut self, byte: u8, out: &mut Vec<u8>) {
        if !byte.is_ascii() || self.missing > 0 || self.two {
            return self.wide(byte, out);
        }
        match (self.at, byte) {
            (At::Text(text), ESC) => self.at = At::TextEscape(text),
            (At::TextEscape(text), b'\\') => self.end_text(text, b"\x1b\\", out),
            (At::TextEscape(text), _) => {
                // Another sequence begins, and ends the text in some terminals only.
                self.end_text(text, b"\x1b\\", out);
                self.begin_sequence();
                self.take(byte, out);
            }
            (At::Osc | At::Clipboard | At::Dcs, ESC) => self.end_head(out),
            (_, ESC) => self.begin_sequence(),
            (At::Text(text), CANCEL | SUBSTITUTE) => self.end_text(text, &[byte], out),
            (At::Text(text), BEL) if text.bell_ends => self.end_text(text, &[byte], out),
            (At::Text(text), _) if text.passes => out.push(byte),
            (At::Text(_), _) => {}
            (At::Ground, _) => out.push(byte),
            (_, CANCEL | SUBSTITUTE) => self.at = At::Ground,
            (At::Osc, _) => self.osc(byte, out),
            (At::Clipboard, _) => self.clipboard(byte, out),
            // Carried out in the midst of a sequence.
            (_, 0x00..=0x1f) => out.push(byte),
            (_, 0x7f) => {}
            (At::Escape, _) => self.escape(byte, out),
            (At::Intermediate, _) => self.intermediate(byte, out),
            (At::Csi, _) => self.csi(byte, out),
            (At::Dcs, _) => self.dcs(byte, out),
        }
    }

    /// A byte of a character that is no ASCII. C1 control characters do not pass: as bytes of a
    /// character they are text.
    fn wide(&mut self, byte: u8, out: &mut Vec<u8>) {
        if !matches!(self.at, At::Ground | At::Text(_)) {
            // No sequence holds it.
            self.leave_sequence(out);
        }
        let passes = match self.at {
            At::Text(text) => text.passes,
            _ => true,
        };
        let goes_on = (0x80..0xc0).contains(&byte);
        if std::mem::take(&mut self.two) {
            if goes_on {
                if byte >= 0xa0 && passes {
                    out.extend_from_slice(&[0xc2, byte]);
                }
                return;
            }
            return self.take(byte, out);
        }
        if self.missing > 0 {
            if goes_on && byte >= self.next_min {
                (self.missing, self.next_min) = (self.missing - 1, 0x80);
                if passes {
                    out.push(byte);
                }
                return;
            }
            self.missing = 0;
            return self.take(byte, out);
        }
        (self.missing, self.next_min) = match byte {
            0xc2 => {
                self.two = true;
                return;
            }
            0xc3..=0xdf => (1, 0x80),
            // Longer forms of shorter characters are none.
            0xe0 => (2, 0xa0),
            0xe1..=0xef => (2, 0x80),
            0xf0 => (3, 0x90),
            0xf1..=0xf4 => (3, 0x80),
            _ => (0, 0x80),
        };
        if passes && !(0x80..0xa0).contains(&byte) {
            out.push(byte);
        }
    }

    fn begin_sequence(&mut self) {
        self.at = At::Escape;
        self.held.clear();
        self.held.push(ESC);
    }

    /// A string ends before its text: only an OSC says something by its number alone.
    fn end_head(&mut self, out: &mut Vec<u8>) {
        let number = self.osc_number().filter(|_| self.at == At::Osc);
        let passes = number.is_some_and(|number| OSC_PASS.contains(&number));
        if passes {
            out.extend_from_slice(&self.held);
        }
        self.at = At::TextEscape(Text { passes, bell_ends: true });
    }

    /// What was held is dropped; a string's text goes on as text that is dropped.
    fn leave_sequence(&mut self, out: &mut Vec<u8>) {
        self.at = match self.at {
            At::Osc | At::Clipboard => At::Text(Text { passes: false, bell_ends: true }),
            At::Dcs => At::Text(Text { passes: false, bell_ends: false }),
            At::TextEscape(text) => {
                self.end_text(text, b"\x1b\\", out);
                At::Ground
            }
            _ => At::Ground,
        };
    }

    fn end_text(&mut self, text: Text, end: &[u8], out: &mut Vec<u8>) {
        self.at = At::Ground;
        if text.passes {
            out.extend_from_slice(end);
        }
    }

    /// Takes one more byte of a sequence; false when it has become too long for one.
    fn hold(&mut self, byte: u8) -> bool {
        let fits = self.held.len() < HELD_MAX_BYTES;
        if fits {
            self.held.push(byte);
        }
        fits
    }

    /// The sequence is whole.
    fn finish(&mut self, byte: u8, passes: bool, out: &mut Vec<u8>) {
        self.at = At::Ground;
        if passes && self.held.len() < HELD_MAX_BYTES {
            out.extend_from_slice(&self.held);
            out.push(byte);
        }
    }

    fn escape(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.at = match byte {
            b'[' => At::Csi,
            b']' => At::Osc,
            b'P' => At::Dcs,
            // APC, PM, SOS.
            b'_' | b'^' | b'X' => At::Text(Text { passes: false, bell_ends: false }),
            0x20..=0x2f => At::Intermediate,
            _ => return self.finish(byte, true, out),
        };
        self.hold(byte);
    }

    /// Character sets and the like. Not what makes the terminal one of eight bits or of another
    /// encoding: bytes would be control characters in it that are text here.
    fn intermediate(&mut self, byte: u8, out: &mut Vec<u8>) {
        if byte < 0x30 {
            self.hold(byte);
            return;
        }
        let passes = match self.held.get(1) {
            Some(b'(' | b')' | b'*' | b'+' | b'-' | b'.' | b'/' | b'#') => true,
            Some(b'%') => self.held.len() == 2 && byte == b'G',
            Some(b' ') => self.held.len() == 2 && byte == b'F',
            _ => false,
        };
        self.finish(byte, passes, out);
    }

    fn csi(&mut self, byte: u8, out: &mut Vec<u8>) {
        if byte < 0x40 {
            self.hold(byte);
            return;
        }
        let parameters = self.held.get(2..).unwrap_or_default();
        let has = |intermediate| parameters.contains(&intermediate);
        let passes = match byte {
            // To the printer.
            b'i' => false,
            b't' if has(b'$') || has(b' ') || has(b'\'') => true,
            b't' => number(parameters).is_some_and(|first| WINDOW_PASS.contains(&first)),
            // What the screen shows, as a sum.
            b'y' => !has(b'*'),
            // Controls of eight bits.
            b'p' => !has(b'"'),
            _ => true,
        };
        self.finish(byte, passes, out);
    }

    fn osc(&mut self, byte: u8, out: &mut Vec<u8>) {
        let text = |passes| At::Text(Text { passes, bell_ends: true });
        match byte {
            b'0'..=b'9' if self.hold(byte) => {}
            BEL => {
                let passes = self.osc_number().is_some_and(|number| OSC_PASS.contains(&number));
                self.finish(byte, passes, out);
            }
            b';' => match self.osc_number() {
                Some(number) if OSC_PASS.contains(&number) => {
                    self.finish(byte, true, out);
                    self.at = text(true);
                }
                Some(OSC_CLIPBOARD) if self.clipboard && self.hold(byte) => {
                    self.at = At::Clipboard;
                }
                _ => self.at = text(false),
            },
            _ => self.at = text(false),
        }
    }

    fn osc_number(&self) -> Option<u16> {
        self.held.get(2..).and_then(number)
    }

    /// Its name, a semicolon, and base64 to be written. A question mark instead would read it.
    fn clipboard(&mut self, byte: u8, out: &mut Vec<u8>) {
        let named = self.held.iter().filter(|held| **held == b';').count() == 2;
        let goes_on = byte == b';' || byte.is_ascii_alphanumeric();
        if named && (byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')) {
            self.finish(byte, true, out);
            self.at = At::Text(Text { passes: true, bell_ends: true });
        } else if named || !goes_on || !self.hold(byte) {
            let ended = byte == BEL;
            let text = At::Text(Text { passes: false, bell_ends: true });
            self.at = if ended { At::Ground } else { text };
        }
    }

    /// Pictures (sixel) pass. Others define keys, ask for settings, speak to other programs.
    fn dcs(&mut self, byte: u8, out: &mut Vec<u8>) {
        if byte < 0x40 {
            self.hold(byte);
            return;
        }
        let parameters = self.held.get(2..).unwrap_or_default();
        let numbers = parameters.iter().all(|b| b.is_ascii_digit() || *b == b';');
        let passes = byte == b'q' && numbers && self.held.len() < HELD_MAX_BYTES;
        self.finish(byte, passes, out);
        self.at = At::Text(Text { passes, bell_ends: false });
    }
}

/// The first parameter; none where something else stands before it.
fn number(parameters: &[u8]) -> Option<u16> {
    let end = parameters.iter().position(|b| !b.is_ascii_digit()).unwrap_or(parameters.len());
    std::str::from_utf8(&parameters[..end]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn passed(bytes: &[u8], clipboard: bool) -> String {
        let mut whole = TerminalFilter::new(clipboard);
        let at_once = whole.pass(bytes).into_owned();
        let mut one_by_one = TerminalFilter::new(clipboard);
        let pieces: Vec<u8> =
            bytes.chunks(1).flat_map(|byte| one_by_one.pass(byte).into_owned()).collect();
        assert_eq!(at_once, pieces, "split: {:?}", String::from_utf8_lossy(bytes));
        String::from_utf8_lossy(&at_once).into_owned()
    }

    #[test]
    fn security_18_attach_leaves_the_user_s_terminal_alone() {
        for dropped in [
            "\x1b]52;c;aGk=\x07",
            "\x1b]52;c;aGk=\x1b\\",
            "\x1b]052;c;aGk=\x07",
            "\x1b]52;p;?\x07",
            "\x1b]5522;type=write\x07",
            "\x1b]5113;ac=send\x07",
            "\x1b]50;#1\x07",
            "\x1b]46;/tmp/log\x07",
            "\x1b]51;Eeval\x07",
            "\x1b]3;A=b\x07",
            "\x1b]1337;CopyToClipboard=\x07",
            "\x1b]1337;File=name=eA==;inline=0:eA==\x07",
            "\x1b];x\x07",
            "\x1b]lx\x1b\\",
            "\x1b[21t",
            "\x1b[20;t",
            "\x1b[0021t",
            "\x1b[>2t",
            "\x1b[3;0;0t",
            "\x1b[8;9;9t",
            "\x1b[t",
            "\x1b[5i",
            "\x1b[?4i",
            "\x1b[1;1;1;1;9;9*y",
            "\x1b[62;2\"p",
            "\x1bP$qm\x1b\\",
            "\x1bP+q436f\x1b\\",
            "\x1bP0;1|17/68656c\x1b\\",
            "\x1bP@kitty-cmd{\"cmd\":\"ls\"}\x1b\\",
            "\x1bPx\x07more\x1b\\",
            "\x1b_Ga=T,t=f;L2V0Yw==\x1b\\",
            "\x1b^private\x1b\\",
            "\x1bXstring\x1b\\",
            "\x1b G",
            "\x1b%@",
            "\x1b%/G",
        ] {
            let text = format!("a{dropped}b");
            assert_eq!(passed(text.as_bytes(), false), "ab", "{dropped:?}");
        }
    }

    #[test]
    fn security_18_attach_hides_no_sequence_in_another() {
        for (bytes, kept) in [
            // The C1 forms, in UTF-8 and as bytes.
            ("a\u{9d}52;c;aGk=\u{9c}b".as_bytes(), "a52;c;aGk=b"),
            (b"a\x9d52;c;aGk=\x9cb", "a52;c;aGk=b"),
            ("a\u{90}$qm\u{9c}b".as_bytes(), "a$qmb"),
            ("a\u{9b}21tb".as_bytes(), "a21tb"),
            (b"\xe0\x82\x9b21t", "\u{fffd}21t"),
            (b"\xc1\x9b21t", "\u{fffd}21t"),
            (b"\xe2\x9b21t", "\u{fffd}21t"),
            // Controls inside are carried out, and the sequence is what it was.
            (b"a\x1b[2\n1tb", "a\nb"),
            (b"a\x1b]52\x00;c;eA==\x07b", "ab"),
            (b"a\x1b[2\x181tb", "a1tb"),
            // Through another program's passthrough, and inside a title.
            (b"a\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\b", "a\x1b\\b"),
            (b"a\x1b]0;t\x1b]52;c;aGk=\x07b", "a\x1b]0;t\x1b\\b"),
            ("a\x1b]0;t\u{9c}\u{9d}52;c;eA==\x07b".as_bytes(), "a\x1b]0;t52;c;eA==\x07b"),
            (b"a\x1b]0;t\x1b[21tb", "a\x1b]0;t\x1b\\b"),
            (b"a\x1b\x1b]52;c;eA==\x07b", "ab"),
        ] {
            assert_eq!(passed(bytes, false), kept, "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn security_18_attach_shows_what_terminals_are_for() {
        for text in [
            "plain\r\n\ttext\x08 with a bell\x07",
            "\x1b[1;38;2;1;2;3mcolour\x1b[0m\x1b[2J\x1b[H\x1b[?1049h\x1b[?2004h\x1b[5 q",
            "grüße “日本” 🦀 a\u{a0}b",
            "\x1b]0;title grüße\x07\x1b]2;title\x1b\\\x1b]1;icon\x07",
            "\x1b]8;id=1;https://example.org/a?b=c\x1b\\link\x1b]8;;\x1b\\",
            "\x1b]9;told\x07\x1b]777;notify;a;b\x07\x1b]99;i=1;told\x1b\\",
            "\x1b]133;A\x07$ \x1b]133;B\x07\x1b]7;file://host/dir\x07",
            "\x1b]4;1;?\x07\x1b]10;?\x07\x1b]11;#000000\x07\x1b]104\x07\x1b]112\x1b\\",
            "\x1b(0lqk\x1b(B\x1b)0\x1b#8\x1b7\x1b8\x1bM\x1bc\x1b=\x1b>\x1b%G",
            "\x1b[c\x1b[>c\x1b[6n\x1b[?2026$p\x1b[14t\x1b[18t\x1b[22;0t\x1b[23;0t\x1b[?u\x1b[>1u",
            "\x1b[1;1;5;5$t\x1b[!p\x1b[1;24r",
            "\x1bP0;1;0q\"1;1;2;2#0;2;0;0;0#0~~\x1b\\",
        ] {
            assert_eq!(passed(text.as_bytes(), false), text);
        }
    }

    #[test]
    fn security_18_attach_writes_the_clipboard_where_the_user_allows_it() {
        for text in ["\x1b]52;c;aGk=\x07", "\x1b]52;;aGk=\x1b\\", "\x1b]52;cps0;aGk=\x07"] {
            assert_eq!(passed(text.as_bytes(), true), text);
        }
        for text in ["\x1b]52;c;?\x07", "\x1b]52;c;\x01?\x07", "\x1b]52;c\x07", "\x1b]52\x07"] {
            assert_eq!(passed(text.as_bytes(), true), "", "{text:?}");
        }
    }

    #[test]
    fn a_sequence_without_an_end_is_not_kept() {
        let mut filter = TerminalFilter::new(true);
        filter.pass(b"\x1b[");
        for _ in 0..1000 {
            filter.pass(&[b'1'; 1000]);
        }
        assert!(filter.held.len() <= HELD_MAX_BYTES);
        assert_eq!(&*filter.pass(b"mx"), b"x");
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same(
            parts in proptest::collection::vec(prop_oneof![
                Just(b"\x1b".to_vec()), Just(b"\x1b]52;c;".to_vec()), Just(b"\x1bP".to_vec()),
                Just(b"\x1b]0;".to_vec()), Just(b"\x07".to_vec()), Just(b"\x1b\\".to_vec()),
                Just(b"\xc2".to_vec()), Just(b"\x9b".to_vec()), Just(b"\x1b[".to_vec()),
                proptest::collection::vec(any::<u8>(), 0..6)], 0..24),
            split in 0usize..120,
        ) {
            let bytes = parts.concat();
            let whole = TerminalFilter::new(false).pass(&bytes).into_owned();
            let (first, second) = bytes.split_at(split.min(bytes.len()));
            let mut filter = TerminalFilter::new(false);
            let in_two = [filter.pass(first).into_owned(), filter.pass(second).into_owned()].concat();
            prop_assert_eq!(&whole, &in_two);
            // Nothing more to take from what has passed, and no control character of eight bits in it.
            let mut again = TerminalFilter::new(false);
            prop_assert_eq!(&*again.pass(&whole), &whole[..]);
            let eight_bits = |c: char| c.is_control() && !c.is_ascii();
            for text in whole.utf8_chunks() {
                prop_assert!(!text.valid().contains(eight_bits));
            }
        }
    }
}
