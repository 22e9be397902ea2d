//! Layouts, submodules, links and names that lead somewhere else.

use super::case::{Begins, Control, PLAIN, QUIET, Repository};
use super::lab::write;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

const COMMIT: Control = Control::Main(&["commit", "--allow-empty", "-m", "x"]);
const UPDATE: Control = Control::Tree(&["submodule", "update", "--init", "--force"]);
const ASKS: Repository = Repository { begins: Begins::Asks, ..PLAIN };

pub const LAYOUTS: &[Repository] = &[
    Repository {
        name: "files elsewhere",
        why: "core.worktree names another directory",
        build: |lab| lab.config("core.worktree", &lab.outside.to_string_lossy()),
        begins: Begins::Fails("core.worktree"),
        ..PLAIN
    },
    Repository {
        name: "shared files",
        why: "core.worktree makes every worktree the main checkout",
        build: |lab| {
            separate(lab);
            lab.config("core.worktree", &lab.root.to_string_lossy());
            lab.config("extensions.worktreeConfig", "true");
        },
        begins: Begins::Fails("core.worktree"),
        ..PLAIN
    },
    Repository {
        name: "separate git directory",
        why: "its hooks are beside the checkout",
        build: |lab| {
            separate(lab);
            lab.hooks(&lab.git_dir.join("hooks"));
        },
        control: COMMIT,
        ..ASKS
    },
    Repository {
        name: "linked git directory",
        why: ".git is a link",
        build: |lab| {
            let far = lab.dir.join("far.git");
            fs::rename(&lab.git_dir, &far).unwrap();
            symlink(&far, &lab.git_dir).unwrap();
            lab.git_dir = far;
            lab.config_evil(&["core.fsmonitor"]);
        },
        control: Control::Main(&["status"]),
        ..ASKS
    },
    Repository {
        name: "linked worktree",
        why: "the user's own worktree has a filter of its own",
        build: |lab| {
            lab.at = lab.dir.join("linked");
            let at = lab.at.to_string_lossy().into_owned();
            lab.git(&["worktree", "add", "--quiet", "-b", "mine", &at]);
            lab.config("extensions.worktreeConfig", "true");
            lab.attributes("filter=x");
            let at = lab.at.clone();
            lab.ground.git(&at, &["config", "--worktree", "filter.x.clean", &lab.evil]);
            write(&at, "a.txt", "b\n");
        },
        control: Control::Here(&["status"]),
        script: QUIET,
        refused: &[],
        ..ASKS
    },
    Repository {
        name: "submodule as checkout",
        why: "its git directory is another's",
        build: |lab| {
            lab.submodule("x", "sub");
            lab.at = lab.root.join("sub");
            let at = lab.at.clone();
            lab.evil_filters(&at);
            write(&at, "x.txt", "z\n");
            let remote = format!("url.{}.insteadOf", lab.dir.join("remote.git").display());
            let address = "git@github.com:acme/shop";
            for (name, value) in [(remote.as_str(), address), ("remote.origin.url", address)] {
                lab.ground.git(&at, &["config", name, value]);
            }
            lab.root = at;
            lab.git_dir = lab.dir.join("repo/.git/modules/x");
        },
        control: Control::Here(&["status"]),
        // What the user has there is not committed.
        refused: &["merge", "merge into work of the user's"],
        ..ASKS
    },
    Repository {
        name: "bare",
        why: "a repository without files",
        build: |lab| {
            lab.at = lab.dir.join("bare.git");
            let at = lab.at.to_string_lossy().into_owned();
            lab.git(&["clone", "--quiet", "--bare", ".", &at]);
            for name in ["core.fsmonitor", "core.sshCommand"] {
                lab.ground.git(&lab.at, &["config", name, &lab.evil]);
            }
            lab.ground.git(&lab.at, &["config", "remote.origin.url", "ssh://h.invalid/x"]);
        },
        control: Control::Here(&["ls-remote", "origin"]),
        script: QUIET,
        refused: &["diff"],
        ..ASKS
    },
    Repository {
        name: "looks bare",
        why: "committed files look like a repository",
        build: |lab| {
            lab.at = lab.root.join("looks");
            let at = lab.at.clone();
            lab.plain_files(&at);
        },
        control: Control::Here(&["log"]),
        script: QUIET,
        refused: &["diff"],
        ..ASKS
    },
    Repository {
        name: "sparse",
        why: "files that are not there have a filter",
        build: |lab| {
            lab.git(&["sparse-checkout", "set", "--no-cone", "/*", "!/nowhere/"]);
            lab.config_evil(&["filter.x.clean"]);
            lab.attributes("filter=x");
        },
        refused: &["commit", "merge into work of the user's"],
        control: Control::Main(&["status"]),
        ..ASKS
    },
    Repository {
        name: "odd branch",
        why: "the branch is named like an option that runs a program",
        build: |lab| {
            let name = "refs/heads/--upload-pack=touch hit;x";
            let main = fs::read_to_string(lab.git_dir.join("refs/heads/main")).unwrap();
            let name = name.replace(' ', "\u{a0}");
            write(&lab.git_dir, &name, &main);
            write(&lab.git_dir, "HEAD", &format!("ref: {name}\n"));
        },
        ..PLAIN
    },
    Repository {
        name: "odd place",
        why: "the directory is named like commands",
        build: |lab| {
            let odd = lab.dir.join("$(touch hit) `touch hit`; touch hit '\"");
            fs::rename(&lab.root, &odd).unwrap();
            lab.git_dir = odd.join(".git");
            lab.at.clone_from(&odd);
            lab.root = odd;
        },
        ..PLAIN
    },
    Repository {
        name: "place of two lines",
        why: "the directory's name ends a line of git's",
        build: |lab| {
            let odd = lab.dir.join("a\n/b");
            fs::create_dir(odd.parent().unwrap()).unwrap();
            fs::rename(&lab.root, &odd).unwrap();
            lab.git_dir = odd.join(".git");
            lab.at.clone_from(&odd);
            lab.root = odd;
        },
        begins: Begins::Fails("line break"),
        ..PLAIN
    },
];

