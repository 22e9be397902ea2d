//! The verbs that say something about routines, or change them: why, test, calendar, update, edit, export, import.

use crate::routines::{definition, file, repository, routine, run, shift, wait_run, write};
use crate::support::{Shift, ran};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

const DAILY: &str = "[[trigger]]\nschedule = \"0 9 * * *\"\n";

#[test]
fn why_says_what_starts_a_routine_and_what_keeps_it() {
    let shift = shift();
    write(&shift, "daily", &definition(DAILY, "say hi"));
    let why = |part: &str| {
        let why = shift.json(&["routines", "why", "daily", "--json"]);
        assert!(why["reasons"].to_string().contains(part), "{part}: {why}");
        why
    };
    let told = why("every day at 09:00");
    assert!(told["runs"] == true && told["next_run_at"].is_i64() && told["last_run"].is_null());
    run(&shift, "daily");
    wait_run(&shift, "daily", "finished");
    assert_eq!(why("09:00")["last_run"]["state"], "finished");
    shift.ok(&["routines", "pause", "daily", "--note", "on holiday"]);
    assert_eq!(why("paused (on holiday)")["runs"], false);
    shift.ok(&["routines", "resume", "daily"]);
    shift.ok(&["routines", "disable", "daily"]);
    why("nightshift routines enable daily");
    std::fs::write(file(&shift, "daily"), "+++\nagent = 7\n+++\nsay no\n").unwrap();
    why("the last definition without mistakes stays in force");
    let text = shift.ok(&["routines", "why", "daily"]);
    assert!(text.contains("does not run by itself") && text.contains("last: "), "{text}");
}

#[test]
fn test_checks_what_a_run_begins_with_and_starts_none() {
    let shift = shift();
    let repository = repository(&shift, "a.txt", "a\n");
    let front =
        |base: &str| format!("repository = \"{}\"\nbase = \"{base}\"\n", repository.display());
    let precheck = "from = \"none\"\nprecheck = \"exit 3\"";
    let text = |base: &str| definition(&front(base), "say hi").replace("from = \"none\"", precheck);
    write(&shift, "fine", &text("main"));
    let tested = shift.json(&["routines", "test", "fine", "--json"]);
    assert_eq!(tested["ok"], true, "{tested}");
    let checks = tested["checks"].as_array().unwrap();
    let names: Vec<&str> = checks.iter().map(|check| check["what"].as_str().unwrap()).collect();
    let all = ["definition", "environment", "agent", "directory", "trust", "precheck", "base"];
    assert_eq!(names, all);
    assert!(checks[5]["words"].as_str().unwrap().contains("nothing to do"), "{tested}");
    write(&shift, "wrong", &text("nobranch"));
    let out = ran(&mut shift.command(&["routines", "test", "wrong"]), b"");
    assert_eq!(out.code, Some(1));
    assert!(out.out.contains("FAILS") && out.out.contains("nobranch"), "{}", out.out);
    for name in ["fine", "wrong"] {
        assert_eq!(shift.json(&["routines", "runs", name, "--json"]), Value::Array(Vec::new()));
    }
}

#[test]
fn the_calendar_has_all_times_in_order() {
    let shift = shift();
    let jitter = "[policy]\njitter = \"none\"\n";
    write(&shift, "early", &definition(&format!("{DAILY}{jitter}"), "say hi"));
    let late = DAILY.replace(" 9 ", " 21 ");
    write(&shift, "late", &definition(&format!("{late}{jitter}"), "say hi"));
    write(&shift, "paused", &definition(DAILY, "say hi"));
    shift.ok(&["routines", "pause", "paused"]);
    let calendar = shift.json(&["routines", "calendar", "--days", "3", "--json"]);
    let times = calendar["times"].as_array().unwrap();
    assert_eq!((times.len(), &calendar["more"]), (6, &false.into()), "{calendar}");
    let at: Vec<i64> = times.iter().map(|time| time["at"].as_i64().unwrap()).collect();
    assert!(at.is_sorted(), "{calendar}");
    let names: Vec<&Value> = times.iter().map(|time| &time["routine"]).collect();
    assert!(names[0] != names[1] && names[0] == names[2], "{calendar}");
    assert!(shift.ok(&["routines", "calendar"]).contains("early"));
}

