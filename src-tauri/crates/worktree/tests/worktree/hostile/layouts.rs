//! Layouts in which git's idea of the checkout is another than ours, and those in which it only looks so.

use super::{Fires, Lab, Trap, nothing, nothing_there, spring};
use crate::repo::{Repo, snapshot, write};
use nightshift_worktree::{
    Choice, Defaults, Kind, MainCheckout, Order, Own, Plan, Policy, Record, Removal, Stay, create,
    plan, release, remove, undo,
};
use std::fs;
use std::path::{Path, PathBuf};

const TOP: &[&str] = &["rev-parse", "--show-toplevel"];

/// A repository in `dir` with work that is not committed.
fn with_work(repo: &Repo, dir: &Path, init: &[&str]) {
    let mut args = vec!["init", "--quiet"];
    args.extend(init);
    let text = dir.to_string_lossy();
    args.push(&text);
    repo.run(&args);
    write(dir, "a", "one\n");
    repo.run_in(dir, &["add", "."]);
    repo.run_in(dir, &["commit", "--quiet", "-m", "i"]);
    write(dir, "a", "one\nwork\n");
}

fn own(repo: &Repo, dir: &Path) -> Own {
    match plan(&repo.git, dir, &Choice::Usual, &Defaults::default()).unwrap() {
        Plan::Own(own) => *own,
        Plan::Stay(stay) => panic!("{stay}"),
    }
}

fn make(repo: &Repo, dir: &Path) -> Result<Record, nightshift_worktree::Error> {
    let own = own(repo, dir);
    let order = Order { id: "one", hint: "one", own: &own, holder: None };
    let record = create(&repo.git, &repo.ledger, &order)?.record;
    release(&record).unwrap();
    Ok(record)
}

/// A worktree's whole life in a layout that git supports, with the user's work beside it.
fn lives(repo: &Repo, dir: &Path) {
    let work = fs::read(dir.join("a")).unwrap();
    let record = make(repo, dir).unwrap_or_else(|error| panic!("{error}: {}", error.hint));
    assert_eq!(fs::read_to_string(record.path.join("a")).unwrap(), "one\n");
    assert_eq!(repo.run_in(&record.path, TOP).trim(), record.path.to_string_lossy());
    assert!(repo.inspect(&record).is_clean(), "{:?}", repo.inspect(&record));
    write(&record.path, "new.txt", "new\n");
    assert_eq!(repo.kept("one", Policy::Careful), ["uncommitted"]);
    let before = snapshot(&record.path);
    assert!(matches!(repo.remove("one", Policy::Discard), Removal::Removed { .. }));
    undo(&repo.git, &repo.ledger, "one").unwrap();
    assert_eq!(snapshot(&record.path), before);
    assert!(matches!(repo.remove("one", Policy::Discard), Removal::Removed { .. }));
    assert_eq!(fs::read(dir.join("a")).unwrap(), work, "the main checkout is as it was");
    for looker in repo.lookers() {
        MainCheckout::look(&looker, dir).unwrap();
    }
}

#[test]
fn failures_38_a_worktree_that_git_takes_for_the_main_checkout_is_refused_and_nothing_is_reset() {
    let repo = Repo::new();
    let dir = repo.root.with_file_name("r");
    let separate = format!("--separate-git-dir={}.git", dir.display());
    with_work(&repo, &dir, &[&separate]);
    repo.run_in(&dir, &["config", "core.worktree", &dir.to_string_lossy()]);
    repo.run_in(&dir, &["config", "extensions.worktreeConfig", "true"]);
    let before = snapshot(&dir);
    let error = make(&repo, &dir).unwrap_err();
    assert_eq!(error.kind, Kind::Refused);
    assert!(error.message.contains("core.worktree"), "{error}");
    assert!(error.message.contains("r.git/config"), "{error}");
    assert!(error.hint.contains("--worktree"), "{error:?}");
    assert_eq!(snapshot(&dir), before, "no byte of the main checkout is other");
    assert_eq!(repo.ledger.records().0, [], "nothing is left behind");
    assert_eq!(repo.run_in(&dir, &["worktree", "list"]).lines().count(), 1);
    // As the hint says.
    repo.run_in(&dir, &["config", "--worktree", "core.worktree", &dir.to_string_lossy()]);
    let shared = format!("{}.git/config", dir.display());
    repo.run(&["config", "--file", &shared, "--unset", "core.worktree"]);
    lives(&repo, &dir);
}