fn separate(lab: &mut super::lab::Lab<'_>) {
    let far = lab.dir.join("far.git");
    lab.git(&["init", "--quiet", &format!("--separate-git-dir={}", far.display())]);
    lab.git_dir = far;
}

fn submodules(lab: &super::lab::Lab<'_>, text: &str) {
    lab.committed(&[(".gitmodules", text)]);
}

pub const SUBMODULES: &[Repository] = &[
    Repository {
        name: "command as name",
        why: "a submodule's name is a setting with a command",
        build: |lab| {
            lab.submodule("plain", "sub1");
            lab.submodule("x", "sub2");
            let name = format!("x.update=!{};#", lab.evil);
            let copies = lab.git_dir.join("modules");
            let copy: PathBuf = copies.join(&name);
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            let mut cp = std::process::Command::new("cp");
            assert!(cp.arg("-a").arg(copies.join("plain")).arg(copy).status().unwrap().success());
            submodules(
                lab,
                &format!(
                    "[submodule \"{name}\"]\n\tpath = :/\n\tpath = sub1\n\turl = ./x\n\
                     [submodule \"x\"]\n\tpath = sub2\n\turl = ./x\n"
                ),
            );
        },
        ..PLAIN
    },
    Repository {
        name: "update command",
        why: "the configuration says how a submodule is filled",
        build: |lab| {
            lab.submodule("x", "sub");
            lab.config("submodule.x.update", &format!("!{}", lab.evil));
        },
        control: UPDATE,
        ..ASKS
    },
    Repository {
        name: "update command of a pattern",
        why: "a path that means every submodule",
        build: |lab| {
            lab.submodule("x", "sub");
            lab.config("submodule.x.update", &format!("!{}", lab.evil));
            submodules(
                lab,
                "[submodule \"x\"]\n\tpath = sub\n\turl = ./x\n\
                 [submodule \"y\"]\n\tpath = :(glob)**\n\turl = ./x\n\
                 [submodule \"z\"]\n\tpath = *\n\turl = ./x\n",
            );
        },
        control: UPDATE,
        ..ASKS
    },
    Repository {
        name: "names that lead away",
        why: "a submodule's copy is outside",
        build: |lab| {
            lab.submodule("x", "sub");
            let (copy, far) = (lab.git_dir.join("modules/x"), lab.outside.join("copy"));
            fs::rename(&copy, &far).unwrap();
            symlink(&far, &copy).unwrap();
            let pointer = format!("gitdir: {}\n", far.display());
            write(&lab.root, "sub/.git", &pointer);
            let config = fs::read_to_string(far.join("config")).unwrap();
            let config = config.replace("../../../sub", "../../repo/sub");
            let filter = format!("[filter \"x\"]\n\tsmudge = {0}\n\tclean = {0}\n", lab.evil);
            write(&far, "config", &format!("{config}{filter}"));
            write(&far, "info/attributes", "* filter=x\n");
            submodules(
                lab,
                "[submodule \"x\"]\n\tpath = sub\n\turl = ./x\n\
                 [submodule \"../../../../outside/copy\"]\n\tpath = sub\n\turl = ./x\n",
            );
        },
        ..PLAIN
    },
    Repository {
        name: "filters of a copy",
        why: "a submodule has settings and hooks of its own",
        build: |lab| {
            lab.submodule("x", "sub");
            let sub = lab.root.join("sub");
            for name in ["filter.x.smudge", "filter.x.clean", "core.fsmonitor"] {
                lab.ground.git(&sub, &["config", name, &lab.evil]);
            }
            let copy = lab.git_dir.join("modules/x");
            lab.hooks(&copy.join("hooks"));
            write(&copy, "info/attributes", "* filter=x\n");
            write(&sub, "x.txt", "z\n");
        },
        control: Control::Main(&["status"]),
        ..PLAIN
    },
];

