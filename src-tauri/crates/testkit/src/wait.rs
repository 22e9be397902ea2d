//! Waiting for a condition, never for a span of time.

use nightshift_platform::clock;
use std::time::Duration;

/// Between two looks: short against anything a test waits for.
const INTERVAL: Duration = Duration::from_millis(10);
/// Nothing a test waits for takes this long on the slowest machine; only a fault does.
const LIMIT: Duration = Duration::from_secs(120);

/// Waits until `condition` gives something. Panics, naming `what`, when it never does.
pub fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let until = clock::monotonic() + LIMIT;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(clock::monotonic() < until, "waited {LIMIT:?} in vain: {what}");
        std::thread::sleep(INTERVAL);
    }
}

/// Waits until `condition` holds. Panics, naming `what`, when it never does.
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    wait_for(what, || condition().then_some(()));
}
