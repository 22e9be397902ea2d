//! Who may start git: it runs what a repository says, unless it is called with care (decision 8).

use super::{Offence, Source};

/// Below the crates' folder. `xtask` reads this tree alone.
const MAY: &[&str] = &["worktree", "review", "git-reader", "xtask"];
const CRATES: &str = "src-tauri/crates/";
/// A string that becomes a program. Split so that this file does not offend against itself.
const STARTS: &[&[&str]] =
    &[&["new(\"g", "it\")"], &["new(\"g", "it\","], &["program(\"g", "it\""]];

pub fn check(source: &Source) -> Vec<Offence> {
    if !source.path.ends_with(".rs") || is_test(&source.path) || may(&source.path) {
        return Vec::new();
    }
    let starts = |line: &str| STARTS.iter().any(|parts| line.contains(&parts.concat()));
    let lines = source.text.lines().enumerate().filter(|(_, line)| starts(line));
    let what = "starts git by itself: use `Git::look` or `Git::act` of crate worktree".to_owned();
    lines
        .map(|(index, _)| Offence {
            path: source.path.clone(),
            line: index + 1,
            what: what.clone(),
        })
        .collect()
}

/// Tests make repositories as a user would.
fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.split('/').any(|part| part == "tests" || part == "examples")
}

fn may(path: &str) -> bool {
    let name = path.strip_prefix(CRATES).and_then(|rest| rest.split('/').next());
    name.is_some_and(|name| MAY.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_who_know_how_start_git() {
        let text = ["let git = Command::new(\"g", "it\");"].concat();
        for (path, fine) in [
            ("src-tauri/crates/worktree/src/git_program/git.rs", true),
            ("src-tauri/crates/cli/tests/cli/review.rs", true),
            ("tests/e2e/review.rs", true),
            ("src-tauri/crates/supervisor/src/git.rs", false),
            ("src-tauri/src/commands/git.rs", false),
        ] {
            let source = Source { path: path.into(), text: text.clone() };
            assert_eq!(check(&source).is_empty(), fine, "{path}");
        }
        let scheme =
            Source { path: "src-tauri/src/x.rs".into(), text: "Some(\"git\") => 1".into() };
        assert!(check(&scheme).is_empty());
    }
}
