//! How other tools lost work or kept rubbish, by the numbers of the list of failures.

use crate::repo::{Repo, snapshot, write};
use nightshift_platform::process::Identity;
use nightshift_platform::signals::SIGKILL;
use nightshift_testkit::wait_until;
use nightshift_worktree::{
    Choice, Defaults, Kind, MainCheckout, Order, Plan, Policy, Removal, clean, create, disclosure,
    hold, inspect, plan, remove, repair, set_up,
};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;

/// A process that works in a directory until it is dropped.
struct Worker(std::process::Child);

impl Worker {
    fn in_dir(dir: &std::path::Path) -> Worker {
        let child = Command::new("/bin/cat")
            .current_dir(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let cwd = format!("/proc/{}/cwd", child.id());
        wait_until("the worker to be there", || fs::read_link(&cwd).is_ok_and(|at| at == dir));
        Worker(child)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn failures_25_a_worktree_in_use_is_not_deleted() {
    let repo = Repo::new();
    let record = repo.make("one");
    let worker = Worker::in_dir(&record.path.join("dir"));
    let before = snapshot(&record.path);
    for policy in [Policy::Careful, Policy::Discard] {
        assert_eq!(repo.kept("one", policy), ["occupied"]);
    }
    let none = BTreeSet::new();
    let cleaned = clean(&repo.git, &repo.ledger, &none, true, u64::MAX, &repo.log());
    assert!(matches!(cleaned.orphans[0].1, Removal::Kept { .. }));
    assert_eq!(snapshot(&record.path), before);
    drop(worker);
    assert!(matches!(repo.remove("one", Policy::Careful), Removal::Removed { .. }));
}

#[test]
fn failures_25_unpushed_commits_block_a_careful_removal() {
    let repo = Repo::new().with_remote();
    let record = repo.make("one");
    write(&record.path, "a.txt", "work\n");
    repo.run_in(&record.path, &["commit", "--quiet", "-am", "a day's work"]);
    assert_eq!(repo.kept("one", Policy::Careful), ["unpushed"]);
    assert!(repo.inspect(&record).unpushed[0].ends_with("a day's work"));
    repo.run_in(&record.path, &["push", "--quiet", "origin", "HEAD"]);
    assert!(matches!(repo.remove("one", Policy::Careful), Removal::Removed { .. }));
    // Pushed, and still every commit is reachable here until the time for undo is over.
    repo.undo("one");
    assert_eq!(fs::read_to_string(record.path.join("a.txt")).unwrap(), "work\n");
}

#[test]
fn failures_25_links_are_refused_and_never_followed() {
    let repo = Repo::new();
    let record = repo.make("one");
    let precious = repo.home.work().join("precious");
    write(&precious, "keep.txt", "keep\n");
    // A link inside is an ordinary file.
    symlink(&precious, record.path.join("out")).unwrap();
    repo.remove("one", Policy::Discard);
    assert_eq!(fs::read_to_string(precious.join("keep.txt")).unwrap(), "keep\n");
    repo.undo("one");
    assert_eq!(fs::read_link(record.path.join("out")).unwrap(), precious);
    // The worktree itself replaced by a link.
    let moved = repo.home.work().join("moved");
    fs::rename(&record.path, &moved).unwrap();
    for target in [&precious, &moved] {
        symlink(target, &record.path).unwrap();
        let before = snapshot(target);
        assert_eq!(repo.kept("one", Policy::Discard), ["unreadable"]);
        assert_eq!(snapshot(target), before);
        fs::remove_file(&record.path).unwrap();
    }
    fs::rename(&moved, &record.path).unwrap();
    // A directory above it replaced by a link.
    let claude = repo.root.join(".claude");
    fs::rename(&claude, repo.home.work().join("claude")).unwrap();
    symlink(repo.home.work().join("claude"), &claude).unwrap();
    assert_eq!(repo.kept("one", Policy::Discard), ["unreadable"]);
    assert!(record.path.join("a.txt").exists());
}

#[test]
fn failures_25_a_place_taken_by_another_repository_is_left_alone() {
    let repo = Repo::new();
    let record = repo.make("one");
    fs::rename(&record.path, repo.home.work().join("moved")).unwrap();
    repo.run(&["init", "--quiet", &record.path.to_string_lossy()]);
    write(&record.path, "other.txt", "other\n");
    assert_eq!(repo.kept("one", Policy::Discard), ["unreadable"]);
    assert!(record.path.join("other.txt").exists());
}

#[test]
fn failures_25_a_failed_rescue_removes_nothing() {
    let repo = Repo::new();
    repo.write(".gitattributes", "*.x filter=broken\n");
    repo.commit("a filter that will fail");
    let record = repo.make("one");
    write(&record.path, "new.x", "work\n");
    repo.run(&["config", "--global", "filter.broken.clean", "false"]);
    repo.run(&["config", "--global", "filter.broken.required", "true"]);
    let before = snapshot(&record.path);
    assert_eq!(repo.kept("one", Policy::Discard), ["unreadable"]);
    assert_eq!(snapshot(&record.path), before);
    assert!(record.admin.unwrap().exists());
}

#[test]
fn failures_26_a_lock_does_not_outlive_its_process() {
    let repo = Repo::new();
    let record = repo.make("one");
    let worker = Worker::in_dir(&repo.root);
    let identity = Identity::of(worker.0.id()).unwrap();
    hold(&record, identity).unwrap();
    assert_eq!(repair(&repo.ledger), Vec::<String>::new());
    assert_eq!(repo.kept("one", Policy::Careful), ["held"]);
    nightshift_platform::process::signal(&identity, SIGKILL).unwrap();
    wait_until("the holder to be gone", || {
        identity.liveness() == nightshift_platform::Liveness3::Gone
    });
    assert_eq!(repair(&repo.ledger), ["one"]);
    assert!(!repo.run(&["worktree", "list", "--porcelain"]).contains("locked"));
    // The pid lives on in another process: another start time, another holder.
    let own = Identity::own().unwrap();
    hold(&record, Identity { start_ticks: own.start_ticks + 1, ..own }).unwrap();
    assert_eq!(repair(&repo.ledger), ["one"]);
}

#[test]
fn failures_27_forgotten_worktrees_are_found_and_go_in_one() {
    let repo = Repo::new();
    for n in 0..5 {
        repo.make(&format!("s{n}"));
    }
    let none = BTreeSet::new();
    let now = nightshift_platform::clock::now().0;
    let cleaned = clean(&repo.git, &repo.ledger, &none, true, now, &repo.log());
    assert_eq!(cleaned.orphans.len(), 5);
    assert_eq!(repo.run(&["worktree", "list"]).lines().count(), 1);
    assert_eq!(repo.ledger.removed().0.len(), 5, "each can be brought back");
    let later = now + 31 * 24 * 60 * 60 * 1000;
    let cleaned = clean(&repo.git, &repo.ledger, &none, true, later, &repo.log());
    assert_eq!(cleaned.expired.len(), 5);
    assert!(!repo.root.join(".git/nightshift/removed/s0").exists());
}

#[test]
fn failures_28_a_start_fails_when_its_setup_does() {
    let repo = Repo::new();
    repo.write(".nightshift/setup", "test -e go || { echo no such registry >&2; exit 7; }");
    repo.commit("setup");
    let mut record = repo.try_make("one", "one").unwrap().record;
    let error = set_up(&repo.git, &repo.ledger, &mut record, &repo.log(), &AtomicBool::new(false))
        .unwrap_err();
    assert_eq!(error.kind, Kind::Script);
    assert!(error.message.contains("exit code 7"), "{error}");
    assert!(error.message.contains("no such registry"), "{error}");
    // With what it lacked, the same worktree is set up.
    write(&record.path, "go", "");
    let mut record = repo.try_make("one", "one").unwrap().record;
    set_up(&repo.git, &repo.ledger, &mut record, &repo.log(), &AtomicBool::new(false)).unwrap();
}

#[test]
fn failures_29_the_agent_is_told_what_the_worktree_lacks() {
    let repo = Repo::new();
    repo.write("a.txt", "changed\n");
    for n in 0..60 {
        repo.write(&format!("new{n:02}.txt"), "new\n");
    }
    repo.write("tool/x", "x\n");
    repo.run(&["init", "--quiet", &repo.root.join("nested").to_string_lossy()]);
    let record = repo.make("one");
    let text = disclosure(&record);
    assert_eq!(record.absent_count, 63);
    for part in ["a.txt", "new00.txt", "and 13 more", "nested", "\"main\" at ", "Ports "] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.contains(&*repo.root.to_string_lossy()) && text.contains(&record.branch));
}

#[test]
fn failures_30_a_write_to_the_main_checkout_is_seen() {
    let repo = Repo::new();
    let record = repo.make("one");
    let before = MainCheckout::look(&repo.looker(), &repo.root).unwrap();
    // What a shell command of an agent may do, whatever its edit tool would refuse.
    let script = format!("echo x > {}/a.txt", repo.root.display());
    let done = Command::new("/bin/sh").args(["-c", &script]).current_dir(&record.path).status();
    assert!(done.unwrap().success());
    let after = MainCheckout::look(&repo.looker(), &repo.root).unwrap();
    assert_eq!(after.changed_since(&before), [std::path::PathBuf::from("a.txt")]);
}

#[test]
fn failures_31_the_base_is_never_counted_as_unpushed() {
    // No remote at all; and a remote that lacks what the user has committed locally.
    for with_remote in [false, true] {
        let mut repo = Repo::new();
        if with_remote {
            repo = repo.with_remote();
            repo.write("a.txt", "local\n");
            repo.commit("not pushed by the user");
        }
        let record = repo.make("one");
        // The branch it came from moves away: the base is still the base.
        repo.run(&["commit", "--quiet", "--allow-empty", "--amend", "-m", "amended"]);
        let seen = inspect(&repo.git, &record);
        assert_eq!(seen.unpushed_count, 0, "{seen:?}");
        write(&record.path, "a.txt", "work\n");
        repo.run_in(&record.path, &["commit", "--quiet", "-am", "work"]);
        assert_eq!(inspect(&repo.git, &record).unpushed_count, 1);
        // Merged into another branch it is not only here any more.
        repo.run(&["branch", "keeper", &record.branch]);
        assert_eq!(inspect(&repo.git, &record).unpushed_count, 0);
        let removal = remove(&repo.git, &repo.ledger, "one", Policy::Careful, &repo.log()).unwrap();
        assert!(matches!(removal, Removal::Removed { .. }), "{removal:?}");
    }
}

#[test]
fn failures_25_a_worktree_that_another_program_made_is_not_ours_to_clear_up() {
    let repo = Repo::new();
    let Plan::Own(own) =
        plan(&repo.git, &repo.root, &Choice::Named("one".into()), &Defaults::default()).unwrap()
    else {
        panic!()
    };
    let path = repo.root.join(".claude/worktrees/one");
    repo.run(&["worktree", "add", "--quiet", &path.to_string_lossy()]);
    let order = Order { id: "s", hint: "one", own: &own, holder: None };
    let error = create(&repo.git, &repo.ledger, &order).unwrap_err();
    assert_eq!(error.kind, Kind::Taken);
    assert!(path.join("a.txt").exists());
}

#[test]
fn errors_say_nothing_of_what_only_these_calls_set() {
    let repo = Repo::new();
    let record = repo.make("one");
    // A broken object, a name that nobody has, a file of grafts, an address that is not allowed, a bad setting.
    let tree = repo.run(&["rev-parse", "HEAD^{tree}"]);
    let (dir, file) = tree.trim().split_at(2);
    let object = repo.root.join(".git/objects").join(dir).join(file);
    fs::set_permissions(&object, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&object, "damaged").unwrap();
    write(&repo.root, ".git/info/grafts", "0123456789012345678901234567890123456789\n");
    let calls: &[&[&str]] = &[
        &["ls-tree", "-r", "HEAD"],
        &["rev-list", "nothing"],
        &["log", "-1", "--oneline"],
        &["merge", "nothing"],
        &["rebase", "nothing"],
        &["ls-remote", "ext::sh -c true"],
        &["checkout", "nothing"],
        &["cherry-pick", "HEAD"],
    ];
    let mut failed = 0;
    for dir in [&repo.root, &record.path] {
        for args in calls {
            for call in [repo.git.look(dir, args), repo.git.act(dir, args)] {
                let ended = call.end().unwrap();
                failed += usize::from(ended.code != Some(0));
                let said = String::from_utf8(ended.stderr).unwrap();
                for ours in ["hint:", "graft", "GIT_", "advice.", "/dev/null", "nightshift-git"] {
                    assert!(!said.contains(ours), "{args:?}: {said}");
                }
            }
        }
    }
    assert!(failed > 2 * calls.len(), "{failed}");
    let error = repo.git.look(&record.path, &["ls-tree", "-r", "HEAD"]).read().unwrap_err();
    assert!(error.message.contains(&*object.parent().unwrap().to_string_lossy()), "{error}");
}
