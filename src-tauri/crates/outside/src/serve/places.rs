//! Places for connections: how many there are, for whom, and who goes when one is needed.
//!
//! Promise: a client that greets finds a place however many others say nothing; what runs in sessions
//! takes none of the user's; frames that were begun and not ended take a bounded amount of memory.
//! Must not know: sockets, what is said.

use crate::callers::Caller;
use crate::limits::{
    CLIENTS_MAX, SESSION_CLIENTS_MAX, SESSIONS_CLIENTS_MAX, UNFINISHED_MAX_BYTES, UNGREETED_MAX,
};
use nightshift_protocol::{Fault, FaultCode};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Who shares places with each other.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Pool {
    User,
    Session(String),
    /// What the supervisor runs, and what is unknown.
    Others,
}

impl Pool {
    fn of(caller: &Caller) -> Pool {
        match caller {
            Caller::User => Pool::User,
            Caller::Session { id, .. } => Pool::Session(id.clone()),
            Caller::Program | Caller::Unknown { .. } => Pool::Others,
        }
    }

    fn max(&self) -> usize {
        match self {
            Pool::User => CLIENTS_MAX,
            Pool::Session(_) | Pool::Others => SESSION_CLIENTS_MAX,
        }
    }
}

struct Slot {
    pool: Pool,
    greeted: bool,
    /// Bytes of a frame that has not ended.
    unfinished: usize,
    leave: Arc<Notify>,
}

/// Connections by the order in which they came.
#[derive(Clone, Default)]
pub struct Places(Arc<Mutex<BTreeMap<u64, Slot>>>);

/// One connection's place; given back when this is dropped.
pub struct Place {
    places: Places,
    number: u64,
    leave: Arc<Notify>,
}

impl Places {
    fn slots(&self) -> MutexGuard<'_, BTreeMap<u64, Slot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a new connection. The oldest of its kind that has not greeted goes for it; a fault when
    /// all have.
    pub fn take(&self, number: u64, caller: &Caller) -> Result<Place, Fault> {
        let pool = Pool::of(caller);
        let mut slots = self.slots();
        let own = |slot: &Slot| slot.pool == pool;
        let others = |slot: &Slot| slot.pool != Pool::User;
        let count = |slots: &BTreeMap<u64, Slot>, fits: &dyn Fn(&Slot) -> bool| {
            slots.values().filter(|slot| fits(slot)).count()
        };
        if count(&slots, &|slot| own(slot) && !slot.greeted) >= UNGREETED_MAX {
            let_oldest_go(&mut slots, own);
        }
        if count(&slots, &own) >= pool.max() && !let_oldest_go(&mut slots, own) {
            return Err(full(&pool, pool.max()));
        }
        let crowded = pool != Pool::User && count(&slots, &others) >= SESSIONS_CLIENTS_MAX;
        if crowded && !let_oldest_go(&mut slots, others) {
            return Err(full(&pool, SESSIONS_CLIENTS_MAX));
        }
        let leave = Arc::new(Notify::new());
        slots.insert(number, Slot { pool, greeted: false, unfinished: 0, leave: leave.clone() });
        drop(slots);
        Ok(Place { places: self.clone(), number, leave })
    }
}

/// False when all have greeted.
fn let_oldest_go(slots: &mut BTreeMap<u64, Slot>, fits: impl Fn(&Slot) -> bool) -> bool {
    let oldest = slots.iter().find(|(_, slot)| !slot.greeted && fits(slot)).map(|(n, _)| *n);
    let Some(slot) = oldest.and_then(|oldest| slots.remove(&oldest)) else { return false };
    slot.leave.notify_one();
    true
}

fn full(pool: &Pool, max: usize) -> Fault {
    let message = match pool {
        Pool::User => format!("the supervisor serves {max} clients already"),
        Pool::Session(id) => format!("session {id} has {max} connections already"),
        Pool::Others => format!("the supervisor serves {max} programs already"),
    };
    Fault::new(FaultCode::Limit, message)
        .hint("close windows, followers or scripts, then try again")
}

impl Place {
    pub fn greeted(&self) {
        if let Some(slot) = self.places.slots().get_mut(&self.number) {
            slot.greeted = true;
        }
    }

    /// So many bytes of a frame have come, and not its end. When all of them are too many, the connection
    /// goes whose frame began first.
    pub fn unfinished(&self, bytes: usize) {
        let mut slots = self.places.slots();
        if let Some(slot) = slots.get_mut(&self.number) {
            slot.unfinished = bytes;
        }
        while slots.values().map(|slot| slot.unfinished).sum::<usize>() > UNFINISHED_MAX_BYTES {
            let large = |slot: &Slot| slot.unfinished > UNFINISHED_MAX_BYTES / CLIENTS_MAX;
            let Some(first) = slots.iter().find(|(_, s)| large(s)).map(|(n, _)| *n) else { return };
            if let Some(slot) = slots.remove(&first) {
                slot.leave.notify_one();
            }
        }
    }

    /// Done when the place is needed for another.
    pub async fn lost(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.slots().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(id: &str) -> Caller {
        Caller::Session { id: id.into(), certain: true }
    }

    fn has_lost(place: &Place) -> bool {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            tokio::time::timeout(std::time::Duration::ZERO, place.lost()).await.is_ok()
        })
    }

    #[test]
    fn security_15_those_who_say_nothing_make_room_and_those_who_greeted_stay() {
        let places = Places::default();
        let speaks = places.take(1, &Caller::User).unwrap();
        speaks.greeted();
        let silent: Vec<Place> =
            (2..1_000).map(|n| places.take(n, &Caller::User).unwrap()).collect();
        assert!(has_lost(&silent[0]) && !has_lost(silent.last().unwrap()) && !has_lost(&speaks));
        assert!(places.slots().len() <= CLIENTS_MAX);
    }

    #[test]
    fn security_15_sessions_take_no_place_of_the_users() {
        let places = Places::default();
        let mut kept = Vec::new();
        for n in 0..2_000 {
            let caller = session(&format!("{:08x}", n / 20));
            if let Ok(place) = places.take(n, &caller) {
                place.greeted();
                kept.push(place);
            }
        }
        let of_one =
            places.slots().values().filter(|s| s.pool == Pool::Session("00000000".into())).count();
        assert_eq!(of_one, SESSION_CLIENTS_MAX);
        assert_eq!(kept.len(), SESSIONS_CLIENTS_MAX);
        for n in 0..u64::try_from(CLIENTS_MAX).unwrap() {
            let place = places.take(10_000 + n, &Caller::User).unwrap();
            place.greeted();
            kept.push(place);
        }
        let fault = places.take(20_000, &Caller::User).err().unwrap();
        assert_eq!(fault.code, FaultCode::Limit);
        kept.clear();
        assert!(places.slots().is_empty());
    }

    #[test]
    fn security_15_frames_that_never_end_are_bounded_together() {
        let places = Places::default();
        let all: Vec<Place> = (0..40).map(|n| places.take(n, &Caller::User).unwrap()).collect();
        for place in &all {
            place.greeted();
            place.unfinished(15 * 1024 * 1024);
        }
        let total: usize = places.slots().values().map(|slot| slot.unfinished).sum();
        assert!(total <= UNFINISHED_MAX_BYTES, "{total}");
        assert!(has_lost(&all[0]) && !has_lost(all.last().unwrap()));
    }
}
