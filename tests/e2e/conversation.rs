//! An agent session is opened as a conversation: text, tools, requests, composer (A2).

use anyhow::Result;
use nightshift_e2e::{Stage, eventually};
use std::fs;

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
    window.answerable().await?;
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

#[tokio::test]
async fn a_link_is_opened_by_the_desktop_s_own_program() -> Result<()> {
    let mut stage = Stage::new()?;
    let opened = stage.records_links()?;
    let window = stage.open().await?;
    let session = window.dispatch("say look at [the guide](https://example.org/guide?a=b)").await?;
    window.row(&session, "completed").await?;
    window.attach(&session).await?;
    window.matching("[data-testid='conversation'] a[href*='example.org']").await?.click().await?;
    eventually("the link in the desktop's program", async || {
        let told = fs::read_to_string(&opened).unwrap_or_default();
        let right = told == "https://example.org/guide?a=b\n";
        Ok(if right { Ok(()) } else { Err(format!("{told:?}")) })
    })
    .await?;
    // The window itself stays where it was.
    window.reads("[data-testid='conversation']", "the guide").await?;
    window.close_session().await
}
