//! A git directory of ours in place of one that anybody may have written.
//!
//! It has the other's HEAD, and links to its objects and branches; its configuration is written here
//! and holds only how files are to be compared. So nothing of the other's configuration counts, not
//! even what git will know of next year.
//! Promise: nothing is written to the other; what is not exactly as git itself makes it (links, pipes,
//! files that are too large, unknown extensions) is an error, so that it is not looked into.

use crate::error::{AtPath, Error, Kind, Result};
use crate::git_program::git::{Call, Git, pieces};
use crate::git_program::temporary;
use crate::limits::{
    CONFIGURATION_MAX_BYTES, EMBEDDED_LIMITS, EMBEDDED_TIMEOUT, LINE_FILE_MAX_BYTES,
};
use crate::looking::place;
use nightshift_platform::files::read_bounded;
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// How files are compared; values that git itself writes there.
const TAKEN_OVER: &[(&str, &[&str])] = &[
    ("core.autocrlf", &["true", "false", "input"]),
    ("core.eol", &["lf", "crlf", "native"]),
    ("core.filemode", &["true", "false"]),
    ("core.symlinks", &["true", "false"]),
    ("core.repositoryformatversion", &["0", "1"]),
    ("extensions.objectformat", &["sha1", "sha256"]),
    ("extensions.refstorage", &["files", "reftable"]),
];
/// Extensions without which it can be read all the same.
const LEFT_OUT: &[&str] = &[
    "extensions.noop",
    "extensions.partialclone",
    "extensions.preciousobjects",
    "extensions.relativeworktrees",
    "extensions.worktreeconfig",
];
/// Files of the git directory that git reads and that must be plain or absent.
const OWN_FILES: &[&str] = &["HEAD", "index"];
const SHARED_FILES: &[&str] =
    &["config", "packed-refs", "shallow", "info/exclude", "objects/info/alternates"];

pub(crate) struct Shadow {
    dir: TempDir,
    index: PathBuf,
    root: PathBuf,
}

impl Shadow {
    /// Of the repository whose files are in `root`. `within`: where its git directory may be when
    /// `.git` is a file.
    pub fn of(git: &Git, root: &Path, within: &Path) -> Result<Shadow> {
        let own = git_dir(root, within)?;
        let common = common_of(&own)?;
        for (dir, files) in [(&own, OWN_FILES), (&common, SHARED_FILES)] {
            for file in files {
                plain(&dir.join(file))?;
            }
        }
        let dir = temporary::directory()?;
        let head = own.join("HEAD");
        let text = read_bounded(&head, LINE_FILE_MAX_BYTES).at(&head)?;
        let to = dir.path().join("HEAD");
        fs::write(&to, text).at(&to)?;
        for name in ["objects", "refs"] {
            let (from, to) = (common.join(name), dir.path().join(name));
            directory(&from)?;
            symlink(&from, &to).at(&to)?;
        }
        for name in ["packed-refs", "shallow", "reftable"] {
            let (from, to) = (common.join(name), dir.path().join(name));
            if fs::symlink_metadata(&from).is_ok() {
                symlink(&from, &to).at(&to)?;
            }
        }
        let info = dir.path().join("info");
        fs::create_dir(&info).at(&info)?;
        let exclude = common.join("info/exclude");
        if let Some(text) = read_if_there(&exclude)? {
            fs::write(info.join("exclude"), text).at(&info)?;
        }
        let config = configuration(git, dir.path(), &common)?;
        let to = dir.path().join("config");
        fs::write(&to, config).at(&to)?;
        Ok(Shadow { dir, index: own.join("index"), root: root.to_owned() })
    }

    /// A look at the other repository's files, in its place.
    pub fn look<'a>(&'a self, git: &'a Git, args: &[&str]) -> Call<'a> {
        git.look(&self.root, args)
            .env("GIT_DIR", self.dir.path())
            .env("GIT_WORK_TREE", &self.root)
            .env("GIT_INDEX_FILE", &self.index)
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .within(EMBEDDED_TIMEOUT, EMBEDDED_LIMITS)
            .ours()
    }
}

