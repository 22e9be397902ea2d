//! What the tray's menu says, as plain lines.
//!
//! Must not know: Tauri, how a menu is drawn.

use nightshift_model::counted::counted;
use nightshift_model::naming::one_line;
use nightshift_model::{Millis, State};
use nightshift_protocol::{BoardChange, BoardEvent, RoutineView, SessionView, StandingSummary};
use std::collections::BTreeMap;

pub const OPEN: &str = "open";
pub const CLOSE: &str = "close";
pub const QUICK: &str = "quick";
pub const PAUSE: &str = "pause";
pub const RESUME: &str = "resume";
pub const QUIT: &str = "quit";
/// The page of all routines.
pub const ROUTINES: &str = "routines";
const SESSION: &str = "session-";
const ROUTINE: &str = "routine-";

/// Sessions named in the menu; a longer menu leaves the screen.
const NAMED_MAX: usize = 8;
/// Routines with a trouble that are named; the page has the others.
const UNWELL_MAX: usize = 3;
/// A menu shows about so much in one line.
const LINE_MAX_CHARS: usize = 56;
/// The note of a routine that paused itself.
const FAILING: &str = "failing";
const NAME_MAX_CHARS: usize = 24;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Only to be read.
    Said(String),
    Between,
    Does {
        id: String,
        words: String,
    },
    Switch {
        id: String,
        words: String,
        on: bool,
    },
}

/// What of one session matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    name: String,
    since: Millis,
    alive: bool,
    /// The open question.
    question: Option<String>,
    /// When it is woken by itself, as far as that is known.
    next_runs: Vec<Millis>,
}

#[derive(Clone, Debug, Default)]
pub struct Menu {
    rows: BTreeMap<String, Row>,
    pub paused: bool,
    /// As they were when they were asked for last.
    pub routines: Vec<RoutineView>,
}

/// The session that a menu entry opens.
pub fn id_of_session(id: &str) -> Option<&str> {
    id.strip_prefix(SESSION)
}

/// The routine that a menu entry opens.
pub fn name_of_routine(id: &str) -> Option<&str> {
    id.strip_prefix(ROUTINE)
}

impl Menu {
    pub fn take(&mut self, event: BoardEvent) {
        match event {
            BoardEvent::Snapshot { sessions, .. } => {
                self.rows = sessions.iter().map(|view| (view.id.clone(), row(view))).collect();
            }
            BoardEvent::Change { change: BoardChange::Upsert { view }, .. } => {
                self.rows.insert(view.id.clone(), row(&view));
            }
            BoardEvent::Change { change: BoardChange::Removed { id }, .. } => {
                self.rows.remove(&id);
            }
            BoardEvent::Change {
                change: BoardChange::Notice { .. } | BoardChange::NoticeGone { .. },
                ..
            } => {}
        }
    }

    pub fn needing(&self) -> usize {
        self.rows.values().filter(|row| row.question.is_some()).count()
    }

    /// The menu at `now`; `time` words a time as the user's clock shows it.
    pub fn lines(&self, now: Millis, time: &dyn Fn(Millis) -> String) -> Vec<Line> {
        let does =
            |id: &str, words: &str| Line::Does { id: id.to_owned(), words: words.to_owned() };
        let pause = if self.paused { RESUME } else { PAUSE };
        let words = "Pause all schedules".to_owned();
        let mut lines = self.needs();
        lines.push(Line::Between);
        lines.push(does(QUICK, "Quick dispatch…"));
        lines.extend(self.next_run(now, time));
        lines.extend(self.routine_lines(now, time));
        lines.push(Line::Switch { id: pause.to_owned(), words, on: self.paused });
        lines.push(Line::Between);
        lines.push(does(OPEN, "Open Nightshift"));
        lines.push(does(CLOSE, "Close the window"));
        lines.push(does(QUIT, &self.quit()));
        lines
    }

    /// Who waits, the longest first.
    fn needs(&self) -> Vec<Line> {
        let mut waiting: Vec<(&String, &Row, &String)> = self
            .rows
            .iter()
            .filter_map(|(id, row)| Some((id, row, row.question.as_ref()?)))
            .collect();
        waiting.sort_by_key(|(_, row, _)| row.since);
        let head = match waiting.len() {
            0 => "Nobody needs input".to_owned(),
            1 => "1 session needs input".to_owned(),
            many => format!("{} need input", counted(many, "session")),
        };
        let mut lines = vec![Line::Said(head)];
        for (id, row, question) in waiting.iter().take(NAMED_MAX) {
            lines.push(opens(id, &format!("{}: {question}", row.name)));
        }
        if let Some(more @ 1..) = waiting.len().checked_sub(NAMED_MAX) {
            lines.push(Line::Does { id: OPEN.to_owned(), words: format!("… {more} more") });
        }
        lines
    }

