//! The setup script before a session starts, the teardown script before its worktree goes.
//!
//! A setting names a shell command; without one `.nightshift/setup` (or `teardown`) of the base
//! commit is run, or the main checkout's where that is not committed.
//! Promise: only the bytes that were read before the worktree was made are ever run, whatever stands
//! in it by then; output is kept in a file that can be read while it grows; a script that fails or
//! takes too long fails the start; nothing of it runs on after a timeout.
//! One of a supervisor that was killed is ended before another begins.
//! Must not know: whether somebody trusts them.

use crate::error::{AtPath, Error, Kind, Result};
use crate::git_program::digest::sha256;
use crate::git_program::git::{Environment, Git, text};
use crate::git_program::interpreter::{Command, command};
use crate::limits::{
    LAST_WORDS_BYTES, SCRIPT_GRACE, SCRIPT_MAX_BYTES, SCRIPT_SAID_MAX_CHARS, TEARDOWN_TIMEOUT,
};
use crate::looking::repository::Repository;
use crate::making::plan::Base;
use crate::making::ports::{PORT_END_VARIABLE, PORT_VARIABLE};
use crate::making::settings::{SETUP_FILE, Settings, TEARDOWN_FILE};
use crate::removing::ledger::{Ledger, Phase, Record};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nightshift_platform::family;
use nightshift_platform::files::read_bounded;
use nightshift_platform::program::{Ended, Keep, Run, Watch, run, run_watched};
use nightshift_platform::spawn::Program;
use serde::{Deserialize, Serialize};
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Marks every process of a setup with its worktree, so that one that outlived its supervisor is found again.
const SETUP_VARIABLE: &str = "NIGHTSHIFT_SETUP";
const WORKTREE_VARIABLE: &str = "NIGHTSHIFT_WORKTREE";
const CHECKOUT_VARIABLE: &str = "NIGHTSHIFT_MAIN_CHECKOUT";
/// Modes of git for files, without and with the right to execute.
const FILE_MODES: [&str; 2] = ["100644", "100755"];
/// The same for symbolic links.
const LINK_MODE: &str = "120000";

/// What is run for one worktree, and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Scripts {
    pub setup: Option<Script>,
    pub teardown: Option<Script>,
}

/// One script, as it was when the worktree was planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Script {
    /// The file that it is, relative to the checkout, or the file with the setting.
    pub source: String,
    /// A command line of a setting, not a file.
    pub command: bool,
    /// The user's own setting says it, not the repository's.
    #[serde(default)]
    pub of_user: bool,
    /// Base64.
    bytes: String,
    sha256: String,
}

impl Script {
    fn new(source: impl Into<String>, bytes: &[u8]) -> Script {
        let (source, sha256) = (source.into(), sha256(bytes));
        let bytes = STANDARD.encode(bytes);
        Script { source, command: false, of_user: false, bytes, sha256 }
    }

    /// What people know it by.
    fn shown(&self) -> Result<String> {
        if !self.command {
            return Ok(format!("the setup script {}", self.source));
        }
        let line = String::from_utf8_lossy(&self.bytes()?).trim().to_owned();
        let (start, rest) = match line.char_indices().nth(SCRIPT_SAID_MAX_CHARS) {
            Some((at, _)) => (&line[..at], "…"),
            None => (line.as_str(), ""),
        };
        Ok(format!("the setup command `{}{rest}`", start.replace(['\n', '\r'], " ")))
    }

    /// What is run.
    ///
    /// Errors: the record was changed by somebody else.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        let read = STANDARD.decode(&self.bytes).ok().filter(|b| sha256(b) == self.sha256);
        read.ok_or_else(|| {
            let text = format!("what was kept of {} is damaged; it is not run", self.source);
            Error::new(Kind::Script, text).hint("start a new session")
        })
    }
}

