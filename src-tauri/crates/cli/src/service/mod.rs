//! The supervisor as a service that begins with the user's login: systemd, or launchd on macOS.
//!
//! Promise: ending or updating the service ends no session. Must not know: verbs, output.

#[cfg(any(target_os = "macos", test))]
#[cfg_attr(not(target_os = "macos"), allow(dead_code))]
mod launchd;
#[cfg_attr(target_os = "macos", allow(dead_code))]
mod systemd;

#[cfg(target_os = "macos")]
use launchd as kind;
#[cfg(not(target_os = "macos"))]
use systemd as kind;

use nightshift_platform::dirs::{HOME_VARIABLE, Home};
use nightshift_platform::files::write_durably;
use nightshift_platform::spawn::{Program, own_environment, spawn_piped};
use nightshift_protocol::launch::ROLE_VARIABLE;
use nightshift_protocol::{Fault, FaultCode};
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What the service's definition says.
struct Definition {
    binary: String,
    /// Where stderr goes: the same file as that of a supervisor which a client started.
    log: String,
    /// Only what decides where the home is: sessions get their dispatcher's environment.
    variables: Vec<(&'static str, String)>,
}

/// Where the definition is or would be.
pub fn file() -> Result<PathBuf, Fault> {
    let variable =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    kind::file(variable).ok_or_else(|| {
        Fault::new(FaultCode::Invalid, "HOME is not set; a service belongs to a home")
            .hint("set HOME to your home directory")
    })
}

/// Writes the definition of a service that runs `binary` for `home`.
pub fn write(file: &Path, binary: &Path, home: &Home) -> Result<(), Fault> {
    let mut variables = vec![(ROLE_VARIABLE, "supervisor".to_owned())];
    if std::env::var_os(HOME_VARIABLE).is_some() {
        variables.push((HOME_VARIABLE, text(&home.state)?));
    } else if let Some(dir) = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from)
        && dir.is_absolute()
    {
        variables.push(("XDG_STATE_HOME", text(&dir)?));
    }
    let definition = Definition { binary: text(binary)?, log: text(&home.log_file())?, variables };
    let failed = |e: std::io::Error| {
        Fault::new(FaultCode::Io, format!("cannot write {}: {e}", file.display()))
            .hint("check the rights of that directory")
    };
    std::fs::create_dir_all(file.parent().unwrap_or(Path::new("/"))).map_err(failed)?;
    // The log's directory must be there before the service manager opens it.
    home.ensure().map_err(|e| Fault::new(FaultCode::Io, e.to_string()))?;
    write_durably(file, kind::text(&definition).as_bytes()).map_err(failed)
}

/// A path as the definition can hold it.
fn text(path: &Path) -> Result<String, Fault> {
    match path.to_str() {
        Some(text) if !text.chars().any(char::is_control) => Ok(text.to_owned()),
        Some(_) | None => {
            let message = format!("a service cannot use the path {}", path.display());
            Err(Fault::new(FaultCode::Invalid, message)
                .hint("move it to one of printable characters"))
        }
    }
}

/// Removes the definition, and what enabling it made beside it. False when there was none.
pub fn remove(file: &Path) -> Result<bool, Fault> {
    let mut found = false;
    for path in kind::links(file).into_iter().chain([file.to_owned()]) {
        match std::fs::remove_file(&path) {
            Ok(()) => found = true,
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => {
                let message = format!("cannot remove {}: {e}", path.display());
                return Err(Fault::new(FaultCode::Io, message));
            }
        }
    }
    Ok(found)
}

/// Calls of the service manager, one after the other.
pub struct Calls(Vec<Vec<String>>);

impl Calls {
    /// Makes the definition known; `now` also starts it.
    pub fn enable(file: &Path, now: bool) -> Calls {
        Calls(kind::enable(file, now))
    }

    pub fn disable(file: &Path) -> Calls {
        Calls(kind::disable(file))
    }

    /// After the definition was removed.
    pub fn forget() -> Calls {
        Calls(kind::forget())
    }

    /// As a user types them.
    pub fn line(&self) -> String {
        let line = |call: &Vec<String>| format!("{} {}", kind::MANAGER, call.join(" "));
        self.0.iter().map(line).collect::<Vec<_>>().join(" && ")
    }

    /// False when this system has no such service manager.
    pub fn make(&self) -> Result<bool, Fault> {
        for call in &self.0 {
            match run(call) {
                Ok(()) => {}
                Err(None) => return Ok(false),
                Err(Some(why)) => {
                    let what = format!("{} {} failed: {why}", kind::MANAGER, call.join(" "));
                    return Err(Fault::new(FaultCode::Io, what));
                }
            }
        }
        Ok(true)
    }
}

/// None: there is no such program.
fn run(call: &[String]) -> Result<(), Option<String>> {
    let args: Vec<OsString> = call.iter().map(OsString::from).collect();
    let env = own_environment();
    let program =
        Program { program: OsStr::new(kind::MANAGER), args: &args, env: &env, cwd: Path::new("/") };
    let (child, _) = spawn_piped(&program).map_err(|e| match e.kind() {
        ErrorKind::NotFound => None,
        _ => Some(e.to_string()),
    })?;
    let output = child.wait_with_output().map_err(|e| Some(e.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim();
    Err(Some(if said.is_empty() { output.status.to_string() } else { said.to_owned() }))
}
