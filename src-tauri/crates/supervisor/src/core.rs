//! The loop: one message, one step, one transaction, then effects and followers.
//!
//! Promise: the only owner of sessions; commits first, acts second.

use crate::checkout::Room;
use crate::continuing;
use crate::effects;
use crate::ground::Ground;
use crate::handlers;
use crate::inbox::{Inbox, LinkEvent};
use crate::limits::{CATCH_UP_PAUSE, NOTICES_MAX, REFUSED_PAUSE};
use crate::link::LinkHandle;
use crate::outside::Outside;
use crate::pressure::{self, Pressure};
use crate::storage::Storage;
use crate::unsaved::Unsaved;
use crate::wait::{Until, Waiter};
use crate::{checkout, renew, rest, retention};
use nightshift_agents::acp::Driver;
use nightshift_agents::registry::Registry;
use nightshift_model::limits::LINE_INTERVAL_MS;
use nightshift_model::{
    Event, Evidence, Fact, Liveness, Millis, Refusal, Session, SessionId, State, step,
};
use nightshift_platform::clock;
use nightshift_platform::dirs::Home;
use nightshift_protocol::{
    BoardChange, Environment, Fault, FaultCode, Notice, NoticeLevel, Reply, SessionView,
};
use nightshift_publish::{Board, Clients, Conversations};
use nightshift_settings::Watched;
use nightshift_store::Write;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

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
    /// The latest line, held back until the row may change again.
    pub held_line: Option<String>,
    /// Until when (monotonic: the wall clock may be set) the row's line stays as it is.
    pub line_rests_until: Option<Duration>,
    /// When (monotonic) lines that were refused or found no room are tried again.
    pub retry_at: Option<Duration>,
    pub room: Room,
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
            held_line: None,
            line_rests_until: None,
            retry_at: None,
            room: Room::default(),
        }
    }
}

impl Entry {
    /// When (monotonic) the line that is held back may be shown.
    fn line_due_at(&self) -> Option<Duration> {
        self.held_line.as_ref().and(self.line_rests_until)
    }
}

pub struct Core {
    pub home: Home,
    pub registry: Arc<Registry>,
    pub settings: Watched,
    /// This program, which is the rehearsal agent too.
    pub binary: PathBuf,
    /// Hosts, session directories and journals.
    pub outside: Box<dyn Outside>,
    pub started_at: Millis,
    pub sessions: BTreeMap<SessionId, Entry>,
    pub notices: Vec<Notice>,
    pub clients: Clients,
    pub board: Board,
    pub conversations: Conversations,
    pub waiters: Vec<(SessionId, Waiter)>,
    pub ending: Ending,
    pub store: Box<dyn Storage>,
    /// There once clients are served.
    pub ground: Option<Ground>,
    /// The user was told that the state directory cannot be made anew.
    ground_told: bool,
    unsaved: Unsaved,
    /// How long a finished agent may rest before its process goes.
    pub retire_after: Duration,
    /// How long a shell job's row stays after its end was looked at.
    pub shell_keep: Duration,
    pub pressure: Pressure,
    /// When what is due by the clock was last looked after.
    pub heartbeat_at: Millis,
}

/// Whether and how the supervisor is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    No,
    /// As soon as every session has ended.
    WhenSessionsEnded,
    Now,
}

impl Core {
    /// `binary` is this program, which is the rehearsal agent too.
    pub fn new(
        home: Home,
        binary: &Path,
        store: Box<dyn Storage>,
        outside: Box<dyn Outside>,
    ) -> Result<Core, Fault> {
        let io = |e: nightshift_store::StoreError| Fault::new(FaultCode::Io, e.to_string());
        let sessions = store.sessions().map_err(io)?;
        let notices = store.notices(NOTICES_MAX).map_err(io)?;
        Ok(Core {
            registry: Arc::new(Registry::builtin(binary)),
            settings: Watched::default(),
            binary: binary.to_owned(),
            home,
            outside,
            pressure: Pressure::default(),
            started_at: clock::now(),
            sessions: sessions.into_iter().map(|s| (s.id.clone(), Entry::new(s))).collect(),
            notices,
            clients: Clients::default(),
            board: Board::default(),
            conversations: Conversations::default(),
            waiters: Vec::new(),
            ending: Ending::No,
            store,
            ground: None,
            ground_told: false,
            unsaved: Unsaved::default(),
            retire_after: rest::retire_after(None),
            shell_keep: retention::shell_keep(None),
            heartbeat_at: clock::now(),
        })
    }

