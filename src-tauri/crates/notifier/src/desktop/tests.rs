//! Real services on a bus of the test's own: whose word counts.

use super::*;
use nightshift_model::{Millis, NeedId};
use nightshift_protocol::{Delivery, NoticeChannel, NotificationButton, Receipt, SecretPlace};
use nightshift_testkit::wait_until;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A fault, where nothing comes for so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A bus of the test's own, on which everybody may do everything.
struct Bus {
    daemon: Child,
    dir: tempfile::TempDir,
}

impl Bus {
    fn start() -> Bus {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("bus.conf");
        let text = format!(
            "<busconfig><type>session</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>\
             <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\
             <allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>",
            dir.path().join("bus").display()
        );
        std::fs::write(&config, text).unwrap();
        let daemon = Command::new("dbus-daemon")
            .args(["--nofork", "--nopidfile", "--nosyslog", "--config-file"])
            .arg(&config)
            .spawn()
            .expect("dbus-daemon, of the package dbus-daemon or dbus-user-session");
        let bus = Bus { daemon, dir };
        wait_until("the bus", || std::os::unix::net::UnixStream::connect(bus.socket()).is_ok());
        bus
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("bus")
    }

    async fn desktop(&self) -> Result<Desktop, String> {
        Desktop::connect_to(&format!("unix:path={}", self.socket().display())).await
    }

    fn service(&self, before: &str, kind: &str) -> Service {
        let own = std::env::current_exe().unwrap();
        let target = own.parent().and_then(Path::parent).unwrap();
        let binary = target.join("examples/service");
        assert!(binary.exists(), "{} is missing; build examples too", binary.display());
        let mut child = Command::new("bash")
            .args(["-c", &format!("{before} exec \"$@\""), "-"])
            .args([binary.as_os_str(), self.socket().as_os_str()])
            .args(["7", kind])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut service =
            Service { child, to: Some(to), from: BufReader::new(from), name: String::new() };
        service.name = service.line().strip_prefix("is ").unwrap().to_owned();
        service
    }

    fn users(&self) -> Service {
        self.service("", "")
    }

    /// One that has a mark, as what a host starts has.
    fn sessions(&self) -> Service {
        self.service("ulimit -x 5;", "")
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.daemon.kill().ok();
        self.daemon.wait().ok();
    }
}

struct Service {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    name: String,
}

impl Service {
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Returns when it is done.
    fn does(&mut self, line: &str) {
        writeln!(self.to.as_mut().unwrap(), "{line}").unwrap();
        assert_eq!(self.line(), "done", "{line}");
    }

    fn presses(&mut self, to: &str, id: u32) {
        self.does(&format!("{to} ActionInvoked {id} answer-0"));
    }

    /// All that a service can say, and what a bus says, about everybody's notifications.
    fn forges(&mut self, to: &str) {
        for id in [7, 8] {
            self.presses(to, id);
            self.does(&format!("{to} ActivationToken {id} forged"));
            self.does(&format!("{to} NotificationReplied {id} yes"));
            self.does(&format!("{to} NotificationClosed {id} -"));
        }
        let name = self.name.clone();
        self.does(&format!("{to} NameOwnerChanged 0 {name}"));
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.to.take());
        self.child.wait().ok();
    }
}

fn order() -> NotificationOrder {
    let button =
        NotificationButton { label: "Allow".into(), answer: nightshift_model::Answer::Allow };
    NotificationOrder {
        receipt: Receipt {
            n: 1,
            at: Millis(1),
            settled_at: None,
            session: "5e55".into(),
            occasion: String::new(),
            kind: NotificationKind::NeedsInput,
            channel: NoticeChannel::Desktop,
            title: "t".into(),
            text: "x".into(),
            delivery: Delivery::Pending,
        },
        session_name: "s".into(),
        need: Some(NeedId("n".into())),
        buttons: vec![button],
        url: String::new(),
        secret: SecretPlace::default(),
    }
}

fn pressed(id: u32) -> Signal {
    Signal::Pressed { id, key: "answer-0".into() }
}

async fn next(desktop: &mut Desktop) -> Signal {
    tokio::time::timeout(PATIENCE, desktop.next()).await.expect("a signal")
}

/// Its name on the bus, to which anybody may send.
fn address(desktop: &Desktop) -> String {
    desktop.connection.unique_name().unwrap().to_string()
}

