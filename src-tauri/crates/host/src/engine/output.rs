//! What the child prints: to viewers at once, then into the journal, then onto the screen.
//!
//! Promise: forwarding waits for nothing; with no client at all reading goes on.
//! Must not know: how slow viewers and followers catch up.

use super::Engine;
use crate::child::{ChildIo, Output, PipeIo};
use nightshift_platform::{clock, memory};
use nightshift_protocol::lines::Line;
use nightshift_protocol::record::Mark;
use nightshift_protocol::{HostEvent, RecordKind};
use rustix::event::PollFlags;
use std::time::Duration;

/// Reads of one pipe in one turn: others get their turn too.
const READS_PER_TURN: usize = 16;
/// Longest line told to watchers; a board row shows less.
const LAST_LINE_MAX_CHARS: usize = 240;

/// A flood is drawn when it has paused for this long: soon enough for the next attach, and late
/// enough not to slow it down.
const DRAW_AFTER: Duration = Duration::from_millis(30);

impl Engine {
    /// Draws what a flood left to draw, once it has paused.
    pub(super) fn draw_when_due(&mut self, now: Duration) {
        if self.draw_at.is_some_and(|at| now >= at) {
            self.draw_at = None;
            if let ChildIo::Pty(pty) = &mut self.child.io {
                pty.screen.catch_up();
            }
            // A rest may follow, for days.
            memory::release_unused();
        }
    }

    pub(super) fn on_terminal(&mut self, flags: PollFlags) {
        if flags.contains(PollFlags::OUT) {
            self.flush_child_input();
        }
        if flags.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
            self.read_terminal();
        }
    }

    /// Reads one bufferful of the terminal's output.
    pub(super) fn read_terminal(&mut self) {
        let mut buffer = std::mem::take(&mut self.scratch);
        let output = match &mut self.child.io {
            ChildIo::Pty(pty) => pty.read(&mut buffer),
            ChildIo::Pipe(_) => Output::Ended,
        };
        if let Output::Bytes(len) = output {
            self.on_terminal_output(&buffer[..len]);
        }
        self.scratch = buffer;
    }

    fn on_terminal_output(&mut self, bytes: &[u8]) {
        self.forward_to_viewers(bytes);
        self.record(RecordKind::Out, bytes.to_vec());
        let ChildIo::Pty(pty) = &mut self.child.io else { return };
        let was_alternate = pty.screen.alternate();
        pty.screen.process(bytes);
        let left_alternate = was_alternate && !pty.screen.alternate();
        let replies = pty.screen.take_replies();
        let signs = pty.screen.take_signs();
        self.draw_at = pty.screen.is_behind().then(|| clock::monotonic() + DRAW_AFTER);
        if left_alternate {
            self.show_main_screen();
        }
        self.take_signs(signs);
        // Attached terminals answer the child's questions themselves; nobody else would.
        if !replies.is_empty() && !self.has_writing_viewer() {
            self.queue_keys(&replies);
        }
        self.on_activity();
    }

    pub(super) fn on_stdout(&mut self) {
        self.read_pipe(RecordKind::Out);
    }

    pub(super) fn on_stderr(&mut self) {
        self.read_pipe(RecordKind::Err);
    }

    fn read_pipe(&mut self, kind: RecordKind) {
        let mut buffer = std::mem::take(&mut self.scratch);
        for _ in 0..READS_PER_TURN {
            if self.output_waits() {
                break;
            }
            let ChildIo::Pipe(pipe) = &mut self.child.io else { break };
            let PipeIo { stdout, stderr, .. } = pipe.as_mut();
            let source = if kind == RecordKind::Out { stdout } else { stderr };
            let output = source.read(&mut buffer);
            let lines = match output {
                Output::Bytes(len) => source.lines.push(&buffer[..len]),
                Output::NothingNow => break,
                Output::Ended => source.lines.finish().into_iter().collect(),
            };
            for line in lines {
                self.on_line(kind, line);
            }
            if output == Output::Ended {
                break;
            }
        }
        self.scratch = buffer;
    }

    fn on_line(&mut self, kind: RecordKind, line: Line) {
        match line {
            Line::Whole(line) => {
                if let ChildIo::Pipe(pipe) = &mut self.child.io {
                    let shown = line.len().min(LAST_LINE_MAX_CHARS * 4);
                    pipe.last_line.clear();
                    pipe.last_line.extend_from_slice(&line[..shown]);
                }
                self.record(kind, line);
            }
            Line::Dropped(bytes) => self.mark(&Mark::Dropped { bytes, unstored: false }),
        }
        self.on_activity();
    }

    /// Numbers a record, stores it and hands it to those who follow live.
    fn record(&mut self, kind: RecordKind, body: Vec<u8>) {
        let appended = self.journal.append(clock::now(), kind, body);
        self.note_stored(&appended.stored);
        self.hand_to_followers(&appended);
    }

    pub(super) fn mark(&mut self, mark: &Mark) {
        let appended = self.journal.mark(clock::now(), mark);
        self.note_stored(&appended.stored);
        self.hand_to_followers(&appended);
    }

    /// So much of what an agent said waits for the disk that no more is taken from it. Until it has ended:
    /// then it says nothing more.
    pub(super) fn output_waits(&self) -> bool {
        self.journal.is_pressed() && self.ending.exit.is_none()
    }

    pub(super) fn queue_keys(&mut self, bytes: &[u8]) {
        if let ChildIo::Pty(pty) = &mut self.child.io {
            pty.keys.push(bytes);
            pty.flush_keys();
        }
    }

    pub(super) fn flush_child_input(&mut self) {
        match &mut self.child.io {
            ChildIo::Pty(pty) => pty.flush_keys(),
            ChildIo::Pipe(pipe) => pipe.flush_lines(),
        }
        // Peers whose input had to wait for the child may have room now.
        for index in 0..self.connections.len() {
            self.handle_frames(index);
        }
    }

    fn on_activity(&mut self) {
        let watched = self.connections.iter().any(|connection| connection.watching);
        if self.activity.output(clock::monotonic(), watched) {
            self.tell_watchers();
        }
    }

    pub(super) fn tell_watchers(&mut self) {
        let event = HostEvent::Activity { line: self.last_line() };
        for connection in self.connections.iter_mut().filter(|c| c.watching) {
            connection.send_optional(&event);
        }
    }

    pub(super) fn last_line(&mut self) -> String {
        match &mut self.child.io {
            ChildIo::Pty(pty) => pty.screen.last_line(),
            ChildIo::Pipe(pipe) => String::from_utf8_lossy(&pipe.last_line)
                .chars()
                .filter(|c| !c.is_control())
                .take(LAST_LINE_MAX_CHARS)
                .collect(),
        }
    }
}