    /// Serves until told to end.
    pub async fn run(&mut self, mut messages: mpsc::Receiver<Inbox>) {
        // What was recovered may rest or be due already, before anybody says a word.
        self.on_time();
        loop {
            if self.ending == Ending::WhenSessionsEnded && !self.anyone_lives() {
                self.ending = Ending::Now;
            }
            if self.ending == Ending::Now && messages.is_empty() {
                return;
            }
            let message = match self.next_deadline() {
                Some(wait) => tokio::time::timeout(wait, messages.recv()).await,
                None => Ok(messages.recv().await),
            };
            match message {
                Ok(Some(message)) => self.take(message),
                Ok(None) => return,
                Err(_elapsed) => {}
            }
            self.on_time();
        }
    }

    pub fn take(&mut self, message: Inbox) {
        match message {
            Inbox::Connected { conn, out } => self.clients.add(conn, out),
            Inbox::Disconnected { conn } => {
                self.clients.remove(conn);
                self.board.forget(conn);
                self.conversations.forget(conn);
                self.waiters.retain(|(_, w)| w.conn != conn || w.until == Until::Removed);
                self.drop_idle_drivers();
            }
            Inbox::Request { conn, request } => handlers::handle(self, conn, request),
            Inbox::Link { session, generation, event } => {
                self.link_event(&session, generation, event);
            }
            Inbox::Folded { session, driver } => self.folded(&session, *driver),
            Inbox::NotFolded { session, fault } => {
                self.conversations.end(&mut self.clients, &session, &fault);
            }
            Inbox::Answer { conn, request, result } => {
                self.clients.answer(conn, request, result);
            }
            Inbox::Checked { conn, request, dispatch, agent } => {
                handlers::dispatch_checked(self, conn, request, *dispatch, agent);
            }
            Inbox::LogRead { conn, request, session, page } => {
                let end_shown = page.ended;
                self.clients.answer(conn, request, Ok(Reply::Logs(page)));
                if end_shown {
                    retention::shown(self, &session);
                }
            }
            Inbox::WorktreeLeft { session, fate } => handlers::worktree_left(self, &session, fate),
            Inbox::CheckoutSeen { session, seen } => checkout::seen(self, &session, seen),
            Inbox::Pressure => pressure::shed(self),
            Inbox::Ground => self.mend_ground(),
            Inbox::Terminate => self.ending = Ending::Now,
        }
    }

    /// Something was deleted from the state directory: what is needed is made anew, here and by the
    /// hosts, and the user is told.
    fn mend_ground(&mut self) {
        let Some(ground) = &mut self.ground else { return };
        let state = self.home.state.display().to_string();
        match ground.mend(&mut *self.store) {
            Ok(false) => {}
            Ok(true) => {
                self.ground_told = false;
                self.outside.call_hosts_back();
                let text = format!(
                    "{state} was deleted while in use and has been made anew; sessions go on, what \
                     ended ones had printed is lost"
                );
                self.notice(NoticeLevel::Error, text);
            }
            Err(fault) => {
                ground.mend_later();
                if !std::mem::replace(&mut self.ground_told, true) {
                    let text = format!("{state} was deleted while in use: {fault}");
                    self.notice(NoticeLevel::Error, text);
                }
            }
        }
    }

    fn anyone_lives(&self) -> bool {
        self.sessions.values().any(|e| e.session.is_alive() || e.session.stopping)
    }

    /// What a host's link saw. Events of an earlier link of the same session are void.
    fn link_event(&mut self, id: &SessionId, generation: u32, event: LinkEvent) {
        let Some(entry) = self.sessions.get_mut(id) else { return };
        if entry.link.as_ref().is_none_or(|l| l.generation != generation) {
            return;
        }
        match event {
            LinkEvent::Launched { pid } => {
                let known =
                    matches!(entry.session.liveness, Liveness::Alive { pid: p, .. } if p == pid);
                if !known {
                    self.fact(id, Fact::Launched { pid });
                } else if entry.session.stopping || entry.session.retiring {
                    effects::stop_host(self, id);
                }
            }
            LinkEvent::LaunchFailed { error } => {
                entry.link = None;
                self.fact(id, Fact::LaunchFailed { error });
            }
            LinkEvent::Lodged { lodging, checkout } => {
                effects::lodged(self, id, lodging, checkout);
            }
            LinkEvent::Build(build) => entry.build = Some(build),
            LinkEvent::Environment(env) => entry.env = env,
            LinkEvent::Records(records) => effects::feed(self, id, &records),
            LinkEvent::CaughtUp => {
                entry.caught_up = true;
                if entry.room.checkout.is_none() {
                    checkout::look(self, id);
                }
                effects::deliver(self, id);
            }
            LinkEvent::Activity { line } => self.progress(id, line),
            LinkEvent::Unwritten { why } => {
                tracing::warn!(session = %id, "not written: {why}");
                entry.caught_up = false;
                entry.epoch += 1;
                if let Some(driver) = &mut entry.driver {
                    driver.forget_unwritten();
                }
            }
            LinkEvent::Refused { line, error } => {
                tracing::warn!(session = %id, "a line was refused: {error}");
                if let Some(driver) = &mut entry.driver {
                    driver.not_written(&line);
                }
                entry.retry_at.get_or_insert(clock::monotonic() + REFUSED_PAUSE);
            }
            LinkEvent::Exited { exit } => self.process_ended(id, Fact::Exited { exit }),
            LinkEvent::Lost { cause } => self.process_ended(id, Fact::HostLost { cause }),
            LinkEvent::Unknown { why } => self.fact(id, Fact::HostUnknown { why }),
        }
    }

