//! Staging, committing and discarding: nothing that was written is lost.

use crate::repo::{Repo, paths};
use nightshift_platform::clock;
use nightshift_protocol::review::{ReviewAct, ReviewResult, Staging};
use nightshift_worktree::{UNDO_DAYS, rescue_ref};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

fn commit(message: &str, all: bool, amend: bool) -> ReviewAct {
    ReviewAct::Commit { message: message.into(), all, amend }
}

#[test]
fn staging_goes_both_ways_and_takes_names_as_names() {
    let repo = Repo::new();
    repo.write("a.txt", "1\n");
    repo.write("*", "star\n");
    repo.write("-n", "dash\n");
    fs::remove_file(repo.tree.join("dir/b.txt")).unwrap();
    repo.done(ReviewAct::Stage { paths: paths(&["*", "-n", "dir/b.txt"]) });
    let staging = |path: &str| repo.file(path).staging;
    assert_eq!(staging("a.txt"), Staging::Unstaged, "a star is a name here");
    for path in ["*", "-n", "dir/b.txt"] {
        assert_eq!(staging(path), Staging::Staged, "{path}");
    }
    repo.done(ReviewAct::Unstage { paths: paths(&["*", "dir/b.txt"]) });
    assert_eq!((staging("*"), staging("dir/b.txt")), (Staging::Unstaged, Staging::Unstaged));
    repo.refuses(ReviewAct::Stage { paths: paths(&["nowhere"]) }, &["nowhere"]);
    repo.refuses(ReviewAct::Stage { paths: paths(&[]) }, &["no file"]);
}

#[test]
fn a_commit_takes_what_is_staged_or_all() {
    let repo = Repo::new();
    repo.write("a.txt", "1\n");
    repo.write("b.txt", "2\n");
    repo.refuses(commit("nothing", false, false), &["nothing is staged", "all"]);
    repo.refuses(commit(" \n", true, false), &["message is empty"]);
    repo.done(ReviewAct::Stage { paths: paths(&["a.txt"]) });
    repo.done(commit("only a\n\nand why", false, false));
    assert_eq!(repo.git(&["show", "--name-only", "--format=%B"]), "only a\n\nand why\n\n\na.txt\n");
    repo.done(commit("the rest", true, false));
    assert_eq!(repo.changes().uncommitted, 0);
    repo.refuses(commit("again", true, false), &["nothing is there to be committed"]);
}

#[test]
fn an_amend_keeps_the_commit_it_replaces() {
    let repo = Repo::new().with_remote();
    repo.write("a.txt", "1\n");
    repo.refuses(commit("not ours", true, true), &["not of this work"]);
    let first = repo.commit("frist");
    repo.write("a.txt", "2\n");
    repo.done(commit("first", true, true));
    assert_eq!(repo.changes().ahead, 1);
    let kept = repo.rescues();
    assert_eq!(kept.len(), 1);
    assert_eq!(repo.git(&["rev-parse", &kept[0]]).trim(), first);
    repo.done(ReviewAct::Push);
    repo.refuses(commit("too late", true, true), &["pushed already", "new commit"]);
}

#[test]
fn a_hook_of_the_users_own_that_says_no_is_heard() {
    let repo = Repo::new();
    let hooks = repo.home.user_home().join("hooks");
    repo.main(&["config", "--global", "core.hooksPath", &hooks.to_string_lossy()]);
    let hook = hooks.join("pre-commit");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\necho 'format the code first' >&2\nexit 1\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    repo.write("a.txt", "1\n");
    repo.refuses(commit("try", true, false), &["format the code first", "hook"]);
    assert_eq!(repo.changes().ahead, 0);
}

#[test]
fn what_is_discarded_comes_back_byte_for_byte() {
    let repo = Repo::new();
    repo.write("a.txt", "changed\n");
    repo.write("deep/er/new.txt", "new\n");
    repo.write("staged.txt", "staged\n");
    repo.git(&["add", "staged.txt"]);
    repo.write("staged.txt", "and then changed\n");
    fs::remove_file(repo.tree.join("dir/b.txt")).unwrap();
    symlink("/etc", repo.tree.join("link")).unwrap();
    let ReviewResult::Discarded { rescue, paths: taken, .. } =
        repo.done(ReviewAct::Discard { paths: paths(&[]) })
    else {
        panic!("no discard");
    };
    assert_eq!(taken.len(), 5);
    assert!(repo.changes().files.is_empty());
    assert_eq!(repo.read("a.txt"), "one\ntwo\nthree\n");
    assert!(!repo.tree.join("deep").exists(), "empty directories go too");
    assert_eq!(repo.git(&["show", &format!("{rescue}^2:staged.txt")]), "staged\n");
    repo.write("a.txt", "written since\n");
    repo.done(ReviewAct::Restore { rescue, paths: paths(&[]) });
    assert_eq!(repo.read("a.txt"), "changed\n");
    assert_eq!(repo.read("deep/er/new.txt"), "new\n");
    assert_eq!(repo.read("staged.txt"), "and then changed\n");
    assert!(!repo.tree.join("dir/b.txt").exists(), "a deletion that was discarded is back");
    assert_eq!(fs::read_link(repo.tree.join("link")).unwrap().to_str(), Some("/etc"));
    let kept: Vec<String> = repo
        .rescues()
        .iter()
        .map(|rescue| repo.git(&["show", &format!("{rescue}:a.txt")]))
        .collect();
    assert!(kept.iter().any(|text| text == "written since\n"), "{kept:?}");
    repo.git(&["fsck", "--strict", "--no-dangling"]);
}

