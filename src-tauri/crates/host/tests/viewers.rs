//! What the window's terminal shows, and what it shows of a session that it attaches to late: the same.

#[path = "viewers/functions.rs"]
mod functions;
mod support;
#[path = "viewers/xterm.rs"]
mod xterm;

use functions::{FUNCTIONS, LOOKS, LOST, MODES};
use nightshift_protocol::{HostRequest, LaunchKind};
use nightshift_screen::Screen;
use std::fmt::Write as _;
use std::path::Path;
use support::{Client, Host, Message, launch};
use xterm::{Shown, Xterm};

const SIZE: (u16, u16) = (20, 6);
const VTTEST_SIZE: (u16, u16) = (80, 24);

/// What a viewer that attaches after all of it was written sees otherwise.
fn lost(xterm: &mut Xterm, name: &str, live: &Shown, bytes: &[u8]) -> Option<String> {
    let mut screen = Screen::new(SIZE.0, SIZE.1);
    // In pieces of any size it is the same.
    bytes.chunks(name.len() % 5 + 1).for_each(|piece| screen.process(piece));
    let differs = live.difference(&xterm.draw(SIZE, &screen.snapshot()));
    match (differs, LOST.contains(&name)) {
        (Some(_), true) | (None, false) => None,
        (None, true) => Some(format!("{name}: is no longer lost")),
        (Some(what), false) => Some(format!("{name}, attached late: {what}")),
    }
}

