//! Each known difference between libgit2 and git: what was seen there, and that the answer names it.

use crate::repo::{Repo, git, write};
use nightshift_git_reader::{Clean, DoubtKind, Files};
use std::fs;

fn kinds(files: &Files) -> Vec<DoubtKind> {
    files.doubts.iter().map(|doubt| doubt.kind).collect()
}

/// Neither clean nor dirty is said, because of `kind`.
fn is_doubted(repo: &Repo, kind: DoubtKind) {
    let files = repo.files();
    assert!(kinds(&files).contains(&kind), "{kind:?} is missing: {files:?}");
    assert!(matches!(files.clean(), Clean::Unknown { .. }), "{files:?}");
}

/// What the program itself says.
fn git_status(repo: &Repo) -> String {
    repo.git(&["status", "--porcelain=v2", "--no-renames", "-uall"])
}

#[test]
fn a_nested_repository_with_nothing_but_its_git_directory() {
    let repo = Repo::new();
    write(&repo.root, "inner/f", "f");
    git(&repo.root.join("inner"), &["init", "--quiet"]);
    git(&repo.root.join("inner"), &["add", "f"]);
    git(&repo.root.join("inner"), &["commit", "--quiet", "-m", "f"]);
    fs::remove_file(repo.root.join("inner/f")).unwrap();
    assert_eq!(git_status(&repo), "? inner/");
    is_doubted(&repo, DoubtKind::Ignored);
}

#[test]
fn patterns_that_hide_more_than_gits() {
    for patterns in ["*/\n", "**/\n", "/*/\n"] {
        let repo = Repo::new();
        repo.write(".gitignore", patterns);
        repo.commit("patterns");
        repo.write("file.txt", "untracked");
        assert_eq!(git_status(&repo), "? file.txt", "{patterns}");
        is_doubted(&repo, DoubtKind::PassedOver);
    }
    let repo = Repo::new();
    repo.write(".git/info/exclude", "**/\n");
    assert_eq!(repo.files().clean(), Clean::Known { dirty: false }, "nothing is there to hide");
    repo.write("dir/new", "untracked");
    is_doubted(&repo, DoubtKind::PassedOver);
}

#[test]
fn an_ignored_file_makes_clean_unknown_where_patterns_are_not_plain_and_dirty_stays_certain() {
    let repo = Repo::new();
    repo.write(".gitignore", "target/\n");
    repo.commit("patterns");
    repo.write("target/x", "x");
    assert_eq!(repo.files().clean(), Clean::Known { dirty: false });
    for patterns in ["target/\n!keep\n", "tar[g]et/\n", "**/target\n", "target/ \n"] {
        repo.write(".gitignore", patterns);
        repo.commit("other patterns");
        is_doubted(&repo, DoubtKind::Ignored);
    }
    repo.write("a.txt", "changed");
    assert_eq!(repo.files().clean(), Clean::Known { dirty: true });
}

#[test]
fn a_directory_that_hides_itself_is_certain_where_its_patterns_are_plain() {
    let repo = Repo::new();
    repo.write("cache/.gitignore", "# by a tool\n*\n");
    repo.write("cache/deep/x", "x");
    assert_eq!(git_status(&repo), "");
    assert_eq!(repo.files().clean(), Clean::Known { dirty: false });
    repo.write("cache/.gitignore", ".gitignore\nx\n");
    assert_eq!(git_status(&repo), "");
    assert_eq!(repo.files().clean(), Clean::Known { dirty: false });
    repo.write("cache/.gitignore", "*\n!y\n");
    is_doubted(&repo, DoubtKind::Ignored);
}

#[test]
fn an_ignored_directory_with_a_repository_in_it_is_a_doubt() {
    let repo = Repo::new();
    repo.write(".gitignore", "target/\n");
    repo.commit("patterns");
    repo.write("target/x", "x");
    git(&repo.root.join("target"), &["init", "--quiet"]);
    is_doubted(&repo, DoubtKind::Ignored);
}

#[test]
fn a_staged_new_file_that_is_assumed_unchanged() {
    let repo = Repo::new();
    repo.write("new.txt", "new");
    repo.git(&["add", "new.txt"]);
    repo.git(&["update-index", "--assume-unchanged", "new.txt"]);
    assert!(git_status(&repo).contains("new.txt"));
    let files = repo.files();
    assert!(kinds(&files).contains(&DoubtKind::AssumeUnchanged), "{files:?}");
    assert_ne!(files.clean(), Clean::Known { dirty: false });
    let repo = Repo::new();
    repo.git(&["update-index", "--assume-unchanged", "a.txt"]);
    repo.write("a.txt", "changed");
    is_doubted(&repo, DoubtKind::AssumeUnchanged);
}

#[test]
fn a_sparse_checkout_whose_files_are_not_there() {
    let repo = Repo::new();
    repo.write("far/c.txt", "c");
    repo.commit("far");
    repo.git(&["sparse-checkout", "set", "--no-cone", "dir"]);
    assert_eq!(git_status(&repo), "");
    is_doubted(&repo, DoubtKind::SkipWorktree);
    repo.write("dir/b.txt", "changed");
    assert_eq!(repo.files().clean(), Clean::Known { dirty: true });
}

