//! The intake process: there while a routine waits for events from outside, told what it serves, started again when it
//! ends.
//!
//! Promises: its address stays the same over restarts; who was told that an address can be reached can reach it.
//! Must not know: how it listens.

use crate::clients::ConnId;
use crate::core::Core;
use crate::features::conditions::{self, Condition};
use crate::ports::storage::Storage;
use nightshift_platform::clock;
use nightshift_protocol::intake::{
    IntakeResult, IntakeStatus, OutsideResult, PolledRepository, ServedRoutine, Serving, TokenMade,
};
use nightshift_protocol::routine::RoutineResult;
use nightshift_protocol::{Fault, FaultCode, NoticeLevel, Reply};
use nightshift_routines::github::kinds::EventKind;
use nightshift_store::outside::TokenKind;
use nightshift_store::{OutsideWrite, StoreError};
use std::collections::BTreeMap;
use std::time::Duration;

/// Where it listens when the settings do not say: a port that the system chooses once.
const ANY_PORT: &str = "127.0.0.1:0";
/// Under this name the address is remembered, and before the repository's the cursors of polling.
const ADDRESS: &str = "intake-address";
const CURSOR: &str = "github-cursor ";
const GITHUB_API: &str = "https://api.github.com";
/// Between its end and the next start; doubled with each end in a row.
const PAUSE: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// One that served so long has not failed at its start.
const GOOD_AFTER: Duration = Duration::from_secs(30);
/// A start of a process, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

struct Process {
    conn: ConnId,
    pid: u32,
    since: Duration,
    /// Its open question for what it serves.
    next: Option<u64>,
    /// The version that it serves.
    seen: u64,
    address: Option<String>,
    /// It was told to end.
    leaving: bool,
}

/// A client that was promised an address.
struct Waits {
    client: (ConnId, u64),
    version: u64,
    until: Duration,
    made: TokenMade,
    kind: TokenKind,
}

#[derive(Default)]
pub struct Intake {
    stirred: bool,
    serving: Serving,
    process: Option<Process>,
    /// Ends in a row, and before when (monotonic) it is not started again.
    failures: u32,
    not_before: Option<Duration>,
    waiting: Vec<Waits>,
    /// Where it listened last.
    address: Option<String>,
    /// Why it does not listen although it should.
    why: Option<String>,
    /// Why repositories cannot be polled.
    troubles: BTreeMap<String, String>,
}

impl Intake {
    pub(super) fn stir(&mut self) {
        self.stirred = true;
    }

    fn is_wanted(&self) -> bool {
        self.serving.wants_listener() || !self.serving.repositories.is_empty()
    }
}

pub(super) fn restored(store: &dyn Storage) -> Result<Intake, StoreError> {
    let address = store.remembered(ADDRESS)?;
    Ok(Intake { stirred: true, address, ..Intake::default() })
}

pub(super) fn due_in(core: &Core, now: Duration) -> Option<Duration> {
    let it = &core.routines.outside.intake;
    if it.stirred {
        return Some(Duration::ZERO);
    }
    let start = (it.is_wanted() && it.process.is_none())
        .then(|| it.not_before.unwrap_or_default().saturating_sub(now));
    let waiting = it.waiting.iter().map(|waits| waits.until.saturating_sub(now));
    start.into_iter().chain(waiting).min()
}

pub(super) fn on_tick(core: &mut Core, now: Duration) {
    if std::mem::take(&mut core.routines.outside.intake.stirred) {
        match serving(core) {
            Ok(serving) => exchange(core, serving),
            Err(e) => {
                tracing::warn!("what the intake process serves was not read: {e}");
                let it = &mut core.routines.outside.intake;
                it.not_before = it.not_before.max(Some(now + PAUSE));
            }
        }
    }
    let it = &mut core.routines.outside.intake;
    let wanted = it.is_wanted();
    match &mut it.process {
        None if wanted && it.not_before.is_none_or(|at| now >= at) => start(core, now),
        None => {}
        Some(process) if !wanted && !process.leaving => {
            process.leaving = true;
            let conn = process.conn;
            core.clients.remove(conn);
        }
        Some(_) => tell(core),
    }
    answer_waiting(core, now);
}

fn start(core: &mut Core, now: Duration) {
    match core.world.start_intake() {
        Ok((pid, conn)) => {
            let process = Process {
                conn,
                pid,
                since: now,
                next: None,
                seen: 0,
                address: None,
                leaving: false,
            };
            core.routines.outside.intake.process = Some(process);
        }
        Err(e) => {
            not_listening(core, format!("the intake process cannot be started: {e}"));
            failed(core, now);
        }
    }
}

fn failed(core: &mut Core, now: Duration) {
    let it = &mut core.routines.outside.intake;
    let pause = PAUSE.saturating_mul(2_u32.saturating_pow(it.failures.min(16))).min(PAUSE_MAX);
    it.failures = it.failures.saturating_add(1);
    it.not_before = Some(now + pause);
}

