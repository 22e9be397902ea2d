//! Scenes of work that goes on by itself: hours and days of cron tasks, loops and goals, with kills of
//! the supervisor, sleep and clocks that are set.

use crate::ledger::Errand;
use crate::run::Run;
use crate::scenes::scene;
use nightshift_model::standing::{GoalEnd, GoalPhase, Pace};
use nightshift_model::{SessionId, Standing, State};
use nightshift_protocol::{Command, Environment, Request, StandingAct};
use nightshift_settings::Watched;
use nightshift_supervisor::inbox::{ConnId, Held, Inbox};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

impl Run {
    fn act(&mut self, id: &SessionId, act: StandingAct) {
        let session = id.to_string();
        let command = Command::Standing { session, act, env: Environment::new() };
        self.request(command);
    }

    fn request(&mut self, command: Command) {
        let request = Request { id: 1, command };
        self.with_core(|core| {
            core.handle(Inbox::Request {
                conn: ConnId::NOBODY,
                request,
                held: Held::default(),
                turn: None,
            })
        });
    }

    fn say(&mut self, id: &SessionId, text: &str) {
        let (session, text) = (id.to_string(), text.to_owned());
        self.request(Command::Reply {
            session,
            text,
            env: Environment::new(),
            enclosures: Vec::new(),
        });
    }

    fn standing(&self, id: &SessionId) -> &Standing {
        &self.session(id).agent().expect("an agent").standing
    }

    /// How often the agent was told this.
    fn heard(&self, id: &SessionId, text: &str) -> u32 {
        let world = self.world();
        world.jobs[id.as_str()].memory.heard.get(text).copied().unwrap_or(0)
    }

    fn heard_with(&self, id: &SessionId, beginning: &str) -> u32 {
        let world = self.world();
        let heard = world.jobs[id.as_str()].memory.heard.iter();
        heard.filter(|(text, _)| text.starts_with(beginning)).map(|(_, times)| times).sum()
    }

    fn live_for(&mut self, minutes: u64) {
        for _ in 0..minutes {
            self.live_on(MINUTE);
        }
    }

    /// Some time in which sessions may start their processes for what is due.
    fn live_on(&mut self, time: Duration) {
        for id in self.ids() {
            self.world().ledger.wake(id.as_str());
        }
        self.pass(time);
        self.go_on(SECOND);
    }

    fn cron(&mut self, id: &SessionId, cron: &str, prompt: &str, recurring: bool) {
        let (cron, prompt) = (cron.to_owned(), prompt.to_owned());
        self.act(id, StandingAct::CronCreate { cron, prompt, recurring, durable: false });
    }

    /// Judged by rules in the goal's own words.
    fn judge_by_rules(&mut self, dir: &std::path::Path) {
        let file = dir.join("settings.toml");
        std::fs::write(&file, "[judge]\nprovider = \"fixed\"\n").expect("settings");
        self.with_core(|core| {
            core.settings = Watched::new(file);
            nightshift_supervisor::features::settings::refresh(core);
        });
    }
}

#[test]
fn a_cron_task_runs_once_each_time_over_kills_sleep_and_set_clocks() {
    let mut run = scene();
    let id = run.begin(true, Errand::Short);
    run.cron(&id, "*/10 * * * *", "look", true);
    run.cron(&id, "3 */2 * * *", "tidy", true);
    assert_eq!(run.standing(&id).crons.len(), 2);
    for hour in 0..30 {
        run.live_for(60);
        match hour % 5 {
            1 => run.kill_supervisor(),
            2 => run.sleep(3),
            3 => run.world().jump(-2 * 3_600_000),
            _ => {}
        }
        run.go_on(SECOND);
        let standing = run.standing(&id).clone();
        for (task, text) in standing.crons.iter().zip(["look", "tidy"]) {
            assert_eq!(task.runs, run.heard(&id, text), "hour {hour}: {task:?}");
        }
    }
    let runs: Vec<u32> = run.standing(&id).crons.iter().map(|task| task.runs).collect();
    // Thirty hours awake, some of them lived twice by a clock that was set back.
    assert!((140..=190).contains(&runs[0]) && (14..=30).contains(&runs[1]), "{runs:?}");
    run.all_is_well();
}