/// No act begins where git would follow a link.
const NOT_FOLLOWED: &[&str] =
    &["commit", "discard", "merge", "merge into work of the user's", "pr", "rebase", "removal"];

pub const LINKS: &[Repository] = &[
    Repository {
        name: "linked directory of worktrees",
        why: ".claude leads outside",
        build: |lab| {
            symlink("../outside", lab.root.join(".claude")).unwrap();
            lab.commit(&[".claude"]);
        },
        begins: Begins::Fails("link"),
        ..PLAIN
    },
    Repository {
        name: "linked worktrees",
        why: ".claude/worktrees leads outside",
        build: |lab| {
            fs::create_dir(lab.root.join(".claude")).unwrap();
            symlink("../../outside", lab.root.join(".claude/worktrees")).unwrap();
        },
        begins: Begins::Fails("link"),
        ..PLAIN
    },
    Repository {
        name: "linked notes of git",
        why: ".git/info leads outside",
        build: |lab| {
            let (info, far) = (lab.git_dir.join("info"), lab.outside.join("info"));
            fs::rename(&info, &far).unwrap();
            symlink(&far, &info).unwrap();
        },
        ..PLAIN
    },
    Repository {
        name: "linked exclude file",
        why: ".git/info/exclude leads outside",
        build: |lab| {
            let file = lab.git_dir.join("info/exclude");
            fs::remove_file(&file).unwrap();
            symlink(lab.outside.join("precious.txt"), &file).unwrap();
        },
        ..PLAIN
    },
    Repository {
        name: "included links",
        why: "what is copied into a worktree leads outside",
        build: |lab| {
            symlink("../outside/precious.txt", lab.root.join("a.ignored")).unwrap();
            symlink("../outside/deep", lab.root.join("b.ignored")).unwrap();
            let text = "*.ignored\n/../outside/*\n../outside/precious.txt\n";
            lab.committed(&[(".worktreeinclude", text)]);
        },
        ..PLAIN
    },
    Repository {
        name: "linked message",
        why: "git writes messages and logs where links lead",
        late: |lab, tree| {
            let admin = lab.admin(tree);
            for name in ["COMMIT_EDITMSG", "MERGE_MSG", "ORIG_HEAD", "AUTO_MERGE", "logs/HEAD"] {
                let (link, to) = (admin.join(name), lab.outside.join(name.replace('/', "-")));
                fs::remove_file(&link).ok();
                fs::create_dir_all(link.parent().unwrap()).unwrap();
                fs::write(&to, "precious\n").unwrap();
                symlink(&to, &link).unwrap();
            }
        },
        refused: NOT_FOLLOWED,
        control: Control::Tree(&["commit", "--allow-empty", "-m", "x"]),
        ..PLAIN
    },
    Repository {
        name: "linked index",
        why: "git writes its index where a link leads",
        late: |lab, tree| {
            let (index, far) = (lab.admin(tree).join("index"), lab.outside.join("index"));
            fs::rename(&index, &far).unwrap();
            symlink(&far, &index).unwrap();
        },
        refused: NOT_FOLLOWED,
        control: Control::Tree(&["add", "--all"]),
        ..PLAIN
    },
    Repository {
        name: "linked directory",
        why: "a directory that is committed is a link by now",
        late: |lab, tree| {
            fs::remove_dir_all(tree.join("dir")).unwrap();
            symlink(lab.outside.join("deep"), tree.join("dir")).unwrap();
            symlink(lab.outside.join("precious.txt"), tree.join("new.txt")).unwrap();
        },
        // A file in there changed in the base meanwhile: git has no merge of that and a link.
        refused: &["merge", "merge into work of the user's", "rebase"],
        ..PLAIN
    },
];
