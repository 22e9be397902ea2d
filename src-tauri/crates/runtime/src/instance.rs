//! What the supervisor stands on in the file system: its directories, lock, socket and database.
//! When somebody deletes them under it, sessions go on, and it makes them anew.
//!
//! Promise: no second supervisor beside a living one, whatever is deleted: the role's name is held in
//! the kernel. Costs nothing while nothing happens.
//! Must not know: sessions.

use crate::limits::{GROUND_RETRY, GROUND_SETTLE, ROLE_LOOK_PAUSE, ROLE_LOOKS};
use crate::server::callers::Callers;
use crate::server::serve;
use nightshift_platform::dirs::Home;
use nightshift_platform::ipc::{self, SocketId};
use nightshift_platform::lock::{RoleLock, holder};
use nightshift_platform::process::{Identity, Standstill};
use nightshift_platform::role_name::{self, Claim, RoleName};
use nightshift_platform::watch::Watch;
use nightshift_protocol::{Fault, FaultCode};
use nightshift_supervisor::inbox::{Inbox, InboxSender};
use nightshift_supervisor::ports::instance::{Instance, Mended};
use nightshift_supervisor::ports::storage::Storage;
use std::io;
use std::sync::Arc;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::task::JoinHandle;

/// The supervisor's role over one home.
pub struct Role {
    _name: Option<RoleName>,
    lock: RoleLock,
}

/// Takes the role, or says who has it.
pub fn take_role(home: &Home) -> Result<Role, Fault> {
    let io = |e: io::Error| Fault::new(FaultCode::Io, format!("supervisor lock: {e}"));
    let mut taken_by = None;
    for _ in 0..ROLE_LOOKS {
        let name = match role_name::claim(role_name::SUPERVISOR, &home.state) {
            Ok(Claim::Held(name)) => Some(name),
            Ok(Claim::Taken { pid }) => {
                if holder(&home.lock_file()).is_some() {
                    return Err(runs_already(home));
                }
                let stands_still = |pid| Identity::of(pid).ok()?.standstill();
                if let Some((pid, how)) = pid.and_then(|pid| Some((pid, stands_still(pid)?))) {
                    return Err(stands(home, pid, how));
                }
                // It is ending, or is just making its deleted directory anew.
                taken_by = pid;
                std::thread::sleep(ROLE_LOOK_PAUSE);
                continue;
            }
            Err(e) => {
                tracing::warn!("the role has no name here, its lock file alone decides: {e}");
                None
            }
        };
        return match RoleLock::acquire(&home.lock_file()).map_err(io)? {
            Some(lock) => Ok(Role { _name: name, lock }),
            None => Err(runs_already(home)),
        };
    }
    Err(runs_elsewhere(home, taken_by))
}

fn runs_already(home: &Home) -> Fault {
    let pid = holder(&home.lock_file()).map_or(String::new(), |h| format!(" (pid {})", h.pid));
    let message = format!("a supervisor is running already{pid}");
    Fault::new(FaultCode::Refused, message).hint("see `nightshift daemon status`")
}

/// It makes its files anew once it goes on.
fn stands(home: &Home, pid: u32, how: Standstill) -> Fault {
    let state = home.state.display();
    let message = format!("the supervisor (pid {pid}) of {state} stands still: it is {how}");
    Fault::new(FaultCode::Unreachable, message).hint(how.way_on(pid))
}

fn runs_elsewhere(home: &Home, pid: Option<u32>) -> Fault {
    let (state, run) = (home.state.display(), home.run.display());
    let (who, end) = match pid {
        Some(pid) => (format!(" (pid {pid})"), format!("end it with `kill {pid}`")),
        None => {
            (String::new(), "end it where it was started, with `nightshift daemon stop`".into())
        }
    };
    let message = format!("a supervisor{who} of {state} is running already, but not in {run}");
    Fault::new(FaultCode::Unreachable, message)
        .hint(format!("use the XDG_RUNTIME_DIR it was started with, or {end}"))
}

pub struct OpenInstance {
    home: Home,
    role: Role,
    socket: SocketId,
    inbox: InboxSender,
    callers: Arc<Callers>,
    accept: JoinHandle<()>,
    watch: Option<JoinHandle<()>>,
}

impl OpenInstance {
    /// Listens, but serves nobody before `serve`.
    pub fn prepare(
        home: &Home,
        role: Role,
        inbox: InboxSender,
        callers: Arc<Callers>,
    ) -> io::Result<Listening> {
        let (listener, socket) = listen(home)?;
        Ok(Listening { home: home.clone(), role, inbox, callers, listener, socket })
    }

