//! What must hold once everything has come to rest: the board against the truth of the world.

use crate::host::{Child, Process, SimulatedJob};
use crate::ledger::BEAT;
use crate::routines;
use crate::run::Run;
use crate::world::SimulatedWorld;
use nightshift_model::standing::LoopPrompt;
use nightshift_model::{Liveness, PromptState, Session, SessionId, State};
use nightshift_protocol::{ConversationItem, RecordKind, SessionView};
use nightshift_supervisor::core::{Core, Entry};
use std::collections::{BTreeMap, BTreeSet};

/// How ids of the supervisor's remarks in a conversation begin.
const REMARK: &str = "remark-";
/// Ids of questions that closed a turn begin so: no request of the agent is open for them.
const TURN_NEED: &str = "turn-";

pub fn settled(run: &Run) -> Vec<String> {
    let Some(core) = &run.core else { return vec!["no supervisor runs".to_owned()] };
    let world = run.reach.0.borrow();
    let mut faults = Vec::new();
    for (id, entry) in &core.sessions {
        let job = world.jobs.get(id.as_str());
        let lies = job_lies(&entry.session, job);
        faults.extend(lies.into_iter().map(|lie| told(entry, &lie)));
        if job.is_some_and(|job| job.removed) {
            faults.push(format!("{id} is on the board, and its directory is marked as removed"));
        }
        faults.extend(given(entry).into_iter().map(|lie| told(entry, &lie)));
    }
    for (id, job) in &world.jobs {
        let known = SessionId::parse(id).is_some_and(|id| core.sessions.contains_key(&id));
        if !known && !matches!(job.process, Process::None) {
            faults.push(format!("{id} lives and is on no board"));
        }
    }
    faults.extend(stored(core, &world));
    faults.extend(promised(core, &world));
    faults.extend(words(core, &world));
    faults.extend(beats(core, &world));
    faults.extend(routines::settled(core, &world));
    drop(world);
    faults.extend(replicas(run, core));
    faults.extend(unanswered(run));
    faults
}

fn told(entry: &Entry, lie: &str) -> String {
    format!("{} {lie}: {:?}", entry.session.id, entry.session)
}

/// What the row says of a process and does not hold, or the other way round.
fn job_lies(session: &Session, job: Option<&SimulatedJob>) -> Option<String> {
    let pid = job.and_then(SimulatedJob::child_pid);
    if session.stopping || session.retiring || session.renewing.is_some() {
        return Some("is being ended for ever".to_owned());
    }
    match (&session.liveness, pid) {
        (Liveness::Alive { pid: said, .. }, Some(pid)) if *said == pid => {}
        (Liveness::Gone { .. }, None) => return gone_lies(session),
        (liveness, pid) => return Some(format!("says {liveness:?}, its process is {pid:?}")),
    }
    let lies = |what: &str| Some(format!("is {} and alive, but {what}", session.state.word()));
    match &job?.process {
        Process::Alive { child: Child::Shell { .. }, .. } => match session.state {
            State::Working => None,
            _ => lies("a job that runs works"),
        },
        Process::Alive { child: Child::Agent(agent), .. } => {
            let (works, open) = (agent.is_working(), agent.open_requests());
            let closing = |id: &str| id.starts_with(TURN_NEED);
            let truth = match &session.state {
                State::Working => works && open == 0,
                State::NeedsInput { needs } if needs.iter().all(|n| closing(&n.id.0)) => !works,
                State::NeedsInput { needs } => works && open == needs.len(),
                State::Idle | State::Completed { .. } | State::Failed { .. } => !works,
                State::Starting | State::Stopped => false,
            };
            let what = format!("its agent works: {works}, with {open} open requests");
            if truth { None } else { lies(&what) }
        }
        Process::None | Process::Starting { .. } => lies("its host is not ready"),
    }
}