/// Does something to a worktree or its repository.
type Change = fn(&Repo, &Record);

#[test]
fn failures_38_a_worktree_that_becomes_another_one_later_is_left_alone() {
    let become_main: [(&str, Change); 4] = [
        ("core.worktree", |repo, _| {
            repo.run(&["config", "extensions.worktreeConfig", "true"]);
            repo.run(&["config", "core.worktree", &repo.root.to_string_lossy()]);
        }),
        ("core.worktree", |repo, record| {
            repo.run(&["config", "extensions.worktreeConfig", "true"]);
            let file = record.admin.as_ref().unwrap().join("config.worktree");
            let text = format!("[core]\n\tworktree = {}\n", repo.root.display());
            fs::write(file, text).unwrap();
        }),
        ("belongs to", |repo, record| {
            let git_dir = repo.root.join(".git");
            let text = format!("gitdir: {}\n", git_dir.display());
            fs::write(record.path.join(".git"), text).unwrap();
        }),
        ("belongs to", |repo, record| {
            let other = repo.root.with_file_name("other");
            with_work(repo, &other, &[]);
            let text = format!("{}/.git\n", other.display());
            fs::write(record.admin.as_ref().unwrap().join("commondir"), text).unwrap();
        }),
    ];
    for (n, (why, become_main)) in become_main.into_iter().enumerate() {
        let repo = Repo::new();
        repo.write("a.txt", "work of the user\n");
        let record = repo.make("one");
        write(&record.path, "a.txt", "work of the agent\n");
        become_main(&repo, &record);
        let (main, tree) = (fs::read(repo.root.join("a.txt")).unwrap(), snapshot(&record.path));
        let seen = repo.inspect(&record);
        let told = seen.unreadable.iter().any(|what| what.contains(why));
        assert!(told, "{n}: `{why}` is not in {:?}", seen.unreadable);
        assert_eq!(repo.kept("one", Policy::Discard), ["unreadable"], "{n}");
        let now = nightshift_platform::clock::now().0;
        let none = std::collections::BTreeSet::new();
        nightshift_worktree::clean(&repo.git, &repo.ledger, &none, true, now, &repo.log());
        assert_eq!(snapshot(&record.path), tree, "{n}");
        assert_eq!(fs::read(repo.root.join("a.txt")).unwrap(), main, "{n}");
    }
}

#[test]
fn failures_38_layouts_that_git_supports_work() {
    let beside = |repo: &Repo, name: &str| repo.root.with_file_name(name);
    // A git directory elsewhere, with and without a setting that says where the files are.
    let repo = Repo::new();
    let dir = beside(&repo, "r");
    with_work(&repo, &dir, &[&format!("--separate-git-dir={}.git", dir.display())]);
    lives(&repo, &dir);
    repo.run_in(&dir, &["config", "core.worktree", &dir.to_string_lossy()]);
    lives(&repo, &dir);
    // Worktrees with settings of their own.
    let repo = Repo::new();
    let dir = beside(&repo, "r");
    with_work(&repo, &dir, &[]);
    repo.run_in(&dir, &["config", "extensions.worktreeConfig", "true"]);
    repo.run_in(&dir, &["config", "--worktree", "user.name", "n"]);
    lives(&repo, &dir);
    // A submodule as main checkout.
    let repo = Repo::new();
    let other = beside(&repo, "other");
    with_work(&repo, &other, &[]);
    repo.run(&["submodule", "--quiet", "add", &other.to_string_lossy(), "sub"]);
    let dir = repo.root.join("sub");
    write(&dir, "a", "one\nwork\n");
    lives(&repo, &dir);
    // `.git` as a link, as some tools make it.
    let repo = Repo::new();
    let dir = beside(&repo, "r");
    with_work(&repo, &dir, &[]);
    fs::rename(dir.join(".git"), beside(&repo, "r.git")).unwrap();
    std::os::unix::fs::symlink(beside(&repo, "r.git"), dir.join(".git")).unwrap();
    lives(&repo, &dir);
}

