//! `nightshift daemon uninstall`: takes the service away again. Sessions go on.

use crate::context::Context;
use crate::failure::Failure;
use crate::service::{self, Calls};
use nightshift_protocol::{Fault, FaultCode};
use serde::Serialize;
use std::process::ExitCode;

#[derive(Serialize)]
struct Uninstalled {
    /// The definition that was removed.
    file: String,
}

pub async fn run(here: Context) -> Result<ExitCode, Failure> {
    let file = service::file()?;
    if !file.exists() {
        let message = format!("no service is installed: {} is not there", file.display());
        return Err(Fault::new(FaultCode::NotFound, message)
            .hint("install it with `nightshift daemon install`")
            .into());
    }
    // Removed in any case: a service manager that does not answer must not keep it alive.
    let disable = Calls::disable(&file);
    let disabled = disable.make();
    service::remove(&file)?;
    let forgotten = disabled.and_then(|_| Calls::forget().make());
    forgotten.map_err(|fault| {
        let hint = format!("{} is removed; what still runs ends at logout", file.display());
        fault.hint(hint)
    })?;
    let file = file.display().to_string();
    let text =
        format!("uninstalled · {file}\nsessions keep running; a supervisor starts when needed");
    here.say(&Uninstalled { file }, &text)
}
