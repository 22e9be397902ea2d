//! Traps in configuration, attributes and hooks of the main checkout.

use super::{Fires, Lab, Trap, nothing, nothing_there, spring};
use crate::repo::Repo;
use std::fs;
use std::path::Path;

const STATUS: &[&str] = &["status"];
const DIFF: &[&str] = &["diff"];

/// A setting that names the evil program.
macro_rules! setting {
    ($name:literal, $key:literal, $attributes:literal, $fires:expr) => {
        Trap {
            name: $name,
            main: |lab| {
                lab.config($key, &lab.evil);
                lab.attributes($attributes);
            },
            tree: nothing_there,
            fires: $fires,
        }
    };
}

/// Objects that are missing and a remote that has them.
fn promisor(lab: &Lab, name: &str, value: &str) {
    lab.config("extensions.partialClone", "evil");
    lab.config("core.repositoryFormatVersion", "1");
    lab.config("remote.evil.promisor", "true");
    lab.config(name, value);
    let remote = lab.repo.root.join(".git/refs/remotes/evil");
    fs::create_dir_all(&remote).unwrap();
    fs::write(remote.join("main"), "1".repeat(40)).unwrap();
    let heads = lab.repo.root.join(".git/refs/heads");
    fs::write(heads.join("absent"), "1".repeat(40)).unwrap();
}

#[test]
fn security_12_filters_and_comparisons_of_a_repository_never_run() {
    spring(&[
        setting!("clean", "filter.x.clean", "filter=x", Fires::InMain(STATUS)),
        setting!("process", "filter.x.process", "filter=x", Fires::InMain(STATUS)),
        setting!("smudge", "filter.x.smudge", "filter=x", Fires::InMain(&["archive", "HEAD"])),
        setting!("odd name", "filter.a=b.c.clean", "filter=a=b.c", Fires::InMain(STATUS)),
        setting!("textconv", "diff.x.textconv", "diff=x", Fires::InMain(DIFF)),
        setting!("diff command", "diff.x.command", "diff=x", Fires::InMain(DIFF)),
        setting!("external diff", "diff.external", "", Fires::InMain(DIFF)),
        setting!("merge driver", "merge.x.driver", "merge=x", Fires::Never),
        Trap {
            name: "a required filter",
            main: |lab| {
                lab.config("filter.x.required", "true");
                lab.config("filter.x.clean", &lab.evil);
                lab.config("filter.x.smudge", &lab.evil);
                lab.attributes("filter=x");
            },
            tree: nothing_there,
            fires: Fires::InMain(STATUS),
        },
        Trap {
            name: "a filter from an included file",
            main: |lab| {
                let file = lab.repo.root.join(".git/more");
                fs::write(&file, format!("[filter \"x\"]\n\tclean = {}\n", lab.evil)).unwrap();
                lab.config("include.path", "more");
                lab.attributes("filter=x");
            },
            tree: nothing_there,
            fires: Fires::InMain(STATUS),
        },
        Trap {
            name: "a filter of one worktree",
            main: nothing,
            tree: |lab, tree| {
                lab.config("extensions.worktreeConfig", "true");
                lab.repo.run_in(tree, &["config", "--worktree", "filter.x.clean", &lab.evil]);
                lab.attributes("filter=x");
            },
            fires: Fires::InTree(STATUS),
        },
        Trap {
            name: "a filter that comes with an agent",
            main: nothing,
            tree: |lab, tree| {
                lab.config("filter.x.clean", &lab.evil);
                fs::write(tree.join(".gitattributes"), "* filter=x\n").unwrap();
            },
            fires: Fires::InTree(STATUS),
        },
    ]);
}

#[test]
fn security_12_hooks_and_helpers_of_a_repository_never_run() {
    spring(&[
        setting!("fsmonitor", "core.fsmonitor", "", Fires::InMain(STATUS)),
        setting!("editor", "core.editor", "", Fires::Never),
        setting!("pager", "core.pager", "", Fires::Never),
        setting!("pager of a command", "pager.status", "", Fires::Never),
        setting!("password", "core.askPass", "", Fires::Never),
        setting!("credentials", "credential.helper", "", Fires::Never),
        setting!("ssh", "core.sshCommand", "", Fires::InMain(&["ls-remote", "ssh://h/x"])),
        setting!("proxy", "core.gitProxy", "", Fires::InMain(&["ls-remote", "git://h/x"])),
        setting!("alias", "alias.status", "", Fires::Never),
        Trap {
            name: "hooks",
            main: |lab| lab.hooks(&lab.repo.root.join(".git/hooks")),
            tree: nothing_there,
            fires: Fires::InMain(&["commit", "--allow-empty", "-m", "x"]),
        },
        Trap {
            name: "hooks elsewhere",
            main: |lab| {
                lab.hooks(&lab.repo.root.join(".git/others"));
                lab.config("core.hooksPath", ".git/others");
            },
            tree: nothing_there,
            fires: Fires::InMain(&["commit", "--allow-empty", "-m", "x"]),
        },
        Trap {
            name: "signing",
            main: |lab| {
                lab.config("gpg.program", &lab.evil);
                lab.config("commit.gpgSign", "true");
                lab.config("log.showSignature", "true");
            },
            tree: nothing_there,
            fires: Fires::InMain(&["commit", "--allow-empty", "-m", "x"]),
        },
        Trap {
            name: "hooks of the user that a repository could write",
            main: |lab| {
                let home = lab.repo.home.user_home().join(".gitconfig");
                let text = fs::read_to_string(&home).unwrap();
                fs::write(&home, format!("{text}[core]\n\thooksPath = .hooks\n")).unwrap();
                lab.hooks(&lab.repo.root.join(".hooks"));
            },
            tree: |lab, tree| lab.hooks(&tree.join(".hooks")),
            fires: Fires::InMain(&["commit", "--allow-empty", "-m", "x"]),
        },
    ]);
}

