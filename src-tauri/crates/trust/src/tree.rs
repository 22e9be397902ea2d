//! Files by their path, from a commit or from a disk.
//!
//! Promise: from a commit nothing is fetched; links are followed inside the tree and named outside
//! of it; reading is bounded, and what is not read is an error.

use crate::limits::{DEPTH_MAX, ENTRIES_MAX, ITEM_MAX_BYTES};
use nightshift_platform::files::read_bounded;
use nightshift_worktree::Git;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

/// Paths are names and no patterns.
const LITERAL: &str = "GIT_LITERAL_PATHSPECS";

/// Where files are taken from.
pub enum Tree<'a> {
    Commit { git: &'a Git, root: &'a Path, commit: &'a str },
    Files { root: &'a Path },
}

/// Paths with what is there, and what could not be looked at.
#[derive(Default)]
pub struct Listed {
    pub files: BTreeMap<String, Entry>,
    pub wrong: Vec<String>,
}

pub enum Entry {
    /// An object of git.
    Object(String),
    File,
    /// Leads to where nothing is known: its target.
    Link(String),
}

/// How many links one name may go through.
const LINKS_MAX: usize = 8;

impl Tree<'_> {
    /// Everything at or below these paths, relative to the root.
    pub fn list(&self, paths: &[String], skip: &[&str]) -> Listed {
        let mut listed = Listed::default();
        match self {
            Tree::Commit { git, root, commit } => {
                let ask = Objects { git, root, commit };
                for (path, entry) in ask.below(paths, &mut listed.wrong, 0) {
                    let passed = path.split('/').any(|part| skip.contains(&part));
                    if !passed {
                        listed.files.insert(path, entry);
                    }
                }
            }
            Tree::Files { root } => {
                let mut left = ENTRIES_MAX;
                for path in paths {
                    walk(root, path, skip, DEPTH_MAX, &mut left, &mut listed);
                }
                if left == 0 {
                    listed.wrong.push(format!("there are more than {ENTRIES_MAX} files"));
                }
            }
        }
        listed
    }

    /// Of these paths, those that are files; nothing below a directory.
    pub fn plain_files(&self, paths: &[String]) -> BTreeMap<String, Entry> {
        match self {
            Tree::Commit { .. } if paths.is_empty() => BTreeMap::new(),
            Tree::Commit { git, root, commit } => {
                let call = git.look(root, &["ls-tree", "-z", "--full-tree"]).env(LITERAL, "1");
                let call =
                    paths.iter().fold(call.arg(commit).arg("--"), |call, path| call.arg(path));
                let bytes = call.read().unwrap_or_default();
                let files = bytes.split(|byte| *byte == 0).filter_map(|piece| {
                    let line = String::from_utf8_lossy(piece).into_owned();
                    let (about, path) = line.split_once('\t')?;
                    let mut about = about.split(' ').filter(|word| *word != "120000");
                    let object = about.nth(2).filter(|_| line.contains(" blob "))?;
                    Some((path.to_owned(), Entry::Object(object.to_owned())))
                });
                files.collect()
            }
            Tree::Files { root } => {
                let is_file = |path: &&String| root.join(path).is_file();
                paths.iter().filter(is_file).map(|path| (path.clone(), Entry::File)).collect()
            }
        }
    }

    pub fn read(&self, path: &str, entry: &Entry) -> Result<Vec<u8>, String> {
        let wrong = |why: String| format!("{path}: {why}");
        match (self, entry) {
            (_, Entry::Link(target)) => Ok(format!("a link to {target}\n").into_bytes()),
            (Tree::Commit { git, root, .. }, Entry::Object(object)) => {
                let sized =
                    git.look(root, &["cat-file", "-s"]).arg(object).env(LITERAL, "1").line();
                let size = sized.map_err(|e| wrong(e.message))?;
                if size.parse::<u64>().ok().is_none_or(|size| size > ITEM_MAX_BYTES) {
                    return Err(wrong(format!("it has more than {ITEM_MAX_BYTES} bytes")));
                }
                let call = git.look(root, &["cat-file", "blob"]).arg(object).env(LITERAL, "1");
                call.read().map_err(|e| wrong(e.message))
            }
            (Tree::Files { root }, _) => {
                read_bounded(&root.join(path), ITEM_MAX_BYTES).map_err(|e| wrong(e.to_string()))
            }
            (Tree::Commit { .. }, Entry::File) => Err(wrong("it is no object".to_owned())),
        }
    }
}