/// What `settings` and the repository say is run for a worktree that begins at `base`.
pub(crate) fn planned(
    git: &Git,
    repository: &Repository,
    base: &Base,
    settings: &mut Settings,
) -> Result<Scripts> {
    let mut notes = Vec::new();
    let mut one = |set: &Option<String>, by: &Option<PathBuf>, of_user, file| -> Result<_> {
        match set.as_deref().map(str::trim) {
            // Set to nothing: no script, whatever files there are.
            Some("") => Ok(None),
            Some(line) => {
                let by = by.as_ref().map_or(String::new(), |by| shown(repository, by));
                let script = Script::new(by, line.as_bytes());
                Ok(Some(Script { command: true, of_user, ..script }))
            }
            None => found(git, repository, base, file, &mut notes),
        }
    };
    let Settings { setup, setup_by, teardown, teardown_by, user_file, .. } = &*settings;
    let of_user = |by: &Option<PathBuf>| by.as_ref() == Some(user_file);
    let setup = one(setup, setup_by, of_user(setup_by), SETUP_FILE)?;
    let teardown = one(teardown, teardown_by, of_user(teardown_by), TEARDOWN_FILE)?;
    settings.notes.extend(notes);
    Ok(Scripts { setup, teardown })
}

fn shown(repository: &Repository, path: &Path) -> String {
    path.strip_prefix(&repository.root).unwrap_or(path).display().to_string()
}

/// The file in the base commit, else in the main checkout.
fn found(
    git: &Git,
    repository: &Repository,
    base: &Base,
    file: &str,
    notes: &mut Vec<String>,
) -> Result<Option<Script>> {
    match committed(git, repository, &base.commit, file)? {
        Committed::File(bytes) if bytes.len() as u64 > SCRIPT_MAX_BYTES => {
            notes.push(format!("{file} has more than {SCRIPT_MAX_BYTES} bytes and is not run"));
            return Ok(None);
        }
        Committed::File(bytes) => return Ok(Some(Script::new(file, &bytes))),
        Committed::Link => {
            notes.push(format!("{file} is not run: it is a symbolic link"));
            return Ok(None);
        }
        Committed::NoFile => {
            notes.push(format!("{file} is not run: it is no plain file"));
            return Ok(None);
        }
        Committed::Absent => {}
    }
    let path = repository.root.join(file);
    if std::fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink()) {
        notes.push(format!("{file} is not run: it is a symbolic link"));
        return Ok(None);
    }
    match read_bounded(&path, SCRIPT_MAX_BYTES) {
        Ok(bytes) => Ok(Some(Script::new(file, &bytes))),
        Err(error) => {
            use std::io::ErrorKind::{NotADirectory, NotFound};
            if !matches!(error.kind(), NotFound | NotADirectory) {
                notes.push(format!("{file} is not run: {error}"));
            }
            Ok(None)
        }
    }
}

enum Committed {
    File(Vec<u8>),
    Link,
    /// A directory, a submodule.
    NoFile,
    Absent,
}

/// What `commit` has at this place.
fn committed(git: &Git, repo: &Repository, commit: &str, file: &str) -> Result<Committed> {
    let listed = git.look(&repo.root, &["ls-tree", "--full-tree", "-z"]).arg(commit).arg("--");
    let listed = text(&listed.arg(file).read()?);
    let Some((mode, object)) = listed.split_once('\t').and_then(|(entry, _)| {
        let mut parts = entry.split(' ');
        Some((parts.next()?, parts.nth(1)?))
    }) else {
        return Ok(Committed::Absent);
    };
    if mode == LINK_MODE {
        return Ok(Committed::Link);
    }
    if !FILE_MODES.contains(&mode) {
        return Ok(Committed::NoFile);
    }
    let blob = git.look(&repo.root, &["cat-file", "blob"]).arg(object);
    // Nothing is fetched for it: that would run a program of the repository's choice.
    blob.env("GIT_NO_LAZY_FETCH", "1").read().map(Committed::File)
}

