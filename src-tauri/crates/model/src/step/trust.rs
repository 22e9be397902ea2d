//! A repository that must be trusted before anything of it runs.

use super::Next;
use crate::event::Effect;
use crate::evidence::Source;
use crate::need::Need;
use crate::session::{Liveness, State};
use crate::trust::{TRUST, Trust, TrustDecision, WITHOUT};

/// Nothing was started: the user is asked.
pub(super) fn asked(next: &mut Next, trust: Trust, need: Need) {
    let line = match trust.changed() {
        None => format!("waits for trust in {}", trust.repository),
        Some(changed) => {
            let repository = &trust.repository;
            format!(
                "waits for trust in {repository}, which changed since it was asked about: {changed}"
            )
        }
    };
    next.session.liveness = Liveness::Gone { since: next.at };
    next.session.retiring = false;
    next.session.cut = None;
    next.session.renewing = None;
    next.session.trust = Some(Box::new(trust));
    if std::mem::take(&mut next.session.stopping) {
        return next.go(State::Stopped, "stopped", Source::User, "stopped before it was trusted");
    }
    next.go(State::NeedsInput { needs: vec![need] }, &line, Source::Supervisor, &line);
}

/// How its agent is started is known.
pub(super) fn settled(next: &mut Next, trust: Trust) {
    let known = next.session.trust.take();
    let before = known.as_ref().and_then(|known| known.untrusted.clone());
    // What the user said was said of exactly these bytes; trust is remembered elsewhere.
    let same = known.filter(|known| known.hash == trust.hash && trust.untrusted.is_some());
    let decision = same.and_then(|known| known.decision);
    if before != trust.untrusted {
        match &trust.untrusted {
            Some(why) => {
                next.note(Source::Supervisor, why);
                next.remark(true, why);
                next.say(why);
            }
            None => next.note(Source::Supervisor, "its repository is trusted now"),
        }
    }
    next.session.trust = Some(Box::new(Trust { decision, ..trust }));
}

/// The user's answer, by the option's id; it is acted on where the session is started.
pub(super) fn answered(next: &mut Next, option: &str, label: &str) {
    let decision = match option {
        TRUST => Some(TrustDecision::Trust),
        WITHOUT => Some(TrustDecision::Without),
        _ => None,
    };
    if let Some(trust) = &mut next.session.trust {
        trust.decision = decision;
    }
    next.session.restarts = 0;
    next.go(State::Starting, "", Source::User, &format!("answered: {label}"));
    next.effect(Effect::Launch);
}
