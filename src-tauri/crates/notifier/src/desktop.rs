//! The desktop's notification service: org.freedesktop.Notifications on the session bus.
//! <https://specifications.freedesktop.org/notification-spec/latest/>
//!
//! Promise: a connection is to the one program that had the service's name when it began, and only what that
//! program says counts; it was not started in a session. Another owner of the name is another service.
//! Must not know: what buttons mean.

use crate::bubbles::actions;
use futures_lite::StreamExt;
use nightshift_platform::desktop::session_bus;
use nightshift_platform::{Mark, peer};
use nightshift_protocol::{NotificationKind, NotificationOrder};
use std::collections::HashMap;
use std::time::Duration;
use zbus::fdo::DBusProxy;
use zbus::names::OwnedUniqueName;
use zbus::zvariant::Value;
use zbus::{Connection, MatchRule, Message, MessageStream, message};

const SERVICE: &str = "org.freedesktop.Notifications";
const BUS: &str = "org.freedesktop.DBus";
const OF_A_SESSION: &str =
    "no notification service: the program that has its name was started in a session";
const PATH: &str = "/org/freedesktop/Notifications";
/// A service that is started by the call needs a moment on a busy machine; more and it hangs.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);
/// Signals that may wait for us: a person presses few buttons.
const SIGNALS_MAX: usize = 64;
const APP: &str = "Nightshift";
/// Names the desktop file and the icon.
const ENTRY: &str = "nightshift";
/// The service decides how long it shows what is no question; a question stays until it is answered.
const AS_USUAL: i32 = -1;
const UNTIL_CLOSED: i32 = 0;
const URGENCY_NORMAL: u8 = 1;

/// What the service tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    Pressed {
        id: u32,
        key: String,
    },
    /// Lets the window that is opened next come to the front.
    Activation {
        id: u32,
        token: String,
    },
    Closed {
        id: u32,
    },
    /// The service has ended, or another one has taken its place; what it showed is nobody's any more.
    ServiceGone,
}

/// A connection to the service.
pub struct Desktop {
    connection: Connection,
    /// The program that serves, by its own name on the bus: numbers of notifications are that program's.
    service: OwnedUniqueName,
    signals: MessageStream,
    owners: MessageStream,
    markup: bool,
    /// It has buttons, and is known to be the user's: else nobody may press one.
    actions: bool,
}

impl Desktop {
    /// Connects; the error says what is missing.
    pub async fn connect() -> Result<Desktop, String> {
        let bus = session_bus(|name| std::env::var(name).ok())
            .ok_or("no notification service: there is no session bus")?;
        Desktop::connect_to(&bus).await
    }

