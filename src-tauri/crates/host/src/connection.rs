//! One connected peer: its socket, its greeting, what it asked for.
//!
//! Promise: reading and writing never block; a malformed frame ends this connection only; what a
//! peer that does not read can make us keep is bounded.
//! Must not know: the child, the journal, other connections.

use crate::handed::HandedTerminal;
use crate::journal;
use crate::kin::Caller;
use crate::outbox::Outbox;
use crate::viewer::Viewer;
use nightshift_platform::{clock, ipc};
use nightshift_protocol::host::HostEvent;
use nightshift_protocol::terminal::HOOK_MAX_BYTES;
use nightshift_protocol::{
    FRAME_MAX_BYTES, FrameDecoder, FrameKind, encode_bounded, encode_control, encode_frame,
};
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// When this much waits for a peer that does not read, its requests wait too. More than a viewer's
/// window, so that typing goes on while a viewer is behind.
const WAITING_MAX_BYTES: usize = 2 * 1024 * 1024;
/// Events nobody asked for are dropped when this much waits already: the peer does not read.
const EVENTS_MAX_BYTES: usize = 64 * 1024;
/// A follower gets more records from disk only while less than this waits for it.
const FOLLOW_AHEAD_BYTES: usize = 256 * 1024;
/// A peer greets in the moment it has connected; one that does not in this time says nothing.
const GREETING_PATIENCE: Duration = Duration::from_secs(5);
/// A greeting has a hundred bytes.
const GREETING_MAX_BYTES: usize = 64 * 1024;
/// The longest line of a hook, and what its JSON adds.
const HOOK_FRAME_MAX_BYTES: usize = 8 * HOOK_MAX_BYTES;
/// Read from one peer in one go.
pub(crate) const READ_BYTES: usize = 64 * 1024;

/// How a reading of the socket ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// Something came; there may be more.
    More,
    /// Nothing more for now.
    Drained,
    /// The peer has closed its side or is gone.
    Ended,
}

#[derive(Debug)]
pub(crate) struct Follower {
    /// Last record handed to the connection.
    pub after: u64,
    /// Gets records as they come; otherwise from disk.
    pub live: bool,
    /// Gets marks and inputs only.
    pub marks_only: bool,
    /// Was told that its replay is complete.
    pub told: bool,
    pub reader: journal::Reader,
}

#[derive(Debug)]
pub(crate) struct Connection {
    pub stream: UnixStream,
    /// Whose hand it is.
    pub caller: Caller,
    decoder: FrameDecoder,
    out: Outbox,
    pub greeted: bool,
    /// When (monotonic) it goes unless it has greeted.
    pub greets_by: Duration,
    pub viewer: Option<Viewer>,
    /// The viewer's own terminal, where it handed that over.
    pub terminal: Option<HandedTerminal>,
    /// A descriptor that came with the latest bytes.
    pub passed: Option<OwnedFd>,
    pub follower: Option<Follower>,
    pub watching: bool,
    /// The hook that this peer is, while it waits for its answer.
    pub hook: Option<u64>,
    /// Frames may have arrived that had to wait.
    pub starved: bool,
    /// The peer no longer takes bytes; what it sent before is still worth reading.
    pub deaf: bool,
    /// Nothing more will come from the peer.
    pub ended: bool,
    /// To be dropped.
    pub closed: bool,
}

impl Connection {
    pub fn new(stream: UnixStream, caller: Caller) -> Connection {
        Connection {
            stream,
            caller,
            decoder: FrameDecoder::up_to(GREETING_MAX_BYTES),
            out: Outbox::default(),
            greeted: false,
            greets_by: clock::monotonic() + GREETING_PATIENCE,
            viewer: None,
            terminal: None,
            passed: None,
            follower: None,
            watching: false,
            hook: None,
            starved: false,
            deaf: false,
            ended: false,
            closed: false,
        }
    }

    /// Reads once into the decoder.
    pub fn fill(&mut self, scratch: &mut [u8]) -> Input {
        match ipc::receive(&self.stream, scratch) {
            Ok((0, _)) => Input::Ended,
            Ok((len, passed)) => {
                self.decoder.push(&scratch[..len]);
                self.passed = passed.or(self.passed.take());
                Input::More
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => Input::Drained,
                ErrorKind::Interrupted => Input::More,
                _ => Input::Ended,
            },
        }
    }

