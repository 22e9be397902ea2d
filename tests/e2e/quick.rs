//! Quick dispatch: a small window in front takes prompt and project, starts the session, goes away (D5).

use anyhow::{Context, Result};
use nightshift_e2e::{Stage, Tray, eventually};

const TITLE: &str = "quick dispatch";
const SHORTCUT: [&str; 2] = ["key", "ctrl+alt+space"];

#[tokio::test]
async fn from_the_tray_or_a_key_it_starts_a_session_and_goes_away() -> Result<()> {
    let stage = Stage::new()?;
    let tray = Tray::serve(&stage).await?;
    let other = stage.project.join("other");
    std::fs::create_dir(&other)?;
    let window = stage.open().await?;
    window.becomes_active().await?;
    tray.click("Close the window").await?;
    window.becomes_visible(false).await?;

    tray.click("Quick dispatch").await?;
    stage.shows(TITLE, true).await?;
    window.turn_to("quick").await?;
    let project = window.element("quick-project").await?;
    holds(&project, stage.project.to_str().context("UTF-8")?).await?;
    // Typed on the desktop: the window has the keyboard.
    has_keyboard(&stage).await?;
    stage.desktop(&["type", "abc"])?;
    let input = window.element("quick-input").await?;
    holds(&input, "abc").await?;
    stage.desktop(&["key", "Return"])?;
    window.reads("[data-testid='quick-error']", "too short").await?;
    assert!(stage.sessions()?.is_empty());
    window.picture_of(TITLE, "quick-too-short")?;

    // What was written is kept while it is away.
    stage.desktop(&["key", "Escape"])?;
    stage.shows(TITLE, false).await?;
    stage.desktop(&SHORTCUT)?;
    stage.shows(TITLE, true).await?;
    holds(&input, "abc").await?;
    stage.desktop(&SHORTCUT)?;
    stage.shows(TITLE, false).await?;
    stage.desktop(&SHORTCUT)?;
    stage.shows(TITLE, true).await?;

    project.clear().await?;
    project.send_keys(other.to_str().context("UTF-8")?).await?;
    input.clear().await?;
    input.send_keys("done from the quick window").await?;
    window.picture_of(TITLE, "quick")?;
    stage.desktop(&["key", "Return"])?;
    stage.shows(TITLE, false).await?;
    let started = stage.sessions()?;
    let [session] = started.as_slice() else { anyhow::bail!("{started:?}") };
    assert_eq!(session["cwd"].as_str(), other.to_str());
    let id = session["id"].as_str().context("an id")?;
    assert_eq!(stage.becomes(id, "done").await?["result"], "from the quick window");
    window.becomes_visible(false).await?;
    Ok(())
}

/// Waits until the field holds this text.
async fn holds(field: &fantoccini::elements::Element, text: &str) -> Result<()> {
    eventually(&format!("a field with `{text}`"), async || {
        let now = field.prop("value").await?.unwrap_or_default();
        Ok(if now == text { Ok(()) } else { Err(now) })
    })
    .await
}

/// Waits until the desktop gives its keys to the quick window.
async fn has_keyboard(stage: &Stage) -> Result<()> {
    eventually("the keyboard", async || {
        let name = stage.desktop(&["getactivewindow", "getwindowname"])?;
        Ok(if name.contains(TITLE) { Ok(()) } else { Err(name) })
    })
    .await
}
