//! Refs that an act writes or deletes.
//!
//! A ref may be symbolic: a plain file that says `ref: <another>`, which whoever works in a repository can
//! make. git then writes to the other one, such as a branch of the user's.
//! Promise: no act begins while a ref that it writes is symbolic, as a file or in a reftable; only what HEAD
//! names is followed, once. Nothing is written here.
//! Must not know: what the act is for.

use crate::error::{AtPath, Error, Kind, Result};
use crate::git_program::git::Git;
use crate::git_program::own_files;
use crate::git_program::shadow::common_of;
use crate::limits::LINE_FILE_MAX_BYTES;
use crate::looking::checkout::Checkout;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Commands that move the branch which HEAD names, and write refs beside HEAD on the way.
const MOVING: &[&str] =
    &["am", "cherry-pick", "commit", "merge", "pull", "rebase", "reset", "revert"];
/// How refs beside HEAD end (gitglossary(7), "pseudoref"), and those that are named otherwise. NOTES_MERGE_REF
/// is symbolic by its nature, and nothing of ours merges notes.
const PSEUDO_END: &str = "_HEAD";
const PSEUDO: &[&str] =
    &["AUTO_MERGE", "BISECT_EXPECTED_REV", "MERGE_AUTOSTASH", "NOTES_MERGE_PARTIAL"];
/// Those that commands of ours write, for a storage that lists none.
const PSEUDO_WRITTEN: &[&str] = &[
    "AUTO_MERGE",
    "CHERRY_PICK_HEAD",
    "MERGE_AUTOSTASH",
    "MERGE_HEAD",
    "ORIG_HEAD",
    "REBASE_HEAD",
    "REVERT_HEAD",
];
/// Each checkout has these to itself (git-worktree(1), "Refs").
const OWN: &[&str] = &["refs/bisect/", "refs/rewritten/", "refs/worktree/"];
const SYMBOLIC: &[u8] = b"ref:";
/// What HEAD's file says where refs are no files (git-init(1), `--ref-format`).
const ELSEWHERE: &str = "refs/heads/.invalid";

/// Refuses when one of `names` is symbolic in the repository of `checkout`.
pub fn refuse_symbolic(git: &Git, checkout: &Checkout, names: &[&str]) -> Result<()> {
    let refs = Refs { git, git_dir: &checkout.git_dir, common: checkout.common.clone() };
    names.iter().try_for_each(|name| refs.refuse(name))
}

/// Refuses when a ref is symbolic that an act may write which moves the branch of `checkout`.
pub fn refuse_symbolic_in(git: &Git, checkout: &Checkout) -> Result<()> {
    let refs = Refs { git, git_dir: &checkout.git_dir, common: checkout.common.clone() };
    refs.refuse_moved()
}

/// Whether `name` is a symbolic ref, also one that leads nowhere.
pub(crate) fn is_symbolic(git: &Git, checkout: &Checkout, name: &str) -> Result<bool> {
    let refs = Refs { git, git_dir: &checkout.git_dir, common: checkout.common.clone() };
    refs.target(name).map(|target| target.is_some())
}

/// The ref that HEAD itself names. None when it is detached.
pub fn named_by_head(git: &Git, checkout: &Checkout) -> Result<Option<String>> {
    Refs { git, git_dir: &checkout.git_dir, common: checkout.common.clone() }.named_by_head()
}

/// Looks at what the act with these arguments writes, in the checkout with the git directory `git_dir`.
pub(crate) fn check(git: &Git, git_dir: &Path, args: &[OsString]) -> Result<()> {
    let Some(at) = command(args) else { return Ok(()) };
    let (command, rest) = (&args[at], &args[at + 1..]);
    let refs = Refs { git, git_dir, common: common_of(git_dir)? };
    let is_ref = |arg: &&OsString| arg.as_bytes().starts_with(b"refs/");
    if command == "update-ref" {
        for name in rest.iter().filter(is_ref) {
            refs.refuse(&name.to_string_lossy())?;
        }
    }
    if command == "worktree" {
        let branch = rest.iter().skip_while(|arg| *arg != "-b").nth(1);
        if let Some(branch) = branch {
            refs.refuse(&format!("refs/heads/{}", branch.to_string_lossy()))?;
        }
    }
    if MOVING.iter().any(|moving| command == moving) {
        refs.refuse_moved()?;
    }
    Ok(())
}

