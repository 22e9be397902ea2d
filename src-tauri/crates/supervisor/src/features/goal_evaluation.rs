//! Goals in the loop: their evaluations beside it, and looks at what they wait for.
//!
//! Promise: one evaluation of a session at a time; one that a crash cut short is made again; one that
//! nobody waits for any more is called off and its verdict is void.

use crate::core::Core;
use crate::features::conditions::Condition;
use crate::features::{automation, conditions};
use crate::handlers;
use crate::inbox::{Inbox, Told};
use crate::limits::{BACKGROUND_FIRST_LOOK, BACKGROUND_LOOK, UNSTORED_PAUSE};
use crate::ports::world::{Job, Lane};
use nightshift_automation::{Evaluation, evaluation};
use nightshift_model::standing::{GoalEnd, GoalPhase};
use nightshift_model::{Event, Fact, Judged, Session, SessionId};
use nightshift_platform::clock;
use nightshift_platform::spawn::own_variables;
use nightshift_protocol::{Fault, NoticeLevel, Task};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// An evaluation beside the loop.
pub struct UnderWay {
    n: u32,
    called_off: Arc<AtomicBool>,
    /// Its verdict, which could not be stored and waits for that.
    held: Option<Box<Judged>>,
}

impl UnderWay {
    pub fn call_off_unless_wanted(&self, session: &Session) {
        if waits_for(session) != Some(self.n) {
            self.called_off.store(true, Ordering::Relaxed);
        }
    }
}

/// The turn whose verdict is waited for.
fn waits_for(session: &Session) -> Option<u32> {
    match &session.agent()?.standing.goal.as_ref()?.phase {
        GoalPhase::Judging { n, .. } => Some(*n),
        GoalPhase::Pursuing | GoalPhase::Waiting { .. } | GoalPhase::Paused { .. } => None,
    }
}

/// Begins the evaluation that the session waits for, once its conversation is whole.
pub fn begin(core: &mut Core, id: &SessionId) {
    let Some(entry) = core.sessions.get(id) else { return };
    let Some(n) = waits_for(&entry.session) else { return };
    let replaying = entry.link.is_some() && !entry.caught_up;
    if replaying || entry.judging.as_ref().is_some_and(|under_way| under_way.n == n) {
        return;
    }
    let Some(driver) = &entry.driver else {
        if let Err(fault) = handlers::fold(core, id) {
            on_result(core, id, n, Told::Judged(Box::new(Evaluation::broken(&fault.to_string()))));
        }
        return;
    };
    let (items, _) = driver.items();
    let settings = &core.settings.settings().judge;
    let own = own_variables();
    let env = if entry.env.is_empty() { &own } else { &entry.env };
    let Some(evaluation) = Evaluation::of(&entry.session, &items, env, settings) else { return };
    let called_off = evaluation.called_off.clone();
    let (session, background) = (id.clone(), core.world.background(id));
    let work = Box::new(move || {
        let told = match evaluation.has_to_wait_for(&background.list()) {
            Some(why) => Told::Waits(why),
            None => Told::Judged(Box::new(evaluation.judged())),
        };
        Inbox::Judged { session, n, told }
    });
    let failed_for = id.clone();
    let failed = Box::new(move |fault: Fault| {
        let told = Told::Judged(Box::new(Evaluation::broken(&fault.to_string())));
        Inbox::Judged { session: failed_for, n, told }
    });
    if let Some(entry) = core.sessions.get_mut(id) {
        entry.judging = Some(UnderWay { n, called_off, held: None });
    }
    let place = format!("the judge of session {id}");
    core.world.run(Job { lane: Lane::Judges, place, work, failed });
}

/// What came of it. The verdict on a turn that is not the last any more is void.
pub fn on_result(core: &mut Core, id: &SessionId, n: u32, told: Told) {
    let Some(entry) = core.sessions.get_mut(id) else { return };
    entry.judging = None;
    let wanted = waits_for(&entry.session) == Some(n);
    match told {
        Told::Waits(why) => {
            core.fact(id, Fact::GoalWaits { n, why });
            relook_after(core, id, BACKGROUND_FIRST_LOOK);
        }
        Told::Judged(judged) if wanted => {
            automation::own_environment(core, id);
            let fact = Event::Fact(Fact::Judged { n, judged: judged.clone() });
            match core.apply(id, fact, clock::now(), 0) {
                Ok(()) => say_what_stopped(core, id),
                Err(fault) => hold(core, id, n, judged, &fault),
            }
        }
        Told::Judged(_) => {}
    }
    // Another turn has ended meanwhile.
    begin(core, id);
}

