//! What is seen of repositories that nobody means harm with.

use crate::repo::{Repo, answer, fifo, git, reader, seen, shown, unknown, write};
use nightshift_git_reader::{
    Alone, AloneCount, Answer, Bytes, Clean, CommitId, Counts, Head, Operation, Request,
    UnknownKind, UserSettings,
};
use std::fs;
use std::path::Path;

fn letters(repo: &Repo) -> Vec<String> {
    let files = repo.files();
    let changed = files.changed.named.iter().map(|change| {
        let letters = String::from_utf8(change.letters.to_vec()).unwrap();
        format!("{letters} {}", shown(change.path.as_bytes()))
    });
    let untracked = files.untracked.named.iter().map(|p| format!("?? {}", shown(p.as_bytes())));
    changed.chain(untracked).collect()
}

#[test]
fn head_is_a_branch_unborn_or_detached() {
    let repo = Repo::empty();
    assert_eq!(repo.seen().head, Head::Unborn { name: (&b"main"[..]).into() });
    repo.write("a.txt", "a");
    repo.commit("first");
    let commit = repo.git(&["rev-parse", "HEAD"]);
    let head = repo.seen().head;
    assert_eq!(head.commit().unwrap().as_str(), commit);
    assert!(matches!(&head, Head::Branch { name, .. } if name.as_bytes() == b"main"), "{head:?}");
    repo.git(&["checkout", "--quiet", "--detach"]);
    let head = repo.seen().head;
    assert!(matches!(&head, Head::Detached { commit: c } if c.as_str() == commit), "{head:?}");
    repo.git(&["checkout", "--quiet", "-b", "feature/\u{fc}"]);
    let head = repo.seen().head;
    assert!(
        matches!(&head, Head::Branch { name, .. } if name.as_bytes() == "feature/ü".as_bytes())
    );
}

#[test]
fn changes_are_named_in_the_letters_of_git() {
    let repo = Repo::new();
    assert_eq!(repo.files().clean(), Clean::Known { dirty: false });
    repo.write("a.txt", "changed\n");
    repo.write("new.txt", "new\n");
    repo.write("staged.txt", "staged\n");
    repo.git(&["add", "staged.txt"]);
    fs::remove_file(repo.root.join("dir/b.txt")).unwrap();
    assert_eq!(letters(&repo), [".M a.txt", ".D dir/b.txt", "A. staged.txt", "?? new.txt"]);
    assert_eq!(repo.files().clean(), Clean::Known { dirty: true });
}

#[test]
fn a_file_taken_out_of_the_index_and_still_there_is_two_entries_as_in_git() {
    let repo = Repo::new();
    repo.git(&["rm", "--quiet", "--cached", "a.txt"]);
    assert_eq!(letters(&repo), ["D. a.txt", "?? a.txt"]);
}

#[test]
fn names_of_any_bytes_come_through() {
    use std::os::unix::ffi::OsStrExt;
    let repo = Repo::new();
    let name = b"esc\x1b[31m \xff \n \"q\"";
    fs::write(repo.root.join(std::ffi::OsStr::from_bytes(name)), "x").unwrap();
    assert_eq!(repo.files().untracked.named[0].as_bytes(), name);
}

#[test]
fn conflicts_and_operations_are_seen() {
    let repo = Repo::new();
    repo.git(&["checkout", "--quiet", "-b", "other"]);
    repo.write("a.txt", "other\n");
    repo.commit("other");
    repo.git(&["checkout", "--quiet", "main"]);
    repo.write("a.txt", "main\n");
    repo.commit("main");
    assert_eq!(repo.seen().operation, None);
    let merge = ["merge", "--quiet", "other"].map(std::ffi::OsStr::new);
    assert_ne!(crate::repo::try_git(&repo.root, &merge).code, Some(0));
    assert_eq!(repo.seen().operation, Some(Operation::Merge));
    assert_eq!(letters(&repo), ["UU a.txt"]);
    assert_eq!(repo.files().clean(), Clean::Known { dirty: true });
    for (file, operation) in [
        ("CHERRY_PICK_HEAD", Operation::CherryPick),
        ("REVERT_HEAD", Operation::Revert),
        ("BISECT_LOG", Operation::Bisect),
        ("rebase-merge/interactive", Operation::Rebase),
        ("rebase-apply/applying", Operation::ApplyMailbox),
        ("rebase-apply/rebasing", Operation::Rebase),
    ] {
        let repo = Repo::new();
        repo.write(&format!(".git/{file}"), "");
        assert_eq!(repo.seen().operation, Some(operation), "{file}");
    }
}