struct Objects<'a> {
    git: &'a Git,
    root: &'a Path,
    commit: &'a str,
}

impl Objects<'_> {
    fn below(
        &self,
        paths: &[String],
        wrong: &mut Vec<String>,
        links: usize,
    ) -> Vec<(String, Entry)> {
        if paths.is_empty() {
            return Vec::new();
        }
        let args = ["ls-tree", "-r", "-z", "--full-tree"];
        let mut call = self.git.look(self.root, &args).env(LITERAL, "1").arg(self.commit).arg("--");
        for path in paths {
            call = call.arg(path);
        }
        let bytes = match call.read() {
            Ok(bytes) => bytes,
            Err(error) => {
                wrong.push(error.message);
                return Vec::new();
            }
        };
        let mut found = Vec::new();
        for piece in bytes.split(|byte| *byte == 0).filter(|piece| !piece.is_empty()) {
            let line = String::from_utf8_lossy(piece);
            let Some((about, path)) = line.split_once('\t') else { continue };
            let mut about = about.split(' ');
            let (mode, object) =
                (about.next().unwrap_or_default(), about.nth(1).unwrap_or_default());
            match mode {
                "120000" => found.extend(self.behind(path, object, wrong, links)),
                "160000" => {}
                _ => found.push((path.to_owned(), Entry::Object(object.to_owned()))),
            }
            if found.len() > ENTRIES_MAX {
                wrong.push(format!("there are more than {ENTRIES_MAX} files"));
                break;
            }
        }
        found
    }

    /// What a link leads to, under the link's own name.
    fn behind(
        &self,
        path: &str,
        object: &str,
        wrong: &mut Vec<String>,
        links: usize,
    ) -> Vec<(String, Entry)> {
        let call = self.git.look(self.root, &["cat-file", "blob"]).arg(object).env(LITERAL, "1");
        let target = call.line().unwrap_or_default();
        let outside = || vec![(path.to_owned(), Entry::Link(target.clone()))];
        let Some(inside) = joined(path, &target).filter(|_| links < LINKS_MAX) else {
            return outside();
        };
        let below = self.below(std::slice::from_ref(&inside), wrong, links + 1);
        if below.is_empty() {
            return outside();
        }
        let renamed = below.into_iter().map(|(name, entry)| {
            let rest = name.strip_prefix(&inside).unwrap_or_default();
            (format!("{path}{rest}"), entry)
        });
        renamed.collect()
    }
}

/// Where a link in a tree leads, if that is in the tree.
fn joined(link: &str, target: &str) -> Option<String> {
    let mut parts: Vec<String> = link.split('/').map(str::to_owned).collect();
    parts.pop();
    for part in Path::new(target).components() {
        match part {
            Component::Normal(name) => parts.push(name.to_str()?.to_owned()),
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

fn walk(
    root: &Path,
    path: &str,
    skip: &[&str],
    depth: usize,
    left: &mut usize,
    listed: &mut Listed,
) {
    let full = root.join(path);
    // Agents follow links here, so what they lead to is what counts.
    let metadata = match std::fs::metadata(&full) {
        Ok(metadata) => metadata,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return,
        Err(e) => return listed.wrong.push(format!("{path}: {e}")),
    };
    if metadata.is_file() {
        listed.files.insert(path.to_owned(), Entry::File);
        return;
    }
    if !metadata.is_dir() {
        return listed.wrong.push(format!("{path} is neither file nor directory"));
    }
    if depth == 0 {
        return listed.wrong.push(format!("{path} is too deep"));
    }
    let names = match std::fs::read_dir(&full).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
        Ok(names) => names,
        Err(e) => return listed.wrong.push(format!("{path}: {e}")),
    };
    let mut names: Vec<PathBuf> = names.into_iter().map(|entry| entry.file_name().into()).collect();
    names.sort();
    for name in names {
        let name = name.to_string_lossy();
        if *left == 0 {
            return;
        }
        *left -= 1;
        if !skip.contains(&&*name) {
            walk(root, &format!("{path}/{name}"), skip, depth - 1, left, listed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_in_the_tree_or_lead_out() {
        assert_eq!(
            joined(".claude/settings.json", "../conf/a.json").as_deref(),
            Some("conf/a.json")
        );
        assert_eq!(joined(".claude", "conf/./claude").as_deref(), Some("conf/claude"));
        assert_eq!(joined(".claude", "../x"), None);
        assert_eq!(joined(".claude", "/etc"), None);
        assert_eq!(joined(".claude", "."), None);
    }
}