#[test]
fn a_recurring_task_ends_after_seven_days_and_a_one_shot_after_its_run() {
    let mut run = scene();
    let id = run.begin(true, Errand::Short);
    run.cron(&id, "0 */6 * * *", "look", true);
    run.cron(&id, "30 12 * * *", "once", false);
    for _ in 0..8 * 24 * 4 {
        run.live_on(15 * MINUTE);
    }
    assert_eq!(run.standing(&id).crons, vec![]);
    assert_eq!(run.heard(&id, "once"), 1);
    assert!((27..=29).contains(&run.heard(&id, "look")), "{}", run.heard(&id, "look"));
    let remarks = &run.standing(&id).remarks;
    assert!(remarks.iter().any(|r| r.text.contains("seven days")), "{remarks:?}");
    run.all_is_well();
}

#[test]
fn a_stopped_session_stays_stopped_and_says_what_it_missed() {
    let mut run = scene();
    let id = run.begin(true, Errand::Short);
    run.cron(&id, "*/10 * * * *", "look", true);
    run.request(Command::Stop { session: id.to_string() });
    run.world().ledger.of(id.as_str()).stop_asked = true;
    run.go_on(10 * SECOND);
    for _ in 0..60 {
        run.pass(MINUTE);
        run.go_on(SECOND);
    }
    assert_eq!((run.word(&id), run.heard(&id, "look")), ("stopped", 0));
    run.reply(0, id.to_string(), Errand::Short);
    run.go_on(10 * SECOND);
    assert_eq!(run.heard(&id, "look"), 0);
    let remarks = run.standing(&id).remarks.clone();
    assert!(remarks.iter().any(|r| r.text.contains("the session was stopped")), "{remarks:?}");
    run.live_for(25);
    assert!(run.heard(&id, "look") >= 1);
    run.all_is_well();
}

#[test]
fn a_loop_runs_at_once_then_by_its_pace_and_escape_ends_it_alone() {
    let mut run = scene();
    let id = run.begin(true, Errand::Short);
    run.cron(&id, "0 0 1 1 *", "rare", true);
    run.say(&id, "/loop 5m look around");
    run.go_on(5 * SECOND);
    assert_eq!(
        (run.heard(&id, "look around"), run.standing(&id).looping.as_ref().unwrap().runs),
        (1, 1)
    );
    run.live_for(30);
    let runs = run.standing(&id).looping.as_ref().unwrap().runs;
    assert!((5..=7).contains(&runs), "{runs}");
    assert_eq!(run.heard(&id, "look around"), runs);
    run.request(Command::Interrupt { session: id.to_string() });
    assert_eq!(run.standing(&id).looping, None);
    assert_eq!(run.standing(&id).crons.len(), 1);
    run.live_for(20);
    assert_eq!(run.heard(&id, "look around"), runs);
    run.all_is_well();
}

#[test]
fn a_loop_without_an_interval_is_steady_without_tools_and_falls_back_once_with_them() {
    let mut run = scene();
    let id = run.begin(true, Errand::Short);
    run.say(&id, "/loop go round");
    run.go_on(5 * SECOND);
    let pace = |run: &Run| run.standing(&id).looping.as_ref().map(|l| l.pace.clone());
    assert_eq!(pace(&run), Some(Pace::Steady { minutes: 10 }));
    run.live_for(35);
    assert!((3..=4).contains(&run.heard(&id, "go round")), "{}", run.heard(&id, "go round"));
    run.act(&id, StandingAct::ToolsReady);
    assert_eq!(pace(&run), Some(Pace::SelfPaced));
    let before = run.heard(&id, "go round");
    // One run that was planned, one fallback, and then nobody wants more.
    run.live_for(90);
    assert_eq!(run.standing(&id).looping, None);
    assert_eq!(run.heard(&id, "go round"), before + 2);
    // An agent that chooses its pace goes on.
    run.say(&id, "/loop go round");
    run.go_on(5 * SECOND);
    for _ in 0..4 {
        let reason = "the build runs".to_owned();
        let act =
            StandingAct::ScheduleWakeup { delay_seconds: 5, reason, prompt: None, stop: false };
        run.act(&id, act);
        let next = run.standing(&id).looping.as_ref().unwrap().next_at.unwrap();
        assert_eq!(next.since(run.world().at()), 60_000);
        run.live_for(2);
    }
    assert_eq!(run.standing(&id).looping.as_ref().unwrap().runs, 5);
    run.all_is_well();
}

