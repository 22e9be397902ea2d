//! The world around the loop: clock, session directories, links, work beside the loop, database;
//! and the places where the supervisor may be killed.

use crate::agent::Mood;
use crate::host::{Pages, Process, SimulatedJob};
use crate::ledger::Ledger;
use crate::line::{Around, Line, Stage, launch_until};
use crate::routines::WrittenDefinitions;
use jiff::tz::TimeZone;
use nightshift_host::finding::Finding;
use nightshift_model::keeping;
use nightshift_model::limits::RESTARTS_MAX;
use nightshift_model::{Enclosure, Liveness, Millis, Session, SessionId, State};
use nightshift_platform::{Identity, clock};
use nightshift_protocol::{Environment, Fault, FaultCode, Launch, Record, Task};
use nightshift_store::{Store, Write};
use nightshift_supervisor::inbox::ConnId;
use nightshift_supervisor::limits::SHELL_KEEP;
use nightshift_supervisor::ports::host_link::{Footing, LinkHandle, LinkSpec, Start};
use nightshift_supervisor::ports::routines::RoutineFiles;
use nightshift_supervisor::ports::world::{AttachedFiles, Background, Job, Journal, Work, World};
use nightshift_testkit::Dice;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;
use uuid::Uuid;

/// What is thrown when the simulated supervisor is killed.
pub struct Killed;

/// Events kept for the story of a failed run.
const STORY_MAX: usize = 120;
/// 2026-11-23, a day like any other.
const FIRST_WALL_MS: u64 = 1_795_392_000_000;

/// A good end that nobody looked at is kept for a week.
const UNSEEN_KEEP_MS: u64 = 7 * 24 * 3_600_000;

/// One kill in so many takes the whole machine with it.
const POWER_CUT: u64 = 6;

struct Row {
    session: Session,
    /// Since when (monotonic) its end has been seen.
    seen_at: Option<Duration>,
}

pub struct SimulatedWorld {
    pub dice: Dice,
    pub wall_ms: u64,
    pub now: Duration,
    /// The machine slept or its clock was set, and the loop was not told yet.
    pub clock_moved: bool,
    pub jobs: BTreeMap<String, SimulatedJob>,
    /// Jobs that were removed: what their agents were told still counts.
    pub graves: Vec<(String, SimulatedJob)>,
    pub lines: Vec<Line>,
    pub works: VecDeque<Work>,
    /// Sessions that are being put to rest, or whose agent refused, by the process that is to go:
    /// any where the supervisor could not tell.
    retiring: BTreeMap<String, Option<u32>>,
    /// Rows as they were last written.
    rows: BTreeMap<String, Row>,
    /// What volatile commits replaced since the last durable one, which made all before it durable.
    volatile: Vec<Session>,
    /// Memory is short right now.
    pub short: bool,
    pub store: Store,
    pub disk_full: bool,
    pub mood: Mood,
    /// The supervisor is killed at the so many-th place from now.
    pub kill_in: Option<u64>,
    /// How often a kill takes the machine's power as well: once in so many.
    pub power_cut: Option<u64>,
    pub power_cuts: u64,
    pub ledger: Ledger,
    pub definitions: WrittenDefinitions,
    pub faults: Vec<String>,
    pub stops: Vec<String>,
    pub retire_after: Duration,
    story: VecDeque<String>,
    pids: u32,
    uuids: u128,
}

impl SimulatedWorld {
    pub fn new(seed: u64) -> SimulatedWorld {
        let at = Millis(FIRST_WALL_MS);
        let (store, _) = Store::open(Path::new(":memory:"), at).expect("a database in memory");
        SimulatedWorld {
            dice: Dice::new(seed),
            wall_ms: FIRST_WALL_MS,
            clock_moved: false,
            now: Duration::from_secs(1_000),
            jobs: BTreeMap::new(),
            graves: Vec::new(),
            lines: Vec::new(),
            works: VecDeque::new(),
            retiring: BTreeMap::new(),
            rows: BTreeMap::new(),
            volatile: Vec::new(),
            short: false,
            store,
            disk_full: false,
            mood: Mood::Wild,
            kill_in: None,
            power_cut: Some(POWER_CUT),
            power_cuts: 0,
            ledger: Ledger::default(),
            definitions: WrittenDefinitions::default(),
            faults: Vec::new(),
            stops: Vec::new(),
            retire_after: nightshift_supervisor::limits::RETIRE_AFTER,
            story: VecDeque::new(),
            pids: 1_000,
            uuids: u128::from(seed),
        }
    }

