//! A simulated link: between the loop's handle and a simulated host, step by step, as the task in
//! `link` goes. What it shares with that task it uses itself (`Asked`, `ended`, `words_of`).

use crate::host::{Outcome, Process, SimulatedJob, Took};
use nightshift_host::finding::Finding;
use nightshift_model::{Millis, SessionId};
use nightshift_protocol::{Environment, HostRequest, Launch, LaunchKind, Ready};
use nightshift_runtime::host_link::limits::{
    LAUNCH_TIMEOUT, RECONNECT_FIRST, RECONNECT_LONGEST, RECONNECT_TRIES, RECORD_BATCH_MAX,
};
use nightshift_runtime::host_link::{Asked, end};
use nightshift_supervisor::inbox::HostLinkEvent;
use nightshift_supervisor::ports::host_link::LinkCommand;
use nightshift_testkit::Dice;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::mpsc;

/// One launch in so many is slow, fails or dies.
const SLOW_LAUNCH: u64 = 25;
const FAILED_LAUNCH: u64 = 25;

/// How far the link has got.
pub enum Stage {
    /// Earlier documents are put aside, the new one is written, the host is started.
    Launch {
        launch: Box<Launch>,
        env: Environment,
        step: u8,
        until: Duration,
    },
    /// The host was started; it is the job's launch number `.0 + 1` when it gets ready.
    Spawned {
        before: u32,
        until: Duration,
    },
    Adopt {
        until: Duration,
        told: bool,
    },
    Connect {
        at: Duration,
        failures: u32,
        pause: Duration,
    },
    Connected {
        outgoing: VecDeque<HostRequest>,
        caught_up: bool,
    },
    Ended,
}

pub struct Line {
    pub session: SessionId,
    pub generation: u32,
    pub kind: LaunchKind,
    pub queue: mpsc::Receiver<LinkCommand>,
    pub stage: Stage,
    /// What the loop is about to hear, in this order.
    pub events: VecDeque<HostLinkEvent>,
    asked: Asked,
    after: u64,
}

/// The world as a link sees it for a moment.
pub struct Around<'a> {
    pub job: &'a mut SimulatedJob,
    pub now: Duration,
    pub at: Millis,
    pub dice: &'a mut Dice,
    /// No launch fails any more.
    pub calm: bool,
    /// A stop reached the host.
    pub stops: &'a mut Vec<String>,
}

impl Line {
    pub fn new(
        session: SessionId,
        generation: u32,
        kind: LaunchKind,
        queue: mpsc::Receiver<LinkCommand>,
        stage: Stage,
    ) -> Line {
        let (events, asked) = (VecDeque::new(), Asked::default());
        Line { session, generation, kind, queue, stage, events, asked, after: 0 }
    }

    pub fn is_launching(&self) -> bool {
        matches!(self.stage, Stage::Launch { .. } | Stage::Spawned { .. })
    }

    /// When it does something by the clock.
    pub fn due_at(&self) -> Option<Duration> {
        match &self.stage {
            Stage::Connect { at, .. } => Some(*at),
            Stage::Spawned { until, .. } | Stage::Adopt { until, .. } => Some(*until),
            Stage::Launch { .. } | Stage::Connected { .. } | Stage::Ended => None,
        }
    }

    /// Whether it would do something now.
    pub fn is_busy(&self, job: &SimulatedJob, now: Duration) -> bool {
        match &self.stage {
            Stage::Launch { .. } => true,
            Stage::Spawned { until, before } => {
                now >= *until
                    || job.launches > *before
                    || !matches!(job.process, Process::Starting { .. })
            }
            Stage::Adopt { until, told } => match job.inspect() {
                Finding::Starting => now >= *until,
                Finding::Unknown(_) => !told,
                _ => true,
            },
            Stage::Connect { at, .. } => now >= *at,
            Stage::Connected { outgoing, caught_up } => {
                !outgoing.is_empty()
                    || !self.queue.is_empty()
                    || !job.is_alive()
                    || self.kind == LaunchKind::Pipe
                        && (!caught_up || job.journal.last_seq() > self.after)
            }
            Stage::Ended => false,
        }
    }

