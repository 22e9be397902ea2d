//! An agent session is opened as a conversation: text, tools, requests, composer (A2).

use anyhow::Result;
use nightshift_e2e::{Stage, eventually};

#[tokio::test]
async fn a_conversation_shows_asks_and_takes_the_next_prompt() -> Result<()> {
    let stage = Stage::new()?;
    let window = stage.open().await?;
    let session = window.dispatch("run echo shown in the conversation").await?;
    window.row(&session, "needs_input").await?;
    window.attach(&session).await?;
    let conversation = "[data-testid='conversation']";
    window.reads(conversation, "echo shown in the conversation").await?;
    window.picture("conversation-permission")?;
    window.element("request-option-1").await?.click().await?;
    window.row(&session, "completed").await?;

    let composer = window.element("composer").await?;
    composer.click().await?;
    composer.send_keys("say the second turn is here").await?;
    window.press(&[], fantoccini::key::Key::Enter.into()).await?;
    window.reads(conversation, "the second turn is here").await?;
    eventually("the second turn in the log", async || {
        let said = stage.nightshift(&["logs", &session])?;
        let twice = said.matches("the second turn is here").count() >= 2;
        Ok(if twice { Ok(()) } else { Err(said) })
    })
    .await?;
    window.picture("conversation")?;
    window.close_session().await
}
