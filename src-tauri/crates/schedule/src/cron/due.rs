//! When an expression is due, in a zone whose clock is set forward and back.
//!
//! The time line is walked from one change of the zone's offset to the next. In between, local time
//! and absolute time run alike, so the calendar alone decides. The walk ends where the calendar does.

use super::Cron;
use super::calendar;
use jiff::civil::{DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};

/// Vixie's cron makes up for changes of less than three hours (daylight saving) and takes larger ones
/// for a corrected clock, whose skipped hours do not run and whose repeated ones do.
const CORRECTION_SECONDS: i32 = 3 * 60 * 60;

impl Cron {
    /// The first moment after `after` (never `after` itself) at which this is due. None when the
    /// calendar ends before that.
    pub fn next_after(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut offset = zone.to_offset(after);
        let mut from = next_minute(offset.to_datetime(after))?;
        if let Some(seen) = self.seen_before(after, offset, zone) {
            from = from.max(whole_minute(seen)?);
        }
        let mut cursor = after;
        loop {
            let Some(change) = zone.following(cursor).next() else {
                return self.calendar.next(from, None).and_then(|at| offset.to_timestamp(at).ok());
            };
            let ends = offset.to_datetime(change.timestamp());
            if let Some(at) = self.calendar.next(from, Some(ends)) {
                return offset.to_timestamp(at).ok();
            }
            let begins = change.offset().to_datetime(change.timestamp());
            if self.leaps_over(offset, change.offset(), ends, begins) {
                return Some(change.timestamp());
            }
            let repeats = self.makes_up(offset, change.offset()) && begins < ends;
            from = whole_minute(if repeats { ends } else { begins })?;
            if calendar::is_over(from) {
                return None;
            }
            cursor = change.timestamp();
            offset = change.offset();
        }
    }

    /// All moments after `after` at which this is due, in order.
    pub fn all_after<'a>(
        &'a self,
        after: Timestamp,
        zone: &'a TimeZone,
    ) -> impl Iterator<Item = Timestamp> + 'a {
        std::iter::successors(self.next_after(after, zone), |last| self.next_after(*last, zone))
    }

    /// `next_after` in milliseconds since the epoch.
    pub fn next_after_ms(&self, after_ms: i64, zone: &TimeZone) -> Option<i64> {
        let after = Timestamp::from_millisecond(after_ms).ok()?;
        self.next_after(after, zone).map(Timestamp::as_millisecond)
    }

    /// Whether this makes up for a change of the clock, as jobs at a fixed time do.
    fn makes_up(&self, old: Offset, new: Offset) -> bool {
        !self.follows_clock() && (new.seconds() - old.seconds()).abs() < CORRECTION_SECONDS
    }

    /// Whether a minute of this was in what the clock left out.
    fn leaps_over(&self, old: Offset, new: Offset, ends: DateTime, begins: DateTime) -> bool {
        self.makes_up(old, new)
            && ends < begins
            && whole_minute(ends).and_then(|from| self.calendar.next(from, Some(begins))).is_some()
    }

    /// The local time up to which this has been due already when the clock was last set back.
    fn seen_before(&self, after: Timestamp, offset: Offset, zone: &TimeZone) -> Option<DateTime> {
        let recently = after.checked_sub(i64::from(CORRECTION_SECONDS).seconds()).ok()?;
        if self.follows_clock() || zone.to_offset(recently) == offset {
            return None;
        }
        // The iterator gives strictly earlier changes; one at `after` itself counts.
        let change = zone.preceding(after.checked_add(1.nanosecond()).ok()?).next()?;
        let old = zone.to_offset(change.timestamp().checked_sub(1.nanosecond()).ok()?);
        let seen = old.to_datetime(change.timestamp());
        self.makes_up(old, change.offset()).then_some(seen)
    }
}

/// The first whole minute after this.
fn next_minute(at: DateTime) -> Option<DateTime> {
    floor_minute(at)?.checked_add(1.minute()).ok()
}

/// The first whole minute that is not before this.
fn whole_minute(at: DateTime) -> Option<DateTime> {
    let floor = floor_minute(at)?;
    if floor == at { Some(at) } else { floor.checked_add(1.minute()).ok() }
}

fn floor_minute(at: DateTime) -> Option<DateTime> {
    Some(at.date().to_datetime(Time::new(at.hour(), at.minute(), 0, 0).ok()?))
}
