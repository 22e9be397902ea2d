//! The setup script before a session starts, the teardown script before its worktree goes.
//!
//! A setting names a shell command; without one `.nightshift/setup` (or `teardown`) is run, from the
//! worktree, or from the main checkout when it is not committed.
//! Promise: output is kept in a file that can be read while it grows; a script that fails or takes
//! too long fails the start; nothing of it runs on after a timeout.

use crate::error::{AtPath, Error, Kind, Result};
use crate::git::{Environment, Git, text};
use crate::ledger::{Ledger, Phase, Record};
use crate::limits::{LAST_WORDS_BYTES, TEARDOWN_TIMEOUT};
use crate::ports::{PORT_END_VARIABLE, PORT_VARIABLE};
use crate::settings::{SETUP_FILE, TEARDOWN_FILE};
use nightshift_platform::program::{Ended, Run, run};
use nightshift_platform::spawn::Program;
use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

const WORKTREE_VARIABLE: &str = "NIGHTSHIFT_WORKTREE";
const CHECKOUT_VARIABLE: &str = "NIGHTSHIFT_MAIN_CHECKOUT";

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

/// Whether the setup script has still to run.
pub fn has_setup(record: &Record) -> bool {
    let found = script(record, record.setup.as_deref(), SETUP_FILE);
    record.phase != Phase::Ready && !matches!(found, Ok(None))
}

/// Runs the setup script, unless it has succeeded before; its output goes to `log`.
pub fn set_up(git: &Git, ledger: &Ledger, record: &mut Record, log: &Path) -> Result<()> {
    if record.phase == Phase::Ready {
        return Ok(());
    }
    if let Some(words) = script(record, record.setup.as_deref(), SETUP_FILE)? {
        let timeout = Duration::from_secs(record.setup_timeout_seconds);
        let ended = run_script(git, record, &words, log, timeout)?;
        if let Some(how) = fault(&ended, timeout) {
            let message = format!("the setup script {how}: {}", last_words(log));
            let hint =
                format!("its output is in {}; mend it and start the session again", log.display());
            return Err(Error::new(Kind::Script, message).hint(hint));
        }
    }
    record.phase = Phase::Ready;
    ledger.save(record)
}

/// Runs the teardown script, if there is one. A failure is told and stops nothing: what is removed
/// can be brought back.
pub(crate) fn tear_down(git: &Git, record: &Record, log: &Path) -> Result<Option<String>> {
    let Some(words) = script(record, record.teardown.as_deref(), TEARDOWN_FILE)? else {
        return Ok(None);
    };
    let ended = run_script(git, record, &words, log, TEARDOWN_TIMEOUT)?;
    let failed = fault(&ended, TEARDOWN_TIMEOUT);
    Ok(failed.map(|how| format!("the teardown script {how}: {}", last_words(log))))
}

/// The command line to run, if any.
fn script(record: &Record, set: Option<&str>, file: &str) -> Result<Option<Vec<OsString>>> {
    match set.map(str::trim) {
        // Set to nothing: no script, whatever files there are.
        Some("") => return Ok(None),
        Some(command) => return Ok(Some(vec!["/bin/sh".into(), "-c".into(), command.into()])),
        None => {}
    }
    let candidates = [record.path.join(file), record.repository.root.join(file)];
    let Some(path) = candidates.into_iter().find(|path| path.is_file()) else { return Ok(None) };
    let mode = std::fs::metadata(&path).at(&path)?.permissions().mode();
    let path: PathBuf = path;
    // Without the right to execute it is a shell script all the same.
    let executable = mode & 0o111 != 0;
    let words = if executable { vec![path.into()] } else { vec!["/bin/sh".into(), path.into()] };
    Ok(Some(words))
}

fn run_script(
    git: &Git,
    record: &Record,
    words: &[OsString],
    log: &Path,
    timeout: Duration,
) -> Result<Ended> {
    let file: File = OpenOptions::new().create(true).append(true).mode(0o600).open(log).at(log)?;
    let mut env: Environment = git.script_environment().clone();
    env.extend(script_environment(record).into_iter().map(|(n, v)| (n.into(), v.into())));
    let (first, args) = words.split_first().map_or((OsStr::new("true"), words), |(f, a)| (f, a));
    let program = Program { program: first, args, env: &env, cwd: &record.path };
    let how = Run { input: b"", timeout, output_max_bytes: 0, log: Some(&file) };
    run(&program, &how).map_err(|error| {
        let text = format!("{} cannot be run: {error}", first.display());
        Error::new(Kind::Script, text).hint("mend the script or the setting that names it")
    })
}

fn fault(ended: &Ended, timeout: Duration) -> Option<String> {
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
