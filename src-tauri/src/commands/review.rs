//! Looking at what a session changed, and deciding what becomes of it.

use crate::environment::Origin;
use crate::link::{Link, unexpected};
use nightshift_protocol::{Command, Fault, Reply, ReviewAct, ReviewResult};
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
    match link.call(Command::Review { session, act, env }).await? {
        Reply::Review { result } => Ok(*result),
        other => Err(unexpected(&other)),
    }
}
