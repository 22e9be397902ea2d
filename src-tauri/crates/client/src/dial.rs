//! From a socket path to a greeted connection, or a fault that says what to do.

use crate::connection::{FrameReader, FrameWriter, split};
use nightshift_platform::dirs::LOCK_FILE;
use nightshift_platform::{Mark, Peer, ipc, lock};
use nightshift_protocol::{
    Fault, FaultCode, FrameKind, Hello, PROTOCOL_VERSION, Role, encode_control, understands,
};
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::time::timeout;

/// A peer that accepts and then says nothing for this long is not one of ours.
const GREETING_TIMEOUT: Duration = Duration::from_secs(5);

/// A host whose socket was deleted makes it anew when the supervisor asks it to, which it does for whoever
/// wants to attach; and a process that was killed closes its sockets a moment after its end. This long in all.
const LOOKS: u32 = 20;
const LOOK_PAUSE: Duration = Duration::from_millis(50);
const STOP: &str = "stop the session and start it again";

pub(crate) async fn dial(
    socket: &Path,
    expected: Role,
) -> Result<(FrameReader, FrameWriter), Fault> {
    refuse_strange_file(socket)?;
    let mut looks = LOOKS;
    let (stream, peer) = loop {
        looks -= 1;
        let again = looks > 0;
        match UnixStream::connect(socket).await {
            Ok(stream) => match who_serves(&stream, socket, expected) {
                Ok(peer) => break (stream, peer),
                Err(NotTaken::Unknown(_)) if again => {}
                Err(NotTaken::Unknown(fault) | NotTaken::Refused(fault)) => return Err(fault),
            },
            Err(e) if again && expected == Role::Host && is_nobody(&e) => {}
            Err(e) => return Err(unreachable(socket, expected, &e)),
        }
        tokio::time::sleep(LOOK_PAUSE).await;
    };
    greeted(stream, expected, socket).await.map_err(|ended| match ended {
        Some(fault) => fault,
        None => silent(&peer, socket, expected),
    })
}

/// Greets over a connection that the supervisor has made itself.
pub(crate) async fn greet(
    stream: std::os::unix::net::UnixStream,
) -> Result<(FrameReader, FrameWriter), Fault> {
    let failed = |e| Fault::new(FaultCode::Io, format!("the supervisor's connection: {e}"));
    stream.set_nonblocking(true).map_err(failed)?;
    let stream = UnixStream::from_std(stream).map_err(failed)?;
    let place = Path::new("the connection");
    greeted(stream, Role::Supervisor, place)
        .await
        .map_err(|ended| ended.unwrap_or_else(|| not_ours(place, "does not greet")))
}

/// None as the error: it says nothing.
async fn greeted(
    stream: UnixStream,
    expected: Role,
    socket: &Path,
) -> Result<(FrameReader, FrameWriter), Option<Fault>> {
    let (mut reader, mut writer) = split(stream);
    let greeting = async {
        // Even a peer that has hung up may have said first which version it speaks.
        let sent = writer.send(&encode_control(&Hello::new(Role::Client))).await;
        let heard = reader.next().await;
        match (heard, sent) {
            (Ok(Some(frame)), _) => Ok(frame),
            // It was just ending: as good as not there.
            (Ok(None), _) => Err(gone(expected)),
            (Err(_), _) => Err(not_ours(socket, "greets with something unknown")),
        }
    };
    let frame = timeout(GREETING_TIMEOUT, greeting).await.map_err(|_| None)?.map_err(Some)?;
    check_greeting(&frame, expected, socket).map_err(Some)?;
    Ok((reader, writer))
}

/// What stands in the place of a socket is not made away with, and nobody waits until it goes by itself.
fn refuse_strange_file(socket: &Path) -> Result<(), Fault> {
    match ipc::in_the_way(socket) {
        Some(what) => {
            Err(Fault::new(FaultCode::Io, what).hint("move it away; sessions keep running"))
        }
        None => Ok(()),
    }
}