fn gone_lies(session: &Session) -> Option<String> {
    match session.state {
        State::Completed { .. } | State::Failed { .. } | State::Stopped | State::Idle => None,
        State::Starting | State::Working | State::NeedsInput { .. } => {
            Some(format!("is {} and has no process", session.state.word()))
        }
    }
}

/// Nothing is left behind for a process that could take it.
fn given(entry: &Entry) -> Option<String> {
    let agent = entry.session.agent()?;
    if !entry.session.is_alive() {
        return None;
    }
    if !agent.answers.is_empty() {
        return Some("holds answers that its agent never got".to_owned());
    }
    if agent.interrupts.is_some() {
        return Some("holds an interrupt that its agent never got".to_owned());
    }
    let queued = agent.prompts.iter().any(|p| p.state == PromptState::Queued);
    let sent = agent.prompts.iter().any(|p| p.state == PromptState::Sent);
    (queued && !sent).then(|| "keeps prompts from an agent that has nothing to do".to_owned())
}

/// The database holds what the loop holds.
fn stored(core: &Core, world: &SimulatedWorld) -> Vec<String> {
    let rows = match world.store.sessions() {
        Ok(rows) => rows,
        Err(e) => return vec![format!("the database cannot be read: {e}")],
    };
    let rows: BTreeMap<SessionId, Session> = rows.into_iter().map(|s| (s.id.clone(), s)).collect();
    let mut faults = Vec::new();
    for (id, entry) in &core.sessions {
        if rows.get(id) != Some(&entry.session) {
            let (held, row) = (&entry.session, rows.get(id));
            faults.push(format!("{id} is stored otherwise than it is held: {held:?} / {row:?}"));
        }
    }
    let strange = rows.keys().filter(|id| !core.sessions.contains_key(*id));
    faults.extend(strange.map(|id| format!("{id} is stored and not on the board")));
    faults
}

/// Nothing acknowledged is lost, nothing removed is back.
fn promised(core: &Core, world: &SimulatedWorld) -> Vec<String> {
    let mut faults = Vec::new();
    for (id, known) in &world.ledger.sessions {
        let here = SessionId::parse(id).is_some_and(|id| core.sessions.contains_key(&id));
        let may_be_gone = known.removal_asked || known.removed;
        if known.acknowledged && !may_be_gone && !here {
            faults.push(format!("{id} was acknowledged and is lost"));
        }
        if known.removed && (here || world.jobs.contains_key(id)) {
            faults.push(format!("{id} was removed and is back"));
        }
        let alive = world.jobs.get(id).is_some_and(SimulatedJob::is_alive);
        if known.stopped && alive {
            faults.push(format!("{id} was stopped and lives"));
        }
    }
    faults
}

/// Every word of the user is with its agent once, or waits where everybody can see it.
fn words(core: &Core, world: &SimulatedWorld) -> Vec<String> {
    let mut faults = Vec::new();
    let buried = world.graves.iter().map(|(id, job)| (id, job));
    for (id, job) in world.jobs.iter().chain(buried) {
        for (text, times) in job.memory.heard.iter().filter(|(_, times)| **times > 1) {
            if text.ends_with("-end") {
                faults.push(format!("the agent of {id} heard `{text}` {times} times"));
            }
        }
    }
    let written = written(world);
    for token in &world.ledger.tokens {
        let times = written.get(&token.text).copied().unwrap_or(0);
        if times > 1 {
            faults.push(format!("`{}` was written {times} times", token.text));
        }
        let Some(id) = token.session.as_deref().and_then(SessionId::parse) else { continue };
        let known = world.ledger.sessions.get(id.as_str());
        let removed = known.is_some_and(|k| k.removal_asked);
        if !token.acknowledged || token.as_answer || removed || times == 1 {
            continue;
        }
        let session = core.sessions.get(&id).and_then(|e| e.session.agent());
        let waits = |text: &str| {
            session.is_some_and(|agent| {
                let mut queued = agent.prompts.iter().filter(|p| p.state == PromptState::Queued);
                queued.any(|p| p.text == text)
            })
        };
        if !waits(&token.text) {
            faults.push(format!("`{}` was acknowledged by {id} and is lost", token.text));
        }
    }
    faults
}

