//! `Client`: one connection to the supervisor, many requests in flight.

use crate::connection::{FrameReader, FrameWriter};
use crate::dial::{dial, greet};
use crate::routes::{Delivered, Routes};
use nightshift_platform::dirs::{Home, SOCKET_PATH_MAX_BYTES};
use nightshift_protocol::calls::{Call, typed};
use nightshift_protocol::{
    CONNECTION_FAULT, Command, Fault, FaultCode, FrameKind, Reply, Request, Role, ServerMessage,
    encode_control, frame::FRAME_MAX_BYTES,
};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinHandle};

/// Id of requests whose reply nobody waits for and no caller is ever given.
const UNHEARD: u64 = u64::MAX;
/// Requests that may wait for the writer. A caller beyond that waits: nothing is dropped.
const OUTGOING_MAX: usize = 64;

/// A connection to the supervisor. Clones share it; it closes when the last one is gone.
#[derive(Clone)]
pub struct Client {
    link: Arc<Link>,
}

/// Owns the two tasks. They know the routes and the queue, never the link: dropping it ends them.
struct Link {
    outgoing: mpsc::Sender<Vec<u8>>,
    routes: Arc<Routes>,
    next_id: AtomicU64,
    tasks: [AbortHandle; 2],
    /// Taken by the one who joins them.
    joins: Mutex<Vec<JoinHandle<()>>>,
}

impl Link {
    fn end(&self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.end();
    }
}

impl Client {
    /// Connects to the supervisor of `home`; `Unreachable` when nobody answers.
    pub async fn connect(home: &Home) -> Result<Client, Fault> {
        check_length(home)?;
        let halves = dial(&home.supervisor_socket(), Role::Supervisor).await?;
        Ok(Client::of(halves))
    }

    /// The same over a connection that the supervisor has made.
    pub async fn over(socket: std::os::unix::net::UnixStream) -> Result<Client, Fault> {
        Ok(Client::of(greet(socket).await?))
    }

    fn of((reader, writer): (FrameReader, FrameWriter)) -> Client {
        let routes = Arc::new(Routes::default());
        let (outgoing, queue) = mpsc::channel(OUTGOING_MAX);
        let reader = tokio::spawn(read(reader, Arc::clone(&routes), outgoing.downgrade()));
        let writer = tokio::spawn(write(writer, queue));
        let tasks = [reader.abort_handle(), writer.abort_handle()];
        let joins = Mutex::new(vec![reader, writer]);
        let next_id = AtomicU64::new(1);
        Client { link: Arc::new(Link { outgoing, routes, next_id, tasks, joins }) }
    }

    /// Sends `command` and waits for its reply, which means *done*.
    pub async fn call(&self, command: Command) -> Result<Reply, Fault> {
        let id = self.new_id();
        self.call_as(id, command).await
    }

    /// The same, and what the reply of this command holds.
    pub async fn ask<C: Call>(&self, call: C) -> Result<C::Reply, Fault> {
        typed::<C>(self.call(call.command()).await)
    }

    /// Closes the connection and joins its tasks; other clones then hear that it is lost.
    pub async fn close(self) {
        self.link.routes.lose(&Fault::new(FaultCode::Unreachable, "the connection was closed"));
        self.link.end();
        let joins =
            std::mem::take(&mut *self.link.joins.lock().unwrap_or_else(PoisonError::into_inner));
        for join in joins {
            // The only error is the abort that was just asked for.
            join.await.ok();
        }
    }

    pub(crate) fn new_id(&self) -> u64 {
        self.link.next_id.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn routes(&self) -> &Routes {
        &self.link.routes
    }

    pub(crate) async fn call_as(&self, id: u64, command: Command) -> Result<Reply, Fault> {
        let (waiter, reply) = oneshot::channel();
        let only_reads = command.only_reads();
        let frame = encode_request(id, command)?;
        self.link.routes.expect_reply(id, waiter)?;
        let guard = ForgetCall { routes: &self.link.routes, id };
        if self.link.outgoing.send(frame).await.is_err() {
            return Err(lost());
        }
        let result = reply.await.unwrap_or_else(|_| {
            let why = self.link.routes.why_lost().unwrap_or_else(lost);
            // A supervisor that says why it hears nobody has carried out nothing.
            Err(if only_reads || why != lost() { why } else { unheard(&why) })
        });
        drop(guard);
        result
    }

    /// Room for one request; holding it, sending cannot be interrupted half-way.
    pub(crate) async fn reserve(&self) -> Result<mpsc::Permit<'_, Vec<u8>>, Fault> {
        self.link.outgoing.reserve().await.map_err(|_| lost())
    }

