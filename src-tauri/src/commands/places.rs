//! Where a session could be started.

use crate::environment::Origin;
use crate::repositories::Kind;
use nightshift_protocol::{Fault, FaultCode};
use serde::Serialize;
use std::path::PathBuf;
use tauri::State;

#[derive(Debug, Serialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    Repository,
    /// Inside another repository.
    Nested,
    Worktree,
}

/// A directory in which a session could be started.
#[derive(Debug, Serialize, specta::Type)]
pub struct Place {
    pub path: String,
    pub kind: PlaceKind,
    /// What is checked out; none when HEAD is detached or cannot be read.
    pub branch: Option<String>,
}

/// Where a session could be started: repositories, those inside them, and worktrees.
#[tauri::command]
#[specta::specta]
pub async fn places(origin: State<'_, Origin>, near: Vec<String>) -> Result<Vec<Place>, Fault> {
    let near: Vec<PathBuf> =
        near.iter().filter_map(|text| origin.directory(text).ok()).map(PathBuf::from).collect();
    let found = tauri::async_runtime::spawn_blocking(move || crate::repositories::around(&near));
    let found = found.await.map_err(|e| Fault::new(FaultCode::Internal, e.to_string()))?;
    Ok(found.into_iter().map(shown).collect())
}

fn shown(place: crate::repositories::Place) -> Place {
    let kind = match place.kind {
        Kind::Repository => PlaceKind::Repository,
        Kind::Nested => PlaceKind::Nested,
        Kind::Worktree => PlaceKind::Worktree,
    };
    Place { path: place.path.display().to_string(), kind, branch: place.branch }
}
