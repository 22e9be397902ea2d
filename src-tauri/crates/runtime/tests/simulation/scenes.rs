//! Scenes: one fault or one piece of life each, step by step, in the simulated world.

use crate::agent::Mood;
use crate::check;
use crate::client::Ask;
use crate::host::{Outcome, Process};
use crate::ledger::Errand;
use crate::line::Stage;
use crate::run::Run;
use nightshift_model::{Liveness, Session, SessionId, State};
use nightshift_protocol::Command;
use nightshift_supervisor::inbox::{Held, HostLinkEvent, Inbox};
use nightshift_supervisor::limits::REFUSED_PAUSE;
use std::collections::BTreeMap;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR_MS: i128 = 3_600_000;
/// Room for everything a client of a scene is sent.
const ROOMY: usize = 10_000;

/// A world in which nothing goes wrong by itself, with a supervisor and a client.
pub fn scene() -> Run {
    let mut run = Run::new(7);
    run.world().mood = Mood::Calm;
    run.world().power_cut = None;
    run.start_supervisor();
    run.connect_with(ROOMY);
    run
}

impl Run {
    /// Dispatches a session and lets it get where it gets.
    pub fn begin(&mut self, agent: bool, errand: Errand) -> SessionId {
        let before = self.ids();
        self.dispatch(0, agent, errand);
        self.go_on(5 * SECOND);
        let new = self.ids().into_iter().find(|id| !before.contains(id));
        new.expect("a new session on the board")
    }

    pub fn ids(&self) -> Vec<SessionId> {
        self.core.iter().flat_map(|core| core.sessions.keys().cloned()).collect()
    }

    pub fn session(&self, id: &SessionId) -> &Session {
        &self.core.as_ref().expect("a supervisor").sessions[id].session
    }

    pub fn word(&self, id: &SessionId) -> &'static str {
        self.session(id).state.word()
    }

    /// The living processes by session.
    fn pids(&self) -> BTreeMap<String, u32> {
        let world = self.world();
        let pid =
            |(id, job): (&String, &crate::host::SimulatedJob)| Some((id.clone(), job.child_pid()?));
        world.jobs.iter().filter_map(pid).collect()
    }

    pub fn kill_supervisor(&mut self) {
        self.supervisor_gone();
        self.start_supervisor();
        self.connect_with(ROOMY);
    }

    pub fn sleep(&mut self, hours: i128) {
        self.world().jump(hours * HOUR_MS);
        self.with_core(|_| {});
    }

    fn line_of(&self, id: &SessionId) -> usize {
        let found = self.world().lines.iter().position(|line| line.session == *id);
        found.expect("a link of the session")
    }

    /// Everything that must hold does.
    pub fn all_is_well(&mut self) {
        self.come_to_rest();
        let faults = check::settled(self);
        assert!(faults.is_empty(), "{faults:?}\n{}", self.world().story());
        if let Err(story) = self.found(0) {
            panic!("{story}");
        }
    }
}

#[test]
fn failures_04_a_day_with_sleep_gaps_stops_nothing() {
    let mut run = scene();
    let working = run.begin(true, Errand::Long);
    let waiting = run.begin(true, Errand::Question);
    let looping = run.begin(false, Errand::Long);
    let resting = run.begin(true, Errand::Short);
    let words = |run: &Run| {
        [&working, &waiting, &looping, &resting]
            .map(|id| (run.word(id), run.session(id).is_alive()))
    };
    let begun = words(&run);
    assert_eq!(begun[..3], [("working", true), ("needs_input", true), ("working", true)]);
    let pids = run.pids();
    let clocks = |run: &Run| {
        let world = run.world();
        (world.wall_ms, world.now)
    };
    let begin = clocks(&run);
    let mut gaps = 0;
    // Awake for less than the hour after which an agent is put to rest, asleep for the other day.
    while clocks(&run).1 - begin.1 < 50 * MINUTE {
        for _ in 0..10 {
            run.pass(30 * SECOND);
            run.go_on(Duration::ZERO);
        }
        gaps += 1;
        run.sleep(2 + gaps % 3);
        if gaps % 4 == 0 {
            run.kill_supervisor();
            run.go_on(SECOND);
        }
        assert_eq!(run.pids(), pids, "after gap {gaps}");
        assert_eq!(words(&run), begun, "after gap {gaps}");
    }
    let hours = (clocks(&run).0 - begin.0) / 3_600_000;
    assert!(hours >= 24, "{hours} h with {gaps} gaps");
    run.all_is_well();
    // An hour of running is an hour of rest: only what had nothing to do goes, and comes back.
    run.pass(61 * MINUTE);
    run.go_on(10 * SECOND);
    assert_eq!(words(&run)[..3], begun[..3]);
    assert_eq!((run.word(&resting), run.session(&resting).is_alive()), (begun[3].0, false));
    let own = run.session(&resting).agent().and_then(|a| a.agent_session_id.clone());
    run.reply(0, resting.to_string(), Errand::Short);
    run.go_on(5 * SECOND);
    run.all_is_well();
    assert_eq!(run.session(&resting).agent().and_then(|a| a.agent_session_id.clone()), own);
}

