//! Scenes of routines: runs that wait, that stand still, that set something for themselves; and how seldom the loop is
//! woken by those that have nothing to do.

use crate::client::Ask;
use crate::run::Run;
use crate::scenes::scene;
use nightshift_model::SessionId;
use nightshift_protocol::routine::RoutineAct;
use nightshift_protocol::{Command, Environment, StandingAct};
use nightshift_routines::occurrence::{ErrorType, Occurrence, State};
use nightshift_store::{LedgerRow, RowsWanted};
use nightshift_supervisor::features::routines::Heard;
use nightshift_supervisor::inbox::Inbox;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

impl Run {
    /// Somebody writes a definition.
    fn define(&mut self, name: &str, front: &str, prompt: &str) {
        let text = format!(
            "+++\nagent = \"rehearsal\"\nrepository = \"/\"\nworktree = \"none\"\n{front}\n[environment]\nfrom = \"none\"\n\
             +++\n{prompt}\n"
        );
        self.world().definitions.all().insert(name.to_owned(), text);
        self.with_core(|core| core.handle(Inbox::Routines(Heard::FilesChanged)));
        self.go_on(SECOND);
    }

    fn routine_act(&mut self, act: RoutineAct) {
        self.clients[0].ask(Command::Routines { act }, Ask::Other);
    }

    fn run_now(&mut self, name: &str) {
        self.routine_act(RoutineAct::Run { routine: name.to_owned(), text: None });
        self.go_on(5 * SECOND);
    }

    /// The newest row of a routine.
    fn latest(&self, name: &str) -> Occurrence {
        let core = self.core.as_ref().expect("a supervisor");
        let id = core.routines.list.iter().find(|(_, routine)| routine.row.name == name);
        let (id, _) = id.expect("the routine is known");
        let wanted = RowsWanted { routine: Some(id), before: None, limit: 1 };
        let rows = self.world().store.rows(wanted).expect("rows");
        rows.into_iter().next().expect("a row").occurrence
    }

    fn session_of(&self, name: &str) -> SessionId {
        SessionId::parse(&self.latest(name).session.expect("a session")).expect("an id")
    }

    fn client_acts(&mut self, id: &SessionId, act: StandingAct) {
        let session = id.to_string();
        let command = Command::Standing { session, act, env: Environment::new() };
        self.world().ledger.of(id.as_str()).standing = true;
        self.clients[0].ask(command, Ask::Other);
        self.go_on(SECOND);
    }

    /// Minutes, in each of which everything happens that is due.
    fn minutes(&mut self, minutes: u32) {
        for _ in 0..minutes {
            self.pass(MINUTE);
            self.go_on(SECOND);
        }
    }
}

#[test]
fn four_questions_that_nobody_answers_stop_no_other_routine() {
    let mut run = scene();
    let asks = "[permissions]\notherwise = \"ask\"";
    for name in ["one", "two", "three", "four"] {
        run.define(name, asks, &format!("question-of-{name}-end"));
        run.run_now(name);
        assert_eq!(run.latest(name).state, State::Running);
        assert_eq!(run.word(&run.session_of(name)), "needs_input");
    }
    run.define("five", "", "word-five-end");
    run.run_now("five");
    assert!(run.latest("five").state.is_over(), "{:?}", run.latest("five"));
    // Those that work take the places, those that wait do not.
    for name in ["six", "seven", "eight", "nine", "ten"] {
        run.define(name, "", &format!("long-{name}-end"));
        run.run_now(name);
    }
    assert_eq!(run.latest("nine").state, State::Running);
    assert_eq!(run.latest("ten").state, State::Due, "four are at work");
    run.kill_supervisor();
    run.go_on(5 * SECOND);
    assert_eq!(run.latest("ten").state, State::Due, "a later supervisor counts the same");
    run.all_is_well();
}

#[test]
fn a_deadline_ends_a_run_whose_host_stands_still() {
    let mut run = scene();
    run.define("still", "[policy]\ndeadline = \"1m\"", "long-still-end");
    run.run_now("still");
    assert_eq!(run.latest("still").state, State::Running);
    let id = run.session_of("still");
    let line = run.world().lines.iter().position(|line| line.session == id).expect("a link");
    if let Some(job) = run.world().jobs.get_mut(id.as_str()) {
        job.unreachable = true;
    }
    run.world().line_breaks(line);
    run.minutes(3);
    let row = run.latest("still");
    assert_eq!(row.state, State::Failed, "{row:?}");
    let error = row.error.expect("an error");
    assert_eq!(error.kind, ErrorType::Deadline);
    assert!(error.message.contains("does not end"), "{error:?}");
    let notices = &run.core.as_ref().expect("a supervisor").notices;
    assert!(notices.iter().any(|notice| notice.text.contains("does not end")), "{notices:?}");
    // It ends when its host goes on, and nothing of it is taken for another run's.
    run.world().ledger.of(id.as_str()).stop_asked = true;
    run.all_is_well();
    assert_eq!(run.word(&id), "stopped");
}

