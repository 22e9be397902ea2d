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
    /// `pipe` only. Journals `line` (no newline inside) and writes it to the child's stdin.
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
    /// The size changed (another client resized).
    Resized {
        cols: u16,
        rows: u16,
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

/// Watchers hear of output at most this often: a board line needs no more.
pub const ACTIVITY_INTERVAL_MS: u64 = 1_000;
/// A viewer that is further behind than this gets a fresh snapshot instead of the backlog.
pub const VIEWER_WINDOW_BYTES: u64 = 1024 * 1024;
