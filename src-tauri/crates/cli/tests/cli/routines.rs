//! Routines, whole: definitions that people write, runs of real sessions, their outcomes, what is skipped and why,
//! over supervisors that are killed.

use crate::support::{Shift, fields, ran};
use nightshift_testkit::{wait_for, wait_until};
use serde_json::Value;
use std::path::PathBuf;

/// Judged by rules, run by the rehearsal agent, without a login shell.
pub fn definition(front: &str, prompt: &str) -> String {
    format!("+++\nagent = \"rehearsal\"\n{front}\n[environment]\nfrom = \"none\"\n+++\n{prompt}\n")
}

pub const MET: &str = "[outcome]\ngoal = \"contains:all is well\"\n";

pub fn shift() -> Shift {
    let shift = Shift::new();
    std::fs::create_dir_all(shift.home.state()).unwrap();
    let settings = "[judge]\nprovider = \"fixed\"\n";
    std::fs::write(shift.home.state().join("settings.toml"), settings).unwrap();
    shift
}

pub fn file(shift: &Shift, name: &str) -> PathBuf {
    shift.home.state().join("routines").join(format!("{name}.md"))
}

/// Writes a definition as an editor does, and waits until it counts.
pub fn write(shift: &Shift, name: &str, text: &str) -> Value {
    std::fs::create_dir_all(file(shift, name).parent().unwrap()).unwrap();
    std::fs::write(file(shift, name), text).unwrap();
    wait_routine(shift, name, |view| !view.is_null())
}

pub fn list(shift: &Shift) -> Vec<Value> {
    shift.json(&["routines", "list", "--json"]).as_array().unwrap().clone()
}

pub fn routine(shift: &Shift, name: &str) -> Value {
    list(shift).into_iter().find(|view| view["name"] == name).unwrap_or(Value::Null)
}

pub fn wait_routine(shift: &Shift, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
    wait_for(&format!("routine {name}"), || {
        let view = routine(shift, name);
        fits(&view).then_some(view)
    })
}

pub fn runs(shift: &Shift, name: &str) -> Vec<Value> {
    shift.json(&["routines", "runs", name, "--json"]).as_array().unwrap().clone()
}

/// The latest run once it is in this state.
pub fn wait_run(shift: &Shift, name: &str, state: &str) -> Value {
    let mut last = Value::Null;
    let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        wait_for(&format!("a run of {name} to be {state}"), || {
            last = runs(shift, name).first().cloned().unwrap_or(Value::Null);
            (last["state"] == state).then(|| last.clone())
        })
    }));
    found.unwrap_or_else(|_| {
        let log = std::fs::read_to_string(shift.home.home().log_file()).unwrap_or_default();
        panic!("{name} was never {state}: {last}\n{log}")
    })
}

pub fn run(shift: &Shift, name: &str) -> Value {
    shift.json(&["routines", "run", name, "--json"])
}

#[test]
fn a_routine_from_its_file_to_a_green_outcome() {
    let shift = shift();
    let view = write(&shift, "triage", &definition(MET, "say all is well"));
    assert!(view["id"].as_str().unwrap().starts_with("trig_"), "{view}");
    assert_eq!((&view["health"], &view["enabled"]), (&"never_ran".into(), &true.into()));
    let started = run(&shift, "triage");
    let session = started["session"].as_str().unwrap();
    let run = wait_run(&shift, "triage", "finished");
    assert_eq!(run["id"], started["occurrence"]);
    assert_eq!(run["outcome"], "met", "{run}");
    assert_eq!(run["session"], session);
    assert_eq!(run["trigger"]["kind"], "manual");
    assert_eq!(run["error"], Value::Null);
    for at in ["claimed_at", "started_at", "finished_at"] {
        assert!(run[at].is_i64(), "{at}: {run}");
    }
    let log = shift.ok(&["logs", session]);
    assert!(log.contains("[routine]") && log.contains("all is well"), "{log}");
    assert_eq!(routine(&shift, "triage")["health"], "on_time");
    let entry = shift.entry(session);
    assert!(entry["name"].as_str().unwrap().starts_with("triage-"), "{entry}");
}

