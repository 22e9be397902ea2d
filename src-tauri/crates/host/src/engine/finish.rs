//! The end of a host: final screen, exit record, last words to everybody.
//!
//! Promise: the exit record is on disk before anyone hears of the exit; clients get a bounded time
//! to take what is theirs.
//! Must not know: what anyone does with the record.

use super::Engine;
use super::turn::timespec;
use crate::child::ChildIo;
use nightshift_platform::files::write_durably;
use nightshift_platform::{clock, ipc};
use nightshift_protocol::launch::{DOCUMENT_VERSION, EXIT_FILE};
use nightshift_protocol::{Exited, HostEvent};
use rustix::event::{PollFd, PollFlags, poll};
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

/// Bytes that repaint the final scrollback and screen.
pub const SCREEN_FILE: &str = "screen";
/// Room for the exit record on a disk that is full when the child ends.
const RESERVE_FILE: &str = "reserve";
/// The record itself and what the file system needs to rename it.
const RESERVE_BYTES: usize = 8 * 1024;
/// The exit record is tried this often when the disk is full, …
const EXIT_ATTEMPTS: u32 = 20;
/// … with this much time in between.
const EXIT_RETRY: Duration = Duration::from_millis(100);
/// Clients that do not take their last bytes within this time go without.
const FAREWELL_MAX: Duration = Duration::from_secs(2);

impl Engine {
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.send_final_snapshots();
        self.write_screen();
        if let Err(error) = self.journal.sync() {
            crate::log(&format!("the journal cannot be made durable: {error}"));
        }
        let exit = self.exit_record();
        let written = write_exit(&self.dir, &exit);
        for connection in &mut self.connections {
            connection.viewer = None;
        }
        self.say_farewell(&exit);
        if let Err(error) = ipc::remove_if_same(Path::new(&self.launch.socket), self.socket) {
            crate::log(&format!("socket {} cannot be removed: {error}", self.launch.socket));
        }
        written
    }

    fn write_screen(&mut self) {
        let ChildIo::Pty(pty) = &mut self.child.io else { return };
        pty.screen.leave_alternate();
        let picture = pty.screen.snapshot();
        if let Err(error) = write_durably(&self.dir.join(SCREEN_FILE), &picture) {
            crate::log(&format!("the final screen cannot be written: {error}"));
        }
    }

    fn exit_record(&self) -> Exited {
        Exited {
            version: DOCUMENT_VERSION,
            code: self.ending.exit.and_then(|exit| exit.code),
            signal: self.ending.exit.and_then(|exit| exit.signal),
            spawn_error: None,
            user_time_ms: self.ending.user_time_ms,
            system_time_ms: self.ending.system_time_ms,
            max_rss_kib: self.ending.max_rss_kib,
            at: clock::now(),
            last_seq: self.journal.last_seq(),
        }
    }

    /// Records that are still owed, then the exit, to everybody who takes them in time.
    fn say_farewell(&mut self, exit: &Exited) {
        let until = clock::monotonic() + FAREWELL_MAX;
        let event = HostEvent::Exited { exit: exit.clone() };
        let mut told = vec![false; self.connections.len()];
        loop {
            self.pump_followers();
            let last = self.journal.last_seq();
            for (connection, told) in self.connections.iter_mut().zip(&mut told) {
                let followed = connection.follower.as_ref().is_none_or(|f| f.after >= last);
                // Its owner puts the terminal in order when it hears of the end: the last output
                // must be drawn before.
                let drawn = connection.terminal.as_ref().is_none_or(|t| t.out.is_empty());
                let complete = followed && drawn;
                if !*told && complete {
                    *told = true;
                    if connection.greeted {
                        connection.send_event(&event);
                    }
                }
                connection.flush();
            }
            let now = clock::monotonic();
            let drawing =
                |c: &super::Connection| c.terminal.as_ref().is_some_and(|t| !t.out.is_empty());
            let waiting = self.connections.iter().any(|c| c.has_output() || drawing(c))
                || told.iter().any(|told| !told);
            if now >= until || !(waiting || self.follower_waits()) {
                return;
            }
            if !self.follower_waits() {
                self.wait_for_readers(until.saturating_sub(now));
            }
        }
    }

    fn wait_for_readers(&self, at_most: Duration) {
        let mut fds: Vec<PollFd<'_>> = self
            .connections
            .iter()
            .filter(|connection| connection.has_output())
            .map(|connection| PollFd::from_borrowed_fd(connection.stream.as_fd(), PollFlags::OUT))
            .collect();
        let terminals = self.connections.iter().filter_map(|c| c.terminal.as_ref());
        for terminal in terminals.filter(|t| !t.out.is_empty()) {
            fds.push(PollFd::from_borrowed_fd(terminal.fd(), PollFlags::OUT));
        }
        // An interrupted wait is only a shorter one: the caller looks again.
        poll(&mut fds, Some(&timespec(at_most))).ok();
    }
}

/// Takes the room that the exit record will need. A disk that is full already is no reason not to
/// start: the record is tried again and again at the end.
pub(crate) fn reserve_exit(dir: &Path) {
    if let Err(error) = std::fs::write(dir.join(RESERVE_FILE), [0; RESERVE_BYTES]) {
        crate::log(&format!("no room can be kept for the exit record: {error}"));
    }
}

/// Writes the exit record; on a full disk the room kept for it and the final screen make way.
pub(crate) fn write_exit(dir: &Path, exit: &Exited) -> io::Result<()> {
    let bytes = serde_json::to_vec(exit)?;
    let path = dir.join(EXIT_FILE);
    // Missing is as good as removed.
    let remove = |name: &str| std::fs::remove_file(dir.join(name)).ok();
    remove(RESERVE_FILE);
    let mut result = write_durably(&path, &bytes);
    for _ in 1..EXIT_ATTEMPTS {
        if result.is_ok() {
            break;
        }
        remove(SCREEN_FILE);
        std::thread::sleep(EXIT_RETRY);
        result = write_durably(&path, &bytes);
    }
    result
}