    fn process_ended(&mut self, id: &SessionId, fact: Fact) {
        if let Some(entry) = self.sessions.get_mut(id) {
            entry.link = None;
            entry.caught_up = false;
            entry.held_line = None;
            entry.retry_at = None;
        }
        self.fact(id, fact);
        self.drop_idle_drivers();
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

    /// Applies a fact that was seen now.
    pub fn fact(&mut self, id: &SessionId, fact: Fact) {
        self.fact_at(id, fact, clock::now(), 0);
    }

    /// Applies a fact that journal record `seq` showed at `at`.
    pub fn fact_at(&mut self, id: &SessionId, fact: Fact, at: Millis, seq: u64) {
        if let Err(refusal) = self.apply(id, Event::Fact(fact), at, seq) {
            tracing::error!(session = %id, "a fact was refused: {refusal}");
        }
    }

    /// One event through the state machine, the store, the effects and to the followers.
    pub fn apply(
        &mut self,
        id: &SessionId,
        event: Event,
        at: Millis,
        seq: u64,
    ) -> Result<(), Fault> {
        let Some(entry) = self.sessions.get_mut(id) else {
            return Err(Fault::new(FaultCode::NotFound, format!("no session {id}")));
        };
        let happened = matches!(event, Event::Fact(_));
        let volatile = matches!(event, Event::Fact(ref fact) if outlived(fact));
        let mut next = step(&entry.session, event, at).map_err(|refusal| refused(&refusal))?;
        next.session.journal_seq = next.session.journal_seq.max(seq);
        if next.session != entry.session || !next.evidence.is_empty() {
            let write = Write {
                upserts: vec![next.session.clone()],
                evidence: next.evidence.into_iter().map(|e| (id.clone(), e)).collect(),
                volatile,
                ..Write::default()
            };
            match self.store.commit(&write) {
                Ok(()) => {}
                // What has happened stays true when the disk is full; it is stored once there is
                // room. A command is refused instead, and nothing changes.
                Err(e) if happened => self.not_stored(write, &e),
                Err(e) => return Err(store_fault(&e)),
            }
            self.replace(id, next.session);
        }
        for effect in next.effects {
            effects::act(self, id, effect);
        }
        self.answer_waiters(id);
        Ok(())
    }

    fn not_stored(&mut self, write: Write, error: &nightshift_store::StoreError) {
        tracing::error!("not stored: {error}");
        if self.unsaved.hold(write) {
            let text = format!("the database cannot be written: {error}");
            let notice = Notice { at: clock::now(), level: NoticeLevel::Error, text };
            self.notices.push(notice.clone());
            self.board.publish(&mut self.clients, BoardChange::Notice { notice });
        }
    }

    fn replace(&mut self, id: &SessionId, session: Session) {
        let Some(entry) = self.sessions.get_mut(id) else { return };
        entry.session = session;
        let view = Box::new(SessionView::of(&entry.session));
        let prompts = entry.session.agent().map(|a| a.prompts.clone());
        let changes = match (&mut entry.driver, prompts) {
            (Some(driver), Some(prompts)) => driver.set_prompts(&prompts),
            (Some(_) | None, _) => Vec::new(),
        };
        self.conversations.publish(&mut self.clients, id, &changes);
        self.board.publish(&mut self.clients, BoardChange::Upsert { view });
    }

    /// Adds a session that has just been dispatched.
    pub fn add(&mut self, session: Session, env: Environment, why: Evidence) -> Result<(), Fault> {
        let id = session.id.clone();
        let write = Write {
            upserts: vec![session.clone()],
            evidence: vec![(id.clone(), why)],
            ..Write::default()
        };
        self.store.commit(&write).map_err(|e| store_fault(&e))?;
        let view = Box::new(SessionView::of(&session));
        self.sessions.insert(id, Entry { env, ..Entry::new(session) });
        self.board.publish(&mut self.clients, BoardChange::Upsert { view });
        Ok(())
    }

    /// Something the user should know; kept and shown on the board.
    pub fn notice(&mut self, level: NoticeLevel, text: String) {
        tracing::warn!("notice: {text}");
        let notice = Notice { at: clock::now(), level, text };
        let write = Write { notices: vec![notice.clone()], ..Write::default() };
        if let Err(e) = self.store.commit(&write) {
            tracing::error!("notice not stored: {e}");
        }
        self.notices.push(notice.clone());
        if self.notices.len() > NOTICES_MAX {
            self.notices.remove(0);
        }
        self.board.publish(&mut self.clients, BoardChange::Notice { notice });
    }

    /// Answers those requests whose session has got where they want it.
    pub fn answer_waiters(&mut self, id: &SessionId) {
        let now = clock::monotonic();
        let Some(entry) = self.sessions.get(id) else { return };
        let (met, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiters)
            .into_iter()
            .partition(|(of, waiter)| of == id && waiter.is_met(&entry.session, now));
        self.waiters = left;
        for (id, waiter) in met {
            let result = match waiter.until {
                Until::Removed => handlers::finish_removal(self, &id),
                Until::Launched => Some(self.launched_reply(&id)),
                Until::AnswerTaken { .. } | Until::Ended => Some(self.view(&id)),
            };
            match result {
                Some(result) => self.clients.answer(waiter.conn, waiter.request, result),
                None => self.waiters.push((id, waiter)),
            }
        }
    }

    fn launched_reply(&self, id: &SessionId) -> Result<Reply, Fault> {
        match self.sessions.get(id).map(|e| (&e.session.state, &e.session.liveness)) {
            Some((State::Failed { error, .. }, Liveness::Gone { .. })) => {
                Err(Fault::new(FaultCode::Io, format!("session {id} did not start: {error}"))
                    .hint(format!("take it off the board with `nightshift rm {id}`")))
            }
            Some(_) | None => self.view(id),
        }
    }

    pub fn view(&self, id: &SessionId) -> Result<Reply, Fault> {
        let entry = self.sessions.get(id);
        let view = entry.map(|e| Reply::Session { view: Box::new(SessionView::of(&e.session)) });
        view.ok_or_else(|| Fault::new(FaultCode::NotFound, format!("no session {id}")))
    }

    fn folded(&mut self, id: &SessionId, driver: Driver) {
        if let Some(entry) = self.sessions.get_mut(id)
            && entry.driver.is_none()
        {
            entry.driver = Some(driver);
        }
    }

    /// Drivers of ended sessions are kept only while somebody reads them.
    pub fn drop_idle_drivers(&mut self) {
        for (id, entry) in &mut self.sessions {
            if entry.link.is_none() && !self.conversations.is_followed(id) {
                entry.driver = None;
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
            .chain(rest::due_in(self, now))
            .chain(retention::due_in(self, now))
            .chain(pressure::due_in(self, now))
            .chain(continuing::due_in(self))
            .chain(behind.then_some(CATCH_UP_PAUSE))
            .min()
    }

    /// Everything that is due by the clock, and followers that may catch up.
    pub fn on_time(&mut self) {
        self.heartbeat_at = clock::now();
        let now = clock::monotonic();
        self.held_lines(now);
        self.retries(now);
        rest::on_time(self, now);
        retention::on_time(self, now);
        pressure::on_time(self, now);
        renew::on_time(self);
        continuing::on_time(self);
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
        let (sessions, notices) = (&self.sessions, &self.notices);
        self.board.catch_up(&mut self.clients, || {
            (sessions.values().map(|e| SessionView::of(&e.session)).collect(), notices.clone())
        });
        let behind: Vec<SessionId> = self.conversations.behind().cloned().collect();
        for id in behind {
            if let Some(driver) = self.sessions.get(&id).and_then(|e| e.driver.as_ref()) {
                self.conversations.catch_up(&mut self.clients, &id, driver);
            }
        }
    }
}

/// Facts that a power cut makes void (a process that lived, the line it printed) or that another
/// durable record tells again (the exit record): no reason to wait for the disk.
fn outlived(fact: &Fact) -> bool {
    matches!(fact, Fact::Launched { .. } | Fact::Progress { .. } | Fact::Exited { .. })
}

fn refused(refusal: &Refusal) -> Fault {
    Fault::new(FaultCode::Refused, refusal.message.clone()).hint(refusal.hint.clone())
}

fn store_fault(error: &nightshift_store::StoreError) -> Fault {
    Fault::new(FaultCode::Io, error.to_string())
        .hint("nothing was changed; make room or mend the state directory, then try again")
}
