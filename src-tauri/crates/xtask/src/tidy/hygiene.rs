//! What code of the product does not do: panic on what it was given, and wait where others wait for it.
//!
//! Promise: reads lines, so it finds the usual forms and not every disguise. Exceptions are named here with
//! their reason.

use super::{Offence, Source};

/// Forms that end the process, or a whole task, on what could have been an error. Split so that this file
/// does not offend against itself.
const PANICS: &[&[&str]] = &[&[".unw", "rap()"], &[".exp", "ect("], &["pan", "ic!("]];
/// Files that may, and why.
const MAY_PANIC: &[(&str, &str)] = &[
    ("src-tauri/build.rs", "a build that cannot go on ends"),
    (
        "src-tauri/crates/schedule/src/interval.rs",
        "an expression that is put together of known parts",
    ),
];
/// Whole folders that test: what they do wrong, a test run shows.
const TESTING: &[&str] = &[
    "src-tauri/crates/testkit/",
    "src-tauri/crates/xtask/",
    "src-tauri/crates/runtime/tests/simulation/",
    "tests/",
];

/// The modules of the supervisor's loop: one thread, which everybody waits for.
const LOOP: &str = "src-tauri/crates/supervisor/src/";
const BLOCKS: &[&[&str]] = &[
    &["std::f", "s::"],
    &["use std::f", "s;"],
    &["process::Comm", "and"],
    &["std::ne", "t::"],
    &["thread::sl", "eep"],
];
const MAY_BLOCK: &[(&str, &str)] = &[(
    "src-tauri/crates/supervisor/src/handlers/session/dispatch.rs",
    "in work that runs beside the loop",
)];

pub fn check(source: &Source) -> Vec<Offence> {
    if !source.path.ends_with(".rs") || is_test(source) {
        return Vec::new();
    }
    let mut found = Vec::new();
    if !MAY_PANIC.iter().any(|(path, _)| *path == source.path) {
        let what = "panics on what it was given: return an error, or name the file and why in tidy";
        found.extend(lines_with(source, PANICS, what));
    }
    if source.path.starts_with(LOOP) && !MAY_BLOCK.iter().any(|(path, _)| *path == source.path) {
        let what = "may block the supervisor's loop: do it beside the loop";
        found.extend(lines_with(source, BLOCKS, what));
    }
    found
}

fn is_test(source: &Source) -> bool {
    let path = source.path.as_str();
    let beside =
        path.split('/').any(|part| part == "tests" || part == "examples" || part == "tests.rs");
    let whole = source.text.lines().any(|line| line == "#![cfg(test)]");
    beside || whole || TESTING.iter().any(|folder| path.starts_with(folder))
}

/// Outside of comments, and before the tests at the end of a file.
fn lines_with(source: &Source, forms: &[&[&str]], what: &str) -> Vec<Offence> {
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    let has = |line: &str| forms.iter().any(|parts| line.contains(&parts.concat()));
    let product = source.text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
    let product = product.take_while(|line| !line.starts_with("#[cfg(all(test"));
    let wrong = product.enumerate().filter(|(_, line)| is_code(line) && has(line));
    let offence = |(index, _): (usize, &str)| Offence {
        path: source.path.clone(),
        line: index + 1,
        what: what.to_owned(),
    };
    wrong.map(offence).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(path: &str, line: &[&str]) -> usize {
        check(&Source { path: path.into(), text: line.concat() }).len()
    }

    #[test]
    fn panics_and_waits_are_found_where_they_do_harm() {
        let unwrap = [" let x = y.unw", "rap();"];
        let read = ["let x = std::f", "s::read(y);"];
        let handler = "src-tauri/crates/supervisor/src/handlers/session/stop.rs";
        let host = "src-tauri/crates/host/src/lib.rs";
        assert_eq!([faults(host, &unwrap), faults(host, &read), faults(handler, &read)], [1, 0, 1]);
        for fine in ["src-tauri/crates/host/tests/x.rs", "tests/e2e/x.rs", "src-tauri/build.rs"] {
            assert_eq!(faults(fine, &unwrap), 0, "{fine}");
        }
        assert_eq!(faults(host, &["// it may .unw", "rap()"]), 0);
        assert_eq!(faults(host, &["#[cfg(test)]\nmod tests { x.unw", "rap() }"]), 0);
        assert_eq!(faults(host, &["let x = y.exp", "ect(\"z\");"]), 1);
        assert_eq!(faults(host, &["let x = y.unwrap_or(z);"]), 0);
    }
}
