//! A real host process in a directory of its own, and a client that speaks to it.
//!
//! Promise: every process a test starts is gone when its `Host` is dropped, however the test ends.
//! Must not know: what is tested.
#![allow(dead_code)] // Each test binary uses its part of this.

use nightshift_platform::process::{Identity, Liveness3, find_by_env, signal};
use nightshift_platform::spawn::{Detached, own_environment, spawn_detached};
use nightshift_platform::{clock, signals};
use nightshift_protocol::launch::DOCUMENT_VERSION;
use nightshift_protocol::{
    Exited, FrameDecoder, FrameKind, Hello, HostEvent, HostRequest, Launch, LaunchKind, Record,
    Role, encode_control, encode_frame,
};
use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Far more than anything here takes; only a failing test waits this long.
pub const PATIENCE: Duration = Duration::from_secs(60);
const STEP: Duration = Duration::from_millis(5);

static NEXT: AtomicU32 = AtomicU32::new(0);

pub struct Host {
    _temporary: Option<tempfile::TempDir>,
    pub dir: PathBuf,
    pub session: String,
    pub ready_line: String,
    pub detached: Detached,
}

/// Bounded wait on a condition.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = clock::monotonic();
    while !condition() {
        assert!(clock::monotonic() - start < PATIENCE, "waited too long: {what}");
        std::thread::sleep(STEP);
    }
}

/// The example program beside this test binary.
pub fn binary() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let target = own.parent().and_then(Path::parent).unwrap();
    let binary = target.join("examples/host");
    assert!(binary.exists(), "{} is missing; build examples too", binary.display());
    binary
}

/// Processor time that a process has used: fields 14 and 15 of proc_pid_stat(5), in ticks of 10 ms.
pub fn cpu_time(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks = |n: usize| fields[n - 3].parse::<u64>().unwrap();
    Duration::from_millis(10 * (ticks(14) + ticks(15)))
}

/// The most memory a process ever had; none when it is gone.
pub fn peak_kib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().trim_end_matches(" kB").parse().ok()
}

pub fn launch(kind: LaunchKind, argv: &[&str]) -> Launch {
    Launch {
        version: DOCUMENT_VERSION,
        session: format!(
            "{:04x}{:04x}",
            std::process::id() & 0xffff,
            NEXT.fetch_add(1, Ordering::Relaxed)
        ),
        kind,
        argv: argv.iter().map(|s| (*s).to_owned()).collect(),
        cwd: "/".into(),
        socket: String::new(),
        env_names: vec!["PATH".into(), "HOME".into()],
        cols: 80,
        rows: 24,
        journal_max_bytes: 8 * 1024 * 1024,
        journal_after: 0,
        listens: false,
        prompt: None,
        about: None,
    }
}

pub fn shell(script: &str) -> Launch {
    launch(LaunchKind::Pty, &["sh", "-c", script])
}

pub fn pipe(script: &str) -> Launch {
    launch(LaunchKind::Pipe, &["sh", "-c", script])
}

impl Host {
    pub fn start(launch: Launch) -> Host {
        let temporary = tempfile::tempdir().unwrap();
        let mut host = Host::start_in(temporary.path(), launch);
        host._temporary = Some(temporary);
        host
    }

    pub fn start_in(dir: &Path, launch: Launch) -> Host {
        Host::start_as(&binary(), dir, launch)
    }

    /// Of the program `binary`.
    pub fn start_as(binary: &Path, dir: &Path, mut launch: Launch) -> Host {
        launch.socket = dir.join("s").display().to_string();
        std::fs::write(dir.join("launch.json"), serde_json::to_vec(&launch).unwrap()).unwrap();
        let log = dir.join("log");
        let args = ["host".into(), OsString::from(dir)];
        let mut detached =
            spawn_detached(binary.as_os_str(), &args, &own_environment(), dir, &log).unwrap();
        let mut ready_line = String::new();
        detached.stdout.read_to_string(&mut ready_line).unwrap();
        Host {
            _temporary: None,
            dir: dir.to_owned(),
            session: launch.session,
            ready_line,
            detached,
        }
    }

    /// Started and ready.
    pub fn ready(launch: Launch) -> Host {
        let host = Host::start(launch);
        assert_eq!(host.ready_line, "ready\n", "log: {}", host.log());
        host
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }

    pub fn connect(&self) -> Client {
        let mut client = self.connect_silently();
        client.send_bytes(&encode_control(&Hello::new(Role::Client)));
        client
    }

