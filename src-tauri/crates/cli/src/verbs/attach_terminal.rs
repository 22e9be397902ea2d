//! Attaching to a shell job: the user's terminal becomes the session's, straight from its host.
//!
//! Keys, output and sizes pass through one loop that never blocks: a terminal that draws slowly
//! delays what it sees and nothing else, a session that does not read delays no detach.

use crate::failure::Failure;
use crate::terminal::{CLEAR, RESET, RawTerminal, size};
use nightshift_client::{AttachEvent, AttachReader, AttachWriter, Attachment};
use nightshift_protocol::{Exited, Fault, FaultCode, SessionView};
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

/// Ctrl+\ as a byte, and as terminals with the extended keyboard protocol send it.
const DETACH_KEYS: [&[u8]; 2] = [b"\x1c", b"\x1b[92;5u"];
/// Output that may wait for the terminal; beyond it the host's frames wait in the socket.
const SCREEN_MAX_BYTES: usize = 256 * 1024;
/// The host hears at least this often what was drawn: far inside its window of 1 MiB.
const ACK_BYTES: u64 = 64 * 1024;
/// Keystrokes and acknowledgements on their way to a host that does not take them now.
const TO_HOST_MAX: usize = 256;
/// On leaving, keys typed before the detach key still get this long to arrive.
const LAST_KEYS_TIMEOUT: Duration = Duration::from_millis(500);

enum ToHost {
    Keys(Vec<u8>),
    Resize(u16, u16),
    Ack(u64),
}

/// Why the loop ended.
enum End {
    Detached,
    Exited(Exited),
    Lost,
}

