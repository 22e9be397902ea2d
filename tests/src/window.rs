//! The window as a person sees and uses it: rows, the input, panes, keys.

use crate::artifacts;
use crate::stage::Stage;
use crate::wait::eventually;
use anyhow::{Context, Result};
use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::{Client, Locator};

/// How the desktop's tools find the window.
const CLASS: &str = "nightshift-desktop";

pub struct Window<'a> {
    stage: &'a Stage,
    pub client: Client,
}

impl<'a> Window<'a> {
    pub fn new(stage: &'a Stage, client: Client) -> Window<'a> {
        Window { stage, client }
    }

    /// The element with this test id, once it is there.
    pub async fn element(&self, id: &str) -> Result<Element> {
        self.matching(&format!("[data-testid='{id}']")).await
    }

    /// The first element that `css` selects, once it is there.
    pub async fn matching(&self, css: &str) -> Result<Element> {
        let found = eventually(&format!("`{css}` in the window"), async || {
            Ok(Ok(self.client.find(Locator::Css(css)).await?))
        })
        .await;
        self.explained(found).await
    }

    /// Waits until nothing is selected by `css`.
    pub async fn gone(&self, css: &str) -> Result<()> {
        eventually(&format!("`{css}` to go"), async || {
            let left = self.client.find_all(Locator::Css(css)).await?.len();
            Ok(if left == 0 { Ok(()) } else { Err(format!("{left} are there")) })
        })
        .await
    }

    /// Waits until the text selected by `css` contains `words`.
    pub async fn reads(&self, css: &str, words: &str) -> Result<String> {
        let script = "const e = document.querySelector(arguments[0]); return e ? e.innerText : ''";
        let found = eventually(&format!("`{words}` in `{css}`"), async || {
            let text = self.client.execute(script, vec![css.into()]).await?;
            // A terminal pads with no-break spaces.
            let text = text.as_str().unwrap_or_default().replace('\u{a0}', " ");
            Ok(if text.contains(words) { Ok(text) } else { Err(format!("{text:?}")) })
        })
        .await;
        self.explained(found).await
    }

    /// Waits for the row of `session` in this state (as `data-state` has it).
    pub async fn row(&self, session: &str, state: &str) -> Result<Element> {
        self.matching(&format!(
            "[data-testid='row'][data-session='{session}'][data-state='{state}']"
        ))
        .await
    }

    /// Types into the input at the bottom and starts with Enter. Gives the new session's id.
    pub async fn dispatch(&self, text: &str) -> Result<String> {
        let before = self.ids()?;
        let input = self.element("dispatch-input").await?;
        input.click().await?;
        input.send_keys(text).await?;
        self.press(&[], Key::Enter.into()).await?;
        let found = eventually(&format!("a session for `{text}`"), async || {
            let new = self.ids()?.into_iter().find(|id| !before.contains(id));
            Ok(new.ok_or_else(|| "no new session".to_owned()))
        })
        .await;
        let found = self.explained(found).await?;
        // Until the window knows of it too, Enter starts nothing else.
        let emptied = eventually("the input to be empty", async || {
            let now = input.prop("value").await?.unwrap_or_default();
            Ok(if now.is_empty() { Ok(()) } else { Err(now) })
        })
        .await;
        self.explained(emptied).await?;
        Ok(found)
    }

    fn ids(&self) -> Result<Vec<String>> {
        let sessions = self.stage.sessions()?;
        let id = |entry: &serde_json::Value| entry["id"].as_str().map(str::to_owned);
        sessions.iter().map(|entry| id(entry).context("every session has an id")).collect()
    }

    /// Makes the row the selected one, by mouse.
    pub async fn select(&self, session: &str) -> Result<()> {
        let row = self.matching(&format!("[data-testid='row'][data-session='{session}']")).await?;
        row.click().await.context("clicking the row")
    }

    /// Selects the row and peeks at it with Space.
    pub async fn peek(&self, session: &str) -> Result<()> {
        self.select(session).await?;
        self.press(&[], ' ').await?;
        self.element("peek").await.map(drop)
    }

    /// Selects the row, attaches with Enter and puts the focus into a terminal if it is one.
    pub async fn attach(&self, session: &str) -> Result<()> {
        self.select(session).await?;
        self.press(&[], Key::Enter.into()).await?;
        self.element("pane").await.map(drop)
    }

    /// Waits until what is asked has been on the screen for long enough to be answered.
    pub async fn answerable(&self) -> Result<()> {
        self.matching("[data-live='true']").await.map(drop)
    }

    /// Leaves the pane with the documented key, which a terminal does not swallow.
    pub async fn back_to_board(&self) -> Result<()> {
        self.press(&[Key::Alt], Key::Left.into()).await
    }

    /// Clicks in the middle of the element with this button, as the desktop's mouse does.
    pub async fn clicks(&self, element: &Element, button: u8) -> Result<()> {
        let (x, y, width, height) = element.rectangle().await?;
        let ours = self.desktop(&["search", "--onlyvisible", "--class", CLASS])?;
        let ours = ours.lines().next().context("the window is on the screen")?;
        let at = |from: f64, size: f64| format!("{:.0}", from + size / 2.0);
        let (x, y, button) = (at(x, width), at(y, height), button.to_string());
        self.desktop(&["mousemove", "--sync", "--window", ours, &x, &y, "click", &button]).map(drop)
    }

    /// Waits for this window title.
    pub async fn is_titled(&self, title: &str) -> Result<()> {
        eventually(&format!("the title `{title}`"), async || {
            let now = self.desktop(&["search", "--class", CLASS, "getwindowname", "%@"])?;
            let now = now.lines().find(|line| line.contains("Nightshift")).unwrap_or_default();
            Ok(if now == title { Ok(()) } else { Err(now.to_owned()) })
        })
        .await
    }

    /// From now on looks at that window of the app which has the element with this test id.
    pub async fn turn_to(&self, element: &str) -> Result<()> {
        let css = format!("[data-testid='{element}']");
        eventually(&format!("a window with `{css}`"), async || {
            let handles = self.client.windows().await?;
            let count = handles.len();
            for handle in handles {
                self.client.switch_to_window(handle).await?;
                if self.client.find(Locator::Css(&css)).await.is_ok() {
                    return Ok(Ok(()));
                }
            }
            Ok(Err(format!("{count} windows without it")))
        })
        .await
    }

    /// Ends the WebDriver session, and the window with it.
    pub async fn close_session(self) -> Result<()> {
        self.client.close().await.context("closing the WebDriver session")
    }

    /// Presses `key` wherever the focus is, with modifiers held.
    pub async fn press(&self, modifiers: &[Key], key: char) -> Result<()> {
        let mut keys = KeyActions::new("keyboard".to_owned());
        for held in modifiers {
            keys = keys.then(KeyAction::Down { value: (*held).into() });
        }
        keys = keys.then(KeyAction::Down { value: key }).then(KeyAction::Up { value: key });
        for held in modifiers.iter().rev() {
            keys = keys.then(KeyAction::Up { value: (*held).into() });
        }
        self.client.perform_actions(keys).await.with_context(|| format!("pressing {key:?}"))
    }

    /// Types `text` wherever the focus is.
    pub async fn write(&self, text: &str) -> Result<()> {
        for key in text.chars() {
            let key = if key == '\n' { Key::Enter.into() } else { key };
            self.press(&[], key).await?;
        }
        Ok(())
    }

    /// Keeps a picture of the window under this name, as the screen shows it. Not from the driver:
    /// WebKit's waits for a next frame, which a page at rest never draws.
    pub fn picture(&self, name: &str) -> Result<()> {
        self.keep_picture(&["--class", CLASS], name)
    }

    /// The same of the window whose title contains `title`.
    pub fn picture_of(&self, title: &str, name: &str) -> Result<()> {
        self.keep_picture(&["--name", title], name)
    }

    fn keep_picture(&self, which: &[&str], name: &str) -> Result<()> {
        let asked = [&["search", "--onlyvisible"], which].concat();
        let found = self.desktop(&asked)?;
        let ours = found.lines().next().unwrap_or_default();
        let mut import = self.stage.processes.command("import")?;
        import.args(["-window", ours]).arg(artifacts::path(name)?);
        let status = import.status().context("is the package imagemagick installed?")?;
        anyhow::ensure!(status.success(), "import ended with {status}");
        Ok(())
    }

    /// Waits until the desktop shows the window, or no longer does.
    pub async fn becomes_visible(&self, visible: bool) -> Result<()> {
        let what = if visible { "the window to be shown" } else { "the window to be hidden" };
        eventually(what, async || {
            let now = !self.desktop(&["search", "--onlyvisible", "--class", CLASS])?.is_empty();
            Ok(if now == visible { Ok(()) } else { Err(format!("visible: {now}")) })
        })
        .await
    }

    /// Waits until the window is the desktop's active one.
    pub async fn becomes_active(&self) -> Result<()> {
        eventually("the window to be active", async || {
            let ours = self.desktop(&["search", "--onlyvisible", "--class", CLASS])?;
            self.desktop(&["windowactivate", &ours])?;
            let active = self.desktop(&["getactivewindow"])?;
            Ok(if active == ours { Ok(()) } else { Err(format!("{active} is active")) })
        })
        .await
    }

    /// Closes the window as its close button would.
    pub async fn close(&self) -> Result<()> {
        self.becomes_active().await?;
        self.desktop(&["key", "--clearmodifiers", "alt+F4"]).map(drop)
    }

    /// Closes the window and waits until the desktop shows it no longer.
    pub async fn hide(&self) -> Result<()> {
        self.close().await?;
        self.becomes_visible(false).await
    }

    fn desktop(&self, arguments: &[&str]) -> Result<String> {
        self.stage.desktop(arguments)
    }

    /// An error gets a picture and the programs' last words beside it.
    async fn explained<T>(&self, found: Result<T>) -> Result<T> {
        let Err(error) = found else { return found };
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("unnamed").replace("::", "-");
        let name = format!("failed-{name}");
        let picture = match self.picture(&name) {
            Ok(()) => format!("tests/artifacts/{name}.png"),
            Err(error) => format!("none ({error:#})"),
        };
        let sessions = self.stage.sessions();
        let log = self.stage.processes.log();
        Err(error.context(format!("picture: {picture}\nsessions: {sessions:?}\nlog:\n{log}")))
    }
}
