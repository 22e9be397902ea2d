//! Loops, whole (L1–L4): started from the shell and from prompts, paced by an interval or by the agent,
//! over the death of their supervisor, paused, stopped, and fed from a file.

use crate::support::{Shift, id_of, pass};
use nightshift_platform::clock;
use nightshift_testkit::wait_until;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// An agent that runs commands without asking and has ended its first turn.
fn agent(shift: &Shift) -> String {
    let args = ["--bg", "--agent", "rehearsal", "--permission-mode", "auto", "--json", "say ready"];
    let id = id_of(&shift.json(&args));
    shift.wait_state(&id, "done");
    id
}

fn show(shift: &Shift, id: &str) -> Value {
    shift.json(&["loop", "show", id, "--json"])["loop"].clone()
}

fn heard(shift: &Shift, id: &str, text: &str) -> usize {
    shift.ok(&["logs", id]).matches(text).count()
}

/// Lets the time until `at` pass, in parts that are short enough for a test's patience.
fn pass_until(at: u64) {
    while let Some(left @ 1..) = at.checked_sub(clock::now().0) {
        pass(Duration::from_millis(left.min(30_000)));
    }
}

fn loop_file(below: &Path, text: &str) {
    std::fs::create_dir_all(below.join(".claude")).unwrap();
    std::fs::write(below.join(".claude/loop.md"), text).unwrap();
}

/// The fixed interval and the agent's own pace in one test: both take a minute at least.
#[test]
fn runs_come_by_the_interval_or_when_the_agent_wants_over_killed_supervisors() {
    let shift = Shift::new();
    let (fixed, own) = (agent(&shift), agent(&shift));
    let started = shift.ok(&["loop", "start", &fixed, "5s", "run", "echo", "beat"]);
    assert!(started.contains("every minute (5 seconds became 1 minute"), "{started}");
    let wake =
        "tool ScheduleWakeup {\"delaySeconds\": 5, \"reason\": \"the build runs\"}\nsay pulse";
    shift.ok(&["loop", "start", &own, wake]);
    // The first run is at once.
    shift.wait_entry(&fixed, "its first run", |_| show(&shift, &fixed)["runs"] == 1);
    shift.wait_entry(&own, "its pace", |_| show(&shift, &own)["reason"] == "the build runs");
    let paced = show(&shift, &own);
    assert_eq!(paced["pace"]["type"], "self_paced", "it has shown that it can");
    let next = |looping: &Value| looping["nextAt"].as_u64().unwrap();
    let due = [next(&show(&shift, &fixed)), next(&paced)];
    shift.kill_supervisor();
    assert_eq!([next(&show(&shift, &fixed)), next(&show(&shift, &own))], due, "it keeps its times");
    let listed = shift.ok(&["tasks"]);
    assert!(listed.contains(&format!("{fixed}.loop")), "{listed}");
    for (id, at) in [(&fixed, due[0]), (&own, due[1])] {
        pass_until(at);
        shift.wait_entry(id, "its second run", |_| show(&shift, id)["runs"] == 2);
        shift.kill_supervisor();
    }
    shift.wait_entry(&own, "the next wake-up", |_| show(&shift, &own)["nextAt"].is_u64());
    assert_eq!(show(&shift, &fixed)["runs"], heard(&shift, &fixed, "> [loop] run echo beat"));
    assert_eq!(show(&shift, &own)["runs"], heard(&shift, &own, "> [loop] tool ScheduleWakeup"));
    // Esc while it waits ends the loop, and nothing else.
    shift.ok(&["cron", "create", &own, "0 0 1 1 *", "say happy new year"]);
    shift.ok(&["interrupt", &own]);
    assert_eq!(show(&shift, &own), Value::Null);
    assert_eq!(shift.json(&["cron", "list", &own, "--json"]).as_array().unwrap().len(), 1);
    shift.ok(&["loop", "stop", &fixed]);
    assert_eq!(shift.ok(&["loop", "show", &fixed]).trim(), "no loop");
    shift.fails(&["loop", "stop", &fixed], &["has no loop", "nightshift loop start"]);
}

#[test]
fn an_interval_is_read_where_it_stands_and_its_rounding_is_said() {
    let shift = Shift::new();
    let id = agent(&shift);
    for (text, chosen, prompt) in [
        ("30m say a", "every 30 minutes", "say a"),
        ("say b every 2 hours", "every 2 hours", "say b"),
        ("7m say c", "every 6 minutes (7 minutes became 6 minutes", "say c"),
        ("45m say d", "every hour (45 minutes became 1 hour", "say d"),
        ("7d say e", "every 7 days", "say e"),
    ] {
        let started = shift.json(&["loop", "start", &id, text, "--json"]);
        let words = started["words"].as_str().unwrap();
        assert!(words.contains(chosen), "{text}: {words}");
        assert_eq!(started["loop"]["prompt"]["text"], prompt, "{started}");
        shift.wait_entry(&id, "its first run", |_| show(&shift, &id)["runs"] == 1);
    }
    for (text, part) in [("0m say x", "0 minutes"), ("1.5h say x", "write it in smaller ones")] {
        shift.fails(&["loop", "start", &id, text], &[part]);
    }
}