/// The directory `.git`, or where a file of that name points to: below `within`, or to a directory
/// that points back.
fn git_dir(root: &Path, within: &Path) -> Result<PathBuf> {
    let dot_git = root.join(".git");
    let metadata = fs::symlink_metadata(&dot_git).at(&dot_git)?;
    if metadata.is_dir() {
        return Ok(dot_git);
    }
    let named = place::pointer(&dot_git, "gitdir: ")?;
    let named = fs::canonicalize(&named).at(&named)?;
    let back = || place::pointer(&named.join("gitdir"), "").is_ok_and(|back| back == dot_git);
    if named.starts_with(within) || back() {
        return Ok(named);
    }
    Err(odd(&dot_git, &format!("leads to {}", named.display())))
}

/// Where objects and branches are: of a linked worktree not in its own git directory.
pub(crate) fn common_of(own: &Path) -> Result<PathBuf> {
    let file = own.join("commondir");
    match fs::symlink_metadata(&file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(own.to_owned()),
        Err(error) => Err(Error::io(&file, &error)),
        Ok(_) => {
            let named = place::pointer(&file, "")?;
            let common = fs::canonicalize(&named).at(&named)?;
            let own = fs::canonicalize(own).at(own)?;
            let inside = own.parent() == Some(&common.join("worktrees"));
            if inside { Ok(common) } else { Err(odd(&file, "leads elsewhere")) }
        }
    }
}

/// A plain file, or nothing.
fn plain(path: &Path) -> Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(path, &error)),
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata)),
        Ok(_) => Err(odd(path, "is no plain file")),
    }
}

fn directory(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path).at(path)?.is_dir() {
        true => Ok(()),
        false => Err(odd(path, "is no directory")),
    }
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>> {
    match plain(path)? {
        Some(_) => read_bounded(path, CONFIGURATION_MAX_BYTES as u64).at(path).map(Some),
        None => Ok(None),
    }
}

/// The lines of our configuration: what of the other's is known to be harmless.
fn configuration(git: &Git, ours: &Path, common: &Path) -> Result<String> {
    let mut lines = String::from("[core]\n\tbare = false\n");
    let Some(text) = read_if_there(&common.join("config"))? else { return Ok(lines) };
    // From a copy, and without what it includes: the file itself may be another by now.
    let copy = ours.join("read");
    fs::write(&copy, text).at(&copy)?;
    let call = git.look(ours, &["config", "--no-includes", "--null", "--list", "--file"]);
    // Our directory is no repository yet; nothing above it is meant.
    let call = call.arg(&copy).env("GIT_CEILING_DIRECTORIES", ours.parent().unwrap_or(ours));
    let printed = call.within(EMBEDDED_TIMEOUT, EMBEDDED_LIMITS).read()?;
    for piece in pieces(&printed) {
        let setting = String::from_utf8_lossy(piece);
        let (name, value) = setting.split_once('\n').unwrap_or((&setting, "true"));
        let row = TAKEN_OVER.iter().find(|(taken, _)| *taken == name);
        match row {
            Some((_, values)) if values.contains(&value) => {
                let (section, name) = name.split_once('.').unwrap_or((name, ""));
                lines.push_str(&format!("[{section}]\n\t{name} = {value}\n"));
            }
            Some(_) => return Err(odd(common, &format!("sets {name} to what is not understood"))),
            None if name.starts_with("extensions.") && !LEFT_OUT.contains(&name) => {
                return Err(odd(common, &format!("needs {name}, which is not known")));
            }
            None => {}
        }
    }
    Ok(lines)
}

fn odd(path: &Path, what: &str) -> Error {
    Error::new(Kind::Refused, format!("{} {what}", path.display()))
}
