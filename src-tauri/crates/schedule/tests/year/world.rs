//! The simulated world: one machine with its clocks, one supervisor at a time, sessions with their turns, a user
//! who sleeps, travels and sets the clock. All of it follows from a seed.

use crate::ledger::{Event, Ledger, Truth};
use crate::zones::zone;
use fastrand::Rng;
use jiff::tz::TimeZone;
use nightshift_schedule::{
    Cause, ClockReading, Cron, Facts, Plan, SessionActivity, Task, Turn, plan,
};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;
const TASKS_PER_SESSION: usize = 5;
/// The supervisor looks at least so often.
const LOOK_EVERY: i64 = MINUTE / 2;
/// Three events of the world a day.
const MEAN_BETWEEN_EVENTS: i64 = 8 * HOUR;
/// Events this old cannot be the cause of anything any more.
const REMEMBERED: usize = 400;
const ZONES: [&str; 5] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Santiago",
];

struct Session {
    tasks: Vec<Task>,
    ledgers: Vec<Ledger>,
    /// The turn in progress, or the last one, in true time; and its beginning in wall time.
    busy_until: Option<i64>,
    busy_since_wall: i64,
    last_turn: Option<Turn>,
    /// The next look in true time.
    look_at: i64,
    turns: Vec<Event>,
}

pub struct World {
    random: Rng,
    true_ms: i64,
    /// Wall time is true time plus this.
    offset_ms: i64,
    booted_at: i64,
    slept_ms: i64,
    boot: u32,
    run: u32,
    zone_name: &'static str,
    zone: TimeZone,
    /// How wrong the clock is, to be put right by the next setting.
    wrong_by_ms: i64,
    last_look: Option<ClockReading>,
    last_event_at: i64,
    sessions: Vec<Session>,
    events: Vec<Event>,
    made: u32,
    runs: u32,
    counted: u32,
    late: std::collections::BTreeMap<String, u32>,
}

impl World {
    pub fn new(seed: u64, tasks: usize) -> World {
        let start: jiff::Timestamp = "2026-02-01T00:00:00Z".parse().unwrap();
        let mut world = World {
            random: Rng::with_seed(seed),
            true_ms: 0,
            offset_ms: start.as_millisecond(),
            booted_at: 0,
            slept_ms: 0,
            boot: 0,
            run: 0,
            zone_name: ZONES[0],
            zone: zone(ZONES[0]),
            wrong_by_ms: 0,
            last_look: None,
            last_event_at: 0,
            sessions: Vec::new(),
            events: Vec::new(),
            made: 0,
            runs: 0,
            counted: 0,
            late: std::collections::BTreeMap::new(),
        };
        for _ in 0..tasks / TASKS_PER_SESSION {
            world.sessions.push(Session {
                tasks: Vec::new(),
                ledgers: Vec::new(),
                busy_until: None,
                busy_since_wall: 0,
                last_turn: None,
                look_at: 0,
                turns: Vec::new(),
            });
        }
        world
    }

    pub fn live_a_year(&mut self) {
        let mut next_event = self.wait();
        while self.true_ms < YEAR {
            let next = self.sessions.iter().map(Session::next_at).min().unwrap();
            if next_event <= next {
                self.true_ms = self.true_ms.max(next_event);
                self.something_happens();
                next_event = self.true_ms + self.wait();
                continue;
            }
            self.true_ms = self.true_ms.max(next);
            // The looks in between, of which only the last one matters.
            if let Some(last) = &self.last_look
                && last.wall_ms < self.wall() - LOOK_EVERY
            {
                let back = (self.true_ms - self.last_event_at).min(self.random.i64(0..LOOK_EVERY));
                self.true_ms -= back;
                self.last_look = Some(self.look());
                self.true_ms += back;
            }
            for index in 0..self.sessions.len() {
                if self.sessions[index].next_at() <= self.true_ms {
                    self.turn_ends(index);
                    self.look_at_session(index);
                }
            }
        }
    }

    pub fn check_the_end(&mut self) {
        for index in 0..self.sessions.len() {
            self.sessions[index].busy_until = self.sessions[index].busy_until.map(|_| self.true_ms);
            self.turn_ends(index);
            self.look_at_session(index);
            for task in &self.sessions[index].tasks {
                let next = task.next(&self.zone).unwrap();
                assert!(next.due_ms > self.wall(), "forgotten: {task:?}");
            }
            let ledgers = std::mem::take(&mut self.sessions[index].ledgers);
            self.counted += ledgers.iter().map(|ledger| ledger.counted).sum::<u32>();
        }
        println!(
            "{} runs of {} tasks, {} counted, late for {:?}",
            self.runs, self.made, self.counted, self.late
        );
        assert!(
            self.runs > 10_000 && self.counted * 10 > self.runs * 6,
            "{} {}",
            self.runs,
            self.counted
        );
        let causes = ["Slept", "SupervisorAway", "TurnInProgress", "ClockJump", "ZoneChange"];
        assert!(causes.iter().all(|cause| self.late.contains_key(*cause)), "{:?}", self.late);
        assert!(!self.late.contains_key("Overloaded"), "{:?}", self.late);
    }

