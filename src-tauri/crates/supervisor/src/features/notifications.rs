//! What is told outside of the board, between the loop and the notifier: stored with what it tells,
//! handed out, settled.
//!
//! Promise: without anything to tell there is no notifier, and nothing is looked at. Must not know:
//! what is told when and how.

use crate::clients::ConnId;
use crate::core::Core;
use crate::features::settings;
use crate::ports::storage::Storage;
use nightshift_model::SessionId;
use nightshift_notices::{Answered, Client, Notices, Now, Occasion};
use nightshift_platform::{clock, desktop};
use nightshift_protocol::{Delivery, Environment, Receipt, Reply, StandingResult};
use nightshift_store::{Wanted, Write};
use std::time::Duration;

/// Under this name the switch is stored.
pub const SCHEDULES_PAUSED: &str = "schedules-paused";
const NO_SERVICE: &str = "no notification service: there is no session bus";

/// What an earlier supervisor left to tell.
pub fn restored(store: &dyn Storage) -> Notices {
    let mut told = Notices::default();
    let newest = Wanted::Newest { limit: 1, before: None };
    let read = store.receipts(newest).and_then(|last| Ok((last, store.receipts(Wanted::Pending)?)));
    match read {
        Ok((last, pending)) => {
            let last = last.first().map_or(0, |receipt| receipt.n);
            told.restore(last, pending, clock::monotonic());
        }
        Err(e) => tracing::error!("receipts not read: {e}"),
    }
    told
}

pub fn schedules_paused(store: &dyn Storage) -> bool {
    let read = store.is_on(SCHEDULES_PAUSED);
    read.inspect_err(|e| tracing::error!("switches not read: {e}")).unwrap_or_default()
}

pub fn now() -> Now {
    Now { wall: clock::now(), monotonic: clock::monotonic(), minute: clock::local_minute() }
}

/// The receipts to be stored with the step that gave `occasion`.
pub fn judge(core: &mut Core, occasion: &Occasion) -> Vec<Receipt> {
    let wanted = Wanted::Of { session: &occasion.session, occasion: &occasion.key };
    // Told by a fact that comes a second time.
    if core.store.receipts(wanted).is_ok_and(|known| !known.is_empty()) {
        return Vec::new();
    }
    settings::refresh(core);
    core.told.judge(occasion, now())
}

/// Stores receipts that changed. Not stored, they are at worst told again.
pub fn store(core: &mut Core, receipts: Vec<Receipt>) {
    let write = Write { receipts, volatile: true, ..Write::default() };
    if let Err(e) = core.store.commit(&write) {
        tracing::warn!("receipts not stored: {e}");
    }
}

/// A client's way to the desktop, for a supervisor that was started without one.
pub fn learn_desktop(core: &mut Core, env: &Environment) {
    if env.contains_key(desktop::BUS_VARIABLE) {
        let named = desktop::DESKTOP_VARIABLES.iter().filter_map(|name| env.get_key_value(*name));
        core.desktop = named.map(|(name, value)| (name.clone(), value.clone())).collect();
    }
}

pub fn gone(core: &mut Core, conn: ConnId) {
    let sessions = &core.sessions;
    let find = |id: &str| Some(&sessions.get(&SessionId::parse(id)?)?.session);
    let after_all = core.told.gone(conn.0, find);
    store(core, after_all);
}

pub fn due_in(core: &Core, now: Duration) -> Option<Duration> {
    core.told.due_in(now)
}

pub fn on_tick(core: &mut Core, now: Duration) {
    let sessions = &core.sessions;
    let find = |id: &str| Some(&sessions.get(&SessionId::parse(id)?)?.session);
    let (given, settled) = core.told.hand_out(find, clock::now());
    if let Some((Client { conn, request }, orders)) = given {
        core.clients.answer(ConnId(conn), request, Ok(Reply::Orders { orders }));
    }
    store(core, settled);
    if core.told.wants_notifier(now) {
        start(core, now);
    }
    for (Client { conn, request }, answer) in core.told.answers(now) {
        let reply = match answer {
            Answered::Pushed(pushed) => {
                Reply::Standing { result: Box::new(StandingResult::Push(pushed)) }
            }
            Answered::Tested(receipts) => Reply::Receipts { receipts },
        };
        core.clients.answer(ConnId(conn), request, Ok(reply));
    }
}

/// Starts a notifier, unless nothing could come of it.
fn start(core: &mut Core, now: Duration) {
    let own = |name: &str| std::env::var(name).ok();
    let bus = desktop::session_bus(|name| core.desktop.get(name).cloned().or_else(|| own(name)));
    if bus.is_none() {
        let unreachable = core.told.desktop_orders();
        let why = || Delivery::Failed { why: NO_SERVICE.to_owned() };
        let failed = |n| core.told.settle(n, why(), clock::now());
        let settled = unreachable.into_iter().filter_map(failed).collect();
        store(core, settled);
    }
    if core.told.wants_notifier(now) {
        let settled = match core.world.start_notifier(&core.desktop) {
            Ok(()) => core.told.notifier_started(now, clock::now()),
            Err(e) => {
                let why = format!("the notifier cannot be started: {e}");
                core.told.notifier_failed(&why, clock::now())
            }
        };
        store(core, settled);
    }
}
