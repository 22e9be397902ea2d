//! What the window's process itself tells the desktop, and whether the desktop hears it.

use anyhow::{Context, Result};
use fantoccini::key::Key;
use nightshift_e2e::{Bubbles, Stage, Tray, Window, eventually};
use serde_json::Value;

const QUICK: &str = "quick dispatch";
const SHORTCUT: [&str; 2] = ["key", "ctrl+alt+space"];
const STILL_RUNNING: &str = "Nightshift is still running";
const LINE: &str = "[data-testid='notification-permission']";
const SETTINGS_LINE: &str = "[data-testid='settings'] [data-testid='notification-permission']";

#[tokio::test]
async fn the_quick_window_says_what_it_has_started_as_plain_text() -> Result<()> {
    let stage = Stage::new()?;
    let bubbles = Bubbles::serve(&stage).await?;
    let tray = Tray::serve(&stage).await?;
    let hostile = stage.project.join("<b>a & b<b>");
    std::fs::create_dir(&hostile)?;
    let window = stage.open().await?;
    tray.click("Quick dispatch").await?;
    stage.shows(QUICK, true).await?;
    window.turn_to("quick").await?;
    let project = window.element("quick-project").await?;
    project.clear().await?;
    project.send_keys(hostile.to_str().context("UTF-8")?).await?;
    // What is refused was not started.
    let input = window.element("quick-input").await?;
    input.send_keys("abc").await?;
    window.press(&[], Key::Enter.into()).await?;
    window.reads("[data-testid='quick-error']", "too short").await?;
    input.clear().await?;
    input.send_keys("! true <i>early</i>").await?;
    window.press(&[], Key::Enter.into()).await?;
    stage.shows(QUICK, false).await?;

    let started = bubbles.find("Started: ").await?;
    let [session] = &stage.sessions()?[..] else { anyhow::bail!("one session was started") };
    let name = session["name"].as_str().context("a name")?;
    assert_eq!(started.title, format!("Started: {name}"));
    assert!(started.text.starts_with("In "), "{started:?}");
    assert!(started.text.ends_with("/&lt;b&gt;a &amp; b&lt;b&gt;"), "{started:?}");
    assert!(started.actions.is_empty(), "nothing is answered here: {started:?}");

    // The board's own input says it by the row that appears.
    window.turn_to("board").await?;
    let other = window.dispatch("! echo from the board").await?;
    stage.becomes(&other, "done").await?;
    bubbles.find("finished").await?;
    assert_eq!(titled(&bubbles, "Started: "), 1, "{:?}", bubbles.all());
    // None of it is kept.
    assert!(!stage.nightshift(&["notifications", "receipts", "--json"])?.contains("Started: "));
    window.close_session().await
}

#[tokio::test]
async fn the_first_close_says_once_that_nothing_has_ended() -> Result<()> {
    let mut stage = Stage::new()?;
    bare_bus(&mut stage).await?;
    // Nobody hears it, so it does not count.
    let window = stage.open().await?;
    window.hide().await?;
    stage.processes.start(stage.processes.command(&stage.app)?)?;
    window.becomes_visible(true).await?;

    let bubbles = Bubbles::serve(&stage).await?;
    window.hide().await?;
    let told = bubbles.find(STILL_RUNNING).await?;
    assert!(told.text.contains("tray") && told.text.contains("start Nightshift again"), "{told:?}");
    stage.processes.start(stage.processes.command(&stage.app)?)?;
    window.becomes_visible(true).await?;
    window.hide().await?;
    window.close_session().await?;

    let later = stage.open().await?;
    later.hide().await?;
    let broken = stage.start("fail the disk is full")?;
    stage.becomes(&broken, "failed").await?;
    bubbles.find("the disk is full").await?;
    assert_eq!(titled(&bubbles, STILL_RUNNING), 1, "{:?}", bubbles.all());
    later.close_session().await
}

#[tokio::test]
async fn the_settings_say_whether_the_desktop_shows_notifications() -> Result<()> {
    let mut stage = Stage::new()?;
    bare_bus(&mut stage).await?;
    let window = stage.open().await?;
    window.reads(LINE, "no program on this desktop shows notifications").await?;
    let bubbles = Bubbles::serve(&stage).await?;
    notification_settings(&window).await?;
    window.reads(SETTINGS_LINE, "This desktop shows notifications").await?;
    // The program that shows them has ended.
    bubbles.leave().await?;
    window.press(&[], Key::Escape.into()).await?;
    window.gone("[data-testid='settings']").await?;
    notification_settings(&window).await?;
    window.reads(SETTINGS_LINE, "no program on this desktop shows notifications").await?;
    window.close_session().await
}

