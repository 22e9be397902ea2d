//! How a session ends: ask, grace, kill; every descendant; then the last output.
//!
//! Promise: nothing below the host outlives it, whatever sessions and groups it made for itself and
//! whatever it calls itself, but for this home's supervisor and hosts (`household`); later stops wait
//! for the first one.
//! Must not know: who asked for the end.

use super::Engine;
use crate::child::ChildIo;
use crate::household::Household;
use nightshift_platform::process::{self, Reap, Reaped};
use nightshift_platform::signals::{SIGCONT, SIGHUP, SIGKILL, SIGTERM};
use nightshift_platform::{clock, pty};
use std::path::Path;
use std::time::Duration;

/// What is left of a job that ended by itself gets this long after being asked.
const LEFTOVER_GRACE: Duration = Duration::from_millis(500);
/// An agent whose input ends gets this long before it is asked by a signal.
const END_OF_INPUT_GRACE: Duration = Duration::from_millis(200);
/// Grace when the host itself is asked to end (the machine shuts down).
const SHUTDOWN_GRACE: Duration = Duration::from_secs(3);
/// Between two walks that kill: new children may have come.
const WALK_INTERVAL: Duration = Duration::from_millis(20);
/// Processes that cannot be killed (waiting for a dead disk) are not walked more often than this.
const WALK_INTERVAL_MAX: Duration = Duration::from_secs(1);
/// The last output is in the kernel's buffers already: this is for a descriptor that was handed to
/// somebody outside the session and is held open there.
const DRAIN_MAX: Duration = Duration::from_millis(500);
/// A grace longer than a day is a mistake in units.
const GRACE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Running,
    Asked {
        /// When to ask by signal too.
        signal_at: Option<Duration>,
        kill_at: Duration,
    },
    Killing {
        walk_at: Duration,
        interval: Duration,
        /// The last walk found nobody.
        empty: bool,
    },
    Draining {
        until: Duration,
    },
    Done,
}

#[derive(Debug, Default)]
pub(super) struct Ending {
    stage: Stage,
    /// How the child itself ended.
    pub exit: Option<Reaped>,
    pub user_time_ms: u64,
    pub system_time_ms: u64,
    pub max_rss_kib: u64,
}

impl Ending {
    pub fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    pub fn deadline(&self) -> Option<Duration> {
        match self.stage {
            Stage::Running | Stage::Done => None,
            Stage::Asked { signal_at, kill_at } => Some(signal_at.unwrap_or(kill_at).min(kill_at)),
            Stage::Killing { walk_at, .. } => Some(walk_at),
            Stage::Draining { until } => Some(until),
        }
    }

    fn count(&mut self, reaped: &Reaped) {
        self.user_time_ms += reaped.user_time_ms;
        self.system_time_ms += reaped.system_time_ms;
        self.max_rss_kib = self.max_rss_kib.max(reaped.max_rss_kib);
    }
}

impl Engine {
    /// Asks the child to end and sees to it that it does.
    pub(super) fn stop(&mut self, grace: Duration) {
        if self.ending.stage != Stage::Running {
            return;
        }
        let now = clock::monotonic();
        let grace = grace.min(GRACE_MAX);
        let mut signal_at = None;
        match &mut self.child.io {
            ChildIo::Pty(_) => self.ask_by_signal(),
            ChildIo::Pipe(pipe) => {
                pipe.close_stdin();
                signal_at = Some(now + END_OF_INPUT_GRACE.min(grace / 4));
            }
        }
        self.ending.stage = Stage::Asked { signal_at, kill_at: now + grace };
    }

    /// The child's group, and on a terminal the group in the foreground: a shell's current job.
    fn ask_by_signal(&mut self) {
        let terminal = match &self.child.io {
            ChildIo::Pty(pty) => pty.master(),
            ChildIo::Pipe(_) => None,
        };
        // An interactive shell ignores SIGTERM and obeys SIGHUP; a stopped one hears nothing
        // before SIGCONT.
        let signals: &[i32] =
            if terminal.is_some() { &[SIGHUP, SIGTERM, SIGCONT] } else { &[SIGTERM, SIGCONT] };
        for &signal in signals {
            if let Some(master) = terminal {
                told(pty::signal_foreground(master, signal));
            }
            told(process::signal_group(&self.child.identity, signal));
        }
    }

