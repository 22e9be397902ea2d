//! Going on by itself after a usage limit: when, and one session after the other.
//!
//! Promise: no two sessions go on closer together than `CONTINUE_STAGGER_MS`, and none before its
//! limit has ended.

use crate::time::Millis;

/// Vendors count a limit in whole minutes or seconds: right at its end a request may still be
/// refused.
pub const CONTINUE_MARGIN_MS: u64 = 5_000;
/// Sessions that were stopped by one limit start one after the other, so that they do not run into
/// the next one together.
pub const CONTINUE_STAGGER_MS: u64 = 30_000;
/// What is sent when the user chose no other words.
pub const CONTINUE_WORDS: &str = "continue";

/// When a session whose limit ends at `resets` goes on, given when `others` do.
pub fn slot(resets: Millis, now: Millis, others: &[Millis]) -> Millis {
    let first = Millis(resets.0.saturating_add(CONTINUE_MARGIN_MS)).max(now);
    let mut taken = others.to_vec();
    taken.sort_unstable();
    taken.into_iter().fold(first, |at, other| {
        let close = at.0.abs_diff(other.0) < CONTINUE_STAGGER_MS;
        if close { Millis(other.0.saturating_add(CONTINUE_STAGGER_MS)) } else { at }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_go_on_one_after_the_other() {
        let resets = Millis(1_000_000);
        let mut chosen: Vec<Millis> = Vec::new();
        for n in 0..4 {
            let at = slot(resets, Millis(0), &chosen);
            assert_eq!(at.0, 1_005_000 + n * CONTINUE_STAGGER_MS);
            chosen.insert(0, at);
        }
        // A limit that has ended already, and others that are far away.
        assert_eq!(slot(resets, Millis(9_000_000), &chosen), Millis(9_000_000));
        // Between two that are far enough apart there is room.
        let others = [Millis(0), Millis(1_005_000 + 2 * CONTINUE_STAGGER_MS)];
        assert_eq!(slot(resets, Millis(0), &others), Millis(1_005_000));
    }
}