    /// Which session is woken next, and when. While schedules are paused nobody knows.
    fn next_run(&self, now: Millis, time: &dyn Fn(Millis) -> String) -> Option<Line> {
        if self.paused {
            return None;
        }
        let all = self.rows.iter().flat_map(|(id, row)| {
            row.next_runs.iter().filter(|at| **at > now).map(move |at| (*at, id, row))
        });
        let (at, id, row) = all.min_by_key(|(at, id, _)| (*at, *id))?;
        Some(opens(id, &format!("Next run at {}: {}", time(at), row.name)))
    }

    /// The next routine and its time, and those that are not well.
    fn routine_lines(&self, now: Millis, time: &dyn Fn(Millis) -> String) -> Vec<Line> {
        let next_at = |view: &RoutineView| {
            let at = Millis(u64::try_from(view.next_run_at?).ok()?);
            (at > now).then_some(at)
        };
        let next = self.routines.iter().filter_map(|view| Some((next_at(view)?, view)));
        let next = next.filter(|_| !self.paused).min_by_key(|(at, view)| (*at, view.name.clone()));
        let mut lines: Vec<Line> = Vec::new();
        if let Some((at, view)) = next {
            lines.push(shows(&view.name, &format!("Next routine at {}: {}", time(at), view.name)));
        }
        let unwell: Vec<&RoutineView> =
            self.routines.iter().filter(|view| is_unwell(view)).collect();
        for view in unwell.iter().take(UNWELL_MAX) {
            let health = view.health.replace('_', " ");
            lines.push(shows(&view.name, &format!("{} is {health}", view.name)));
        }
        if let Some(more @ 1..) = unwell.len().checked_sub(UNWELL_MAX) {
            lines.push(Line::Does { id: ROUTINES.to_owned(), words: format!("… {more} more") });
        }
        if !self.routines.is_empty() {
            lines.push(Line::Does { id: ROUTINES.to_owned(), words: "Routines…".to_owned() });
        }
        lines
    }

    /// Says what goes on running.
    fn quit(&self) -> String {
        match self.rows.values().filter(|row| row.alive).count() {
            0 => "Quit Nightshift".to_owned(),
            1 => "Quit Nightshift (1 session keeps running)".to_owned(),
            many => format!("Quit Nightshift ({} keep running)", counted(many, "session")),
        }
    }
}

/// Something is to be done about it. One that its user paused or turned off is well.
fn is_unwell(view: &RoutineView) -> bool {
    matches!(view.health.as_str(), "late" | "quiet" | "failing")
        || (view.health == "paused" && view.note.as_deref() == Some(FAILING))
}

/// A line that opens a routine.
fn shows(routine: &str, words: &str) -> Line {
    let words = one_line(words, LINE_MAX_CHARS).replace('&', "&&");
    Line::Does { id: format!("{ROUTINE}{routine}"), words }
}

/// A line that opens a session.
fn opens(session: &str, words: &str) -> Line {
    // An ampersand in a menu marks the next letter as its key.
    let words = one_line(words, LINE_MAX_CHARS).replace('&', "&&");
    Line::Does { id: format!("{SESSION}{session}"), words }
}

/// When the session is woken: by its loop, by itself, by its next cron task.
fn next_runs(standing: &StandingSummary) -> Vec<Millis> {
    let looping = standing.looping.as_ref().and_then(|looping| looping.next_at);
    [looping, standing.wakeup_at, standing.next_cron_at].into_iter().flatten().collect()
}

fn row(view: &SessionView) -> Row {
    let question = match &view.state {
        State::NeedsInput { needs } => {
            Some(needs.first().map(|need| need.question.clone()).unwrap_or_default())
        }
        State::Starting
        | State::Working
        | State::Idle
        | State::Completed { .. }
        | State::Failed { .. }
        | State::Stopped => None,
    };
    Row {
        name: one_line(&view.name, NAME_MAX_CHARS),
        since: view.state_since,
        alive: matches!(view.liveness, nightshift_model::Liveness::Alive { .. }),
        question,
        next_runs: view.standing.as_ref().map(next_runs).unwrap_or_default(),
    }
}
