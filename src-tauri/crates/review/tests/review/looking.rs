//! What is seen of a session's changes.

use crate::repo::{Repo, paths, write};
use nightshift_protocol::review::{
    FileContent, FileStatus, ReviewAct, ReviewResult, RowKind, Staging,
};
use nightshift_worktree::{Choice, Defaults, Git, Ledger, Order, Plan, create, plan};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

/// The smallest PNG there is: one pixel.
const PIXEL: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

#[test]
fn committed_changed_staged_and_new_files_are_one_list() {
    let repo = Repo::new();
    repo.write("committed.txt", "c\n");
    repo.commit("made a file");
    repo.write("a.txt", "one\n2\nthree\n");
    repo.write("staged.txt", "s\n");
    repo.git(&["add", "staged.txt"]);
    repo.write("both.txt", "1\n");
    repo.git(&["add", "both.txt"]);
    repo.write("both.txt", "1\n2\n");
    repo.write("new dir/ünï.txt", "u\nv\n");
    let changes = repo.changes();
    let seen: Vec<_> = changes
        .files
        .iter()
        .map(|f| (f.path.as_str(), f.status, f.staging, f.added, f.removed))
        .collect();
    use FileStatus::{Added, Modified, Untracked};
    assert_eq!(
        seen,
        [
            ("a.txt", Modified, Staging::Unstaged, Some(1), Some(1)),
            ("both.txt", Added, Staging::Partly, Some(2), Some(0)),
            ("committed.txt", Added, Staging::Committed, Some(1), Some(0)),
            ("new dir/ünï.txt", Untracked, Staging::Unstaged, Some(2), Some(0)),
            ("staged.txt", Added, Staging::Staged, Some(1), Some(0)),
        ]
    );
    assert_eq!((changes.added, changes.removed), (7, 1));
    assert_eq!((changes.ahead, changes.behind, changes.staged, changes.uncommitted), (1, 0, 2, 4));
    assert_eq!(changes.commits[0].subject, "made a file");
    assert_eq!(changes.branch.as_deref(), Some("work"));
    assert_eq!(
        (changes.base.label.as_str(), changes.base.target.as_deref()),
        ("main", Some("main"))
    );
    assert_eq!(changes.draft, "fix login\n\nThe form works.");
}

