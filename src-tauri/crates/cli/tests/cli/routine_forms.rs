//! Definitions as the window's form writes them, and runs that leave the board by themselves.

use crate::support::Shift;
use nightshift_client::Client;
use nightshift_protocol::calls::{self, Call};
use nightshift_protocol::routine::{RoutineEdit, RoutineSaved};
use nightshift_protocol::{Fault, SessionView};
use nightshift_testkit::{wait_for, wait_until};
use serde_json::{Value, json};
use std::path::PathBuf;

fn shift() -> Shift {
    let shift = Shift::new();
    std::fs::create_dir_all(shift.home.state()).unwrap();
    let settings = "[judge]\nprovider = \"fixed\"\n";
    std::fs::write(shift.home.state().join("settings.toml"), settings).unwrap();
    shift
}

/// One call, as the window makes it.
fn ask<C: Call>(shift: &Shift, call: C) -> Result<C::Reply, Fault> {
    shift.ok(&["routines", "list"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = Client::connect(&shift.home.home()).await.unwrap();
        client.ask(call).await
    })
}

fn edits(keys: &[(&str, Value)]) -> Vec<RoutineEdit> {
    let edit = |(path, value): &(&str, Value)| RoutineEdit {
        path: path.split('.').map(str::to_owned).collect(),
        value: (!value.is_null()).then(|| value.to_string()),
    };
    keys.iter().map(edit).collect()
}

fn save(shift: &Shift, routine: Option<&str>, name: &str, keys: &[(&str, Value)]) -> RoutineSaved {
    let (routine, name) = (routine.map(str::to_owned), name.to_owned());
    let call = calls::SaveRoutine { routine, name, edits: edits(keys), check: false };
    ask(shift, call).unwrap()
}

fn file(shift: &Shift, name: &str) -> PathBuf {
    shift.home.state().join("routines").join(format!("{name}.md"))
}

fn text(shift: &Shift, name: &str) -> String {
    std::fs::read_to_string(file(shift, name)).unwrap()
}

fn view_of(shift: &Shift, session: &str) -> SessionView {
    ask(shift, calls::Show { session: session.to_owned() }).unwrap()
}

/// The latest run once it is finished.
fn finished(shift: &Shift, name: &str) -> Value {
    wait_for("the run to finish", || {
        let runs = shift.json(&["routines", "runs", name, "--json"]);
        (runs[0]["state"] == "finished").then(|| runs[0].clone())
    })
}

#[test]
fn a_form_writes_a_new_routine_and_changes_it_key_by_key() {
    let shift = shift();
    let saved = save(
        &shift,
        None,
        "nightly",
        &[
            ("prompt", json!("say all is well")),
            ("agent", json!("rehearsal")),
            ("timezone", json!("Europe/Berlin")),
            ("trigger.0", json!({"schedule": "0 9 * * 1-5"})),
            ("environment.from", json!("none")),
            ("outcome.goal", json!("contains:all is well")),
        ],
    );
    assert_eq!(saved.problems, []);
    let view = saved.routine.unwrap();
    assert_eq!((view.name.as_str(), view.timezone.as_str()), ("nightly", "Europe/Berlin"));
    assert!(view.next_run_at.is_some(), "it counts at once");
    // What a person writes into the file stays through what the form does to it.
    let by_hand = text(&shift, "nightly").replace("agent =", "# asked by Ada\nagent =");
    std::fs::write(file(&shift, "nightly"), &by_hand).unwrap();
    let keys = [("policy.retries", json!(3)), ("trigger.1", json!({"every": "2h"}))];
    assert_eq!(save(&shift, Some("nightly"), "", &keys).problems, []);
    let now = text(&shift, "nightly");
    for part in ["# asked by Ada\n", "retries = 3", "every = \"2h\"", "schedule = \"0 9 * * 1-5\""]
    {
        assert!(now.contains(part), "{part}: {now}");
    }
    let detail = ask(&shift, calls::ShowRoutine { routine: "nightly".into() }).unwrap();
    let form = detail.form.unwrap();
    assert_eq!((form.retries, form.triggers.len()), (3, 2));
    assert_eq!(form.triggers[0].words, "every weekday at 09:00");
    assert_eq!(form.prompt, "say all is well");
}

