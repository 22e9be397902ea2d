//! Where a window's page may go: nowhere but to our own pages.
//!
//! Promise: every window is built here, so none can be without it. Whatever would load something else into a
//! window, or open another one (a click with any button, a drop, a script, a form, a menu), is cancelled,
//! and a web or mail address among it goes to the desktop's own programs after their one check. Nothing is
//! downloaded. The browser's menu has what edits and copies, and nothing that navigates.
//! Must not know: what a page shows.

use crate::environment::Origin;
use tauri::utils::config::WindowConfig;
use tauri::webview::{DownloadEvent, NewWindowResponse};
use tauri::{AppHandle, Manager, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder, Wry};
use webkit2gtk::{ContextMenuAction, ContextMenuExt, ContextMenuItemExt, WebViewExt};

type Builder<'a> = WebviewWindowBuilder<'a, Wry, AppHandle>;

/// What the browser's menu keeps. Spelling and input methods are the text fields' own.
const MENU: [ContextMenuAction; 11] = [
    ContextMenuAction::Copy,
    ContextMenuAction::Cut,
    ContextMenuAction::Paste,
    ContextMenuAction::Delete,
    ContextMenuAction::SelectAll,
    ContextMenuAction::CopyLinkToClipboard,
    ContextMenuAction::InputMethods,
    ContextMenuAction::Unicode,
    ContextMenuAction::SpellingGuess,
    ContextMenuAction::IgnoreSpelling,
    ContextMenuAction::LearnSpelling,
];

/// A window of this page of ours, still to be shaped and built with `build`.
#[expect(clippy::disallowed_methods, reason = "the one place that makes windows")]
pub fn window<'a>(app: &'a AppHandle, label: &str, page: &str) -> Builder<'a> {
    confined(app, WebviewWindowBuilder::new(app, label, WebviewUrl::App(page.into())))
}

/// The same from the configuration of the app.
#[expect(clippy::disallowed_methods, reason = "the one place that makes windows")]
pub fn configured<'a>(app: &'a AppHandle, config: &WindowConfig) -> tauri::Result<Builder<'a>> {
    Ok(confined(app, WebviewWindowBuilder::from_config(app, config)?))
}

/// Builds what `window` or `configured` began.
#[expect(clippy::disallowed_methods, reason = "the one place that makes windows")]
pub fn build(builder: Builder<'_>) -> tauri::Result<WebviewWindow> {
    let window = builder.build()?;
    window.with_webview(|webview| {
        webview.inner().connect_context_menu(|_, menu, _, _| {
            for item in menu.items() {
                if !item.is_separator() && !MENU.contains(&item.stock_action()) {
                    menu.remove(&item);
                }
            }
            // Of separators alone there is no menu.
            menu.items().iter().all(ContextMenuItemExt::is_separator)
        });
    })?;
    Ok(window)
}

fn confined<'a>(app: &'a AppHandle, builder: Builder<'a>) -> Builder<'a> {
    let served = served(app);
    let (goes, opens) = (app.clone(), app.clone());
    builder
        .on_navigation(move |url| {
            let own = is_own(url, served.as_ref());
            if !own {
                leave(&goes, url);
            }
            own
        })
        .on_new_window(move |url, _| {
            leave(&opens, &url);
            NewWindowResponse::Deny
        })
        .on_download(|_, event| match event {
            DownloadEvent::Requested { .. } => false,
            // Nothing was begun.
            _ => true,
        })
}

/// The development server's address, in a build that loads its page from there.
fn served(app: &AppHandle) -> Option<Url> {
    let development = cfg!(debug_assertions) && tauri::is_dev();
    app.config().build.dev_url.clone().filter(|_| development)
}

/// Whether a page is one of ours, by its origin.
fn is_own(url: &Url, served: Option<&Url>) -> bool {
    let elsewhere = cfg!(any(windows, target_os = "android"));
    let (schemes, host): (&[&str], _) = match elsewhere {
        true => (&["http", "https"], "tauri.localhost"),
        false => (&["tauri"], "localhost"),
    };
    let plain = url.username().is_empty() && url.password().is_none() && url.port().is_none();
    let packaged = schemes.contains(&url.scheme()) && url.host_str() == Some(host) && plain;
    packaged || served.is_some_and(|served| url.origin() == served.origin())
}

/// To the desktop's own programs, if it is a link that they get.
fn leave(app: &AppHandle, url: &Url) {
    let home = app.state::<Origin>().user_home.clone();
    let url = url.to_string();
    tauri::async_runtime::spawn(async move {
        if let Err(fault) = nightshift_client::open_link(&url, &home) {
            eprintln!("warning: the window stays where it is: {fault}");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_10_a_window_shows_our_own_pages_only() {
        let is_own = |url: &str| is_own(&Url::parse(url).unwrap(), None);
        for own in ["tauri://localhost", "tauri://localhost/pane.html?session=7c5d0a1b#x"] {
            assert!(is_own(own), "{own}");
        }
        for other in [
            "http://127.0.0.1:4790/evil.html",
            "https://example.org/",
            "http://localhost/",
            "http://localhost:5173/",
            "http://tauri.localhost/",
            "http://tauri.localhost.example.org/",
            "tauri://localhost.example.org/",
            "tauri://localhost:80/",
            "tauri://user@localhost/",
            "tauri://example.org/",
            "ipc://localhost/status",
            "file:///etc/passwd",
            "data:text/html,<p>x",
            "javascript:alert(1)",
            "blob:tauri://localhost/1234",
            "about:blank",
            "about:srcdoc",
            "view-source:tauri://localhost",
        ] {
            assert!(!is_own(other), "{other}");
        }
    }

    #[test]
    fn security_10_a_development_server_is_ours_by_its_whole_origin() {
        let served = Url::parse("http://localhost:5173").unwrap();
        let is_own = |url: &str| super::is_own(&Url::parse(url).unwrap(), Some(&served));
        assert!(is_own("http://localhost:5173/index.html"));
        for other in [
            "http://localhost:5174/",
            "https://localhost:5173/",
            "http://127.0.0.1:5173/",
            "data:text/html,x",
        ] {
            assert!(!is_own(other), "{other}");
        }
    }
}
