//! What is found in real repositories, and how long it is trusted.

use nightshift_testkit::TestHome;
use nightshift_trust::{Found, Group, Ledger, Place, collect};
use nightshift_worktree::{Environment, Git};
use std::fs;
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
    };
    assert!(collect(&repo.git, &place(&home), Vec::new()).is_nothing());
}
