//! What the loop does by itself, beside answering requests: one file for each.
//!
//! Promise: a feature stands in one list with when it is due and what it does then; nothing else has to name it.
//! Must not know: requests and their answers.

pub(crate) mod automation;
pub(crate) mod conditions;
pub(crate) mod deleted_files;
pub(crate) mod goal_advice;
pub(crate) mod goal_evaluation;
pub(crate) mod idle_retirement;
pub(crate) mod limit_resume;
pub(crate) mod main_checkout;
pub(crate) mod memory_pressure;
pub(crate) mod notifications;
pub(crate) mod permissions;
pub(crate) mod pull_requests;
pub(crate) mod retention;
pub mod routines;
pub mod settings;
pub(crate) mod stopped_hosts;
pub(crate) mod turn_end_review;
pub(crate) mod upgrade;

use crate::core::Core;
use std::time::Duration;

/// One thing that the loop does by the clock.
struct Feature {
    /// Time until it has something to do; none while it has nothing.
    due_in: fn(&Core, Duration) -> Option<Duration>,
    /// Does what is due. Called after every message too: it may have become due by that.
    on_tick: fn(&mut Core, Duration),
}

/// In the order in which they are served. `automation` is first: what it starts does not rest.
const FEATURES: &[Feature] = &[
    Feature { due_in: automation::due_in, on_tick: automation::on_tick },
    Feature { due_in: routines::due_in, on_tick: routines::on_tick },
    Feature { due_in: routines::outside::due_in, on_tick: routines::outside::on_tick },
    Feature { due_in: idle_retirement::due_in, on_tick: idle_retirement::on_tick },
    Feature { due_in: retention::due_in, on_tick: retention::on_tick },
    Feature { due_in: memory_pressure::due_in, on_tick: memory_pressure::on_tick },
    Feature { due_in: upgrade::due_in, on_tick: upgrade::on_tick },
    Feature { due_in: limit_resume::due_in, on_tick: limit_resume::on_tick },
    Feature { due_in: stopped_hosts::due_in, on_tick: stopped_hosts::on_tick },
    Feature { due_in: goal_evaluation::due_in, on_tick: goal_evaluation::on_tick },
    Feature { due_in: notifications::due_in, on_tick: notifications::on_tick },
    Feature { due_in: pull_requests::due_in, on_tick: pull_requests::on_tick },
    Feature { due_in: settings::due_in, on_tick: settings::on_tick },
];

/// Time until the first of them has something to do.
pub fn due_in(core: &Core, now: Duration) -> Option<Duration> {
    FEATURES.iter().filter_map(|feature| (feature.due_in)(core, now)).min()
}

pub fn on_tick(core: &mut Core, now: Duration) {
    for feature in FEATURES {
        (feature.on_tick)(core, now);
    }
}
