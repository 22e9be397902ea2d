//! One task per live session: starts or finds its host, follows it, writes to it, and reads its end
//! from the session directory.
//!
//! Promise: the loop never waits for a process, a socket or a disk of one session. Alive, gone or
//! unknown: a host that cannot be reached while its process lives is unknown, never gone.
//! Must not know: what a session is in, the database, clients.

pub mod blocking;
pub mod enclosures;
pub mod end;
mod inlet;
mod launch;
pub mod limits;
mod lodge;
pub mod orphaned_hosts;
pub mod path_guard;
mod pulse;
mod talk;

use crate::host_link::blocking::in_words;
use crate::host_link::limits::{RECONNECT_FIRST, RECONNECT_LONGEST, RECONNECT_TRIES};
use crate::workspace::{LocalWorktrees, NotPrepared, Prepared};
pub use inlet::{InboxInlet, Inlet};
pub use launch::mark_lowered;
use nightshift_host::finding::Finding;
use nightshift_model::SessionId;
use nightshift_platform::ipc;
use nightshift_platform::process::{self, Identity, Liveness3};
use nightshift_platform::signals::{SIGTERM, SIGURG};
use nightshift_protocol::{Exited, HostRequest, Launch, LaunchKind, Ready};
use nightshift_supervisor::ports::host_link::{
    Footing, HostLinkEvent, LinkCommand, LinkHandle, LinkSpec, Shared, Start,
};
use nightshift_supervisor::ports::world::Lane;
use pulse::Silent;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::atomic::Ordering;
use std::time::Duration;
use talk::Talked;
use tokio::sync::mpsc;

/// Where a session's host is to be found, and what it is.
#[derive(Clone)]
pub struct Place {
    pub dir: PathBuf,
    pub binary: PathBuf,
    /// Where a host's stderr goes.
    pub log: PathBuf,
    pub worktrees: LocalWorktrees,
}

/// Starts the task. It ends with `LaunchFailed`, `Exited` or `Lost`, or when the loop is gone.
pub fn start(spec: LinkSpec, place: Place, inlet: Box<dyn Inlet>) -> LinkHandle {
    let (handle, queue) = LinkHandle::new(spec.generation);
    let report = Report { session: spec.session.clone(), generation: spec.generation, inlet };
    let shared = handle.shared.clone();
    tokio::spawn(run(spec, place, report, queue, shared));
    handle
}

/// Where a link's events go.
pub(crate) struct Report {
    session: SessionId,
    generation: u32,
    inlet: Box<dyn Inlet>,
}

impl Report {
    async fn send(&self, event: HostLinkEvent) {
        let (session, generation) = (self.session.clone(), self.generation);
        self.inlet.take(session, generation, event).await;
    }
}

/// The host of before, where there is one; else its set-up ends, which nobody waits for any more.
async fn adopt(session: &SessionId, place: &Place, report: &Report) -> launch::Started {
    let found = launch::adopt(place.dir.clone(), report).await;
    if matches!(found, Err(launch::NotStarted::Found(Finding::NotLaunched))) {
        lodge::end_set_up(place, session).await;
    }
    found
}

/// A worktree whose host lives is not taken away; what keeps it from being locked is only told.
async fn hold<E: std::fmt::Debug + Send + 'static>(
    session: &SessionId,
    lock: impl FnOnce() -> Result<(), E> + Send + 'static,
) {
    let held = blocking::run(Lane::Worktrees, lock).await;
    if !matches!(held, Ok(Ok(()))) {
        tracing::warn!(session = %session, "its worktree is not locked: {held:?}");
    }
}

