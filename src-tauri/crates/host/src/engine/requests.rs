//! What peers ask: greeting first, then requests and keystrokes.
//!
//! Promise: a peer that breaks the rules loses its connection and nothing else happens.
//! Must not know: how requests are carried out.

use super::Engine;
use crate::child::{ChildIo, KEYS_MAX_BYTES, STDIN_MAX_BYTES};
use nightshift_platform::{clock, process};
use nightshift_protocol::record::RECORD_BODY_MAX_BYTES;
use nightshift_protocol::{FrameKind, Hello, HostEvent, HostRequest, understands};
use std::time::Duration;

impl Engine {
    /// Nothing more is taken from this peer for now: it does not read its replies, or the child
    /// does not read its keys.
    pub(super) fn is_blocked(&self, index: usize) -> bool {
        let connection = &self.connections[index];
        let keys_full = self.keys_wait();
        // Keys of a terminal that was handed over do not come by the socket: its requests (to give
        // the terminal back, above all) must be heard while its keys wait.
        let types = connection.terminal.is_none()
            && connection.viewer.is_some_and(|viewer| !viewer.read_only);
        connection.is_stalled() || (keys_full && types)
    }

    /// So many keys wait for the child that those of frames wait too.
    fn keys_wait(&self) -> bool {
        match &self.child.io {
            ChildIo::Pty(pty) => pty.keys.len() > KEYS_MAX_BYTES,
            ChildIo::Pipe(_) => false,
        }
    }

    /// Handles every frame that has arrived whole, until there is a reason to wait.
    pub(super) fn handle_frames(&mut self, index: usize) {
        while !self.connections[index].closed {
            let blocked = self.is_blocked(index);
            let connection = &mut self.connections[index];
            connection.starved = blocked;
            if blocked {
                return;
            }
            let Some((kind, body)) = connection.next_frame() else { return };
            if !self.handle_frame(index, kind, &body) {
                self.connections[index].flush();
                self.connections[index].closed = true;
            }
        }
    }

    /// False when the peer broke the rules.
    fn handle_frame(&mut self, index: usize, kind: FrameKind, body: &[u8]) -> bool {
        if !self.connections[index].greeted {
            return self.greet(index, kind, body);
        }
        match kind {
            FrameKind::Data => {
                let viewer = self.connections[index].viewer;
                let handed = self.connections[index].terminal.is_some();
                if !handed && viewer.is_some_and(|viewer| !viewer.read_only) {
                    self.touched(body);
                    self.queue_keys(body);
                }
                true
            }
            FrameKind::Control => match serde_json::from_slice(body) {
                Ok(request) => {
                    if self.passes(index, &request) {
                        self.handle_request(index, request);
                    }
                    true
                }
                // A newer peer may ask for what this build does not know: that is refused, and the
                // connection goes on.
                Err(_) => match unknown_request(body) {
                    Some(refusal) => {
                        self.connections[index].send_event(&refusal);
                        true
                    }
                    None => false,
                },
            },
            FrameKind::Record => false,
        }
    }

    /// Our own greeting went out first; another version learns ours from it and is let go.
    fn greet(&mut self, index: usize, kind: FrameKind, body: &[u8]) -> bool {
        let hello: Option<Hello> = serde_json::from_slice(body).ok();
        let fits = hello.is_some_and(|hello| understands(hello.protocol));
        let greeted = fits && kind == FrameKind::Control;
        if greeted {
            self.connections[index].has_greeted();
        }
        greeted
    }

