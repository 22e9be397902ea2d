//! Plans and their reasons, bases, what is copied in, what is disclosed, ten at once.

use crate::repo::{Repo, snapshot, write};
use nightshift_platform::process::Identity;
use nightshift_worktree::{
    Choice, Defaults, Kind, Order, Plan, Stay, create, disclosure, hold, plan, release, repair,
};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;

#[test]
fn every_session_that_stays_is_told_why() {
    let repo = Repo::new();
    let work = repo.home.work();
    let stay = |dir: &std::path::Path, choice: &Choice| match repo.plan(dir, choice) {
        Plan::Stay(stay) => stay.word(),
        Plan::Own(_) => "own",
    };
    assert_eq!(stay(&repo.root, &Choice::Usual), "own");
    assert_eq!(stay(&repo.root, &Choice::Never), "not_wanted");
    assert_eq!(stay(&work, &Choice::Usual), "no_repository");
    assert_eq!(stay(&repo.root.join(".git"), &Choice::Usual), "inside_git_dir");
    fs::create_dir(repo.root.join("new")).unwrap();
    assert_eq!(stay(&repo.root.join("new"), &Choice::Usual), "directory_not_committed");
    assert_eq!(stay(&repo.root.join("dir"), &Choice::Usual), "own");
    let bare = work.join("bare.git");
    repo.run(&["init", "--quiet", "--bare", &bare.to_string_lossy()]);
    assert_eq!(stay(&bare, &Choice::Usual), "bare");
    let record = repo.make("one");
    assert_eq!(stay(&record.path, &Choice::Usual), "already_linked");
    assert_eq!(stay(&record.path.join("dir"), &Choice::Named("x".into())), "already_linked");
    repo.write(".claude/settings.json", r#"{"worktree":{"bgIsolation":"none"}}"#);
    assert_eq!(stay(&repo.root, &Choice::Usual), "turned_off");
    assert_eq!(stay(&repo.root, &Choice::Named("x".into())), "own");
    let text = match repo.plan(&repo.root, &Choice::Usual) {
        Plan::Stay(stay) => stay.to_string(),
        Plan::Own(_) => String::new(),
    };
    assert!(text.contains(".claude/settings.json"), "{text}");
    let empty = Repo::empty();
    assert_eq!(empty.plan(&empty.root, &Choice::Usual), Plan::Stay(Stay::NoCommit));
}

#[test]
fn a_worktree_begins_where_the_main_checkout_is_and_leaves_that_untouched() {
    let repo = Repo::new().with_remote();
    let status = repo.run(&["status", "--porcelain"]);
    let record = repo.try_make("7c5d0001", "Fix the login test!").unwrap().record;
    assert_eq!(record.path, repo.root.join(".claude/worktrees/fix-the-login-test"));
    assert_eq!(record.branch, "worktree-fix-the-login-test");
    assert_eq!(fs::read_to_string(record.path.join("a.txt")).unwrap(), "a\n");
    assert_eq!(record.base.upstream.as_deref(), Some("origin/main"));
    let branch = repo.run_in(&record.path, &["branch", "--show-current"]);
    assert_eq!(branch.trim(), record.branch);
    assert_eq!(repo.run(&["status", "--porcelain"]), status, "the checkout shows nothing of it");
    let again = repo.try_make("7c5d0001", "another name").unwrap();
    assert!(again.again && again.record == record);
    let other = repo.try_make("7c5d0002", "Fix the login test").unwrap().record;
    assert_eq!(other.name, "fix-the-login-test-2");
    repo.fsck();
}

#[test]
fn who_may_read_the_file_of_excludes_stays_as_it_was() {
    use std::os::unix::fs::PermissionsExt;
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for (before, info, after) in
        [(Some(0o644), 0o755, 0o644), (Some(0o664), 0o775, 0o664), (None, 0o755, 0o644)]
    {
        let repo = Repo::new();
        let (dir, file) = (repo.root.join(".git/info"), repo.root.join(".git/info/exclude"));
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::set_permissions(&dir, PermissionsExt::from_mode(info)).unwrap();
        match before {
            Some(before) => {
                std::fs::write(&file, "old\n").unwrap();
                std::fs::set_permissions(&file, PermissionsExt::from_mode(before)).unwrap();
            }
            None => {
                std::fs::remove_file(&file).ok();
            }
        }
        repo.make("one");
        assert_eq!(mode(&file), after, "{before:?}");
        assert!(std::fs::read_to_string(&file).unwrap().contains("worktrees"));
    }
}

#[test]
fn the_subdirectory_of_a_dispatch_is_kept() {
    let repo = Repo::new();
    let Plan::Own(own) = repo.plan(&repo.root.join("dir"), &Choice::Usual) else { panic!() };
    let order = Order { id: "s1", hint: "x", own: &own, holder: None };
    let record = create(&repo.git, &repo.ledger, &order).unwrap().record;
    assert_eq!(record.cwd(), record.path.join("dir"));
    assert!(record.cwd().join("b.txt").exists());
}

#[test]
fn a_base_that_is_behind_says_so_and_a_default_branch_can_be_chosen() {
    let repo = Repo::new().with_remote();
    repo.write("a.txt", "newer\n");
    repo.commit("second");
    repo.run(&["push", "--quiet"]);
    repo.run(&["remote", "set-head", "origin", "main"]);
    repo.run(&["reset", "--quiet", "--hard", "HEAD~1"]);
    let record = repo.make("one");
    assert_eq!((record.base.behind, record.base.ahead), (1, 0));
    assert!(
        disclosure(&record).contains("1 commit behind \"origin/main\""),
        "{}",
        disclosure(&record)
    );
    repo.write(".nightshift/settings.json", r#"{"worktree":{"base":"default"}}"#);
    let record = repo.make("two");
    assert_eq!(record.base.label, "origin/main");
    assert_eq!(fs::read_to_string(record.path.join("a.txt")).unwrap(), "newer\n");
    let upstream = repo.try_in(&record.path, &["rev-parse", "@{upstream}"]);
    assert_ne!(upstream.code, Some(0), "a push without a name must not go to the base");
}

#[test]
fn included_files_are_copied_and_links_stay_links() {
    let repo = Repo::new();
    repo.write(".gitignore", "*.ignored\n.env\nsecrets/\nlink\n");
    repo.write(".worktreeinclude", ".env\nsecrets/\nlink\nuntracked.txt\n");
    repo.commit("ignore");
    repo.write(".env", "TOKEN=1\n");
    repo.write("secrets/deep/key", "k\n");
    repo.write("build.ignored", "no\n");
    repo.write("untracked.txt", "not ignored, so not copied\n");
    let outside = repo.home.work().join("outside");
    fs::write(&outside, "outside\n").unwrap();
    symlink(&outside, repo.root.join("link")).unwrap();
    let record = repo.make("one");
    assert_eq!(fs::read_to_string(record.path.join(".env")).unwrap(), "TOKEN=1\n");
    assert_eq!(fs::read_to_string(record.path.join("secrets/deep/key")).unwrap(), "k\n");
    assert_eq!(fs::read_link(record.path.join("link")).unwrap(), outside);
    assert!(!record.path.join("build.ignored").exists());
    assert!(!record.path.join("untracked.txt").exists());
    assert!(repo.inspect(&record).is_clean(), "{:?}", repo.inspect(&record));
    assert!(disclosure(&record).contains("secrets/deep/key"));
}

#[test]
fn nothing_is_copied_through_a_link_of_the_base() {
    let repo = Repo::new();
    let outside = repo.home.work().join("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, repo.root.join("conf")).unwrap();
    repo.write(".worktreeinclude", "*.ignored\n");
    repo.commit("a link");
    // In the main checkout it has become a directory since.
    fs::remove_file(repo.root.join("conf")).unwrap();
    repo.write("conf/x.ignored", "x\n");
    let record = repo.make("one");
    assert!(snapshot(&outside).is_empty());
    assert!(record.notes.iter().any(|note| note.contains("conf/x.ignored")), "{:?}", record.notes);
}

#[test]
fn a_link_in_the_way_of_the_worktrees_is_refused() {
    let repo = Repo::new();
    let outside = repo.home.work().join("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, repo.root.join(".claude")).unwrap();
    let error = repo.try_make("one", "one").unwrap_err();
    assert_eq!(error.kind, Kind::Refused);
    assert!(error.message.contains("symbolic link") && !error.hint.is_empty(), "{error:?}");
    assert!(snapshot(&outside).is_empty());
    assert_eq!(repo.ledger.records().0, []);
}

#[test]
fn submodules_come_from_the_main_checkout_without_the_network() {
    let repo = Repo::new();
    let library = Repo::new().with_remote();
    let address = library.home.work().join("remote.git");
    repo.run(&["submodule", "--quiet", "add", &address.to_string_lossy(), "lib"]);
    repo.commit("a submodule");
    // The address leads nowhere from now on.
    let moved = library.home.work().join("moved.git");
    fs::rename(&address, &moved).unwrap();
    let record = repo.make("one");
    assert_eq!(fs::read_to_string(record.path.join("lib/a.txt")).unwrap(), "a\n");
    let url = repo.run_in(&record.path.join("lib"), &["remote", "get-url", "origin"]);
    assert_eq!(url.trim(), address.to_string_lossy());
    let seen = repo.inspect(&record);
    assert!(seen.is_clean(), "{seen:?}");
    assert_eq!(seen.embedded.len(), 1);
    // A submodule that the main checkout does not have.
    repo.run(&["submodule", "--quiet", "deinit", "--force", "lib"]);
    fs::remove_dir_all(repo.root.join(".git/modules/lib")).unwrap();
    let record = repo.make("two");
    assert!(
        record.notes.iter().any(|n| n.contains("submodule \"lib\" is absent")),
        "{:?}",
        record.notes
    );
}

#[test]
fn sparse_checkouts_keep_their_cone() {
    let repo = Repo::new();
    repo.write("other/c.txt", "c\n");
    repo.commit("more");
    repo.run(&["sparse-checkout", "set", "dir"]);
    assert!(!repo.root.join("other").exists());
    let record = repo.make("one");
    assert!(record.path.join("dir/b.txt").exists() && !record.path.join("other").exists());
    write(&record.path, "dir/b.txt", "changed\n");
    assert_eq!(repo.inspect(&record).changed, [std::path::PathBuf::from("dir/b.txt")]);
}

#[test]
fn files_of_git_lfs_without_git_lfs_are_pointers_and_that_is_said() {
    let repo = Repo::new();
    repo.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
    repo.write("x.bin", "version https://git-lfs.github.com/spec/v1\n");
    repo.commit("a pointer");
    let record = repo.make("one");
    assert!(record.notes.iter().any(|n| n.contains("LFS")), "{:?}", record.notes);
    // Set up for a program that is not there: the checkout would fail.
    repo.run(&["config", "filter.lfs.smudge", "git-lfs-is-not-here smudge -- %f"]);
    repo.run(&["config", "filter.lfs.required", "true"]);
    let record = repo.make("two");
    assert!(record.path.join("x.bin").exists());
    assert!(record.notes.iter().any(|n| n.contains("LFS")), "{:?}", record.notes);
}

#[test]
fn a_name_the_user_gave_is_taken_or_refused_but_never_changed() {
    let repo = Repo::new();
    let make = |id: &str| {
        let choice = Choice::Named("My Fix".into());
        let Plan::Own(own) = plan(&repo.git, &repo.root, &choice, &Defaults::default()).unwrap()
        else {
            panic!()
        };
        create(&repo.git, &repo.ledger, &Order { id, hint: "x", own: &own, holder: None })
    };
    assert_eq!(make("one").unwrap().record.name, "my-fix");
    let error = make("two").unwrap_err();
    assert_eq!(error.kind, Kind::Taken);
    assert!(error.message.contains("my-fix"), "{error:?}");
}

#[test]
fn ten_at_once_share_no_path_branch_or_port() {
    let repo = Repo::new();
    for n in 0..200 {
        repo.write(&format!("many/{n}.txt"), "x\n");
    }
    repo.commit("many");
    let records: Vec<_> = std::thread::scope(|scope| {
        let repo = &repo;
        let make = |n: usize| {
            scope.spawn(move || repo.try_make(&format!("s{n}"), "the same words").unwrap().record)
        };
        let running: Vec<_> = (0..10).map(make).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let paths: BTreeSet<_> = records.iter().map(|r| r.path.clone()).collect();
    let branches: BTreeSet<_> = records.iter().map(|r| r.branch.clone()).collect();
    let ports: BTreeSet<u16> =
        records.iter().flat_map(|r| r.ports.map(|p| p.first..=p.last)).flatten().collect();
    assert_eq!((paths.len(), branches.len(), ports.len()), (10, 10, 100));
    assert_eq!(repo.run(&["status", "--porcelain"]), "");
    for record in &records {
        assert!(repo.inspect(record).is_clean());
    }
    repo.fsck();
}

#[test]
fn a_worktree_is_locked_while_its_session_lives() {
    let repo = Repo::new();
    let record = repo.make("one");
    hold(&record, Identity::own().unwrap()).unwrap();
    let list = repo.run(&["worktree", "list", "--porcelain"]);
    assert!(list.contains("locked Nightshift session one pid"), "{list}");
    assert!(repo.inspect(&record).held);
    assert!(repair(&repo.ledger).is_empty(), "its holder lives");
    release(&record).unwrap();
    assert!(!repo.run(&["worktree", "list", "--porcelain"]).contains("locked"));
    repo.run(&["worktree", "lock", "--reason", "on a stick", &record.path.to_string_lossy()]);
    hold(&record, Identity::own().unwrap()).unwrap();
    release(&record).unwrap();
    assert!(repo.run(&["worktree", "list", "--porcelain"]).contains("locked on a stick"));
}

#[test]
fn a_base_that_must_be_is_there_or_nothing_is_made() {
    use nightshift_worktree::{Choice, Defaults, Plan, check_base, plan};
    let repo = crate::repo::Repo::new();
    let first = repo.run(&["rev-parse", "HEAD"]).trim().to_owned();
    repo.run(&["checkout", "--quiet", "-b", "other"]);
    repo.write("other.txt", "o");
    repo.commit("other");
    // What the repository wishes does not count.
    repo.write(".nightshift/settings.json", r#"{"worktree":{"base":"head"}}"#);
    let begins = |base: &str| {
        let user = Defaults { must_begin_at: Some(base.into()), ..Defaults::default() };
        match plan(&repo.git, &repo.root, &Choice::Named("x".into()), &user) {
            Ok(Plan::Own(own)) => Ok(own.base.commit),
            Ok(Plan::Stay(stay)) => panic!("{stay}"),
            Err(error) => Err(format!("{error}; {}", error.hint)),
        }
    };
    assert_eq!(begins("default").unwrap(), first, "main, without a remote that says so");
    assert_ne!(begins("head").unwrap(), first);
    assert_ne!(begins("other").unwrap(), first);
    for (base, part) in [("nobranch", "fetch it first"), ("-x", "no branch, tag or commit")] {
        assert!(begins(base).unwrap_err().contains(part), "{base}");
        assert!(check_base(&repo.git, &repo.root, base).is_err(), "{base}");
    }
    repo.run(&["branch", "--quiet", "-m", "main", "trunk"]);
    assert!(begins("default").unwrap_err().contains("no default branch"));
    repo.run(&["config", "init.defaultBranch", "trunk"]);
    assert_eq!(begins("default").unwrap(), first);
    let elsewhere = repo.home.work().join("plain");
    std::fs::create_dir_all(&elsewhere).unwrap();
    check_base(&repo.git, &elsewhere, "nobranch").unwrap();
}
