//! What a session's tasks do through turns, sleep, restarts, set clocks, journeys and their last day.

mod zones;

use jiff::tz::TimeZone;
use nightshift_schedule::{
    Cause, ClockReading, Cron, Ended, Facts, LIFETIME_MS, Plan, Run, SessionActivity, Task, Turn,
    plan,
};
use zones::zone;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const IDLE: SessionActivity = SessionActivity::Idle { last_turn: None };

/// One session on one machine whose clocks the test moves.
struct World {
    now: ClockReading,
    last: Option<ClockReading>,
    zone: TimeZone,
    tasks: Vec<Task>,
}

impl World {
    /// At a wall time given in UTC.
    fn at(start: &str, zone_name: &str) -> World {
        let start: jiff::Timestamp = start.parse().unwrap();
        let now = ClockReading {
            wall_ms: start.as_millisecond(),
            awake_ms: HOUR,
            since_boot_ms: 2 * HOUR,
            boot: "boot".into(),
            run: "first".into(),
            zone: zone_name.into(),
        };
        World { now, last: None, zone: zone(zone_name), tasks: Vec::new() }
    }

    fn every(mut self, id: &str, cron: &str) -> World {
        self.tasks.push(Task::recurring(id, cron.parse().unwrap(), &self.now));
        self
    }

    fn pass(&mut self, ms: i64) {
        self.sleep(ms);
        self.now.awake_ms += ms;
    }

    fn sleep(&mut self, ms: i64) {
        self.now.since_boot_ms += ms;
        self.now.wall_ms += ms;
    }

    fn move_to(&mut self, name: &str) {
        self.zone = zone(name);
        self.now.zone = name.into();
    }

    fn look(&mut self, standing: SessionActivity) -> Plan {
        let last_look = self.last.as_ref();
        let facts = Facts { tasks: &self.tasks, standing, last_look, zone: &self.zone };
        let planned = plan(&self.now, &facts);
        assert_eq!(planned, plan(&self.now, &facts), "a plan is the same when made again");
        let stored = serde_json::to_string(&self.tasks).unwrap();
        self.tasks = serde_json::from_str(&stored).unwrap();
        planned.apply(&mut self.tasks);
        self.last = Some(self.now.clone());
        planned
    }

    fn runs(&mut self, standing: SessionActivity) -> Vec<Run> {
        self.look(standing).decisions.into_iter().filter_map(|decision| decision.run).collect()
    }

    /// Passes the time until the next look that the plan asks for, and gives what runs then.
    fn next_run(&mut self) -> Run {
        loop {
            let due_ms = self.look(IDLE).next_look_ms.unwrap();
            self.pass(due_ms - self.now.wall_ms);
            if let Some(run) = self.runs(IDLE).pop() {
                return run;
            }
        }
    }
}

#[test]
fn a_task_runs_at_its_times_with_its_jitter_and_no_cause() {
    let mut world = World::at("2026-11-25T10:30:00Z", "UTC").every("a", "0 * * * *");
    let first = world.tasks[0].next(&world.zone).unwrap();
    for hour in 0..3 {
        let run = world.next_run();
        assert_eq!(run.at_ms, first.at_ms + hour * HOUR);
        assert_eq!(run.due_ms, first.due_ms + hour * HOUR);
        assert_eq!((run.late, run.missed.len(), run.last), (None, 0, false));
        assert!(world.runs(IDLE).is_empty(), "run twice");
    }
}

#[test]
fn what_is_due_in_a_turn_runs_once_after_it_and_counts_the_others() {
    let mut world = World::at("2026-11-25T10:59:00Z", "UTC").every("a", "*/10 * * * *");
    world.look(IDLE);
    let since_ms = world.now.wall_ms;
    for _ in 0..4 {
        world.pass(11 * MINUTE);
        let planned = world.look(SessionActivity::Busy { since_ms });
        assert!(planned.decisions.iter().all(|decision| decision.run.is_none()));
        assert_eq!(planned.next_look_ms, None);
    }
    // Also without any look during the turn.
    world.pass(30 * MINUTE);
    let turn = Turn { began_ms: since_ms, ended_ms: world.now.wall_ms };
    let runs = world.runs(SessionActivity::Idle { last_turn: Some(turn) });
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].late, Some(Cause::TurnInProgress));
    assert_eq!(runs[0].missed.len(), 1);
    let missed = runs[0].missed[0];
    assert_eq!((missed.cause, missed.count), (Cause::TurnInProgress, 7));
    assert_eq!(missed.last_ms + 10 * MINUTE, runs[0].at_ms);
}