    /// Whether everything is still where it was made.
    fn is_whole(&self, store: &dyn Storage) -> bool {
        let socket = ipc::socket_id(&self.home.supervisor_socket());
        socket.is_ok_and(|id| id == self.socket)
            && self.role.lock.is_at(&self.home.lock_file())
            && store.is_in_place()
            && self.home.jobs().is_dir()
    }
}

impl Instance for OpenInstance {
    fn mend(&mut self, store: &mut dyn Storage) -> Result<Mended, Fault> {
        if self.is_whole(store) {
            return Ok(Mended::Nothing);
        }
        let state_is_there = store.is_in_place() && self.home.jobs().is_dir();
        let mended = match (state_is_there, self.role.lock.is_at(&self.home.lock_file())) {
            (true, true) => Mended::Socket,
            (true, false) => Mended::Sockets,
            (false, _) => Mended::State,
        };
        let io = |what: &str, e: io::Error| Fault::new(FaultCode::Io, format!("{what}: {e}"));
        self.home.ensure().map_err(|e| Fault::new(FaultCode::Io, e.to_string()))?;
        if !self.role.lock.is_at(&self.home.lock_file()) {
            let lock = RoleLock::acquire(&self.home.lock_file()).map_err(|e| io("lock", e))?;
            self.role.lock = lock.ok_or_else(|| runs_already(&self.home))?;
        }
        if !store.is_in_place() {
            store.save_anew().map_err(|e| Fault::new(FaultCode::Io, e.to_string()))?;
        }
        let there = ipc::socket_id(&self.home.supervisor_socket());
        if !there.is_ok_and(|id| id == self.socket) {
            let (listener, socket) = listen(&self.home).map_err(|e| io("socket", e))?;
            self.accept.abort();
            self.accept =
                tokio::spawn(serve::accept(listener, self.inbox.clone(), self.callers.clone()));
            self.socket = socket;
        }
        if let Some(old) = std::mem::replace(&mut self.watch, watch(&self.home, &self.inbox)) {
            old.abort();
        }
        Ok(mended)
    }

    fn mend_later(&self) {
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            tokio::time::sleep(GROUND_RETRY).await;
            inbox.send(Inbox::FilesDeleted).await.ok(); // The loop has ended already.
        });
    }

    fn leave(self: Box<Self>) {
        self.accept.abort();
        if let Some(watch) = self.watch {
            watch.abort();
        }
        // Only our own socket: a successor may have made its own under the same name.
        if let Err(e) = ipc::remove_if_same(&self.home.supervisor_socket(), self.socket) {
            tracing::warn!("socket not removed: {e}");
        }
    }
}

/// A socket that listens and is not served yet: sessions are recovered first.
pub struct Listening {
    home: Home,
    role: Role,
    inbox: InboxSender,
    callers: Arc<Callers>,
    listener: std::os::unix::net::UnixListener,
    socket: SocketId,
}

impl Listening {
    pub fn serve(self) -> OpenInstance {
        let Listening { home, role, inbox, callers, listener, socket } = self;
        let accept = tokio::spawn(serve::accept(listener, inbox.clone(), callers.clone()));
        let watch = watch(&home, &inbox);
        OpenInstance { home, role, socket, inbox, callers, accept, watch }
    }
}

fn listen(home: &Home) -> io::Result<(std::os::unix::net::UnixListener, SocketId)> {
    let socket = home.supervisor_socket();
    let listener = ipc::listen(&socket)?;
    Ok((listener, ipc::socket_id(&socket)?))
}

/// Wakes the loop when something was deleted; none where the system gives no such hints.
fn watch(home: &Home, inbox: &InboxSender) -> Option<JoinHandle<()>> {
    let watched = Watch::of(&[&home.state, &home.run])
        // SAFETY: a watch owns its one descriptor from its making to its end.
        .and_then(|watch| {
            Ok(unsafe { AsyncFd::register_with_interest(watch, Interest::READABLE) }?)
        });
    match watched {
        Ok(watch) => Some(tokio::spawn(hear(watch, inbox.clone()))),
        Err(e) => {
            tracing::warn!("the state directory cannot be watched: {e}");
            None
        }
    }
}

async fn hear(watch: AsyncFd<Watch>, inbox: InboxSender) {
    loop {
        let Ok(mut ready) = watch.readable().await else { return };
        ready.clear_ready();
        // A deletion takes a while: it would go on in what is made anew too early.
        tokio::time::sleep(GROUND_SETTLE).await;
        match watch.get_ref().take() {
            Ok(false) => {}
            Ok(true) if inbox.send(Inbox::FilesDeleted).await.is_ok() => {}
            Ok(true) | Err(_) => return,
        }
    }
}
