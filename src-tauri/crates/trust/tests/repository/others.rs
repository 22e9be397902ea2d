//! Hooks and settings that git takes from somewhere else than the repository's own `.git`.

use crate::Repo;
use nightshift_trust::{Found, Place, collect};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

fn shown(found: &Found) -> String {
    let items = found.items.iter();
    items.map(|item| format!("{}\n{}\n", item.path, String::from_utf8_lossy(&item.shown))).collect()
}

fn hook(dir: &Path, text: &str) {
    fs::create_dir_all(dir).unwrap();
    let file = dir.join("pre-commit");
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn security_05_hooks_in_the_users_home_that_a_repository_names_count_by_their_text() {
    let repo = Repo::new();
    let home = repo.home.user_home();
    let below = repo.root.strip_prefix(home.parent().unwrap()).unwrap().to_owned();
    hook(&repo.root.join(".gh"), "#!/bin/sh\n: first\n");
    let inside = format!("~/../{}/.gh", below.display());
    hook(&home.join("hooks"), "#!/bin/sh\n: second\n");
    for (path, dir) in [(inside.as_str(), repo.root.join(".gh")), ("~/hooks", home.join("hooks"))] {
        repo.run(&["config", "core.hooksPath", path]);
        let found = repo.disk();
        assert!(shown(&found).contains("pre-commit"), "{path}: {found:?}");
        let ledger = repo.ledger();
        ledger.add(&found, 1).unwrap();
        hook(&dir, "#!/bin/sh\n: changed\n");
        assert!(!ledger.trusts_all(&repo.disk()), "{path}");
    }
    repo.run(&["config", "core.hooksPath", "~nobody-knows/hooks"]);
    assert!(!repo.disk().unreadable.is_empty());
}

#[test]
fn security_05_hooks_in_settings_are_shown() {
    let repo = Repo::new();
    repo.run(&["config", "hook.x.event", "pre-commit"]);
    repo.run(&["config", "hook.x.command", "evil"]);
    assert!(shown(&repo.head()).contains("hook.x.command\nevil"), "{:?}", repo.head());
}

#[test]
fn security_05_settings_and_hooks_of_submodules_are_shown_where_they_count() {
    let repo = Repo::new();
    let other = repo.root.parent().unwrap().join("other");
    fs::create_dir(&other).unwrap();
    let git = |args: &[&str]| repo.git.act(&other, args).line().unwrap();
    let init = Command::new("git").args(["init", "--quiet"]).current_dir(&other).status();
    assert!(init.unwrap().success());
    git(&["commit", "--quiet", "--allow-empty", "-m", "x"]);
    for name in ["sub", "deep/er"] {
        let address = other.to_string_lossy().into_owned();
        let args = ["submodule", "--quiet", "add", "--name", name, &address, name];
        repo.git.act(&repo.root, &args).outside().read().unwrap();
    }
    repo.commit();
    assert!(repo.disk().is_nothing(), "{:?}", repo.disk());
    for (name, key) in [("sub", "core.fsmonitor"), ("deep/er", "filter.x.clean")] {
        let before = repo.disk();
        let config = repo.root.join(format!(".git/modules/{name}/config"));
        repo.run(&["config", "--file", &config.to_string_lossy(), key, "evil"]);
        let found = repo.disk();
        let line = format!(".git/modules/{name}: {key}\nevil");
        assert!(shown(&found).contains(&line) && found.hash() != before.hash(), "{found:?}");
        hook(&repo.root.join(format!(".git/modules/{name}/hooks")), "#!/bin/sh\n: x\n");
        let line = format!(".git/modules/{name}/hooks/pre-commit\n#!/bin/sh\n: x");
        assert!(shown(&repo.disk()).contains(&line), "{:?}", repo.disk());
    }
    assert!(repo.head().is_nothing(), "a new worktree has none of them: {:?}", repo.head());
}

#[test]
fn security_05_hooks_that_a_submodule_names_count_by_their_text() {
    let repo = Repo::new();
    let git_dir = repo.root.join(".git/modules/sub");
    fs::create_dir_all(repo.root.join("sub")).unwrap();
    fs::create_dir_all(git_dir.parent().unwrap()).unwrap();
    let args = ["init", "--quiet", "--separate-git-dir"];
    let mut init = Command::new("git");
    init.args(args).arg(&git_dir).arg("sub").current_dir(&repo.root);
    assert!(init.status().unwrap().success());
    assert!(repo.disk().is_nothing(), "{:?}", repo.disk());
    let config = git_dir.join("config").to_string_lossy().into_owned();
    let set = |key: &str, value: &str| repo.run(&["config", "--file", &config, key, value]);
    set("core.worktree", "../../../sub");
    let home = repo.home.user_home();
    let elsewhere = repo.root.parent().unwrap().join("elsewhere");
    let absolute = elsewhere.to_string_lossy().into_owned();
    for (path, dir) in [
        ("h", repo.root.join("sub/h")),
        ("../of-all", repo.root.join("of-all")),
        ("~/hooks", home.join("hooks")),
        (absolute.as_str(), elsewhere.clone()),
    ] {
        set("core.hooksPath", path);
        hook(&dir, "#!/bin/sh\n. ./helper\n");
        fs::write(dir.join("helper"), "first").unwrap();
        let found = repo.disk();
        assert!(shown(&found).contains("core.hookspath/pre-commit"), "{path}: {found:?}");
        let ledger = repo.ledger();
        ledger.add(&found, 1).unwrap();
        assert!(ledger.trusts_all(&repo.disk()), "{path}");
        hook(&dir, "#!/bin/sh\n: changed\n");
        assert!(!ledger.trusts_all(&repo.disk()), "{path}");
        ledger.add(&repo.disk(), 1).unwrap();
        fs::write(dir.join("helper"), "changed").unwrap();
        assert!(!ledger.trusts_all(&repo.disk()), "{path}: what a hook reads");
    }
    set("core.hooksPath", "~nobody-knows/hooks");
    assert!(!repo.disk().unreadable.is_empty());
    set("core.hooksPath", "/dev/null");
    let none = repo.disk();
    assert!(none.unreadable.is_empty() && !shown(&none).contains("pre-commit"), "{none:?}");
}

#[test]
fn security_05_files_that_a_submodule_includes_count_by_their_text() {
    let repo = Repo::new();
    let git_dir = repo.root.join(".git/modules/sub");
    fs::create_dir_all(git_dir.join("objects")).unwrap();
    fs::write(git_dir.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    let text = "[includeIf \"onbranch:x\"]\n\tpath = more\n";
    fs::write(git_dir.join("config"), text).unwrap();
    fs::write(git_dir.join("more"), "[core]\n\tpager = first\n").unwrap();
    let found = repo.disk();
    assert!(shown(&found).contains("pager = first"), "{found:?}");
    fs::write(git_dir.join("more"), "[core]\n\tpager = second\n").unwrap();
    assert_ne!(repo.disk().hash(), found.hash());
}

#[test]
fn security_05_hooks_that_a_directory_with_its_own_settings_names_are_shown() {
    let repo = Repo::new();
    repo.write("vendor/x/HEAD", "ref: refs/heads/main\n");
    repo.write("vendor/x/config", "[core]\n\thooksPath = my\n");
    repo.write("vendor/x/objects/k", "");
    repo.write("vendor/x/refs/k", "");
    repo.write("vendor/x/my/pre-commit", "evil");
    repo.commit();
    let head = repo.run(&["rev-parse", "HEAD"]);
    for commit in [None, Some(head.as_str())] {
        let found = repo.look(commit, "vendor/x");
        assert!(shown(&found).contains("vendor/x/my/pre-commit\nevil"), "{found:?}");
    }
}

#[test]
fn security_05_a_directory_that_is_a_git_directory_is_shown_where_it_counts() {
    let repo = Repo::new();
    for (path, text) in [
        ("vendor/x/HEAD", "ref: refs/heads/main\n"),
        ("vendor/x/config", "[core]\n\tfsmonitor = evil\n\tbare = false\n"),
        ("vendor/x/objects/k", ""),
        ("vendor/x/refs/k", ""),
        ("vendor/x/in/a.txt", ""),
    ] {
        repo.write(path, text);
    }
    repo.run(&["add", "--all"]);
    repo.commit();
    let head = repo.run(&["rev-parse", "HEAD"]);
    for commit in [None, Some(head.as_str())] {
        for below in ["vendor/x", "vendor/x/in"] {
            let found = repo.look(commit, below);
            let line = "vendor/x/config\n[core]\n\tfsmonitor = evil";
            assert!(shown(&found).contains(line), "{below}: {found:?}");
        }
        assert!(repo.look(commit, "vendor").is_nothing(), "it does not count there");
    }
}

#[test]
fn security_05_tools_that_this_git_knows_need_no_trust() {
    let repo = Repo::new();
    let scripts = Path::new(&repo.run(&["--exec-path"])).join("mergetools");
    let mut tools = fs::read_dir(scripts).unwrap().peekable();
    assert!(tools.peek().is_some());
    for tool in tools {
        let name = tool.unwrap().file_name().into_string().unwrap();
        repo.run(&["config", "merge.tool", &name]);
        assert!(repo.disk().is_nothing(), "{name}");
    }
    repo.run(&["config", "merge.tool", "../../x/evil"]);
    assert!(!repo.disk().is_nothing());
}

#[test]
fn security_05_what_hooks_call_beside_them_counts() {
    for helper in ["lib/run", "sourced"] {
        let repo = Repo::new();
        let hooks = repo.root.join(".git/hooks");
        hook(&hooks, "#!/bin/sh\n. \"$(dirname \"$0\")/sourced\"\n");
        let ledger = repo.ledger();
        repo.write(&format!(".git/hooks/{helper}"), ": one\n");
        ledger.add(&repo.disk(), 1).unwrap();
        assert!(ledger.trusts_all(&repo.disk()), "{helper}");
        repo.write(&format!(".git/hooks/{helper}"), ": other\n");
        assert!(!ledger.trusts_all(&repo.disk()), "{helper}");
    }
}

#[test]
fn security_05_a_submodule_with_a_git_directory_of_its_own_is_shown() {
    let repo = Repo::new();
    for path in ["lib", "deep/er"] {
        let sub = repo.root.join(path);
        fs::create_dir_all(&sub).unwrap();
        let init = Command::new("git").args(["init", "--quiet"]).current_dir(&sub).status();
        assert!(init.unwrap().success());
        repo.git.act(&sub, &["commit", "--quiet", "--allow-empty", "-m", "x"]).read().unwrap();
        repo.run(&["add", path]);
    }
    repo.run(&["commit", "--quiet", "-m", "x"]);
    assert!(repo.disk().is_nothing(), "{:?}", repo.disk());
    for path in ["lib", "deep/er"] {
        repo.git.act(&repo.root.join(path), &["config", "core.fsmonitor", "evil"]).read().unwrap();
        let line = format!("{path}/.git: core.fsmonitor\nevil");
        assert!(shown(&repo.disk()).contains(&line), "{:?}", repo.disk());
    }
}

#[test]
fn security_05_a_bare_repository_is_shown_where_a_session_starts_in_it() {
    let repo = Repo::new();
    let bare = repo.root.parent().unwrap().join("bare");
    let init = Command::new("git").args(["init", "--quiet", "--bare"]).arg(&bare).status();
    assert!(init.unwrap().success());
    let home = repo.home.user_home();
    let found = |root: &Path| {
        let place = Place {
            repository: root,
            root,
            subdirectory: Path::new(""),
            home: Some(&home),
            commit: None,
            common: None,
            worktrees: None,
        };
        collect(&repo.git, &place, Vec::new())
    };
    for root in [&bare, &repo.root.join(".git")] {
        assert!(found(root).is_nothing(), "{:?}", found(root));
    }
    repo.run(&["config", "diff.external", "evil"]);
    fs::write(bare.join("config"), "[core]\n\tbare = true\n[diff]\n\texternal = evil\n").unwrap();
    hook(&bare.join("hooks"), "#!/bin/sh\n: x\n");
    for root in [&bare, &repo.root.join(".git")] {
        let found = found(root);
        assert!(shown(&found).contains("config\n[core]"), "{found:?}");
    }
}