#[test]
fn markup_is_shown_and_not_obeyed() {
    let text = "<a href=\"http://evil\">Allow</a> & <b>more</b>";
    let shown = "&lt;a href=\"http://evil\"&gt;Allow&lt;/a&gt; &amp; &lt;b&gt;more&lt;/b&gt;";
    assert_eq!(escaped(text), shown);
}

#[tokio::test]
async fn security_06_only_the_service_presses_buttons() {
    let bus = Bus::start();
    let mut service = bus.users();
    service.does("own");
    let mut desktop = bus.desktop().await.unwrap();
    assert_eq!(desktop.show(&order(), 0).await, Ok(7));
    assert_eq!(service.line(), "actions 6", "both buttons and the click");
    let own = address(&desktop);
    for (who, mut other) in [("another program", bus.users()), ("a session", bus.sessions())] {
        for to in [own.as_str(), "-"] {
            other.forges(to);
            service.presses(to, 7);
            assert_eq!(next(&mut desktop).await, pressed(7), "{who} to {to}");
            assert!(desktop.is_served().await, "{who} to {to}");
        }
    }
    service.does("- ActivationToken 7 real");
    assert_eq!(next(&mut desktop).await, Signal::Activation { id: 7, token: "real".into() });
    service.does("- NotificationReplied 7 yes");
    service.does("- NotificationClosed 7 -");
    assert_eq!(next(&mut desktop).await, Signal::Closed { id: 7 });
}

#[tokio::test]
async fn security_06_whoever_takes_the_services_name_later_presses_nothing_of_its_predecessors() {
    let bus = Bus::start();
    for (mut later, refused) in [(bus.users(), false), (bus.sessions(), true)] {
        let mut service = bus.users();
        service.does("own");
        let mut desktop = bus.desktop().await.unwrap();
        let id = desktop.show(&order(), 0).await.unwrap();
        assert_eq!(service.line(), "actions 6");
        later.does("own");
        later.forges(&address(&desktop));
        later.forges("-");
        assert!(!desktop.is_served().await, "another one serves now");
        service.presses("-", id);
        let (one, two) = (next(&mut desktop).await, next(&mut desktop).await);
        // The bus and the old service may be heard in either order.
        let heard = [&one, &two];
        assert!(
            heard.contains(&&Signal::ServiceGone) && heard.contains(&&pressed(id)),
            "{heard:?}"
        );
        match bus.desktop().await {
            Ok(anew) => assert!(!refused && anew.service.as_str() == later.name),
            Err(why) => assert!(refused && why.contains("started in a session"), "{why}"),
        }
    }
}

#[tokio::test]
async fn security_06_a_service_that_a_session_has_started_is_none() {
    let bus = Bus::start();
    let mut service = bus.sessions();
    service.does("own");
    let why = bus.desktop().await.err().unwrap();
    assert!(why.contains("started in a session"), "{why}");
}

#[tokio::test]
async fn security_06_a_service_whose_process_is_unknown_shows_and_presses_nothing() {
    let bus = Bus::start();
    let mut service = bus.service("", "handed");
    service.child.wait().unwrap();
    service.does("own");
    let mut desktop = bus.desktop().await.unwrap();
    assert_eq!(desktop.show(&order(), 0).await, Ok(7));
    assert_eq!(service.line(), "actions 0");
    service.presses("-", 7);
    service.does("- ActivationToken 7 x");
    service.does("- NotificationClosed 7 -");
    assert_eq!(next(&mut desktop).await, Signal::Closed { id: 7 });
}

#[tokio::test]
async fn a_service_that_ends_and_comes_back_is_another_one() {
    let bus = Bus::start();
    let mut service = bus.users();
    service.does("own");
    let mut desktop = bus.desktop().await.unwrap();
    drop(service);
    assert_eq!(next(&mut desktop).await, Signal::ServiceGone);
    let mut service = bus.users();
    service.does("own");
    assert!(!desktop.is_served().await);
    assert!(desktop.show(&order(), 0).await.is_err(), "its numbers are another's");
    let desktop = bus.desktop().await.unwrap();
    assert!(desktop.is_served().await);
    assert_eq!(desktop.show(&order(), 0).await, Ok(7));
}
