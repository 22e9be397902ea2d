//! Deliveries: what came from outside, what was made of it, and running it once more.
//!
//! Promise: whoever knows an address and no token fills no disk with it. Must not know: who checks what comes.

use crate::clients::ConnId;
use crate::core::Core;
use crate::features::routines::{Waiting, accept, acts, commit, due, wall_ms};
use crate::handlers::quoted;
use crate::ports::storage::fault;
use nightshift_protocol::intake::{
    Attempt, DeliveryPage, DeliveryView, EventCall, FireCall, OutsideResult,
};
use nightshift_protocol::{Fault, FaultCode};
use nightshift_routines::github::Event;
use nightshift_routines::occurrence::{Occurrence, Origin};
use nightshift_store::ledger::LedgerEvent;
use nightshift_store::outside::{DeliveryRow, OutsideWrite, Verdict};
use nightshift_store::{LedgerRow, LedgerWrite};
use std::collections::BTreeMap;

/// Deliveries of one page.
const PAGE_MAX: u32 = 500;
/// What is kept of a body to look at.
const BODY_MAX_CHARS: usize = 16_384;
const HEADERS_MAX: usize = 20;
const HEADER_MAX_CHARS: usize = 500;
const REASON_MAX_CHARS: usize = 500;

/// What was made of a delivery.
pub(super) struct Came {
    pub verdict: Verdict,
    pub status: Option<u16>,
    pub reason: Option<String>,
}

impl Came {
    pub fn of(self, delivery: DeliveryRow) -> DeliveryRow {
        let Came { verdict, status, reason } = self;
        DeliveryRow {
            verdict,
            status,
            reason: reason.map(|it| cut(&it, REASON_MAX_CHARS)),
            ..delivery
        }
    }
}

fn cut(text: &str, max_chars: usize) -> String {
    text.chars().take(max_chars).collect()
}

fn bounded(headers: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let kept = headers.iter().take(HEADERS_MAX);
    kept.map(|(name, value)| (cut(name, HEADER_MAX_CHARS), cut(value, HEADER_MAX_CHARS))).collect()
}

fn blank(core: &Core, routine: &str, kind: &str) -> DeliveryRow {
    DeliveryRow {
        n: 0,
        id: format!("dlv_{}", core.world.fresh_uuid().simple()),
        routine: routine.to_owned(),
        at_ms: wall_ms(),
        kind: kind.to_owned(),
        verdict: Verdict::Rejected,
        status: None,
        reason: None,
        headers: BTreeMap::new(),
        body: String::new(),
        text: None,
        event: None,
        checked: false,
        guid: None,
        occurrence: None,
    }
}

pub(super) fn of_call(core: &Core, call: &FireCall) -> DeliveryRow {
    DeliveryRow {
        headers: bounded(&call.headers),
        body: cut(&call.body, BODY_MAX_CHARS),
        text: call.text.clone(),
        ..blank(core, &call.routine, "api")
    }
}

pub(super) fn of_event(core: &Core, routine: &str, event: &Event, call: &EventCall) -> DeliveryRow {
    let (kind, status) = match &call.routine {
        Some(_) => ("webhook", Some(200)),
        None => ("poll", None),
    };
    DeliveryRow {
        headers: bounded(&call.headers),
        body: cut(&call.body, BODY_MAX_CHARS),
        event: Some(Box::new(event.clone())),
        status,
        checked: true,
        guid: call.guid.as_deref().map(|guid| cut(guid, HEADER_MAX_CHARS)),
        ..blank(core, routine, kind)
    }
}

/// Stores one that made nothing. Not stored, it is missing in a list and nowhere else.
pub(super) fn note(core: &mut Core, delivery: DeliveryRow) {
    if !core.routines.list.contains_key(&delivery.routine) {
        return;
    }
    // What nobody has checked is not kept whole.
    let text = delivery.text.clone().filter(|_| delivery.checked);
    let deliveries = vec![DeliveryRow { text, ..delivery }];
    let ledger = LedgerWrite {
        outside: OutsideWrite { deliveries, ..OutsideWrite::default() },
        ..LedgerWrite::default()
    };
    let write = nightshift_store::Write { ledger, volatile: true, ..Default::default() };
    if let Err(e) = core.store.commit(&write) {
        tracing::warn!("a delivery is not stored: {e}");
    }
}

