//! Starting the process that takes events from outside.
//!
//! Promise: it is known by the socket that it is given, which nobody else has; it is marked as a program of the
//! supervisor's, so what it starts or leaves behind is never taken for the user.
//! Must not know: when it is wanted, what it serves.

use crate::host_link::mark_lowered;
use crate::server::serve::serve_intake;
use nightshift_platform::spawn::{self, Program};
use nightshift_platform::{Home, Mark};
use nightshift_protocol::launch::ROLE_VARIABLE;
use nightshift_supervisor::inbox::{ConnId, InboxSender};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

/// The verb and the role of that process.
const INTAKE: &str = "intake";

/// Its pid and its connection. It ends when that is closed.
pub fn start(home: &Home, binary: &Path, inbox: InboxSender) -> io::Result<(u32, ConnId)> {
    if !Mark::is_as_remembered() {
        return Err(io::Error::other(mark_lowered()));
    }
    let (ours, its) = UnixStream::pair()?;
    let mut env = spawn::own_environment();
    env.insert(ROLE_VARIABLE.into(), INTAKE.into());
    let args = [INTAKE.into()];
    let program = Program { program: binary.as_os_str(), args: &args, env: &env, cwd: &home.state };
    let process = spawn::spawn_marked(&program, OwnedFd::from(its), &home.log_file())?;
    let conn = serve_intake(ours, inbox)?;
    let (pid, mut child) = (process.identity.pid, process.child);
    // Only so that it is no zombie: it is heard of by its connection.
    std::thread::Builder::new().name(INTAKE.into()).spawn(move || child.wait().ok())?;
    Ok((pid, conn))
}