async fn run(
    spec: LinkSpec,
    place: Place,
    report: Report,
    mut queue: mpsc::Receiver<LinkCommand>,
    shared: Shared,
) {
    let LinkSpec { session, kind, listens, start, .. } = spec;
    let reads = kind == LaunchKind::Pipe || listens;
    let mut moved = None;
    let started = match start {
        Start::Launch { mut launch, mut env, program, order, guard } => {
            let mut footing = Footing::default();
            if let Some(order) = order {
                match lodge::lodge(&place, *order, &mut launch, &mut env, (&report, &shared)).await
                {
                    Ok(room) => {
                        footing = footing_of(&room, &launch);
                        moved = Some(room);
                    }
                    Err(NotPrepared::Asks(asks)) => {
                        return report.send(HostLinkEvent::TrustAsked(asks)).await;
                    }
                    Err(NotPrepared::Fault(fault)) => {
                        let error = fault.to_string();
                        return report.send(HostLinkEvent::LaunchFailed { error }).await;
                    }
                }
            }
            if footing.untrusted {
                env.extend(guard);
                launch.env_names = env.keys().cloned().collect();
            }
            let Place { dir, binary, log, .. } = place.clone();
            let program = move || program(&footing);
            launch::launch(dir, *launch, program, env, binary, log).await
        }
        Start::Adopt => adopt(&session, &place, &report).await,
    };
    let (ready, mut child, env) = match started {
        Ok(started) => started,
        Err(launch::NotStarted::Failed(error)) => {
            return report.send(HostLinkEvent::LaunchFailed { error }).await;
        }
        Err(launch::NotStarted::Found(finding)) => {
            return end::report_end(&report, &place.dir, finding, reads.then_some(0)).await;
        }
    };
    let Place { dir, worktrees, .. } = place;
    if let Some(moved) = moved {
        let (worktrees, host) = (worktrees.clone(), identity_of(&ready));
        hold(&session, move || worktrees.hold(&moved, host)).await;
    }
    // First: whoever hears that it lives may end it.
    if let Some(env) = env {
        report.send(HostLinkEvent::Environment(env)).await;
    }
    report.send(HostLinkEvent::Launched { pid: ready.child_pid }).await;
    let (build, socket) = (ready.build.clone(), PathBuf::from(&ready.socket));
    report.send(HostLinkEvent::Host { build, socket }).await;
    let host = identity_of(&ready);
    let asked = Asked::default();
    let mut link = Link { report, dir, kind, listens, ready, after: 0, asked, shared, exit: None };
    link.follow(&mut queue, &mut child).await;
    tokio::spawn(async move {
        bury(child, host).await;
        // Its own lock among them. Not before it is gone: a lock of a host that lives would stay.
        if reads
            && let Err(e) = blocking::run(Lane::Worktrees, move || worktrees.release_stale()).await
        {
            tracing::warn!("locks of worktrees stay: {}", in_words(&e));
        }
    });
}

fn identity_of(ready: &Ready) -> Identity {
    Identity { pid: ready.pid, start_ticks: ready.start_ticks }
}

fn footing_of(room: &Prepared, launch: &Launch) -> Footing {
    let untrusted = room.trust.untrusted.is_some();
    let mut roots = vec![launch.cwd.clone(), room.trust.repository.clone()];
    roots.dedup();
    Footing { untrusted, roots }
}

struct Link {
    report: Report,
    dir: PathBuf,
    kind: LaunchKind,
    listens: bool,
    ready: Ready,
    /// The last journal record that was handed on.
    after: u64,
    asked: Asked,
    shared: Shared,
    /// How the child ended, as its host told it. The record on disk counts, where there is one.
    exit: Option<Exited>,
}

/// What of the loop's commands goes to which connection.
#[derive(Default)]
pub struct Asked {
    /// Which connection this is.
    epoch: u32,
    /// A stop that was asked for: asked again after a reconnection.
    stop: Option<u64>,
    tag: u64,
    /// Lines of this connection that the host has neither journalled nor refused, by their tag.
    in_flight: BTreeMap<u64, String>,
}

impl Asked {
    /// The connection was lost: lines that were handed out for it are not for the next.
    pub fn lost(&mut self) {
        self.epoch += 1;
        self.in_flight.clear();
    }

    /// The host has said what became of line `tag`, which this is.
    pub fn settled(&mut self, tag: u64) -> Option<String> {
        self.in_flight.remove(&tag)
    }

    /// What a new connection must be told again.
    pub fn again(&self) -> Option<HostRequest> {
        self.stop.map(|grace_ms| HostRequest::Stop { grace_ms })
    }

    /// Something is due from the host.
    pub fn is_due(&self) -> bool {
        self.stop.is_some() || !self.in_flight.is_empty()
    }

    /// What `command` asks of this connection; none for a line that was meant for an earlier one.
    pub fn request(&mut self, command: LinkCommand) -> Option<HostRequest> {
        match command {
            LinkCommand::WriteLine { line, epoch } => {
                if epoch != self.epoch {
                    return None;
                }
                self.tag += 1;
                let tag = self.tag;
                self.in_flight.insert(tag, line.clone());
                Some(HostRequest::WriteLine { tag, line })
            }
            LinkCommand::Stop { grace_ms } => {
                self.stop = Some(grace_ms);
                Some(HostRequest::Stop { grace_ms })
            }
            // Not by its socket.
            LinkCommand::Restore => None,
        }
    }
}

impl Link {
    /// Talks to the host, connecting again while its process lives, until it has ended.
    async fn follow(&mut self, queue: &mut mpsc::Receiver<LinkCommand>, child: &mut Option<Child>) {
        let mut failures = 0;
        let mut pause = RECONNECT_FIRST;
        loop {
            let talked = self.talk(queue).await;
            self.shared.silent.store(false, Ordering::Relaxed);
            match talked {
                Talked::LoopGone => return,
                Talked::Foreign { why } => {
                    self.report.send(end::unknown(why)).await;
                    tokio::time::sleep(RECONNECT_LONGEST).await;
                    let finding = self.finding(child).await;
                    if !matches!(finding, Finding::Alive(_) | Finding::Unknown(_)) {
                        return self.report_end(finding).await;
                    }
                }
                Talked::Lost { connected, why } => {
                    if !connected {
                        self.ask_for_socket();
                    } else {
                        failures = 0;
                        pause = RECONNECT_FIRST;
                        // At once: what is handed out from now on is for the next connection.
                        self.asked.lost();
                        self.report.send(HostLinkEvent::Unwritten { why: why.clone() }).await;
                    }
                    reap(child);
                    let finding = self.finding(child).await;
                    if !matches!(finding, Finding::Alive(_) | Finding::Unknown(_)) {
                        return self.report_end(finding).await;
                    }
                    failures += 1;
                    if failures == RECONNECT_TRIES {
                        self.report.send(self.out_of_reach(&why)).await;
                    }
                    self.pause(pause).await;
                    pause = (pause * 2).min(RECONNECT_LONGEST);
                }
            }
        }
    }

