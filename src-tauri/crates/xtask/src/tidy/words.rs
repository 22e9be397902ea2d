//! Words that must not be in the tree: skipped tests, unowned plans, paths of one machine, registries.

use super::{Offence, Source};

/// Text and the way out. Split so that this file does not offend against itself.
const BANNED: &[(&[&str], &str)] = &[
    (&["#[ig", "nore"], "a test runs or goes"),
    (&[".sk", "ip("], "a test runs or goes"),
    (&["it.on", "ly("], "all tests run"),
    (&["test.on", "ly("], "all tests run"),
    (&["describe.on", "ly("], "all tests run"),
    (&["TO", "DO"], "do it, or open an issue"),
    (&["FIX", "ME"], "do it, or open an issue"),
    (&["/ro", "ot/"], "a path of one machine"),
    (&["/wo", "rk/"], "a path of one machine"),
    (&["/home/", "user"], "a path of one machine"),
    (&["\"resolved\": \"", "http"], "lock files name no registry host"),
];
/// Languages in which `.skip` is an ordinary method.
const ITERATOR_SKIP: &[&str] = &["rs"];
/// A plan counts only in a comment: text handled by the product may well contain the word.
const COMMENTS: &[&str] = &["//", "/*", "<!--", "# ", "* "];

pub fn check(source: &Source) -> Vec<Offence> {
    let mut offences = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        for (parts, why) in BANNED {
            let word = parts.concat();
            let Some(at) = line.find(&word) else { continue };
            let ordinary = match parts[0] {
                ".sk" => ITERATOR_SKIP.contains(&source.extension()),
                "TO" | "FIX" => !COMMENTS.iter().any(|mark| line[..at].contains(mark)),
                _ => false,
            };
            if !ordinary {
                let what = format!("contains `{word}`: {why}");
                offences.push(Offence { path: source.path.clone(), line: index + 1, what });
            }
        }
    }
    offences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn banned_words_are_found_where_they_mean_what_they_say() {
        for (path, parts, faults) in [
            ("a.rs", ["#[ig", "nore]"], 1),
            ("a.rs", ["iter.sk", "ip(1)"], 0),
            ("a.ts", ["test.sk", "ip('x')"], 1),
            ("a.rs", ["let x = 1; // TO", "DO: more"], 1),
            ("a.rs", ["check(\"write the TO", "DO list\")"], 0),
            ("a.md", ["to", "do"], 0),
        ] {
            let source = Source { path: path.into(), text: parts.concat() };
            assert_eq!(check(&source).len(), faults, "{path} {parts:?}");
        }
    }
}
