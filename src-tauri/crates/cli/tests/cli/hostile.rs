//! Bytes that no client of ours sends, at the supervisor's socket and at a host's: the connection
//! ends, everybody else is served. The bytes come from a seed; `PROPTEST_CASES` makes more of them.

use crate::support::Shift;
use nightshift_platform::process::Identity;
use nightshift_protocol::{FrameKind, Hello, Role, encode_control, encode_frame};
use serde_json::json;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

const CASES: u64 = 300;
/// A peer that neither answers nor hangs up within this time hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A small generator (xorshift64*): the same bytes in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % sides
    }

    fn bytes(&mut self, most: u64) -> Vec<u8> {
        (0..self.roll(most)).map(|_| self.roll(256) as u8).collect()
    }
}

/// Valid JSON, wrong in its shape, one of many ways.
fn wrong_shape(dice: &mut Dice) -> Vec<u8> {
    let shapes = [
        json!(null),
        json!([]),
        json!({"id": -1, "command": {"type": "list"}}),
        json!({"id": 1.5, "command": {"type": "list"}}),
        json!({"id": 1, "command": "list"}),
        json!({"id": 1, "command": {"type": "show"}}),
        json!({"id": 1, "command": {"type": "show", "session": {"deep": [[[[1]]]]}}}),
        json!({"id": u64::MAX, "command": {"type": "unfollow", "follow": u64::MAX}}),
        json!({"id": 1, "command": {"type": "logs", "session": "", "raw": 7}}),
        json!({"type": "attach", "cols": 70_000, "rows": -1, "read_only": false}),
        json!({"type": "attach", "cols": 0, "rows": 0, "read_only": false}),
        json!({"type": "write_line", "tag": "x", "line": 1}),
        json!({"type": "signal", "signal": -9}),
        json!({"type": "follow", "after": u64::MAX}),
        json!({"type": "attach_terminal", "cols": 1, "rows": 1, "read_only": true, "detach_keys": []}),
        json!({"protocol": "one", "build": 1, "role": []}),
    ];
    let shape = &shapes[dice.roll(shapes.len() as u64) as usize];
    encode_frame(FrameKind::Control, shape.to_string().as_bytes())
}

fn attack(dice: &mut Dice) -> Vec<u8> {
    let mut bytes = Vec::new();
    if dice.roll(4) > 0 {
        let mut hello = Hello::new(Role::Client);
        if dice.roll(6) == 0 {
            hello.protocol = dice.roll(u64::from(u32::MAX)) as u32;
        }
        bytes.extend(encode_control(&hello));
    }
    for _ in 0..=dice.roll(6) {
        match dice.roll(7) {
            0 => bytes.extend(dice.bytes(2000)),
            // A huge or empty length.
            1 => bytes.extend([(dice.roll(u64::from(u32::MAX)) as u32).to_le_bytes()].concat()),
            2 => bytes.extend([0; 4]),
            3 => bytes.extend(encode_frame(FrameKind::Record, &dice.bytes(300))),
            4 => bytes.extend(encode_frame(FrameKind::Control, "[".repeat(5000).as_bytes())),
            5 => bytes.extend(wrong_shape(dice)),
            _ => {
                let mut frame = wrong_shape(dice);
                let at = dice.roll(frame.len() as u64) as usize;
                frame[at] ^= 1 << dice.roll(8);
                bytes.extend(frame);
            }
        }
    }
    // Cut off somewhere.
    if dice.roll(3) == 0 {
        bytes.truncate(dice.roll(bytes.len() as u64 + 1) as usize);
    }
    bytes
}

fn strike(socket: &Path, bytes: &[u8]) {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    // It may hang up in the middle of it: that is its right.
    stream.write_all(bytes).ok();
    stream.shutdown(Shutdown::Write).ok();
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => {}
        Err(e) => panic!("neither answered nor hung up: {e}"),
    }
}

#[test]
fn hostile_bytes_end_their_connection_and_nothing_else() {
    let shift = Shift::new();
    let job = shift.shell("while read x; do echo got $x; done");
    shift.wait_entry(&job, "its process", |e| e["pid"].is_u64());
    let asks = shift.agent("ask Go on? | Yes\ndone went on");
    shift.wait_state(&asks, "blocked");
    let home = shift.home.home();
    let sockets = [home.supervisor_socket(), home.host_socket(&job), home.host_socket(&asks)];
    let alive: [Identity; 3] = [shift.supervisor(), shift.host(&job), shift.host(&asks)];
    let cases = std::env::var("PROPTEST_CASES").map_or(CASES, |cases| cases.parse().unwrap());
    let mut dice = Dice(0x6e69_6768_7473_6869);
    for case in 0..cases {
        let bytes = attack(&mut dice);
        strike(&sockets[(case % 3) as usize], &bytes);
    }
    assert_eq!([shift.supervisor(), shift.host(&job), shift.host(&asks)], alive);
    assert!(shift.entry(&job)["pid"].is_u64());
    shift.answer(&asks, "1");
    assert_eq!(shift.wait_state(&asks, "done")["result"], "went on");
    shift.ok(&["stop", &job]);
}
