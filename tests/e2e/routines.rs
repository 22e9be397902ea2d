//! Routines in the real window: a template becomes a file, a run by hand is green, its row leaves the board, and its
//! session can be opened from the routine (R1 R2 R7 R15).

use anyhow::{Context, Result};
use fantoccini::key::Key;
use nightshift_e2e::{Stage, Tray, Window, eventually};
use serde_json::Value;

fn stage() -> Result<Stage> {
    let stage = Stage::new()?;
    let settings = "[judge]\nprovider = \"fixed\"\n\n[defaults]\nagent = \"rehearsal\"\n";
    std::fs::create_dir_all(stage.processes.home.state())?;
    std::fs::write(stage.processes.home.state().join("settings.toml"), settings)?;
    Ok(stage)
}

async fn fill(window: &Window<'_>, field: &str, text: &str) -> Result<()> {
    let field = window.element(field).await?;
    field.clear().await?;
    // There is no such thing as typing nothing.
    if text.is_empty() {
        return Ok(());
    }
    field.send_keys(text).await.context("typing into a field")
}

async fn routine(stage: &Stage, name: &str, fits: impl Fn(&Value) -> bool) -> Result<Value> {
    eventually(&format!("routine {name}"), async || {
        let all = stage.nightshift_json(&["routines", "list", "--json"])?;
        let found = all.as_array().and_then(|all| all.iter().find(|view| view["name"] == name));
        Ok(match found {
            Some(view) if fits(view) => Ok(view.clone()),
            other => Err(format!("{other:?}")),
        })
    })
    .await
}

#[tokio::test]
async fn from_a_template_to_a_green_run_and_back() -> Result<()> {
    let stage = stage()?;
    let tray = Tray::serve(&stage).await?;
    let window = stage.open().await?;
    window.press(&[Key::Alt], 'r').await?;
    window.matching("[data-template='morning-digest']").await?.click().await?;
    window.reads("[data-testid='trigger-means']", "every weekday at 08:30").await?;
    window.picture("routines-template")?;
    fill(&window, "form-name", "digest").await?;
    fill(&window, "form-prompt", "say all is well").await?;
    fill(&window, "form-goal", "contains:all is well").await?;
    fill(&window, "form-repository", "").await?;
    fill(&window, "form-timezone", "Mars/Base").await?;
    window.reads("[data-testid='wrong-timezone']", "no time zone").await?;
    fill(&window, "form-timezone", "Europe/Berlin").await?;
    window.gone("[data-testid='wrong-timezone']").await?;
    window.element("form-more").await?.click().await?;
    window.element("form-save").await?.click().await?;
    window.element("routine-details").await?;
    let view = routine(&stage, "digest", |view| view["next_run_at"].is_i64()).await?;
    assert_eq!(view["timezone"], "Europe/Berlin");
    tray.entry("Next routine at").await?;

    window.element("routine-run").await?.click().await?;
    window.element("routine-ask-yes").await?.click().await?;
    let met = window.matching("[data-testid='run'][data-outcome='met']").await;
    window.picture("routine-run")?;
    met?;
    window.element("run-open").await?.click().await?;
    window.reads("[data-testid='conversation']", "all is well").await?;
    // It wanted to be told of every run: its row stays, with the routine's name.
    let names_it = "[data-testid='row-routine'][title='A run of the routine digest']";
    window.matching(names_it).await?;

    tray.click("Routines…").await?;
    window.element("routine-pause").await?.click().await?;
    fill(&window, "routine-ask-text", "on holiday").await?;
    window.press(&[], Key::Enter.into()).await?;
    let paused = routine(&stage, "digest", |view| view["paused"] == true).await?;
    assert_eq!(paused["note"], "on holiday");
    window.reads("[data-testid='routine-reason']", "on holiday").await?;
    window.element("routine-remove").await?.click().await?;
    window.element("routine-ask-yes").await?.click().await?;
    window.element("routine-templates").await?;
    assert_eq!(stage.nightshift_json(&["routines", "list", "--json"])?, serde_json::json!([]));
    Ok(())
}

#[tokio::test]
async fn what_was_typed_behind_schedule_is_a_form_and_then_a_routine() -> Result<()> {
    let stage = stage()?;
    let window = stage.open().await?;
    let input = window.element("dispatch-input").await?;
    input.click().await?;
    input.send_keys("/schedule every weekday at 9, say the night was calm").await?;
    window.press(&[], Key::Enter.into()).await?;
    window.reads("[data-testid='trigger-means']", "every weekday at 09:00").await?;
    window.press(&[Key::Control], Key::Enter.into()).await?;
    window.element("routine-details").await?;
    let view = routine(&stage, "say-the-night-was", |_| true).await?;
    assert_eq!(view["triggers"][0]["trigger"], "schedule 0 9 * * 1-5");
    window.press(&[], Key::Escape.into()).await?;
    window.element("routine-list").await?;
    window.press(&[], Key::Escape.into()).await?;
    window.gone("[data-testid='routines']").await?;
    // A mistake that an editor makes is told with its place.
    let file = stage.processes.home.state().join("routines/say-the-night-was.md");
    let text = std::fs::read_to_string(&file)?.replace("0 9", "61 9");
    std::fs::write(&file, text)?;
    window.press(&[Key::Alt], 'r').await?;
    window.reads("[data-testid='routine-problem']", "Line").await?;
    window.picture("routines-problem")?;
    assert!(stage.sessions()?.is_empty(), "nothing was started");
    Ok(())
}
