//! Where state and sockets live: XDG directories, or one directory named by `NIGHTSHIFT_HOME`.
//!
//! Promise: paths are absolute, directories are private to the user (0700) and what stands in them is
//! too, and a socket path that the kernel would refuse is refused here first, with the way out. A
//! directory behind a link is never made private or filled: it is right already, or refused.
//! Must not know: what is kept in the files.

use crate::process::Variables;
use rustix::fs::{Mode, OFlags};
use std::ffi::OsStr;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Moves all state and sockets into one directory.
pub const HOME_VARIABLE: &str = "NIGHTSHIFT_HOME";
/// `sockaddr_un.sun_path` on Linux, its final NUL included.
pub const SOCKET_PATH_MAX_BYTES: usize = 108;
/// As much of a tag as a mark has room for.
const TAG_BITS: u32 = 20;
/// As long as any session id: what the longest socket name is made of.
const LONGEST_ID: &str = "00000000";
const PRIVATE_DIR_MODE: u32 = 0o700;
const PERMISSIONS: u32 = 0o777;
/// What stands in the state directory, by the beginnings of its names: the directory may be one that
/// holds other things of the user's too.
const OUR_NAMES: &[&str] = &[
    "nightshift.db",
    "daemon.log",
    "worktrees",
    "rehearsal",
    "reserve",
    "enclosures",
    "scratch",
    "window-closed-once",
];

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
    #[error(
        "{} is a link to {}, {why}; set {HOME_VARIABLE} to a directory, or make that one yours and mode 0700",
        .path.display(), .target.display()
    )]
    UnfitLink { path: PathBuf, target: PathBuf, why: String },
    #[error("{} belongs to user {uid}, not to you; set {HOME_VARIABLE} to a directory of yours", .path.display())]
    NotOurs { path: PathBuf, uid: u32 },
    #[error(
        "socket path {} has {len} bytes; the limit is {}; set {HOME_VARIABLE} to a shorter directory",
        .path.display(), SOCKET_PATH_MAX_BYTES - 1
    )]
    SocketPathTooLong { path: PathBuf, len: usize },
}

/// The file that the supervisor locks, beside its socket.
pub const LOCK_FILE: &str = "daemon.lock";

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

    /// The home that process `pid` would use now, by the variables that it was started with.
    pub fn of_process(pid: u32) -> io::Result<Option<Home>> {
        let variables = Variables::of(pid)?;
        let value = |name: &str| {
            let first = variables.values(name).next()?;
            Some(PathBuf::from(OsStr::from_bytes(first)))
        };
        // Where it was started nobody knows any more.
        let cwd = fs::read_link(format!("/proc/{pid}/cwd"))?;
        let home = Home::from_variables(|name| match value(name) {
            Some(dir) if name == HOME_VARIABLE && !dir.as_os_str().is_empty() => {
                Some(cwd.join(dir))
            }
            other => other,
        });
        Ok(home.ok())
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

    /// Where the definitions of routines are: beside the settings file.
    pub fn routines() -> Result<PathBuf, DirsError> {
        Ok(Home::settings_file()?.with_file_name("routines"))
    }

    /// Where runs of routines work that have no repository: an empty directory each.
    pub fn scratch(&self) -> PathBuf {
        self.state.join("scratch")
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
        self.run.join(LOCK_FILE)
    }

    pub fn database(&self) -> PathBuf {
        self.state.join("nightshift.db")
    }

    pub fn log_file(&self) -> PathBuf {
        self.state.join("daemon.log")
    }

    /// There once the window was closed for the first time.
    pub fn first_close_mark(&self) -> PathBuf {
        self.state.join("window-closed-once")
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
        let ours = |name: &str| OUR_NAMES.iter().any(|own| name.starts_with(own));
        narrow_all(&self.state, ours)?;
        narrow_all(&self.jobs(), |_| true)
    }
}

/// Whether two names are those of one directory, which need not be there any more.
pub fn is_same(one: &Path, other: &Path) -> bool {
    one == other || real(one) == real(other)
}