#[test]
fn the_fields_of_the_contract_are_there() {
    let shift = shift();
    write(&shift, "daily", &definition("[[trigger]]\nschedule = \"0 9 * * *\"\n", "say hi"));
    run(&shift, "daily");
    wait_run(&shift, "daily", "finished");
    let view = routine(&shift, "daily");
    for field in [
        "id",
        "name",
        "enabled",
        "paused",
        "health",
        "health_reason",
        "next_run_at",
        "triggers",
        "last_run",
        "problems",
    ] {
        assert!(fields(&view).contains(&field), "{field}: {view}");
    }
    assert!(view["next_run_at"].is_i64(), "{view}");
    assert_eq!(view["triggers"][0]["kind"], "schedule");
    let run = runs(&shift, "daily").remove(0);
    for field in [
        "id",
        "routine",
        "trigger",
        "state",
        "reason",
        "outcome",
        "outcome_reason",
        "session",
        "due_at",
        "claimed_at",
        "started_at",
        "finished_at",
        "error",
        "denials",
    ] {
        assert!(fields(&run).contains(&field), "{field}: {run}");
    }
    assert_eq!(run["outcome"], "not_judged", "without a goal nothing is green");
    let shown = shift.json(&["routines", "show", "daily", "--json"]);
    assert_eq!(shown["upcoming"].as_array().unwrap().len(), 5, "{shown}");
    let text = shift.ok(&["routines", "list"]);
    assert!(text.contains("daily  ") && text.contains("every day at 09:00"), "{text}");
}

#[test]
fn what_was_not_done_is_never_green() {
    let shift = shift();
    write(&shift, "idle", &definition(MET, "say nothing was done"));
    run(&shift, "idle");
    let run_of_idle = wait_run(&shift, "idle", "finished");
    assert_eq!(run_of_idle["outcome"], "not_met", "{run_of_idle}");
    assert_eq!(routine(&shift, "idle")["health"], "failing");
    write(&shift, "dies", &definition(MET, "fail it broke"));
    run(&shift, "dies");
    let run = wait_run(&shift, "dies", "failed");
    assert!(run["outcome"].is_null() && run["error"]["type"].is_string(), "{run}");
}

#[test]
fn a_due_time_runs_once_over_killed_supervisors() {
    let shift = shift();
    let front = format!("[[trigger]]\nevery = \"1m\"\n{MET}");
    write(&shift, "minute", &definition(&front, "say all is well"));
    let due = routine(&shift, "minute")["next_run_at"].as_i64().unwrap();
    shift.kill_supervisor();
    assert_eq!(routine(&shift, "minute")["next_run_at"].as_i64(), Some(due), "it keeps its time");
    let mut killed = false;
    let first = loop {
        let all = runs(&shift, "minute");
        if let Some(first) = all.last() {
            if first["state"] == "finished" {
                break first.clone();
            }
            if first["session"].is_string() && !killed {
                killed = true;
                shift.kill_supervisor();
            }
        }
        // At most a minute until it is due, and as long until it is over.
        assert!(nightshift_platform::clock::now().0 < due as u64 + 90_000, "{all:?}");
        wait_until("another look", || true);
    };
    assert_eq!((&first["due_at"], &first["outcome"]), (&due.into(), &"met".into()), "{first}");
    let all = runs(&shift, "minute");
    let times: Vec<&Value> = all.iter().map(|run| &run["due_at"]).collect();
    let mut distinct = times.clone();
    distinct.dedup();
    assert_eq!(times, distinct);
    let sessions = shift.json(&["agents", "--all", "--json"]);
    let its = |entry: &&Value| entry["name"].as_str().unwrap_or_default().starts_with("minute-");
    let sessions = sessions.as_array().unwrap().iter().filter(its).count();
    let with_session = runs(&shift, "minute").iter().filter(|r| r["session"].is_string()).count();
    assert!(sessions <= with_session, "no session beside those of the rows");
}

