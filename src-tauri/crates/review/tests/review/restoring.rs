//! What a discard took comes back with every byte, its permissions and its place in the index.

use crate::repo::{Repo, paths, write};
use nightshift_protocol::review::{ReviewAct, ReviewResult};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

fn discard(named: &[&str]) -> ReviewAct {
    ReviewAct::Discard { paths: paths(named) }
}

fn discarded(repo: &Repo) -> String {
    match repo.done(discard(&[])) {
        ReviewResult::Discarded { rescue, .. } => rescue,
        other => panic!("{other:?}"),
    }
}

fn undo(rescue: &str) -> ReviewAct {
    ReviewAct::Restore { rescue: rescue.into(), paths: Vec::new() }
}

/// Every file but git's own, with its bytes and permissions.
fn files(dir: &Path) -> Vec<(String, Vec<u8>, u32)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        let name = path.display().to_string();
        if path.ends_with(".git") {
            continue;
        } else if metadata.is_dir() {
            found.extend(files(&path));
        } else if metadata.is_symlink() {
            let to = fs::read_link(&path).unwrap();
            found.push((name, to.as_os_str().as_encoded_bytes().to_vec(), 0));
        } else {
            found.push((name, fs::read(&path).unwrap(), metadata.mode()));
        }
    }
    found.sort();
    found
}

fn status(repo: &Repo) -> String {
    repo.git(&["status", "--porcelain", "--untracked-files=all", "--no-renames"])
}

/// What says how git changes contents, and a setting of the repository.
const CONVERSIONS: &[(&str, &str, &str)] = &[
    ("*.txt text\n", "", ""),
    ("*.txt text=auto\n", "", ""),
    ("*.txt text eol=lf\n", "", ""),
    ("*.txt text eol=crlf\n", "", ""),
    ("*.txt ident\n", "", ""),
    ("*.txt working-tree-encoding=UTF-16LE\n", "", ""),
    ("*.txt filter=upper\n", "", ""),
    ("\n", "core.autocrlf", "true"),
    ("\n", "core.autocrlf", "input"),
    ("\n", "core.eol", "crlf"),
];

#[test]
fn security_12_no_conversion_changes_what_comes_back() {
    for (attributes, name, value) in CONVERSIONS {
        let repo = Repo::new();
        repo.main(&["config", "--global", "filter.upper.clean", "tr a-z A-Z"]);
        repo.main(&["config", "--global", "filter.upper.smudge", "tr A-Z a-z"]);
        if !name.is_empty() {
            repo.main(&["config", name, value]);
        }
        repo.write(".gitattributes", attributes);
        repo.git(&["add", ".gitattributes"]);
        repo.git(&["commit", "--quiet", "-m", "attributes"]);
        repo.write("a.txt", "one\r\ntwo\n$Id: my words$\r\n");
        repo.write("new.txt", "Mixed\r\nends\nand a\0zero $Id$ \r");
        repo.write("dir/b.txt", "\u{feff}b\r\r\n");
        let before = files(&repo.tree);
        let rescue = discarded(&repo);
        assert!(!repo.tree.join("new.txt").exists());
        repo.done(undo(&rescue));
        assert_eq!(files(&repo.tree), before, "{attributes:?} {name} {value}");
    }
}

#[test]
fn security_12_permissions_and_links_come_back() {
    let repo = Repo::new();
    for (name, mode) in
        [("secret", 0o600), ("program", 0o750), ("read-only", 0o444), ("a.txt", 0o600)]
    {
        repo.write(name, "mine\n");
        fs::set_permissions(repo.tree.join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    symlink("no\r\nwhere", repo.tree.join("link")).unwrap();
    repo.write("deep/er/new", "n\n");
    let before = files(&repo.tree);
    let rescue = discarded(&repo);
    repo.done(undo(&rescue));
    assert_eq!(files(&repo.tree), before);
}

#[test]
fn security_12_what_was_staged_is_staged_again() {
    let repo = Repo::new();
    repo.write("c.txt", "c\n");
    repo.commit("more");
    repo.write("a.txt", "staged\n");
    repo.write("new.txt", "staged\n");
    repo.write("gone.txt", "staged\n");
    repo.git(&["add", "a.txt", "new.txt", "gone.txt"]);
    repo.git(&["rm", "--quiet", "c.txt"]);
    repo.write("a.txt", "and changed\n");
    repo.write("untracked.txt", "u\n");
    fs::remove_file(repo.tree.join("gone.txt")).unwrap();
    fs::remove_file(repo.tree.join("dir/b.txt")).unwrap();
    let (before, index) = (status(&repo), repo.git(&["ls-files", "--stage"]));
    assert!(before.contains("AD gone.txt") && before.contains("MM a.txt"), "{before}");
    let rescue = discarded(&repo);
    assert_eq!(status(&repo), "");
    repo.done(undo(&rescue));
    assert_eq!((status(&repo), repo.git(&["ls-files", "--stage"])), (before, index));
    assert_eq!(repo.read("a.txt"), "and changed\n");
}

/// All that git says, with modes and objects.
fn exactly(repo: &Repo) -> String {
    repo.git(&["status", "--porcelain=v2", "-z", "--untracked-files=all", "--no-renames"])
}

/// Directories below `dir` and their permissions.
fn directories(dir: &Path) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        if metadata.is_dir() && !path.ends_with(".git") {
            found.push((path.display().to_string(), metadata.mode()));
            found.extend(directories(&path));
        }
    }
    found.sort();
    found
}