/// Whether `dir` is `above` or below it, by whatever names.
pub fn is_below(dir: &Path, above: &Path) -> bool {
    real(dir).starts_with(real(above))
}

/// A number for `dir`, the same in each process and by whatever name; never 0. FNV-1a.
pub fn tag(dir: &Path) -> u32 {
    const OFFSET: u32 = 0x811c_9dc5;
    const PRIME: u32 = 0x0100_0193;
    let path = real(dir);
    let bytes = path.as_os_str().as_bytes().iter();
    let hash = bytes.fold(OFFSET, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(PRIME));
    // All of it counts in the bits that are kept.
    (hash >> TAG_BITS ^ hash) % ((1 << TAG_BITS) - 1) + 1
}

/// Without links, dots and doubled slashes, as far as it exists.
fn real(path: &Path) -> PathBuf {
    let whole = fs::canonicalize(path);
    whole.unwrap_or_else(|_| match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => real(parent).join(name),
        _ => path.to_owned(),
    })
}

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

/// Creates `dir` if it is missing; refuses one of another user; takes others' rights away.
fn ensure_private(dir: &Path) -> Result<(), DirsError> {
    let failed = |source| DirsError::Create { path: dir.to_owned(), source };
    let read_only = |source| DirsError::ReadOnly { path: dir.to_owned(), source };
    let own = rustix::process::geteuid().as_raw();
    // Looked at before anything is made: a link that leads nowhere would be filled at its end.
    if fs::symlink_metadata(dir).is_ok_and(|is| is.is_symlink()) {
        check_link(dir, own)?;
    }
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
    if metadata.uid() != own {
        return Err(DirsError::NotOurs { path: dir.to_owned(), uid: metadata.uid() });
    }
    if metadata.permissions().mode() & PERMISSIONS != PRIVATE_DIR_MODE {
        // Not through a link that came since the first look. One that was there leads to a private
        // directory, whose mode is right.
        set_mode(dir, PRIVATE_DIR_MODE).map_err(read_only)?;
    }
    // Asked of the kernel: a read-only file system shows in no permission bit.
    rustix::fs::access(dir, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK)
        .map_err(|error| read_only(error.into()))
}

/// Who links on purpose has made the other place as it has to be. Any other link may lead to what
/// somebody else chose.
fn check_link(dir: &Path, own: u32) -> Result<(), DirsError> {
    let target = fs::read_link(dir).unwrap_or_default();
    let unfit = |why: String| {
        Err(DirsError::UnfitLink { path: dir.to_owned(), target: target.clone(), why })
    };
    let owner = fs::symlink_metadata(dir).map(|link| link.uid());
    match (owner, fs::metadata(dir)) {
        (Ok(uid), _) if uid != own => unfit(format!("and the link belongs to user {uid}")),
        (Err(error), _) | (_, Err(error)) => unfit(format!("which cannot be used: {error}")),
        (_, Ok(there)) if !there.is_dir() => unfit("which is no directory".to_owned()),
        (_, Ok(there)) if there.uid() != own => {
            unfit(format!("which belongs to user {}", there.uid()))
        }
        (_, Ok(there)) => match there.permissions().mode() & PERMISSIONS {
            PRIVATE_DIR_MODE => Ok(()),
            mode => unfit(format!("which has mode {mode:04o}")),
        },
    }
}

