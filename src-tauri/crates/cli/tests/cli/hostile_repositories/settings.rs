//! Configuration, attributes and hooks: of the main checkout before a session is there, and of an agent's
//! making while it works.

use super::case::{Begins, Control, PLAIN, Repository};
use super::lab::write;
use std::fs;

const STATUS: Control = Control::Main(&["status"]);
const DIFF: Control = Control::Main(&["diff"]);
const COMMIT: Control = Control::Main(&["commit", "--allow-empty", "-m", "x"]);
const PUSH: Control = Control::Main(&["push", "origin", "HEAD:refs/heads/x"]);
const LS_REMOTE: Control = Control::Main(&["ls-remote", "origin"]);
const FETCH: Control = Control::Main(&["fetch", "origin"]);
const CREDENTIALS: Control =
    Control::Shell("printf 'protocol=https\\nhost=h.invalid\\n\\n' | git credential fill");
const ASKS: Repository = Repository { begins: Begins::Asks, ..PLAIN };
/// Nothing can be pushed to where it leads.
const NO_REMOTE: &[&str] = &["merge into work of the user's", "pr"];

/// A file whose filter does not run is committed by nobody but the user, or its agent.
const FILTERED: &[&str] = &["commit", "merge into work of the user's"];
/// The user's own program has no key; a rebase signs nothing.
const UNSIGNED: &[&str] = &["commit", "merge", "merge into work of the user's", "rebase"];
/// Where the program that merges does not run, both sides conflict.
const CONFLICTS: &[&str] = &["merge", "merge into work of the user's", "rebase"];

/// Where commits are missing, nobody can tell whether others have the work.
const UNREADABLE: &[&str] = &["merge into work of the user's", "removal"];

/// A setting that names the evil program, for files with these attributes.
macro_rules! setting {
    ($name:literal, $why:literal, $key:literal, $attributes:literal, $control:expr) => {
        setting!($name, $why, $key, $attributes, $control, PLAIN.refused)
    };
    ($name:literal, $why:literal, $key:literal, $attributes:literal, $control:expr, $refused:expr) => {
        Repository {
            refused: $refused,
            name: $name,
            why: $why,
            build: |lab| {
                lab.config_evil(&[$key]);
                lab.attributes($attributes);
            },
            control: $control,
            ..ASKS
        }
    };
}

/// Programs for a remote at this address.
macro_rules! remote {
    ($name:literal, $begins:ident, $why:literal, $key:literal, $address:literal, $control:expr) => {
        Repository {
            name: $name,
            why: $why,
            build: |lab| {
                lab.config("remote.origin.url", $address);
                lab.config_evil(&[$key]);
            },
            begins: Begins::$begins,
            refused: NO_REMOTE,
            control: $control,
            ..PLAIN
        }
    };
}