#[test]
fn a_loop_of_a_command_that_shows_something_needs_no_turn() {
    let mut run = scene();
    let id = run.begin(true, Errand::Short);
    run.say(&id, "/loop 7m /tasks");
    run.go_on(5 * SECOND);
    run.live_for(30);
    let looping = run.standing(&id).looping.clone().unwrap();
    assert!((4..=6).contains(&looping.runs), "{looping:?}");
    assert_eq!(run.heard(&id, "/tasks"), 0);
    let shown = run.standing(&id).remarks.iter().filter(|r| r.text.contains("loop")).count();
    assert!(shown >= 4, "{:?}", run.standing(&id).remarks);
    run.all_is_well();
}

#[test]
fn a_goal_is_judged_after_each_turn_and_a_killed_supervisor_feeds_no_verdict_twice() {
    let dir = tempfile::tempdir().unwrap();
    let mut run = scene();
    run.judge_by_rules(dir.path());
    let id = run.begin(true, Errand::Short);
    run.say(&id, "/goal contains:never said by anybody");
    let mut kills = 0;
    while run.word(&id) != "needs_input" && kills < 50 {
        run.go_on(Duration::from_millis(500));
        let judging = run.session(&id).is_judging();
        if judging || kills % 3 == 2 {
            run.kill_supervisor();
            run.judge_by_rules(dir.path());
        }
        kills += 1;
        run.go_on(3 * SECOND);
    }
    let standing = run.standing(&id).clone();
    let goal = standing.goal.unwrap();
    assert!(matches!(goal.phase, GoalPhase::Paused { .. }), "{:?}", goal.phase);
    // The directive, and one prompt for each verdict that was not the last.
    let fed = u32::try_from(goal.verdicts.len()).unwrap() - 1;
    assert_eq!(run.heard_with(&id, "The goal is not met yet"), fed);
    assert_eq!(run.heard_with(&id, "Goal: "), 1);
    run.all_is_well();
}

#[test]
fn a_verdict_that_cannot_be_stored_waits_and_is_fed_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut run = scene();
    run.judge_by_rules(dir.path());
    let id = run.begin(true, Errand::Short);
    run.say(&id, "/goal contains:never said by anybody");
    run.world().disk_full = true;
    for _ in 0..3 {
        run.go_on(15 * SECOND);
        assert_eq!(run.heard_with(&id, "The goal is not met yet"), 0);
        run.kill_supervisor();
        run.judge_by_rules(dir.path());
    }
    run.go_on(15 * SECOND);
    assert_eq!((run.heard_with(&id, "Goal: "), run.word(&id)), (1, "working"));
    run.world().disk_full = false;
    run.go_on(15 * SECOND);
    let standing = run.standing(&id).clone();
    let fed = u32::try_from(standing.goal.unwrap().verdicts.len()).unwrap() - 1;
    assert!(fed > 0);
    assert_eq!(run.heard_with(&id, "The goal is not met yet"), fed);
    run.all_is_well();
}

#[test]
fn a_goal_is_met_and_a_reply_after_a_brake_goes_on_counted_anew() {
    let dir = tempfile::tempdir().unwrap();
    let mut run = scene();
    run.judge_by_rules(dir.path());
    let id = run.begin(true, Errand::Short);
    run.say(&id, "/goal contains:All is done; contains:and more");
    for _ in 0..10 {
        run.go_on(5 * SECOND);
    }
    let State::NeedsInput { needs } = run.session(&id).state.clone() else {
        panic!("{:?}", run.session(&id));
    };
    assert!(needs[0].question.contains("The goal is paused"), "{needs:?}");
    let judged = |run: &Run| run.standing(&id).goal.as_ref().unwrap().verdicts.len();
    let before = judged(&run);
    run.reply(0, id.to_string(), Errand::Short);
    for _ in 0..10 {
        run.go_on(5 * SECOND);
    }
    // No tool in three turns again: counted from the reply on.
    assert_eq!(judged(&run), before + 3);
    run.say(&id, "/goal contains:All is done");
    for _ in 0..10 {
        run.go_on(5 * SECOND);
    }
    let last = run.standing(&id).last_goal.clone().unwrap();
    assert!(matches!(last.how, GoalEnd::Met), "{last:?}");
    assert_eq!(run.standing(&id).goal, None);
    run.all_is_well();
}
