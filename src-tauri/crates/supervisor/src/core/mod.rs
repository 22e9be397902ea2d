//! The loop: one message, one step, one transaction, then effects and followers.
//!
//! Promise: the only owner of sessions; commits first, acts second.

mod deadlines;
pub(crate) mod effects;
mod entry;
mod links;
mod unheard;
mod unsaved;
mod waiters;

use crate::clients::gate::Gate;
use crate::clients::waiter::{Until, Waiter};
use crate::clients::{Board, Clients, ConnId, Conversations};
use crate::core::unheard::Unheard;
use crate::core::unsaved::Unsaved;
use crate::features::conditions::Condition;
use crate::features::permissions::Kept;
use crate::features::pull_requests::Pulls;
use crate::features::routines::Routines;
use crate::features::{
    automation, conditions, deleted_files, goal_advice, goal_evaluation, idle_retirement,
    main_checkout, memory_pressure, notifications, permissions, pull_requests, retention, routines,
    turn_end_review,
};
use crate::handlers;
use crate::inbox::Inbox;
use crate::limits::NOTICES_MAX;
use crate::ports::instance::Instance;
use crate::ports::pressure::MemoryPressure;
use crate::ports::storage::{Storage, fault as store_fault, healed, outlived};
use crate::ports::worktrees::Worktrees;
use crate::ports::world::World;
pub use entry::Entry;
use nightshift_agents::Driver;
use nightshift_automation::TimerQueue;
use nightshift_model::{
    Command as SessionCommand, Event, Evidence, Fact, Millis, Session, SessionId, step,
};
use nightshift_notices::{Notices, arising};
use nightshift_platform::clock;
use nightshift_platform::dirs::Home;
use nightshift_protocol::{
    BoardChange, Environment, Fault, FaultCode, Notice, NoticeLevel, PermissionRule, Reply,
    SessionView,
};
use nightshift_settings::Watched;
use nightshift_store::{StoreError, Write};
use nightshift_vendors::registry::Registry;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

