//! A monitor's command: a shell in a process group of its own, each line of its stdout an event.
//!
//! Promises: it and everything below it are gone when this says so; what it wrote to stderr last is
//! told with its end; reading can be given up and taken up at any time.
//! Must not know: batches, the supervisor.

use super::lines::Lines;
use super::{Ending, Next, Place};
use nightshift_platform::process::{self, Identity, Liveness3};
use nightshift_platform::signals::{SIGKILL, SIGTERM};
use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncReadExt, Interest};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

/// Bytes read at once.
const READ_BYTES: usize = 16 * 1024;
/// Lines of stderr that are told with the end.
const LAST_WORDS_LINES: usize = 5;
/// A background child may hold the pipes open; what it writes later than this is not waited for.
const DRAIN_TIME: Duration = Duration::from_millis(200);
/// Between asking the group to end and killing it.
const GRACE: Duration = Duration::from_millis(500);
/// Names the monitor to everything that it started.
const ID_VARIABLE: &str = "NIGHTSHIFT_MONITOR_ID";
/// Walks over the descendants: one that forks meanwhile is found by the next.
const KILL_ROUNDS: u32 = 8;

pub struct Running {
    id: String,
    child: Child,
    /// Becomes readable when the leader has ended.
    exit: Option<AsyncFd<OwnedFd>>,
    leader: Option<Identity>,
    out: Option<ChildStdout>,
    err: Option<ChildStderr>,
    lines: Lines,
    ready: VecDeque<String>,
    errors: Lines,
    last_words: VecDeque<String>,
    buffer: Vec<u8>,
    error_buffer: Vec<u8>,
}

impl Running {
    /// Starts `command` with `sh` where the session works and with what it was given.
    pub fn start(id: &str, command: &str, place: &Place) -> io::Result<Running> {
        let mut child = Command::new("/bin/sh")
            .arg("-c")
            .arg(command)
            .current_dir(&place.directory)
            .env_clear()
            .envs(&place.env)
            .env(ID_VARIABLE, id)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let leader = child.id().and_then(|pid| Identity::of(pid).ok());
        let exit = leader.and_then(|leader| process::pidfd(&leader).ok());
        let exit = exit.map(watched).transpose()?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        Ok(Running {
            id: id.to_owned(),
            exit,
            child,
            leader,
            out,
            err,
            lines: Lines::default(),
            ready: VecDeque::new(),
            errors: Lines::default(),
            last_words: VecDeque::new(),
            buffer: vec![0; READ_BYTES],
            error_buffer: vec![0; READ_BYTES],
        })
    }

    /// The next line or the end. Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Next {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Next::Line(line);
            }
            tokio::select! {
                count = read(&mut self.out, &mut self.buffer) => {
                    self.ready.extend(self.lines.push(&self.buffer[..count]));
                }
                count = read(&mut self.err, &mut self.error_buffer) => self.heard(count),
                () = exit(self.exit.as_ref()) => {
                    self.drain().await;
                    self.ready.extend(self.lines.end());
                    match self.ready.pop_front() {
                        Some(line) => return Next::Line(line),
                        None => return Next::Ended(self.ended().await),
                    }
                }
            }
        }
    }

    fn heard(&mut self, count: usize) {
        self.last_words.extend(self.errors.push(&self.error_buffer[..count]));
        let over = self.last_words.len().saturating_sub(LAST_WORDS_LINES);
        self.last_words.drain(..over);
    }

    /// What is in the pipes of a command that has ended.
    async fn drain(&mut self) {
        while self.out.is_some() || self.err.is_some() {
            let more = async {
                tokio::select! {
                    count = read(&mut self.out, &mut self.buffer) => {
                        self.ready.extend(self.lines.push(&self.buffer[..count]));
                    }
                    count = read(&mut self.err, &mut self.error_buffer) => self.heard(count),
                }
            };
            if tokio::time::timeout(DRAIN_TIME, more).await.is_err() {
                (self.out, self.err) = (None, None);
            }
        }
        self.last_words.extend(self.errors.end());
    }

    /// How it ended. What is left of its group goes before its leader is forgotten: its number may
    /// then name another.
    async fn ended(&mut self) -> Ending {
        self.kill_all();
        let status = self.child.wait().await.ok();
        let last_words = Vec::from_iter(self.last_words.iter().map(String::as_str)).join(" | ");
        Ending::Exited { code: status.and_then(|s| s.code()), last_words }
    }

    /// Ends it and everything below it; returns when they are gone.
    pub async fn end(mut self) {
        if let Some(leader) = self.leader {
            // Gone between the look and the signal is what is wanted.
            process::signal_group(&leader, SIGTERM).ok();
        }
        // It must not fill its pipes meanwhile: it could not end then.
        (self.out, self.err) = (None, None);
        tokio::time::timeout(GRACE, exit(self.exit.as_ref())).await.ok();
        self.kill_all();
        self.child.wait().await.ok();
    }

    /// Kills what is left of it, also what left its group or lost its parent.
    fn kill_all(&self) {
        for _ in 0..KILL_ROUNDS {
            if let Some(leader) = &self.leader {
                process::signal_group(leader, SIGKILL).ok();
            }
            let left = process::find_by_env(ID_VARIABLE, &self.id).unwrap_or_default();
            let left = left.iter().filter(|one| one.liveness() == Liveness3::Alive);
            let killed = left.filter(|one| process::signal(one, SIGKILL).is_ok()).count();
            if killed == 0 {
                break;
            }
        }
    }
}

fn watched(pidfd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: the descriptor is owned and moves into the registration, which closes it.
    Ok(unsafe { AsyncFd::register_with_interest(pidfd, Interest::READABLE) }?)
}

/// Waits until the process behind the descriptor has ended. It stays to be waited for.
async fn exit(pidfd: Option<&AsyncFd<OwnedFd>>) {
    // Without one the process was gone already.
    if let Some(pidfd) = pidfd {
        drop(pidfd.readable().await);
    }
}

/// Reads from a pipe that is open; a closed one gives nothing, for ever.
async fn read<P: AsyncReadExt + Unpin>(pipe: &mut Option<P>, buffer: &mut [u8]) -> usize {
    let Some(open) = pipe else { return std::future::pending().await };
    match open.read(buffer).await {
        Ok(count) if count > 0 => count,
        Ok(_) | Err(_) => {
            *pipe = None;
            0
        }
    }
}
