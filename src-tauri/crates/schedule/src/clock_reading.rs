//! A look at the clocks, and what two looks say about the time between them: whether the machine slept,
//! the supervisor was away, the clock was set or the zone changed.
//!
//! Must not know: tasks, how a clock is read.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// What differs by less is how clocks are (looks are not instant, network time nudges), not an event.
pub const NOTICED_MS: i64 = 10_000;

/// All clocks at one moment. The supervisor looks whenever something has happened to them, because a timer that stands
/// still while the machine sleeps would wake too late; and it stores a look now and then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockReading {
    /// Wall time, milliseconds since the epoch.
    pub wall_ms: i64,
    /// Time since boot without sleep.
    pub awake_ms: i64,
    /// Time since boot, sleep included.
    pub since_boot_ms: i64,
    /// Which boot of the machine these two count from.
    pub boot: String,
    /// Which run of the supervisor looks.
    pub run: String,
    /// The name of the time zone (`zone_name`).
    pub zone: String,
}

/// Why a run was late or did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The machine slept.
    Slept,
    /// No supervisor ran (or no machine).
    SupervisorAway,
    /// The session had a turn in progress.
    TurnInProgress,
    /// The wall clock was set.
    ClockJump,
    /// The time zone was changed.
    ZoneChange,
    /// The session was stopped.
    SessionStopped,
    /// The supervisor lived but did not look in time: a machine under too much load.
    Overloaded,
}

impl Cause {
    /// To be put after "because".
    pub fn words(self) -> &'static str {
        match self {
            Cause::Slept => "the machine slept",
            Cause::SupervisorAway => "no supervisor was running",
            Cause::TurnInProgress => "a turn was in progress",
            Cause::ClockJump => "the clock was set",
            Cause::ZoneChange => "the time zone was changed",
            Cause::SessionStopped => "the session was stopped",
            Cause::Overloaded => "the machine was too busy to look in time",
        }
    }
}

impl ClockReading {
    /// What happened to the clocks since an earlier look, when something did. Then every session needs a
    /// plan, not only those with something due.
    pub fn happened_since(&self, last: &ClockReading) -> Option<Cause> {
        let moved = |ms: i64| ms.abs() >= NOTICED_MS;
        let jumped_ms = self.jumped_ms(&last.boot, last.epoch_ms());
        if last.run != self.run {
            let passed_ms = self.since_boot_ms - last.since_boot_ms;
            let set = jumped_ms.is_some_and(|ms| moved(ms) && ms.abs() > passed_ms);
            return Some(if set { Cause::ClockJump } else { Cause::SupervisorAway });
        }
        let jumped_ms = jumped_ms.unwrap_or(0);
        let slept_ms = (self.since_boot_ms - last.since_boot_ms) - (self.awake_ms - last.awake_ms);
        if moved(slept_ms) && slept_ms >= jumped_ms.abs() {
            return Some(Cause::Slept);
        }
        if moved(jumped_ms) {
            return Some(Cause::ClockJump);
        }
        (self.zone != last.zone).then_some(Cause::ZoneChange)
    }

    /// Wall time at boot as this look sees it: it moves when the clock is set and not otherwise.
    pub fn epoch_ms(&self) -> i64 {
        self.wall_ms - self.since_boot_ms
    }

    /// How far the wall clock was set since it had this time at boot; unknown over a restart of the machine.
    pub(crate) fn jumped_ms(&self, boot: &str, epoch_ms: i64) -> Option<i64> {
        (boot == self.boot).then(|| self.epoch_ms() - epoch_ms)
    }
}

/// The zone's name, or its present offset where it has none.
pub fn zone_name(zone: &TimeZone, now_ms: i64) -> String {
    zone.iana_name().map(str::to_owned).unwrap_or_else(|| {
        let now = Timestamp::from_millisecond(now_ms).unwrap_or_default();
        zone.to_offset(now).to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(
        wall_ms: i64,
        since_boot_ms: i64,
        awake_ms: i64,
        run: &str,
        zone: &str,
    ) -> ClockReading {
        let (boot, run, zone) = ("boot".to_owned(), run.to_owned(), zone.to_owned());
        ClockReading { wall_ms, awake_ms, since_boot_ms, boot, run, zone }
    }

    #[test]
    fn two_looks_tell_sleep_absence_and_a_set_clock_apart() {
        let hour = 3_600_000;
        let last = look(100 * hour, 10 * hour, 5 * hour, "one", "UTC");
        for (now, expected) in [
            (look(101 * hour, 11 * hour, 6 * hour, "one", "UTC"), None),
            (look(101 * hour + 500, 11 * hour, 6 * hour, "one", "UTC"), None),
            (look(108 * hour, 18 * hour, 6 * hour, "one", "UTC"), Some(Cause::Slept)),
            (look(140 * hour, 11 * hour, 6 * hour, "one", "UTC"), Some(Cause::ClockJump)),
            (look(99 * hour, 11 * hour, 6 * hour, "one", "UTC"), Some(Cause::ClockJump)),
            (look(101 * hour, 11 * hour, 6 * hour, "one", "Asia/Tokyo"), Some(Cause::ZoneChange)),
            (look(108 * hour, 18 * hour, 6 * hour, "two", "UTC"), Some(Cause::SupervisorAway)),
            (look(140 * hour, 11 * hour, 6 * hour, "two", "UTC"), Some(Cause::ClockJump)),
        ] {
            assert_eq!(now.happened_since(&last), expected, "{now:?}");
        }
        let other_boot =
            ClockReading { boot: "other".into(), ..look(140 * hour, hour, hour, "two", "UTC") };
        assert_eq!(other_boot.happened_since(&last), Some(Cause::SupervisorAway));
    }
}
