//! What is due by the clock, and when.
//!
//! Promise: the loop sleeps until the first of these and no longer. What goes on by itself
//! is in the list of features; here is what the loop owes to its clients and its disk.

use crate::clients::waiter::Waiter;
use crate::core::{Core, Entry, effects};
use crate::features::conditions::Condition;
use crate::features::{self, conditions};
use crate::handlers;
use crate::inbox::Inbox;
use crate::limits::CATCH_UP_PAUSE;
use nightshift_model::SessionId;
use nightshift_platform::clock;
use nightshift_protocol::SessionView;
use std::time::Duration;
use tokio::sync::mpsc;

/// When many come at once, what is due by the clock waits for so many of them.
const MESSAGES_AT_ONCE: usize = 32;

impl Core {
    /// `first` and those that have come by now: what is due is looked for in all sessions, and that once for
    /// all of them.
    pub fn handle_all(&mut self, first: Inbox, more: &mut mpsc::Receiver<Inbox>) {
        self.handle(first);
        for _ in 1..MESSAGES_AT_ONCE {
            match more.try_recv() {
                Ok(message) => self.handle(message),
                Err(_) => return,
            }
        }
    }

    /// Time until something is due by the clock; none when nothing is.
    pub fn next_deadline(&self) -> Option<Duration> {
        let now = clock::monotonic();
        let behind = self.board.anyone_behind() || self.conversations.behind().next().is_some();
        let due = self.sessions.values().flat_map(|e| [e.line_due_at(), e.retry_at]).flatten();
        let waits = self.waiters.iter().filter_map(|(_, w)| w.deadline());
        due.chain(waits)
            .map(|at| at.saturating_sub(now))
            .chain(self.unsaved.due_in(now))
            .chain(handlers::held_due_in(self, now))
            .chain(self.lists_due_in(now))
            .chain(features::due_in(self, now))
            .chain(behind.then_some(CATCH_UP_PAUSE))
            .min()
    }

    /// Everything that is due by the clock, and followers that may catch up.
    pub fn on_tick(&mut self) {
        self.heartbeat_at = clock::now();
        let now = clock::monotonic();
        self.held_lines(now);
        self.retries(now);
        features::on_tick(self, now);
        handlers::give_held(self);
        self.lists_when_due(now);
        let overdue = |w: &Waiter| w.deadline().is_some_and(|d| now >= d);
        let late: Vec<SessionId> =
            self.waiters.iter().filter(|(_, w)| overdue(w)).map(|(id, _)| id.clone()).collect();
        for id in late {
            self.answer_waiters(&id);
        }
        if self.unsaved.due_in(now).is_some_and(|wait| wait.is_zero()) {
            let sessions = &self.sessions;
            let current = |id: &SessionId| sessions.get(id).map(|e| e.session.clone());
            self.unsaved.retry(&mut *self.store, current, now);
            if self.unsaved.due_in(now).is_none() {
                conditions::release(self, &Condition::Database);
            }
        }
        self.catch_up();
    }

    fn held_lines(&mut self, now: Duration) {
        let due = |e: &Entry| e.line_due_at().is_some_and(|at| now >= at);
        let lines: Vec<SessionId> =
            self.sessions.iter().filter(|(_, e)| due(e)).map(|(id, _)| id.clone()).collect();
        for id in lines {
            if let Some(line) = self.sessions.get_mut(&id).and_then(|e| e.held_line.take()) {
                self.progress(&id, line);
            }
        }
    }

    /// Hands out again what was refused or found no room.
    fn retries(&mut self, now: Duration) {
        let mut due = Vec::new();
        for (id, entry) in &mut self.sessions {
            if entry.retry_at.is_some_and(|at| now >= at) {
                entry.retry_at = None;
                due.push(id.clone());
            }
        }
        for id in due {
            effects::deliver(self, &id);
        }
    }

    fn catch_up(&mut self) {
        let (sessions, notices, conditions) = (&self.sessions, &self.notices, &self.conditions);
        self.board.catch_up(&mut self.clients, || {
            let views = sessions.values().map(|e| SessionView::of(&e.session)).collect();
            (views, conditions::shown(notices, conditions))
        });
        let behind: Vec<SessionId> = self.conversations.behind().cloned().collect();
        for id in behind {
            if let Some(driver) = self.sessions.get(&id).and_then(|e| e.driver.as_ref()) {
                self.conversations.catch_up(&mut self.clients, &id, driver);
            }
        }
    }
}
