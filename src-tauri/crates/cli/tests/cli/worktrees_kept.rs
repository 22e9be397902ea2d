//! What `rm` keeps it says, with a next command that is not the one just run; what it took comes back by any name
//! that other verbs take.

use crate::clone::Clone;
use crate::support::Shift;
use nightshift_testkit::wait_until;
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
fn rm_says_what_would_be_lost_and_keeps_the_session_for_it() {
    let clone = Clone::new();
    let (id, tree) = clone.done("fix login", "write new.txt work\ndone hi");
    let ways = ["--discard", "--keep-worktree", "commit, merge or push"];
    clone.shift.fails(&["rm", &id], &[&["1 uncommitted change (new.txt)"], &ways[..]].concat());
    clone.commits(&tree);
    std::fs::write(tree.join("new.txt"), "more\n").unwrap();
    let both = ["1 unpushed commit (", " work)", "1 uncommitted change (new.txt)"];
    clone.shift.fails(&["rm", "fix login"], &[&both[..], &ways[..]].concat());
    assert_eq!(std::fs::read_to_string(tree.join("new.txt")).unwrap(), "more\n");
    // What it is about can still be done.
    clone.run(&["commit", &id, "-m", "the rest"]);
    clone.run(&["merge", &id]);
    assert!(clone.run(&["rm", &id]).contains("removed"));
    assert!(!tree.exists() && clone.shift.entry(&id).is_null());
}

#[test]
fn what_is_in_the_way_for_other_reasons_is_not_discarded() {
    let clone = Clone::new();
    let (id, tree) = clone.done("fix login", "write new.txt work\ndone hi");
    clone.shift.ok(&["stop", &id]);
    let admin = std::fs::read_to_string(tree.join(".git")).unwrap();
    let ours = PathBuf::from(admin.trim().strip_prefix("gitdir: ").unwrap()).join("locked");
    wait_until("Nightshift's own lock to be gone", || !ours.exists());
    clone.git(&["worktree", "lock", "--reason", "mine", &tree.display().to_string()]);
    for args in [&["rm", &id][..], &["rm", &id, "--discard"]] {
        clone.shift.fails(args, &["a lock: mine", "end that", "--keep-worktree"]);
    }
    assert!(tree.join("new.txt").exists() && !clone.shift.entry(&id).is_null());
    clone.git(&["worktree", "unlock", &tree.display().to_string()]);
    clone.run(&["rm", &id, "--discard"]);
    assert!(!tree.exists());
}

#[test]
fn a_session_can_be_forgotten_without_its_worktree() {
    let clone = Clone::new();
    let (id, tree) = clone.done("fix login", "write new.txt work\ndone hi");
    clone.commits(&tree);
    let both = clone.shift.run(&["rm", &id, "--discard", "--keep-worktree"]);
    assert_eq!(both.code, Some(2), "{both:?}");
    let told = clone.run(&["rm", &id, "--keep-worktree"]);
    let path = tree.display().to_string();
    for part in [
        "its worktree and branch are kept",
        &format!("worktree kept: {path}"),
        "branch kept: ",
        "you asked to keep it",
        &format!("nightshift worktrees rm {id}"),
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(tree.join("work.txt").exists() && clone.shift.entry(&id).is_null());
    // It has not been removed, so there is nothing to bring back.
    clone.shift.fails(&["undo", "rm", "fix login"], &["nothing was removed", &path]);
    let kept = clone.shift.run(&["worktrees", "rm", "fix login"]);
    let discard = format!("nightshift worktrees rm {id} --discard");
    assert_eq!(kept.code, Some(1), "{kept:?}");
    for part in ["1 unpushed commit (", "push origin HEAD", &discard] {
        assert!(kept.out.contains(part), "{part}: {kept:?}");
    }
    clone.run(&["worktrees", "rm", &id[..6], "--discard"]);
    assert!(!tree.exists());
    clone.run(&["undo", "rm", "fix login"]);
    assert!(tree.join("work.txt").exists());
    // Once its commits are elsewhere it goes by itself.
    clone.git(&["branch", "keeps", &branch(&told)]);
    clone.run(&["worktrees", "rm", &id]);
    assert!(!tree.exists());
}

fn branch(told: &str) -> String {
    let line = told.lines().find_map(|line| line.trim().strip_prefix("branch kept: "));
    line.unwrap_or_else(|| panic!("no branch in {told}")).to_owned()
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

#[test]
fn a_home_that_was_copied_removes_no_worktree_of_the_original() {
    let clone = Clone::new();
    let (id, tree) = clone.done("fix login", "done hi");
    let (gone, other) = clone.done("tidy", "done hi");
    for id in [&id, &gone] {
        clone.shift.ok(&["stop", id]);
    }
    clone.shift.ok(&["daemon", "stop", "--any"]);
    let copy = Shift::new();
    let mut cp = Command::new("cp");
    cp.arg("-a").args([clone.shift.home.state(), copy.home.state()]);
    assert!(cp.status().unwrap().success());
    let whose = ["belongs to another home", "remove the worktree there"];
    copy.fails(&["rm", &id], &whose);
    copy.fails(&["rm", &id, "--discard"], &whose);
    // Without its session it is one that a cleaning takes.
    copy.ok(&["rm", &gone, "--keep-worktree"]);
    for args in [&["worktrees", "rm", &gone][..], &["worktrees", "clean"]] {
        let told = copy.run(args);
        assert!(whose.iter().all(|part| told.out.contains(part)), "{args:?}: {told:?}");
    }
    assert!(tree.join("a.txt").exists() && other.join("a.txt").exists());
    clone.run(&["rm", &id]);
    clone.run(&["rm", &gone]);
    assert!(!tree.exists() && !other.exists());
}