#[test]
fn a_clock_that_is_set_changes_nothing() {
    for (name, hours) in [("a day back", -24), ("a year on", 365 * 24), ("a year back", -365 * 24)]
    {
        let mut run = scene();
        let waiting = run.begin(true, Errand::Question);
        let working = run.begin(true, Errand::Long);
        let resting = run.begin(true, Errand::Short);
        let job = run.begin(false, Errand::Long);
        let pids = run.pids();
        let rows = [&waiting, &working, &resting, &job].map(|id| run.session(id).clone());
        run.world().jump(hours * HOUR_MS);
        run.pass(SECOND);
        run.go_on(10 * MINUTE);
        assert_eq!(run.pids(), pids, "{name}");
        for row in &rows {
            let now = run.session(&row.id);
            assert_eq!((&now.state, &now.liveness), (&row.state, &row.liveness), "{name}");
            let wall = run.world().at();
            assert!(wall.since(now.state_since) <= 366 * 24 * 3_600_000, "{name}");
        }
        run.answers(0, &waiting);
        run.go_on(5 * SECOND);
        assert!(!matches!(run.session(&waiting).state, State::NeedsInput { .. }), "{name}");
        run.all_is_well();
    }
}

#[test]
fn a_line_held_back_is_shown_in_time_when_the_clock_is_set_back() {
    let mut run = scene();
    let id = run.begin(false, Errand::Long);
    let generation = run.core.as_ref().unwrap().sessions[&id].generation;
    for line in ["first", "second"] {
        let (session, event) = (id.clone(), HostLinkEvent::Activity { line: line.to_owned() });
        run.with_core(|core| {
            core.handle(Inbox::Link { session, generation, event, held: Held::default() })
        });
    }
    assert_eq!(run.session(&id).line, "first");
    run.world().jump(-24 * HOUR_MS);
    run.pass(16 * SECOND);
    assert_eq!(run.session(&id).line, "second");
}

#[test]
fn a_line_of_a_lost_connection_is_never_written_to_the_next() {
    let mut run = scene();
    let id = run.begin(true, Errand::Short);
    run.reply(0, id.to_string(), Errand::Short);
    run.hand_over(0);
    let index = run.line_of(&id);
    run.world().line_breaks(index);
    run.pass(SECOND);
    // The next connection stands before the loop hears that the last was lost.
    for _ in 0..50 {
        run.world().line_lives(index);
    }
    assert!(matches!(run.world().lines[index].stage, Stage::Connected { .. }));
    let before = run.world().jobs[id.as_str()].memory.heard.len();
    assert_eq!(before, 1, "the line went to a connection that it was not meant for");
    run.go_on(10 * SECOND);
    assert_eq!(run.world().jobs[id.as_str()].memory.heard.len(), 2);
    run.all_is_well();
}

#[test]
fn a_refused_line_is_tried_again_after_a_pause() {
    let mut run = scene();
    let id = run.begin(true, Errand::Short);
    run.world().jobs.get_mut(id.as_str()).unwrap().refuses = true;
    run.reply(0, id.to_string(), Errand::Short);
    run.go_on(Duration::ZERO);
    let wait = run.core.as_ref().unwrap().next_deadline().unwrap();
    assert!(wait > REFUSED_PAUSE / 2 && wait <= REFUSED_PAUSE, "{wait:?}");
    run.world().jobs.get_mut(id.as_str()).unwrap().refuses = false;
    run.go_on(REFUSED_PAUSE - SECOND);
    assert_eq!(run.world().jobs[id.as_str()].memory.heard.len(), 1);
    run.go_on(2 * REFUSED_PAUSE);
    assert_eq!(run.world().jobs[id.as_str()].memory.heard.len(), 2);
    run.all_is_well();
}

#[test]
fn what_is_on_its_way_is_not_written_again_when_another_line_is_tried_again() {
    let mut run = scene();
    let id = run.begin(true, Errand::Question);
    let refuse = |run: &Run, refuses| {
        run.world().jobs.get_mut(id.as_str()).unwrap().refuses = refuses;
    };
    refuse(&run, true);
    run.answers(0, &id);
    run.go_on(SECOND);
    refuse(&run, false);
    // The line of an interrupt waits in the link's queue while the answer's pause ends.
    let session = id.to_string();
    run.clients[0].ask(Command::Interrupt { session }, Ask::Other);
    run.hand_over(0);
    for _ in 0..3 {
        run.pass(REFUSED_PAUSE);
    }
    run.go_on(MINUTE);
    let lines = run.world().jobs[id.as_str()].journal.lock().clone();
    let told = |method: &str| {
        let ours = lines.iter().filter(|r| r.kind == nightshift_protocol::RecordKind::In);
        ours.filter(|r| String::from_utf8_lossy(&r.body).contains(method)).count()
    };
    assert_eq!((told("session/cancel"), told("outcome") + told("action")), (1, 1));
    run.all_is_well();
}

