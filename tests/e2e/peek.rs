//! Peek reads what a session said last without attaching (B6).

use anyhow::Result;
use nightshift_e2e::Stage;

#[tokio::test]
async fn space_peeks_at_the_result_and_escape_goes_back() -> Result<()> {
    let stage = Stage::new()?;
    let window = stage.open().await?;
    let session = window.dispatch("done seventeen files were renamed").await?;
    window.row(&session, "completed").await?;
    window.peek(&session).await?;
    window.reads("[data-testid='peek']", "seventeen files were renamed").await?;
    window.picture("peek-result")?;
    window.press(&[], fantoccini::key::Key::Escape.into()).await?;
    window.gone("[data-testid='peek']").await?;
    window.close_session().await
}
