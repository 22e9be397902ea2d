//! Random repositories: libgit2 and the `git` program say the same, but for the differences that the
//! answer names.

use crate::repo::{Repo, git, git_bytes, shown, write};
use nightshift_git_reader::{Clean, DoubtKind, Files, Head, Seen};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// What may have happened in a checkout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Modify,
    SameSize,
    Stage,
    Delete,
    StageDelete,
    Untracked,
    UntrackedDeep,
    EmptyDirectory,
    Mode,
    BecomesLink,
    DirectoryBecomesFile,
    OddNames,
    Ignored,
    IgnoreTooMuch,
    AssumeUnchanged,
    SkipWorktree,
    Filter,
    LineEnds,
    Autocrlf,
    IgnoreCase,
    IntentToAdd,
    RemoveCached,
    Conflict,
    Nested,
    NestedEmpty,
    NestedBroken,
    Submodule,
    Replace,
    Commit,
    Detach,
    Branch,
}

const DEEDS: &[Deed] = &[
    Deed::Modify,
    Deed::SameSize,
    Deed::Stage,
    Deed::Delete,
    Deed::StageDelete,
    Deed::Untracked,
    Deed::UntrackedDeep,
    Deed::EmptyDirectory,
    Deed::Mode,
    Deed::BecomesLink,
    Deed::DirectoryBecomesFile,
    Deed::OddNames,
    Deed::Ignored,
    Deed::IgnoreTooMuch,
    Deed::AssumeUnchanged,
    Deed::SkipWorktree,
    Deed::Filter,
    Deed::LineEnds,
    Deed::Autocrlf,
    Deed::IgnoreCase,
    Deed::IntentToAdd,
    Deed::RemoveCached,
    Deed::Conflict,
    Deed::Nested,
    Deed::NestedEmpty,
    Deed::NestedBroken,
    Deed::Submodule,
    Deed::Replace,
    Deed::Commit,
    Deed::Detach,
    Deed::Branch,
];

fn base() -> Repo {
    let repo = Repo::new();
    for name in ["c.txt", "d.txt", "e.txt", "deep/er/f.txt", "deep/g.txt", "h.bin"] {
        repo.write(name, &format!("{name}\n"));
    }
    repo.commit("more");
    repo
}

/// Whether git took the words; what happened before may speak against it.
fn tried(repo: &Repo, words: &[&str]) -> bool {
    let words: Vec<_> = words.iter().map(std::ffi::OsStr::new).collect();
    crate::repo::try_git(&repo.root, &words).code == Some(0)
}

fn overwrite(file: &Path, text: &str) {
    // What is a directory or a link by now stays one.
    if file.symlink_metadata().is_ok_and(|meta| meta.is_file()) {
        fs::write(file, text).unwrap();
    }
}

fn happen(repo: &Repo, deed: Deed) {
    let at = |name: &str| repo.root.join(name);
    match deed {
        Deed::Modify => overwrite(&at("a.txt"), "modified, longer\n"),
        Deed::SameSize => overwrite(&at("c.txt"), "C.txt\n"),
        Deed::Stage => {
            repo.write("staged.txt", "staged\n");
            tried(repo, &["add", "staged.txt"]);
        }
        Deed::Delete => drop(fs::remove_file(at("d.txt"))),
        Deed::StageDelete => {
            tried(repo, &["rm", "--quiet", "--force", "e.txt"]);
        }
        Deed::Untracked => repo.write("new.txt", "new\n"),
        Deed::UntrackedDeep => repo.write("new/deep/er.txt", "new\n"),
        Deed::EmptyDirectory => fs::create_dir_all(at("empty/deep")).unwrap(),
        Deed::Mode => {
            if at("h.bin").is_file() {
                fs::set_permissions(at("h.bin"), fs::Permissions::from_mode(0o755)).unwrap();
            }
        }
        Deed::BecomesLink => {
            fs::remove_file(at("dir/b.txt")).ok();
            if at("dir").is_dir() {
                symlink("nowhere", at("dir/b.txt")).unwrap();
            }
        }
        Deed::DirectoryBecomesFile => {
            fs::remove_dir_all(at("deep/er")).ok();
            fs::create_dir_all(at("deep")).unwrap();
            fs::write(at("deep/er"), "a file\n").unwrap();
        }
        Deed::OddNames => {
            use std::os::unix::ffi::OsStrExt;
            let name = std::ffi::OsStr::from_bytes(b"odd \"n\"\t\xff\n.txt");
            fs::write(repo.root.join(name), "odd").unwrap();
        }
        Deed::Ignored => repo.write("x.ignored", "x"),
        Deed::IgnoreTooMuch => {
            let old = fs::read_to_string(at(".gitignore")).unwrap_or_default();
            repo.write(".gitignore", &format!("{old}*/\n"));
            tried(repo, &["add", ".gitignore"]);
            tried(repo, &["commit", "--quiet", "-m", "ignore", ".gitignore"]);
        }
        Deed::IntentToAdd => {
            repo.write("intent.txt", "intent\n");
            tried(repo, &["add", "-N", "intent.txt"]);
        }
        Deed::RemoveCached => {
            tried(repo, &["rm", "--quiet", "--cached", "deep/g.txt"]);
        }
        other => happen_more(repo, other),
    }
}