/// A session whose host is being started and takes its time.
fn slow_start(run: &mut Run, takes: Duration) -> SessionId {
    run.dispatch(0, true, Errand::Short);
    while !matches!(
        run.world().lines.last().map(|l| matches!(l.stage, Stage::Spawned { .. })),
        Some(true)
    ) {
        run.deliver();
        run.live();
    }
    let id = run.ids().pop().unwrap();
    let mut world = run.world();
    let ready_at = world.now + takes;
    let job = world.jobs.get_mut(id.as_str()).unwrap();
    job.process = Process::Starting { ready_at, outcome: Outcome::Ready };
    drop(world);
    id
}

#[test]
fn a_session_that_is_stopped_while_it_starts_is_ended_when_it_has_started() {
    let mut run = scene();
    let id = slow_start(&mut run, 20 * SECOND);
    let ask = Ask::Stop { session: id.to_string(), wakes: 0 };
    run.clients[0].ask(Command::Stop { session: id.to_string() }, ask);
    run.go_on(40 * SECOND);
    assert_eq!(run.word(&id), "stopped");
    assert!(run.pids().is_empty());
    run.all_is_well();
}

#[test]
fn a_host_that_gets_ready_too_late_is_no_process_without_a_row() {
    for kills in 0..3 {
        let mut run = scene();
        let id = slow_start(&mut run, 50 * SECOND);
        for _ in 0..kills {
            run.pass(8 * SECOND);
            run.kill_supervisor();
        }
        run.go_on(100 * SECOND);
        let alive = run.session(&id).is_alive();
        assert_eq!(run.pids().len(), usize::from(alive), "killed {kills} times");
        assert!(alive || matches!(run.session(&id).liveness, Liveness::Gone { .. }));
        run.all_is_well();
    }
}

#[test]
fn a_client_that_reads_nothing_is_let_go_and_holds_up_nobody() {
    let mut run = scene();
    let deaf = run.connect_with(4).unwrap();
    run.clients[deaf].stalled = true;
    for _ in 0..6 {
        run.clients[deaf].ask(Command::List, Ask::Other);
    }
    run.clients[0].ask(Command::List, Ask::Other);
    run.go_on(SECOND);
    assert!(run.clients[0].waiting.is_empty());
    let conn = run.clients[deaf].conn;
    run.clients[deaf].stalled = false;
    run.go_on(SECOND);
    assert!(run.clients.iter().all(|c| c.conn != conn), "its connection is still open");
}

#[test]
fn a_removal_answers_whoever_else_waits() {
    let mut run = scene();
    let id = run.begin(true, Errand::Long);
    let other = run.connect_with(ROOMY).unwrap();
    let session = id.to_string();
    let ask = Ask::Stop { session: session.clone(), wakes: 0 };
    run.clients[other].ask(Command::Stop { session: session.clone() }, ask);
    run.removes(0, session);
    run.go_on(10 * SECOND);
    assert!(run.clients.iter().all(|c| c.waiting.is_empty()));
    assert!(run.ids().is_empty());
    run.all_is_well();
}

#[test]
fn a_directory_that_hangs_holds_up_nobody_else() {
    let mut run = scene();
    run.dispatch(0, true, Errand::Short);
    run.hand_over(0);
    assert_eq!(run.world().works.len(), 1, "the directory is looked at beside the loop");
    run.clients[0].ask(Command::List, Ask::Other);
    run.hand_over(0);
    run.client_reads(0);
    let waiting: Vec<&Ask> = run.clients[0].waiting.values().collect();
    assert!(matches!(waiting[..], [Ask::Dispatch { .. }]), "{waiting:?}");
}

#[test]
fn an_agent_that_refused_is_gone_wherever_the_supervisor_is_killed() {
    let mut killed = 0;
    for place in 0..60 {
        let mut run = scene();
        let id = slow_start(&mut run, SECOND);
        run.world().jobs.get_mut(id.as_str()).unwrap().memory.will_refuse = true;
        run.world().kill_in = Some(place);
        run.go_on(MINUTE);
        killed += run.figures.kills;
        assert_eq!((run.word(&id), run.pids().len()), ("failed", 0), "killed at place {place}");
        run.all_is_well();
    }
    assert!(killed > 5, "killed {killed} times");
}

