//! What may happen in one step of a run, and how often.

use crate::client::Ask;
use crate::host::{Process, SimulatedJob};
use crate::ledger::Errand;
use crate::line::Stage;
use crate::run::Run;
use nightshift_model::{Answer, SessionId, Wish};
use nightshift_protocol::{Command, Dispatch, DispatchWork, Environment, StandingAct};
use nightshift_supervisor::inbox::Inbox;
use std::time::Duration;

/// Sessions that are not removed at once; each takes its share of the steps.
const SESSIONS: usize = 8;
const HOUR: Duration = Duration::from_secs(3_600);
const DAY_MS: i128 = 24 * 3_600 * 1_000;

/// Cron tasks of every kind: at every turn, now and then, once a day, hardly ever.
const CRONS: [&str; 5] = ["* * * * *", "*/7 * * * *", "15 */2 * * *", "30 3 * * *", "0 0 29 2 *"];

#[derive(Clone, Copy)]
enum Draw {
    Deliver,
    Live,
    Read,
    Command,
    Moment,
    Hour,
    Sleep,
    SetClock,
    Stall,
    Leave,
    Kill,
    KillSoon,
    HostKilled,
    AgentKilled,
    LineBreaks,
    Unreachable,
    Unreadable,
    Refuses,
    DiskFull,
    MemoryShort,
    Start,
    Routine,
}

const DRAWS: &[(u64, Draw)] = &[
    (380, Draw::Deliver),
    (330, Draw::Live),
    (60, Draw::Read),
    (90, Draw::Command),
    (70, Draw::Moment),
    (2, Draw::Hour),
    (2, Draw::Sleep),
    (2, Draw::SetClock),
    (4, Draw::Stall),
    (4, Draw::Leave),
    (2, Draw::Kill),
    (6, Draw::KillSoon),
    (3, Draw::HostKilled),
    (3, Draw::AgentKilled),
    (5, Draw::LineBreaks),
    (3, Draw::Unreachable),
    (3, Draw::Unreadable),
    (3, Draw::Refuses),
    (4, Draw::DiskFull),
    (1, Draw::MemoryShort),
    (30, Draw::Start),
    (9, Draw::Routine),
];

impl Run {
    pub fn step(&mut self) {
        let drawn = self.world().dice.weighted(DRAWS);
        match drawn.unwrap_or(Draw::Deliver) {
            Draw::Deliver => {
                self.deliver();
            }
            Draw::Live => {
                self.live();
            }
            Draw::Read => self.somebody_reads(),
            Draw::Command => self.somebody_asks(),
            Draw::Moment => self.moment(),
            Draw::Hour => {
                let time = HOUR.mul_f64(0.5 + self.below(40) as f64 / 10.0);
                self.pass(time);
            }
            Draw::Sleep => {
                let hours = i128::from(self.below(12) as u32 + 1);
                self.world().tell(|| format!("the machine sleeps {hours} h"));
                self.world().jump(hours * 3_600_000);
                self.with_core(|_| {});
            }
            Draw::SetClock => {
                let by = [-DAY_MS, DAY_MS, 365 * DAY_MS, -365 * DAY_MS, -90_000][self.below(5)];
                self.world().tell(|| format!("the clock is set by {by} ms"));
                self.world().jump(by);
                self.with_core(|_| {});
            }
            Draw::Stall => {
                let index = self.below(self.clients.len());
                if let Some(client) = self.clients.get_mut(index) {
                    client.stalled = !client.stalled;
                }
            }
            Draw::Leave if !self.clients.is_empty() => {
                let index = self.below(self.clients.len());
                self.client_leaves(index);
            }
            Draw::Leave => {}
            Draw::Kill if self.core.is_some() => {
                self.world().tell(|| "killed between two messages".to_owned());
                self.supervisor_gone();
            }
            Draw::Kill => {}
            Draw::KillSoon => {
                let places = self.below(12) as u64;
                self.world().kill_in = Some(places);
            }
            Draw::MemoryShort => {
                self.world().short = true;
                self.with_core(|core| core.handle(Inbox::Pressure));
                self.world().short = false;
            }
            Draw::Start => self.start_supervisor(),
            Draw::Routine => self.somebody_plans(),
            draw => self.harm(draw),
        }
    }

