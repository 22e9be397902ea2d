//! `notifications`: receipts, trying whether notifications arrive, and the notifier's own words;
//! `presence`, `push` and `pause_schedules`.

use super::{Handled, Outcome, find};
use crate::clients::ConnId;
use crate::core::Core;
use crate::features::{notifications, settings};
use crate::ports::storage::fault;
use nightshift_model::SessionId;
use nightshift_notices::{Client, pushed, tried};
use nightshift_platform::clock;
use nightshift_protocol::{Environment, Looking, NotificationAct, Receipt, Reply};
use nightshift_store::{Wanted, Write};

/// Receipts in one reply: well below a frame.
const PAGE_MAX: u32 = 500;

pub fn notifications(core: &mut Core, conn: ConnId, request: u64, act: NotificationAct) -> Outcome {
    match act {
        NotificationAct::Receipts { limit, before } => {
            let wanted = Wanted::Newest { limit: limit.min(PAGE_MAX), before };
            let receipts = core.store.receipts(wanted).map_err(|e| fault(&e))?;
            Ok(Handled::Done(Reply::Receipts { receipts }))
        }
        NotificationAct::Test => {
            settings::refresh(core);
            let occasion = tried(core.told.next_number());
            let receipts = core.told.judge(&occasion, notifications::now());
            tell(core, conn, request, receipts)
        }
        NotificationAct::Next => {
            core.told.notifier_asks(Client { conn: conn.0, request });
            Ok(Handled::Pending)
        }
        NotificationAct::Settle { n, delivery } => {
            let settled = core.told.settle(n, delivery, clock::now());
            notifications::store(core, settled.into_iter().collect());
            Ok(Handled::Done(Reply::Ok))
        }
    }
}

/// What an agent wants its user to hear. Answered when it is known what became of it.
pub fn push(core: &mut Core, conn: ConnId, request: u64, session: &str, message: &str) -> Outcome {
    super::dispatch::check_text(message, "message")?;
    settings::refresh(core);
    let id = find(core, session)?;
    let number = core.told.next_number();
    let occasion = pushed(&core.sessions[&id].session, message, number);
    let receipts = core.told.judge(&occasion, notifications::now());
    tell(core, conn, request, receipts)
}

fn tell(core: &mut Core, conn: ConnId, request: u64, receipts: Vec<Receipt>) -> Outcome {
    let write = Write { receipts: receipts.clone(), ..Write::default() };
    core.store.commit(&write).map_err(|e| fault(&e))?;
    core.told.wait(Client { conn: conn.0, request }, &receipts, clock::monotonic());
    core.told.accept(receipts);
    Ok(Handled::Pending)
}

pub fn presence(core: &mut Core, conn: ConnId, looking: Looking, env: &Environment) -> Outcome {
    notifications::learn_desktop(core, env);
    let sessions = &core.sessions;
    let find = |id: &str| Some(&sessions.get(&SessionId::parse(id)?)?.session);
    let after_all = core.told.looking(conn.0, looking, find, clock::monotonic());
    notifications::store(core, after_all);
    Ok(Handled::Done(Reply::Ok))
}

pub fn pause_schedules(core: &mut Core, paused: bool) -> Outcome {
    let switches = vec![(notifications::SCHEDULES_PAUSED, paused)];
    core.store.commit(&Write { switches, ..Write::default() }).map_err(|e| fault(&e))?;
    core.schedules_paused = paused;
    Ok(Handled::Done(Reply::Ok))
}
