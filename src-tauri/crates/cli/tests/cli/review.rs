//! Review by the command line alone: see, commit, rebase, merge, publish, throw away, bring back.

use crate::support::{Shift, ran};
use std::path::{Path, PathBuf};

/// A repository with a linked worktree on `work`, and a session in there that has ended.
struct Reviewed {
    shift: Shift,
    main: PathBuf,
    tree: PathBuf,
    id: String,
}

impl Reviewed {
    fn new() -> Reviewed {
        let shift = Shift::new();
        let config = "[user]\n\tname = T\n\temail = t@t\n[init]\n\tdefaultBranch = main\n";
        std::fs::write(shift.home.user_home().join(".gitconfig"), config).unwrap();
        let (main, tree) = (shift.home.work().join("main"), shift.home.work().join("tree"));
        std::fs::create_dir(&main).unwrap();
        std::fs::write(main.join("a.txt"), "one\ntwo\n").unwrap();
        let reviewed = Reviewed { shift, main, tree, id: String::new() };
        reviewed.git(&reviewed.main, &["init", "--quiet"]);
        reviewed.git(&reviewed.main, &["add", "--all"]);
        reviewed.git(&reviewed.main, &["commit", "--quiet", "-m", "first"]);
        reviewed.git(&reviewed.main, &["worktree", "add", "--quiet", "-b", "work", "../tree"]);
        let args = ["--bg", "--json", "--cwd", "tree", "--exec", "echo 2 > b.txt; echo 1 > a.txt"];
        let id = crate::support::id_of(&reviewed.shift.json(&args));
        reviewed.shift.wait_entry(&id, "its end", |entry| entry["exitCode"] == 0);
        Reviewed { id, ..reviewed }
    }

    fn git(&self, dir: &Path, args: &[&str]) -> String {
        let mut git = self.shift.home.command(Path::new("git"));
        ran(git.args(args).current_dir(dir), b"").ok(args)
    }

    fn ok(&self, verb: &str, args: &[&str]) -> String {
        self.shift.ok(&[&[verb, self.id.as_str()], args].concat())
    }

    fn json(&self, verb: &str, args: &[&str]) -> serde_json::Value {
        self.shift.json(&[&[verb, self.id.as_str(), "--json"], args].concat())
    }
}

#[test]
fn a_diff_is_a_summary_lines_or_json() {
    let here = Reviewed::new();
    let stat = here.ok("diff", &["--stat"]);
    assert!(stat.contains("a.txt · modified · +1 −2 · uncommitted"), "{stat}");
    assert!(stat.contains("b.txt · new · +1 −0"), "{stat}");
    let all = here.ok("diff", &[]);
    assert!(all.contains("\n-one\n-two\n+1\n") && all.contains("\n+2\n"), "{all}");
    let one = here.ok("diff", &["b.txt"]);
    assert!(one.contains("+2") && !one.contains("-one"), "{one}");
    let json = here.json("diff", &[]);
    assert_eq!((&json["branch"], &json["uncommitted"]), (&"work".into(), &2.into()));
    assert_eq!(json["files"][1]["status"], "untracked");
    assert_eq!(here.json("diff", &["b.txt"])["rows"][0]["text"], "2");
    here.shift.fails(&["diff", &here.id, "c.txt"], &["c.txt is not among", "--stat"]);
    here.shift.fails(&["diff", "ffffffff"], &["no session"]);
}

#[test]
fn work_is_committed_and_merged() {
    let here = Reviewed::new();
    here.shift.fails(&["merge", &here.id], &["uncommitted", "commit"]);
    here.shift.fails(&["commit", &here.id, "--staged", "-m", "x"], &["nothing is staged"]);
    assert_eq!(here.json("commit", &["-m", "two files"])["subject"], "two files");
    assert_eq!(here.json("diff", &[])["ahead"], 1);
    std::fs::write(here.main.join("c.txt"), "3\n").unwrap();
    here.git(&here.main, &["add", "--all"]);
    here.git(&here.main, &["commit", "--quiet", "-m", "main goes on"]);
    assert!(here.ok("rebase", &[]).contains("rebased onto main"));
    assert!(here.ok("merge", &[]).contains("merged into main"));
    assert_eq!(std::fs::read_to_string(here.main.join("a.txt")).unwrap(), "1\n");
    here.shift.fails(&["merge", &here.id], &["has all of this work"]);
}

#[test]
fn conflicts_are_a_failure_that_changes_nothing() {
    let here = Reviewed::new();
    here.ok("commit", &["-m", "ours"]);
    std::fs::write(here.main.join("a.txt"), "theirs\n").unwrap();
    here.git(&here.main, &["commit", "--quiet", "--all", "-m", "theirs"]);
    for verb in ["merge", "rebase"] {
        here.shift.fails(&[verb, &here.id], &["conflicts with main", "a.txt", "nightshift reply"]);
        let run = here.shift.run(&[verb, &here.id, "--json"]);
        let json: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!((run.code, &json["files"][0]), (Some(1), &"a.txt".into()));
    }
    assert_eq!(here.git(&here.main, &["status", "--porcelain"]), "");
    assert_eq!(here.git(&here.tree, &["status", "--porcelain"]), "");
}

#[test]
fn what_is_discarded_is_brought_back() {
    let here = Reviewed::new();
    let usage = here.shift.run(&["discard", &here.id]);
    assert_eq!(usage.code, Some(2), "all is not thrown away by leaving something out");
    let one = here.json("discard", &["b.txt"]);
    assert!(!here.tree.join("b.txt").exists());
    let all = here.ok("discard", &["--all"]);
    assert!(all.contains("discarded 1 file ·") && all.contains("--undo refs/"), "{all}");
    assert_eq!(std::fs::read_to_string(here.tree.join("a.txt")).unwrap(), "one\ntwo\n");
    here.ok("discard", &["--undo", one["rescue"].as_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(here.tree.join("b.txt")).unwrap(), "2\n");
    assert_eq!(std::fs::read_to_string(here.tree.join("a.txt")).unwrap(), "one\ntwo\n");
}

#[test]
fn a_pull_request_is_pushed_and_its_page_named() {
    let here = Reviewed::new();
    here.ok("commit", &["-m", "work"]);
    here.shift.fails(&["pr", &here.id], &["no remote", "git remote add"]);
    let remote = here.shift.home.work().join("remote.git");
    let remote = remote.to_str().unwrap();
    here.git(&here.main, &["init", "--quiet", "--bare", remote]);
    here.git(&here.main, &["config", &format!("url.{remote}.insteadOf"), "git@bitbucket.org:a/b"]);
    here.git(&here.main, &["remote", "add", "origin", "git@bitbucket.org:a/b"]);
    let opened = here.json("pr", &[]);
    let page = "https://bitbucket.org/a/b/pull-requests/new?source=work&dest=main";
    assert_eq!((&opened["state"], &opened["url"]), (&"by_hand".into(), &page.into()));
    here.git(Path::new(remote), &["rev-parse", "--verify", "work"]);
}
