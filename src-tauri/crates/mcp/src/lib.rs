//! `nightshift mcp`: our tools for one session's agent, over the Model Context Protocol on stdio.
//!
//! Started by the agent, so it lives under the session's host. It is a client of the supervisor
//! like any other and keeps nothing but the monitors that it runs.
//!
//! Promises: outlives the supervisor and finds the next one; ends with its input, and every
//! monitor with it. Must not know: the store, hosts, what the supervisor decides.

mod bridge;
pub mod monitor;
mod server;
mod supervisor;
mod tools;

use bridge::Bridge;
use nightshift_platform::dirs::Home;
use rmcp::ServiceExt;
use rmcp::transport::io::stdio_pipes;
use server::Server;
use std::process::ExitCode;
use supervisor::Supervisor;
use tokio::signal::unix::{SignalKind, signal};

pub use server::list;

/// Serves the tools of `session` until the agent closes our input or a signal comes.
pub fn serve(session: &str) -> ExitCode {
    let home = match Home::resolve() {
        Ok(home) => home,
        Err(error) => return failed(&error),
    };
    // One thread: it waits almost always, and each session has one of these.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let bridge = Bridge::new(Supervisor::new(home, session.to_owned()));
    let served = runtime.block_on(async {
        let served = tokio::select! {
            served = speak(bridge.clone()) => served,
            () = asked_to_end() => Ok(()),
        };
        bridge.monitors.end().await;
        served
    });
    // A thread may sit in a read of our input that nothing can end.
    runtime.shutdown_background();
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("nightshift mcp: {error}");
    ExitCode::FAILURE
}

async fn speak(bridge: Bridge) -> Result<(), String> {
    let serving = Server::new(bridge).serve(stdio_pipes()).await.map_err(|e| e.to_string())?;
    serving.waiting().await.map(|_| ()).map_err(|e| e.to_string())
}

/// Whoever ends us politely gives us time to end what we started.
async fn asked_to_end() {
    let listen = |kind| signal(kind);
    let (Ok(mut term), Ok(mut hangup), Ok(mut interrupt)) = (
        listen(SignalKind::terminate()),
        listen(SignalKind::hangup()),
        listen(SignalKind::interrupt()),
    ) else {
        // Without them a signal simply ends us; the host ends what is left.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = hangup.recv() => {}
        _ = interrupt.recv() => {}
    }
}
