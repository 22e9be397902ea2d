//! A notification service on the test's bus: keeps what it is asked to show, and presses buttons.
//! org.freedesktop.Notifications, as desktops implement it.

use crate::stage::Stage;
use crate::wait::eventually;
use anyhow::{Context, Result};
use nightshift_model::answering::ANSWER_AFTER_MS;
use nightshift_platform::clock;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::OwnedValue;
use zbus::{Connection, connection, interface};

const SERVICE: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
/// Reasons of the specification: its service closed it, or somebody asked for that.
const BY_USER: u32 = 2;
const BY_CALL: u32 = 3;
/// Longer than a request has to be shown before a button answers it; its program counts from a little later.
const READ: Duration = Duration::from_millis(2 * ANSWER_AFTER_MS);

/// One notification as it came over the bus.
#[derive(Clone, Debug)]
pub struct Bubble {
    pub id: u32,
    pub replaces: u32,
    pub title: String,
    pub text: String,
    /// Keys and labels.
    pub actions: Vec<(String, String)>,
    pub closed: bool,
    /// When (monotonic) it came.
    pub at: Duration,
}

impl Bubble {
    pub fn labels(&self) -> Vec<&str> {
        self.actions.iter().map(|(_, label)| label.as_str()).collect()
    }
}

type Shown = Arc<Mutex<Vec<Bubble>>>;

/// The running service.
pub struct Bubbles {
    connection: Connection,
    shown: Shown,
}

struct Service {
    shown: Shown,
    last: u32,
    /// It takes every question and answers none.
    silent: bool,
}

#[interface(name = "org.freedesktop.Notifications")]
impl Service {
    async fn get_capabilities(&self) -> Vec<&'static str> {
        if self.silent {
            std::future::pending::<()>().await;
        }
        vec!["actions", "body", "body-markup", "persistence"]
    }

    #[allow(clippy::too_many_arguments, reason = "the specification's own")]
    fn notify(
        &mut self,
        _app: String,
        replaces: u32,
        _icon: String,
        title: String,
        text: String,
        actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _stays: i32,
    ) -> u32 {
        let id = if replaces == 0 { self.last + 1 } else { replaces };
        self.last = self.last.max(id);
        let pairs = actions.chunks(2).filter(|pair| pair.len() == 2);
        let actions = pairs.map(|pair| (pair[0].clone(), pair[1].clone())).collect();
        let bubble =
            Bubble { id, replaces, title, text, actions, closed: false, at: clock::monotonic() };
        lock(&self.shown).push(bubble);
        id
    }

    async fn close_notification(
        &mut self,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
        id: u32,
    ) -> zbus::fdo::Result<()> {
        close(&self.shown, id);
        Ok(Service::notification_closed(&emitter, id, BY_CALL).await?)
    }

    fn get_server_information(&self) -> (&str, &str, &str, &str) {
        ("bubbles", "nightshift", "1", "1.2")
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, key: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn notification_closed(
        emitter: &SignalEmitter<'_>,
        id: u32,
        reason: u32,
    ) -> zbus::Result<()>;
}

fn lock(shown: &Shown) -> std::sync::MutexGuard<'_, Vec<Bubble>> {
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}

fn close(shown: &Shown, id: u32) {
    for bubble in lock(shown).iter_mut().filter(|bubble| bubble.id == id) {
        bubble.closed = true;
    }
}

impl Bubbles {
    /// Serves on the stage's session bus.
    pub async fn serve(stage: &Stage) -> Result<Bubbles> {
        Bubbles::begin(stage, false).await
    }

    /// The same, by a program that hangs.
    pub async fn serve_silently(stage: &Stage) -> Result<Bubbles> {
        Bubbles::begin(stage, true).await
    }

    async fn begin(stage: &Stage, silent: bool) -> Result<Bubbles> {
        let shown = Shown::default();
        let service = Service { shown: shown.clone(), last: 0, silent };
        let connection = connection::Builder::address(stage.bus.as_str())?
            .name(SERVICE)?
            .serve_at(PATH, service)?
            .build()
            .await
            .context("the notification service cannot be served")?;
        Ok(Bubbles { connection, shown })
    }

    /// The program ends, as far as the bus sees it.
    pub async fn leave(self) -> Result<()> {
        self.connection.release_name(SERVICE).await.map(drop).context("leaving the bus")
    }

    /// All that were shown, the oldest first; one in the place of another counts for itself.
    pub fn all(&self) -> Vec<Bubble> {
        lock(&self.shown).clone()
    }

    /// The newest whose title or text contains `words`, once it is there.
    pub async fn find(&self, words: &str) -> Result<Bubble> {
        eventually(&format!("a notification with `{words}`"), async || {
            let all = self.all();
            let fits = |b: &&Bubble| b.title.contains(words) || b.text.contains(words);
            Ok(all.iter().rev().find(fits).cloned().ok_or_else(|| format!("{all:?}")))
        })
        .await
    }

    /// Waits until notification `id` is taken from the desktop.
    pub async fn closed(&self, id: u32) -> Result<()> {
        eventually(&format!("notification {id} to be closed"), async || {
            let all = self.all();
            let open = all.iter().any(|b| b.id == id && !b.closed);
            Ok(if open { Err(format!("{all:?}")) } else { Ok(()) })
        })
        .await
    }

    /// Presses the button with this label, as a person would who has read it: it closes the notification,
    /// too.
    pub async fn press(&self, bubble: &Bubble, label: &str) -> Result<()> {
        eventually("the notification to be read", async || {
            let age = clock::monotonic().saturating_sub(bubble.at);
            Ok(if age > READ { Ok(()) } else { Err(format!("{age:?}")) })
        })
        .await?;
        self.press_at_once(bubble, label).await
    }

    pub async fn press_at_once(&self, bubble: &Bubble, label: &str) -> Result<()> {
        let found = bubble.actions.iter().rev().find(|(_, known)| known == label);
        let (key, _) = found.with_context(|| format!("no button `{label}` on {bubble:?}"))?;
        self.invoke(bubble.id, key).await
    }

    /// Clicks on the notification itself.
    pub async fn click(&self, bubble: &Bubble) -> Result<()> {
        self.invoke(bubble.id, "default").await
    }

    async fn invoke(&self, id: u32, key: &str) -> Result<()> {
        let service = self.connection.object_server().interface::<_, Service>(PATH).await?;
        let emitter = service.signal_emitter();
        Service::action_invoked(emitter, id, key).await?;
        close(&self.shown, id);
        Ok(Service::notification_closed(emitter, id, BY_USER).await?)
    }
}