#[test]
fn update_edits_key_by_key_and_keeps_what_was_written() {
    let shift = shift();
    let commented = definition(DAILY, "say hi")
        .replace("agent =", "# chosen with care\nagent =")
        .replace("* * *\"", "* * *\" # early");
    write(&shift, "kept", &commented);
    let args = ["routines", "update", "kept", "--schedule", "30 8 * * *", "--goal", "contains:hi"];
    let view = shift.json(&[&args[..], &["--prompt", "say hi there", "--json"]].concat());
    assert_eq!(view["triggers"][0]["words"], "every day at 08:30", "{view}");
    let text = std::fs::read_to_string(file(&shift, "kept")).unwrap();
    for part in ["# chosen with care", "\"30 8 * * *\" # early", "contains:hi", "say hi there"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    shift.ok(&["routines", "update", "kept", "--goal", ""]);
    assert!(!std::fs::read_to_string(file(&shift, "kept")).unwrap().contains("contains:hi"));
    let before = std::fs::read_to_string(file(&shift, "kept")).unwrap();
    shift.fails(&["routines", "update", "kept", "--schedule", "61 * * * *"], &["minute"]);
    shift.fails(&["routines", "update", "kept", "--agent", "nobody"], &["no agent `nobody`"]);
    assert_eq!(std::fs::read_to_string(file(&shift, "kept")).unwrap(), before);
    let told = shift.notices().lines().filter(|line| line.contains("was changed")).count();
    assert_eq!(told, 0, "its user changed it: {}", shift.notices());
}

/// A program that does to a file what the script says.
fn editor(shift: &Shift, script: &str) -> PathBuf {
    let path = shift.home.work().join("editor");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn an_editor_works_on_a_copy_that_counts_once_it_has_no_mistake() {
    let shift = shift();
    write(&shift, "edited", &definition(DAILY, "say hi"));
    let edit = |script: &str| {
        let mut command = shift.command(&["routines", "edit", "edited"]);
        command.env_remove("VISUAL").env("EDITOR", editor(&shift, script));
        ran(&mut command, b"")
    };
    let out = edit("sed -i 's/0 9/15 7/' \"$1\"");
    assert!(out.out.contains("every day at 07:15"), "{out:?}");
    assert_eq!(routine(&shift, "edited")["triggers"][0]["words"], "every day at 07:15");
    let good = std::fs::read_to_string(file(&shift, "edited")).unwrap();
    let out = edit("sed -i 's/15 7/75 7/' \"$1\"");
    assert!(out.code == Some(1) && out.err.contains("minute"), "{out:?}");
    let kept = out.err.lines().find_map(|line| line.split("is kept in ").nth(1)).unwrap();
    assert!(std::fs::read_to_string(kept).unwrap().contains("75 7"));
    std::fs::remove_file(kept).unwrap();
    assert_eq!(edit("true").out, "unchanged · edited\n");
    assert_eq!(edit("exit 3").code, Some(1));
    assert_eq!(std::fs::read_to_string(file(&shift, "edited")).unwrap(), good);
    // Whoever saved it meanwhile keeps what they saved.
    let other =
        format!("echo >> '{}'; echo >> \"$1\"; echo >> \"$1\"", file(&shift, "edited").display());
    assert!(edit(&other).err.contains("changed meanwhile"));
    assert_eq!(shift.ok(&["routines", "export", "edited"]), format!("{good}\n"));
}

#[test]
fn what_other_programs_have_planned_is_taken_over_disabled_and_said_to_be_lacking() {
    let shift = shift();
    let home = shift.home.user_home();
    let put = |path: &str, text: &str| {
        let path = home.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    };
    let skill = "---\nname: morning\ndescription: Look at the night\n---\n\nsay good morning\n";
    let skill = put(".claude/scheduled-tasks/Morning-Brief/SKILL.md", skill);
    put(
        ".config/Claude/claude-code-sessions/a/b/scheduled-tasks.json",
        r#"{"scheduledTasks":[{"id":"Morning-Brief","cronExpression":"30 7 * * 1-5","enabled":true,
            "approvedPermissions":[{"toolName":"Bash"}]}]}"#,
    );
    put(
        ".codex/automations/tidy/automation.toml",
        "version = 1\nid = \"tidy\"\nname = \"Tidy up\"\nprompt = \"say tidy\"\nstatus = \"PAUSED\"\n\
         rrule = \"FREQ=WEEKLY;BYDAY=MO,FR;BYHOUR=4;BYMINUTE=30;BYSECOND=0\"\n",
    );
    put(".codex/automations/broken/automation.toml", "prompt = ");
    put(
        ".claude/scheduled_tasks.json",
        r#"{"tasks":[{"id":"a1","cron":"0 5 * * *","prompt":"say five","recurring":true}]}"#,
    );
    let dry = shift.json(&["routines", "import", "--dry-run", "--json"]);
    assert_eq!(dry.as_array().unwrap().len(), 4, "{dry}");
    assert!(dry.as_array().unwrap().iter().all(|it| it["made"] == false), "{dry}");
    assert_eq!(crate::routines::list(&shift).len(), 0);
    let text = shift.ok(&["routines", "import"]);
    for part in ["morning-brief", "tidy", "claude-a1", "approved permissions", "no TOML"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for (name, words) in [("morning-brief", "07:30"), ("tidy", "04:30"), ("claude-a1", "05:00")] {
        let view = routine(&shift, name);
        assert_eq!(view["enabled"], false, "{view}");
        assert!(view["triggers"][0]["words"].as_str().unwrap().contains(words), "{view}");
    }
    assert!(shift.ok(&["routines", "export", "morning-brief"]).ends_with("say good morning\n"));
    assert!(skill.exists());
    let again = shift.json(&["routines", "import", "--from", "codex", "--json"]);
    assert!(again.to_string().contains("there is a routine tidy already"), "{again}");
    let enabled = shift.json(&["routines", "enable", "tidy", "--json"]);
    assert!(enabled["next_run_at"].is_i64(), "{enabled}");
}
