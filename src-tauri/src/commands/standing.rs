//! Work that goes on by itself: goals, loops, cron tasks, wake-ups and monitors of a session.

use crate::environment::Origin;
use crate::link::Link;
use nightshift_protocol::{Fault, StandingAct, StandingResult, calls};
use tauri::State;

#[tauri::command]
#[specta::specta]
pub async fn standing(
    link: State<'_, Link>,
    origin: State<'_, Origin>,
    session: String,
    act: StandingAct,
) -> Result<StandingResult, Fault> {
    let env = origin.environment.clone();
    link.ask(calls::Standing { session, act, env }).await
}