    fn wait(&mut self) -> i64 {
        self.random.i64(MINUTE..2 * MEAN_BETWEEN_EVENTS)
    }

    fn wall(&self) -> i64 {
        self.true_ms + self.offset_ms
    }

    fn look(&self) -> ClockReading {
        let since_boot_ms = self.true_ms - self.booted_at;
        ClockReading {
            wall_ms: self.wall(),
            awake_ms: since_boot_ms - self.slept_ms,
            since_boot_ms,
            boot: self.boot.to_string(),
            run: self.run.to_string(),
            zone: self.zone_name.to_owned(),
        }
    }

    /// One event, after which the supervisor looks at all sessions.
    fn something_happens(&mut self) {
        self.last_look = Some(self.look());
        let from_ms = self.wall();
        let before = self.offset_ms;
        let long = self.random.i64(MINUTE..10 * HOUR);
        let cause = match self.random.u8(..20) {
            0..6 => {
                self.true_ms += long;
                self.slept_ms += long;
                Cause::Slept
            }
            6..11 => {
                self.true_ms += long / 4;
                self.run += 1;
                Cause::SupervisorAway
            }
            11..13 => {
                self.true_ms += long;
                self.booted_at = self.true_ms - MINUTE;
                self.slept_ms = 0;
                self.boot += 1;
                self.run += 1;
                Cause::SupervisorAway
            }
            13..16 => {
                self.set_the_clock();
                Cause::ClockJump
            }
            16..18 => {
                self.zone_name = ZONES[self.random.usize(..ZONES.len())];
                self.zone = zone(self.zone_name);
                self.sessions
                    .iter_mut()
                    .flat_map(|s| &mut s.ledgers)
                    .for_each(Ledger::zone_changed);
                Cause::ZoneChange
            }
            _ => {
                self.user_talks();
                return;
            }
        };
        let wall_ms = self.wall();
        if self.offset_ms != before {
            let back = self.offset_ms < before;
            self.sessions
                .iter_mut()
                .flat_map(|s| &mut s.ledgers)
                .for_each(|l| l.clock_set(wall_ms, back));
        }
        // A zone's change brings times of the last day and more.
        let from_ms = if cause == Cause::ZoneChange { from_ms - 2 * DAY } else { from_ms };
        self.events.push(Event { cause, from_ms: from_ms.min(wall_ms), to_ms: wall_ms });
        self.events.drain(..self.events.len().saturating_sub(REMEMBERED));
        self.last_event_at = self.true_ms;
        for index in 0..self.sessions.len() {
            self.turn_ends(index);
            self.look_at_session(index);
        }
        self.last_look = Some(self.look());
    }

    /// Forth, back, or right again; once in a while by weeks.
    fn set_the_clock(&mut self) {
        let by_ms = match (self.wrong_by_ms, self.random.u8(..12)) {
            (0, 0) => 20 * DAY,
            (0, 1) => -20 * DAY,
            (0, _) => self.random.i64(-3 * DAY..3 * DAY),
            (wrong_by_ms, _) => -wrong_by_ms,
        };
        self.wrong_by_ms += by_ms;
        self.offset_ms += by_ms;
    }

    fn user_talks(&mut self) {
        let index = self.random.usize(..self.sessions.len());
        if self.sessions[index].busy_until.is_none() {
            let length = self.random.i64(MINUTE..3 * HOUR);
            self.begin_turn(index, length);
        }
    }

    fn begin_turn(&mut self, index: usize, length: i64) {
        let (until, wall) = (self.true_ms + length, self.wall());
        let session = &mut self.sessions[index];
        session.busy_until = Some(until);
        session.busy_since_wall = wall;
    }

    fn turn_ends(&mut self, index: usize) {
        let (now, wall) = (self.true_ms, self.wall());
        let session = &mut self.sessions[index];
        if session.busy_until.is_some_and(|until| until <= now) {
            let (began_ms, ended_ms) = (session.busy_since_wall, wall);
            session.busy_until = None;
            session.last_turn = Some(Turn { began_ms, ended_ms });
        }
    }