#[test]
fn a_run_is_found_again_by_a_supervisor_that_comes_later() {
    let shift = shift();
    write(&shift, "long", &definition(MET, "wait 3\nsay all is well"));
    let started = run(&shift, "long");
    let session = started["session"].as_str().unwrap();
    wait_run(&shift, "long", "running");
    shift.kill_supervisor();
    let run_of_long = wait_run(&shift, "long", "finished");
    assert_eq!(run_of_long["outcome"], "met", "{run_of_long}");
    assert_eq!(run_of_long["session"], session);
    assert_eq!(runs(&shift, "long").len(), 1);
}

#[test]
fn mistakes_have_their_place_and_the_last_good_definition_stays_in_force() {
    let shift = shift();
    let good = definition("[[trigger]]\nschedule = \"0 9 * * *\"\n", "say one");
    write(&shift, "edited", &good);
    for (line, row, column, part) in [
        ("agent = 7", 2, 9, "agent"),
        ("timezone = \"Mars/Base\"", 2, 12, "no time zone"),
        ("[[trigger]]\nschedule = \"61 * * * *\"", 3, 13, "minute"),
        ("[policy]\noverlap = \"maybe\"", 3, 11, "overlap"),
        ("nonsense = 1", 2, 1, "nonsense"),
        ("repository = \"https://example.org/a.git\"", 2, 1, "not supported yet"),
        ("[environment]\nnetwork = \"none\"", 3, 11, "network"),
    ] {
        std::fs::write(file(&shift, "edited"), format!("+++\n{line}\n+++\nsay two\n")).unwrap();
        let view =
            wait_routine(&shift, "edited", |view| view["problems"].to_string().contains(part));
        let problem = &view["problems"][0];
        assert_eq!((&problem["line"], &problem["column"]), (&row.into(), &column.into()), "{view}");
        assert!(view["next_run_at"].is_i64(), "the schedule of the good one: {view}");
    }
    let started = run(&shift, "edited");
    shift.wait_log(started["session"].as_str().unwrap(), "one");
    std::fs::write(file(&shift, "edited"), &good).unwrap();
    wait_routine(&shift, "edited", |view| view["problems"].as_array().unwrap().is_empty());
    // One that never was right has its mistakes, and runs by no word.
    let view = write(&shift, "broken", "+++\nagent = 7\n+++\nsay no\n");
    assert_eq!(view["problems"][0]["line"], 2, "{view}");
    shift.fails(&["routines", "run", "broken"], &["its definition has mistakes", "line 2"]);
}

#[test]
fn create_refuses_what_it_cannot_write_and_rm_takes_everything_away() {
    let shift = shift();
    let args = ["routines", "create", "made", "say all is well", "--agent", "rehearsal"];
    let made = shift.json(&[&args[..], &["--goal", "contains:well", "--json"]].concat());
    assert_eq!(made["name"], "made");
    let text = std::fs::read_to_string(file(&shift, "made")).unwrap();
    assert!(
        text.contains("goal = \"contains:well\"") && text.contains("say all is well"),
        "{text}"
    );
    shift.fails(&args, &["is there already"]);
    shift.fails(&["routines", "create", "Bad Name", "x"], &["cannot be in a routine's name"]);
    let wrong = ["routines", "create", "wrong", "x", "--schedule", "61 * * * *"];
    shift.fails(&wrong, &["line 4", "minute"]);
    assert!(!file(&shift, "wrong").exists());
    let whole = definition(MET, "say from a file");
    let from_stdin = ["routines", "create", "whole", "--file", "-", "--json"];
    let out = shift.run_with_stdin(&from_stdin, whole.as_bytes()).ok(&from_stdin);
    assert!(out.contains("\"whole\""), "{out}");
    assert_eq!(std::fs::read_to_string(file(&shift, "whole")).unwrap(), whole);
    run(&shift, "whole");
    wait_run(&shift, "whole", "finished");
    let removed = shift.json(&["routines", "rm", "whole", "--json"]);
    assert_eq!(removed["removed"], true);
    assert!(!file(&shift, "whole").exists());
    shift.fails(&["routines", "runs", "whole"], &["no routine `whole`", "routines list"]);
    assert_eq!(list(&shift).len(), 1);
}

