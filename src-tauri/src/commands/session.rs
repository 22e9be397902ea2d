//! Starting sessions and acting on them.

use crate::announcement;
use crate::environment::Origin;
use crate::link::Link;
use crate::quick::QUICK;
use nightshift_model::{Answer, Evidence, NeedId, Surface, Wish};
use nightshift_protocol::{
    Dispatch, DispatchWork, Fault, SessionKind, SessionView, WorktreeFate, calls,
};
use serde::{Deserialize, Serialize};
use tauri::{Manager, State, WebviewWindow};

/// A new session as the input at the bottom gives it.
#[derive(Debug, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct DispatchRequest {
    pub kind: SessionKind,
    /// The prompt or the command.
    pub text: String,
    pub agent: Option<String>,
    pub model: Option<String>,
    pub permission_mode: Option<String>,
    pub name: Option<String>,
    /// `~` is the user's home.
    pub cwd: String,
    /// Ids of files that go with the prompt, from `enclose`.
    #[serde(default)]
    pub enclosures: Vec<String>,
}

/// A byte offset; a JSON number is exact up to 2^53.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, specta::Type)]
#[serde(transparent)]
pub struct Offset(#[specta(type = u32)] u64);

impl Offset {
    pub fn get(self) -> u64 {
        self.0
    }
}

/// One page of a log. Ask again with `next` until `end`.
#[derive(Debug, Serialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct LogPage {
    pub data: String,
    pub next: Offset,
    pub end: bool,
    pub ended: bool,
}

#[tauri::command]
#[specta::specta]
pub async fn dispatch(
    window: WebviewWindow,
    link: State<'_, Link>,
    origin: State<'_, Origin>,
    request: DispatchRequest,
) -> Result<SessionView, Fault> {
    let cwd = origin.directory(&request.cwd)?;
    let work = match request.kind {
        SessionKind::Shell => DispatchWork::Shell { command: request.text },
        SessionKind::Agent => DispatchWork::Agent {
            prompt: request.text,
            agent: request.agent,
            model: request.model,
            permission_mode: request.permission_mode,
        },
    };
    let env = origin.environment.clone();
    let dispatch = Dispatch {
        work,
        name: request.name,
        cwd,
        env,
        worktree: Wish::Usual,
        enclosures: request.enclosures,
    };
    let started = link.ask(dispatch).await?;
    if window.label() == QUICK {
        announcement::started(window.app_handle(), &started.name, &started.cwd);
    }
    Ok(started)
}

/// `need` is the request that was on the screen, `shown_ms` for how long it was when the key or the
/// button went down.
#[tauri::command]
#[specta::specta]
pub async fn answer(
    link: State<'_, Link>,
    origin: State<'_, Origin>,
    session: String,
    need: Option<NeedId>,
    answer: Answer,
    shown_ms: Option<u32>,
) -> Result<SessionView, Fault> {
    let (shown_ms, env) = (shown_ms.map(u64::from), origin.environment.clone());
    link.ask(calls::Answer { session, need, answer, shown_ms, env }).await
}

#[tauri::command]
#[specta::specta]
pub async fn reply(
    link: State<'_, Link>,
    origin: State<'_, Origin>,
    session: String,
    text: String,
    enclosures: Vec<String>,
) -> Result<SessionView, Fault> {
    let env = origin.environment.clone();
    Ok(link.ask(calls::Reply { session, text, env, enclosures }).await?.view)
}

#[tauri::command]
#[specta::specta]
pub async fn interrupt(link: State<'_, Link>, session: String) -> Result<(), Fault> {
    link.ask(calls::Interrupt { session }).await.map(drop)
}

/// Goes on in the agent's own terminal, or as a conversation. Done when the process that takes it
/// over lives.
#[tauri::command]
#[specta::specta]
pub async fn open_as(
    link: State<'_, Link>,
    origin: State<'_, Origin>,
    session: String,
    surface: Surface,
) -> Result<SessionView, Fault> {
    let env = origin.environment.clone();
    link.ask(calls::Open { session, surface, env }).await
}

/// Done when every process of the session is gone.
#[tauri::command]
#[specta::specta]
pub async fn stop(link: State<'_, Link>, session: String) -> Result<SessionView, Fault> {
    link.ask(calls::Stop { session }).await
}

/// What became of its worktree; none when it had none. Work that is nowhere else keeps both, unless it is to
/// be discarded or left with the worktree.
#[tauri::command]
#[specta::specta]
pub async fn remove(
    link: State<'_, Link>,
    session: String,
    discard: bool,
    keep_worktree: bool,
) -> Result<Option<WorktreeFate>, Fault> {
    Ok(link.ask(calls::Remove { session, discard, keep_worktree }).await?.worktree)
}

#[tauri::command]
#[specta::specta]
pub async fn rename(
    link: State<'_, Link>,
    session: String,
    name: String,
) -> Result<SessionView, Fault> {
    link.ask(calls::Rename { session, name }).await
}

/// One of the options of the session's agent; `option` and `value` are ids.
#[tauri::command]
#[specta::specta]
pub async fn choose(
    link: State<'_, Link>,
    session: String,
    option: String,
    value: String,
) -> Result<SessionView, Fault> {
    link.ask(calls::Choose { session, option, value }).await
}

#[tauri::command]
#[specta::specta]
pub async fn pin(
    link: State<'_, Link>,
    session: String,
    pinned: bool,
) -> Result<SessionView, Fault> {
    link.ask(calls::Pin { session, pinned }).await
}

/// `raw` gives what the terminal got, in base64; otherwise plain text.
#[tauri::command]
#[specta::specta]
pub async fn logs(
    link: State<'_, Link>,
    session: String,
    offset: Offset,
    raw: bool,
) -> Result<LogPage, Fault> {
    let page = link.ask(calls::Logs { session, raw, offset: offset.0, since: None }).await?;
    Ok(LogPage { data: page.data, next: Offset(page.next), end: page.end, ended: page.ended })
}

/// Why the session is in its state.
#[tauri::command]
#[specta::specta]
pub async fn why(link: State<'_, Link>, session: String) -> Result<Vec<Evidence>, Fault> {
    link.ask(calls::Why { session }).await
}
