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
    /// Another process than the host has taken the connection: its pid.
    stranger: Option<u32>,
    socket: String,
    /// Since when an answer is waited for.
    asked: Option<Instant>,
    next: Instant,
    silent: bool,
}

impl Pulse {
    /// It was greeted just now.
    pub fn new(host: Identity, socket: &str, served_by: Option<u32>) -> Pulse {
        let now = Instant::now();
        let stranger = served_by.filter(|pid| *pid != host.pid);
        let socket = socket.to_owned();
        Pulse { host, stranger, socket, asked: Some(now), next: now + PULSE_PAUSE, silent: false }
    }

    /// What is connected is not the host, and says nothing.
    pub fn is_a_strangers(&self) -> bool {
        self.silent && self.stranger.is_some()
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
            (None, true) => self.tell(self.unheard()),
            (None, false) => Beat::Nothing,
        }
    }

    /// Whether it stands still, where that is news. Asks it nothing: one that runs is not woken.
    pub fn look(&mut self) -> Option<Silent> {
        let silent = silence(&self.host).filter(|_| !self.silent)?;
        self.silent = true;
        Some(silent)
    }

    /// It should run, and says nothing.
    fn unheard(&self) -> Silent {
        let pid = self.host.pid;
        let Some(stranger) = self.stranger else {
            return Silent {
                why: format!("its host (pid {pid}) does not answer"),
                way_out: format!(
                    "it goes on by itself where its disk or the machine is busy; `kill {pid}` ends it with its session"
                ),
            };
        };
        let socket = &self.socket;
        Silent {
            why: format!(
                "its host (pid {pid}) cannot be reached: another program (pid {stranger}) listens at {socket}"
            ),
            way_out: format!(
                "end that program (`kill {stranger}`) or move {socket} away: its host makes a new one"
            ),
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
