//! What the window's own process tells the desktop in passing: that the quick window has started a session,
//! that closing the window ended nothing. And whether this desktop shows notifications at all.
//!
//! Promise: nobody waits for the desktop, and no page has a part in it: the plugin's commands and its script are
//! kept from all of them. What a session asks or ends with is not told here: the supervisor decides that,
//! and keeps a receipt (decision 17).
//! Must not know: states of sessions, receipts.

use nightshift_model::naming::one_line;
use nightshift_platform::Home;
use serde::Serialize;
use std::error::Error;
use std::fs::OpenOptions;
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use tauri::plugin::{PermissionState, Plugin, TauriPlugin};
use tauri::{AppHandle, Wry};
use tauri_plugin_notification::NotificationExt as _;

/// Names the icon as the package installs it.
const ICON: &str = "nightshift";
/// A bubble shows two or three lines of this.
const NAME_MAX_CHARS: usize = 80;
const DIRECTORY_MAX_CHARS: usize = 160;
const PRIVATE: u32 = 0o600;

/// The notification plugin for Rust alone. Its script would give every page a `Notification` that asks
/// for a permission no page has.
struct WithoutPages(TauriPlugin<Wry>);

pub fn plugin() -> impl Plugin<Wry> {
    WithoutPages(tauri_plugin_notification::init())
}

impl Plugin<Wry> for WithoutPages {
    fn name(&self) -> &'static str {
        Plugin::name(&self.0)
    }

    fn initialize(
        &mut self,
        app: &AppHandle,
        config: serde_json::Value,
    ) -> Result<(), Box<dyn Error>> {
        Plugin::initialize(&mut self.0, app, config)
    }
}

/// Whether notifications of this process, and of the notifier, reach the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum NotificationPermission {
    Granted,
    /// The user does not want them from Nightshift.
    Denied,
    /// The desktop has not asked the user yet.
    NotAsked,
    /// There is nothing that could show them.
    Unavailable {
        why: String,
    },
}

/// Asks the desktop, at most for a few seconds.
pub async fn permission(app: &AppHandle) -> NotificationPermission {
    match app.notification().permission_state() {
        Ok(PermissionState::Granted) => match service::ask().await {
            Ok(_) => NotificationPermission::Granted,
            Err(why) => NotificationPermission::Unavailable { why },
        },
        Ok(PermissionState::Denied) => NotificationPermission::Denied,
        Ok(PermissionState::Prompt | PermissionState::PromptWithRationale) => {
            NotificationPermission::NotAsked
        }
        Err(error) => NotificationPermission::Unavailable { why: error.to_string() },
    }
}

/// The quick window is gone already: this says what it has started.
pub fn started(app: &AppHandle, name: &str, directory: &str) {
    let title = format!("Started: {}", one_line(name, NAME_MAX_CHARS));
    announce(app, title, format!("In {}", one_line(directory, DIRECTORY_MAX_CHARS)), || Ok(true));
}

/// The window was closed for the first time on this machine: who thinks that sessions ended with it
/// is told once that they did not.
pub fn still_running(app: &AppHandle) {
    let mark = match Home::resolve() {
        Ok(home) => home.first_close_mark(),
        Err(error) => return eprintln!("warning: {error}"),
    };
    if mark.exists() {
        return;
    }
    let title = "Nightshift is still running".to_owned();
    let body = "Sessions keep running without the window. To bring it back, use the tray icon or start Nightshift again.";
    announce(app, title, body.to_owned(), move || is_first(&mark));
}

/// Shows it if there is a service that answers, and `wanted` then says yes.
fn announce(
    app: &AppHandle,
    title: String,
    body: String,
    wanted: impl FnOnce() -> io::Result<bool> + Send + 'static,
) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        // The plugin waits for the service on a thread of ours: one that does not answer is not asked. Why
        // nothing is shown, the settings say.
        let Ok(service) = service::ask().await else { return };
        let body = if service.reads_markup { escaped(&body) } else { body };
        let shown = wanted().map_err(|error| error.to_string()).and_then(|wanted| {
            let notification = app.notification().builder().title(title).body(body).icon(ICON);
            if wanted { notification.show().map_err(|error| error.to_string()) } else { Ok(()) }
        });
        if let Err(error) = shown {
            eprintln!("warning: the desktop was not notified: {error}");
        }
    });
}

/// Leaves a mark, and says whether there was none.
fn is_first(mark: &Path) -> io::Result<bool> {
    match OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(mark) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// The body is markup to services that say so; titles are plain text everywhere.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The program that shows notifications.
struct Service {
    reads_markup: bool,
}

#[cfg(target_os = "linux")]
mod service {
    //! On Linux the plugin takes every call for granted, also where nothing shows it: ask first.

    use super::Service;
    use nightshift_platform::desktop::session_bus;
    use std::time::Duration;

    const SERVICE: &str = "org.freedesktop.Notifications";
    const PATH: &str = "/org/freedesktop/Notifications";
    /// The bus's own word for "nobody has this name, and nobody can be started for it".
    const NOBODY: &str = "org.freedesktop.DBus.Error.ServiceUnknown";
    /// A service that is started by the question needs a moment; a page waits for this answer.
    const ANSWER_MAX: Duration = Duration::from_secs(5);

    pub async fn ask() -> Result<Service, String> {
        let bus = session_bus(|name| std::env::var(name).ok()).ok_or("there is no session bus")?;
        match tokio::time::timeout(ANSWER_MAX, capabilities(&bus)).await {
            Ok(Ok(known)) => {
                Ok(Service { reads_markup: known.iter().any(|known| known == "body-markup") })
            }
            Ok(Err(zbus::Error::MethodError(name, _, _))) if name == NOBODY => {
                Err("no program on this desktop shows notifications".to_owned())
            }
            Ok(Err(error)) => Err(format!("the session bus cannot be used: {error}")),
            Err(_) => Err("the program that shows notifications does not answer".to_owned()),
        }
    }

    async fn capabilities(bus: &str) -> zbus::Result<Vec<String>> {
        let connection = zbus::connection::Builder::address(bus)?.build().await?;
        let asked =
            connection.call_method(Some(SERVICE), PATH, Some(SERVICE), "GetCapabilities", &());
        asked.await?.body().deserialize()
    }
}

#[cfg(not(target_os = "linux"))]
mod service {
    //! Elsewhere the system shows them.

    use super::Service;

    pub async fn ask() -> Result<Service, String> {
        Ok(Service { reads_markup: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_close_is_the_first() {
        let directory = tempfile::tempdir().unwrap();
        let mark = directory.path().join("mark");
        assert!(is_first(&mark).unwrap());
        assert!(!is_first(&mark).unwrap());
        assert!(is_first(&directory.path().join("nowhere/mark")).is_err());
    }

    #[test]
    fn what_a_directory_is_called_is_no_markup() {
        assert_eq!(escaped("In <b>a</b> & b"), "In &lt;b&gt;a&lt;/b&gt; &amp; b");
    }
}