    pub fn at(&self) -> Millis {
        Millis(self.wall_ms)
    }

    pub fn tell(&mut self, what: impl FnOnce() -> String) {
        if self.story.len() == STORY_MAX {
            self.story.pop_front();
        }
        let text = format!("{:>9.3} {}", self.now.as_secs_f64(), what());
        self.story.push_back(text);
    }

    pub fn story(&self) -> String {
        self.story.iter().map(|line| format!("  {line}\n")).collect()
    }

    /// Time passes on both clocks.
    pub fn pass(&mut self, time: Duration) {
        self.now += time;
        self.jump(i128::try_from(time.as_millis()).unwrap_or(0));
    }

    /// The wall clock alone moves: sleep, or a user's hand.
    pub fn jump(&mut self, by_ms: i128) {
        let wall = i128::from(self.wall_ms) + by_ms;
        self.wall_ms = u64::try_from(wall).unwrap_or(0);
        self.clock_moved = true;
        self.set_clock();
    }

    pub fn set_clock(&self) {
        clock::simulate(Some((self.at(), self.now)));
    }

    pub fn fault(&mut self, what: String) {
        self.tell(|| format!("FAULT {what}"));
        self.faults.push(what);
    }

    fn fresh_pid(&mut self) -> u32 {
        self.pids += 2;
        self.pids
    }

    /// Links whose session was removed have nobody to talk to.
    pub fn drop_loose_lines(&mut self) {
        self.lines.retain(|line| !line.queue.is_closed() || line.is_launching());
    }

    /// Lets link `index` do its next thing.
    pub fn line_lives(&mut self, index: usize) {
        self.with_line(index, |line, around| line.live(around));
        self.heed_stops();
    }

    pub fn line_breaks(&mut self, index: usize) {
        self.with_line(index, |line, around| {
            if matches!(line.stage, Stage::Connected { .. }) {
                line.lost(around);
            }
        });
    }