fn happen_more(repo: &Repo, deed: Deed) {
    let at = |name: &str| repo.root.join(name);
    let set = |name: &str, value: &str| drop(repo.git(&["config", name, value]));
    match deed {
        Deed::AssumeUnchanged => {
            tried(repo, &["update-index", "--assume-unchanged", "c.txt", "staged.txt"]);
        }
        Deed::SkipWorktree => {
            if tried(repo, &["update-index", "--skip-worktree", "h.bin"]) {
                fs::remove_file(at("h.bin")).ok();
            }
        }
        Deed::Filter => repo.write(".gitattributes", "*.bin filter=x\n"),
        Deed::LineEnds => {
            repo.write("deep/.gitattributes", "*.txt text eol=crlf\n");
            tried(repo, &["add", "deep/.gitattributes"]);
        }
        Deed::Autocrlf => {
            set("core.autocrlf", "true");
            overwrite(&at("a.txt"), "a\r\n");
        }
        Deed::IgnoreCase => {
            set("core.ignoreCase", "true");
            fs::rename(at("d.txt"), at("D.txt")).ok();
        }
        Deed::Conflict => conflict(repo),
        Deed::Nested | Deed::NestedEmpty => {
            let inner = at(if deed == Deed::Nested { "inner" } else { "hollow" });
            write(&inner, "f", "f");
            git(&inner, &["init", "--quiet"]);
            git(&inner, &["add", "f"]);
            git(&inner, &["commit", "--quiet", "--allow-empty", "-m", "f"]);
            if deed == Deed::NestedEmpty {
                fs::remove_file(inner.join("f")).unwrap();
            }
        }
        Deed::NestedBroken => {
            repo.write("broken/f", "f");
            fs::create_dir_all(at("broken/.git")).unwrap();
        }
        Deed::Submodule => {
            let inner = Repo::new();
            tried(repo, &["submodule", "--quiet", "add", &inner.root.to_string_lossy(), "sub"]);
        }
        Deed::Replace => {
            tried(repo, &["replace", "HEAD", "HEAD~1"]);
        }
        Deed::Commit => {
            tried(repo, &["commit", "--quiet", "-m", "more"]);
        }
        Deed::Detach => {
            tried(repo, &["checkout", "--quiet", "--detach"]);
        }
        Deed::Branch => {
            tried(repo, &["checkout", "--quiet", "-b", "other/branch"]);
        }
        other => unreachable!("{other:?} is the other function's"),
    }
}

/// Stages 1 to 3 of a path, as a merge leaves them.
fn conflict(repo: &Repo) {
    repo.write("both.txt", "ours\n");
    let blob = repo.git(&["hash-object", "-w", "both.txt"]);
    let info: String = (1..=3).map(|stage| format!("100644 {blob} {stage}\tboth.txt\n")).collect();
    let file = repo.beside("info");
    fs::write(&file, info).unwrap();
    let script = format!("git update-index --index-info < '{}'", file.display());
    repo.git(&["-c", &format!("alias.x=!{script}"), "x"]);
}

/// Letters and path of everything that is not as committed.
type Entries = BTreeSet<(String, Vec<u8>)>;

/// One notation for both. A file that is only intended to be added, and a directory with a broken
/// `.git`, are written differently and clean for neither.
fn entry(letters: &[u8], path: &[u8]) -> (String, Vec<u8>) {
    if path.starts_with(b"broken/") {
        return ("??".into(), b"broken/".to_vec());
    }
    if path == b"intent.txt" {
        return ("intent".into(), path.to_vec());
    }
    (String::from_utf8(letters.to_vec()).unwrap(), path.to_vec())
}

fn of_git(root: &Path) -> Entries {
    let args = ["status", "--porcelain=v2", "-z", "--no-renames", "--untracked-files=all"];
    let output = git_bytes(root, &args);
    let pieces = output.split(|&b| b == 0).filter(|piece| !piece.is_empty());
    let read = pieces.map(|piece| {
        let fields = match piece[0] {
            b'1' => 9,
            b'u' => 11,
            b'?' => return entry(b"??", &piece[2..]),
            other => panic!("git said {other}"),
        };
        let parts: Vec<&[u8]> = piece.splitn(fields, |&b| b == b' ').collect();
        let letters = if piece[0] == b'u' { b"UU" } else { parts[1] };
        entry(letters, parts[fields - 1])
    });
    read.collect()
}

