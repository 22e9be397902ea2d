//! Every key of B4, pressed in the real window, has the effect that was promised.

use anyhow::{Context, Result, ensure};
use fantoccini::key::Key;
use nightshift_e2e::{Stage, Window, eventually};

const FOCUSED: &str = "const row = document.activeElement?.closest('[data-testid=row]'); \
                       return row ? row.dataset.session : ''";

/// Started one after the other, so that the newest is the first row.
fn finished(stage: &Stage, words: &str) -> Result<String> {
    let script = format!("done {words}");
    let said =
        stage.nightshift(&["--bg", "--agent", "rehearsal", "--name", words, "--json", &script])?;
    let entry: serde_json::Value = serde_json::from_str(&said)?;
    Ok(entry["id"].as_str().context("a session has an id")?.to_owned())
}

/// Waits until the keyboard is on this row.
async fn on(window: &Window<'_>, session: &str) -> Result<()> {
    eventually(&format!("the keyboard on {session}"), async || {
        let now = window.client.execute(FOCUSED, Vec::new()).await?;
        Ok(if now == session { Ok(()) } else { Err(now.to_string()) })
    })
    .await
}

async fn becomes(stage: &Stage, session: &str, key: &str, value: &str) -> Result<()> {
    eventually(&format!("{key} = {value}"), async || {
        let entry = stage.session(session)?;
        Ok(if entry[key] == value { Ok(()) } else { Err(entry.to_string()) })
    })
    .await
}

#[tokio::test]
async fn rows_are_moved_between_peeked_at_and_opened_by_keys() -> Result<()> {
    let stage = Stage::new()?;
    let window = stage.open().await?;
    let older = finished(&stage, "the older one")?;
    window.row(&older, "completed").await?;
    let newer = finished(&stage, "the newer one")?;
    window.row(&newer, "completed").await?;
    window.select(&newer).await?;
    on(&window, &newer).await?;

    window.press(&[], Key::Down.into()).await?;
    on(&window, &older).await?;
    window.press(&[], Key::Up.into()).await?;
    on(&window, &newer).await?;

    window.press(&[], ' ').await?;
    window.reads("[data-testid='peek']", "the newer one").await?;
    window.press(&[], Key::Down.into()).await?;
    window.reads("[data-testid='peek']", "the older one").await?;
    window.press(&[], ' ').await?;
    window.gone("[data-testid='peek']").await?;
    on(&window, &older).await?;

    for open in [Key::Enter, Key::Right] {
        window.press(&[], open.into()).await?;
        window.reads("[data-testid='pane']", "the older one").await?;
        // In the empty composer, as in the reference: back to the board, then the pane goes.
        window.press(&[], Key::Left.into()).await?;
        on(&window, &older).await?;
        window.press(&[], Key::Escape.into()).await?;
        window.gone("[data-testid='pane']").await?;
    }
    for (n, session, words) in [('1', &newer, "the newer one"), ('2', &older, "the older one")] {
        window.press(&[Key::Alt], n).await?;
        // The second beside the first.
        window.reads("[data-testid='panes']", words).await?;
        window.press(&[Key::Alt], Key::Left.into()).await?;
        on(&window, session).await?;
    }
    window.close_session().await
}

#[tokio::test]
async fn rows_are_pinned_renamed_grouped_stopped_and_deleted_by_keys() -> Result<()> {
    let stage = Stage::new()?;
    let window = stage.open().await?;
    let session = window.dispatch("! sleep 600").await?;
    window.row(&session, "working").await?;
    window.select(&session).await?;
    on(&window, &session).await?;

    window.press(&[Key::Control], 't').await?;
    window.matching(&format!("[data-session='{session}'][data-group='pinned']")).await?;
    eventually("the pin to be kept", async || {
        let pinned = stage.session(&session)?["pinned"].clone();
        Ok(if pinned == true { Ok(()) } else { Err(pinned.to_string()) })
    })
    .await?;

    window.press(&[Key::Control], 'r').await?;
    window.element("rename-input").await?;
    window.press(&[Key::Control], 'a').await?;
    window.write("a long sleep\n").await?;
    becomes(&stage, &session, "name", "a long sleep").await?;
    on(&window, &session).await?;

    window.press(&[Key::Control], 's').await?;
    let project = stage.project.file_name().context("a name")?.to_string_lossy().into_owned();
    window.reads("[data-testid='board']", &project).await?;
    window.press(&[Key::Control], 's').await?;

    for (key, held, opened) in
        [('?', None, "key-sheet"), ('k', Some(Key::Control), "palette-input")]
    {
        let held: Vec<Key> = held.into_iter().collect();
        window.press(&held, key).await?;
        window.element(opened).await?;
        window.picture(&format!("keys-{opened}"))?;
        window.press(&[], Key::Escape.into()).await?;
        window.gone(&format!("[data-testid='{opened}']")).await?;
        on(&window, &session).await?;
    }

    window.press(&[Key::Control], 'x').await?;
    window.row(&session, "stopped").await?;
    on(&window, &session).await?;
    // Armed again, because the stop took its time; the second press within two seconds deletes.
    window.press(&[Key::Control], 'x').await?;
    window.press(&[Key::Control], 'x').await?;
    window.gone(&format!("[data-session='{session}']")).await?;
    window.element("undo").await?;
    window.press(&[Key::Control], 'z').await?;
    window.row(&session, "stopped").await?;
    ensure!(stage.session(&session)?["name"] == "a long sleep", "it was deleted all the same");
    window.close_session().await
}
