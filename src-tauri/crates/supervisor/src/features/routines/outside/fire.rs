//! Calls with a token: each makes an occurrence, and is answered when its session is there or when there will be none.
//!
//! Promises: the occurrence is stored before anything follows from it; the same idempotency key gives the same session,
//! also while the first call is under way; a call that is refused has started nothing, and its key is free again.
//! Must not know: headers, how an answer is written.

use super::deliveries::{self, Came};
use super::tokens;
use crate::clients::ConnId;
use crate::core::Core;
use crate::features::routines::{accept, due, start, wall_ms};
use jiff::{Timestamp, ToSpan};
use nightshift_model::SessionId;
use nightshift_platform::clock;
use nightshift_protocol::Reply;
use nightshift_protocol::intake::{FireCall, Fired, IntakeResult, Refusal};
use nightshift_routines::definition::{Definition, Trigger};
use nightshift_routines::health::became;
use nightshift_routines::occurrence::{Occurrence, Origin, SkipReason, State};
use nightshift_routines::payload::FIRE_TEXT_MAX_CHARS;
use nightshift_store::ledger::{Key, LedgerEvent};
use nightshift_store::outside::{DeliveryRow, OutsideWrite, TokenRow, Verdict};
use nightshift_store::{LedgerRow, LedgerWrite, StoreError};
use std::time::Duration;

/// So long a call waits for its session. After it the caller is told which session it will be.
const PATIENCE: Duration = Duration::from_secs(10);
/// When a run that is in the way may be over: nobody knows, so not at once and not much later.
const BUSY_RETRY_S: u64 = 60;
/// What could not be stored may be stored a moment later.
const STORE_RETRY_S: u64 = 5;

/// A call that waits for its session.
pub(super) struct Waiting {
    client: (ConnId, u64),
    occurrence: String,
    until: Duration,
    /// It repeats a call.
    replayed: bool,
    delivery: DeliveryRow,
}

pub(super) fn due_in(core: &Core, now: Duration) -> Option<Duration> {
    let waiting = core.routines.outside.waiting.iter();
    waiting.map(|call| call.until.saturating_sub(now)).min()
}

fn refusal(status: u16, kind: &str, message: impl Into<String>) -> Refusal {
    Refusal { status, kind: kind.to_owned(), message: message.into(), retry_after_s: None }
}

fn not_stored(error: &StoreError) -> Refusal {
    tracing::warn!("a call waits for room: {error}");
    let refused = refusal(503, "overloaded_error", "it cannot be stored now; try again later");
    Refusal { retry_after_s: Some(STORE_RETRY_S), ..refused }
}

fn answer(core: &mut Core, (conn, request): (ConnId, u64), fired: Fired) {
    let result = Box::new(IntakeResult::Fired { fired });
    core.clients.answer(conn, request, Ok(Reply::Intake { result }));
}

/// Takes a call, or says why not.
pub fn fire(core: &mut Core, client: (ConnId, u64), call: FireCall) {
    let mut delivery = deliveries::of_call(core, &call);
    let refused = match check(core, &call) {
        Ok(token) => {
            delivery.checked = true;
            match take(core, client, &call, &token, &mut delivery) {
                Ok(()) => return,
                Err(refused) => refused,
            }
        }
        Err(refused) => refused,
    };
    turn_away(core, client, refused, delivery);
}

fn turn_away(core: &mut Core, client: (ConnId, u64), refused: Refusal, delivery: DeliveryRow) {
    let verdict = verdict(&refused);
    let came =
        Came { verdict, status: Some(refused.status), reason: Some(refused.message.clone()) };
    deliveries::note(core, came.of(delivery));
    answer(core, client, Fired::Refused(refused));
}

fn verdict(refused: &Refusal) -> Verdict {
    if refused.status == 429 { Verdict::RateLimited } else { Verdict::Rejected }
}