#[test]
fn a_pause_keeps_its_note_and_a_disabled_routine_plans_nothing() {
    let shift = shift();
    write(&shift, "daily", &definition("[[trigger]]\nschedule = \"0 9 * * *\"\n", "say hi"));
    let paused = shift.json(&["routines", "pause", "daily", "--note", "on holiday", "--json"]);
    assert_eq!((&paused["paused"], &paused["note"]), (&true.into(), &"on holiday".into()));
    shift.kill_supervisor();
    let view = routine(&shift, "daily");
    assert_eq!((&view["health"], &view["health_reason"]), (&"paused".into(), &"on holiday".into()));
    assert_eq!(view["next_run_at"], Value::Null, "nothing comes while it is paused");
    let resumed = shift.json(&["routines", "resume", "daily", "--json"]);
    assert!(resumed["next_run_at"].is_i64() && resumed["paused"] == false, "{resumed}");
    let disabled = shift.json(&["routines", "disable", "daily", "--json"]);
    assert!(disabled["next_run_at"].is_null() && disabled["enabled"] == false, "{disabled}");
    // By hand it runs all the same.
    run(&shift, "daily");
    wait_run(&shift, "daily", "finished");
    let enabled = shift.json(&["routines", "enable", "daily", "--json"]);
    assert!(enabled["next_run_at"].is_i64(), "{enabled}");
}

#[test]
fn a_run_that_would_overlap_is_skipped_and_says_why() {
    let shift = shift();
    write(&shift, "slow", &definition(MET, "wait 60\nsay all is well"));
    let first = run(&shift, "slow");
    shift.fails(&["routines", "run", "slow"], &["the previous run was still going"]);
    let skipped = &runs(&shift, "slow")[0];
    assert_eq!(
        (&skipped["state"], &skipped["reason"]),
        (&"skipped".into(), &"previous_running".into())
    );
    shift.fails(&["routines", "rm", "slow"], &["is running", "nightshift stop"]);
    shift.ok(&["stop", first["session"].as_str().unwrap()]);
    wait_for("the first run to be cancelled", || {
        let all = runs(&shift, "slow");
        (all[1]["state"] == "cancelled").then_some(())
    });
}

#[test]
fn what_no_rule_allows_is_denied_and_named_and_what_one_allows_is_done() {
    let shift = shift();
    let denied = definition("", "run echo secret");
    write(&shift, "denied", &denied);
    run(&shift, "denied");
    let run_of_denied = wait_run(&shift, "denied", "finished");
    assert!(run_of_denied["denials"].to_string().contains("echo secret"), "{run_of_denied}");
    let front = "[permissions]\nallow = [\"execute(echo:*)\"]\n";
    write(&shift, "asks", &definition("", "ask Which colour?\nsay none"));
    run(&shift, "asks");
    let run_of_asks = wait_run(&shift, "asks", "finished");
    assert!(run_of_asks["denials"].to_string().contains("Which colour?"), "{run_of_asks}");
    write(&shift, "allowed", &definition(front, "run echo $((40 + 2)) > done.txt"));
    write(&shift, "plain", &definition(front, "run echo all well"));
    run(&shift, "plain");
    let run_of_plain = wait_run(&shift, "plain", "finished");
    assert_eq!(run_of_plain["denials"], Value::Array(Vec::new()), "{run_of_plain}");
    run(&shift, "allowed");
    let run_of_allowed = wait_run(&shift, "allowed", "finished");
    assert!(run_of_allowed["denials"].to_string().contains("done.txt"), "{run_of_allowed}");
}

