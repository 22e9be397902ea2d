//! What we take from others: under which licences, from where, and heavy crates once only (decision 39).
//!
//! Promise: every crate that the shipped platform is built of is looked at; a licence counts only where it is listed.
//! Must not know: known vulnerabilities; their list is not to be had without the network.

use super::Offence;
use crate::tool::Tool;
use crate::workspace::root;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// What is shipped: crates of other systems are not downloaded for it.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
/// Licences (SPDX) that let us ship a program under Apache-2.0, each with what it asks for.
const LICENCES: &[(&str, &str)] = &[
    ("0BSD", "nothing"),
    ("Apache-2.0", "our own: its text and notices go along"),
    ("Apache-2.0 WITH LLVM-exception", "less than Apache-2.0"),
    ("BSD-2-Clause", "its notice goes along"),
    ("BSD-3-Clause", "its notice goes along"),
    ("CC0-1.0", "nothing"),
    ("CDLA-Permissive-2.0", "its text goes along: certificates of authorities, which are data"),
    ("ISC", "its notice goes along"),
    ("MIT", "its notice goes along"),
    ("MIT-0", "nothing"),
    ("MPL-2.0", "changes of its own files are published: we change none"),
    ("Unicode-3.0", "its notice goes along"),
    ("Unlicense", "nothing"),
    ("Zlib", "its notice goes along"),
];
/// Crates that cost seconds of compiling or a megabyte, or whose types meet: a second version of one is a mistake of
/// ours, to be mended by another version of whoever asks for it.
const HEAVY: &[&str] = &[
    "agent-client-protocol",
    "clap",
    "gtk",
    "hyper",
    "libgit2-sys",
    "libsqlite3-sys",
    "regex",
    "ring",
    "rusqlite",
    "rustls",
    "serde",
    "serde_json",
    "tauri",
    "tokio",
    "ureq",
    "vt100",
    "webkit2gtk",
    "wry",
    "zbus",
];

#[derive(Deserialize)]
struct Graph {
    packages: Vec<Crate>,
}

/// A crate that is built.
#[derive(Deserialize)]
struct Crate {
    name: String,
    version: String,
    license: Option<String>,
    /// None: it is ours.
    source: Option<String>,
}

/// Looks at the crates of `Cargo.lock`.
pub fn check() -> Result<Vec<Offence>> {
    let json = Tool::cargo(root())
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", PLATFORM])
        .output()?;
    let graph: Graph =
        serde_json::from_str(&json).context("`cargo metadata` gave JSON of another shape")?;
    Ok(wrong(&graph.packages)
        .into_iter()
        .map(|what| Offence::of_file("Cargo.lock", what))
        .collect())
}

fn wrong(crates: &[Crate]) -> Vec<String> {
    let mut found = Vec::new();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in crates {
        let Crate { name, version, license, source } = one;
        versions.entry(name).or_default().insert(version);
        let Some(source) = source else { continue };
        if source != REGISTRY {
            found.push(format!("{name} {version} comes from {source}, not from the registry"));
        }
        match license.as_deref() {
            Some(license) if is_allowed(license) => {}
            Some(license) => {
                found.push(format!("{name} {version} is under {license}, which is not listed"))
            }
            None => found.push(format!("{name} {version} says no licence")),
        }
    }
    for name in HEAVY {
        match versions.get(name) {
            Some(all) if all.len() > 1 => {
                let all = Vec::from_iter(all.iter().copied()).join(", ");
                found.push(format!("{name} is built in several versions: {all}"));
            }
            Some(_) => {}
            None => {
                found.push(format!("{name} is listed as heavy and not used: take it off the list"))
            }
        }
    }
    found
}

/// An SPDX expression, `/` being an old way to write `OR`. `OR` binds less than `AND`.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let allowed = any(&words, &mut at);
    allowed == Some(true) && at == words.len()
}

fn any(words: &[&str], at: &mut usize) -> Option<bool> {
    let mut allowed = all(words, at)?;
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        allowed |= all(words, at)?;
    }
    Some(allowed)
}

fn all(words: &[&str], at: &mut usize) -> Option<bool> {
    let mut allowed = one(words, at)?;
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        allowed &= one(words, at)?;
    }
    Some(allowed)
}

fn one(words: &[&str], at: &mut usize) -> Option<bool> {
    let word = *words.get(*at)?;
    *at += 1;
    if word == "(" {
        let allowed = any(words, at)?;
        let closed = words.get(*at) == Some(&")");
        *at += 1;
        return closed.then_some(allowed);
    }
    let mut name = word.to_owned();
    if words.get(*at) == Some(&"WITH") {
        name = format!("{name} WITH {}", words.get(*at + 1)?);
        *at += 2;
    }
    Some(LICENCES.iter().any(|(known, _)| *known == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_counts_as_its_expression_says() {
        for (expression, allowed) in [
            ("MIT", true),
            ("MIT OR Apache-2.0", true),
            ("MIT/Apache-2.0", true),
            ("Apache-2.0 / MIT", true),
            ("GPL-3.0-only", false),
            ("GPL-3.0-only OR MIT", true),
            ("GPL-3.0-only AND MIT", false),
            ("MIT AND (GPL-2.0 OR ISC)", true),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("(MIT OR Apache-2.0) AND AGPL-3.0-only", false),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("GPL-2.0 WITH Classpath-exception-2.0", false),
            ("MIT OR GPL-2.0 AND GPL-3.0", true),
            ("", false),
            ("MIT OR", false),
            ("(MIT", false),
            ("MIT ISC", false),
            ("mit", false),
        ] {
            assert_eq!(is_allowed(expression), allowed, "{expression}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_crate_is_said() {
        let of = |name: &str, version: &str, license: Option<&str>, source: Option<&str>| Crate {
            name: name.into(),
            version: version.into(),
            license: license.map(str::to_owned),
            source: source.map(str::to_owned),
        };
        let heavy = HEAVY.iter().map(|name| of(name, "1.0.0", Some("MIT"), Some(REGISTRY)));
        let mut crates: Vec<Crate> = heavy.collect();
        crates.push(of("ours", "0.1.0", None, None));
        crates.push(of("light", "1.0.0", Some("MIT"), Some(REGISTRY)));
        crates.push(of("light", "2.0.0", Some("MIT"), Some(REGISTRY)));
        assert_eq!(wrong(&crates), Vec::<String>::new());
        crates.push(of("tokio", "2.0.0", Some("MIT"), Some(REGISTRY)));
        crates.push(of("a", "1.0.0", None, Some(REGISTRY)));
        crates.push(of("b", "1.0.0", Some("AGPL-3.0-only"), Some(REGISTRY)));
        crates.push(of("c", "1.0.0", Some("MIT"), Some("git+https://example.org/c")));
        crates.retain(|one| one.name != "zbus");
        let expected = [
            "a 1.0.0 says no licence",
            "b 1.0.0 is under AGPL-3.0-only, which is not listed",
            "c 1.0.0 comes from git+https://example.org/c, not from the registry",
            "tokio is built in several versions: 1.0.0, 2.0.0",
            "zbus is listed as heavy and not used: take it off the list",
        ];
        assert_eq!(wrong(&crates), expected);
    }
}
