//! A client: asks, reads what it is sent at its own pace, and keeps replicas of what it follows.

use crate::ledger::Ledger;
use nightshift_model::SessionId;
use nightshift_protocol::{
    BoardChange, BoardEvent, Command, ConversationEvent, ConversationItem, FrameDecoder, ItemBody,
    Reply, Request, ServerMessage, SessionView,
};
use nightshift_supervisor::clients::Frames;
use nightshift_supervisor::inbox::ConnId;
use std::collections::{BTreeMap, VecDeque};
use tokio::sync::mpsc::error::TryRecvError;

/// What an answer will mean for the ledger.
#[derive(Clone, Debug)]
pub enum Ask {
    Dispatch {
        token: Option<usize>,
    },
    Reply {
        token: usize,
    },
    /// How often the session had been woken when the stop was handed over.
    Stop {
        session: String,
        wakes: u64,
    },
    Remove {
        session: String,
    },
    Other,
}

#[derive(Default)]
pub struct BoardReplica {
    seq: Option<u64>,
    pub views: BTreeMap<String, SessionView>,
}

pub struct TalkReplica {
    pub session: SessionId,
    seq: Option<u64>,
    pub items: Vec<ConversationItem>,
}

pub struct Client {
    pub conn: ConnId,
    frames: Frames,
    /// Not handed to the loop yet.
    pub requests: VecDeque<(Request, Ask)>,
    /// Handed over and not answered.
    pub waiting: BTreeMap<u64, Ask>,
    pub boards: BTreeMap<u64, BoardReplica>,
    pub talks: BTreeMap<u64, TalkReplica>,
    /// Reads nothing for now.
    pub stalled: bool,
    /// The supervisor let it go.
    pub closed: bool,
    next: u64,
}

impl Client {
    pub fn new(conn: ConnId, frames: Frames) -> Client {
        Client {
            conn,
            frames,
            requests: VecDeque::new(),
            waiting: BTreeMap::new(),
            boards: BTreeMap::new(),
            talks: BTreeMap::new(),
            stalled: false,
            closed: false,
            next: 0,
        }
    }

    pub fn ask(&mut self, command: Command, ask: Ask) {
        self.next += 1;
        self.requests.push_back((Request { id: self.next, command }, ask));
    }

    pub fn has_mail(&self) -> bool {
        !self.stalled && (!self.frames.is_empty() || self.frames.is_closed() && !self.closed)
    }

    /// Reads everything that has arrived; gives back what must not be.
    pub fn read(&mut self, ledger: &mut Ledger) -> Vec<String> {
        let mut faults = Vec::new();
        loop {
            match self.frames.try_next() {
                Ok(frame) => {
                    let mut decoder = FrameDecoder::default();
                    decoder.push(&frame);
                    let Ok(Some((_, body))) = decoder.next_frame() else {
                        faults.push("a client was sent half a frame".to_owned());
                        continue;
                    };
                    match serde_json::from_slice(&body) {
                        Ok(message) => self.take(message, ledger, &mut faults),
                        Err(e) => faults.push(format!("a client was sent nonsense: {e}")),
                    }
                }
                Err(TryRecvError::Empty) => return faults,
                Err(TryRecvError::Disconnected) => {
                    self.closed = true;
                    return faults;
                }
            }
        }
    }

    fn take(&mut self, message: ServerMessage, ledger: &mut Ledger, faults: &mut Vec<String>) {
        match message {
            ServerMessage::Reply { id, reply } => match self.waiting.remove(&id) {
                Some(ask) => acknowledged(&ask, &reply, ledger, faults),
                None => faults.push(format!("request {id} was answered twice or never asked")),
            },
            ServerMessage::Fault { id, .. } => {
                if self.waiting.remove(&id).is_none() {
                    faults.push(format!("request {id} was refused twice or never asked"));
                }
                self.boards.remove(&id);
                self.talks.remove(&id);
            }
            ServerMessage::Board { id, event } => {
                if let Some(replica) = self.boards.get_mut(&id) {
                    replica.take(event, faults);
                }
            }
            ServerMessage::Conversation { id, event } => {
                if let Some(replica) = self.talks.get_mut(&id) {
                    replica.take(event, faults);
                }
            }
        }
    }

    pub fn follows_board(&mut self) {
        self.ask(Command::FollowBoard, Ask::Other);
        self.boards.insert(self.next, BoardReplica::default());
    }

