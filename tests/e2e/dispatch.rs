//! A newcomer opens the window and starts a shell job and an agent session from it (B1 B2 D1 D4).

use anyhow::Result;
use nightshift_e2e::Stage;

#[tokio::test]
async fn the_first_window_says_what_there_is_and_starts_both_kinds() -> Result<()> {
    let stage = Stage::new()?;
    let window = stage.open().await?;
    window.reads("[data-testid='first-run']", "ehearsal").await?;
    window.picture("first-run")?;

    let job = window.dispatch("! echo from the job; sleep 600").await?;
    window.row(&job, "working").await?;
    let entry = stage.session(&job)?;
    assert_eq!(entry["template"], "shell");
    assert_eq!(entry["state"], "working");

    let session = window.dispatch("done built the thing").await?;
    window.row(&session, "completed").await?;
    let row = format!("[data-testid='row'][data-session='{session}']");
    window.reads(&row, "built the thing").await?;
    assert_eq!(stage.session(&session)?["agent"], "rehearsal");
    window.picture("board")?;
    window.close_session().await
}

#[tokio::test]
async fn too_little_text_starts_nothing_and_says_so() -> Result<()> {
    let stage = Stage::new()?;
    let window = stage.open().await?;
    let input = window.element("dispatch-input").await?;
    input.click().await?;
    input.send_keys("abc").await?;
    window.press(&[], fantoccini::key::Key::Enter.into()).await?;
    window.reads("body", "oo short").await?;
    assert!(stage.sessions()?.is_empty());
    window.close_session().await
}

#[tokio::test]
async fn a_job_that_fails_is_shown_as_failed() -> Result<()> {
    let stage = Stage::new()?;
    let window = stage.open().await?;
    let job = window.dispatch("! exit 3").await?;
    window.row(&job, "failed").await?;
    assert_eq!(stage.session(&job)?["exitCode"], 3);
    window.close_session().await
}