#[test]
fn renames_modes_links_binaries_and_images_say_what_they_are() {
    let repo = Repo::new();
    repo.git(&["mv", "dir/b.txt", "dir/c.txt"]);
    fs::set_permissions(repo.tree.join("a.txt"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(repo.tree.join("data.bin"), b"a\0b").unwrap();
    fs::write(repo.tree.join("pixel.png"), PIXEL).unwrap();
    symlink("/etc/passwd", repo.tree.join("link")).unwrap();
    let renamed = repo.file("dir/c.txt");
    assert_eq!(
        (renamed.status, renamed.old_path.as_deref()),
        (FileStatus::Renamed, Some("dir/b.txt"))
    );
    assert_eq!(repo.page("dir/c.txt", Some("dir/b.txt"), 0).note, "renamed, not changed");
    assert_eq!(repo.file("a.txt").mode.as_deref(), Some("100644 → 100755"));
    assert!(repo.page("a.txt", None, 0).note.contains("mode"));
    for (path, content, note) in [
        ("data.bin", FileContent::Binary, "a binary file"),
        ("pixel.png", FileContent::Image, "a binary file"),
        ("link", FileContent::Binary, "a symbolic link to /etc/passwd"),
    ] {
        assert_eq!(repo.file(path).content, content, "{path}");
        let page = repo.page(path, None, 0);
        assert_eq!((page.note.as_str(), page.total), (note, 0), "{path}");
    }
    match repo.done(ReviewAct::Image { path: "pixel.png".into(), old_path: None }) {
        ReviewResult::Image { before: None, after: Some(after) } => {
            assert_eq!((after.mime.as_str(), after.bytes as usize), ("image/png", PIXEL.len()));
        }
        other => panic!("{other:?}"),
    }
    // Tracked now, and compared with the base.
    repo.git(&["add", "--all"]);
    assert_eq!(repo.page("pixel.png", None, 0).note, "an image");
    assert_eq!(repo.page("data.bin", None, 0).note, "a binary file");
}

#[test]
fn an_image_that_changed_has_two_sides() {
    let repo = Repo::new();
    fs::write(repo.tree.join("x.png"), PIXEL).unwrap();
    let before = repo.commit("image");
    let mut repo = repo;
    repo.subject.recorded.as_mut().unwrap().commit = before;
    fs::write(repo.tree.join("x.png"), [PIXEL, b"more"].concat()).unwrap();
    match repo.done(ReviewAct::Image { path: "x.png".into(), old_path: None }) {
        ReviewResult::Image { before: Some(before), after: Some(after) } => {
            assert_eq!(after.bytes - before.bytes, 4);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_diff_has_numbers_and_changed_words() {
    let repo = Repo::new();
    repo.write("a.txt", "one\ntwo and more\nthree\n");
    let page = repo.page("a.txt", None, 0);
    let kinds: Vec<_> = page.rows.iter().map(|row| (row.kind, row.old, row.new)).collect();
    assert_eq!(
        kinds,
        [
            (RowKind::Hunk, None, None),
            (RowKind::Same, Some(1), Some(1)),
            (RowKind::Removed, Some(2), None),
            (RowKind::Added, None, Some(2)),
            (RowKind::Same, Some(3), Some(3)),
        ]
    );
    repo.write("a.txt", "one\ntwo words and more\nthree\n");
    repo.write("long.txt", &"x".repeat(10_000));
    assert_ne!(repo.page("a.txt", None, 0).version, page.version, "another diff, another version");
    assert!(repo.page("long.txt", None, 0).rows[0].text.chars().count() < 3_000);
    let commit = repo.commit("words");
    let mut repo = repo;
    repo.subject.recorded.as_mut().unwrap().commit = commit;
    repo.write("a.txt", "one\ntwo wounds and more\nthree\n");
    let marks: Vec<_> =
        repo.page("a.txt", None, 0).rows.into_iter().flat_map(|row| row.marks).collect();
    assert_eq!(marks.iter().map(|m| (m.from, m.to)).collect::<Vec<_>>(), [(4, 9), (4, 10)]);
}

#[test]
fn fifty_thousand_lines_come_in_pages_that_join_without_a_gap() {
    let repo = Repo::new();
    let text: String = (1..=50_000).map(|n| format!("line {n}\n")).collect();
    repo.write("big.txt", &text);
    repo.git(&["add", "big.txt"]);
    let (mut rows, mut pages) = (Vec::new(), 0);
    loop {
        let page = repo.page("big.txt", None, u32::try_from(rows.len()).unwrap());
        assert_eq!(page.total, 50_001, "a hunk and its lines");
        pages += 1;
        rows.extend(page.rows);
        if rows.len() == 50_001 {
            break;
        }
    }
    assert!(pages > 10, "{pages} pages");
    assert!(rows.iter().skip(1).zip(1..).all(|(row, n)| row.new == Some(n)));
    assert_eq!(rows[50_000].text, "line 50000");
    assert!(repo.page("big.txt", None, u32::MAX).rows.is_empty());
}

#[test]
fn a_file_that_is_too_large_says_so() {
    let repo = Repo::new();
    let file = fs::File::create(repo.tree.join("huge.txt")).unwrap();
    file.set_len(20 * 1024 * 1024).unwrap();
    assert!(repo.page("huge.txt", None, 0).note.contains("too large"));
    repo.git(&["add", "huge.txt"]);
    let page = repo.page("huge.txt", None, 0);
    assert!(!page.note.is_empty() && page.rows.is_empty(), "{page:?}");
}

#[test]
fn only_files_of_the_checkout_are_read() {
    let repo = Repo::new();
    write(repo.home.work().as_path(), "secret.png", "secret");
    write(repo.home.work().as_path(), "out/secret.png", "secret");
    for path in ["../secret.png", "/etc/passwd", "no/such.png", ""] {
        let file = ReviewAct::File { path: path.into(), old_path: None, from: 0 };
        assert!(repo.act(file).is_err(), "{path}");
        assert!(
            repo.act(ReviewAct::Image { path: path.into(), old_path: None }).is_err(),
            "{path}"
        );
    }
    // A directory that git knows becomes a link to elsewhere.
    repo.write("out/secret.png", "mine");
    repo.commit("picture");
    fs::remove_dir_all(repo.tree.join("out")).unwrap();
    symlink(repo.home.work().join("out"), repo.tree.join("out")).unwrap();
    match repo.done(ReviewAct::Image { path: "out/secret.png".into(), old_path: None }) {
        ReviewResult::Image { after: None, .. } => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn settings_of_the_user_do_not_change_what_is_seen() {
    let repo = Repo::new();
    for (key, value) in [
        ("diff.external", "false"),
        ("color.ui", "always"),
        ("diff.noprefix", "true"),
        ("diff.context", "0"),
        ("diff.relative", "true"),
        ("status.short", "true"),
        ("diff.renames", "false"),
    ] {
        repo.git(&["config", key, value]);
    }
    repo.write("a.txt", "one\n2\nthree\n");
    repo.git(&["mv", "dir/b.txt", "dir/c.txt"]);
    assert_eq!(repo.page("a.txt", None, 0).rows.len(), 5);
    assert_eq!(repo.file("dir/c.txt").status, FileStatus::Renamed);
}

#[test]
fn the_base_is_found_where_none_was_written_down() {
    let mut repo = Repo::new();
    repo.subject.recorded = None;
    repo.write("new.txt", "n\n");
    repo.commit("work");
    write(&repo.root, "main.txt", "m\n");
    repo.commit_main("main goes on");
    let changes = repo.changes();
    assert_eq!((changes.base.target.as_deref(), changes.behind), (Some("main"), 1));
    let named: Vec<_> = changes.files.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(named, ["new.txt"], "what main did since is no change of the session");
    // On the main branch itself, what is uncommitted is the change.
    repo.subject.dir = repo.root.clone();
    write(&repo.root, "a.txt", "1\n");
    let changes = repo.changes();
    assert_eq!((changes.base.target, changes.ahead), (None, 0));
    assert_eq!(changes.files.len(), 1);
}

#[test]
fn a_session_with_a_worktree_of_its_own_is_reviewed_there() {
    let mut repo = Repo::new();
    let git = Git::new(&repo.env);
    let ledger = Ledger::open(&repo.subject.ledger).unwrap();
    write(&repo.root, "dir/main.txt", "m\n");
    repo.commit_main("before the session");
    let Plan::Own(own) =
        plan(&git, &repo.root.join("dir"), &Choice::Usual, &Defaults::default()).unwrap()
    else {
        panic!("no worktree");
    };
    let order = Order { id: &repo.subject.id, hint: "fix login", own: &own, holder: None };
    let made = create(&git, &ledger, &order).unwrap().record;
    // What the supervisor knows is the directory it was started in.
    repo.subject.dir = repo.root.join("dir");
    repo.subject.recorded = None;
    write(&made.path, "dir/new.txt", "n\n");
    let changes = repo.changes();
    assert_eq!(changes.branch.as_deref(), Some(made.branch.as_str()));
    assert_eq!(changes.base.commit.as_deref(), Some(made.base.commit.as_str()));
    assert_eq!(changes.files.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["dir/new.txt"]);
    repo.commit("made there");
    repo.done(ReviewAct::Merge);
    assert!(repo.root.join("dir/new.txt").exists());
}

#[test]
fn places_that_cannot_be_reviewed_say_why() {
    let mut repo = Repo::new();
    repo.subject.dir = repo.home.work().join("gone");
    repo.refuses(ReviewAct::Changes, &["is gone", "undo"]);
    repo.subject.dir = repo.home.work();
    repo.refuses(ReviewAct::Changes, &["not in a checkout", "git init"]);
    let empty = repo.home.work().join("empty");
    repo.main(&["init", "--quiet", &empty.to_string_lossy()]);
    write(&empty, "first.txt", "1\n");
    repo.subject.dir = empty;
    repo.subject.recorded = None;
    let changes = repo.changes();
    assert_eq!((changes.base.commit, changes.files.len()), (None, 1));
    assert_eq!(repo.page("first.txt", None, 0).total, 1);
    repo.refuses(ReviewAct::Discard { paths: paths(&[]) }, &["no commit yet"]);
    repo.commit("the first of all");
    assert!(repo.changes().files.is_empty());
}
