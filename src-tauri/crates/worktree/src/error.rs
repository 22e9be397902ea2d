//! What went wrong with a worktree: a kind to branch on, a message to read, a hint to act on.

use std::path::Path;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The repository or the request does not allow it.
    Refused,
    /// Something has the place already.
    Taken,
    NotFound,
    /// Several have that name.
    Ambiguous,
    /// git said no.
    Git,
    /// The setup or teardown script failed.
    Script,
    /// Another process has kept a lock too long.
    Busy,
    Io,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    pub kind: Kind,
    pub message: String,
    /// What to do next; may be empty.
    pub hint: String,
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Error {
        Error { kind, message: message.into(), hint: String::new() }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Error {
        self.hint = hint.into();
        self
    }

    pub(crate) fn io(path: &Path, error: &std::io::Error) -> Error {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => Kind::NotFound,
            std::io::ErrorKind::AlreadyExists => Kind::Taken,
            std::io::ErrorKind::TimedOut => Kind::Busy,
            _ => Kind::Io,
        };
        Error::new(kind, format!("{}: {error}", path.display()))
    }
}

/// Names the path that an operation failed on.
pub(crate) trait AtPath<T> {
    fn at(self, path: &Path) -> Result<T>;
}

impl<T> AtPath<T> for std::io::Result<T> {
    fn at(self, path: &Path) -> Result<T> {
        self.map_err(|error| Error::io(path, &error))
    }
}
