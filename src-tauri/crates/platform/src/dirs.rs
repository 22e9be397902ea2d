//! Where state and sockets live: XDG directories, or one directory named by `NIGHTSHIFT_HOME`.
//!
//! Promise: paths are absolute, directories are private to the user (0700), and a socket path that
//! the kernel would refuse is refused here first, with the way out.
//! Must not know: what is kept in the files.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Moves all state and sockets into one directory.
pub const HOME_VARIABLE: &str = "NIGHTSHIFT_HOME";
/// `sockaddr_un.sun_path` on Linux, its final NUL included.
pub const SOCKET_PATH_MAX_BYTES: usize = 108;
/// As long as any session id: what the longest socket name is made of.
const LONGEST_ID: &str = "00000000";
const PRIVATE_DIR_MODE: u32 = 0o700;

#[derive(Debug, thiserror::Error)]
pub enum DirsError {
    #[error("neither HOME nor {HOME_VARIABLE} is set; set {HOME_VARIABLE} to a directory")]
    NoHome,
    #[error("{HOME_VARIABLE} is empty; unset it or set it to a directory")]
    EmptyHome,
    #[error("cannot tell the current directory: {0}")]
    CurrentDir(io::Error),
    #[error("cannot create {}: {source}; set {HOME_VARIABLE} to a directory you can write", .path.display())]
    Create { path: PathBuf, source: io::Error },
    #[error("{} cannot be written: {source}; make it writable or set {HOME_VARIABLE} to another directory", .path.display())]
    ReadOnly { path: PathBuf, source: io::Error },
    #[error("{} is not a directory; remove it or set {HOME_VARIABLE} elsewhere", .path.display())]
    NotADirectory { path: PathBuf },
    #[error("{} belongs to user {uid}, not to you; set {HOME_VARIABLE} to a directory of yours", .path.display())]
    NotOurs { path: PathBuf, uid: u32 },
    #[error(
        "socket path {} has {len} bytes; the limit is {}; set {HOME_VARIABLE} to a shorter directory",
        .path.display(), SOCKET_PATH_MAX_BYTES - 1
    )]
    SocketPathTooLong { path: PathBuf, len: usize },
}

/// The two directories everything lives in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    pub state: PathBuf,
    pub run: PathBuf,
}

impl Home {
    /// From the environment. Touches no file; call `ensure` before use.
    pub fn resolve() -> Result<Home, DirsError> {
        Home::from_variables(|name| env::var_os(name).map(PathBuf::from))
    }

    fn from_variables(get: impl Fn(&str) -> Option<PathBuf>) -> Result<Home, DirsError> {
        let absolute = |path: PathBuf| std::path::absolute(path).map_err(DirsError::CurrentDir);
        if let Some(dir) = get(HOME_VARIABLE) {
            if dir.as_os_str().is_empty() {
                return Err(DirsError::EmptyHome);
            }
            let state = absolute(dir)?;
            let run = state.join("run");
            return Ok(Home { state, run });
        }
        // The XDG specification: relative values are invalid and to be ignored.
        let xdg = |name: &str| get(name).filter(|path| path.is_absolute());
        let state = match xdg("XDG_STATE_HOME") {
            Some(dir) => dir.join("nightshift"),
            None => {
                let home = get("HOME").filter(|path| path.is_absolute());
                home.ok_or(DirsError::NoHome)?.join(".local/state/nightshift")
            }
        };
        let run = match xdg("XDG_RUNTIME_DIR") {
            Some(dir) => dir.join("nightshift"),
            None => state.join("run"),
        };
        Ok(Home { state, run })
    }

    /// The settings file: in the XDG configuration directory, or below `NIGHTSHIFT_HOME`.
    pub fn settings_file() -> Result<PathBuf, DirsError> {
        let get = |name: &str| env::var_os(name).map(PathBuf::from);
        settings_file(get, &Home::resolve()?)
    }

    pub fn jobs(&self) -> PathBuf {
        self.state.join("jobs")
    }

    /// The directory of one session.
    pub fn job(&self, id: &str) -> PathBuf {
        self.jobs().join(id)
    }

    pub fn supervisor_socket(&self) -> PathBuf {
        self.run.join("s.sock")
    }

    pub fn host_socket(&self, id: &str) -> PathBuf {
        self.run.join(format!("{id}.sock"))
    }

    pub fn lock_file(&self) -> PathBuf {
        self.run.join("daemon.lock")
    }

    pub fn database(&self) -> PathBuf {
        self.state.join("nightshift.db")
    }

    pub fn log_file(&self) -> PathBuf {
        self.state.join("daemon.log")
    }

    /// Creates the directories, makes them private and checks that sockets fit and that files can
    /// be made there.
    pub fn ensure(&self) -> Result<(), DirsError> {
        let longest = self.host_socket(LONGEST_ID);
        let len = longest.as_os_str().as_bytes().len();
        if len >= SOCKET_PATH_MAX_BYTES {
            return Err(DirsError::SocketPathTooLong { path: longest, len });
        }
        for dir in [&self.state, &self.jobs(), &self.run] {
            ensure_private(dir)?;
        }
        Ok(())
    }
}

/// Creates `dir` if it is missing; refuses one of another user; takes others' rights away.
fn settings_file(get: impl Fn(&str) -> Option<PathBuf>, home: &Home) -> Result<PathBuf, DirsError> {
    const NAME: &str = "settings.toml";
    if get(HOME_VARIABLE).is_some() {
        return Ok(home.state.join(NAME));
    }
    let absolute = |name: &str| get(name).filter(|path| path.is_absolute());
    let config = match absolute("XDG_CONFIG_HOME") {
        Some(dir) => dir,
        None => absolute("HOME").ok_or(DirsError::NoHome)?.join(".config"),
    };
    Ok(config.join("nightshift").join(NAME))
}

