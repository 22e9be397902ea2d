//! When output is a flood: the rule by which a monitor is stopped.
//!
//! Promise: pure; a burst passes, a rate that lasts does not.

use std::time::Duration;

/// Lines that may come at once: a test run that ends, a log that is read from its beginning.
pub const BURST_LINES: u64 = 1_000;
/// Lines a second that may come for ever. No model reads faster, and each of its turns costs.
pub const LINES_PER_S: u64 = 100;
/// Bytes that may come at once: a few of the longest messages.
pub const BURST_BYTES: u64 = 4 * 1024 * 1024;
/// Bytes a second that may come for ever.
pub const BYTES_PER_S: u64 = 256 * 1024;

/// Accounts are kept in millionths: time comes in microseconds and no fraction is lost.
const UNIT: u64 = 1_000_000;

/// One monitor's account: it fills with time and is drawn upon by lines and bytes.
#[derive(Debug)]
pub struct Flood {
    lines: u64,
    bytes: u64,
    /// When (monotonic) it was last filled.
    at: Duration,
}

impl Flood {
    pub fn new(now: Duration) -> Flood {
        Flood { lines: BURST_LINES * UNIT, bytes: BURST_BYTES * UNIT, at: now }
    }

    /// Whether one more line of `bytes` may pass at `now`.
    pub fn admits(&mut self, bytes: usize, now: Duration) -> bool {
        let passed = u64::try_from(now.saturating_sub(self.at).as_micros()).unwrap_or(u64::MAX);
        self.at = now.max(self.at);
        let filled = |have: u64, rate: u64, burst: u64| {
            have.saturating_add(passed.saturating_mul(rate)).min(burst * UNIT)
        };
        self.lines = filled(self.lines, LINES_PER_S, BURST_LINES);
        self.bytes = filled(self.bytes, BYTES_PER_S, BURST_BYTES);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(UNIT);
        if self.lines < UNIT || self.bytes < bytes {
            return false;
        }
        self.lines -= UNIT;
        self.bytes -= bytes;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of `lines` lines, `per_s` a second, pass.
    fn passes(lines: u64, per_s: u64, bytes: usize) -> u64 {
        let mut flood = Flood::new(Duration::ZERO);
        let at = |n: u64| Duration::from_micros(n * 1_000_000 / per_s);
        (0..lines).take_while(|n| flood.admits(bytes, at(*n))).count() as u64
    }

    #[test]
    fn bursts_pass_and_lasting_rates_do_not() {
        for (lines, per_s, bytes, expected) in [
            // A burst at once.
            (BURST_LINES, 1_000_000, 10, BURST_LINES),
            // The named rate for an hour.
            (360_000, LINES_PER_S, 10, 360_000),
            // A tenth of a second of a flood fills nothing: stopped after little more than a burst.
            (50_000, 10_000, 10, BURST_LINES * 100 / 99),
            // Few lines and many bytes.
            (100, 10, 1024 * 1024, 4),
            (100, 1, 1024 * 1024, 5),
        ] {
            assert_eq!(passes(lines, per_s, bytes), expected, "{lines} at {per_s}/s of {bytes}");
        }
    }

    #[test]
    fn a_clock_that_stands_still_or_goes_back_fills_nothing() {
        let mut flood = Flood::new(Duration::from_secs(5));
        for _ in 0..BURST_LINES {
            assert!(flood.admits(1, Duration::from_secs(5)));
        }
        assert!(!flood.admits(1, Duration::from_secs(4)));
        assert!(!flood.admits(1, Duration::from_secs(5)));
        assert!(flood.admits(1, Duration::from_millis(5_010)));
    }
}
