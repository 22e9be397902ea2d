//! What sessions printed and were told, word by word, against the ledger.

use super::text;
use crate::ledger::{Kind, Session, Token, word};
use crate::run::Run;
use anyhow::Result;
use serde_json::Value;

/// Everything about one session's log that is not as it must be.
pub fn faults(run: &Run, entry: &Value) -> Result<Vec<String>> {
    let id = text(entry, "id");
    let found = run.ledger.sessions.iter().position(|s| s.id.as_deref() == Some(id));
    let Some(at) = found else { return Ok(Vec::new()) };
    let session = &run.ledger.sessions[at];
    let log = run.world.must(&["logs", id])?;
    let mut faults = Vec::new();
    match session.kind {
        Kind::Job { last } => faults.extend(job_fault(session, entry, last, &log)),
        Kind::Agent => {
            let mut why = None;
            for (n, token) in run.ledger.tokens.iter().filter(|(_, t)| t.session == at) {
                let told = Told::of(&log, *n, token);
                faults.extend(told.fault(session, token));
                if token.acknowledged && told.delivered() == 0 {
                    let why = match &mut why {
                        Some(why) => why,
                        unread => unread.insert(run.world.must(&["why", id])?),
                    };
                    // An answer may be cut off on its way; then its session says that it had it.
                    if !(session.cut && why.contains(&word(*n))) {
                        faults.push(format!("`{}` was acknowledged and is lost", token.line));
                    }
                }
            }
        }
    }
    let shown = |what: String| format!("{id} ({}): {what}\n{entry}\n{log}", session.name);
    Ok(faults.into_iter().map(shown).collect())
}

fn job_fault(session: &Session, entry: &Value, last: u32, log: &str) -> Option<String> {
    let lines: Vec<&str> = log.lines().filter(|line| line.starts_with("n ")).collect();
    let expected: Vec<String> = (1..=last).map(|n| format!("n {n}")).collect();
    if text(entry, "state") == "done" || !session.harmed {
        let complete = lines == expected && entry["exitCode"] == 0;
        return (!complete).then(|| format!("its {last} numbers are not complete"));
    }
    // Cut off in the middle, perhaps within a line; a hole is never right.
    let whole = &lines[..lines.len().saturating_sub(1)];
    let tail = lines.last().zip(expected.get(whole.len()));
    let gapless = whole.iter().zip(&expected).all(|(got, want)| got == want)
        && lines.len() <= expected.len()
        && tail.is_none_or(|(got, want)| want.starts_with(got));
    (!gapless).then(|| "its numbers have a hole".to_owned())
}

/// How often a token shows, and as what.
struct Told {
    prompts: usize,
    queued: usize,
    answers: usize,
    /// The agent said it, or said it back.
    said: usize,
}

impl Told {
    fn of(log: &str, n: u32, token: &Token) -> Told {
        let Token { line, .. } = token;
        let count = |wanted: &str| log.lines().filter(|line| *line == wanted).count();
        let said = if line.starts_with("say ") { count(&word(n)) } else { 0 };
        Told {
            prompts: count(&format!("> {line}")),
            queued: count(&format!("> (queued) {line}")),
            answers: count(&format!("  {line}")),
            said: said + count(&format!("The answer is: {line}")),
        }
    }

    fn delivered(&self) -> usize {
        self.prompts + self.queued + self.answers
    }

    fn fault(&self, session: &Session, token: &Token) -> Option<String> {
        let Told { prompts, queued, answers, said } = self;
        let how = format!(
            "`{}` (acknowledged: {}): {prompts} times a prompt, {queued} waiting, {answers} an \
             answer, said {said} times",
            token.line, token.acknowledged
        );
        let twice = self.delivered() > 1 || *said > 1;
        let refused = token.refused && self.delivered() > 0;
        let unheard = *prompts == 1 && !session.cut && *said == 0;
        (twice || refused || unheard).then_some(how)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Ledger;
    use serde_json::json;

    fn session(kind: Kind, harmed: bool) -> Session {
        let mut ledger = Ledger::default();
        let at = ledger.add_session(kind);
        let session = &mut ledger.sessions[at];
        (session.harmed, session.cut) = (harmed, harmed);
        session.clone()
    }

    #[test]
    fn a_hole_is_found_and_a_cut_is_none() {
        for (log, state, harmed, fine) in [
            ("n 1\nn 2\nn 3\n", "done", false, true),
            ("n 1\nn 3\n", "done", false, false),
            ("n 1\nn 2\n", "done", true, false),
            ("n 1\nn 2\n", "failed", true, true),
            ("n 1\nn ", "failed", true, true),
            ("", "stopped", true, true),
            ("n 1\nn 3\n", "stopped", true, false),
            ("n 2\n", "failed", true, false),
            ("n 1\nn 1\n", "failed", true, false),
            ("n 1\nn 2\nn 3\nn 4\n", "failed", true, false),
        ] {
            let entry = json!({"state": state, "exitCode": 0});
            let fault = job_fault(&session(Kind::Job { last: 3 }, harmed), &entry, 3, log);
            assert_eq!(fault.is_none(), fine, "{state}, harmed: {harmed}: {log:?}: {fault:?}");
        }
    }

    #[test]
    fn a_token_is_told_once_and_heard() {
        for (log, cut, refused, fine) in [
            ("> say token-7-end\n\ntoken-7-end\n", false, false, true),
            ("> say token-7-end\n\ntoken-7-end\n", false, true, false),
            ("> say token-7-end\n", false, false, false),
            ("> say token-7-end\n", true, false, true),
            ("> (queued) say token-7-end\n", false, false, true),
            ("> say token-7-end\n\ntoken-7-end\n> (queued) say token-7-end\n", false, false, false),
            ("> say token-7-end\n\ntoken-7-end\ntoken-7-end\n", true, false, false),
            ("? Go on?\n  say token-7-end\n\nThe answer is: say token-7-end\n", false, false, true),
            ("? Go on?\n  say token-7-end\n> say token-7-end\n", true, false, false),
            (
                "? Go on?\n  say token-7-end\nThe answer is: say token-7-end\nThe answer is: say \
              token-7-end",
                false,
                false,
                false,
            ),
        ] {
            let line = format!("say {}", word(7));
            let token = Token { session: 0, line, acknowledged: !refused, refused };
            let fault = Told::of(log, 7, &token).fault(&session(Kind::Agent, cut), &token);
            assert_eq!(fault.is_none(), fine, "cut: {cut}, refused: {refused}: {log:?}: {fault:?}");
        }
    }
}
