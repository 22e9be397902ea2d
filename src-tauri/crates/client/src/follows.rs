//! The follows that a window has open: each is one task, ended by number or with its page.

use nightshift_protocol::{Fault, FaultCode};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::task::AbortHandle;

/// A board, and a conversation for each pane: far more than a screen can show.
const FOLLOWS_MAX: usize = 256;

#[derive(Default)]
pub struct Follows {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    next: u32,
    tasks: HashMap<u32, AbortHandle>,
}

impl Follows {
    /// Keeps `task` and gives its number.
    pub fn keep(&self, task: AbortHandle) -> Result<u32, Fault> {
        let mut inner = self.lock();
        // Those that ended by themselves (their session was removed) make room.
        inner.tasks.retain(|_, task| !task.is_finished());
        if inner.tasks.len() >= FOLLOWS_MAX {
            task.abort();
            return Err(Fault::new(FaultCode::Limit, "too many open panes").hint("close some"));
        }
        inner.next += 1;
        let id = inner.next;
        inner.tasks.insert(id, task);
        Ok(id)
    }

    pub fn end(&self, id: u32) {
        if let Some(task) = self.lock().tasks.remove(&id) {
            task.abort();
        }
    }

    /// The page that followed is gone.
    pub fn end_all(&self) {
        self.lock().tasks.drain().for_each(|(_, task)| task.abort());
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
