//! A session in the loop: its state, and what belongs to it while this supervisor runs.

use crate::features::goal_evaluation;
use crate::features::main_checkout::Room;
use crate::ports::host_link::LinkHandle;
use nightshift_agents::Driver;
use nightshift_model::Session;
use nightshift_protocol::Environment;
use std::path::PathBuf;
use std::time::Duration;

/// A session and what belongs to it while this supervisor runs.
pub struct Entry {
    pub session: Session,
    /// The task that talks to its host, while there is one to talk to.
    pub link: Option<LinkHandle>,
    /// Counts links, so that a late word of an earlier one is told apart.
    pub generation: u32,
    /// Replay complete: lines may be written.
    pub caught_up: bool,
    /// Counts connections of the link: lines meant for an earlier one are dropped.
    pub epoch: u32,
    pub driver: Option<Driver>,
    /// Environment for the next launch.
    pub env: Environment,
    /// Since when (monotonic) it has nothing to do and nobody looks.
    pub resting_since: Option<Duration>,
    /// When (monotonic) it is to be started again after it died.
    pub relaunch_at: Option<Duration>,
    /// Since when (monotonic) the end of a shell job is known, or when it was last looked at.
    pub ended_since: Option<Duration>,
    /// The version of its host's build, once that is known.
    pub build: Option<String>,
    /// Where its host listens, once that is known.
    pub socket: Option<PathBuf>,
    /// The latest line, held back until the row may change again.
    pub held_line: Option<String>,
    /// Until when (monotonic: the wall clock may be set) the row's line stays as it is.
    pub line_rests_until: Option<Duration>,
    /// When (monotonic) lines that were refused or found no room are tried again.
    pub retry_at: Option<Duration>,
    pub room: Room,
    /// The evaluation of its goal that is under way.
    pub judging: Option<goal_evaluation::UnderWay>,
    /// When (monotonic) the background work that its goal waits for is looked at again.
    pub relook_at: Option<Duration>,
    /// What was said last of a loop's file that is not sent.
    pub passed_over: Option<String>,
}

impl Entry {
    pub fn new(session: Session) -> Entry {
        Entry {
            session,
            link: None,
            generation: 0,
            caught_up: false,
            epoch: 0,
            driver: None,
            env: Environment::new(),
            resting_since: None,
            relaunch_at: None,
            ended_since: None,
            build: None,
            socket: None,
            held_line: None,
            line_rests_until: None,
            retry_at: None,
            room: Room::default(),
            judging: None,
            relook_at: None,
            passed_over: None,
        }
    }

    /// When (monotonic) the line that is held back may be shown.
    pub fn line_due_at(&self) -> Option<Duration> {
        self.held_line.as_ref().and(self.line_rests_until)
    }
}