#[test]
fn a_text_of_a_run_reaches_the_agent_framed_as_data() {
    let shift = shift();
    write(&shift, "told", &definition("", "say hi"));
    let args = ["routines", "run", "told", "--text", "ship it", "--json"];
    let started = shift.json(&args);
    let log = shift.wait_log(started["session"].as_str().unwrap(), "ship it");
    assert!(log.contains("<routine-fire-payload>"), "{log}");
}

#[test]
fn a_precheck_that_finds_nothing_to_do_skips_and_a_missing_place_fails() {
    let shift = shift();
    let quiet = "+++\nagent = \"rehearsal\"\n[environment]\nfrom = \"none\"\nprecheck = \"false\"\n+++\nsay no\n";
    write(&shift, "quiet", quiet);
    shift.fails(&["routines", "run", "quiet"], &["precheck"]);
    assert_eq!(runs(&shift, "quiet")[0]["reason"], "precheck");
    let gone = definition("repository = \"/nowhere/at/all\"", "say no");
    write(&shift, "gone", &gone);
    shift.fails(&["routines", "run", "gone"], &["the repository is not there"]);
    assert_eq!(runs(&shift, "gone")[0]["error"]["type"], "repository_gone");
    let nobody = definition("", "say no").replace("rehearsal", "nobody-knows");
    write(&shift, "nobody", &nobody);
    shift.fails(&["routines", "run", "nobody"], &["the agent is not installed"]);
}

#[test]
fn a_directory_behind_a_link_is_not_read_and_nothing_changes() {
    let shift = shift();
    write(&shift, "kept", &definition("", "say hi"));
    let dir = shift.home.state().join("routines");
    let other = shift.home.work().join("others");
    std::fs::create_dir_all(&other).unwrap();
    std::fs::write(other.join("foreign.md"), definition("", "say no")).unwrap();
    std::fs::rename(&dir, shift.home.work().join("aside")).unwrap();
    std::os::unix::fs::symlink(&other, &dir).unwrap();
    wait_until("the link to be told", || shift.notices().contains("is a link"));
    let names: Vec<Value> = list(&shift).iter().map(|view| view["name"].clone()).collect();
    assert_eq!(names, ["kept"]);
    let listed = ran(&mut shift.command(&["routines", "list"]), b"");
    assert!(listed.err.contains("is a link"), "{}", listed.err);
    std::fs::remove_file(&dir).unwrap();
    std::fs::rename(shift.home.work().join("aside"), &dir).unwrap();
    wait_until("the notice to go", || !shift.notices().contains("is a link"));
    run(&shift, "kept");
    // A file whose name is none of a routine is told, and no routine.
    std::fs::write(dir.join("Wrong Name.md"), definition("", "say no")).unwrap();
    wait_until("the name to be told", || shift.notices().contains("Wrong Name"));
    assert_eq!(list(&shift).len(), 1);
}

#[test]
fn a_file_that_goes_takes_its_routine_out_of_force_and_its_history_stays() {
    let shift = shift();
    let text = definition("[[trigger]]\nschedule = \"0 9 * * *\"\n", "say hi");
    write(&shift, "comes", &text);
    run(&shift, "comes");
    wait_run(&shift, "comes", "finished");
    let id = routine(&shift, "comes")["id"].clone();
    std::fs::remove_file(file(&shift, "comes")).unwrap();
    let gone = wait_routine(&shift, "comes", |view| view["enabled"] == false);
    assert!(gone["next_run_at"].is_null(), "{gone}");
    shift.fails(&["routines", "run", "comes"], &["its file is not there"]);
    assert_eq!(runs(&shift, "comes").len(), 1);
    std::fs::write(file(&shift, "comes"), &text).unwrap();
    let back = wait_routine(&shift, "comes", |view| view["enabled"] == true);
    assert_eq!(back["id"], id, "it is the same routine");
    assert_eq!(runs(&shift, "comes").len(), 1, "nothing of the past comes due");
}

