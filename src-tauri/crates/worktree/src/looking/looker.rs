//! Who looks at repositories for people's eyes: libgit2 in a child with limits (decision 29), and the
//! hardened `git` program where a repository is beyond libgit2.
//!
//! Promise: a repository that hangs, crashes or misleads its reader is unknown and costs the others
//! nothing; the program is asked only of what libgit2 says it cannot read; what neither can tell is an
//! error, never empty. Nothing is removed on its word: `inspect` asks the program.
//! Must not know: what is looked for. All calls block.

use crate::error::{Error, Kind};
use crate::git_program::git::{Git, pieces};
use crate::looking::place;
use nightshift_git_reader::{
    Answer, Autocrlf, Bytes, Eol, Looking, Reader, Request, Seen, Unknown, UnknownKind,
    UserSettings,
};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the user may have set that decides what a change is.
const USER_SETTINGS: &str = "^core\\.(attributesfile|autocrlf|checkstat|eol|excludesfile|filemode|\
                             ignorecase|symlinks|trustctime)$";
/// Files that count where no setting names another, in the user's directory of configuration.
const IGNORE: &str = "git/ignore";
const ATTRIBUTES: &str = "git/attributes";
const SYSTEM_ATTRIBUTES: &str = "/etc/gitattributes";

/// The reader of the supervisor's lifetime, and git in one environment.
#[derive(Clone, Debug)]
pub struct Looker {
    git: Git,
    reader: Option<Arc<Reader>>,
}

/// The word that makes our program a reader.
const READER: &str = "git-reader";

/// The reader for a whole process's life; `binary` is our own program.
pub fn reader(binary: &Path) -> Arc<Reader> {
    Arc::new(Reader::new([binary.as_os_str().to_owned(), READER.into()]))
}

impl Looker {
    pub fn new(git: Git, reader: Arc<Reader>) -> Looker {
        Looker { git, reader: Some(reader) }
    }

    /// Asks the program alone.
    pub fn of_program(git: Git) -> Looker {
        Looker { git, reader: None }
    }

    pub fn git(&self) -> &Git {
        &self.git
    }

    /// Looks at heads, branches and the like, one after the other.
    pub(crate) fn begin(&self) -> Looks<'_> {
        self.looks(UserSettings::default())
    }

    /// Looks at files too, with what the user's own configuration says of them. By the program alone
    /// where that says something that libgit2 would read otherwise.
    pub(crate) fn begin_files(&self) -> Looks<'_> {
        match self.reader.as_ref().and_then(|_| user_settings(&self.git)) {
            Some(user) => self.looks(user),
            None => Looks { looking: None },
        }
    }

    fn looks(&self, user: UserSettings) -> Looks<'_> {
        Looks { looking: self.reader.as_deref().map(|reader| reader.begin(user)) }
    }
}

/// Looks one after the other, by one child as long as it lasts.
pub(crate) struct Looks<'a> {
    looking: Option<Looking<'a>>,
}

/// What came of one look.
pub(crate) enum Told {
    Seen(Box<Seen>),
    /// The program may be able to tell.
    AskProgram,
    /// Nobody is asked any more: what keeps the reader busy or misleads it may do the same to git.
    Unknown(Error),
}

impl Looks<'_> {
    /// `request` is none where only the program can follow where `.git` leads.
    pub fn look(&mut self, request: Option<&Request>) -> Told {
        let (Some(looking), Some(request)) = (&mut self.looking, request) else {
            return Told::AskProgram;
        };
        match looking.look(request) {
            Answer::Seen(seen) => Told::Seen(seen),
            Answer::CannotRead { .. } => Told::AskProgram,
            Answer::Unknown(unknown) => match unknown.kind {
                // Nothing was read; or the user may have said that the other owner is fine.
                UnknownKind::NotStarted | UnknownKind::Owner => Told::AskProgram,
                UnknownKind::TimeOut
                | UnknownKind::Crashed
                | UnknownKind::OutOfMemory
                | UnknownKind::NoRepository
                | UnknownKind::Elsewhere
                | UnknownKind::Refused
                | UnknownKind::Damaged => Told::Unknown(error(&request.directory, &unknown)),
            },
        }
    }
}

fn error(directory: &Path, unknown: &Unknown) -> Error {
    let text = format!("{} was not looked into: {}", directory.display(), unknown.why.as_str());
    Error::new(Kind::Refused, text).hint(unknown.hint())
}

/// A checkout whose `.git` is a directory or a file of git's. None for a link, and where there is none.
pub(crate) fn request(root: &Path) -> Option<Request> {
    let dot_git = root.join(".git");
    let kind = std::fs::symlink_metadata(&dot_git).ok()?.file_type();
    if kind.is_dir() {
        return Some(Request::own(root));
    }
    let (git_directory, common) = elsewhere(&dot_git)?;
    Some(Request::linked(root, &git_directory, &common))
}

