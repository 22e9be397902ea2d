//! What an evaluator has against a goal's wording, after the rules had nothing (G2).
//!
//! Blocks, for seconds: run it beside the loop. Must not know: what follows from it.

use nightshift_judge::{Call, Evaluator, advise_by};
use nightshift_model::standing::Goal;
use nightshift_settings::Judge;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

/// Words that nobody has doubted yet. With a check, the check is the proof.
pub fn is_wanted(goal: &Goal) -> bool {
    goal.check.is_none() && goal.advice.is_empty() && goal.turns == 0
}

/// None where it has nothing against it, or nobody could be asked: its first verdict will say so.
pub fn advice(
    condition: &str,
    agent: &str,
    env: &BTreeMap<String, String>,
    settings: &Judge,
) -> Option<String> {
    let env = env.iter().map(|(name, value)| (name.into(), value.into())).collect();
    let evaluator = Evaluator::choose(settings, &env, Some(agent)).ok()?;
    let never = AtomicBool::new(false);
    let call = Call::new(&env, evaluator.timeout(), &never);
    let advice = advise_by(&evaluator, condition, &call).ok()??;
    Some(format!("{}; better: {}", advice.problem, advice.suggestion))
}
