//! What the rehearsal agent remembers of a session between processes: its history.
//!
//! Promise: a session that was told to exist can be loaded again; ids are safe file names.
//! Must not know: the protocol.

use nightshift_platform::{dirs, files};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::PathBuf;

/// Entries kept of one session; a replay needs no more.
const HISTORY_MAX_ENTRIES: usize = 400;
/// A history file larger than this is not ours.
const FILE_MAX_BYTES: u64 = 16 * 1024 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    User,
    Agent,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    pub who: Who,
    pub text: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    pub said: Vec<Said>,
    /// Turns so far; makes tool call ids unique over processes.
    pub turns: u64,
}

impl History {
    pub fn add(&mut self, who: Who, text: &str) {
        if text.is_empty() {
            return;
        }
        self.said.push(Said { who, text: text.to_owned() });
        let over = self.said.len().saturating_sub(HISTORY_MAX_ENTRIES);
        self.said.drain(..over);
    }
}

fn path_of(session: &str) -> io::Result<PathBuf> {
    // An id comes from the client: only what a UUID is made of may become a file name.
    let safe = session.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    if session.is_empty() || !safe {
        return Err(io::Error::new(io::ErrorKind::NotFound, format!("no session `{session}`")));
    }
    let home = dirs::Home::resolve().map_err(io::Error::other)?;
    Ok(home.state.join("rehearsal").join(format!("{session}.json")))
}

pub fn load(session: &str) -> io::Result<History> {
    let bytes = files::read_bounded(&path_of(session)?, FILE_MAX_BYTES)?;
    Ok(serde_json::from_slice(&bytes)?)
}

pub fn save(session: &str, history: &History) -> io::Result<()> {
    let path = path_of(session)?;
    if let Some(dir) = path.parent() {
        // It has the umask of its session.
        files::create_private(dir)?;
    }
    files::write_durably(&path, &serde_json::to_vec(history)?)
}
