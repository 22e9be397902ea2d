//! What is found in real repositories, and how long it is trusted.

mod alarms;
mod includes;
mod nested;
mod others;
mod outside;
mod unshown;

use nightshift_testkit::TestHome;
use nightshift_trust::{Found, Group, Ledger, Place, collect};
use nightshift_worktree::{Environment, Git};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

struct Repo {
    home: TestHome,
    root: PathBuf,
    git: Git,
}

impl Repo {
    fn new() -> Repo {
        let home = TestHome::new();
        let config = "[user]\n\tname = T\n\temail = t@t\n[init]\n\tdefaultBranch = main\n";
        fs::write(home.user_home().join(".gitconfig"), config).unwrap();
        let root = fs::canonicalize(home.work()).unwrap().join("project");
        fs::create_dir(&root).unwrap();
        let env: Environment =
            home.environment().into_iter().map(|(n, v)| (n.into(), v.into())).collect();
        let init =
            Command::new("git").args(["init", "--quiet"]).envs(&env).current_dir(&root).status();
        assert!(init.unwrap().success());
        let repo = Repo { home, root, git: Git::new(&env) };
        repo.write("a.txt", "a");
        repo.commit();
        repo
    }

    fn run(&self, args: &[&str]) -> String {
        self.git.act(&self.root, args).line().unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn commit(&self) {
        self.run(&["add", "--all"]);
        self.run(&["commit", "--quiet", "--allow-empty", "-m", "x"]);
    }

    fn look(&self, commit: Option<&str>, subdirectory: &str) -> Found {
        let (common, home) = (self.root.join(".git"), self.home.user_home());
        let place = Place {
            repository: &self.root,
            root: &self.root,
            subdirectory: Path::new(subdirectory),
            home: Some(&home),
            commit,
            common: Some(&common),
            worktrees: None,
        };
        collect(&self.git, &place, Vec::new())
    }

    fn head(&self) -> Found {
        self.look(Some(&self.run(&["rev-parse", "HEAD"])), "")
    }

    fn disk(&self) -> Found {
        self.look(None, "")
    }

    fn ledger(&self) -> Ledger {
        Ledger::at(&self.home.state().join("trust"))
    }
}

fn paths(found: &Found) -> Vec<&str> {
    found.items.iter().map(|item| item.path.as_str()).collect()
}

const HOOKS: &str = r#"{"hooks":{"SessionStart":[{"hooks":[{"type":"command",
    "command":"\"$CLAUDE_PROJECT_DIR\"/tools/start.sh"}]}]}}"#;