pub struct Core {
    pub home: Home,
    pub registry: Arc<Registry>,
    pub settings: Watched,
    /// This program, which is the rehearsal agent too.
    pub binary: PathBuf,
    /// Worktrees, and the reader that looks at repositories.
    pub worktrees: Arc<dyn Worktrees>,
    /// Hosts, session directories and journals.
    pub world: Box<dyn World>,
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
    /// Sessions of an earlier supervisor of which nothing was heard yet, and who asks about all meanwhile.
    pub unheard: Unheard,
    pub ending: Ending,
    pub store: Box<dyn Storage>,
    /// There once clients are served.
    pub instance: Option<Box<dyn Instance>>,
    pub unsaved: Unsaved,
    /// How far pull requests are was asked.
    pub pulls: Pulls,
    /// How long a finished agent may rest before its process goes.
    pub retire_after: Duration,
    /// How long a shell job's row stays after its end was looked at.
    pub shell_keep: Duration,
    /// None where the kernel tells of shortages by itself, or nothing can.
    pub pressure: Option<Box<dyn MemoryPressure>>,
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
    pub timers: TimerQueue,
    /// When what is due by the clock was last looked after.
    pub heartbeat_at: Millis,
    /// Work that starts when nobody is there.
    pub routines: Routines,
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
        world: Box<dyn World>,
        worktrees: Arc<dyn Worktrees>,
    ) -> Result<Core, Fault> {
        let mut store = store;
        let sessions = healed(&mut *store)?;
        let notices = store.notices(NOTICES_MAX).map_err(|e| store_fault(&e))?;
        let mut timers = TimerQueue::new(world.fresh_uuid().to_string(), world.zone());
        sessions.iter().for_each(|s| timers.adopt(s));
        let routines = routines::restored(&*store).map_err(|e| store_fault(&e))?;
        Ok(Core {
            timers,
            registry: Arc::new(crate::sessions::mcp_servers::registry(&home, binary)),
            settings: Watched::default(),
            binary: binary.to_owned(),
            worktrees,
            home,
            world,
            pressure: None,
            pressure_told_at: None,
            told: notifications::restored(&*store),
            desktop: Environment::new(),
            permissions: permissions::restored(&*store),
            schedules_paused: notifications::schedules_paused(&*store),
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
            unheard: Unheard::default(),
            ending: Ending::No,
            store,
            instance: None,
            unsaved: Unsaved::default(),
            pulls: Pulls::default(),
            retire_after: idle_retirement::retire_after(None),
            shell_keep: retention::shell_keep(None),
            heartbeat_at: clock::now(),
            routines,
        })
    }

    /// Serves until told to end.
    pub async fn run(&mut self, mut messages: mpsc::Receiver<Inbox>) {
        // What was recovered may rest or be due already, before anybody says a word.
        self.on_tick();
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
                Ok(Some(message)) => self.handle_all(message, &mut messages),
                Ok(None) => return,
                Err(_elapsed) => {}
            }
            self.on_tick();
        }
    }

    pub fn handle(&mut self, message: Inbox) {
        match message {
            Inbox::Connected { conn, out, caller } => {
                self.gate.enter(conn, caller);
                self.clients.add(conn, out);
            }
            Inbox::Disconnected { conn } => self.disconnected(conn),
            Inbox::Request { conn, request, turn, .. } => {
                if let Some(turn) = turn {
                    self.clients.begin(conn, request.id, turn);
                }
                handlers::handle(self, conn, request);
            }
            Inbox::Link { session, generation, event, .. } => {
                let settles = unheard::is_settled_by(&event);
                self.link_event(&session, generation, event);
                handlers::give_held(self);
                if settles {
                    self.heard_of(&session);
                }
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
            Inbox::CheckoutSeen { session, seen } => main_checkout::seen(self, &session, seen),
            Inbox::Reviewed { conn, request, session, result, left_out } => {
                handlers::reviewed(self, (conn, request), &session, (result, left_out));
            }
            Inbox::PullSeen { session, url, state } => {
                pull_requests::seen(self, &session, url, state)
            }
            Inbox::LoopFile { session, fired, file } => {
                automation::file_read(self, &session, *fired, file);
            }
            Inbox::Advised { session, set_at, advice } => {
                goal_advice::on_result(self, &session, set_at, advice);
            }
            Inbox::Settled { session, n, told } => {
                turn_end_review::on_result(self, &session, n, told)
            }
            Inbox::Judged { session, n, told } => {
                goal_evaluation::on_result(self, &session, n, told)
            }
            Inbox::Background { session, tasks } => goal_evaluation::looked(self, &session, &tasks),
            Inbox::TasksFor { session, asked, tasks } => {
                automation::tasks_said(self, &session, asked, &tasks);
            }
            Inbox::Large { message, .. } => self.handle(*message),
            Inbox::Routines(heard) => routines::hear(self, heard),
            Inbox::Pressure => memory_pressure::shed(self),
            Inbox::FilesDeleted => deleted_files::mend(self),
            Inbox::Terminate => self.ending = Ending::Now,
        }
    }

    fn disconnected(&mut self, conn: ConnId) {
        self.gate.leave(conn);
        self.clients.remove(conn);
        self.board.forget(conn);
        self.conversations.forget(conn);
        self.waiters.retain(|(_, w)| w.conn != conn || w.until == Until::Removed);
        idle_retirement::drop_idle_drivers(self);
        notifications::gone(self, conn);
        routines::outside::gone(self, conn);
    }

    fn anyone_lives(&self) -> bool {
        self.sessions.values().any(|e| e.session.is_alive() || e.session.stopping)
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
        let decided = |fact: &Fact| matches!(fact, Fact::TimerFired { .. } | Fact::Judged { .. });
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
            let receipts = occasion.map(|o| notifications::judge(self, &o)).unwrap_or_default();
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
            goal_advice::begin(self, id);
        }
        Ok(())
    }

    fn not_stored(&mut self, write: Write, error: &StoreError) {
        tracing::error!("not stored: {error}");
        if self.unsaved.hold(write) {
            let text = format!("the database cannot be written: {error}");
            conditions::hold(self, &Condition::Database, vec![(NoticeLevel::Error, text)]);
        }
    }

    fn replace(&mut self, id: &SessionId, session: Session) {
        let Some(entry) = self.sessions.get_mut(id) else { return };
        self.timers.follow(id, Some(&entry.session), Some(&session));
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
        self.add_with(session, env, why, Write::default()).map_err(|e| store_fault(&e))
    }

    /// The same in one commit with what else is written.
    pub fn add_with(
        &mut self,
        session: Session,
        env: Environment,
        why: Evidence,
        beside: Write,
    ) -> Result<(), StoreError> {
        let id = session.id.clone();
        let write =
            Write { upserts: vec![session.clone()], evidence: vec![(id.clone(), why)], ..beside };
        self.store.commit(&write)?;
        let view = Box::new(SessionView::of(&session));
        self.timers.follow(&id, None, Some(&session));
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
            goal_evaluation::begin(self, id);
        }
    }
}
