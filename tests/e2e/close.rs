//! Closing hides the window, ends nothing, and a second start brings it back (S1, tray).

use anyhow::Result;
use nightshift_e2e::{Stage, eventually};

#[tokio::test]
async fn closing_hides_and_a_second_start_shows_the_first_window() -> Result<()> {
    let stage = Stage::new()?;
    let window = stage.open().await?;
    let job = window.dispatch("! sleep 600").await?;
    window.row(&job, "working").await?;
    window.becomes_visible(true).await?;

    window.close().await?;
    window.becomes_visible(false).await?;
    let apps = stage.processes.running("nightshift-desktop");
    assert_eq!(apps.len(), 1, "closing must not end the app");
    assert_eq!(stage.session(&job)?["state"], "working");

    let second = stage.processes.command(&stage.app)?;
    stage.processes.start(second)?;
    window.becomes_visible(true).await?;
    eventually("the second start to end", async || {
        let now = stage.processes.running("nightshift-desktop");
        Ok(if now == apps { Ok(()) } else { Err(format!("{now:?}")) })
    })
    .await?;
    window.row(&job, "working").await?;
    window.close_session().await
}
