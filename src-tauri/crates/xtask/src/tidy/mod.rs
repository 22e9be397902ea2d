//! House rules that compilers do not know: file docs, sizes, names, walls between crates, words.
//!
//! Promise: looks only at files that git tracks or would track, and names file, line and way out.

mod dependencies;
mod docs;
mod hygiene;
mod imports;
mod links;
mod names;
mod programs;
mod sizes;
mod words;

use crate::workspace::{Workspace, files, root};
use anyhow::{Context, Result, bail};
use std::fmt;

/// One broken rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Offence {
    pub path: String,
    /// From 1; 0 for the file as a whole.
    pub line: usize,
    pub what: String,
}

impl Offence {
    fn of_file(path: &str, what: impl Into<String>) -> Offence {
        Offence { path: path.to_owned(), line: 0, what: what.into() }
    }
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.what),
            line => write!(f, "{}:{line}: {}", self.path, self.what),
        }
    }
}

/// A text file of the tree.
pub struct Source {
    pub path: String,
    pub text: String,
}

impl Source {
    fn extension(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// Written by a program: sizes and style are not its author's.
    fn is_generated(&self) -> bool {
        self.path.contains("/generated/")
    }
}

pub fn run() -> Result<()> {
    let offences = offences()?;
    for offence in &offences {
        eprintln!("tidy: {offence}");
    }
    if !offences.is_empty() {
        bail!("tidy found {} offences", offences.len());
    }
    Ok(())
}

fn offences() -> Result<Vec<Offence>> {
    let paths = files()?;
    let mut offences: Vec<Offence> = paths.iter().flat_map(|p| names::check(p)).collect();
    let mut sources = Vec::new();
    for path in paths {
        let bytes = std::fs::read(root().join(&path)).with_context(|| format!("reading {path}"))?;
        if let Ok(text) = String::from_utf8(bytes) {
            sources.push(Source { path, text });
        }
    }
    for source in &sources {
        offences.extend(docs::check_header(source));
        offences.extend(docs::check_paths(source, &|path| root().join(path).exists()));
        offences.extend(sizes::check_file(source));
        offences.extend(words::check(source));
        offences.extend(programs::check(source));
        offences.extend(hygiene::check(source));
    }
    offences.extend(links::check(&sources, &|path| root().join(path).exists()));
    offences.extend(sizes::check_shell(&sources));
    offences.extend(sizes::check_folders(&sources));
    offences.extend(imports::check(&Workspace::load()?));
    offences.extend(dependencies::check()?);
    Ok(offences)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_tidy() {
        let found: Vec<String> = offences().unwrap().iter().map(Offence::to_string).collect();
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}
