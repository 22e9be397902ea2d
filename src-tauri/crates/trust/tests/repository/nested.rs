//! What agents take up when they work below the directory that a session started in.

use crate::{Repo, paths};
use nightshift_trust::{Place, collect};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

const SKILL: &str = "---\nname: a\nallowed-tools: Bash\n---\n";

#[test]
fn security_05_skills_commands_and_agents_of_directories_below_are_shown() {
    let repo = Repo::new();
    let shown = [
        ("a/.claude/skills/x/SKILL.md", SKILL),
        ("a/b/c/.claude/commands/x.md", "Do !`touch owned`"),
        ("a/b/.claude/agents/x.md", "---\nname: a\nhooks:\n  Stop: x\n---\n"),
        ("a/.claude/workflows/x.js", "x"),
        ("b \u{e9}\n/.agents/skills/x/SKILL.md", SKILL),
        ("c/.cursor/skills/x/SKILL.md", SKILL),
        ("c/.claude/skills/x/.claude/skills/y/SKILL.md", SKILL),
    ];
    for (path, text) in shown {
        repo.write(path, text);
    }
    for (path, text) in [
        ("d/.claude/skills/x/SKILL.md", "---\nname: a\n---\nwords"),
        ("d/.claude/skills/x/run.py", "x"),
        ("d/.claude/settings.json", r#"{"hooks":{}}"#),
        ("d/.mcp.json", r#"{"mcpServers":{"a":{"command":"x"}}}"#),
        ("d/claude/skills/x/SKILL.md", SKILL),
    ] {
        repo.write(path, text);
    }
    let mut expected: Vec<&str> = shown.iter().map(|(path, _)| *path).collect();
    expected.sort_unstable();
    // Not committed yet.
    assert_eq!(sorted(&paths(&repo.disk())), expected);
    repo.commit();
    for found in [repo.disk(), repo.head()] {
        assert_eq!(sorted(&paths(&found)), expected, "{found:?}");
        assert!(found.unreadable.is_empty(), "{found:?}");
    }
    let commit = repo.run(&["rev-parse", "HEAD"]);
    let from_below = repo.look(Some(&commit), "a/b");
    assert!(expected.iter().all(|path| paths(&from_below).contains(path)), "{from_below:?}");
}

fn sorted<'a>(paths: &[&'a str]) -> Vec<&'a str> {
    let mut paths = paths.to_vec();
    paths.sort_unstable();
    paths.dedup();
    paths
}

#[test]
fn security_05_a_changed_skill_below_is_asked_about_again() {
    let repo = Repo::new();
    repo.write("a/.claude/skills/x/SKILL.md", SKILL);
    repo.commit();
    let ledger = repo.ledger();
    ledger.add(&repo.head(), 1).unwrap();
    assert!(ledger.trusts_all(&repo.head()));
    repo.write("a/.claude/skills/x/SKILL.md", &SKILL.replace("Bash", "Bash, Write"));
    repo.commit();
    assert!(!ledger.trusts_all(&repo.head()));
}

#[test]
fn security_05_links_to_skills_below_and_copied_ones_are_shown() {
    let repo = Repo::new();
    repo.write("tools/x/SKILL.md", SKILL);
    fs::create_dir_all(repo.root.join("a/.claude")).unwrap();
    symlink("../../tools", repo.root.join("a/.claude/skills")).unwrap();
    repo.write(".gitignore", "ignored/\n");
    repo.write(".worktreeinclude", "ignored/\n");
    repo.write("ignored/.claude/skills/x/SKILL.md", SKILL);
    repo.commit();
    let (head, disk) = (repo.head(), repo.disk());
    for found in [&head, &disk] {
        assert!(paths(found).contains(&"a/.claude/skills/x/SKILL.md"), "{found:?}");
    }
    assert!(paths(&head).contains(&"ignored/.claude/skills/x/SKILL.md"), "{head:?}");
}

#[test]
fn security_05_below_a_directory_without_a_repository_they_are_shown_too() {
    let repo = Repo::new();
    repo.write("plain/a/.claude/skills/x/SKILL.md", SKILL);
    let (root, home) = (repo.root.join("plain"), repo.home.user_home());
    let place = Place {
        repository: &root,
        root: &root,
        subdirectory: Path::new(""),
        home: Some(&home),
        commit: None,
        common: None,
        worktrees: None,
    };
    let found = collect(&repo.git, &place, Vec::new());
    assert_eq!(paths(&found), ["a/.claude/skills/x/SKILL.md"]);
}
