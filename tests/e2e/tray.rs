//! The tray: who waits, each one click away, what runs next, and a quit that says what goes on (N2 S1).

use anyhow::Result;
use nightshift_e2e::{Stage, Tray, eventually};

#[tokio::test]
async fn the_menu_is_live_and_every_entry_does_what_it_says() -> Result<()> {
    let stage = Stage::new()?;
    let tray = Tray::serve(&stage).await?;
    let window = stage.open().await?;
    tray.entry("Nobody needs input").await?;
    assert!(tray.title().await?.to_lowercase().contains("nightshift"));
    let usual = tray.icon().await?;
    let picture = std::fs::read(&usual)?;
    assert!(picture.starts_with(b"\x89PNG"), "{usual} is no picture");

    let asks = stage.start("ask Tea_or & coffee? | Tea | Coffee")?;
    let waits = tray.entry("Tea_or").await?;
    assert!(waits.enabled, "{waits:?}");
    assert!(!tray.entry("1 session needs input").await?.enabled, "only to be read");
    eventually("an icon that says so", async || {
        let now = tray.icon().await?;
        Ok(if now == usual { Err(now) } else { Ok(()) })
    })
    .await?;
    let second = stage.start("ask And milk? | Yes | No")?;
    tray.entry("2 sessions need input").await?;
    stage.nightshift(&["stop", &second])?;
    tray.entry("1 session needs input").await?;

    tray.click("Close the window").await?;
    window.becomes_visible(false).await?;
    assert_eq!(stage.session(&asks)?["state"], "blocked");
    tray.click("Open Nightshift").await?;
    window.becomes_visible(true).await?;
    tray.click("Close the window").await?;
    window.becomes_visible(false).await?;
    tray.click("Tea_or").await?;
    window.becomes_visible(true).await?;
    window.matching(&format!("[data-testid='pane'][data-session='{asks}']")).await?;
    window.answerable().await?;
    window.element("request-option-1").await?.click().await?;
    tray.entry("Nobody needs input").await?;

    stage.becomes(&asks, "done").await?;
    stage.nightshift(&["loop", "start", &asks, "30m", "say", "again"])?;
    tray.entry("Next run at").await?;
    tray.click("Pause all schedules").await?;
    tray.gone("Next run at").await?;
    assert!(tray.entry("Pause all schedules").await?.checked);
    assert_eq!(stage.nightshift_json(&["schedules", "--json"])?["paused"], true);
    tray.click("Pause all schedules").await?;
    tray.click("Next run at").await?;
    assert_eq!(stage.nightshift_json(&["schedules", "--json"])?["paused"], false);

    let supervisor = stage.supervisor()?;
    tray.click("Quit Nightshift (1 session keeps running)").await?;
    eventually("the app to end", async || {
        let left = stage.processes.running("nightshift-desktop").len();
        Ok(if left == 0 { Ok(()) } else { Err(format!("{left} left")) })
    })
    .await?;
    assert!(stage.processes.is_alive(&supervisor), "quitting ends no session");
    assert_eq!(stage.supervisor()?, supervisor);
    Ok(())
}
