//! Routines in the loop: definitions that count, due times that get their rows, runs that are started, followed and
//! judged.
//!
//! Promises: nothing starts that is not written down; each due time has one row and each row at most one session
//! at a time, wherever this process is killed; what cannot be stored is tried again and nothing follows from it.
//! Must not know: files and shells, which are behind `ports::routines`; how a plan is made (`nightshift_routines`).

pub(crate) mod acts;
mod due;
mod files;
mod follow;
mod outcome;
pub mod outside;
mod prepare;
mod start;
mod support;
mod unattended;
pub(crate) mod views;
mod watch;

pub use acts::Written;
pub use prepare::{Prepared, Unready};
pub use start::restarts;
pub use unattended::decided;

use crate::clients::ConnId;
use crate::core::Core;
use crate::features::conditions::{self, Condition};
use crate::limits::STORE_RETRY;
use crate::ports::routines::FoundDefinitions;
use crate::ports::storage::Storage;
use nightshift_automation::ClockReading;
use nightshift_platform::clock;
use nightshift_protocol::{Fault, NoticeLevel, RoutineProblem};
use nightshift_routines::occurrence::{ErrorType, Occurrence, State};
use nightshift_routines::plan::{Span, SpanKind};
use nightshift_routines::{Definition, Problem};
use nightshift_store::ledger::LedgerEvent;
use nightshift_store::{LedgerRow, LedgerWrite, RoutineRow, StoreError, Write};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait between two looks at the wall clock while anything is planned: sleep, set clocks and other zones are
/// noticed by then.
const WALL_LOOK: Duration = Duration::from_secs(30);

/// A routine in the loop.
pub struct Routine {
    pub row: RoutineRow,
    /// What is in force.
    pub definition: Option<Arc<Definition>>,
    /// What is wrong with its file as it is now.
    pub problems: Vec<Problem>,
    /// Wall time of its next due time, with its jitter.
    pub next_ms: Option<i64>,
    /// Wall time at which it becomes quiet, if nothing runs before.
    pub watch_ms: Option<i64>,
}

impl Routine {
    /// Its due times are looked for.
    fn is_planned(&self) -> bool {
        let off = self.row.standing.disabled || self.row.standing.gone;
        !off && self.definition.is_some()
    }

    fn spans(&self) -> Vec<Span> {
        let paused = self.row.standing.paused.as_ref();
        let span = |from_ms| Span { kind: SpanKind::Paused, from_ms, to_ms: None };
        paused.map(|paused| span(paused.since_ms)).into_iter().collect()
    }

    /// The same row, to be stored without its definition, which has not changed.
    fn standing_only(&self) -> RoutineRow {
        RoutineRow { definition: None, ..self.row.clone() }
    }
}

/// A row of the ledger that is not over.
pub struct Run {
    pub row: LedgerRow,
    /// What it begins with is being looked for.
    preparing: bool,
    /// Since when (monotonic) it is in its state, as far as this supervisor knows.
    since: Duration,
    /// When (monotonic) its time is over.
    deadline: Option<Duration>,
    /// Its session is being ended, for this.
    ending: Option<Ending>,
}

/// Why a run's session is being ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Failed(ErrorType),
    /// A later occurrence takes its place.
    Displaced,
}

impl Run {
    fn of(row: LedgerRow) -> Run {
        let since = clock::monotonic();
        Run { row, preparing: false, since, deadline: None, ending: None }
    }

    fn it(&self) -> &Occurrence {
        &self.row.occurrence
    }
}

/// A client that waits for what becomes of an occurrence.
struct Waiting {
    conn: ConnId,
    request: u64,
    occurrence: String,
}

#[derive(Default)]
pub struct Routines {
    /// By id.
    pub list: BTreeMap<String, Routine>,
    /// By the occurrence's id.
    pub runs: BTreeMap<String, Run>,
    last_look: Option<ClockReading>,
    /// A look at the definitions is wanted, is under way.
    wanted: bool,
    reading: bool,
    /// Counts looks and files that were written for clients: a look that was begun before the last of these shows
    /// what was.
    looks: u64,
    /// Files that define no routine, and what is wrong with the directory.
    pub unfit: Vec<String>,
    /// Where the definitions are, once that is known.
    pub place: String,
    /// Something may start now that could not before.
    stirred: bool,
    /// Wall time at which the next waiting row may start.
    admit_ms: Option<i64>,
    /// When (monotonic) what could not be stored is tried again.
    retry_at: Option<Duration>,
    waiting: Vec<Waiting>,
    /// Events from outside.
    pub outside: outside::Outside,
}

/// What an earlier supervisor left.
pub fn restored(store: &dyn Storage) -> Result<Routines, StoreError> {
    let mut routines = Routines { stirred: true, ..Routines::default() };
    for row in store.routines()? {
        let definition = row.definition.as_deref().and_then(|text| files::parse(text).ok());
        let (problems, definition) = (Vec::new(), definition.map(Arc::new));
        let id = row.id.clone();
        let routine = Routine { row, definition, problems, next_ms: None, watch_ms: None };
        routines.list.insert(id, routine);
    }
    for row in store.open_rows()? {
        routines.runs.insert(row.occurrence.id.clone(), Run::of(row));
    }
    let look = store.look()?.and_then(|doc| serde_json::from_str(&doc).ok());
    routines.last_look = look;
    routines.outside = outside::restored(store)?;
    // Nothing is known of their next times before the first look.
    routines.list.values_mut().for_each(|routine| routine.next_ms = Some(i64::MIN));
    Ok(routines)
}