fn unreachable(socket: &Path, expected: Role, error: &std::io::Error) -> Fault {
    if error.kind() == ErrorKind::WouldBlock {
        return crowded(socket, expected);
    }
    match is_nobody(error) {
        true => gone(expected),
        false => Fault::new(FaultCode::Io, format!("socket {}: {error}", socket.display()))
            .hint("check who owns it, or set NIGHTSHIFT_HOME to another directory"),
    }
}

/// As many wait there as the kernel lets wait: whoever listens takes nobody.
fn crowded(socket: &Path, expected: Role) -> Fault {
    let who = match expected {
        Role::Host => "the session's host",
        Role::Supervisor | Role::Client => "the supervisor",
    };
    let text = format!("{who} does not answer: too many programs wait at {}", socket.display());
    Fault::new(FaultCode::Unreachable, text).hint("try again later; sessions keep running")
}

fn is_nobody(error: &std::io::Error) -> bool {
    // Reset: it was killed before it accepted us.
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset
    )
}

fn gone(expected: Role) -> Fault {
    match expected {
        Role::Host => Fault::new(FaultCode::Unreachable, "the session's host is gone")
            .hint("read what it left with `nightshift logs`"),
        Role::Supervisor | Role::Client => {
            Fault::new(FaultCode::Unreachable, "no supervisor is running")
                .hint("start one with `nightshift daemon run`, or dispatch something")
        }
    }
}

/// Why whoever listens is not talked to.
enum NotTaken {
    /// It has ended, or is just ending, while it was looked at: another look may find somebody else.
    Unknown(Fault),
    Refused(Fault),
}

impl From<Fault> for NotTaken {
    fn from(fault: Fault) -> NotTaken {
        NotTaken::Refused(fault)
    }
}

fn who_serves(stream: &UnixStream, socket: &Path, expected: Role) -> Result<Peer, NotTaken> {
    refuse_stranger(stream, socket)?;
    refuse_sessions(stream, socket, expected)
}

/// Whoever listens there would be given our environment: it must be ourselves.
fn refuse_stranger(stream: &UnixStream, socket: &Path) -> Result<(), Fault> {
    let socket = socket.display();
    let mine = ipc::peer_is_me(stream)
        .map_err(|e| Fault::new(FaultCode::Io, format!("who serves {socket} is unknown: {e}")))?;
    if mine {
        return Ok(());
    }
    Err(Fault::new(FaultCode::Refused, format!("socket {socket} is served by another user"))
        .hint("remove it, or set NIGHTSHIFT_HOME to a directory of your own"))
}

/// A supervisor works with the environment and the programs that it was started with. One that was
/// started inside of a session would bring that session's to the user. A host is in its own session alone.
fn refuse_sessions(stream: &UnixStream, socket: &Path, expected: Role) -> Result<Peer, NotTaken> {
    let peer = Peer::of(stream).map_err(|e| {
        Fault::new(FaultCode::Io, format!("who serves {} is unknown: {e}", socket.display()))
    })?;
    // In a namespace outside of ours it has no pid here, and is not below us.
    let Some(pid) = peer.pid() else { return Ok(peer) };
    let unknown = |why: String| {
        // A process that listens and has ended may have handed its socket to anybody.
        let text = format!("who serves {} is unknown: {why}", socket.display());
        NotTaken::Unknown(Fault::new(FaultCode::Refused, text).hint(match expected {
            Role::Host => STOP,
            Role::Supervisor | Role::Client => "start it again with `nightshift daemon run`",
        }))
    };
    let own = Mark::remembered();
    let mark = peer.mark().map_err(unknown)?;
    if !mark.is_below(own) {
        return Ok(peer);
    }
    if expected != Role::Host {
        let message = format!(
            "the supervisor (pid {pid}) was started inside of a session, or another process has lowered its \
             limit for file locks"
        );
        return Err(Fault::new(FaultCode::Refused, message)
            .hint(format!("end it with `kill {pid}`, then start it again; sessions keep running"))
            .into());
    }
    let name = socket.file_stem().and_then(|id| Mark::name_of(id.to_str()?));
    let is_its_hosts = name.is_some_and(|name| mark.is_of(name, own));
    // A name can be chosen by whoever lowers its mark; what a process descends from cannot.
    let above = peer.lineage().map_err(unknown)?.into_iter().skip(1);
    let mut marks = above.filter_map(|process| Mark::of(process.pid).ok());
    if is_its_hosts && !marks.any(|mark| mark.is_below(own)) {
        return Ok(peer);
    }
    let text = format!("{} is served by another session", socket.display());
    Err(Fault::new(FaultCode::Refused, text).hint(STOP).into())
}