#[test]
fn mistakes_are_told_by_field_and_nothing_is_written() {
    let shift = shift();
    let keys = [
        ("prompt", json!("say hi")),
        ("timezone", json!("Mars/Base")),
        ("policy.deadline", json!("soon")),
        ("repository", json!("https://example.org/a.git")),
    ];
    let saved = save(&shift, None, "Bad Name", &keys);
    let fields: Vec<&str> = saved.problems.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(fields, ["name", "timezone", "policy.deadline"], "{saved:?}");
    let lacking = save(&shift, None, "fine", &[keys[0].clone(), keys[3].clone()]);
    assert_eq!(lacking.problems[0].field, "repository", "{lacking:?}");
    assert!(!file(&shift, "fine").exists());
    let check = |name: &str| {
        let edits = edits(&keys[..1]);
        let name = name.to_owned();
        ask(&shift, calls::SaveRoutine { routine: None, name, edits, check: true }).unwrap()
    };
    assert_eq!(check("fine"), RoutineSaved::default());
    assert!(!file(&shift, "fine").exists(), "it was only checked");
    assert_eq!(save(&shift, None, "fine", &keys[..1]).problems, []);
    assert_eq!(check("fine").problems[0].field, "name", "there is one already");
}

#[test]
fn a_schedule_is_shown_before_it_is_written() {
    let shift = shift();
    let preview = |schedule: &str, timezone: Option<&str>| {
        let (schedule, timezone) = (schedule.to_owned(), timezone.map(str::to_owned));
        ask(&shift, calls::PreviewSchedule { schedule, timezone })
    };
    let found = preview("every weekday at 9, triage new issues", Some("Asia/Tokyo")).unwrap();
    assert_eq!((found.kind.as_str(), found.value.as_str()), ("schedule", "0 9 * * 1-5"));
    assert_eq!(found.rest, "triage new issues");
    assert_eq!(found.timezone, "Asia/Tokyo");
    // Tokyo has no summer time: nine there is midnight in UTC.
    let day_ms = 24 * 60 * 60 * 1000;
    assert_eq!(found.upcoming.len(), 5);
    assert!(found.upcoming.iter().all(|at| at % day_ms == 0), "{found:?}");
    assert_eq!(preview("every 2h", None).unwrap().kind, "every");
    let wrong = |schedule: &str, zone: Option<&str>| preview(schedule, zone).unwrap_err().message;
    assert!(wrong("sometimes", None).contains("not understood"));
    assert!(wrong("61 * * * *", None).contains("minute"));
    assert!(wrong("hourly", Some("Mars/Base")).contains("no time zone"));
}

#[test]
fn a_run_that_did_what_it_was_for_leaves_the_board_and_one_with_a_problem_stays() {
    let shift = shift();
    let keys = |prompt: &str, notify: &str| {
        vec![
            ("prompt", json!(prompt)),
            ("agent", json!("rehearsal")),
            ("environment.from", json!("none")),
            ("outcome.goal", json!("contains:all is well")),
            ("outcome.notify", json!(notify)),
        ]
    };
    for (name, prompt, notify, outcome, archived) in [
        ("clean", "say all is well", "problems", "met", true),
        ("digest", "say all is well", "always", "met", false),
        ("denied", "run echo no\nsay all is well", "problems", "met", false),
        ("undone", "say nothing", "problems", "not_met", false),
    ] {
        assert_eq!(save(&shift, None, name, &keys(prompt, notify)).problems, []);
        shift.ok(&["routines", "run", name]);
        let run = finished(&shift, name);
        assert_eq!(run["outcome"], outcome, "{name}: {run}");
        let session = run["session"].as_str().unwrap();
        let mark = || view_of(&shift, session).routine.unwrap();
        wait_until(name, || mark().archived == archived);
        assert_eq!(
            (mark().name.as_str(), mark().occurrence),
            (name, run["id"].as_str().unwrap().to_owned())
        );
        // Its conversation is there all the same, and whoever goes on with it sees it again.
        if archived {
            shift.wait_log(session, "all is well");
            shift.ok(&["reply", session, "say and now"]);
            wait_until("it comes back", || !mark().archived);
        }
    }
}
