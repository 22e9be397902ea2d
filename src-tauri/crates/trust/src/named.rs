//! Files of the repository that a command or a setting names: what they hold is run with it.
//!
//! Promise: a word that could be a path of the tree is tried; which of them are, the tree says.

use crate::limits::{WORD_MAX_BYTES, WORDS_MAX};
use std::collections::BTreeSet;

/// What stands for the repository's root in settings of agents.
const ROOTS: &[&str] = &[
    "$CLAUDE_PROJECT_DIR/",
    "${CLAUDE_PROJECT_DIR}/",
    "$GEMINI_PROJECT_DIR/",
    "${GEMINI_PROJECT_DIR}/",
    "${workspaceFolder}/",
    "$NIGHTSHIFT_WORKTREE/",
    "${NIGHTSHIFT_WORKTREE}/",
    "$PWD/",
    "${PWD}/",
    "./",
];

/// Paths, relative to the root, that `text` may name.
pub fn paths(text: &str) -> BTreeSet<String> {
    let ends = |c: char| c.is_whitespace() || "\"'`,;()[]=|&<>\\#!".contains(c);
    let words = text.split(ends).map(inside).filter(|word| {
        let far = word.starts_with(['-', '$', '~']) || word.contains("://");
        let climbs = word.split('/').any(|part| part == "..");
        !word.is_empty() && word.len() <= WORD_MAX_BYTES && !far && !climbs
    });
    // Written with two slashes or a dot it is the same path.
    let plain = |word: &str| {
        let parts: Vec<&str> = word.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        parts.join("/")
    };
    words
        .map(plain)
        .filter(|word| !word.is_empty())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .take(WORDS_MAX)
        .collect()
}

fn inside(word: &str) -> &str {
    let mut word = word;
    while let Some(rest) = ROOTS.iter().find_map(|root| word.strip_prefix(root)) {
        word = rest;
    }
    // After a quoted variable a path seems to begin at the file system's root.
    word.trim_start_matches('/').trim_end_matches(['}', ':', '.'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_05_the_files_of_a_command_are_found() {
        let text = r#"{"command":"\"$CLAUDE_PROJECT_DIR\"/.claude/hooks/a.sh --x ./b.js","u":"https://c/d","args":["${workspaceFolder}/e/f.py","../g","/h","-i"]}"#;
        let found = paths(text);
        for path in [".claude/hooks/a.sh", "b.js", "e/f.py"] {
            assert!(found.contains(path), "{path}: {found:?}");
        }
        for path in ["c/d", "../g", "g", "-i"] {
            assert!(!found.contains(path), "{path}: {found:?}");
        }
        let split = paths(r#""$CLAUDE_PROJECT_DIR"/tools/run.sh && sh setup/deps.sh"#);
        assert!(split.contains("setup/deps.sh"), "{split:?}");
    }
}
