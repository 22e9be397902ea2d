//! One greeted connection: whole frames in, whole frames out.
//!
//! Both halves survive a dropped future: bytes read or not yet written stay with the half.

use nightshift_platform::ipc;
use nightshift_protocol::{Fault, FaultCode, FrameDecoder, FrameKind};
use std::collections::VecDeque;
use std::os::fd::BorrowedFd;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

/// Bytes read at once. Terminal output comes in bursts: fewer, larger reads.
const READ_BYTES: usize = 128 * 1024;

pub(crate) struct FrameReader {
    half: OwnedReadHalf,
    decoder: FrameDecoder,
    buffer: Vec<u8>,
}

pub(crate) struct FrameWriter {
    half: OwnedWriteHalf,
    /// What an earlier, dropped write left over: a frame is never cut.
    unsent: VecDeque<u8>,
}

pub(crate) fn split(stream: UnixStream) -> (FrameReader, FrameWriter) {
    let (read, write) = stream.into_split();
    let reader =
        FrameReader { half: read, decoder: FrameDecoder::default(), buffer: vec![0; READ_BYTES] };
    (reader, FrameWriter { half: write, unsent: VecDeque::new() })
}

impl FrameReader {
    /// The next frame; none when the peer has closed the connection.
    pub(crate) async fn next(&mut self) -> Result<Option<(FrameKind, Vec<u8>)>, Fault> {
        loop {
            let frame = self.decoder.next_frame().map_err(|e| {
                Fault::new(FaultCode::Protocol, format!("the peer sent nonsense: {e}"))
            })?;
            if frame.is_some() {
                return Ok(frame);
            }
            let count = match self.half.read(&mut self.buffer).await {
                Ok(count) => count,
                // A peer that was killed with our bytes unread resets: gone is gone.
                Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => 0,
                Err(e) => return Err(Fault::new(FaultCode::Io, format!("reading: {e}"))),
            };
            if count == 0 {
                return Ok(None);
            }
            self.decoder.push(&self.buffer[..count]);
        }
    }
}

impl FrameWriter {
    pub(crate) async fn send(&mut self, frame: &[u8]) -> std::io::Result<()> {
        self.unsent.extend(frame);
        while !self.unsent.is_empty() {
            self.half.write_buf(&mut self.unsent).await?;
        }
        Ok(())
    }

    /// Sends a frame with a descriptor. Only for a connection whose earlier frames went out whole.
    pub(crate) async fn send_with_descriptor(
        &mut self,
        frame: &[u8],
        descriptor: BorrowedFd<'_>,
    ) -> std::io::Result<()> {
        let stream: &UnixStream = self.half.as_ref();
        let send = || ipc::send_with_descriptor(stream, frame, descriptor);
        let sent = stream.async_io(Interest::WRITABLE, send).await?;
        self.send(&frame[sent..]).await
    }
}