    fn handle_request(&mut self, index: usize, request: HostRequest) {
        match request {
            HostRequest::Attach { cols, rows, read_only } => {
                self.attach(index, cols, rows, read_only);
            }
            HostRequest::AttachTerminal { cols, rows, read_only, detach_keys, clipboard } => {
                self.attach_terminal(index, (cols, rows), read_only, (detach_keys, clipboard));
            }
            HostRequest::Detach => self.connections[index].give_back_terminal(),
            HostRequest::Ack { bytes } => {
                if let Some(viewer) = &mut self.connections[index].viewer {
                    viewer.ack(bytes);
                }
            }
            HostRequest::Resize { cols, rows } => self.resize(index, cols, rows),
            HostRequest::Follow { after } => self.follow(index, after, false),
            HostRequest::Watch => self.watch(index),
            HostRequest::WatchMarks { after } => {
                self.watch(index);
                self.follow(index, after, true);
            }
            HostRequest::Hook { line, wait } => self.hear_hook(index, line, wait),
            HostRequest::WriteLine { tag, line } => {
                let event = match self.write_line(line) {
                    Ok(seq) => HostEvent::Written { tag, seq },
                    Err(error) => HostEvent::Refused { tag, error },
                };
                self.connections[index].send_event(&event);
            }
            HostRequest::Signal { signal } => {
                if let Err(error) = process::signal_group(&self.child.identity, signal) {
                    let error = format!("signal {signal} was not sent: {error}");
                    self.connections[index].send_event(&HostEvent::Refused { tag: 0, error });
                }
            }
            HostRequest::Stop { grace_ms } => self.stop(Duration::from_millis(grace_ms)),
            HostRequest::Status => {
                let event = self.status();
                self.connections[index].send_event(&event);
            }
        }
    }

    fn watch(&mut self, index: usize) {
        self.connections[index].watching = true;
        if self.activity.seen {
            let event = HostEvent::Activity { line: self.last_line() };
            self.connections[index].send_optional(&event);
        }
    }

    /// The journal has the line before the child can.
    fn write_line(&mut self, line: String) -> Result<u64, String> {
        let ChildIo::Pipe(pipe) = &mut self.child.io else { return self.take_input(&line) };
        if pipe.stdin.is_none() {
            return Err("the agent no longer reads its input".to_owned());
        }
        if line.contains('\n') {
            return Err("the line holds a newline".to_owned());
        }
        if line.len() > RECORD_BODY_MAX_BYTES {
            return Err(format!(
                "the line has {} bytes; the limit is {RECORD_BODY_MAX_BYTES}",
                line.len()
            ));
        }
        if pipe.lines_in.len() > STDIN_MAX_BYTES {
            return Err("the agent does not read its input; too much waits for it".to_owned());
        }
        let mut bytes = line.into_bytes();
        let seq = self.journal_input(bytes.clone())?;
        if let ChildIo::Pipe(pipe) = &mut self.child.io {
            bytes.push(b'\n');
            pipe.lines_in.push(&bytes);
            pipe.flush_lines();
        }
        Ok(seq)
    }

    /// What the child will be given, durable before it is; its record's number.
    pub(super) fn journal_input(&mut self, bytes: Vec<u8>) -> Result<u64, String> {
        let appended = match self.journal.append_line(clock::now(), bytes) {
            Ok(appended) => appended,
            Err(error) => {
                let text = format!("the journal cannot be written: {error}");
                self.note_stored(&Err(error));
                return Err(text);
            }
        };
        self.hand_to_followers(&appended);
        if let Err(error) = self.journal.sync() {
            // The line is in the journal for everybody but a machine that loses power now.
            crate::log(&format!("the journal cannot be made durable: {error}"));
        }
        Ok(appended.seq)
    }

    fn status(&self) -> HostEvent {
        let (cols, rows) = match &self.child.io {
            ChildIo::Pty(pty) => pty.screen.size(),
            ChildIo::Pipe(_) => (self.launch.cols, self.launch.rows),
        };
        let clients = self.connections.iter().filter(|c| c.viewer.is_some()).count();
        HostEvent::Status {
            pid: std::process::id(),
            child_pid: self.child.identity.pid,
            cols,
            rows,
            clients: u32::try_from(clients).unwrap_or(u32::MAX),
            last_seq: self.journal.last_seq(),
            started_at: self.child.started_at,
        }
    }
}

/// The answer to a request of a kind that this build does not know; none when it is no request.
fn unknown_request(body: &[u8]) -> Option<HostEvent> {
    let request: serde_json::Value = serde_json::from_slice(body).ok()?;
    request.get("type")?.as_str()?;
    let tag = request.get("tag").and_then(serde_json::Value::as_u64).unwrap_or_default();
    let error = "this host does not understand the request; it may be of a newer nightshift";
    Some(HostEvent::Refused { tag, error: error.to_owned() })
}