#[test]
fn what_waited_for_the_turn_of_another_task_names_a_turn() {
    let mut world = World::at("2026-11-25T10:59:00Z", "UTC").every("a", "0 * * * *");
    world.look(IDLE);
    let due_ms = world.tasks[0].next(&world.zone).unwrap().due_ms;
    world.pass(due_ms - world.now.wall_ms + 50 * MINUTE);
    // Looks were taken meanwhile; this session was busy, the last time with the run of another task.
    world.last = Some(world.now.clone());
    world.pass(MINUTE);
    let turn = Turn { began_ms: world.now.wall_ms - 5 * MINUTE, ended_ms: world.now.wall_ms };
    let runs = world.runs(SessionActivity::Idle { last_turn: Some(turn) });
    assert_eq!((runs.len(), runs[0].late), (1, Some(Cause::TurnInProgress)));
}

#[test]
fn sleep_absence_and_load_are_named() {
    for (cause, go) in [
        (Cause::Slept, (|world: &mut World| world.sleep(8 * HOUR)) as fn(&mut World)),
        (Cause::SupervisorAway, |world| {
            world.pass(8 * HOUR);
            world.now.run = "second".into();
        }),
        (Cause::SupervisorAway, |world| {
            world.sleep(8 * HOUR);
            world.last = None;
        }),
        (Cause::Overloaded, |world| world.pass(8 * HOUR)),
        (Cause::ClockJump, |world| {
            world.pass(MINUTE);
            world.now.wall_ms += 8 * HOUR;
        }),
    ] {
        let mut world = World::at("2026-11-25T10:30:00Z", "UTC").every("a", "0 * * * *");
        world.look(IDLE);
        go(&mut world);
        let runs = world.runs(IDLE);
        assert_eq!(runs.len(), 1, "{cause:?}");
        assert_eq!(runs[0].late, Some(cause));
        assert!(runs[0].missed.iter().all(|missed| missed.cause == cause), "{runs:?}");
        assert_eq!(runs[0].missed[0].first_ms % HOUR, 0);
        assert!((6..=7).contains(&runs[0].missed[0].count), "{runs:?}");
    }
}

#[test]
fn a_clock_set_back_runs_nothing_twice_and_a_wrong_clock_set_right_kills_nothing() {
    let mut world = World::at("2026-11-25T08:30:00Z", "UTC").every("a", "0 * * * *");
    let ran: Vec<i64> = (0..3).map(|_| world.next_run().at_ms).collect();
    world.now.wall_ms -= 2 * HOUR + 5 * MINUTE;
    assert!(world.runs(IDLE).is_empty());
    assert_eq!(world.next_run().at_ms, ran[2] + HOUR);

    // The clock is three years ahead for a while.
    let mut world = World::at("2026-11-25T08:30:00Z", "UTC").every("a", "0 * * * *");
    let first = world.next_run();
    world.now.wall_ms += 3 * 365 * 24 * HOUR;
    let runs = world.runs(IDLE);
    assert_eq!((runs.len(), runs[0].late, runs[0].last), (1, Some(Cause::ClockJump), false));
    world.pass(HOUR);
    world.now.wall_ms -= 3 * 365 * 24 * HOUR;
    world.look(IDLE);
    let next = world.next_run().at_ms;
    assert!(next > first.at_ms && next <= first.at_ms + 3 * HOUR, "{next}");
}

#[test]
fn a_journey_neither_repeats_nor_drops_the_run_of_a_day() {
    // West: 09:00 comes a second time.
    let mut world = World::at("2026-11-25T07:00:00Z", "Europe/Berlin").every("a", "0 9 * * *");
    let first = world.next_run();
    world.pass(HOUR);
    world.move_to("America/New_York");
    assert!(world.runs(IDLE).is_empty());
    assert_eq!(world.next_run().at_ms, first.at_ms + 30 * HOUR);
    // East: 09:00 had been already when the zone changed.
    let mut world = World::at("2026-11-25T00:00:00Z", "America/New_York").every("a", "0 9 * * *");
    let first = world.next_run();
    world.pass(19 * HOUR);
    world.move_to("Europe/Berlin");
    let runs = world.runs(IDLE);
    assert_eq!(runs.len(), 1);
    assert_eq!((runs[0].at_ms, runs[0].late), (first.at_ms + 18 * HOUR, Some(Cause::ZoneChange)));
    // West twice, before 09:00 has come again.
    let mut world = World::at("2026-11-25T07:00:00Z", "Europe/Berlin").every("a", "0 9 * * *");
    let first = world.next_run();
    world.pass(HOUR);
    world.move_to("America/New_York");
    world.look(IDLE);
    world.pass(HOUR);
    world.move_to("America/Los_Angeles");
    assert_eq!(world.next_run().at_ms, first.at_ms + 33 * HOUR);
    // What nobody owed in the old zone, nobody owes in the new one; and nothing is owed to days before.
    let mut world = World::at("2026-11-25T08:30:00Z", "Europe/Berlin").every("a", "0 9 * * 3");
    world.look(IDLE);
    world.pass(70 * HOUR);
    world.look(IDLE);
    world.move_to("America/New_York");
    assert!(world.runs(IDLE).is_empty());
    // What its jitter held back when the zone was left comes at the same local time.
    let mut world = World::at("2026-11-25T07:30:00Z", "Europe/Berlin").every("a", "0 9 * * *");
    let next = world.tasks[0].next(&world.zone).unwrap();
    assert!(next.due_ms - next.at_ms > 2 * MINUTE, "take another id");
    world.pass(31 * MINUTE);
    world.look(IDLE);
    world.move_to("America/New_York");
    assert!(world.runs(IDLE).is_empty());
    assert_eq!(world.next_run().at_ms, next.at_ms + 6 * HOUR);
    // A task that never ran is due when its local time comes.
    let mut world = World::at("2026-11-25T09:00:00Z", "Europe/Berlin").every("a", "0 9 * * *");
    world.move_to("America/New_York");
    assert_eq!(world.next_run().at_ms, world.tasks[0].created_ms + 5 * HOUR);
}