    /// What the loop is told of a host that lives and cannot be connected to.
    fn out_of_reach(&self, why: &str) -> HostLinkEvent {
        if let Some(Silent { why, way_out }) = pulse::silence(&self.host()) {
            return HostLinkEvent::Unknown { why, way_out };
        }
        let in_the_way = ipc::in_the_way(Path::new(&self.ready.socket));
        let way_out = match in_the_way {
            Some(_) => "move it away".to_owned(),
            None => String::new(),
        };
        let why = in_the_way.unwrap_or_else(|| why.to_owned());
        let why = format!("its host (pid {}) lives but does not answer: {why}", self.ready.pid);
        HostLinkEvent::Unknown { why, way_out }
    }

    fn host(&self) -> Identity {
        identity_of(&self.ready)
    }

    /// Until the next try to connect. A stop that is asked for meanwhile goes to the host as a signal,
    /// which ends all that is below it just so.
    async fn pause(&self, pause: Duration) {
        let stop_asked =
            tokio::time::timeout(pause, self.shared.stop_asked.notified()).await.is_ok();
        if stop_asked || self.asked.stop.is_some() {
            self.signal(SIGTERM);
        }
    }

    /// Nobody can reach it by a socket that was deleted. A host that lives makes what is missing and
    /// nothing else.
    fn ask_for_socket(&self) {
        self.signal(SIGURG);
    }

    fn signal(&self, signal: i32) {
        let host = self.host();
        match process::signal(&host, signal) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(pid = host.pid, "not signalled: {e}");
            }
            Ok(()) | Err(_) => {}
        }
    }

    /// What the session directory and the process table say. A host that has just closed its
    /// socket may need a moment to end.
    async fn finding(&mut self, child: &mut Option<Child>) -> Finding {
        for _ in 0..end::ENDING_CHECKS {
            reap(child);
            let (dir, session) = (self.dir.clone(), self.report.session.clone());
            let looked = move || end::look_closely(&dir, &session);
            let found = blocking::run(Lane::Directories, looked).await;
            match found {
                Ok(Finding::Alive(_)) => tokio::time::sleep(end::ENDING_PAUSE).await,
                // The disk did not take the record; the host's own words are as good.
                Ok(Finding::Gone(cause)) => {
                    return self.exit.take().map_or(Finding::Gone(cause), Finding::Ended);
                }
                // The directory is away, which says nothing of the host.
                Ok(Finding::NotLaunched) => return self.without_directory(),
                Ok(finding) => return finding,
                Err(e) => return Finding::Unknown(in_words(&e)),
            }
        }
        Finding::Alive(Box::new(self.ready.clone()))
    }
}

impl Link {
    async fn report_end(&self, finding: Finding) {
        let reads = self.kind == LaunchKind::Pipe || self.listens;
        end::report_end(&self.report, &self.dir, finding, reads.then_some(self.after)).await;
    }

    /// What the process table alone says.
    fn without_directory(&mut self) -> Finding {
        let host = identity_of(&self.ready);
        match (host.liveness(), self.exit.take()) {
            (Liveness3::Gone, Some(exit)) => Finding::Ended(exit),
            (Liveness3::Gone, None) => Finding::Gone("its directory was deleted".into()),
            (Liveness3::Alive, exit) => {
                self.exit = exit;
                Finding::Alive(Box::new(self.ready.clone()))
            }
            (Liveness3::Unknown(why), _) => Finding::Unknown(why),
        }
    }
}

/// A host whose end is known takes a moment more to end itself: nobody else would ever ask for its
/// exit status. Returns once its process is not known to live.
async fn bury(mut child: Option<Child>, host: Identity) {
    let mut pause = end::ENDING_PAUSE;
    reap(&mut child);
    while child.is_some() || host.liveness() == Liveness3::Alive {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(RECONNECT_LONGEST);
        reap(&mut child);
    }
}

/// Takes the exit status of a host that was our child, so that it is no zombie.
fn reap(child: &mut Option<Child>) {
    if let Some(started) = child
        && matches!(started.try_wait(), Ok(Some(_)) | Err(_))
    {
        *child = None;
    }
}