/// For a worktree that was made before scripts were written down: those of its settings, else of what
/// the main checkout has committed, if `trusted` says so of them.
pub fn adopt_scripts(
    git: &Git,
    ledger: &Ledger,
    record: &mut Record,
    trusted: impl FnOnce(&Scripts) -> bool,
) -> Result<()> {
    if record.scripts.is_some() {
        return Ok(());
    }
    let repo = &record.repository;
    let one = |set: &Option<String>, file: &str| -> Result<Option<Script>> {
        match set.as_deref().map(str::trim) {
            Some("") => Ok(None),
            Some(line) => {
                let script = Script::new("settings", line.as_bytes());
                Ok(Some(Script { command: true, ..script }))
            }
            None => Ok(match committed(git, repo, "HEAD", file)? {
                Committed::File(bytes) => Some(Script::new(file, &bytes)),
                Committed::Link | Committed::NoFile | Committed::Absent => None,
            }),
        }
    };
    let setup = one(&record.setup, SETUP_FILE)?;
    let teardown = one(&record.teardown, TEARDOWN_FILE)?;
    let scripts = Scripts { setup, teardown };
    if !trusted(&scripts) {
        return Ok(());
    }
    record.scripts = Some(scripts);
    ledger.save(record)
}

/// What scripts and the session itself find in their environment.
pub fn script_environment(record: &Record) -> Vec<(&'static str, String)> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut variables = vec![
        (WORKTREE_VARIABLE, text(&record.path)),
        (CHECKOUT_VARIABLE, text(&record.repository.root)),
    ];
    if let Some(ports) = record.ports {
        variables.push((PORT_VARIABLE, ports.first.to_string()));
        variables.push((PORT_END_VARIABLE, ports.last.to_string()));
    }
    variables
}

/// Nothing of the repository is run for it, now and when it goes.
pub fn drop_scripts(ledger: &Ledger, record: &mut Record) -> Result<()> {
    record.scripts = Some(Scripts::default());
    ledger.save(record)
}

/// Whether the setup script has still to run.
pub fn has_setup(record: &Record) -> bool {
    let setup = record.scripts.as_ref().and_then(|scripts| scripts.setup.as_ref());
    record.phase != Phase::Ready && setup.is_some()
}

/// Runs the setup script, unless it has succeeded before; its output goes to `log`. Once it is called off, it and all
/// that it started is ended.
pub fn set_up(
    git: &Git,
    ledger: &Ledger,
    record: &mut Record,
    log: &Path,
    called_off: &AtomicBool,
) -> Result<()> {
    if record.phase == Phase::Ready {
        return Ok(());
    }
    if let Some(script) = record.scripts.as_ref().and_then(|scripts| scripts.setup.as_ref()) {
        let timeout = Duration::from_secs(record.setup_timeout_seconds);
        let command = prepared(ledger, record, script)?;
        let what = script.shown()?;
        end_set_up(record)?;
        let ran = run_setup(git, record, &command, log, (timeout, called_off));
        let failed = ran.as_ref().map_or(true, |ended| fault(ended, timeout).is_some());
        if failed {
            end_set_up(record)?;
        }
        if let Some(how) = fault(&ran?, timeout) {
            let message = format!("{what} {how}: {}", last_words(log));
            let hint = format!(
                "its output is in {}; where the script is at fault, mend and commit it and start a \
                 new session",
                log.display()
            );
            return Err(Error::new(Kind::Script, message).hint(hint));
        }
    }
    record.phase = Phase::Ready;
    ledger.save(record)
}

/// Ends what is left of the setup of this worktree, wherever it has gone since.
///
/// Errors: some of it cannot be ended, and works on in the worktree.
pub fn end_set_up(record: &Record) -> Result<()> {
    let place = Path::new("/proc");
    match family::end_marked(SETUP_VARIABLE, &mark(record), SCRIPT_GRACE).at(place)? {
        true => Ok(()),
        false => {
            let shown = record.path.display();
            let text = format!("processes of an earlier setup of {shown} cannot be ended");
            Err(Error::new(Kind::Busy, text).hint("end them, then start again"))
        }
    }
}

/// Runs the teardown script, if there is one. A failure is told and stops nothing: what is removed
/// can be brought back.
pub(crate) fn tear_down(
    git: &Git,
    ledger: &Ledger,
    record: &Record,
    log: &Path,
) -> Result<Option<String>> {
    let Some(scripts) = &record.scripts else { return Ok(not_torn_down(record)) };
    let Some(script) = &scripts.teardown else { return Ok(None) };
    let command = prepared(ledger, record, script)?;
    let ended = run_script(git, record, &command, log, TEARDOWN_TIMEOUT)?;
    let failed = fault(&ended, TEARDOWN_TIMEOUT);
    Ok(failed.map(|how| format!("the teardown script {how}: {}", last_words(log))))
}

