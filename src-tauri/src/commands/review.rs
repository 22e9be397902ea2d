//! Looking at what a session changed, and deciding what becomes of it.

use crate::environment::Origin;
use crate::link::Link;
use nightshift_protocol::{Fault, ReviewAct, ReviewResult, calls};
use tauri::State;

#[tauri::command]
#[specta::specta]
pub async fn review(
    link: State<'_, Link>,
    origin: State<'_, Origin>,
    session: String,
    act: ReviewAct,
) -> Result<ReviewResult, Fault> {
    let env = origin.environment.clone();
    link.ask(calls::Review { session, act, env }).await
}