#[test]
fn failures_38_a_bare_repository_and_its_worktrees_stay_where_they_are() {
    let repo = Repo::new();
    let bare = repo.root.with_file_name("bare.git");
    repo.run(&[
        "clone",
        "--quiet",
        "--bare",
        &repo.root.to_string_lossy(),
        &bare.to_string_lossy(),
    ]);
    assert_eq!(repo.plan(&bare, &Choice::Usual), Plan::Stay(Stay::Bare));
    let linked = repo.root.with_file_name("linked");
    repo.run_in(&bare, &["worktree", "add", "--quiet", &linked.to_string_lossy()]);
    let expected = Plan::Stay(Stay::AlreadyLinked { root: linked.clone() });
    assert_eq!(repo.plan(&linked, &Choice::Usual), expected);
    write(&linked, "a.txt", "changed\n");
    for looker in repo.lookers() {
        MainCheckout::look(&looker, &linked).unwrap();
    }
    // A `.git` file beside a bare repository.
    let holder = repo.root.with_file_name("holder");
    write(&holder, ".git", &format!("gitdir: {}\n", bare.display()));
    assert_eq!(repo.plan(&holder, &Choice::Usual), Plan::Stay(Stay::Bare));
}

#[test]
fn failures_38_files_elsewhere_are_nobodys_main_checkout() {
    let repo = Repo::new();
    let elsewhere = repo.root.with_file_name("elsewhere");
    write(&elsewhere, "a.txt", "elsewhere\n");
    repo.run(&["config", "core.worktree", &elsewhere.to_string_lossy()]);
    let before = snapshot(&elsewhere);
    let error = plan(&repo.git, &repo.root, &Choice::Usual, &Defaults::default()).unwrap_err();
    assert_eq!(error.kind, Kind::Refused);
    assert!(error.message.contains("core.worktree"), "{error}");
    for looker in repo.lookers() {
        assert!(MainCheckout::look(&looker, &repo.root).is_err());
    }
    assert_eq!(snapshot(&elsewhere), before);
}

#[test]
fn failures_38_traps_in_layouts_lead_nowhere() {
    fn evil_repository(lab: &Lab) -> PathBuf {
        let far = lab.outside.with_file_name("far");
        with_work(&lab.repo, &far, &[]);
        for name in ["filter.x.clean", "filter.x.smudge", "core.fsmonitor"] {
            lab.repo.run_in(&far, &["config", name, &lab.evil]);
        }
        fs::write(far.join(".git/info/attributes"), "* filter=x\n").unwrap();
        far
    }
    spring(&[
        Trap {
            name: "files of another directory",
            main: |lab| {
                lab.config("extensions.worktreeConfig", "true");
                lab.config("core.worktree", &lab.outside.to_string_lossy());
            },
            tree: nothing_there,
            fires: Fires::Never,
        },
        Trap {
            name: "another repository's configuration",
            main: nothing,
            tree: |lab, tree| {
                let far = evil_repository(lab);
                let admin = fs::read_to_string(tree.join(".git")).unwrap();
                let admin = admin.trim().strip_prefix("gitdir: ").unwrap().to_owned();
                let text = format!("{}/.git\n", far.display());
                fs::write(Path::new(&admin).join("commondir"), text).unwrap();
            },
            fires: Fires::InTree(&["status"]),
        },
        Trap {
            name: "another repository",
            main: nothing,
            tree: |lab, tree| {
                let far = evil_repository(lab);
                let text = format!("gitdir: {}/.git\n", far.display());
                fs::write(tree.join(".git"), text).unwrap();
            },
            fires: Fires::InTree(&["status"]),
        },
        Trap {
            name: "a sparse checkout with a filter",
            main: |lab| {
                lab.repo.run(&["sparse-checkout", "set", "--no-cone", "/*", "!/dir/"]);
                lab.config("filter.x.clean", &lab.evil);
                lab.attributes("filter=x");
            },
            tree: nothing_there,
            fires: Fires::InMain(&["status"]),
        },
    ]);
}

