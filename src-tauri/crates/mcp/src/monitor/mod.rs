//! Monitors: commands and WebSockets that are watched beside the agent's turns.
//!
//! They run in this process, so under the agent and its session's host: they end with the agent,
//! outlive the supervisor, and cost it nothing while they flood. Two tasks for each: one reads and
//! judges what comes, the other hands it over; between them an outbox that holds a bounded amount.
//!
//! Promises: each line is handed over once, in order, and the end after the last of them; whatever
//! ends a monitor, everything below it is gone.
//! Must not know: tools, the agent's protocol.

pub mod address;
mod command;
mod courier;
mod ending;
pub mod flood;
pub mod lines;
pub mod outbox;
pub mod websocket;

pub use ending::Ending;

use address::Resolve;
use flood::Flood;
use nightshift_platform::clock;
use outbox::Outbox;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use courier::{Taken, Uplink};

/// Monitors at once: each may wake the agent, and a model that needs more needs one that filters.
pub const MONITORS_MAX: usize = 16;

/// Where and with what a session's commands run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub directory: PathBuf,
    pub env: BTreeMap<String, String>,
}

/// What a source gives next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    Line(String),
    Ended(Ending),
}

/// What is watched.
pub enum Source {
    Command(Box<command::Running>),
    Socket(Box<websocket::Socket>),
}

impl Source {
    /// Starts a command for monitor `id`.
    pub fn command(id: &str, command: &str, place: &Place) -> std::io::Result<Source> {
        command::Running::start(id, command, place).map(Box::new).map(Source::Command)
    }

    /// Connects to a WebSocket.
    pub async fn socket(
        target: &websocket::Target,
        protocols: &[String],
        resolver: &dyn Resolve,
        loopback_allowed: bool,
    ) -> Result<Source, String> {
        let connected =
            websocket::Socket::connect(target, protocols, resolver, loopback_allowed).await?;
        Ok(Source::Socket(Box::new(connected)))
    }

    async fn next(&mut self) -> Next {
        match self {
            Source::Command(command) => command.next().await,
            Source::Socket(socket) => socket.next().await,
        }
    }

    pub async fn end(self) {
        match self {
            Source::Command(command) => command.end().await,
            // A dropped connection is closed.
            Source::Socket(_) => {}
        }
    }
}

struct Running {
    stop: watch::Sender<bool>,
    reader: JoinHandle<()>,
    courier: JoinHandle<()>,
}

/// The monitors of this process.
#[derive(Default)]
pub struct Monitors {
    running: Mutex<BTreeMap<String, Running>>,
}

impl Monitors {
    fn running<T>(&self, act: impl FnOnce(&mut BTreeMap<String, Running>) -> T) -> T {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|_, monitor| !monitor.courier.is_finished());
        act(&mut running)
    }

    pub fn has_room(&self) -> bool {
        self.running(|running| running.len() < MONITORS_MAX)
    }

    pub fn ids(&self) -> Vec<String> {
        self.running(|running| running.keys().cloned().collect())
    }

    /// Watches `source` until it ends, is stopped, floods or its time is over.
    pub fn watch(
        &self,
        id: &str,
        source: Source,
        lasts: Option<Duration>,
        uplink: Arc<dyn Uplink>,
    ) {
        let (stop, stopped) = watch::channel(false);
        let outbox = Arc::new(Outbox::default());
        let ending = Arc::new(Mutex::new(None));
        let reader =
            tokio::spawn(read(source, lasts, stopped, Arc::clone(&outbox), Arc::clone(&ending)));
        let id = id.to_owned();
        let courier = tokio::spawn(courier::carry(id.clone(), outbox, ending, uplink));
        self.running(|running| running.insert(id, Running { stop, reader, courier }));
    }

    /// Stops a monitor and waits until everything below it is gone; false when there is none of
    /// that id.
    pub async fn stop(&self, id: &str) -> bool {
        let found = self.running(|running| running.get(id).map(|monitor| monitor.stop.clone()));
        let Some(stop) = found else { return false };
        stop.send_replace(true);
        // The reader holds the other end and drops it with its last act.
        stop.closed().await;
        true
    }

    /// Ends all of them, and everything below them.
    pub async fn end(&self) {
        let all = self.running(std::mem::take);
        for monitor in all.values() {
            monitor.stop.send_replace(true);
        }
        for monitor in all.into_values() {
            // The only error is a panic, which was told where it happened.
            monitor.reader.await.ok();
            monitor.courier.abort();
        }
    }
}

/// Reads `source` to its end, whoever brings that about.
async fn read(
    mut source: Source,
    lasts: Option<Duration>,
    mut stopped: watch::Receiver<bool>,
    outbox: Arc<Outbox>,
    ending: Arc<Mutex<Option<Ending>>>,
) {
    let deadline = async {
        match lasts {
            Some(lasts) => tokio::time::sleep(lasts).await,
            None => std::future::pending().await,
        }
    };
    let why = tokio::select! {
        why = follow(&mut source, &outbox) => why,
        // An error means that nobody could stop it any more.
        _ = stopped.wait_for(|stop| *stop) => Ending::Stopped,
        () = deadline => Ending::Deadline {
            after_ms: lasts.map_or(0, |l| u64::try_from(l.as_millis()).unwrap_or(u64::MAX)),
        },
    };
    source.end().await;
    *ending.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
    outbox.close();
}

/// Lines into the outbox until the source ends by itself or floods.
async fn follow(source: &mut Source, outbox: &Outbox) -> Ending {
    let mut flood = Flood::new(clock::monotonic());
    loop {
        match source.next().await {
            Next::Line(line) if flood.admits(line.len(), clock::monotonic()) => {
                outbox.push(line).await;
            }
            Next::Line(_) => {
                // The one that was too much is left out too.
                let left_out = u64::try_from(outbox.cut()).unwrap_or(u64::MAX).saturating_add(1);
                return Ending::Flood { left_out };
            }
            Next::Ended(ending) => return ending,
        }
    }
}
