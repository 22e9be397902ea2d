//! Setup and teardown: order, output, environment, failure, timeout.

use crate::repo::{Repo, write};
use nightshift_worktree::{Kind, Phase, Policy, Removal, set_up};
use std::fs;
use std::sync::atomic::AtomicBool;

#[test]
fn setup_runs_once_with_ports_and_its_output_is_kept() {
    let repo = Repo::new();
    let script =
        "echo port $NIGHTSHIFT_PORT..$NIGHTSHIFT_PORT_END; echo once >> count.ignored; pwd";
    repo.write(".nightshift/setup", script);
    repo.commit("setup");
    let mut record = repo.try_make("one", "one").unwrap().record;
    assert_eq!(record.phase, Phase::Made);
    for _ in 0..2 {
        set_up(&repo.git, &repo.ledger, &mut record, &repo.log(), &AtomicBool::new(false)).unwrap();
    }
    assert_eq!(record.phase, Phase::Ready);
    let ports = record.ports.unwrap();
    let log = fs::read_to_string(repo.log()).unwrap();
    let expected = format!("port {}..{}\n{}\n", ports.first, ports.last, record.path.display());
    assert_eq!(log, expected);
    assert_eq!(fs::read_to_string(record.path.join("count.ignored")).unwrap(), "once\n");
}

#[test]
fn a_setup_that_takes_too_long_is_ended_with_all_it_started() {
    let repo = Repo::new();
    let settings = r#"{"worktree":{"setup":"echo begun; sleep 62","setupTimeoutSeconds":0}}"#;
    repo.write(".nightshift/settings.json", settings);
    repo.commit("setup");
    let mut record = repo.try_make("one", "one").unwrap().record;
    let error = set_up(&repo.git, &repo.ledger, &mut record, &repo.log(), &AtomicBool::new(false))
        .unwrap_err();
    assert_eq!(error.kind, Kind::Script);
    assert!(error.message.contains("took longer than 0 s"), "{error}");
    assert!(repo.home.processes().is_empty(), "nothing of it runs on");
}

#[test]
fn a_setup_that_is_called_off_is_ended_with_all_it_started() {
    let repo = Repo::new();
    repo.write(".nightshift/setup", "echo begun; setsid sleep 61 & wait");
    repo.commit("setup");
    let mut record = repo.try_make("one", "one").unwrap().record;
    let called_off = AtomicBool::new(true);
    let error = set_up(&repo.git, &repo.ledger, &mut record, &repo.log(), &called_off).unwrap_err();
    assert!(error.message.contains("called off"), "{error}");
    assert_ne!(record.phase, Phase::Ready);
    assert!(repo.home.processes().is_empty(), "nothing of it runs on");
}

#[test]
fn what_a_killed_supervisor_left_of_a_setup_is_ended_before_another_begins() {
    let repo = Repo::new();
    repo.write(".nightshift/setup", "true");
    repo.commit("setup");
    let mut record = repo.try_make("one", "one").unwrap().record;
    let second = repo.try_make("two", "two").unwrap().record;
    let left = |of: &std::path::Path| {
        let mut sleep = std::process::Command::new("sleep");
        let mut sleep = sleep.arg("63").env("NIGHTSHIFT_SETUP", of).spawn().unwrap();
        (sleep.id(), std::thread::spawn(move || sleep.wait().unwrap()))
    };
    let ((_, its), (other, others)) = (left(&record.path), left(&second.path));
    set_up(&repo.git, &repo.ledger, &mut record, &repo.log(), &AtomicBool::new(false)).unwrap();
    assert!(!its.join().unwrap().success(), "it was ended");
    assert!(!others.is_finished(), "that of another worktree goes on: {other}");
    nightshift_worktree::end_set_up(&second).unwrap();
    assert!(!others.join().unwrap().success());
}

#[test]
fn teardown_runs_before_removal_and_its_failure_is_told() {
    let repo = Repo::new();
    repo.write(".nightshift/teardown", "echo stopping; echo late > late.txt; exit 4");
    repo.commit("teardown");
    let record = repo.make("one");
    // What the script itself leaves is found by the second look: nothing goes unseen.
    assert_eq!(repo.kept("one", Policy::Careful), ["uncommitted"]);
    let Removal::Removed { notes, uncommitted, .. } = repo.remove("one", Policy::Discard) else {
        panic!()
    };
    assert!(notes[0].contains("exit code 4") && notes[0].contains("stopping"), "{notes:?}");
    assert_eq!(uncommitted, [std::path::PathBuf::from("late.txt")]);
    assert!(!record.path.exists());
    write(&repo.root, "x", "x");
}

