//! Repositories, links and pipes that an agent makes in its worktree, and what it does to the files by
//! which git knows that worktree.

use super::case::{Control, PLAIN, Repository};
use super::lab::{Lab, write};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

/// git's look into the repository inside.
const LOG: Control = Control::Below("inner", &["log"]);
const STATUS: Control = Control::Below("inner", &["status"]);
const IN_TREE: Control = Control::Tree(&["status"]);

fn far(lab: &Lab<'_>) -> std::path::PathBuf {
    let far = lab.dir.join("far");
    lab.repository(&far);
    lab.evil_filters(&far);
    far
}

/// A repository that cannot be looked into is never taken away.
const KEPT: &[&str] = &["merge into work of the user's", "removal"];

pub const INSIDE: &[Repository] = &[
    Repository {
        name: "plain files alone",
        why: "a few text files are a repository that fetches",
        late: |lab, tree| lab.plain_files(&tree.join("inner/.git")),
        control: LOG,
        refused: KEPT,
        ..PLAIN
    },
    Repository {
        name: "filters inside",
        why: "a repository with filters",
        late: |lab, tree| {
            lab.repository(&tree.join("inner"));
            lab.evil_filters(&tree.join("inner"));
        },
        control: STATUS,
        ..PLAIN
    },
    Repository {
        name: "hooks inside",
        why: "a repository with hooks",
        late: |lab, tree| {
            lab.repository(&tree.join("inner"));
            lab.hooks(&tree.join("inner/.git/hooks"));
        },
        control: Control::Below("inner", &["commit", "--allow-empty", "-m", "x"]),
        ..PLAIN
    },
    Repository {
        name: "recorded inside",
        why: "git takes it for a submodule",
        late: |lab, tree| {
            lab.repository(&tree.join("inner"));
            lab.ground.git(tree, &["add", "inner"]);
            lab.evil_filters(&tree.join("inner"));
        },
        control: IN_TREE,
        ..PLAIN
    },
    Repository {
        name: "deep inside",
        why: "a repository in one",
        late: |lab, tree| {
            lab.repository(&tree.join("inner"));
            lab.plain_files(&tree.join("inner/deep/.git"));
        },
        control: Control::Below("inner/deep", &["log"]),
        refused: KEPT,
        ..PLAIN
    },
    Repository {
        name: "pointer inside",
        why: "its git directory is outside",
        late: |lab, tree| {
            let far = far(lab);
            write(tree, "inner/.git", &format!("gitdir: {}/.git\n", far.display()));
            write(tree, "inner/x.txt", "y\n");
            write(tree, "inner/.gitattributes", "* filter=x\n");
        },
        control: STATUS,
        refused: KEPT,
        ..PLAIN
    },
    Repository {
        name: "link inside",
        why: "its git directory is a link",
        late: |lab, tree| {
            let far = lab.dir.join("far");
            lab.plain_files(&far);
            fs::create_dir(tree.join("inner")).unwrap();
            symlink(&far, tree.join("inner/.git")).unwrap();
        },
        control: LOG,
        refused: KEPT,
        ..PLAIN
    },
    Repository {
        name: "shared files inside",
        why: "commondir leads outside",
        late: |lab, tree| {
            let far = lab.dir.join("far");
            lab.plain_files(&far);
            lab.repository(&tree.join("inner"));
            write(tree, "inner/.git/commondir", &format!("{}\n", far.display()));
        },
        control: Control::Below("inner", &["log", "main"]),
        refused: KEPT,
        ..PLAIN
    },
    Repository {
        name: "bare inside",
        why: "a directory that looks like a repository",
        late: |lab, tree| lab.plain_files(&tree.join("inner")),
        control: LOG,
        ..PLAIN
    },
    Repository {
        name: "submodules of an agent",
        why: ".gitmodules with a command for one that it added",
        late: |lab, tree| {
            lab.repository(&tree.join("inner"));
            lab.ground.git(tree, &["add", "inner"]);
            let text = "[submodule \"x\"]\n\tpath = inner\n\turl = ./inner\n";
            write(tree, ".gitmodules", text);
            lab.config("submodule.x.url", "./inner");
            lab.config("submodule.x.update", &format!("!{}", lab.evil));
        },
        control: Control::Tree(&["submodule", "update", "--force"]),
        ..PLAIN
    },
];

/// The worktree is no more what it was: nothing is done there, nothing is removed.
const LEFT_ALONE: &[&str] = &[
    "commit",
    "diff",
    "diff of a file",
    "discard",
    "merge",
    "merge into work of the user's",
    "pr",
    "rebase",
    "removal",
];

pub const TURNED: &[Repository] = &[
    Repository {
        name: "another repository",
        why: "the worktree points to a repository outside",
        late: |lab, tree| {
            let far = far(lab);
            write(tree, ".git", &format!("gitdir: {}/.git\n", far.display()));
        },
        refused: LEFT_ALONE,
        control: IN_TREE,
        ..PLAIN
    },
    Repository {
        name: "another configuration",
        why: "commondir of the worktree leads outside",
        late: |lab, tree| {
            let far = far(lab);
            let admin = lab.admin(tree);
            fs::write(admin.join("commondir"), format!("{}/.git\n", far.display())).unwrap();
        },
        refused: LEFT_ALONE,
        control: IN_TREE,
        ..PLAIN
    },
    Repository {
        name: "a repository of its own",
        why: "the worktree has a git directory now",
        late: |lab, tree| {
            fs::remove_file(tree.join(".git")).unwrap();
            lab.repository(tree);
            lab.evil_filters(tree);
        },
        refused: LEFT_ALONE,
        control: IN_TREE,
        ..PLAIN
    },
    Repository {
        name: "the main checkout",
        why: "the worktree is said to be the main checkout",
        late: |lab, tree| {
            lab.config("extensions.worktreeConfig", "true");
            let text = format!("[core]\n\tworktree = {}\n", lab.root.display());
            fs::write(lab.admin(tree).join("config.worktree"), text).unwrap();
        },
        refused: LEFT_ALONE,
        ..PLAIN
    },
    Repository {
        name: "replaced commits",
        why: "the work seems to be merged",
        late: |lab, tree| {
            let head = lab.ground.git(tree, &["rev-parse", "HEAD"]);
            write(&lab.git_dir, "info/grafts", &format!("{}\n", head.trim()));
        },
        ..PLAIN
    },
];

pub const ODD_NAMES: &[Repository] = &[Repository {
    name: "odd names",
    why: "files named like options, patterns and lines",
    late: |_, tree| odd_names(tree),
    ..PLAIN
}];

fn odd_names(tree: &Path) {
    let names: [&[u8]; 9] = [
        b"--upload-pack=touch hit",
        b"-rf",
        b":(glob)**",
        b":!x",
        b"*",
        b"a\nb",
        b"\"quoted\"\t",
        b"\xff\xfe",
        b"\x1b]0;title\x07",
    ];
    for name in names {
        let path = tree.join(std::ffi::OsStr::from_bytes(name));
        fs::write(&path, "odd\n").unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
}