/// A clone of `repo`, and itself as the remote.
fn clone(repo: &Repo) -> std::path::PathBuf {
    let clone = repo.beside("clone");
    git(&repo.root, &["clone", "--quiet", ".", &clone.to_string_lossy()]);
    clone
}

fn counts(root: &Path) -> Counts {
    seen(&Request::own(root).without_files()).upstream.unwrap().counts
}

#[test]
fn ahead_and_behind_are_counted_as_git_counts_them() {
    let repo = Repo::new();
    assert_eq!(repo.seen().upstream, None);
    let clone = clone(&repo);
    let upstream = seen(&Request::own(&clone)).upstream.unwrap();
    assert_eq!(upstream.name.as_bytes(), b"refs/remotes/origin/main");
    assert_eq!(upstream.counts, Counts::Known { ahead: 0, behind: 0 });
    for n in 0..3 {
        write(&clone, &format!("own{n}"), "x");
        git(&clone, &["add", "--all"]);
        git(&clone, &["commit", "--quiet", "-m", "own"]);
    }
    assert_eq!(counts(&clone), Counts::Known { ahead: 3, behind: 0 });
    repo.git(&["checkout", "--quiet", "-b", "side"]);
    repo.commit("side");
    repo.git(&["checkout", "--quiet", "main"]);
    repo.commit("theirs");
    repo.git(&["merge", "--quiet", "--no-edit", "side"]);
    git(&clone, &["fetch", "--quiet"]);
    assert_eq!(counts(&clone), Counts::Known { ahead: 3, behind: 3 });
    git(&clone, &["merge", "--quiet", "--no-edit", "origin/main"]);
    assert_eq!(counts(&clone), Counts::Known { ahead: 4, behind: 0 });
    git(&clone, &["pack-refs", "--all"]);
    assert_eq!(counts(&clone), Counts::Known { ahead: 4, behind: 0 });
    git(&clone, &["update-ref", "-d", "refs/remotes/origin/main"]);
    assert_eq!(counts(&clone), Counts::Gone);
}

#[test]
fn history_that_is_cut_or_replaced_gives_no_number() {
    let repo = Repo::new();
    let first = repo.git(&["rev-parse", "HEAD"]);
    let clone = clone(&repo);
    repo.commit("second");
    git(&clone, &["fetch", "--quiet"]);
    assert_eq!(counts(&clone), Counts::Known { ahead: 0, behind: 1 });
    for (file, text) in [
        (".git/info/grafts", format!("{first}\n")),
        (".git/shallow", format!("{first}\n")),
        (".git/refs/replace/1111111111111111111111111111111111111111", format!("{first}\n")),
    ] {
        write(&clone, file, text);
        let counts = counts(&clone);
        assert!(matches!(counts, Counts::Unknown { .. }), "{file}: {counts:?}");
        fs::remove_file(clone.join(file)).unwrap();
    }
}

#[test]
fn stashes_are_counted_and_reading_them_writes_nothing() {
    let repo = Repo::new();
    assert_eq!(repo.seen().stashes, 0);
    for text in ["one", "two"] {
        repo.write("a.txt", text);
        repo.git(&["stash", "push", "--quiet"]);
    }
    assert_eq!(repo.seen().stashes, 2);
    fs::remove_file(repo.root.join(".git/logs/refs/stash")).unwrap();
    assert_eq!(repo.seen().stashes, 1, "a stash without a log is one all the same");
    assert!(!repo.root.join(".git/logs/refs/stash").exists());
}

