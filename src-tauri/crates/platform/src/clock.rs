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
    fn simulated_times_are_this_threads_own_until_given_back() {
        simulate(Some((Millis(5), Duration::from_secs(7))));
        assert_eq!((now(), monotonic()), (Millis(5), Duration::from_secs(7)));
        let elsewhere = std::thread::spawn(now).join().unwrap();
        assert!(elsewhere > Millis(5));
        simulate(None);
        assert!(now() > Millis(5));
    }
}
