//! The files of a commit as a worktree of it will have them: with ignored files of the main checkout
//! copied in, and links followed part by part as the kernel does.
//!
//! Promise: nothing is fetched; a link that goes in a circle, a submodule that is not at hand and
//! whatever git does not have are errors and never "nothing there".

use crate::limits::{LINK_MAX_BYTES, LINKS_MAX};
use crate::tree::Entry;
use nightshift_worktree::{Git, pieces, text};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

/// What `ls-tree` calls a directory, a link and a submodule.
const DIRECTORY: &str = "040000";
const LINK: &str = "120000";
const SUBMODULE: &str = "160000";

pub struct Committed<'a> {
    git: &'a Git,
    root: &'a Path,
    commit: &'a str,
    /// Ignored files of the main checkout that will be there too, where the commit has nothing.
    copies: BTreeSet<PathBuf>,
    /// Whether there are submodules that a worktree could be filled from.
    modules: bool,
    known: RefCell<BTreeMap<String, Rc<Children>>>,
}

type Children = BTreeMap<OsString, Child>;

#[derive(Clone)]
enum Child {
    Directory(String),
    File(String),
    Link(String),
    Submodule(String),
}

/// A directory, by the path that it has without any link.
#[derive(Clone)]
pub struct Directory {
    pub path: PathBuf,
    /// The repository that has its object.
    at: PathBuf,
    /// None: only copies are in it.
    object: Option<String>,
}

/// What stands under one name.
pub enum Stands {
    Directory(Directory),
    File(Entry),
    /// A link's target.
    Link(PathBuf),
}

/// Where a path leads.
pub enum Leads {
    Nowhere,
    Directory(Directory),
    File(Entry),
    /// Through a link to where the commit says nothing.
    Away {
        /// Where that is one place wherever the worktree is.
        place: Option<PathBuf>,
        /// What the link says, where it is the last part of the path.
        said: Option<String>,
    },
}