#[test]
fn security_02_nothing_is_fetched_to_look() {
    const ABSENT: &[&str] = &["log", "absent"];
    spring(&[
        Trap {
            name: "upload program",
            main: |lab| {
                lab.config("remote.evil.url", ".");
                promisor(lab, "remote.evil.uploadpack", &lab.evil);
            },
            tree: nothing_there,
            fires: Fires::InMain(ABSENT),
        },
        Trap {
            name: "address that is a program",
            main: |lab| {
                lab.config("protocol.ext.allow", "always");
                promisor(lab, "remote.evil.url", &format!("ext::{} x", lab.evil));
            },
            tree: nothing_there,
            fires: Fires::InMain(ABSENT),
        },
        Trap {
            name: "address that becomes a program",
            main: |lab| {
                lab.config("protocol.ext.allow", "always");
                lab.config(&format!("url.ext::{} x.insteadOf", lab.evil), "https://h.example/");
                promisor(lab, "remote.evil.url", "https://h.example/");
            },
            tree: nothing_there,
            fires: Fires::InMain(ABSENT),
        },
        Trap {
            name: "ssh program",
            main: |lab| {
                lab.config("core.sshCommand", &lab.evil);
                promisor(lab, "remote.evil.url", "ssh://h.invalid/x");
            },
            tree: nothing_there,
            fires: Fires::InMain(ABSENT),
        },
        Trap {
            name: "names of another repository's branches",
            main: |lab| {
                lab.config("core.alternateRefsCommand", &lab.evil);
                let info = lab.repo.root.join(".git/objects/info");
                fs::create_dir_all(&info).unwrap();
                fs::write(info.join("alternates"), format!("{}\n", lab.outside.display())).unwrap();
            },
            tree: nothing_there,
            fires: Fires::Never,
        },
    ]);
}

#[test]
fn security_12_a_configuration_without_end_is_not_read() {
    let lab = Lab::new();
    let record = lab.repo.make("one");
    let config = lab.repo.root.join(".git/config");
    let text = fs::read_to_string(&config).unwrap();
    let many = |section: &dyn Fn(usize) -> String, count: usize| {
        let more: String = (0..count).map(section).collect();
        fs::write(&config, format!("{text}{more}")).unwrap();
        let seen = lab.repo.inspect(&record);
        assert!(!seen.unreadable.is_empty(), "{seen:?}");
        assert_eq!(lab.repo.kept("one", nightshift_worktree::Policy::Discard), ["unreadable"]);
    };
    many(&|n| format!("[filter \"{n}\"]\n\tclean = x\n"), 1_500);
    many(&|n| format!("[a \"{n}\"]\n\tb = {}\n", "x".repeat(1_000)), 2_000);
    // Whoever reads a pipe waits for ever.
    fs::write(&config, format!("{text}[include]\n\tpath = pipe\n")).unwrap();
    make_pipe(&lab.repo.root.join(".git/pipe"));
    let seen = lab.repo.inspect(&record);
    assert!(seen.unreadable.iter().any(|what| what.contains("did not end")), "{seen:?}");
    fs::write(&config, text).unwrap();
    assert!(lab.repo.inspect(&record).is_clean());
}

pub fn make_pipe(path: &Path) {
    let done = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(done.success());
}

#[test]
fn security_12_a_change_that_the_configuration_hides_from_git_is_seen() {
    let repo = Repo::new();
    let record = repo.make("one");
    repo.run(&["config", "core.trustctime", "false"]);
    repo.run(&["config", "core.checkStat", "minimal"]);
    let file = record.path.join("a.txt");
    let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let set =
        |time| fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
    set(old);
    repo.run_in(&record.path, &["update-index", "--refresh", "--force-write-index"]);
    // The same size and the same time, as an agent may arrange it. git compares whole seconds: the one of the
    // last change must be over.
    let changed = || std::os::unix::fs::MetadataExt::ctime(&fs::metadata(&file).unwrap());
    let begun = changed();
    while changed() == begun {
        std::thread::sleep(std::time::Duration::from_millis(10));
        fs::write(&file, "A\n").unwrap();
        set(old);
    }
    assert_eq!(
        repo.run_in(&record.path, &["status", "--porcelain"]),
        "",
        "git itself sees nothing"
    );
    assert_eq!(repo.inspect(&record).changed, [std::path::Path::new("a.txt")]);
}