#[test]
fn security_05_a_plain_repository_has_nothing_to_trust() {
    let repo = Repo::new();
    repo.write(".claude/settings.json", r#"{"worktree":{"bgIsolation":"none"}}"#);
    repo.write(".claude/CLAUDE.md", "words");
    repo.write("AGENTS.md", "words");
    repo.commit();
    repo.run(&["config", "branch.main.remote", "origin"]);
    for found in [repo.head(), repo.disk()] {
        assert!(found.is_nothing(), "{found:?}");
        assert!(repo.ledger().trusts_all(&found));
    }
}

#[test]
fn security_05_what_a_clone_would_run_is_found_in_commit_and_files_alike() {
    let repo = Repo::new();
    repo.write(".claude/settings.json", HOOKS);
    repo.write("tools/start.sh", "touch owned");
    repo.write(".mcp.json", r#"{"mcpServers":{"a":{"command":"node","args":["srv/a.js"]}}}"#);
    repo.write("srv/a.js", "x");
    repo.write("sub/.gemini/settings.json", r#"{"mcpServers":{"a":{"command":"x"}}}"#);
    repo.commit();
    let all = [".claude/settings.json", ".mcp.json", "srv/a.js", "tools/start.sh"];
    let (head, disk) = (repo.head(), repo.disk());
    let mut found = paths(&head);
    found.sort_unstable();
    assert_eq!(found, all);
    assert_eq!(head.hash(), disk.hash(), "the same wherever it is read");
    let commit = repo.run(&["rev-parse", "HEAD"]);
    let sub = repo.look(Some(&commit), "sub");
    assert!(paths(&sub).contains(&"sub/.gemini/settings.json"), "{sub:?}");
    assert_ne!(sub.hash(), head.hash());
}

#[test]
fn security_05_trust_lasts_until_what_was_seen_changes() {
    let repo = Repo::new();
    let ledger = repo.ledger();
    repo.write(".claude/settings.json", HOOKS);
    repo.write("tools/start.sh", "true");
    repo.commit();
    let found = repo.head();
    assert!(!ledger.trusts_all(&found));
    ledger.add(&found, 1).unwrap();
    assert!(ledger.trusts_all(&found));
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(repo.home.state().join("trust")), 0o700);
    // What has nothing to do with it changes nothing.
    repo.write("a.txt", "other");
    repo.run(&["config", "branch.main.remote", "origin"]);
    repo.commit();
    assert!(ledger.trusts_all(&repo.head()));
    // The program that a hook names does.
    repo.write("tools/start.sh", "touch owned");
    repo.commit();
    assert!(!ledger.trusts_all(&repo.head()));
    assert!(ledger.trusts_all(&found), "the earlier commit is as it was seen");
    ledger.add(&repo.head(), 2).unwrap();
    repo.run(&["config", "filter.e.clean", "touch owned"]);
    let changed = repo.head();
    assert!(!ledger.trusts(&changed, Group::Git) && ledger.trusts(&changed, Group::Agents));
    repo.run(&["config", "--unset", "filter.e.clean"]);
    assert!(ledger.trusts_all(&repo.head()));
    assert_eq!(ledger.all().0.len(), 1);
    assert!(ledger.revoke(&repo.root).unwrap().is_some());
    assert!(!ledger.trusts_all(&found) && ledger.all().0.is_empty());
    assert_eq!(ledger.revoke(&repo.root).unwrap(), None);
}

#[test]
fn security_05_what_counts_in_the_new_worktree_only_is_asked_about() {
    for condition in ["onbranch:worktree-*", "gitdir:**/worktrees/**", "hasconfig:remote.*.url:x"] {
        let repo = Repo::new();
        let ledger = repo.ledger();
        repo.write("a.txt", "a");
        repo.commit();
        repo.run(&["config", &format!("includeIf.{condition}.path"), "inc.cfg"]);
        assert!(!repo.head().is_nothing(), "{condition}: before its file is there");
        ledger.add(&repo.head(), 1).unwrap();
        repo.write(".git/inc.cfg", "[core]\n\tfsmonitor = evil\n");
        let found = repo.head();
        assert!(!ledger.trusts_all(&found), "{condition}: {found:?}");
        assert!(format!("{}", String::from_utf8_lossy(&found.items[0].shown)).contains("evil"));
        ledger.add(&found, 2).unwrap();
        repo.write(".git/inc.cfg", "[core]\n\tfsmonitor = other\n");
        assert!(!ledger.trusts_all(&repo.head()), "{condition}: it changed");
        repo.write(".git/inc.cfg", "[include]\n\tpath = more.cfg\n");
        ledger.add(&repo.head(), 3).unwrap();
        repo.write(".git/more.cfg", "[core]\n\tfsmonitor = evil\n");
        assert!(!ledger.trusts_all(&repo.head()), "{condition}: what it includes is there");
    }
}

#[test]
fn security_05_a_damaged_ledger_trusts_nothing() {
    let repo = Repo::new();
    let ledger = repo.ledger();
    repo.write(".mcp.json", r#"{"mcpServers":{}}"#);
    ledger.add(&repo.disk(), 1).unwrap();
    let dir = repo.home.state().join("trust");
    for entry in fs::read_dir(&dir).unwrap().flatten() {
        if entry.path().extension().is_some_and(|e| e == "json") {
            fs::write(entry.path(), "{").unwrap();
        }
    }
    assert!(!ledger.trusts_all(&repo.disk()));
    assert_eq!(ledger.all().1.len(), 1);
    ledger.add(&repo.disk(), 2).unwrap();
    assert!(ledger.trusts_all(&repo.disk()), "it is written anew");
}

#[test]
fn security_05_hooks_of_git_count_where_they_are_active() {
    let repo = Repo::new();
    let hook = |path: &str| {
        repo.write(path, "touch owned");
        fs::set_permissions(repo.root.join(path), fs::Permissions::from_mode(0o755)).unwrap();
    };
    hook(".git/hooks/post-checkout");
    hook(".git/hooks/pre-push.sample");
    assert_eq!(paths(&repo.head()), [".git/hooks/post-checkout"]);
    hook(".githooks/pre-commit");
    repo.commit();
    assert_eq!(paths(&repo.head()), [".git/hooks/post-checkout"]);
    repo.run(&["config", "core.hooksPath", ".githooks"]);
    assert_eq!(paths(&repo.head()), [".githooks/pre-commit", "core.hookspath"]);
    assert_eq!(repo.head().hash(), repo.disk().hash());
    // The user's own directory of hooks is not the repository's.
    repo.run(&["config", "--unset", "core.hooksPath"]);
    let own = repo.home.user_home().join("hooks");
    fs::create_dir(&own).unwrap();
    repo.run(&["config", "--global", "core.hooksPath", &own.to_string_lossy()]);
    assert!(repo.head().is_nothing(), "{:?}", repo.head());
}

#[test]
fn security_05_links_and_copies_are_what_they_lead_to() {
    let repo = Repo::new();
    repo.write("conf/settings.json", HOOKS);
    symlink("conf", repo.root.join(".claude")).unwrap();
    symlink("/nowhere/mcp.json", repo.root.join(".mcp.json")).unwrap();
    repo.commit();
    let head = repo.head();
    assert!(paths(&head).contains(&".claude/settings.json"), "{head:?}");
    assert!(paths(&head).contains(&".mcp.json"), "{head:?}");
    let repo = Repo::new();
    repo.write(".gitignore", ".claude/settings.local.json\n");
    repo.write(".worktreeinclude", ".claude/settings.local.json\n");
    repo.commit();
    assert!(repo.head().is_nothing());
    repo.write(".claude/settings.local.json", HOOKS);
    assert_eq!(paths(&repo.head()), [".claude/settings.local.json"]);
}

#[test]
fn security_05_what_cannot_be_read_is_never_trusted() {
    let repo = Repo::new();
    repo.write(".mcp.json", &"x".repeat(2 * 1024 * 1024));
    repo.commit();
    for found in [repo.head(), repo.disk()] {
        assert!(!found.is_nothing());
        let refused = repo.ledger().add(&found, 1).unwrap_err();
        assert!(refused.to_string().contains("more than"), "{refused}");
        assert!(!repo.ledger().trusts_all(&found));
    }
}

#[test]
fn security_05_the_users_home_is_the_users_own() {
    let repo = Repo::new();
    let home = repo.home.user_home();
    fs::create_dir_all(home.join(".claude")).unwrap();
    fs::write(home.join(".claude/settings.json"), HOOKS).unwrap();
    let place = |home| Place {
        repository: &repo.root,
        root: home,
        subdirectory: Path::new(""),
        home: Some(home),
        commit: None,
        common: None,
        worktrees: None,
    };
    assert!(collect(&repo.git, &place(&home), Vec::new()).is_nothing());
}

/// What is found in the commit, which must be what is found in a worktree of it.
fn alike(repo: &Repo) -> Found {
    let head = repo.head();
    // Below the main checkout, as they are made.
    let worktree = repo.root.join("trees/one");
    let at = worktree.to_string_lossy().into_owned();
    repo.run(&["worktree", "add", "--quiet", "--detach", &at, "HEAD"]);
    let (common, home) = (repo.root.join(".git"), repo.home.user_home());
    let place = Place {
        repository: &repo.root,
        root: &worktree,
        subdirectory: Path::new(""),
        home: Some(&home),
        commit: None,
        common: Some(&common),
        worktrees: None,
    };
    let there = collect(&repo.git, &place, Vec::new());
    repo.run(&["worktree", "remove", "--force", &at]);
    fs::remove_dir(repo.root.join("trees")).unwrap();
    assert_eq!(paths(&head), paths(&there));
    assert_eq!(head.hash(), there.hash());
    head
}

#[test]
fn security_05_links_through_links_are_followed_as_an_agent_does() {
    let repo = Repo::new();
    repo.write("real/deep/settings.json", HOOKS);
    repo.write("real/deep/commands/a.md", "!`touch owned`");
    symlink("real", repo.root.join("one")).unwrap();
    symlink("one/deep", repo.root.join("two")).unwrap();
    symlink("./two/", repo.root.join(".claude")).unwrap();
    symlink("../deep", repo.root.join("real/up")).unwrap();
    fs::create_dir(repo.root.join("real/gemini")).unwrap();
    symlink("../up/settings.json", repo.root.join("real/gemini/settings.json")).unwrap();
    symlink("two/../gemini", repo.root.join(".gemini")).unwrap();
    fs::remove_file(repo.root.join("real/up")).unwrap();
    symlink("deep/../deep", repo.root.join("real/up")).unwrap();
    symlink("a.txt/x", repo.root.join(".codex")).unwrap();
    repo.commit();
    let found = alike(&repo);
    assert!(found.unreadable.is_empty(), "{found:?}");
    let expected =
        [".claude/commands/a.md", ".claude/settings.json", ".gemini/settings.json", ".codex"];
    assert_eq!(paths(&found), expected);
}

#[test]
fn security_05_servers_of_the_main_checkout_are_those_of_a_worktree_below_it() {
    let repo = Repo::new();
    repo.write(".mcp.json", r#"{"mcpServers":{"a":{"command":"x"}}}"#);
    repo.write(".env", "NODE_OPTIONS=--require ./x");
    repo.commit();
    assert_eq!(paths(&alike(&repo)), [".mcp.json", ".env"]);
    // Changed, they are found there by an agent that looks upwards.
    repo.write(".mcp.json", r#"{"mcpServers":{"b":{"command":"y"}}}"#);
    assert_eq!(alike(&repo).items.len(), 3);
}

#[test]
fn security_05_links_in_circles_and_without_an_end_are_never_trusted() {
    for (link, target) in [
        (".claude", ".claude"),
        (".claude", "."),
        (".gemini/extensions/a", ".."),
        (".claude/commands", "../.claude"),
    ] {
        let repo = Repo::new();
        fs::create_dir_all(repo.root.join(link).parent().unwrap()).unwrap();
        symlink(target, repo.root.join(link)).unwrap();
        repo.commit();
        for found in [repo.head(), repo.disk()] {
            assert!(!found.unreadable.is_empty(), "{link} -> {target}: {found:?}");
            assert!(!repo.ledger().trusts_all(&found));
        }
    }
}

#[test]
fn security_05_names_that_are_no_utf_8_count_like_others() {
    let repo = Repo::new();
    let write = |path: &[u8], text: &str| {
        let path = repo.root.join(OsStr::from_bytes(path));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(b".codex/rules/\xff.rules", "one");
    write(b".codex/rules/\xfe.rules", "two");
    write(b".claude/commands/\xff/a.md", "!`touch owned`");
    write(b"\xffdir/.mcp.json", "{\"mcpServers\":{}}");
    repo.commit();
    let found = alike(&repo);
    let expected =
        [".claude/commands/\\xFF/a.md", ".codex/rules/\\xFE.rules", ".codex/rules/\\xFF.rules"];
    assert_eq!(paths(&found), expected);
    // Where a session works below such a directory.
    let (common, home) = (repo.root.join(".git"), repo.home.user_home());
    let head = repo.run(&["rev-parse", "HEAD"]);
    for commit in [Some(head.as_str()), None] {
        let place = Place {
            repository: &repo.root,
            root: &repo.root,
            subdirectory: Path::new(OsStr::from_bytes(b"\xffdir")),
            home: Some(&home),
            commit,
            common: Some(&common),
            worktrees: None,
        };
        let found = collect(&repo.git, &place, Vec::new());
        assert!(paths(&found).contains(&"\\xFFdir/.mcp.json"), "{found:?}");
    }
}

#[test]
fn security_05_no_name_of_a_directory_hides_settings() {
    let repo = Repo::new();
    for path in [
        ".claude/commands/worktrees/a.md",
        ".claude/commands/.claude/worktrees/a.md",
        ".claude/skills/node_modules/SKILL.md",
        ".opencode/command/node_modules/a.md",
    ] {
        repo.write(path, "!`touch owned`");
    }
    repo.write(".gemini/extensions/node_modules/gemini-extension.json", "{}");
    repo.write(".codex/rules/worktrees/a.rules", "x");
    // Nothing looks here.
    repo.write(".claude/worktrees/a/.claude/settings.json", HOOKS);
    repo.write(".opencode/node_modules/a/index.js", "x");
    repo.commit();
    let found = alike(&repo);
    assert_eq!(found.items.len(), 6, "{:?}", paths(&found));
    assert!(paths(&found).iter().all(|path| !path.starts_with(".claude/worktrees")));
}

#[test]
fn security_05_copied_links_lead_where_they_will_in_the_worktree() {
    for (link, target) in
        [(".gemini", "conf"), (".gemini", "./conf/"), (".gemini", "way/conf"), (".gemini", "own")]
    {
        let repo = Repo::new();
        repo.write(".gitignore", ".gemini\nown\n");
        repo.write(".worktreeinclude", ".gemini\nown\n");
        repo.write("conf/settings.json", r#"{"mcpServers":{"a":{"command":"touch"}}}"#);
        symlink(".", repo.root.join("way")).unwrap();
        repo.commit();
        assert!(repo.head().is_nothing());
        // Both are copied then, the link and what it leads to.
        repo.write("own/settings.json", r#"{"mcpServers":{"b":{"command":"touch"}}}"#);
        symlink(target, repo.root.join(link)).unwrap();
        assert_eq!(paths(&repo.head()), [".gemini/settings.json"], "{target}");
        assert_eq!(repo.head().hash(), repo.disk().hash(), "{target}");
    }
    // A copy beside what the commit has, and one that leads out.
    let repo = Repo::new();
    repo.write(".gitignore", ".codex/config.toml\n.mcp.json\n");
    repo.write(".worktreeinclude", ".codex/config.toml\n.mcp.json\n");
    repo.write(".codex/rules/a.rules", "x");
    repo.commit();
    repo.write(".codex/config.toml", "notify = [\"x\"]");
    symlink("../elsewhere.json", repo.root.join(".mcp.json")).unwrap();
    let head = repo.head();
    assert_eq!(paths(&head), [".codex/config.toml", ".codex/rules/a.rules", ".mcp.json"]);
}

#[test]
fn security_05_a_named_file_is_found_behind_its_link() {
    let repo = Repo::new();
    repo.write(".claude/settings.json", HOOKS);
    repo.write("real/start.sh", "touch owned");
    symlink("real", repo.root.join("tools")).unwrap();
    repo.commit();
    let found = alike(&repo);
    assert_eq!(paths(&found), [".claude/settings.json", "tools/start.sh"]);
    // By a value that is not shown too.
    let repo = Repo::new();
    let servers = r#"{"mcpServers":{"a":{"command":"sh","env":{"MY_TOKEN":"evil"}}}}"#;
    repo.write(".mcp.json", servers);
    repo.write("evil", "touch owned");
    repo.commit();
    let found = alike(&repo);
    assert_eq!(paths(&found), [".mcp.json", "evil"]);
    assert!(!String::from_utf8_lossy(&found.items[0].shown).contains("evil"));
}

#[test]
fn security_05_settings_in_a_submodule_count_or_are_never_trusted() {
    let inner = Repo::new();
    inner.write("settings.json", HOOKS);
    inner.commit();
    let repo = Repo::new();
    let from = inner.root.to_string_lossy().into_owned();
    let allow = ["-c", "protocol.file.allow=always"];
    let add = [&allow[..], &["submodule", "add", "--quiet", &from, ".claude"]].concat();
    let added = repo.git.act(&repo.root, &add).env("GIT_ALLOW_PROTOCOL", "file").end().unwrap();
    assert_eq!(added.code, Some(0), "{}", String::from_utf8_lossy(&added.stderr));
    repo.commit();
    assert_eq!(paths(&repo.head()), [".claude/settings.json"]);
    assert_eq!(repo.head().hash(), repo.disk().hash());
    repo.run(&["submodule", "deinit", "--quiet", "--force", ".claude"]);
    assert!(!repo.ledger().trusts_all(&repo.head()), "a worktree may be filled with it");
}

#[test]
fn security_05_each_file_is_listed_once() {
    let repo = Repo::new();
    let hook = "#!/bin/sh\ntouch owned\n";
    for path in [".husky/pre-commit", ".husky/_/pre-commit", ".husky/_/h"] {
        repo.write(path, hook);
        fs::set_permissions(repo.root.join(path), fs::Permissions::from_mode(0o755)).unwrap();
    }
    repo.write(".gitignore", ".husky/_\n");
    let settings = HOOKS.replace("/tools/start.sh", "/.husky/pre-commit");
    repo.write(".claude/settings.json", &settings);
    repo.commit();
    repo.run(&["config", "core.hooksPath", ".husky/_"]);
    for found in [repo.head(), repo.disk()] {
        let listed: Vec<&str> = found.distinct().iter().map(|item| item.path.as_str()).collect();
        let mut once = listed.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(listed.len(), once.len(), "{listed:?}");
        assert!(listed.contains(&".husky/pre-commit") && listed.contains(&".husky/_/pre-commit"));
    }
}

#[test]
fn security_05_directories_above_count_up_to_the_home() {
    let repo = Repo::new();
    let above = repo.root.parent().unwrap().to_owned();
    for name in [".mcp.json", "opencode.json"] {
        fs::write(above.join(name), "{\"mcp\":{\"a\":1}}").unwrap();
    }
    fs::create_dir(above.join(".qwen")).unwrap();
    fs::write(above.join(".qwen/.env"), "NODE_OPTIONS=--require ./x").unwrap();
    fs::write(above.join(".env"), "GEMINI_API_KEY=x").unwrap();
    let named = |name: &str| above.join(name).to_string_lossy().into_owned();
    for found in [repo.head(), repo.disk()] {
        let found = paths(&found).into_iter().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(found, [named(".mcp.json"), named(".env"), named(".qwen/.env")]);
    }
    // A directory without a repository has no root at which the way up would end.
    let plain = above.join("plain");
    fs::create_dir(&plain).unwrap();
    let place = Place {
        repository: &plain,
        root: &plain,
        subdirectory: Path::new(""),
        home: None,
        commit: None,
        common: None,
        worktrees: None,
    };
    let found = collect(&repo.git, &place, Vec::new());
    assert!(paths(&found).contains(&named("opencode.json").as_str()), "{:?}", paths(&found));
    // What stands in the home and above it is the user's own.
    let home = above.join("plain");
    let inside = home.join("inside");
    fs::create_dir(&inside).unwrap();
    fs::write(home.join(".mcp.json"), "{\"mcp\":1}").unwrap();
    let place = Place { repository: &inside, root: &inside, home: Some(&home), ..place };
    assert!(collect(&repo.git, &place, Vec::new()).is_nothing());
}
