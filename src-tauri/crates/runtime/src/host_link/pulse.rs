//! Whether a host hears what it was told: asked for its state while something is due from it.
//!
//! Promise: one that stands still or is silent for too long is told of once, as unknown, with what can be
//! done about it; as soon as it says anything, it counts as alive again. It is never taken for dead.
//! Must not know: what is said.

use crate::host_link::limits::{PULSE_PAUSE, SILENCE_LONGEST};
use nightshift_platform::process::Identity;
use tokio::time::Instant;

/// Why a host does not answer, and what the user can do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Silent {
    pub why: String,
    pub way_out: String,
}

/// What a look at the time says is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Beat {
    Nothing,
    /// Ask it for its state.
    Ask,
    /// It does not answer.
    Silent(Silent),
}

pub(crate) struct Pulse {
    host: Identity,
    /// Since when an answer is waited for.
    asked: Option<Instant>,
    next: Instant,
    silent: bool,
}

impl Pulse {
    /// It was greeted just now.
    pub fn new(host: Identity) -> Pulse {
        let now = Instant::now();
        Pulse { host, asked: Some(now), next: now + PULSE_PAUSE, silent: false }
    }

    /// When to look again.
    pub fn next(&self) -> Instant {
        self.next
    }

    /// It said something. True where it had been told of as silent.
    pub fn heard(&mut self) -> bool {
        self.asked = None;
        self.next = Instant::now() + PULSE_PAUSE;
        std::mem::take(&mut self.silent)
    }

    /// Whether there is anything to look for: `due` when something is due from it.
    pub fn looks(&self, due: bool) -> bool {
        (due || self.asked.is_some()) && !self.silent
    }

    pub fn beat(&mut self) -> Beat {
        let now = Instant::now();
        self.next = now + PULSE_PAUSE;
        let Some(asked) = self.asked else {
            self.asked = Some(now);
            return Beat::Ask;
        };
        let late = now.duration_since(asked) >= SILENCE_LONGEST;
        match (silence(&self.host), late) {
            (Some(silent), _) => self.tell(silent),
            (None, true) => {
                let pid = self.host.pid;
                let why = format!("its host (pid {pid}) does not answer");
                let way_out =
                    format!("see what it does (`cat /proc/{pid}/stack`, `strace -p {pid}`)");
                self.tell(Silent { why, way_out })
            }
            (None, false) => Beat::Nothing,
        }
    }

    fn tell(&mut self, silent: Silent) -> Beat {
        self.silent = true;
        Beat::Silent(silent)
    }
}

/// Why a process cannot answer, where that can be read.
pub(crate) fn silence(host: &Identity) -> Option<Silent> {
    let (pid, how) = (host.pid, host.standstill()?);
    let why = format!("its host (pid {pid}) does not answer: it is {how}");
    Some(Silent { why, way_out: how.way_on(pid) })
}
