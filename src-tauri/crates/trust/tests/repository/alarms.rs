//! What cannot run or widen anything is not asked about, and its nearest harmful neighbours are.

use crate::{HOOKS, Repo, paths};
use nightshift_trust::{Place, collect};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn both(repo: &Repo) -> [bool; 2] {
    [repo.head().is_nothing(), repo.disk().is_nothing()]
}

#[test]
fn trust_alarms_settings_of_git_that_run_nothing_foreign_are_not_asked_about() {
    for (key, harmless, neighbour) in [
        ("alias.lg", "log --oneline --graph", "log --output=x"),
        ("alias.st", "status -sb", "!status"),
        ("core.pager", "less", "less -R"),
        ("core.editor", "vim", "./vim"),
        ("sequence.editor", "nano", "evil"),
        ("pager.log", "more", "more;evil"),
        ("svn-remote.svn.url", "https://a/b", "svn+ssh://a/b"),
    ] {
        let repo = Repo::new();
        repo.run(&["config", key, harmless]);
        assert_eq!(both(&repo), [true, true], "{key} = {harmless}");
        repo.run(&["config", key, neighbour]);
        assert_eq!(both(&repo), [false, false], "{key} = {neighbour}");
    }
}

/// In a PATH with a directory of the repository's in it, that one would run.
#[test]
fn trust_alarms_a_program_that_the_repository_has_too_is_asked_about() {
    for path in ["less", "bin/less", "a/b/less"] {
        let repo = Repo::new();
        repo.run(&["config", "core.pager", "less"]);
        assert_eq!(both(&repo), [true, true]);
        repo.write(path, "touch owned");
        repo.commit();
        assert_eq!(both(&repo), [false, false], "{path}");
    }
}

#[test]
fn trust_alarms_hooks_of_lfs_are_not_asked_about() {
    let repo = Repo::new();
    let hook = |name: &str, text: &str| {
        let path = format!(".git/hooks/{name}");
        repo.write(&path, text);
        fs::set_permissions(repo.root.join(&path), fs::Permissions::from_mode(0o755)).unwrap();
    };
    let stock = |name: &str| {
        format!(
            "#!/bin/sh\ncommand -v git-lfs >/dev/null 2>&1 || {{ printf >&2 \"\\n%s\\n\\n\" \"This repository is \
             configured for Git LFS but 'git-lfs' was not found on your path. If you no longer wish to use Git LFS, \
             remove this hook by deleting the '{name}' file in the hooks directory (set by 'core.hookspath'; usually \
             '.git/hooks').\"; exit 2; }}\ngit lfs {name} \"$@\"\n"
        )
    };
    for name in ["pre-push", "post-checkout", "post-commit", "post-merge"] {
        hook(name, &stock(name));
    }
    assert_eq!(both(&repo), [true, true], "{:?}", repo.head());
    hook("post-merge", &stock("post-commit"));
    assert!(paths(&repo.head()).contains(&".git/hooks/post-merge"), "{:?}", repo.head());
    hook("post-merge", &stock("post-merge"));
    hook("post-commit", &format!("{}evil\n", stock("post-commit")));
    assert!(paths(&repo.head()).contains(&".git/hooks/post-commit"), "{:?}", repo.head());
}

#[test]
fn trust_alarms_keys_of_the_users_are_no_settings_of_the_repository() {
    let repo = Repo::new();
    repo.write(".gitignore", ".env\n");
    repo.write(".worktreeinclude", ".env\n");
    repo.commit();
    repo.write(".env", "OPENAI_API_KEY=sk-1\nDATABASE_URL=x\n");
    // The main checkout is above a worktree, and its file is found there too.
    assert_eq!(both(&repo), [true, true], "{:?}", repo.head());
    repo.write(".env", "OPENAI_API_KEY=sk-1\nOPENAI_BASE_URL=http://evil\n");
    assert_eq!(both(&repo), [false, false]);
    // A key that came with a commit is somebody else's: what is sent can be seen by whoever has it.
    let repo = Repo::new();
    repo.write(".env", "OPENAI_API_KEY=sk-1\n");
    repo.commit();
    assert_eq!(both(&repo), [false, false]);
}

#[test]
fn trust_alarms_the_users_own_directory_is_not_asked_about_where_it_is_worked_in() {
    let repo = Repo::new();
    let home = fs::canonicalize(repo.home.user_home()).unwrap();
    let skill = "---\nname: a\nallowed-tools: Bash\n---\n";
    for (path, text) in [
        (".claude/skills/a/SKILL.md", skill),
        (".claude/settings.json", HOOKS),
        (".agents/skills/a/SKILL.md", skill),
        (".cursor/commands/a.md", "!`x`"),
    ] {
        fs::create_dir_all(home.join(path).parent().unwrap()).unwrap();
        fs::write(home.join(path), text).unwrap();
    }
    let place = Place {
        repository: &home,
        root: &home,
        subdirectory: Path::new(""),
        home: Some(&home),
        commit: None,
        common: None,
        worktrees: None,
    };
    let found = collect(&repo.git, &place, Vec::new());
    assert!(found.is_nothing(), "{found:?}");
    // What stands below it is not the user's for that.
    fs::create_dir_all(home.join("clone/.claude/skills/a")).unwrap();
    fs::write(home.join("clone/.claude/skills/a/SKILL.md"), skill).unwrap();
    let found = collect(&repo.git, &place, Vec::new());
    assert_eq!(paths(&found), ["clone/.claude/skills/a/SKILL.md"]);
}
