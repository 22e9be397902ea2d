//! What `rm` keeps it says, with a next command that is not the one just run; what it took comes back by any name
//! that other verbs take.

use crate::clone::Clone;
use std::path::PathBuf;
use std::process::Command;

impl Clone {
    /// A session that is done in a worktree of its own, and that worktree.
    fn done(&self, name: &str, script: &str) -> (String, PathBuf) {
        let id = self.dispatch(&["--name", name], script);
        let entry = self.shift.wait_state(&id, "done");
        (id, PathBuf::from(entry["lodging"]["path"].as_str().unwrap()))
    }

    fn git_in(&self, dir: &PathBuf, args: &[&str]) {
        let mut git = Command::new("git");
        git.args(args).current_dir(dir).env_clear().envs(self.shift.home.environment());
        let output = git.output().unwrap();
        assert!(output.status.success(), "git {args:?}: {output:?}");
    }

    fn commits(&self, tree: &PathBuf) {
        std::fs::write(tree.join("work.txt"), "work\n").unwrap();
        self.git_in(tree, &["add", "--all"]);
        self.git_in(tree, &["commit", "--quiet", "-m", "work"]);
    }
}

#[test]
fn what_keeps_unpushed_commits_advises_no_command_that_keeps_them_again() {
    let clone = Clone::new();
    let (id, tree) = clone.done("fix login", "done hi");
    clone.commits(&tree);
    let told = clone.run(&["rm", &id, "--discard"]);
    let path = tree.display().to_string();
    for part in [
        "its worktree and branch are kept",
        &format!("worktree kept: {path}"),
        "branch kept: ",
        "1 unpushed commit",
        &format!("git -C {path} push origin HEAD"),
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(tree.join("work.txt").exists());
    // The same again says the same, and does as little.
    let again = clone.shift.run(&["worktrees", "rm", &id, "--discard"]);
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.out.contains("push origin HEAD") && !again.out.contains("all the same"));
    // As it says: once they are elsewhere it goes.
    clone.git_in(&clone.root, &["branch", "keeps", &branch(&told)]);
    let gone = clone.run(&["worktrees", "rm", &id]);
    assert!(gone.contains("removed") && !tree.exists(), "{gone}");
}

fn branch(told: &str) -> String {
    let line = told.lines().find_map(|line| line.trim().strip_prefix("branch kept: "));
    line.unwrap_or_else(|| panic!("no branch in {told}")).to_owned()
}

#[test]
fn what_keeps_uncommitted_changes_says_how_it_goes_all_the_same() {
    let clone = Clone::new();
    let (id, tree) = clone.done("fix login", "write new.txt work\ndone hi");
    let told = clone.run(&["rm", &id]);
    let hint = format!("nightshift worktrees rm {id} --discard");
    assert!(told.contains("are kept") && told.contains(&hint), "{told}");
    let prefix = &id[..6];
    clone.run(&["worktrees", "rm", prefix, "--discard"]);
    assert!(!tree.exists());
}

#[test]
fn a_removal_is_undone_by_whatever_names_its_session() {
    let clone = Clone::new();
    let (id, tree) = clone.done("fix the login", "write new.txt work\ndone hi");
    let record = tree.file_name().unwrap().to_str().unwrap().to_owned();
    let (prefix, loud) = (id[..5].to_owned(), id.to_uppercase());
    for (n, named) in [&id, &prefix, &loud, "fix the login", &record].into_iter().enumerate() {
        let remove = if n == 0 { "rm" } else { "worktrees" };
        let args: &[&str] = match remove {
            "rm" => &["rm", &id, "--discard"],
            _ => &["worktrees", "rm", &id, "--discard"],
        };
        clone.run(args);
        assert!(!tree.exists(), "{named}");
        clone.run(&["undo", "rm", named]);
        let text = std::fs::read_to_string(tree.join("new.txt")).unwrap();
        assert_eq!(text, "work\n", "{named}");
    }
    clone.shift.fails(&["undo", "rm", "nonsense"], &["`nonsense`", "nightshift worktrees"]);
    clone.shift.fails(&["worktrees", "rm", "../x"], &["`../x`", "nightshift worktrees"]);
}

#[test]
fn a_name_of_two_removals_is_refused_with_their_ids() {
    let clone = Clone::new();
    let (one, _) = clone.done("same", "done hi");
    let (two, _) = clone.done("same", "done hi");
    for id in [&one, &two] {
        clone.run(&["rm", id]);
    }
    clone.shift.fails(&["undo", "rm", "same"], &["fits 2", &one, &two, "give one of these ids"]);
    clone.run(&["undo", "rm", &one]);
}

#[test]
fn a_removal_is_undone_by_the_name_that_was_given_whatever_was_made_of_it() {
    for name in ["two  words", " edges ", "in\u{200b}visible", "cafe", "caf\u{e9}", "-x 'y\""] {
        let clone = Clone::new();
        let (id, tree) = clone.done("first", "write new.txt work\ndone hi");
        clone.run(&["rename", "--", &id, name]);
        clone.run(&["rm", "--discard", "--", name]);
        assert!(!tree.exists(), "{name}");
        clone.run(&["undo", "rm", "--", name]);
        assert!(tree.exists(), "{name}");
    }
}

#[test]
fn a_name_that_another_session_has_is_refused_with_its_id() {
    let clone = Clone::new();
    let (one, two) = (clone.dispatch(&[], "wait 60"), clone.dispatch(&[], "wait 60"));
    clone.run(&["rename", &one, "login"]);
    for taken in ["login", " login "] {
        clone.shift.fails(&["rename", &two, taken], &["`login`", &one, "choose another"]);
    }
    clone.run(&["rename", &one, "login"]);
    // Names that come from prompts may be the same: every verb names the ids then.
    let named = ["--name", "same"];
    let (three, four) = (clone.dispatch(&named, "wait 60"), clone.dispatch(&named, "wait 60"));
    for args in [
        &["rename", "same", "x"][..],
        &["rm", "same"],
        &["stop", "same"],
        &["reply", "same", "x"],
        &["diff", "same"],
        &["logs", "same"],
        &["why", "same"],
        &["interrupt", "same"],
        &["attach", "same"],
    ] {
        clone.shift.fails(args, &["`same` fits 2 sessions", &three, &four]);
    }
}
