//! Telling clients: their outgoing queues, and those who follow the board or a conversation. One
//! snapshot, then changes numbered without gaps.
//!
//! Promise: a follower that falls behind gets a fresh snapshot, never a silent hole.
//! Must not know: sessions' states, the store, sockets.

mod conversation;
mod fitting;
pub mod gate;
mod outgoing;
pub mod waiter;

pub use conversation::Conversations;
pub use fitting::{ROW_MAX_BYTES, frame};
pub use outgoing::{Frames, Outgoing, WeakOutgoing};

use nightshift_protocol::{
    BoardChange, BoardEvent, Fault, Notice, Reply, ServerMessage, SessionView,
};
use std::collections::HashMap;

/// Numbers connections; never reused within a supervisor's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnId(pub u64);

impl ConnId {
    /// No connection: clients are counted from 1.
    pub const NOBODY: ConnId = ConnId(0);
}

/// A follow: the connection and the request that began it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FollowId {
    pub conn: ConnId,
    pub request: u64,
}

/// Bytes that wait for all clients together.
const ALL_WAITING_MAX_BYTES: usize = 64 * 1024 * 1024;
/// Below this the sum of all is not asked for: small frames to a client that reads are the rule.
const LARGE_BYTES: usize = 256 * 1024;

/// The clients' outgoing queues.
#[derive(Default)]
pub struct Clients {
    queues: HashMap<ConnId, Outgoing>,
    /// What requests hold until they are answered, their connection gone or not.
    begun: HashMap<(ConnId, u64), Vec<Turn>>,
    /// Those that were let go because they read nothing.
    let_go: u64,
}

/// What is given back when a request is answered.
pub type Turn = Box<dyn Send>;

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    Queued,
    /// The client does not read fast enough.
    Full,
    Gone,
}

impl Clients {
    pub fn add(&mut self, conn: ConnId, out: Outgoing) {
        self.queues.insert(conn, out);
    }

    pub fn remove(&mut self, conn: ConnId) {
        self.queues.remove(&conn);
    }

    pub fn send(&mut self, conn: ConnId, message: &ServerMessage) -> Sent {
        self.put(conn, message, Outgoing::put)
    }

    fn put(
        &mut self,
        conn: ConnId,
        message: &ServerMessage,
        put: impl Fn(&Outgoing, Vec<u8>) -> Sent,
    ) -> Sent {
        let Some(out) = self.queues.get(&conn) else { return Sent::Gone };
        let frame = frame(message);
        if frame.len().max(out.waiting()) > LARGE_BYTES {
            self.make_room(frame.len());
        }
        self.queues.get(&conn).map_or(Sent::Gone, |out| put(out, frame))
    }

    /// While too much waits for all together, those go for whom the most waits.
    fn make_room(&mut self, more: usize) {
        loop {
            let waiting: usize = self.queues.values().map(Outgoing::waiting).sum();
            if waiting + more <= ALL_WAITING_MAX_BYTES {
                return;
            }
            let most = self.queues.iter().max_by_key(|(_, out)| out.waiting());
            let Some(conn) = most.filter(|(_, out)| out.waiting() > 0).map(|(conn, _)| *conn)
            else {
                return;
            };
            self.let_go(conn);
        }
    }

    fn let_go(&mut self, conn: ConnId) {
        let Some(out) = self.queues.remove(&conn) else { return };
        out.let_go();
        self.let_go += 1;
        // However many there are, their lines in the log are few.
        if self.let_go.is_power_of_two() {
            let count = self.let_go;
            tracing::warn!("clients that read nothing are let go; {count} so far");
        }
    }

    /// A request that holds `turn` until it is answered. Nothing keeps a client from giving one id twice.
    pub fn begin(&mut self, conn: ConnId, id: u64, turn: Turn) {
        self.begun.entry((conn, id)).or_default().push(turn);
    }

    /// The request has its answer, or waits for something that takes nothing from others.
    pub fn release(&mut self, conn: ConnId, id: u64) {
        if let Some(turns) = self.begun.get_mut(&(conn, id)) {
            turns.pop();
            if turns.is_empty() {
                self.begun.remove(&(conn, id));
            }
        }
    }

    /// Answers a request. A client that does not even read its answers is let go.
    pub fn answer(&mut self, conn: ConnId, id: u64, result: Result<Reply, Fault>) {
        self.release(conn, id);
        let message = match result {
            Ok(reply) => ServerMessage::Reply { id, reply },
            Err(fault) => ServerMessage::Fault { id, fault },
        };
        if self.put(conn, &message, Outgoing::answer) == Sent::Full {
            self.let_go(conn);
        }
    }
}

/// Those who follow the board.
#[derive(Default)]
pub struct Board {
    seq: u64,
    followers: Vec<Follower>,
}

struct Follower {
    id: FollowId,
    behind: bool,
}

impl Board {
    pub fn follow(&mut self, id: FollowId) {
        self.followers.push(Follower { id, behind: true });
    }

    pub fn unfollow(&mut self, id: FollowId) -> bool {
        let before = self.followers.len();
        self.followers.retain(|f| f.id != id);
        before != self.followers.len()
    }

    pub fn is_followed(&self) -> bool {
        !self.followers.is_empty()
    }

    pub fn forget(&mut self, conn: ConnId) {
        self.followers.retain(|f| f.id.conn != conn);
    }

    pub fn count(&self, conn: ConnId) -> usize {
        self.followers.iter().filter(|f| f.id.conn == conn).count()
    }

    pub fn publish(&mut self, clients: &mut Clients, change: BoardChange) {
        self.seq += 1;
        let event = BoardEvent::Change { seq: self.seq, change };
        for follower in self.followers.iter_mut().filter(|f| !f.behind) {
            let message = ServerMessage::Board { id: follower.id.request, event: event.clone() };
            follower.behind = clients.send(follower.id.conn, &message) == Sent::Full;
        }
    }

    pub fn anyone_behind(&self) -> bool {
        self.followers.iter().any(|f| f.behind)
    }

    /// Sends a snapshot to those who are behind and have room again.
    pub fn catch_up(
        &mut self,
        clients: &mut Clients,
        snapshot: impl Fn() -> (Vec<SessionView>, Vec<Notice>),
    ) {
        let seq = self.seq;
        for follower in self.followers.iter_mut().filter(|f| f.behind) {
            let (sessions, notices) = snapshot();
            let event = BoardEvent::Snapshot { seq, sessions, notices };
            let message = ServerMessage::Board { id: follower.id.request, event };
            follower.behind = clients.send(follower.id.conn, &message) == Sent::Full;
        }
    }
}
