//! Starting sessions and acting on them.

use crate::announcement;
use crate::environment::Origin;
use crate::link::{Link, unexpected};
use crate::quick::QUICK;
use nightshift_model::{Answer, Evidence, NeedId, Surface, Wish};
use nightshift_protocol::{
    Command, Dispatch, DispatchWork, Fault, Reply, SessionKind, SessionView, WorktreeFate,
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

async fn view(link: &Link, command: Command) -> Result<SessionView, Fault> {
    match link.call(command).await? {
        Reply::Session { view } | Reply::Said { view, .. } => Ok(*view),
        other => Err(unexpected(&other)),
    }
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
    let started = view(&link, Command::Dispatch(dispatch)).await?;
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
    view(&link, Command::Answer { session, need, answer, shown_ms, env }).await
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
    view(&link, Command::Reply { session, text, env, enclosures }).await
}

#[tauri::command]
#[specta::specta]
pub async fn interrupt(link: State<'_, Link>, session: String) -> Result<(), Fault> {
    link.call(Command::Interrupt { session }).await.map(drop)
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
    view(&link, Command::Open { session, surface, env }).await
}

/// Done when every process of the session is gone.
#[tauri::command]
#[specta::specta]
pub async fn stop(link: State<'_, Link>, session: String) -> Result<SessionView, Fault> {
    view(&link, Command::Stop { session }).await
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
    match link.call(Command::Remove { session, discard, keep_worktree }).await? {
        Reply::Removed { worktree, .. } => Ok(worktree),
        other => Err(unexpected(&other)),
    }
}

#[tauri::command]
#[specta::specta]
pub async fn rename(
    link: State<'_, Link>,
    session: String,
    name: String,
) -> Result<SessionView, Fault> {
    view(&link, Command::Rename { session, name }).await
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
    view(&link, Command::Choose { session, option, value }).await
}

#[tauri::command]
#[specta::specta]
pub async fn pin(
    link: State<'_, Link>,
    session: String,
    pinned: bool,
) -> Result<SessionView, Fault> {
    view(&link, Command::Pin { session, pinned }).await
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
    match link.call(Command::Logs { session, raw, offset: offset.0, since: None }).await? {
        Reply::Logs(page) => Ok(LogPage {
            data: page.data,
            next: Offset(page.next),
            end: page.end,
            ended: page.ended,
        }),
        other => Err(unexpected(&other)),
    }
}

/// Why the session is in its state.
#[tauri::command]
#[specta::specta]
pub async fn why(link: State<'_, Link>, session: String) -> Result<Vec<Evidence>, Fault> {
    match link.call(Command::Why { session }).await? {
        Reply::Why { evidence } => Ok(evidence),
        other => Err(unexpected(&other)),
    }
}
