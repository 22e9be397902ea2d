//! A run: draws what happens next, hands messages to the loop, kills and restarts it, and checks.

use crate::agent::Mood;
use crate::check;
use crate::client::{Ask, Client};
use crate::worktrees::NoRepositories;
use crate::world::{Killed, Reach, SimulatedWorld};
use nightshift_host::kin::Caller;
use nightshift_model::Session;
use nightshift_platform::{Home, clock};
use nightshift_protocol::{Command, Request, StandingAct};
use nightshift_supervisor::clients::Outgoing;
use nightshift_supervisor::core::Core;
use nightshift_supervisor::features::routines::Heard;
use nightshift_supervisor::inbox::{ConnId, Held, Inbox};
use std::cell::{RefCell, RefMut};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Rounds within which everything must have come to rest.
const REST_ROUNDS: u32 = 200_000;
/// What is further away than this is not waited for when coming to rest: retirement is.
const REST_HORIZON: Duration = Duration::from_secs(120);
/// A client's queue: small, so that slow readers fall behind within a run.
const QUEUE: u64 = 24;

#[derive(Default, Debug, Clone, Copy)]
pub struct Figures {
    pub steps: u64,
    pub messages: u64,
    pub kills: u64,
    pub power_cuts: u64,
    pub rests: u64,
    pub sessions: u64,
    pub words: u64,
}

impl Figures {
    pub fn and(self, other: Figures) -> Figures {
        Figures {
            steps: self.steps + other.steps,
            messages: self.messages + other.messages,
            kills: self.kills + other.kills,
            power_cuts: self.power_cuts + other.power_cuts,
            rests: self.rests + other.rests,
            sessions: self.sessions + other.sessions,
            words: self.words + other.words,
        }
    }
}

pub struct Run {
    pub reach: Reach,
    pub core: Option<Core>,
    pub clients: Vec<Client>,
    pub figures: Figures,
    conns: u64,
}

impl Run {
    pub fn new(seed: u64) -> Run {
        let world = SimulatedWorld::new(seed);
        world.set_clock();
        Run {
            reach: Reach(Rc::new(RefCell::new(world))),
            core: None,
            clients: Vec::new(),
            figures: Figures::default(),
            conns: 0,
        }
    }

