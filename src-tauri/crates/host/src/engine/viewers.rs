//! Attached terminals: live output, sizes, and fresh pictures for those who fell behind.
//!
//! Promise: a viewer sees either every byte in order or a snapshot that makes up for what it did
//! not get; the last writing viewer that attached or resized decides the size.
//! Must not know: where output and requests come from.

use super::Engine;
use crate::child::ChildIo;
use crate::handed::{HandedTerminal, Typed, WAITING_KEYS_MAX_BYTES};
use crate::viewer::Viewer;
use nightshift_protocol::HostEvent;
use nightshift_protocol::frame::FRAME_MAX_BYTES;
use nightshift_protocol::record::Mark;
use rustix::event::PollFlags;

/// A painted screen goes out in pieces that surely fit a frame.
const PIECE_BYTES: usize = FRAME_MAX_BYTES / 2;

impl Engine {
    pub(super) fn forward_to_viewers(&mut self, bytes: &[u8]) {
        for connection in &mut self.connections {
            let Some(viewer) = &mut connection.viewer else { continue };
            if viewer.takes(bytes.len()) {
                connection.show_live(bytes);
                // At once and not at the end of the turn: a keystroke's echo is on its way before
                // the journal and the screen are touched.
                connection.flush();
            }
        }
    }

    pub(super) fn attach(&mut self, index: usize, cols: u16, rows: u16, read_only: bool) {
        if !matches!(self.child.io, ChildIo::Pty(_)) {
            let error = "this session has no terminal to attach to".to_owned();
            self.connections[index].send_event(&HostEvent::Refused { tag: 0, error });
            return;
        }
        // Not a viewer yet while the size changes: the snapshot tells it the new one.
        self.connections[index].viewer = None;
        if !read_only {
            self.set_size(cols, rows, index);
        }
        self.connections[index].viewer = Some(Viewer::new(read_only));
        self.send_snapshot(index);
    }

    /// Attaches the terminal that came with the request.
    pub(super) fn attach_terminal(
        &mut self,
        index: usize,
        size: (u16, u16),
        read_only: bool,
        (detach_keys, clipboard): (Vec<String>, bool),
    ) {
        let connection = &mut self.connections[index];
        let passed =
            connection.passed.take().ok_or_else(|| "none came with the request".to_owned());
        let terminal = passed.and_then(|fd| {
            HandedTerminal::new(fd, detach_keys, clipboard).map_err(|e| e.to_string())
        });
        match terminal {
            Ok(terminal) => {
                connection.terminal = Some(terminal);
                self.attach(index, size.0, size.1, read_only);
            }
            Err(why) => {
                let error = format!("the terminal cannot be taken over: {why}");
                connection.send_event(&HostEvent::Refused { tag: 0, error });
            }
        }
    }

    /// Keys, room to draw, or the end of a terminal that was handed over.
    pub(super) fn on_handed_terminal(&mut self, index: usize, flags: PollFlags) {
        if flags.contains(PollFlags::OUT) {
            self.connections[index].flush();
        }
        if !flags.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
            return;
        }
        let connection = &mut self.connections[index];
        let Some(terminal) = &mut connection.terminal else { return };
        match terminal.read() {
            Typed::Nothing => {}
            Typed::Gone => self.connections[index].give_back_terminal(),
            Typed::Keys { keys, detach } => {
                if connection.viewer.is_some_and(|viewer| !viewer.read_only) {
                    self.touched(&keys);
                    self.queue_handed_keys(&keys);
                }
                if detach {
                    self.connections[index].give_back_terminal();
                }
            }
        }
    }

    fn queue_handed_keys(&mut self, keys: &[u8]) {
        let ChildIo::Pty(pty) = &self.child.io else { return };
        if pty.keys.len() + keys.len() <= WAITING_KEYS_MAX_BYTES {
            self.queue_keys(keys);
        }
    }

    pub(super) fn resize(&mut self, index: usize, cols: u16, rows: u16) {
        let writes = self.connections[index].viewer.is_some_and(|viewer| !viewer.read_only);
        if writes {
            self.set_size(cols, rows, index);
        }
    }

    /// Viewer `by` wants this size; all others are told when it is a new one.
    fn set_size(&mut self, cols: u16, rows: u16, by: usize) {
        let ChildIo::Pty(pty) = &mut self.child.io else { return };
        if cols == 0 || rows == 0 || pty.screen.size() == (cols, rows) {
            return;
        }
        let before = pty.screen.size();
        let (cols, rows) = match pty.resize(cols, rows) {
            Ok(size) => size,
            Err(error) => {
                crate::log(&format!("the terminal does not take a new size: {error}"));
                pty.screen.size()
            }
        };
        if before == (cols, rows) {
            return;
        }
        self.mark(&Mark::Resized { cols, rows });
        for (index, connection) in self.connections.iter_mut().enumerate() {
            // Who is skipping gets the size with its snapshot.
            let live = connection.viewer.is_some_and(|viewer| !viewer.is_skipping());
            if live && index != by && connection.terminal.is_none() {
                connection.send_event(&HostEvent::Resized { cols, rows });
            }
        }
    }

    pub(super) fn has_writing_viewer(&self) -> bool {
        let writes = |viewer: &Viewer| !viewer.read_only;
        self.connections.iter().any(|connection| connection.viewer.as_ref().is_some_and(writes))
    }

    /// Makes the viewer's terminal show exactly the host's screen.
    fn send_snapshot(&mut self, index: usize) {
        let ChildIo::Pty(pty) = &mut self.child.io else { return };
        let connection = &mut self.connections[index];
        let Some(viewer) = &mut connection.viewer else { return };
        let (cols, rows) = pty.screen.size();
        let picture = pty.screen.snapshot();
        viewer.snapshot_sent(picture.len(), pty.screen.alternate());
        match &mut connection.terminal {
            Some(terminal) => terminal.begin_picture(),
            None => connection.send_event(&HostEvent::Snapshot { cols, rows }),
        }
        let (first, rest) = picture.split_at(picture.len().min(PIECE_BYTES));
        connection.show(first);
        for piece in rest.chunks(PIECE_BYTES) {
            connection.show(piece);
        }
        connection.flush();
    }

    /// The program left the alternate screen: those who attached meanwhile never saw the main one.
    pub(super) fn show_main_screen(&mut self) {
        for index in 0..self.connections.len() {
            let owed = |viewer: &Viewer| viewer.owes_main && !viewer.is_skipping();
            if self.connections[index].viewer.as_ref().is_some_and(owed) {
                self.send_snapshot(index);
            }
        }
    }

    pub(super) fn send_owed_snapshots(&mut self) {
        for index in 0..self.connections.len() {
            if self.connections[index].viewer.is_some_and(|viewer| viewer.wants_snapshot()) {
                self.send_snapshot(index);
            }
        }
    }

    /// At the end everybody sees the final screen, those who fell behind included.
    pub(super) fn send_final_snapshots(&mut self) {
        for index in 0..self.connections.len() {
            if self.connections[index].viewer.is_some_and(|viewer| viewer.is_skipping()) {
                self.send_snapshot(index);
            }
        }
    }
}
