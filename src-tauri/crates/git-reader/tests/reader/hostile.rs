//! Repositories that were written to run something, to lead elsewhere or to break their reader.
//!
//! Each is looked at, none runs anything, none is written to, and an honest one after all of them is
//! still answered.

use crate::repo::{Repo, fifo, reader, snapshot, try_git, write};
use nightshift_git_reader::{Answer, Request, UnknownKind};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// What the answer may be.
#[derive(Clone, Copy, Debug)]
enum Then {
    Seen,
    CannotRead,
    Unknown(UnknownKind),
    /// Whatever it is, it is one.
    Any,
}

use Then::{Any, CannotRead, Seen, Unknown};
use UnknownKind::{Damaged, Elsewhere, Refused};

/// A command that leaves a mark. `@` stands for the file that it makes.
const RUN: &str = "touch @";

/// Configuration that names a program.
const CONFIGURED: &[(&str, &str)] = &[
    ("clean filter", "[filter \"x\"]\n\tclean = RUN\n\tsmudge = RUN\n\trequired = true\n"),
    ("process filter", "[filter \"x\"]\n\tprocess = RUN\n\trequired = true\n"),
    ("external diff", "[diff]\n\texternal = RUN\n"),
    ("diff driver", "[diff \"x\"]\n\tcommand = RUN\n\ttextconv = RUN\n\tcachetextconv = true\n"),
    ("bad function pattern", "[diff \"x\"]\n\txfuncname = \"((((((a*)*)*)*)*)*b\"\n"),
    ("merge driver", "[merge \"x\"]\n\tdriver = RUN\n"),
    ("fsmonitor", "[core]\n\tfsmonitor = RUN\n"),
    ("hooks", "[core]\n\thooksPath = .\n"),
    ("ssh", "[core]\n\tsshCommand = RUN\n"),
    ("editor and pager", "[core]\n\teditor = RUN\n\tpager = RUN\n\taskPass = RUN\n"),
    ("gpg", "[gpg]\n\tprogram = RUN\n[log]\n\tshowSignature = true\n"),
    ("credential", "[credential]\n\thelper = !RUN\n"),
    ("alternates command", "[core]\n\talternateRefsCommand = RUN\n"),
    ("alias", "[alias]\n\tstatus = !RUN\n"),
    ("submodule command", "[submodule \"s\"]\n\tpath = dir\n\turl = x\n\tupdate = !RUN\n"),
    (
        "ext remote",
        "[remote \"origin\"]\n\turl = ext::RUN\n[branch \"main\"]\n\tremote = origin\n\tmerge = refs/heads/main\n",
    ),
    ("promisor", "[remote \"evil\"]\n\turl = .\n\tpromisor = true\n\tuploadpack = RUN\n"),
    ("include loop", "[include]\n\tpath = config\n"),
    ("include of a system file", "[include]\n\tpath = /etc/passwd\n"),
    ("conditional include", "[includeIf \"gitdir:/\"]\n\tpath = config\n"),
    ("control characters", "[core]\n\teol = \"\\b\x1b[31m\"\n"),
    ("a case that is none", "[core]\n\tignoreCase = true\n"),
];

/// Plain files that are bad in themselves, and what may come of them.
const FILES: &[(&str, &str, &str, Then)] = &[
    ("HEAD leads out", ".git/HEAD", "ref: refs/heads/../../../../etc/passwd\n", Any),
    ("HEAD is absolute", ".git/HEAD", "ref: /etc/passwd\n", Any),
    ("HEAD is empty", ".git/HEAD", "", Any),
    ("HEAD has controls", ".git/HEAD", "ref: refs/heads/\x1b[31mx\n", Any),
    ("HEAD is itself", ".git/HEAD", "ref: HEAD\n", Any),
    ("branch is text", ".git/refs/heads/main", "root:x:0:0\n", Unknown(Damaged)),
    ("branch is a loop", ".git/refs/heads/main", "ref: refs/heads/main\n", Any),
    (
        "branch is absent object",
        ".git/refs/heads/main",
        "1111111111111111111111111111111111111111\n",
        Unknown(Damaged),
    ),
    ("worktree elsewhere", ".git/config", "[core]\n\tworktree = ../..\n", Unknown(Elsewhere)),
    ("bare", ".git/config", "[core]\n\tbare = true\n", Unknown(Elsewhere)),
    ("config is nonsense", ".git/config", "[[[\0\n", Unknown(Damaged)),
    ("common directory elsewhere", ".git/commondir", "/etc\n", Any),
    ("index is empty", ".git/index", "", Any),
    ("index is nonsense", ".git/index", "DIRC\0\0\0\x02\u{7f}\u{7f}\u{7f}\u{7f}", Any),
    ("alternates to the system", ".git/objects/info/alternates", "/etc\n/proc/self/fd\n", Any),
    ("packed references are nonsense", ".git/packed-refs", "zzz\n", Any),
    (
        "modules lead out",
        ".gitmodules",
        "[submodule \"../../x\"]\n\tpath = dir\n\turl = -u RUN\n\tupdate = !RUN\n",
        Seen,
    ),
    ("attributes for all", ".gitattributes", "* filter=x diff=x merge=x\n", Seen),
    ("no fetch of a promisor", ".git/objects/pack/pack-1.promisor", "", Seen),
];

