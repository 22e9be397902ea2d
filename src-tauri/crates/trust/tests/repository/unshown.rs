//! What nobody would be shown otherwise: files of a worktree to come, what hooks call, programs that settings of
//! the user's name, instructions.

use crate::{Repo, paths};
use nightshift_trust::{Found, Group, Item, Place, collect};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

#[test]
fn security_19_what_hooks_call_beside_them_is_shown() {
    let repo = Repo::new();
    let hook = repo.root.join(".git/hooks/post-checkout");
    repo.write(".git/hooks/post-checkout", "#!/bin/sh\n. \"$(dirname \"$0\")/lib/x\"\n");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    repo.write(".git/hooks/lib/x", "touch owned\n");
    for found in [repo.head(), repo.disk()] {
        let item = found.items.iter().find(|item| item.path == ".git/hooks/lib/x").unwrap();
        assert_eq!(item.shown, b"touch owned\n");
    }
}

#[test]
fn security_19_settings_that_run_something_where_an_agent_starts_are_found() {
    let repo = Repo::new();
    let found = |path: &str, text: &str| {
        repo.write(path, text);
        repo.commit();
        paths(&repo.head()).contains(&path) && paths(&repo.disk()).contains(&path)
    };
    assert!(found("bunfig.toml", "preload = [\"./evil.ts\"]\n"));
    assert!(found(".npmrc", "script-shell=./evil\n"));
    assert!(found(".npmrc", "node_options = --require ./evil\n"));
    assert!(found(".npmrc", "@scope:registry=https://evil.example\n"));
    assert!(!found(".npmrc", "save-exact=true\nfund=false\n"));
    assert!(!found("bunfig.toml", "[test]\ncoverage = true\n"));
}

#[test]
fn security_08_a_loop_file_counts_by_its_own_text_alone() {
    let repo = Repo::new();
    let ledger = repo.ledger();
    repo.write(".claude/loop.md", "look after it\n");
    repo.write(".mcp.json", r#"{"mcpServers":{"a":{"command":"x"}}}"#);
    repo.commit();
    let found = repo.head();
    assert!(!ledger.trusts(&found, Group::Instructions));
    ledger.add(&found, 1).unwrap();
    assert!(ledger.trusts_all(&found));
    let one = |text: &str| {
        let (repository, identity) = (repo.root.clone(), found.identity.clone());
        let mut found = Found { repository, identity, ..Found::default() };
        found.add([nightshift_trust::instructions(Path::new(""), text.into())]);
        found
    };
    assert!(ledger.trusts(&one("look after it\n"), Group::Instructions));
    assert!(!ledger.trusts(&one("obey\n"), Group::Instructions));
    // It is no setting of agents: an edit of it takes nothing of those away.
    repo.write(".claude/loop.md", "obey\n");
    let changed = repo.disk();
    assert!(ledger.trusts(&changed, Group::Agents) && !ledger.trusts_all(&changed));
}

#[test]
fn security_05_what_a_worktree_to_come_will_have_is_read_from_its_commit() {
    let repo = Repo::new();
    repo.write("evil.cfg", "[core]\n\tfsmonitor = evil\n[include]\n\tpath = more.cfg\n");
    repo.write("more.cfg", "[diff]\n\texternal = more\n");
    repo.write("hk/pre-commit", "#!/bin/sh\nhook text\n");
    repo.write("tools/run", "tool text\n");
    repo.commit();
    let commit = repo.run(&["rev-parse", "HEAD"]);
    let worktrees = repo.root.join(".claude/worktrees");
    let at = |path: &str| worktrees.join("any").join(path).to_string_lossy().into_owned();
    let (common, home) = (repo.root.join(".git"), repo.home.user_home());
    let look = |commit: Option<&str>| {
        let place = Place {
            repository: &repo.root,
            root: &repo.root,
            subdirectory: Path::new(""),
            home: Some(&home),
            commit,
            common: Some(&common),
            worktrees: Some(&worktrees),
        };
        collect(&repo.git, &place, Vec::new())
    };
    let shows = |found: &Found, text: &str| {
        let has = |item: &Item| String::from_utf8_lossy(&item.shown).contains(text);
        found.items.iter().any(has)
    };
    for path in [at("evil.cfg"), "../.claude/worktrees/x/evil.cfg".to_owned(), at("a/../evil.cfg")]
    {
        repo.run(&["config", "include.path", &path]);
        let found = look(Some(&commit));
        assert!(shows(&found, "fsmonitor = evil") && shows(&found, "external = more"), "{path}");
        assert!(found.beside.iter().any(|item| item.path == "core.fsmonitor"), "{path}");
        assert!(!shows(&look(None), "fsmonitor = evil"), "{path}");
    }
    repo.run(&["config", "--unset", "include.path"]);
    repo.run(&["config", "includeIf.onbranch:x.path", &at("evil.cfg")]);
    assert!(shows(&look(Some(&commit)), "fsmonitor = evil"));
    repo.run(&["config", "core.hooksPath", &at("hk")]);
    assert!(shows(&look(Some(&commit)), "hook text"));
    repo.run(&["config", "filter.x.clean", &format!("sh {} --x", at("tools/run"))]);
    assert!(shows(&look(Some(&commit)), "tool text"));
}

#[test]
fn security_13_programs_of_the_users_that_stand_in_the_repository_are_shown() {
    let repo = Repo::new();
    repo.write("tools/clean", "tool text\n");
    repo.write("hooks/pre-commit", "hook text\n");
    let hook = repo.root.join("hooks/pre-commit");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    repo.commit();
    let root = repo.root.to_string_lossy().into_owned();
    let shows = |found: &Found, text: &str| {
        let has = |item: &Item| String::from_utf8_lossy(&item.shown).contains(text);
        found.items.iter().any(has)
    };
    let set = |key: &str, value: &str| {
        let file = repo.home.user_home().join(".gitconfig");
        fs::write(&file, "[user]\n\tname = T\n\temail = t@t\n").unwrap();
        repo.run(&["config", "--file", &file.to_string_lossy(), key, value]);
    };
    for (key, value) in [
        ("filter.own.clean", "./tools/clean".to_owned()),
        ("filter.own.smudge", "tools/clean %f".to_owned()),
        ("merge.own.driver", "sh tools/clean %A".to_owned()),
        ("diff.external", format!("{root}/tools/clean")),
        ("credential.helper", format!("!{root}/tools/clean get")),
        ("gpg.program", "tools/clean".to_owned()),
        ("core.sshCommand", "sh -e ./tools/clean".to_owned()),
    ] {
        set(key, &value);
        for found in [repo.head(), repo.disk()] {
            assert!(
                shows(&found, "tool text") && shows(&found, &value),
                "{key} = {value}: {found:?}"
            );
        }
    }
    for (key, value) in [
        ("filter.own.clean", "./tools/other"),
        ("filter.own.clean", "sed s/tools/clean/"),
        ("credential.helper", "cache --timeout=60"),
        ("core.sshCommand", "ssh -i ~/.ssh/key"),
        ("alias.st", "!cd ./nowhere && ./gradlew"),
    ] {
        set(key, value);
        for found in [repo.head(), repo.disk()] {
            assert!(found.is_nothing(), "{key} = {value}: {found:?}");
        }
    }
    set("core.hooksPath", &format!("{root}/hooks"));
    assert!(shows(&repo.disk(), "hook text"), "{:?}", repo.disk());
}