    fn look_at_session(&mut self, index: usize) {
        while self.sessions[index].tasks.len() < TASKS_PER_SESSION {
            let task = self.new_task();
            let ledger = Ledger::new(self.true_ms, self.wall());
            self.sessions[index].tasks.push(task);
            self.sessions[index].ledgers.push(ledger);
        }
        let now = self.look();
        let session = &self.sessions[index];
        let standing = match session.busy_until {
            Some(_) => SessionActivity::Busy { since_ms: session.busy_since_wall },
            None => SessionActivity::Idle { last_turn: session.last_turn },
        };
        let last_look = self.last_look.as_ref();
        let facts = Facts { tasks: &session.tasks, standing, last_look, zone: &self.zone };
        let mut planned = plan(&now, &facts);
        if self.random.u8(..50) == 0 {
            // Killed between the plan and its commit; the next supervisor plans from what is stored.
            let stored = serde_json::to_string(&session.tasks).unwrap();
            let tasks: Vec<Task> = serde_json::from_str(&stored).unwrap();
            let again = plan(&now, &Facts { tasks: &tasks, ..facts });
            assert_eq!(again, planned);
            planned = again;
        }
        self.carry_out(index, standing, &planned);
    }

    fn carry_out(&mut self, index: usize, standing: SessionActivity, planned: &Plan) {
        let (true_ms, wall_ms) = (self.true_ms, self.wall());
        let session = &mut self.sessions[index];
        let mut events = self.events.clone();
        let turn = match standing {
            SessionActivity::Busy { since_ms } => Some((since_ms, wall_ms)),
            SessionActivity::Idle { last_turn } => {
                last_turn.map(|turn| (turn.began_ms, turn.ended_ms))
            }
            SessionActivity::Stopped => None,
        };
        if let Some((from_ms, to_ms)) = turn {
            let cause = Cause::TurnInProgress;
            session.turns.push(Event {
                cause,
                from_ms: from_ms.min(to_ms),
                to_ms: to_ms.max(from_ms),
            });
            session.turns.drain(..session.turns.len().saturating_sub(REMEMBERED));
        }
        events.extend(&session.turns);
        let truth = Truth { true_ms, wall_ms, zone: &self.zone, events: &events };
        let mut ran = false;
        for decision in &planned.decisions {
            let at = session.tasks.iter().position(|task| task.id == decision.id).unwrap();
            session.ledgers[at].account(&session.tasks[at], decision, &truth);
            if let Some(run) = &decision.run {
                ran = true;
                self.runs += 1;
                if let Some(cause) = run.late {
                    *self.late.entry(format!("{cause:?}")).or_default() += 1;
                }
            }
            if decision.ended.is_some() {
                self.counted += session.ledgers.remove(at).counted;
                session.tasks.remove(at);
            } else {
                session.tasks[at].progress = decision.progress.clone();
            }
        }
        let next_ms = planned.next_look_ms.map(|at| true_ms + (at - wall_ms).max(0));
        session.look_at = next_ms.unwrap_or(true_ms + DAY) + self.random.i64(0..LOOK_EVERY);
        if ran {
            let length = self.random.i64(MINUTE..20 * MINUTE);
            self.begin_turn(index, length);
        }
    }

    fn new_task(&mut self) -> Task {
        self.made += 1;
        let id = format!("{:08x}", self.random.u32(..));
        let now = self.look();
        let (minute, hour) = (self.random.u8(..60), self.random.u8(..24));
        let text = match self.random.u8(..10) {
            0 => format!("{minute} {hour} * * 6,0"),
            1 => format!("*/30 {hour} * * *"),
            2 => format!("{minute} */{} * * *", self.random.u8(6..12)),
            3 => format!("{minute} {hour} * * 1-5"),
            4 => format!("0,30 {hour} * * *"),
            5 => format!("{minute} 1-3 */2 * *"),
            6 => format!("{minute} {hour} {} * {}", self.random.u8(1..29), self.random.u8(..7)),
            _ => format!("{minute} {hour} * * *"),
        };
        let cron: Cron = text.parse().unwrap();
        match self.random.u8(..10) {
            0 => Task::delay(&id, self.random.i64(MINUTE..DAY), &now),
            1 => Task::once(&id, &cron, &now, &self.zone).unwrap(),
            2 => Task { expires_ms: None, ..Task::recurring(&id, cron, &now) },
            _ => Task::recurring(&id, cron, &now),
        }
    }
}

impl Session {
    fn next_at(&self) -> i64 {
        self.busy_until.unwrap_or(self.look_at)
    }
}