#[test]
fn a_task_of_seven_days_runs_once_more_and_ends() {
    let mut world = World::at("2026-11-25T08:30:00Z", "UTC").every("a", "0 9 * * *");
    let mut runs = Vec::new();
    while !world.tasks.is_empty() {
        runs.push(world.next_run());
    }
    assert_eq!(runs.len(), 8);
    let last = runs.pop().unwrap();
    assert!(last.last && last.due_ms >= world.now.wall_ms - 1);
    assert!(runs.iter().all(|run| !run.last));
    assert!(last.at_ms - runs[0].at_ms == LIFETIME_MS);
    assert_eq!(world.look(IDLE), Plan::default());
}

#[test]
fn one_shots_run_once_a_little_early_and_end() {
    let mut world = World::at("2026-11-25T08:10:00Z", "UTC");
    let cron: Cron = "30 8 25 11 *".parse().unwrap();
    let task = Task::once("a", &cron, &world.now, &world.zone).unwrap();
    world.tasks = vec![task.clone()];
    let run = world.next_run();
    assert_eq!(run.at_ms, world.tasks.first().map_or(run.at_ms, |_| 0));
    assert!((run.at_ms - 90_000..run.at_ms).contains(&run.due_ms), "{run:?}");
    assert!(run.last && run.late.is_none());
    assert!(world.tasks.is_empty());
    // Never before now.
    world.now.wall_ms = run.at_ms - 1;
    let task = Task::once("a", &cron, &world.now, &world.zone).unwrap();
    assert_eq!(task.next(&world.zone).unwrap().due_ms, world.now.wall_ms);
}

#[test]
fn a_delay_counts_passed_time_and_not_the_clock() {
    let mut world = World::at("2026-11-25T08:10:00Z", "UTC");
    world.tasks = vec![Task::delay("a", 20 * MINUTE, &world.now)];
    world.look(IDLE);
    world.pass(5 * MINUTE);
    world.now.wall_ms -= 300 * HOUR;
    assert_eq!(world.look(IDLE).next_look_ms, Some(world.now.wall_ms + 15 * MINUTE));
    world.now.wall_ms += 900 * HOUR;
    assert_eq!(world.look(IDLE).next_look_ms, Some(world.now.wall_ms + 15 * MINUTE));
    world.sleep(16 * MINUTE);
    let runs = world.runs(IDLE);
    assert_eq!((runs.len(), runs[0].late), (1, Some(Cause::Slept)));
    assert!(world.tasks.is_empty());
}

#[test]
fn a_stopped_session_misses_what_was_due_and_goes_on_with_what_comes() {
    let mut world = World::at("2026-11-25T08:10:00Z", "UTC").every("a", "0 * * * *");
    let shot = Task::once("b", &"0 9 * * *".parse().unwrap(), &world.now, &world.zone).unwrap();
    world.tasks.push(shot);
    world.look(IDLE);
    world.pass(5 * HOUR);
    let planned = world.look(SessionActivity::Stopped);
    assert!(planned.decisions.iter().all(|decision| decision.run.is_none()));
    let causes: Vec<_> =
        planned.decisions.iter().flat_map(|d| &d.missed).map(|m| m.cause).collect();
    assert_eq!(causes, [Cause::SessionStopped, Cause::SessionStopped]);
    assert_eq!(planned.decisions[1].ended, Some(Ended::Missed));
    let run = world.next_run();
    assert_eq!((run.late, run.missed.len()), (None, 0));
    world.pass(LIFETIME_MS);
    assert_eq!(world.look(SessionActivity::Stopped).decisions[0].ended, Some(Ended::Expired));
    assert!(world.tasks.is_empty());
}