/// What the agent can write in its worktree: the scripts, hidden from git.
fn take_over(worktree: &std::path::Path, owned: &std::path::Path) {
    let script = format!("touch {}", owned.display());
    write(worktree, ".nightshift/.gitignore", "*\n");
    write(worktree, ".nightshift/setup", &script);
    write(worktree, ".nightshift/teardown", &script);
    let settings = format!(r#"{{"worktree":{{"setup":"{script}","teardown":"{script}"}}}}"#);
    write(worktree, ".nightshift/settings.json", &settings);
    write(worktree, ".claude/settings.json", &settings);
}

#[test]
fn security_03_a_script_that_the_agent_wrote_is_never_run() {
    let repo = Repo::new();
    let owned = repo.home.work().join("owned");
    let record = repo.make("one");
    take_over(&record.path, &owned);
    let Removal::Removed { notes, .. } = repo.remove("one", Policy::Discard) else { panic!() };
    assert_eq!(notes, Vec::<String>::new());
    assert!(!owned.exists(), "the worktree's teardown ran");
    // Nor one that was put in the place of the trusted one, at once or for the second try.
    repo.write(".nightshift/setup", "test -e go && touch ../setup-ran");
    repo.write(".nightshift/teardown", "touch ../teardown-ran");
    repo.commit("scripts");
    let mut record = repo.try_make("two", "two").unwrap().record;
    set_up(&repo.git, &repo.ledger, &mut record, &repo.log(), &AtomicBool::new(false)).unwrap_err();
    take_over(&record.path, &owned);
    write(&record.path, "go", "");
    let mut record = repo.try_make("two", "two").unwrap().record;
    set_up(&repo.git, &repo.ledger, &mut record, &repo.log(), &AtomicBool::new(false)).unwrap();
    nightshift_worktree::release(&record).unwrap();
    // The main checkout's is another's too by now.
    repo.write(".nightshift/teardown", &format!("touch {}", owned.display()));
    let beside = record.path.parent().unwrap().to_owned();
    let Removal::Removed { .. } = repo.remove("two", Policy::Discard) else { panic!() };
    assert!(beside.join("setup-ran").exists() && beside.join("teardown-ran").exists());
    assert!(!owned.exists());
}

#[test]
fn security_03_scripts_survive_a_removal_that_is_undone() {
    let repo = Repo::new();
    let owned = repo.home.work().join("owned");
    repo.write(".nightshift/teardown", "echo gone >> ../gone");
    repo.commit("teardown");
    let record = repo.make("one");
    let beside = record.path.parent().unwrap().to_owned();
    let Removal::Removed { .. } = repo.remove("one", Policy::Careful) else { panic!() };
    let record = repo.undo("one");
    take_over(&record.path, &owned);
    let Removal::Removed { .. } = repo.remove("one", Policy::Discard) else { panic!() };
    assert_eq!(fs::read_to_string(beside.join("gone")).unwrap(), "gone\ngone\n");
    assert!(!owned.exists());
}

#[test]
fn security_03_a_record_of_an_older_version_runs_only_what_is_adopted() {
    let repo = Repo::new();
    let owned = repo.home.work().join("owned");
    let old = |id: &str| {
        let record = repo.make(id);
        take_over(&record.path, &owned);
        let file = repo.home.state().join(format!("worktrees/made/{id}.json"));
        let mut kept: serde_json::Value =
            serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        kept.as_object_mut().unwrap().remove("scripts");
        fs::write(&file, kept.to_string()).unwrap();
    };
    old("one");
    let Removal::Removed { notes, .. } = repo.remove("one", Policy::Discard) else { panic!() };
    assert!(notes[0].contains("was not run"), "{notes:?}");
    repo.write(".nightshift/teardown", "touch ../adopted");
    repo.commit("teardown");
    old("two");
    let mut record = repo.ledger.record("two").unwrap().unwrap();
    nightshift_worktree::adopt_scripts(&repo.git, &repo.ledger, &mut record, |_| false).unwrap();
    assert_eq!(record.scripts, None);
    nightshift_worktree::adopt_scripts(&repo.git, &repo.ledger, &mut record, |_| true).unwrap();
    let beside = record.path.parent().unwrap().to_owned();
    let Removal::Removed { .. } = repo.remove("two", Policy::Discard) else { panic!() };
    assert!(beside.join("adopted").exists() && !owned.exists());
}

#[test]
fn security_03_a_script_finds_its_worktree_by_its_own_name_and_may_be_any_program() {
    let repo = Repo::new();
    let by_name = "#!/bin/bash -eu\ncd \"$(dirname \"$0\")/..\" && touch by-name.ignored";
    repo.write(".nightshift/setup", by_name);
    repo.write(".nightshift/teardown", "#!/usr/bin/env -S sh -eu\ntouch ../by-file");
    repo.commit("scripts");
    let record = repo.make("one");
    assert!(record.path.join("by-name.ignored").exists());
    let beside = record.path.parent().unwrap().to_owned();
    let Removal::Removed { .. } = repo.remove("one", Policy::Discard) else { panic!() };
    assert!(beside.join("by-file").exists());
    let running = repo.home.state().join("worktrees/running");
    assert_eq!(fs::read_dir(running).unwrap().count(), 0, "nothing of it stays");
}

#[test]
fn security_03_a_link_in_a_scripts_place_is_not_followed() {
    let repo = Repo::new();
    let owned = repo.home.work().join("owned");
    fs::create_dir_all(repo.root.join(".nightshift")).unwrap();
    let outside = repo.home.work().join("outside");
    fs::write(&outside, format!("touch {}", owned.display())).unwrap();
    std::os::unix::fs::symlink(&outside, repo.root.join(".nightshift/setup")).unwrap();
    repo.commit("link");
    repo.make("one");
    assert!(!owned.exists());
}