/// Each run of a cron task or a loop that is counted was told to the agent once, or waits for it.
fn beats(core: &Core, world: &SimulatedWorld) -> Vec<String> {
    let written = written(world);
    let mut faults = Vec::new();
    for (id, entry) in &core.sessions {
        let Some(agent) = entry.session.agent() else { continue };
        let crons = agent.standing.crons.iter().map(|task| (&task.prompt, task.runs));
        let looping = agent.standing.looping.iter().filter_map(|l| match &l.prompt {
            LoopPrompt::Given { text } => Some((text, l.runs)),
            LoopPrompt::File => None,
        });
        // Scenes use texts of their own, and some of them twice.
        for (text, runs) in crons.chain(looping).filter(|(text, _)| text.starts_with(BEAT)) {
            let told = written.get(text).copied().unwrap_or(0);
            let waits = agent.prompts.iter();
            let waits = waits.filter(|p| p.state == PromptState::Queued && p.text == *text).count();
            let seen = told + u32::try_from(waits).unwrap_or(u32::MAX);
            if seen != runs {
                faults.push(format!("`{text}` of {id} ran {runs} times and was told {seen} times"));
            }
        }
    }
    faults
}

/// How often each prompt is in a journal.
fn written(world: &SimulatedWorld) -> BTreeMap<String, u32> {
    let mut written = BTreeMap::new();
    let buried = world.graves.iter().map(|(_, job)| job);
    for job in world.jobs.values().chain(buried) {
        for record in job.journal.lock().iter().filter(|r| r.kind == RecordKind::In) {
            let Some(text) = prompt_text(&record.body) else { continue };
            *written.entry(text).or_default() += 1;
        }
    }
    written
}

fn prompt_text(line: &[u8]) -> Option<String> {
    let line: serde_json::Value = serde_json::from_slice(line).ok()?;
    let asked = line["method"] == "session/prompt";
    asked.then(|| line["params"]["prompt"][0]["text"].as_str().unwrap_or_default().to_owned())
}

fn replicas(run: &Run, core: &Core) -> Vec<String> {
    let truth: BTreeMap<String, SessionView> = core
        .sessions
        .values()
        .map(|e| (e.session.id.to_string(), SessionView::of(&e.session)))
        .collect();
    let mut faults = Vec::new();
    for client in run.clients.iter().filter(|c| c.requests.is_empty()) {
        for replica in client.boards.values().filter(|r| r.views != truth) {
            let diff = truth.iter().find(|(id, view)| replica.views.get(*id) != Some(view));
            faults.push(format!("a follower of the board sees something else: {diff:?}"));
        }
        for talk in client.talks.values() {
            let Some(entry) = core.sessions.get(&talk.session) else { continue };
            let Some(driver) = &entry.driver else { continue };
            let there = driver.items().0;
            if in_order(&there) != in_order(&talk.items) {
                let id = &talk.session;
                let (held, seen) = (there.len(), talk.items.len());
                faults
                    .push(format!("a follower of {id} sees another conversation: {held}, {seen}"));
            }
        }
    }
    faults
}

/// Remarks stand where their time puts them, which a clock that is set makes another place: they are
/// compared by their names.
fn in_order(items: &[ConversationItem]) -> (Vec<&ConversationItem>, BTreeSet<&str>) {
    let (remarks, others): (Vec<_>, Vec<_>) =
        items.iter().partition(|item| item.id.starts_with(REMARK));
    (others, remarks.into_iter().map(|item| item.id.as_str()).collect())
}

/// A reply means done, and everything that can be done is.
fn unanswered(run: &Run) -> Vec<String> {
    let waiting = run.clients.iter().flat_map(|c| c.waiting.values());
    waiting.map(|ask| format!("a client still waits for {ask:?}")).collect()
}
