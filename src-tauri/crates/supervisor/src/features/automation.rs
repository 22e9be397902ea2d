//! Standing work in the loop: looks at the clocks, and the runs that are due.
//!
//! Promise: a run and its prompt are one commit; a loop's file is read beside the loop.

use crate::clients::ConnId;
use crate::core::Core;
use crate::features::routines;
use crate::handlers;
use crate::inbox::Inbox;
use crate::ports::worktrees::Worktrees;
use crate::ports::world::{Job, Lane};
use nightshift_automation::due::DueContext;
use nightshift_automation::{ClockReading, Due, LoopFile, due, missed_while_stopped, words};
use nightshift_model::{Event, Fact, Liveness, Session, SessionId, State, TimerFired};
use nightshift_platform::clock;
use nightshift_platform::spawn::own_variables;
use nightshift_protocol::{Reply, SessionView, Task};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub fn due_in(core: &Core, _: Duration) -> Option<Duration> {
    core.timers.due_in()
}

pub fn on_tick(core: &mut Core, _: Duration) {
    if !core.timers.wants_look() {
        return;
    }
    let (look, last, sessions) = core.timers.take_look();
    for id in sessions {
        look_at(core, &id, &look, last.as_ref());
    }
}

/// The clock was set, the machine has slept, or its zone is another.
pub fn clocks_moved(core: &mut Core, watched: bool) {
    core.timers.clocks_moved(watched);
    routines::clocks_moved(core);
}

fn look_at(core: &mut Core, id: &SessionId, look: &ClockReading, last: Option<&ClockReading>) {
    let last = core.timers.last_at(id, last);
    let Some(entry) = core.sessions.get(id) else { return };
    let zone = core.timers.zone();
    let (last_turn, off) =
        (core.timers.last_turn(id), core.timers.is_off() || core.schedules_paused);
    match due(&entry.session, &DueContext { look, last, zone: &zone, last_turn, off }) {
        Some(Due::Goal) => core.fact(id, Fact::GoalDue { over: false }),
        Some(Due::Timer(fired)) => run(core, id, *fired),
        Some(Due::File(fired)) => read_file(core, id, fired),
        None => {}
    }
    // Whatever came of it: nothing is looked at twice for the same moment.
    core.timers.looked_at(id);
}

fn run(core: &mut Core, id: &SessionId, fired: TimerFired) {
    let display = fired.run.as_ref().is_some_and(|run| run.display);
    if fired.run.is_some() && !display {
        own_environment(core, id);
    }
    let fact = Event::Fact(Fact::TimerFired { fired: Box::new(fired) });
    if let Err(fault) = core.apply(id, fact, clock::now(), 0) {
        // It is still due, and looked at again a little later.
        tracing::warn!(session = %id, "a run waits: {fault}");
    } else if display {
        handlers::say_tasks(core, id, None);
    }
}

/// A process has to be started, and the environment of the last one went with an earlier supervisor:
/// this one's own stands in, and the conversation says so.
pub fn own_environment(core: &mut Core, id: &SessionId) {
    let Some(entry) = core.sessions.get_mut(id) else { return };
    let gone = matches!(entry.session.liveness, Liveness::Gone { .. }) || entry.session.retiring;
    if gone && entry.env.is_empty() {
        entry.env = own_variables();
        let text = "The environment this session was started with is gone with an earlier \
                    supervisor; it goes on in the supervisor's own."
            .to_owned();
        core.fact(id, Fact::Remarked { text, warns: true });
    }
}

/// Reads what a loop of the session sends, beside the loop.
pub fn loop_file(
    session: &Session,
    worktrees: Arc<dyn Worktrees>,
) -> impl FnOnce() -> LoopFile + use<> {
    let (directory, trusted) = (session.directory().to_owned(), session.untrusted().is_none());
    move || {
        let directory = Path::new(&directory);
        let trusts = |text: Vec<u8>| trusted && worktrees.trusts_loop_file(directory, text);
        LoopFile::read(directory, std::env::home_dir().as_deref(), &trusts)
    }
}

fn read_file(core: &mut Core, id: &SessionId, fired: Box<TimerFired>) {
    let read = loop_file(&core.sessions[id].session, core.worktrees.clone());
    let (session, unread, place) = (id.clone(), id.clone(), format!("the loop.md of session {id}"));
    let begun = fired.clone();
    let work = Box::new(move || Inbox::LoopFile { session, fired: begun, file: Some(read()) });
    let failed = Box::new(move |_| Inbox::LoopFile { session: unread, fired, file: None });
    core.world.run(Job { lane: Lane::Reads, place, work, failed });
}

/// A loop's file was read, or its disk does not answer: then the next look tries again.
pub fn file_read(core: &mut Core, id: &SessionId, mut fired: TimerFired, file: Option<LoopFile>) {
    let free = core.sessions.get(id).is_some_and(|entry| entry.session.takes_turn());
    if let (Some(file), Some(run), true) = (file, &mut fired.run, free) {
        run.notes = words::loop_file(&run.notes, &file);
        let passed_over = words::passed_over(&file);
        run.text = file.text;
        tell_passed_over(core, id, passed_over);
        self::run(core, id, fired);
    }
    core.timers.looked_at(id);
}

/// Once for each time that it becomes so: a loop may run every minute.
fn tell_passed_over(core: &mut Core, id: &SessionId, passed_over: Option<String>) {
    let Some(entry) = core.sessions.get_mut(id) else { return };
    let known = std::mem::replace(&mut entry.passed_over, passed_over.clone());
    if let Some(text) = passed_over.filter(|text| known.as_ref() != Some(text)) {
        core.fact(id, Fact::Remarked { text, warns: true });
    }
}

/// A stopped session goes on: what was due meanwhile is over.
pub fn before_resume(core: &mut Core, id: &SessionId) {
    let Some(entry) = core.sessions.get(id) else { return };
    if entry.session.state != State::Stopped {
        return;
    }
    let (look, zone) = (core.timers.look(), core.timers.zone());
    let eyes = DueContext { look: &look, last: None, zone: &zone, last_turn: None, off: false };
    for fired in missed_while_stopped(&entry.session, &eyes) {
        core.fact(id, Fact::TimerFired { fired: Box::new(fired) });
    }
}

/// The tasks of a session, as an answer to `/tasks` and in its conversation.
pub fn tasks_said(core: &mut Core, id: &SessionId, asked: Option<(ConnId, u64)>, tasks: &[Task]) {
    let text = words::tasks(tasks);
    core.fact(id, Fact::Remarked { text: text.clone(), warns: false });
    let view = |session: &Session| Box::new(SessionView::of(session));
    if let (Some((conn, request)), Some(entry)) = (asked, core.sessions.get(id)) {
        let reply = Reply::Said { view: view(&entry.session), text };
        core.clients.answer(conn, request, Ok(reply));
    }
}

/// Eight characters that name nothing yet.
pub fn context(core: &Core) -> nightshift_automation::CommandContext {
    let fresh_id = core.world.fresh_uuid().simple().to_string().chars().take(8).collect();
    let (look, zone) = (core.timers.look(), core.timers.zone());
    nightshift_automation::CommandContext { look, zone, fresh_id, off: core.timers.is_off() }
}
