//! Pushes into repositories on this machine, whose hooks are their owner's.

use crate::repo::{Repo, write};
use nightshift_protocol::review::{ReviewAct, ReviewResult};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

struct Remote {
    repo: Repo,
    at: PathBuf,
    ran: PathBuf,
}

impl Remote {
    /// With work to push.
    fn new() -> Remote {
        let repo = Repo::new().with_remote();
        repo.write("work.txt", "w\n");
        repo.commit("work");
        let work = fs::canonicalize(repo.home.work()).unwrap();
        Remote { repo, at: work.join("remote.git"), ran: work.join("ran") }
    }

    fn hook(&self, dir: &Path, name: &str) {
        write(
            dir,
            name,
            &format!("#!/bin/sh\necho {name} >> {}\ncat >/dev/null\n", self.ran.display()),
        );
        fs::set_permissions(dir.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn set(&self, name: &str, value: &str) {
        self.repo.main(&["config", name, value]);
    }

    fn has_work(&self) -> bool {
        !self.repo.remote(&["for-each-ref", "refs/heads/work"]).is_empty()
    }

    /// Nothing ran, nothing was pushed, and the words say so.
    fn refuses(&self, words: &[&str]) {
        let words = [words, &["nothing was pushed", "by hand", "git -C"]].concat();
        self.repo.refuses(ReviewAct::Push, &words);
        let asked = ReviewAct::PullRequest { title: "t".into(), body: String::new() };
        self.repo.refuses(asked, &words);
        assert!(!self.has_work() && !self.ran.exists(), "{words:?}");
    }

    fn pushes(&self) {
        assert!(matches!(self.repo.done(ReviewAct::Push), ReviewResult::Pushed { .. }));
        assert!(self.has_work() && !self.ran.exists());
    }
}

#[test]
fn security_12_hooks_of_a_remote_are_named_and_not_passed_by() {
    for hook in ["pre-receive", "update", "post-receive", "post-update", "reference-transaction"] {
        let remote = Remote::new();
        remote.hook(&remote.at.join("hooks"), hook);
        remote.refuses(&[hook, "origin", "remote.git"]);
        // The way that was named.
        let args = ["push", "--quiet", "origin", "work"];
        remote.repo.git(&args);
        assert!(fs::read_to_string(&remote.ran).unwrap().contains(hook));
        assert!(remote.has_work());
    }
}

#[test]
fn security_12_what_does_not_run_in_a_push_does_not_keep_it() {
    let remote = Remote::new();
    let hooks = remote.at.join("hooks");
    // Of commits, not of pushes; a sample; one that git does not start.
    remote.hook(&hooks, "pre-commit");
    remote.hook(&hooks, "update.sample");
    fs::write(hooks.join("pre-receive"), "#!/bin/sh\nexit 1\n").unwrap();
    remote.pushes();
}

#[test]
fn security_12_every_address_that_leads_to_a_directory_is_looked_at() {
    type Set = fn(&Remote);
    let ways: &[(&str, Set)] = &[
        ("relative", |remote| remote.set("remote.origin.url", "../remote.git")),
        ("without its ending", |remote| {
            let at = remote.at.with_extension("");
            remote.set("remote.origin.url", &at.to_string_lossy());
        }),
        ("a slash at its end", |remote| {
            remote.set("remote.origin.url", &format!("{}///", remote.at.display()));
        }),
        ("file", |remote| {
            remote.set("remote.origin.url", &format!("file://{}", remote.at.display()));
        }),
        ("file with numbers for letters", |remote| {
            let at = remote.at.to_string_lossy().replace("remote", "%72emote");
            remote.set("remote.origin.url", &format!("file://{at}"));
        }),
        ("insteadOf", |remote| {
            remote.set(&format!("url.{}.insteadOf", remote.at.display()), "https://h.invalid/x");
            remote.set("remote.origin.url", "https://h.invalid/x");
        }),
        ("pushInsteadOf", |remote| {
            remote
                .set(&format!("url.{}.pushInsteadOf", remote.at.display()), "https://h.invalid/x");
            remote.set("remote.origin.url", "https://h.invalid/x");
        }),
        ("pushurl", |remote| {
            remote.set("remote.origin.url", "https://h.invalid/x");
            remote.set("remote.origin.pushurl", &remote.at.to_string_lossy());
        }),
        ("an address as remote", |remote| {
            remote.set("branch.work.pushRemote", &remote.at.to_string_lossy());
        }),
        ("an address as remote that becomes another", |remote| {
            remote.set(&format!("url.{}.insteadOf", remote.at.display()), "https://h.invalid/x");
            remote.set("branch.work.pushRemote", "https://h.invalid/x");
        }),
        ("below the user's home", |remote| {
            let home = remote.repo.home.user_home();
            std::os::unix::fs::symlink(&remote.at, home.join("r.git")).unwrap();
            remote.set("remote.origin.url", "~/r.git");
        }),
        ("by a file that names it", |remote| {
            let named = remote.at.with_file_name("named");
            fs::create_dir(&named).unwrap();
            fs::write(named.join(".git"), format!("gitdir: {}\n", remote.at.display())).unwrap();
            remote.set("remote.origin.url", &named.to_string_lossy());
        }),
        ("several", |remote| {
            let other = remote.at.with_file_name("other.git");
            remote.repo.main(&["init", "--quiet", "--bare", &other.to_string_lossy()]);
            remote.set("remote.origin.url", &other.to_string_lossy());
            let at = remote.at.to_string_lossy();
            remote.repo.main(&["config", "--add", "remote.origin.url", &at]);
        }),
    ];
    for (name, set) in ways {
        let remote = Remote::new();
        remote.hook(&remote.at.join("hooks"), "pre-receive");
        set(&remote);
        let fault = remote.repo.act(ReviewAct::Push).expect_err(name);
        assert!(fault.message.contains("pre-receive"), "{name}: {fault}");
        assert!(!remote.has_work() && !remote.ran.exists(), "{name}");
        fs::remove_file(remote.at.join("hooks/pre-receive")).unwrap();
        remote.pushes();
    }
}

#[test]
fn security_12_hooks_that_the_remotes_settings_name_count_too() {
    for (path, dir) in [("others", "remote.git/others"), ("../beside", "beside")] {
        let remote = Remote::new();
        let work = remote.at.parent().unwrap().to_owned();
        remote.hook(&work.join(dir), "update");
        // Hooks that are not where its settings say that they are do not run.
        remote.hook(&remote.at.join("hooks"), "post-receive");
        remote.repo.remote(&["config", "core.hooksPath", path]);
        remote.refuses(&["update"]);
        let fault = remote.repo.act(ReviewAct::Push).unwrap_err();
        assert!(!fault.message.contains("post-receive"), "{fault}");
    }
    let remote = Remote::new();
    remote.repo.remote(&["config", "hook.guard.event", "pre-receive"]);
    remote.repo.remote(&["config", "hook.guard.command", "false"]);
    remote.refuses(&["pre-receive (hook.guard.event)"]);
}

#[test]
fn security_12_a_push_to_this_machine_and_to_others_is_left_to_the_user() {
    let remote = Remote::new();
    remote.repo.main(&["config", "--add", "remote.origin.url", "https://h.invalid/x"]);
    remote.refuses(&["on this machine and on others"]);
}

#[test]
fn security_12_hooks_that_cannot_be_looked_at_keep_a_push() {
    let remote = Remote::new();
    let loops = remote.at.join("hooks/pre-receive");
    std::os::unix::fs::symlink("pre-receive", &loops).unwrap();
    remote.refuses(&["cannot be told"]);
    fs::remove_file(loops).unwrap();
    remote.pushes();
}