fn of_reader(files: &Files) -> Entries {
    assert!(files.changed.is_whole() && files.untracked.is_whole());
    let changed = files.changed.named.iter().map(|c| entry(&c.letters, c.path.as_bytes()));
    let untracked = files.untracked.named.iter().map(|path| entry(b"??", path.as_bytes()));
    changed.chain(untracked).collect()
}

fn compare(repo: &Repo, seen: &Seen, deeds: &[Deed]) {
    let files = seen.files.as_ref().unwrap();
    let (git, mut ours) = (of_git(&repo.root), of_reader(files));
    if deeds.contains(&Deed::IgnoreCase) {
        // Told that case is none, git takes the new name for the old file. Dirty it is for both.
        ours.remove(&("??".to_owned(), b"D.txt".to_vec()));
    }
    let told = || {
        let show = |all: &Entries| {
            all.iter().map(|(l, p)| format!("{l} {}", shown(p))).collect::<Vec<_>>().join("\n")
        };
        let doubts = &files.doubts;
        format!("{deeds:?}\ngit:\n{}\nours:\n{}\n{doubts:?}", show(&git), show(&ours))
    };
    match files.clean() {
        Clean::Known { dirty } => assert_eq!(dirty, !git.is_empty(), "{}", told()),
        Clean::Unknown { doubts } => assert!(!doubts.is_empty(), "{}", told()),
    }
    let has = |kind| files.doubts.iter().any(|doubt| doubt.kind == kind);
    let less = [DoubtKind::Ignored, DoubtKind::PassedOver, DoubtKind::AssumeUnchanged];
    let others = files.doubts.iter().any(|doubt| !less.contains(&doubt.kind));
    if others {
        return;
    }
    // Without a doubt the two are equal; with one of these libgit2 may say less, never more.
    assert!(ours.is_subset(&git), "{}", told());
    for (letters, path) in git.difference(&ours) {
        let explained = (letters == "??"
            && (has(DoubtKind::Ignored) || has(DoubtKind::PassedOver)))
            || (letters != "??" && has(DoubtKind::AssumeUnchanged));
        assert!(explained, "{letters} {}: {}", shown(path), told());
    }
}

fn compare_head(repo: &Repo, seen: &Seen) {
    assert_eq!(seen.head.commit().unwrap().as_str(), repo.git(&["rev-parse", "HEAD"]));
    let branch = repo.git(&["branch", "--show-current"]);
    match &seen.head {
        Head::Branch { name, .. } => assert_eq!(shown(name.as_bytes()), branch),
        Head::Detached { .. } => assert_eq!(branch, ""),
        Head::Unborn { .. } => panic!("there is a commit"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, max_shrink_iters: 64, ..ProptestConfig::default() })]

    #[test]
    fn libgit2_and_git_agree_but_for_what_the_answer_names(
        deeds in prop::collection::vec(prop::sample::select(DEEDS), 0..6)
    ) {
        let repo = base();
        if deeds.contains(&Deed::Ignored) {
            repo.write(".gitignore", "*.ignored\n");
            repo.commit("ignore");
        }
        deeds.iter().for_each(|deed| happen(&repo, *deed));
        let seen = repo.seen();
        compare_head(&repo, &seen);
        compare(&repo, &seen, &deeds);
    }

    /// Patterns that are called plain are read alike, wherever they stand.
    #[test]
    fn what_plain_patterns_ignore_git_ignores_too(
        patterns in prop::collection::vec((0..4_usize, "[ab*/.]{1,4}"), 1..6),
        files in prop::collection::vec("[ab]{1,2}(/[ab.]{0,1}[ab]{1,2}){0,3}", 1..12),
    ) {
        let repo = Repo::new();
        repo.write("a/a/tracked", "t");
        repo.write("b/tracked", "t");
        repo.commit("tracked");
        for (place, pattern) in patterns {
            let file = repo.root.join([".gitignore", "a/.gitignore", "b/a/.gitignore", ".git/info/exclude"][place]);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            let old = fs::read_to_string(&file).unwrap_or_default();
            fs::write(&file, format!("{old}{pattern}\n")).unwrap();
        }
        for file in &files {
            let path = repo.root.join(file);
            // One of them may be a directory for another.
            if fs::create_dir_all(path.parent().unwrap()).is_ok() && !path.exists() {
                fs::write(path, "f").unwrap();
            }
        }
        compare(&repo, &repo.seen(), &[]);
    }
}