/// Where a `.git` file says that git's own files are: of the checkout, and of the repository.
pub(crate) fn elsewhere(dot_git: &Path) -> Option<(PathBuf, PathBuf)> {
    let named = place::pointer(dot_git, "gitdir: ").ok()?;
    let git_directory = std::fs::canonicalize(named).ok()?;
    let file = git_directory.join("commondir");
    let common = match std::fs::symlink_metadata(&file) {
        Ok(_) => std::fs::canonicalize(place::pointer(&file, "").ok()?).ok()?,
        Err(_) => git_directory.clone(),
    };
    Some((git_directory, common))
}

/// None where they cannot be read, or hold what the reader does not take over.
fn user_settings(git: &Git) -> Option<UserSettings> {
    let var = |name: &str| git.script_environment().get(OsStr::new(name)).map(PathBuf::from);
    let configuration = var("XDG_CONFIG_HOME").filter(|dir| dir.is_absolute());
    let configuration = configuration.or_else(|| var("HOME").map(|home| home.join(".config")));
    let at = |file: &str| configuration.as_ref().map(|dir| dir.join(file)).filter(|f| f.exists());
    if at(ATTRIBUTES).is_some() || Path::new(SYSTEM_ATTRIBUTES).exists() {
        return None;
    }
    let excludes = at(IGNORE).map(|path| Bytes::from(path.as_path()));
    let mut user = UserSettings { excludes, ..UserSettings::default() };
    // Outside of any repository: the user's and the machine's settings.
    let args = ["config", "--includes", "--show-scope", "--null", "--type=path", "--get-regexp"];
    let ended = git.look(Path::new("/"), &args).arg(USER_SETTINGS).end().ok()?;
    match ended.code {
        Some(0) => {}
        // None of them is set.
        Some(1) => return Some(user),
        Some(_) | None => return None,
    }
    let printed: Vec<&[u8]> = pieces(&ended.stdout).collect();
    let (settings, _) = printed.as_chunks::<2>();
    for [scope, setting] in settings {
        if matches!(*scope, b"system" | b"global") {
            take(&mut user, setting)?;
        }
    }
    Some(user)
}

fn take(user: &mut UserSettings, setting: &[u8]) -> Option<()> {
    let end = setting.iter().position(|&b| b == b'\n')?;
    let (name, value) = (&setting[..end], &setting[end + 1..]);
    let lower = value.to_ascii_lowercase();
    match (name, &lower[..]) {
        (b"core.excludesfile", _) => {
            let path = Path::new(OsStr::from_bytes(value));
            user.excludes = Some(path).filter(|path| path.is_absolute()).map(Bytes::from);
            user.excludes.as_ref()?;
        }
        (b"core.autocrlf", b"input") => user.autocrlf = Some(Autocrlf::Input),
        (b"core.autocrlf", b"true" | b"yes" | b"on" | b"1") => user.autocrlf = Some(Autocrlf::True),
        (b"core.autocrlf", b"false" | b"no" | b"off" | b"0") => {
            user.autocrlf = Some(Autocrlf::False);
        }
        (b"core.eol", b"lf") => user.eol = Some(Eol::Lf),
        (b"core.eol", b"crlf") => user.eol = Some(Eol::Crlf),
        (b"core.eol", b"native") => user.eol = Some(Eol::Native),
        // As the reader has them anyway.
        (b"core.filemode" | b"core.symlinks" | b"core.trustctime", b"true") => {}
        (b"core.ignorecase", b"false") => {}
        (b"core.checkstat", b"default") => {}
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_the_users_are_taken_or_leave_it_to_the_program() {
        let taken = |setting: &str| {
            let mut user = UserSettings::default();
            take(&mut user, setting.as_bytes()).map(|()| user)
        };
        let user = taken("core.excludesfile\n/home/me/ignore").unwrap();
        assert_eq!(user.excludes.unwrap().as_path(), Path::new("/home/me/ignore"));
        assert_eq!(taken("core.autocrlf\nInput").unwrap().autocrlf, Some(Autocrlf::Input));
        assert_eq!(taken("core.eol\ncrlf").unwrap().eol, Some(Eol::Crlf));
        assert_eq!(taken("core.filemode\ntrue").unwrap(), UserSettings::default());
        for left in [
            "core.excludesfile\nignore",
            "core.autocrlf",
            "core.autocrlf\nmaybe",
            "core.filemode\nfalse",
            "core.ignorecase\ntrue",
            "core.attributesfile\n/x",
            "core.checkstat\nminimal",
        ] {
            assert_eq!(taken(left), None, "{left}");
        }
    }
}
