//! Why a due time is seen late.

use crate::occurrence::LateCause;
use nightshift_schedule::{Cause, ClockReading};

/// `moved_ms`: the zone was changed, and what starts up to this wall time was moved over.
pub(super) fn cause_of(
    start_ms: i64,
    before: Option<&ClockReading>,
    now: &ClockReading,
    moved_ms: Option<i64>,
) -> LateCause {
    if moved_ms.is_some_and(|moved_ms| start_ms <= moved_ms) {
        return LateCause::ZoneChanged;
    }
    let Some(before) = before else { return LateCause::SupervisorDown };
    if before.boot != now.boot {
        // From its boot on the machine ran and no supervisor did.
        let off = start_ms < now.epoch_ms();
        return if off { LateCause::PoweredOff } else { LateCause::SupervisorDown };
    }
    match now.happened_since(before) {
        Some(Cause::Slept) => LateCause::Asleep,
        Some(Cause::SupervisorAway) => LateCause::SupervisorDown,
        Some(Cause::ClockJump) => LateCause::ClockSet,
        Some(Cause::ZoneChange) => LateCause::ZoneChanged,
        Some(Cause::TurnInProgress | Cause::SessionStopped | Cause::Overloaded) | None => {
            LateCause::Overloaded
        }
    }
}
