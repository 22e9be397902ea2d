//! A terminal agent beside its bytes: signs in its output, its hooks, and what is entered for it.
//!
//! Promises: what is told is journalled before anybody acts on it, what is entered before it is; a
//! program that tells without end fills no disk; a hook that waits gets its one answer.
//! Must not know: what a sign or a hook's line means.

use super::Engine;
use crate::child::ChildIo;
use crate::paste;
use nightshift_platform::clock;
use nightshift_protocol::HostEvent;
use nightshift_protocol::record::{Mark, RECORD_BODY_MAX_BYTES};
use nightshift_protocol::terminal::{HOOK_MAX_BYTES, Sign, TerminalInput};
use std::time::Duration;

/// Programs tell pasted text from typed by its speed; one that gets the Enter with the text takes it
/// for a line break.
const ENTER_AFTER: Duration = Duration::from_millis(150);
/// Signs in one interval; a person reads no more.
const SIGNS_MAX: u32 = 20;
const SIGNS_INTERVAL: Duration = Duration::from_secs(1);
/// Hooks that wait at once.
const HOOKS_MAX: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Listening {
    /// When the text that was pasted is entered.
    enter_at: Option<Duration>,
    /// A notification, bell or prompt came since a key was last pressed.
    calls: bool,
    title: String,
    interval_began: Duration,
    signs: u32,
}

impl Listening {
    pub fn enter_at(&self) -> Option<Duration> {
        self.enter_at
    }

    /// Whether this sign is news, and not one of too many.
    fn takes(&mut self, sign: &Sign, now: Duration) -> bool {
        if let Sign::Title { text } = sign {
            // A spinner in front of the words is no news.
            let words = text.trim_start_matches(|c: char| !c.is_alphanumeric());
            if words == self.title {
                return false;
            }
            words.clone_into(&mut self.title);
        }
        if now.saturating_sub(self.interval_began) >= SIGNS_INTERVAL {
            (self.interval_began, self.signs) = (now, 0);
        }
        self.signs += 1;
        self.signs <= SIGNS_MAX
    }
}

impl Engine {
    pub(super) fn take_signs(&mut self, signs: Vec<Sign>) {
        if !self.launch.listens {
            return;
        }
        for sign in signs {
            if self.listening.takes(&sign, clock::monotonic()) {
                self.listening.calls |=
                    matches!(sign, Sign::Notification { .. } | Sign::Bell | Sign::Prompt);
                self.mark(&Mark::Sign { sign });
            }
        }
    }

    /// Somebody attached presses keys. A terminal's own reports (focus, mouse) begin with an escape.
    pub(super) fn touched(&mut self, keys: &[u8]) {
        if self.launch.listens && self.listening.calls && !keys.starts_with(b"\x1b") {
            self.listening.calls = false;
            self.mark(&Mark::Sign { sign: Sign::Touched });
        }
    }

    pub(super) fn hear_hook(&mut self, index: usize, line: String, wait: bool) {
        let refuse = |text: &str| HostEvent::Refused { tag: 0, error: text.to_owned() };
        let waiting = self.connections.iter().filter(|c| c.hook.is_some()).count();
        let refusal = if !self.launch.listens {
            Some(refuse("this session is no terminal agent"))
        } else if line.len() > HOOK_MAX_BYTES {
            Some(refuse("the hook's line is too long"))
        } else if waiting >= HOOKS_MAX {
            Some(refuse("too many hooks wait for their answers"))
        } else {
            None
        };
        if let Some(refusal) = refusal {
            return self.connections[index].send_event(&refusal);
        }
        let call = self.journal.last_seq() + 1;
        self.mark(&Mark::Hook { call, line });
        match wait {
            true => self.connections[index].hook = Some(call),
            false => self.connections[index].send_event(&HostEvent::HookTaken),
        }
    }

    /// Hooks whose program went away wait no more.
    pub(super) fn forget_closed_hooks(&mut self) {
        let gone = self.connections.iter_mut().filter(|c| c.closed || c.deaf);
        let calls: Vec<u64> = gone.filter_map(|connection| connection.hook.take()).collect();
        for call in calls {
            self.mark(&Mark::HookGone { call });
        }
    }

    /// A line for a terminal agent: journalled, then carried out.
    pub(super) fn take_input(&mut self, line: &str) -> Result<u64, String> {
        if !self.launch.listens {
            return Err("this session has a terminal; send keys instead of lines".to_owned());
        }
        let input = TerminalInput::parse(line.as_bytes())
            .ok_or_else(|| "this is no input for a terminal".to_owned())?;
        if line.len() > RECORD_BODY_MAX_BYTES {
            return Err("the input is too long".to_owned());
        }
        if matches!(input, TerminalInput::Enter { .. }) && self.listening.enter_at.is_some() {
            return Err("the text before is still being entered".to_owned());
        }
        let seq = self.journal_input(line.as_bytes().to_vec())?;
        match input {
            TerminalInput::Enter { text, .. } => self.paste(&text),
            TerminalInput::Keys { keys, .. } => self.queue_keys(keys.as_bytes()),
            TerminalInput::Answer { call, line } => {
                let waits = self.connections.iter_mut().find(|c| c.hook == Some(call));
                if let Some(connection) = waits {
                    connection.hook = None;
                    connection.send_event(&HostEvent::HookAnswer { line });
                }
            }
        }
        Ok(seq)
    }

    fn paste(&mut self, text: &str) {
        let ChildIo::Pty(pty) = &self.child.io else { return };
        let keys = paste::keys_of(text, pty.screen.wants_paste_marked());
        self.queue_keys(&keys);
        self.listening.enter_at = Some(clock::monotonic() + ENTER_AFTER);
    }

    pub(super) fn enter_when_due(&mut self, now: Duration) {
        if self.listening.enter_at.is_some_and(|at| now >= at) {
            self.listening.enter_at = None;
            self.queue_keys(b"\r");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spinners_and_floods_are_no_news() {
        let mut listening = Listening::default();
        let title = |text: &str| Sign::Title { text: text.into() };
        let at = Duration::from_secs;
        assert!(listening.takes(&title("✳ fix it"), at(1)));
        assert!(!listening.takes(&title("⠐ fix it"), at(1)));
        assert!(listening.takes(&title("⠐ tests"), at(1)));
        let taken = (0..100).filter(|_| listening.takes(&Sign::Bell, at(1))).count();
        assert_eq!(taken, 18);
        assert!(listening.takes(&Sign::Bell, at(2)));
    }
}
