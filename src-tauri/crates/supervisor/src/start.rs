//! Taking the supervisor's role, serving until told to end, giving the role back.

use crate::core::Core;
use crate::inbox::Inbox;
use crate::limits::INBOX_MAX;
use crate::outside::Machine;
use crate::pressure::Pressure;
use crate::serve;
use nightshift_platform::dirs::Home;
use nightshift_platform::lock::{RoleLock, holder};
use nightshift_platform::{clock, ipc};
use nightshift_protocol::{Fault, FaultCode};
use nightshift_store::Store;
use std::io::Write;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// Threads for launches and disk reads end when idle this long: a resting supervisor has one.
const IDLE_THREAD_LIFE: Duration = Duration::from_secs(2);
/// Launches and reads at once; more would only compete for the same disk and cores.
const BLOCKING_THREADS_MAX: usize = 16;

/// Runs the supervisor of `home` until it is told to end. Prints `ready` once it listens.
pub fn run(home: Home) -> Result<(), Fault> {
    home.ensure().map_err(|e| Fault::new(FaultCode::Io, e.to_string()))?;
    let io = |what: &str, e: std::io::Error| Fault::new(FaultCode::Io, format!("{what}: {e}"));
    let lock = RoleLock::acquire(&home.lock_file()).map_err(|e| io("supervisor lock", e))?;
    let Some(lock) = lock else {
        let pid = holder(&home.lock_file()).map_or(String::new(), |h| format!(" (pid {})", h.pid));
        return Err(Fault::new(
            FaultCode::Refused,
            format!("a supervisor is running already{pid}"),
        )
        .hint("see `nightshift daemon status`"));
    };
    let (store, set_aside) = Store::open(&home.database(), clock::now())
        .map_err(|e| Fault::new(FaultCode::Io, e.to_string()))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .thread_keep_alive(IDLE_THREAD_LIFE)
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .enable_all()
        .build()
        .map_err(|e| io("runtime", e))?;
    let result = runtime.block_on(async {
        let socket = home.supervisor_socket();
        let listener = ipc::listen(&socket).map_err(|e| io("supervisor socket", e))?;
        let socket_id = ipc::socket_id(&socket).map_err(|e| io("supervisor socket", e))?;
        let (inbox, messages) = mpsc::channel(INBOX_MAX);
        let binary = std::env::current_exe().map_err(|e| io("own binary", e))?;
        let machine = Machine { home: home.clone(), binary: binary.clone(), inbox: inbox.clone() };
        let mut core = Core::new(home.clone(), &binary, Box::new(store), Box::new(machine))?;
        core.pressure = Pressure::start(inbox.clone());
        core.recover(&set_aside);
        let accept = tokio::spawn(serve::accept(listener, inbox.clone()));
        let signals = tokio::spawn(forward_signals(inbox));
        announce();
        core.run(messages).await;
        accept.abort();
        signals.abort();
        // Only our own socket: a successor may have made its own under the same name.
        if let Err(e) = ipc::remove_if_same(&socket, socket_id) {
            tracing::warn!("socket not removed: {e}");
        }
        Ok(())
    });
    // Blocking launches that are under way go on in their own processes.
    runtime.shutdown_background();
    drop(lock);
    result
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