    pub fn follows_talk(&mut self, session: SessionId) {
        self.ask(Command::FollowConversation { session: session.to_string() }, Ask::Other);
        let replica = TalkReplica { session, seq: None, items: Vec::new() };
        self.talks.insert(self.next, replica);
    }
}

fn acknowledged(ask: &Ask, reply: &Reply, ledger: &mut Ledger, faults: &mut Vec<String>) {
    match (ask, reply) {
        (Ask::Dispatch { token }, Reply::Session { view }) => {
            ledger.of(&view.id).acknowledged = true;
            if let Some(token) = token {
                ledger.tokens[*token].acknowledged = true;
                ledger.tokens[*token].session = Some(view.id.clone());
            }
        }
        (Ask::Reply { token }, Reply::Session { .. }) => ledger.tokens[*token].acknowledged = true,
        (Ask::Stop { session, wakes }, Reply::Session { view }) => {
            let known = ledger.of(session);
            if known.wakes == *wakes {
                known.stopped = true;
                if view.liveness_is_alive() {
                    faults.push(format!("{session} was said to be stopped and is alive"));
                }
            }
        }
        (Ask::Remove { session }, Reply::Removed { .. }) => ledger.of(session).removed = true,
        (Ask::Other, _) => {}
        (ask, reply) => faults.push(format!("{ask:?} was answered with {reply:?}")),
    }
}

trait Lives {
    fn liveness_is_alive(&self) -> bool;
}

impl Lives for SessionView {
    fn liveness_is_alive(&self) -> bool {
        matches!(self.liveness, nightshift_model::Liveness::Alive { .. })
    }
}

/// The next number of a stream: changes are numbered without gaps.
fn numbered(stream: &str, last: Option<u64>, seq: u64, faults: &mut Vec<String>) -> Option<u64> {
    if last.is_none_or(|last| last + 1 != seq) {
        faults.push(format!("{stream} change {seq} came after {last:?}"));
    }
    Some(seq)
}

impl BoardReplica {
    fn take(&mut self, event: BoardEvent, faults: &mut Vec<String>) {
        match event {
            BoardEvent::Snapshot { seq, sessions, .. } => {
                self.seq = Some(seq);
                self.views = sessions.into_iter().map(|v| (v.id.clone(), v)).collect();
            }
            BoardEvent::Change { seq, change } => {
                self.seq = numbered("board", self.seq, seq, faults);
                match change {
                    BoardChange::Upsert { view } => {
                        self.views.insert(view.id.clone(), *view);
                    }
                    BoardChange::Removed { id } => {
                        self.views.remove(&id);
                    }
                    BoardChange::Notice { .. } | BoardChange::NoticeGone { .. } => {}
                }
            }
        }
    }
}

impl TalkReplica {
    fn take(&mut self, event: ConversationEvent, faults: &mut Vec<String>) {
        let seq = match &event {
            ConversationEvent::Snapshot { seq, .. } => {
                self.seq = Some(*seq);
                *seq
            }
            ConversationEvent::Configured { seq, .. }
            | ConversationEvent::Upsert { seq, .. }
            | ConversationEvent::Append { seq, .. }
            | ConversationEvent::Removed { seq, .. } => {
                self.seq = numbered("conversation", self.seq, *seq, faults);
                *seq
            }
        };
        match event {
            ConversationEvent::Snapshot { items, .. } => self.items = items,
            ConversationEvent::Configured { .. } => {}
            ConversationEvent::Upsert { item, .. } => {
                match self.items.iter_mut().find(|i| i.id == item.id) {
                    Some(known) => *known = *item,
                    // What waits for its turn stands last.
                    None => {
                        let waits = |i: &ConversationItem| {
                            matches!(i.body, ItemBody::User { queued: true, .. })
                        };
                        let first = self.items.iter().position(waits);
                        let last = self.items.len();
                        let at = if waits(&item) { last } else { first.unwrap_or(last) };
                        self.items.insert(at, *item);
                    }
                }
            }
            ConversationEvent::Append { id, text, .. } => {
                let found = self.items.iter_mut().find(|i| i.id == id);
                match found.map(|item| &mut item.body) {
                    Some(ItemBody::Agent { text: all } | ItemBody::Thought { text: all }) => {
                        all.push_str(&text);
                    }
                    _ => faults.push(format!("change {seq} appends to the unknown item {id}")),
                }
            }
            ConversationEvent::Removed { id, .. } => self.items.retain(|i| i.id != id),
        }
    }
}
