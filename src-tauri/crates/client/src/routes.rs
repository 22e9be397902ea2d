//! Who waits for what: replies by request id, events by the id of the follow.
//!
//! Promise: `deliver` never waits. A follow whose queue is full is cut off and told so.

use crate::follow::{Cut, FollowEvent};
use nightshift_protocol::{Fault, Reply, ServerMessage};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot};

type Waiter = oneshot::Sender<Result<Reply, Fault>>;

/// Takes an event for its follow; false when the follow cannot take it.
type Sink = Box<dyn Fn(FollowEvent) -> bool + Send>;

struct FollowRoute {
    sink: Sink,
    cut: oneshot::Sender<Cut>,
}

#[derive(Default)]
struct Open {
    calls: HashMap<u64, Waiter>,
    follows: HashMap<u64, FollowRoute>,
    /// Set once the connection is lost: whoever comes later hears of it at once.
    lost: Option<Fault>,
}

#[derive(Default)]
pub(crate) struct Routes {
    open: Mutex<Open>,
}

/// What the reader must do after a delivery.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Delivered {
    Taken,
    /// Nobody follows `id` any more: the supervisor should stop sending.
    Unwanted(u64),
}

impl Routes {
    /// No code panics while it holds the lock, so what it guards is whole even if poisoned.
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn expect_reply(&self, id: u64, waiter: Waiter) -> Result<(), Fault> {
        let mut open = self.lock();
        match &open.lost {
            Some(fault) => Err(fault.clone()),
            None => {
                open.calls.insert(id, waiter);
                Ok(())
            }
        }
    }

    pub(crate) fn expect_events<E: TryFrom<FollowEvent> + Send + 'static>(
        &self,
        id: u64,
        events: mpsc::Sender<E>,
        cut: oneshot::Sender<Cut>,
    ) {
        let sink: Sink = Box::new(move |event| match E::try_from(event) {
            Ok(event) => events.try_send(event).is_ok(),
            // An event of another kind under this id: the supervisor's fault, not the consumer's.
            Err(_) => true,
        });
        let mut open = self.lock();
        match open.lost.clone() {
            // The receiver may be gone already: then nobody wants to know.
            Some(fault) => drop(cut.send(Cut::Ended(fault))),
            None => drop(open.follows.insert(id, FollowRoute { sink, cut })),
        }
    }

    pub(crate) fn forget_call(&self, id: u64) {
        self.lock().calls.remove(&id);
    }

    /// Whether the follow was still open.
    pub(crate) fn forget_follow(&self, id: u64) -> bool {
        self.lock().follows.remove(&id).is_some()
    }

    pub(crate) fn deliver(&self, message: ServerMessage) -> Delivered {
        match message {
            ServerMessage::Reply { id, reply } => self.answer(id, Ok(reply)),
            ServerMessage::Fault { id, fault } => {
                let follow = self.lock().follows.remove(&id);
                if let Some(route) = follow {
                    drop(route.cut.send(Cut::Ended(fault.clone())));
                }
                self.answer(id, Err(fault))
            }
            ServerMessage::Board { id, event } => self.event(id, FollowEvent::Board(event)),
            ServerMessage::Conversation { id, event } => {
                self.event(id, FollowEvent::Conversation(event))
            }
        }
    }

    fn answer(&self, id: u64, result: Result<Reply, Fault>) -> Delivered {
        if let Some(waiter) = self.lock().calls.remove(&id) {
            // A caller that gave up has dropped its end.
            drop(waiter.send(result));
        }
        Delivered::Taken
    }

    fn event(&self, id: u64, event: FollowEvent) -> Delivered {
        let mut open = self.lock();
        let Some(route) = open.follows.get(&id) else { return Delivered::Unwanted(id) };
        if (route.sink)(event) {
            return Delivered::Taken;
        }
        if let Some(route) = open.follows.remove(&id) {
            drop(route.cut.send(Cut::Behind));
        }
        Delivered::Unwanted(id)
    }

    /// The connection is lost: everybody who waits, and everybody who comes later, hears why.
    pub(crate) fn lose(&self, fault: &Fault) {
        let mut open = self.lock();
        open.lost.get_or_insert_with(|| fault.clone());
        // Without a reply: what became of what was sent nobody has said.
        open.calls.clear();
        for (_, route) in open.follows.drain() {
            drop(route.cut.send(Cut::Ended(fault.clone())));
        }
    }

    /// Why the connection is lost, where that was said.
    pub(crate) fn why_lost(&self) -> Option<Fault> {
        self.lock().lost.clone()
    }
}
