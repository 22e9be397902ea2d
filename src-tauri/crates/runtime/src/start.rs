//! Taking the supervisor's role, serving until told to end, giving the role back.

use crate::clocks;
use crate::host_link::blocking::{self, keep_spare};
use crate::host_link::end::clear_sockets;
use crate::host_link::path_guard::{self, PathGuard};
use crate::instance::{OpenInstance, take_role};
use crate::machine::Machine;
use crate::routines;
use crate::server::callers::{Callers, may_serve};
use crate::server::pressure::Pressure;
use crate::workspace::LocalWorktrees;
use nightshift_platform::clock;
use nightshift_platform::dirs::Home;
use nightshift_protocol::{Fault, FaultCode};
use nightshift_settings::Watched;
use nightshift_store::Store;
use nightshift_supervisor::core::Core;
use nightshift_supervisor::features::settings;
use nightshift_supervisor::inbox::Inbox;
use nightshift_supervisor::limits::INBOX_MAX;
use nightshift_supervisor::ports::world::Lane;
use std::io::Write;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// Runs the supervisor of `home` until it is told to end. Prints `ready` once it listens.
pub fn run(home: Home) -> Result<(), Fault> {
    home.ensure().map_err(|e| Fault::new(FaultCode::Io, e.to_string()))?;
    let io = |what: &str, e: std::io::Error| Fault::new(FaultCode::Io, format!("{what}: {e}"));
    may_serve(&home)?;
    let role = take_role(&home)?;
    let (store, set_aside) = Store::open(&home.database(), clock::now())
        .map_err(|e| Fault::new(FaultCode::Io, e.to_string()))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| io("runtime", e))?;
    keep_spare().map_err(|e| io("a spare thread", e))?;
    runtime.block_on(async {
        let (inbox, messages) = mpsc::channel(INBOX_MAX);
        let callers = Arc::new(Callers::of(&home).map_err(|e| io("own process", e))?);
        let prepared = OpenInstance::prepare(&home, role, inbox.clone(), callers.clone())
            .map_err(|e| io("supervisor socket", e))?;
        let binary = std::env::current_exe().map_err(|e| io("own binary", e))?;
        let worktrees = LocalWorktrees::of(&home, &binary);
        let definitions = Home::routines().map_err(|e| Fault::new(FaultCode::Io, e.to_string()))?;
        let machine = Machine {
            routines: definitions.clone(),
            home: home.clone(),
            binary: binary.clone(),
            inbox: inbox.clone(),
            looks: PathGuard::new(path_guard::patience()),
            callers,
            worktrees: worktrees.clone(),
        };
        let mut core = Core::new(
            home,
            &binary,
            Box::new(store),
            Box::new(machine),
            Arc::new(worktrees.clone()),
        )?;
        core.pressure = Some(Box::new(Pressure::start(inbox.clone())));
        match Home::settings_file() {
            Ok(file) => core.settings = Watched::new(file),
            Err(e) => tracing::warn!("no settings file: {e}"),
        }
        settings::refresh(&mut core);
        let home = core.home.clone();
        tokio::spawn(blocking::run(Lane::Directories, move || clear_sockets(&home)));
        core.recover(&set_aside);
        core.instance = Some(Box::new(prepared.serve()));
        tokio::spawn(blocking::run(Lane::Worktrees, move || {
            for problem in worktrees.tidy_up() {
                tracing::warn!("worktrees: {problem}");
            }
        }));
        let watching = tokio::spawn(routines::watch(definitions, inbox.clone()));
        let clocks = tokio::spawn(clocks::watch(inbox.clone()));
        let signals = tokio::spawn(forward_signals(inbox));
        announce();
        core.run(messages).await;
        signals.abort();
        watching.abort();
        clocks.abort();
        if let Some(instance) = core.instance.take() {
            instance.leave();
        }
        Ok(())
    })
}

/// The line a starter waits for. Nobody may be reading: that does not matter.
fn announce() {
    let mut out = std::io::stdout();
    writeln!(out, "ready").and_then(|()| out.flush()).ok();
}

async fn forward_signals(inbox: mpsc::Sender<Inbox>) {
    let (Ok(mut term), Ok(mut int)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::warn!("signals cannot be watched; end this process with `nightshift daemon stop`");
        return;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    inbox.send(Inbox::Terminate).await.ok(); // The loop has ended already.
}
