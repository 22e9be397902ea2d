//! Routines and their runs as clients see them.

use super::{due, outside, shown, start, support, watch};
use crate::core::Core;
use nightshift_protocol::routine::{
    RoutineDetail, RoutineView, RunErrorView, RunEvent, RunTrigger, RunView, TriggerView,
};
use nightshift_routines::definition::{Trigger, duration};
use nightshift_routines::health::{self, Health, Report};
use nightshift_routines::occurrence::{Judgement, Occurrence, Origin, State};
use nightshift_store::outside::TokenKind;
use nightshift_store::{LedgerRow, RowsWanted, StoreError};
use serde::Serialize;

/// Due times that are shown of one routine.
const UPCOMING: usize = 5;

/// What has just happened to an occurrence, for its history: one line.
pub(super) fn happened(it: &Occurrence) -> String {
    let failed = || it.error.as_ref().map_or_else(String::new, |error| error.message.clone());
    match it.state {
        State::Due if it.error.is_some() => {
            format!("failed ({}); it is tried again", failed())
        }
        State::Due => "due".to_owned(),
        State::Claimed => "claimed".to_owned(),
        State::Starting => {
            format!("session {} was made for it", it.session.as_deref().unwrap_or_default())
        }
        State::Running => "the agent has begun".to_owned(),
        State::Finished => {
            let outcome = it.outcome.unwrap_or(Judgement::NotJudged).words();
            format!("finished, {outcome}: {}", it.outcome_reason.as_deref().unwrap_or_default())
        }
        State::Failed => format!("{}: {}", health::became(it), failed()),
        State::Skipped | State::Cancelled | State::Abandoned => health::became(it),
    }
}

/// The word by which a value of a closed list is known in JSON.
fn word(value: impl Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}

pub(crate) fn run(core: &Core, row: &LedgerRow, events: Vec<RunEvent>) -> RunView {
    let it = &row.occurrence;
    let routine = core.routines.list.get(&it.routine);
    let (kind, due_at) = match &it.origin {
        Origin::Schedule { due_ms, .. } => ("schedule", Some(*due_ms)),
        Origin::Api { .. } => ("api", None),
        Origin::Github { .. } => ("github", None),
        Origin::Manual => ("manual", None),
        Origin::Replay { .. } => ("replay", None),
    };
    let replays = match &it.origin {
        Origin::Replay { delivery } => Some(delivery.clone()),
        _ => None,
    };
    let event = row.event.as_deref().map(outside::deliveries::named);
    let error = it.error.as_ref().map(|error| RunErrorView {
        kind: word(error.kind).unwrap_or_default(),
        message: error.message.clone(),
    });
    RunView {
        id: it.id.clone(),
        routine: routine.map_or_else(|| it.routine.clone(), |routine| routine.row.name.clone()),
        trigger: RunTrigger { kind: kind.to_owned(), due_at, replays, event },
        state: it.state.name().to_owned(),
        reason: it.reason.and_then(word),
        late_cause: it.late_cause.and_then(word),
        outcome: it.outcome.and_then(word),
        outcome_reason: it.outcome_reason.clone(),
        session: it.session.clone(),
        due_at,
        claimed_at: it.claimed_ms,
        started_at: it.started_ms,
        finished_at: it.finished_ms,
        attempt: it.attempt,
        error,
        denials: row.denials.clone(),
        words: happened(it),
        events,
    }
}

/// A page of runs has what happened to each of them.
pub(super) fn run_with_events(core: &Core, row: &LedgerRow) -> Result<RunView, StoreError> {
    let events = core.store.row_events(&row.occurrence.id)?;
    let events = events.into_iter().map(|event| RunEvent { at: event.at_ms, text: event.text });
    Ok(run(core, row, events.collect()))
}

pub(super) fn routine(core: &Core, id: &str) -> Result<Option<RoutineView>, StoreError> {
    let Some(routine) = core.routines.list.get(id) else { return Ok(None) };
    let standing = &routine.row.standing;
    let rows = watch::rows(core, id)?;
    let report = watch::with_facts(core, id, &rows, health::health);
    let Report { health, reason } = report.map_or_else(unknown, |report| {
        if standing.gone && standing.paused.is_none() {
            let reason = "its file is not there any more".to_owned();
            return Report { health: Health::Paused, reason };
        }
        report
    });
    let (health, health_reason) = match (&routine.definition, standing.paused.is_some()) {
        (None, false) => ("failing", "its definition has mistakes".to_owned()),
        _ => (
            match health {
                Health::OnTime => "on_time",
                Health::Late => "late",
                Health::Quiet => "quiet",
                Health::Failing => "failing",
                Health::Paused => "paused",
                Health::NeverRan => "never_ran",
            },
            reason,
        ),
    };
    let last = core.store.rows(RowsWanted { routine: Some(id), before: None, limit: 1 })?;
    let definition = routine.definition.as_deref();
    let plays = routine.is_planned() && standing.paused.is_none() && !core.schedules_paused;
    let zone = definition.map(|definition| start::zone_of(core, definition));
    let own = definition.and_then(|definition| definition.timezone.clone());
    let machine = zone.and_then(|zone| zone.iana_name().map(str::to_owned));
    Ok(Some(RoutineView {
        id: id.to_owned(),
        name: routine.row.name.clone(),
        description: definition.map_or_else(String::new, |it| it.description.clone()),
        enabled: !standing.disabled && !standing.gone,
        paused: standing.paused.is_some(),
        note: standing.paused.as_ref().map(|pause| pause.note.clone()),
        health: health.to_owned(),
        health_reason,
        next_run_at: routine.next_ms.filter(|at_ms| plays && *at_ms > i64::MIN),
        timezone: own.or(machine).unwrap_or_default(),
        triggers: definition.map_or_else(Vec::new, |it| it.triggers.iter().map(trigger).collect()),
        last_run: last.first().map(|row| run(core, row, Vec::new())),
        problems: routine.problems.iter().map(shown).collect(),
        remarks: definition.map(support::remarks).unwrap_or_default(),
    }))
}

fn unknown() -> Report {
    Report { health: Health::NeverRan, reason: "it has not run yet".to_owned() }
}

fn trigger(trigger: &Trigger) -> TriggerView {
    let words = match trigger {
        Trigger::Schedule { cron } => cron.words(),
        Trigger::Every { period_ms } => format!("every {}", duration::write(*period_ms)),
        Trigger::At { at } => format!("once at {at}"),
        Trigger::Api => "by a call".to_owned(),
        Trigger::Github(github) => format!("events of {}", github.repository),
    };
    TriggerView { kind: trigger.kind().to_owned(), trigger: trigger.key().0, words }
}

pub(super) fn detail(core: &Core, id: &str) -> Result<Option<RoutineDetail>, StoreError> {
    let Some(view) = routine(core, id)? else { return Ok(None) };
    let upcoming = match view.next_run_at {
        Some(_) => due::upcoming(core, id, UPCOMING).iter().map(|next| next.start_ms).collect(),
        None => Vec::new(),
    };
    let definition = core.routines.list.get(id).and_then(|it| it.row.definition.clone());
    let file = format!("{}/{}.md", core.routines.place, view.name);
    let has = |kind: &str| view.triggers.iter().any(|trigger| trigger.kind == kind);
    let url = |kind, token| has(kind).then(|| outside::intake::url(core, id, token)).flatten();
    let fire_url = url("api", TokenKind::Fire);
    let webhook_url = url("github", TokenKind::Webhook);
    Ok(Some(RoutineDetail { routine: view, file, definition, upcoming, fire_url, webhook_url }))
}
