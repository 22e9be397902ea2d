//! Running a program to its end: bounded time, bounded output, nothing left behind on a timeout.
//!
//! Promise: the program leads a session of its own, so that its whole group can be ended; reading
//! ends with the program, even when something it started keeps its output open. It and all that it
//! starts has a mark (`mark`), by which it is told from its user for good. Where it cannot be marked it is not
//! started: what it leaves behind, which has no ancestor of ours any more, would be taken for the user.
//! Must not know: what the program is.

use crate::clock;
use crate::mark::Mark;
use crate::process::{self, Identity};
use crate::signals::{SIGKILL, SIGTERM};
use crate::spawn::{Program, command};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, OFlags, fcntl_getfl, fcntl_setfl, memfd_create};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Between the request to end and the end by force.
const GRACE: Duration = Duration::from_secs(2);
/// As much as a pipe holds by default: one read empties it.
const CHUNK_BYTES: usize = 64 * 1024;
/// Between two looks whether a program was called off: nobody waits longer for that, and it costs
/// next to nothing.
const LOOK_PAUSE: Duration = Duration::from_millis(50);

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

/// Which part of more output than is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    First,
    Last,
}

/// A program that may be called off while it runs. All below it is ended with it.
#[derive(Clone, Copy, Debug)]
pub struct Watch<'a> {
    pub called_off: &'a AtomicBool,
    pub keep: Keep,
}

/// What a program that reads what others wrote may use of the machine. Beyond it the kernel gives no
/// more memory, or ends it; it leaves no core behind.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub memory_bytes: u64,
    pub cpu_seconds: u64,
}

/// The name in the mark of such programs; sessions have others.
pub const PROGRAM_NAME: u32 = u32::MAX;

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub timed_out: bool,
    pub called_off: bool,
    /// Some output was dropped.
    pub truncated: bool,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// Runs `program` until it ends or its time is over; then its group is ended.
pub fn run(program: &Program<'_>, how: &Run<'_>) -> io::Result<Ended> {
    run_for(command(program, false)?, how, None)
}

/// The same within `limits`.
pub fn run_limited(program: &Program<'_>, how: &Run<'_>, limits: Limits) -> io::Result<Ended> {
    let mut command = command(program, false)?;
    // SAFETY: only async-signal-safe system calls between fork and exec.
    unsafe {
        command.pre_exec(move || {
            lower(Resource::As, limits.memory_bytes)?;
            lower(Resource::Cpu, limits.cpu_seconds)?;
            lower(Resource::Core, 0)
        });
    }
    run_for(command, how, None)
}

/// Never above what this process itself may use.
fn lower(resource: Resource, most: u64) -> io::Result<()> {
    let most = Some(getrlimit(resource).maximum.map_or(most, |now| now.min(most)));
    Ok(setrlimit(resource, Rlimit { current: most, maximum: most })?)
}

/// The same for a program that may be called off.
pub fn run_watched(program: &Program<'_>, how: &Run<'_>, watch: &Watch<'_>) -> io::Result<Ended> {
    run_for(command(program, false)?, how, Some(watch))
}

