//! What the link of a session saw of its host, taken by the loop.

use crate::core::{Core, Entry, effects};
use crate::features::{goal_evaluation, idle_retirement, main_checkout};
use crate::inbox::HostLinkEvent;
use crate::limits::REFUSED_PAUSE;
use nightshift_model::limits::LINE_INTERVAL_MS;
use nightshift_model::{Fact, Liveness, Millis, SessionId, Source};
use nightshift_platform::clock;
use std::time::Duration;

impl Core {
    /// What a host's link saw. Events of an earlier link of the same session are void.
    pub(super) fn link_event(&mut self, id: &SessionId, generation: u32, event: HostLinkEvent) {
        let Some(entry) = self.sessions.get_mut(id) else { return };
        if entry.link.as_ref().is_none_or(|l| l.generation != generation) {
            return;
        }
        match event {
            HostLinkEvent::Launched { pid } | HostLinkEvent::Answers { pid } => {
                self.lives(id, pid, matches!(event, HostLinkEvent::Answers { .. }));
            }
            HostLinkEvent::LaunchFailed { error } => {
                entry.link = None;
                self.fact(id, Fact::LaunchFailed { error });
            }
            HostLinkEvent::Lodged { lodging, trust, checkout } => {
                effects::lodged(self, id, lodging, trust, checkout);
            }
            HostLinkEvent::TrustAsked(asks) => effects::trust_asked(self, id, *asks),
            HostLinkEvent::Host { build, socket } => {
                (entry.build, entry.socket) = (Some(build), Some(socket));
            }
            HostLinkEvent::Environment(env) => entry.env = env,
            HostLinkEvent::Records(records) => effects::feed(self, id, &records),
            HostLinkEvent::CaughtUp => self.caught_up(id),
            HostLinkEvent::Activity { line } => {
                if let Some(driver) = &mut entry.driver {
                    driver.printed();
                }
                if entry.session.is_terminal_agent() {
                    // What its screen shows last says less than its hooks and titles.
                    effects::deliver(self, id);
                } else {
                    self.progress(id, line);
                }
            }
            HostLinkEvent::Tried { what } => {
                let text = format!("{what}: refused, only the user may");
                self.fact(id, Fact::Noted { source: Source::Process, text });
            }
            HostLinkEvent::Unwritten { why } => {
                tracing::warn!(session = %id, "not written: {why}");
                entry.caught_up = false;
                entry.epoch += 1;
                if let Some(driver) = &mut entry.driver {
                    driver.forget_unwritten();
                }
            }
            HostLinkEvent::Refused { line, error } => {
                tracing::warn!(session = %id, "a line was refused: {error}");
                if let Some(driver) = &mut entry.driver {
                    driver.not_written(&line);
                }
                entry.retry_at.get_or_insert(clock::monotonic() + REFUSED_PAUSE);
            }
            HostLinkEvent::Exited { exit } => self.process_ended(id, Fact::Exited { exit }),
            HostLinkEvent::Lost { cause } => self.process_ended(id, Fact::HostLost { cause }),
            HostLinkEvent::Unknown { why, way_out } => {
                self.fact(id, Fact::HostUnknown { why, way_out })
            }
        }
    }

    /// Its documents say so, or (`answers`) its host itself.
    fn lives(&mut self, id: &SessionId, pid: u32, answers: bool) {
        let Some(Entry { session, .. }) = self.sessions.get(id) else { return };
        let known = match &session.liveness {
            Liveness::Alive { pid: before, .. } => *before == pid,
            // That its documents are there is no news. Which process it is, and whether that is to rest, its host says.
            Liveness::Unknown { .. } if !answers && !session.stopping => return,
            Liveness::Unknown { .. } => !answers,
            Liveness::Gone { .. } => false,
        };
        if !known {
            self.fact(id, Fact::Launched { pid });
        } else if session.stopping || session.retiring {
            effects::stop_host(self, id);
        }
    }

    fn caught_up(&mut self, id: &SessionId) {
        let Some(entry) = self.sessions.get_mut(id) else { return };
        entry.caught_up = true;
        goal_evaluation::begin(self, id);
        let Some(entry) = self.sessions.get_mut(id) else { return };
        if entry.room.checkout.is_none() {
            main_checkout::look(self, id);
        }
        effects::deliver(self, id);
    }

    fn process_ended(&mut self, id: &SessionId, fact: Fact) {
        if let Some(entry) = self.sessions.get_mut(id) {
            entry.link = None;
            entry.caught_up = false;
            entry.held_line = None;
            entry.retry_at = None;
        }
        self.fact(id, fact);
        idle_retirement::drop_idle_drivers(self);
    }

    /// A line for the row, now or once the row may change again.
    pub fn progress(&mut self, id: &SessionId, line: String) {
        let now = clock::monotonic();
        let Some(entry) = self.sessions.get_mut(id) else { return };
        let rests = entry.line_rests_until.is_some_and(|until| now < until);
        if rests && entry.session.line_at != Millis(0) && !entry.session.line.is_empty() {
            entry.held_line = Some(line);
            return;
        }
        entry.held_line = None;
        entry.line_rests_until = Some(now + Duration::from_millis(LINE_INTERVAL_MS));
        self.fact(id, Fact::Progress { line });
    }
}
