//! Answers to requests that wait until their session has got somewhere.

use crate::clients::ConnId;
use crate::clients::waiter::{Until, Waiter};
use crate::core::Core;
use crate::handlers;
use crate::limits::ANSWER_WAIT;
use nightshift_model::{Liveness, NeedId, SessionId, State, Trust};
use nightshift_platform::clock;
use nightshift_protocol::{Fault, FaultCode, NoticeLevel, Reply, SessionView};

impl Core {
    /// Answers those requests whose session has got where they want it.
    pub fn answer_waiters(&mut self, id: &SessionId) {
        let now = clock::monotonic();
        let Some(entry) = self.sessions.get(id) else { return };
        let (met, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiters)
            .into_iter()
            .partition(|(of, waiter)| of == id && waiter.is_met(&entry.session, now));
        self.waiters = left;
        self.answer_in_vain(id);
        for (id, waiter) in met {
            let result = match &waiter.until {
                Until::Removed => handlers::finish_removal(self, &id),
                Until::Launched => Some(self.launched_reply(&id)),
                Until::Trusted => Some(self.trusted_reply(&id)),
                Until::AnswerTaken { need, .. } if self.has_answer_waiting(&id, need) => {
                    Some(Err(not_taken(&id)))
                }
                _ => Some(waiter.reply().map_or_else(|| self.view(&id), Ok)),
            };
            match result {
                // Nobody waits any more: why it stays must be seen all the same. What the disk refused is tried again.
                Some(Err(fault))
                    if waiter.conn == ConnId::NOBODY && fault.code == FaultCode::Refused =>
                {
                    self.notice(NoticeLevel::Error, format!("{fault}"));
                }
                Some(result) => self.clients.answer(waiter.conn, waiter.request, result),
                None => self.waiters.push((id, waiter)),
            }
        }
    }

    /// Nobody waits for a host that cannot be reached: what was asked of it is done once it can. A removal goes
    /// on without whoever asked for it.
    fn answer_in_vain(&mut self, id: &SessionId) {
        let Some(entry) = self.sessions.get(id) else { return };
        for (of, waiter) in std::mem::take(&mut self.waiters) {
            let waits_on = of != *id || waiter.conn == ConnId::NOBODY;
            match waiter.out_of_reach(&entry.session).filter(|_| !waits_on) {
                Some(refusal) => {
                    let result = Err(handlers::refused(&refusal));
                    self.clients.answer(waiter.conn, waiter.request, result);
                    if waiter.until == Until::Removed {
                        self.waiters
                            .push((of, Waiter { conn: ConnId::NOBODY, request: 0, ..waiter }));
                    }
                }
                None => self.waiters.push((of, waiter)),
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

    fn has_answer_waiting(&self, id: &SessionId, need: &NeedId) -> bool {
        let agent = self.sessions.get(id).and_then(|entry| entry.session.agent());
        // A bridge takes an answer once it has acted on it, which may take its time.
        !need.is_for_monitor()
            && agent.is_some_and(|agent| agent.answers.iter().any(|waiting| waiting.id == *need))
    }

    /// An answer was given of what the repository is no longer: nobody trusts what it is now.
    fn trusted_reply(&self, id: &SessionId) -> Result<Reply, Fault> {
        let session = self.sessions.get(id).map(|entry| &entry.session);
        let Some(session) = session.filter(|session| session.waits_for_trust()) else {
            return self.launched_reply(id);
        };
        let trust = session.trust.as_deref();
        let repository = trust.map_or("its repository", |trust| &trust.repository);
        let what = match trust.and_then(Trust::changed) {
            Some(changed) => format!("{repository} changed since it was asked about: {changed}"),
            None => format!("what {repository} brings along is not trusted"),
        };
        Err(Fault::new(FaultCode::Refused, format!("session {id} was not started: {what}"))
            .hint(format!("it asks again: read that with `nightshift logs {id}`, then answer it")))
    }

    pub fn view(&self, id: &SessionId) -> Result<Reply, Fault> {
        let entry = self.sessions.get(id);
        let view = entry.map(|e| Reply::Session { view: Box::new(SessionView::of(&e.session)) });
        view.ok_or_else(|| Fault::new(FaultCode::NotFound, format!("no session {id}")))
    }
}

/// Its agent reads nothing, or its disk takes nothing.
fn not_taken(id: &SessionId) -> Fault {
    let seconds = ANSWER_WAIT.as_secs();
    let text = format!("the answer has not reached the agent of session {id} within {seconds} s");
    Fault::new(FaultCode::Io, text).hint(format!(
        "it is kept and given as soon as the agent takes it; see `nightshift why {id}`"
    ))
}
