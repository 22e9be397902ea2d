//! Standing work in the loop: looks at the clocks, and the runs that are due.
//!
//! Promise: a run and its prompt are one commit; a loop's file is read beside the loop.

use crate::core::Core;
use crate::handlers;
use nightshift_automation::due::Eyes;
use nightshift_automation::{Due, Look, LoopFile, due, missed_while_stopped, words};
use nightshift_model::{Event, Fact, Liveness, Session, SessionId, State, Timed};
use nightshift_platform::clock;
use nightshift_platform::spawn::own_variables;
use nightshift_protocol::{Reply, SessionView, Task};
use nightshift_runtime::clients::ConnId;
use nightshift_runtime::host_link::beside::Lane;
use nightshift_runtime::outside::Aside;
use nightshift_runtime::server::inbox::Inbox;
use std::path::Path;

pub fn on_time(core: &mut Core) {
    if !core.clockwork.wants_look() {
        return;
    }
    let (look, last, sessions) = core.clockwork.take_look();
    for id in sessions {
        look_at(core, &id, &look, last.as_ref());
    }
}

fn look_at(core: &mut Core, id: &SessionId, look: &Look, last: Option<&Look>) {
    let last = core.clockwork.last_at(id, last);
    let Some(entry) = core.sessions.get(id) else { return };
    let zone = core.clockwork.zone();
    let (last_turn, off) =
        (core.clockwork.last_turn(id), core.clockwork.is_off() || core.schedules_paused);
    match due(&entry.session, &Eyes { look, last, zone: &zone, last_turn, off }) {
        Some(Due::Goal) => core.fact(id, Fact::GoalDue { over: false }),
        Some(Due::Timer(timed)) => run(core, id, *timed),
        Some(Due::File(timed)) => read_file(core, id, timed),
        None => {}
    }
    // Whatever came of it: nothing is looked at twice for the same moment.
    core.clockwork.looked_at(id);
}

fn run(core: &mut Core, id: &SessionId, timed: Timed) {
    let display = timed.run.as_ref().is_some_and(|run| run.display);
    if timed.run.is_some() && !display {
        own_environment(core, id);
    }
    let fact = Event::Fact(Fact::Timed { timed: Box::new(timed) });
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

fn read_file(core: &mut Core, id: &SessionId, timed: Box<Timed>) {
    let session = &core.sessions[id].session;
    let (directory, trusted) = (session.directory().to_owned(), session.untrusted().is_none());
    let desk = core.desk.clone();
    let home = std::env::home_dir();
    let (session, unread, place) = (id.clone(), id.clone(), format!("the loop.md of session {id}"));
    let begun = timed.clone();
    let work = Box::new(move || {
        let directory = Path::new(&directory);
        let trusts = |text: Vec<u8>| trusted && desk.trusts_loop_file(directory, text);
        let file = LoopFile::read(directory, home.as_deref(), &trusts);
        Inbox::LoopFile { session, timed: begun, file: Some(file) }
    });
    let failed = Box::new(move |_| Inbox::LoopFile { session: unread, timed, file: None });
    core.outside.beside(Aside { lane: Lane::Looks, place, work, failed });
}

/// A loop's file was read, or its disk does not answer: then the next look tries again.
pub fn file_read(core: &mut Core, id: &SessionId, mut timed: Timed, file: Option<LoopFile>) {
    let free = core.sessions.get(id).is_some_and(|entry| entry.session.takes_turn());
    if let (Some(file), Some(run), true) = (file, &mut timed.run, free) {
        run.notes = words::loop_file(&run.notes, &file);
        run.text = file.text;
        self::run(core, id, timed);
    }
    core.clockwork.looked_at(id);
}

/// A stopped session goes on: what was due meanwhile is over.
pub fn before_resume(core: &mut Core, id: &SessionId) {
    let Some(entry) = core.sessions.get(id) else { return };
    if entry.session.state != State::Stopped {
        return;
    }
    let (look, zone) = (core.clockwork.look(), core.clockwork.zone());
    let eyes = Eyes { look: &look, last: None, zone: &zone, last_turn: None, off: false };
    for timed in missed_while_stopped(&entry.session, &eyes) {
        core.fact(id, Fact::Timed { timed: Box::new(timed) });
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
pub fn moment(core: &Core) -> nightshift_automation::Moment {
    let fresh_id = core.outside.fresh_uuid().simple().to_string().chars().take(8).collect();
    let (look, zone) = (core.clockwork.look(), core.clockwork.zone());
    nightshift_automation::Moment { look, zone, fresh_id, off: core.clockwork.is_off() }
}
