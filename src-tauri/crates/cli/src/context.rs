//! What every verb works with: the home, the way of output, the connection.

use crate::failure::Failure;
use nightshift_client::{Client, Starter, find_or_start};
use nightshift_host::kin::{Caller, Kin};
use nightshift_platform::dirs::Home;
use nightshift_protocol::{Fault, FaultCode};
use serde::Serialize;
use std::io::Write;
use std::process::ExitCode;

pub struct Context {
    pub json: bool,
    pub home: Home,
}

impl Context {
    pub fn new(json: bool) -> Result<Context, Failure> {
        let home = Home::resolve().map_err(|e| Fault::new(FaultCode::Io, e.to_string()))?;
        Ok(Context { json, home })
    }

    /// Runs a verb on a runtime of one thread: a command line must start light.
    pub fn run<F>(self, verb: impl FnOnce(Context) -> F) -> Result<ExitCode, Failure>
    where
        F: Future<Output = Result<ExitCode, Failure>>,
    {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| Fault::new(FaultCode::Io, format!("cannot start: {e}")))?;
        runtime.block_on(verb(self))
    }

    /// What changes the user's own files is the user's to say, as all that the supervisor is asked.
    pub fn refuse_sessions(&self, what: &str) -> Result<(), Failure> {
        match Kin::of_newcomer(&self.home) {
            Caller::User => Ok(()),
            Caller::Session { .. } | Caller::Program | Caller::Intake | Caller::Unknown { .. } => {
                let text = format!("what runs in a session may not {what}: only the user may");
                let hint = "run it in a terminal of your own";
                Err(Fault::new(FaultCode::Refused, text).hint(hint).into())
            }
        }
    }

    /// The supervisor; one is started when there is none.
    pub async fn client(&self) -> Result<Client, Failure> {
        let binary = std::env::current_exe()
            .map_err(|e| Fault::new(FaultCode::Io, format!("own binary not found: {e}")))?;
        Ok(find_or_start(&self.home, &Starter { binary }).await?)
    }

    /// `value` as one line of JSON, or `line` for people.
    pub fn say(&self, value: &impl Serialize, line: &str) -> Result<ExitCode, Failure> {
        if self.json {
            print_json(value)?
        } else {
            print(&format!("{line}\n"))?
        }
        Ok(ExitCode::SUCCESS)
    }
}

pub fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value)
        .map_err(|e| Fault::new(FaultCode::Internal, format!("cannot print as JSON: {e}")))?;
    print(&format!("{text}\n"))
}

pub fn print(text: &str) -> Result<(), Failure> {
    print_bytes(text.as_bytes())
}

pub fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes)?;
    Ok(out.flush()?)
}