    fn with_line(&mut self, index: usize, act: impl FnOnce(&mut Line, &mut Around<'_>)) {
        let (now, at, calm) = (self.now, self.at(), self.mood == Mood::Calm);
        let line = &mut self.lines[index];
        let job = self.jobs.entry(line.session.to_string()).or_insert_with(SimulatedJob::new);
        let (dice, stops) = (&mut self.dice, &mut self.stops);
        act(line, &mut Around { job, now, at, dice, calm, stops });
    }

    /// The supervisor is gone, and with it every link and all work beside the loop.
    pub fn supervisor_gone(&mut self) {
        self.works.clear();
        self.kill_in = None;
        while let Some(line) = self.lines.pop() {
            let (now, at, calm) = (self.now, self.at(), self.mood == Mood::Calm);
            let Some(job) = self.jobs.get_mut(line.session.as_str()) else { continue };
            let (dice, stops) = (&mut self.dice, &mut self.stops);
            line.orphaned(&mut Around { job, now, at, dice, calm, stops });
        }
        self.heed_stops();
        if self.power_cut.is_some_and(|times| self.dice.one_in(times)) {
            self.lose_power();
        }
    }

    /// Every process is gone, and of what the disk was not waited for only a part is there.
    fn lose_power(&mut self) {
        self.tell(|| "the power is cut".to_owned());
        self.power_cuts += 1;
        let kept = self.dice.below(self.volatile.len() as u64 + 1);
        while self.volatile.len() as u64 > kept {
            let Some(before) = self.volatile.pop() else { break };
            let write = Write { upserts: vec![before.clone()], ..Write::default() };
            self.store.commit(&write).expect("a database in memory");
            self.heed_row(&before);
        }
        self.volatile.clear();
        for job in self.jobs.values_mut() {
            job.power_cut(&mut self.dice);
        }
    }

    /// What a power cut would make of `write`.
    pub fn heed_durability(&mut self, write: &Write) {
        if !write.volatile {
            return self.volatile.clear();
        }
        let before = write.upserts.iter().filter_map(|s| self.rows.get(s.id.as_str()));
        self.volatile.extend(before.map(|row| row.session.clone()));
    }

    /// A host is only ever stopped because somebody asked, its agent refused, or it has rested.
    fn heed_stops(&mut self) {
        for id in std::mem::take(&mut self.stops) {
            self.tell(|| format!("the host of {id} is told to stop"));
            let pid = self.jobs.get(&id).and_then(SimulatedJob::child_pid);
            let retires = self.retiring.get(&id).is_some_and(|of| of.is_none() || *of == pid);
            if !self.ledger.of(&id).stop_asked && !retires {
                self.fault(format!("{id} was stopped by nobody"));
            }
        }
    }

    /// Only what has rested long enough on the clock that stands still while the machine sleeps, or
    /// refused to serve, is put to rest.
    pub fn heed_rest(&mut self, session: &Session) {
        let id = session.id.as_str();
        if !session.retiring {
            self.retiring.remove(id);
            return;
        }
        let decided = self.retiring.insert(id.to_owned(), session.going).is_some();
        // Or by a supervisor whose later commits failed.
        if decided || self.rows.get(id).is_some_and(|row| row.session.retiring) {
            return;
        }
        let Some(job) = self.jobs.get(id) else { return };
        let refused = job.memory.refused;
        let rested = self.now.saturating_sub(job.worked_at);
        let works = job.agent().is_some_and(|a| a.is_working());
        let may = self.short || session.renewing.is_some() || rested >= self.retire_after;
        if !refused && (works || !may) {
            let fault = format!("{id} is put to rest {} s after it worked", rested.as_secs());
            self.fault(fault);
        }
    }

    /// A row goes because somebody asked, or a job's because its end was seen a while ago.
    pub fn heed_removal(&mut self, id: &str) {
        let (now, wall) = (self.now, self.at());
        let asked = self.ledger.of(id).removal_asked;
        let Some(row) = self.rows.remove(id) else { return };
        if asked {
            return;
        }
        let seen = row.seen_at.is_some_and(|at| now.saturating_sub(at) >= SHELL_KEEP);
        let since = match row.session.liveness {
            Liveness::Gone { since } => wall.since(since),
            Liveness::Alive { .. } | Liveness::Unknown { .. } => 0,
        };
        let failed = matches!(row.session.state, State::Failed { .. });
        let past = !failed && since >= UNSEEN_KEEP_MS;
        if !keeping::may_go(&row.session) || !(seen || past) {
            self.fault(format!("{id} was taken off the board by nobody: {:?}", row.session));
        }
        self.ledger.of(id).removed = true;
    }

    pub fn heed_row(&mut self, session: &Session) {
        let (id, now) = (session.id.to_string(), self.now);
        let seen_at = self.rows.get(&id).and_then(|row| row.seen_at);
        if session.unattended.is_some() && session.stopping {
            // A routine ends its own run.
            self.ledger.of(&id).stop_asked = true;
        }
        let seen_at = session.end_seen.then(|| seen_at.unwrap_or(now));
        self.rows.insert(id, Row { session: session.clone(), seen_at });
    }

    /// Lets the process of job `id` do its next thing.
    pub fn job_lives(&mut self, id: &str) {
        let (now, at, mood) = (self.now, self.at(), self.mood);
        let pid = self.fresh_pid();
        let Some(job) = self.jobs.get_mut(id) else { return };
        let mut said = None;
        if let Process::Starting { ready_at, outcome } = job.process {
            if now < ready_at {
                return;
            }
            job.get_ready(outcome, pid, at, now, &mut self.dice);
        }
        let before = job.child_pid();
        let faults = job.live(now, at, &mut self.dice, mood);
        if before.is_some() && job.child_pid().is_none() {
            said = Some(format!("ended: {:?}", job.exit.as_ref().map(|e| (e.code, e.signal))));
        }
        if let Some(said) = said {
            self.tell(|| format!("{id} {said}"));
        }
        for fault in faults {
            self.fault(format!("{id}: {fault}"));
        }
    }
}

/// What the simulated supervisor reaches of the world.
#[derive(Clone)]
pub struct Reach(pub Rc<RefCell<SimulatedWorld>>);

impl Reach {
    /// Here the supervisor may be killed.
    pub fn place(&self, what: &str) {
        let mut world = self.0.borrow_mut();
        let Some(left) = &mut world.kill_in else { return };
        if *left > 0 {
            *left -= 1;
            return;
        }
        world.kill_in = None;
        world.tell(|| format!("killed {what}"));
        drop(world);
        std::panic::resume_unwind(Box::new(Killed));
    }
}

impl World for Reach {
    fn start(&self, spec: LinkSpec) -> LinkHandle {
        self.place("before a start");
        let (handle, queue) = LinkHandle::new(spec.generation);
        let mut world = self.0.borrow_mut();
        let id = spec.session.to_string();
        let until = launch_until(world.now);
        let stage = match spec.start {
            Start::Launch { mut launch, env, program, .. } => {
                launch.argv =
                    program(&Footing::default()).expect("the rehearsal agent is this program");
                world.launch_is_fair(&id);
                Stage::Launch { launch, env, step: 0, until }
            }
            Start::Adopt => Stage::Adopt { until, told: false },
        };
        world.lines.retain(|line| line.session != spec.session);
        world.lines.push(Line::new(spec.session, spec.generation, spec.kind, queue, stage));
        drop(world);
        self.place("after a start");
        handle
    }

