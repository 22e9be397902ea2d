//! What an agent changed in its own worktree is read, committed and merged from the window (A5 W1),
//! also when the supervisor was killed while the agent's question was open.

use anyhow::{Context, Result, ensure};
use fantoccini::key::Key;
use nightshift_e2e::Stage;
use std::process::Stdio;

fn git(stage: &Stage, arguments: &[&str]) -> Result<String> {
    let mut command = stage.processes.command("git")?;
    command.args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]).args(arguments);
    let ended = command.current_dir(&stage.project).stdout(Stdio::piped()).output()?;
    ensure!(ended.status.success(), "git {arguments:?}: {}", ended.status);
    Ok(String::from_utf8(ended.stdout)?)
}

/// A repository with one commit on `main`, whose commits have an author.
fn repository(stage: &Stage) -> Result<()> {
    git(stage, &["init", "--quiet", "--initial-branch=main"])?;
    git(stage, &["config", "user.name", "Ada"])?;
    git(stage, &["config", "user.email", "ada@example.org"])?;
    std::fs::write(stage.project.join("README.md"), "one\n")?;
    git(stage, &["add", "README.md"])?;
    git(stage, &["commit", "--quiet", "--message=first"]).map(drop)
}

#[tokio::test]
async fn a_change_is_reviewed_committed_and_merged() -> Result<()> {
    let stage = Stage::new()?;
    repository(&stage)?;
    let window = stage.open().await?;
    let session = window.dispatch("run echo two >> README.md").await?;
    window.row(&session, "needs_input").await?;
    stage.processes.kill(&stage.supervisor()?)?;
    window.peek(&session).await?;
    window.reads("[data-testid='peek-location']", "worktree-run-echo-two").await?;
    window.answerable().await?;
    window.press(&[], '1').await?;
    window.row(&session, "completed").await?;

    window.attach(&session).await?;
    window.press(&[Key::Control], 'd').await?;
    window.reads("[data-testid='review-files']", "README.md").await?;
    window.reads("[data-testid='review-diff']", "two").await?;
    window.picture("review")?;
    let untouched = std::fs::read_to_string(stage.project.join("README.md"))?;
    assert_eq!(untouched, "one\n", "the main checkout was written to");

    window.matching("[data-testid='review-commit']:enabled").await?.click().await?;
    window.reads("[data-testid='review-summary']", "1 commit").await?;
    window.reads("[data-testid='review-outcome']", "Committed").await?;
    window.matching("[data-testid='review-merge']:enabled").await?.click().await?;
    window.reads("[data-testid='review-outcome']", "Merged into main").await?;
    assert_eq!(std::fs::read_to_string(stage.project.join("README.md"))?, "one\ntwo\n");
    let log = git(&stage, &["log", "--format=%s"])?;
    assert_eq!(log.lines().last().context("no commit")?, "first");
    assert_eq!(log.lines().count(), 2, "{log}");
    assert_eq!(git(&stage, &["status", "--porcelain"])?, "");
    window.close_session().await
}