pub async fn run(socket: &Path, view: &SessionView, read_only: bool) -> Result<ExitCode, Failure> {
    let (cols, rows) = size();
    let attachment = Attachment::connect(socket, cols, rows, read_only).await?;
    let signals = Signals::new()?;
    let terminal = RawTerminal::enter()?;
    let (reader, writer) = attachment.split();
    let (to_host, queue) = mpsc::channel(TO_HOST_MAX);
    let sender = tokio::spawn(send(writer, queue));
    let screen = Screen {
        reader,
        terminal: &terminal,
        to_host,
        unwritten: Vec::new(),
        received: 0,
        acked: 0,
    };
    let end = screen.show(signals, read_only).await;
    let abort = sender.abort_handle();
    if tokio::time::timeout(LAST_KEYS_TIMEOUT, sender).await.is_err() {
        abort.abort();
    }
    let id = &view.id;
    match end {
        End::Detached => terminal.leave(&format!("detached · nightshift attach {id}")),
        End::Exited(exit) => terminal.leave(&format!("ended · {}", how(&exit))),
        End::Lost => {
            drop(terminal);
            return Err(Fault::new(FaultCode::Unreachable, format!("the host of {id} is gone"))
                .hint(format!("see `nightshift why {id}`"))
                .into());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn how(exit: &Exited) -> String {
    match (exit.code, exit.signal) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "no exit code".to_owned(),
    }
}

async fn send(mut writer: AttachWriter, mut queue: mpsc::Receiver<ToHost>) {
    while let Some(message) = queue.recv().await {
        let sent = match message {
            ToHost::Keys(keys) => writer.send(&keys).await,
            ToHost::Resize(cols, rows) => writer.resize(cols, rows).await,
            ToHost::Ack(total) => writer.ack(total).await,
        };
        if sent.is_err() {
            // The reader sees the same end and says so.
            return;
        }
    }
}

struct Signals {
    resized: Signal,
    continued: Signal,
    terminated: Signal,
    hung_up: Signal,
    interrupted: Signal,
}

impl Signals {
    fn new() -> Result<Signals, Fault> {
        let watch = |kind| {
            signal(kind).map_err(|e| Fault::new(FaultCode::Io, format!("watching signals: {e}")))
        };
        Ok(Signals {
            resized: watch(SignalKind::window_change())?,
            continued: watch(SignalKind::from_raw(nightshift_platform::signals::SIGCONT))?,
            terminated: watch(SignalKind::terminate())?,
            hung_up: watch(SignalKind::hangup())?,
            interrupted: watch(SignalKind::interrupt())?,
        })
    }
}

struct Screen<'a> {
    reader: AttachReader,
    terminal: &'a RawTerminal,
    to_host: mpsc::Sender<ToHost>,
    /// Bytes for the terminal.
    unwritten: Vec<u8>,
    /// Bytes of terminal data from the host so far.
    received: u64,
    /// How many of them the host knows to be drawn.
    acked: u64,
}

impl Screen<'_> {
    async fn show(mut self, mut signals: Signals, read_only: bool) -> End {
        let mut keys = [0; 4096];
        loop {
            let resize = tokio::select! {
                event = self.reader.next(), if self.unwritten.len() < SCREEN_MAX_BYTES => {
                    if let Some(end) = self.take(event) {
                        return self.drain(end).await;
                    }
                    false
                }
                written = self.terminal.write(&self.unwritten), if !self.unwritten.is_empty() => {
                    let Ok(count) = written else { return End::Detached };
                    self.drawn(count);
                    false
                }
                count = self.terminal.read(&mut keys) => {
                    if self.typed(count, &keys, read_only) {
                        return End::Detached;
                    }
                    false
                }
                _ = signals.resized.recv() => true,
                _ = signals.continued.recv() => self.terminal.make_raw().is_ok(),
                _ = signals.terminated.recv() => return End::Detached,
                _ = signals.hung_up.recv() => return End::Detached,
                _ = signals.interrupted.recv() => return End::Detached,
            };
            if resize {
                let (cols, rows) = size();
                self.post(ToHost::Resize(cols, rows));
            }
        }
    }

    /// Takes what the host says; an end when it was the last.
    fn take(&mut self, event: AttachEvent) -> Option<End> {
        match event {
            AttachEvent::Snapshot { .. } => {
                self.unwritten.extend_from_slice(RESET);
                self.unwritten.extend_from_slice(CLEAR);
            }
            AttachEvent::Data(bytes) => {
                self.received += bytes.len() as u64;
                self.unwritten.extend_from_slice(&bytes);
            }
            // Another viewer's size: what is drawn from now on says so itself.
            AttachEvent::Resized { .. } => {}
            AttachEvent::Exited(exit) => return Some(End::Exited(exit)),
            AttachEvent::Lost => return Some(End::Lost),
        }
        None
    }

    fn drawn(&mut self, count: usize) {
        self.unwritten.drain(..count);
        // Our own sequences count as if they were data: never more is acknowledged than was drawn.
        let drawn = self.received.saturating_sub(self.unwritten.len() as u64);
        let due = drawn >= self.acked + ACK_BYTES || self.unwritten.is_empty();
        if due && drawn > self.acked && self.post(ToHost::Ack(drawn)) {
            self.acked = drawn;
        }
    }

    /// Sends keys on; true when the user wants to leave.
    fn typed(&mut self, count: io::Result<usize>, keys: &[u8], read_only: bool) -> bool {
        let Ok(count @ 1..) = count else { return true };
        let (keys, detach) = until_detach(&keys[..count]);
        if !keys.is_empty() && !read_only && !self.post(ToHost::Keys(keys.to_vec())) {
            self.unwritten.push(0x07); // The bell: the session does not take keys now.
        }
        detach
    }

    /// A message that finds the queue full is dropped; the host is not taking any.
    fn post(&self, message: ToHost) -> bool {
        self.to_host.try_send(message).is_ok()
    }

    /// Draws what is left, unless the user leaves first.
    async fn drain(mut self, end: End) -> End {
        let mut keys = [0; 64];
        while !self.unwritten.is_empty() {
            tokio::select! {
                written = self.terminal.write(&self.unwritten) => match written {
                    Ok(count) => drop(self.unwritten.drain(..count)),
                    Err(_) => return end,
                },
                count = self.terminal.read(&mut keys) => {
                    if self.typed(count, &keys, true) {
                        return end;
                    }
                }
            }
        }
        end
    }
}

/// The keys before the detach key, and whether there was one.
fn until_detach(keys: &[u8]) -> (&[u8], bool) {
    let find = |key: &&[u8]| keys.windows(key.len()).position(|window| window == *key);
    match DETACH_KEYS.iter().filter_map(find).min() {
        Some(at) => (&keys[..at], true),
        None => (keys, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_before_the_detach_key_still_count() {
        for (keys, expected) in [
            (&b"ls\r"[..], (&b"ls\r"[..], false)),
            (b"\x1c", (b"", true)),
            (b"ab\x1ccd", (b"ab", true)),
            (b"x\x1b[92;5u", (b"x", true)),
            (b"", (b"", false)),
        ] {
            assert_eq!(until_detach(keys), expected, "{keys:?}");
        }
    }
}
