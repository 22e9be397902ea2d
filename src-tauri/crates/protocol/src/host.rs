//! What goes between a host and those who connect to it: the supervisor and attached clients.
//!
//! After the greeting a connection sends requests; terminal bytes travel in `Data` frames both ways
//! and journal records in `Record` frames from the host.

use crate::launch::Exited;
use nightshift_model::Millis;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum HostRequest {
    /// `pty` only. Answered by `Snapshot` and one `Data` frame that paints the screen, then live
    /// `Data`. With `read_only` neither keys nor sizes from this client are taken.
    Attach {
        cols: u16,
        rows: u16,
        read_only: bool,
    },
    /// `pty` only. As `Attach`, with the viewer's own terminal handed over: its descriptor travels
    /// with this frame. The host reads keys from it and draws on it, so that no process stands
    /// between; nothing is sent but events, and nothing is to be acknowledged. One of
    /// `detach_keys` among the keys gives it back, as `Detach` does. With `clipboard` the session's
    /// programs may write to the clipboard of the viewer's terminal.
    AttachTerminal {
        cols: u16,
        rows: u16,
        read_only: bool,
        detach_keys: Vec<String>,
        #[serde(default)]
        clipboard: bool,
    },
    /// Gives back a terminal that was handed over. Answered by `Detached`.
    Detach,
    /// `pty` only. Bytes of `Data` this viewer has drawn since it attached, snapshots included.
    Ack {
        bytes: u64,
    },
    /// `pty` only.
    Resize {
        cols: u16,
        rows: u16,
    },
    /// Replays the journal after record `after`, then follows it live (`Record` frames).
    Follow {
        after: u64,
    },
    /// Events only: `Activity` and `Exited`.
    Watch,
    /// As `Watch`, and the journal's marks and inputs after record `after`: first those that are
    /// there, then `CaughtUp`, then live ones.
    WatchMarks {
        after: u64,
    },
    /// A hook of a terminal agent: journals `line`. Answered by `HookTaken`, or, where it waits, by
    /// `HookAnswer` once there is one.
    Hook {
        line: String,
        wait: bool,
    },
    /// Journals `line` (no newline inside) and writes it to the child's stdin; for a terminal agent it
    /// is a `TerminalInput`, which is then carried out.
    /// Answered by `Written` or `Refused` with the same tag.
    WriteLine {
        tag: u64,
        line: String,
    },
    /// Sends a signal to the child's process group.
    Signal {
        signal: i32,
    },
    /// Ask (SIGTERM, for pipes end of input first), wait `grace_ms`, kill; every descendant.
    Stop {
        grace_ms: u64,
    },
    Status,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum HostEvent {
    /// The next `Data` frame repaints the whole screen at this size (first, or after falling
    /// behind): reset the terminal before writing it.
    Snapshot {
        cols: u16,
        rows: u16,
    },
    /// The terminal that was handed over is not touched any more.
    Detached,
    /// The size changed (another client resized).
    Resized {
        cols: u16,
        rows: u16,
    },
    /// To those who watch or follow: something that is not the user tried what only the user may.
    Tried {
        what: String,
    },
    HookTaken,
    HookAnswer {
        line: String,
    },
    Written {
        tag: u64,
        seq: u64,
    },
    Refused {
        tag: u64,
        error: String,
    },
    /// To watchers: there was output; `line` is the screen's last line with text. At most once in
    /// `ACTIVITY_INTERVAL_MS`, and once at the first output.
    Activity {
        line: String,
    },
    /// The replay that `Follow` asked for is complete; what follows is live.
    CaughtUp {
        seq: u64,
    },
    /// The child has ended; the exit record is on disk; the host ends after this.
    Exited {
        exit: Exited,
    },
    Status {
        pid: u32,
        child_pid: u32,
        cols: u16,
        rows: u16,
        clients: u32,
        last_seq: u64,
        started_at: Millis,
    },
}

/// Undoes what a program may have switched on in a terminal: alternate screen, colours, mouse,
/// bracketed paste, focus reports, key modes, origin and scroll region; shows the cursor.
pub const TERMINAL_RESET: &str = "\x1b[?1049l\x1b[!p\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\
\x1b[?1006l\x1b[?1015l\x1b[?1004l\x1b[?2004l\x1b[?2026l\x1b[?1l\x1b>\x1b[<u\x1b[?6l\x1b[r\x1b[?7h\
\x1b[?25h\x1b[m";
/// After `TERMINAL_RESET`: an empty screen.
pub const TERMINAL_CLEAR: &str = "\x1b[2J\x1b[H";
/// Watchers hear of output at most this often: a board line needs no more.
pub const ACTIVITY_INTERVAL_MS: u64 = 1_000;
/// A viewer that is further behind than this gets a fresh snapshot instead of the backlog.
pub const VIEWER_WINDOW_BYTES: u64 = 1024 * 1024;
