//! One structure of times for all sessions, and the clocks it goes by.
//!
//! Promise: the next time is found and changed in logarithmic time, and nothing is done for a session
//! that has nothing due; by the wall clock. Sleep, a clock that is set and another time zone are noticed: somebody tells
//! of them (`clocks_moved`), and nothing is looked at before; where nobody does, the clock is looked at every `WALL_LOOK`.

use jiff::tz::TimeZone;
use nightshift_model::{Millis, Session, SessionId};
use nightshift_platform::{clock, process};
use nightshift_schedule::{ClockReading, Turn, zone_name};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Longest wait between two looks at the clocks while anything is planned and nobody tells of what happens to them.
const WALL_LOOK: Duration = Duration::from_secs(30);
/// Turns off cron tasks, wake-ups and loops; the second is the reference's own name.
const OFF_VARIABLES: [&str; 2] = ["NIGHTSHIFT_DISABLE_CRON", "CLAUDE_CODE_DISABLE_CRON"];

#[derive(Debug)]
pub struct TimerQueue {
    by_time: BTreeSet<(Millis, SessionId)>,
    times: BTreeMap<SessionId, Millis>,
    turns: BTreeMap<SessionId, Turn>,
    /// Sessions of an earlier supervisor that were not looked at since: what is overdue there came due
    /// while nobody was there.
    unmet: BTreeSet<SessionId>,
    last: Option<ClockReading>,
    boot: String,
    run: String,
    zone: Option<TimeZone>,
    off: bool,
    /// Somebody tells of what happens to the clocks.
    told: bool,
    /// Something happened to them since the last look.
    moved: bool,
}

impl TimerQueue {
    /// `run` names this run of the supervisor; without a zone, the system's own is gone by.
    pub fn new(run: String, zone: Option<TimeZone>) -> TimerQueue {
        let set = |name: &&str| std::env::var(name).is_ok_and(|value| value.trim() == "1");
        TimerQueue {
            by_time: BTreeSet::new(),
            times: BTreeMap::new(),
            turns: BTreeMap::new(),
            unmet: BTreeSet::new(),
            last: None,
            boot: process::boot_id().unwrap_or_default(),
            run,
            zone,
            off: OFF_VARIABLES.iter().any(set),
            told: false,
            moved: false,
        }
    }

    /// Something may have happened to the clocks. `watched`: somebody tells whenever something does.
    pub fn clocks_moved(&mut self, watched: bool) {
        (self.told, self.moved) = (watched, true);
    }

    /// How long may be waited for what is due in `wait` by the wall clock.
    pub fn bounded(&self, wait: Duration) -> Duration {
        if self.told { wait } else { wait.min(WALL_LOOK) }
    }

    /// Whether the clocks have to be looked at again by themselves.
    pub fn is_stale(&self, last: &ClockReading) -> bool {
        let ms = |time: u128| i64::try_from(time).unwrap_or(i64::MAX);
        let awake = ms(clock::monotonic().as_millis());
        let wall = i64::try_from(clock::now().0).unwrap_or(i64::MAX);
        let most = ms(WALL_LOOK.as_millis());
        !self.told && (awake - last.awake_ms >= most || (wall - last.wall_ms).abs() >= most)
    }

    /// Cron tasks and loops are turned off for this supervisor.
    pub fn is_off(&self) -> bool {
        self.off
    }

    pub fn zone(&self) -> TimeZone {
        self.zone.clone().unwrap_or_else(TimeZone::system)
    }

    /// All clocks, now.
    pub fn look(&self) -> ClockReading {
        let ms = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let wall_ms = i64::try_from(clock::now().0).unwrap_or(i64::MAX);
        ClockReading {
            wall_ms,
            awake_ms: ms(clock::monotonic()),
            since_boot_ms: i64::try_from(clock::since_boot_ms()).unwrap_or(i64::MAX),
            boot: self.boot.clone(),
            run: self.run.clone(),
            zone: zone_name(&self.zone(), wall_ms),
        }
    }

