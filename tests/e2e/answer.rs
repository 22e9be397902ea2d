//! A permission and a question are answered from peek, with a digit (B6).

use anyhow::{Context, Result};
use nightshift_e2e::{Stage, eventually};

#[tokio::test]
async fn a_permission_is_answered_with_a_digit() -> Result<()> {
    let stage = Stage::new()?;
    let window = stage.open().await?;
    let session = window.dispatch("run echo allowed > proof.txt").await?;
    window.row(&session, "needs_input").await?;
    assert_eq!(stage.session(&session)?["waitingFor"], "permission prompt");
    window.peek(&session).await?;
    window.reads("[data-testid='peek']", "echo allowed").await?;
    window.picture("peek-permission")?;

    let options = stage.session(&session)?["pending"]["options"].clone();
    let options = options.as_array().context("a permission has options")?.clone();
    let allow = options.iter().position(|o| o["kind"] == "allow_once").context("allow once")? + 1;
    window.element(&format!("peek-option-{allow}")).await?;
    window.answerable().await?;
    window.write(&allow.to_string()).await?;
    window.row(&session, "completed").await?;
    // The command really ran, in the directory of the dispatch.
    eventually("the file that the command writes", async || {
        let written = std::fs::read_to_string(stage.project.join("proof.txt"));
        Ok(written.map_err(|error| error.to_string()))
    })
    .await?;
    window.close_session().await
}

#[tokio::test]
async fn a_question_is_answered_with_a_digit_and_the_agent_hears_it() -> Result<()> {
    let stage = Stage::new()?;
    let window = stage.open().await?;
    let session = window.dispatch("ask Which colour? | Red | Deep blue").await?;
    window.row(&session, "needs_input").await?;
    window.reads("[data-testid='board']", "Which colour?").await?;
    window.peek(&session).await?;
    window.element("peek-option-2").await?;
    window.answerable().await?;
    window.picture("peek-question")?;
    window.write("2").await?;
    eventually("the agent to say the choice back", async || {
        let said = stage.nightshift(&["logs", &session])?;
        let ended = stage.session(&session)?["pending"].is_null();
        Ok(if ended && said.contains("Deep blue") { Ok(()) } else { Err(said) })
    })
    .await?;
    window.close_session().await
}

#[tokio::test]
async fn the_window_title_counts_who_waits() -> Result<()> {
    let stage = Stage::new()?;
    let window = stage.open().await?;
    for question in ["ask One? | Yes | No", "ask Two? | Yes | No"] {
        let session = window.dispatch(question).await?;
        window.row(&session, "needs_input").await?;
    }
    window.is_titled("2 need input · Nightshift").await?;
    window.close_session().await
}
