//! The host's loop: one thread, one poll(2), no timeout unless a deadline is really pending.
//!
//! Promise: never blocks on a client or on the child; a job never waits for a viewer; what a peer
//! sent before another connected is handled before that other is let in.
//! Must not know: what agents say, what the supervisor does with what it hears.

mod activity;
mod ending;
mod finish;
mod followers;
mod gate;
mod listening;
mod output;
mod requests;
mod restore;
mod turn;
mod viewers;

use crate::child::{Child, ChildIo};
use crate::connection::Connection;
use crate::journal::Writer;
use crate::kin::Kin;
use crate::signals::Signals;
use activity::Activity;
use ending::Ending;
pub use finish::SCREEN_FILE;
pub(crate) use finish::{reserve_exit, write_exit};
use listening::Listening;
use nightshift_platform::clock;
use nightshift_platform::ipc::SocketId;
use nightshift_protocol::Launch;
use std::collections::BTreeSet;
use std::io;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::time::Duration;

/// Connections at once; more are closed again.
const CONNECTIONS_MAX: usize = 128;

/// Of these, such as have not greeted; the oldest goes for a new one.
const UNGREETED_MAX: usize = 32;
/// Frames that were begun and not ended, of all connections: two of the largest.
const UNFINISHED_MAX_BYTES: usize = 32 * 1024 * 1024;

/// A disk that took nothing is tried again after this: soon after its user has made room.
const STORE_RETRY: Duration = Duration::from_secs(1);

/// Everything a running host has.
pub(crate) struct Engine {
    pub launch: Launch,
    pub dir: PathBuf,
    pub listener: UnixListener,
    pub socket: SocketId,
    pub signals: Signals,
    pub child: Child,
    pub journal: Writer,
    connections: Vec<Connection>,
    kin: Kin,
    /// What was refused and told of already.
    refused: BTreeSet<(String, &'static str)>,
    activity: Activity,
    ending: Ending,
    /// When the screen draws what a flood left to draw.
    draw_at: Option<Duration>,
    /// When newcomers are let in again, after descriptors ran out.
    accept_at: Option<Duration>,
    listening: Listening,
    /// When what waits for the disk is tried again; none while nothing waits.
    store_at: Option<Duration>,
    /// Read into by turns; lives here so that no turn allocates it.
    scratch: Vec<u8>,
}

/// What a host starts with.
pub(crate) struct Parts {
    pub launch: Launch,
    pub dir: PathBuf,
    pub listener: UnixListener,
    pub socket: SocketId,
    pub signals: Signals,
    pub child: Child,
    pub journal: Writer,
    pub kin: Kin,
}

impl Engine {
    pub fn new(parts: Parts) -> Engine {
        let Parts { launch, dir, listener, socket, signals, child, mut journal, kin } = parts;
        if matches!(child.io, ChildIo::Pipe(_)) {
            journal.keep_lines();
        }
        Engine {
            launch,
            dir,
            listener,
            socket,
            signals,
            child,
            journal,
            connections: Vec::new(),
            kin,
            refused: BTreeSet::new(),
            activity: Activity::default(),
            ending: Ending::default(),
            draw_at: None,
            accept_at: None,
            listening: Listening::default(),
            store_at: None,
            scratch: vec![0; crate::child::OUTPUT_BYTES],
        }
    }

    /// Until the child and everything below it has ended and the exit record is written.
    pub fn run(mut self) -> io::Result<()> {
        while !self.ending.is_done() {
            self.turn()?;
        }
        self.finish()
    }

    /// Ends a child that nobody will ever be able to reach.
    pub fn abandon(self) {
        self.kill_descendants();
    }

    /// Tells once that the disk does not take the journal: the log may well be on the same disk.
    fn note_stored(&mut self, stored: &io::Result<()>) {
        if let Err(error) = stored
            && self.store_at.is_none()
        {
            self.store_at = Some(clock::monotonic() + STORE_RETRY);
            crate::log(&format!("the journal cannot be written: {error}; it is tried again"));
        }
    }

    /// Gives the disk what waits for it.
    fn store_when_due(&mut self, now: Duration) {
        if self.store_at.is_some_and(|at| now >= at) {
            self.store_at = match self.journal.write_waiting() {
                Ok(()) => None,
                Err(_) => Some(now + STORE_RETRY),
            };
        }
    }

    /// Keys or lines wait for the child to read them.
    fn child_input_waits(&self) -> bool {
        match &self.child.io {
            ChildIo::Pty(pty) => !pty.keys.is_empty(),
            ChildIo::Pipe(pipe) => pipe.stdin.is_some() && !pipe.lines_in.is_empty(),
        }
    }

    fn child_output_ended(&self) -> bool {
        match &self.child.io {
            ChildIo::Pty(pty) => pty.ended,
            ChildIo::Pipe(pipe) => pipe.ended(),
        }
    }
}
