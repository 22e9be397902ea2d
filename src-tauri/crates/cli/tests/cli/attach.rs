//! Attaching from a real terminal: a PTY plays the user's.

use crate::support::{Shift, binary, kill, pass};
use nightshift_model::answering::ANSWER_AFTER_MS;
use nightshift_platform::process::{Identity, Liveness3, signal};
use nightshift_platform::pty::{Pty, resize};
use nightshift_platform::signals::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use nightshift_platform::spawn::Program;
use nightshift_testkit::{wait_for, wait_until};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::Child;
use std::time::Duration;

/// Ctrl+\.
const DETACH: &[u8] = b"\x1c";

/// A user in front of a terminal in which `nightshift attach` runs under a shell.
pub struct User {
    pty: Pty,
    child: Child,
    process: Identity,
    seen: String,
}

impl User {
    /// Runs `sh -c script`, where `$N` is the nightshift binary.
    pub fn types(shift: &Shift, script: &str) -> User {
        let pty = Pty::open(80, 24).unwrap();
        let mut env: BTreeMap<OsString, OsString> =
            shift.home.environment().into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        env.insert("N".into(), binary().into());
        let args = ["-c".into(), script.into()];
        let cwd = shift.home.work();
        let program = Program { program: "sh".as_ref(), args: &args, env: &env, cwd: &cwd };
        let (child, process) = pty.spawn(&program).unwrap();
        User { pty, child, process, seen: String::new() }
    }

    /// Waits for this text; gives everything up to its end that was not given before.
    pub fn sees(&mut self, part: &str) -> String {
        let (master, seen) = (&self.pty.master, &mut self.seen);
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wait_until("text on the terminal", || {
                let mut bytes = [0; 65536];
                while let Ok(count @ 1..) = rustix::io::read(master, &mut bytes) {
                    seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
                }
                seen.contains(part)
            });
        }));
        assert!(found.is_ok(), "`{part}` is not in {:?}", self.seen);
        // What comes next must be new.
        let end = self.seen.find(part).unwrap() + part.len();
        self.seen.drain(..end).collect()
    }

    pub fn presses(&mut self, keys: &[u8]) {
        let mut left = keys;
        wait_until("the terminal to take the keys", || {
            if let Ok(count) = rustix::io::write(&self.pty.master, left) {
                left = &left[count..];
            }
            left.is_empty()
        });
    }

    fn leaves(mut self) -> Option<i32> {
        let status = wait_for("the shell to end", || self.child.try_wait().unwrap());
        status.code()
    }
}

fn reader(shift: &Shift) -> String {
    let id = shift.shell("echo begun; while read x; do echo got-$x; stty size; done");
    shift.wait_log(&id, "begun");
    id
}

#[test]
fn keys_reach_the_session_and_its_output_the_terminal_until_detached() {
    let shift = Shift::new();
    let id = reader(&shift);
    let mut user = User::types(
        &shift,
        &format!(
            "before=$(stty -g); $N attach {id}; [ \"$before\" = \"$(stty -g)\" ] && echo same-modes"
        ),
    );
    user.sees("begun");
    user.presses(b"hello\r");
    user.sees("got-hello");
    resize(&user.pty.master, 100, 40).unwrap();
    // The session hears of the size soon after the terminal; until then it says the old one.
    let sees_new_size = |user: &mut User| {
        user.presses(b"size\r");
        user.sees("got-size");
        user.sees("\n");
        user.seen.contains("40 100") || shift.ok(&["logs", &id]).contains("40 100")
    };
    wait_until("the new size", || sees_new_size(&mut user));
    user.presses(b"last");
    user.presses(DETACH);
    user.sees("detached");
    user.sees("same-modes");
    assert_eq!(user.leaves(), Some(0));
    assert_eq!(shift.entry(&id)["status"], "busy", "detaching never stops");
    // What was typed before leaving has arrived and waits for its newline.
    let mut again = User::types(&shift, &format!("$N attach {id}"));
    again.sees("got-hello");
    again.presses(b"-line\r");
    again.sees("got-last-line");
    again.presses(DETACH);
    assert_eq!(again.leaves(), Some(0));
}

