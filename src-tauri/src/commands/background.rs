//! What a session does beside its turns: background tasks, and going on after a usage limit.

use crate::link::{Link, unexpected};
use nightshift_protocol::{Command, Fault, Reply, SessionView, Task};
use tauri::State;

/// Of one session, or of all.
#[tauri::command]
#[specta::specta]
pub async fn tasks(link: State<'_, Link>, session: Option<String>) -> Result<Vec<Task>, Fault> {
    match link.call(Command::Tasks { session }).await? {
        Reply::Tasks { tasks } => Ok(tasks),
        other => Err(unexpected(&other)),
    }
}

/// Done when the task and everything below it is gone.
#[tauri::command]
#[specta::specta]
pub async fn stop_task(link: State<'_, Link>, task: String) -> Result<(), Fault> {
    link.call(Command::StopTask { task }).await.map(drop)
}

#[tauri::command]
#[specta::specta]
pub async fn continue_at_reset(
    link: State<'_, Link>,
    session: String,
) -> Result<SessionView, Fault> {
    view(&link, Command::ContinueAtReset { session, text: None }).await
}

#[tauri::command]
#[specta::specta]
pub async fn cancel_continue(link: State<'_, Link>, session: String) -> Result<SessionView, Fault> {
    view(&link, Command::CancelContinue { session }).await
}

async fn view(link: &Link, command: Command) -> Result<SessionView, Fault> {
    match link.call(command).await? {
        Reply::Session { view } | Reply::Said { view, .. } => Ok(*view),
        other => Err(unexpected(&other)),
    }
}
