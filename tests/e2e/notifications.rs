//! Notifications on a real bus: the real question once, answered from its buttons, silent where the user
//! looks, and a click that opens the session (N1 N3).

use anyhow::{Context, Result};
use fantoccini::key::Key;
use nightshift_e2e::{Bubble, Bubbles, Stage, eventually};
use serde_json::Value;

#[tokio::test]
async fn without_a_window_each_need_end_and_failure_is_told_once_and_a_button_answers() -> Result<()>
{
    let stage = Stage::new()?;
    let bubbles = Bubbles::serve(&stage).await?;
    let session = stage.start("run echo allowed > proof.txt\ndone the proof is written")?;
    let asks = bubbles.find("echo allowed").await?;
    assert!(asks.title.ends_with("needs permission"), "{asks:?}");
    // The first one is what a click on the notification itself means.
    assert_eq!(asks.labels(), ["Open", "Allow", "Deny", "Open"]);
    bubbles.press(&asks, "Allow").await?;
    stage.becomes(&session, "done").await?;
    assert_eq!(std::fs::read_to_string(stage.project.join("proof.txt"))?, "allowed\n");
    let ended = bubbles.find("the proof is written").await?;
    assert!(ended.title.ends_with("finished"), "{ended:?}");
    assert_eq!(ended.labels(), ["Open", "Open"], "nothing is left to answer");

    let denied = stage.start("run rm -rf everything\ndone went another way")?;
    bubbles.press(&bubbles.find("rm -rf everything").await?, "Deny").await?;
    stage.becomes(&denied, "done").await?;
    let broken = stage.start("fail the disk is full")?;
    let failed = bubbles.find("the disk is full").await?;
    assert!(failed.title.ends_with("failed"), "{failed:?}");

    // Another client's answer takes the question from the desktop.
    let elsewhere = stage.start("ask Which colour? | Red | Blue")?;
    let question = bubbles.find("Which colour?").await?;
    assert_eq!(question.labels(), ["Open", "Red", "Blue", "Open"]);
    let pending = stage.session(&elsewhere)?["pending"]["id"].clone();
    let request = pending.as_str().context("a request has an id")?;
    stage.nightshift(&["answer", &elsewhere, "--request", request, "2"])?;
    bubbles.closed(question.id).await?;
    stage.becomes(&elsewhere, "done").await?;

    for (id, kinds) in [
        (&session, ["needs_input", "finished"].as_slice()),
        (&denied, &["needs_input", "finished"]),
        (&broken, &["failed"]),
        (&elsewhere, &["needs_input", "finished"]),
    ] {
        let receipts = settled(&stage, id, kinds.len()).await?;
        let told: Vec<&str> = receipts.iter().filter_map(|r| r["kind"].as_str()).collect();
        assert_eq!(told, kinds, "{receipts:?}");
        assert!(receipts.iter().all(|r| r["delivery"]["type"] == "delivered"), "{receipts:?}");
    }
    assert_eq!(bubbles.all().len(), 7, "each once: {:?}", bubbles.all());
    assert!(stage.processes.running("nightshift-desktop").is_empty(), "nobody asked for a window");
    Ok(())
}

#[tokio::test]
async fn a_click_opens_the_session_and_what_is_looked_at_is_not_told() -> Result<()> {
    let stage = Stage::new()?;
    let bubbles = Bubbles::serve(&stage).await?;
    let window = stage.open().await?;
    window.becomes_active().await?;
    let other = window.dispatch("ask Not me? | Yes | No").await?;
    let asked = window.dispatch("ask Tea or coffee? | Tea | Coffee").await?;
    // The window is in front, but shows neither of them.
    let bubble = bubbles.find("Tea or coffee?").await?;
    bubbles.find("Not me?").await?;
    window.hide().await?;
    bubbles.click(&bubble).await?;
    window.becomes_visible(true).await?;
    window.matching(&format!("[data-testid='pane'][data-session='{asked}']")).await?;
    window.reads("[data-testid='conversation']", "Tea or coffee?").await?;
    window.gone(&format!("[data-testid='pane'][data-session='{other}']")).await?;

    // It is looked at now: its end and its next question are not told.
    window.becomes_active().await?;
    window.answerable().await?;
    window.element("request-option-1").await?.click().await?;
    let receipts = settled(&stage, &asked, 2).await?;
    silent(&receipts[1], "finished")?;
    stage.nightshift(&["reply", &asked, "ask And milk? | Yes | No"])?;
    let receipts = settled(&stage, &asked, 3).await?;
    silent(&receipts[2], "needs_input")?;
    let told: Vec<Bubble> = bubbles.all();
    assert!(!told.iter().any(|b| b.text.contains("And milk?")), "{told:?}");

    // The other is not: a button answers it, and the window says why it kept silent about the first.
    bubbles.press(&bubbles.find("Not me?").await?, "No").await?;
    window.row(&other, "completed").await?;
    window.press(&[Key::Control], 'k').await?;
    window.write("notification log").await?;
    window.press(&[], Key::Enter.into()).await?;
    window.reads("[data-testid='receipts']", "Not sent: you were looking at the session").await?;
    window.picture("receipts")?;
    window.close_session().await
}

#[tokio::test]
async fn failures_39_a_button_pressed_at_once_opens_the_session_and_answers_nothing() -> Result<()>
{
    let stage = Stage::new()?;
    let bubbles = Bubbles::serve(&stage).await?;
    let session = stage.start("ask First? | A | B\nrun touch danger\ndone x")?;
    let first = bubbles.find("First?").await?;
    bubbles.press(&first, "A").await?;
    let second = bubbles.find("touch danger").await?;
    assert_ne!(second.id, first.id, "a number never changes its request");
    assert_eq!(second.replaces, 0, "{second:?}");
    // The double click meets the next request, and one more press the number of the first.
    bubbles.press_at_once(&second, "Allow").await?;
    bubbles.press_at_once(&first, "A").await?;
    stage.shows("Nightshift", true).await?;
    assert_eq!(stage.session(&session)?["pending"]["kind"], "permission");
    assert!(!stage.project.join("danger").exists());
    Ok(())
}

/// The receipts of a session, once there are `count` and none is on its way.
async fn settled(stage: &Stage, session: &str, count: usize) -> Result<Vec<Value>> {
    eventually(&format!("{count} receipts of {session}"), async || {
        let receipts = stage.receipts(session)?;
        let on_its_way = receipts.iter().any(|r| r["delivery"]["type"] == "pending");
        let whole = receipts.len() >= count && !on_its_way;
        Ok(if whole { Ok(receipts) } else { Err(format!("{receipts:?}")) })
    })
    .await
}

/// Kept back because the user was looking.
fn silent(receipt: &Value, kind: &str) -> Result<()> {
    let why = receipt["delivery"]["reason"].as_str().context("a reason")?;
    assert_eq!((receipt["kind"].as_str(), why), (Some(kind), "looking"), "{receipt}");
    Ok(())
}