#[test]
fn an_agent_that_asks_for_no_wake_up_gets_one_and_one_that_stops_gets_none() {
    let shift = Shift::new();
    let id = agent(&shift);
    // It has not shown that it can call our tools.
    let started = shift.ok(&["loop", "start", &id, "say nothing to do"]);
    assert!(started.contains("10 minutes after each run"), "{started}");
    shift.wait_entry(&id, "its next run", |_| show(&shift, &id)["nextAt"].is_u64());
    assert_eq!(show(&shift, &id)["pace"]["minutes"], 10);
    shift.ok(&["reply", &id, "tool CronList {}"]);
    shift.wait_entry(&id, "the agent's own pace", |_| {
        show(&shift, &id)["pace"]["type"] == "self_paced"
    });
    // A run without a word about the next: one fallback, in twenty minutes.
    shift.wait_state(&id, "done");
    shift.ok(&["loop", "start", &id, "say nothing to do"]);
    shift.wait_entry(&id, "a fallback", |_| show(&shift, &id)["fallback"] == true);
    let looping = show(&shift, &id);
    let minutes = (looping["nextAt"].as_u64().unwrap() - clock::now().0).div_ceil(60_000);
    assert_eq!((minutes, &looping["reason"]), (20, &"the agent asked for no wake-up".into()));
    shift.wait_state(&id, "done");
    // The agent's own end.
    shift.ok(&["reply", &id, "tool ScheduleWakeup {\"stop\": true}"]);
    shift.wait_entry(&id, "no loop", |_| show(&shift, &id).is_null());
    let log = shift.ok(&["logs", &id]);
    assert!(log.contains("The loop was stopped, after 1 runs."), "{log}");
}

#[test]
fn a_loop_without_a_prompt_sends_its_file_as_it_is_at_each_run() {
    let shift = Shift::new();
    let id = agent(&shift);
    let run = |part: &str| {
        shift.ok(&["loop", "start", &id]);
        shift.wait_log(&id, part)
    };
    run("> [loop] Look after what this session is about.");
    shift.wait_state(&id, "done");
    loop_file(&shift.home.user_home(), "say from the user's own file");
    run("> [loop] say from the user's own file");
    shift.wait_state(&id, "done");
    let trust = || shift.ok(&["trust", "add", &shift.home.work().to_string_lossy()]);
    loop_file(&shift.home.work(), "say from the project");
    trust();
    run("> [loop] say from the project");
    shift.wait_state(&id, "done");
    let long = format!("say edited\n{}END", "say it again\n".repeat(2_500));
    loop_file(&shift.home.work(), &long);
    trust();
    let log = run("> [loop] say edited");
    assert!(!log.contains("END"), "25,000 bytes at most");
    let why = shift.ok(&["why", &id]);
    assert!(why.contains("its loop.md is longer than 25,000 bytes"), "{why}");
    assert_eq!(show(&shift, &id)["prompt"]["type"], "file");
}

#[test]
fn nothing_runs_while_schedules_are_paused_and_what_was_due_runs_once_then() {
    let shift = Shift::new();
    let id = agent(&shift);
    shift.ok(&["schedules", "pause"]);
    shift.ok(&["loop", "start", &id, "30m", "say", "paused"]);
    shift.kill_supervisor();
    assert!(shift.ok(&["schedules"]).contains("schedules are paused"));
    pass(Duration::from_secs(3));
    assert_eq!(
        (heard(&shift, &id, "> [loop] say paused"), &show(&shift, &id)["runs"]),
        (0, &0.into())
    );
    shift.ok(&["schedules", "resume"]);
    shift.wait_log(&id, "> [loop] say paused");
    assert_eq!(show(&shift, &id)["runs"], 1);
}

#[test]
fn a_variable_turns_loops_and_cron_off_and_says_so() {
    for name in ["NIGHTSHIFT_DISABLE_CRON", "CLAUDE_CODE_DISABLE_CRON"] {
        let shift = Shift::with(&[(name, "1")]);
        let id = agent(&shift);
        shift.fails(&["loop", "start", &id, "5m say x"], &["turned off", "unset it"]);
        shift.fails(&["cron", "create", &id, "* * * * *", "say x"], &["turned off"]);
        shift.ok(&["reply", &id, "tool CronCreate {\"cron\": \"* * * * *\", \"prompt\": \"x\"}"]);
        shift.wait_log(&id, "cron tasks and loops are turned off");
    }
}

#[test]
fn a_loop_and_cron_tasks_stay_with_a_session_that_is_stopped_and_started_again() {
    let shift = Shift::new();
    let id = agent(&shift);
    shift.ok(&["loop", "start", &id, "30m", "say", "beat"]);
    shift.wait_log(&id, "> [loop] say beat");
    shift.ok(&["cron", "create", &id, "0 0 1 1 *", "say happy new year"]);
    shift.wait_state(&id, "done");
    shift.ok(&["stop", &id]);
    shift.wait_state(&id, "stopped");
    shift.ok(&["respawn", &id]);
    wait_until("the loop to be there again", || show(&shift, &id)["runs"] == 1);
    assert_eq!(shift.json(&["cron", "list", &id, "--json"]).as_array().unwrap().len(), 1);
    assert_eq!(
        heard(&shift, &id, "> [loop] say beat"),
        1,
        "nothing is run for having been stopped"
    );
}
