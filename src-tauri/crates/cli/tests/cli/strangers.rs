//! Who answers at the socket is not believed: another user, another program, another version.

use crate::support::Shift;
use nightshift_protocol::{FrameKind, Hello, PROTOCOL_VERSION, Role, encode_control, encode_frame};
use nightshift_testkit::wait_until;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::process::Stdio;

/// Answers every connection with `bytes` until the test ends.
fn impostor(shift: &Shift, bytes: Vec<u8>) {
    shift.home.home().ensure().unwrap();
    let listener = UnixListener::bind(shift.home.home().supervisor_socket()).unwrap();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // A client that has heard enough is gone.
            stream.write_all(&bytes).ok();
            held.push(stream);
        }
    });
}

#[test]
fn a_supervisor_from_the_future_is_named_with_the_way_out() {
    let shift = Shift::new();
    let protocol = PROTOCOL_VERSION + 41;
    let hello = Hello { protocol, build: "99.0.0".into(), role: Role::Supervisor };
    impostor(&shift, encode_control(&hello));
    let future = format!("protocol {protocol}");
    for args in [&["agents"][..], &["--bg", "--exec", "true"], &["daemon", "status"]] {
        shift.fails(args, &[&future, "99.0.0", &format!("protocol {PROTOCOL_VERSION}"), "update"]);
    }
}

#[test]
fn what_is_no_nightshift_is_said_to_be_none() {
    for bytes in [
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        encode_frame(FrameKind::Data, b"hello"),
        encode_control(&Hello::new(Role::Host)),
    ] {
        let shift = Shift::new();
        impostor(&shift, bytes);
        shift.fails(&["agents"], &["s.sock"]);
    }
}

#[test]
fn a_socket_of_another_user_is_refused() {
    const NOBODY: u32 = 65_534;
    if !rustix::process::geteuid().is_root() {
        eprintln!("NOT TESTED: another user's socket; only root can start one");
        return;
    }
    let shift = Shift::new();
    // Another user's supervisor in a place that is then ours by name.
    let theirs = shift.home.state();
    std::fs::DirBuilder::new().mode(0o700).create(&theirs).unwrap();
    for dir in [theirs.parent().unwrap(), &theirs] {
        chown(dir, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let mut command = shift.command(&["daemon", "run"]);
    command.uid(NOBODY).gid(NOBODY).stdout(Stdio::null()).stderr(Stdio::null());
    let mut supervisor = command.current_dir("/").spawn().unwrap();
    let socket = shift.home.home().supervisor_socket();
    wait_until("the stranger to listen", || socket.exists());
    for args in [&["agents"][..], &["--bg", "--exec", "env"]] {
        shift.fails(args, &["another user", "NIGHTSHIFT_HOME"]);
    }
    supervisor.kill().unwrap();
    supervisor.wait().unwrap();
}