    /// A session that an earlier supervisor left.
    pub fn adopt(&mut self, session: &Session) {
        self.unmet.insert(session.id.clone());
        self.follow(&session.id, None, Some(session));
    }

    /// The look before this one, as far as it was one at this session, too.
    pub fn last_at<'a>(
        &mut self,
        id: &SessionId,
        last: Option<&'a ClockReading>,
    ) -> Option<&'a ClockReading> {
        last.filter(|_| !self.unmet.remove(id))
    }

    /// The session is now so; none: it is gone.
    pub fn follow(&mut self, id: &SessionId, before: Option<&Session>, now: Option<&Session>) {
        let goal_only = |s: &&Session| !self.off || s.waits_for_goal();
        let due = now.filter(goal_only).and_then(Session::next_due);
        self.set(id, due);
        self.note_turn(id, before, now);
        if now.is_none() || due.is_some_and(|due| clock::now() < due) {
            self.unmet.remove(id);
        }
    }

    fn set(&mut self, id: &SessionId, due: Option<Millis>) {
        if self.times.get(id).copied() != due {
            if let Some(old) = self.times.remove(id) {
                self.by_time.remove(&(old, id.clone()));
            }
            if let Some(due) = due {
                self.times.insert(id.clone(), due);
                self.by_time.insert((due, id.clone()));
            }
        }
    }

    /// It was looked at. What is still due (a file is being read, a disk does not answer) is looked at
    /// again a little later.
    pub fn looked_at(&mut self, id: &SessionId) {
        let now = clock::now();
        if self.times.get(id).is_some_and(|due| *due <= now) {
            let later = u64::try_from(WALL_LOOK.as_millis()).unwrap_or(u64::MAX);
            self.set(id, Some(Millis(now.0.saturating_add(later))));
        }
    }

    /// When its last turn was: what came due meanwhile is late for that cause.
    fn note_turn(&mut self, id: &SessionId, before: Option<&Session>, now: Option<&Session>) {
        let busy = |session: &Session| session.agent().is_some_and(|a| !a.prompts.is_empty());
        let Some(now) = now.filter(|s| s.agent().is_some_and(|a| !a.standing.is_empty())) else {
            self.turns.remove(id);
            return;
        };
        let at = i64::try_from(clock::now().0).unwrap_or(i64::MAX);
        match (before.is_some_and(busy), busy(now)) {
            (false, true) => {
                self.turns.insert(id.clone(), Turn { began_ms: at, ended_ms: i64::MAX });
            }
            (true, false) => {
                if let Some(turn) = self.turns.get_mut(id) {
                    turn.ended_ms = at;
                }
            }
            (true, true) | (false, false) => {}
        }
    }

    pub fn last_turn(&self, id: &SessionId) -> Option<Turn> {
        self.turns.get(id).copied()
    }

    /// Time until somebody has to look; none while nothing is planned.
    pub fn due_in(&self) -> Option<Duration> {
        let (first, _) = self.by_time.first()?;
        if self.moved {
            return Some(Duration::ZERO);
        }
        Some(self.bounded(Duration::from_millis(first.since(clock::now()))))
    }

    /// Whether it is time to look: something is due, or no look was taken for a while.
    pub fn wants_look(&self) -> bool {
        let Some((first, _)) = self.by_time.first() else { return false };
        let stale = self.last.as_ref().is_none_or(|last| self.is_stale(last));
        *first <= clock::now() || stale || self.moved
    }

    /// Takes a look. The sessions that have to be looked at, those with something due, or all that
    /// have anything planned when the clocks say that something has happened to them.
    pub fn take_look(&mut self) -> (ClockReading, Option<ClockReading>, Vec<SessionId>) {
        let look = self.look();
        self.moved = false;
        let last = self.last.replace(look.clone());
        let happened = last.as_ref().is_none_or(|last| look.happened_since(last).is_some());
        let wall = Millis(u64::try_from(look.wall_ms).unwrap_or(0));
        let due = self.by_time.iter().take_while(|(at, _)| happened || *at <= wall);
        let sessions = due.map(|(_, id)| id.clone()).collect();
        (look, last, sessions)
    }
}
