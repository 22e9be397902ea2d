//! Places for connections: how many there are, for whom, and who goes when one is needed.
//!
//! Promise: a client that greets finds a place however many others say nothing; what runs in sessions
//! takes none of the user's and asks for little at a time; frames that were begun and not ended take a bounded amount of memory.
//! Must not know: sockets, what is said.

use crate::limits::{
    CLIENTS_MAX, SESSION_CLIENTS_MAX, SESSION_CONNECTION_REQUESTS_MAX, SESSION_REQUESTS_MAX,
    SESSIONS_CLIENTS_MAX, UNFINISHED_MAX_BYTES, UNGREETED_MAX,
};
use crate::server::callers::Caller;
use nightshift_protocol::{Fault, FaultCode};
use nightshift_supervisor::clients::Turn;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Who shares places with each other.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Pool {
    User,
    Session(String),
    /// What brings events from outside; it says itself how much it asks at a time.
    Intake,
    /// What the supervisor runs, and what is unknown.
    Others,
}

impl Pool {
    fn of(caller: &Caller) -> Pool {
        match caller {
            Caller::User => Pool::User,
            Caller::Session { id, .. } => Pool::Session(id.clone()),
            Caller::Intake => Pool::Intake,
            Caller::Program | Caller::Unknown { .. } => Pool::Others,
        }
    }

    fn max(&self) -> usize {
        match self {
            Pool::User => CLIENTS_MAX,
            Pool::Intake | Pool::Session(_) | Pool::Others => SESSION_CLIENTS_MAX,
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

/// A request's turn, given back when it is answered: more of the same session wait for it.
struct Permits {
    _of_connection: Option<OwnedSemaphorePermit>,
    _of_session: Option<OwnedSemaphorePermit>,
}

/// The turns of one pool.
type Turns = (Pool, Arc<Semaphore>);

/// Connections by the order in which they came.
#[derive(Clone, Default)]
pub struct Places {
    slots: Arc<Mutex<BTreeMap<u64, Slot>>>,
    /// Turns of each pool: a request outlives its connection, and so does its turn.
    turns: Arc<Mutex<Vec<Turns>>>,
}

/// One connection's place; given back when this is dropped.
pub struct Place {
    places: Places,
    number: u64,
    leave: Arc<Notify>,
    /// Its own turns and those of its session; none for the user.
    turns: Option<(Arc<Semaphore>, Arc<Semaphore>)>,
}

impl Places {
    fn slots(&self) -> MutexGuard<'_, BTreeMap<u64, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The turns of a pool. Those that nobody holds or waits for are forgotten.
    fn turns_of(&self, pool: &Pool) -> Arc<Semaphore> {
        let mut all = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(_, turns)| {
            Arc::strong_count(turns) > 1 || turns.available_permits() < SESSION_REQUESTS_MAX
        });
        if let Some((_, turns)) = all.iter().find(|(known, _)| known == pool) {
            return turns.clone();
        }
        let turns = Arc::new(Semaphore::new(SESSION_REQUESTS_MAX));
        all.push((pool.clone(), turns.clone()));
        turns
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
        let turns = (!matches!(pool, Pool::User | Pool::Intake)).then(|| {
            (Arc::new(Semaphore::new(SESSION_CONNECTION_REQUESTS_MAX)), self.turns_of(&pool))
        });
        slots.insert(number, Slot { pool, greeted: false, unfinished: 0, leave: leave.clone() });
        drop(slots);
        Ok(Place { places: self.clone(), number, leave, turns })
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
        Pool::Intake | Pool::Others => format!("the supervisor serves {max} programs already"),
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

    /// The turn of this connection's next request, once it has one. The user needs none.
    pub async fn turn(&self) -> Option<Turn> {
        let (connection, session) = self.turns.as_ref()?;
        // An error would mean that they were closed, which nobody does.
        let of_connection = connection.clone().acquire_owned().await.ok();
        let of_session = session.clone().acquire_owned().await.ok();
        Some(Box::new(Permits { _of_connection: of_connection, _of_session: of_session }))
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
    fn security_09_a_session_has_few_turns_over_all_its_connections_and_beyond_their_end() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let places = Places::default();
            let turn = async |place: &Place| {
                tokio::time::timeout(std::time::Duration::ZERO, place.turn()).await.ok()
            };
            let mut held = Vec::new();
            for n in 0..10 {
                let place = places.take(n, &session("00000001")).unwrap();
                let before = held.len();
                while let Some(one) = turn(&place).await {
                    held.push(one);
                }
                assert!(held.len() - before <= SESSION_CONNECTION_REQUESTS_MAX);
            }
            // The connections are gone, what they asked for is not.
            assert_eq!(held.len(), SESSION_REQUESTS_MAX);
            let again = places.take(20, &session("00000001")).unwrap();
            assert!(turn(&again).await.is_none());
            let other = places.take(21, &session("00000002")).unwrap();
            assert!(turn(&other).await.is_some());
            let user = places.take(22, &Caller::User).unwrap();
            for _ in 0..100 {
                held.push(turn(&user).await.unwrap());
            }
            held.clear();
            assert!(turn(&again).await.is_some());
            drop((again, other));
            places.take(23, &session("00000003")).map(drop).unwrap();
            assert!(
                places.turns.lock().unwrap().len() <= 2,
                "those of ended sessions are forgotten"
            );
        });
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