fn run_for(mut command: Command, how: &Run<'_>, watch: Option<&Watch<'_>>) -> io::Result<Ended> {
    let mark = Mark::own().below(PROGRAM_NAME);
    // SAFETY: only async-signal-safe system calls between fork and exec.
    unsafe {
        command.pre_exec(move || mark.take());
    }
    command.stdin(input(how.input)?);
    match how.log {
        Some(log) => command.stdout(log.try_clone()?).stderr(log.try_clone()?),
        None => command.stdout(Stdio::piped()).stderr(Stdio::piped()),
    };
    let mut child = command.spawn().map_err(Mark::explain)?;
    let keep = watch.map_or(Keep::First, |watch| watch.keep);
    let mut pipes = Pipes::of(&mut child, how.output_max_bytes, keep)?;
    let watched = Identity::of(child.id()).and_then(|identity| {
        let ended = process::pidfd(&identity)?;
        follow(&identity, &ended, &mut pipes, how.timeout, watch)
    });
    let by = match watched {
        Ok(by) => by,
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
    let Pipes { mut stdout, mut stderr } = pipes;
    stdout.shorten();
    stderr.shorten();
    Ok(Ended {
        code: status.code(),
        signal: status.signal(),
        timed_out: by == EndedBy::Time,
        called_off: by == EndedBy::Call,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EndedBy {
    Itself,
    Time,
    Call,
}

/// Reads until the program has ended; says what ended it.
fn follow(
    identity: &Identity,
    ended: &OwnedFd,
    pipes: &mut Pipes,
    timeout: Duration,
    watch: Option<&Watch<'_>>,
) -> io::Result<EndedBy> {
    let mut deadline = clock::monotonic() + timeout;
    let mut by = EndedBy::Itself;
    loop {
        let left = deadline.saturating_sub(clock::monotonic());
        let left = if watch.is_some() { left.min(LOOK_PAUSE) } else { left };
        if pipes.wait(ended, left)? {
            return Ok(by);
        }
        let asked = by != EndedBy::Itself;
        let called_off = watch.is_some_and(|watch| watch.called_off.load(Ordering::Relaxed));
        if !asked && called_off {
            by = EndedBy::Call;
        } else if clock::monotonic() < deadline {
            continue;
        } else if !asked {
            by = EndedBy::Time;
        }
        end(identity, if asked { SIGKILL } else { SIGTERM }, watch)?;
        deadline = clock::monotonic() + GRACE;
    }
}

/// Signals the program's group, and for a watched one all below it that left the group.
fn end(identity: &Identity, signal: i32, watch: Option<&Watch<'_>>) -> io::Result<()> {
    let mut results = Vec::new();
    if watch.is_some() {
        let below = process::descendants(identity.pid)?;
        results.extend(below.iter().map(|process| process::signal(process, signal)));
    }
    results.push(process::signal_group(identity, signal));
    for result in results {
        match result {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

struct Pipes {
    stdout: Pipe,
    stderr: Pipe,
}

struct Pipe {
    file: Option<File>,
    kept: Vec<u8>,
    max: usize,
    keep: Keep,
    truncated: bool,
}

impl Pipes {
    fn of(child: &mut Child, max: usize, keep: Keep) -> io::Result<Pipes> {
        Ok(Pipes {
            stdout: Pipe::of(child.stdout.take().map(OwnedFd::from), max, keep)?,
            stderr: Pipe::of(child.stderr.take().map(OwnedFd::from), max, keep)?,
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
    fn of(fd: Option<OwnedFd>, max: usize, keep: Keep) -> io::Result<Pipe> {
        if let Some(fd) = &fd {
            fcntl_setfl(fd, fcntl_getfl(fd)? | OFlags::NONBLOCK)?;
        }
        Ok(Pipe { file: fd.map(File::from), kept: Vec::new(), max, keep, truncated: false })
    }

    fn read_what_is_there(&mut self) -> io::Result<()> {
        let mut chunk = [0; CHUNK_BYTES];
        loop {
            let Some(file) = &mut self.file else { return Ok(()) };
            match file.read(&mut chunk) {
                Ok(0) => self.file = None,
                Ok(count) => self.take(&chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        match self.keep {
            Keep::First => {
                let room = self.max.saturating_sub(self.kept.len());
                self.truncated |= bytes.len() > room;
                self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
            Keep::Last => {
                self.kept.extend_from_slice(bytes);
                // Seldom, so that each byte is moved about once.
                if self.kept.len() > self.max.saturating_mul(2).saturating_add(CHUNK_BYTES) {
                    self.shorten();
                }
            }
        }
    }

    /// Drops what is beyond the limit at the front.
    fn shorten(&mut self) {
        let beyond = self.kept.len().saturating_sub(self.max);
        self.truncated |= beyond > 0;
        self.kept.drain(..beyond);
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

    fn limited(script: &str, limits: Limits) -> Ended {
        let args = [OsString::from("-c"), OsString::from(script)];
        let env = own_environment();
        let cwd = std::env::temp_dir();
        let program = Program { program: OsStr::new("/bin/sh"), args: &args, env: &env, cwd: &cwd };
        let how = Run { input: b"", timeout: LONG, output_max_bytes: 1000, log: None };
        run_limited(&program, &how, limits).unwrap()
    }

    #[test]
    fn a_program_with_limits_ends_at_them() {
        let limits = Limits { memory_bytes: 256 * 1024 * 1024, cpu_seconds: 1 };
        let ended = limited("ulimit -v; ulimit -t; ulimit -c; ulimit -Hc", limits);
        assert_eq!(ended.stdout, b"262144\n1\n0\n0\n");
        let ended = limited("while :; do :; done", limits);
        assert_eq!((ended.code, ended.timed_out), (None, false), "{ended:?}");
        let ended = limited("head -c 400000000 /dev/zero | tail -c 400000000 | wc -c", limits);
        assert_ne!(ended.stdout, b"400000000\n", "{ended:?}");
        assert_eq!(limited("exec true", limits).code, Some(0));
    }

    #[test]
    fn the_last_words_are_kept_where_they_count() {
        let args = [OsString::from("-c"), OsString::from("seq 1 100000; printf end")];
        let env = own_environment();
        let cwd = std::env::temp_dir();
        let program = Program { program: OsStr::new("/bin/sh"), args: &args, env: &env, cwd: &cwd };
        let how = Run { input: b"", timeout: LONG, output_max_bytes: 10, log: None };
        let called_off = AtomicBool::new(false);
        let watch = Watch { called_off: &called_off, keep: Keep::Last };
        let ended = run_watched(&program, &how, &watch).unwrap();
        assert_eq!((&ended.stdout[..], ended.truncated), (&b"100000\nend"[..], true));
    }

    #[test]
    fn a_program_can_be_called_off() {
        let args = [OsString::from("-c"), OsString::from("setsid sleep 62 & wait $!")];
        let env = own_environment();
        let cwd = std::env::temp_dir();
        let program = Program { program: OsStr::new("/bin/sh"), args: &args, env: &env, cwd: &cwd };
        let how = Run { input: b"", timeout: LONG, output_max_bytes: 100, log: None };
        let called_off = AtomicBool::new(true);
        let watch = Watch { called_off: &called_off, keep: Keep::Last };
        let ended = run_watched(&program, &how, &watch).unwrap();
        assert!(ended.called_off && !ended.timed_out, "{ended:?}");
        // The shell may hear of the end of its child, whose code it gives, before its own signal comes.
        let by_signal = ended.signal == Some(SIGTERM) || ended.code == Some(128 + SIGTERM);
        assert!(by_signal, "{ended:?}");
    }
}