    pub(super) fn on_signals(&mut self) {
        let asked = self.signals.take();
        if asked.restore {
            self.restore();
        }
        if asked.terminate {
            self.stop(SHUTDOWN_GRACE);
        }
        let mut child_ended = false;
        loop {
            match process::reap() {
                Ok(Reap::Ended(reaped)) => {
                    self.ending.count(&reaped);
                    if reaped.pid == self.child.identity.pid && self.ending.exit.is_none() {
                        self.ending.exit = Some(reaped);
                        child_ended = true;
                    }
                    continue;
                }
                // All that it left behind came back to us when it ended: there is nobody to look for.
                Ok(Reap::NoChildren) => return self.on_all_gone(),
                Ok(Reap::NoneEnded) => {}
                Err(error) => crate::log(&format!("children cannot be reaped: {error}")),
            }
            if child_ended {
                self.on_child_exit();
            }
            return;
        }
    }

    /// What the child left behind is asked to end too.
    fn on_child_exit(&mut self) {
        let soon = clock::monotonic() + LEFTOVER_GRACE;
        let kill_at = match self.ending.stage {
            Stage::Running => soon,
            Stage::Asked { kill_at, .. } => kill_at.min(soon),
            Stage::Killing { .. } | Stage::Draining { .. } | Stage::Done => return,
        };
        self.signal_descendants(&[SIGHUP, SIGTERM, SIGCONT]);
        self.ending.stage = Stage::Asked { signal_at: None, kill_at };
    }

    fn on_all_gone(&mut self) {
        if matches!(self.ending.stage, Stage::Draining { .. } | Stage::Done) {
            return;
        }
        if let ChildIo::Pty(pty) = &mut self.child.io {
            pty.release();
        }
        self.ending.stage = Stage::Draining { until: clock::monotonic() + DRAIN_MAX };
    }

    /// Signals all of them and says how many there were; none when they cannot be listed.
    fn signal_descendants(&self, signals: &[i32]) -> Option<usize> {
        let ours = Household::of_host(&self.dir, Path::new(&self.launch.socket));
        match process::descendants_without(std::process::id(), &|one| ours.is_member(one)) {
            Ok(found) => {
                for identity in &found {
                    for &signal in signals {
                        told(process::signal(identity, signal));
                    }
                }
                Some(found.len())
            }
            Err(error) => {
                crate::log(&format!("descendants cannot be listed: {error}"));
                None
            }
        }
    }

    /// Whatever is due now.
    pub(super) fn on_time(&mut self, now: Duration) {
        if self.activity.is_due(now) {
            self.tell_watchers();
        }
        self.draw_when_due(now);
        self.enter_when_due(now);
        if self.accept_at.is_some_and(|at| now >= at) {
            self.accept_at = None;
        }
        self.store_when_due(now);
        match self.ending.stage {
            Stage::Running | Stage::Done => {}
            Stage::Asked { kill_at, .. } if now >= kill_at => {
                self.kill_walk(now, WALK_INTERVAL, false);
            }
            Stage::Asked { signal_at: Some(signal_at), kill_at } if now >= signal_at => {
                self.ask_by_signal();
                self.ending.stage = Stage::Asked { signal_at: None, kill_at };
            }
            Stage::Asked { .. } => {}
            Stage::Killing { walk_at, interval, empty } if now >= walk_at => {
                self.kill_walk(now, (interval * 2).min(WALK_INTERVAL_MAX), empty);
            }
            Stage::Killing { .. } => {}
            Stage::Draining { until } => {
                if self.child_output_ended() || now >= until {
                    self.ending.stage = Stage::Done;
                }
            }
        }
    }

    pub(super) fn kill_descendants(&self) {
        self.signal_descendants(&[SIGKILL]);
    }

    fn kill_walk(&mut self, now: Duration, interval: Duration, was_empty: bool) {
        let empty = self.signal_descendants(&[SIGKILL]) == Some(0);
        self.ending.stage = Stage::Killing { walk_at: now + interval, interval, empty };
        // Children may be left that are no part of the session: a supervisor started from inside.
        // One empty walk may have missed a process that forked during it.
        if empty && was_empty && self.ending.exit.is_some() {
            self.on_all_gone();
        }
    }
}

/// A process that is gone needs no signal; anything else is worth a line in the log.
fn told(result: std::io::Result<()>) {
    let gone = |error: &std::io::Error| {
        error.kind() == std::io::ErrorKind::NotFound
            || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
    };
    if let Err(error) = result
        && !gone(&error)
    {
        crate::log(&format!("a signal was not sent: {error}"));
    }
}