    fn below(&self, bound: usize) -> usize {
        usize::try_from(self.world().dice.below(bound as u64)).unwrap_or(0)
    }

    fn moment(&mut self) {
        let now = self.world().now;
        let to_next = self.next_due().map(|due| due.saturating_sub(now));
        let some = Duration::from_millis(self.below(2_000) as u64 + 1);
        let time = match to_next {
            Some(next) if next < HOUR && self.below(2) == 0 => next.max(Duration::from_millis(1)),
            _ => some,
        };
        self.pass(time);
    }

    fn somebody_reads(&mut self) {
        let mail = self.clients.iter().enumerate().filter(|(_, c)| c.has_mail());
        let mail: Vec<usize> = mail.map(|(i, _)| i).collect();
        let picked = self.world().dice.pick(&mail).copied();
        if let Some(index) = picked {
            self.client_reads(index);
        }
    }

    // ---- harm

    fn harm(&mut self, draw: Draw) {
        let mut world = self.world();
        if let Draw::DiskFull = draw {
            let full = !world.disk_full && world.dice.one_in(2);
            world.tell(|| format!("the disk is full: {full}"));
            world.disk_full = full;
            return;
        }
        if let Draw::LineBreaks = draw {
            let lines = world.lines.iter().enumerate();
            let lines = lines.filter(|(_, l)| matches!(l.stage, Stage::Connected { .. }));
            let lines: Vec<usize> = lines.map(|(i, _)| i).collect();
            if let Some(index) = world.dice.pick(&lines).copied() {
                let id = world.lines[index].session.clone();
                world.tell(|| format!("the connection to the host of {id} breaks"));
                world.line_breaks(index);
            }
            return;
        }
        let alive = world.jobs.iter().filter(|(_, job)| job.is_alive());
        let alive: Vec<String> = alive.map(|(id, _)| id.clone()).collect();
        let Some(id) = world.dice.pick(&alive).cloned() else { return };
        let at = world.at();
        let Some(job) = world.jobs.get_mut(&id) else { return };
        let what = match draw {
            Draw::HostKilled => {
                job.process = Process::None;
                "its host is killed"
            }
            Draw::AgentKilled => {
                job.child_killed(at);
                "its child is killed"
            }
            Draw::Unreachable => {
                job.unreachable = !job.unreachable;
                "its host can be reached or not"
            }
            Draw::Unreadable => {
                job.unreadable = !job.unreadable;
                "its documents can be read or not"
            }
            _ => {
                job.refuses = !job.refuses;
                "its host takes lines or not"
            }
        };
        world.tell(|| format!("{id}: {what}"));
    }

    // ---- commands

    fn somebody_asks(&mut self) {
        let Some(index) = self.any_client() else { return };
        let known: Vec<SessionId> =
            self.core.iter().flat_map(|core| core.sessions.keys().cloned()).collect();
        let id = self.world().dice.pick(&known).cloned();
        let few = known.len() < SESSIONS;
        let (Some(id), false) = (id, few && self.below(3) == 0) else {
            if few {
                self.dispatches(index);
            }
            return;
        };
        let session = id.to_string();
        let over = known.len() >= SESSIONS;
        match self.below(28) {
            0..=6 => self.replies(index, session),
            7..=12 => self.answers(index, &id),
            13 => self.clients[index].ask(Command::Interrupt { session }, Ask::Other),
            14 => {
                let ask = Ask::Stop { session: session.clone(), wakes: 0 };
                self.clients[index].ask(Command::Stop { session }, ask);
            }
            15 => self.removes(index, session),
            16 | 17 if over => self.removes(index, session),
            16 => {
                let env = self.environment();
                self.clients[index].ask(Command::Respawn { session, env }, Ask::Other);
            }
            17 => {
                let name = format!("name {}", self.below(100));
                self.clients[index].ask(Command::Rename { session, name }, Ask::Other);
            }
            18 => {
                let pinned = self.below(2) == 0;
                self.clients[index].ask(Command::Pin { session, pinned }, Ask::Other);
            }
            19 => self.clients[index].follows_board(),
            20 => self.clients[index].follows_talk(id),
            21 => {
                let command = Command::Logs { session, raw: false, offset: 0, since: None };
                self.clients[index].ask(command, Ask::Other);
            }
            22 => self.clients[index].ask(Command::Why { session }, Ask::Other),
            23 | 24 => self.schedules(index, session),
            25 => self.acts(index, session, StandingAct::LoopStop),
            _ => self.clients[index].ask(Command::List, Ask::Other),
        }
    }

