//! The desktop's notification service: org.freedesktop.Notifications on the session bus.
//! <https://specifications.freedesktop.org/notification-spec/latest/>

use crate::bubbles::actions;
use futures_lite::StreamExt;
use nightshift_platform::Mark;
use nightshift_platform::desktop::session_bus;
use nightshift_protocol::{NotificationKind, NotificationOrder};
use std::collections::HashMap;
use std::time::Duration;
use zbus::fdo::DBusProxy;
use zbus::zvariant::Value;
use zbus::{Connection, MatchRule, Message, MessageStream, message};

const SERVICE: &str = "org.freedesktop.Notifications";
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
        token: String,
    },
    Closed {
        id: u32,
    },
    /// The service has ended, and with it all it showed.
    ServiceGone,
}

/// A connection to the service.
pub struct Desktop {
    connection: Connection,
    signals: MessageStream,
    owners: MessageStream,
    /// What came and is not known yet to be the service's.
    unchecked: Option<Message>,
    markup: bool,
    actions: bool,
}

impl Desktop {
    /// Connects; the error says what is missing.
    pub async fn connect() -> Result<Desktop, String> {
        let bus = session_bus(|name| std::env::var(name).ok())
            .ok_or("no notification service: there is no session bus")?;
        let failed = |e: zbus::Error| format!("no notification service: {e}");
        let connection = zbus::connection::Builder::address(bus.as_str())
            .map_err(failed)?
            .method_timeout(CALL_TIMEOUT)
            .build()
            .await
            .map_err(failed)?;
        let rule = |sender: &'static str, interface: &'static str| {
            MatchRule::builder()
                .msg_type(message::Type::Signal)
                .sender(sender)
                .and_then(|rule| rule.interface(interface))
        };
        let ours = rule(SERVICE, SERVICE).map_err(failed)?.build();
        let bus = "org.freedesktop.DBus";
        let owner = rule(bus, bus)
            .and_then(|rule| rule.member("NameOwnerChanged"))
            .and_then(|rule| rule.add_arg(SERVICE))
            .map_err(failed)?
            .build();
        let listen = |rule| MessageStream::for_match_rule(rule, &connection, Some(SIGNALS_MAX));
        let signals = listen(ours).await.map_err(failed)?;
        let owners = listen(owner).await.map_err(failed)?;
        let asked = call(&connection, "GetCapabilities", &()).await?;
        let known: Vec<String> = asked.body().deserialize().map_err(failed)?;
        let has = |name: &str| known.iter().any(|known| known == name);
        let (markup, actions) = (has("body-markup"), has("actions"));
        Ok(Desktop { connection, signals, owners, unchecked: None, markup, actions })
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
        let shown = call(&self.connection, "Notify", &arguments).await?;
        shown.body().deserialize().map_err(|e| format!("the service answered strangely: {e}"))
    }

    pub async fn close(&self, id: u32) {
        // One that is closed already is what we want.
        if let Err(why) = call(&self.connection, "CloseNotification", &id).await {
            tracing::debug!("notification {id}: {why}");
        }
    }

    /// The next thing the service tells. May be dropped while it waits.
    pub async fn next(&mut self) -> Signal {
        loop {
            // Kept while it is looked at, so that it is not lost when this is dropped.
            if let Some(message) = &self.unchecked {
                let is_theirs = self.is_from_service(message).await;
                let signal = self.unchecked.take().as_ref().and_then(signal);
                match signal.filter(|_| is_theirs) {
                    Some(signal) => return signal,
                    None => continue,
                }
            }
            let gone = tokio::select! {
                message = self.signals.next() => match message {
                    Some(message) => {
                        self.unchecked = message.ok();
                        None
                    }
                    // The bus itself has ended.
                    None => Some(Signal::ServiceGone),
                },
                message = self.owners.next() => match message {
                    Some(message) => message.ok().and_then(|message| has_gone(&message)),
                    None => Some(Signal::ServiceGone),
                },
            };
            if let Some(gone) = gone {
                return gone;
            }
        }
    }

    /// Whether whoever sent it has the service's name, and was not started in one of our sessions. The bus
    /// hands on what anybody sends straight to us, whatever we asked it for.
    async fn is_from_service(&self, message: &Message) -> bool {
        let asked = async {
            let bus = DBusProxy::new(&self.connection).await.ok()?;
            let owner = bus.get_name_owner(SERVICE.try_into().ok()?).await.ok()?;
            let header = message.header();
            let sender = header.sender()?;
            let pid = bus.get_connection_unix_process_id(sender.clone().into()).await.ok()?;
            let mark = Mark::of(pid).ok()?;
            Some(sender.as_str() == owner.as_str() && !mark.is_below(Mark::own()))
        };
        let is_theirs = asked.await.unwrap_or_default();
        if !is_theirs {
            tracing::warn!("a signal that is not the notification service's was not followed");
        }
        is_theirs
    }

    /// Whether the service runs, without starting it.
    pub async fn is_served(&self) -> bool {
        let Ok(bus) = DBusProxy::new(&self.connection).await else { return false };
        let Ok(name) = SERVICE.try_into() else { return false };
        bus.name_has_owner(name).await.unwrap_or_default()
    }
}

async fn call<B>(connection: &Connection, member: &str, body: &B) -> Result<Message, String>
where
    B: serde::ser::Serialize + zbus::zvariant::DynamicType,
{
    let called = connection.call_method(Some(SERVICE), PATH, Some(SERVICE), member, body).await;
    called.map_err(|e| format!("no notification service: {e}"))
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
            let (_, token): (u32, String) = body.deserialize().ok()?;
            Some(Signal::Activation { token })
        }
        "NotificationClosed" => {
            let (id, _reason): (u32, u32) = body.deserialize().ok()?;
            Some(Signal::Closed { id })
        }
        _ => None,
    }
}

/// The bus says that a name has another owner: an empty one is none.
fn has_gone(message: &Message) -> Option<Signal> {
    let (_, _, now): (String, String, String) = message.body().deserialize().ok()?;
    now.is_empty().then_some(Signal::ServiceGone)
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
mod tests {
    use super::*;

    #[test]
    fn markup_is_shown_and_not_obeyed() {
        let text = "<a href=\"http://evil\">Allow</a> & <b>more</b>";
        let shown = "&lt;a href=\"http://evil\"&gt;Allow&lt;/a&gt; &amp; &lt;b&gt;more&lt;/b&gt;";
        assert_eq!(escaped(text), shown);
    }
}