#[test]
fn each_control_function_does_what_it_should_and_a_late_viewer_sees_it() {
    let mut xterm = Xterm::start();
    let mut faults = Vec::new();
    for (name, bytes, rows, (row, column)) in FUNCTIONS {
        let live = xterm.draw(SIZE, bytes.as_bytes());
        if live.text() != *rows || live.cursor != (row - 1, column - 1) {
            faults.push(format!("{name}: shows {:?} with {:?}", live.text(), live.cursor));
        }
        faults.extend(lost(&mut xterm, name, &live, bytes.as_bytes()));
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn a_late_viewer_sees_every_look_and_is_put_into_every_mode() {
    let mut xterm = Xterm::start();
    let mut faults = Vec::new();
    let plain = xterm.draw(SIZE, b"");
    for (name, bytes) in LOOKS.iter().chain(MODES) {
        let live = xterm.draw(SIZE, bytes.as_bytes());
        if live == plain && !name.ends_with("ends them") {
            faults.push(format!("{name}: nothing is seen of it"));
        }
        faults.extend(lost(&mut xterm, name, &live, bytes.as_bytes()));
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Questions that the host answers where nobody is attached.
const QUESTIONS: &[&str] = &[
    "\x1b[c",
    "\x1b[0c",
    "\x1b[>c",
    "\x1b[5n",
    "ab\x1b[6n",
    "\x1b[99;99H\x1b[6n",
    "\x1b[?1$p",
    "\x1b[?1h\x1b[?1$p",
    "\x1b[?7$p",
    "\x1b[?25$p",
    "\x1b[?25l\x1b[?25$p",
    "\x1b[?45$p",
    "\x1b[?1004h\x1b[?1004$p",
    "\x1b[?1049h\x1b[?1049$p",
    "\x1b[?2004h\x1b[?2004$p",
    "\x1b[?2026$p",
    "\x1b[?9999$p",
];

#[test]
fn a_program_is_told_the_same_whether_somebody_is_attached_or_not() {
    let mut xterm = Xterm::start();
    let mut faults = Vec::new();
    for asked in QUESTIONS {
        let mut screen = Screen::new(SIZE.0, SIZE.1);
        screen.process(asked.as_bytes());
        let unseen = String::from_utf8(screen.take_replies()).unwrap();
        let seen = xterm.draw(SIZE, asked.as_bytes()).answers;
        if unseen != seen || seen.is_empty() {
            faults.push(format!("{asked:?}: unseen {unseen:?}, seen {seen:?}"));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Parts of vttest: choices in its menus, one after another. Those about double-sized letters, keyboards,
/// printers and Tektronix screens are left out: the window's terminal has none.
const VTTEST: &[(&str, &[&str])] = &[
    ("cursor movements", &["1"]),
    ("screen features", &["2"]),
    ("character sets", &["3"]),
    ("insert and delete", &["8"]),
    ("HPA", &["11", "5", "1"]),
    ("CBT", &["11", "5", "2"]),
    ("CHA", &["11", "5", "3"]),
    ("CHT", &["11", "5", "4"]),
    ("HPR", &["11", "5", "5"]),
    ("VPA", &["11", "5", "6"]),
    ("CNL", &["11", "5", "7"]),
    ("CPL", &["11", "5", "8"]),
    ("VPR", &["11", "5", "9"]),
    ("colours", &["11", "6", "2"]),
    ("SGR 0", &["11", "6", "3"]),
    ("ED and EL in colour", &["11", "6", "4"]),
    ("ECH and IND in colour", &["11", "6", "5"]),
    ("SGR 22 to 27", &["11", "6", "9"]),
    ("REP", &["11", "7", "2"]),
    ("SD", &["11", "7", "3"]),
    ("SL", &["11", "7", "4"]),
    ("SR", &["11", "7", "5"]),
    ("SU", &["11", "7", "6"]),
];
const GO_ON: &str = "Push <RETURN>";
const CHOOSE: &str = "Enter choice number";

#[test]
fn vttest_looks_the_same_to_whoever_comes_late() {
    let mut xterm = Xterm::start();
    let (mut faults, mut seen) = (Vec::new(), String::new());
    for (part, choices) in VTTEST {
        let host = Host::ready(launch(LaunchKind::Pty, &["vttest", "24x80.80"]));
        let mut viewer = Viewer::of(&host, &mut xterm);
        for choice in *choices {
            viewer.read_until(&[CHOOSE]);
            viewer.client.keys(&format!("{choice}\r"));
        }
        let mut screens = 0;
        while viewer.read_until(&[GO_ON, CHOOSE]) == GO_ON {
            screens += 1;
            let live = viewer.shown();
            let late = viewer.xterm.draw(VTTEST_SIZE, &snapshot(&host));
            let differs = live.kept().difference(&late);
            faults.extend(differs.map(|what| format!("{part}, screen {screens}: {what}")));
            writeln!(seen, "== {part}, screen {screens}\n{}", live.text().join("\n")).unwrap();
            viewer.client.keys("\r");
        }
        assert!(screens > 0, "{part} shows nothing");
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert_golden(&seen);
}

/// What the window's terminal made of it, as a person has looked at it.
fn assert_golden(seen: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/viewers/vttest.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        return std::fs::write(file, seen).unwrap();
    }
    let golden = std::fs::read_to_string(file).unwrap();
    let differs = golden.lines().zip(seen.lines()).enumerate().find(|(_, (a, b))| a != b);
    assert_eq!(differs, None, "UPDATE_GOLDEN=1 writes it anew; look at it then");
    assert_eq!(golden.lines().count(), seen.lines().count());
}

/// The window's terminal, attached all the time; it answers what it is asked.
struct Viewer<'a> {
    client: Client,
    xterm: &'a mut Xterm,
    bytes: Vec<u8>,
    answered: usize,
}

impl<'a> Viewer<'a> {
    fn of(host: &Host, xterm: &'a mut Xterm) -> Viewer<'a> {
        let mut client = host.connect();
        client.attach();
        Viewer { client, xterm, bytes: Vec::new(), answered: 0 }
    }

    fn shown(&mut self) -> Shown {
        self.xterm.draw(VTTEST_SIZE, &self.bytes)
    }

    /// Reads until one of `prompts` came; which one.
    fn read_until(&mut self, prompts: &[&'static str]) -> &'static str {
        let from = self.bytes.len();
        loop {
            let new = String::from_utf8_lossy(&self.bytes[from..]).into_owned();
            if let Some(found) = prompts.iter().find(|prompt| new.contains(**prompt)) {
                return found;
            }
            let Some(message) = self.client.message() else { panic!("closed: {new:?}") };
            if let Message::Data(more) = message {
                self.bytes.extend_from_slice(&more);
                self.client.send(&HostRequest::Ack { bytes: self.bytes.len() as u64 });
                let answers = self.shown().answers;
                self.client.keys(&answers[self.answered..]);
                self.answered = answers.len();
            }
        }
    }
}

/// What the host paints for a viewer that touches nothing.
fn snapshot(host: &Host) -> Vec<u8> {
    let mut client = host.connect();
    client.attach_as(80, 24, true);
    loop {
        match client.message() {
            Some(Message::Data(painted)) => return painted,
            Some(_) => {}
            None => panic!("no snapshot"),
        }
    }
}
