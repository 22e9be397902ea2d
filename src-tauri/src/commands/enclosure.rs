//! Files that go with prompts: handed over when they are pasted or dropped, shown where they went.

use crate::link::Link;
use nightshift_model::Enclosure;
use nightshift_protocol::{Fault, calls};
use tauri::State;

/// Keeps a pasted or dropped file; a dispatch or reply then names it by its id. `data` is base64.
#[tauri::command]
#[specta::specta]
pub async fn enclose(
    link: State<'_, Link>,
    name: String,
    data: String,
) -> Result<Enclosure, Fault> {
    link.ask(calls::Enclose { name, data }).await
}

/// The bytes of a file that went with a prompt of the session, in base64.
#[tauri::command]
#[specta::specta]
pub async fn read_enclosure(
    link: State<'_, Link>,
    session: String,
    id: String,
) -> Result<String, Fault> {
    link.ask(calls::ReadEnclosure { session, id }).await
}