/// It took the connection and says nothing: it stands still, is busy, or is something else.
fn silent(peer: &Peer, socket: &Path, expected: Role) -> Fault {
    let Some(pid) = peer.pid() else { return not_ours(socket, "does not greet") };
    let lock = socket.with_file_name(LOCK_FILE);
    let owner = lock::holder(&lock).filter(|owner| lock::is_held_by(&lock, owner.pid));
    if let Some(owner) = owner.filter(|owner| expected == Role::Supervisor && owner.pid != pid) {
        let text = format!(
            "{} is served by another program (pid {pid}), which does not greet; the supervisor is pid {}",
            socket.display(),
            owner.pid
        );
        return Fault::new(FaultCode::Protocol, text).hint(format!(
            "end it with `kill {pid}`, or move its socket away: the supervisor makes a new one"
        ));
    }
    let what = match expected {
        Role::Host => "the session's host",
        Role::Supervisor | Role::Client => "the supervisor",
    };
    let seconds = GREETING_TIMEOUT.as_secs();
    let text = format!(
        "{what} (pid {pid}, at {}) does not greet within {seconds} s: it is stopped or busy",
        socket.display()
    );
    Fault::new(FaultCode::Protocol, text)
        .hint(format!("resume it with `kill -CONT {pid}`, or try again later"))
}

fn not_ours(socket: &Path, what: &str) -> Fault {
    let message = format!("what serves {} {what}", socket.display());
    Fault::new(FaultCode::Protocol, message)
        .hint("it is no nightshift; end it, or set NIGHTSHIFT_HOME to another directory")
}

fn check_greeting(
    (kind, body): &(FrameKind, Vec<u8>),
    expected: Role,
    socket: &Path,
) -> Result<(), Fault> {
    let hello: Hello = match kind {
        FrameKind::Control => serde_json::from_slice(body)
            .map_err(|_| not_ours(socket, "greets with something unknown"))?,
        FrameKind::Data | FrameKind::Record => {
            return Err(not_ours(socket, "greets with something unknown"));
        }
    };
    if !understands(hello.protocol) {
        return Err(version_mismatch(&hello, expected));
    }
    if hello.role != expected {
        return Err(not_ours(socket, "plays another role"));
    }
    Ok(())
}

fn version_mismatch(hello: &Hello, expected: Role) -> Fault {
    let peer = match expected {
        Role::Host => "session's host",
        Role::Supervisor | Role::Client => "supervisor",
    };
    let message = format!(
        "the {peer} speaks protocol {} (nightshift {}), this is protocol {PROTOCOL_VERSION} \
         (nightshift {})",
        hello.protocol,
        hello.build,
        env!("CARGO_PKG_VERSION"),
    );
    let hint = match (hello.protocol > PROTOCOL_VERSION, expected) {
        (true, _) => "update this nightshift",
        (false, Role::Host) => "stop the session and dispatch it again",
        (false, Role::Supervisor | Role::Client) => {
            "stop the old one with its own `nightshift daemon stop --any --keep-workers`"
        }
    };
    Fault::new(FaultCode::Protocol, message).hint(hint)
}