    pub fn live(&mut self, around: &mut Around<'_>) {
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Launch { launch, env, step, until } => {
                self.launch(launch, env, step, until, around);
            }
            Stage::Spawned { before, until } => self.spawned(before, until, around),
            Stage::Adopt { until, told } => self.adopt(until, told, around),
            Stage::Connect { at, failures, pause } if around.now >= at => {
                self.connect(failures, pause, around);
            }
            Stage::Connected { outgoing, caught_up } => self.talk(outgoing, caught_up, around),
            stage @ (Stage::Connect { .. } | Stage::Ended) => self.stage = stage,
        }
    }

    fn launch(
        &mut self,
        launch: Box<Launch>,
        env: Environment,
        step: u8,
        until: Duration,
        around: &mut Around<'_>,
    ) {
        let job = &mut *around.job;
        match step {
            0 => (job.ready, job.exit) = (None, None),
            1 => {
                job.launch = Some((*launch).clone());
                job.at_risk = true;
            }
            _ => {
                let slow = !around.calm && around.dice.one_in(SLOW_LAUNCH);
                let takes = if slow { around.dice.below(50_000) } else { around.dice.below(400) };
                let outcome = match around.dice.below(FAILED_LAUNCH) {
                    0 if !around.calm => Outcome::Fails,
                    1 if !around.calm => Outcome::Dies,
                    _ => Outcome::Ready,
                };
                let ready_at = around.now + Duration::from_millis(takes);
                job.process = Process::Starting { ready_at, outcome };
                self.stage = Stage::Spawned { before: job.launches, until };
                return;
            }
        }
        self.stage = Stage::Launch { launch, env, step: step + 1, until };
    }

    fn spawned(&mut self, before: u32, until: Duration, around: &mut Around<'_>) {
        let failed = |error: &str| HostLinkEvent::LaunchFailed { error: error.into() };
        match (&around.job.process, &around.job.ready) {
            (_, Some(ready)) if around.job.launches > before => {
                self.launched(&ready.clone());
                self.connect_at(around.now);
            }
            (Process::Starting { .. }, _) if around.now >= until => {
                around.job.process = Process::None;
                self.events.push_back(failed("its host did not get ready within 30 s"));
            }
            (Process::Starting { .. }, _) => self.stage = Stage::Spawned { before, until },
            _ => {
                let told = around.job.exit.as_ref().and_then(|e| e.spawn_error.clone());
                let error = told.unwrap_or("its host ended before it was ready".into());
                self.events.push_back(failed(&error));
            }
        }
    }

    fn adopt(&mut self, until: Duration, told: bool, around: &mut Around<'_>) {
        match around.job.inspect() {
            Finding::Alive(ready) => {
                self.launched(&ready);
                let env = around.job.launch.iter().flat_map(|l| l.env_names.clone());
                let env = env.map(|name| (name, "x".to_owned())).collect();
                self.events.push_back(HostLinkEvent::Environment(env));
                self.connect_at(around.now);
            }
            Finding::Starting if around.now < until => self.stage = Stage::Adopt { until, told },
            Finding::Unknown(why) => {
                if !told {
                    self.events.push_back(HostLinkEvent::Unknown { why, way_out: String::new() });
                }
                let until = around.now + RECONNECT_LONGEST;
                self.stage = Stage::Adopt { until, told: true };
            }
            finding => self.report_end(finding, around),
        }
    }

    fn launched(&mut self, ready: &Ready) {
        self.events.push_back(HostLinkEvent::Launched { pid: ready.child_pid });
        self.events.push_back(HostLinkEvent::Host {
            build: ready.build.clone(),
            socket: ready.socket.clone().into(),
        });
    }

    fn connect_at(&mut self, at: Duration) {
        self.stage = Stage::Connect { at, failures: 0, pause: RECONNECT_FIRST };
    }

    fn connect(&mut self, failures: u32, pause: Duration, around: &mut Around<'_>) {
        let finding = around.job.inspect();
        if let (Finding::Alive(ready), false) = (&finding, around.job.unreachable) {
            self.events.push_back(HostLinkEvent::Answers { pid: ready.child_pid });
            let outgoing = self.asked.again().into_iter().collect();
            self.stage = Stage::Connected { outgoing, caught_up: false };
            return;
        }
        if !matches!(finding, Finding::Alive(_) | Finding::Unknown(_)) {
            return self.report_end(finding, around);
        }
        if failures + 1 == RECONNECT_TRIES {
            let why = "its host lives but does not answer".to_owned();
            self.events.push_back(HostLinkEvent::Unknown { why, way_out: String::new() });
        }
        let at = around.now + pause;
        let pause = (pause * 2).min(RECONNECT_LONGEST);
        self.stage = Stage::Connect { at, failures: failures + 1, pause };
    }

    fn talk(
        &mut self,
        mut outgoing: VecDeque<HostRequest>,
        mut caught_up: bool,
        around: &mut Around<'_>,
    ) {
        if !around.job.is_alive() {
            self.hand_on(usize::MAX, around);
            return self.lost(around);
        }
        match around.dice.below(3) {
            0 if !outgoing.is_empty() => {
                if let Some(request) = outgoing.pop_front() {
                    self.host_reads(request, around);
                }
            }
            1 if !self.queue.is_empty() => {
                if let Ok(command) = self.queue.try_recv() {
                    outgoing.extend(self.asked.request(command));
                }
            }
            _ => {
                let batch = around.dice.below(RECORD_BATCH_MAX as u64) as usize + 1;
                self.hand_on(batch, around);
                if !caught_up && self.after >= around.job.journal.last_seq() {
                    caught_up = true;
                    self.events.push_back(HostLinkEvent::CaughtUp);
                }
            }
        }
        self.stage = Stage::Connected { outgoing, caught_up };
    }

    fn host_reads(&mut self, request: HostRequest, around: &mut Around<'_>) {
        let tag = match &request {
            HostRequest::WriteLine { tag, .. } => *tag,
            _ => 0,
        };
        match around.job.take(request, around.at, around.now, around.dice) {
            Took::Line => {
                self.asked.settled(tag);
            }
            Took::Refused => {
                if let Some(line) = self.asked.settled(tag) {
                    let error = "the agent does not read its input".to_owned();
                    self.events.push_back(HostLinkEvent::Refused { line, error });
                }
            }
            Took::Stop => around.stops.push(self.session.to_string()),
        }
    }

    /// Journal records go on to the loop; a terminal's output only as its last line.
    fn hand_on(&mut self, most: usize, around: &mut Around<'_>) {
        if self.kind == LaunchKind::Pty {
            if around.dice.one_in(4) {
                let line = format!("output {}", around.dice.below(1000));
                self.events.push_back(HostLinkEvent::Activity { line });
            }
            return;
        }
        let mut records = around.job.journal.after(self.after);
        records.truncate(most);
        if let Some(last) = records.last() {
            self.after = last.seq;
            self.events.push_back(HostLinkEvent::Records(records));
        }
    }

    /// The connection breaks: what the host has not read is lost.
    pub fn lost(&mut self, around: &mut Around<'_>) {
        if !matches!(self.stage, Stage::Connected { .. } | Stage::Ended) {
            return;
        }
        self.asked.lost();
        let why = "it closed the connection".to_owned();
        self.events.push_back(HostLinkEvent::Unwritten { why });
        self.connect_at(around.now + RECONNECT_FIRST);
    }

    /// The supervisor was killed: the host still reads what was written to its socket, and some of
    /// what was on the way there.
    pub fn orphaned(mut self, around: &mut Around<'_>) {
        let Stage::Connected { mut outgoing, .. } =
            std::mem::replace(&mut self.stage, Stage::Ended)
        else {
            return;
        };
        while !around.dice.one_in(3) {
            let Ok(command) = self.queue.try_recv() else { break };
            outgoing.extend(self.asked.request(command));
        }
        if around.job.is_alive() {
            for request in outgoing {
                self.host_reads(request, around);
            }
        }
    }

    fn report_end(&mut self, finding: Finding, around: &mut Around<'_>) {
        if matches!(finding, Finding::Starting) {
            around.job.process = Process::None;
        }
        let records = around.job.journal.after(self.after);
        let mut records = records.into_iter().peekable();
        while records.peek().is_some() {
            let batch = records.by_ref().take(RECORD_BATCH_MAX).collect();
            self.events.push_back(HostLinkEvent::Records(batch));
        }
        let words = end::words_of(around.job.journal.after(0).into_iter());
        self.events.push_back(end::ended(finding, words));
    }
}

/// The end of a wait for a host that was started now.
pub fn launch_until(now: Duration) -> Duration {
    now + LAUNCH_TIMEOUT
}
