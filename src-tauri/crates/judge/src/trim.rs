//! A transcript cut to a model's window.
//!
//! From the end, because what holds now was said last; tool results before chatter, because they prove
//! something; long entries in the middle, because a result's verdict is at one of its ends.
//!
//! Promise: pure; order is kept; what was left out is counted.

use crate::clean::{clean, cut_middle};
use crate::limits::{
    CALL_MAX_BYTES, ENTRY_HEAD_BYTES, PIECE_MIN_BYTES, RESULT_MAX_BYTES, RESULTS_SHARE_PERCENT,
    WORDS_MAX_BYTES,
};
use crate::question::{Entry, Kind};

/// An entry as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Its place in the whole transcript, from 1.
    pub number: usize,
    pub kind: Kind,
    pub text: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trimmed {
    pub pieces: Vec<Piece>,
    pub left_out: usize,
}

/// What of `transcript` fits into `room` bytes, heads of entries included.
pub(crate) fn trim(transcript: &[Entry], room: usize) -> Trimmed {
    let mut pieces: Vec<Option<Piece>> = transcript.iter().map(|_| None).collect();
    let mut left = room;
    // The agent's last words say what it takes for done, and whatever it called last belongs to them.
    let last_words = transcript.iter().rposition(|entry| entry.kind == Kind::Words);
    if let Some(at) = last_words {
        place(transcript, at, &mut pieces, &mut left);
    }
    let results_room = room / 100 * RESULTS_SHARE_PERCENT;
    let mut reserve = left.saturating_sub(results_room);
    for only_results in [true, false] {
        for at in (0..transcript.len()).rev() {
            let fits_pass = !only_results || transcript[at].kind == Kind::ToolResult;
            if pieces[at].is_some() || !fits_pass {
                continue;
            }
            let mut usable = left.saturating_sub(reserve);
            let before = usable;
            if !place(transcript, at, &mut pieces, &mut usable) {
                break;
            }
            left -= before - usable;
        }
        // What results did not need belongs to everybody.
        reserve = 0;
    }
    let pieces: Vec<Piece> = pieces.into_iter().flatten().collect();
    Trimmed { left_out: transcript.len() - pieces.len(), pieces }
}

/// Puts the entry in, shortened to what is left. False when there is no room for it.
fn place(transcript: &[Entry], at: usize, pieces: &mut [Option<Piece>], left: &mut usize) -> bool {
    let entry = &transcript[at];
    let text = clean(&entry.text);
    let text = text.trim();
    let room = left.saturating_sub(ENTRY_HEAD_BYTES);
    if text.len() > room && room < PIECE_MIN_BYTES {
        return false;
    }
    let text = cut_middle(text, room.min(bound(entry.kind)));
    *left = left.saturating_sub(text.len() + ENTRY_HEAD_BYTES);
    pieces[at] = Some(Piece { number: at + 1, kind: entry.kind, text });
    true
}

fn bound(kind: Kind) -> usize {
    match kind {
        Kind::ToolResult => RESULT_MAX_BYTES,
        Kind::User | Kind::Supervisor | Kind::Words => WORDS_MAX_BYTES,
        Kind::ToolCall => CALL_MAX_BYTES,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: impl Into<String>) -> Entry {
        Entry::new(Kind::Words, text)
    }

    fn result(text: impl Into<String>) -> Entry {
        Entry::new(Kind::ToolResult, text)
    }

    fn shown(trimmed: &Trimmed) -> usize {
        trimmed.pieces.iter().map(|piece| piece.text.len() + ENTRY_HEAD_BYTES).sum()
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        let transcript = [words("a"), result("b"), Entry::new(Kind::User, "c")];
        let trimmed = trim(&transcript, 10_000);
        assert_eq!(trimmed.left_out, 0);
        let texts: Vec<_> = trimmed.pieces.iter().map(|p| (p.number, p.text.as_str())).collect();
        assert_eq!(texts, [(1, "a"), (2, "b"), (3, "c")]);
    }

    #[test]
    fn results_are_kept_over_chatter_and_the_end_over_the_beginning() {
        let mut transcript = vec![result("OLD RESULT: 0 failures")];
        transcript.extend((0..500).map(|n| words(format!("chatter {n} {}", "x".repeat(200)))));
        transcript.push(words("LAST WORDS"));
        let trimmed = trim(&transcript, 20_000);
        let texts: Vec<_> = trimmed.pieces.iter().map(|p| p.text.as_str()).collect();
        assert_eq!(texts.first(), Some(&"OLD RESULT: 0 failures"));
        assert_eq!(texts.last(), Some(&"LAST WORDS"));
        assert!(texts[1].starts_with("chatter 4"), "{}", texts[1]);
        assert!(trimmed.left_out > 300);
        assert!(shown(&trimmed) <= 20_000);
        assert!(trimmed.pieces.windows(2).all(|pair| pair[0].number < pair[1].number));
    }

    #[test]
    fn results_leave_room_for_the_latest_words() {
        let mut transcript: Vec<_> = (0..100).map(|_| result("r".repeat(4_000))).collect();
        transcript.insert(90, Entry::new(Kind::User, "RECENT ORDER"));
        transcript.push(words("LAST WORDS"));
        let trimmed = trim(&transcript, 40_000);
        for text in ["RECENT ORDER", "LAST WORDS"] {
            assert!(trimmed.pieces.iter().any(|p| p.text == text), "{text}");
        }
        assert!(shown(&trimmed) <= 40_000);
    }

    #[test]
    fn long_results_lose_their_middle_with_a_note() {
        let long = format!("BEGIN {} END", "m".repeat(100_000));
        for room in [2_000, 8_000, 1_000_000] {
            let trimmed = trim(&[result(long.clone())], room);
            let text = &trimmed.pieces[0].text;
            assert!(text.starts_with("BEGIN") && text.ends_with("END"), "{room}");
            assert!(text.contains("bytes left out"), "{room}");
            assert!(text.len() <= RESULT_MAX_BYTES.min(room) + 64, "{room}: {}", text.len());
        }
    }

    #[test]
    fn no_room_is_no_transcript() {
        let transcript = [words("some words that need room ".repeat(20))];
        for room in 0..PIECE_MIN_BYTES {
            assert_eq!(trim(&transcript, room).left_out, 1);
        }
        assert_eq!(trim(&[], 0), Trimmed::default());
    }
}
