//! What a repository's own settings may not do.

use crate::repo::Repo;
use nightshift_worktree::{Choice, Defaults, Plan, plan};
use std::fs;

#[test]
fn security_05_a_repository_puts_nothing_outside_of_its_checkout() {
    let repo = Repo::new();
    let outside = repo.home.work().join("victim/.config/systemd");
    let exclude = repo.root.join(".git/info/exclude");
    let before = fs::read(&exclude).unwrap();
    let bad = [outside.to_str().unwrap(), "../victim", "x\ninjected-line\n*", "*", ".git/hooks"];
    for (n, directory) in bad.iter().enumerate() {
        let worktree = serde_json::json!({"directory": directory, "branchPrefix": "-D ",
            "base": "--help"});
        repo.write(
            ".nightshift/settings.json",
            &serde_json::json!({"worktree": worktree}).to_string(),
        );
        let record = repo.make(&format!("s{n}"));
        assert!(record.path.starts_with(repo.root.join(".claude/worktrees")), "{directory}");
        assert_eq!(record.branch, format!("worktree-s{n}"));
        for name in ["directory", "branchPrefix", "base"] {
            let said = |note: &String| note.contains(&format!("worktree.{name} was passed over"));
            assert!(record.notes.iter().any(said), "{name}: {:?}", record.notes);
        }
    }
    let mut expected = before;
    expected.extend(b"/.claude/worktrees/\n");
    assert_eq!(fs::read(&exclude).unwrap(), expected);
    assert!(!repo.home.work().join("victim").exists());
    repo.write("new/file", "x");
    assert!(repo.run(&["status", "--porcelain"]).contains("new/"), "nothing is hidden");
}

#[test]
fn security_05_the_users_own_directory_is_named_as_it_is() {
    let repo = Repo::new();
    let user = Defaults { directory: Some("my *[trees] ".into()), ..Defaults::default() };
    let Plan::Own(own) = plan(&repo.git, &repo.root, &Choice::Usual, &user).unwrap() else {
        panic!()
    };
    let order = nightshift_worktree::Order { id: "s", hint: "one", own: &own, holder: None };
    nightshift_worktree::create(&repo.git, &repo.ledger, &order).unwrap();
    repo.write("other/file", "x");
    assert_eq!(repo.run(&["status", "--porcelain"]), "?? other/\n");
}

#[test]
fn the_users_own_directory_may_lie_beside_the_checkout() {
    let repo = Repo::new();
    let user = Defaults { directory: Some("../trees/./x/..".into()), ..Defaults::default() };
    let Plan::Own(own) = plan(&repo.git, &repo.root, &Choice::Usual, &user).unwrap() else {
        panic!()
    };
    let order = nightshift_worktree::Order { id: "s", hint: "one", own: &own, holder: None };
    let made = nightshift_worktree::create(&repo.git, &repo.ledger, &order).unwrap().record;
    assert_eq!(made.path, repo.root.parent().unwrap().join("trees/one"));
    assert!(repo.inspect(&made).is_clean(), "{:?}", repo.inspect(&made));
}

#[test]
fn security_05_an_exclude_file_of_another_kind_is_left_as_it_is() {
    let exclude = |repo: &Repo| repo.root.join(".git/info/exclude");
    let repo = Repo::new();
    fs::write(exclude(&repo), b"caf\xe9").unwrap();
    repo.make("one");
    assert_eq!(fs::read(exclude(&repo)).unwrap(), b"caf\xe9\n/.claude/worktrees/\n");
    let repo = Repo::new();
    let theirs = repo.home.work().join("theirs");
    fs::write(&theirs, "mine\n").unwrap();
    fs::remove_file(exclude(&repo)).unwrap();
    std::os::unix::fs::symlink(&theirs, exclude(&repo)).unwrap();
    let record = repo.make("one");
    assert_eq!(fs::read_to_string(&theirs).unwrap(), "mine\n");
    assert!(fs::symlink_metadata(exclude(&repo)).unwrap().is_symlink());
    assert!(record.notes.iter().any(|note| note.contains("symbolic link")), "{:?}", record.notes);
}

#[test]
fn security_05_nothing_of_the_repository_counts_where_the_user_is_alone() {
    let repo = Repo::new();
    let settings = r#"{"worktree":{"setup":"touch owned","directory":".x","bgIsolation":"none"}}"#;
    repo.write(".nightshift/settings.json", settings);
    repo.write(".nightshift/teardown", "touch owned");
    let user = Defaults { alone: true, ..Defaults::default() };
    let Plan::Own(own) = plan(&repo.git, &repo.root, &Choice::Usual, &user).unwrap() else {
        panic!()
    };
    assert_eq!(own.scripts, nightshift_worktree::Scripts::default());
    assert_eq!(own.settings.directory, std::path::Path::new(".claude/worktrees"));
}

#[test]
fn security_05_a_setup_that_may_take_for_ever_does_not() {
    let repo = Repo::new();
    let settings =
        format!(r#"{{"worktree":{{"setup":"true","setupTimeoutSeconds":{}}}}}"#, u64::MAX);
    repo.write(".nightshift/settings.json", &settings);
    assert_eq!(repo.make("one").setup_timeout_seconds, 24 * 60 * 60);
}
