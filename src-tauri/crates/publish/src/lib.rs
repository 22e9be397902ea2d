//! Telling clients: their outgoing queues, and those who follow the board or a conversation. One
//! snapshot, then changes numbered without gaps.
//!
//! Promise: a follower that falls behind gets a fresh snapshot, never a silent hole.
//! Must not know: sessions' states, the store, sockets.

mod conversation;

pub use conversation::Conversations;

use nightshift_protocol::{
    BoardChange, BoardEvent, Fault, Notice, Reply, ServerMessage, SessionView, encode_control,
};
use std::collections::HashMap;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

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

/// The clients' outgoing queues.
#[derive(Default)]
pub struct Clients {
    queues: HashMap<ConnId, mpsc::Sender<Vec<u8>>>,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    Queued,
    /// The client does not read fast enough.
    Full,
    Gone,
}

impl Clients {
    pub fn add(&mut self, conn: ConnId, out: mpsc::Sender<Vec<u8>>) {
        self.queues.insert(conn, out);
    }

    pub fn remove(&mut self, conn: ConnId) {
        self.queues.remove(&conn);
    }

    pub fn send(&mut self, conn: ConnId, message: &ServerMessage) -> Sent {
        let Some(queue) = self.queues.get(&conn) else { return Sent::Gone };
        match queue.try_send(encode_control(message)) {
            Ok(()) => Sent::Queued,
            Err(TrySendError::Full(_)) => Sent::Full,
            Err(TrySendError::Closed(_)) => Sent::Gone,
        }
    }

    /// Answers a request. A client that does not even read its answers is let go.
    pub fn answer(&mut self, conn: ConnId, id: u64, result: Result<Reply, Fault>) {
        let message = match result {
            Ok(reply) => ServerMessage::Reply { id, reply },
            Err(fault) => ServerMessage::Fault { id, fault },
        };
        if self.send(conn, &message) == Sent::Full {
            tracing::warn!("a client reads nothing; its connection is closed");
            self.queues.remove(&conn);
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
