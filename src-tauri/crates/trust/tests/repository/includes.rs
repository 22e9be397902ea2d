//! Files of git's settings that include one another.

use crate::Repo;
use nightshift_trust::Found;
use std::fs;
use std::process::Command;

const EVIL: &str = "[core]\n\tfsmonitor = evil\n";
/// Conditions that do not hold where we look.
const CONDITIONS: &[&str] = &[
    "onbranch:worktree-*",
    "gitdir:**/worktrees/**",
    "gitdir/i:**/WORKTREES/**",
    "hasconfig:remote.*.url:x",
];

/// What cannot be followed, and how it is made.
type Odd = (&'static str, fn(&Repo));

fn shown(found: &Found) -> String {
    let items = found.items.iter();
    items.map(|item| String::from_utf8_lossy(&item.shown).into_owned()).collect()
}

/// `.git/config` names `path` under a condition.
fn names(repo: &Repo, condition: &str, path: &str) {
    repo.run(&["config", &format!("includeIf.{condition}.path"), path]);
}

#[test]
fn security_05_a_relative_include_is_beside_the_file_that_names_it() {
    for condition in CONDITIONS {
        let repo = Repo::new();
        repo.run(&["config", "include.path", "deep/a.cfg"]);
        repo.write(".git/deep/a.cfg", &format!("[includeIf \"{condition}\"]\n\tpath = b.cfg\n"));
        repo.write(".git/b.cfg", "[user]\n\tname = another\n");
        repo.write(".git/deep/b.cfg", EVIL);
        let found = repo.head();
        assert!(shown(&found).contains("fsmonitor = evil"), "{condition}: {found:?}");
        let ledger = repo.ledger();
        ledger.add(&found, 1).unwrap();
        repo.write(".git/deep/b.cfg", "[core]\n\tfsmonitor = other\n");
        assert!(!ledger.trusts_all(&repo.head()), "{condition}");
    }
}

#[test]
fn security_05_files_included_by_a_conditional_one_are_shown() {
    for (first, path, second) in [
        ("inc.cfg", "more.cfg", ".git/more.cfg"),
        ("deep/inc.cfg", "more.cfg", ".git/deep/more.cfg"),
        ("deep/inc.cfg", "../more.cfg", ".git/more.cfg"),
        ("../conf/inc.cfg", "x/more.cfg", "conf/x/more.cfg"),
    ] {
        for section in ["[include]", "[INCLUDE]", "[includeIf \"onbranch:x\"]"] {
            let repo = Repo::new();
            names(&repo, "onbranch:x", first);
            repo.write(&format!(".git/{first}"), &format!("{section}\n\tpath = {path}\n"));
            repo.write(second, EVIL);
            let found = repo.head();
            assert!(found.unreadable.is_empty(), "{first} {section}: {found:?}");
            assert!(shown(&found).contains("fsmonitor = evil"), "{first} {section}: {found:?}");
        }
    }
    // In the user's home.
    let repo = Repo::new();
    names(&repo, "onbranch:x", "inc.cfg");
    repo.write(".git/inc.cfg", "[include]\n\tpath = ~/more.cfg\n");
    let ledger = repo.ledger();
    ledger.add(&repo.head(), 1).unwrap();
    fs::write(repo.home.user_home().join("more.cfg"), EVIL).unwrap();
    let found = repo.head();
    assert!(!ledger.trusts_all(&found));
    assert!(shown(&found).contains("more.cfg: outside") && !shown(&found).contains("evil"));
}

#[test]
fn security_05_includes_that_cannot_be_followed_are_never_trusted() {
    let odd: [Odd; 6] = [
        ("a loop", |repo| repo.write(".git/inc.cfg", "[include]\n\tpath = inc.cfg\n")),
        ("a loop of two", |repo| {
            repo.write(".git/inc.cfg", "[include]\n\tpath = b.cfg\n");
            repo.write(".git/b.cfg", "[include]\n\tpath = ./b.cfg\n");
        }),
        ("an endless chain", |repo| {
            repo.write(".git/inc.cfg", "[include]\n\tpath = 0.cfg\n");
            for n in 0..20 {
                let next = format!("[include]\n\tpath = {}.cfg\n", n + 1);
                repo.write(&format!(".git/{n}.cfg"), &next);
            }
        }),
        ("another user's", |repo| repo.write(".git/inc.cfg", "[include]\n\tpath = ~root/x\n")),
        ("git's own", |repo| repo.write(".git/inc.cfg", "[include]\n\tpath = %(prefix)/x\n")),
        ("a pipe", |repo| {
            repo.write(".git/inc.cfg", "[include]\n\tpath = pipe\n");
            let made = Command::new("mkfifo").arg(repo.root.join(".git/pipe")).status().unwrap();
            assert!(made.success());
        }),
    ];
    for (what, make) in odd {
        let repo = Repo::new();
        names(&repo, "onbranch:x", "inc.cfg");
        make(&repo);
        let found = repo.head();
        assert!(!found.unreadable.is_empty(), "{what}: {found:?}");
        assert!(repo.ledger().add(&found, 1).is_err(), "{what}");
    }
}

/// In the new worktree that file may be there, written by a commit or beside a copy of the file that names it.
#[test]
fn security_05_a_file_that_comes_with_the_worktree_is_asked_about_before() {
    for path in ["../.claude/worktrees/late/cfg", "gone.cfg", "~/gone/gone.cfg", "/gone/gone.cfg"] {
        let repo = Repo::new();
        assert!(repo.head().is_nothing());
        repo.run(&["config", "include.path", path]);
        let found = repo.head();
        assert!(shown(&found).contains(path), "{path}: {found:?}");
    }
    // One that is there is shown by what it says, if that runs something.
    let repo = Repo::new();
    repo.write(".git/plain.cfg", "[user]\n\tname = another\n");
    repo.run(&["config", "include.path", "plain.cfg"]);
    assert!(repo.head().is_nothing(), "{:?}", repo.head());
}

#[test]
fn security_05_settings_of_one_worktree_are_beside_their_copy() {
    for section in ["[include]", "[includeIf \"gitdir:**\"]"] {
        let repo = Repo::new();
        repo.run(&["config", "extensions.worktreeConfig", "true"]);
        let ledger = repo.ledger();
        repo.write(".git/config.worktree", &format!("{section}\n\tpath = ../../late.cfg\n"));
        repo.write(".git/late.cfg", "[core]\n\thooksPath = one\n");
        let found = repo.head();
        assert!(shown(&found).contains("hooksPath = one"), "{section}: {found:?}");
        ledger.add(&found, 1).unwrap();
        repo.write(".git/late.cfg", "[core]\n\thooksPath = other\n");
        assert!(!ledger.trusts_all(&repo.head()), "{section}");
        // So does git itself.
        let tree = repo.root.join("tree").to_string_lossy().into_owned();
        repo.run(&["worktree", "add", "--quiet", &tree]);
        let seen = Command::new("git").args(["-C", &tree, "config", "core.hooksPath"]).output();
        assert_eq!(String::from_utf8_lossy(&seen.unwrap().stdout), "other\n", "{section}");
    }
}

/// Nobody but the user can make it, and when it is there it is looked at.
#[test]
fn trust_alarms_a_file_of_the_users_that_is_not_there_is_not_asked_about() {
    for path in ["~/.gitconfig-work", "~/.config/git/work"] {
        for key in ["include.path", "includeIf.onbranch:x.path"] {
            let repo = Repo::new();
            repo.run(&["config", key, path]);
            assert!(repo.head().is_nothing(), "{key} {path}: {:?}", repo.head());
            let file = repo.home.user_home().join(path.trim_start_matches("~/"));
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, EVIL).unwrap();
            assert!(!repo.head().is_nothing(), "{key} {path}: it is there now");
        }
    }
    // Of another clone, of a link, of the repository itself.
    for path in
        ["~/clone/git.cfg", "~/.config/dots/git.cfg", "~/.config/../clone/git.cfg", "../git.cfg"]
    {
        let repo = Repo::new();
        let home = repo.home.user_home();
        for clone in ["clone/.git", ".config/dots/.git"] {
            fs::create_dir_all(home.join(clone)).unwrap();
        }
        repo.run(&["config", "include.path", path]);
        assert!(!repo.head().is_nothing(), "{path}");
    }
}
