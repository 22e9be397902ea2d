//! Events of GitHub's, from a webhook or polled: which routine takes each, once.
//!
//! Promises: the same event makes one occurrence of a routine, whichever way and however often it comes; what a trigger
//! is about and does not take has a row with its reason; what a run of ours caused starts none.
//! Must not know: signatures, how GitHub is asked.

use super::deliveries::{self, Came};
use crate::core::Core;
use crate::features::routines::{accept, commit, due, views, wall_ms};
use nightshift_model::Lodging;
use nightshift_protocol::intake::{EventCall, IntakeResult};
use nightshift_protocol::{Fault, FaultCode};
use nightshift_routines::definition::{GithubTrigger, Trigger, TriggerKey};
use nightshift_routines::github::{Event, Taken, take};
use nightshift_routines::occurrence::{Event as Change, Occurrence, Origin, SkipReason, step};
use nightshift_store::ledger::{Key, LedgerEvent};
use nightshift_store::outside::{DeliveryRow, OutsideWrite, Verdict};
use nightshift_store::{LedgerRow, LedgerWrite, StoreError};

/// Digits of a run's id that end the names of its branches.
const RUN_DIGITS: usize = 6;

/// Takes an event for the routine whose webhook it came to, or for all that wait for it.
pub fn event(core: &mut Core, call: EventCall) -> Result<IntakeResult, Fault> {
    let event: Event = serde_json::from_value(call.event.clone()).map_err(|e| {
        Fault::new(FaultCode::Invalid, format!("the event cannot be understood: {e}"))
    })?;
    let stored = |e: StoreError| crate::ports::storage::fault(&e);
    let Some(routine) = &call.routine else {
        for id in waiting_for(core, &event) {
            one(core, &id, &event, &call).map_err(stored)?;
        }
        return Ok(IntakeResult::Done);
    };
    let routine = routine.clone();
    let (verdict, occurrence) = one(core, &routine, &event, &call).map_err(stored)?;
    let verdict = deliveries::word(verdict);
    Ok(IntakeResult::Event { verdict, occurrence })
}

/// Routines with a trigger for this repository and event.
fn waiting_for(core: &Core, event: &Event) -> Vec<String> {
    let planned = core.routines.list.iter().filter(|(_, routine)| routine.is_planned());
    let ids = planned.map(|(id, _)| id.clone());
    ids.filter(|id| super::github_triggers(core, id).iter().any(|it| is_about(it, event))).collect()
}

fn is_about(trigger: &GithubTrigger, event: &Event) -> bool {
    take(trigger, event, &|_| false) != Taken::NotMine
}

type Made = (Verdict, Option<String>);

fn one(
    core: &mut Core,
    routine: &str,
    event: &Event,
    call: &EventCall,
) -> Result<Made, StoreError> {
    let delivery = deliveries::of_event(core, routine, event, call);
    let status = delivery.status;
    if let Some(known) = known(core, routine, event, call.guid.as_deref())? {
        // What is polled shows the same events again and again.
        if call.routine.is_some() {
            let reason = Some("the same event came before".to_owned());
            let came = Came { verdict: Verdict::Duplicate, status, reason };
            let delivery = DeliveryRow { occurrence: known.clone(), ..delivery };
            write(core, came.of(delivery), None)?;
        }
        return Ok((Verdict::Duplicate, known));
    }
    let (trigger, skip) = match chosen(core, routine, event)? {
        Chosen::Trigger(trigger, skip) => (trigger, skip),
        Chosen::Nobody(reason) => {
            let came = Came { verdict: Verdict::Ignored, status, reason: Some(reason) };
            write(core, came.of(delivery), None)?;
            return Ok((Verdict::Ignored, None));
        }
    };
    let origin = Origin::Github { trigger, event_key: event.key() };
    let mut occurrence = Occurrence::due(&due::fresh_id(core), routine, origin);
    let id = occurrence.id.clone();
    if let Some(reason) = skip
        && let Ok(skipped) = step(&occurrence, Change::Skip { reason }, wall_ms())
    {
        occurrence = skipped;
    }
    let verdict = if skip.is_some() { Verdict::Ignored } else { Verdict::Accepted };
    let reason = skip.map(|reason| reason.words().to_owned());
    let came = Came { verdict, status, reason };
    let delivery = DeliveryRow { occurrence: Some(id.clone()), ..delivery };
    let event = Some(Box::new(event.clone()));
    let row = LedgerRow { event, ..LedgerRow::of(occurrence) };
    write(core, came.of(delivery), Some(row))?;
    Ok((verdict, Some(id)))
}