/// Whether the token is one of this routine, and the routine one that may be called.
fn check(core: &Core, call: &FireCall) -> Result<TokenRow, Refusal> {
    let unknown = || refusal(401, "authentication_error", "the token is not one of this routine");
    let token = tokens::found(core, &call.hash).ok_or_else(unknown)?;
    let known = core.routines.list.get(&call.routine);
    let Some(routine) = known.filter(|routine| !routine.row.standing.gone) else {
        return Err(refusal(404, "not_found_error", "there is no such routine"));
    };
    if token.routine != call.routine {
        return Err(unknown());
    }
    if routine.row.standing.disabled {
        return Err(refusal(400, "invalid_request_error", "the routine is disabled"));
    }
    if !super::has_api_trigger(core, &call.routine) {
        return Err(refusal(403, "permission_error", "the routine has no API trigger"));
    }
    let too_long = |text: &String| text.chars().count() > FIRE_TEXT_MAX_CHARS;
    if call.text.as_ref().is_some_and(too_long) {
        let message = format!("text: at most {FIRE_TEXT_MAX_CHARS} characters");
        return Err(refusal(400, "invalid_request_error", message));
    }
    Ok(token)
}

/// The occurrence of a call, stored; its answer comes later.
fn take(
    core: &mut Core,
    client: (ConnId, u64),
    call: &FireCall,
    token: &TokenRow,
    delivery: &mut DeliveryRow,
) -> Result<(), Refusal> {
    let until = clock::monotonic() + PATIENCE;
    if let Some(key) = &call.idempotency_key {
        let known = core.store.keyed_row(&call.routine, &Key::Idempotency(key));
        if let Some(row) = known.map_err(|e| not_stored(&e))? {
            let (occurrence, delivery) = (row.occurrence.id, delivery.clone());
            let waits = Waiting { client, occurrence, until, replayed: true, delivery };
            core.routines.outside.waiting.push(waits);
            return Ok(());
        }
    }
    may_start(core, &call.routine)?;
    let uuid = crate::handlers::fresh_id(core);
    let uuid = uuid.map(|(uuid, _)| uuid);
    let uuid = uuid.map_err(|fault| refusal(500, "api_error", fault.message))?;
    let (trigger, idempotency_key) = (Trigger::Api.key(), call.idempotency_key.clone());
    let origin = Origin::Api { trigger, idempotency_key };
    let occurrence = Occurrence::due(&due::fresh_id(core), &call.routine, origin);
    let id = occurrence.id.clone();
    let text = call.text.clone();
    let row = LedgerRow { text, session_uuid: Some(uuid), ..LedgerRow::of(occurrence) };
    let at_ms = wall_ms();
    let used = TokenRow { last_used_ms: Some(at_ms), ..token.clone() };
    delivery.occurrence = Some(id.clone());
    let came = Came { verdict: Verdict::Accepted, status: Some(200), reason: None };
    *delivery = came.of(delivery.clone());
    let (tokens, deliveries) = (vec![used.clone()], vec![delivery.clone()]);
    let text = format!("called with token {}", token.id);
    let write = LedgerWrite {
        rows: vec![row.clone()],
        events: vec![LedgerEvent { occurrence: id.clone(), at_ms, text }],
        outside: OutsideWrite { tokens, deliveries, ..OutsideWrite::default() },
        ..LedgerWrite::default()
    };
    crate::features::routines::commit(core, write).map_err(|e| not_stored(&e))?;
    core.routines.outside.tokens.insert(used.id.clone(), used);
    accept(core, vec![row]);
    let delivery = delivery.clone();
    let waits = Waiting { client, occurrence: id, until, replayed: false, delivery };
    core.routines.outside.waiting.push(waits);
    Ok(())
}

/// What is known to hold a call back is said at once, and makes no occurrence.
fn may_start(core: &Core, id: &str) -> Result<(), Refusal> {
    let Some(routine) = core.routines.list.get(id) else { return Ok(()) };
    let all_paused = core.schedules_paused || core.timers.is_off();
    if routine.row.standing.paused.is_some() || all_paused {
        return Err(refusal(400, "invalid_request_error", "the routine is paused"));
    }
    let Some(definition) = &routine.definition else {
        return Err(refusal(400, "invalid_request_error", "the routine's definition has mistakes"));
    };
    let since_ms = start::day_begins_ms(core, definition);
    let runs = core.store.counted_runs(id, since_ms).map_err(|e| not_stored(&e))?;
    if runs >= definition.policy.max_per_day {
        return Err(capped(core, definition));
    }
    Ok(())
}

