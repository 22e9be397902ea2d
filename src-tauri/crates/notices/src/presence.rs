//! What the user looks at, as the windows tell it.
//!
//! Promise: a window that has said nothing for a while counts for nothing: it may hang.

use nightshift_protocol::Looking;
use std::collections::BTreeMap;
use std::time::Duration;

/// A window that is used speaks at least once a minute; more than this and it hangs or its machine
/// slept.
const WORD_HOLDS: Duration = Duration::from_secs(5 * 60);

#[derive(Default)]
pub struct Presence {
    /// By connection.
    windows: BTreeMap<u64, (Looking, Duration)>,
}

impl Presence {
    /// Gives the sessions that the user has left without having gone elsewhere on the screen: the
    /// machine was left alone.
    pub fn told(&mut self, conn: u64, looking: Looking, now: Duration) -> Vec<String> {
        let left_alone = looking.away;
        let before = self.windows.insert(conn, (looking, now));
        before.filter(|(was, _)| left_alone && was.attentive).map(sessions).unwrap_or_default()
    }

    /// The window is gone; what it showed nobody may have read.
    pub fn gone(&mut self, conn: u64) -> Vec<String> {
        self.windows
            .remove(&conn)
            .filter(|(was, _)| was.attentive)
            .map(sessions)
            .unwrap_or_default()
    }

    pub fn looks_at(&self, session: &str, now: Duration) -> bool {
        let fresh = |at: Duration| now.saturating_sub(at) < WORD_HOLDS;
        self.windows.values().any(|(looking, at)| {
            looking.attentive && fresh(*at) && looking.sessions.iter().any(|s| s == session)
        })
    }
}

fn sessions((looking, _): (Looking, Duration)) -> Vec<String> {
    looking.sessions
}