    fn inspect(&self, name: &str) -> Finding {
        self.place("before a look at a directory");
        let world = self.0.borrow();
        world.jobs.get(name).map_or(Finding::NotLaunched, SimulatedJob::inspect)
    }

    fn directories(&self) -> io::Result<Vec<String>> {
        self.place("before the directories are listed");
        Ok(self.0.borrow().jobs.keys().cloned().collect())
    }

    fn finish_clearing(&self, name: &str) -> bool {
        self.place("before the end of a removal");
        let mut world = self.0.borrow_mut();
        let marked = world.jobs.get(name).is_some_and(|job| job.removed);
        if marked {
            world.bury(name);
        }
        drop(world);
        self.place("after the end of a removal");
        marked
    }

    fn launch_document(&self, name: &str) -> Option<Launch> {
        self.place("before a launch document is read");
        self.0.borrow().jobs.get(name)?.launch.clone()
    }

    fn has_directory(&self, id: &SessionId) -> bool {
        self.0.borrow().jobs.contains_key(id.as_str())
    }

    fn runs_elsewhere(&self, _: &SessionId) -> Option<std::path::PathBuf> {
        None
    }

    fn mark_removed(&self, id: &SessionId) -> io::Result<()> {
        self.place("before a removal is marked");
        if let Some(job) = self.0.borrow_mut().jobs.get_mut(id.as_str()) {
            job.removed = true;
        }
        self.place("after a removal is marked");
        Ok(())
    }

    fn unmark(&self, id: &SessionId) -> io::Result<()> {
        self.place("before a mark is taken away");
        if let Some(job) = self.0.borrow_mut().jobs.get_mut(id.as_str()) {
            job.unmarked |= std::mem::take(&mut job.removed);
        }
        self.place("after a mark is taken away");
        Ok(())
    }

    fn clear_away(&self, id: &SessionId) -> io::Result<()> {
        self.place("before a directory is deleted");
        self.0.borrow_mut().bury(id.as_str());
        self.place("after a directory is deleted");
        Ok(())
    }

    fn journal(&self, id: &SessionId) -> Box<dyn Journal> {
        self.place("before a journal is read");
        let world = self.0.borrow();
        Box::new(world.jobs.get(id.as_str()).map(|job| job.journal.clone()).unwrap_or_default())
    }