#[test]
fn failures_38_an_undone_discard_leaves_git_and_files_exactly_as_they_were() {
    let repo = Repo::new();
    let mode = |name: &str, mode| {
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(repo.tree.join(name), permissions).unwrap();
    };
    for name in ["c.txt", "d.txt", "kept.sh"] {
        repo.write(name, "c\n");
    }
    repo.commit("more");
    // Announced to git and not added, also with an odd mode, in a new directory, and below an ignored one.
    repo.write("announced.txt", "a\n");
    repo.write("new/announced.sh", "#!/bin/sh\n");
    mode("new/announced.sh", 0o755);
    repo.git(&["add", "--intent-to-add", "announced.txt", "new/announced.sh"]);
    // Modes: on disk, staged, both; what runs as somebody else; what nobody may write.
    mode("kept.sh", 0o755);
    repo.git(&["update-index", "--chmod=+x", "c.txt"]);
    for (name, bits) in
        [("setuid", 0o4755), ("setgid", 0o2711), ("sticky", 0o1644), ("none", 0o400), ("w", 0o666)]
    {
        repo.write(name, "x\n");
        mode(name, bits);
    }
    // Taken out of the index, and still there.
    repo.git(&["rm", "--quiet", "--cached", "d.txt"]);
    // A link that leads nowhere, one to a directory, one in place of a file.
    symlink("nowhere", repo.tree.join("link")).unwrap();
    symlink("dir", repo.tree.join("to-dir")).unwrap();
    fs::remove_file(repo.tree.join("a.txt")).unwrap();
    symlink("dir/b.txt", repo.tree.join("a.txt")).unwrap();
    repo.git(&["add", "link"]);
    for name in ["-dash", "new\nline", "car\r", "tab\t", " ", "\\n", "é ü", "*", ":(top)x", "\"q\""]
    {
        repo.write(name, "odd\n");
    }
    repo.git(&["add", "--", "./-dash"]);
    repo.write("private/deep/er/secret", "s\n");
    mode("private/deep/er", 0o2750);
    mode("private/deep", 0o711);
    mode("private", 0o700);
    fs::create_dir(repo.tree.join("empty")).unwrap();
    let (before, index) = (exactly(&repo), repo.git(&["ls-files", "--stage", "-z"]));
    let (were, dirs) = (files(&repo.tree), directories(&repo.tree));
    assert!(before.contains("1 .A N... 000000 000000 100755"), "{before}");
    let rescue = discarded(&repo);
    assert_eq!(status(&repo), "");
    assert!(!repo.tree.join("private").exists() && !repo.tree.join("announced.txt").exists());
    assert!(repo.tree.join("empty").exists(), "git knows of no empty directory");
    repo.done(undo(&rescue));
    assert_eq!(exactly(&repo).replace('\0', "\n"), before.replace('\0', "\n"));
    assert_eq!(repo.git(&["ls-files", "--stage", "-z"]), index);
    assert_eq!(files(&repo.tree), were);
    assert_eq!(directories(&repo.tree), dirs);
}

#[test]
fn failures_38_one_file_of_a_discard_comes_back_as_it_was_announced() {
    let repo = Repo::new();
    repo.write("one.txt", "1\n");
    repo.write("two.txt", "2\n");
    repo.git(&["add", "--intent-to-add", "one.txt", "two.txt"]);
    let rescue = discarded(&repo);
    let one = ReviewAct::Restore { rescue: rescue.clone(), paths: paths(&["one.txt"]) };
    repo.done(one);
    assert_eq!(status(&repo), " A one.txt\n");
    // Something else was made of it since: that stays, and is kept where the file is written over.
    repo.write("two.txt", "other\n");
    repo.git(&["add", "two.txt"]);
    repo.done(undo(&rescue));
    assert_eq!(repo.read("two.txt"), "2\n");
    assert_eq!(repo.git(&["show", ":two.txt"]), "other\n");
}