/// A whole life: prompt, question, answer, reply, stop, another reply, removal; killed at each place
/// in turn.
#[test]
fn a_life_is_the_same_wherever_the_supervisor_is_killed_or_the_power_cut() {
    let mut killed = 0;
    for (place, power_cut) in (0..120).flat_map(|place| [(place, None), (place, Some(1))]) {
        let mut run = scene();
        run.world().power_cut = power_cut;
        run.world().kill_in = Some(place);
        run.dispatch(0, true, Errand::Question);
        run.go_on(MINUTE);
        let Some(id) = run.ids().pop() else { continue };
        type Part = fn(&mut Run, SessionId);
        let parts: [Part; 5] = [
            |run, id| run.answers(0, &id),
            |run, id| run.reply(0, id.to_string(), Errand::Short),
            |run, id| {
                let ask = Ask::Stop { session: id.to_string(), wakes: 0 };
                run.clients[0].ask(Command::Stop { session: id.to_string() }, ask);
            },
            |run, id| run.reply(0, id.to_string(), Errand::Short),
            |run, id| run.removes(0, id.to_string()),
        ];
        for part in parts {
            if run.clients.is_empty() {
                run.connect_with(ROOMY);
            }
            part(&mut run, id.clone());
            run.go_on(MINUTE);
        }
        killed += run.figures.kills;
        run.all_is_well();
    }
    assert!(killed > 100, "killed {killed} times");
}

/// Whatever dies when, an agent is asked to reopen only what it has opened itself.
#[test]
fn an_agent_reopens_its_own_session_or_opens_one_wherever_it_or_the_supervisor_dies() {
    let mut killed = 0;
    for (place, steps) in (0..40).flat_map(|place| (0..12).map(move |steps| (place, steps))) {
        let mut run = scene();
        run.world().power_cut = [None, Some(1)][steps % 2];
        run.dispatch(0, true, Errand::Short);
        run.world().kill_in = Some(place);
        for _ in 0..steps * 4 {
            if !(run.deliver() | run.live()) {
                run.pass(Duration::from_millis(100));
            }
        }
        let (at, mut died) = (run.world().at(), false);
        for job in run.world().jobs.values_mut().filter(|job| job.is_alive()) {
            job.end(at, Some(1), None);
            died = true;
        }
        run.go_on(MINUTE);
        killed += run.figures.kills + u64::from(died);
        if let (Some(id), false) = (run.ids().pop(), run.clients.is_empty()) {
            run.reply(0, id.to_string(), Errand::Short);
        }
        run.all_is_well();
    }
    assert!(killed > 300, "{killed} deaths");
}

#[test]
fn an_interrupt_is_repeated_until_the_agent_has_it() {
    for kills in 0..3 {
        let mut run = scene();
        let id = run.begin(true, Errand::Long);
        let refuse = |run: &Run, refuses| {
            run.world().jobs.get_mut(id.as_str()).unwrap().refuses = refuses;
        };
        refuse(&run, true);
        let session = id.to_string();
        run.clients[0].ask(Command::Interrupt { session }, Ask::Other);
        run.go_on(SECOND);
        assert_eq!(run.word(&id), "working");
        for kill in 0..kills {
            // The line is lost with its connection, or with its supervisor.
            match kill {
                0 => run.kill_supervisor(),
                _ => {
                    let index = run.line_of(&id);
                    run.world().line_breaks(index);
                }
            }
            run.go_on(SECOND);
        }
        refuse(&run, false);
        run.go_on(MINUTE);
        assert_eq!(run.word(&id), "idle", "{kills} losses");
        run.all_is_well();
    }
}

/// The end of the process that was to rest could not be stored, and its successor not be looked at.
#[test]
fn a_reply_that_woke_a_resting_agent_keeps_its_process_whatever_the_disk_forgot() {
    let mut run = scene();
    let id = run.begin(true, Errand::Short);
    run.pass(61 * MINUTE);
    assert!(run.session(&id).retiring);
    run.reply(0, id.to_string(), Errand::Long);
    run.hand_over(0);
    run.world().disk_full = true;
    run.go_on(10 * SECOND);
    assert_eq!(run.word(&id), "working");
    let pids = run.pids();
    run.world().jobs.get_mut(id.as_str()).unwrap().unreadable = true;
    run.kill_supervisor();
    run.world().disk_full = false;
    run.go_on(SECOND);
    assert!(matches!(run.session(&id).liveness, Liveness::Unknown { .. }));
    run.world().jobs.get_mut(id.as_str()).unwrap().unreadable = false;
    run.go_on(MINUTE);
    assert_eq!((run.word(&id), run.pids()), ("working", pids));
    run.all_is_well();
}