    /// Sends a request whose reply nobody waits for, if there is room now.
    pub(crate) fn post(&self, command: Command) {
        post(&self.link.outgoing, self.new_id(), command);
    }
}

/// The kernel's own words for a socket path that is too long help nobody; `ensure` names the way out.
fn check_length(home: &Home) -> Result<(), Fault> {
    if home.supervisor_socket().as_os_str().len() < SOCKET_PATH_MAX_BYTES {
        return Ok(());
    }
    home.ensure().map_err(|e| Fault::new(FaultCode::Io, e.to_string()))
}

/// Takes a caller off the list when its future is dropped.
struct ForgetCall<'a> {
    routes: &'a Routes,
    id: u64,
}

impl Drop for ForgetCall<'_> {
    fn drop(&mut self) {
        self.routes.forget_call(self.id);
    }
}

pub(crate) fn encode_request(id: u64, command: Command) -> Result<Vec<u8>, Fault> {
    let frame = encode_control(&Request { id, command });
    if frame.len() > FRAME_MAX_BYTES {
        let message = format!("a request of {} bytes; the limit is {FRAME_MAX_BYTES}", frame.len());
        return Err(Fault::new(FaultCode::Limit, message).hint("put the text into a file"));
    }
    Ok(frame)
}

/// A full queue drops the request: only `Unfollow` comes here, and the next unwanted event asks again.
fn post(outgoing: &mpsc::Sender<Vec<u8>>, id: u64, command: Command) {
    if let Ok(frame) = encode_request(id, command) {
        outgoing.try_send(frame).ok();
    }
}

pub(crate) fn lost() -> Fault {
    Fault::new(FaultCode::Unreachable, "the connection to the supervisor was lost")
        .hint("try again; sessions continue without it")
}

/// The connection went after a command that changes something was sent. Given again, it may be done twice.
fn unheard(why: &Fault) -> Fault {
    let message = format!("{}; this command may have been carried out", why.message);
    Fault::new(why.code, message)
        .hint("check with `nightshift agents` before you repeat it; sessions continue without it")
}

async fn read(mut reader: FrameReader, routes: Arc<Routes>, outgoing: mpsc::WeakSender<Vec<u8>>) {
    let fault = loop {
        match reader.next().await {
            Ok(Some((FrameKind::Control, body))) => {
                let message = match serde_json::from_slice::<ServerMessage>(&body) {
                    Ok(message) => message,
                    Err(error) => match unreadable(&body, &error) {
                        Some(fault) => fault,
                        // A message of a kind this build does not know is for newer clients.
                        None => continue,
                    },
                };
                if let ServerMessage::Fault { id: CONNECTION_FAULT, fault } = message {
                    break fault;
                }
                if let Delivered::Unwanted(follow) = routes.deliver(message)
                    && let Some(outgoing) = outgoing.upgrade()
                {
                    post(&outgoing, UNHEARD, Command::Unfollow { follow });
                }
            }
            Ok(Some((FrameKind::Data | FrameKind::Record, _))) => {}
            Ok(None) => break lost(),
            Err(fault) => break fault,
        }
    };
    routes.lose(&fault);
}

/// For whoever waits for a message that this build cannot read: waiting would be for ever.
fn unreadable(body: &[u8], error: &serde_json::Error) -> Option<ServerMessage> {
    let message: serde_json::Value = serde_json::from_slice(body).ok()?;
    let id = message.get("id")?.as_u64()?;
    let text = format!("the supervisor's answer is not understood: {error}");
    let fault = Fault::new(FaultCode::Protocol, text)
        .hint("it is of another version: see `nightshift daemon status`");
    Some(ServerMessage::Fault { id, fault })
}

/// Ends at the first failed write: the peer has hung up. The reader finds what it said last and then
/// tells everybody who still waits, those whose request was never sent included.
async fn write(mut writer: FrameWriter, mut queue: mpsc::Receiver<Vec<u8>>) {
    while let Some(frame) = queue.recv().await {
        if writer.send(&frame).await.is_err() {
            break;
        }
    }
}
