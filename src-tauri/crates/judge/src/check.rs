//! The user's own command as evidence: `sh -c` in the session's directory and environment.
//!
//! Promise: nothing of it runs on, whatever it started and wherever that went; its time and what is
//! kept of its output are bounded; anything but exit code 0 has not passed.
//! Must not know: what is done with the result.

use crate::call::Environment;
use crate::clean::{clean, cut_front, line};
use crate::limits::{CHECK_TAIL_BYTES, CHECK_TAIL_LINES, COMMAND_MAX_BYTES, GRACE, SAID_MAX_CHARS};
use nightshift_platform::program::{Ended, Keep, Run, Watch, run_watched};
use nightshift_platform::spawn::Program;
use nightshift_platform::{clock, family};
use nightshift_protocol::launch::ROLE_VARIABLE;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Marks every process of a check with its owner, so that what detached itself is found again.
const MARK_VARIABLE: &str = "NIGHTSHIFT_CHECK";
/// The command as it would run by itself, with both outputs in the order in which they came.
const SHELL: &str = "exec /bin/sh -c \"$1\" 2>&1";

#[derive(Clone, Copy, Debug)]
pub struct Check<'a> {
    pub command: &'a str,
    pub cwd: &'a Path,
    pub env: &'a Environment,
    /// Whose check it is (a session's id): one at a time.
    pub owner: &'a str,
    pub timeout: Duration,
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckResult {
    pub command: String,
    pub outcome: CheckOutcome,
    /// Its last lines, both outputs together.
    pub tail: String,
    pub took_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckOutcome {
    Exited(i32),
    /// Ended by a signal that was not ours.
    Signalled(i32),
    TimedOut {
        after_s: u64,
    },
    CalledOff,
    /// It could not be started; why.
    NotRun(String),
}

impl CheckResult {
    pub fn passed(&self) -> bool {
        self.outcome == CheckOutcome::Exited(0)
    }

    /// How it ended, in few words: `exit code 101`.
    pub fn ending(&self) -> String {
        match &self.outcome {
            CheckOutcome::Exited(code) => format!("exit code {code}"),
            CheckOutcome::Signalled(signal) => format!("ended by signal {signal}"),
            CheckOutcome::TimedOut { after_s } => format!("ended after {after_s} s without an end"),
            CheckOutcome::CalledOff => "called off".to_owned(),
            CheckOutcome::NotRun(why) => format!("could not be run: {why}"),
        }
    }

    /// One line for people and agents.
    pub fn words(&self) -> String {
        let what = if self.passed() { "passed" } else { "failed" };
        let command = line(&self.command, SAID_MAX_CHARS);
        let last = self.tail.lines().rev().map(str::trim).find(|text| !text.is_empty());
        let last = last.map(|text| format!(": {}", line(text, SAID_MAX_CHARS)));
        format!("check `{command}` {what} ({}){}", self.ending(), last.unwrap_or_default())
    }
}

/// Runs a check to its end. What an earlier check of the same owner left behind is ended first.
pub fn run_check(check: &Check<'_>, called_off: &AtomicBool) -> CheckResult {
    let began = clock::monotonic();
    let ran = end_checks(check.owner).and_then(|_| run(check, called_off));
    let swept = end_checks(check.owner);
    let (outcome, tail) = match (ran, swept) {
        (Err(error), _) => (CheckOutcome::NotRun(error.to_string()), String::new()),
        (Ok(ended), Ok(true)) => (outcome(&ended, check.timeout), tail(&ended.stdout)),
        // Passed or not, it is not over: whoever goes on now works beside it.
        (Ok(ended), Ok(false)) => {
            let why = "processes of it cannot be ended".to_owned();
            (CheckOutcome::NotRun(why), tail(&ended.stdout))
        }
        (Ok(ended), Err(error)) => (CheckOutcome::NotRun(error.to_string()), tail(&ended.stdout)),
    };
    let took = clock::monotonic().saturating_sub(began).as_millis();
    let command = crate::clean::cut_end(check.command.trim(), COMMAND_MAX_BYTES).to_owned();
    CheckResult { command, outcome, tail, took_ms: u64::try_from(took).unwrap_or(u64::MAX) }
}

/// Ends what is left of an owner's checks (of a supervisor that was killed, say). True when nothing is.
pub fn end_checks(owner: &str) -> io::Result<bool> {
    family::end_marked(MARK_VARIABLE, owner, GRACE)
}

fn run(check: &Check<'_>, called_off: &AtomicBool) -> io::Result<Ended> {
    let mut env = check.env.clone();
    env.insert(MARK_VARIABLE.into(), check.owner.into());
    // What the command starts is not part of whatever started us.
    env.remove(OsStr::new(ROLE_VARIABLE));
    let args: [OsString; 4] = ["-c".into(), SHELL.into(), "sh".into(), check.command.into()];
    let program =
        Program { program: OsStr::new("/bin/sh"), args: &args, env: &env, cwd: check.cwd };
    let how =
        Run { input: b"", timeout: check.timeout, output_max_bytes: CHECK_TAIL_BYTES, log: None };
    run_watched(&program, &how, &Watch { called_off, keep: Keep::Last })
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", check.cwd.display())))
}

fn outcome(ended: &Ended, timeout: Duration) -> CheckOutcome {
    match (ended.called_off, ended.timed_out, ended.code) {
        (true, _, _) => CheckOutcome::CalledOff,
        (_, true, _) => CheckOutcome::TimedOut { after_s: timeout.as_secs() },
        (false, false, Some(code)) => CheckOutcome::Exited(code),
        (false, false, None) => CheckOutcome::Signalled(ended.signal.unwrap_or_default()),
    }
}

fn tail(output: &[u8]) -> String {
    let text = clean(&String::from_utf8_lossy(output).replace("\r\n", "\n"));
    let text = cut_front(text.trim_end(), CHECK_TAIL_BYTES);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(CHECK_TAIL_LINES)..].join("\n")
}