/// Takes the rights of others from what stands in `dir` under a name that `wanted` takes: made under
/// another umask, or brought back by a backup. Links are passed over, and so is what is not ours.
fn narrow_all(dir: &Path, wanted: impl Fn(&str) -> bool) -> Result<(), DirsError> {
    let failed = |source| DirsError::ReadOnly { path: dir.to_owned(), source };
    let own = rustix::process::geteuid().as_raw();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // Gone since it was listed: a session's directory that is being removed.
        let Ok(is) = entry.metadata() else { continue };
        let open = is.permissions().mode() & PERMISSIONS & !PRIVATE_DIR_MODE != 0;
        let plain = (is.is_file() || is.is_dir()) && is.uid() == own;
        if !open || !plain || !wanted(&entry.file_name().to_string_lossy()) {
            continue;
        }
        let mode = is.permissions().mode() & PRIVATE_DIR_MODE;
        match set_mode(&entry.path(), mode) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(DirsError::ReadOnly { path: entry.path(), source: error });
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Of a file or directory, readable or not, and never of what a link of that name leads to.
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let itself = rustix::fs::open(path, flags, Mode::empty())?;
    let itself = format!("/proc/self/fd/{}", itself.as_raw_fd());
    fs::set_permissions(itself, fs::Permissions::from_mode(mode))
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

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & PERMISSIONS
    }

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn security_18_what_is_there_is_narrowed_and_what_is_not_ours_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home { state: dir.path().join("n"), run: dir.path().join("n/run") };
        for open in ["jobs/7c5d0001", "worktrees/made", "rehearsal", "enclosures", "photos"] {
            fs::create_dir_all(home.state.join(open)).unwrap();
        }
        let files =
            ["nightshift.db", "nightshift.db-wal", "nightshift.db.bak-1", "daemon.log", "diary"];
        for file in files {
            fs::write(home.state.join(file), "").unwrap();
        }
        for path in ["jobs/7c5d0001", "worktrees", "rehearsal", "enclosures", "photos"] {
            chmod(&home.state.join(path), 0o777);
        }
        for file in files {
            chmod(&home.state.join(file), 0o666);
        }
        let outside = dir.path().join("outside");
        fs::write(&outside, "").unwrap();
        chmod(&outside, 0o644);
        std::os::unix::fs::symlink(&outside, home.state.join("jobs/7c5d0002")).unwrap();
        std::os::unix::fs::symlink(&outside, home.state.join("reserve")).unwrap();
        home.ensure().unwrap();
        for (path, expected) in [
            ("jobs/7c5d0001", 0o700),
            ("worktrees", 0o700),
            ("rehearsal", 0o700),
            ("enclosures", 0o700),
            ("nightshift.db", 0o600),
            ("nightshift.db-wal", 0o600),
            ("nightshift.db.bak-1", 0o600),
            ("daemon.log", 0o600),
            ("photos", 0o777),
            ("diary", 0o666),
        ] {
            assert_eq!(mode(&home.state.join(path)), expected, "{path}");
        }
        assert_eq!(mode(&outside), 0o644);
    }

    #[test]
    fn security_18_a_link_is_followed_only_to_what_is_private_already() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("open")).unwrap();
        chmod(&at("open"), 0o755);
        fs::create_dir(at("private")).unwrap();
        chmod(&at("private"), 0o700);
        fs::write(at("file"), "").unwrap();
        for (link, target) in [
            ("to-open", "open"),
            ("to-private", "private"),
            ("to-file", "file"),
            ("to-nothing", "nothing"),
            ("to-itself", "to-itself"),
            ("to-system", "/"),
            ("to-link", "to-open"),
        ] {
            std::os::unix::fs::symlink(target, at(link)).unwrap();
            let home = Home { state: at(link), run: at("run") };
            match home.ensure() {
                Ok(()) => assert_eq!(link, "to-private"),
                Err(error) => {
                    let text = error.to_string();
                    assert!(link != "to-private" && text.contains("is a link to"), "{text}");
                    assert!(text.contains(target) && text.contains("0700"), "{text}");
                }
            }
        }
        assert_eq!(mode(&at("open")), 0o755, "another's directory is left as it is");
        assert_eq!(fs::read_dir(at("open")).unwrap().count(), 0, "and not filled");
        assert!(!at("nothing").exists());
        assert!(at("private/jobs").is_dir());

        // One part deeper it is the same.
        let home = Home { state: at("state"), run: at("state/run") };
        fs::create_dir(&home.state).unwrap();
        std::os::unix::fs::symlink(at("open"), home.jobs()).unwrap();
        assert!(matches!(home.ensure(), Err(DirsError::UnfitLink { .. })));
        assert_eq!(fs::read_dir(at("open")).unwrap().count(), 0);
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
