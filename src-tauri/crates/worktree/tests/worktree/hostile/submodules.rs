//! Traps in what a repository says of its submodules.

use super::{Fires, Lab, Trap, nothing_there, spring};
use crate::repo::write;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

/// Another repository, which the main checkout has as submodule `sub` at `path`, filled.
fn submodule(lab: &Lab, name: &str, path: &str) -> PathBuf {
    let other = lab.outside.with_file_name(format!("other-{name}"));
    lab.repo.run(&["init", "--quiet", &other.to_string_lossy()]);
    write(&other, "s.txt", "s\n");
    lab.repo.run_in(&other, &["add", "."]);
    lab.repo.run_in(&other, &["commit", "--quiet", "-m", "s"]);
    let address = other.to_string_lossy();
    lab.repo.run(&["submodule", "--quiet", "add", "--name", name, &address, path]);
    other
}

fn modules(lab: &Lab, text: &str) {
    lab.repo.write(".gitmodules", text);
    lab.repo.run(&["add", ".gitmodules"]);
    lab.repo.run(&["commit", "--quiet", "-m", "submodules"]);
}

/// As a clone with `--recurse-submodules` leaves it, so that there is something to fill from.
fn command_as_name(lab: &Lab) {
    submodule(lab, "plain", "sub1");
    submodule(lab, "x", "sub2");
    let name = format!("x.update=!{};#", lab.evil);
    let copies = lab.repo.root.join(".git/modules");
    let copy = copies.join(&name);
    fs::create_dir_all(copy.parent().unwrap()).unwrap();
    let copied = Command::new("cp").arg("-a").arg(copies.join("plain")).arg(copy).status();
    assert!(copied.unwrap().success());
    modules(
        lab,
        &format!(
            "[submodule \"{name}\"]\n\tpath = :/\n\tpath = sub1\n\turl = ./x\n\
             [submodule \"x\"]\n\tpath = sub2\n\turl = ./x\n"
        ),
    );
}

const UPDATE: &[&str] = &["submodule", "update", "--init", "--force"];

const TRAPS: &[Trap] = &[
    Trap {
        name: "a command as name",
        main: command_as_name,
        tree: nothing_there,
        fires: Fires::Never,
    },
    Trap {
        name: "a command in the main checkout's configuration",
        main: |lab| {
            submodule(lab, "x", "sub");
            lab.repo.run(&["commit", "--quiet", "-m", "sub"]);
            lab.config("submodule.x.update", &format!("!{}", lab.evil));
        },
        tree: nothing_there,
        fires: Fires::InTree(UPDATE),
    },
    Trap {
        name: "a command in .gitmodules",
        main: |lab| {
            submodule(lab, "x", "sub");
            let text = format!("[submodule \"x\"]\n\tpath = sub\n\tupdate = !{}\n", lab.evil);
            modules(lab, &text);
        },
        tree: nothing_there,
        fires: Fires::Never,
    },
    Trap {
        name: "a pattern as path",
        main: |lab| {
            submodule(lab, "x", "sub");
            lab.config("submodule.x.update", &format!("!{}", lab.evil));
            modules(
                lab,
                "[submodule \"x\"]\n\tpath = sub\n[submodule \"y\"]\n\tpath = :(glob)**\n\
                     [submodule \"z\"]\n\tpath = *\n[submodule \"o\"]\n\tpath = --recursive\n",
            );
        },
        tree: nothing_there,
        fires: Fires::Never,
    },
    Trap {
        name: "names that lead away",
        main: |lab| {
            submodule(lab, "x", "sub");
            let evil = lab.outside.join("evil");
            let copy = lab.repo.root.join(".git/modules/x");
            fs::rename(&copy, &evil).unwrap();
            let config = format!("[filter \"x\"]\n\tsmudge = {}\n", lab.evil);
            let text = fs::read_to_string(evil.join("config")).unwrap();
            fs::write(evil.join("config"), format!("{text}{config}")).unwrap();
            // The submodule is still filled in the main checkout, from there.
            fs::write(lab.repo.root.join("sub/.git"), format!("gitdir: {}\n", evil.display()))
                .unwrap();
            symlink(&evil, &copy).unwrap();
            modules(
                lab,
                "[submodule \"x\"]\n\tpath = sub\n\
                     [submodule \"../../../lab/outside/evil\"]\n\tpath = sub\n",
            );
        },
        tree: nothing_there,
        fires: Fires::Never,
    },
    Trap {
        name: "filters of the copy",
        main: |lab| {
            submodule(lab, "x", "sub");
            lab.repo.run(&["commit", "--quiet", "-m", "sub"]);
            let copy = lab.repo.root.join(".git/modules/x");
            for name in ["filter.x.smudge", "filter.x.clean", "core.fsmonitor"] {
                lab.repo.run_in(&lab.repo.root.join("sub"), &["config", name, &lab.evil]);
            }
            lab.hooks(&copy.join("hooks"));
            fs::create_dir_all(copy.join("info")).unwrap();
            fs::write(copy.join("info/attributes"), "* filter=x\n").unwrap();
            // Of the same size, so that only its content tells.
            lab.repo.write("sub/s.txt", "t\n");
        },
        tree: nothing_there,
        fires: Fires::InMain(&["status"]),
    },
    Trap {
        name: "filters that an agent gives to its copy",
        main: |lab| {
            submodule(lab, "x", "sub");
            lab.repo.run(&["commit", "--quiet", "-m", "sub"]);
        },
        tree: |lab, tree| {
            let sub = tree.join("sub");
            lab.repo.run_in(&sub, &["config", "filter.x.clean", &lab.evil]);
            write(&sub, ".gitattributes", "* filter=x\n");
            write(&sub, "s.txt", "t\n");
        },
        fires: Fires::InTree(&["status"]),
    },
];

#[test]
fn security_01_a_submodules_name_is_never_a_command() {
    spring(TRAPS);
}

#[test]
fn security_01_a_submodule_that_is_named_twice_or_by_an_odd_name_is_absent_and_the_others_are_filled()
 {
    let lab = Lab::new();
    submodule(&lab, "good", "good");
    submodule(&lab, "x", "sub");
    modules(
        &lab,
        "[submodule \"good\"]\n\tpath = good\n[submodule \"x\"]\n\tpath = sub\n\
         [submodule \"y\"]\n\tpath = sub\n[submodule \"file\"]\n\tpath = a.txt\n\
         [submodule \"o dd\"]\n\tpath = odd\n",
    );
    let record = lab.repo.make("one");
    assert_eq!(fs::read_to_string(record.path.join("good/s.txt")).unwrap(), "s\n");
    assert!(!record.path.join("sub/s.txt").exists());
    for (path, why) in
        [("sub", "more than once"), ("a.txt", "no submodule"), ("odd", "not allowed")]
    {
        let told = record.notes.iter().any(|note| note.contains(path) && note.contains(why));
        assert!(told, "{path}: {:?}", record.notes);
    }
}
