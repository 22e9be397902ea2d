//! One session's host: holds a PTY or pipe child, its journal, its screen and its clients.
//!
//! Promise: a host needs nobody. It outlives its supervisor and waits for the next one for ever; it
//! reads its child's output whether or not anybody looks; when the child has ended it leaves an
//! exit record and goes. One thread, no runtime, no wake-ups while nothing happens.
//! Must not know: agents' protocols, SQLite, policy, what a session is for.

pub mod belonging;
mod child;
mod connection;
mod engine;
pub mod finding;
mod handed;
pub mod household;
pub mod journal;
pub mod kin;
mod launch;
mod outbox;
mod paste;
mod signals;
mod viewer;

use engine::{Engine, Parts, reserve_exit, write_exit};
use kin::Kin;
use nightshift_model::Millis;
use nightshift_platform::files::write_atomically;
use nightshift_platform::process::{Identity, become_subreaper, boot_id};
use nightshift_platform::spawn::detach;
use nightshift_platform::{clock, ipc, private};
use nightshift_protocol::launch::{DOCUMENT_VERSION, EXIT_FILE, READY_FILE};
use nightshift_protocol::record::Mark;
use nightshift_protocol::{Exited, Launch, PROTOCOL_VERSION, Ready};
use std::io::{self, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::ExitCode;

pub use engine::SCREEN_FILE;

/// The exit record of the process before, after a relaunch.
pub const PREVIOUS_EXIT_FILE: &str = "exit.prev.json";

/// Runs the host of the session directory `dir` until its child has ended.
///
/// Prints `ready` or `error <message>` as its only line on stdout. Takes over the process: it
/// becomes a subreaper and reaps every child.
pub fn run(dir: &Path) -> ExitCode {
    let engine = match start(dir) {
        Ok(engine) => engine,
        Err(message) => {
            announce(&format!("error {}", message.replace('\n', " ")));
            return ExitCode::FAILURE;
        }
    };
    announce("ready");
    reserve_exit(dir);
    match engine.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log(&format!("the host of {} failed: {error}", dir.display()));
            ExitCode::FAILURE
        }
    }
}

/// The readiness line; whoever started us reads until stdout is closed.
fn announce(line: &str) {
    // A starter that is gone does not hear it and does not need to.
    writeln!(io::stdout(), "{line}").ok();
    let closed = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/null")
        .and_then(|null| Ok(rustix::stdio::dup2_stdout(&null)?));
    if let Err(error) = closed {
        log(&format!("stdout cannot be closed: {error}"));
    }
}

/// One line on stderr, which the supervisor keeps in a file. That file may be on a full disk.
fn log(line: &str) {
    writeln!(io::stderr(), "{line}").ok();
}

/// Everything up to a running child that can be reached. Errors are one line for people.
fn start(dir: &Path) -> Result<Engine, String> {
    detach().map_err(|error| format!("cannot lead a session of its own: {error}"))?;
    private::begin().map_err(|error| format!("cannot be private to its user: {error}"))?;
    let dir = std::path::absolute(dir).map_err(|error| error.to_string())?;
    let launch = launch::read(&dir).map_err(|error| error.to_string())?;
    let (listener, socket) = listen(&launch.socket)
        .map_err(|error| format!("cannot listen at {}: {error}", launch.socket))?;
    let started = start_child(&dir, launch.clone(), listener, socket);
    if started.is_err()
        && let Err(error) = ipc::remove_if_same(Path::new(&launch.socket), socket)
    {
        log(&format!("socket {} cannot be removed: {error}", launch.socket));
    }
    started
}

/// Listening comes before anything is touched: a second host of the same session fails here.
fn listen(socket: &str) -> io::Result<(UnixListener, ipc::SocketId)> {
    let path = Path::new(socket);
    let listener = ipc::listen(path)?;
    listener.set_nonblocking(true)?;
    Ok((listener, ipc::socket_id(path)?))
}

fn start_child(
    dir: &Path,
    launch: Launch,
    listener: UnixListener,
    socket: ipc::SocketId,
) -> Result<Engine, String> {
    let of_dir = |error: io::Error| format!("session directory {}: {error}", dir.display());
    forget_previous(dir).map_err(of_dir)?;
    let mut journal = journal::Writer::open(dir, launch.journal_max_bytes).map_err(of_dir)?;
    journal.number_after(launch.journal_after);
    // Not to keep the directory we were started in from being removed.
    std::env::set_current_dir("/").map_err(|error| error.to_string())?;
    become_subreaper().map_err(|error| format!("cannot adopt orphans: {error}"))?;
    let kin = Kin::of_host(dir, Path::new(&launch.socket)).map_err(|e| e.to_string())?;
    // Before anything is started: all of it has the mark, and keeps it when this host is killed.
    kin::take_mark(dir, &launch.session).map_err(|error| error.to_string())?;
    let signals =
        signals::Signals::listen().map_err(|error| format!("cannot hear signals: {error}"))?;
    let child = match launch::start(&launch) {
        Ok(child) => child,
        Err(error) => {
            let message = error.to_string();
            write_exit(dir, &never_started(&message, journal.last_seq())).map_err(of_dir)?;
            return Err(message);
        }
    };
    let marked = journal
        .mark(child.started_at, &Mark::Launched { pid: child.identity.pid, prompt: launch.prompt });
    if let Err(error) = marked.stored {
        log(&format!("the journal cannot be written: {error}; output continues"));
    }
    let dir_of_session = dir.to_owned();
    let parts =
        Parts { dir: dir_of_session, listener, socket, signals, child, journal, launch, kin };
    let engine = Engine::new(parts);
    if let Err(error) = write_ready(dir, &engine) {
        let message = of_dir(error);
        engine.abandon();
        return Err(message);
    }
    Ok(engine)
}

/// A relaunch in the same directory: the old exit is kept under another name, so that an exit
/// record always belongs to the latest process.
fn forget_previous(dir: &Path) -> io::Result<()> {
    let missing_is_fine = |result: io::Result<()>| match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    };
    missing_is_fine(std::fs::rename(dir.join(EXIT_FILE), dir.join(PREVIOUS_EXIT_FILE)))?;
    missing_is_fine(std::fs::remove_file(dir.join(READY_FILE)))?;
    missing_is_fine(std::fs::remove_file(dir.join(SCREEN_FILE)))
}

fn never_started(message: &str, last_seq: u64) -> Exited {
    Exited {
        version: DOCUMENT_VERSION,
        code: None,
        signal: None,
        spawn_error: Some(message.to_owned()),
        user_time_ms: 0,
        system_time_ms: 0,
        max_rss_kib: 0,
        at: clock::now(),
        last_seq,
    }
}

fn write_ready(dir: &Path, engine: &Engine) -> io::Result<()> {
    let own = Identity::own()?;
    let binary = std::env::current_exe()?;
    let at: Millis = clock::now();
    let ready = Ready {
        version: DOCUMENT_VERSION,
        pid: own.pid,
        start_ticks: own.start_ticks,
        child_pid: engine.child.identity.pid,
        child_start_ticks: engine.child.identity.start_ticks,
        boot_id: boot_id()?,
        socket: engine.launch.socket.clone(),
        protocol: PROTOCOL_VERSION,
        build: env!("CARGO_PKG_VERSION").to_owned(),
        binary: binary.display().to_string(),
        at,
    };
    // Not worth a wait for the disk: when the power goes, so do the processes it speaks of.
    write_atomically(&dir.join(READY_FILE), &serde_json::to_vec(&ready)?)
}
