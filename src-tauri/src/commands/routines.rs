//! Routines: listed, shown, written key by key, run and paused.

use crate::environment::Origin;
use crate::link::Link;
use crate::opening::{self, OpenTarget};
use crate::quick::QUICK;
use crate::{tray, window};
use nightshift_protocol::routine::{
    RoutineDetail, RoutineEdit, RoutineList, RoutineSaved, RoutineView, RunPage, RunStarted,
    SchedulePreview,
};
use nightshift_protocol::{Fault, calls};
use std::path::Path;
use tauri::{AppHandle, State};

/// Number of a run in the history; a JSON number is exact up to 2^53.
#[derive(Clone, Copy, Debug, serde::Deserialize, specta::Type)]
#[serde(transparent)]
pub struct RunNumber(#[specta(type = u32)] i64);

#[tauri::command]
#[specta::specta]
pub async fn routines(link: State<'_, Link>) -> Result<RoutineList, Fault> {
    link.ask(calls::ListRoutines {}).await
}

#[tauri::command]
#[specta::specta]
pub async fn routine(link: State<'_, Link>, routine: String) -> Result<RoutineDetail, Fault> {
    link.ask(calls::ShowRoutine { routine }).await
}

/// What became of its times, newest first; `before` is the `next` of the page before.
#[tauri::command]
#[specta::specta]
pub async fn routine_runs(
    link: State<'_, Link>,
    routine: String,
    before: Option<RunNumber>,
    limit: u32,
) -> Result<RunPage, Fault> {
    let before = before.map(|RunNumber(n)| n);
    link.ask(calls::RoutineRuns { routine, before, limit }).await
}

/// What a phrase, a cron expression or a time means, and when it would come due.
#[tauri::command]
#[specta::specta]
pub async fn preview_schedule(
    link: State<'_, Link>,
    schedule: String,
    timezone: Option<String>,
) -> Result<SchedulePreview, Fault> {
    link.ask(calls::PreviewSchedule { schedule, timezone }).await
}

/// Sets keys of a definition, or of a new one called `name`; mistakes are in the answer, and then nothing was
/// written. `check` only looks for them.
#[tauri::command]
#[specta::specta]
pub async fn save_routine(
    app: AppHandle,
    link: State<'_, Link>,
    routine: Option<String>,
    name: String,
    edits: Vec<RoutineEdit>,
    check: bool,
) -> Result<RoutineSaved, Fault> {
    let saved = link.ask(calls::SaveRoutine { routine, name, edits, check }).await?;
    tray::look_again(&app);
    Ok(saved)
}

#[tauri::command]
#[specta::specta]
pub async fn enable_routine(
    app: AppHandle,
    link: State<'_, Link>,
    routine: String,
    enabled: bool,
) -> Result<RoutineView, Fault> {
    let changed = match enabled {
        true => link.ask(calls::EnableRoutine { routine }).await,
        false => link.ask(calls::DisableRoutine { routine }).await,
    };
    tray::look_again(&app);
    changed
}

#[tauri::command]
#[specta::specta]
pub async fn pause_routine(
    app: AppHandle,
    link: State<'_, Link>,
    routine: String,
    note: String,
) -> Result<RoutineView, Fault> {
    let paused = link.ask(calls::PauseRoutine { routine, note }).await;
    tray::look_again(&app);
    paused
}

#[tauri::command]
#[specta::specta]
pub async fn resume_routine(
    app: AppHandle,
    link: State<'_, Link>,
    routine: String,
) -> Result<RoutineView, Fault> {
    let resumed = link.ask(calls::ResumeRoutine { routine }).await;
    tray::look_again(&app);
    resumed
}

/// Runs it now; answered when its session is there, or when it is known why there is none yet.
#[tauri::command]
#[specta::specta]
pub async fn run_routine(
    link: State<'_, Link>,
    routine: String,
    text: Option<String>,
) -> Result<RunStarted, Fault> {
    link.ask(calls::RunRoutine { routine, text }).await
}

/// Takes its file and its history away.
#[tauri::command]
#[specta::specta]
pub async fn remove_routine(
    app: AppHandle,
    link: State<'_, Link>,
    routine: String,
) -> Result<(), Fault> {
    let removed = link.ask(calls::RemoveRoutine { routine }).await;
    tray::look_again(&app);
    removed.map(drop)
}

/// Opens its file in the program that the desktop has for it.
#[tauri::command]
#[specta::specta]
pub async fn edit_routine(
    link: State<'_, Link>,
    origin: State<'_, Origin>,
    routine: String,
) -> Result<(), Fault> {
    let file = link.ask(calls::ShowRoutine { routine }).await?.file;
    nightshift_client::open_definition(Path::new(&file), &origin.user_home)
}

/// Of the quick window: what was typed behind `/schedule` goes on in the form of a new routine.
#[tauri::command]
#[specta::specta]
pub fn open_schedule(app: AppHandle, text: String, cwd: String) {
    window::hide(&app, QUICK);
    opening::open(&app, OpenTarget::Schedule { text, cwd });
}

/// Nothing starts on a schedule while they are paused.
#[tauri::command]
#[specta::specta]
pub async fn pause_schedules(
    app: AppHandle,
    link: State<'_, Link>,
    paused: bool,
) -> Result<(), Fault> {
    link.ask(calls::PauseSchedules { paused }).await?;
    tray::look_again(&app);
    Ok(())
}