#[test]
fn failures_38_what_no_rescue_keeps_is_named_before_anything_goes() {
    let repo = Repo::new();
    let odd = std::ffi::OsStr::from_bytes(b"bad\xff");
    fs::write(repo.tree.join(odd), "x\n").unwrap();
    repo.write("inner/file", "x\n");
    repo.run_in(&repo.tree.join("inner"), &["init", "--quiet"]);
    repo.run_in(&repo.tree.join("inner"), &["add", "file"]);
    let before = (exactly_bytes(&repo), files(&repo.tree));
    repo.refuses(discard(&[]), &["bad", "not UTF-8", "inner", "nested repository"]);
    assert_eq!((exactly_bytes(&repo), files(&repo.tree)), before);
    // Beside what can be kept they stay, and are named.
    repo.write("a.txt", "mine\n");
    let ReviewResult::Discarded { left_out, rescue, .. } = repo.done(discard(&[])) else {
        panic!("not discarded")
    };
    assert_eq!(left_out.len(), 2, "{left_out:?}");
    assert_eq!((exactly_bytes(&repo), files(&repo.tree)), before);
    repo.done(undo(&rescue));
    assert_eq!(repo.read("a.txt"), "mine\n");
    // A conflict that a stash left: its three sides are in the index alone.
    fs::remove_file(repo.tree.join(odd)).unwrap();
    repo.git(&["stash", "--quiet"]);
    repo.write("a.txt", "theirs\n");
    repo.commit("theirs");
    let mut pop = std::process::Command::new("git");
    let popped = pop.args(["stash", "pop"]).current_dir(&repo.tree).output().unwrap();
    assert!(!popped.status.success(), "{popped:?}");
    let index = repo.git(&["ls-files", "--stage"]);
    repo.refuses(discard(&[]), &["a.txt", "conflicts are not resolved"]);
    assert_eq!(repo.git(&["ls-files", "--stage"]), index);
}

/// The same where a name is no text.
fn exactly_bytes(repo: &Repo) -> Vec<u8> {
    let mut git = std::process::Command::new("git");
    git.args(["status", "--porcelain=v2", "-z", "--untracked-files=all", "--no-renames"]);
    git.current_dir(&repo.tree).output().unwrap().stdout
}

#[test]
fn security_12_what_was_staged_since_stays_and_is_said() {
    let repo = Repo::new();
    repo.write("a.txt", "staged\n");
    repo.git(&["add", "a.txt"]);
    repo.write("new.txt", "new\n");
    let rescue = discarded(&repo);
    repo.write("a.txt", "since\n");
    repo.git(&["add", "a.txt"]);
    repo.refuses(undo(&rescue), &["a.txt", "something else was staged", &rescue]);
    assert_eq!((repo.read("a.txt"), repo.read("new.txt")), ("staged\n".into(), "new\n".into()));
    assert_eq!(repo.git(&["show", ":a.txt"]), "since\n");
}

#[test]
fn security_12_every_file_comes_back_that_can() {
    let repo = Repo::new();
    repo.write("in/new.txt", "new\n");
    repo.write("other.txt", "other\n");
    let rescue = discarded(&repo);
    // An empty name of the directory in the way, which nothing keeps from being seen.
    let outside = repo.home.work().join("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, repo.tree.join("in")).unwrap();
    let fault = repo.act(undo(&rescue)).unwrap_err().to_string();
    assert!(fault.contains("in"), "{fault}");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0, "nothing is written through a link");
    fs::remove_file(repo.tree.join("in")).unwrap();
    repo.done(undo(&rescue));
    assert_eq!(
        (repo.read("in/new.txt"), repo.read("other.txt")),
        ("new\n".into(), "other\n".into())
    );
}

#[test]
fn security_12_other_names_of_a_file_keep_what_they_have() {
    let repo = Repo::new();
    repo.write("a.txt", "mine\n");
    let rescue = discarded(&repo);
    let precious = repo.home.work().join("precious");
    fs::write(&precious, "precious\n").unwrap();
    fs::remove_file(repo.tree.join("a.txt")).unwrap();
    fs::hard_link(&precious, repo.tree.join("a.txt")).unwrap();
    repo.done(undo(&rescue));
    assert_eq!(repo.read("a.txt"), "mine\n");
    assert_eq!(fs::read_to_string(&precious).unwrap(), "precious\n");
}