pub const FILTERS: &[Repository] = &[
    PLAIN,
    setting!("clean", "a filter, run by status", "filter.x.clean", "filter=x", STATUS, FILTERED),
    setting!("process", "a filter that stays", "filter.x.process", "filter=x", STATUS, FILTERED),
    setting!(
        "smudge",
        "a filter, run by a checkout",
        "filter.x.smudge",
        "filter=x",
        Control::Main(&["archive", "HEAD"])
    ),
    setting!(
        "odd name",
        "a filter named a=b.c",
        "filter.a=b.c.clean",
        "filter=a=b.c",
        STATUS,
        FILTERED
    ),
    setting!("textconv", "a program that shows a file", "diff.x.textconv", "diff=x", DIFF),
    setting!("diff command", "a program that compares", "diff.x.command", "diff=x", DIFF),
    setting!("external diff", "one for all files", "diff.external", "-text", DIFF),
    setting!(
        "merge driver",
        "a program that merges a file",
        "merge.x.driver",
        "merge=x",
        Control::Main(&["merge-tree", "--write-tree", "main", "side"]),
        CONFLICTS
    ),
    Repository {
        name: "required filter",
        why: "what fails when it is left out",
        build: |lab| {
            lab.config("filter.x.required", "true");
            lab.config_evil(&["filter.x.clean", "filter.x.smudge"]);
            lab.attributes("filter=x");
        },
        refused: FILTERED,
        control: STATUS,
        ..ASKS
    },
    Repository {
        name: "included",
        why: "the filter stands in another file",
        build: |lab| {
            write(&lab.git_dir, "more", &format!("[filter \"x\"]\n\tclean = {}\n", lab.evil));
            lab.config("include.path", "more");
            lab.attributes("filter=x");
        },
        refused: FILTERED,
        control: STATUS,
        ..ASKS
    },
    Repository {
        name: "included for a directory",
        why: "the other file counts only here",
        build: |lab| {
            write(&lab.git_dir, "more", &format!("[filter \"x\"]\n\tclean = {}\n", lab.evil));
            lab.config("includeIf.gitdir:**.path", "more");
            lab.attributes("filter=x");
        },
        refused: FILTERED,
        control: STATUS,
        ..ASKS
    },
    Repository {
        name: "attributes elsewhere",
        why: "the configuration names the file of attributes",
        build: |lab| {
            write(&lab.git_dir, "attrs", "* filter=x diff=x\n");
            lab.config("core.attributesFile", &lab.git_dir.join("attrs").to_string_lossy());
            lab.config_evil(&["filter.x.clean", "diff.x.textconv"]);
        },
        refused: FILTERED,
        control: STATUS,
        ..ASKS
    },
    Repository {
        name: "committed attributes",
        why: "what is checked out runs the filter",
        build: |lab| {
            lab.config_evil(&["filter.x.clean", "filter.x.smudge"]);
            lab.committed(&[(".gitattributes", "* filter=x\n")]);
        },
        refused: FILTERED,
        control: STATUS,
        ..ASKS
    },
    Repository {
        name: "of one worktree",
        why: "the filter is of one worktree only",
        build: |lab| {
            lab.config("extensions.worktreeConfig", "true");
            let text = format!("[filter \"x\"]\n\tclean = {}\n", lab.evil);
            write(&lab.git_dir, "config.worktree", &text);
            lab.attributes("filter=x");
        },
        late: |lab, tree| {
            lab.ground.git(tree, &["config", "--worktree", "filter.x.clean", &lab.evil]);
        },
        refused: FILTERED,
        control: Control::Tree(&["status"]),
        ..ASKS
    },
];

pub const HOOKS: &[Repository] = &[
    setting!("fsmonitor", "a program that watches files", "core.fsmonitor", "-text", STATUS),
    Repository {
        name: "instructions of a rebase",
        why: "what a rebase does has a line of the repository's own",
        build: |lab| {
            lab.config("rebase.instructionFormat", &format!("%s%nexec {} #", lab.evil));
        },
        control: Control::Shell("git stash -q; git rebase -q --force-rebase --root"),
        ..ASKS
    },
    Repository {
        name: "hooks in settings",
        why: "git 2.54 and later take hooks from the configuration",
        build: |lab| {
            for event in ["post-checkout", "pre-commit", "post-commit", "reference-transaction"] {
                let name = format!("hook.{event}-x");
                lab.config(&format!("{name}.event"), event);
                lab.config_evil(&[&format!("{name}.command")]);
            }
        },
        // Older ones do not know them.
        control: Control::NoProgram,
        ..ASKS
    },
    setting!("editor", "an editor for messages", "core.editor", "-text", {
        Control::Main(&["commit", "--allow-empty"])
    }),
    Repository {
        name: "hooks",
        why: "every hook there is",
        build: |lab| lab.hooks(&lab.git_dir.join("hooks")),
        control: COMMIT,
        ..ASKS
    },
    Repository {
        name: "committed hooks",
        why: "hooks among the files, which each worktree has",
        build: |lab| {
            lab.hooks(&lab.root.join(".hooks"));
            lab.commit(&[".hooks"]);
            lab.config("core.hooksPath", ".hooks");
        },
        late: |lab, tree| lab.hooks(&tree.join(".hooks")),
        control: COMMIT,
        ..ASKS
    },
    Repository {
        name: "hooks elsewhere",
        why: "hooks outside of the repository",
        build: |lab| {
            let hooks = lab.dir.join("hooks");
            lab.hooks(&hooks);
            lab.config("core.hooksPath", &hooks.to_string_lossy());
        },
        control: COMMIT,
        ..ASKS
    },
    Repository {
        name: "linked hooks",
        why: "the directory of hooks is a link",
        build: |lab| {
            let (here, there) = (lab.git_dir.join("hooks"), lab.dir.join("hooks"));
            fs::remove_dir_all(&here).unwrap();
            lab.hooks(&there);
            std::os::unix::fs::symlink(&there, &here).unwrap();
        },
        control: COMMIT,
        ..ASKS
    },
    Repository {
        name: "signing",
        why: "a program that signs and checks",
        build: |lab| {
            lab.config_evil(&["gpg.program", "gpg.ssh.program"]);
            lab.config("commit.gpgSign", "true");
            lab.config("log.showSignature", "true");
        },
        control: COMMIT,
        refused: UNSIGNED,
        ..ASKS
    },
];

