//! Who serves a socket, with real processes that have marks: nobody of a session is taken for the user's.

use crate::fake::place;
use nightshift_client::{Attachment, Client};
use nightshift_platform::process::find_by_arguments;
use nightshift_platform::signals::SIGKILL;
use nightshift_platform::{Mark, process};
use nightshift_protocol::{Fault, FaultCode};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The example program beside this test binary, at work.
pub struct Serving {
    child: Child,
    socket: PathBuf,
}

impl Serving {
    /// `script` starts it as `"$@"`.
    pub fn start(script: &str, socket: PathBuf, words: &[&str]) -> Serving {
        let own = std::env::current_exe().unwrap();
        let binary = own.parent().and_then(Path::parent).unwrap().join("examples/serves");
        assert!(binary.exists(), "{} is missing; build examples too", binary.display());
        let mut child = Command::new("bash")
            .args(["-c", script, "-"])
            .args([&binary, &socket])
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n", "{script}");
        if words.contains(&"ends") {
            child.wait().unwrap();
        }
        Serving { child, socket }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        for role in ["host", "supervisor"] {
            for more in [&[][..], &["ends"], &["heir"]] {
                let socket = self.socket.to_str().unwrap();
                let words: Vec<&str> = [&[socket, role], more].concat();
                let words: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
                for found in find_by_arguments(&words).unwrap() {
                    process::signal(&found, SIGKILL).ok();
                }
            }
        }
        self.child.wait().ok();
    }
}

const ID: &str = "5e550001";
const NAME: u32 = 0x5e55_0001;
const ANOTHERS: u32 = 0x5e55_0002;

/// Takes this mark and goes on.
fn marked(mark: Mark) -> String {
    format!("ulimit -x {} || exit 1; ", serde_json::to_string(&mark).unwrap())
}

async fn attach(script: &str, words: &[&str]) -> Result<(), Fault> {
    let place = place();
    let socket = place.home.run.join(format!("{ID}.sock"));
    let _serving = Serving::start(script, socket.clone(), words);
    Attachment::connect(&socket, 80, 24, true).await.map(|_| ())
}

#[tokio::test]
async fn security_06_a_hosts_socket_is_served_by_its_own_session_or_the_user() {
    let own = Mark::own();
    for before in [String::new(), marked(own.below(NAME))] {
        attach(&format!("{before}exec \"$@\""), &["host"]).await.unwrap();
    }
    // A name may be chosen by whoever lowers its mark, and the very mark by some.
    let chosen = format!(
        "{}bash -c '{}exec \"$@\"' - \"$@\"; true",
        marked(own.below(u32::MAX)),
        marked(own.below(NAME))
    );
    for script in [
        marked(own.below(ANOTHERS)) + "exec \"$@\"",
        marked(own.below(ANOTHERS).below(NAME)) + "exec \"$@\"",
        "ulimit -x 5; exec \"$@\"".to_owned(),
        "ulimit -x 0; exec \"$@\"".to_owned(),
        chosen,
    ] {
        let fault = attach(&script, &["host"]).await.expect_err(&script);
        assert_eq!(fault.code, FaultCode::Refused, "{script}: {fault}");
        for part in ["served by another session", "stop the session"] {
            assert!(fault.to_string().contains(part), "{script}: {fault}");
        }
    }
}

#[tokio::test]
async fn security_06_a_listener_that_has_ended_may_have_left_its_socket_to_anybody() {
    let fault = attach("exec \"$@\"", &["host", "ends"]).await.unwrap_err();
    assert_eq!(fault.code, FaultCode::Refused, "{fault}");
    for part in ["has ended", "stop the session"] {
        assert!(fault.to_string().contains(part), "{fault}");
    }
    let place = place();
    let socket = place.home.supervisor_socket();
    let _serving = Serving::start("exec \"$@\"", socket, &["supervisor", "ends"]);
    let fault = Client::connect(&place.home).await.err().unwrap();
    assert_eq!(fault.code, FaultCode::Refused, "{fault}");
    for part in ["has ended", "nightshift daemon run"] {
        assert!(fault.to_string().contains(part), "{fault}");
    }
}

#[tokio::test]
async fn security_06_a_supervisor_that_a_session_has_started_is_refused() {
    let place = place();
    let socket = place.home.supervisor_socket();
    {
        let _serving = Serving::start("exec \"$@\"", socket.clone(), &["supervisor"]);
        Client::connect(&place.home).await.unwrap();
    }
    for mark in [Mark::own().below(NAME), Mark::own().below(NAME).below(0)] {
        std::fs::remove_file(&socket).unwrap();
        let script = marked(mark) + "exec \"$@\"";
        let serving = Serving::start(&script, socket.clone(), &["supervisor"]);
        let fault = Client::connect(&place.home).await.err().unwrap();
        let told = format!("(pid {}) was started inside of a session", serving.child.id());
        assert!(fault.code == FaultCode::Refused && fault.to_string().contains(&told), "{fault}");
    }
}