    /// The next frame that has arrived whole. A malformed one closes the connection.
    pub fn next_frame(&mut self) -> Option<(FrameKind, Vec<u8>)> {
        match self.decoder.next_frame() {
            Ok(frame) => frame,
            Err(_) => {
                self.closed = true;
                None
            }
        }
    }

    /// The peer has said who it is: its frames may be of the full length, if it is the user's hand.
    pub fn has_greeted(&mut self) {
        self.greeted = true;
        self.decoder.takes(match self.caller {
            Caller::User => FRAME_MAX_BYTES,
            Caller::Session { .. } | Caller::Program | Caller::Intake | Caller::Unknown { .. } => {
                HOOK_FRAME_MAX_BYTES
            }
        });
    }

    /// Bytes of a frame that has not ended.
    pub fn unfinished(&self) -> usize {
        self.decoder.pending()
    }

    /// No more requests until the peer has read some of what waits for it.
    pub fn is_stalled(&self) -> bool {
        self.out.len() > WAITING_MAX_BYTES
    }

    pub fn has_output(&self) -> bool {
        !self.deaf && !self.out.is_empty()
    }

    /// A picture for the viewer: drawn on its terminal, or sent.
    pub fn show(&mut self, bytes: &[u8]) {
        match &mut self.terminal {
            Some(terminal) => terminal.out.push(bytes),
            None => self.send(FrameKind::Data, bytes),
        }
    }

    /// Output of the program for the viewer, as `show`; a terminal that was handed over is not told all of it.
    pub fn show_live(&mut self, bytes: &[u8]) {
        match &mut self.terminal {
            Some(terminal) => terminal.show(bytes),
            None => self.send(FrameKind::Data, bytes),
        }
    }

    /// The terminal goes back to its owner; what was not drawn yet is dropped.
    pub fn give_back_terminal(&mut self) {
        if self.terminal.take().is_some() {
            self.viewer = None;
            self.send_event(&HostEvent::Detached);
        }
    }

    fn flush_terminal(&mut self) {
        let Some(terminal) = &mut self.terminal else { return };
        if terminal.flush().is_err() {
            return self.give_back_terminal();
        }
        if let Some(viewer) = &mut self.viewer {
            viewer.all_drawn_but(terminal.out.len());
        }
    }

    /// Writes what the peer takes now.
    pub fn flush(&mut self) {
        self.flush_terminal();
        if !self.deaf && self.out.write_to(&self.stream).is_err() {
            self.deaf = true;
            self.out.clear();
            self.viewer = None;
            self.terminal = None;
            self.follower = None;
            self.watching = false;
        }
    }

    pub fn send(&mut self, kind: FrameKind, body: &[u8]) {
        if self.deaf {
            return;
        }
        match kind {
            // What paints a screen goes on where it was cut.
            FrameKind::Data => {
                for part in body.chunks(FRAME_MAX_BYTES / 2) {
                    self.out.push(&encode_frame(kind, part));
                }
            }
            FrameKind::Control | FrameKind::Record => self.out.push(&encode_frame(kind, body)),
        }
    }

    /// An answer or an event that must not be lost.
    pub fn send_event(&mut self, event: &HostEvent) {
        if self.deaf {
            return;
        }
        let frame = encode_bounded(event).unwrap_or_else(|error| {
            let error = format!("this cannot be told: {error}");
            encode_control(&HostEvent::Refused { tag: 0, error })
        });
        self.out.push(&frame);
    }

    pub fn send_hello(&mut self, hello: &nightshift_protocol::Hello) {
        self.out.push(&encode_control(hello));
    }

    /// An event that a peer who does not read may miss.
    pub fn send_optional(&mut self, event: &HostEvent) {
        if self.out.len() < EVENTS_MAX_BYTES {
            self.send_event(event);
        }
    }

    pub fn follower_has_room(&self) -> bool {
        self.out.len() < FOLLOW_AHEAD_BYTES
    }
}
