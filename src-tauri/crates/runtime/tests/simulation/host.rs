//! Simulated session directories and hosts: the contract of files, journal and process, without a
//! machine. What a host's end leaves behind is what a real one leaves.

use crate::agent::{Agent, Memory, Mood};
use nightshift_host::finding::Finding;
use nightshift_model::Millis;
use nightshift_protocol::record::Mark;
use nightshift_protocol::{Exited, HostRequest, Launch, LaunchKind, Ready, Record, RecordKind};
use nightshift_testkit::Dice;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A journal that outlives its host and may be read by others at any time.
#[derive(Clone, Default)]
pub struct Pages(Arc<Mutex<Vec<Record>>>);

impl Pages {
    pub fn lock(&self) -> MutexGuard<'_, Vec<Record>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn last_seq(&self) -> u64 {
        self.lock().last().map_or(0, |r| r.seq)
    }

    pub fn after(&self, after: u64) -> Vec<Record> {
        let pages = self.lock();
        let from = pages.partition_point(|r| r.seq <= after);
        pages[from..].to_vec()
    }
}

/// One host in so many is of an older version.
const OLD_BUILD: u64 = 12;

/// How a launch that was begun will turn out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Ready,
    /// The program cannot be started: the host says so and writes it down.
    Fails,
    /// The host dies before it is ready.
    Dies,
}

pub enum Child {
    /// Ends by itself at this time, if at all.
    Shell {
        ends_at: Option<Duration>,
        code: i32,
    },
    Agent(Box<Agent>),
}

pub enum Process {
    None,
    Starting { ready_at: Duration, outcome: Outcome },
    Alive { child_pid: u32, child: Child, stop_at: Option<Duration> },
}

/// One session directory and its host.
pub struct SimulatedJob {
    pub launch: Option<Launch>,
    pub ready: Option<Ready>,
    pub exit: Option<Exited>,
    pub journal: Pages,
    pub removed: bool,
    /// A mark of a removal was taken away: nobody waited for the disk.
    pub unmarked: bool,
    /// The last record that the disk holds.
    synced: u64,
    /// Launch and readiness documents that may be in memory only.
    pub at_risk: bool,
    pub process: Process,
    /// Lives and accepts no connection.
    pub unreachable: bool,
    /// Its documents cannot be read for now.
    pub unreadable: bool,
    /// Takes no lines: its disk is full, or its agent does not read.
    pub refuses: bool,
    pub memory: Memory,
    /// Counts processes: a launch that was given up must not be taken for a later one.
    pub launches: u32,
    /// When (monotonic) its agent last worked.
    pub worked_at: Duration,
}

/// What a host made of a line.
pub enum Took {
    Line,
    Refused,
    Stop,
}

impl SimulatedJob {
    pub fn new() -> SimulatedJob {
        SimulatedJob {
            launch: None,
            ready: None,
            exit: None,
            journal: Pages::default(),
            removed: false,
            unmarked: false,
            synced: 0,
            at_risk: false,
            process: Process::None,
            unreachable: false,
            unreadable: false,
            refuses: false,
            memory: Memory::default(),
            launches: 0,
            worked_at: Duration::ZERO,
        }
    }

    pub fn inspect(&self) -> Finding {
        if self.unreadable {
            return Finding::Unknown("ready.json cannot be read: too many open files".into());
        }
        match (&self.exit, &self.ready, &self.launch) {
            (Some(exit), _, _) => Finding::Ended(exit.clone()),
            (None, Some(ready), _) if self.is_alive() => Finding::Alive(Box::new(ready.clone())),
            (None, Some(ready), _) => {
                Finding::Gone(format!("its host (pid {}) was killed", ready.pid))
            }
            (None, None, Some(_)) => Finding::Starting,
            (None, None, None) => Finding::NotLaunched,
        }
    }

    pub fn is_alive(&self) -> bool {
        matches!(self.process, Process::Alive { .. })
    }

    pub fn child_pid(&self) -> Option<u32> {
        match self.process {
            Process::Alive { child_pid, .. } => Some(child_pid),
            Process::None | Process::Starting { .. } => None,
        }
    }

    pub fn agent(&self) -> Option<&Agent> {
        match &self.process {
            Process::Alive { child: Child::Agent(agent), .. } => Some(agent),
            _ => None,
        }
    }

    fn append(&mut self, at: Millis, kind: RecordKind, body: Vec<u8>) {
        let floor = self.launch.as_ref().map_or(0, |l| l.journal_after);
        let seq = self.journal.last_seq().max(floor) + 1;
        self.journal.lock().push(Record { seq, at, kind, body });
    }

    /// The host got ready, or did not.
    pub fn get_ready(
        &mut self,
        outcome: Outcome,
        pid: u32,
        at: Millis,
        now: Duration,
        dice: &mut Dice,
    ) {
        let Some(launch) = self.launch.clone() else { return };
        match outcome {
            Outcome::Dies => self.process = Process::None,
            Outcome::Fails => {
                self.process = Process::None;
                self.exit = Some(self.exited(at, None, Some("no such program".into())));
            }
            Outcome::Ready => {
                self.launches += 1;
                self.memory.refused = false;
                let child_pid = pid + 1;
                self.ready = Some(ready(&launch, pid, child_pid, at, dice.one_in(OLD_BUILD)));
                let mark = Mark::Launched { pid: child_pid, prompt: None };
                self.append(at, RecordKind::Mark, serde_json::to_vec(&mark).unwrap());
                let child = match launch.kind {
                    LaunchKind::Pipe => Child::Agent(Box::default()),
                    LaunchKind::Pty => shell(&launch, now, dice),
                };
                self.process = Process::Alive { child_pid, child, stop_at: None };
            }
        }
    }

