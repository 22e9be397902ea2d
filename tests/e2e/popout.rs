//! A pane in a window of its own, and back; tabs; words that an input method makes.

use anyhow::{Context, Result, ensure};
use fantoccini::key::Key;
use nightshift_e2e::{Stage, Window, eventually};

const TERMINAL: &str = "[data-testid='terminal']";
/// Title of the board's window while nothing needs input.
const BOARD: &str = "^Nightshift$";
const COMMAND_SHIFT: [Key; 2] = [Key::Control, Key::Shift];

#[tokio::test]
async fn a_pane_goes_into_a_window_of_its_own_and_comes_back() -> Result<()> {
    let stage = Stage::new()?;
    let window = stage.open().await?;
    let job = window.dispatch("! exec cat").await?;
    window.row(&job, "working").await?;
    let title = format!("{} · Nightshift", stage.session(&job)?["name"].as_str().context("name")?);
    window.attach(&job).await?;
    window.write("said before\n").await?;
    window.reads(TERMINAL, "said before").await?;

    // The terminal leaves this key to the window.
    window.press(&COMMAND_SHIFT, 'o').await?;
    window.gone("[data-testid='pane']").await?;
    stage.shows(&title, true).await?;
    window.turn_to("session-window").await?;
    window.reads(TERMINAL, "said before").await?;
    window.write("said alone\n").await?;
    window.reads(TERMINAL, "said alone").await?;
    window.picture_of(&title, "popped-out")?;

    // Its supervisor may be killed; it comes back, and nothing is lost here.
    let supervisor = stage.supervisor()?;
    stage.processes.kill(&supervisor)?;
    window.write("said without a supervisor\n").await?;
    window.reads(TERMINAL, "said without a supervisor").await?;

    // The board's window may go; this one stays, and its session too.
    window.turn_to("board").await?;
    stage.desktop(&["search", "--onlyvisible", "--name", BOARD, "windowactivate", "--sync"])?;
    stage.desktop(&["key", "--clearmodifiers", "alt+F4"])?;
    stage.shows(BOARD, false).await?;
    window.turn_to("session-window").await?;
    window.write("said without a board\n").await?;
    window.reads(TERMINAL, "said without a board").await?;

    // From the desktop: a driver does not like its window to go while it clicks.
    stage.desktop(&["search", "--onlyvisible", "--name", &title, "windowactivate", "--sync"])?;
    stage.desktop(&["key", "ctrl+shift+o"])?;
    window.turn_to("board").await?;
    stage.shows(BOARD, true).await?;
    stage.shows(&title, false).await?;
    window.reads(TERMINAL, "said without a board").await?;

    // Closed, the view is gone and nothing else.
    window.element("pane-pop-out").await?.click().await?;
    stage.shows(&title, true).await?;
    window.turn_to("session-window").await?;
    window.reads(TERMINAL, "said before").await?;
    stage.desktop(&["search", "--onlyvisible", "--name", &title, "windowactivate", "--sync"])?;
    stage.desktop(&["key", "--clearmodifiers", "alt+F4"])?;
    stage.shows(&title, false).await?;
    window.turn_to("board").await?;
    window.row(&job, "working").await?;
    ensure!(stage.session(&job)?["state"] == "working", "{}", stage.session(&job)?);
    window.close_session().await
}

