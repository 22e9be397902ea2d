//! Who listens to monitors in these tests, and where they run.

use nightshift_mcp::monitor::outbox::Batch;
use nightshift_mcp::monitor::{Ending, Place, Taken, Uplink};
use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::Notify;

/// Nothing that is waited for takes this long on the slowest machine.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Takes what monitors say; while it is shut it takes nothing, as a supervisor that is away.
#[derive(Default)]
pub struct Ear {
    pub heard: Mutex<Heard>,
    changed: Notify,
    opened: Notify,
    pub shut: Mutex<bool>,
}

#[derive(Clone, Default)]
pub struct Heard {
    pub batches: Vec<Batch>,
    pub ending: Option<Ending>,
}

impl Heard {
    pub fn lines(&self) -> Vec<String> {
        self.batches.iter().flat_map(|batch| batch.lines.clone()).collect()
    }
}

impl Ear {
    async fn open(&self) {
        while *self.shut.lock().unwrap() {
            self.opened.notified().await;
        }
    }

    pub fn let_in(&self) {
        *self.shut.lock().unwrap() = false;
        self.opened.notify_one();
    }

    pub async fn until(&self, done: impl Fn(&Heard) -> bool) -> Heard {
        let wait = async {
            loop {
                let heard = self.heard.lock().unwrap().clone();
                if done(&heard) {
                    return heard;
                }
                self.changed.notified().await;
            }
        };
        tokio::time::timeout(LIMIT, wait).await.expect("what was waited for came")
    }

    pub async fn ended(&self) -> Heard {
        self.until(|heard| heard.ending.is_some()).await
    }
}

impl Uplink for Ear {
    fn lines<'a>(
        &'a self,
        _: &'a str,
        batch: Batch,
    ) -> Pin<Box<dyn Future<Output = Taken> + Send + 'a>> {
        Box::pin(async move {
            self.open().await;
            self.heard.lock().unwrap().batches.push(batch);
            self.changed.notify_one();
            Taken::Yes
        })
    }

    fn ended<'a>(
        &'a self,
        _: &'a str,
        ending: &'a Ending,
    ) -> Pin<Box<dyn Future<Output = Taken> + Send + 'a>> {
        Box::pin(async move {
            self.open().await;
            self.heard.lock().unwrap().ending = Some(ending.clone());
            self.changed.notify_one();
            Taken::Yes
        })
    }
}

pub fn place() -> Place {
    let path = std::env::var("PATH").unwrap();
    let env =
        BTreeMap::from([("PATH".to_owned(), path), ("WHO".to_owned(), "the session".to_owned())]);
    Place { directory: PathBuf::from("/"), env }
}

pub fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}
