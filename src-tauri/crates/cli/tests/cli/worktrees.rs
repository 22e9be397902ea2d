//! Agent sessions in a repository: each in a worktree of its own, and no way to lose work in it.

use crate::support::{Shift, id_of};
use nightshift_testkit::wait_until;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A home whose working directory holds a repository with one commit.
struct Project {
    shift: Shift,
    root: PathBuf,
}

impl Project {
    fn new() -> Project {
        let shift = Shift::new();
        let root = std::fs::canonicalize(shift.home.work()).unwrap().join("project");
        std::fs::create_dir(&root).unwrap();
        let project = Project { shift, root };
        project.git(&["init", "--quiet", "-b", "main"]);
        project.git(&["config", "user.name", "T"]);
        project.git(&["config", "user.email", "t@t"]);
        project.write("a.txt", "a\n");
        project.git(&["add", "--all"]);
        project.git(&["commit", "--quiet", "-m", "first"]);
        project
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn git_in(&self, dir: &Path, args: &[&str]) -> String {
        let mut git = Command::new("git");
        git.args(args).current_dir(dir).env_clear().envs(self.shift.home.environment());
        let output = git.output().unwrap();
        assert!(output.status.success(), "git {args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn git(&self, args: &[&str]) -> String {
        self.git_in(&self.root, args)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.shift.command(args);
        command.current_dir(&self.root);
        command
    }

    /// Starts a rehearsal session that may do everything; its id.
    fn agent(&self, more: &[&str], script: &str) -> String {
        let mut args = vec!["--bg", "--agent", "rehearsal", "--permission-mode", "auto", "--json"];
        args.extend(more);
        args.push(script);
        let output = self.command(&args).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        id_of(&serde_json::from_slice(&output.stdout).unwrap())
    }

    fn worktree(entry: &Value) -> PathBuf {
        PathBuf::from(entry["lodging"]["path"].as_str().unwrap_or_else(|| panic!("{entry}")))
    }
}

#[test]
fn an_agent_edits_in_its_own_worktree_and_the_main_checkout_stays() {
    let project = Project::new();
    let shift = &project.shift;
    project.write("draft.txt", "uncommitted\n");
    let id = project.agent(&["--name", "Fix it"], "write a.txt changed\nrun pwd; env\ndone it");
    let entry = shift.wait_state(&id, "done");
    let path = Project::worktree(&entry);
    assert_eq!(path, project.root.join(".claude/worktrees/fix-it"));
    assert_eq!(entry["cwd"], project.root.to_string_lossy().as_ref());
    assert_eq!(entry["lodging"]["branch"], "worktree-fix-it");
    assert_eq!(entry["lodging"]["absent"][0], "draft.txt");
    assert_eq!(std::fs::read_to_string(path.join("a.txt")).unwrap(), "changed\n");
    assert_eq!(std::fs::read_to_string(project.root.join("a.txt")).unwrap(), "a\n");
    let log = shift.ok(&["logs", &id]);
    assert!(log.contains(&format!("{}\n", path.display())), "{log}");
    let port = entry["lodging"]["firstPort"].as_u64().unwrap();
    assert!(log.contains(&format!("NIGHTSHIFT_PORT={port}\n")), "{log}");
    let why = shift.ok(&["why", &id]);
    assert!(why.contains("on worktree-fix-it, from main"), "{why}");
    let raw = shift.ok(&["logs", &id, "--raw"]);
    assert!(!raw.contains("draft.txt"), "what the agent said is not what it was told");
    let list = project.git(&["worktree", "list", "--porcelain"]);
    assert!(list.contains(&format!("locked Nightshift session {id} pid")), "{list}");
    // The lock goes with the process, and comes with the next.
    shift.ok(&["stop", &id]);
    wait_until("the lock to go", || {
        !project.git(&["worktree", "list", "--porcelain"]).contains("locked")
    });
    shift.ok(&["reply", &id, "write b.txt more\ndone again"]);
    shift.wait_entry(&id, "its second result", |e| e["result"] == "again");
    assert_eq!(std::fs::read_to_string(path.join("b.txt")).unwrap(), "more\n");
}

#[test]
fn sessions_that_stay_where_they_are_say_why() {
    let project = Project::new();
    let shift = &project.shift;
    let id = project.agent(&["--no-worktree"], "write b.txt here\ndone");
    let entry = shift.wait_state(&id, "done");
    assert_eq!(entry["lodging"]["reason"], "not_wanted");
    assert!(project.root.join("b.txt").exists());
    let outside = shift.agent("done");
    let entry = shift.wait_state(&outside, "done");
    assert_eq!(entry["lodging"]["reason"], "no_repository");
    assert!(shift.ok(&["why", &outside]).contains("not in a git repository"));
    let job = shift.shell("true");
    assert!(shift.entry(&job)["lodging"].is_null());
    let named = project.agent(&["--worktree", "My Branch"], "done");
    let entry = shift.wait_state(&named, "done");
    assert_eq!(entry["lodging"]["branch"], "worktree-my-branch");
}

#[test]
fn failures_25_rm_keeps_what_would_be_lost_and_undo_brings_back_the_rest() {
    let project = Project::new();
    let shift = &project.shift;
    let kept = project.agent(&["--name", "kept"], "write new.txt work\ndone");
    let path = Project::worktree(&shift.wait_state(&kept, "done"));
    shift.fails(&["rm", &kept], &["stays", "1 uncommitted change (new.txt)", "--discard"]);
    assert!(path.join("new.txt").exists() && !shift.entry(&kept).is_null());
    let removed = shift.json(&["rm", &kept, "--keep-worktree", "--json"]);
    assert_eq!(removed["worktree"]["kept"][0]["reason"], "wanted", "{removed}");
    assert!(path.join("new.txt").exists());
    assert!(shift.entry(&kept).is_null());
    let listed = shift.json(&["worktrees", "--json"]);
    assert_eq!(listed["worktrees"][0]["orphan"], true, "{listed}");
    assert!(listed["worktrees"][0]["bytes"].as_u64().unwrap() > 0);
    let cleaned = shift.ok(&["worktrees", "clean"]);
    assert!(cleaned.starts_with("kept · ") && path.exists(), "{cleaned}");

    let gone = project.agent(&["--name", "gone"], "write new.txt work\ndone");
    let path = Project::worktree(&shift.wait_state(&gone, "done"));
    let out = shift.ok(&["rm", "--discard", &gone]);
    assert!(out.contains(&format!("nightshift undo rm {gone}")), "{out}");
    assert!(!path.exists());
    shift.ok(&["undo", "rm", &gone]);
    assert_eq!(std::fs::read_to_string(path.join("new.txt")).unwrap(), "work\n");
    shift.fails(&["undo", "rm", &gone], &["nothing was removed"]);

    let clean = project.agent(&["--name", "clean"], "done nothing to do");
    let path = Project::worktree(&shift.wait_state(&clean, "done"));
    shift.ok(&["rm", &clean]);
    assert!(!path.exists(), "a clean worktree goes with its session");
    project.git(&["fsck", "--full", "--no-dangling"]);
}

#[test]
fn failures_25_commits_that_are_nowhere_else_keep_a_session_until_they_are_thrown_away() {
    let project = Project::new();
    let shift = &project.shift;
    let script = "write a.txt work\nrun git commit -qam work\ndone";
    let id = project.agent(&[], script);
    let path = Project::worktree(&shift.wait_state(&id, "done"));
    let told = ["is stopped and stays", "1 unpushed commit (", " work)", "--keep-worktree"];
    shift.fails(&["rm", &id], &told);
    // All verbs for its work are there as before.
    assert_eq!(shift.json(&["diff", &id, "--json"])["ahead"], 1);
    assert_eq!(std::fs::read_to_string(path.join("a.txt")).unwrap(), "work\n");
    let removed = shift.ok(&["rm", "--discard", &id]);
    assert!(removed.contains("gone with it: 1 unpushed commit ("), "{removed}");
    assert!(!path.exists() && shift.entry(&id).is_null());
    project.git(&["gc", "--quiet", "--prune=now"]);
    shift.ok(&["undo", "rm", &id]);
    assert_eq!(std::fs::read_to_string(path.join("a.txt")).unwrap(), "work\n");
    assert_eq!(project.git_in(&path, &["log", "-1", "--format=%s"]), "work\n");
}

#[test]
fn failures_26_a_killed_supervisor_and_host_leave_no_lock_behind() {
    let project = Project::new();
    let shift = &project.shift;
    let id = project.agent(&[], "say begun\nwait 600");
    shift.wait_log(&id, "\nbegun");
    let host = shift.host(&id);
    crate::support::kill(&shift.supervisor());
    crate::support::kill(&host);
    shift.ok(&["agents"]);
    shift.wait_state(&id, "failed");
    wait_until("the lock to go", || {
        !project.git(&["worktree", "list", "--porcelain"]).contains("locked")
    });
    // Started again it is in the same worktree, and holds it again.
    shift.ok(&["respawn", &id]);
    let list = project.git(&["worktree", "list", "--porcelain"]);
    assert_eq!(list.matches("locked").count(), 1, "{list}");
    assert!(list.contains(&format!("pid {}", shift.host(&id).pid)), "{list}");
}

#[test]
fn failures_28_the_agent_starts_after_its_setup_or_not_at_all() {
    let project = Project::new();
    let shift = &project.shift;
    project.write(".nightshift/setup", "test -e go || { echo no modules; exit 9; }; touch done");
    project.git(&["add", "--all"]);
    project.git(&["commit", "--quiet", "-m", "setup"]);
    shift.ok(&["trust", "add", &project.root.to_string_lossy()]);
    let id = project.agent(&[], "run ls\ndone");
    let entry = shift.wait_state(&id, "failed");
    let error = entry["error"].as_str().unwrap();
    assert!(error.contains("exit code 9") && error.contains("no modules"), "{error}");
    let tree = &entry["lodging"];
    assert_eq!(tree["settingUp"], true, "{tree}");
    let path = Project::worktree(&entry);
    std::fs::write(path.join("go"), "").unwrap();
    shift.ok(&["respawn", &id]);
    shift.wait_state(&id, "done");
    let log = shift.ok(&["logs", &id]);
    assert!(log.contains("done\n") && log.contains("go\n"), "{log}");
}

#[test]
fn failures_29_the_agent_is_told_beside_the_users_words() {
    let project = Project::new();
    let shift = &project.shift;
    project.write("draft.txt", "uncommitted\n");
    let id = project.agent(&[], "done");
    shift.wait_state(&id, "done");
    let mut journal = String::new();
    for entry in std::fs::read_dir(shift.job(&id)).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("journal-") {
            journal.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap()));
        }
    }
    assert!(journal.contains("nightshift:notes"), "{journal}");
    assert!(journal.contains(r#"not here: \"draft.txt\""#), "{journal}");
    let log = shift.ok(&["logs", &id]);
    assert!(log.contains("> done") && !log.contains("draft.txt"), "{log}");
}

#[test]
fn failures_30_a_shell_command_that_writes_to_the_main_checkout_is_reported() {
    let project = Project::new();
    let shift = &project.shift;
    let script = format!("run echo over > {}/a.txt\ndone", project.root.display());
    let id = project.agent(&[], &script);
    let said = |e: &Value| e["lodging"]["changedMeanwhile"][0] == "a.txt";
    shift.wait_entry(&id, "the change to be seen", said);
    let part = "the main checkout changed while it worked: a.txt";
    assert!(shift.ok(&["why", &id]).contains(part));
    wait_until("a notice", || shift.ok(&["notifications"]).contains("changed while session"));
}

#[test]
fn the_users_settings_hold_where_the_repository_says_nothing_else() {
    let project = Project::new();
    let shift = &project.shift;
    std::fs::create_dir_all(shift.home.state()).unwrap();
    let settings = shift.home.state().join("settings.toml");
    let set = "[worktree]\ndir = \".trees\"\nbranch_prefix = \"mine/\"\nports = 3\n\
               setup = \"touch set-up\"\nbase = \"develop\"\n";
    std::fs::write(&settings, set).unwrap();
    let id = project.agent(&["--name", "one"], "run ls\ndone");
    let entry = shift.wait_state(&id, "done");
    let tree = &entry["lodging"];
    assert_eq!(Project::worktree(&entry), project.root.join(".trees/one"));
    assert_eq!((&tree["branch"], &tree["base"]), (&"mine/one".into(), &"main".into()));
    let port = |name: &str| tree[name].as_u64().unwrap();
    assert_eq!(port("lastPort") - port("firstPort"), 2);
    assert!(
        tree["disclosure"].as_str().unwrap().contains("there is no \"develop\" here"),
        "{tree}"
    );
    assert!(Project::worktree(&entry).join("set-up").exists());
    assert_eq!(project.git(&["status", "--porcelain"]), "");

    project.git(&["branch", "develop"]);
    project.write(".nightshift/settings.json", r#"{"worktree":{"branchPrefix":"theirs/"}}"#);
    let entry = shift.wait_state(&project.agent(&["--name", "two"], "done"), "done");
    let tree = &entry["lodging"];
    assert_eq!((&tree["branch"], &tree["base"]), (&"theirs/two".into(), &"develop".into()));

    std::fs::write(&settings, "[worktree]\nisolation = \"none\"\n").unwrap();
    let entry = shift.wait_state(&project.agent(&[], "done"), "done");
    assert_eq!(entry["lodging"]["reason"], "turned_off");
    let why = entry["lodging"]["text"].as_str().unwrap();
    assert!(why.contains("settings.toml"), "{why}");
}

#[test]
fn ten_agents_at_once_edit_one_repository_and_never_meet() {
    let project = Project::new();
    let shift = &project.shift;
    project.write(".gitignore", "*.ignored\n");
    project.git(&["add", "--all"]);
    project.git(&["commit", "--quiet", "-m", "ignore"]);
    project.write("draft.txt", "uncommitted\n");
    project.write("env.ignored", "A=1\n");
    let before = files_of(&project.root);
    let ids: Vec<String> = std::thread::scope(|scope| {
        let project = &project;
        let start = |n: usize| {
            let script =
                format!("write a.txt number {n}\nrun git commit -qam {n}\nwrite b.txt {n}\ndone");
            scope.spawn(move || project.agent(&["--name", "same"], &script))
        };
        let running: Vec<_> = (0..10).map(start).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut paths = std::collections::BTreeSet::new();
    let mut branches = std::collections::BTreeSet::new();
    let mut ports = std::collections::BTreeSet::new();
    for id in &ids {
        let entry = shift.wait_state(id, "done");
        paths.insert(Project::worktree(&entry));
        let tree = &entry["lodging"];
        branches.insert(tree["branch"].as_str().unwrap().to_owned());
        let port = |name: &str| tree[name].as_u64().unwrap();
        ports.extend(port("firstPort")..=port("lastPort"));
    }
    assert_eq!((paths.len(), branches.len(), ports.len()), (10, 10, 100));
    assert!(files_of(&project.root) == before, "the main checkout is as it was");
    let texts: std::collections::BTreeSet<String> =
        paths.iter().map(|path| std::fs::read_to_string(path.join("a.txt")).unwrap()).collect();
    assert_eq!(texts.len(), 10, "each has its own words");
    assert_eq!(project.git(&["status", "--porcelain"]), "?? draft.txt\n");
    project.git(&["fsck", "--full", "--strict", "--no-dangling"]);
}

/// Every file of the main checkout with its bytes, without git's own and the worktrees'.
fn files_of(root: &Path) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut next = vec![root.to_owned()];
    while let Some(dir) = next.pop() {
        for entry in std::fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap();
            if name == ".git" || path.ends_with(".claude/worktrees") {
                continue;
            }
            if path.is_dir() {
                next.push(path);
            } else {
                found.insert(path.clone(), std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn a_session_outlives_its_supervisor_in_its_worktree() {
    let project = Project::new();
    let shift = &project.shift;
    let id = project.agent(&[], "ask Go on? | Yes | No\nwrite b.txt answered\ndone");
    shift.wait_state(&id, "blocked");
    shift.kill_supervisor();
    shift.answer(&id, "1");
    let path = Project::worktree(&shift.wait_state(&id, "done"));
    assert_eq!(std::fs::read_to_string(path.join("b.txt")).unwrap(), "answered\n");
}

#[test]
fn failures_38_work_in_the_main_checkout_survives_a_worktree_that_is_none() {
    let project = Project::new();
    let shift = &project.shift;
    let root = project.root.to_string_lossy().into_owned();
    project.git(&["config", "core.worktree", &root]);
    project.git(&["config", "extensions.worktreeConfig", "true"]);
    project.write("a.txt", "a\nwork\n");
    let script = "run git add -A; git commit -qm x\ndone x";
    let args = ["--bg", "--agent", "rehearsal", "--permission-mode", "auto", "--json", script];
    let output = project.command(&args).output().unwrap();
    // Refused at once, or by the session that was to begin.
    let error = if output.status.success() {
        let id = id_of(&serde_json::from_slice(&output.stdout).unwrap());
        shift.wait_state(&id, "failed")["error"].to_string()
    } else {
        format!("{output:?}")
    };
    assert!(error.contains("core.worktree") && error.contains(".git/config"), "{error}");
    let text = std::fs::read_to_string(project.root.join("a.txt")).unwrap();
    assert_eq!(text, "a\nwork\n");
    assert_eq!(project.git(&["log", "--oneline"]).lines().count(), 1);
    assert_eq!(project.git(&["worktree", "list"]).lines().count(), 1);
}

#[test]
fn failures_38_the_main_checkout_is_found_where_git_knows_only_its_directory() {
    let project = Project::new();
    let shift = &project.shift;
    let apart = shift.home.work().join("apart.git").to_string_lossy().into_owned();
    project.git(&["init", "--quiet", "--separate-git-dir", &apart]);
    let id = project.agent(&[], "write new.txt of the agent\ndone x");
    shift.wait_state(&id, "done");
    shift.ok(&["commit", &id, "-m", "new"]);
    shift.ok(&["merge", &id]);
    assert!(project.root.join("new.txt").exists());
    assert_eq!(project.git(&["status", "--porcelain"]), "");
}

#[test]
fn failures_38_a_worktree_that_the_user_took_away_keeps_nothing_on_the_list() {
    let project = Project::new();
    let shift = &project.shift;
    let (script, asking) = ("write a.txt work\ndone", "write a.txt work\nask Go on? | Yes");
    // A session that still runs in it, one that has ended, and one that is off the board.
    let runs = project.agent(&[], asking);
    let over = project.agent(&[], script);
    let orphan = project.agent(&[], script);
    let path = |id: &str| Project::worktree(&shift.entry(id));
    shift.wait_state(&runs, "blocked");
    for id in [&over, &orphan] {
        shift.wait_state(id, "done");
    }
    let paths = [path(&runs), path(&over), path(&orphan)];
    shift.ok(&["rm", &orphan, "--keep-worktree"]);
    shift.ok(&["stop", &over]);
    let branches = project.git(&["branch", "--format=%(refname:short)"]);
    for path in &paths {
        project.git(&["worktree", "remove", "--force", "--force", &path.to_string_lossy()]);
    }
    let listed = shift.ok(&["worktrees"]);
    assert_eq!(listed.matches("git in").count(), 3, "{listed}");
    assert!(!listed.contains("No such file"), "{listed}");
    for id in [&runs, &over] {
        let out = shift.ok(&["rm", id]);
        assert!(out.contains("off the list") && out.contains("is kept"), "{out}");
        assert!(shift.entry(id).is_null());
    }
    let out = shift.ok(&["worktrees", "clean"]);
    assert!(out.starts_with("off the list · ") && out.contains("is kept"), "{out}");
    assert_eq!(shift.ok(&["worktrees"]), "no worktrees\n");
    assert_eq!(project.git(&["branch", "--format=%(refname:short)"]), branches);
}

#[test]
fn failures_38_a_deleted_repository_keeps_no_session_and_a_missing_disk_does() {
    let project = Project::new();
    let shift = &project.shift;
    let (id, orphan) = (project.agent(&[], "done"), project.agent(&[], "done"));
    for id in [&id, &orphan] {
        shift.wait_state(id, "done");
        shift.ok(&["stop", id]);
    }
    shift.ok(&["rm", &orphan, "--keep-worktree"]);
    // All of it is out of reach, as when a disk is not mounted.
    let (work, away) = (shift.home.work(), shift.home.state().join("away"));
    std::fs::rename(&work, &away).unwrap();
    std::fs::create_dir(&work).unwrap();
    let told = ["may not be mounted", "--discard", "stays as it is"];
    shift.fails(&["rm", &id], &told);
    let refused = shift.run(&["worktrees", "rm", &orphan]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.out.contains("may not be mounted"), "{refused:?}");
    assert!(shift.ok(&["worktrees"]).contains("may not be mounted"));
    std::fs::remove_dir(&work).unwrap();
    std::fs::rename(&away, &work).unwrap();
    std::fs::remove_dir_all(&project.root).unwrap();
    let out = shift.ok(&["rm", &id]);
    assert!(out.contains("so is its repository"), "{out}");
    assert!(shift.ok(&["worktrees", "rm", &orphan]).contains("so is its repository"));
    assert_eq!(shift.ok(&["worktrees"]), "no worktrees\n");
}