#[tokio::test]
async fn an_agent_is_answered_in_a_window_of_its_own_over_a_killed_supervisor() -> Result<()> {
    let stage = Stage::new()?;
    let window = stage.open().await?;
    let asking = window.dispatch("ask Which way? | left | right").await?;
    window.row(&asking, "needs_input").await?;
    window.attach(&asking).await?;
    window.reads("[data-testid='request']", "Which way?").await?;
    window.element("composer").await?.send_keys("half a thought").await?;
    window.element("pane-pop-out").await?.click().await?;
    window.turn_to("session-window").await?;
    window.reads("[data-testid='request']", "Which way?").await?;
    // What was being written came along.
    let composer = window.element("composer").await?;
    ensure!(
        composer.prop("value").await?.as_deref() == Some("half a thought"),
        "the draft is lost"
    );
    composer.clear().await?;
    let supervisor = stage.supervisor()?;
    stage.processes.kill(&supervisor)?;
    eventually("another supervisor", async || {
        let now = stage.supervisor()?;
        Ok(if now == supervisor { Err(format!("{now:?}")) } else { Ok(()) })
    })
    .await?;
    window.reads("[data-testid='request']", "Which way?").await?;
    let asking_entry = stage.session(&asking)?;
    let name = asking_entry["name"].as_str().context("a name")?;
    window.picture_of(name.split('?').next().unwrap_or(name), "popped-out-asks")?;
    window.answerable().await?;
    window.matching("[data-testid='request'] button").await?.click().await?;
    stage.becomes(&asking, "done").await?;
    window.reads("[data-testid='composer-state']", "Completed").await?;
    window.close_session().await
}

#[tokio::test]
async fn tabs_are_gone_through_by_keys_also_from_a_terminal() -> Result<()> {
    let stage = Stage::new()?;
    let window = stage.open().await?;
    let first = window.dispatch("! echo the first; exec cat").await?;
    let second = window.dispatch("! echo the second; exec cat").await?;
    window.attach(&first).await?;
    window.reads(TERMINAL, "the first").await?;
    window.press(&[Key::Alt], Key::Left.into()).await?;
    window.select(&second).await?;
    window.press(&COMMAND_SHIFT, Key::Enter.into()).await?;
    window.reads(TERMINAL, "the second").await?;
    window.reads("[data-testid='tabs']", "the first").await?;
    window.picture("tabs")?;

    window.press(&[Key::Control], Key::Tab.into()).await?;
    window.reads(TERMINAL, "the first").await?;
    window.write("typed into the first\n").await?;
    window.reads(TERMINAL, "typed into the first").await?;
    window.press(&COMMAND_SHIFT, Key::Tab.into()).await?;
    window.reads(TERMINAL, "the second").await?;
    // A pane of its own, and both are seen.
    window.press(&COMMAND_SHIFT, 's').await?;
    window.gone("[data-testid='tabs']").await?;
    window.reads("[data-testid='panes']", "the first").await?;
    window.reads("[data-testid='panes']", "the second").await?;
    window.close_session().await
}

/// GTK's own input method makes a letter of its number: composing, with Enter at its end.
const UNICODE: [&str; 2] = ["key", "ctrl+shift+u"];

#[tokio::test]
async fn enter_that_ends_composing_starts_nothing() -> Result<()> {
    let stage = Stage::new()?;
    let window = stage.open().await?;
    window.becomes_active().await?;
    window.element("dispatch-input").await?.click().await?;
    stage.desktop(&["type", "about "])?;
    holds(&window, "about ").await?;
    for number in ["65e5", "672c"] {
        stage.desktop(&UNICODE)?;
        stage.desktop(&["type", number])?;
        stage.desktop(&["key", "Return"])?;
    }
    holds(&window, "about 日本").await?;
    ensure!(stage.sessions()?.is_empty(), "composing started a session");
    stage.desktop(&["key", "Return"])?;
    holds(&window, "").await?;
    eventually("the session", async || {
        let started = stage.sessions()?;
        Ok(if started.len() == 1 { Ok(()) } else { Err(format!("{started:?}")) })
    })
    .await?;
    window.close_session().await
}

/// Waits until the dispatch input holds this text.
async fn holds(window: &Window<'_>, text: &str) -> Result<()> {
    let input = window.element("dispatch-input").await?;
    eventually(&format!("an input with `{text}`"), async || {
        let now = input.prop("value").await?.unwrap_or_default();
        Ok(if now == text { Ok(()) } else { Err(now) })
    })
    .await
}
