//! The `git` program: bounded, never asking, never influenced by a surrounding git command.
//!
//! Promise: every call has a timeout and keeps what git said for the error; no call inherits which
//! repository or index to use; no call starts git's own background work.
//! Must not know: what is asked.

use crate::error::{Error, Kind, Result};
use crate::limits::{OUTPUT_MAX_BYTES, READ_TIMEOUT, WRITE_TIMEOUT};
use nightshift_platform::program::{Ended, Run, run};
use nightshift_platform::spawn::Program;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::Duration;

/// Variables by name, as programs get them.
pub type Environment = BTreeMap<OsString, OsString>;

/// `git rev-parse --local-env-vars`, and what would make git write traces into our output.
const FOREIGN: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CEILING_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_TRACE",
    "GIT_WORK_TREE",
];
/// Nobody is there to answer, and messages are compared in English.
const OURS: &[(&str, &str)] = &[
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GCM_INTERACTIVE", "never"),
    ("GIT_EDITOR", "true"),
    ("GIT_PAGER", "cat"),
    ("LC_ALL", "C"),
];
/// No background work: a daemon would keep the worktree as its directory.
const ALWAYS: &[&str] = &[
    "-c",
    "core.fsmonitor=false",
    "-c",
    "gc.auto=0",
    "-c",
    "maintenance.auto=false",
    "-c",
    "core.quotePath=false",
];
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// git's complaint about a worktree that another program is just making.
const HALF_WRITTEN: &str = "/commondir";
/// Making one takes a few milliseconds, starting git again about as long.
const HALF_WRITTEN_RETRIES: u32 = 5;
/// Lines of git's complaint that go into an error.
const COMPLAINT_MAX_LINES: usize = 6;

/// The program with the environment it runs in: the user's, for hooks, credentials and filters.
#[derive(Clone, Debug)]
pub struct Git {
    env: Environment,
    scripts: Environment,
}

impl Git {
    pub fn new(env: &Environment) -> Git {
        let mut scripts = env.clone();
        scripts.retain(|name, _| !FOREIGN.iter().any(|foreign| name == foreign));
        scripts.entry("PATH".into()).or_insert_with(|| DEFAULT_PATH.into());
        let mut env = scripts.clone();
        env.extend(OURS.iter().map(|(name, value)| (name.into(), value.into())));
        Git { env, scripts }
    }

    /// The user's environment without what would name another repository.
    pub fn script_environment(&self) -> &Environment {
        &self.scripts
    }

    /// A call in `dir`; nothing runs before it is ended or read.
    pub fn call<'a>(&'a self, dir: &'a Path, args: &[&str]) -> Call<'a> {
        let args = ALWAYS.iter().chain(args).map(OsString::from).collect();
        let (env, input) = (self.env.clone(), Vec::new());
        Call { dir, args, env, input, timeout: READ_TIMEOUT }
    }
}

/// One call under construction.
pub struct Call<'a> {
    dir: &'a Path,
    args: Vec<OsString>,
    env: Environment,
    input: Vec<u8>,
    timeout: Duration,
}

impl Call<'_> {
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.insert(name.into(), value.as_ref().to_owned());
        self
    }

    pub fn input(mut self, input: Vec<u8>) -> Self {
        self.input = input;
        self
    }

    /// Takes as long as the size of the repository asks for.
    pub fn long(mut self) -> Self {
        self.timeout = WRITE_TIMEOUT;
        self
    }

    /// Runs to the end, whatever the exit code.
    pub fn end(self) -> Result<Ended> {
        let program =
            Program { program: OsStr::new("git"), args: &self.args, env: &self.env, cwd: self.dir };
        let how = Run {
            input: &self.input,
            timeout: self.timeout,
            output_max_bytes: OUTPUT_MAX_BYTES,
            log: None,
        };
        let once = || {
            run(&program, &how).map_err(|error| {
                let text = format!("git in {}: {error}", self.dir.display());
                Error::new(Kind::Git, text).hint("install git, or put it on the PATH")
            })
        };
        let mut ended = once()?;
        for _ in 0..HALF_WRITTEN_RETRIES {
            if ended.code == Some(0) || !text(&ended.stderr).contains(HALF_WRITTEN) {
                break;
            }
            ended = once()?;
        }
        if ended.timed_out {
            let text =
                format!("{} did not end within {:?} and was ended", self.named(), self.timeout);
            return Err(Error::new(Kind::Git, text));
        }
        if ended.truncated {
            let text = format!("{} printed more than {OUTPUT_MAX_BYTES} bytes", self.named());
            return Err(Error::new(Kind::Git, text));
        }
        Ok(ended)
    }

    /// What it printed; any exit code but 0 is an error.
    pub fn read(self) -> Result<Vec<u8>> {
        let named = self.named();
        let ended = self.end()?;
        if ended.code == Some(0) { Ok(ended.stdout) } else { Err(failed(&named, &ended)) }
    }

    /// The same as one line of text.
    pub fn line(self) -> Result<String> {
        self.read().map(|bytes| text(&bytes).trim_end().to_owned())
    }

    /// A line, or nothing when git says so by exit code 1.
    pub fn find(self) -> Result<Option<String>> {
        let named = self.named();
        let ended = self.end()?;
        match ended.code {
            Some(0) => Ok(Some(text(&ended.stdout).trim_end().to_owned())),
            Some(1) => Ok(None),
            Some(_) | None => Err(failed(&named, &ended)),
        }
    }

    fn named(&self) -> String {
        let words = self.args.iter().skip(ALWAYS.len()).take(2);
        let words: Vec<_> = words.map(|word| word.to_string_lossy().into_owned()).collect();
        format!("git {} in {}", words.join(" "), self.dir.display())
    }
}

/// git's own words are the best explanation there is.
pub fn failed(named: &str, ended: &Ended) -> Error {
    let complaint = text(&ended.stderr);
    let lines: Vec<&str> = complaint.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(COMPLAINT_MAX_LINES)..];
    let how = match (ended.code, ended.signal) {
        (Some(code), _) => format!("exit code {code}"),
        (None, signal) => format!("signal {}", signal.unwrap_or_default()),
    };
    Error::new(Kind::Git, format!("{named}: {how}: {}", last.join("; ")))
}

/// For people: what is not UTF-8 is replaced.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The pieces of NUL-separated output.
pub fn pieces(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|&b| b == 0).filter(|piece| !piece.is_empty())
}