/// Something that the intake process has turned away by itself.
pub fn refused(core: &mut Core, attempt: Attempt) {
    let verdict = match attempt.verdict.as_str() {
        "rate_limited" => Verdict::RateLimited,
        "ignored" => Verdict::Ignored,
        _ => Verdict::Rejected,
    };
    let delivery = DeliveryRow {
        headers: bounded(&attempt.headers),
        body: cut(&attempt.body, BODY_MAX_CHARS),
        ..blank(core, &attempt.routine, &attempt.kind)
    };
    let came = Came { verdict, status: Some(attempt.status), reason: Some(attempt.reason) };
    note(core, came.of(delivery));
}

pub fn list(
    core: &Core,
    named: &str,
    (before, limit): (Option<i64>, u32),
) -> Result<OutsideResult, Fault> {
    let routine = acts::find(core, named)?;
    let limit = usize::try_from(limit.clamp(1, PAGE_MAX)).unwrap_or_default();
    let rows = core.store.deliveries(&routine, (before, limit)).map_err(|e| fault(&e))?;
    let next = rows.last().filter(|_| rows.len() == limit).map(|row| row.n);
    let deliveries = rows.iter().map(|row| view(core, row)).collect();
    Ok(OutsideResult::Deliveries(DeliveryPage { deliveries, next }))
}

/// As in JSON.
pub(super) fn word(verdict: Verdict) -> String {
    match verdict {
        Verdict::Accepted => "accepted",
        Verdict::Duplicate => "duplicate",
        Verdict::Ignored => "ignored",
        Verdict::Rejected => "rejected",
        Verdict::RateLimited => "rate_limited",
    }
    .to_owned()
}

/// As a definition names it.
pub(crate) fn named(event: &Event) -> String {
    let action = event.action.as_deref().map_or_else(String::new, |action| format!(".{action}"));
    let number = event.number.map_or_else(String::new, |number| format!("#{number}"));
    format!("{}{action} of {}{number}", event.kind.name(), event.repository)
}

fn view(core: &Core, row: &DeliveryRow) -> DeliveryView {
    let routine = core.routines.list.get(&row.routine);
    DeliveryView {
        id: row.id.clone(),
        routine: routine.map_or_else(|| row.routine.clone(), |routine| routine.row.name.clone()),
        at: row.at_ms,
        kind: row.kind.clone(),
        verdict: word(row.verdict),
        status: row.status,
        reason: row.reason.clone(),
        headers: row.headers.clone(),
        body: row.body.clone(),
        event: row.event.as_deref().map(named),
        occurrence: row.occurrence.clone(),
    }
}

/// Runs what a delivery brought once more; answered when it is known what becomes of it.
pub fn replay(core: &mut Core, (conn, request): (ConnId, u64), id: &str) -> Result<(), Fault> {
    let found = core.store.delivery(id.trim()).map_err(|e| fault(&e))?;
    let delivery = found.ok_or_else(|| {
        Fault::new(FaultCode::NotFound, format!("no delivery `{}`", quoted(id))).hint(
            "list them with `nightshift routines deliveries <name>`; they are kept for 30 days",
        )
    })?;
    if !delivery.checked {
        let why = delivery.reason.unwrap_or_default();
        let message =
            format!("delivery {} was turned away and is not kept whole: {why}", delivery.id);
        return Err(Fault::new(FaultCode::Refused, message)
            .hint("run the routine by hand with `nightshift routines run`"));
    }
    acts::check_runnable(core, &delivery.routine)?;
    let origin = Origin::Replay { delivery: delivery.id.clone() };
    let occurrence = Occurrence::due(&due::fresh_id(core), &delivery.routine, origin);
    let id = occurrence.id.clone();
    let DeliveryRow { text, event, .. } = delivery;
    let row = LedgerRow { one_off: true, text, event, ..LedgerRow::of(occurrence) };
    let text = format!("replays {}", delivery.id);
    let events = vec![LedgerEvent { occurrence: id.clone(), at_ms: wall_ms(), text }];
    let write = LedgerWrite { rows: vec![row.clone()], events, ..LedgerWrite::default() };
    commit(core, write).map_err(|e| fault(&e))?;
    accept(core, vec![row]);
    core.routines.waiting.push(Waiting { conn, request, occurrence: id });
    Ok(())
}
