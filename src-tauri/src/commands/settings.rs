//! The settings file: read, and changed key by key or as a whole.

use nightshift_platform::dirs::Home;
use nightshift_platform::files;
use nightshift_protocol::{Fault, FaultCode};
use nightshift_settings::{EditError, Remark, edit, parse};
use serde::Serialize;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The longest file that is read as settings anywhere.
const FILE_MAX_BYTES: usize = 256 * 1024;

/// One change at a time: each begins with what the one before has written.
static CHANGES: Mutex<()> = Mutex::new(());

/// Something to say about one place of the file. Lines and columns count from 1.
#[derive(Debug, Serialize, specta::Type)]
pub struct SettingsRemark {
    pub line: u32,
    pub column: u32,
    pub message: String,
}

/// The settings file as it is now.
#[derive(Debug, Serialize, specta::Type)]
pub struct SettingsFile {
    pub path: String,
    /// Empty where there is no file yet.
    pub text: String,
    /// What it sets, as JSON; an empty object while it cannot be read.
    pub json: String,
    /// Why it cannot be read; the last good settings stay in force meanwhile.
    pub problem: Option<SettingsRemark>,
    /// Keys that mean nothing to this version.
    pub unknown: Vec<SettingsRemark>,
}

#[tauri::command]
#[specta::specta]
pub async fn settings() -> Result<SettingsFile, Fault> {
    let path = file()?;
    let text = read(&path)?;
    Ok(described(&path, text))
}

/// Sets the key at `path`, or takes it out. `json` is the value.
#[tauri::command]
#[specta::specta]
pub async fn set_setting(path: Vec<String>, json: Option<String>) -> Result<SettingsFile, Fault> {
    let value = json.map(|json| serde_json::from_str(&json)).transpose();
    let value = value.map_err(|e| Fault::new(FaultCode::Invalid, format!("no value: {e}")))?;
    let keys: Vec<&str> = path.iter().map(String::as_str).collect();
    change(|text| edit(text, &keys, value.as_ref()).map_err(refused))
}

/// Replaces the whole text, which must be readable.
#[tauri::command]
#[specta::specta]
pub async fn write_settings(text: String) -> Result<SettingsFile, Fault> {
    change(|_| {
        parse(&text).map_err(|remark| refused(EditError::Wrong(remark)))?;
        Ok(text)
    })
}

fn change(new: impl FnOnce(&str) -> Result<String, Fault>) -> Result<SettingsFile, Fault> {
    // A panic while it was held left at most an unchanged file.
    let _one = CHANGES.lock().unwrap_or_else(PoisonError::into_inner);
    let path = file()?;
    let text = new(&read(&path)?)?;
    if text.len() > FILE_MAX_BYTES {
        let message = format!("the settings would be longer than {FILE_MAX_BYTES} bytes");
        return Err(Fault::new(FaultCode::Limit, message));
    }
    let written = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    written.and_then(|()| files::write_durably(&path, text.as_bytes())).map_err(|e| {
        Fault::new(FaultCode::Io, format!("cannot write {}: {e}", path.display()))
            .hint("make the file writable")
    })?;
    Ok(described(&path, text))
}

fn refused(error: EditError) -> Fault {
    let hint = match &error {
        EditError::Unreadable(_) => "mend the file first: Settings, Advanced shows the place",
        EditError::Wrong(_) => "the file stays as it was",
        EditError::Key(_) => "",
    };
    Fault::new(FaultCode::Invalid, error.to_string()).hint(hint)
}

fn file() -> Result<PathBuf, Fault> {
    let path = Home::settings_file().map_err(|e| Fault::new(FaultCode::Io, e.to_string()))?;
    // A link stays a link: the file it leads to is the one that is written.
    Ok(path.canonicalize().unwrap_or(path))
}

fn read(path: &Path) -> Result<String, Fault> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(e) => Err(Fault::new(FaultCode::Io, format!("cannot read {}: {e}", path.display()))),
    }
}

fn described(path: &Path, text: String) -> SettingsFile {
    let parsed = parse(&text);
    let (json, problem, unknown) = match parsed {
        Ok(parsed) => {
            let json = serde_json::to_string(&parsed.settings).unwrap_or_else(|_| "{}".to_owned());
            (json, None, parsed.unknown.into_iter().map(remark).collect())
        }
        Err(wrong) => ("{}".to_owned(), Some(remark(wrong)), Vec::new()),
    };
    SettingsFile { path: path.display().to_string(), text, json, problem, unknown }
}

fn remark(remark: Remark) -> SettingsRemark {
    let short = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let (line, column) = (short(remark.line), short(remark.column));
    SettingsRemark { line, column, message: remark.message }
}
