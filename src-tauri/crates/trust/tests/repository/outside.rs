//! Links that lead out of the repository: what is there counts and is never shown.

use crate::{HOOKS, Repo, alike, paths};
use nightshift_trust::Found;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

const SECRET: &str = "a secret of the user's";

/// A way to lead to a file, by its name.
type Link = (&'static str, fn(&Repo, &Path));

/// A file of the user's, with these lines, outside of every repository.
fn users(repo: &Repo, name: &str, text: &str) -> PathBuf {
    let file = repo.home.user_home().join("own").join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
    fs::canonicalize(file).unwrap()
}

fn shown(found: &Found) -> String {
    let items = found.items.iter().map(|item| String::from_utf8_lossy(&item.shown).into_owned());
    items.chain(found.unreadable.iter().cloned()).collect::<Vec<_>>().join("\n")
}

/// Both as a worktree of the commit will have it and as the files are.
fn both(repo: &Repo) -> [Found; 2] {
    repo.commit();
    [repo.head(), repo.disk()]
}

#[test]
fn security_05_a_link_out_of_the_repository_is_asked_about_by_place_and_hash() {
    let links: [Link; 4] = [
        ("absolute", |repo, file| symlink(file, repo.root.join(".claude/settings.json")).unwrap()),
        ("in a chain", |repo, file| {
            symlink(file, repo.root.join("second")).unwrap();
            symlink("../second", repo.root.join(".claude/first")).unwrap();
            symlink("first", repo.root.join(".claude/settings.json")).unwrap();
        }),
        ("of the directory", |repo, file| {
            fs::remove_dir(repo.root.join(".claude")).unwrap();
            symlink(file.parent().unwrap(), repo.root.join(".claude")).unwrap();
        }),
        ("whatever it is called", |repo, file| {
            symlink(file, repo.root.join(".claude/notes.txt")).unwrap();
        }),
    ];
    for (what, link) in links {
        let repo = Repo::new();
        let text = format!("{{\"hooks\":{{}},\"apiKeyHelper\":\"{SECRET}\"}}");
        let file = users(&repo, "settings.json", &text);
        fs::create_dir(repo.root.join(".claude")).unwrap();
        link(&repo, &file);
        for found in both(&repo) {
            assert!(!found.items.is_empty() && found.unreadable.is_empty(), "{what}: {found:?}");
            let shown = shown(&found);
            assert!(!shown.contains(SECRET), "{what}: {shown}");
            let place = file.parent().unwrap().display().to_string();
            assert!(shown.contains(&place) && shown.contains("sha256"), "{what}: {shown}");
            assert!(found.items.iter().all(|item| item.kept_back.is_none()), "{what}");
        }
        let ledger = repo.ledger();
        ledger.add(&repo.head(), 1).unwrap();
        assert!(ledger.trusts_all(&repo.head()) && ledger.trusts_all(&repo.disk()), "{what}");
        users(&repo, "settings.json", &format!("{text} "));
        assert!(!ledger.trusts_all(&repo.head()), "{what}: what is there changed");
        assert!(!ledger.trusts_all(&repo.disk()), "{what}: what is there changed");
    }
}

#[test]
fn security_05_a_link_inside_of_the_repository_shows_what_it_leads_to() {
    for absolute in [false, true] {
        let repo = Repo::new();
        repo.write("conf/settings.json", HOOKS);
        fs::create_dir(repo.root.join(".claude")).unwrap();
        let target = match absolute {
            true => repo.root.join("conf/settings.json"),
            false => "../conf/settings.json".into(),
        };
        symlink(target, repo.root.join(".claude/settings.json")).unwrap();
        repo.commit();
        let found = alike(&repo);
        assert!(shown(&found).contains("SessionStart"), "{absolute}: {found:?}");
    }
}

#[test]
fn security_05_a_linked_directory_counts_with_all_that_it_holds() {
    let repo = Repo::new();
    users(&repo, "skills/a/SKILL.md", SECRET);
    users(&repo, "skills/a/run.py", "one");
    let skills = repo.home.user_home().join("own/skills");
    fs::create_dir(repo.root.join(".claude")).unwrap();
    symlink(&skills, repo.root.join(".claude/skills")).unwrap();
    let found = both(&repo);
    let ledger = repo.ledger();
    for found in &found {
        assert_eq!(paths(found), [".claude/skills"]);
        assert!(!shown(found).contains(SECRET));
        ledger.add(found, 1).unwrap();
    }
    for change in [("skills/a/run.py", "two"), ("skills/b/new.md", "x")] {
        users(&repo, change.0, change.1);
        assert!(!ledger.trusts_all(&repo.head()), "{change:?}");
        ledger.add(&repo.head(), 2).unwrap();
    }
    symlink("/nowhere", skills.join("gone")).unwrap();
    assert!(!ledger.trusts_all(&repo.disk()), "a link in it");
    ledger.add(&repo.disk(), 3).unwrap();
    symlink(".", skills.join("a/circle")).unwrap();
    assert!(repo.ledger().add(&repo.disk(), 4).is_err(), "{:?}", repo.disk());
}

#[test]
fn security_05_a_link_to_what_is_no_file_or_too_large_is_never_trusted() {
    let repo = Repo::new();
    let outside = repo.home.user_home().join("own");
    users(&repo, "large", &"x".repeat(2 * 1024 * 1024));
    for n in 0..80 {
        users(&repo, &format!("many/{n}"), &"x".repeat(1024 * 1024));
    }
    let made = Command::new("mkfifo").arg(outside.join("pipe")).status().unwrap();
    assert!(made.success());
    symlink("loop", outside.join("loop")).unwrap();
    let odd = ["pipe", "loop", "large", "many"].map(|name| outside.join(name));
    for target in odd.into_iter().chain([PathBuf::from("/dev/zero"), PathBuf::from("/")]) {
        let repo = Repo::new();
        fs::create_dir(repo.root.join(".claude")).unwrap();
        symlink(&target, repo.root.join(".claude/settings.json")).unwrap();
        for found in both(&repo) {
            assert!(!found.unreadable.is_empty(), "{}: {found:?}", target.display());
            assert!(repo.ledger().add(&found, 1).is_err(), "{}", target.display());
        }
    }
}

#[test]
fn security_05_a_file_that_settings_name_is_not_shown_where_it_is_outside() {
    for link in ["tools", "tools/start.sh"] {
        let repo = Repo::new();
        repo.write(".claude/settings.json", HOOKS);
        let program = users(&repo, "start.sh", SECRET);
        let target = if link == "tools" { program.parent().unwrap() } else { &program };
        fs::create_dir_all(repo.root.join(link).parent().unwrap()).unwrap();
        symlink(target, repo.root.join(link)).unwrap();
        for found in both(&repo) {
            assert!(paths(&found).contains(&"tools/start.sh"), "{link}: {found:?}");
            assert!(!shown(&found).contains(SECRET), "{link}: {found:?}");
        }
        let ledger = repo.ledger();
        ledger.add(&repo.disk(), 1).unwrap();
        users(&repo, "start.sh", "other");
        assert!(!ledger.trusts_all(&repo.disk()) && !ledger.trusts_all(&repo.head()), "{link}");
    }
}

#[test]
fn security_05_a_hook_that_lies_elsewhere_is_not_shown() {
    let repo = Repo::new();
    let hook = users(&repo, "hooks/pre-commit", SECRET);
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let ledger = repo.ledger();
    let asked = |what: &str| {
        let found = repo.head();
        assert!(!found.items.is_empty() && !shown(&found).contains(SECRET), "{what}: {found:?}");
        ledger.add(&found, 1).unwrap();
        users(&repo, "hooks/pre-commit", &format!("{SECRET}{what}"));
        assert!(!ledger.trusts_all(&repo.head()), "{what}");
    };
    symlink(&hook, repo.root.join(".git/hooks/pre-commit")).unwrap();
    asked("a link");
    fs::remove_file(repo.root.join(".git/hooks/pre-commit")).unwrap();
    repo.run(&["config", "core.hooksPath", &hook.parent().unwrap().to_string_lossy()]);
    asked("another directory");
}
