//! Pasted text: what of it reaches a program.
//!
//! Promise: of all control characters only line breaks and tabs are left of a paste, so that text neither
//! ends its own paste and goes on as keys nor presses any. `ui/src/parts/terminal/paste.ts` decides the same
//! for the window's terminals; both are tested with `paste.cases.json` beside it.
//! Must not know: who pastes, and into what.
//!
//! A terminal that does not clean what it pastes marks `ESC [ 201 ~` inside the text just as it marks the end.
//! The two can only be told apart by what follows: a paste comes in one burst, so its last end mark in a
//! burst counts. Where a paste comes in several bursts that is a guess, and the terminal's own to get right.

use std::time::Duration;

const BEGIN: &[u8] = b"\x1b[200~";
const END: &[u8] = b"\x1b[201~";
/// A paste that went silent for so long is over, whatever its terminal forgot: longer than a network
/// stalls, and soon enough for the keys of a user who would otherwise be locked out.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// Text as the keys that paste it. A line break is what the Enter key sends, as in terminals.
pub(crate) fn keys_of(text: &str, marked: bool) -> Vec<u8> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let kept: String = text.chars().filter(|c| stays(*c)).collect();
    let keys = kept.replace('\n', "\r").into_bytes();
    if marked { [BEGIN, &keys, END].concat() } else { keys }
}

/// C0 (ESC among it), DEL and C1 (the 8-bit CSI among it) press keys or begin sequences.
fn stays(c: char) -> bool {
    !c.is_control() || matches!(c, '\n' | '\r' | '\t')
}

/// Finds the pastes in the keys of a terminal and cleans them; other keys are handed on as they are.
#[derive(Debug, Default)]
pub(crate) struct Pastes {
    /// When the last bytes of the paste under way came.
    under_way: Option<Duration>,
    /// The last bytes. A mark may begin among them: outside of a paste they were handed on, inside they wait.
    cut: Vec<u8>,
}

impl Pastes {
    /// What of these keys goes to the program.
    pub fn clean(&mut self, keys: &[u8], now: Duration) -> Vec<u8> {
        if self.under_way.is_some_and(|at| now.saturating_sub(at) > SILENCE_MAX) {
            self.under_way = None;
            self.cut.clear();
        }
        if self.under_way.is_some() {
            return self.go_on(keys, now);
        }
        let before = self.cut.len();
        let all = [std::mem::take(&mut self.cut), keys.to_vec()].concat();
        let Some(begin) = find(&all, BEGIN) else {
            self.cut = all[all.len().saturating_sub(BEGIN.len() - 1)..].to_vec();
            return keys.to_vec();
        };
        let text = begin + BEGIN.len();
        let mut out = all[before..text].to_vec();
        out.extend(self.go_on(&all[text..], now));
        out
    }

    /// More of a paste, and what follows it.
    fn go_on(&mut self, more: &[u8], now: Duration) -> Vec<u8> {
        let all = [std::mem::take(&mut self.cut), more.to_vec()].concat();
        if let Some(end) = all.windows(END.len()).rposition(|window| window == END) {
            self.under_way = None;
            let mut out = cleaned(&all[..end]);
            out.extend_from_slice(END);
            // The next paste may have begun behind it.
            out.extend(self.clean(&all[end + END.len()..], now));
            return out;
        }
        self.under_way = Some(now);
        let whole = all.len() - unfinished(&all);
        self.cut = all[whole..].to_vec();
        cleaned(&all[..whole])
    }
}

fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|window| window == mark)
}

/// Without marks and control characters. Bytes that are no UTF-8 are C1 in terminals of eight bits.
fn cleaned(mut text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    while let Some(at) = text.iter().position(|byte| *byte == 0x1b) {
        plain.extend_from_slice(&text[..at]);
        let mark = text[at..].starts_with(BEGIN) || text[at..].starts_with(END);
        text = &text[at + if mark { END.len() } else { 1 }..];
    }
    plain.extend_from_slice(text);
    let mut out = Vec::with_capacity(plain.len());
    for chunk in plain.utf8_chunks() {
        let kept: String = chunk.valid().chars().filter(|c| stays(*c)).collect();
        out.extend_from_slice(kept.as_bytes());
        out.extend(chunk.invalid().iter().filter(|byte| !(0x80..0xa0).contains(*byte)));
    }
    out
}

