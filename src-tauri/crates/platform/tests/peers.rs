//! Who connected, with real processes: what they descend from, and that nobody is taken for another.

use nightshift_platform::{Identity, Peer};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

struct Caller {
    child: Child,
    peer: UnixStream,
    _dir: tempfile::TempDir,
}

/// The example program beside this test binary.
fn connects() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let target = own.parent().and_then(Path::parent).unwrap();
    let binary = target.join("examples/connects");
    assert!(binary.exists(), "{} is missing; build examples too", binary.display());
    binary
}

/// `script` runs `$C $S`, which connects, and gives it its input.
fn caller(script: &str) -> Caller {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("s");
    let listener = UnixListener::bind(&socket).unwrap();
    let child = Command::new("sh")
        .args(["-c", script])
        .envs([("S", socket), ("C", connects())])
        .env("SCRIPT", script)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let (peer, _) = listener.accept().unwrap();
    Caller { child, peer, _dir: dir }
}

impl Caller {
    fn end(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

#[test]
fn security_06_a_peer_is_known_with_all_that_it_descends_from() {
    let mut caller = caller("sh -c '\"$C\" \"$S\"; true'; true");
    let peer = Peer::of(&caller.peer).unwrap();
    assert!(peer.is_me());
    let lineage = peer.lineage().unwrap();
    let own = lineage.iter().position(|process| *process == Identity::own().unwrap()).unwrap();
    assert_eq!(lineage[own - 1].pid, caller.child.id(), "{lineage:?}");
    assert!(own >= 3, "{lineage:?}");
    caller.end();
}

#[test]
fn security_06_a_peer_that_has_ended_is_unknown_whoever_has_its_pid() {
    let mut caller = caller("exec \"$C\" \"$S\"");
    let peer = Peer::of(&caller.peer).unwrap();
    assert!(peer.lineage().is_ok());
    caller.end();
    let why = peer.lineage().unwrap_err();
    assert!(why.contains("has ended"), "{why}");
    // Asked only now, there is nobody left to be asked about.
    assert!(Peer::of(&caller.peer).unwrap().lineage().is_err());
}

#[test]
fn security_06_a_peer_that_leaves_its_process_group_is_still_below_its_parent() {
    let mut caller = caller("setsid -w \"$C\" \"$S\"; true");
    let lineage = Peer::of(&caller.peer).unwrap().lineage().unwrap();
    assert!(lineage.contains(&Identity::of(caller.child.id()).unwrap()), "{lineage:?}");
    caller.end();
}

#[test]
fn security_06_a_deep_tree_is_not_walked_without_end() {
    let deep = "D=$((${D:-0}+1)); export D; \
                if [ $D -gt 300 ]; then exec \"$C\" \"$S\"; fi; sh -c \"$SCRIPT\"; true";
    let mut caller = caller(deep);
    let why = Peer::of(&caller.peer).unwrap().lineage().unwrap_err();
    assert!(why.contains("more than 256 ancestors"), "{why}");
    caller.end();
}