/// It has ended, or was let go.
pub(super) fn gone(core: &mut Core, conn: ConnId) {
    let now = clock::monotonic();
    let it = &mut core.routines.outside.intake;
    let Some(process) = it.process.take_if(|process| process.conn == conn) else { return };
    if process.leaving {
        return;
    }
    if now.saturating_sub(process.since) >= GOOD_AFTER {
        it.failures = 0;
    }
    failed(core, now);
}

fn exchange(core: &mut Core, serving: Serving) {
    let it = &mut core.routines.outside.intake;
    let version = it.serving.version;
    if (Serving { version, ..serving.clone() }) == it.serving {
        return;
    }
    it.serving = Serving { version: version + 1, ..serving };
    let polled = |name: &String| it.serving.repositories.iter().any(|one| one.name == *name);
    it.troubles.retain(|name, _| polled(name));
    if !it.is_wanted() {
        it.why = None;
    }
    say(core);
}

/// What there is to serve, as routines, tokens and settings are now.
fn serving(core: &Core) -> Result<Serving, StoreError> {
    let settings = core.settings.settings().intake.clone();
    let mut routines = Vec::new();
    let mut repositories: BTreeMap<String, PolledRepository> = BTreeMap::new();
    let there = core.routines.list.iter().filter(|(_, routine)| !routine.row.standing.gone);
    for (id, routine) in there {
        let (api, github) = (super::has_api_trigger(core, id), super::github_triggers(core, id));
        let own = core.routines.outside.tokens.values().filter(|token| token.routine == *id);
        let (mut tokens, mut secrets) = (Vec::new(), Vec::new());
        for token in own {
            match token.kind {
                TokenKind::Fire => tokens.push((token.id.clone(), token.secret.clone())),
                TokenKind::Webhook => secrets.extend(super::tokens::valid(token)),
            }
        }
        let planned = routine.is_planned();
        let enabled = planned && (api || (!github.is_empty() && !secrets.is_empty()));
        if enabled || !tokens.is_empty() {
            routines.push(ServedRoutine { id: id.clone(), enabled, tokens, secrets });
        }
        if !planned {
            continue;
        }
        for trigger in github.iter().filter(|_| settings.poll.unwrap_or(true)) {
            let name = trigger.repository.to_lowercase();
            let runs = trigger.events.iter().any(|it| it.kind == EventKind::WorkflowRun);
            let cursor = core.store.remembered(&format!("{CURSOR}{name}"))?;
            let known = repositories.entry(name.clone());
            let known = known.or_insert(PolledRepository { name, cursor, workflow_runs: false });
            known.workflow_runs |= runs;
        }
    }
    let remembered = core.routines.outside.intake.address.clone();
    Ok(Serving {
        version: 0,
        listen: settings.listen.or(remembered).unwrap_or_else(|| ANY_PORT.to_owned()),
        routines,
        repositories: repositories.into_values().collect(),
        github_api: settings.github_api.unwrap_or_else(|| GITHUB_API.to_owned()),
    })
}

/// The process asks what to serve, and serves `seen`.
pub fn next(core: &mut Core, (conn, request): (ConnId, u64), seen: u64) {
    let it = &mut core.routines.outside.intake;
    let Some(process) = it.process.as_mut().filter(|process| process.conn == conn) else {
        return;
    };
    process.next = Some(request);
    process.seen = seen;
    tell(core);
}

fn tell(core: &mut Core) {
    let it = &mut core.routines.outside.intake;
    let version = it.serving.version;
    let Some(process) = it.process.as_mut().filter(|process| process.seen < version) else {
        return;
    };
    let Some(request) = process.next.take() else { return };
    let result = Box::new(IntakeResult::Serve(Box::new(it.serving.clone())));
    core.clients.answer(process.conn, request, Ok(Reply::Intake { result }));
}

pub fn listening(core: &mut Core, conn: ConnId, address: String) -> Result<(), StoreError> {
    let it = &core.routines.outside.intake;
    if it.process.as_ref().is_none_or(|process| process.conn != conn) {
        return Ok(());
    }
    // Before anybody is told of it.
    if core.store.remembered(ADDRESS)?.as_ref() != Some(&address) {
        let remembered = vec![(ADDRESS.to_owned(), Some(address.clone()))];
        super::commit(core, OutsideWrite { remembered, ..OutsideWrite::default() })?;
    }
    let it = &mut core.routines.outside.intake;
    if let Some(process) = &mut it.process {
        process.address = Some(address.clone());
    }
    // Nothing else is to be served because of it.
    if it.serving.listen == ANY_PORT {
        it.serving.listen.clone_from(&address);
    }
    it.address = Some(address);
    it.why = None;
    say(core);
    Ok(())
}

pub fn not_listening(core: &mut Core, why: String) {
    core.routines.outside.intake.why = Some(why);
    say(core);
}