impl<'a> Committed<'a> {
    pub fn new(
        git: &'a Git,
        root: &'a Path,
        commit: &'a str,
        common: Option<&Path>,
        copies: impl IntoIterator<Item = PathBuf>,
    ) -> Committed<'a> {
        let modules = common.is_some_and(|common| common.join("modules").exists());
        let copies = copies.into_iter().collect();
        Committed { git, root, commit, copies, modules, known: RefCell::default() }
    }

    pub fn read(&self, at: &Path, object: &str, max: u64) -> Result<Vec<u8>, String> {
        let sized = self.git.look(at, &["cat-file", "-s"]).arg(object).line();
        let size = sized.map_err(|error| error.message)?;
        if size.parse::<u64>().ok().is_none_or(|size| size > max) {
            return Err(format!("it has more than {max} bytes"));
        }
        let bytes = self.git.look(at, &["cat-file", "blob"]).arg(object).read();
        bytes.map_err(|error| error.message)
    }

    pub fn resolve(&self, path: &Path) -> Result<Leads, String> {
        let mut trail = vec![self.top()];
        let mut rest: Vec<OsString> = parts(path);
        let mut links = 0;
        let mut said = None;
        while let Some(name) = rest.pop() {
            match name.as_bytes() {
                b"." => continue,
                b".." if trail.len() > 1 => {
                    trail.pop();
                    continue;
                }
                b".." => return Ok(Leads::Away { place: None, said }),
                _ => {}
            }
            let Some(here) = trail.last() else { return Ok(Leads::Nowhere) };
            match self.stands(here, &name)? {
                None => return Ok(nowhere(said)),
                Some(Stands::Directory(directory)) => trail.push(directory),
                Some(Stands::File(entry)) if rest.is_empty() => return Ok(Leads::File(entry)),
                Some(Stands::File(_)) => return Ok(nowhere(said)),
                Some(Stands::Link(target)) => {
                    links += 1;
                    if links > LINKS_MAX {
                        return Err("it leads through too many links".to_owned());
                    }
                    if rest.is_empty() {
                        said.get_or_insert_with(|| target.display().to_string());
                    }
                    if target.is_absolute() {
                        let place = rest.iter().rev().fold(target, |place, part| place.join(part));
                        return Ok(Leads::Away { place: Some(place), said });
                    }
                    rest.extend(parts(&target));
                }
            }
        }
        Ok(trail.pop().map_or(Leads::Nowhere, Leads::Directory))
    }

    /// Every name of a directory with what stands there.
    pub fn entries(&self, directory: &Directory) -> Result<BTreeMap<OsString, Stands>, String> {
        let mut names: BTreeSet<OsString> = BTreeSet::new();
        if let Some(object) = &directory.object {
            names.extend(self.children(&directory.at, object)?.keys().cloned());
        }
        let from = self.copies.range(directory.path.clone()..);
        for copy in from.take_while(|copy| copy.starts_with(&directory.path)) {
            let below = copy.strip_prefix(&directory.path).ok();
            let first = below.and_then(|below| below.iter().next());
            names.extend(first.map(OsStr::to_owned));
        }
        let mut found = BTreeMap::new();
        for name in names {
            let stands = self.stands(directory, &name)?;
            found.extend(stands.map(|stands| (name, stands)));
        }
        Ok(found)
    }

    /// Reads all directories below one at once, where their number allows.
    pub fn read_ahead(&self, directory: &Directory) -> Result<(), String> {
        let Some(object) = &directory.object else { return Ok(()) };
        let call = self.git.look(&directory.at, &["ls-tree", "-r", "-t", "-z", "--full-tree"]);
        let printed = call.arg(object).read().map_err(|error| error.message)?;
        let mut directories = BTreeMap::from([(PathBuf::new(), object.clone())]);
        let mut all: BTreeMap<PathBuf, Children> = BTreeMap::new();
        all.insert(PathBuf::new(), Children::new());
        for (path, child) in pieces(&printed).filter_map(line) {
            if let Child::Directory(object) = &child {
                directories.insert(path.clone(), object.clone());
            }
            let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { continue };
            all.entry(parent.to_owned()).or_default().insert(name.to_owned(), child);
        }
        let mut known = self.known.borrow_mut();
        for (path, children) in all {
            if let Some(object) = directories.get(&path) {
                known.insert(object.clone(), Rc::new(children));
            }
        }
        Ok(())
    }

    fn top(&self) -> Directory {
        let object = Some(self.commit.to_owned());
        Directory { path: PathBuf::new(), at: self.root.to_owned(), object }
    }

    fn children(&self, at: &Path, object: &str) -> Result<Rc<Children>, String> {
        if let Some(known) = self.known.borrow().get(object) {
            return Ok(Rc::clone(known));
        }
        let call = self.git.look(at, &["ls-tree", "-z", "--full-tree"]).arg(object);
        let printed = call.read().map_err(|error| error.message)?;
        let children = pieces(&printed).filter_map(line);
        let children = children.map(|(path, child)| (path.into_os_string(), child));
        let children = Rc::new(children.collect::<Children>());
        self.known.borrow_mut().insert(object.to_owned(), Rc::clone(&children));
        Ok(children)
    }

    /// What stands under a name. What the commit has there stays; copies come beside it.
    fn stands(&self, here: &Directory, name: &OsStr) -> Result<Option<Stands>, String> {
        let path = here.path.join(name);
        let child = match &here.object {
            Some(object) => self.children(&here.at, object)?.get(name).cloned(),
            None => None,
        };
        let entry = |object| Entry::Object { at: here.at.clone(), object };
        let directory = |object| Directory { path: path.clone(), at: here.at.clone(), object };
        Ok(match child {
            Some(Child::Directory(object)) => Some(Stands::Directory(directory(Some(object)))),
            Some(Child::File(object)) => Some(Stands::File(entry(object))),
            Some(Child::Link(object)) => {
                let target = self.read(&here.at, &object, LINK_MAX_BYTES)?;
                Some(Stands::Link(OsString::from_vec(target).into()))
            }
            Some(Child::Submodule(object)) => {
                self.submodule(here, &path, object)?.map(Stands::Directory)
            }
            None if self.copies.contains(&path) => {
                let full = self.root.join(&path);
                match std::fs::read_link(&full) {
                    Ok(target) => Some(Stands::Link(target)),
                    Err(_) => Some(Stands::File(Entry::Disk(full))),
                }
            }
            None => self.has_copies(&path).then(|| Stands::Directory(directory(None))),
        })
    }

    fn has_copies(&self, path: &Path) -> bool {
        let next = self.copies.range(path.to_owned()..).next();
        next.is_some_and(|copy| copy.starts_with(path))
    }

    /// What a worktree fills it with: its commit, from the main checkout. Those inside of one stay empty.
    fn submodule(
        &self,
        here: &Directory,
        path: &Path,
        object: String,
    ) -> Result<Option<Directory>, String> {
        if !self.modules || here.at != self.root {
            return Ok(None);
        }
        let at = self.root.join(path);
        if std::fs::symlink_metadata(at.join(".git")).is_err() {
            return Err("it is a submodule that is not checked out".to_owned());
        }
        Ok(Some(Directory { path: path.to_owned(), at, object: Some(object) }))
    }
}

/// A link that leads to nothing yet is not nothing.
fn nowhere(said: Option<String>) -> Leads {
    if said.is_some() { Leads::Away { place: None, said } } else { Leads::Nowhere }
}

/// The parts of a path, the first one last.
fn parts(path: &Path) -> Vec<OsString> {
    let part = |part: Component<'_>| match part {
        Component::RootDir | Component::Prefix(_) => None,
        other => Some(other.as_os_str().to_owned()),
    };
    path.components().rev().filter_map(part).collect()
}

fn line(line: &[u8]) -> Option<(PathBuf, Child)> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let (about, path) = (text(&line[..tab]), &line[tab + 1..]);
    let mut about = about.split(' ');
    let (mode, object) = (about.next()?, about.nth(1)?.to_owned());
    let child = match mode {
        DIRECTORY => Child::Directory(object),
        LINK => Child::Link(object),
        SUBMODULE => Child::Submodule(object),
        _ => Child::File(object),
    };
    Some((OsString::from_vec(path.to_vec()).into(), child))
}
