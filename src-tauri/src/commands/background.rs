//! What a session does beside its turns: background tasks, and going on after a usage limit.

use crate::link::Link;
use nightshift_protocol::{Fault, SessionView, Task, calls};
use tauri::State;

/// Of one session, or of all.
#[tauri::command]
#[specta::specta]
pub async fn tasks(link: State<'_, Link>, session: Option<String>) -> Result<Vec<Task>, Fault> {
    link.ask(calls::Tasks { session }).await
}

/// Done when the task and everything below it is gone.
#[tauri::command]
#[specta::specta]
pub async fn stop_task(link: State<'_, Link>, task: String) -> Result<(), Fault> {
    link.ask(calls::StopTask { task }).await.map(drop)
}

#[tauri::command]
#[specta::specta]
pub async fn continue_at_reset(
    link: State<'_, Link>,
    session: String,
) -> Result<SessionView, Fault> {
    link.ask(calls::ContinueAtReset { session, text: None }).await
}

#[tauri::command]
#[specta::specta]
pub async fn cancel_continue(link: State<'_, Link>, session: String) -> Result<SessionView, Fault> {
    link.ask(calls::CancelContinue { session }).await
}
