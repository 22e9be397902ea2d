//! Formats that git reads and libgit2 does not: never an empty answer.

use crate::repo::{Repo, git, try_git};
use nightshift_git_reader::{Answer, Request};
use std::ffi::OsStr;
use std::fs;

fn cannot_read(repo: &Repo) -> String {
    match repo.answer() {
        Answer::CannotRead { why } => why.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn extensions_and_versions_that_are_not_known_are_named() {
    for (extension, version, word) in [
        ("partialClone = origin", 1, "partialclone"),
        ("refStorage = files", 1, "refstorage"),
        ("refStorage = reftable", 1, "refstorage"),
        ("compatObjectFormat = sha256", 1, "compatobjectformat"),
        ("noop-v1 = true", 1, "noop-v1"),
        ("someday = true", 1, "someday"),
        ("objectFormat = sha256", 1, "sha256"),
        ("noop = true", 2, "version 2"),
    ] {
        let repo = Repo::new();
        let config =
            format!("[core]\n\trepositoryformatversion = {version}\n[extensions]\n\t{extension}\n");
        repo.write(".git/config", &config);
        let why = cannot_read(&repo);
        assert!(why.contains(word), "{extension}: {why}");
    }
}

#[test]
fn a_sparse_or_split_index_is_named() {
    let repo = Repo::new();
    repo.write("far/c.txt", "c");
    repo.commit("far");
    repo.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "dir"]);
    let why = cannot_read(&repo);
    assert!(why.contains("sdir"), "{why}");
    let repo = Repo::new();
    repo.git(&["update-index", "--split-index"]);
    let why = cannot_read(&repo);
    assert!(why.contains("link"), "{why}");
}

#[test]
fn what_git_makes_in_other_formats_is_named_too() {
    let repo = Repo::empty();
    for format in ["--object-format=sha256", "--ref-format=reftable"] {
        let other = repo.beside("other");
        let words = ["init", "--quiet", format].map(OsStr::new);
        let made = try_git(&repo.root, &[&words[..], &[other.as_os_str()]].concat());
        // An older git knows fewer formats: then there is nothing to be read.
        if made.code == Some(0) {
            let answer = crate::repo::answer(&Request::own(&other));
            assert!(matches!(answer, Answer::CannotRead { .. }), "{format}: {answer:?}");
            fs::remove_dir_all(&other).unwrap();
        }
    }
}

#[test]
fn formats_that_are_known_are_read() {
    let repo = Repo::new();
    repo.git(&["config", "core.repositoryformatversion", "1"]);
    repo.git(&["config", "extensions.worktreeConfig", "true"]);
    repo.git(&["config", "extensions.preciousObjects", "true"]);
    repo.git(&["update-index", "--index-version", "4"]);
    repo.git(&["commit-graph", "write", "--reachable"]);
    repo.git(&["repack", "-q"]);
    repo.git(&["multi-pack-index", "write"]);
    git(&repo.root, &["pack-refs", "--all"]);
    repo.write("a.txt", "changed");
    assert_eq!(repo.files().changed.count, 1);
}
