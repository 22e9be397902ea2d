//! A run: draws steps, carries them out, checks now and then, counts.
//!
//! Promise: a fault comes with the seed and everything that was done before it.

use crate::call::{Call, Deed, UNANSWERED};
use crate::check;
use crate::follower::Follower;
use crate::ledger::{Kind, Ledger};
use crate::steps::{self, Step};
use crate::world::World;
use anyhow::{Result, anyhow};
use nightshift_testkit::Dice;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

/// Steps between two checks: long enough for faults to meet, short enough to find their cause.
const CHECK_EVERY: u32 = 25;
/// Clients of a burst.
const CLIENTS: (u64, u64) = (2, 10);
/// A kill within a burst comes within this time: a command takes some tens of milliseconds.
const KILL_WITHIN_MS: u64 = 35;
/// One in so many clients of a burst is killed too.
const KILLED_CLIENTS: u64 = 8;
/// Longest pause after a step.
const PAUSE_MS: u64 = 120;

/// What strikes in the middle of commands, after a pause.
enum Blow {
    Supervisor { after: Duration },
    Host { after: Duration, id: String },
}

/// What a run did, for its last line.
#[derive(Default)]
pub struct Figures {
    pub supervisors: u32,
    pub hosts: u32,
    pub agents: u32,
    pub clients: u32,
    pub commands: u32,
    /// Commands whose answer a kill took away.
    pub unanswered: u32,
    pub checks: u32,
}

pub struct Run {
    pub world: World,
    pub ledger: Ledger,
    pub follower: Follower,
    pub figures: Figures,
    dice: Dice,
    history: Vec<String>,
}

impl Run {
    pub fn new(binary: &Path, seed: u64) -> Result<Run> {
        let world = World::new(binary);
        let follower = Follower::start(world.home.home())?;
        Ok(Run {
            world,
            ledger: Ledger::default(),
            follower,
            figures: Figures::default(),
            dice: Dice::new(seed),
            history: Vec::new(),
        })
    }

    pub fn perform(&mut self, steps: u32) -> Result<()> {
        for n in 1..=steps {
            let step = steps::draw(&mut self.dice, &self.ledger);
            self.history.push(format!("{n}: {step:?}"));
            self.step(step)?;
            let pause = Duration::from_millis(self.dice.below(PAUSE_MS));
            std::thread::sleep(pause);
            if n % CHECK_EVERY == 0 {
                self.history.push("check".to_owned());
                self.figures.checks += 1;
                check::settled(self)?;
            }
        }
        self.figures.checks += 1;
        check::settled(self)?;
        check::ended(self)
    }

    /// Everything that was done, and what the supervisor said last.
    pub fn story(&self) -> String {
        let mut story = String::new();
        for line in &self.history {
            writeln!(story, "  {line}").ok(); // Writing to a string cannot fail.
        }
        format!("{story}the supervisor's last words:\n{}", self.world.log_tail(60))
    }