    pub fn removes(&mut self, index: usize, session: String) {
        let ask = Ask::Remove { session: session.clone() };
        self.clients[index]
            .ask(Command::Remove { session, discard: false, keep_worktree: false }, ask);
    }

    pub fn environment(&self) -> Environment {
        let given = self.below(5) > 0;
        Environment::from_iter(given.then(|| ("HOME".to_owned(), "/".to_owned())))
    }

    pub fn dispatches(&mut self, index: usize) {
        let agent = self.below(4) > 0;
        let errand = if self.below(12) == 0 { Errand::Long } else { Errand::Short };
        self.dispatch(index, agent, errand);
    }

    /// Asks for a session: an agent's, or a job.
    pub fn dispatch(&mut self, index: usize, agent: bool, errand: Errand) {
        let token = agent.then(|| self.world().ledger.token(None, errand));
        let work = match token {
            Some(token) => DispatchWork::Agent {
                prompt: self.world().ledger.tokens[token].text.clone(),
                agent: Some("rehearsal".into()),
                model: None,
                permission_mode: None,
            },
            None => {
                let command = if errand == Errand::Long { "loop" } else { "work" };
                DispatchWork::Shell { command: command.into() }
            }
        };
        let env = Environment::from([("HOME".to_owned(), "/".to_owned())]);
        let (cwd, worktree, enclosures) = ("/".into(), Wish::Never, Vec::new());
        let dispatch = Dispatch { work, name: None, cwd, env, worktree, enclosures };
        self.clients[index].ask(Command::Dispatch(dispatch), Ask::Dispatch { token });
    }

    /// Something that goes on by itself, with a prompt of its own.
    fn schedules(&mut self, index: usize, session: String) {
        let prompt = self.world().ledger.beat();
        let act = match CRONS.get(self.below(CRONS.len() + 1)) {
            Some(cron) => {
                let recurring = self.below(3) > 0;
                StandingAct::CronCreate { cron: (*cron).into(), prompt, recurring, durable: false }
            }
            None => StandingAct::LoopStart { text: format!("3m {prompt}") },
        };
        self.acts(index, session, act);
    }

    fn acts(&mut self, index: usize, session: String, act: StandingAct) {
        let env = self.environment();
        self.clients[index].ask(Command::Standing { session, act, env }, Ask::Other);
    }

    fn replies(&mut self, index: usize, session: String) {
        let errand = if self.below(15) == 0 { Errand::Long } else { Errand::Short };
        self.reply(index, session, errand);
    }

    pub fn reply(&mut self, index: usize, session: String, errand: Errand) {
        let env = self.environment();
        let token = self.world().ledger.token(Some(session.clone()), errand);
        let text = self.world().ledger.tokens[token].text.clone();
        self.clients[index].ask(
            Command::Reply { session, text, env, enclosures: Vec::new() },
            Ask::Reply { token },
        );
    }

    /// Answers what is open now; by the time the loop hears of it that may be over.
    pub fn answers(&mut self, index: usize, id: &SessionId) {
        let Some(core) = &self.core else { return };
        let Some(entry) = core.sessions.get(id) else { return };
        let needs = entry.session.needs().to_vec();
        let Some(need) = self.world().dice.pick(&needs).cloned() else { return };
        let word = need.question.split([' ', '?']).find(|w| w.starts_with("ask-")).unwrap_or("");
        let answer = match need.options.is_empty() {
            true => Answer::Text { text: format!("re {word}") },
            false if self.below(2) == 0 => Answer::Allow,
            false => Answer::Deny,
        };
        let times = if self.below(6) == 0 { 2 } else { 1 };
        for _ in 0..times {
            let (session, need) = (id.to_string(), Some(need.id.clone()));
            let (answer, env) = (answer.clone(), Environment::new());
            let command = Command::Answer { session, need, answer, shown_ms: None, env };
            self.clients[index].ask(command, Ask::Other);
        }
    }
}

impl SimulatedJob {
    /// Its child dies by a signal; the host records that.
    fn child_killed(&mut self, at: nightshift_model::Millis) {
        self.end(at, None, Some(9));
    }
}
