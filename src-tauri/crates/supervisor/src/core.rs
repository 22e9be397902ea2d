//! The loop: one message, one step, one transaction, then effects and followers.
//!
//! Promise: the only owner of sessions; commits first, acts second.

use crate::checkout::Room;
use crate::conditions::{self, Condition};
use crate::effects;
use crate::handlers;
use crate::limits::{NOTICES_MAX, REFUSED_PAUSE};
use crate::permissions::Kept;
use crate::pressure;
use crate::pulls::{self, Pulls};
use crate::{
    advising, checkout, judging, mending, notices, permissions, rest, retention, settling, standing,
};
use nightshift_agents::Driver;
use nightshift_automation::Clockwork;
use nightshift_model::limits::LINE_INTERVAL_MS;
use nightshift_model::{
    Command as SessionCommand, Event, Evidence, Fact, Liveness, Millis, Session, SessionId, Source,
    step,
};
use nightshift_notices::{Notices, arising};
use nightshift_platform::clock;
use nightshift_platform::dirs::Home;
use nightshift_protocol::{
    BoardChange, Environment, Fault, FaultCode, Notice, NoticeLevel, PermissionRule, Reply,
    SessionView,
};
use nightshift_runtime::clients::{Board, Clients, Conversations};
use nightshift_runtime::ground::Ground;
use nightshift_runtime::host_link::LinkHandle;
use nightshift_runtime::outside::Outside;
use nightshift_runtime::server::gate::Gate;
use nightshift_runtime::server::inbox::{Inbox, LinkEvent};
use nightshift_runtime::server::pressure::Pressure;
use nightshift_runtime::server::wait::{Until, Waiter};
use nightshift_runtime::storage::{Storage, fault as store_fault, healed, outlived};
use nightshift_runtime::unsaved::Unsaved;
use nightshift_runtime::workspace::Desk;
use nightshift_settings::Watched;
use nightshift_store::Write;
use nightshift_vendors::registry::Registry;
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
    pub judging: Option<judging::UnderWay>,
    /// When (monotonic) the background work that its goal waits for is looked at again.
    pub relook_at: Option<Duration>,
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
        }
    }

    /// When (monotonic) the line that is held back may be shown.
    pub fn line_due_at(&self) -> Option<Duration> {
        self.held_line.as_ref().and(self.line_rests_until)
    }
}