/// A verdict that is not stored leads to nothing yet: it is given again later, without asking again.
fn hold(core: &mut Core, id: &SessionId, n: u32, judged: Box<Judged>, fault: &Fault) {
    tracing::warn!(session = %id, "a verdict waits: {fault}");
    if let Some(entry) = core.sessions.get_mut(id) {
        let called_off = Arc::default();
        entry.judging = Some(UnderWay { n, called_off, held: Some(judged) });
        entry.relook_at = Some(clock::monotonic() + UNSTORED_PAUSE);
    }
}

/// Told for as long as it is so.
fn say_what_is_paused(core: &mut Core, id: &SessionId) {
    let Some(session) = core.sessions.get(id).map(|entry| &entry.session) else { return };
    let goal = session.agent().and_then(|agent| agent.standing.goal.as_ref());
    if let Some(GoalPhase::Paused { why, .. }) = goal.map(|goal| &goal.phase) {
        let text = format!("the goal of session {id} ({}) is paused: {why}", session.name);
        let said = vec![(NoticeLevel::Warning, text)];
        conditions::hold(core, &Condition::GoalPaused(id.clone()), said);
    }
}

/// A brake, a trouble or an impossible goal is told on the board too.
fn say_what_stopped(core: &mut Core, id: &SessionId) {
    let Some(entry) = core.sessions.get(id) else { return };
    let Some(agent) = entry.session.agent() else { return };
    let why = match (&agent.standing.goal, &agent.standing.last_goal) {
        (Some(goal), _) => match &goal.phase {
            GoalPhase::Paused { .. } => return say_what_is_paused(core, id),
            GoalPhase::Pursuing | GoalPhase::Judging { .. } | GoalPhase::Waiting { .. } => return,
        },
        (None, Some(last)) => match last.how {
            GoalEnd::Impossible => format!("is impossible: {}", last.why),
            GoalEnd::Trouble => format!("was cleared: {}", last.why),
            GoalEnd::Met | GoalEnd::Cleared | GoalEnd::Replaced => return,
        },
        (None, None) => return,
    };
    let text = format!("the goal of session {id} ({}) {why}", entry.session.name);
    core.notice(NoticeLevel::Warning, text);
}

/// Whether the session's goal waits for background work.
fn waits_for_work(session: &Session) -> bool {
    let goal = session.agent().and_then(|agent| agent.standing.goal.as_ref());
    goal.is_some_and(|g| g.check_ins > 0 && matches!(g.phase, GoalPhase::Waiting { .. }))
}

fn relook_after(core: &mut Core, id: &SessionId, pause: Duration) {
    if let Some(entry) = core.sessions.get_mut(id)
        && waits_for_work(&entry.session)
    {
        entry.relook_at = Some(clock::monotonic() + pause);
    }
}

/// When the background work that a goal waits for is looked at again.
pub fn due_in(core: &Core, now: Duration) -> Option<Duration> {
    core.sessions.values().filter_map(|e| e.relook_at).min().map(|at| at.saturating_sub(now))
}

pub fn on_tick(core: &mut Core, now: Duration) {
    let mut due = Vec::new();
    for (id, entry) in &mut core.sessions {
        if entry.relook_at.is_some_and(|at| now >= at) {
            entry.relook_at = None;
            due.push(id.clone());
        }
    }
    for id in due {
        let under_way = core.sessions.get_mut(&id).and_then(|entry| entry.judging.as_mut());
        if let Some((n, judged)) = under_way.and_then(|it| Some((it.n, it.held.take()?))) {
            on_result(core, &id, n, Told::Judged(judged));
            continue;
        }
        let (background, session, unseen) = (core.world.background(&id), id.clone(), id.clone());
        let work = Box::new(move || Inbox::Background { session, tasks: Some(background.list()) });
        let failed = Box::new(move |_| Inbox::Background { session: unseen, tasks: None });
        let place = format!("the processes of session {id}");
        core.world.run(Job { lane: Lane::Reads, place, work, failed });
    }
}

/// The background work of a goal that waits for it was looked at.
pub fn looked(core: &mut Core, id: &SessionId, tasks: &Option<Vec<Task>>) {
    let Some(entry) = core.sessions.get(id) else { return };
    let goal = entry.session.agent().and_then(|a| Some((a, a.standing.goal.as_ref()?)));
    let Some((agent, goal)) = goal.filter(|_| waits_for_work(&entry.session)) else { return };
    let monitors = &agent.standing.monitors;
    let over =
        tasks.as_ref().is_some_and(|tasks| evaluation::background(tasks, monitors, goal).is_none());
    if over {
        core.fact(id, Fact::GoalDue { over: true });
    }
    relook_after(core, id, BACKGROUND_LOOK);
}

/// After a start: evaluations that were cut short, and goals that wait.
pub fn recover(core: &mut Core) {
    let ids: Vec<SessionId> = core.sessions.keys().cloned().collect();
    for id in ids {
        begin(core, &id);
        say_what_is_paused(core, &id);
        relook_after(core, &id, BACKGROUND_FIRST_LOOK);
    }
}
