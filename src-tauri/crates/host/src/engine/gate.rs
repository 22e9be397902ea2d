//! Who may ask this host for what: the user and the supervisor for all of it, what runs in its session
//! for what hooks need, anybody else for nothing.
//!
//! Promise: decided before the request is looked at; a session cannot type for the user, neither here
//! nor at another host. Must not know: how requests are carried out.

use super::Engine;
use crate::kin::Caller;
use nightshift_protocol::{HostEvent, HostRequest};

/// What is refused is told of once for each kind and session; so many are remembered.
const REFUSED_MAX: usize = 256;

impl Engine {
    /// Whether the peer may ask this. It is told if not, and so is the supervisor.
    pub(super) fn passes(&mut self, index: usize, request: &HostRequest) -> bool {
        let own = self.launch.session.as_str();
        let who = match &self.connections[index].caller {
            Caller::User => return true,
            Caller::Session { id, certain: true } if id == own && is_hooks(request) => return true,
            Caller::Session { id, .. } => format!("session {id}"),
            Caller::Program | Caller::Intake => "a program that the supervisor runs".to_owned(),
            Caller::Unknown { why } => format!("an unknown program ({why})"),
        };
        let what = purpose(request);
        let error = format!("{who} may not {what}: only the user may");
        let tag = if let HostRequest::WriteLine { tag, .. } = request { *tag } else { 0 };
        self.connections[index].send_event(&HostEvent::Refused { tag, error });
        self.tell_refused(who, what);
        false
    }

    fn tell_refused(&mut self, who: String, what: &'static str) {
        let what_was_tried = format!("{who} tried to {what}");
        if self.refused.len() >= REFUSED_MAX || !self.refused.insert((who, what)) {
            return;
        }
        crate::log(&format!("session {}: {what_was_tried}: refused", self.launch.session));
        let event = HostEvent::Tried { what: what_was_tried };
        let hears = |c: &&mut crate::connection::Connection| {
            c.caller == Caller::User && (c.watching || c.follower.is_some())
        };
        for connection in self.connections.iter_mut().filter(hears) {
            connection.send_optional(&event);
        }
    }
}

fn is_hooks(request: &HostRequest) -> bool {
    matches!(request, HostRequest::Hook { .. } | HostRequest::Status)
}

/// What a request does, after "tried to".
fn purpose(request: &HostRequest) -> &'static str {
    match request {
        HostRequest::Attach { .. }
        | HostRequest::AttachTerminal { .. }
        | HostRequest::Detach
        | HostRequest::Ack { .. }
        | HostRequest::Resize { .. } => "attach to its terminal",
        HostRequest::Follow { .. } | HostRequest::Watch | HostRequest::WatchMarks { .. } => {
            "read its journal"
        }
        HostRequest::Hook { .. } => "speak as its hook",
        HostRequest::WriteLine { .. } => "answer or type for the user",
        HostRequest::Signal { .. } | HostRequest::Stop { .. } => "end it",
        HostRequest::Status => "ask for its state",
    }
}