fn ensure_private(dir: &Path) -> Result<(), DirsError> {
    let failed = |source| DirsError::Create { path: dir.to_owned(), source };
    let read_only = |source| DirsError::ReadOnly { path: dir.to_owned(), source };
    fs::DirBuilder::new().recursive(true).mode(PRIVATE_DIR_MODE).create(dir).map_err(|source| {
        match source.kind() {
            io::ErrorKind::AlreadyExists => DirsError::NotADirectory { path: dir.to_owned() },
            _ => DirsError::Create { path: dir.to_owned(), source },
        }
    })?;
    let metadata = fs::metadata(dir).map_err(failed)?;
    if !metadata.is_dir() {
        return Err(DirsError::NotADirectory { path: dir.to_owned() });
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(DirsError::NotOurs { path: dir.to_owned(), uid: metadata.uid() });
    }
    if metadata.permissions().mode() & 0o777 != PRIVATE_DIR_MODE {
        let private = fs::Permissions::from_mode(PRIVATE_DIR_MODE);
        fs::set_permissions(dir, private).map_err(read_only)?;
    }
    // Asked of the kernel: a read-only file system shows in no permission bit.
    rustix::fs::access(dir, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK)
        .map_err(|error| read_only(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(variables: &[(&str, &str)]) -> Result<Home, DirsError> {
        Home::from_variables(|name| {
            variables.iter().find(|(n, _)| *n == name).map(|(_, value)| PathBuf::from(value))
        })
    }

    #[test]
    fn directories_follow_the_variables() {
        type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);
        let cases: &[Case<'_>] = &[
            (&[("NIGHTSHIFT_HOME", "/n"), ("HOME", "/h")], "/n", "/n/run"),
            (&[("HOME", "/h")], "/h/.local/state/nightshift", "/h/.local/state/nightshift/run"),
            (
                &[("HOME", "/h"), ("XDG_STATE_HOME", "/s"), ("XDG_RUNTIME_DIR", "/r")],
                "/s/nightshift",
                "/r/nightshift",
            ),
            (
                &[("HOME", "/h"), ("XDG_STATE_HOME", "relative"), ("XDG_RUNTIME_DIR", "")],
                "/h/.local/state/nightshift",
                "/h/.local/state/nightshift/run",
            ),
        ];
        for (variables, state, run) in cases {
            let home = resolve(variables).unwrap();
            assert_eq!(home, Home { state: state.into(), run: run.into() }, "{variables:?}");
        }
        assert!(matches!(resolve(&[]), Err(DirsError::NoHome)));
        assert!(matches!(resolve(&[("NIGHTSHIFT_HOME", "")]), Err(DirsError::EmptyHome)));
        assert!(resolve(&[("NIGHTSHIFT_HOME", "here")]).unwrap().state.is_absolute());
    }

    #[test]
    fn ensure_makes_private_directories_and_narrows_open_ones() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home { state: dir.path().join("n"), run: dir.path().join("n/run") };
        fs::create_dir_all(&home.run).unwrap();
        fs::set_permissions(&home.run, fs::Permissions::from_mode(0o777)).unwrap();
        home.ensure().unwrap();
        for dir in [&home.state, &home.jobs(), &home.run] {
            assert_eq!(fs::metadata(dir).unwrap().permissions().mode() & 0o777, 0o700, "{dir:?}");
        }
    }

    #[test]
    fn a_socket_path_that_does_not_fit_is_refused_with_the_way_out() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().as_os_str().as_bytes().len();
        // run/00000000.sock and two separators beside the padding.
        let fixed = base + "/".len() + "/00000000.sock".len();
        for (len, fits) in [(107, true), (108, false), (200, false)] {
            let run = dir.path().join("x".repeat(len - fixed));
            let home = Home { state: dir.path().join("s"), run };
            match home.ensure() {
                Ok(()) => assert!(fits, "{len}"),
                Err(error) => {
                    assert!(!fits, "{len}: {error}");
                    let text = error.to_string();
                    assert!(text.contains("107") && text.contains("NIGHTSHIFT_HOME"), "{text}");
                }
            }
        }
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("n"), "").unwrap();
        let home = Home { state: dir.path().join("n"), run: dir.path().join("n/run") };
        let text = home.ensure().unwrap_err().to_string();
        assert!(text.contains("is not a directory"), "{text}");
    }

    #[test]
    fn the_settings_file_is_configuration() {
        let home = Home { state: "/s".into(), run: "/r".into() };
        for (variables, expected) in [
            (vec![("NIGHTSHIFT_HOME", "/s"), ("HOME", "/h")], "/s/settings.toml"),
            (vec![("HOME", "/h")], "/h/.config/nightshift/settings.toml"),
            (vec![("XDG_CONFIG_HOME", "/c"), ("HOME", "/h")], "/c/nightshift/settings.toml"),
            (
                vec![("XDG_CONFIG_HOME", "relative"), ("HOME", "/h")],
                "/h/.config/nightshift/settings.toml",
            ),
        ] {
            let get = |name: &str| {
                variables.iter().find(|(n, _)| *n == name).map(|(_, v)| PathBuf::from(v))
            };
            assert_eq!(settings_file(get, &home).unwrap(), PathBuf::from(expected));
        }
        assert!(settings_file(|_| None, &home).is_err());
    }
}
