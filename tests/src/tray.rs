//! A tray on the test's bus: a StatusNotifierWatcher that lets items register, reads their menus and
//! clicks entries, as a panel does.

use crate::stage::Stage;
use crate::wait::eventually;
use anyhow::{Context, Result};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use zbus::message::Header;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Structure, Value};
use zbus::{Connection, connection, interface};

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const WATCHER_PATH: &str = "/StatusNotifierWatcher";
const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";

/// Bus name and object path of a registered item.
type Item = (String, String);

/// The running tray.
pub struct Tray {
    connection: Connection,
    items: Arc<Mutex<Vec<Item>>>,
}

struct Watcher {
    items: Arc<Mutex<Vec<Item>>>,
}

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&mut self, #[zbus(header)] header: Header<'_>, service: &str) {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        let item = if service.starts_with('/') {
            (sender, service.to_owned())
        } else {
            (service.to_owned(), "/StatusNotifierItem".to_owned())
        };
        self.items.lock().unwrap_or_else(PoisonError::into_inner).push(item);
    }

    fn register_status_notifier_host(&mut self, _service: &str) {}

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        let items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        items.iter().map(|(name, path)| format!("{name}{path}")).collect()
    }
}

/// One entry of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: i32,
    pub label: String,
    pub enabled: bool,
    pub checked: bool,
}

type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

impl Tray {
    /// Serves on the stage's session bus; to be there before the app is.
    pub async fn serve(stage: &Stage) -> Result<Tray> {
        let items = Arc::new(Mutex::new(Vec::new()));
        let connection = connection::Builder::address(stage.bus.as_str())?
            .name(WATCHER)?
            .serve_at(WATCHER_PATH, Watcher { items: items.clone() })?
            .build()
            .await
            .context("the tray cannot be served")?;
        Ok(Tray { connection, items })
    }

    async fn item(&self) -> Result<Item> {
        eventually("an item in the tray", async || {
            let items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(items.last().cloned().ok_or_else(|| "no item".to_owned()))
        })
        .await
    }

    async fn property(&self, name: &str) -> Result<OwnedValue> {
        let (service, path) = self.item().await?;
        let asked = self
            .connection
            .call_method(
                Some(service.as_str()),
                path.as_str(),
                Some("org.freedesktop.DBus.Properties"),
                "Get",
                &(ITEM, name),
            )
            .await?;
        Ok(asked.body().deserialize()?)
    }

    /// What the item is called.
    pub async fn title(&self) -> Result<String> {
        Ok(String::try_from(self.property("Title").await?)?)
    }

    /// The name or path of the icon that is shown now.
    pub async fn icon(&self) -> Result<String> {
        Ok(String::try_from(self.property("IconName").await?)?)
    }

    /// The menu's entries as they are now, separators left out.
    pub async fn menu(&self) -> Result<Vec<Entry>> {
        let (service, _) = self.item().await?;
        let path = OwnedObjectPath::try_from(self.property("Menu").await?)?;
        let properties: Vec<&str> = Vec::new();
        let asked = self
            .connection
            .call_method(
                Some(service.as_str()),
                path.as_str(),
                Some(MENU),
                "GetLayout",
                &(0_i32, -1_i32, properties),
            )
            .await?;
        let (_revision, (_, _, children)): (u32, Layout) = asked.body().deserialize()?;
        let mut entries = Vec::new();
        for child in children {
            let item = Structure::try_from(child)?;
            let [Value::I32(id), Value::Dict(properties), ..] = item.fields() else { continue };
            let id = *id;
            let label: String = properties.get(&"label")?.unwrap_or_default();
            let enabled = properties.get(&"enabled")?.unwrap_or(true);
            let state: Option<i32> = properties.get(&"toggle-state")?;
            if !label.is_empty() {
                let label = label.replace("__", "\u{0}").replace('_', "").replace('\u{0}', "_");
                entries.push(Entry { id, label, enabled, checked: state == Some(1) });
            }
        }
        Ok(entries)
    }

    /// The entry whose label contains `words`, once it is there.
    pub async fn entry(&self, words: &str) -> Result<Entry> {
        eventually(&format!("`{words}` in the tray's menu"), async || {
            let menu = self.menu().await?;
            let found = menu.iter().find(|entry| entry.label.contains(words)).cloned();
            Ok(found.ok_or_else(|| format!("{menu:?}")))
        })
        .await
    }

    /// Waits until no entry's label contains `words`.
    pub async fn gone(&self, words: &str) -> Result<()> {
        eventually(&format!("`{words}` to leave the tray's menu"), async || {
            let menu = self.menu().await?;
            let left = menu.iter().any(|entry| entry.label.contains(words));
            Ok(if left { Err(format!("{menu:?}")) } else { Ok(()) })
        })
        .await
    }

    /// Clicks the entry whose label contains `words`, as a panel does.
    pub async fn click(&self, words: &str) -> Result<()> {
        let entry = self.entry(words).await?;
        let (service, _) = self.item().await?;
        let path = OwnedObjectPath::try_from(self.property("Menu").await?)?;
        let body = (entry.id, "clicked", Value::from(0_i32), 0_u32);
        let called = self.connection.call_method(
            Some(service.as_str()),
            path.as_str(),
            Some(MENU),
            "Event",
            &body,
        );
        called.await.map(drop).context("clicking the entry")
    }
}
