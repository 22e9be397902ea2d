//! Setup and teardown: order, output, environment, failure, timeout.

use crate::repo::{Repo, write};
use nightshift_worktree::{Kind, Phase, Policy, Removal, set_up};
use std::fs;

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
        set_up(&repo.git, &repo.ledger, &mut record, &repo.log()).unwrap();
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
    let error = set_up(&repo.git, &repo.ledger, &mut record, &repo.log()).unwrap_err();
    assert_eq!(error.kind, Kind::Script);
    assert!(error.message.contains("took longer than 0 s"), "{error}");
    assert!(repo.home.processes().is_empty(), "nothing of it runs on");
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
