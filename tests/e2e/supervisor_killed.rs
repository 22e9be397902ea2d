//! Kill -9 the supervisor while a terminal is attached: the terminal does not notice (S2 A4).

use anyhow::Result;
use nightshift_e2e::{Stage, eventually};

#[tokio::test]
async fn an_attached_terminal_does_not_notice_and_the_question_is_still_open() -> Result<()> {
    let stage = Stage::new()?;
    let window = stage.open().await?;
    let shell = window.dispatch("! exec sh").await?;
    window.row(&shell, "working").await?;
    let asks = window.dispatch("ask Which one? | First | Second").await?;
    window.row(&asks, "needs_input").await?;
    window.attach(&shell).await?;
    let terminal = "[data-testid='terminal']";
    window.write("echo before $((1+1))\n").await?;
    window.reads(terminal, "before 2").await?;

    let supervisor = stage.supervisor()?;
    stage.processes.kill(&supervisor)?;
    window.write("echo meanwhile $((2+2))\n").await?;
    window.reads(terminal, "meanwhile 4").await?;

    // The window starts the next one by itself and shows the same board.
    eventually("another supervisor", async || {
        let next = stage.supervisor()?;
        Ok(if next == supervisor { Err("the old one".to_owned()) } else { Ok(()) })
    })
    .await?;
    window.gone("[data-testid='banner']").await?;
    window.row(&shell, "working").await?;
    window.row(&asks, "needs_input").await?;
    window.write("echo after $((3+3))\n").await?;
    window.reads(terminal, "after 6").await?;

    window.back_to_board().await?;
    window.peek(&asks).await?;
    window.element("peek-option-2").await?;
    window.answerable().await?;
    window.write("2").await?;
    eventually("the agent to hear the answer", async || {
        let said = stage.nightshift(&["logs", &asks])?;
        let ended = stage.session(&asks)?["pending"].is_null();
        Ok(if ended && said.contains("Second") { Ok(()) } else { Err(said) })
    })
    .await?;
    window.close_session().await
}