#[test]
fn linked_worktrees_are_listed_and_looked_at_where_they_are_expected() {
    let repo = Repo::new();
    let (one, gone) = (repo.beside("one"), repo.beside("gone"));
    for path in [&one, &gone] {
        repo.git(&["worktree", "add", "--quiet", &path.to_string_lossy()]);
    }
    repo.git(&["worktree", "lock", "--reason", "esc\u{1b}[31m", &one.to_string_lossy()]);
    fs::remove_dir_all(&gone).unwrap();
    let worktrees = repo.seen().worktrees;
    assert_eq!(worktrees.count, 2);
    let [first, second] = &worktrees.named[..] else { panic!("{worktrees:?}") };
    assert_eq!((first.name.as_bytes(), first.prunable), (&b"gone"[..], true));
    assert_eq!(second.path.as_ref().unwrap().as_path(), one);
    assert_eq!(second.locked.as_ref().unwrap().as_bytes(), b"esc\x1b[31m");
    assert!(!second.prunable);

    let common = repo.root.join(".git");
    let admin = common.join("worktrees/one");
    write(&one, "new", "x");
    let found = seen(&Request::linked(&one, &admin, &common));
    assert_eq!(found.git_directory.as_path(), admin);
    assert_eq!(found.files.unwrap().untracked.count, 1);
    for (directory, admin, common) in [
        (&one, &common, &common),
        (&repo.root, &admin, &common),
        (&one, &common.join("worktrees/../worktrees/one"), &common),
    ] {
        let kind = unknown(&answer(&Request::linked(directory, admin, common)));
        assert_eq!(kind, UnknownKind::Elsewhere, "{} {}", directory.display(), admin.display());
    }
    assert_eq!(unknown(&answer(&Request::own(&one))), UnknownKind::Elsewhere);
}

#[test]
fn what_is_no_repository_is_unknown_and_not_looked_for_above() {
    let repo = Repo::new();
    let outside = repo.beside("outside");
    fs::create_dir(&outside).unwrap();
    for directory in [repo.root.join("dir"), outside, repo.beside("absent"), "relative".into()] {
        let kind = unknown(&answer(&Request::own(&directory)));
        let expected = [UnknownKind::NoRepository, UnknownKind::Elsewhere];
        assert!(expected.contains(&kind), "{}: {kind:?}", directory.display());
    }
    write(&repo.root, "dir/.git/HEAD", "nonsense");
    let kind = unknown(&answer(&Request::own(&repo.root.join("dir"))));
    assert!(matches!(kind, UnknownKind::Damaged | UnknownKind::NoRepository), "{kind:?}");
}

#[test]
fn the_users_own_excludes_count_when_they_are_given() {
    let repo = Repo::new();
    let excludes = repo.beside("user excludes");
    fs::write(&excludes, "*.swp\n").unwrap();
    repo.write("x.swp", "x");
    assert_eq!(repo.files().untracked.count, 1);
    let user =
        UserSettings { excludes: Some(excludes.as_path().into()), ..UserSettings::default() };
    let answers = reader().with_user_settings(user).look(&[Request::own(&repo.root)]);
    let Answer::Seen(seen) = &answers[0] else { panic!("{answers:?}") };
    let files = seen.files.as_ref().unwrap();
    assert_eq!(files.untracked.count, 0);
    assert_eq!(files.clean(), Clean::Known { dirty: false });
    fs::write(&excludes, "*.sw[op]\n").unwrap();
    let user =
        UserSettings { excludes: Some(excludes.as_path().into()), ..UserSettings::default() };
    let answers = reader().with_user_settings(user).look(&[Request::own(&repo.root)]);
    let Answer::Seen(seen) = &answers[0] else { panic!("{answers:?}") };
    let files = seen.files.as_ref().unwrap();
    assert!(matches!(files.clean(), Clean::Unknown { .. }), "{:?}", files.doubts);
}