    fn call_hosts_back(&self) {}

    fn await_hosts(&self) {}

    fn is_documented(&self, _: &SessionId) -> bool {
        true
    }

    fn claim(&self, _: &SessionId, _: &[String]) -> Result<Vec<Enclosure>, Fault> {
        Ok(Vec::new())
    }

    fn attached_files(&self) -> Box<dyn AttachedFiles> {
        Box::new(Nothing)
    }

    fn start_notifier(&self, _: &Environment) -> io::Result<()> {
        Ok(())
    }

    /// It never says a word.
    fn start_intake(&self) -> io::Result<(u32, ConnId)> {
        Ok((1, ConnId::NOBODY))
    }

    fn background(&self, _: &SessionId) -> Box<dyn Background> {
        Box::new(Nothing)
    }

    fn routine_files(&self) -> Box<dyn RoutineFiles> {
        Box::new(self.0.borrow().definitions.clone())
    }

    fn run(&self, aside: Job) {
        self.0.borrow_mut().works.push_back(aside.work);
    }

    fn zone(&self) -> Option<TimeZone> {
        Some(TimeZone::UTC)
    }

    fn fresh_uuid(&self) -> Uuid {
        let mut world = self.0.borrow_mut();
        world.uuids += 1;
        // Spread over the ids' first digits.
        Uuid::from_u128(world.uuids.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835))
    }
}

/// Simulated sessions have no further processes.
struct Nothing;

impl AttachedFiles for Nothing {
    fn keep(&self, _: &str, _: &str) -> Result<Enclosure, Fault> {
        Err(Fault::new(FaultCode::Io, "nobody attaches files here"))
    }

    fn read(&self, _: &SessionId, _: &str) -> Result<String, Fault> {
        Err(Fault::new(FaultCode::NotFound, "nobody attached a file"))
    }
}

impl Background for Nothing {
    fn list(&self) -> Vec<Task> {
        Vec::new()
    }

    fn end(&self, _: &Identity) -> Result<(), Fault> {
        Ok(())
    }
}

impl Journal for Pages {
    fn read(&self, after: u64) -> Box<dyn Iterator<Item = Record> + '_> {
        Box::new(self.after(after).into_iter())
    }
}

impl SimulatedWorld {
    /// Nothing is started that was stopped, removed, runs already, or keeps dying.
    fn launch_is_fair(&mut self, id: &str) {
        self.tell(|| format!("{id} is launched"));
        let job = self.jobs.get(id);
        let runs = job.is_some_and(|job| !matches!(job.process, Process::None));
        let turns = job.map_or(0, |job| job.memory.turns_ended);
        let first = !self.ledger.sessions.contains_key(id);
        let renews = self.rows.get(id).is_some_and(|row| row.session.renewing.is_some());
        let known = self.ledger.of(id);
        let (stopped, removed) = (known.stopped, known.removed);
        if std::mem::take(&mut known.paid) || first || renews || known.standing {
            known.unasked = 0;
        } else {
            known.unasked = if turns > known.turns_ended { 1 } else { known.unasked + 1 };
        }
        known.turns_ended = turns;
        known.stop_asked = false;
        let unasked = known.unasked;
        if runs {
            self.fault(format!("{id} got a second host while one lives or starts"));
        }
        if stopped || removed {
            let what = if removed { "removed" } else { "stopped" };
            self.fault(format!("{id} was {what} and is started again"));
        }
        if unasked > RESTARTS_MAX {
            self.fault(format!("{id} was restarted {unasked} times without a word"));
        }
    }

    fn bury(&mut self, id: &str) {
        let Some(job) = self.jobs.remove(id) else { return };
        self.tell(|| format!("the directory of {id} is deleted"));
        // One that is about to get ready fails without its directory.
        if job.is_alive() {
            self.fault(format!("the directory of {id} was deleted while its host lives"));
        }
        self.graves.push((id.to_owned(), job));
    }
}
