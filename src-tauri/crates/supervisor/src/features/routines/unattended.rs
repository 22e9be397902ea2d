//! Requests of runs that nobody watches: what the routine's rules allow is allowed, everything else is denied and stands
//! in the run, unless the routine wants its user asked.
//!
//! Promise: nothing stalls on a question that nobody sees; a rule allows exactly what it names and no command that does
//! more beside it.

use super::commit;
use crate::core::Core;
use nightshift_model::{Answer, Fact, Need, NeedKind, OptionKind, SessionId, Unattended};
use nightshift_protocol::Subject;
use nightshift_store::{LedgerRow, LedgerWrite};

/// Denials kept of one run: more of them say the same.
const DENIALS_MAX: usize = 50;
/// By these a command line does more than one thing, or something else than it says.
const JOINS: [char; 11] = [';', '&', '|', '`', '$', '<', '>', '\n', '\r', '(', '{'];
/// What is answered to a question that has no choices.
const NOBODY: &str = "Nobody is there to answer. Go on as far as you can without it, and say what you needed to know.";

/// A request of a run is answered instead of opened, where the routine says how.
pub fn decided(core: &mut Core, id: &SessionId, fact: Fact) -> Fact {
    let Fact::NeedOpened { need } = fact else { return fact };
    let Some(unattended) = unattended(core, id, &need) else { return Fact::NeedOpened { need } };
    let allowed = rule(core, id, &unattended, &need);
    let (answer, why) = match (&allowed, unattended.asks) {
        (Some(rule), _) => {
            (option(&need, OptionKind::AllowOnce), format!("allowed by the routine's rule {rule}"))
        }
        (None, true) => return Fact::NeedOpened { need },
        (None, false) => (denial(&need), "denied: the routine does not allow it".to_owned()),
    };
    let Some(answer) = answer else { return Fact::NeedOpened { need } };
    let why = format!("{why}: {}", need.question);
    if allowed.is_none() {
        keep(core, &unattended.occurrence, &need.question);
    }
    Fact::NeedDecided { need: Need { answered: Some(answer), ..need }, why }
}

/// Once its run is over, a session is its user's again.
fn unattended(core: &Core, id: &SessionId, need: &Need) -> Option<Unattended> {
    let unattended = core.sessions.get(id)?.session.unattended.as_deref()?;
    let runs = core.routines.runs.contains_key(&unattended.occurrence);
    (runs && !need.asks_for_trust() && !need.closed_a_turn()).then(|| unattended.clone())
}

fn option(need: &Need, kind: OptionKind) -> Option<Answer> {
    let option = need.options.iter().find(|option| option.kind == kind)?;
    Some(Answer::Option { id: option.id.clone() })
}

fn denial(need: &Need) -> Option<Answer> {
    let once = option(need, OptionKind::RejectOnce);
    let rejected = once.or_else(|| option(need, OptionKind::RejectAlways));
    let said = || need.free_text.then(|| Answer::Text { text: NOBODY.to_owned() });
    rejected.or_else(said)
}

/// The rule of the routine that allows it.
fn rule(core: &Core, id: &SessionId, unattended: &Unattended, need: &Need) -> Option<String> {
    if need.kind != NeedKind::Permission || need.unshown_bytes > 0 {
        return None;
    }
    let subject = core.sessions.get(id)?.driver.as_ref()?.subject(&need.id)?;
    unattended.allow.iter().find(|rule| allows(rule, subject)).cloned()
}

/// `Tool`, `Tool(what)` or `Tool(beginning:*)`.
fn allows(rule: &str, subject: &Subject) -> bool {
    let rule = rule.trim();
    let (tool, what) = match rule.strip_suffix(')').and_then(|rule| rule.split_once('(')) {
        Some((tool, what)) => (tool.trim(), Some(what)),
        None => (rule, None),
    };
    if !subject.tool.split_whitespace().any(|word| word.eq_ignore_ascii_case(tool)) {
        return false;
    }
    let said = subject.what.trim();
    match what {
        None => true,
        Some(what) => match what.strip_suffix(":*") {
            Some(beginning) => {
                let rest = said.strip_prefix(beginning);
                let whole = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
                whole && !beginning.is_empty() && !said.contains(JOINS)
            }
            None => said == what.trim(),
        },
    }
}

/// What was denied stands in the run. Not stored now, it is with the run's next change.
fn keep(core: &mut Core, occurrence: &str, question: &str) {
    let Some(run) = core.routines.runs.get_mut(occurrence) else { return };
    let known = run.row.denials.iter().any(|denial| denial == question);
    if known || run.row.denials.len() >= DENIALS_MAX {
        return;
    }
    run.row.denials.push(question.to_owned());
    let row: LedgerRow = run.row.clone();
    let write = LedgerWrite { rows: vec![row], ..LedgerWrite::default() };
    if let Err(e) = commit(core, write) {
        tracing::warn!("a denial of run {occurrence} is not stored yet: {e}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_allows_what_it_names_and_nothing_beside_it() {
        let subject = |what: &str| Subject {
            tool: "execute Bash".to_owned(),
            what: what.to_owned(),
            exactly: what.to_owned(),
        };
        for (rule, what, allowed) in [
            ("Bash", "rm -r x", true),
            ("execute", "ls", true),
            ("Edit", "ls", false),
            ("Bash(npm test)", "npm test", true),
            ("Bash(npm test)", "npm test --all", false),
            ("Bash(npm test:*)", "npm test --all", true),
            ("Bash(npm test:*)", "npm test", true),
            ("Bash(npm test:*)", "npm testing", false),
            ("Bash(npm test:*)", "npm test; rm -r x", false),
            ("Bash(npm test:*)", "npm test && rm -r x", false),
            ("Bash(npm test:*)", "npm test $(rm x)", false),
            ("Bash(npm test:*)", "npm test\nrm x", false),
            ("Bash(:*)", "ls", false),
            ("Bash(", "ls", false),
            ("", "ls", false),
        ] {
            assert_eq!(allows(rule, &subject(what)), allowed, "{rule} {what}");
        }
    }
}
