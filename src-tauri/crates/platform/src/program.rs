//! Running a program to its end: bounded time, bounded output, nothing left behind on a timeout.
//!
//! Promise: the program leads a session of its own, so that its whole group can be ended; reading
//! ends with the program, even when something it started keeps its output open.
//! Must not know: what the program is.

use crate::clock;
use crate::process::{self, Identity};
use crate::signals::{SIGKILL, SIGTERM};
use crate::spawn::{Program, command};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, OFlags, fcntl_getfl, fcntl_setfl, memfd_create};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Stdio};
use std::time::Duration;

/// Between the request to end and the end by force.
const GRACE: Duration = Duration::from_secs(2);
/// As much as a pipe holds by default: one read empties it.
const CHUNK_BYTES: usize = 64 * 1024;

/// How to run a program.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    pub input: &'a [u8],
    pub timeout: Duration,
    /// What is kept of each of stdout and stderr; the rest is read and dropped.
    pub output_max_bytes: usize,
    /// Both outputs go here instead of being kept.
    pub log: Option<&'a File>,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub timed_out: bool,
    /// Some output was dropped.
    pub truncated: bool,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// Runs `program` until it ends or its time is over; then its group is ended.
pub fn run(program: &Program<'_>, how: &Run<'_>) -> io::Result<Ended> {
    let mut command = command(program, false);
    command.stdin(input(how.input)?);
    match how.log {
        Some(log) => command.stdout(log.try_clone()?).stderr(log.try_clone()?),
        None => command.stdout(Stdio::piped()).stderr(Stdio::piped()),
    };
    let mut child = command.spawn()?;
    let mut pipes = Pipes::of(&mut child, how.output_max_bytes)?;
    let watched = Identity::of(child.id()).and_then(|identity| {
        let ended = process::pidfd(&identity)?;
        follow(&identity, &ended, &mut pipes, how.timeout)
    });
    let timed_out = match watched {
        Ok(timed_out) => timed_out,
        // A program whose end cannot be watched must not run on unwatched.
        Err(error) => {
            child.kill().ok();
            child.wait()?;
            return Err(error);
        }
    };
    let status = child.wait()?;
    pipes.read_what_is_there()?;
    use std::os::unix::process::ExitStatusExt;
    let Pipes { stdout, stderr } = pipes;
    Ok(Ended {
        code: status.code(),
        signal: status.signal(),
        timed_out,
        truncated: stdout.truncated || stderr.truncated,
        stdout: stdout.kept,
        stderr: stderr.kept,
    })
}

/// A file in memory: writing it cannot block, however much the program reads of it.
fn input(bytes: &[u8]) -> io::Result<Stdio> {
    if bytes.is_empty() {
        return Ok(Stdio::null());
    }
    let mut file = File::from(memfd_create("input", MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(Stdio::from(file))
}

/// Reads until the program has ended. True when it had to be ended.
fn follow(
    identity: &Identity,
    ended: &OwnedFd,
    pipes: &mut Pipes,
    timeout: Duration,
) -> io::Result<bool> {
    let mut deadline = clock::monotonic() + timeout;
    let mut asked = false;
    loop {
        let left = deadline.saturating_sub(clock::monotonic());
        if pipes.wait(ended, left)? {
            return Ok(asked);
        }
        if clock::monotonic() < deadline {
            continue;
        }
        let signal = if asked { SIGKILL } else { SIGTERM };
        match process::signal_group(identity, signal) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        asked = true;
        deadline = clock::monotonic() + GRACE;
    }
}

struct Pipes {
    stdout: Pipe,
    stderr: Pipe,
}

struct Pipe {
    file: Option<File>,
    kept: Vec<u8>,
    max: usize,
    truncated: bool,
}

impl Pipes {
    fn of(child: &mut Child, max: usize) -> io::Result<Pipes> {
        Ok(Pipes {
            stdout: Pipe::of(child.stdout.take().map(OwnedFd::from), max)?,
            stderr: Pipe::of(child.stderr.take().map(OwnedFd::from), max)?,
        })
    }

    /// Waits for output or the end, and takes the output. True at the end.
    fn wait(&mut self, ended: &OwnedFd, left: Duration) -> io::Result<bool> {
        let timeout = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        let mut fds = vec![PollFd::new(ended, PollFlags::IN)];
        let open = [&self.stdout, &self.stderr].into_iter().filter_map(|pipe| pipe.file.as_ref());
        fds.extend(open.map(|file| PollFd::from_borrowed_fd(file.as_fd(), PollFlags::IN)));
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let over = !fds[0].revents().is_empty();
        drop(fds);
        self.read_what_is_there()?;
        Ok(over)
    }

    fn read_what_is_there(&mut self) -> io::Result<()> {
        self.stdout.read_what_is_there()?;
        self.stderr.read_what_is_there()
    }
}

impl Pipe {
    fn of(fd: Option<OwnedFd>, max: usize) -> io::Result<Pipe> {
        if let Some(fd) = &fd {
            fcntl_setfl(fd, fcntl_getfl(fd)? | OFlags::NONBLOCK)?;
        }
        Ok(Pipe { file: fd.map(File::from), kept: Vec::new(), max, truncated: false })
    }

    fn read_what_is_there(&mut self) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut chunk = [0; CHUNK_BYTES];
        loop {
            match file.read(&mut chunk) {
                Ok(0) => {
                    self.file = None;
                    return Ok(());
                }
                Ok(count) => {
                    let room = self.max.saturating_sub(self.kept.len());
                    self.truncated |= count > room;
                    self.kept.extend_from_slice(&chunk[..count.min(room)]);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spawn::own_environment;
    use std::ffi::{OsStr, OsString};

    fn shell(script: &str, input: &[u8], timeout: Duration, max: usize) -> Ended {
        let args = [OsString::from("-c"), OsString::from(script)];
        let env = own_environment();
        let cwd = std::env::temp_dir();
        let program = Program { program: OsStr::new("/bin/sh"), args: &args, env: &env, cwd: &cwd };
        run(&program, &Run { input, timeout, output_max_bytes: max, log: None }).unwrap()
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn output_input_and_code_come_through() {
        let ended = shell("cat; echo oops >&2; exit 3", b"in", LONG, 100);
        assert_eq!(ended.code, Some(3));
        assert_eq!((&ended.stdout[..], &ended.stderr[..]), (&b"in"[..], &b"oops\n"[..]));
        assert!(!ended.truncated && !ended.timed_out);
    }

    #[test]
    fn more_output_than_allowed_is_read_and_dropped() {
        let ended = shell("head -c 300000 /dev/zero", b"", LONG, 1000);
        assert_eq!((ended.code, ended.stdout.len(), ended.truncated), (Some(0), 1000, true));
    }

    #[test]
    fn the_end_of_the_program_is_the_end_of_reading() {
        let ended = shell("sleep 60 & echo $!", b"", LONG, 100);
        assert_eq!(ended.code, Some(0));
        let pid: u32 = String::from_utf8(ended.stdout).unwrap().trim().parse().unwrap();
        process::signal(&Identity::of(pid).unwrap(), SIGKILL).unwrap();
    }

    #[test]
    fn a_timeout_ends_the_whole_group() {
        let ended = shell("echo $$; sleep 61 & wait", b"", Duration::from_millis(200), 100);
        assert!(ended.timed_out);
        assert_eq!(ended.signal, Some(SIGTERM));
        let pid: u32 = String::from_utf8(ended.stdout).unwrap().trim().parse().unwrap();
        assert!(process::descendants(pid).unwrap().is_empty());
    }
}
