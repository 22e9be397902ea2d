//! `nightshift settings`: where the settings file is, whether it is right, what it says, and taking
//! over agents from other hosts.

use crate::context::{Context, print, print_json};
use crate::failure::Failure;
use crate::output::plain::one_line;
use nightshift_client::dispatch_environment;
use nightshift_platform::dirs::Home;
use nightshift_platform::files;
use nightshift_protocol::{Fault, FaultCode};
use nightshift_settings::{Import, import, parse};
use nightshift_supervisor::{Checked, check_settings};
use serde_json::json;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Other hosts' settings files are far smaller.
const OTHER_MAX_BYTES: u64 = 4 * 1024 * 1024;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Print where the settings file is; it need not be there.
    Path,
    /// Say what is wrong in the settings file; exit code 1 when something is.
    Check,
    /// Print the settings in force.
    Show,
    /// Add the agents of another host's file (Zed's settings.json, JetBrains' acp.json).
    Import { file: PathBuf },
}

pub fn run(here: &Context, args: &Args) -> Result<ExitCode, Failure> {
    let file = Home::settings_file().map_err(|e| Fault::new(FaultCode::Io, e.to_string()))?;
    match &args.what {
        What::Path => here.say(&json!({"path": file}), &file.display().to_string()),
        What::Check => check(here, &file),
        What::Show => show(here, &file),
        What::Import { file: other } => take_over(here, &file, other),
    }
}

/// The file's text; one that is not there is empty.
fn text_of(file: &Path) -> Result<String, Fault> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(text),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(e) => Err(Fault::new(FaultCode::Io, format!("cannot read {}: {e}", file.display()))),
    }
}

fn wrong(file: &Path, why: &impl std::fmt::Display) -> Fault {
    Fault::new(FaultCode::Invalid, format!("{}: {why}", file.display()))
        .hint("mend it; until then the settings stay as they were")
}

fn check(here: &Context, file: &Path) -> Result<ExitCode, Failure> {
    let text = text_of(file)?;
    let parsed = parse(&text).map_err(|remark| wrong(file, &remark))?;
    let binary = std::env::current_exe().map_err(|e| Fault::new(FaultCode::Io, e.to_string()))?;
    let (named, env) = (file.display().to_string(), dispatch_environment());
    let Checked { wrong, missing } = check_settings(&binary, &named, &text, &parsed.settings, &env);
    let code = if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    if here.json {
        let unknown = parsed.unknown;
        print_json(&json!({"path": file, "unknown": unknown, "wrong": wrong, "missing": missing}))?;
        return Ok(code);
    }
    for remark in &parsed.unknown {
        print(&format!("warning: {}\n", one_line(&remark.to_string())))?;
    }
    if let Some(why) = missing {
        print(&format!("warning: {}\n", one_line(&why)))?;
    }
    for remark in &wrong {
        print(&format!("error: {}\n", one_line(&remark.to_string())))?;
    }
    if wrong.is_empty() {
        print(&format!("{} can be read\n", file.display()))?;
    }
    Ok(code)
}

fn show(here: &Context, file: &Path) -> Result<ExitCode, Failure> {
    let text = text_of(file)?;
    let parsed = parse(&text).map_err(|remark| wrong(file, &remark))?;
    match here.json {
        true => print_json(&parsed.settings)?,
        false if text.trim().is_empty() => {
            print(&format!("nothing is set; {} is not there\n", file.display()))?;
        }
        false => print(&crate::output::plain::clean(&text))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn take_over(here: &Context, file: &Path, other: &Path) -> Result<ExitCode, Failure> {
    here.refuse_sessions("change settings")?;
    let unread = |e: std::io::Error| {
        Fault::new(FaultCode::Io, format!("cannot read {}: {e}", other.display()))
    };
    let bytes = files::read_bounded(other, OTHER_MAX_BYTES).map_err(unread)?;
    let text = String::from_utf8_lossy(&bytes);
    let import = import(&text_of(file)?, &text)
        .map_err(|e| Fault::new(FaultCode::Invalid, format!("{}: {e}", other.display())))?;
    if !import.added.is_empty() {
        save(file, &import.text)?;
    }
    let Import { added, present, refused, .. } = import;
    if here.json {
        print_json(&json!({"path": file, "added": added, "present": present, "refused": refused}))?;
        return Ok(ExitCode::SUCCESS);
    }
    let list = |what: &str, ids: &[String]| match ids {
        [] => String::new(),
        ids => format!("{what}: {}\n", crate::output::plain::one_line(&ids.join(", "))),
    };
    let mut out = list("added", &added) + &list("there already", &present);
    for (id, why) in refused {
        out += &format!(
            "left out: {}: {}\n",
            crate::output::plain::one_line(&id),
            crate::output::plain::one_line(&why)
        );
    }
    print(&out)?;
    Ok(ExitCode::SUCCESS)
}

fn save(file: &Path, text: &str) -> Result<(), Fault> {
    let unsaved = |e: std::io::Error| {
        Fault::new(FaultCode::Io, format!("cannot write {}: {e}", file.display()))
    };
    if let Some(dir) = file.parent() {
        std::fs::create_dir_all(dir).map_err(unsaved)?;
    }
    files::write_durably(file, text.as_bytes()).map_err(unsaved)
}