#[test]
fn a_deadline_counts_while_what_a_run_begins_with_is_looked_for() {
    let mut run = scene();
    run.define("slow", "[policy]\ndeadline = \"1m\"", "word-slow-end");
    let routine = "slow".to_owned();
    run.routine_act(RoutineAct::Run { routine, text: None });
    let claimed = |run: &Run| {
        let core = run.core.as_ref().expect("a supervisor");
        core.routines.runs.values().any(|run| run.row.occurrence.state == State::Claimed)
    };
    while !claimed(&run) {
        assert!(run.deliver(), "the run is claimed");
    }
    // Its environment is asked for, and nobody says anything.
    run.pass(2 * MINUTE);
    let row = run.latest("slow");
    assert_eq!(row.error.map(|error| error.kind), Some(ErrorType::Deadline));
    assert_eq!((row.state, row.session), (State::Failed, None));
    // What is found by then starts nothing.
    run.all_is_well();
    assert_eq!(run.ids(), vec![]);
}

#[test]
fn what_a_run_sets_for_itself_ends_with_it() {
    let mut run = scene();
    let front = "[permissions]\notherwise = \"ask\"\n[policy]\ndeadline = \"1h\"";
    run.define("crons", front, "question-crons-end");
    run.run_now("crons");
    let id = run.session_of("crons");
    let cron = StandingAct::CronCreate {
        cron: "*/10 * * * *".to_owned(),
        prompt: "beat 9001".to_owned(),
        recurring: true,
        durable: true,
    };
    run.client_acts(&id, cron);
    let standing = |run: &Run| run.session(&id).agent().expect("an agent").standing.clone();
    assert_eq!(standing(&run).crons.len(), 1);
    run.answers(0, &id);
    run.go_on(5 * SECOND);
    assert!(run.latest("crons").state.is_over());
    assert_eq!(standing(&run).crons, vec![]);
    let remarks = standing(&run).remarks;
    assert!(remarks.iter().any(|it| it.text.contains("1 cron task")), "{remarks:?}");
    // What its user sets afterwards is the user's.
    let looping = StandingAct::LoopStart { text: "5m beat 9002".to_owned() };
    run.client_acts(&id, looping);
    run.kill_supervisor();
    run.go_on(SECOND);
    assert!(standing(&run).looping.is_some());
    run.client_acts(&id, StandingAct::LoopStop);
    run.all_is_well();
}

#[test]
fn a_loop_keeps_its_run_going_until_the_deadline_and_no_longer() {
    let mut run = scene();
    let front = "[permissions]\notherwise = \"ask\"\n[policy]\ndeadline = \"30m\"";
    // Turns of the simulated agent fail now and then: one is looked for whose turns end well.
    let found = (0..20).find_map(|n| {
        let name = format!("loops-{n}");
        run.define(&name, front, &format!("question-{name}-end"));
        run.run_now(&name);
        let id = run.session_of(&name);
        run.client_acts(&id, StandingAct::LoopStart { text: format!("2h beat {}", 9_003 + n) });
        run.answers(0, &id);
        run.go_on(5 * SECOND);
        (run.latest(&name).state == State::Running).then_some((name, id))
    });
    let (name, id) = found.expect("its loop goes on");
    run.world().ledger.of(id.as_str()).stop_asked = true;
    run.minutes(31);
    let row = run.latest(&name);
    assert_eq!(row.error.map(|error| error.kind), Some(ErrorType::Deadline));
    assert_eq!(run.session(&id).agent().expect("an agent").standing.looping, None);
    run.all_is_well();
}

#[test]
fn routines_that_have_nothing_to_do_wake_nobody_before_their_times() {
    let mut run = scene();
    for n in 0..25 {
        let front = "[[trigger]]\nschedule = \"0 23 * * *\"\n[policy]\njitter = \"none\"";
        run.define(&format!("daily-{n}"), front, &format!("word-daily{n}-end"));
    }
    let due_in = |run: &Run| run.core.as_ref().and_then(|core| core.next_deadline());
    let first = due_in(&run).expect("something is planned");
    assert!(first > 22 * HOUR, "the loop sleeps until the first time: {first:?}");
    // What happens to the clock is told, and nothing else wakes it.
    run.sleep(3);
    let after = due_in(&run).expect("something is planned");
    assert!(after > 19 * HOUR && after <= 20 * HOUR, "{after:?}");
    run.pass(after);
    run.go_on(MINUTE);
    for n in 0..25 {
        assert!(run.latest(&format!("daily-{n}")).started_ms.is_some(), "{n}");
    }
    run.all_is_well();
}

#[test]
fn missed_times_that_shall_all_run_come_one_after_the_other() {
    let mut run = scene();
    let front =
        "[[trigger]]\nschedule = \"0 * * * *\"\n[policy]\nmissed = \"all\"\njitter = \"none\"";
    run.define("all", front, "word-all-end");
    run.sleep(5);
    run.go_on(MINUTE);
    let core = run.core.as_ref().expect("a supervisor");
    let (id, _) = core.routines.list.first_key_value().expect("a routine");
    let wanted = RowsWanted { routine: Some(id), before: None, limit: 9 };
    let rows = run.world().store.rows(wanted).expect("rows");
    // How a run ends is its agent's matter; each of them began, and none beside another.
    let ran =
        |row: &LedgerRow| row.occurrence.started_ms.is_some() && row.occurrence.state.is_over();
    assert!(rows.len() == 5 && rows.iter().all(ran), "{rows:?}");
    run.all_is_well();
}