/// Of a worktree that is older than scripts which are written down.
fn not_torn_down(record: &Record) -> Option<String> {
    let set = record.teardown.as_deref().map(str::trim);
    let is = |dir: &Path| dir.join(TEARDOWN_FILE).is_file();
    let has =
        set.map_or_else(|| is(&record.path) || is(&record.repository.root), |s| !s.is_empty());
    has.then(|| {
        "the teardown script was not run: the repository is not trusted, or changed since"
            .to_owned()
    })
}

fn prepared(ledger: &Ledger, record: &Record, script: &Script) -> Result<Command> {
    let bytes = script.bytes()?;
    // What a script takes from its own name is the worktree, where it seems to be.
    let name = if script.command { PathBuf::from("sh") } else { record.path.join(&script.source) };
    command(&bytes, &name, &ledger.scratch())
}

/// No two worktrees of a machine have the same, not even those of copied homes.
fn mark(record: &Record) -> String {
    record.path.to_string_lossy().into_owned()
}

/// The program that a script is, in its worktree.
struct Running<'a> {
    words: &'a [std::ffi::OsString],
    env: Environment,
    log: File,
}

impl<'a> Running<'a> {
    fn new(git: &Git, record: &Record, command: &'a Command, log: &Path) -> Result<Running<'a>> {
        let log = OpenOptions::new().create(true).append(true).mode(0o600).open(log).at(log)?;
        let mut env: Environment = git.script_environment().clone();
        env.extend(script_environment(record).into_iter().map(|(n, v)| (n.into(), v.into())));
        Ok(Running { words: command.words(), env, log })
    }

    fn run(&self, cwd: &Path, timeout: Duration, called_off: Option<&AtomicBool>) -> Result<Ended> {
        let words = self.words;
        let (program, args) =
            words.split_first().map_or((OsStr::new("true"), words), |(f, a)| (f, a));
        let program = Program { program, args, env: &self.env, cwd };
        let how = Run { input: b"", timeout, output_max_bytes: 0, log: Some(&self.log) };
        let ended = match called_off {
            None => run(&program, &how),
            Some(called_off) => {
                run_watched(&program, &how, &Watch { called_off, keep: Keep::Last })
            }
        };
        ended.map_err(|error| {
            let text = format!("{} cannot be run: {error}", program.program.display());
            Error::new(Kind::Script, text).hint("mend the script or the setting that names it")
        })
    }
}

fn run_setup(
    git: &Git,
    record: &Record,
    command: &Command,
    log: &Path,
    (timeout, called_off): (Duration, &AtomicBool),
) -> Result<Ended> {
    let mut running = Running::new(git, record, command, log)?;
    running.env.insert(SETUP_VARIABLE.into(), mark(record).into());
    running.run(&record.path, timeout, Some(called_off))
}

fn run_script(
    git: &Git,
    record: &Record,
    command: &Command,
    log: &Path,
    timeout: Duration,
) -> Result<Ended> {
    Running::new(git, record, command, log)?.run(&record.path, timeout, None)
}

fn fault(ended: &Ended, timeout: Duration) -> Option<String> {
    if ended.called_off {
        return Some("was called off".to_owned());
    }
    match (ended.timed_out, ended.code, ended.signal) {
        (true, _, _) => Some(format!("took longer than {} s", timeout.as_secs())),
        (false, Some(0), _) => None,
        (false, Some(code), _) => Some(format!("failed with exit code {code}")),
        (false, None, signal) => {
            Some(format!("was ended by signal {}", signal.unwrap_or_default()))
        }
    }
}

/// The end of what a script printed.
fn last_words(log: &Path) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let len = file.metadata()?.len();
        file.seek(SeekFrom::Start(len.saturating_sub(LAST_WORDS_BYTES as u64)))?;
        let mut bytes = Vec::new();
        file.take(LAST_WORDS_BYTES as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match read() {
        Ok(bytes) if bytes.is_empty() => "it printed nothing".to_owned(),
        Ok(bytes) => text(&bytes).trim().to_owned(),
        Err(error) => format!("its output cannot be read: {error}"),
    }
}