/// What was found or done beside the loop, or happened to the definitions.
pub enum Heard {
    /// Definitions may be others than before.
    FilesChanged,
    /// They were read, or the place where they are does not answer.
    FilesSeen {
        /// Which look it was.
        look: u64,
        found: Result<FoundDefinitions, Fault>,
    },
    /// A definition's file was written or removed for a client.
    FileWritten { conn: ConnId, request: u64, result: Result<Written, Fault> },
    /// What a run begins with was found, or why not.
    Prepared { occurrence: String, result: Result<Box<Prepared>, Unready> },
    /// Directories that no run needs any more are gone.
    ScratchCleared,
}

pub fn hear(core: &mut Core, heard: Heard) {
    match heard {
        Heard::FilesChanged => core.routines.wanted = true,
        Heard::FilesSeen { look, found } => files::looked(core, look, found),
        Heard::FileWritten { conn, request, result } => {
            acts::written(core, (conn, request), result);
        }
        Heard::Prepared { occurrence, result } => start::prepared(core, &occurrence, result),
        Heard::ScratchCleared => {}
    }
}

fn wall_ms() -> i64 {
    i64::try_from(clock::now().0).unwrap_or(i64::MAX)
}

/// Until a wall time, and no longer than a look at the clocks may wait.
fn until(at_ms: i64, wall_ms: i64) -> Duration {
    let left = u64::try_from(at_ms.saturating_sub(wall_ms)).unwrap_or(0);
    Duration::from_millis(left).min(WALL_LOOK)
}

/// Time until something has to be done.
pub fn due_in(core: &Core, now: Duration) -> Option<Duration> {
    let it = &core.routines;
    if it.wanted && !it.reading {
        return Some(Duration::ZERO);
    }
    if let Some(at) = it.retry_at {
        return Some(at.saturating_sub(now));
    }
    let wall = wall_ms();
    let stirred = it.stirred.then_some(Duration::ZERO);
    let planned = it.list.values().filter(|routine| routine.is_planned());
    let times = planned.flat_map(|routine| [routine.next_ms, routine.watch_ms]).flatten().min();
    let times = times.map(|at_ms| until(at_ms, wall));
    let admit = it.admit_ms.map(|at_ms| until(at_ms, wall));
    [stirred, times, admit, follow::due_in(core, now)].into_iter().flatten().min()
}

pub fn on_tick(core: &mut Core, now: Duration) {
    files::on_tick(core);
    if core.routines.retry_at.is_some_and(|at| now < at) {
        return;
    }
    core.routines.retry_at = None;
    let went = due::on_tick(core)
        .and_then(|()| follow::on_tick(core, now))
        .and_then(|()| start::on_tick(core))
        .and_then(|()| watch::on_tick(core));
    match went {
        Ok(()) => conditions::release(core, &Condition::Routines),
        Err(e) => wait_for_room(core, &e),
    }
    answer_waiting(core);
}

/// Nothing of routines goes on before it can be stored.
fn wait_for_room(core: &mut Core, error: &StoreError) {
    tracing::warn!("routines wait: {error}");
    core.routines.retry_at = Some(clock::monotonic() + STORE_RETRY);
    let text = format!("no routine starts: {error}");
    conditions::hold(core, &Condition::Routines, vec![(NoticeLevel::Error, text)]);
}

fn answer_waiting(core: &mut Core) {
    let waiting = std::mem::take(&mut core.routines.waiting);
    for waits in waiting {
        match acts::what_became(core, &waits.occurrence) {
            None => core.routines.waiting.push(waits),
            Some(result) => core.clients.answer(waits.conn, waits.request, result),
        }
    }
}

/// Stores what one decision about routines changes; only then does anything follow from it.
fn commit(core: &mut Core, ledger: LedgerWrite) -> Result<(), StoreError> {
    core.store.commit(&Write { ledger, ..Write::default() })
}

/// The rows as they are now, with a line each on what happened to them.
fn changed(rows: Vec<LedgerRow>, at_ms: i64) -> LedgerWrite {
    let event = |row: &LedgerRow| LedgerEvent {
        occurrence: row.occurrence.id.clone(),
        at_ms,
        text: views::happened(&row.occurrence),
    };
    let events = rows.iter().map(event).collect();
    LedgerWrite { rows, events, ..LedgerWrite::default() }
}

/// Takes rows into account that were stored. What is over leaves the loop.
fn accept(core: &mut Core, rows: Vec<LedgerRow>) {
    for row in rows {
        let id = row.occurrence.id.clone();
        let (state, routine) = (row.occurrence.state, row.occurrence.routine.clone());
        if state.is_over() {
            core.routines.runs.remove(&id);
        } else {
            match core.routines.runs.get_mut(&id) {
                Some(run) => {
                    let moved = run.row.occurrence.state != state;
                    run.row = row;
                    if moved {
                        run.since = clock::monotonic();
                    }
                    if matches!(state, State::Due) {
                        (run.preparing, run.ending, run.deadline) = (false, None, None);
                    }
                }
                None => {
                    core.routines.runs.insert(id, Run::of(row));
                }
            }
        }
        core.routines.stirred = true;
        watch::look_again(core, &routine);
    }
}

/// Mistakes as clients see them.
fn shown(problem: &Problem) -> RoutineProblem {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let (line, column) = (number(problem.line), number(problem.column));
    RoutineProblem { line, column, message: problem.message.clone() }
}