    pub fn world(&self) -> RefMut<'_, SimulatedWorld> {
        self.reach.0.borrow_mut()
    }

    /// Draws and carries out `steps`, and checks every now and then. The fault comes with its story.
    pub fn perform(&mut self, steps: u64, check_every: u64) -> Result<(), String> {
        for step in 1..=steps {
            self.figures.steps = step;
            self.step();
            self.found(step)?;
            if step % check_every == 0 || step == steps {
                self.come_to_rest();
                self.found(step)?;
                let faults = check::settled(self);
                self.figures.rests += 1;
                for fault in faults {
                    self.world().fault(fault);
                }
                self.found(step)?;
                self.world().mood = Mood::Wild;
            }
        }
        let world = self.world();
        let power_cuts = world.power_cuts;
        let (sessions, words) = (world.ledger.sessions.len(), world.ledger.tokens.len());
        drop(world);
        (self.figures.sessions, self.figures.words) = (sessions as u64, words as u64);
        self.figures.power_cuts = power_cuts;
        Ok(())
    }

    pub fn found(&self, step: u64) -> Result<(), String> {
        let world = self.world();
        if world.faults.is_empty() {
            return Ok(());
        }
        let faults = world.faults.join("\n");
        Err(format!("step {step}: {faults}\nwhat happened last:\n{}", world.story()))
    }

    // ---- the supervisor

    /// Lets the loop do something; true when it was killed in the middle of it.
    pub fn with_core(&mut self, act: impl FnOnce(&mut Core)) -> bool {
        let moved = std::mem::take(&mut self.world().clock_moved);
        let Some(core) = &mut self.core else { return false };
        let went = catch_unwind(AssertUnwindSafe(|| {
            act(core);
            if moved {
                core.handle(Inbox::Clocks { watched: true });
            }
            core.on_tick();
            // What it did may have made something else due.
            core.on_tick();
        }));
        match went {
            Ok(()) => {
                let spins = core.next_deadline().is_some_and(|wait| wait.is_zero());
                if spins {
                    self.world().fault("the loop has work at once and does not do it".to_owned());
                }
                false
            }
            Err(thrown) if thrown.is::<Killed>() => {
                self.supervisor_gone();
                true
            }
            Err(panic) => resume_unwind(panic),
        }
    }

    pub fn start_supervisor(&mut self) {
        if self.core.is_some() {
            return;
        }
        self.world().tell(|| "a supervisor starts".to_owned());
        let reach = self.reach.clone();
        let definitions = !self.world().definitions.all().is_empty();
        let went = catch_unwind(AssertUnwindSafe(|| {
            let home = Home { state: PathBuf::from("/sim"), run: PathBuf::from("/sim/run") };
            let (store, world) = (Box::new(reach.clone()), Box::new(reach));
            // Any program that exists: agents are looked up and never started.
            let binary = Path::new("/bin/sh");
            let worktrees = Arc::new(NoRepositories);
            let mut core = Core::new(home, binary, store, world, worktrees)
                .expect("a supervisor of the simulated world");
            core.recover(&[]);
            core.handle(Inbox::Clocks { watched: true });
            // As the watch of the directory says when it begins.
            if definitions || !core.routines.list.is_empty() {
                core.handle(Inbox::Routines(Heard::FilesChanged));
            }
            core
        }));
        match went {
            Ok(core) => self.core = Some(core),
            Err(thrown) if thrown.is::<Killed>() => self.supervisor_gone(),
            Err(panic) => resume_unwind(panic),
        }
    }

    pub fn supervisor_gone(&mut self) {
        self.core = None;
        self.world().kill_in = None;
        self.figures.kills += 1;
        for mut client in std::mem::take(&mut self.clients) {
            // What was written to its socket may have been read or not.
            let mut world = self.world();
            if world.dice.one_in(2) {
                let faults = client.read(&mut world.ledger);
                faults.into_iter().for_each(|fault| world.fault(fault));
            }
        }
        self.world().supervisor_gone();
    }

    // ---- clients

    pub fn connect(&mut self) -> Option<usize> {
        let room = usize::try_from(4 + self.world().dice.below(QUEUE)).unwrap_or(4);
        self.connect_with(room)
    }

    /// A client whose queue holds `room` frames.
    pub fn connect_with(&mut self, room: usize) -> Option<usize> {
        self.core.as_ref()?;
        self.conns += 1;
        let conn = ConnId(self.conns);
        let (out, frames) = Outgoing::new(room);
        self.clients.push(Client::new(conn, frames));
        self.with_core(|core| core.handle(Inbox::Connected { conn, out, caller: Caller::User }));
        self.clients.len().checked_sub(1)
    }

    /// The client of an index drawn at random; connects one where there is none.
    pub fn any_client(&mut self) -> Option<usize> {
        let count = self.clients.len() as u64;
        if count == 0 || count < 5 && self.world().dice.one_in(8) {
            return self.connect();
        }
        let index = self.world().dice.below(count);
        usize::try_from(index).ok()
    }

    pub fn client_leaves(&mut self, index: usize) {
        let client = self.clients.remove(index);
        self.with_core(|core| core.handle(Inbox::Disconnected { conn: client.conn }));
    }

    pub fn client_reads(&mut self, index: usize) {
        let client = &mut self.clients[index];
        let mut world = self.reach.0.borrow_mut();
        let faults = client.read(&mut world.ledger);
        faults.into_iter().for_each(|fault| world.fault(fault));
        let closed = client.closed;
        drop(world);
        if closed {
            self.client_leaves(index);
        }
    }

    pub fn hand_over(&mut self, index: usize) {
        let client = &mut self.clients[index];
        let Some((request, ask)) = client.requests.pop_front() else { return };
        let conn = client.conn;
        let ask = self.heed(&request, ask);
        self.clients[index].waiting.insert(request.id, ask.clone());
        let text = format!("{:?}", request.command);
        self.world().tell(|| text.chars().take(160).collect());
        self.with_core(|core| {
            core.handle(Inbox::Request { conn, request, held: Held::default(), turn: None })
        });
        if let Ask::Reply { token } = &ask {
            let mut world = self.reach.0.borrow_mut();
            // What is stored counts: the loop may have been killed since.
            let rows = world.store.sessions().unwrap_or_default();
            let token = &mut world.ledger.tokens[*token];
            let prompt = |row: &Session| {
                row.agent().is_some_and(|a| a.prompts.iter().any(|p| p.text == token.text))
            };
            let is_its = |row: &&Session| token.session.as_deref() == Some(row.id.as_str());
            token.as_answer = !rows.iter().find(is_its).is_some_and(prompt);
        }
    }

    /// What the ledger must know before the loop gets a request.
    fn heed(&mut self, request: &Request, ask: Ask) -> Ask {
        let mut world = self.world();
        match &request.command {
            Command::Reply { session, .. }
            | Command::Respawn { session, .. }
            | Command::Answer { session, .. } => world.ledger.wake(session),
            Command::Standing { session, act, .. } => {
                world.ledger.of(session).standing = true;
                if !matches!(act, StandingAct::LoopStop) {
                    // The user's newest word: it shall go on.
                    world.ledger.wake(session);
                }
            }
            Command::Stop { session } | Command::Remove { session, .. } => {
                let known = world.ledger.of(session);
                known.stop_asked = true;
                known.removal_asked |= matches!(request.command, Command::Remove { .. });
                if let Ask::Stop { session, .. } = ask {
                    return Ask::Stop { wakes: known.wakes, session };
                }
            }
            _ => {}
        }
        ask
    }

    // ---- what may happen next

    /// Gives the loop one of the messages that wait for it; false when there is none.
    pub fn deliver(&mut self) -> bool {
        if self.core.is_none() {
            return false;
        }
        let mut choices = Vec::new();
        {
            let world = self.reach.0.borrow();
            let heard = world.lines.iter().enumerate().filter(|(_, l)| !l.events.is_empty());
            choices.extend(heard.map(|(i, _)| (0, i)));
            choices.extend((!world.works.is_empty()).then_some((1, 0)));
        }
        let asking = self.clients.iter().enumerate().filter(|(_, c)| !c.requests.is_empty());
        choices.extend(asking.map(|(i, _)| (2, i)));
        let Some((kind, index)) = self.world().dice.pick(&choices).copied() else { return false };
        self.figures.messages += 1;
        match kind {
            0 => {
                let mut world = self.world();
                let line = &mut world.lines[index];
                let Some(event) = line.events.pop_front() else { return false };
                let (session, generation) = (line.session.clone(), line.generation);
                drop(world);
                self.with_core(|core| {
                    core.handle(Inbox::Link { session, generation, event, held: Held::default() })
                });
            }
            1 => {
                let work = self.world().works.pop_front();
                if let Some(work) = work {
                    let message = work();
                    self.with_core(|core| core.handle(message));
                }
            }
            _ => self.hand_over(index),
        }
        true
    }

    /// Lets one link or process do its next thing; false when all wait for the clock.
    pub fn live(&mut self) -> bool {
        let mut world = self.world();
        world.drop_loose_lines();
        let (now, mood) = (world.now, world.mood);
        let busy = |job: &crate::host::SimulatedJob| job.is_busy(mood, now);
        let jobs = world.jobs.iter().filter(|(_, job)| busy(job)).map(|(id, _)| id.clone());
        let jobs: Vec<String> = jobs.collect();
        let lines = world.lines.iter().enumerate().filter(|(_, line)| {
            world.jobs.get(line.session.as_str()).map_or_else(
                || line.is_busy(&crate::host::SimulatedJob::new(), now),
                |job| line.is_busy(job, now),
            )
        });
        let lines: Vec<usize> = lines.map(|(i, _)| i).collect();
        let count = (jobs.len() + lines.len()) as u64;
        let drawn = usize::try_from(world.dice.below(count)).unwrap_or(0);
        if count == 0 {
            return false;
        }
        match jobs.get(drawn) {
            Some(id) => world.job_lives(id),
            None => world.line_lives(lines[drawn - jobs.len()]),
        }
        true
    }

    /// When the next thing is due by the clock.
    pub fn next_due(&self) -> Option<Duration> {
        let world = self.reach.0.borrow();
        let now = world.now;
        let loops = self.core.as_ref().and_then(Core::next_deadline).map(|wait| now + wait);
        let jobs = world.jobs.values().filter_map(crate::host::SimulatedJob::due_at);
        let lines = world.lines.iter().filter_map(crate::line::Line::due_at);
        jobs.chain(lines).chain(loops).min()
    }

    pub fn pass(&mut self, time: Duration) {
        self.world().pass(time);
        self.with_core(|_| {});
    }

    /// Heals the world and lets everything happen that happens within two minutes.
    pub fn come_to_rest(&mut self) {
        self.heal();
        self.go_on(REST_HORIZON);
    }

    /// Lets everything happen that is due within `time`; a killed supervisor gets its successor.
    pub fn go_on(&mut self, time: Duration) {
        let end = self.world().now + time;
        for _ in 0..REST_ROUNDS {
            while self.core.is_none() {
                self.start_supervisor();
            }
            let mut moved = self.deliver();
            moved |= self.live();
            for index in (0..self.clients.len()).rev() {
                if self.clients[index].has_mail() {
                    moved = true;
                    self.client_reads(index);
                }
            }
            if moved {
                continue;
            }
            let now = self.world().now;
            match self.next_due() {
                Some(due) if due <= end => {
                    self.pass(due.saturating_sub(now).max(Duration::from_millis(1)));
                }
                _ => return,
            }
        }
        self.world().fault("nothing comes to rest".to_owned());
    }

    fn heal(&mut self) {
        let mut world = self.world();
        world.mood = Mood::Calm;
        world.disk_full = false;
        world.kill_in = None;
        for job in world.jobs.values_mut() {
            (job.unreachable, job.unreadable, job.refuses) = (false, false, false);
        }
        drop(world);
        self.clients.iter_mut().for_each(|client| client.stalled = false);
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        clock::simulate(None);
    }
}
