//! A vendor's agent from the npm registry, whole: dispatched by the command in the dispatcher's
//! environment, asked through the board, its supervisor killed while it waits, against a scripted
//! model on loopback.

use crate::support::{Shift, id_of};
use nightshift_testkit::ModelServer;
use std::path::{Path, PathBuf};

/// The pinned agent: it runs on the oldest Node the product supports.
const AGENT: &str = "gemini";

/// Where `npm ci` puts it.
fn programs() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap();
    let programs = root.join("tests/vendor/node_modules/.bin");
    assert!(
        programs.join(AGENT).exists(),
        "the vendor's agent is not installed; run `cargo xtask setup`"
    );
    programs
}

#[test]
fn a_vendors_agent_asks_through_the_board_and_survives_the_supervisor() {
    let shift = Shift::new();
    let model = ModelServer::start().unwrap();
    let made = shift.home.work().join("made.txt");
    let mut dispatch =
        shift.command(&["--bg", "--json", "--agent", AGENT, "@@bash echo made > made.txt@@"]);
    // The supervisor is started without any of this: a session has its dispatcher's environment.
    shift.shell("true");
    let home = shift.home.user_home();
    for (name, value) in model.environment(AGENT, &home).unwrap() {
        if name != "PATH" && name != "HOME" {
            dispatch.env(name, value);
        }
    }
    let path = std::env::var("PATH").unwrap();
    dispatch.env("PATH", format!("{}:{path}", programs().display()));
    let out = crate::support::ran(&mut dispatch, b"").ok(&["--bg", "--agent", AGENT]);
    let id = id_of(&serde_json::from_str(&out).unwrap());
    let entry = shift.wait_state(&id, "blocked");
    assert_eq!(entry["waitingFor"], "permission prompt");
    assert_eq!(entry["pending"]["question"], "Run: echo made > made.txt");
    shift.kill_supervisor();
    assert_eq!(shift.wait_state(&id, "blocked")["pending"], entry["pending"]);
    assert!(!made.exists(), "nothing runs before the answer");
    shift.ok(&["answer", &id, "allow"]);
    shift.wait_state(&id, "done");
    assert_eq!(std::fs::read_to_string(&made).unwrap(), "made\n");
    shift.ok(&["reply", &id, "say something"]);
    shift.wait_log(&id, "> say something");
    shift.wait_state(&id, "done");
    shift.ok(&["rm", &id]);
}
