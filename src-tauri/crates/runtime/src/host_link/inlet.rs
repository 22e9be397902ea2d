//! Where a link puts what it sees of its host.

use nightshift_model::SessionId;
use nightshift_supervisor::inbox::{Inbox, InboxSender, hold};
use nightshift_supervisor::ports::host_link::HostLinkEvent;
use std::pin::Pin;

/// Done when the event has been taken.
pub type Taken<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// The loop's inbox. When that is full, the link waits and its host is paced.
pub trait Inlet: Send + Sync + 'static {
    fn take(&self, session: SessionId, generation: u32, event: HostLinkEvent) -> Taken<'_>;
}

/// Where links put what they see.
pub struct InboxInlet(pub InboxSender);

impl Inlet for InboxInlet {
    fn take(&self, session: SessionId, generation: u32, event: HostLinkEvent) -> Taken<'_> {
        Box::pin(async move {
            let held = hold(event.bytes()).await;
            // An error means that the loop has ended: so will the link.
            self.0.send(Inbox::Link { session, generation, event, held }).await.ok();
        })
    }
}
