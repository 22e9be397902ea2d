//! Somebody lowers the limit by which sessions are told from the user: the supervisor says so and starts
//! nothing that would be taken for the user's.

use crate::support::{Shift, binary, ran};
use nightshift_client::{Client, dispatch_environment};
use nightshift_platform::Mark;
use nightshift_platform::process::{Identity, Liveness3, signal};
use nightshift_platform::signals::SIGTERM;
use nightshift_protocol::{Command, NotificationAct};
use nightshift_testkit::{wait_for, wait_until};
use tokio::runtime::Runtime;

const TOLD: &str = "another process has lowered the supervisor's limit for file locks";

/// As any process of the same user may.
fn lower(shift: &Shift, process: &Identity, limit: &str) {
    let mut prlimit = shift.unprivileged_command("prlimit");
    prlimit.args(["--pid", &process.pid.to_string(), &format!("--locks={limit}:{limit}")]);
    ran(&mut prlimit, b"").ok(&["prlimit"]);
}

/// A client that was there before, as the window is.
struct Before {
    runtime: Runtime,
    client: Client,
}

impl Before {
    fn connect(shift: &Shift) -> Before {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = runtime.block_on(Client::connect(&shift.home.home())).unwrap();
        Before { runtime, client }
    }

    fn told(&self, command: Command) -> String {
        format!("{:?}", self.runtime.block_on(self.client.call(command)))
    }
}

#[test]
fn security_06_a_supervisor_whose_mark_was_lowered_starts_nothing() {
    let shift = Shift::new();
    let job = shift.shell("while read x; do echo got-$x; done");
    let ended = shift.shell("[ -e first ] && touch ran; touch first");
    shift.wait_entry(&ended, "its end", |entry| entry["pid"].is_null());
    let first = shift.home.work().join("first");
    wait_until("the first run", || first.exists());
    let before = Before::connect(&shift);
    let supervisor = shift.supervisor();
    let below = serde_json::to_string(&Mark::own().below(u32::MAX)).unwrap();
    let way_out = format!("kill {}", supervisor.pid);
    for limit in [below.as_str(), "5", "0"] {
        lower(&shift, &supervisor, limit);
        let (session, env) = (ended.clone(), dispatch_environment());
        let told = before.told(Command::Respawn { session, env });
        assert!(told.contains(TOLD) && told.contains(&way_out), "{limit}: {told}");
        // One that comes now follows it no more.
        shift.fails(&["--bg", "--exec", "touch ran"], &["lowered its limit", &way_out]);
        assert!(!shift.home.work().join("ran").exists(), "{limit}: it ran");
    }
    // The way out that both name: sessions go on, and all is as before.
    signal(&supervisor, SIGTERM).unwrap();
    wait_until("it to end", || supervisor.liveness() == Liveness3::Gone);
    assert!(shift.entry(&job)["pid"].is_u64());
    shift.ok(&["respawn", &ended]);
    wait_until("it to run", || shift.home.work().join("ran").exists());
}

#[test]
fn security_06_a_supervisor_whose_mark_was_lowered_starts_no_notifier() {
    let shift = Shift::with(&[("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")]);
    let before = Before::connect(&shift);
    let test = || before.told(Command::Notifications { act: NotificationAct::Test });
    let told = test();
    assert!(told.contains("no notification service"), "{told}");
    // That one has ended once nothing is left to tell.
    lower(&shift, &shift.supervisor(), "5");
    wait_for("a new one to be wanted", || test().contains(TOLD).then_some(()));
}

/// What the user has set for everything is no reason to start what cannot be told from the user.
#[test]
fn security_06_below_a_limit_of_nothing_no_session_is_started_and_that_is_said() {
    let shift = Shift::new();
    let mut first = std::process::Command::new("bash");
    let script = "ulimit -x 0 && exec \"$0\" --bg --exec 'touch ran'";
    first.args(["-c", script]).arg(binary()).env_clear().envs(shift.home.environment());
    let told = ran(first.current_dir(shift.home.work()), b"");
    assert_ne!(told.code, Some(0), "{told:?}");
    assert!(told.err.contains("limit for file locks (`ulimit -x`)"), "{told:?}");
    assert!(!shift.home.work().join("ran").exists());
}