#[test]
fn security_12_a_large_file_comes_back_too() {
    let repo = Repo::new();
    let large: Vec<u8> = (0..20 * 1024 * 1024_u32).map(|n| (n % 251) as u8).collect();
    fs::write(repo.tree.join("large"), &large).unwrap();
    let rescue = discarded(&repo);
    repo.done(undo(&rescue));
    assert!(fs::read(repo.tree.join("large")).unwrap() == large);
}

/// As versions before this one made them.
#[test]
fn security_12_a_rescue_of_an_older_version_is_brought_back() {
    let repo = Repo::new();
    repo.write("a.txt", "mine\n");
    repo.write("new.txt", "new\n");
    let rescue = discarded(&repo);
    let tree = format!("{rescue}^{{tree}}");
    let message = "kept before a discard\n\na.txt\nnew.txt";
    let old = repo.git(&["commit-tree", &tree, "-p", "HEAD", "-m", message]);
    repo.git(&["update-ref", &rescue, old.trim()]);
    repo.done(undo(&rescue));
    assert_eq!((repo.read("a.txt"), repo.read("new.txt")), ("mine\n".into(), "new\n".into()));
}

#[test]
fn security_12_a_name_that_is_not_in_a_rescue_is_told() {
    let repo = Repo::new();
    repo.write("new.txt", "new\n");
    let rescue = discarded(&repo);
    let restore = |name: &str| ReviewAct::Restore { rescue: rescue.clone(), paths: paths(&[name]) };
    repo.refuses(restore("nwe.txt"), &["nwe.txt is not in this rescue"]);
    repo.done(restore("new.txt"));
}

/// `dir` is on `work`, and merging `other` conflicts in `a.txt`.
fn conflicting() -> Repo {
    let repo = Repo::new();
    repo.git(&["branch", "other"]);
    repo.write("a.txt", "ours\n");
    repo.commit("ours");
    write(&repo.root, "a.txt", "theirs\n");
    repo.commit_main("theirs");
    let merged = std::process::Command::new("git")
        .args(["-c", "user.name=T", "-c", "user.email=t@t", "merge", "--quiet", "main"])
        .current_dir(&repo.tree)
        .output()
        .unwrap();
    assert!(!merged.status.success());
    repo
}

#[test]
fn security_12_nothing_is_discarded_in_the_middle_of_a_merge() {
    let repo = conflicting();
    let before = repo.read("a.txt");
    for named in [&[][..], &["a.txt"]] {
        repo.refuses(discard(named), &["a merge is under way", "git merge --abort"]);
    }
    assert_eq!(repo.read("a.txt"), before);
    repo.git(&["merge", "--abort"]);
    repo.refuses(discard(&[]), &["nothing is uncommitted"]);
}

#[test]
fn security_12_a_conflict_is_not_committed_before_it_is_resolved() {
    let repo = conflicting();
    let commit = |all| ReviewAct::Commit { message: "x".into(), all, amend: false };
    let head = repo.git(&["rev-parse", "HEAD"]);
    for all in [true, false] {
        repo.refuses(commit(all), &["a.txt", "not resolved"]);
    }
    // Said to be resolved, with both sides in it.
    repo.git(&["add", "a.txt"]);
    for all in [true, false] {
        repo.refuses(commit(all), &["a.txt", "not resolved"]);
    }
    assert_eq!(repo.git(&["rev-parse", "HEAD"]), head);
    repo.write("a.txt", "both\n");
    repo.git(&["add", "a.txt"]);
    repo.done(commit(false));
    assert_eq!(repo.git(&["rev-list", "--parents", "-1", "HEAD"]).split(' ').count(), 3);
}

#[test]
fn security_12_a_setting_about_case_hides_no_file() {
    let repo = Repo::new();
    repo.main(&["config", "core.ignoreCase", "true"]);
    repo.write("A.txt", "upper\n");
    let listed: Vec<String> = repo.changes().files.into_iter().map(|file| file.path).collect();
    assert_eq!(listed, ["A.txt"]);
    repo.commit("upper");
    assert_eq!(repo.git(&["show", "HEAD:A.txt"]), "upper\n");
    assert_eq!(repo.git(&["show", "HEAD:a.txt"]), "one\ntwo\nthree\n");
}
