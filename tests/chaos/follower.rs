//! One follower of the board, kept open over the whole run and begun anew after every kill.
//!
//! Promise: notes every change whose number is not the one before plus one, and keeps the board as
//! a window would.
//! Must not know: what was done to the supervisor.

use nightshift_client::Client;
use nightshift_platform::dirs::Home;
use nightshift_protocol::{BoardChange, BoardEvent, Fault, SessionView};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two tries to reach a supervisor, and between two looks at whether to end.
const PAUSE: Duration = Duration::from_millis(20);
/// Words of notices that tell of damage; killing processes must never cause any.
const DAMAGE: [&str; 4] = ["damaged", "corrupt", "was recovered from", "belongs to no known"];

#[derive(Default)]
pub struct Seen {
    pub board: BTreeMap<String, SessionView>,
    pub faults: Vec<String>,
    pub changes: u64,
    pub follows: u64,
    /// Number of the last event of this follow.
    seq: Option<u64>,
}

pub struct Follower {
    seen: Arc<Mutex<Seen>>,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    pub fn start(home: Home) -> std::io::Result<Follower> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (seen, ending) = (Arc::<Mutex<Seen>>::default(), Arc::<AtomicBool>::default());
        let (its_seen, its_ending) = (Arc::clone(&seen), Arc::clone(&ending));
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                while !its_ending.load(Ordering::Relaxed) {
                    // Its end is what a killed supervisor looks like.
                    follow(&home, &its_seen, &its_ending).await.ok();
                    tokio::time::sleep(PAUSE).await;
                }
            });
        });
        Ok(Follower { seen, ending, thread: Some(thread) })
    }

    /// No code panics while it holds the lock, so what it guards is whole even if poisoned.
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().ok(); // Its panic has been printed.
        }
    }
}

async fn follow(home: &Home, seen: &Mutex<Seen>, ending: &AtomicBool) -> Result<(), Fault> {
    let client = Client::connect(home).await?;
    let mut board = client.follow_board().await?;
    let with = |work: &dyn Fn(&mut Seen)| {
        work(&mut seen.lock().unwrap_or_else(PoisonError::into_inner));
    };
    with(&|seen| {
        seen.seq = None;
        seen.follows += 1;
    });
    while !ending.load(Ordering::Relaxed) {
        match tokio::time::timeout(PAUSE, board.next()).await {
            Ok(event) => {
                let event = event?;
                with(&|seen| seen.take(event.clone()));
            }
            Err(_nothing_yet) => {}
        }
    }
    Ok(())
}

impl Seen {
    fn take(&mut self, event: BoardEvent) {
        match event {
            BoardEvent::Snapshot { seq, sessions, notices } => {
                self.seq = Some(seq);
                self.board = sessions.into_iter().map(|view| (view.id.clone(), view)).collect();
                for notice in notices {
                    self.notice(&notice.text);
                }
            }
            BoardEvent::Change { seq, change } => {
                let expected = self.seq.map(|last| last + 1);
                if expected != Some(seq) {
                    self.faults.push(format!("board change {seq} came, {expected:?} was due"));
                }
                self.seq = Some(seq);
                self.changes += 1;
                self.change(change);
            }
        }
    }

    fn change(&mut self, change: BoardChange) {
        match change {
            BoardChange::Upsert { view } => {
                self.board.insert(view.id.clone(), *view);
            }
            BoardChange::Removed { id } => {
                if self.board.remove(&id).is_none() {
                    self.faults.push(format!("{id} was taken off the board and was not on it"));
                }
            }
            BoardChange::Notice { notice } => self.notice(&notice.text),
            BoardChange::NoticeGone { .. } => {}
        }
    }

    fn notice(&mut self, text: &str) {
        let fault = format!("notice: {text}");
        if DAMAGE.iter().any(|word| text.contains(word)) && !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }
}