    fn step(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Burst => self.burst(),
            Step::KillSupervisor => self.kill_supervisor(),
            Step::KillHost => self.kill_host(),
            Step::KillAgent => self.kill_agent(),
            Step::KillBoth => {
                let hosts = self.hosts()?;
                self.kill_supervisor()?;
                self.kill_one_of(&hosts)
            }
            Step::KeepWorkers if self.world.supervisor().is_none() => Ok(()),
            Step::KeepWorkers => {
                self.world.must(&["daemon", "stop", "--any", "--keep-workers"]).map(|_| ())
            }
            Step::Job
            | Step::Agent
            | Step::Reply
            | Step::Answer
            | Step::Interrupt
            | Step::Stop
            | Step::Remove
            | Step::Rename => {
                let list = if step == Step::Answer { self.world.list()? } else { Vec::new() };
                let call = steps::call(step, &mut self.dice, &mut self.ledger, &list);
                self.calls(call.into_iter().collect(), &[])
            }
        }
    }

    fn burst(&mut self) -> Result<()> {
        let list = self.world.list()?;
        let mut calls: Vec<Call> = Vec::new();
        let mut kept: BTreeSet<usize> = BTreeSet::new();
        let mut ended: BTreeSet<usize> = BTreeSet::new();
        for _ in 0..CLIENTS.0 + self.dice.below(CLIENTS.1 - CLIENTS.0) {
            let step = steps::draw_call(&mut self.dice, &self.ledger);
            let call = steps::call(step, &mut self.dice, &mut self.ledger, &list);
            let Some(mut call) = call else { continue };
            call.killed_after = self
                .dice
                .one_in(KILLED_CLIENTS)
                .then(|| Duration::from_millis(self.dice.below(KILL_WITHIN_MS)));
            // Which of two came first could not be said: who ends a session has it for himself.
            let taken =
                ended.contains(&call.session) || call.ends() && kept.contains(&call.session);
            if !taken {
                if call.ends() { &mut ended } else { &mut kept }.insert(call.session);
                calls.push(call);
            }
        }
        let alive: Vec<&Value> = list.iter().filter(|e| e["pid"].is_u64()).collect();
        let blows = Vec::from_iter((0..self.dice.below(4)).map(|_| self.blow(&alive)));
        self.calls(calls, &blows)
    }

    fn blow(&mut self, alive: &[&Value]) -> Blow {
        let after = Duration::from_millis(self.dice.below(KILL_WITHIN_MS));
        if !self.dice.one_in(4) {
            return Blow::Supervisor { after };
        }
        let id = self.dice.pick(alive).and_then(|e| e["id"].as_str()).unwrap_or_default();
        self.ledger.harm(id);
        Blow::Host { after, id: id.to_owned() }
    }

    /// Runs `calls` at once, each as a client of its own; one blow after the other falls meanwhile.
    fn calls(&mut self, calls: Vec<Call>, blows: &[Blow]) -> Result<()> {
        for call in &calls {
            call.asked(&mut self.ledger);
        }
        let world = &self.world;
        let mut killed = (0, 0);
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let clients: Vec<_> = calls
                .iter()
                .map(|call| scope.spawn(|| world.run(&call.args, call.killed_after)))
                .collect();
            for blow in blows {
                let (Blow::Supervisor { after } | Blow::Host { after, .. }) = blow;
                std::thread::sleep(*after);
                let (victim, count) = match blow {
                    Blow::Supervisor { .. } => (world.supervisor(), &mut killed.0),
                    Blow::Host { id, .. } => (world.host(id), &mut killed.1),
                };
                *count += victim.map_or(0, |v| u32::from(matches!(world.kill(&v), Ok(true))));
            }
            let joined = |client: std::thread::ScopedJoinHandle<'_, _>| {
                client.join().unwrap_or_else(|_| Err(anyhow!("a client panicked")))
            };
            clients.into_iter().map(joined).collect()
        });
        self.figures.supervisors += killed.0;
        self.figures.hosts += killed.1;
        for (call, ran) in calls.iter().zip(outcomes) {
            let ran = ran?;
            self.figures.clients += u32::from(ran.killed);
            let came = call.outcome(&ran, killed != (0, 0), &mut self.ledger)?;
            self.figures.commands += 1;
            self.figures.unanswered += u32::from(came.starts_with(UNANSWERED));
            let args = call.args.join(" ").replace('\n', " / ");
            let is_new = matches!(call.deed, Deed::Dispatch { .. });
            let id = if is_new { self.ledger.id(call.session) } else { String::new() };
            self.history.push(format!("    {args} -> {came} {id}"));
        }
        if !blows.is_empty() {
            let (supervisors, hosts) = killed;
            self.history
                .push(format!("    killed meanwhile: {supervisors} supervisors, {hosts} hosts"));
        }
        Ok(())
    }

    fn kill_supervisor(&mut self) -> Result<()> {
        if let Some(supervisor) = self.world.supervisor() {
            self.figures.supervisors += u32::from(self.world.kill(&supervisor)?);
        }
        Ok(())
    }

    /// Sessions on the board whose process lives.
    fn hosts(&self) -> Result<Vec<String>> {
        let alive = |e: &&Value| e["pid"].is_u64();
        let id = |e: &Value| e["id"].as_str().map(str::to_owned);
        Ok(self.world.list()?.iter().filter(alive).filter_map(id).collect())
    }

    fn kill_host(&mut self) -> Result<()> {
        let hosts = self.hosts()?;
        self.kill_one_of(&hosts)
    }

    fn kill_one_of(&mut self, hosts: &[String]) -> Result<()> {
        let Some(id) = self.dice.pick(hosts) else { return Ok(()) };
        let Some(host) = self.world.host(id) else { return Ok(()) };
        self.ledger.harm(id);
        self.figures.hosts += u32::from(self.world.kill(&host)?);
        self.history.push(format!("    host of {id} (pid {})", host.pid));
        Ok(())
    }

    fn kill_agent(&mut self) -> Result<()> {
        let list = self.world.list()?;
        let agents: Vec<&Value> =
            list.iter().filter(|e| e["pid"].is_u64() && e["template"] == "agent").collect();
        let Some(entry) = self.dice.pick(&agents) else { return Ok(()) };
        let pid = entry["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
        let Some(agent) = pid.and_then(|pid| self.world.ours(pid)) else { return Ok(()) };
        let id = entry["id"].as_str().unwrap_or_default();
        self.ledger.harm(id);
        self.figures.agents += u32::from(self.world.kill(&agent)?);
        self.history.push(format!("    agent of {id} (pid {})", agent.pid));
        Ok(())
    }

    /// One line of what was done.
    pub fn figures(&self) -> String {
        let Figures { supervisors, hosts, agents, clients, commands, unanswered, checks } =
            &self.figures;
        let kills = supervisors + hosts + agents + clients;
        let of =
            |kind: fn(&Kind) -> bool| self.ledger.sessions.iter().filter(|s| kind(&s.kind)).count();
        let seen = self.follower.seen();
        format!(
            "{kills} kill -9 ({supervisors} supervisors, {hosts} hosts, {agents} agents, {clients} clients), \
             {commands} commands ({unanswered} without an answer), {} jobs, {} agent sessions, {} prompts and answers, \
             {} board changes over {} follows, {checks} checks",
            of(|k| matches!(k, Kind::Job { .. })),
            of(|k| *k == Kind::Agent),
            self.ledger.tokens.len(),
            seen.changes,
            seen.follows,
        )
    }
}
