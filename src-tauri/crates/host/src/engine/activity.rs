//! When watchers hear of output: at the first, and then at most once in an interval.
//!
//! Promise: no deadline is pending unless output came within the interval and somebody watches.
//! Must not know: what the output was.

use nightshift_protocol::host::ACTIVITY_INTERVAL_MS;
use std::time::Duration;

const INTERVAL: Duration = Duration::from_millis(ACTIVITY_INTERVAL_MS);

#[derive(Debug, Default)]
pub(super) struct Activity {
    /// There was output at all.
    pub seen: bool,
    told_at: Option<Duration>,
    due: Option<Duration>,
}

impl Activity {
    /// There was output; true when watchers are to be told now.
    pub fn output(&mut self, now: Duration, watched: bool) -> bool {
        self.seen = true;
        if !watched {
            return false;
        }
        match self.told_at.map(|told| told + INTERVAL) {
            Some(next) if now < next => {
                self.due = Some(next);
                false
            }
            _ => {
                self.told_at = Some(now);
                self.due = None;
                true
            }
        }
    }

    pub fn deadline(&self) -> Option<Duration> {
        self.due
    }

    /// True when watchers are to be told now because the interval is over.
    pub fn is_due(&mut self, now: Duration) -> bool {
        let due = self.due.is_some_and(|due| now >= due);
        if due {
            self.due = None;
            self.told_at = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watchers_hear_the_first_output_and_then_once_an_interval() {
        let at = Duration::from_millis;
        let mut activity = Activity::default();
        assert!(!activity.output(at(1), false));
        assert!(activity.seen && activity.deadline().is_none());
        assert!(activity.output(at(10), true));
        assert!(!activity.output(at(20), true));
        assert_eq!(activity.deadline(), Some(at(1010)));
        assert!(!activity.is_due(at(1009)));
        assert!(activity.is_due(at(1010)));
        assert_eq!(activity.deadline(), None);
        assert!(activity.output(at(3000), true));
    }
}