/// It has had all its runs of this day of its zone.
fn capped(core: &Core, definition: &Definition) -> Refusal {
    let zone = start::zone_of(core, definition);
    let now = Timestamp::from_millisecond(wall_ms()).unwrap_or(Timestamp::UNIX_EPOCH);
    let tomorrow = zone.to_datetime(now).date().tomorrow().ok();
    let begins =
        tomorrow.and_then(|day| zone.to_timestamp(day.to_datetime(Default::default())).ok());
    let begins = begins.or_else(|| now.checked_add(24.hours()).ok()).unwrap_or(now);
    let left_s = begins.duration_since(now).as_secs().max(1).unsigned_abs();
    let refused = refusal(429, "rate_limit_error", SkipReason::Cap.words());
    Refusal { retry_after_s: Some(left_s), ..refused }
}

pub(super) fn on_tick(core: &mut Core, now: Duration) {
    for call in std::mem::take(&mut core.routines.outside.waiting) {
        match what_became(core, &call.occurrence, now >= call.until) {
            None => core.routines.outside.waiting.push(call),
            Some(Ok(session)) => started(core, call, session),
            Some(Err(refused)) => fell_through(core, call, refused),
        }
    }
}

fn started(core: &mut Core, call: Waiting, session: String) {
    let Waiting { client, occurrence, replayed, delivery, .. } = call;
    if replayed {
        let came = Came { verdict: Verdict::Duplicate, status: Some(200), reason: None };
        let delivery = DeliveryRow { occurrence: Some(occurrence), ..delivery };
        deliveries::note(core, came.of(delivery));
    }
    answer(core, client, Fired::Started { session, replayed });
}

/// There will be no session: the call may be made again.
fn fell_through(core: &mut Core, call: Waiting, refused: Refusal) {
    let Waiting { client, occurrence, delivery, .. } = call;
    if let Err(e) = free_key(core, &occurrence) {
        tracing::warn!("the idempotency key of {occurrence} stays taken: {e}");
    }
    let delivery = DeliveryRow { occurrence: Some(occurrence), ..delivery };
    turn_away(core, client, refused, delivery);
}

fn free_key(core: &mut Core, occurrence: &str) -> Result<(), StoreError> {
    let Some(mut row) = core.store.row(occurrence)? else { return Ok(()) };
    let Origin::Api { idempotency_key, .. } = &mut row.occurrence.origin else { return Ok(()) };
    if idempotency_key.take().is_none() {
        return Ok(());
    }
    let write = LedgerWrite { rows: vec![row], ..LedgerWrite::default() };
    crate::features::routines::commit(core, write)
}

/// The session, or why there will be none; nothing while that is not known. One that only waits for its turn when it
/// is `late` is told by the session that it will have.
fn what_became(core: &Core, id: &str, late: bool) -> Option<Result<String, Refusal>> {
    if let Some(run) = core.routines.runs.get(id) {
        let row = &run.row;
        let session = row.occurrence.session.clone();
        let to_come = row.session_uuid.as_deref().and_then(SessionId::of_uuid);
        let told = session.or_else(|| to_come.filter(|_| late).map(|id| id.to_string()));
        return match row.occurrence.state {
            State::Due | State::Claimed if !late => None,
            _ => told.map(Ok).or_else(|| Some(Err(lost()))),
        };
    }
    let row = match core.store.row(id) {
        Ok(Some(row)) => row,
        Ok(None) => return Some(Err(lost())),
        Err(e) => return Some(Err(not_stored(&e))),
    };
    Some(outcome(core, &row))
}

fn lost() -> Refusal {
    refusal(500, "api_error", "the run of this call is not known any more")
}

/// Of an occurrence that is over.
fn outcome(core: &Core, row: &LedgerRow) -> Result<String, Refusal> {
    let it = &row.occurrence;
    if let Some(session) = &it.session {
        return Ok(session.clone());
    }
    let Some(reason) = it.reason else {
        let message = it.error.as_ref().map(|error| error.message.clone());
        return Err(refusal(500, "api_error", message.unwrap_or_else(|| became(it))));
    };
    Err(match reason {
        SkipReason::Cap => {
            let routine = core.routines.list.get(&it.routine);
            let definition = routine.and_then(|routine| routine.definition.as_ref());
            definition.map_or_else(lost, |definition| capped(core, definition))
        }
        SkipReason::PreviousRunning | SkipReason::Superseded | SkipReason::Budget => Refusal {
            retry_after_s: Some(BUSY_RETRY_S),
            ..refusal(429, "rate_limit_error", reason.words())
        },
        SkipReason::Paused => refusal(400, "invalid_request_error", "the routine is paused"),
        reason => refusal(400, "invalid_request_error", reason.words()),
    })
}