#[tokio::test]
async fn a_service_that_does_not_answer_keeps_nobody_waiting() -> Result<()> {
    let stage = Stage::new()?;
    let silent = Bubbles::serve_silently(&stage).await?;
    let tray = Tray::serve(&stage).await?;
    let window = stage.open().await?;
    notification_settings(&window).await?;
    window.reads(SETTINGS_LINE, "does not answer").await?;
    window.press(&[], Key::Escape.into()).await?;
    // More announcements than the process has threads: they keep none of them.
    tray.click("Quick dispatch").await?;
    for n in 0..4 {
        stage.shows(QUICK, true).await?;
        window.turn_to("quick").await?;
        window.element("quick-input").await?.send_keys(&format!("! echo number {n}")).await?;
        window.press(&[], Key::Enter.into()).await?;
        stage.shows(QUICK, false).await?;
        if n < 3 {
            stage.desktop(&SHORTCUT)?;
        }
    }
    window.turn_to("board").await?;
    let last = window.dispatch("! echo still there").await?;
    window.row(&last, "completed").await?;
    assert!(silent.all().is_empty());
    window.close_session().await
}

#[tokio::test]
async fn security_10_no_page_shows_a_notification() -> Result<()> {
    let stage = Stage::new()?;
    let bubbles = Bubbles::serve(&stage).await?;
    let window = stage.open().await?;
    for (command, arguments) in [
        ("notify", "{ options: { title: 'from the page' } }"),
        ("show", "{ options: { title: 'from the page' } }"),
        ("is_permission_granted", "{}"),
        ("request_permission", "{}"),
    ] {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             window.__TAURI_INTERNALS__.invoke('plugin:notification|{command}', {arguments})
                 .then(() => done('done'), (refused) => done('refused: ' + refused));"
        );
        let said = window.client.execute_async(&script, vec![]).await?;
        let said = said.as_str().context("an answer")?;
        assert!(said.starts_with("refused: "), "{command}: {said}");
    }
    // Nor has the plugin given it a `Notification` of its own.
    let script = "return String(window.Notification).includes('plugin:notification')";
    assert_eq!(window.client.execute(script, vec![]).await?, Value::Bool(false));
    let failed = stage.start("fail the disk is full")?;
    stage.becomes(&failed, "failed").await?;
    bubbles.find("the disk is full").await?;
    assert_eq!(titled(&bubbles, "from the page"), 0, "{:?}", bubbles.all());
    window.close_session().await
}

/// A session bus that starts no program by itself: there is a notification service once somebody serves it.
async fn bare_bus(stage: &mut Stage) -> Result<()> {
    let (file, socket) = (stage.project.join("bus.conf"), stage.project.join("bus"));
    let address = format!("unix:path={}", socket.display());
    std::fs::write(
        &file,
        format!(
            "<busconfig><type>session</type><listen>{address}</listen><policy context='default'>\
             <allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/><allow own='*'/>\
             </policy></busconfig>"
        ),
    )?;
    let mut bus = stage.processes.command("dbus-daemon")?;
    bus.arg(format!("--config-file={}", file.display())).args(["--nofork", "--nopidfile"]);
    stage.processes.start(bus)?;
    eventually("a session bus", async || {
        let there = std::os::unix::net::UnixStream::connect(&socket);
        Ok(there.map(drop).map_err(|error| error.to_string()))
    })
    .await?;
    stage.processes.set("DBUS_SESSION_BUS_ADDRESS", &address);
    stage.bus = address;
    Ok(())
}

fn titled(bubbles: &Bubbles, words: &str) -> usize {
    bubbles.all().iter().filter(|bubble| bubble.title.contains(words)).count()
}

async fn notification_settings(window: &Window<'_>) -> Result<()> {
    window.press(&[Key::Control], ',').await?;
    window.element("settings-notifications").await?.click().await?;
    window.element("settings-content-notifications").await.map(drop)
}
