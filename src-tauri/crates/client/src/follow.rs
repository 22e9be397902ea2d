//! `Follow`: a snapshot, then changes, for as long as it is held.

use crate::call::{Client, encode_request, lost};
use nightshift_protocol::{BoardEvent, Command, ConversationEvent, Fault};
use std::marker::PhantomData;
use tokio::sync::{mpsc, oneshot};

/// Events that may wait for the consumer; the supervisor keeps as many for each client. Beyond
/// that the follow begins again with a fresh snapshot.
const EVENTS_MAX: usize = 1_024;

/// An event of any follow.
#[derive(Clone, Debug, PartialEq)]
pub enum FollowEvent {
    Board(BoardEvent),
    Conversation(ConversationEvent),
}

impl TryFrom<FollowEvent> for BoardEvent {
    type Error = FollowEvent;

    fn try_from(event: FollowEvent) -> Result<BoardEvent, FollowEvent> {
        match event {
            FollowEvent::Board(event) => Ok(event),
            FollowEvent::Conversation(_) => Err(event),
        }
    }
}

impl TryFrom<FollowEvent> for ConversationEvent {
    type Error = FollowEvent;

    fn try_from(event: FollowEvent) -> Result<ConversationEvent, FollowEvent> {
        match event {
            FollowEvent::Conversation(event) => Ok(event),
            FollowEvent::Board(_) => Err(event),
        }
    }
}

/// Why no more events come under this id.
#[derive(Clone, Debug)]
pub(crate) enum Cut {
    /// The consumer was too slow.
    Behind,
    Ended(Fault),
}

/// Events of one follow. Dropping it ends the follow.
pub struct Follow<E> {
    client: Client,
    command: Command,
    id: u64,
    events: mpsc::Receiver<E>,
    cut: oneshot::Receiver<Cut>,
    ended: Option<Fault>,
    kind: PhantomData<E>,
}

impl Client {
    /// Follows the board: `BoardEvent::Snapshot` first.
    pub async fn follow_board(&self) -> Result<Follow<BoardEvent>, Fault> {
        self.follow(Command::FollowBoard).await
    }

    /// Follows a session's conversation: `ConversationEvent::Snapshot` first.
    pub async fn follow_conversation(
        &self,
        session: &str,
    ) -> Result<Follow<ConversationEvent>, Fault> {
        self.follow(Command::FollowConversation { session: session.to_owned() }).await
    }

    async fn follow<E>(&self, command: Command) -> Result<Follow<E>, Fault>
    where
        E: TryFrom<FollowEvent> + Send + 'static,
    {
        let id = self.new_id();
        let (events, cut) = self.listen(id);
        let client = self.clone();
        let follow = Follow { client, command, id, events, cut, ended: None, kind: PhantomData };
        self.call_as(id, follow.command.clone()).await?;
        Ok(follow)
    }

    fn listen<E>(&self, id: u64) -> (mpsc::Receiver<E>, oneshot::Receiver<Cut>)
    where
        E: TryFrom<FollowEvent> + Send + 'static,
    {
        let (sender, events) = mpsc::channel(EVENTS_MAX);
        let (cut_sender, cut) = oneshot::channel();
        self.routes().expect_events(id, sender, cut_sender);
        (events, cut)
    }
}

impl<E: TryFrom<FollowEvent> + Send + 'static> Follow<E> {
    /// The next event; a fault once the follow has ended (connection lost, session removed). May
    /// be dropped while it waits without losing an event.
    pub async fn next(&mut self) -> Result<E, Fault> {
        loop {
            if let Some(fault) = &self.ended {
                return Err(fault.clone());
            }
            if let Some(event) = self.events.recv().await {
                return Ok(event);
            }
            // The route is gone; it says why before it goes.
            match self.cut.try_recv() {
                Ok(Cut::Behind) => self.begin_again().await?,
                Ok(Cut::Ended(fault)) => self.ended = Some(fault),
                Err(_) => self.ended = Some(lost()),
            }
        }
    }

    /// Follows anew under another id. What this future does after its only wait happens at once.
    async fn begin_again(&mut self) -> Result<(), Fault> {
        let client = self.client.clone();
        let id = client.new_id();
        let frame = encode_request(id, self.command.clone())?;
        let permit = client.reserve().await?;
        self.id = id;
        (self.events, self.cut) = client.listen(id);
        permit.send(frame);
        Ok(())
    }
}

impl<E> Drop for Follow<E> {
    fn drop(&mut self) {
        if self.client.routes().forget_follow(self.id) {
            self.client.post(Command::Unfollow { follow: self.id });
        }
    }
}
