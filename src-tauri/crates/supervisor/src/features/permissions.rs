//! What the user allowed or rejected for good: kept with the answer, applied to later requests.
//!
//! Promise: a rule is stored in the commit of the answer it comes from; it decides only requests with
//! the same subject, of the same agent, in the same session or project, and with an option for this once:
//! what holds longer is ours to keep and the user's to take back.

use crate::core::Core;
use crate::handlers::quoted;
use crate::ports::storage::{Storage, fault};
use nightshift_model::{
    Answer, Fact, Lodging, Need, NeedId, NeedKind, NeedOption, OptionKind, Session, SessionId,
};
use nightshift_platform::clock;
use nightshift_protocol::{Fault, FaultCode, PermissionRule, PermissionVerdict, Subject};
use nightshift_store::Write;

/// Rules kept: more than anybody reads through. The oldest goes first.
const RULES_MAX: usize = 1_000;
/// Digits of a rule's id.
const ID_DIGITS: usize = 8;

/// A rule that is stored with the answer it comes from, and those that leave room for it.
pub struct Kept {
    pub rule: PermissionRule,
    pub displaced: Vec<String>,
}

pub fn restored(store: &dyn Storage) -> Vec<PermissionRule> {
    let read = store.permissions();
    read.inspect_err(|e| tracing::error!("permissions not read: {e}")).unwrap_or_default()
}

/// A request that a rule decides is answered instead of opened.
pub fn decided(core: &Core, id: &SessionId, fact: Fact) -> Fact {
    let Fact::NeedOpened { need } = fact else { return fact };
    match decision(core, id, &need) {
        Some((option, why)) => {
            let answered = Some(Answer::Option { id: option });
            Fact::NeedDecided { need: Need { answered, ..need }, why }
        }
        None => Fact::NeedOpened { need },
    }
}

fn decision(core: &Core, id: &SessionId, need: &Need) -> Option<(String, String)> {
    let (session, subject) = about(core, id, need)?;
    let (agent, project) = (&session.agent()?.agent, (project(session), identity(session)));
    let fits = |rule: &&PermissionRule| rule.decides(id.as_str(), agent, project, subject);
    let rejects = |rule: &&PermissionRule| rule.verdict == PermissionVerdict::Reject;
    let rule = core.permissions.iter().filter(fits).find(rejects);
    let rule = rule.or_else(|| core.permissions.iter().find(fits))?;
    let (kind, word) = match rule.verdict {
        PermissionVerdict::Allow => (OptionKind::AllowOnce, "allowed"),
        PermissionVerdict::Reject => (OptionKind::RejectOnce, "rejected"),
    };
    let option = need.options.iter().find(|option| option.kind == kind)?;
    let (rule, from) = (&rule.id, &rule.session);
    let why = format!("{word} by rule {rule} from session {from}: {}", need.question);
    Some((option.id.clone(), why))
}

/// What the request is about, if a rule can be made of an answer to it.
fn about<'a>(core: &'a Core, id: &SessionId, need: &Need) -> Option<(&'a Session, &'a Subject)> {
    let entry = core.sessions.get(id)?;
    let subject = entry.driver.as_ref()?.subject(&need.id)?;
    (need.kind == NeedKind::Permission).then_some((&entry.session, subject))
}

/// Where a rule holds for other sessions too.
fn project(session: &Session) -> &str {
    let worktree = session.lodging.as_ref().and_then(Lodging::worktree);
    worktree.map_or(&session.cwd, |worktree| &worktree.main_checkout)
}

/// Which one that is: another may be made at the same path.
fn identity(session: &Session) -> Option<&str> {
    session.trust.as_ref()?.identity.as_deref()
}

/// The rule that this answer makes; none for one that is meant once, or where the request does not tell
/// exactly what it is about.
pub fn made(core: &Core, id: &SessionId, need: &NeedId, answer: &Answer) -> Option<Kept> {
    let open = core.sessions.get(id)?.session.needs();
    let need = open.iter().find(|open| open.id == *need)?;
    let Answer::Option { id: chosen } = need.resolve(answer).ok()? else { return None };
    let option = need.options.iter().find(|option| option.id == chosen)?;
    let verdict = verdict(option)?;
    let (session, subject) = about(core, id, need)?;
    let (agent, project) = (session.agent()?.agent.clone(), project(session).to_owned());
    let known = core
        .permissions
        .iter()
        .find(|rule| rule.agent == agent && rule.project == project && rule.subject == *subject);
    let fresh = || core.world.fresh_uuid().simple().to_string()[..ID_DIGITS].to_owned();
    let rule = PermissionRule {
        id: known.map_or_else(fresh, |rule| rule.id.clone()),
        at: clock::now(),
        session: id.to_string(),
        agent,
        project,
        identity: identity(session).map(str::to_owned),
        verdict,
        subject: subject.clone(),
    };
    let displaced = displaced(core, &rule);
    Some(Kept { rule, displaced })
}

fn verdict(option: &NeedOption) -> Option<PermissionVerdict> {
    match option.kind {
        OptionKind::AllowAlways => Some(PermissionVerdict::Allow),
        OptionKind::RejectAlways => Some(PermissionVerdict::Reject),
        OptionKind::AllowOnce | OptionKind::RejectOnce | OptionKind::Choice => None,
    }
}

/// Ids of rules for which there is no room beside `rule`.
fn displaced(core: &Core, rule: &PermissionRule) -> Vec<String> {
    let others = core.permissions.iter().filter(|known| rule.id != known.id);
    let over = (others.clone().count() + 1).saturating_sub(RULES_MAX);
    others.take(over).map(|rule| rule.id.clone()).collect()
}

/// The commit that holds it is made.
pub fn accept(core: &mut Core, kept: Kept) {
    let Kept { rule, displaced } = kept;
    core.permissions.retain(|known| known.id != rule.id && !displaced.contains(&known.id));
    core.permissions.push(rule);
}

/// Takes a rule away; it is told what it was.
pub fn revoke(core: &mut Core, named: &str) -> Result<PermissionRule, Fault> {
    let named = named.trim();
    let fits = |rule: &&PermissionRule| !named.is_empty() && rule.id.starts_with(named);
    let found: Vec<PermissionRule> = core.permissions.iter().filter(fits).cloned().collect();
    let [rule] = found.as_slice() else {
        let (code, count) = match found.len() {
            0 => (FaultCode::NotFound, "no".to_owned()),
            n => (FaultCode::Ambiguous, n.to_string()),
        };
        let message = format!("{count} permission rules begin with `{}`", quoted(named));
        return Err(Fault::new(code, message).hint("list them with `nightshift permissions`"));
    };
    let write = Write { revoked: vec![rule.id.clone()], ..Write::default() };
    core.store.commit(&write).map_err(|e| fault(&e))?;
    core.permissions.retain(|known| known.id != rule.id);
    Ok(rule.clone())
}
