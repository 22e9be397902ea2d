//! The verb that an unknown word may have meant.
//!
//! Promise: a word that other programs use for it, or one that is nearly typed so; else nothing.

/// Words of other programs.
const OTHERS: &[(&str, &str)] = &[
    ("list", "agents"),
    ("ls", "agents"),
    ("ps", "agents"),
    ("status", "agents"),
    ("sessions", "agents"),
    ("jobs", "agents"),
    ("top", "agents"),
    ("show", "logs"),
    ("tail", "logs"),
    ("cat", "logs"),
    ("send", "reply"),
    ("allow", "answer"),
    ("approve", "answer"),
    ("remove", "rm"),
    ("delete", "rm"),
    ("end", "stop"),
    ("restart", "respawn"),
    ("resume", "respawn"),
    ("start", "respawn"),
    ("config", "settings"),
    ("worktree", "worktrees"),
    ("log", "logs"),
    ("agent", "agents"),
    ("push", "pr"),
];
/// Letters that may be wrong, of how many there are.
const WRONG_OF: usize = 3;

/// The nearest of `verbs`.
pub fn verb<'a>(word: &str, verbs: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let verbs = Vec::from_iter(verbs);
    let word = word.to_lowercase();
    let other = OTHERS.iter().find(|(other, _)| *other == word).map(|(_, verb)| *verb);
    if let Some(known) = other.and_then(|other| verbs.iter().find(|verb| **verb == other)) {
        return Some(known);
    }
    let allowed = word.chars().count() / WRONG_OF;
    let near = verbs.into_iter().map(|verb| (distance(&word, verb), verb));
    near.filter(|(distance, _)| *distance <= allowed).min().map(|(_, verb)| verb)
}

/// Letters to be changed, added or taken away (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut before = i;
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let changed = before + usize::from(a != *b);
            before = row[j + 1];
            row[j + 1] = changed.min(before + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_others_and_slips_find_their_verb() {
        let verbs = ["agents", "attach", "logs", "stop", "rm", "worktrees", "respawn"];
        for (word, expected) in [
            ("list", Some("agents")),
            ("LS", Some("agents")),
            ("agnets", Some("agents")),
            ("atach", Some("attach")),
            ("worktree", Some("worktrees")),
            ("stp", Some("stop")),
            ("delete", Some("rm")),
            ("config", None),
            ("fix", None),
            ("", None),
            ("refactor", None),
        ] {
            assert_eq!(verb(word, verbs.into_iter()), expected, "{word}");
        }
    }
}
