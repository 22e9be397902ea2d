//! `routines edit` and `export`: the text of a definition's file.
//!
//! Promise: an editor works on a copy; what it leaves replaces the file only where it has no mistake and nobody has
//! changed the file meanwhile, and is kept where it does not.

use super::changed;
use crate::context::{Context, print, print_json};
use crate::failure::Failure;
use nightshift_client::Client;
use nightshift_protocol::routine::RoutineDetail;
use nightshift_protocol::{Fault, FaultCode, calls};
use serde::Serialize;
use std::path::Path;
use std::process::{Command, ExitCode};

/// In the order in which they are asked.
const EDITOR_VARIABLES: [&str; 2] = ["VISUAL", "EDITOR"];

#[derive(Serialize)]
struct Exported {
    name: String,
    file: String,
    text: String,
}

fn io(what: &str, error: &std::io::Error) -> Failure {
    Fault::new(FaultCode::Io, format!("{what}: {error}")).into()
}

/// The file as it is, mistakes and all.
async fn shown(client: &Client, routine: String) -> Result<(RoutineDetail, String), Failure> {
    let detail = client.ask(calls::ShowRoutine { routine }).await?;
    match std::fs::read_to_string(&detail.file) {
        Ok(text) => Ok((detail, text)),
        Err(e) => Err(io(&format!("cannot read {}", detail.file), &e)),
    }
}

pub async fn export(here: &Context, client: &Client, routine: String) -> Result<ExitCode, Failure> {
    let (detail, text) = shown(client, routine).await?;
    let RoutineDetail { routine, file, .. } = detail;
    match here.json {
        true => print_json(&Exported { name: routine.name, file, text })?,
        false => print(&text)?,
    }
    Ok(ExitCode::SUCCESS)
}

pub async fn edit(here: &Context, client: &Client, routine: String) -> Result<ExitCode, Failure> {
    let set = |name: &&str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let Some(editor) = EDITOR_VARIABLES.iter().find_map(set) else {
        let fault = Fault::new(FaultCode::Invalid, "no editor is set")
            .hint("set VISUAL or EDITOR, or edit the file that `nightshift routines show` names");
        return Err(fault.into());
    };
    let (detail, before) = shown(client, routine).await?;
    let name = detail.routine.name;
    let copy = std::env::temp_dir().join(format!("{name}-{}.md", std::process::id()));
    nightshift_platform::files::write_atomically(&copy, before.as_bytes())
        .map_err(|e| io(&format!("cannot write {}", copy.display()), &e))?;
    run_editor(&editor, &copy)?;
    let text = std::fs::read_to_string(&copy)
        .map_err(|e| io(&format!("cannot read {}", copy.display()), &e))?;
    if text == before {
        std::fs::remove_file(&copy).ok(); // A copy of what is there.
        return here.say(&detail.routine.id, &format!("unchanged · {name}"));
    }
    match client.ask(calls::ReplaceRoutine { routine: name, text, before }).await {
        Ok(view) => {
            std::fs::remove_file(&copy).ok(); // It is in its place.
            changed(here, &view, "updated")
        }
        Err(fault) => {
            eprintln!("note: your text is kept in {}", copy.display());
            Err(fault.into())
        }
    }
}

/// As other programs do: what is set may have options.
fn run_editor(editor: &str, file: &Path) -> Result<(), Failure> {
    let command = format!("{editor} \"$1\"");
    let ended = Command::new("/bin/sh").arg("-c").arg(command).arg("sh").arg(file).status();
    let ended = ended.map_err(|e| io(&format!("cannot run {editor}"), &e))?;
    if ended.success() {
        return Ok(());
    }
    let message = format!("{editor} ended with {ended}; nothing was changed");
    Err(Fault::new(FaultCode::Refused, message).into())
}