#[test]
fn a_filter_or_an_encoding_whose_work_is_not_done() {
    for attributes in [
        "*.txt filter=lfs\n",
        "*.txt working-tree-encoding=UTF-16\n",
        "[attr]big filter=lfs\n*.txt big\n",
    ] {
        let repo = Repo::new();
        repo.write(".gitattributes", attributes);
        repo.git(&["add", ".gitattributes"]);
        repo.git(&["commit", "--quiet", "-m", "attributes"]);
        is_doubted(&repo, DoubtKind::Filter);
        // Its content may be what the filter makes of the old one.
        fs::write(repo.root.join("a.txt"), "smudged\n").unwrap();
        is_doubted(&repo, DoubtKind::Filter);
        repo.write("other", "untracked");
        assert_eq!(repo.files().clean(), Clean::Known { dirty: true });
    }
    let repo = Repo::new();
    repo.write(".gitattributes", "*.none filter=lfs\n*.txt text\n");
    repo.commit("attributes");
    assert_eq!(repo.files().clean(), Clean::Known { dirty: false }, "no file has it");
}

#[test]
fn attributes_that_changed_since_or_that_leave_no_trace() {
    let repo = Repo::new();
    repo.write(".gitattributes", "*.txt ident\n");
    let kinds_of = |repo: &Repo| kinds(&repo.files());
    assert!(kinds_of(&repo).contains(&DoubtKind::AttributesChanged));
    repo.commit("attributes");
    assert_eq!(kinds_of(&repo), []);
    fs::remove_file(repo.root.join(".gitattributes")).unwrap();
    assert!(kinds_of(&repo).contains(&DoubtKind::AttributesChanged));
    let repo = Repo::new();
    repo.write(".git/info/attributes", "*.txt ident\n");
    is_doubted(&repo, DoubtKind::InfoAttributes);
}

#[test]
fn a_rename_by_case_where_the_repository_says_that_case_is_none() {
    let repo = Repo::new();
    repo.git(&["config", "core.ignoreCase", "true"]);
    fs::rename(repo.root.join("a.txt"), repo.root.join("A.txt")).unwrap();
    let files = repo.files();
    assert_eq!((files.changed.count, files.untracked.count), (1, 1), "{files:?}");
}

#[test]
fn submodules_are_looks_of_their_own() {
    let repo = Repo::new();
    let inner = Repo::new();
    repo.git(&["submodule", "--quiet", "add", &inner.root.to_string_lossy(), "sub"]);
    repo.commit("sub");
    let files = repo.files();
    let [link] = &files.gitlinks.named[..] else { panic!("{files:?}") };
    assert_eq!((link.path.as_bytes(), link.is_populated), (&b"sub"[..], true));
    assert_eq!(link.commit.as_str(), inner.git(&["rev-parse", "HEAD"]));
    is_doubted(&repo, DoubtKind::Gitlink);
    let moved = git(&repo.root.join("sub"), &["commit-tree", "-m", "x", "HEAD^{tree}"]);
    repo.git(&["update-index", "--cacheinfo", &format!("160000,{moved},sub")]);
    let files = repo.files();
    assert_eq!(files.changed.named[0].letters, *b"M.");
    assert_eq!(files.clean(), Clean::Known { dirty: true });
    fs::remove_dir_all(repo.root.join("sub")).unwrap();
    fs::create_dir(repo.root.join("sub")).unwrap();
    assert!(!repo.files().gitlinks.named[0].is_populated);
}

#[test]
fn settings_that_are_not_taken_over() {
    for (name, value) in [
        ("core.excludesFile", "/nonexistent"),
        ("core.attributesFile", "/nonexistent"),
        ("core.symlinks", "false"),
        ("core.autocrlf", "sometimes"),
        ("core.eol", "both"),
        ("core.fileMode", "maybe"),
    ] {
        let repo = Repo::new();
        repo.git(&["config", name, value]);
        is_doubted(&repo, DoubtKind::Setting);
        repo.write("untracked", "x");
        is_doubted(&repo, DoubtKind::Setting);
        let repo = Repo::new();
        repo.write("staged", "x");
        repo.git(&["add", "staged"]);
        repo.git(&["config", name, value]);
        assert_eq!(repo.files().clean(), Clean::Known { dirty: true }, "{name}: staged is staged");
    }
}

#[test]
fn settings_that_are_taken_over() {
    use std::os::unix::fs::PermissionsExt;
    let repo = Repo::new();
    fs::set_permissions(repo.root.join("a.txt"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(repo.files().clean(), Clean::Known { dirty: true });
    repo.git(&["config", "core.fileMode", "false"]);
    assert_eq!(repo.files().clean(), Clean::Known { dirty: false });
    repo.git(&["config", "core.autocrlf", "true"]);
    repo.write("dir/b.txt", "b\r\n");
    repo.git(&["add", "dir/b.txt"]);
    // Its times say that it may have changed: it is read again.
    repo.write("dir/b.txt", "b\r\n");
    assert_eq!(git_status(&repo), "");
    assert_eq!(repo.files().clean(), Clean::Known { dirty: false });
}

#[test]
fn replaced_commits() {
    let repo = Repo::new();
    repo.write("a.txt", "second\n");
    repo.commit("second");
    repo.git(&["replace", "HEAD", "HEAD~1"]);
    is_doubted(&repo, DoubtKind::Replaced);
    repo.git(&["pack-refs", "--all"]);
    is_doubted(&repo, DoubtKind::Replaced);
}

#[test]
fn times_that_were_put_back() {
    let repo = Repo::new();
    repo.git(&["config", "core.trustctime", "false"]);
    let file = repo.root.join("a.txt");
    let time = fs::metadata(&file).unwrap().modified().unwrap();
    fs::write(&file, "b\n").unwrap();
    fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
    assert_eq!(repo.files().clean(), Clean::Known { dirty: true });
}