    /// Carries out what a connection asked. The journal has a line before the agent can.
    pub fn take(
        &mut self,
        request: HostRequest,
        at: Millis,
        now: Duration,
        dice: &mut Dice,
    ) -> Took {
        match request {
            HostRequest::WriteLine { line, .. } => {
                if self.refuses {
                    return Took::Refused;
                }
                self.append(at, RecordKind::In, line.clone().into_bytes());
                self.synced = self.journal.last_seq();
                if let Process::Alive { child: Child::Agent(agent), .. } = &mut self.process {
                    agent.stdin.push_back(line);
                }
                Took::Line
            }
            HostRequest::Stop { grace_ms } => {
                if let Process::Alive { stop_at, .. } = &mut self.process {
                    let takes = Duration::from_millis(dice.below(grace_ms.max(1)));
                    stop_at.get_or_insert(now + takes);
                }
                Took::Stop
            }
            _ => Took::Line,
        }
    }

    /// When its process does something by the clock.
    pub fn due_at(&self) -> Option<Duration> {
        match &self.process {
            Process::None => None,
            Process::Starting { ready_at, .. } => Some(*ready_at),
            Process::Alive { child: Child::Shell { ends_at, .. }, stop_at, .. } => {
                [*ends_at, *stop_at].into_iter().flatten().min()
            }
            Process::Alive { stop_at, .. } => *stop_at,
        }
    }

    pub fn is_busy(&self, mood: Mood, now: Duration) -> bool {
        let due = self.due_at().is_some_and(|at| now >= at);
        due || self.agent().is_some_and(|a| a.is_busy(mood))
    }

    /// One moment of its process. Faults are what the agent should never have been told.
    pub fn live(&mut self, now: Duration, at: Millis, dice: &mut Dice, mood: Mood) -> Vec<String> {
        let mut ends = None;
        let mut moment = crate::agent::Moment::default();
        let worked = self.agent().is_some_and(Agent::is_working);
        match &mut self.process {
            Process::None | Process::Starting { .. } => return Vec::new(),
            Process::Alive { child: Child::Shell { ends_at, code }, .. } => {
                if ends_at.is_some_and(|end| now >= end) {
                    ends = Some((Some(*code), None));
                }
            }
            Process::Alive { child: Child::Agent(agent), .. } => {
                moment = agent.live(&mut self.memory, dice, mood);
                if let Some(code) = moment.dies {
                    ends = Some(if code == 137 { (None, Some(9)) } else { (Some(code), None) });
                }
            }
        }
        if let Process::Alive { stop_at: Some(stop), .. } = self.process
            && now >= stop
        {
            ends = Some((None, Some(15)));
        }
        let works = self.agent().is_some_and(Agent::is_working);
        if moment.did_something && (worked || works) {
            self.worked_at = now;
        }
        for line in std::mem::take(&mut moment.lines) {
            self.append(at, RecordKind::Out, line.into_bytes());
        }
        if let Some((code, signal)) = ends {
            self.end(at, code, signal);
        }
        moment.faults
    }

    /// The child ended and the host writes down how.
    pub fn end(&mut self, at: Millis, code: Option<i32>, signal: Option<i32>) {
        self.process = Process::None;
        let mut exit = self.exited(at, code, None);
        exit.signal = signal;
        self.exit = Some(exit);
        self.synced = self.journal.last_seq();
    }

    /// The machine loses its power: no process is left, and of what nobody waited for the disk to
    /// hold only a part. A record that was torn is as good as none.
    pub fn power_cut(&mut self, dice: &mut Dice) {
        self.process = Process::None;
        let unsure = self.journal.last_seq().saturating_sub(self.synced);
        let last = self.synced + dice.below(unsure + 1);
        self.journal.lock().retain(|r| r.seq <= last);
        self.removed |= std::mem::take(&mut self.unmarked) && dice.one_in(2);
        if std::mem::take(&mut self.at_risk) {
            if dice.one_in(3) {
                self.ready = None;
            }
            if dice.one_in(3) {
                self.launch = None;
            }
        }
    }

    fn exited(&self, at: Millis, code: Option<i32>, spawn_error: Option<String>) -> Exited {
        Exited {
            version: 1,
            code,
            signal: None,
            spawn_error,
            user_time_ms: 0,
            system_time_ms: 0,
            max_rss_kib: 0,
            at,
            last_seq: self.journal.last_seq(),
        }
    }
}

/// A job runs for ever, or ends by itself after a while.
fn shell(launch: &Launch, now: Duration, dice: &mut Dice) -> Child {
    let loops = launch.argv.iter().any(|arg| arg.contains("loop"));
    let ends_at = (!loops && !dice.one_in(3)).then(|| now + Duration::from_secs(dice.below(600)));
    Child::Shell { ends_at, code: i32::from(dice.one_in(3)) }
}

fn ready(launch: &Launch, pid: u32, child_pid: u32, at: Millis, old: bool) -> Ready {
    Ready {
        version: 1,
        pid,
        start_ticks: 1,
        child_pid,
        child_start_ticks: 1,
        boot_id: "sim".into(),
        socket: launch.socket.clone(),
        protocol: 1,
        build: if old { "0.0.1" } else { env!("CARGO_PKG_VERSION") }.into(),
        binary: "sim".into(),
        at,
    }
}