pub const REMOTES: &[Repository] = &[
    remote!("ssh", Asks, "a program for ssh", "core.sshCommand", "ssh://h.invalid/x", LS_REMOTE),
    remote!("proxy", Asks, "a program for git://", "core.gitProxy", "git://h.invalid/x", LS_REMOTE),
    remote!(
        "credentials",
        Asks,
        "a helper",
        "credential.helper",
        "https://h.invalid/x",
        CREDENTIALS
    ),
    remote!("password", Asks, "who is asked", "core.askPass", "https://h.invalid/x", CREDENTIALS),
    Repository {
        name: "receiving program",
        why: "run where it is pushed to",
        build: |lab| lab.config_evil(&["remote.origin.receivepack"]),
        control: PUSH,
        ..ASKS
    },
    Repository {
        name: "sending program",
        why: "run where it is fetched from",
        build: |lab| lab.config_evil(&["remote.origin.uploadpack"]),
        control: FETCH,
        ..ASKS
    },
    Repository {
        name: "address to push to",
        why: "an address that is a program",
        build: |lab| {
            lab.config("protocol.ext.allow", "always");
            lab.config("remote.origin.pushurl", &format!("ext::{} x", lab.evil));
        },
        refused: NO_REMOTE,
        control: PUSH,
        ..ASKS
    },
    Repository {
        name: "rewritten address",
        why: "an address that becomes a program",
        build: |lab| {
            lab.config("protocol.ext.allow", "always");
            lab.config("remote.origin.url", "https://h.invalid/x");
            lab.config(&format!("url.ext::{} x.insteadOf", lab.evil), "https://h.invalid/");
        },
        refused: NO_REMOTE,
        control: LS_REMOTE,
        ..ASKS
    },
    Repository {
        name: "hooks of the remote",
        why: "a directory of this machine is pushed to",
        build: |lab| {
            let hooks = lab.dir.join("remote.git/hooks");
            for hook in ["pre-receive", "update", "post-receive", "post-update"] {
                fs::copy(&lab.evil, hooks.join(hook)).unwrap();
            }
        },
        begins: Begins::Starts,
        refused: NO_REMOTE,
        control: PUSH,
        ..ASKS
    },
    Repository {
        name: "promisor",
        why: "missing objects are asked for with a program",
        build: |lab| {
            let evil = lab.evil.clone();
            lab.promisor(&[("remote.evil.url", "."), ("remote.evil.uploadpack", &evil)]);
        },
        refused: UNREADABLE,
        control: Control::Main(&["log", "absent"]),
        ..ASKS
    },
    Repository {
        name: "promisor as program",
        why: "its address is a program",
        build: |lab| {
            lab.config("protocol.ext.allow", "always");
            let address = format!("ext::{} x", lab.evil);
            lab.promisor(&[("remote.evil.url", &address)]);
        },
        refused: UNREADABLE,
        control: Control::Main(&["log", "absent"]),
        ..ASKS
    },
    Repository {
        name: "promisor by ssh",
        why: "its transport is a program",
        build: |lab| {
            let evil = lab.evil.clone();
            lab.promisor(&[("remote.evil.url", "ssh://h.invalid/x"), ("core.sshCommand", &evil)]);
        },
        refused: UNREADABLE,
        control: Control::Main(&["log", "absent"]),
        ..ASKS
    },
    Repository {
        name: "alternates",
        why: "another store of objects, whose branches a program names",
        build: |lab| {
            let other = lab.dir.join("store");
            lab.repository(&other);
            write(
                &lab.git_dir,
                "objects/info/alternates",
                &format!("{}/.git/objects\n", other.display()),
            );
            lab.config_evil(&["core.alternateRefsCommand"]);
            // Something to fetch, so that it is said what is here.
            let remote = lab.dir.join("remote.git");
            lab.ground
                .shell(
                    &remote,
                    "git update-ref refs/heads/new \
                $(git commit-tree -m new -p main main^{tree})",
                )
                .ok(&[]);
        },
        control: FETCH,
        ..ASKS
    },
];
