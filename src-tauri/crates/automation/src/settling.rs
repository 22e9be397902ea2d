//! How a turn ended, where its last words leave it open (B10): one short call to the evaluator.
//!
//! Blocks, for seconds: run it beside the loop. Must not know: what follows from it.

use nightshift_judge::{Call, Evaluator, TurnEnd as End, settle};
use nightshift_model::{Settled, TurnEnd};
use nightshift_settings::Judge;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

pub use nightshift_judge::is_doubtful;

/// Errors: why nobody could settle it, in words.
pub fn settled(
    text: &str,
    agent: &str,
    env: &BTreeMap<String, String>,
    settings: &Judge,
) -> Result<Settled, String> {
    let env = env.iter().map(|(name, value)| (name.into(), value.into())).collect();
    let evaluator = Evaluator::choose(settings, &env, Some(agent)).map_err(|e| e.to_string())?;
    let never = AtomicBool::new(false);
    let call = Call::new(&env, evaluator.timeout(), &never);
    let found = settle(&evaluator, text, &call).map_err(|e| e.to_string())?;
    let end = match found.end {
        End::Done => TurnEnd::Done,
        End::NeedsInput => TurnEnd::NeedsInput,
        End::Failed => TurnEnd::Failed,
    };
    let by = format!("{} {}", found.provider.id(), found.model);
    Ok(Settled { by, end, line: found.line, text: text.to_owned() })
}
