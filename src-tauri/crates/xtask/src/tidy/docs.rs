//! Every source file begins with its documentation; paths named in documents exist.

use super::{Offence, Source};

/// How a file of each kind begins.
const OPENINGS: &[(&str, &[&str])] = &[
    ("rs", &["//!"]),
    ("ts", &["/**", "//"]),
    ("mjs", &["/**", "//"]),
    ("js", &["/**", "//"]),
    ("svelte", &["<!--"]),
    ("css", &["/*"]),
];
/// Documents whose paths are checked.
const DOCUMENTS: &[&str] = &["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"];
/// A word in backticks that begins with one of these is a path from the root.
const ROOTS: &[&str] = &["src-tauri/", "ui/", "tests/", "icons/", ".ci/", ".cargo/"];

pub fn check_header(source: &Source) -> Option<Offence> {
    let (_, openings) = OPENINGS.iter().find(|(kind, _)| *kind == source.extension())?;
    let begins = openings.iter().any(|opening| source.text.starts_with(opening));
    (!begins).then(|| {
        let what = format!("begins without its purpose; start the file with `{}`", openings[0]);
        Offence { path: source.path.clone(), line: 1, what }
    })
}

pub fn check_paths(source: &Source, exists: &dyn Fn(&str) -> bool) -> Vec<Offence> {
    let name = source.path.rsplit('/').next().unwrap_or_default();
    if !DOCUMENTS.contains(&name) {
        return Vec::new();
    }
    let mut offences = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        for path in paths_in(line).filter(|path| !exists(path)) {
            let what = format!("names `{path}`, which does not exist");
            offences.push(Offence { path: source.path.clone(), line: index + 1, what });
        }
    }
    offences
}

/// Words in backticks and link targets that are plain paths from the root.
fn paths_in(line: &str) -> impl Iterator<Item = &str> {
    let quoted = line.split('`').skip(1).step_by(2);
    let linked = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    quoted.chain(linked).filter(|word| {
        let plain = !word.contains(['*', '<', '{', ' ', '$', '…']);
        plain && ROOTS.iter().any(|root| word.starts_with(root))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.into(), text: text.into() }
    }

    #[test]
    fn files_begin_with_their_purpose() {
        for (path, text, fine) in [
            ("a/x.rs", "//! Purpose.\n", true),
            ("a/x.rs", "use std;\n", false),
            ("a/x.ts", "/** Purpose. */\n", true),
            ("a/x.svelte", "<script>\n", false),
            ("a/x.svelte", "<!-- Purpose. -->\n", true),
            ("a/x.md", "anything", true),
        ] {
            assert_eq!(check_header(&source(path, text)).is_none(), fine, "{path} {text:?}");
        }
    }

    #[test]
    fn documents_name_only_paths_that_exist() {
        let exists = |path: &str| path == "ui/src";
        for (line, faults) in [
            ("see `ui/src` and `cargo xtask run`", 0),
            ("see `ui/gone`", 1),
            ("a [link](tests/gone.rs) and ![shot](ui/src)", 1),
            ("a pattern `ui/<noun>/x`", 0),
        ] {
            let found = check_paths(&source("README.md", line), &exists);
            assert_eq!(found.len(), faults, "{line}");
        }
        assert!(check_paths(&source("notes.md", "`ui/gone`"), &exists).is_empty());
    }
}
