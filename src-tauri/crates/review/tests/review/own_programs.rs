//! Programs of the user's own (hooks, filters, merge drivers) in what review does: git follows no setting of the
//! repository's, and they still work on the repository itself.

use crate::repo::{Repo, write};
use nightshift_protocol::review::ReviewAct;
use nightshift_testkit::OwnHooks;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

fn commit() -> ReviewAct {
    ReviewAct::Commit { message: "x".into(), all: true, amend: false }
}

fn script(path: &Path, text: &str) -> PathBuf {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_owned()
}

#[test]
fn security_03_hooks_of_the_users_own_know_no_copy() {
    let repo = Repo::new().with_remote();
    let own = OwnHooks::set(&repo.home.user_home());
    script(
        &own.dir.join("commit-msg"),
        "git config nightshift-test.seen \"$(git config core.hooksPath)\"\n\
         d=\"$(git rev-parse --git-common-dir)/notes-of-mine\"; mkdir -p \"$d\"; cat \"$1\" > \"$d/message\"",
    );
    repo.write("a.txt", "1\n");
    repo.done(commit());
    repo.done(ReviewAct::Push);
    let ran = own.ran();
    for hook in ["pre-commit", "post-commit", "pre-push"] {
        let line = format!("{hook} none {}\n", own.dir.join(hook).display());
        assert!(ran.contains(&line), "{hook}: {ran}");
    }
    assert!(!ran.contains("nightshift-git"), "{ran}");
    let kept = repo.root.join(".git/notes-of-mine/message");
    assert_eq!(fs::read_to_string(kept).unwrap(), "x\n");
    let seen = repo.main(&["config", "--local", "nightshift-test.seen"]);
    assert_eq!(seen.trim(), own.dir.to_string_lossy());
}

#[test]
fn security_03_a_hook_of_the_users_own_may_reach_other_repositories() {
    let repo = Repo::new().with_remote();
    let own = OwnHooks::set(&repo.home.user_home());
    let backup = repo.home.user_home().join("backup.git");
    repo.main(&["init", "--quiet", "--bare", &backup.to_string_lossy()]);
    script(
        &own.dir.join("post-commit"),
        &format!("git push --quiet '{}' HEAD:refs/heads/kept", backup.display()),
    );
    repo.write("a.txt", "1\n");
    let commit = repo.commit("work");
    let kept = repo.run_in(&backup, &["rev-parse", "kept"]);
    assert!(kept.trim().starts_with(&commit), "{kept} {commit}");
}

/// As under git itself in a main checkout: whoever goes into another directory works there.
#[test]
fn security_03_a_hook_of_the_users_own_works_where_it_goes() {
    let repo = Repo::new();
    let own = OwnHooks::set(&repo.home.user_home());
    let notes = repo.home.user_home().join("notes");
    repo.main(&["init", "--quiet", &notes.to_string_lossy()]);
    script(
        &own.dir.join("pre-commit"),
        "[ -n \"$IN_HOOK\" ] && exit 0; export IN_HOOK=1; mkdir -p web && cd web && echo made > made.txt && git add -A . && cd \"$HOME/notes\" && \
         unset GIT_INDEX_FILE && echo x >> journal && git add -A && git commit --quiet -m journal",
    );
    repo.write("a.txt", "1\n");
    repo.done(commit());
    assert_eq!(repo.git(&["show", "--name-only", "--format=", "HEAD"]), "a.txt\nweb/made.txt\n");
    assert_eq!(repo.run_in(&notes, &["log", "--format=%s"]), "journal\n");
    let seen = "env | grep -E '^(GIT_DIR|GIT_WORK_TREE|GIT_COMMON_DIR|NIGHTSHIFT_USER)' > \"$HOME/seen\"; exit 0";
    script(&own.dir.join("pre-commit"), seen);
    repo.write("a.txt", "2\n");
    repo.done(commit());
    assert_eq!(fs::read_to_string(repo.home.user_home().join("seen")).unwrap(), "");
}

#[test]
fn security_03_a_hook_that_fails_still_says_no() {
    let repo = Repo::new();
    let own = OwnHooks::set(&repo.home.user_home());
    script(&own.dir.join("pre-commit"), "echo 'not on a Monday' >&2; exit 1");
    repo.write("a.txt", "1\n");
    repo.refuses(commit(), &["not on a Monday"]);
}