fn config(repo: &Repo, more: &str, owned: &Path) {
    let text = fs::read_to_string(repo.root.join(".git/config")).unwrap();
    let run = RUN.replace('@', &owned.to_string_lossy());
    repo.write(".git/config", &format!("{text}{}", more.replace("RUN", &run)));
    repo.write(".gitattributes", "* filter=x diff=x merge=x\n");
    // Same size as what was added, so that a reader has to look into it.
    repo.write("a.txt", "b\n");
}

/// What it is, its repository, what may be said.
type Trap = (&'static str, Repo, Then);

fn made(name: &'static str, then: Then, make: impl Fn(&Path)) -> Trap {
    let repo = Repo::new();
    make(&repo.root);
    (name, repo, then)
}

/// Those that are text.
fn written(owned: &Path) -> Vec<Trap> {
    let configured = CONFIGURED.iter().map(|(name, text)| {
        let repo = Repo::new();
        config(&repo, text, owned);
        let then = if name.contains("include") { Any } else { Seen };
        (*name, repo, then)
    });
    let files = FILES.iter().map(|(name, file, text, then)| {
        let run = RUN.replace('@', &owned.to_string_lossy());
        made(name, *then, |root| write(root, file, text.replace("RUN", &run)))
    });
    configured.chain(files).collect()
}

/// Those that would run something, or that lead out by a link or a pointer.
fn built(owned: &Path) -> Vec<Trap> {
    let run = RUN.replace('@', &owned.to_string_lossy());
    vec![
        made("partial clone", CannotRead, |root| {
            let text = format!(
                "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tpartialClone = evil\n\
             [remote \"evil\"]\n\turl = .\n\tpromisor = true\n\tuploadpack = \"{run}; false\"\n"
            );
            write(root, ".git/config", text);
            write(root, ".git/refs/heads/main", "1111111111111111111111111111111111111111\n");
        }),
        made("hooks", Seen, |root| {
            use std::os::unix::fs::PermissionsExt;
            for hook in ["post-index-change", "reference-transaction", "fsmonitor-watchman"] {
                let file = root.join(".git/hooks").join(hook);
                write(root, &format!(".git/hooks/{hook}"), format!("#!/bin/sh\n{run}\n"));
                fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
            }
        }),
        made("git directory is a link", Unknown(Elsewhere), |root| {
            fs::rename(root.join(".git"), root.join("other")).unwrap();
            symlink("other", root.join(".git")).unwrap();
        }),
        made("git directory is a file", Unknown(Elsewhere), |root| {
            fs::rename(root.join(".git"), root.join("other")).unwrap();
            write(root, ".git", "gitdir: other\n");
        }),
        made("branch is a link to a secret", Unknown(Refused), |root| {
            fs::remove_file(root.join(".git/refs/heads/main")).unwrap();
            symlink("/etc/passwd", root.join(".git/refs/heads/main")).unwrap();
        }),
        made("worktree record names the system", Seen, |root| {
            write(root, ".git/worktrees/x/gitdir", "/etc/.git\n");
            write(root, ".git/worktrees/x/HEAD", "ref: refs/heads/main\n");
            write(root, ".git/worktrees/x/locked", "esc \x1b[31m\n");
        }),
        made("worktree record is a pipe", Seen, |root| {
            fifo(&root.join(".git/worktrees/x/gitdir"));
            fifo(&root.join(".git/worktrees/x/locked"));
        }),
        made("pattern file is a link", Unknown(Refused), |root| {
            symlink("/dev/zero", root.join(".gitignore")).unwrap();
        }),
        made("configuration is a device", Unknown(Refused), |root| {
            fs::remove_file(root.join(".git/config")).unwrap();
            symlink("/dev/zero", root.join(".git/config")).unwrap();
        }),
        made("another's checkout", Unknown(Elsewhere), |root| {
            write(&root.with_file_name("victim"), "secret", "s");
            write(root, ".git/config", "[core]\n\tworktree = ../../victim\n");
        }),
    ]
}

/// Pipes where git expects files, and one that is the user's own.
fn pipes() -> Vec<Trap> {
    let refused = [
        ".git/config",
        ".git/index",
        ".git/HEAD",
        ".git/refs/heads/main",
        ".git/info/exclude",
        ".git/info/attributes",
        ".git/packed-refs",
        ".git/objects/info/alternates",
        ".git/shallow",
        ".git/info/grafts",
        ".git/config.worktree",
        ".git/commondir",
        ".gitignore",
        ".gitattributes",
        "dir/.gitignore",
    ];
    let own =
        made("a pipe that is only a file of the user's", Seen, |root| fifo(&root.join("pipe")));
    let name = "a pipe where a file should be";
    let refused = refused.map(|path| made(name, Unknown(Refused), |root| fifo(&root.join(path))));
    refused.into_iter().chain([own]).collect()
}

#[test]
fn security_02_nothing_of_a_hostile_repository_runs_leads_away_or_is_written() {
    let marks = tempfile::tempdir().unwrap();
    let owned = marks.path().join("owned");
    let traps: Vec<Trap> =
        written(&owned).into_iter().chain(built(&owned)).chain(pipes()).collect();
    assert!(traps.len() >= 44, "{}", traps.len());
    let honest = Repo::new();
    let before: Vec<_> = traps.iter().map(|(_, repo, _)| snapshot(&repo.root)).collect();
    let requests: Vec<Request> = traps
        .iter()
        .map(|(_, repo, _)| Request::own(&repo.root))
        .chain([Request::own(&honest.root)])
        .collect();
    let answers = reader().look(&requests);
    assert_eq!(answers.len(), requests.len());
    assert!(!owned.exists(), "something was run");
    for (((name, repo, then), answer), before) in traps.iter().zip(&answers).zip(&before) {
        let fits = match then {
            Seen => matches!(answer, Answer::Seen(_)),
            CannotRead => matches!(answer, Answer::CannotRead { .. }),
            Unknown(kind) => matches!(answer, Answer::Unknown(unknown) if unknown.kind == *kind),
            Any => true,
        };
        assert!(fits, "{name}: expected {then:?}, got {answer:?}");
        let text = serde_json::to_string(answer).unwrap();
        assert!(!text.contains("root:"), "{name} tells what is in another file: {text}");
        assert!(!text.contains('\u{1b}') && !text.contains("\\u001b"), "{name}: {text}");
        assert_eq!(&snapshot(&repo.root), before, "{name} was written to");
    }
    assert!(matches!(answers.last(), Some(Answer::Seen(_))), "{:?}", answers.last());
    // The traps are set: the program does run the first of them.
    try_git(&traps[0].1.root, &[OsStr::new("status")]);
    assert!(owned.exists(), "git itself runs nothing here");
}

#[test]
fn a_repository_of_a_linked_worktree_cannot_lead_elsewhere_either() {
    let repo = Repo::new();
    let one = repo.beside("one");
    repo.git(&["worktree", "add", "--quiet", &one.to_string_lossy()]);
    let common = repo.root.join(".git");
    let admin = common.join("worktrees/one");
    let other = Repo::new();
    let ask = || crate::repo::answer(&Request::linked(&one, &admin, &common));
    assert!(matches!(ask(), Answer::Seen(_)));
    let elsewhere = |what: &str| {
        let answer = ask();
        let refused = matches!(&answer, Answer::Unknown(u) if u.kind == Elsewhere);
        assert!(refused, "{what}: {answer:?}");
    };
    let pointer = fs::read(one.join(".git")).unwrap();
    fs::write(one.join(".git"), format!("gitdir: {}\n", other.root.join(".git").display()))
        .unwrap();
    elsewhere("another repository's .git");
    fs::write(one.join(".git"), &pointer).unwrap();
    fs::write(admin.join("commondir"), other.root.join(".git").to_str().unwrap()).unwrap();
    elsewhere("another common directory");
    fs::write(admin.join("commondir"), "../..\n").unwrap();
    assert!(matches!(ask(), Answer::Seen(_)));
    let moved = repo.beside("moved");
    fs::rename(&admin, &moved).unwrap();
    symlink(&moved, &admin).unwrap();
    elsewhere("its record is a link");
}