#[test]
fn what_linked_worktrees_have_checked_out_is_told_with_their_repository() {
    let repo = Repo::new();
    let add = |name: &str, more: &[&str]| {
        let path = repo.beside(name);
        let to = path.to_string_lossy().into_owned();
        repo.git(&[&["worktree", "add", "--quiet", to.as_str()], more].concat());
        path
    };
    let one = add("one", &[]);
    add("two", &["--detach"]);
    let three = add("three", &["-b", "with/slash"]);
    add("four", &[]);
    write(&one, "new.txt", "new");
    git(&one, &["add", "--all"]);
    git(&one, &["commit", "--quiet", "-m", "one"]);
    repo.git(&["branch", "--quiet", "--set-upstream-to=main", "one"]);
    fs::remove_dir_all(three).unwrap();
    fs::write(repo.root.join(".git/worktrees/four/HEAD"), "ref: ../../etc/passwd\n").unwrap();
    let request = Request::own(&repo.root).without_files().with_linked_heads();
    let seen = seen(&request);
    let of = |name: &str| {
        let named = &seen.worktrees.named;
        named.iter().find(|linked| linked.name.as_bytes() == name.as_bytes()).unwrap()
    };
    let head = git(&one, &["rev-parse", "HEAD"]);
    let Some(Head::Branch { name, commit }) = &of("one").head else { panic!("{seen:?}") };
    assert_eq!((name.as_bytes(), commit.as_str()), (&b"one"[..], &*head));
    let upstream = of("one").upstream.as_ref().unwrap();
    assert_eq!(upstream.counts, Counts::Known { ahead: 1, behind: 0 });
    assert!(matches!(of("two").head, Some(Head::Detached { .. })), "{seen:?}");
    let Some(Head::Branch { name, .. }) = &of("three").head else { panic!("{seen:?}") };
    assert_eq!(name.as_bytes(), b"with/slash");
    assert!(of("three").prunable);
    assert_eq!((&of("four").head, &of("four").upstream), (&None, &None));
}

#[test]
fn commits_that_are_nowhere_else_are_counted_as_git_counts_them() {
    let repo = Repo::new();
    let base = repo.git(&["rev-parse", "HEAD"]);
    let count = |repo: &Repo| {
        let base = CommitId::try_from(base.clone()).unwrap();
        let alone = Alone::Worktree { branch: Bytes::from(&b"topic"[..]), base };
        seen(&Request::own(&repo.root).without_files().with_alone(alone)).alone.unwrap()
    };
    let known = |count| AloneCount::Known { count };
    repo.git(&["checkout", "--quiet", "-b", "topic"]);
    assert_eq!(count(&repo), known(0));
    repo.commit("one");
    repo.commit("two");
    assert_eq!(count(&repo), known(2));
    // What another branch or a remote has is not lost.
    repo.git(&["branch", "other", "HEAD~1"]);
    assert_eq!(count(&repo), known(1));
    repo.git(&["update-ref", "refs/remotes/origin/topic", "HEAD"]);
    assert_eq!(count(&repo), known(0));
    repo.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/gone"]);
    repo.git(&["checkout", "--quiet", "--detach"]);
    repo.commit("three");
    assert_eq!(count(&repo), known(1));
    repo.git(&["replace", "HEAD", &base]);
    assert!(matches!(count(&repo), AloneCount::Unknown { .. }));
    repo.git(&["replace", "--delete", "HEAD"]);
    repo.write("a.txt", "stashed");
    repo.git(&["stash", "--quiet"]);
    let whole = Request::own(&repo.root).without_files().with_alone(Alone::Repository);
    let args = ["rev-list", "--count", "--branches", "refs/stash", "HEAD", "--not", "--remotes"];
    let of_git = repo.git(&args).parse().unwrap();
    assert_eq!(seen(&whole).alone, Some(known(of_git)));
    fifo(&repo.root.join(".git/refs/heads/pipe"));
    assert_eq!(unknown(&answer(&whole)), UnknownKind::Refused);
}

#[test]
fn many_changes_are_counted_and_only_the_first_are_named() {
    let repo = Repo::new();
    for n in 0..700 {
        repo.write(&format!("new/{n:04}"), "");
    }
    let untracked = repo.files().untracked;
    assert_eq!((untracked.count, untracked.named.len()), (700, 500));
    assert_eq!(untracked.named[0].as_bytes(), b"new/0000");
}
