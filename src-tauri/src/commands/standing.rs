//! Work that goes on by itself: goals, loops, cron tasks, wake-ups and monitors of a session.

use crate::environment::Origin;
use crate::link::{Link, unexpected};
use nightshift_protocol::{Command, Fault, Reply, StandingAct, StandingResult};
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
    match link.call(Command::Standing { session, act, env }).await? {
        Reply::Standing { result } => Ok(*result),
        other => Err(unexpected(&other)),
    }
}