/// Where the command stands: settings for the whole call may come before.
pub(crate) fn command(args: &[OsString]) -> Option<usize> {
    args.iter().position(|arg| {
        let arg = arg.as_bytes();
        !arg.starts_with(b"-") && !arg.contains(&b'=')
    })
}

struct Refs<'a> {
    git: &'a Git,
    git_dir: &'a Path,
    common: PathBuf,
}

impl Refs<'_> {
    fn refuse(&self, name: &str) -> Result<()> {
        let file = self.file(name);
        if let Ok(metadata) = fs::symlink_metadata(&file) {
            own_files::plain(&file, metadata.file_type())?;
        }
        let Some(target) = self.target(name)? else { return Ok(()) };
        let text = format!(
            "{name} is a symbolic ref: what is written to it would go to {}; nothing was changed",
            target.escape_debug()
        );
        let hint =
            format!("see who made it so, and end that with `git symbolic-ref --delete {name}`");
        Err(Error::new(Kind::Refused, text).hint(hint))
    }

    fn refuse_moved(&self) -> Result<()> {
        self.refuse_pseudo()?;
        match self.named_by_head()? {
            Some(branch) => self.refuse(&branch),
            None => Ok(()),
        }
    }

    /// Refs beside HEAD.
    fn refuse_pseudo(&self) -> Result<()> {
        let is_pseudo = |name: &str| name.ends_with(PSEUDO_END) || PSEUDO.contains(&name);
        for entry in fs::read_dir(self.git_dir).at(self.git_dir)? {
            let name = entry.at(self.git_dir)?.file_name();
            if let Some(name) = name.to_str().filter(|name| is_pseudo(name)) {
                self.refuse(name)?;
            }
        }
        match self.is_reftable() {
            true => PSEUDO_WRITTEN.iter().try_for_each(|name| self.refuse(name)),
            false => Ok(()),
        }
    }

    /// What a symbolic ref names; none for any other.
    fn target(&self, name: &str) -> Result<Option<String>> {
        if let Some(target) = in_file(&self.file(name))?.filter(|target| target != ELSEWHERE) {
            return Ok(Some(target));
        }
        if !self.is_reftable() {
            return Ok(None);
        }
        let call = self.git.look(self.git_dir, &["symbolic-ref", "--quiet", "--no-recurse", name]);
        call.env("GIT_DIR", self.git_dir).find()
    }

    fn file(&self, name: &str) -> PathBuf {
        let own = !name.starts_with("refs/") || OWN.iter().any(|own| name.starts_with(own));
        if own { self.git_dir.join(name) } else { self.common.join(name) }
    }

    fn named_by_head(&self) -> Result<Option<String>> {
        self.target("HEAD")
    }

    /// A directory of that name beside refs that are files only costs a question.
    fn is_reftable(&self) -> bool {
        self.common.join("reftable").is_dir()
    }
}

/// What the file of a symbolic ref names. A symbolic link is one of the old kind.
fn in_file(file: &Path) -> Result<Option<String>> {
    let metadata = match fs::symlink_metadata(file) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        read => read.at(file)?,
    };
    if metadata.is_symlink() {
        return fs::read_link(file).at(file).map(|to| Some(to.display().to_string()));
    }
    if !metadata.is_file() {
        return Ok(None);
    }
    let mut beginning = Vec::new();
    let opened = File::open(file).at(file)?;
    opened.take(LINE_FILE_MAX_BYTES).read_to_end(&mut beginning).at(file)?;
    let Some(named) = beginning.strip_prefix(SYMBOLIC) else { return Ok(None) };
    let named = OsStr::from_bytes(named.trim_ascii());
    Ok(Some(named.to_string_lossy().into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_12_a_symbolic_ref_is_told_from_its_first_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ref");
        for (text, expected) in [
            ("ref: refs/heads/main\n", Some("refs/heads/main")),
            ("ref:refs/heads/main", Some("refs/heads/main")),
            ("ref:\t x \n\n", Some("x")),
            ("0123\n", None),
            (" ref: x", None),
            ("", None),
        ] {
            fs::write(&file, text).unwrap();
            assert_eq!(in_file(&file).unwrap().as_deref(), expected, "{text:?}");
        }
        fs::remove_file(&file).unwrap();
        assert_eq!(in_file(&file).unwrap(), None);
        std::os::unix::fs::symlink("refs/heads/x", &file).unwrap();
        assert_eq!(in_file(&file).unwrap().as_deref(), Some("refs/heads/x"));
    }
}
