//! No key and no click answers what nobody has read, and the keyboard stays where its user put it.

use anyhow::{Context, Result, ensure};
use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::key::Key;
use nightshift_e2e::{Stage, Window, eventually};

/// A held key repeats about 25 times a second: far longer than anybody waits before he reads.
const REPEATS: u64 = 40;
const COUNT_REPEATS: &str = "self.repeats = 0; addEventListener('keydown', (event) => \
                             { if (event.repeat) self.repeats += 1 }, true)";
/// The smallest width of the window.
const SMALLEST: &str = "720";

/// Down and up, as often as `keys` says, in one go.
async fn tap(window: &Window<'_>, keys: &str) -> Result<()> {
    let begun = KeyActions::new("keyboard".to_owned());
    let taps = keys.chars().fold(begun, |keys, value| {
        keys.then(KeyAction::Down { value }).then(KeyAction::Up { value })
    });
    window.client.perform_actions(taps).await.context("tapping")
}

async fn typed(window: &Window<'_>) -> Result<String> {
    let script = "return document.querySelector('[data-testid=dispatch-input]').value";
    let value = window.client.execute(script, Vec::new()).await?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}

async fn asks(stage: &Stage, session: &str, words: &str) -> Result<()> {
    eventually(&format!("the session to ask `{words}`"), async || {
        let pending = stage.session(session)?["pending"].to_string();
        Ok(if pending.contains(words) { Ok(()) } else { Err(pending) })
    })
    .await
}

#[tokio::test]
async fn failures_39_a_double_tap_answers_one_request_and_a_held_key_no_second() -> Result<()> {
    let stage = Stage::new()?;
    let window = stage.open().await?;
    window.becomes_active().await?;
    let script = "ask First? | A | B\nrun touch one\nrun touch two\nrun touch three";
    let said = stage.nightshift(&["--bg", "--agent", "rehearsal", "--json", script])?;
    let entry: serde_json::Value = serde_json::from_str(&said)?;
    let session = entry["id"].as_str().context("a session has an id")?.to_owned();
    window.row(&session, "needs_input").await?;
    window.peek(&session).await?;
    window.picture("answering-arming")?;
    window.answerable().await?;
    tap(&window, "11").await?;
    asks(&stage, &session, "touch one").await?;
    window.reads("[data-testid='peek']", "touch one").await?;
    window.answerable().await?;
    ensure!(!stage.project.join("one").exists(), "the second tap allowed what nobody had read");

    window.client.execute(COUNT_REPEATS, Vec::new()).await?;
    stage.desktop(&["keydown", "1"])?;
    let held = eventually("the key to repeat", async || {
        let count = window.client.execute("return self.repeats", Vec::new()).await?;
        let enough = count.as_u64().unwrap_or_default() >= REPEATS;
        Ok(if enough { Ok(()) } else { Err(count.to_string()) })
    })
    .await;
    stage.desktop(&["keyup", "1"])?;
    held?;
    asks(&stage, &session, "touch two").await?;
    ensure!(stage.project.join("one").exists(), "the key that went down is an answer");
    ensure!(!stage.project.join("two").exists(), "its repetitions are none");
    ensure!(typed(&window).await?.is_empty(), "they are typed nowhere");
    window.close_session().await
}

#[tokio::test]
async fn ui_s1_3_after_a_click_in_a_pane_the_next_key_is_for_its_next_request() -> Result<()> {
    let stage = Stage::new()?;
    let window = stage.open().await?;
    let session = window.dispatch("run touch one").await?;
    window.row(&session, "needs_input").await?;
    stage.nightshift(&["reply", &session, "ask Next? | Red | Deep blue"])?;
    window.attach(&session).await?;
    window.answerable().await?;
    window.element("request-option-1").await?.click().await?;
    // Not the prompt, which says the same and waits in the queue before.
    window.reads("[data-testid='request'][data-open='true']", "Next?").await?;
    window.answerable().await?;
    window.picture("answering-next-request")?;
    window.write("2").await?;
    window.reads("[data-testid='conversation']", "The answer is: Deep blue").await?;
    ensure!(typed(&window).await?.is_empty(), "the digit went to the board");
    window.close_session().await
}

#[tokio::test]
async fn ui_s1_5_at_the_smallest_width_one_comes_back_to_the_board() -> Result<()> {
    let stage = Stage::new()?;
    let window = stage.open().await?;
    let session = window.dispatch("run touch one").await?;
    window.row(&session, "needs_input").await?;
    narrow(&stage, &window).await?;
    window.attach(&session).await?;
    shown(&window, "board", false).await?;
    window.picture("answering-smallest-pane")?;
    window.element("pane-to-board").await?.click().await?;
    shown(&window, "board", true).await?;
    window.picture("answering-smallest-board")?;
    window.press(&[], Key::Enter.into()).await?;
    shown(&window, "board", false).await?;
    window.back_to_board().await?;
    shown(&window, "board", true).await?;
    window.press(&[], ' ').await?;
    window.element("peek").await?;
    window.close_session().await
}

/// Makes the window as narrow as it goes. Asked again until it is: there is no window manager here, and a size
/// that the program asks for itself at that moment wins.
async fn narrow(stage: &Stage, window: &Window<'_>) -> Result<()> {
    let size = ["search", "--onlyvisible", "--class", "nightshift-desktop", "windowsize"];
    eventually("the smallest width", async || {
        stage.desktop(&[&size[..], &[SMALLEST, "640"]].concat())?;
        let now = window.client.execute("return String(innerWidth)", Vec::new()).await?;
        Ok(if now == SMALLEST { Ok(()) } else { Err(now.to_string()) })
    })
    .await
}

async fn shown(window: &Window<'_>, id: &str, wanted: bool) -> Result<()> {
    let script = "return document.querySelector(arguments[0]).checkVisibility(\
                  { visibilityProperty: true })";
    let css = format!("[data-testid='{id}']");
    eventually(&format!("`{id}` shown: {wanted}"), async || {
        let now = window.client.execute(script, vec![css.as_str().into()]).await?;
        Ok(if now == wanted { Ok(()) } else { Err(now.to_string()) })
    })
    .await
}
