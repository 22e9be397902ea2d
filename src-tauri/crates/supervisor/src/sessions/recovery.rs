//! The supervisor's start: what the database and the session directories say, then what follows.

use crate::core::{Core, Entry, effects};
use crate::features::conditions::Condition;
use crate::features::{conditions, goal_evaluation, routines};
use crate::handlers;
use nightshift_host::finding::Finding;
use nightshift_model::{Evidence, Fact, Liveness, SessionId, Source, State};
use nightshift_platform::clock;
use nightshift_protocol::{Environment, NoticeLevel};
use nightshift_store::SetAside;

impl Core {
    /// Adopts the living, records the dead, leaves the unknown alone, says so and looks again.
    pub fn recover(&mut self, set_aside: &[SetAside]) {
        for damaged in set_aside {
            self.notice(
                NoticeLevel::Error,
                format!(
                    "{} {} was damaged and has been set aside: {}",
                    damaged.table, damaged.id, damaged.why
                ),
            );
        }
        self.call_hosts_back();
        let unsettled: Vec<SessionId> = self
            .sessions
            .values()
            .filter(|e| {
                !matches!(e.session.liveness, Liveness::Gone { .. })
                    || matches!(e.session.state, State::Starting)
                    || e.session.stopping
            })
            .map(|e| e.session.id.clone())
            .collect();
        let findings: Vec<(SessionId, Finding)> =
            unsettled.into_iter().map(|id| (id.clone(), self.world.inspect(id.as_str()))).collect();
        tracing::info!("{} sessions to look after", findings.len());
        self.await_first_words(findings.iter().map(|(id, _)| id.clone()));
        for (id, finding) in findings {
            tracing::info!(session = %id, "found {finding:?}");
            if matches!(finding, Finding::NotLaunched) && routines::restarts(self, &id) {
                continue;
            }
            if let Finding::Unknown(why) = &finding {
                let text = format!("session {id} was left alone: {why}");
                let left_alone = Condition::LeftAlone(id.clone());
                self.fact(&id, Fact::HostUnknown { why: why.clone(), way_out: String::new() });
                conditions::hold(self, &left_alone, vec![(NoticeLevel::Error, text)]);
            }
            effects::adopt(self, &id);
        }
        self.orphan_directories();
        let removing = |e: &&Entry| e.session.removing.is_some();
        let removed: Vec<SessionId> =
            self.sessions.values().filter(removing).map(|e| e.session.id.clone()).collect();
        removed.iter().for_each(|id| handlers::go_on_removing(self, id));
        routines::recover(self);
        goal_evaluation::recover(self);
    }

    /// A database that knows nobody, or a living session without its documents: somebody may have
    /// deleted them under running hosts.
    fn call_hosts_back(&self) {
        let lives = |e: &&Entry| !matches!(e.session.liveness, Liveness::Gone { .. });
        let missing = |e: &Entry| !self.world.is_documented(&e.session.id);
        if self.sessions.is_empty() || self.sessions.values().filter(lives).any(missing) {
            self.world.await_hosts();
        }
    }

    /// Session directories that no known session owns.
    fn orphan_directories(&mut self) {
        let names = match self.world.directories() {
            Ok(names) => names,
            Err(e) => return tracing::warn!("session directories not listed: {e}"),
        };
        for name in names {
            let id = SessionId::parse(&name).filter(|id| self.sessions.contains_key(id));
            if let Some(id) = id {
                // Killed between the mark and the commit, a removal has not happened.
                if let Err(e) = self.world.unmark(&id) {
                    tracing::warn!(session = %id, "its mark of a removal stays: {e}");
                }
                continue;
            }
            if self.world.finish_clearing(&name) || self.recover_session(&name) {
                continue;
            }
            let state = match self.world.inspect(&name) {
                Finding::Alive(ready) => format!("its host runs as pid {}", ready.pid),
                Finding::Ended(_) | Finding::Gone(_) => "it has ended".to_owned(),
                Finding::Unknown(why) => why,
                Finding::Starting | Finding::NotLaunched => "it was never started".to_owned(),
            };
            let text =
                format!("jobs/{name} belongs to no known session and was left alone: {state}");
            if !self.notices.iter().any(|n| n.text == text) {
                let stranger = Condition::Stranger(name);
                conditions::hold(self, &stranger, vec![(NoticeLevel::Warning, text)]);
            }
        }
    }

    /// A session whose record was lost or damaged, from its directory: the launch document says who
    /// it is, the journal what has happened. Nothing that it asked or produced is lost.
    fn recover_session(&mut self, name: &str) -> bool {
        let Some(launch) = self.world.launch_document(name).filter(|l| l.session == name) else {
            return false;
        };
        let about = launch.about.clone();
        let Some(session) = about.and_then(|about| launch.session(about)) else {
            return false;
        };
        let (id, at) = (session.id.clone(), clock::now());
        let text = format!("session {id} ({}) was recovered from its directory", session.name);
        let state = session.state.word().to_owned();
        let why = Evidence { at, source: Source::Supervisor, state, text: text.clone() };
        if let Err(fault) = self.add(session, Environment::new(), why) {
            tracing::error!(session = %id, "not recovered: {fault}");
            return false;
        }
        self.notice(NoticeLevel::Warning, text);
        effects::adopt(self, &id);
        true
    }
}
