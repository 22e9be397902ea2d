//! From a launch document to a running child, or to a reason that names the thing and the way out.
//!
//! Promise: whatever goes wrong is one line for people; nothing is left half started.
//! Must not know: clients, what happens after the start.

use crate::child::{Child, ChildIo, PipeIo, PtyIo};
use nightshift_platform::files::read_bounded;
use nightshift_platform::pty::Pty;
use nightshift_platform::spawn::{Program, spawn_piped};
use nightshift_platform::{clock, private};
use nightshift_protocol::launch::{
    DOCUMENT_VERSION, LAUNCH_FILE, ROLE_VARIABLE, SESSION_VARIABLE, understands,
};
use nightshift_protocol::{Launch, LaunchKind};
use nightshift_screen::Screen;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;

/// argv and names of variables; the kernel's own limit for argv is smaller.
const LAUNCH_MAX_BYTES: u64 = 4 * 1024 * 1024;

#[derive(Debug, thiserror::Error)]
pub(crate) enum LaunchError {
    #[error("cannot read {path}: {source}")]
    Unreadable { path: String, source: io::Error },
    #[error("{path} is not a launch document: {source}")]
    Malformed { path: String, source: serde_json::Error },
    #[error("{path} has version {found}; this build knows {DOCUMENT_VERSION}; update nightshift")]
    Version { path: String, found: u32 },
    #[error("{path} names no program")]
    NoProgram { path: String },
    #[error("directory {0} does not exist; create it or choose another with --cwd")]
    DirectoryGone(String),
    #[error("{0} is not a directory; choose another with --cwd")]
    NotADirectory(String),
    #[error(
        "directory {path} cannot be entered: {source}; change its permissions or choose another with --cwd"
    )]
    DirectoryClosed { path: String, source: io::Error },
    #[error("command `{0}` was not found; install it or check PATH")]
    CommandNotFound(String),
    #[error("command `{program}` cannot be started: {source}")]
    NotStarted { program: String, source: io::Error },
}

/// Reads `launch.json` of the session directory.
pub(crate) fn read(dir: &Path) -> Result<Launch, LaunchError> {
    let file = dir.join(LAUNCH_FILE);
    let path = file.display().to_string();
    let bytes = read_bounded(&file, LAUNCH_MAX_BYTES)
        .map_err(|source| LaunchError::Unreadable { path: path.clone(), source })?;
    let launch: Launch = serde_json::from_slice(&bytes)
        .map_err(|source| LaunchError::Malformed { path: path.clone(), source })?;
    if !understands(launch.version) {
        return Err(LaunchError::Version { path, found: launch.version });
    }
    if launch.argv.is_empty() {
        return Err(LaunchError::NoProgram { path });
    }
    Ok(launch)
}

/// The child's environment: the named variables of this process, and who it belongs to.
fn environment(launch: &Launch) -> BTreeMap<OsString, OsString> {
    let names = launch.env_names.iter().map(String::as_str).chain(private::VARIABLES);
    let mut env: BTreeMap<OsString, OsString> =
        names.filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?))).collect();
    let mut set = |name: &str, value: &str| env.insert(name.into(), value.into());
    if launch.env_names.iter().any(|name| name == "PWD") {
        set("PWD", &launch.cwd);
    }
    if launch.kind == LaunchKind::Pty {
        set("TERM", "xterm-256color");
        set("COLORTERM", "truecolor");
        // The size of the dispatching terminal, not of this one.
        env.remove(OsStr::new("COLUMNS"));
        env.remove(OsStr::new("LINES"));
    }
    // The host's own.
    env.remove(OsStr::new(ROLE_VARIABLE));
    env.insert(SESSION_VARIABLE.into(), launch.session.clone().into());
    env
}

fn check_directory(cwd: &str) -> Result<(), LaunchError> {
    let metadata = std::fs::metadata(cwd).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => LaunchError::DirectoryGone(cwd.to_owned()),
        _ => LaunchError::DirectoryClosed { path: cwd.to_owned(), source },
    })?;
    if !metadata.is_dir() {
        return Err(LaunchError::NotADirectory(cwd.to_owned()));
    }
    rustix::fs::access(cwd, rustix::fs::Access::EXEC_OK | rustix::fs::Access::READ_OK).map_err(
        |error| LaunchError::DirectoryClosed { path: cwd.to_owned(), source: error.into() },
    )
}

/// Starts the child.
pub(crate) fn start(launch: &Launch) -> Result<Child, LaunchError> {
    check_directory(&launch.cwd)?;
    let env = environment(launch);
    let argv: Vec<OsString> = launch.argv.iter().map(OsString::from).collect();
    let (name, args) = argv
        .split_first()
        .ok_or_else(|| LaunchError::NoProgram { path: LAUNCH_FILE.to_owned() })?;
    let program = Program { program: name, args, env: &env, cwd: Path::new(&launch.cwd) };
    let started_at = clock::now();
    let started = match launch.kind {
        LaunchKind::Pty => start_pty(launch, &program),
        LaunchKind::Pipe => start_pipe(&program),
    };
    let (identity, io) = started.map_err(|source| {
        let program = launch.argv[0].clone();
        match source.kind() {
            io::ErrorKind::NotFound => LaunchError::CommandNotFound(program),
            _ => LaunchError::NotStarted { program, source },
        }
    })?;
    Ok(Child { identity, started_at, io })
}

type Started = (nightshift_platform::Identity, ChildIo);

fn start_pty(launch: &Launch, program: &Program<'_>) -> io::Result<Started> {
    let screen = Screen::new(launch.cols, launch.rows);
    let (cols, rows) = screen.size();
    let pty = Pty::open(cols, rows)?;
    // The handle is dropped, which neither waits nor kills: the host reaps all its children alike.
    let (_child, identity) = pty.spawn(program)?;
    Ok((identity, ChildIo::Pty(Box::new(PtyIo::new(pty, screen)))))
}

fn start_pipe(program: &Program<'_>) -> io::Result<Started> {
    let (mut child, identity) = spawn_piped(program)?;
    let missing = || io::Error::other("a pipe to the child is missing");
    let stdin = child.stdin.take().ok_or_else(missing)?;
    let stdout = child.stdout.take().ok_or_else(missing)?;
    let stderr = child.stderr.take().ok_or_else(missing)?;
    let io = PipeIo::new(stdin.into(), stdout.into(), stderr.into())?;
    Ok((identity, ChildIo::Pipe(Box::new(io))))
}
