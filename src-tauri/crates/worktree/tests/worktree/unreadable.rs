//! Files and directories that may not be read. Root may read them all, so as root each test is run once more as
//! another user.

use crate::repo::{Repo, write};
use nightshift_worktree::{Policy, Removal, STATUS_ARGS, Wanted, changes, glances};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

/// Nobody has this number.
const OTHER_USER: &str = "61999";

/// Whether the test goes on here; if not, it was run to its end as another user.
fn goes_on(test: &str) -> bool {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return true;
    }
    // Where that user may start it.
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let own = std::env::current_exe().unwrap();
    let program = dir.path().join("deps").join(own.file_name().unwrap());
    let reader = dir.path().join("examples/git_reader");
    for (from, to) in [
        (own.clone(), &program),
        (own.parent().and_then(Path::parent).unwrap().join("examples/git_reader"), &reader),
    ] {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    }
    // The usual place may be one where only root writes.
    let theirs = dir.path().join("t");
    fs::create_dir(&theirs).unwrap();
    mode(&theirs, 0o777);
    let mut other = Command::new("setpriv");
    other.env("TMPDIR", &theirs);
    other.args(["--reuid", OTHER_USER, "--regid", OTHER_USER, "--clear-groups"]);
    other.arg(&program).args(["--exact", &format!("unreadable::{test}")]).current_dir(dir.path());
    let ended = other.output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.success() && said.contains("1 passed"), "{said}\n{wrong}");
    false
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn directories_that_may_not_be_read_or_entered_keep_a_worktree() {
    if !goes_on("directories_that_may_not_be_read_or_entered_keep_a_worktree") {
        return;
    }
    for (directory, closed) in [
        ("dir", 0o000),
        ("dir", 0o444),
        ("dir", 0o111),
        ("new/deep", 0o000),
        ("new/deep", 0o444),
        ("built.ignored", 0o000),
    ] {
        let repo = Repo::new();
        let record = repo.make("one");
        write(&record.path, &format!("{directory}/b.txt"), "work\n");
        let at = record.path.join(directory);
        mode(&at, closed);
        for policy in [Policy::Careful, Policy::Discard] {
            assert_eq!(repo.kept("one", policy)[0], "unreadable", "{directory} {closed:o}");
        }
        for looker in repo.lookers() {
            let wanted = Wanted { path: &record.path, record: Some(&record) };
            let seen = glances(&looker, &[wanted]).remove(0).seen.unwrap();
            assert!(!seen.is_clean(), "{directory} {closed:o}");
            let said = seen.unreadable.join("; ");
            assert!(said.contains(directory) && said.contains("denied"), "{said}");
        }
        // What a commit or a list begins with: each file by name, or an error.
        let status = changes(repo.git.look(&record.path, STATUS_ARGS));
        match (directory, closed) {
            ("built.ignored", _) => assert_eq!(status.unwrap(), []),
            ("new/deep", 0o444) => {
                let path = Path::new(directory).join("b.txt");
                assert_eq!(status.unwrap()[0].path, path, "{closed:o}");
            }
            _ => {
                let said = status.unwrap_err().message;
                assert!(said.contains(directory), "{directory} {closed:o}: {said}");
            }
        }
        mode(&at, 0o755);
        assert_eq!(fs::read_to_string(at.join("b.txt")).unwrap(), "work\n");
    }
}

#[test]
fn files_that_may_not_be_read_are_work_and_are_not_given_up() {
    if !goes_on("files_that_may_not_be_read_are_work_and_are_not_given_up") {
        return;
    }
    for file in ["a.txt", "dir/b.txt", "new.txt"] {
        let repo = Repo::new();
        let record = repo.make("one");
        write(&record.path, file, "work\n");
        let at = record.path.join(file);
        mode(&at, 0o000);
        assert_eq!(repo.kept("one", Policy::Careful), ["uncommitted"], "{file}");
        let Removal::Kept { blockers } = repo.remove("one", Policy::Discard) else {
            panic!("{file}")
        };
        let said = blockers[0].to_string();
        assert!(said.contains(file) && said.contains("denied"), "{said}");
        mode(&at, 0o644);
        assert_eq!(fs::read_to_string(&at).unwrap(), "work\n");
        assert!(matches!(repo.remove("one", Policy::Discard), Removal::Removed { .. }), "{file}");
    }
}
