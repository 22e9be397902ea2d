//! One child, seen from its parent: asked line by line, with a deadline, ended by its own pid.
//!
//! Promise: whatever the child does, an answer or the reason why there is none comes in time, and
//! what is kept of its output is bounded.

use crate::limits::{ANSWER_MAX_BYTES, END_GRACE};
use crate::values::answer::{Answer, Unknown, UnknownKind};
use crate::values::request::{READY, Ready};
use nightshift_platform::clock;
use nightshift_platform::process::{Identity, pidfd};
use nightshift_platform::spawn::{Program, spawn_piped};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, ExitStatus};
use std::time::Duration;

/// As much as a pipe holds by default: one read empties it.
const CHUNK_BYTES: usize = 64 * 1024;

#[derive(Debug)]
pub struct Running {
    child: Child,
    identity: Identity,
    /// None once it was closed: the child's sign to end.
    requests: Option<ChildStdin>,
    answers: ChildStdout,
    /// Read and not yet a line.
    read: Vec<u8>,
    /// Requests answered so far.
    pub looks: u32,
}

/// What is left of a child.
#[derive(Debug)]
pub enum Left {
    Ended,
    /// Killed, and not ended yet: it waits for a disk.
    Lingering(Child),
}

impl Running {
    /// Starts a child with no environment at all; it has taken its limits when this returns.
    pub fn start(words: &[OsString], wall: Duration) -> Result<Running, Unknown> {
        let failed = |why: &str| {
            let text = format!("the reader of repositories did not start: {why}");
            Unknown::new(UnknownKind::NotStarted, text)
        };
        let Some((program, args)) = words.split_first() else {
            return Err(failed("no program was named"));
        };
        let env = BTreeMap::new();
        let program = Program { program, args, env: &env, cwd: Path::new("/") };
        let (mut child, identity) = spawn_piped(&program).map_err(|e| failed(&e.to_string()))?;
        // It says nothing there; a library that does gets an error instead of a full pipe.
        drop(child.stderr.take());
        let (Some(requests), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed("it has no pipes"));
        };
        let requests = Some(requests);
        let mut new = Running { child, identity, requests, answers, read: Vec::new(), looks: 0 };
        match new.line(wall) {
            Ok(line) if serde_json::from_slice::<Ready>(&line).is_ok_and(|r| r == READY) => Ok(new),
            Ok(_) => Err(failed("another program answered")),
            Err(unknown) => Err(failed(unknown.why.as_str())),
        }
    }

    /// One request and its answer. After an error the child is of no further use.
    pub fn ask(&mut self, request: &[u8], wall: Duration) -> Result<Answer, Unknown> {
        let crashed = |e: &dyn std::fmt::Display| Unknown::new(UnknownKind::Crashed, e.to_string());
        if let Some(requests) = &mut self.requests {
            // A line fits the pipe, which is empty while the child waits: this does not block.
            requests.write_all(request).map_err(|error| crashed(&error))?;
        }
        let line = self.line(wall)?;
        self.looks += 1;
        serde_json::from_slice(&line)
            .map_err(|error| crashed(&format!("the reader's answer is not understood: {error}")))
    }

    fn line(&mut self, wall: Duration) -> Result<Vec<u8>, Unknown> {
        let deadline = clock::monotonic() + wall;
        let mut searched = 0;
        loop {
            if let Some(at) = self.read[searched..].iter().position(|&b| b == b'\n') {
                let rest = self.read.split_off(searched + at + 1);
                return Ok(std::mem::replace(&mut self.read, rest));
            }
            searched = self.read.len();
            if searched > ANSWER_MAX_BYTES {
                return Err(Unknown::new(UnknownKind::Crashed, "the reader's answer has no end"));
            }
            let left = deadline.saturating_sub(clock::monotonic());
            if left.is_zero() {
                let text = format!("the look was not done within {} ms", wall.as_millis());
                return Err(Unknown::new(UnknownKind::TimeOut, text));
            }
            if !self.wait(left)? {
                continue;
            }
            let mut chunk = [0; CHUNK_BYTES];
            match self.answers.read(&mut chunk) {
                Ok(0) => return Err(self.how_it_ended()),
                Ok(count) => self.read.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Unknown::new(UnknownKind::Crashed, error.to_string())),
            }
        }
    }

    /// True when there is something to read, an end too; false when the time is over.
    fn wait(&self, left: Duration) -> Result<bool, Unknown> {
        match ready(&self.answers, left) {
            Ok(ready) => Ok(ready),
            Err(error) => Err(Unknown::new(UnknownKind::Crashed, error.to_string())),
        }
    }

    /// The child has closed its output: it has ended, or is about to.
    fn how_it_ended(&mut self) -> Unknown {
        match self.ended_within(END_GRACE) {
            Some(status) => told(status),
            None => Unknown::new(UnknownKind::Crashed, "the reader stopped answering"),
        }
    }

    fn ended_within(&mut self, time: Duration) -> Option<ExitStatus> {
        if let Ok(ended) = pidfd(&self.identity) {
            ready(&ended, time).ok()?;
        }
        self.child.try_wait().ok()?
    }

    /// Lets the child end, or ends it.
    pub fn end(mut self, kindly: bool) -> Left {
        drop(self.requests.take());
        if kindly && self.ended_within(END_GRACE).is_some() {
            return Left::Ended;
        }
        // By its own pid: nobody else can have it before it is waited for.
        self.child.kill().ok();
        match self.ended_within(END_GRACE) {
            Some(_) => Left::Ended,
            None => Left::Lingering(self.child),
        }
    }
}

fn ready(fd: &impl AsFd, time: Duration) -> io::Result<bool> {
    let timeout = Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: time.subsec_nanos().into(),
    };
    let mut fds = [PollFd::new(fd, PollFlags::IN)];
    match poll(&mut fds, Some(&timeout)) {
        Ok(count) => Ok(count > 0),
        // The caller looks at its clock and comes back.
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The kernel ends a child that is beyond its limits with one of two signals.
fn told(status: ExitStatus) -> Unknown {
    match (status.signal(), status.code()) {
        (Some(libc::SIGXCPU | libc::SIGALRM), _) => {
            Unknown::new(UnknownKind::TimeOut, "the look took more time than it is given")
        }
        (Some(signal), _) => {
            Unknown::new(UnknownKind::Crashed, format!("the reader was ended by signal {signal}"))
        }
        (None, code) => {
            let text = format!("the reader ended with exit code {}", code.unwrap_or_default());
            Unknown::new(UnknownKind::Crashed, text)
        }
    }
}
