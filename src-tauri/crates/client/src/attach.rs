//! `Attachment`: a terminal session live, straight from its host.
//!
//! The supervisor takes no part, so that its restart does not even blink here. The halves can be
//! used by two tasks; both survive dropped futures.

use crate::connection::{FrameReader, FrameWriter};
use crate::dial::dial;
use nightshift_protocol::{
    Exited, Fault, FaultCode, FrameKind, HostEvent, HostRequest, Role, encode_control, encode_frame,
};
use std::os::fd::BorrowedFd;
use std::path::Path;

/// Keystrokes and pastes travel in frames of this size at most: the host's input queue is small.
const INPUT_CHUNK_BYTES: usize = 64 * 1024;

/// What a viewer sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttachEvent {
    /// Reset the terminal to this size: the next data repaint the whole screen.
    Snapshot { cols: u16, rows: u16 },
    /// Terminal bytes. Acknowledge them once drawn.
    Data(Vec<u8>),
    /// Another viewer resized.
    Resized { cols: u16, rows: u16 },
    /// A terminal that was handed over is ours again.
    Detached,
    /// The host refused what was asked: why.
    Refused(String),
    /// The session's process has ended; nothing follows.
    Exited(Exited),
    /// The host went away without saying how it ended; nothing follows.
    Lost,
}

/// What goes between a terminal that is handed over and the session, beside the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Viewing {
    /// Neither keys nor sizes reach the session.
    pub read_only: bool,
    /// The session's programs may write to the clipboard of the terminal's user.
    pub clipboard: bool,
}

pub struct Attachment {
    reader: AttachReader,
    writer: AttachWriter,
}

pub struct AttachReader {
    frames: FrameReader,
    last: Option<AttachEvent>,
}

pub struct AttachWriter {
    frames: FrameWriter,
}

impl Attachment {
    /// Attaches to the host at `socket`. With `read_only` the host takes neither keys nor sizes.
    pub async fn connect(
        socket: &Path,
        cols: u16,
        rows: u16,
        read_only: bool,
    ) -> Result<Attachment, Fault> {
        let (reader, writer) = dial(socket, Role::Host).await?;
        let mut writer = AttachWriter { frames: writer };
        writer.request(&HostRequest::Attach { cols, rows, read_only }).await?;
        Ok(Attachment { reader: AttachReader { frames: reader, last: None }, writer })
    }

    /// Attaches with the user's own terminal handed over: the host reads keys from it and draws on
    /// it. Only `Detached`, `Exited` and `Lost` are heard of then.
    pub async fn hand_over(
        socket: &Path,
        (cols, rows): (u16, u16),
        may: Viewing,
        terminal: BorrowedFd<'_>,
        detach_keys: &[&str],
    ) -> Result<Attachment, Fault> {
        let (reader, writer) = dial(socket, Role::Host).await?;
        let mut writer = AttachWriter { frames: writer };
        let detach_keys = detach_keys.iter().map(ToString::to_string).collect();
        let Viewing { read_only, clipboard } = may;
        let request = HostRequest::AttachTerminal { cols, rows, read_only, detach_keys, clipboard };
        let frame = encode_control(&request);
        let sent = writer.frames.send_with_descriptor(&frame, terminal).await;
        sent.map_err(|e| gone(&e))?;
        Ok(Attachment { reader: AttachReader { frames: reader, last: None }, writer })
    }

    /// Asks for a terminal that was handed over; `Detached` follows.
    pub async fn take_back(&mut self) -> Result<(), Fault> {
        self.writer.request(&HostRequest::Detach).await
    }

    pub fn split(self) -> (AttachReader, AttachWriter) {
        (self.reader, self.writer)
    }

    pub async fn next(&mut self) -> AttachEvent {
        self.reader.next().await
    }

    pub async fn send(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.writer.send(bytes).await
    }

    pub async fn resize(&mut self, cols: u16, rows: u16) -> Result<(), Fault> {
        self.writer.resize(cols, rows).await
    }

    pub async fn ack(&mut self, total: u64) -> Result<(), Fault> {
        self.writer.ack(total).await
    }
}

impl AttachReader {
    /// The next event. After `Exited` or `Lost` it is that one again.
    pub async fn next(&mut self) -> AttachEvent {
        loop {
            if let Some(last) = &self.last {
                return last.clone();
            }
            let event = match self.frames.next().await {
                Ok(Some((FrameKind::Data, bytes))) => return AttachEvent::Data(bytes),
                Ok(Some((FrameKind::Control, body))) => {
                    // An event of a kind this build does not know is for newer clients.
                    let Ok(event) = serde_json::from_slice::<HostEvent>(&body) else { continue };
                    event
                }
                Ok(Some((FrameKind::Record, _))) => continue,
                Ok(None) | Err(_) => {
                    self.last = Some(AttachEvent::Lost);
                    continue;
                }
            };
            match event {
                HostEvent::Snapshot { cols, rows } => return AttachEvent::Snapshot { cols, rows },
                HostEvent::Resized { cols, rows } => return AttachEvent::Resized { cols, rows },
                HostEvent::Detached => return AttachEvent::Detached,
                HostEvent::Refused { error, .. } => return AttachEvent::Refused(error),
                HostEvent::Exited { exit } => self.last = Some(AttachEvent::Exited(exit)),
                HostEvent::Written { .. }
                | HostEvent::Tried { .. }
                | HostEvent::HookTaken
                | HostEvent::HookAnswer { .. }
                | HostEvent::Activity { .. }
                | HostEvent::CaughtUp { .. }
                | HostEvent::Status { .. } => {}
            }
        }
    }
}

impl AttachWriter {
    /// Keystrokes, as a terminal sends them.
    pub async fn send(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        for chunk in bytes.chunks(INPUT_CHUNK_BYTES) {
            self.frame(&encode_frame(FrameKind::Data, chunk)).await?;
        }
        Ok(())
    }

    pub async fn resize(&mut self, cols: u16, rows: u16) -> Result<(), Fault> {
        self.request(&HostRequest::Resize { cols, rows }).await
    }

    /// `total`: bytes of `AttachEvent::Data` drawn since attaching, snapshots included.
    pub async fn ack(&mut self, total: u64) -> Result<(), Fault> {
        self.request(&HostRequest::Ack { bytes: total }).await
    }

    async fn request(&mut self, request: &HostRequest) -> Result<(), Fault> {
        self.frame(&encode_control(request)).await
    }

    async fn frame(&mut self, frame: &[u8]) -> Result<(), Fault> {
        self.frames.send(frame).await.map_err(|e| gone(&e))
    }
}

fn gone(error: &std::io::Error) -> Fault {
    Fault::new(FaultCode::Unreachable, format!("the session's host is gone: {error}"))
}