/// As when a file is changed in the second in which git looked at it last.
#[test]
fn a_change_that_neither_size_nor_time_tells_is_kept() {
    let repo = Repo::new();
    let then = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let date = |path: &std::path::Path| {
        fs::File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
    };
    let (file, index) = (repo.tree.join("a.txt"), repo.root.join(".git/worktrees/tree/index"));
    repo.git(&["config", "core.trustctime", "false"]);
    repo.git(&["config", "core.checkStat", "minimal"]);
    date(&file);
    repo.git(&["update-index", "--refresh"]);
    date(&index);
    repo.write("a.txt", "ONE\ntwo\nthree\n");
    date(&file);
    let ReviewResult::Discarded { rescue, .. } =
        repo.done(ReviewAct::Discard { paths: paths(&["a.txt"]) })
    else {
        panic!("no discard");
    };
    assert_eq!(repo.read("a.txt"), "one\ntwo\nthree\n");
    assert_eq!(repo.git(&["show", &format!("{rescue}:a.txt")]), "ONE\ntwo\nthree\n");
}

#[test]
fn a_discard_takes_the_named_files_only() {
    let repo = Repo::new();
    repo.write("a.txt", "changed\n");
    repo.write("new.txt", "new\n");
    repo.done(ReviewAct::Discard { paths: paths(&["new.txt"]) });
    assert_eq!(repo.read("a.txt"), "changed\n");
    assert!(!repo.tree.join("new.txt").exists());
    repo.refuses(ReviewAct::Discard { paths: paths(&["dir/b.txt"]) }, &["no uncommitted change"]);
    repo.refuses(ReviewAct::Discard { paths: paths(&["../project/a.txt"]) }, &["no uncommitted"]);
}

#[test]
fn a_renamed_file_is_acted_on_under_the_names_that_are_open() {
    let repo = Repo::new();
    let text: String = (1..40).map(|n| format!("line {n}\n")).collect();
    repo.write("old.txt", &text);
    let base = repo.commit("made");
    let mut repo = repo;
    repo.subject.recorded.as_mut().unwrap().commit = base;
    repo.git(&["mv", "old.txt", "new.txt"]);
    assert_eq!(repo.file("new.txt").parts, ["old.txt", "new.txt"]);
    repo.commit("renamed");
    assert!(repo.file("new.txt").parts.is_empty(), "nothing of it is open");
    repo.write("new.txt", &format!("{text}more\n"));
    let parts = repo.file("new.txt").parts;
    assert_eq!(parts, ["new.txt"]);
    repo.done(ReviewAct::Stage { paths: parts.clone() });
    repo.done(ReviewAct::Discard { paths: parts });
    assert_eq!(repo.read("new.txt"), text);
}

#[test]
fn a_repository_inside_is_never_discarded() {
    let repo = Repo::new();
    let inner = repo.tree.join("inner");
    repo.git(&["init", "--quiet", &inner.to_string_lossy()]);
    repo.write("inner/work.txt", "unsaved\n");
    repo.refuses(ReviewAct::Discard { paths: paths(&[]) }, &["inner", "nested repository"]);
    assert_eq!(repo.read("inner/work.txt"), "unsaved\n");
}

#[test]
fn rescues_of_other_sessions_are_not_restored() {
    let repo = Repo::new();
    repo.write("a.txt", "changed\n");
    for rescue in ["refs/heads/main", "refs/nightshift/rescue/other-1", "HEAD", ""] {
        let restore = ReviewAct::Restore { rescue: rescue.into(), paths: paths(&["a.txt"]) };
        repo.refuses(restore, &["no rescue"]);
    }
    assert_eq!(repo.read("a.txt"), "changed\n");
}

#[test]
fn a_rescue_ends_those_whose_time_is_over_and_no_others() {
    let repo = Repo::new();
    let discard = || {
        repo.write("a.txt", "mine\n");
        match repo.done(ReviewAct::Discard { paths: paths(&[]) }) {
            ReviewResult::Discarded { rescue, .. } => rescue,
            other => panic!("{other:?}"),
        }
    };
    let first = discard();
    let aged = |days: u64| {
        let made = clock::now().0 - days * 24 * 60 * 60 * 1000;
        let name = rescue_ref(&repo.subject.id, made, "abc");
        repo.git(&["update-ref", &name, "HEAD"]);
        name
    };
    let (young, old) = (aged(UNDO_DAYS - 1), aged(UNDO_DAYS + 1));
    let second = discard();
    let mut kept = [first, young, second];
    kept.sort();
    assert_eq!(repo.rescues(), kept, "{old} is over");
}

#[test]
fn what_git_lfs_keeps_beside_the_repository_stays_there() {
    let repo = Repo::new();
    // As git-lfs does: the content goes into the common directory, a pointer is committed.
    let clean = "#!/bin/sh\nd=\"$(git rev-parse --git-common-dir)/lfs\"; mkdir -p \"$d\"; cat > \"$d/content\"; echo pointer\n";
    let script = repo.home.user_home().join("clean-large");
    fs::write(&script, clean).unwrap();
    fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    repo.main(&["config", "--global", "filter.lfs.clean", "~/clean-large -- %f"]);
    repo.write(".gitattributes", "*.bin filter=lfs\n");
    repo.write("a.bin", "content\n");
    repo.done(commit("a large file", true, false));
    assert_eq!(repo.git(&["cat-file", "blob", "HEAD:a.bin"]), "pointer\n");
    let kept = fs::read_to_string(repo.root.join(".git/lfs/content")).unwrap();
    assert_eq!(kept, "content\n");
}

#[test]
fn a_push_sets_the_upstream() {
    let repo = Repo::new().with_remote();
    repo.write("a.txt", "1\n");
    repo.commit("work");
    repo.done(ReviewAct::Push);
    assert_eq!(repo.git(&["rev-parse", "--abbrev-ref", "work@{upstream}"]).trim(), "origin/work");
}
