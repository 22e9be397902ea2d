//! The intake process: the only one that listens to the network. It checks what comes, hands it to the supervisor and
//! answers.
//!
//! Promises: what is not proven to be from whom it should be reaches no routine; no client takes more than a bounded
//! amount of time, memory and connections; what was answered with success is stored.
//! Must not know: definitions, sessions, the database, what becomes of an event.

mod answer;
mod app;
mod fire;
mod limits;
mod link;
mod listen;
mod poll;
mod webhook;

use nightshift_protocol::{Fault, FaultCode};

/// Serves until the supervisor that is at the other end of stdin ends, or has nothing more to serve.
pub fn run() -> Result<(), Fault> {
    let failed = |e: std::io::Error| Fault::new(FaultCode::Io, format!("the intake process: {e}"));
    let socket = link::socket()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(failed)?;
    let served = runtime.block_on(link::serve(socket));
    // Requests to GitHub that do not end must not keep the process.
    runtime.shutdown_background();
    served
}