#[test]
fn an_attached_terminal_does_not_notice_a_killed_supervisor() {
    let shift = Shift::new();
    let id = reader(&shift);
    let mut user = User::types(&shift, &format!("$N attach {id}"));
    user.sees("begun");
    shift.kill_supervisor();
    user.presses(b"still\r");
    user.sees("got-still");
    shift.ok(&["agents"]);
    user.presses(b"there\r");
    user.sees("got-there");
    user.presses(DETACH);
    user.sees("detached");
    assert_eq!(user.leaves(), Some(0));
}

#[test]
fn a_reader_only_watches() {
    let shift = Shift::new();
    let id = reader(&shift);
    let mut watcher = User::types(&shift, &format!("$N attach --read-only {id}"));
    watcher.sees("begun");
    watcher.presses(b"ignored\r");
    let mut writer = User::types(&shift, &format!("$N attach {id}"));
    writer.sees("begun");
    writer.presses(b"taken\r");
    for user in [&mut writer, &mut watcher] {
        user.sees("got-taken");
        user.presses(DETACH);
    }
    assert!(!shift.ok(&["logs", &id]).contains("ignored"));
    assert_eq!((writer.leaves(), watcher.leaves()), (Some(0), Some(0)));
}

#[test]
fn the_terminal_is_restored_when_attach_is_ended_by_a_signal() {
    let shift = Shift::new();
    let id = reader(&shift);
    let script = format!(
        "before=$(stty -g); $N attach {id}; [ \"$before\" = \"$(stty -g)\" ] && echo same-modes"
    );
    for ending in [SIGTERM, SIGHUP, SIGINT, SIGQUIT] {
        let mut user = User::types(&shift, &script);
        user.sees("begun");
        let attach = nightshift_platform::process::descendants(user.process.pid).unwrap();
        signal(&attach[0], ending).unwrap();
        user.sees("same-modes");
        assert_eq!(user.leaves(), Some(0), "signal {ending}");
    }
    assert_eq!(shift.entry(&id)["status"], "busy");
}

#[test]
fn the_detach_key_of_the_extended_keyboard_protocol_detaches_too() {
    let shift = Shift::new();
    let id = reader(&shift);
    for read_only in ["", "--read-only"] {
        let mut user = User::types(&shift, &format!("$N attach {read_only} {id}"));
        user.sees("begun");
        user.presses(b"\x1b[92;5u");
        user.sees("detached");
        assert_eq!(user.leaves(), Some(0));
    }
}

#[test]
fn the_end_of_the_session_ends_the_attachment() {
    let shift = Shift::new();
    let id = reader(&shift);
    let mut user = User::types(&shift, &format!("$N attach {id}; echo code-$?"));
    user.sees("begun");
    user.presses(b"\x04");
    user.sees("exit code 0");
    user.sees("code-0");
    let mut user = User::types(&shift, &format!("$N attach {id}"));
    user.sees("begun");
    assert_eq!(user.leaves(), Some(0), "an ended session prints its log");
}

#[test]
fn a_killed_host_is_told_and_the_terminal_is_restored() {
    let shift = Shift::new();
    let id = reader(&shift);
    let mut user = User::types(&shift, &format!("$N attach {id}; stty -a | grep -c ' icanon'"));
    user.sees("begun");
    kill(&shift.host(&id));
    user.sees("gone");
    user.sees("1");
    user.leaves();
}

#[test]
fn an_agent_is_attached_as_a_conversation_that_takes_answers_and_replies() {
    let shift = Shift::new();
    let id = shift.agent("say hello\nask Which colour? | Red | Blue\ndone first");
    // In place of the shell: without job control the detach key would end that too.
    let mut user = User::types(&shift, &format!("exec $N attach {id}"));
    user.sees("hello");
    user.sees("2 Blue");
    // Time to read it.
    pass(Duration::from_millis(ANSWER_AFTER_MS));
    user.presses(b"2\r");
    user.sees("The answer is: Blue");
    shift.wait_state(&id, "done");
    user.presses(b"say and more\r");
    user.sees("\nand more");
    shift.kill_supervisor();
    user.sees("connecting again");
    shift.wait_state(&id, "done");
    user.presses(b"say after the restart\r");
    user.sees("\nafter the restart");
    user.presses(DETACH);
    user.sees("detached");
    assert_eq!(user.leaves(), Some(0));
    assert!(shift.entry(&id)["pid"].is_u64());
}

