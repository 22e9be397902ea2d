//! What others say or print takes neither the window nor its keyboard: links lead out of it, and pasted text
//! is text.

use anyhow::{Result, ensure};
use nightshift_e2e::{Stage, Window, eventually};
use std::fs;
use std::path::Path;

const TERMINAL: &str = "[data-testid='terminal']";
const CONVERSATION: &str = "[data-testid='conversation']";
const EVIL: &str = "http://127.0.0.1:9/evil.html";
const MIDDLE: u8 = 2;

#[tokio::test]
async fn security_10_a_middle_click_on_a_link_leads_the_window_nowhere() -> Result<()> {
    let mut stage = Stage::new()?;
    let opened = stage.records_links()?;
    let window = stage.open().await?;
    let session = window.dispatch(&format!("say look at [https://docs.rs]({EVIL})")).await?;
    window.row(&session, "completed").await?;
    window.attach(&session).await?;
    window.reads(&format!("{CONVERSATION} [data-testid='link-place']"), "127.0.0.1:9").await?;
    let page = window.client.current_url().await?;

    window.becomes_active().await?;
    let link = window.matching(&format!("{CONVERSATION} a")).await?;
    window.clicks(&link, MIDDLE).await?;
    has_opened(&opened, &[EVIL]).await?;
    window.is_titled("Nightshift").await?;
    stays(&window, &page).await?;

    ensure!(window.client.windows().await?.len() == 1, "there is another window");
    window.close_session().await
}

#[tokio::test]
async fn failures_40_a_paste_into_a_shell_of_the_window_runs_nothing() -> Result<()> {
    let stage = Stage::new()?;
    let window = stage.open().await?;
    // Its line editor asks for marked pastes, as those of most people do.
    let job = window.dispatch("! PS1=ready: exec bash --norc --noprofile -i").await?;
    window.row(&job, "working").await?;
    window.attach(&job).await?;
    window.reads(TERMINAL, "ready:").await?;
    window.becomes_active().await?;
    let field = "const field = document.createElement('textarea'); field.id = 'copied'; \
                 field.oncopy = () => { field.dataset.done = 'yes' }; \
                 field.value = arguments[0]; document.body.append(field); field.focus(); \
                 field.select()";
    let is_copied = "return document.querySelector('#copied').dataset.done === 'yes'";
    for (at, by_mouse) in [false, true].into_iter().enumerate() {
        let text = format!("\u{1b}[201~touch pwned-{at}\n");
        window.client.execute(field, vec![text.into()]).await?;
        // Keys of the desktop come when they come: it must not be removed before.
        eventually("the copy", async || {
            if window.client.execute(is_copied, vec![]).await? == true {
                return Ok(Ok(()));
            }
            stage.desktop(&["key", "ctrl+a", "ctrl+c"])?;
            Ok(Err("not copied yet".to_owned()))
        })
        .await?;
        window.client.execute("document.querySelector('#copied').remove()", vec![]).await?;
        let terminal = window.element("terminal").await?;
        if by_mouse {
            window.clicks(&terminal, MIDDLE).await?;
        } else {
            terminal.click().await?;
            stage.desktop(&["key", "shift+Insert"])?;
        }
        window.reads(TERMINAL, &format!("touch pwned-{at}")).await?;
        // What was pasted stands in the line, and goes unrun.
        stage.desktop(&["key", "ctrl+c"])?;
        window.write(&format!("echo still-{at}-$((1+1))\n")).await?;
        window.reads(TERMINAL, &format!("still-{at}-2")).await?;
        ensure!(!stage.project.join(format!("pwned-{at}")).exists(), "the paste was run");
    }
    window.close_session().await
}

/// Waits until just these links were handed to the desktop.
async fn has_opened(file: &Path, expected: &[impl AsRef<str>]) -> Result<()> {
    eventually("the link in the desktop's program", async || {
        let told = fs::read_to_string(file).unwrap_or_default();
        let right = told.lines().eq(expected.iter().map(AsRef::as_ref));
        Ok(if right { Ok(()) } else { Err(told) })
    })
    .await
}

async fn stays(window: &Window<'_>, page: &impl ToString) -> Result<()> {
    let now = window.client.current_url().await?.to_string();
    ensure!(now == page.to_string(), "the window went to {now}");
    window.reads(CONVERSATION, "look at").await.map(drop)
}
