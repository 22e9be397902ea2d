//! When a failed run is tried again.

use super::ErrorType;

/// The first pause; each further one is four times as long.
pub const BACK_OFF_FIRST_MS: i64 = 60_000;
const BACK_OFF_FACTOR: i64 = 4;
/// No pause is longer, so that ten tries end within two days.
pub const BACK_OFF_MAX_MS: i64 = 4 * 60 * 60 * 1000;

/// Wall time of the next try; none when there is none. `attempt` counts the tries that failed before this one,
/// `resets_ms` is when the usage limit ends, where the agent said so.
pub fn retry_at_ms(
    error: ErrorType,
    attempt: u32,
    retries: u32,
    resets_ms: Option<i64>,
    now_ms: i64,
) -> Option<i64> {
    if attempt >= retries || !error.may_pass() {
        return None;
    }
    let factor = BACK_OFF_FACTOR.checked_pow(attempt).unwrap_or(i64::MAX);
    let pause_ms = BACK_OFF_FIRST_MS.saturating_mul(factor).min(BACK_OFF_MAX_MS);
    let at_ms = now_ms.saturating_add(pause_ms);
    let resets_ms = resets_ms.filter(|_| error == ErrorType::Limit);
    Some(resets_ms.map_or(at_ms, |resets_ms| resets_ms.max(at_ms)))
}