/// The occurrence of the same event or delivery; none inside where it made none.
fn known(
    core: &Core,
    routine: &str,
    event: &Event,
    guid: Option<&str>,
) -> Result<Option<Option<String>>, StoreError> {
    if let Some(row) = core.store.keyed_row(routine, &Key::Event(&event.key()))? {
        return Ok(Some(Some(row.occurrence.id)));
    }
    let delivery = match guid {
        Some(guid) => core.store.delivery_taken_as(routine, guid)?,
        None => None,
    };
    Ok(delivery.map(|delivery| delivery.occurrence))
}

enum Chosen {
    /// The trigger that takes it, or would but for this.
    Trigger(TriggerKey, Option<SkipReason>),
    Nobody(String),
}

fn chosen(core: &Core, routine: &str, event: &Event) -> Result<Chosen, StoreError> {
    if core.routines.list.get(routine).is_none_or(|routine| !routine.is_planned()) {
        return Ok(Chosen::Nobody("the routine is disabled".to_owned()));
    }
    let own = is_own(core, event)?;
    let mut passed_over = None;
    for trigger in super::github_triggers(core, routine) {
        let key = Trigger::Github(trigger.clone()).key();
        match take(&trigger, event, &|_| own) {
            Taken::Yes => return Ok(Chosen::Trigger(key, None)),
            Taken::Skip(reason) => {
                passed_over.get_or_insert((key, reason));
            }
            Taken::NotMine => {}
        }
    }
    Ok(match passed_over {
        Some((key, reason)) => Chosen::Trigger(key, Some(reason)),
        None => Chosen::Nobody("no trigger of the routine is about this".to_owned()),
    })
}

/// Whether it is about a branch that a run of ours has made.
fn is_own(core: &Core, event: &Event) -> Result<bool, StoreError> {
    // A push names its branch as its base.
    let Some(branch) = event.head.as_deref().or(event.base.as_deref()) else { return Ok(false) };
    let works_there = core.sessions.values().any(|entry| {
        let lodging = &entry.session.lodging;
        let on_it = matches!(lodging, Some(Lodging::Worktree(it)) if it.branch == branch);
        on_it && entry.session.unattended.is_some()
    });
    if works_there {
        return Ok(true);
    }
    // Its session may be gone: the branch is named after routine and run.
    let names = core.routines.list.values().map(|routine| &routine.row.name);
    for name in names {
        let Some((before, behind)) = branch.rsplit_once(&format!("{name}-")) else { continue };
        let digits = behind.split('-').next().unwrap_or_default();
        let named = digits.len() == RUN_DIGITS && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let begins = before.is_empty() || before.ends_with(['/', '-']);
        if named && begins && core.store.has_row_beginning(&format!("run_{digits}"))? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn write(core: &mut Core, delivery: DeliveryRow, row: Option<LedgerRow>) -> Result<(), StoreError> {
    let at_ms = wall_ms();
    let rows: Vec<LedgerRow> = row.into_iter().collect();
    let event = |row: &LedgerRow| {
        let what = row.event.as_deref().map(deliveries::named).unwrap_or_default();
        let text = format!("{what}: {}", views::happened(&row.occurrence));
        LedgerEvent { occurrence: row.occurrence.id.clone(), at_ms, text }
    };
    let events = rows.iter().map(event).collect();
    let outside = OutsideWrite { deliveries: vec![delivery], ..OutsideWrite::default() };
    commit(core, LedgerWrite { rows: rows.clone(), events, outside, ..LedgerWrite::default() })?;
    accept(core, rows);
    Ok(())
}
