//! Those who follow conversations: a snapshot of the driver's items, then its changes, numbered.

use crate::clients::{Clients, ConnId, FollowId, Sent};
use nightshift_agents::Driver;
use nightshift_agents::acp::ItemChange;
use nightshift_model::SessionId;
use nightshift_protocol::{ConversationEvent, Fault, ServerMessage};

#[derive(Default)]
pub struct Conversations {
    followers: Vec<Follower>,
}

struct Follower {
    id: FollowId,
    session: SessionId,
    seq: u64,
    behind: bool,
}

impl Conversations {
    /// The follower gets its snapshot at the next `catch_up`.
    pub fn follow(&mut self, id: FollowId, session: SessionId) {
        self.followers.push(Follower { id, session, seq: 0, behind: true });
    }

    pub fn unfollow(&mut self, id: FollowId) -> bool {
        let before = self.followers.len();
        self.followers.retain(|f| f.id != id);
        before != self.followers.len()
    }

    pub fn forget(&mut self, conn: ConnId) {
        self.followers.retain(|f| f.id.conn != conn);
    }

    pub fn forget_session(&mut self, session: &SessionId) {
        self.followers.retain(|f| &f.session != session);
    }

    /// Ends every follow of a conversation that cannot be shown.
    pub fn end(&mut self, clients: &mut Clients, session: &SessionId, fault: &Fault) {
        for follower in self.followers.extract_if(.., |f| &f.session == session) {
            clients.answer(follower.id.conn, follower.id.request, Err(fault.clone()));
        }
    }

    /// The session's conversation is read anew: its followers get a fresh snapshot.
    pub fn restart(&mut self, session: &SessionId) {
        for follower in self.followers.iter_mut().filter(|f| &f.session == session) {
            follower.behind = true;
        }
    }

    pub fn count(&self, conn: ConnId) -> usize {
        self.followers.iter().filter(|f| f.id.conn == conn).count()
    }

    pub fn is_followed(&self, session: &SessionId) -> bool {
        self.followers.iter().any(|f| &f.session == session)
    }

    pub fn behind(&self) -> impl Iterator<Item = &SessionId> {
        self.followers.iter().filter(|f| f.behind).map(|f| &f.session)
    }

    pub fn publish(&mut self, clients: &mut Clients, session: &SessionId, changes: &[ItemChange]) {
        for follower in self.followers.iter_mut().filter(|f| &f.session == session) {
            for change in changes {
                if follower.behind {
                    break;
                }
                follower.seq += 1;
                let event = event(follower.seq, change);
                let message = ServerMessage::Conversation { id: follower.id.request, event };
                follower.behind = clients.send(follower.id.conn, &message) == Sent::Full;
            }
        }
    }

    pub fn catch_up(&mut self, clients: &mut Clients, session: &SessionId, driver: &Driver) {
        for follower in self.followers.iter_mut().filter(|f| f.behind && &f.session == session) {
            let (items, trimmed) = driver.items();
            let configuration = driver.configuration();
            let seq = follower.seq;
            let event = ConversationEvent::Snapshot { seq, items, trimmed, configuration };
            let message = ServerMessage::Conversation { id: follower.id.request, event };
            follower.behind = clients.send(follower.id.conn, &message) == Sent::Full;
        }
    }
}

fn event(seq: u64, change: &ItemChange) -> ConversationEvent {
    match change {
        ItemChange::Upsert(item) => ConversationEvent::Upsert { seq, item: Box::new(item.clone()) },
        ItemChange::Append { id, text } => {
            ConversationEvent::Append { seq, id: id.clone(), text: text.clone() }
        }
        ItemChange::Configured(configuration) => {
            ConversationEvent::Configured { seq, configuration: (**configuration).clone() }
        }
        ItemChange::Removed { id } => ConversationEvent::Removed { seq, id: id.clone() },
    }
}
