//! Routines in the loop: definitions that count, due times that get their rows, runs that are started, followed and
//! judged.
//!
//! Promises: nothing starts that is not written down; each due time has one row and each row at most one session
//! at a time, wherever this process is killed; what cannot be stored is tried again and nothing follows from it.
//! Must not know: files and shells, which are behind `ports::routines`; how a plan is made (`nightshift_routines`).

pub(crate) mod acts;
mod announce;
pub(crate) mod answers;
pub(crate) mod changes;
mod due;
mod files;
mod follow;
mod outcome;
mod prepare;
mod start;
mod support;
mod unattended;
pub(crate) mod views;
mod watch;

pub use acts::Written;
pub(crate) use files::look_first;
pub use prepare::{Prepared, Unready};
pub use start::restarts;
pub use unattended::decided;

use crate::clients::ConnId;
use crate::core::Core;
use crate::features::conditions::{self, Condition};
use crate::handlers;
use crate::limits::STORE_RETRY;
use crate::ports::routines::FoundDefinitions;
use crate::ports::storage::Storage;
use nightshift_automation::ClockReading;
use nightshift_model::{Fact, SessionId};
use nightshift_platform::clock;
use nightshift_protocol::routine::RoutineAct;
use nightshift_protocol::{Fault, NoticeLevel, RoutineProblem};
use nightshift_routines::occurrence::{ErrorType, Held, Occurrence, State};
use nightshift_routines::plan::{Span, SpanKind};
use nightshift_routines::{Definition, Problem};
use nightshift_store::ledger::LedgerEvent;
use nightshift_store::{LedgerRow, LedgerWrite, RoutineRow, StoreError, Write};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

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
    /// When (monotonic) that was asked for.
    asked_at: Option<Duration>,
    /// An answer of its user is waited for: nothing of it works meanwhile.
    waits: bool,
    /// Why it has not started yet.
    held: Option<Held>,
    /// Ends what is being looked for for it.
    called_off: Arc<AtomicBool>,
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
        Run {
            row,
            preparing: false,
            since,
            deadline: None,
            ending: None,
            asked_at: None,
            waits: false,
            held: None,
            called_off: Arc::default(),
        }
    }

    /// What was begun for this try goes no further.
    fn begin_anew(&mut self) {
        self.called_off.store(true, Ordering::Relaxed);
        *self = Run::of(self.row.clone());
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
    /// Something may have happened to the clocks since.
    clocks_moved: bool,
    /// A look at the definitions is wanted, is under way.
    wanted: bool,
    reading: bool,
    /// Counts looks and files that were written for clients.
    looks: u64,
    /// The latest look that was taken into account; the latest file that was written: a look that was begun before
    /// either of them shows what was.
    applied: u64,
    written: u64,
    /// Names of definitions that are being written for clients; true where one is to be disabled at first.
    writing: BTreeMap<String, bool>,
    /// Name and hash of definitions that a client has written, while they are taken in: of these the user knows.
    own: BTreeSet<(String, String)>,
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
    /// They were read for a client, whose request is answered by what was found.
    Looked {
        conn: ConnId,
        request: u64,
        act: Box<RoutineAct>,
        look: u64,
        found: Result<FoundDefinitions, Fault>,
    },
    /// A definition's file was written or removed for a client.
    FileWritten {
        conn: ConnId,
        request: u64,
        /// Routines whose files were meant.
        names: Vec<String>,
        result: Result<Written, Fault>,
    },
    /// What a run begins with was found, or why not.
    Prepared { occurrence: String, result: Result<Box<Prepared>, Unready> },
    /// Directories that no run needs any more are gone.
    ScratchCleared,
}

pub fn hear(core: &mut Core, heard: Heard) {
    match heard {
        Heard::FilesChanged => core.routines.wanted = true,
        Heard::FilesSeen { look, found } => files::looked(core, look, found),
        Heard::Looked { conn, request, act, look, found } => {
            files::looked_for_client(core, look, found);
            handlers::routines_act(core, (conn, request), *act);
        }
        Heard::FileWritten { conn, request, names, result } => {
            acts::written(core, (conn, request), result);
            core.routines.writing.retain(|name, _| !names.contains(name));
            core.routines.own.clear();
        }
        Heard::Prepared { occurrence, result } => start::prepared(core, &occurrence, result),
        Heard::ScratchCleared => {}
    }
}

/// The clock was set, the machine has slept, or its zone is another.
pub(crate) fn clocks_moved(core: &mut Core) {
    core.routines.clocks_moved = true;
}

fn wall_ms() -> i64 {
    i64::try_from(clock::now().0).unwrap_or(i64::MAX)
}

/// Until a wall time, and no longer than a look at the clocks may wait.
fn until(core: &Core, at_ms: i64, wall_ms: i64) -> Duration {
    let left = u64::try_from(at_ms.saturating_sub(wall_ms)).unwrap_or(0);
    core.timers.bounded(Duration::from_millis(left))
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
    let planned = it.list.values().filter(|routine| routine.is_planned());
    let times = planned.flat_map(|routine| [routine.next_ms, routine.watch_ms]).flatten().min();
    let stirred = it.stirred || it.clocks_moved && times.is_some();
    let stirred = stirred.then_some(Duration::ZERO);
    let times = times.map(|at_ms| until(core, at_ms, wall));
    let admit = it.admit_ms.map(|at_ms| until(core, at_ms, wall));
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
        let before = core.routines.runs.get(&id).and_then(outcome::session_of);
        let stays = before.as_ref().map(|id| id.as_str()) == row.occurrence.session.as_deref();
        if state.is_over() {
            if let Some(run) = core.routines.runs.remove(&id) {
                run.called_off.store(true, Ordering::Relaxed);
            }
        } else {
            hold(core, row);
        }
        if let Some(session) = before.filter(|_| state.is_over() || !stays) {
            core.fact(&session, Fact::RunEnded);
        }
        core.routines.stirred = true;
        watch::look_again(core, &routine);
    }
}

/// A row that is not over.
fn hold(core: &mut Core, row: LedgerRow) {
    let (id, state) = (row.occurrence.id.clone(), row.occurrence.state);
    match core.routines.runs.get_mut(&id) {
        Some(run) => {
            let moved = run.row.occurrence.state != state;
            run.row = row;
            if moved {
                run.since = clock::monotonic();
            }
            if matches!(state, State::Due) {
                run.begin_anew();
            }
        }
        None => {
            // Its number tells those of one moment apart.
            let n = match row.n {
                0 => core.store.row(&id).ok().flatten().map_or(0, |stored| stored.n),
                n => n,
            };
            core.routines.runs.insert(id, Run::of(LedgerRow { n, ..row }));
        }
    }
}

/// Runs that were over when an earlier supervisor was killed, before their sessions heard of it.
pub(crate) fn recover(core: &mut Core) {
    let ended = core.sessions.values().filter(|entry| {
        let run = entry.session.unattended.as_ref().filter(|run| !run.over);
        run.is_some_and(|run| !core.routines.runs.contains_key(&run.occurrence))
    });
    let ended: Vec<SessionId> = ended.map(|entry| entry.session.id.clone()).collect();
    ended.iter().for_each(|id| core.fact(id, Fact::RunEnded));
}

/// Mistakes as clients see them.
fn shown(problem: &Problem) -> RoutineProblem {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let (line, column) = (number(problem.line), number(problem.column));
    RoutineProblem { line, column, message: problem.message.clone() }
}
