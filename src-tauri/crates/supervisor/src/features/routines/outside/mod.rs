//! Events from outside: calls with a token and events of GitHub's, brought by the intake process.
//!
//! Promises: an event and the occurrence that it makes are one commit, before anybody is told that it was taken; the
//! same event, the same call with the same key, makes one occurrence; whatever came of it stands in a delivery.
//! Must not know: HTTP beyond the number of an answer, who listens where.

pub(crate) mod deliveries;
pub(crate) mod events;
pub(crate) mod fire;
pub(crate) mod intake;
pub(crate) mod tokens;

use crate::clients::ConnId;
use crate::core::Core;
use crate::ports::storage::Storage;
use nightshift_routines::definition::{GithubTrigger, Trigger};
use nightshift_store::{OutsideWrite, StoreError, TokenRow};
use std::collections::BTreeMap;
use std::time::Duration;

/// What of the loop's state is about events from outside.
#[derive(Default)]
pub struct Outside {
    /// By id.
    pub(crate) tokens: BTreeMap<String, TokenRow>,
    pub(crate) intake: intake::Intake,
    /// Calls that wait for their session.
    waiting: Vec<fire::Waiting>,
}

pub(super) fn restored(store: &dyn Storage) -> Result<Outside, StoreError> {
    let tokens = store.tokens()?.into_iter().map(|token| (token.id.clone(), token)).collect();
    let intake = intake::restored(store)?;
    Ok(Outside { tokens, intake, waiting: Vec::new() })
}

/// What is served may be another thing from now on.
pub(crate) fn stir(core: &mut Core) {
    core.routines.outside.intake.stir();
}

pub fn due_in(core: &Core, now: Duration) -> Option<Duration> {
    [intake::due_in(core, now), fire::due_in(core, now)].into_iter().flatten().min()
}

/// After everything else of routines: what that made of calls is answered.
pub fn on_tick(core: &mut Core, now: Duration) {
    intake::on_tick(core, now);
    fire::on_tick(core, now);
}

/// A client is gone; perhaps the intake process.
pub(crate) fn gone(core: &mut Core, conn: ConnId) {
    intake::gone(core, conn);
}

/// The GitHub triggers of a routine's definition.
fn github_triggers(core: &Core, routine: &str) -> Vec<GithubTrigger> {
    let routine = core.routines.list.get(routine);
    let definition = routine.and_then(|routine| routine.definition.as_ref());
    let triggers = definition.into_iter().flat_map(|definition| &definition.triggers);
    let github = triggers.filter_map(|trigger| match trigger {
        Trigger::Github(github) => Some(github.clone()),
        Trigger::Schedule { .. } | Trigger::Every { .. } | Trigger::At { .. } | Trigger::Api => {
            None
        }
    });
    github.collect()
}

fn has_api_trigger(core: &Core, routine: &str) -> bool {
    let routine = core.routines.list.get(routine);
    let definition = routine.and_then(|routine| routine.definition.as_ref());
    definition.is_some_and(|definition| definition.triggers.contains(&Trigger::Api))
}

/// Commits what is about events from outside, and nothing else.
fn commit(core: &mut Core, outside: OutsideWrite) -> Result<(), StoreError> {
    super::commit(core, nightshift_store::LedgerWrite { outside, ..Default::default() })
}
