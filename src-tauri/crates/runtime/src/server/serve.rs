//! Connections: greeting, frames in to the inbox, frames out from a bounded queue.
//!
//! Promise: a hostile or silent client costs its own connection only.

mod places;

use crate::limits::{
    CLIENT_QUEUE_MAX, GREETING_MAX_BYTES, GREETING_PATIENCE, SESSION_FRAME_MAX_BYTES,
};
use crate::server::callers::{Caller, Callers};
use nightshift_platform::exhausted::is_exhausted;
use nightshift_platform::{Peer, ipc};
use nightshift_protocol::{
    CONNECTION_FAULT, FRAME_MAX_BYTES, Fault, FaultCode, FrameDecoder, FrameKind, Hello,
    PROTOCOL_VERSION, Request, Role, ServerMessage, encode_control, understands,
};
use nightshift_supervisor::clients::{ConnId, Frames, Outgoing, Sent, WeakOutgoing, frame};
use nightshift_supervisor::inbox::{Inbox, InboxSender, hold};
use places::{Place, Places};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::net::{UnixListener as StdListener, UnixStream as StdStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::{Instant, timeout_at};

/// One read from a client; requests are small.
const READ_BYTES: usize = 16 * 1024;
/// Pause after a failed accept (out of descriptors), so that the loop does not spin.
const ACCEPT_PAUSE: std::time::Duration = std::time::Duration::from_millis(200);

/// Accepts clients until the task is aborted.
pub async fn accept(listener: StdListener, inbox: InboxSender, callers: Arc<Callers>) {
    let listener = listener.set_nonblocking(true).and_then(|()| UnixListener::from_std(listener));
    let listener = match listener {
        Ok(listener) => listener,
        Err(e) => return tracing::error!("the supervisor's socket cannot be served: {e}"),
    };
    let places = Places::default();
    let mut reserve = Reserve::take();
    let (mut next, mut refused) = (0, 0_u64);
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(e) => {
                reserve.turn_away(&listener, &e);
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        reserve.refill();
        let peer = match Peer::of(&stream) {
            Ok(peer) if peer.is_me() => peer,
            Ok(_) => {
                tracing::warn!("refused a connection of another user");
                continue;
            }
            Err(e) => {
                tracing::warn!("peer unknown: {e}");
                continue;
            }
        };
        // At once: later there may be nobody left to be asked about.
        let caller = callers.caller(&peer);
        next += 1;
        let place = match places.take(next, &caller) {
            Ok(place) => place,
            Err(full) => {
                refused += 1;
                // However many come, their lines in the log are few.
                if refused.is_power_of_two() {
                    tracing::warn!("refused a connection ({refused} so far): {full}");
                }
                say_no(stream.into_std(), full);
                continue;
            }
        };
        let inbox = inbox.clone();
        tokio::spawn(connection(Visitor { conn: ConnId(next), caller, place }, stream, inbox));
    }
}

/// Numbers of connections that the supervisor makes itself begin here: those that come never get so far.
const OWN_FROM: u64 = 1 << 48;

/// Serves the process that takes events from outside, at the other end of a socket that only it was given.
pub fn serve_intake(stream: StdStream, inbox: InboxSender) -> io::Result<ConnId> {
    static NEXT: AtomicU64 = AtomicU64::new(OWN_FROM);
    stream.set_nonblocking(true)?;
    let (stream, number) = (UnixStream::from_std(stream)?, NEXT.fetch_add(1, Ordering::Relaxed));
    let caller = Caller::Intake;
    let place = Places::default().take(number, &caller);
    let place = place.map_err(|fault| io::Error::other(fault.to_string()))?;
    let conn = ConnId(number);
    tokio::spawn(connection(Visitor { conn, caller, place }, stream, inbox));
    Ok(conn)
}

/// One connection, from its beginning on.
struct Visitor {
    conn: ConnId,
    caller: Caller,
    place: Place,
}

/// One descriptor kept back, so that a client can be told when there is none left for it: otherwise
/// it would wait in the queue for a greeting that cannot come.
struct Reserve {
    kept: Option<File>,
    told: bool,
}

impl Reserve {
    fn take() -> Reserve {
        Reserve { kept: File::open("/dev/null").ok(), told: false }
    }

    fn refill(&mut self) {
        self.told = false;
        if self.kept.is_none() {
            *self = Reserve::take();
        }
    }

    fn turn_away(&mut self, listener: &UnixListener, error: &io::Error) {
        if !std::mem::replace(&mut self.told, true) {
            tracing::warn!("no client can be let in: {error}");
        }
        if !is_exhausted(error) || self.kept.take().is_none() {
            self.kept = self.kept.take().or_else(|| File::open("/dev/null").ok());
            return;
        }
        // Not awaited: the descriptor that was set free may be gone again.
        if let Ok(stream) = ipc::accept_now(listener) {
            let message = format!("the supervisor cannot take another client: {error}");
            let hint = "stop sessions or close windows, or raise its limit (ulimit -n)";
            say_no(Ok(stream), Fault::new(FaultCode::Limit, message).hint(hint));
        }
        self.kept = File::open("/dev/null").ok();
    }
}

async fn connection(visitor: Visitor, stream: UnixStream, inbox: InboxSender) {
    let (reader, writer) = stream.into_split();
    let (out, frames) = Outgoing::new(CLIENT_QUEUE_MAX);
    if out.put(encode_control(&Hello::new(Role::Supervisor))) != Sent::Queued {
        return;
    }
    let (let_go, conn) = (frames.let_go(), visitor.conn);
    let mut writing = tokio::spawn(write_frames(writer, frames));
    let ended = tokio::select! {
        () = read_frames(&visitor, reader, out, &inbox) => None,
        // The core let this client go, or nothing can be written to it any more.
        ended = &mut writing => Some(ended),
        () = visitor.place.lost() => {
            writing.abort();
            None
        }
        () = let_go => {
            writing.abort();
            None
        }
    };
    inbox.send(Inbox::Disconnected { conn }).await.ok(); // The loop has ended already.
    // The core drops its sender on `Disconnected`; what was queued is written, then this ends.
    let ended = match ended {
        Some(ended) => ended,
        None => tokio::select! {
            ended = &mut writing => ended,
            // Nobody reads it: whoever needs the place gets it.
            () = visitor.place.lost() => {
                writing.abort();
                Ok(())
            }
        },
    };
    if let Err(e) = ended
        && !e.is_cancelled()
    {
        tracing::warn!("writer of a connection: {e}");
    }
}

async fn write_frames(mut writer: OwnedWriteHalf, mut frames: Frames) {
    while let Some(frame) = frames.next().await {
        if writer.write_all(&frame).await.is_err() {
            return; // The reader sees the end of the connection too.
        }
        frames.written(frame.len());
    }
}

async fn read_frames(
    visitor: &Visitor,
    mut reader: OwnedReadHalf,
    out: Outgoing,
    inbox: &InboxSender,
) {
    // From the greeting on only the core holds the queue open, so that it can let a client go.
    let queue = out.downgrade();
    let mut out = Some(out);
    let mut decoder = FrameDecoder::up_to(GREETING_MAX_BYTES);
    let mut buffer = vec![0; READ_BYTES];
    let greeted_by = Instant::now() + GREETING_PATIENCE;
    loop {
        let read = match out {
            Some(_) => match timeout_at(greeted_by, reader.read(&mut buffer)).await {
                Ok(read) => read,
                Err(_elapsed) => return,
            },
            None => reader.read(&mut buffer).await,
        };
        match read {
            Ok(0) | Err(_) => return,
            Ok(n) => decoder.push(&buffer[..n]),
        }
        loop {
            let body = match decoder.next_frame() {
                Ok(Some((FrameKind::Control, body))) => body,
                Ok(Some((FrameKind::Data | FrameKind::Record, _))) => {
                    return refuse(&queue, 0, "only control frames are taken here");
                }
                Ok(None) => break,
                Err(e) => return refuse(&queue, 0, &e.to_string()),
            };
            if let Some(out) = out.take() {
                if !greet(&body, &out, visitor, inbox).await {
                    return;
                }
                visitor.place.greeted();
                decoder.takes(match visitor.caller {
                    Caller::User | Caller::Intake => FRAME_MAX_BYTES,
                    Caller::Session { .. } | Caller::Program | Caller::Unknown { .. } => {
                        SESSION_FRAME_MAX_BYTES
                    }
                });
            } else if !take_request(&body, visitor, &queue, inbox).await {
                return;
            }
        }
        visitor.place.unfinished(decoder.pending());
    }
}

/// False when the loop has ended.
async fn take_request(
    body: &[u8],
    visitor: &Visitor,
    queue: &WeakOutgoing,
    inbox: &InboxSender,
) -> bool {
    let turn = visitor.place.turn().await;
    // Before it is read: what is read takes more.
    let held = hold(body.len()).await;
    let conn = visitor.conn;
    match serde_json::from_slice::<Request>(body) {
        Ok(request) => inbox.send(Inbox::Request { conn, request, held, turn }).await.is_ok(),
        Err(e) => {
            // A command of a newer client: that request fails, the connection stays.
            refuse(queue, request_id(body), &format!("request not understood: {e}"));
            true
        }
    }
}

fn request_id(body: &[u8]) -> u64 {
    let value: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    value.and_then(|v| v.get("id")?.as_u64()).unwrap_or_default()
}

async fn greet(body: &[u8], out: &Outgoing, visitor: &Visitor, inbox: &InboxSender) -> bool {
    match serde_json::from_slice::<Hello>(body) {
        Ok(hello) if understands(hello.protocol) => {
            let (conn, caller) = (visitor.conn, visitor.caller.clone());
            inbox.send(Inbox::Connected { conn, out: out.clone(), caller }).await.is_ok()
        }
        Ok(hello) => {
            let message = format!(
                "client speaks protocol {} (build {}), this supervisor {PROTOCOL_VERSION} (build {})",
                hello.protocol,
                hello.build,
                env!("CARGO_PKG_VERSION"),
            );
            let hint = "restart the supervisor with `nightshift daemon stop --keep-workers`";
            fault(out, 0, Fault::new(FaultCode::Protocol, message).hint(hint));
            false
        }
        Err(e) => {
            refuse(&out.downgrade(), 0, &format!("greeting not understood: {e}"));
            false
        }
    }
}

/// Greets, says why and hangs up. Both fit an empty socket's buffer; a peer that is gone again does
/// not hear it.
fn say_no(stream: io::Result<StdStream>, fault: Fault) {
    let mut words = encode_control(&Hello::new(Role::Supervisor));
    words.extend(encode_control(&ServerMessage::Fault { id: CONNECTION_FAULT, fault }));
    stream.and_then(|mut stream| stream.write_all(&words)).ok();
}

fn refuse(queue: &WeakOutgoing, id: u64, message: &str) {
    if let Some(out) = queue.upgrade() {
        fault(&out, id, Fault::new(FaultCode::Invalid, message));
    }
}

fn fault(out: &Outgoing, id: u64, fault: Fault) {
    // A full queue means that nobody reads: then nobody misses this either.
    out.answer(frame(&ServerMessage::Fault { id, fault }));
}