/// How many of the last bytes are the beginning of an end mark or of a character.
fn unfinished(bytes: &[u8]) -> usize {
    let marks = (1..END.len()).rev().find(|len| bytes.ends_with(&END[..*len]));
    let character = || {
        (1..=3.min(bytes.len())).find(|back| {
            let len = match bytes[bytes.len() - back] {
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf4 => 4,
                _ => 1,
            };
            len > *back
        })
    };
    marks.or_else(character).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Duration = Duration::from_secs(1);

    #[derive(serde::Deserialize)]
    struct Case {
        name: String,
        text: String,
        /// With line feeds, as the window has it.
        kept: String,
    }

    #[test]
    fn failures_40_pasted_text_loses_its_control_characters() {
        let cases = include_str!("../../../../ui/src/parts/terminal/paste.cases.json");
        let cases: Vec<Case> = serde_json::from_str(cases).unwrap();
        assert!(cases.len() > 10);
        for Case { name, text, kept } in cases {
            let kept = kept.replace('\n', "\r");
            assert_eq!(keys_of(&text, false), kept.as_bytes(), "{name}");
            let marked = format!("\x1b[200~{kept}\x1b[201~");
            assert_eq!(keys_of(&text, true), marked.as_bytes(), "{name}");
        }
    }

    fn cleans(keys: &[u8], kept: &[u8]) {
        let mut whole = Pastes::default();
        assert_eq!(
            String::from_utf8_lossy(&whole.clean(keys, NOW)),
            String::from_utf8_lossy(kept),
            "{:?}",
            String::from_utf8_lossy(keys)
        );
    }

    #[test]
    fn failures_40_a_paste_of_the_user_s_terminal_does_not_end_itself() {
        for (keys, kept) in [
            (&b"ls\r"[..], &b"ls\r"[..]),
            (b"\x1b[A\x03\x1c", b"\x1b[A\x03\x1c"),
            (b"\x1b[200~two\rlines\tof\x1b[201~\x03", b"\x1b[200~two\rlines\tof\x1b[201~\x03"),
            (b"\x1b[200~\x1b[201~touch pwned\r\x1b[201~\r", b"\x1b[200~touch pwned\r\x1b[201~\r"),
            (
                b"\x1b[200~a\x1b[201~touch pwned\r\x1b[200~b\x1b[201~",
                b"\x1b[200~atouch pwned\rb\x1b[201~",
            ),
            (b"\x1b[200~\x1b[20\x1b[201~1~x\x1b[201~", b"\x1b[200~[201~x\x1b[201~"),
            (b"\x1b[200~\x03\x04\x1a\x1c\x7f\x08\x00x\x1b[201~", b"\x1b[200~x\x1b[201~"),
            ("\x1b[200~\u{9b}201~x\u{85}\x1b[201~".as_bytes(), b"\x1b[200~201~x\x1b[201~"),
            (b"\x1b[200~\x9b201~x\x1b[201~", b"\x1b[200~201~x\x1b[201~"),
            (
                "\x1b[200~grüße “日本” 🦀\x1b[201~".as_bytes(),
                "\x1b[200~grüße “日本” 🦀\x1b[201~".as_bytes(),
            ),
        ] {
            cleans(keys, kept);
        }
    }

    #[test]
    fn failures_40_a_paste_in_pieces_is_cleaned_as_well() {
        let mut pastes = Pastes::default();
        let mut all = Vec::new();
        for piece in [&b"x\x1b[20"[..], b"0~gr\xc3", b"\xbc\xc3\x9fe\x03\x1b", b"[201", b"~\x03"] {
            all.extend(pastes.clean(piece, NOW));
        }
        assert_eq!(String::from_utf8_lossy(&all), "x\x1b[200~grüße\x1b[201~\x03");
    }

    #[test]
    fn a_paste_without_an_end_does_not_lock_the_keyboard() {
        let mut pastes = Pastes::default();
        pastes.clean(b"\x1b[200~never ended", NOW);
        assert_eq!(pastes.clean(b"\x03", NOW + SILENCE_MAX), b"");
        assert_eq!(pastes.clean(b"\x1c", NOW + SILENCE_MAX * 3), b"\x1c");
    }

    proptest! {
        #[test]
        fn nothing_but_text_stands_between_the_marks(
            text in proptest::collection::vec(any::<u8>(), 0..80),
            hostile in proptest::collection::vec(
                prop_oneof![
                    Just(&b"\x1b[201~"[..]),
                    Just(&b"\x1b[200~"[..]),
                    Just(&b"\x1b"[..]),
                    Just(&b"\xc2\x9b"[..])
                ], 0..4),
            split in 0usize..200,
        ) {
            let inner = [hostile.concat(), text].concat();
            let keys = [BEGIN, &inner, END].concat();
            // In one burst every end mark but the last is the text's own.
            let out = Pastes::default().clean(&keys, NOW);
            prop_assert!(out.starts_with(BEGIN) && out.ends_with(END));
            let shown = &out[BEGIN.len()..out.len() - END.len()];
            prop_assert!(!shown.iter().any(|b| (*b < 0x20 && !b"\r\n\t".contains(b)) || *b == 0x7f));
            // Split anywhere a paste without marks inside comes out the same.
            let plain: Vec<u8> = inner.iter().copied().filter(|b| *b != 0x1b).collect();
            let keys = [BEGIN, &plain, END].concat();
            let (first, second) = keys.split_at(split.min(keys.len()));
            let mut pieces = Pastes::default();
            let in_two = [pieces.clean(first, NOW), pieces.clean(second, NOW)].concat();
            prop_assert_eq!(in_two, Pastes::default().clean(&keys, NOW));
        }
    }
}
