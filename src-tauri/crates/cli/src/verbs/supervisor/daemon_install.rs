//! `nightshift daemon install`: lets the supervisor begin with the user's login.

use crate::context::Context;
use crate::failure::Failure;
use crate::service::{self, Calls};
use nightshift_platform::lock;
use nightshift_protocol::{Fault, FaultCode};
use serde::Serialize;
use std::process::ExitCode;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Installed {
    /// The service's definition.
    file: String,
    /// False where the service manager is missing.
    enabled: bool,
    /// What is left for the user to run.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<String>,
}

pub async fn run(here: Context) -> Result<ExitCode, Failure> {
    here.refuse_sessions("start Nightshift at login")?;
    let binary = std::env::current_exe()
        .map_err(|e| Fault::new(FaultCode::Io, format!("own binary not found: {e}")))?;
    let file = service::file()?;
    service::write(&file, &binary, &here.home)?;
    // A second supervisor would be refused: the one that runs goes on until it is stopped.
    let free = lock::holder(&here.home.lock_file()).is_none();
    let calls = Calls::enable(&file, free);
    let enabled = calls.make().map_err(|fault| {
        let hint = format!("{} is written; then run: {}", file.display(), calls.line());
        fault.hint(hint)
    })?;
    let file = file.display().to_string();
    let mut text = format!("installed · {file}\n");
    let mut run = None;
    if enabled {
        text.push_str(match free {
            true => "the supervisor runs and begins with your login from now on\n",
            false => "the running supervisor continues; the service starts at your next login\n",
        });
    } else {
        text.push_str(&format!("no service manager was found here; run: {}\n", calls.line()));
        run = Some(calls.line());
    }
    if cfg!(target_os = "linux") {
        text.push_str("to keep sessions running after you log out: loginctl enable-linger");
    }
    here.say(&Installed { file, enabled, run }, text.trim_end())
}