pub struct Core {
    pub home: Home,
    pub registry: Arc<Registry>,
    pub settings: Watched,
    /// This program, which is the rehearsal agent too.
    pub binary: PathBuf,
    /// Worktrees, and the reader that looks at repositories.
    pub desk: Desk,
    /// Hosts, session directories and journals.
    pub outside: Box<dyn Outside>,
    pub started_at: Millis,
    pub sessions: BTreeMap<SessionId, Entry>,
    /// What has happened.
    pub notices: Vec<Notice>,
    /// What is so, until it is not.
    pub conditions: Vec<(Condition, Notice)>,
    /// When (monotonic) a settings file with mistakes is looked at again.
    pub settings_look_at: Option<Duration>,
    /// When (monotonic) the hosts of sessions that work were looked at last.
    pub hosts_looked_at: Duration,
    pub clients: Clients,
    /// Whose hands these are.
    pub gate: Gate,
    pub board: Board,
    pub conversations: Conversations,
    pub waiters: Vec<(SessionId, Waiter)>,
    pub held: Vec<handlers::Held>,
    pub ending: Ending,
    pub store: Box<dyn Storage>,
    /// There once clients are served.
    pub ground: Option<Ground>,
    pub unsaved: Unsaved,
    /// How far pull requests are was asked.
    pub pulls: Pulls,
    /// How long a finished agent may rest before its process goes.
    pub retire_after: Duration,
    /// How long a shell job's row stays after its end was looked at.
    pub shell_keep: Duration,
    pub pressure: Pressure,
    /// When (monotonic) the user was last told that memory is short.
    pub pressure_told_at: Option<Duration>,
    /// What is told outside of the board.
    pub told: Notices,
    /// Variables that lead to the user's desktop, as a client told them.
    pub desktop: Environment,
    /// What the user allowed or rejected for good, oldest first.
    pub permissions: Vec<PermissionRule>,
    /// Nothing starts by schedule.
    pub schedules_paused: bool,
    /// The times of everything that goes on by itself.
    pub clockwork: Clockwork,
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
        desk: Desk,
    ) -> Result<Core, Fault> {
        let mut store = store;
        let sessions = healed(&mut *store)?;
        let notices = store.notices(NOTICES_MAX).map_err(|e| store_fault(&e))?;
        let mut clockwork = Clockwork::new(outside.fresh_uuid().to_string(), outside.zone());
        sessions.iter().for_each(|s| clockwork.adopt(s));
        Ok(Core {
            clockwork,
            registry: Arc::new(crate::tools::registry(&home, binary)),
            settings: Watched::default(),
            binary: binary.to_owned(),
            desk,
            home,
            outside,
            pressure: Pressure::default(),
            pressure_told_at: None,
            told: notices::restored(&*store),
            desktop: Environment::new(),
            permissions: permissions::restored(&*store),
            schedules_paused: notices::schedules_paused(&*store),
            started_at: clock::now(),
            sessions: sessions.into_iter().map(|s| (s.id.clone(), Entry::new(s))).collect(),
            notices,
            conditions: Vec::new(),
            settings_look_at: None,
            hosts_looked_at: Duration::ZERO,
            clients: Clients::default(),
            gate: Gate::default(),
            board: Board::default(),
            conversations: Conversations::default(),
            waiters: Vec::new(),
            held: Vec::new(),
            ending: Ending::No,
            store,
            ground: None,
            unsaved: Unsaved::default(),
            pulls: Pulls::default(),
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
            Inbox::Connected { conn, out, caller } => {
                self.gate.enter(conn, caller);
                self.clients.add(conn, out);
            }
            Inbox::Disconnected { conn } => {
                self.gate.leave(conn);
                self.clients.remove(conn);
                self.board.forget(conn);
                self.conversations.forget(conn);
                self.waiters.retain(|(_, w)| w.conn != conn || w.until == Until::Removed);
                rest::drop_idle_drivers(self);
                notices::gone(self, conn);
            }
            Inbox::Request { conn, request, turn, .. } => {
                if turn.counts() {
                    self.clients.begin(conn, request.id, Box::new(turn));
                }
                handlers::handle(self, conn, request);
            }
            Inbox::Link { session, generation, event, .. } => {
                self.link_event(&session, generation, event);
                handlers::give_held(self);
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
            Inbox::Trusted { conn, request, result, env } => {
                handlers::trusted(self, (conn, request), result, &env);
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
            Inbox::Reviewed { conn, request, session, result, left_out } => {
                handlers::reviewed(self, (conn, request), &session, (result, left_out));
            }
            Inbox::PullSeen { session, url, state } => pulls::seen(self, &session, url, state),
            Inbox::LoopFile { session, timed, file } => {
                standing::file_read(self, &session, *timed, file);
            }
            Inbox::Advised { session, set_at, advice } => {
                advising::told(self, &session, set_at, advice);
            }
            Inbox::Settled { session, n, told } => settling::told(self, &session, n, told),
            Inbox::Judged { session, n, told } => judging::told(self, &session, n, told),
            Inbox::Background { session, tasks } => judging::looked(self, &session, &tasks),
            Inbox::TasksFor { session, asked, tasks } => {
                standing::tasks_said(self, &session, asked, &tasks);
            }
            Inbox::Large { message, .. } => self.take(*message),
            Inbox::Pressure => pressure::shed(self),
            Inbox::Ground => mending::mend(self),
            Inbox::Terminate => self.ending = Ending::Now,
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
            LinkEvent::Launched { pid } | LinkEvent::Answers { pid } => {
                self.lives(id, pid, matches!(event, LinkEvent::Answers { .. }));
            }
            LinkEvent::LaunchFailed { error } => {
                entry.link = None;
                self.fact(id, Fact::LaunchFailed { error });
            }
            LinkEvent::Lodged { lodging, trust, checkout } => {
                effects::lodged(self, id, lodging, trust, checkout);
            }
            LinkEvent::TrustAsked(asks) => effects::trust_asked(self, id, *asks),
            LinkEvent::Host { build, socket } => {
                (entry.build, entry.socket) = (Some(build), Some(socket));
            }
            LinkEvent::Environment(env) => entry.env = env,
            LinkEvent::Records(records) => effects::feed(self, id, &records),
            LinkEvent::CaughtUp => self.caught_up(id),
            LinkEvent::Activity { line } => {
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
            LinkEvent::Tried { what } => {
                let text = format!("{what}: refused, only the user may");
                self.fact(id, Fact::Noted { source: Source::Process, text });
            }
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
            LinkEvent::Unknown { why, way_out } => {
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
        judging::begin(self, id);
        let Some(entry) = self.sessions.get_mut(id) else { return };
        if entry.room.checkout.is_none() {
            checkout::look(self, id);
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
        rest::drop_idle_drivers(self);
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
        self.apply_keeping(id, event, (at, seq), None)
    }

    /// The same, with a rule that is stored in the same commit.
    pub fn apply_keeping(
        &mut self,
        id: &SessionId,
        event: Event,
        (at, seq): (Millis, u64),
        kept: Option<Kept>,
    ) -> Result<(), Fault> {
        let Some(entry) = self.sessions.get_mut(id) else {
            return Err(Fault::new(FaultCode::NotFound, format!("no session {id}")));
        };
        // A run and a verdict are decided here and nowhere else: what follows from one that is not stored
        // would be given twice.
        let decided = |fact: &Fact| matches!(fact, Fact::Timed { .. } | Fact::Judged { .. });
        let happened = matches!(event, Event::Fact(ref fact) if !decided(fact));
        let volatile = matches!(event, Event::Fact(ref fact) if outlived(fact));
        let new_goal = matches!(
            event,
            Event::Command(SessionCommand::GoalSet { .. })
                | Event::Own(SessionCommand::GoalSet { .. })
        );
        let mut next =
            step(&entry.session, event, at).map_err(|refusal| handlers::refused(&refusal))?;
        next.session.journal_seq = next.session.journal_seq.max(seq);
        let changed = next.session != entry.session || !next.evidence.is_empty();
        let occasion = arising(&entry.session, &next.session);
        if changed {
            let receipts = occasion.map(|o| notices::judge(self, &o)).unwrap_or_default();
            let write = Write {
                upserts: vec![next.session.clone()],
                evidence: next.evidence.into_iter().map(|e| (id.clone(), e)).collect(),
                receipts: receipts.clone(),
                volatile,
                permissions: kept.iter().map(|kept| kept.rule.clone()).collect(),
                revoked: kept.iter().flat_map(|kept| kept.displaced.clone()).collect(),
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
            self.told.accept(receipts);
            if let Some(kept) = kept {
                permissions::accept(self, kept);
            }
        }
        for effect in next.effects {
            effects::act(self, id, effect);
        }
        self.answer_waiters(id);
        if new_goal {
            advising::begin(self, id);
        }
        Ok(())
    }

    fn not_stored(&mut self, write: Write, error: &nightshift_store::StoreError) {
        tracing::error!("not stored: {error}");
        if self.unsaved.hold(write) {
            let text = format!("the database cannot be written: {error}");
            conditions::hold(self, &Condition::Database, vec![(NoticeLevel::Error, text)]);
        }
    }

    fn replace(&mut self, id: &SessionId, session: Session) {
        let Some(entry) = self.sessions.get_mut(id) else { return };
        self.clockwork.follow(id, Some(&entry.session), Some(&session));
        entry.session = session;
        if let Some(under_way) = &entry.judging {
            under_way.call_off_unless_wanted(&entry.session);
        }
        let view = Box::new(SessionView::of(&entry.session));
        let agent = entry.session.agent();
        let prompts = agent.map(|a| a.prompts.clone());
        let remarks = agent.map_or(&[][..], |a| &a.standing.remarks);
        let changes = match (&mut entry.driver, prompts) {
            (Some(driver), Some(prompts)) => {
                let live = entry.caught_up || entry.link.is_none();
                let mut changes = driver.set_remarks(remarks, live);
                changes.extend(driver.set_prompts(&prompts));
                changes
            }
            (Some(_) | None, _) => Vec::new(),
        };
        self.conversations.publish(&mut self.clients, id, &changes);
        self.board.publish(&mut self.clients, BoardChange::Upsert { view });
        conditions::review(self, id);
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
        self.clockwork.follow(&id, None, Some(&session));
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

    fn folded(&mut self, id: &SessionId, driver: Driver) {
        if let Some(entry) = self.sessions.get_mut(id)
            && entry.driver.is_none()
        {
            entry.driver = Some(driver);
            judging::begin(self, id);
        }
    }
}
