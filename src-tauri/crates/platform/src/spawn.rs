//! Starting programs: on pipes, on a PTY, or detached for good.
//!
//! Promise: a program gets exactly the environment it is given, default signals, a session of its own
//! and the umask and core limit of whoever wants it (`private`); it shares no descriptor with us
//! beyond those named.
//! Must not know: what the programs are.

use crate::mark::Mark;
use crate::private::{self, Terms};
use crate::process::Identity;
use crate::program::PROGRAM_NAME;
use crate::search;
use crate::signals::reset_to_default;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// What to start, where and with which environment (nothing else is inherited).
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    /// Looked for in the absolute entries of the `PATH` of `env` when it holds no slash (`search`).
    pub program: &'a OsStr,
    pub args: &'a [OsString],
    pub env: &'a BTreeMap<OsString, OsString>,
    pub cwd: &'a Path,
}

/// A command in a session of its own; with `terminal` its stdin becomes the controlling terminal.
pub(crate) fn command(program: &Program<'_>, terminal: bool) -> io::Result<Command> {
    let name = program.program;
    let mut command = Command::new(place_of(name, program.env)?);
    command.arg0(name).args(program.args).env_clear().envs(program.env).current_dir(program.cwd);
    for name in private::VARIABLES {
        command.env_remove(name);
    }
    let terms = Terms::of(program.env);
    // SAFETY: only async-signal-safe system calls between fork and exec.
    unsafe {
        command.pre_exec(move || {
            reset_to_default();
            terms.apply()?;
            rustix::process::setsid()?;
            if terminal {
                rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?;
            }
            Ok(())
        });
    }
    Ok(command)
}

fn place_of(name: &OsStr, env: &BTreeMap<OsString, OsString>) -> io::Result<PathBuf> {
    if name.as_bytes().contains(&b'/') {
        return Ok(name.into());
    }
    let path = env.get(OsStr::new("PATH")).map(OsString::as_os_str);
    search::find(name, path).ok_or_else(|| {
        let text = format!("{} is in no absolute directory of PATH", name.display());
        io::Error::new(io::ErrorKind::NotFound, text)
    })
}

/// Starts a program whose stdin, stdout and stderr are pipes.
pub fn spawn_piped(program: &Program<'_>) -> io::Result<(Child, Identity)> {
    let mut command = command(program, false)?;
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn()?;
    let identity = Identity::of(child.id())?;
    Ok((child, identity))
}

/// A process that goes on when its starter ends.
#[derive(Debug)]
pub struct Detached {
    /// To be waited for, or it stays a zombie until its starter ends.
    pub child: Child,
    pub identity: Identity,
    /// What the process prints until it closes its stdout: its readiness line.
    pub stdout: ChildStdout,
}

/// Starts a process in its own session: stdin from `/dev/null`, stderr appended to `stderr`, a
/// cleared environment and then `env`, stdout a pipe for its readiness line.
pub fn spawn_detached(
    program: &OsStr,
    args: &[OsString],
    env: &BTreeMap<OsString, OsString>,
    cwd: &Path,
    stderr: &Path,
) -> io::Result<Detached> {
    detached(command(&Program { program, args, env, cwd }, false)?, stderr)
}

/// As `spawn_detached`, for a program of ours that calls `detach` before anything else: it starts
/// sooner, because a process with nothing to do between fork and exec need not be copied. Its own
/// umask is ours; in its environment it gets the one for what it starts.
pub fn spawn_detaching(
    program: &OsStr,
    args: &[OsString],
    env: &BTreeMap<OsString, OsString>,
    stderr: &Path,
) -> io::Result<Detached> {
    let mut command = Command::new(place_of(program, env)?);
    command.args(args).env_clear().envs(private::complete(env));
    detached(command, stderr)
}

/// What `spawn_detached` does for others: default signals and a session of its own.
pub fn detach() -> io::Result<()> {
    reset_to_default();
    match rustix::process::setsid() {
        // It leads a group already: whoever started it has seen to that.
        Ok(_) | Err(rustix::io::Errno::PERM) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Starts a process as `spawn_detached` does, which reads from `input` and is marked as a program that is run for its
/// user: nothing that it does or leaves behind is ever taken for the user.
pub fn spawn_marked(program: &Program<'_>, input: OwnedFd, stderr: &Path) -> io::Result<Detached> {
    let mut command = command(program, false)?;
    let mark = Mark::own().below(PROGRAM_NAME);
    // SAFETY: only async-signal-safe system calls between fork and exec.
    unsafe {
        command.pre_exec(move || mark.take());
    }
    detached_on(command, input.into(), stderr).map_err(Mark::explain)
}

fn detached(command: Command, stderr: &Path) -> io::Result<Detached> {
    detached_on(command, Stdio::null(), stderr)
}

fn detached_on(mut command: Command, input: Stdio, stderr: &Path) -> io::Result<Detached> {
    let log = OpenOptions::new().create(true).append(true).mode(0o600).open(stderr)?;
    command.stdin(input).stdout(Stdio::piped()).stderr(log);
    let mut child = command.spawn()?;
    let identity = Identity::of(child.id())?;
    let Some(stdout) = child.stdout.take() else {
        return Err(io::Error::other("the child's stdout is no pipe"));
    };
    Ok(Detached { child, identity, stdout })
}

/// What of this process's environment is text. A variable that is none belongs to no session: those
/// are told and kept as text.
pub fn own_variables() -> BTreeMap<String, String> {
    let text = |(name, value): (OsString, OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).collect()
}

/// This process's environment as a map, as `spawn_detached` takes it.
pub fn own_environment() -> BTreeMap<OsString, OsString> {
    std::env::vars_os().collect()
}
