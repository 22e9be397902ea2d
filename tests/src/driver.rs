//! Opening the app under WebDriver.

use crate::stage::Stage;
use crate::wait::{PATIENCE, eventually};
use crate::window::Window;
use anyhow::{Context, Result};
use fantoccini::ClientBuilder;
use fantoccini::wd::Capabilities;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use std::net::TcpListener;
use tokio::net::TcpStream;

const LOOPBACK: &str = "127.0.0.1";

impl Stage {
    /// Opens the window and waits for its page.
    pub async fn open(&self) -> Result<Window<'_>> {
        self.open_to("board").await
    }

    /// Opens the window and waits for the element with this test id.
    pub async fn open_to(&self, element: &str) -> Result<Window<'_>> {
        let port = TcpListener::bind((LOOPBACK, 0))?.local_addr()?.port();
        let mut driver = self.processes.command("WebKitWebDriver")?;
        driver.args([format!("--port={port}"), format!("--host={LOOPBACK}")]);
        driver.env("TAURI_WEBVIEW_AUTOMATION", "true");
        self.processes.start(driver).context("is the package webkit2gtk-driver installed?")?;
        eventually("the WebDriver", async || {
            let reached = TcpStream::connect((LOOPBACK, port)).await;
            Ok(reached.map(drop).map_err(|error| error.to_string()))
        })
        .await?;
        let app = self.app.to_str().context("the app's path is not UTF-8")?;
        let options = json!({ "binary": app, "args": [] });
        let capabilities: Capabilities =
            [("webkitgtk:browserOptions".to_owned(), options)].into_iter().collect();
        let url = format!("http://{LOOPBACK}:{port}");
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let session = builder.capabilities(capabilities).connect(&url);
        let client = tokio::time::timeout(PATIENCE, session)
            .await
            .context("the driver did not answer")
            .and_then(|session| Ok(session?))
            .with_context(|| format!("the window did not open:\n{}", self.processes.log()))?;
        let window = Window::new(self, client);
        window.element(element).await?;
        Ok(window)
    }
}