#[test]
fn without_a_terminal_the_way_out_is_named() {
    let shift = Shift::new();
    let id = reader(&shift);
    shift.fails(&["attach", &id], &["terminal", "logs"]);
    let target = shift.json(&["attach", &id, "--json"]);
    assert_eq!(target["type"], "terminal");
    assert!(std::path::Path::new(target["socket"].as_str().unwrap()).exists());
}

#[test]
fn a_flood_is_shown_to_its_end_and_keys_get_through() {
    let shift = Shift::new();
    let id = shift.shell("read x; seq 1 300000; echo the-end-$x; read y");
    shift.wait_entry(&id, "its process", |e| e["pid"].is_u64());
    let mut user = User::types(&shift, &format!("$N attach {id}"));
    user.presses(b"go\r");
    user.sees("the-end-go");
    user.presses(DETACH);
    user.sees("detached");
    assert_eq!(user.leaves(), Some(0));
    let host = shift.host(&id);
    assert_eq!(host.liveness(), Liveness3::Alive);
}

#[test]
fn failures_40_a_paste_into_an_attached_shell_runs_nothing() {
    let shift = Shift::new();
    // Its line editor asks for marked pastes, as those of most people do.
    let id = shift.shell("echo begun; PS1=ready: exec bash --norc --noprofile -i");
    shift.wait_log(&id, "begun");
    let mut user = User::types(&shift, &format!("$N attach {id}"));
    user.sees("ready:");
    for (paste, shown) in [
        ("\x1b[201~touch pwned-1\r", "touch pwned-1"),
        ("x\x1b[201~\rtouch pwned-2\r\x1b[200~", "touch pwned-2"),
        ("\u{9b}201~touch pwned-3\r", "touch pwned-3"),
        ("\x03touch pwned-4\r\x04", "touch pwned-4"),
    ] {
        user.presses(format!("\x1b[200~{paste}\x1b[201~").as_bytes());
        user.sees(shown);
        // What was pasted stands in the line, and goes unrun.
        user.presses(b"\x03");
        user.sees("ready:");
        user.presses(b"echo still-$((1+1))\r");
        user.sees("still-2");
        // Until then it would take keys as its terminal does, without marks.
        user.sees("ready:");
    }
    let made = std::fs::read_dir(shift.home.work()).unwrap();
    let made: Vec<_> = made.map(|entry| entry.unwrap().file_name()).collect();
    assert!(!made.iter().any(|name| name.to_string_lossy().contains("pwned")), "{made:?}");
    user.presses(DETACH);
    user.sees("detached");
    assert_eq!(user.leaves(), Some(0));
}

#[test]
fn failures_40_a_paste_does_not_detach_and_go_on_in_the_user_s_shell() {
    let shift = Shift::new();
    let id = reader(&shift);
    let mut user = User::types(&shift, &format!("$N attach {id}; read line; echo shell-$line"));
    user.sees("begun");
    user.presses(b"\x1b[200~a\x1c\x1b[92;5ub\x1b[201~\r");
    user.sees("b\u{1b}[201~");
    user.presses(DETACH);
    user.sees("detached");
    user.presses(b"own\r");
    user.sees("shell-own");
    assert_eq!(user.leaves(), Some(0));
}

#[test]
fn security_18_attach_keeps_programs_from_the_clipboard_unless_it_is_allowed() {
    let shift = Shift::new();
    let id = shift.shell(
        "echo begun; while read x; do printf '\\033]0;the title\\a\\033]52;c;aGk=\\a\\033]52;c;?\\a\\033[21tend-%s\\n' $x; done",
    );
    shift.wait_log(&id, "begun");
    for (flag, word, clipboard) in [("", "first", false), ("--clipboard", "second", true)] {
        let mut user = User::types(&shift, &format!("$N attach {flag} {id}"));
        user.sees("begun");
        user.presses(format!("{word}\r").as_bytes());
        let told = user.sees(&format!("end-{word}"));
        assert!(told.contains("\x1b]0;the title\x07"), "{told:?}");
        assert!(!told.contains("]52;c;?") && !told.contains("[21t"), "{told:?}");
        assert_eq!(told.contains("\x1b]52;c;aGk=\x07"), clipboard, "{told:?}");
        user.presses(DETACH);
        user.sees("detached");
        assert_eq!(user.leaves(), Some(0));
    }
}
