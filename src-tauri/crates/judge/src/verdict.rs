//! Met, not yet or impossible, and why; and what a failed check makes of it.

use crate::check::CheckResult;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    Met,
    NotYet,
    Impossible,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub ruling: Ruling,
    pub reason: String,
}

impl Verdict {
    pub(crate) fn new(ruling: Ruling, reason: impl Into<String>) -> Verdict {
        Verdict { ruling, reason: reason.into() }
    }
}

/// What a verdict is worth beside the checks: never *met* while one has not passed. `judge` has done
/// this already.
pub fn decide(verdict: Verdict, checks: &[CheckResult]) -> Verdict {
    match checks.iter().find(|check| !check.passed()) {
        Some(failed) if verdict.ruling == Ruling::Met => {
            Verdict::new(Ruling::NotYet, failed.words())
        }
        _ => verdict,
    }
}

/// The verdict of checks without a condition in words. None when there are no checks.
pub(crate) fn by_checks(checks: &[CheckResult]) -> Option<Verdict> {
    let last = checks.last()?;
    Some(decide(Verdict::new(Ruling::Met, last.words()), checks))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::CheckOutcome;

    fn check(outcome: CheckOutcome) -> CheckResult {
        CheckResult { command: "make test".into(), outcome, tail: "2 failed".into(), took_ms: 5 }
    }

    #[test]
    fn a_green_verdict_never_comes_from_a_failed_check() {
        let outcomes = [
            CheckOutcome::Exited(1),
            CheckOutcome::Signalled(9),
            CheckOutcome::TimedOut { after_s: 3 },
            CheckOutcome::CalledOff,
            CheckOutcome::NotRun("no such directory".into()),
        ];
        for failed in outcomes {
            for checks in [
                vec![check(failed.clone())],
                vec![check(CheckOutcome::Exited(0)), check(failed.clone())],
                vec![check(failed.clone()), check(CheckOutcome::Exited(0))],
            ] {
                let verdict = decide(Verdict::new(Ruling::Met, "all is fine"), &checks);
                assert_eq!(verdict.ruling, Ruling::NotYet, "{failed:?}");
                assert!(verdict.reason.contains("make test"), "{}", verdict.reason);
                assert_eq!(by_checks(&checks).unwrap().ruling, Ruling::NotYet);
                for ruling in [Ruling::NotYet, Ruling::Impossible] {
                    let verdict = Verdict::new(ruling, "because");
                    assert_eq!(decide(verdict.clone(), &checks), verdict);
                }
            }
        }
        let passed = [check(CheckOutcome::Exited(0))];
        let met = Verdict::new(Ruling::Met, "all is fine");
        assert_eq!(decide(met.clone(), &passed), met);
        assert_eq!(decide(met.clone(), &[]), met);
        assert_eq!(by_checks(&passed).unwrap().ruling, Ruling::Met);
        assert_eq!(by_checks(&[]), None);
    }
}
