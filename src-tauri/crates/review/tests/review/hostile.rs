//! Repositories that try to run something while their work is looked at, kept, merged or pushed.

use crate::repo::{Repo, paths, write};
use nightshift_protocol::review::{ReviewAct, ReviewResult};
use nightshift_testkit::{OwnHooks, Tripwire};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

struct Lab {
    repo: Repo,
    wire: Tripwire,
    evil: String,
}

/// What is done to the repository before everything else.
type Trap = (&'static str, fn(&Lab));

impl Lab {
    fn new() -> Lab {
        let repo = Repo::new().with_remote();
        let lab = fs::canonicalize(repo.home.work()).unwrap();
        let wire = Tripwire::set(&lab);
        let evil = wire.program();
        Lab { repo, wire, evil }
    }

    /// Of a user without hooks, and of one with hooks that call git.
    fn both() -> impl Iterator<Item = Lab> {
        [false, true].into_iter().map(|hooks| {
            let lab = Lab::new();
            if hooks {
                OwnHooks::set(&lab.repo.home.user_home());
            }
            lab
        })
    }

    fn config(&self, name: &str, value: &str) {
        self.repo.main(&["config", name, value]);
    }

    fn attributes(&self, words: &str) {
        let info = self.repo.root.join(".git/info");
        fs::create_dir_all(&info).unwrap();
        fs::write(info.join("attributes"), format!("* {words}\n")).unwrap();
    }

    fn hooks(&self, dir: &Path) {
        self.wire.hooks(dir);
    }

    fn act(&self, trap: &str, act: ReviewAct) -> Result<ReviewResult, nightshift_protocol::Fault> {
        let result = self.repo.act(act.clone());
        let said = self.wire.sprung();
        assert!(said.is_empty(), "{trap}: {act:?} sprang it: {said}");
        result
    }

    fn must(&self, trap: &str, act: ReviewAct) -> ReviewResult {
        self.act(trap, act.clone()).unwrap_or_else(|fault| panic!("{trap}: {act:?}: {fault}"))
    }
}

/// Every act, in an order in which each finds something to do. `pushes`: the remote is one that may be
/// pushed to.
fn every_act(lab: &Lab, trap: &str, pushes: bool) {
    let repo = &lab.repo;
    let all =
        |message: &str, amend| ReviewAct::Commit { message: message.into(), all: true, amend };
    repo.write("a.txt", "one\nTWO\nthree\n");
    repo.write("new.txt", "new\n");
    repo.write("picture.png", "no picture\n");
    lab.must(trap, ReviewAct::Changes);
    for path in ["a.txt", "new.txt"] {
        lab.must(trap, ReviewAct::File { path: path.into(), old_path: None, from: 0 });
    }
    lab.must(trap, ReviewAct::Image { path: "picture.png".into(), old_path: None });
    let files = || paths(&["a.txt", "new.txt"]);
    if let Err(fault) = lab.act(trap, ReviewAct::Stage { paths: files() }) {
        // Without its filter nothing is taken that it governs.
        assert!(fault.message.contains("goes through the filter"), "{trap}: {fault}");
        lab.act(trap, all("first", false)).unwrap_err();
        lab.must(trap, ReviewAct::Discard { paths: files() });
        return;
    }
    lab.must(trap, ReviewAct::Unstage { paths: paths(&["a.txt"]) });
    let discarded = lab.must(trap, ReviewAct::Discard { paths: paths(&["a.txt", "new.txt"]) });
    let ReviewResult::Discarded { rescue, .. } = discarded else { panic!("{discarded:?}") };
    assert_eq!(repo.read("a.txt"), "one\ntwo\nthree\n", "{trap}");
    lab.must(trap, ReviewAct::Restore { rescue, paths: Vec::new() });
    assert_eq!(repo.read("a.txt"), "one\nTWO\nthree\n", "{trap}");
    lab.must(trap, all("first", false));
    repo.write("dir/b.txt", "b b\n");
    lab.must(trap, all("first, mended", true));
    // The base moves on, so that there is something to rebase onto.
    write(&repo.root, "main.txt", "main\n");
    let plain = ["-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false"];
    repo.main(&[&plain[..], &["add", "main.txt"]].concat());
    repo.main(&[&plain[..], &["commit", "--quiet", "-m", "on main"]].concat());
    lab.wire.arm();
    lab.must(trap, ReviewAct::Rebase);
    let pushed = lab.act(trap, ReviewAct::Push);
    assert_eq!(pushed.is_ok(), pushes, "{trap}: {pushed:?}");
    let asked = ReviewAct::PullRequest { title: "t".into(), body: "b".into() };
    lab.act(trap, asked).ok();
    let merged = lab.must(trap, ReviewAct::Merge);
    assert!(matches!(merged, ReviewResult::Merged { .. }), "{trap}: {merged:?}");
    assert_eq!(fs::read_to_string(repo.root.join("a.txt")).unwrap(), "one\nTWO\nthree\n", "{trap}");
}

#[test]
fn security_12_no_act_on_a_sessions_work_runs_what_its_repository_says() {
    let traps: &[Trap] = &[
        ("filters", |lab| {
            for name in ["filter.x.clean", "filter.x.smudge"] {
                lab.config(name, &lab.evil);
            }
            lab.config("filter.x.required", "true");
            lab.attributes("filter=x");
        }),
        ("comparisons and merges", |lab| {
            for name in ["diff.external", "diff.x.command", "diff.x.textconv", "merge.x.driver"] {
                lab.config(name, &lab.evil);
            }
            lab.attributes("diff=x merge=x");
        }),
        ("hooks", |lab| lab.hooks(&lab.repo.root.join(".git/hooks"))),
        ("hooks elsewhere, monitor, editors", |lab| {
            lab.hooks(&lab.repo.root.join(".git/others"));
            lab.config("core.hooksPath", ".git/others");
            for name in ["core.fsmonitor", "core.editor", "sequence.editor", "core.pager"] {
                lab.config(name, &lab.evil);
            }
        }),
        ("signing", |lab| {
            lab.config("gpg.program", &lab.evil);
            lab.config("gpg.ssh.program", &lab.evil);
            lab.config("log.showSignature", "true");
        }),
        ("transport", |lab| {
            for name in ["core.sshCommand", "credential.helper", "remote.origin.receivepack"] {
                lab.config(name, &lab.evil);
            }
            lab.config("core.askPass", &lab.evil);
            lab.config("core.alternateRefsCommand", &lab.evil);
        }),
    ];
    for (name, set) in traps {
        for lab in Lab::both() {
            set(&lab);
            every_act(&lab, name, true);
        }
    }
    let lab = Lab::new();
    lab.hooks(&lab.repo.home.work().join("remote.git/hooks"));
    every_act(&lab, "a remote with hooks", false);
}

#[test]
fn security_12_an_address_that_is_a_program_is_not_pushed_to() {
    let traps: &[Trap] = &[
        ("program as address", |lab| {
            lab.config("remote.origin.url", &format!("ext::{} x", lab.evil));
        }),
        ("address that becomes a program", |lab| {
            lab.config("remote.origin.url", "https://h.invalid/x");
            lab.config(&format!("url.ext::{} x.insteadOf", lab.evil), "https://h.invalid/");
        }),
        ("a helper of its own", |lab| lab.config("remote.origin.vcs", "ext")),
        ("ssh by a program", |lab| {
            lab.config("remote.origin.url", "git@h.invalid:a/b");
            lab.config("core.sshCommand", &lab.evil);
        }),
    ];
    for (name, set) in traps {
        for lab in Lab::both() {
            lab.config("protocol.ext.allow", "always");
            set(&lab);
            every_act(&lab, name, false);
        }
    }
}

#[test]
fn security_02_a_submodule_is_committed_and_merged_without_being_looked_into() {
    for lab in Lab::both() {
        a_submodule_with_programs(&lab);
    }
}

fn a_submodule_with_programs(lab: &Lab) {
    let inner = lab.repo.tree.join("inner");
    lab.repo.main(&["init", "--quiet", &inner.to_string_lossy()]);
    write(&inner, "x.txt", "x\n");
    lab.repo.run_in(&inner, &["add", "."]);
    lab.repo.run_in(&inner, &["commit", "--quiet", "-m", "x"]);
    lab.repo.git(&["add", "inner"]);
    lab.repo.git(&["commit", "--quiet", "-m", "a repository inside"]);
    for name in ["filter.x.clean", "core.fsmonitor"] {
        lab.repo.run_in(&inner, &["config", name, &lab.evil]);
    }
    write(&inner, ".gitattributes", "* filter=x\n");
    write(&inner, "x.txt", "y\n");
    lab.wire.arm();
    every_act(lab, "submodule", true);
    assert_eq!(fs::read_to_string(inner.join("x.txt")).unwrap(), "y\n");
    lab.repo.git(&["status"]);
    assert!(lab.wire.note().exists(), "git itself would have looked into it");
}

#[test]
fn failures_38_no_act_is_done_on_files_that_git_takes_for_others() {
    let repo = Repo::new();
    repo.write("a.txt", "work\n");
    write(&repo.root, "a.txt", "of the user\n");
    repo.main(&["config", "extensions.worktreeConfig", "true"]);
    repo.main(&["config", "core.worktree", &repo.root.to_string_lossy()]);
    let acts = [
        ReviewAct::Changes,
        ReviewAct::Discard { paths: Vec::new() },
        ReviewAct::Stage { paths: paths(&["a.txt"]) },
        ReviewAct::Commit { message: "x".into(), all: true, amend: false },
        ReviewAct::Rebase,
        ReviewAct::Merge,
        ReviewAct::Push,
    ];
    for act in acts {
        repo.refuses(act, &["core.worktree", &*repo.root.to_string_lossy()]);
    }
    assert_eq!(repo.read("a.txt"), "work\n");
    assert_eq!(fs::read_to_string(repo.root.join("a.txt")).unwrap(), "of the user\n");
}

#[test]
fn security_12_what_a_filter_should_change_is_not_committed_without_it() {
    let repo = Repo::new();
    repo.main(&["config", "filter.seal.clean", "tr a-z A-Z"]);
    repo.main(&["config", "filter.seal.required", "true"]);
    repo.write(".gitattributes", "*.key filter=seal\n");
    repo.write("secret.key", "plain\n");
    let commit = || ReviewAct::Commit { message: "x".into(), all: true, amend: false };
    repo.refuses(commit(), &["secret.key", "seal", "~/.gitconfig"]);
    repo.refuses(ReviewAct::Stage { paths: vec!["secret.key".into()] }, &["seal"]);
    assert_eq!(repo.read("secret.key"), "plain\n");
    // The same filter in the user's own file runs.
    repo.main(&["config", "--remove-section", "filter.seal"]);
    repo.main(&["config", "--global", "filter.seal.clean", "tr a-z A-Z"]);
    repo.done(commit());
    assert_eq!(repo.git(&["cat-file", "blob", "HEAD:secret.key"]), "PLAIN\n");
}

#[test]
fn security_13_a_filter_of_the_users_that_may_run_the_repositorys_programs_is_not_run() {
    let repo = Repo::new();
    let ran = repo.home.user_home().join("ran");
    let tool = format!("#!/bin/sh\ntouch '{}'\ncat\n", ran.display());
    for name in ["tools/x", "x", "cat", "json.py"] {
        repo.write(name, &tool);
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(repo.tree.join(name), mode).unwrap();
    }
    repo.write(".gitattributes", "*.key filter=own\n");
    repo.write("secret.key", "plain\n");
    repo.main(&["config", "--global", "alias.q", "!./tools/x"]);
    for clean in [
        "\".\"/tools/x",
        "\"${PWD}\"/tools/x",
        "${d:-./tools}/x",
        "$(git rev-parse --show-toplevel)/tools/x",
        "/proc/self/cwd/tools/x",
        "timeout 9 tools/x",
        "find tools -name x -exec {} ;",
        "echo x | xargs -n1 env PATH=tools",
        "BASH_ENV=tools/x bash -c cat",
        "cat </dev/null; tools/x",
        "git q",
        "git -c alias.r=!./x r",
        "f() { ./x; }; f",
        "sed 1e./x",
        "python3 -c 'import json'",
    ] {
        repo.main(&["config", "--global", "filter.own.clean", clean]);
        repo.main(&["config", "--global", "filter.own.smudge", clean]);
        let commit = ReviewAct::Commit { message: "x".into(), all: true, amend: false };
        repo.refuses(commit, &["secret.key", "`own` of your own configuration", "script"]);
        repo.done(ReviewAct::Changes);
        assert!(!ran.exists(), "{clean}");
    }
    // A name is no file of the repository, and a script of the user's own is theirs.
    repo.main(&["config", "--global", "filter.own.clean", "cat"]);
    repo.main(&["config", "--global", "filter.own.smudge", "cat"]);
    repo.done(ReviewAct::Commit { message: "x".into(), all: true, amend: false });
    assert!(!ran.exists());
}

/// Git LFS reads `git config --list` by its lines.
#[test]
fn security_13_a_setting_that_git_lfs_takes_for_several_starts_nothing() {
    let repo = Repo::new().with_remote();
    let ran = repo.home.user_home().join("ran");
    let lfs = "#!/bin/sh\ngit config --includes -l | sed -n 's/^lfs\\.extension\\.x\\.clean=//p' | head -n 1 >\"$HOME/ran\"\n\
               test -s \"$HOME/ran\" || rm -f \"$HOME/ran\"\ncat\n";
    let script = repo.home.user_home().join("git-lfs");
    fs::write(&script, lfs).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let clean = format!("{} clean -- %f", script.display());
    repo.main(&["config", "--global", "filter.lfs.clean", &clean]);
    repo.write(".gitattributes", "*.bin filter=lfs\n");
    let hostile = "a\nlfs.extension.x.clean=./x %f";
    for (name, value) in [
        ("branch.main.description", hostile),
        ("lfs.url", hostile),
        ("user.signingkey", hostile),
        ("branch.main.description", "a\rlfs.extension.x.clean=./x"),
        ("lfs.extension.x.clean=./x %f.foo", "1"),
    ] {
        repo.main(&["config", "--local", name, value]);
        repo.write("a.bin", name);
        let listed = repo.git(&["config", "--list"]);
        let trap = listed.contains("\nlfs.extension.x.clean=") || listed.contains('\r');
        assert!(trap, "{name}: git itself lists it");
        repo.done(ReviewAct::Commit { message: "x".into(), all: true, amend: false });
        assert!(!ran.exists(), "{name}: {:?}", fs::read_to_string(&ran));
        // With programs of the user's own, which read the repository's configuration itself, too.
        repo.main(&["config", "--global", "filter.mine.clean", "cat"]);
        repo.write("a.bin", &format!("{name} again"));
        repo.done(ReviewAct::Commit { message: "x".into(), all: true, amend: false });
        assert!(!ran.exists(), "{name}: {:?}", fs::read_to_string(&ran));
        repo.refuses(ReviewAct::Push, &["Git LFS would take the setting", "git config --unset"]);
        repo.main(&["config", "--global", "--remove-section", "filter.mine"]);
        repo.main(&["config", "--local", "--unset-all", name]);
    }
}

/// A script of the user's own may call git by its everyday names.
#[test]
fn security_13_git_in_a_script_of_the_users_follows_no_tool_of_the_repositorys() {
    let repo = Repo::new();
    let home = repo.home.user_home();
    let note = |name: &str| format!("touch '{}'", home.join(name).display());
    let clean = format!(
        "#!/bin/sh\nexport IN=${{IN:-0}}\n[ \"$IN\" = 1 ] && exec cat\nIN=1\ngit st; git mine\n\
         git archive --format=x HEAD >/dev/null\necho x | git interpret-trailers --trailer a=b\ncat >/dev/null\n{}\necho cleaned\n",
        note("called")
    );
    let script = home.join("clean");
    fs::write(&script, clean).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    repo.main(&["config", "--global", "filter.own.clean", "~/clean %f"]);
    repo.main(&["config", "--global", "alias.mine", &format!("!{}", note("mine"))]);
    for (name, value) in [
        ("alias.st", format!("!{}", note("evil"))),
        ("alias.mine", format!("!{}", note("evil"))),
        ("tar.x.command", note("evil")),
        ("trailer.a.command", note("evil")),
        ("trailer.a.cmd", note("evil")),
    ] {
        repo.main(&["config", "--local", name, &value]);
    }
    repo.write(".gitattributes", "*.key filter=own\n");
    repo.write("a.key", "plain\n");
    repo.git(&["st"]);
    assert!(fs::remove_file(home.join("evil")).is_ok(), "git itself follows it");
    repo.done(ReviewAct::Commit { message: "x".into(), all: true, amend: false });
    for (name, there) in [("called", true), ("mine", true), ("evil", false)] {
        assert_eq!(home.join(name).exists(), there, "{name}");
    }
}

/// A rebase writes its instructions into a file, which the configuration can add to.
#[test]
fn security_03_a_repository_adds_nothing_to_what_a_rebase_does() {
    // `UTF-16`: a line does not end where git reads that one does.
    for (key, value, misleads) in [
        ("rebase.instructionFormat", "%s%nexec EVIL #", true),
        ("i18n.logOutputEncoding", "UTF-16BE", false),
        ("i18n.commitEncoding", "UTF-16BE", false),
    ] {
        let lab = Lab::new();
        lab.repo.write("more.txt", "more\n");
        lab.repo.git(&["add", "."]);
        lab.repo.git(&["commit", "--quiet", "-m", "more"]);
        write(&lab.repo.root, "c.txt", "of others\n");
        lab.repo.commit_main("something to rebase onto");
        lab.config(key, &value.replace("EVIL", &lab.evil));
        lab.must(key, ReviewAct::Rebase);
        if misleads {
            write(&lab.repo.root, "d.txt", "of others\n");
            lab.repo.commit_main("more of others");
            lab.repo.git(&["rebase", "--quiet", "main"]);
            assert!(!lab.wire.sprung().is_empty(), "{key}: git itself is not misled");
        }
    }
}

/// Options of a merge can leave out one side, or make a file of the user's the message.
#[test]
fn security_03_a_repository_chooses_no_options_of_a_merge() {
    for options in ["-s ours", "--squash", "--no-commit", "-s evil", "--no-ff -F secret"] {
        let lab = Lab::new();
        lab.repo.write("more.txt", "more\n");
        lab.repo.git(&["add", "."]);
        lab.repo.git(&["commit", "--quiet", "-m", "more"]);
        write(&lab.repo.root, "c.txt", "of others\n");
        lab.repo.commit_main("something to merge with");
        write(&lab.repo.root, ".git/secret", "secret\n");
        lab.config("branch.main.mergeOptions", options);
        lab.must(options, ReviewAct::Merge);
        assert!(lab.repo.root.join("more.txt").exists(), "{options}");
        assert!(!lab.repo.main(&["log", "-1", "--format=%B"]).contains("secret"), "{options}");
        assert_eq!(lab.repo.main(&["status", "--porcelain"]), "", "{options}");
    }
}

/// The configuration is harmless whenever it is listed and hostile in every other moment.
#[test]
fn security_12_what_is_written_to_the_configuration_in_the_moment_of_an_act_runs_nothing() {
    let mut lab = Lab::new();
    write(&lab.repo.root, "c.txt", "of others\n");
    lab.repo.commit_main("something to rebase onto");
    lab.attributes("filter=evil diff=evil merge=evil");
    let config = lab.repo.root.join(".git/config");
    let harmless = fs::read_to_string(&config).unwrap();
    let sly = lab.repo.home.work().join("sly");
    write(&sly, "harmless", &harmless);
    let evil = &lab.evil;
    let hostile = format!(
        "{harmless}[core]\n\tfsmonitor = {evil}\n\thooksPath = {bin}\n[diff]\n\texternal = {evil}\n\
         [filter \"evil\"]\n\tclean = {evil}\n\tsmudge = {evil}\n[merge \"evil\"]\n\tdriver = {evil}\n\
         [diff \"evil\"]\n\tcommand = {evil}\n\ttextconv = {evil}\n[credential \"x\"]\n\thelper = {evil}\n",
        bin = sly.display(),
    );
    write(&sly, "hostile", &hostile);
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in 'config --list'*) f=harmless;; *) f=hostile;; esac\n\
         cp '{sly}/'$f '{config}'\nPATH=$REAL exec git \"$@\"\n",
        sly = sly.display(),
        config = config.display(),
    );
    write(&sly, "git", &script);
    fs::set_permissions(sly.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = lab.repo.env[std::ffi::OsStr::new("PATH")].clone();
    let first = format!("{}:{}", sly.display(), path.to_string_lossy());
    lab.repo.env.insert("PATH".into(), first.into());
    lab.repo.env.insert("REAL".into(), path);

    lab.repo.write("a.txt", "one\n2\nthree\n");
    lab.repo.write("new.txt", "new\n");
    let file = || ReviewAct::File { path: "a.txt".into(), old_path: None, from: 0 };
    for act in [
        ReviewAct::Changes,
        file(),
        ReviewAct::Discard { paths: paths(&["new.txt"]) },
        ReviewAct::Stage { paths: paths(&["a.txt"]) },
        ReviewAct::Commit { message: "work".into(), all: true, amend: false },
        ReviewAct::Rebase,
        ReviewAct::Merge,
        ReviewAct::Push,
    ] {
        let named = format!("{act:?}");
        lab.repo.act(act).unwrap_or_else(|fault| panic!("{named}: {fault}"));
        assert_eq!(lab.wire.sprung(), "", "{named}");
    }
    assert_eq!(fs::read_to_string(lab.repo.root.join("a.txt")).unwrap(), "one\n2\nthree\n");
    // The traps are traps.
    fs::copy(sly.join("hostile"), &config).unwrap();
    lab.repo.write("a.txt", "3\n");
    lab.repo.env.insert("PATH".into(), lab.repo.env[std::ffi::OsStr::new("REAL")].clone());
    lab.repo.git(&["status"]);
    assert_ne!(lab.wire.sprung(), "");
}

