//! Jitter (L6): when a task that is due at some minute really runs, so that not all run at once.
//!
//! Promise: it follows from the task's id alone (and the distance to the next time), so it is the same
//! after every restart; it never reaches the next time and never puts a one-shot into the past.

use crate::cron::Cron;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// At most this late.
pub const LATE_MAX_MS: i64 = 30 * 60 * 1000;
/// Where times lie close together, at most this part of the distance to the next.
const LATE_MAX_PART: i64 = 2;
/// A one-shot on the hour or half hour runs at most this early.
pub const EARLY_MAX_MS: i64 = 90 * 1000;
/// The minutes at which everybody's one-shots meet.
const CROWDED_MINUTES: [i8; 2] = [0, 30];

/// How late a recurring task runs that is due at `due_ms`.
pub fn late_ms(id: &str, cron: &Cron, due_ms: i64, zone: &TimeZone) -> i64 {
    let distance =
        cron.next_after_ms(due_ms, zone).map_or(i64::MAX, |next| next.saturating_sub(due_ms));
    share(id, LATE_MAX_MS.min(distance / LATE_MAX_PART))
}

/// How early a one-shot runs that is due at `due_ms`; the caller never lets it run before now.
pub fn early_ms(id: &str, due_ms: i64, zone: &TimeZone) -> i64 {
    let Ok(due) = Timestamp::from_millisecond(due_ms) else { return 0 };
    let local = zone.to_datetime(due);
    let crowded = local.second() == 0
        && local.subsec_nanosecond() == 0
        && CROWDED_MINUTES.contains(&local.minute());
    if crowded { share(id, EARLY_MAX_MS) } else { 0 }
}

/// The part of `most` that falls to this id: 0 ≤ share < most, evenly spread over ids.
fn share(id: &str, most: i64) -> i64 {
    let part = (i128::from(most.max(0)) * i128::from(spread(id))) >> 64;
    i64::try_from(part).unwrap_or(0)
}

/// FNV-1a (64 bits) over the id's bytes, finished with MurmurHash3's mixer because FNV's upper bits hardly
/// differ between short ids. Must never change: stored tasks keep their minute by it.
fn spread(id: &str) -> u64 {
    let fnv = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mut mixed = fnv;
    for factor in [0xff51_afd7_ed55_8ccd_u64, 0xc4ce_b9fe_1a85_ec53] {
        mixed = (mixed ^ (mixed >> 33)).wrapping_mul(factor);
    }
    mixed ^ (mixed >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_what_it_was_in_every_version() {
        assert_eq!(spread(""), 0xefd0_1f60_ba99_2926);
        assert_eq!(spread("3f2a9c01"), 0x8c8d_2391_d0cb_09bc);
    }

    #[test]
    fn ids_are_spread_evenly() {
        let mut tenths = [0_u32; 10];
        for id in 0..10_000 {
            tenths[usize::try_from(share(&format!("{id:08x}"), 10)).unwrap()] += 1;
        }
        assert!(tenths.iter().all(|count| (850..1150).contains(count)), "{tenths:?}");
    }

    #[test]
    fn recurring_tasks_are_late_within_bounds_and_one_shots_early() {
        let day: i64 = 1_800_000_000_000 / 86_400_000 * 86_400_000;
        for (text, most) in [
            ("*/5 * * * *", 150_000),
            ("0 * * * *", LATE_MAX_MS),
            ("0 0 * * *", LATE_MAX_MS),
            ("0,1 * * * *", 30_000),
        ] {
            let cron: Cron = text.parse().unwrap();
            let lates: Vec<i64> =
                (0..500).map(|n| late_ms(&n.to_string(), &cron, day, &TimeZone::UTC)).collect();
            assert!(lates.iter().all(|late| (0..most).contains(late)), "{text}");
            assert!(lates.iter().any(|late| *late > most * 9 / 10), "{text}");
        }
        assert!((1..EARLY_MAX_MS).contains(&early_ms("a", day + 1_800_000, &TimeZone::UTC)));
        assert_eq!(early_ms("a", day + 60_000, &TimeZone::UTC), 0);
        assert_eq!(early_ms("a", day + 1, &TimeZone::UTC), 0);
    }
}
