//! What belongs to no session: agents, the supervisor's status, the window itself.

use crate::environment::Origin;
use crate::link::Link;
use nightshift_protocol::{
    AgentView, DaemonStatus, Fault, FaultCode, PermissionAct, PermissionRule, TrustAct,
    TrustedRepository, calls,
};
use serde::Serialize;
use tauri::{State, WebviewWindow};

/// A title bar shows less than this; text from sessions is never longer.
const TITLE_MAX_CHARS: usize = 200;

/// What the input at the bottom begins with.
#[derive(Debug, Serialize, specta::Type)]
pub struct Defaults {
    pub cwd: String,
    pub home: String,
    pub version: String,
}

/// Repositories that are trusted; or the one that was shown, trusted or revoked.
#[tauri::command]
#[specta::specta]
pub async fn trust(
    link: State<'_, Link>,
    origin: State<'_, Origin>,
    act: TrustAct,
) -> Result<Vec<TrustedRepository>, Fault> {
    let env = origin.environment.clone();
    link.ask(calls::Trust { act, env }).await
}

/// What was allowed or rejected for good; or the rule that was taken back.
#[tauri::command]
#[specta::specta]
pub async fn permissions(
    link: State<'_, Link>,
    act: PermissionAct,
) -> Result<Vec<PermissionRule>, Fault> {
    link.ask(calls::Permissions { act }).await
}

#[tauri::command]
#[specta::specta]
pub async fn agents(
    link: State<'_, Link>,
    origin: State<'_, Origin>,
) -> Result<Vec<AgentView>, Fault> {
    link.ask(calls::Agents { env: origin.environment.clone() }).await
}

#[tauri::command]
#[specta::specta]
pub async fn status(link: State<'_, Link>) -> Result<DaemonStatus, Fault> {
    link.ask(calls::Status {}).await
}

#[tauri::command]
#[specta::specta]
pub fn defaults(origin: State<'_, Origin>) -> Defaults {
    Defaults {
        cwd: origin.cwd.display().to_string(),
        home: origin.user_home.display().to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

#[tauri::command]
#[specta::specta]
pub fn set_title(window: WebviewWindow, title: String) -> Result<(), Fault> {
    let shown: String = title.chars().filter(|c| !c.is_control()).take(TITLE_MAX_CHARS).collect();
    window.set_title(&shown).map_err(|e| Fault::new(FaultCode::Internal, e.to_string()))
}

/// Opens http, https and mailto links outside the window, nothing else.
#[tauri::command]
#[specta::specta]
pub async fn open_external(origin: State<'_, Origin>, url: String) -> Result<(), Fault> {
    nightshift_client::open_link(&url, &origin.user_home)
}
