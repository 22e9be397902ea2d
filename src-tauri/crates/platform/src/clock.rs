//! The clock: wall time for what people read, monotonic time for waits and intervals.
//!
//! Promise: the only place that reads a clock. Must not know: what the time is used for.

use nightshift_model::Millis;
use std::cell::Cell;
use std::time::Duration;

thread_local! {
    /// What this thread is told instead of the time; only tests ever set it.
    static SIMULATED: Cell<Option<(Millis, Duration)>> = const { Cell::new(None) };
}

/// From now on this thread reads these times: wall and monotonic are set apart, because sleep moves
/// one and not the other, and a user sets one and not the other. None gives the real clock back.
pub fn simulate(times: Option<(Millis, Duration)>) {
    SIMULATED.set(times);
}

/// Wall time. May jump when the user or NTP sets the clock.
#[allow(clippy::disallowed_methods)]
pub fn now() -> Millis {
    if let Some((wall, _)) = SIMULATED.get() {
        return wall;
    }
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        // A clock before 1970 is a clock that is not set: zero sorts before everything.
        .unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Minutes since local midnight, in the zone that the system is set to.
pub fn local_minute() -> u16 {
    let time = local(now());
    u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs())
}

/// `at` as the user's clock shows it: `14:30`, or `27 Nov 14:30` where that is a day or more from `now`.
pub fn local_time(at: Millis, now: Millis) -> String {
    const DAY_MS: u64 = 24 * 60 * 60 * 1000;
    let form = if at.0.abs_diff(now.0) < DAY_MS { "%H:%M" } else { "%-d %b %H:%M" };
    local(at).strftime(form).to_string()
}

/// In the zone that the system is set to; simulated times are in UTC.
fn local(at: Millis) -> jiff::civil::DateTime {
    let zone = match SIMULATED.get() {
        Some(_) => jiff::tz::TimeZone::UTC,
        None => jiff::tz::TimeZone::system(),
    };
    let at = i64::try_from(at.0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    zone.to_datetime(at.unwrap_or_default())
}

/// Time since boot without suspends. Only differences mean something; never goes backwards.
pub fn monotonic() -> Duration {
    if let Some((_, monotonic)) = SIMULATED.get() {
        return monotonic;
    }
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Milliseconds since boot, suspends included: what the kernel counts start times of processes in.
pub fn since_boot_ms() -> u64 {
    if let Some((_, monotonic)) = SIMULATED.get() {
        return u64::try_from(monotonic.as_millis()).unwrap_or(u64::MAX);
    }
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let nanoseconds = u64::try_from(time.tv_nsec).unwrap_or(0);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1000 + nanoseconds / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_time_is_this_century_and_monotonic_time_never_goes_back() {
        assert!(now().0 > 1_700_000_000_000);
        let first = monotonic();
        assert!(monotonic() >= first);
    }

    #[test]
    fn a_far_time_is_told_with_its_day() {
        simulate(Some((Millis(0), Duration::ZERO)));
        let now = Millis(1_795_676_400_000);
        let told = |minutes: u64| local_time(Millis(now.0 + minutes * 60_000), now);
        let told = [told(5), told(23 * 60), told(26 * 60)];
        simulate(None);
        assert_eq!(told, ["07:05", "06:00", "27 Nov 09:00"]);
    }

    #[test]
    fn simulated_times_are_this_threads_own_until_given_back() {
        simulate(Some((Millis(5), Duration::from_secs(7))));
        assert_eq!((now(), monotonic()), (Millis(5), Duration::from_secs(7)));
        let elsewhere = std::thread::spawn(now).join().unwrap();
        assert!(elsewhere > Millis(5));
        simulate(None);
        assert!(now() > Millis(5));
    }
}