    async fn connect_to(bus: &str) -> Result<Desktop, String> {
        let connection = zbus::connection::Builder::address(bus)
            .map_err(failed)?
            .method_timeout(CALL_TIMEOUT)
            .build()
            .await
            .map_err(failed)?;
        let rule = |sender: &str, interface: &'static str| {
            MatchRule::builder()
                .msg_type(message::Type::Signal)
                .sender(sender.to_owned())
                .and_then(|rule| rule.interface(interface))
        };
        let listen = |rule| MessageStream::for_match_rule(rule, &connection, Some(SIGNALS_MAX));
        let owner = rule(BUS, BUS)
            .and_then(|rule| rule.member("NameOwnerChanged"))
            .and_then(|rule| rule.add_arg(SERVICE))
            .map_err(failed)?
            .build();
        // First: a service that is replaced from now on is heard of.
        let owners = listen(owner).await.map_err(failed)?;
        let asked = call(&connection, SERVICE, "GetCapabilities", &()).await?;
        let header = asked.header();
        let service = header.sender().ok_or("no notification service: nobody answered")?;
        let service = OwnedUniqueName::from(service.to_owned());
        let known: Vec<String> = asked.body().deserialize().map_err(failed)?;
        let has = |name: &str| known.iter().any(|known| known == name);
        let is_users = match is_of_a_session(&connection, &service).await {
            Ok(false) => true,
            Ok(true) => return Err(OF_A_SESSION.to_owned()),
            Err(why) => {
                tracing::warn!("notifications have no buttons: who serves them is unknown: {why}");
                false
            }
        };
        let theirs = rule(&service, SERVICE).map_err(failed)?.build();
        let signals = listen(theirs).await.map_err(failed)?;
        let (markup, actions) = (has("body-markup"), is_users && has("actions"));
        Ok(Desktop { connection, service, signals, owners, markup, actions })
    }

    /// Shows it in the place of `replaces` (0 is none) and gives its number.
    pub async fn show(&self, order: &NotificationOrder, replaces: u32) -> Result<u32, String> {
        let receipt = &order.receipt;
        let body = if self.markup { escaped(&receipt.text) } else { receipt.text.clone() };
        let offered = if self.actions { actions(order) } else { Vec::new() };
        let offered: Vec<&str> =
            offered.iter().flat_map(|(key, label)| [key.as_str(), label.as_str()]).collect();
        let hints: HashMap<&str, Value<'_>> = HashMap::from([
            ("urgency", Value::from(URGENCY_NORMAL)),
            ("desktop-entry", Value::from(ENTRY)),
            ("category", Value::from(category(receipt.kind))),
        ]);
        let stays = match receipt.kind {
            NotificationKind::NeedsInput => UNTIL_CLOSED,
            NotificationKind::Finished
            | NotificationKind::Failed
            | NotificationKind::Push
            | NotificationKind::Test => AS_USUAL,
        };
        let arguments = (APP, replaces, ENTRY, &receipt.title, body, offered, hints, stays);
        let shown = call(&self.connection, &self.service, "Notify", &arguments).await?;
        shown.body().deserialize().map_err(|e| format!("the service answered strangely: {e}"))
    }

    pub async fn close(&self, id: u32) {
        // One that is closed already is what we want.
        if let Err(why) = call(&self.connection, &self.service, "CloseNotification", &id).await {
            tracing::debug!("notification {id}: {why}");
        }
    }

    /// The next thing the service tells. May be dropped while it waits.
    pub async fn next(&mut self) -> Signal {
        loop {
            let told = tokio::select! {
                message = self.signals.next() => match message {
                    Some(message) => message.ok().and_then(|message| self.told(&message)),
                    // The bus itself has ended.
                    None => Some(Signal::ServiceGone),
                },
                message = self.owners.next() => match message {
                    Some(message) => message.ok().and_then(|message| self.gone(&message)),
                    None => Some(Signal::ServiceGone),
                },
            };
            if let Some(signal) = told {
                return signal;
            }
        }
    }

    /// What the service says. The bus hands on what anybody sends straight to us, whatever we asked it for.
    fn told(&self, message: &Message) -> Option<Signal> {
        if !is_from(message, &self.service) {
            tracing::warn!("a signal that is not the notification service's was not followed");
            return None;
        }
        let signal = signal(message)?;
        match signal {
            Signal::Pressed { .. } | Signal::Activation { .. } => self.actions.then_some(signal),
            Signal::Closed { .. } | Signal::ServiceGone => Some(signal),
        }
    }

    /// The bus says that the service's name has another owner: an empty one is none.
    fn gone(&self, message: &Message) -> Option<Signal> {
        let (name, _, now): (String, String, String) = message.body().deserialize().ok()?;
        let is_gone = is_from(message, BUS) && name == SERVICE && now != self.service.as_str();
        is_gone.then_some(Signal::ServiceGone)
    }

    /// Whether the same program serves still, without starting one.
    pub async fn is_served(&self) -> bool {
        let Ok(bus) = DBusProxy::new(&self.connection).await else { return false };
        let Ok(name) = SERVICE.try_into() else { return false };
        bus.get_name_owner(name).await.is_ok_and(|owner| owner == self.service)
    }
}

/// Whether the program that is `name` on the bus was started in a session, by its mark; or why that cannot be
/// said. A program never loses a mark, so once is enough.
async fn is_of_a_session(connection: &Connection, name: &OwnedUniqueName) -> Result<bool, String> {
    let unknown = |e: zbus::fdo::Error| e.to_string();
    let bus = DBusProxy::new(connection).await.map_err(|e| e.to_string())?;
    let known = bus.get_connection_credentials(name.into()).await.map_err(unknown)?;
    let pid = known.process_id().ok_or("the bus does not know its process")?;
    let mark = Mark::of(pid).map_err(|e| format!("process {pid}: {e}"))?;
    // Where the bus has hold of the very process, nobody else can have had its pid.
    match known.process_fd() {
        Some(process) if peer::has_ended(process) => Err(format!("process {pid} has ended")),
        Some(_) | None => Ok(mark.is_below(Mark::remembered())),
    }
}

fn is_from(message: &Message, name: &str) -> bool {
    message.header().sender().is_some_and(|sender| sender.as_str() == name)
}

fn failed(error: zbus::Error) -> String {
    format!("no notification service: {error}")
}

async fn call<B>(
    connection: &Connection,
    to: &str,
    member: &str,
    body: &B,
) -> Result<Message, String>
where
    B: serde::ser::Serialize + zbus::zvariant::DynamicType,
{
    connection.call_method(Some(to), PATH, Some(SERVICE), member, body).await.map_err(failed)
}

fn signal(message: &Message) -> Option<Signal> {
    let header = message.header();
    let body = message.body();
    match header.member()?.as_str() {
        "ActionInvoked" => {
            let (id, key) = body.deserialize().ok()?;
            Some(Signal::Pressed { id, key })
        }
        "ActivationToken" => {
            let (id, token) = body.deserialize().ok()?;
            Some(Signal::Activation { id, token })
        }
        "NotificationClosed" => {
            let (id, _reason): (u32, u32) = body.deserialize().ok()?;
            Some(Signal::Closed { id })
        }
        _ => None,
    }
}

fn category(kind: NotificationKind) -> &'static str {
    match kind {
        NotificationKind::NeedsInput => "im.received",
        NotificationKind::Finished | NotificationKind::Push | NotificationKind::Test => "transfer",
        NotificationKind::Failed => "transfer.error",
    }
}

/// The service reads the text as markup: it shall show it as it is.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests;