#[test]
fn no_act_begins_where_git_would_write_through_a_link() {
    for name in ["COMMIT_EDITMSG", "ORIG_HEAD", "logs/HEAD", "index"] {
        let lab = Lab::new();
        let repo = &lab.repo;
        let admin = repo.git(&["rev-parse", "--absolute-git-dir"]);
        let (link, precious) = (Path::new(admin.trim()).join(name), lab.evil.clone() + ".precious");
        if link.exists() {
            fs::rename(&link, &precious).unwrap();
        } else {
            fs::write(&precious, "precious\n").unwrap();
        }
        std::os::unix::fs::symlink(&precious, &link).unwrap();
        repo.write("a.txt", "changed\n");
        let before = fs::read(&precious).unwrap();
        lab.must(name, ReviewAct::Changes);
        for act in [
            ReviewAct::Commit { message: "x".into(), all: true, amend: false },
            ReviewAct::Discard { paths: Vec::new() },
            ReviewAct::Stage { paths: paths(&["a.txt"]) },
            ReviewAct::Merge,
            ReviewAct::Rebase,
        ] {
            repo.refuses(act, &["is a symbolic link", name]);
        }
        assert_eq!(fs::read(&precious).unwrap(), before, "{name}");
        assert_eq!(repo.read("a.txt"), "changed\n");
    }
}

/// git would wait for ever for whoever writes to the pipe.
#[test]
fn security_12_a_pipe_in_a_files_place_is_named_and_not_waited_for() {
    for name in [".gitattributes", "dir/.gitignore"] {
        let repo = Repo::new();
        repo.write("a.txt", "changed\n");
        let pipe = repo.tree.join(name);
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        repo.refuses(ReviewAct::Changes, &[name, "no plain file"]);
        repo.refuses(ReviewAct::Commit { message: "x".into(), all: true, amend: false }, &[name]);
        fs::remove_file(&pipe).unwrap();
        assert_eq!(repo.changes().files.len(), 1);
    }
}

#[test]
fn security_12_a_branch_that_stands_for_another_takes_no_commit() {
    let repo = Repo::new();
    let main = repo.main(&["rev-parse", "main"]);
    repo.main(&["symbolic-ref", "refs/heads/work", "refs/heads/main"]);
    repo.write("a.txt", "changed\n");
    let commit = ReviewAct::Commit { message: "x".into(), all: true, amend: false };
    repo.refuses(commit, &["work stands for main"]);
    assert_eq!(repo.main(&["rev-parse", "main"]), main);
    assert_eq!(repo.read("a.txt"), "changed\n");
}