#[test]
fn a_file_of_the_users_own_filter_is_as_committed_after_it_was_touched() {
    let repo = Repo::new();
    repo.write(".gitattributes", "*.x filter=caps\n");
    repo.run(&["config", "--global", "filter.caps.clean", "tr a-z A-Z"]);
    repo.run(&["config", "--global", "filter.caps.smudge", "tr A-Z a-z"]);
    repo.write("f.x", "text\n");
    repo.commit("a filtered file");
    let record = repo.make("one");
    assert_eq!(fs::read_to_string(record.path.join("f.x")).unwrap(), "text\n");
    assert_eq!(repo.inspect(&record).changed, Vec::<std::path::PathBuf>::new());
    write(&record.path, "f.x", "text\n");
    assert!(matches!(repo.remove("one", Policy::Careful), Removal::Removed { .. }));
    let record = repo.undo("one");
    write(&record.path, "f.x", "other\n");
    assert_eq!(repo.kept("one", Policy::Careful), ["uncommitted"]);
}

#[test]
fn a_file_whose_filter_is_off_is_kept_and_the_filter_is_named() {
    let repo = Repo::new();
    repo.write(".gitattributes", "*.x filter=caps\n");
    repo.run(&["config", "filter.caps.clean", "tr a-z A-Z"]);
    repo.run(&["config", "filter.caps.smudge", "tr A-Z a-z"]);
    repo.write("f.x", "text\n");
    repo.commit("a filtered file");
    // A filter of the repository's own does not run: what is committed is checked out as it is.
    let record = repo.make("one");
    assert_eq!(fs::read_to_string(record.path.join("f.x")).unwrap(), "TEXT\n");
    write(&record.path, "f.x", "text\n");
    let removal = remove(&repo.git, &repo.ledger, "one", Policy::Careful, &repo.log()).unwrap();
    let Removal::Kept { blockers } = removal else { panic!("{removal:?}") };
    let text = blockers.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    assert!(text.contains("f.x") && text.contains("the filter caps"), "{text}");
    assert_eq!(blockers[0].word(), "uncommitted");
    assert!(matches!(repo.remove("one", Policy::Discard), Removal::Removed { .. }));
    assert_eq!(fs::read_to_string(repo.undo("one").path.join("f.x")).unwrap(), "text\n");
}

#[test]
fn security_12_nothing_is_written_through_a_link_in_gits_own_directories() {
    for path in [
        "logs/refs/heads/worktree-one",
        "logs/refs",
        "refs/heads/claude",
        "worktrees",
        "objects/pack",
    ] {
        let lab = Lab::new();
        let repo = &lab.repo;
        let link = repo.root.join(".git").join(path);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        if link.exists() {
            fs::rename(&link, lab.outside.join("moved")).unwrap();
        }
        std::os::unix::fs::symlink(&lab.outside, &link).unwrap();
        let before = snapshot(&lab.outside);
        let error = repo.try_make("one", "one").unwrap_err();
        assert!(error.message.contains("is a symbolic link"), "{path}: {error}");
        assert_eq!(snapshot(&lab.outside), before, "{path}");
    }
}

#[test]
fn security_12_a_pipe_in_gits_own_directories_is_named_at_once() {
    for path in ["packed-refs", "shallow", "info/attributes", "objects/info/alternates"] {
        let repo = Repo::new();
        let pipe = repo.root.join(".git").join(path);
        fs::create_dir_all(pipe.parent().unwrap()).unwrap();
        fs::remove_file(&pipe).ok();
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        let error = repo.git.look(&repo.root, &["status"]).read().unwrap_err();
        assert!(error.message.contains(path), "{path}: {error}");
        let error = repo.git.look(&repo.root, &["rev-parse", "HEAD"]).read().unwrap_err();
        assert!(error.message.contains("no plain file"), "{path}: {error}");
    }
}