/// All events of a repository until here are known.
pub fn polled(core: &mut Core, repository: &str, cursor: String) -> Result<(), StoreError> {
    let name = format!("{CURSOR}{}", repository.to_lowercase());
    let remembered = vec![(name, Some(cursor))];
    super::commit(core, OutsideWrite { remembered, ..OutsideWrite::default() })
}

pub fn poll_trouble(core: &mut Core, repository: String, why: Option<String>) {
    let troubles = &mut core.routines.outside.intake.troubles;
    match why {
        Some(why) => troubles.insert(repository, why),
        None => troubles.remove(&repository),
    };
    say(core);
}

fn problems(core: &Core) -> Vec<String> {
    let it = &core.routines.outside.intake;
    let silent = it.why.iter().map(|why| format!("events from outside are not taken: {why}"));
    let troubles = it.troubles.iter();
    let unpolled = troubles.map(|(name, why)| format!("{name} is not polled: {why}"));
    silent.chain(unpolled).collect()
}

fn say(core: &mut Core) {
    let said = problems(core).into_iter().map(|text| (NoticeLevel::Warning, text)).collect();
    conditions::hold(core, &Condition::Intake, said);
}

pub fn status(core: &Core) -> IntakeStatus {
    let it = &core.routines.outside.intake;
    let name = |id: &String| core.routines.list.get(id).map(|routine| routine.row.name.clone());
    let planned = core.routines.list.keys().filter(|id| {
        let served = it.serving.routines.iter().any(|one| one.enabled && one.id == **id);
        served || (it.is_wanted() && is_polled(core, id))
    });
    IntakeStatus {
        listening: it.process.as_ref().and_then(|process| process.address.clone()),
        pid: it.process.as_ref().map(|process| process.pid),
        routines: planned.filter_map(name).collect(),
        problems: problems(core),
    }
}

fn is_polled(core: &Core, id: &str) -> bool {
    let is_planned = core.routines.list.get(id).is_some_and(super::super::Routine::is_planned);
    is_planned && !super::github_triggers(core, id).is_empty()
}

/// Where the routine is reached, as people outside write it; none before anything has listened.
pub fn url(core: &Core, routine: &str, kind: TokenKind) -> Option<String> {
    let settings = &core.settings.settings().intake;
    let own = || {
        let address = core.routines.outside.intake.address.as_ref()?;
        // What listens everywhere is reached here.
        let address = address.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]");
        Some(format!("http://{address}"))
    };
    let base =
        settings.url.as_ref().map(|url| url.trim_end_matches('/').to_owned()).or_else(own)?;
    Some(match kind {
        TokenKind::Fire => format!("{base}/v1/claude_code/routines/{routine}/fire"),
        TokenKind::Webhook => format!("{base}/v1/github/{routine}"),
    })
}

/// Answers once what was made can be used.
pub(super) fn promise(core: &mut Core, client: (ConnId, u64), made: TokenMade, kind: TokenKind) {
    let now = clock::monotonic();
    // What is served has to be known for that.
    on_tick(core, now);
    let it = &mut core.routines.outside.intake;
    let version = it.serving.version;
    it.waiting.push(Waits { client, version, until: now + PATIENCE, made, kind });
}

fn answer_waiting(core: &mut Core, now: Duration) {
    for waits in std::mem::take(&mut core.routines.outside.intake.waiting) {
        let it = &core.routines.outside.intake;
        let ready = it
            .process
            .as_ref()
            .is_some_and(|process| process.address.is_some() && process.seen >= waits.version);
        if !ready && now < waits.until {
            core.routines.outside.intake.waiting.push(waits);
            continue;
        }
        let Waits { client: (conn, request), mut made, kind, .. } = waits;
        let routine = core.routines.outside.tokens.get(&made.id).map(|it| it.routine.clone());
        let url = routine.and_then(|routine| url(core, &routine, kind)).filter(|_| ready);
        let answer = match url {
            Some(url) => {
                made.url = url;
                let result = Box::new(OutsideResult::Made(made));
                Ok(Reply::Routines { result: Box::new(RoutineResult::Outside { result }) })
            }
            None => Err(unreached(core, &made, kind)),
        };
        core.clients.answer(conn, request, answer);
    }
}

fn unreached(core: &Core, made: &TokenMade, kind: TokenKind) -> Fault {
    let why = core.routines.outside.intake.why.clone();
    let why = why.unwrap_or_else(|| "the intake process does not answer".to_owned());
    let message = format!("{} was made and cannot be used now: {why}", made.id);
    let again = match kind {
        TokenKind::Fire => format!("token rotate {}", made.id),
        TokenKind::Webhook => format!("webhook rotate {}", made.routine),
    };
    Fault::new(FaultCode::Io, message)
        .hint(format!("mend that, then `nightshift routines {again}`"))
}
