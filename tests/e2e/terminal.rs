//! A shell job is opened live: its screen, typing, its echo (A1).

use anyhow::Result;
use fantoccini::key::Key;
use nightshift_e2e::{Stage, eventually};

#[tokio::test]
async fn what_is_typed_in_an_attached_shell_comes_back() -> Result<()> {
    let stage = Stage::new()?;
    let window = stage.open().await?;
    let job = window.dispatch("! echo painted before; exec sh").await?;
    window.row(&job, "working").await?;
    window.attach(&job).await?;
    let terminal = "[data-testid='terminal']";
    window.reads(terminal, "painted before").await?;
    window.write("echo sum $((40+2)) ende\n").await?;
    window.reads(terminal, "sum 42 ende").await?;
    window.picture("terminal")?;

    window.write("exit 0\n").await?;
    window.row(&job, "completed").await?;
    window.reads("[data-testid='pane']", "xited").await?;
    window.close_session().await
}

#[tokio::test]
async fn much_output_neither_freezes_the_window_nor_loses_the_end() -> Result<()> {
    let stage = Stage::new()?;
    let window = stage.open().await?;
    let job = window.dispatch("! exec sh").await?;
    window.row(&job, "working").await?;
    window.attach(&job).await?;
    window.write("seq 1 300000; echo the-last-line\n").await?;
    window.reads("[data-testid='terminal']", "\nthe-last-line").await?;
    window.write("echo still $((1+1)) here\n").await?;
    window.reads("[data-testid='terminal']", "still 2 here").await?;
    window.close_session().await
}

#[tokio::test]
async fn shift_and_enter_start_and_attach_at_once() -> Result<()> {
    let stage = Stage::new()?;
    let window = stage.open().await?;
    let input = window.element("dispatch-input").await?;
    input.click().await?;
    input.send_keys("! echo attached at once; exec sh").await?;
    window.press(&[Key::Shift], Key::Enter.into()).await?;
    window.reads("[data-testid='terminal']", "attached at once").await?;
    eventually("one session", async || {
        let all = stage.sessions()?.len();
        Ok(if all == 1 { Ok(()) } else { Err(format!("{all} sessions")) })
    })
    .await?;
    window.close_session().await
}