/// A repository with one file.
pub fn repository(shift: &Shift, name: &str, text: &str) -> PathBuf {
    let repository = shift.home.work().join("app");
    let file = repository.join(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let git = |args: &[&str]| {
        let mut git = shift.home.command(std::path::Path::new("git"));
        ran(git.args(["-C", repository.to_str().unwrap()]).args(args), b"").ok(args)
    };
    git(&["init", "-q", "-b", "main"]);
    std::fs::write(file, text).unwrap();
    git(&["add", "-A"]);
    git(&["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first"]);
    repository
}

#[test]
fn a_run_that_is_tried_again_has_a_worktree_of_its_own() {
    let shift = shift();
    let repository = repository(&shift, "a.txt", "a\n");
    let flag = shift.home.work().join("flag");
    let setup = format!("test -e '{0}' || {{ touch '{0}'; exit 7; }}", flag.display());
    let front = format!("repository = \"{}\"\n", repository.display());
    let environment = format!("from = \"none\"\nsetup = \"{setup}\"");
    let text = definition(&front, "say hi").replace("from = \"none\"", &environment);
    write(&shift, "again", &text);
    run(&shift, "again");
    wait_until("the first try to fail", || flag.exists());
    let done = wait_run(&shift, "again", "finished");
    let entry = shift.entry(done["session"].as_str().unwrap());
    assert!(entry["name"].as_str().unwrap().ends_with("-2"), "{entry}");
}

#[test]
fn an_untrusted_repository_fails_the_run_with_its_cause() {
    let shift = shift();
    let hook =
        r#"{"hooks":{"SessionStart":[{"hooks":[{"type":"command","command":"touch /tmp/x"}]}]}}"#;
    let repository = repository(&shift, ".claude/settings.json", hook);
    let front = format!("repository = \"{}\"\n", repository.display());
    let prechecked = shift.home.work().join("prechecked");
    let precheck = format!("from = \"none\"\nprecheck = \"touch '{}'\"", prechecked.display());
    let text = definition(&front, "say hi").replace("from = \"none\"", &precheck);
    write(&shift, "foreign", &text);
    run(&shift, "foreign");
    let failed = wait_run(&shift, "foreign", "failed");
    assert_eq!(failed["error"]["type"], "not_trusted", "{failed}");
    assert!(failed["error"]["message"].as_str().unwrap().contains("nightshift trust show"));
    assert!(!prechecked.exists(), "a precheck may start what is the repository's");
    shift.ok(&["trust", "add", repository.to_str().unwrap()]);
    let started = run(&shift, "foreign");
    let done = wait_run(&shift, "foreign", "finished");
    assert_eq!(done["session"], started["session"]);
    assert!(prechecked.exists());
    let entry = shift.entry(started["session"].as_str().unwrap());
    assert!(entry.to_string().contains("foreign-"), "in a worktree of its own: {entry}");
}

#[test]
fn a_session_may_neither_see_nor_change_routines() {
    let shift = shift();
    write(&shift, "mine", &definition("", "say hi"));
    let tries = format!("{} routines pause mine", crate::support::binary().display());
    let args = ["--bg", "--agent", "rehearsal", "--permission-mode", "auto", "--json"];
    let prompt = format!("run {tries}");
    let id = crate::support::id_of(&shift.json(&[&args[..], &[prompt.as_str()]].concat()));
    shift.wait_log(&id, "only the user may");
    assert_eq!(routine(&shift, "mine")["paused"], false);
}