#[test]
fn security_03_filters_and_drivers_of_the_users_own_know_no_copy() {
    let repo = Repo::new();
    let home = repo.home.user_home();
    let clean = script(
        &home.join("vault"),
        "d=\"$(git rev-parse --git-common-dir)/vault\"; mkdir -p \"$d\"; cat > \"$d/content\"; echo pointer",
    );
    let driver = script(
        &home.join("both"),
        "echo \"${GIT_COMMON_DIR-none}\" > \"$HOME/merged\"; cat \"$3\" >> \"$2\"",
    );
    repo.main(&["config", "--global", "filter.vault.clean", &clean.to_string_lossy()]);
    let driver = format!("{} %O %A %B", driver.display());
    repo.main(&["config", "--global", "merge.both.driver", &driver]);
    let info = repo.root.join(".git/info");
    fs::create_dir_all(&info).unwrap();
    fs::write(info.join("attributes"), "*.bin filter=vault\na.txt merge=both\n").unwrap();
    repo.write("a.bin", "content\n");
    repo.write("a.txt", "one\ntwo\nthree\nwork\n");
    repo.done(commit());
    assert_eq!(repo.git(&["cat-file", "blob", "HEAD:a.bin"]), "pointer\n");
    // As the filter would write it.
    repo.write("a.bin", "pointer\n");
    assert_eq!(fs::read_to_string(repo.root.join(".git/vault/content")).unwrap(), "content\n");
    write(&repo.root, "a.txt", "main\none\ntwo\nthree\n");
    repo.commit_main("on main");
    repo.done(ReviewAct::Rebase);
    assert_eq!(fs::read_to_string(home.join("merged")).unwrap(), "none\n");
}

#[test]
fn security_03_where_the_user_has_hooks_the_first_of_two_values_is_no_repositorys() {
    let mut repo = Repo::new().with_remote();
    OwnHooks::set(&repo.home.user_home());
    let asked = repo.home.user_home().join("asked");
    let ssh = script(
        &repo.home.user_home().join("ssh"),
        &format!("echo \"$*\" >> '{}'; exit 1", asked.display()),
    );
    repo.env.insert("GIT_SSH_COMMAND".into(), ssh.into());
    repo.main(&["config", "remote.origin.url", "ssh://h.invalid/x.git"]);
    // git takes the first that it reads, and an override comes last.
    repo.main(&["config", "remote.origin.receivepack", "touch /tmp/evil; git-receive-pack"]);
    repo.write("a.txt", "1\n");
    repo.done(commit());
    repo.act(ReviewAct::Push).unwrap_err();
    let asked = fs::read_to_string(asked).unwrap();
    assert!(asked.contains("git-receive-pack '/x.git'"), "{asked}");
    assert!(!asked.contains("evil"), "{asked}");
}

/// The hook by which Git LFS sends them is the repository's, and does not run.
#[test]
fn large_files_are_pushed_before_the_pointers_to_them() {
    let mut repo = Repo::new().with_remote();
    let home = repo.home.user_home();
    let bin = home.join("bin");
    fs::create_dir(&bin).unwrap();
    script(
        &bin.join("git-lfs"),
        "case $1 in clean) cat; exit;; push) [ -e \"$HOME/offline\" ] && { echo 'no server' >&2; exit 2; }\n\
         shift; echo \"$* $(git ls-remote origin work)\" > \"$HOME/sent\";; esac",
    );
    let path = format!("{}:/usr/bin:/bin", bin.display());
    repo.env.insert("PATH".into(), path.into());
    repo.main(&["config", "--global", "filter.lfs.clean", "git-lfs clean -- %f"]);
    repo.write("a.txt", "1\n");
    repo.done(commit());
    repo.done(ReviewAct::Push);
    assert!(!home.join("sent").exists(), "nothing says that this repository has any");
    fs::create_dir_all(repo.root.join(".git/hooks")).unwrap();
    script(&repo.root.join(".git/hooks/pre-push"), "git lfs pre-push \"$@\"");
    fs::write(home.join("offline"), "").unwrap();
    repo.write("a.txt", "2\n");
    repo.done(commit());
    let before = repo.remote(&["rev-parse", "work"]);
    repo.refuses(ReviewAct::Push, &["no server", "nothing was pushed"]);
    assert_eq!(repo.remote(&["rev-parse", "work"]), before);
    fs::remove_file(home.join("offline")).unwrap();
    repo.done(ReviewAct::Push);
    let sent = fs::read_to_string(home.join("sent")).unwrap();
    assert!(sent.starts_with(&format!("origin work {}", before.trim())), "{sent}");
}

#[test]
fn security_03_what_git_lfs_misreads_keeps_no_commit_from_being_made() {
    let repo = Repo::new();
    let own = OwnHooks::set(&repo.home.user_home());
    repo.main(&["config", "--global", "filter.lfs.clean", "cat"]);
    repo.main(&["config", "branch.b.description", "x\nlfs.extension.evil.clean=touch x"]);
    script(&own.dir.join("pre-commit"), "git config --list > \"$HOME/list\"");
    repo.write("a.txt", "1\n");
    repo.done(commit());
    let listed = fs::read_to_string(repo.home.user_home().join("list")).unwrap();
    assert!(listed.contains("filter.lfs.clean") && !listed.contains("lfs.extension"), "{listed}");
}