    pub fn connect_silently(&self) -> Client {
        let stream = UnixStream::connect(self.dir.join("s")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        let mut client = Client { stream, decoder: FrameDecoder::default() };
        let (kind, body) = client.frame().expect("no greeting");
        assert_eq!(kind, FrameKind::Control);
        let hello: Hello = serde_json::from_slice(&body).unwrap();
        assert_eq!(hello.role, Role::Host);
        client
    }

    pub fn wait_exit(&mut self) -> Exited {
        let child = &mut self.detached.child;
        until("the host ends", || child.try_wait().unwrap().is_some());
        self.exit_record()
    }

    pub fn exit_record(&self) -> Exited {
        let bytes = std::fs::read(self.dir.join("exit.json"))
            .unwrap_or_else(|error| panic!("no exit record: {error}; log: {}", self.log()));
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Live processes that belong to the session.
    pub fn processes(&self) -> Vec<Identity> {
        find_by_env(nightshift_protocol::launch::SESSION_VARIABLE, &self.session).unwrap()
    }

    pub fn records(&self) -> Vec<Record> {
        nightshift_host::journal::read(&self.dir, 0).collect()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let host = self.detached.identity;
        if host.liveness() == Liveness3::Alive {
            signal(&host, signals::SIGKILL).ok();
        }
        self.detached.child.wait().ok();
        for identity in self.processes() {
            signal(&identity, signals::SIGKILL).ok();
        }
    }
}

pub struct Client {
    pub stream: UnixStream,
    decoder: FrameDecoder,
}

/// One frame, understood.
#[derive(Debug, PartialEq)]
pub enum Message {
    Event(HostEvent),
    Data(Vec<u8>),
    Record(Record),
}

impl Client {
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    pub fn send(&mut self, request: &HostRequest) {
        self.send_bytes(&encode_control(request));
    }

    pub fn keys(&mut self, keys: &str) {
        self.send_bytes(&encode_frame(FrameKind::Data, keys.as_bytes()));
    }

    pub fn attach(&mut self) {
        self.attach_as(80, 24, false);
    }

    pub fn attach_as(&mut self, cols: u16, rows: u16, read_only: bool) {
        self.send(&HostRequest::Attach { cols, rows, read_only });
    }

    /// The next frame; none when the host closed the connection.
    pub fn frame(&mut self) -> Option<(FrameKind, Vec<u8>)> {
        let mut buffer = [0; 65536];
        loop {
            if let Some(frame) = self.decoder.next_frame().unwrap() {
                return Some(frame);
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(len) => self.decoder.push(&buffer[..len]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("nothing came: {error}"),
            }
        }
    }

    pub fn message(&mut self) -> Option<Message> {
        let (kind, body) = self.frame()?;
        Some(match kind {
            FrameKind::Control => Message::Event(serde_json::from_slice(&body).unwrap()),
            FrameKind::Data => Message::Data(body),
            FrameKind::Record => Message::Record(Record::decode(&body).unwrap().0),
        })
    }

    /// The next event that `pick` takes; everything before it is skipped.
    pub fn event<T>(&mut self, mut pick: impl FnMut(HostEvent) -> Option<T>) -> T {
        loop {
            match self.message() {
                Some(Message::Event(event)) => {
                    if let Some(found) = pick(event) {
                        return found;
                    }
                }
                Some(_) => {}
                None => panic!("the host closed the connection"),
            }
        }
    }

    pub fn exited(&mut self) -> Exited {
        self.event(|event| match event {
            HostEvent::Exited { exit } => Some(exit),
            _ => None,
        })
    }

    /// Reads terminal data into `terminal`, acknowledging it, until `done`.
    pub fn watch_until(&mut self, terminal: &mut Terminal, done: impl Fn(&Terminal) -> bool) {
        while !done(terminal) {
            match self.message() {
                Some(message) => {
                    if let Some(drawn) = terminal.take(&message) {
                        self.send(&HostRequest::Ack { bytes: drawn });
                    }
                }
                None => panic!("closed while waiting; screen: {:?}", terminal.text()),
            }
        }
    }

    /// Records until `done` says so of the last one.
    pub fn records_until(&mut self, done: impl Fn(&Record) -> bool) -> Vec<Record> {
        let mut records = Vec::new();
        loop {
            match self.message() {
                Some(Message::Record(record)) => {
                    let last = done(&record);
                    records.push(record);
                    if last {
                        return records;
                    }
                }
                Some(_) => {}
                None => panic!("closed after {} records", records.len()),
            }
        }
    }
}

/// A viewer's terminal.
pub struct Terminal {
    pub parser: vt100::Parser,
    pub drawn: u64,
    pub snapshots: u32,
}

impl Terminal {
    pub fn new() -> Terminal {
        Terminal { parser: fresh(80, 24), drawn: 0, snapshots: 0 }
    }

    /// Draws; the count to acknowledge when something was drawn.
    pub fn take(&mut self, message: &Message) -> Option<u64> {
        match message {
            Message::Event(HostEvent::Snapshot { cols, rows }) => {
                self.parser = fresh(*cols, *rows);
                self.snapshots += 1;
                None
            }
            Message::Event(HostEvent::Resized { cols, rows }) => {
                let (cols, rows) = ((*cols).try_into().unwrap(), (*rows).try_into().unwrap());
                self.parser.set_size(rows, cols);
                None
            }
            Message::Data(bytes) => {
                self.parser.process(bytes);
                self.drawn += bytes.len() as u64;
                Some(self.drawn)
            }
            _ => None,
        }
    }

    pub fn text(&self) -> String {
        self.parser.screen().contents()
    }
}

pub fn fresh(cols: u16, rows: u16) -> vt100::Parser {
    vt100::Parser::new(rows.try_into().unwrap(), cols.try_into().unwrap(), 5000)
}
