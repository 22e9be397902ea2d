//! Looks at disks on behalf of somebody who waits: logs, old conversations, directories.
//!
//! Promise: whoever asked hears within `LOOK_PATIENCE`, what he wanted or that the place does not
//! answer. A look that hangs keeps its thread, which nobody can take from it; so there are few of them
//! at one place, and once it is known to hang, it is refused at once until it answers again.
//! Must not know: what is looked at.

use crate::host_link::blocking::{self, in_words};
use crate::host_link::limits::{LOOK_PATIENCE, LOOKS_PER_PLACE, REVIEW_PATIENCE};
use nightshift_protocol::{Fault, FaultCode};
use nightshift_supervisor::ports::world::Lane;
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Seconds; for tests and for machines whose disks are slow.
const PATIENCE_VARIABLE: &str = "NIGHTSHIFT_LOOK_PATIENCE_S";

pub fn patience() -> Duration {
    let set = std::env::var(PATIENCE_VARIABLE).ok().and_then(|text| text.trim().parse().ok());
    set.map_or(LOOK_PATIENCE, Duration::from_secs)
}

/// Everything that is being looked at.
#[derive(Clone, Debug)]
pub struct PathGuard {
    patience: Duration,
    places: Arc<Mutex<HashMap<String, Place>>>,
}

#[derive(Debug)]
struct Place {
    turns: Arc<Semaphore>,
    /// Looks that were begun or wait for their turn.
    asked: usize,
    /// Looks that took longer than they may and are not over.
    hanging: usize,
}

impl Default for Place {
    fn default() -> Place {
        Place { turns: Arc::new(Semaphore::new(LOOKS_PER_PLACE)), asked: 0, hanging: 0 }
    }
}

impl PathGuard {
    pub fn new(patience: Duration) -> PathGuard {
        PathGuard { patience, places: Arc::default() }
    }

    /// Runs `work`, which looks at `place`; a fault that names the place when that hangs.
    pub async fn look<T: Send + 'static>(
        &self,
        lane: Lane,
        place: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let turns = {
            let mut places = self.places();
            let known = places.entry(place.to_owned()).or_default();
            if known.hanging > 0 {
                return Err(hangs(place));
            }
            known.asked += 1;
            known.turns.clone()
        };
        let mut looking = tokio::spawn(async move {
            let _turn = turns.acquire_owned().await.map_err(io::Error::other)?;
            blocking::run(lane, work).await
        });
        let broken = |e: String| Fault::new(FaultCode::Io, format!("{place} was not read: {e}"));
        match tokio::time::timeout(self.patience_with(lane), &mut looking).await {
            Ok(looked) => {
                self.over(place, false);
                looked.map_err(|e| broken(e.to_string()))?.map_err(|e| broken(in_words(&e)))
            }
            Err(_elapsed) => {
                self.places().entry(place.to_owned()).or_default().hanging += 1;
                tokio::spawn(self.clone().until_it_answers(place.to_owned(), looking));
                Err(hangs(place))
            }
        }
    }

    /// Its outcome comes too late for anybody; that it came means that the place answers again.
    async fn until_it_answers<T>(
        self,
        place: String,
        looking: tokio::task::JoinHandle<io::Result<T>>,
    ) {
        if let Err(e) = looking.await {
            tracing::warn!("a look at {place} broke off: {e}");
        }
        self.over(&place, true);
    }

    fn patience_with(&self, lane: Lane) -> Duration {
        match lane {
            Lane::Reviews | Lane::Worktrees | Lane::Judges | Lane::Routines => REVIEW_PATIENCE,
            Lane::Launches | Lane::Directories | Lane::Reads | Lane::Checks => self.patience,
        }
    }

    fn over(&self, place: &str, hung: bool) {
        let mut places = self.places();
        if let Some(known) = places.get_mut(place) {
            known.asked -= 1;
            known.hanging -= usize::from(hung);
            if known.asked == 0 {
                places.remove(place);
            }
        }
    }

    fn places(&self) -> MutexGuard<'_, HashMap<String, Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hangs(place: &str) -> Fault {
    Fault::new(FaultCode::Unreachable, format!("{place} does not answer: its disk or mount hangs"))
        .hint("repair the mount, then try again; other sessions continue")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
    }

    #[test]
    fn a_place_that_hangs_is_refused_until_it_answers_and_others_are_not() {
        runtime().block_on(async {
            let looks = PathGuard::new(Duration::from_millis(50));
            let (answer, hung) = mpsc::channel::<()>();
            let first = looks.look(Lane::Reads, "dead", move || hung.recv().is_ok()).await;
            assert!(first.unwrap_err().message.contains("dead does not answer"));
            for _ in 0..3 {
                // Nothing is begun: it would hang too.
                let next = looks.look(Lane::Reads, "dead", || panic!("begun")).await;
                assert_eq!(next.unwrap_err().code, FaultCode::Unreachable);
            }
            assert_eq!(looks.look(Lane::Reads, "fine", || 7).await, Ok(7));
            answer.send(()).unwrap();
            let mut again = Err(hangs(""));
            for _ in 0..200 {
                again = looks.look(Lane::Reads, "dead", || 8).await;
                if again.is_ok() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            assert_eq!(again, Ok(8));
            assert!(looks.places().is_empty());
        });
    }

    #[test]
    fn many_that_ask_for_one_dead_place_take_few_threads() {
        runtime().block_on(async {
            let looks = PathGuard::new(Duration::from_millis(100));
            let (answer, hung) = mpsc::channel::<()>();
            let hung = Arc::new(Mutex::new(hung));
            let begun = Arc::new(std::sync::atomic::AtomicUsize::new(0));
            let ask = |_| {
                let (looks, hung, begun) = (looks.clone(), hung.clone(), begun.clone());
                tokio::spawn(async move {
                    let hang = move || {
                        begun.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        hung.lock().unwrap().recv().is_ok()
                    };
                    looks.look(Lane::Checks, "dead", hang).await
                })
            };
            let asked: Vec<_> = (0..40).map(ask).collect();
            for one in asked {
                assert!(one.await.unwrap().is_err());
            }
            assert_eq!(begun.load(std::sync::atomic::Ordering::Relaxed), LOOKS_PER_PLACE);
            drop(answer);
        });
    }
}
