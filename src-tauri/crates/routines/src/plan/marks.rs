//! How far each timed trigger of a routine is planned. Stored as JSON beside the routine.
//!
//! Promise: what comes next follows from a mark and the clocks alone, so it is the same after a restart.

use super::Facts;
use crate::definition::{Definition, Trigger, TriggerKey};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use nightshift_schedule::{ClockReading, NOTICED_MS};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Times are wall milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Every due time up to here has its occurrence, or is none.
    pub settled_ms: i64,
    /// When it was armed; `every` counts from here.
    pub armed_ms: i64,
    /// Up to here the zone's clock shows times that were lived in another zone.
    #[serde(default)]
    pub lived_ms: Option<i64>,
    /// Of an `at` that has come: its time.
    #[serde(default)]
    pub done_ms: Option<i64>,
}

/// The marks of a routine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    pub triggers: BTreeMap<TriggerKey, Mark>,
    /// The latest due time that ever had an occurrence: later ones have no rows.
    pub latest_ms: i64,
    /// The machine's zone at the last plan.
    #[serde(default)]
    pub machine: String,
    /// Wall time of the last plan, its boot, and the wall time at that boot: what a set clock is measured against.
    #[serde(default)]
    pub looked_ms: i64,
    #[serde(default)]
    pub boot: String,
    #[serde(default)]
    pub epoch_ms: i64,
    /// The definition's own zone. In another one its triggers are others.
    #[serde(default)]
    pub own_zone: Option<String>,
}

impl Marks {
    /// For a definition that counts from now on: what is new in it begins now, what is gone is forgotten, the rest
    /// goes on. Call it when a routine is made, and after the plan that ends an old definition.
    pub fn armed(&self, definition: &Definition, now: &ClockReading) -> Marks {
        let same_zone = self.own_zone == definition.timezone;
        let old = |key: &TriggerKey| self.triggers.get(key).filter(|_| same_zone).cloned();
        let timed = definition.triggers.iter().filter(|trigger| trigger.is_timed());
        let triggers = timed.map(Trigger::key).map(|key| {
            let mark = old(&key).unwrap_or(Mark::new(now.wall_ms));
            (key, mark)
        });
        let triggers = triggers.collect();
        let own_zone = definition.timezone.clone();
        let mut marks = Marks { triggers, own_zone, ..self.clone() };
        if marks.machine.is_empty() {
            marks.looked(now);
        }
        marks
    }

    /// A plan was made with this look.
    pub(super) fn looked(&mut self, now: &ClockReading) {
        self.machine.clone_from(&now.zone);
        self.looked_ms = now.wall_ms;
        self.boot.clone_from(&now.boot);
        self.epoch_ms = now.epoch_ms();
    }

    /// Everything begins now: for a routine whose due times while it was off are to leave no rows.
    pub fn rearmed(&self, definition: &Definition, now: &ClockReading) -> Marks {
        let none = Marks { latest_ms: self.latest_ms, ..Marks::default() };
        none.armed(definition, now)
    }

    pub(super) fn get_mut(&mut self, key: &TriggerKey) -> Option<&mut Mark> {
        self.triggers.get_mut(key)
    }
}

impl Mark {
    fn new(now_ms: i64) -> Mark {
        Mark { settled_ms: now_ms, armed_ms: now_ms, lived_ms: None, done_ms: None }
    }
}

/// The zones of one plan, and what happened to the clock.
pub(super) struct Clocks {
    /// In which due times are now.
    pub zone: TimeZone,
    /// The zone that was left, and when; for routines without a zone of their own.
    pub left: Option<(TimeZone, i64)>,
    /// The wall time up to which what is due was moved over.
    pub moved: Option<i64>,
    pub now_ms: i64,
    /// By how much the clock was set, where it can be known.
    pub set_by_ms: i64,
}

impl Clocks {
    pub fn of(facts: &Facts<'_>) -> Clocks {
        let own = facts.definition.timezone.as_deref().and_then(facts.zones);
        let now_ms = facts.now.wall_ms;
        // By the marks, not by the look before: of a plan that was committed nothing counts once more.
        let marks = facts.marks;
        let same_boot = marks.boot == facts.now.boot;
        let set_by_ms = if same_boot { facts.now.epoch_ms() - marks.epoch_ms } else { 0 };
        let set_by_ms = if set_by_ms.abs() < NOTICED_MS { 0 } else { set_by_ms };
        let machine = &marks.machine;
        let travels = own.is_none() && !machine.is_empty() && *machine != facts.now.zone;
        let old = if travels { (facts.zones)(machine) } else { None };
        let before_ms = facts.before.map_or(marks.looked_ms, |before| before.wall_ms);
        let left_ms = before_ms.max(marks.looked_ms).min(now_ms);
        Clocks {
            zone: own.unwrap_or_else(|| facts.machine.clone()),
            left: old.map(|old| (old, left_ms)),
            moved: travels.then_some(left_ms),
            now_ms,
            set_by_ms,
        }
    }

    /// Brings a mark to the clock of now: times that will come again are open again.
    pub fn follow(&self, mark: &mut Mark) {
        if self.now_ms < mark.settled_ms {
            mark.settled_ms = self.now_ms;
        }
        mark.done_ms = mark.done_ms.filter(|done_ms| *done_ms <= self.now_ms);
        if self.set_by_ms < 0 {
            // What was lived elsewhere stays as far ahead as it was.
            mark.lived_ms = mark.lived_ms.map(|lived_ms| {
                let ahead_ms = (lived_ms - (self.now_ms - self.set_by_ms)).max(0);
                lived_ms.min(self.now_ms.saturating_add(ahead_ms))
            });
        }
    }

    /// The latest local time that was lived, as an instant of the new zone.
    pub fn carried_over(&self, mark: &Mark, old: &TimeZone, left_ms: i64) -> i64 {
        let lived_ms = mark.lived_ms.map_or(left_ms, |lived_ms| lived_ms.max(left_ms));
        let lived = Timestamp::from_millisecond(lived_ms).map(|at| old.to_datetime(at));
        let there = lived.and_then(|local| self.zone.to_timestamp(local));
        there.map_or(lived_ms, Timestamp::as_millisecond)
    }
}
