//! What the ledger of routines keeps: routines with how they stand, and the rows of their occurrences.
//!
//! Promise: plain data; fields of later versions have defaults, so that older rows keep reading.
//! Must not know: what any of it means.

use crate::outside::OutsideWrite;
use nightshift_routines::github::Event;
use nightshift_routines::occurrence::Occurrence;
use nightshift_routines::plan::Marks;
use serde::{Deserialize, Serialize};

/// A routine as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct RoutineRow {
    /// `trig_…`
    pub id: String,
    pub name: String,
    /// The text of the definition in force; none while there never was one that could be read.
    pub definition: Option<String>,
    pub standing: RoutineStanding,
}

/// Since when nothing of a routine starts, and why. Wall milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    pub since_ms: i64,
    pub note: String,
}

/// How a routine stands, beside its definition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoutineStanding {
    /// Of the definition in force.
    pub hash: String,
    pub marks: Marks,
    /// None: it is not paused.
    pub paused: Option<Pause>,
    pub disabled: bool,
    /// Its file was not there at the last look.
    pub gone: bool,
    /// Since when it is watched: made, enabled, resumed, or its triggers were changed.
    pub since_ms: i64,
    /// What the last alarm about its silence asked to be kept.
    pub told_ms: Option<i64>,
    /// The latest due time whose row was forgotten.
    pub forgotten_ms: Option<i64>,
}

/// A row of the ledger, with what belongs to it beside its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerRow {
    /// In the order in which rows were made; 0 before it is stored.
    #[serde(skip)]
    pub n: i64,
    pub occurrence: Occurrence,
    /// It does not count against `max_per_day`.
    #[serde(default)]
    pub one_off: bool,
    /// What came with it from outside, for the agent's first turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The event that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Box<Event>>,
    /// The UUID that its first session will have: whoever fired it was told so while it waited for its turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_uuid: Option<String>,
    /// What the run asked for and did not get.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub denials: Vec<String>,
}

impl LedgerRow {
    pub fn of(occurrence: Occurrence) -> LedgerRow {
        LedgerRow {
            n: 0,
            occurrence,
            one_off: false,
            text: None,
            event: None,
            session_uuid: None,
            denials: Vec::new(),
        }
    }
}

/// What happened to an occurrence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEvent {
    pub occurrence: String,
    /// Wall milliseconds.
    pub at_ms: i64,
    /// One line.
    pub text: String,
}

/// What one commit changes in the ledger.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LedgerWrite {
    /// New ones, and those that changed. A definition of `None` leaves the one that is stored.
    pub routines: Vec<RoutineRow>,
    /// Ids of routines that go with all their rows.
    pub removed: Vec<String>,
    pub rows: Vec<LedgerRow>,
    pub events: Vec<LedgerEvent>,
    /// Ids of rows that are kept no longer.
    pub forgotten: Vec<String>,
    /// The look at the clocks that these go by, as its owner writes it.
    pub look: Option<String>,
    pub outside: OutsideWrite,
}

impl LedgerWrite {
    pub fn is_empty(&self) -> bool {
        *self == LedgerWrite::default()
    }
}

/// Which rows to read, newest first.
#[derive(Clone, Copy, Debug)]
pub struct RowsWanted<'a> {
    /// None: of all routines.
    pub routine: Option<&'a str>,
    /// Only rows that were made before this one.
    pub before: Option<i64>,
    pub limit: usize,
}

/// What an occurrence from outside is known by.
#[derive(Clone, Copy, Debug)]
pub enum Key<'a> {
    Event(&'a str),
    Idempotency(&'a str),
}
