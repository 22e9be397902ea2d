//! What the tools share: the way to the supervisor and the monitors of this process.

use crate::monitor::Monitors;
use crate::monitor::address::LOOPBACK_VARIABLE;
use crate::supervisor::{Again, Supervisor};
use nightshift_protocol::{StandingAct, StandingResult};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Digits of a monitor's id, as of every task's.
const ID_DIGITS: usize = 8;

#[derive(Clone)]
pub struct Bridge {
    pub supervisor: Arc<Supervisor>,
    pub monitors: Arc<Monitors>,
    /// For tests, whose servers are on this machine.
    pub loopback_allowed: bool,
    /// Somebody waits for the user's wish that a monitor stops.
    listens: Arc<AtomicBool>,
}

impl Bridge {
    pub fn new(supervisor: Supervisor) -> Bridge {
        Bridge {
            supervisor: Arc::new(supervisor),
            monitors: Arc::default(),
            loopback_allowed: std::env::var(LOOPBACK_VARIABLE).as_deref() == Ok("1"),
            listens: Arc::default(),
        }
    }

    pub fn new_id(&self) -> String {
        let mut id = uuid::Uuid::new_v4().simple().to_string();
        id.truncate(ID_DIGITS);
        id
    }

    /// The supervisor shall not wait for monitor `id` any more.
    pub async fn give_up(&self, id: &str, why: &str) {
        let act = StandingAct::MonitorEnded { id: id.to_owned(), why: why.to_owned() };
        // Unheard, it is forgotten with the turn.
        self.supervisor.act(act, Again::Harmless).await.ok();
    }

    /// The agent can call our tools now: somebody has asked for them.
    pub fn tell_ready(&self) {
        let supervisor = Arc::clone(&self.supervisor);
        // Unheard, a loop is paced for an agent without tools.
        tokio::spawn(async move { supervisor.ask(StandingAct::ToolsReady).await.ok() });
    }

    /// As long as monitors run, waits for the user's wish that one stops.
    pub fn listen_for_stops(&self) {
        if self.listens.swap(true, Ordering::SeqCst) {
            return;
        }
        let bridge = self.clone();
        tokio::spawn(async move {
            loop {
                let running = bridge.monitors.ids();
                if running.is_empty() {
                    break;
                }
                match bridge.supervisor.ask(StandingAct::MonitorStops { running }).await {
                    Ok(StandingResult::MonitorStops { ids }) => {
                        for id in ids {
                            bridge.monitors.stop(&id).await;
                        }
                    }
                    // A supervisor that does not know the wish cannot tell it.
                    Ok(_) | Err(_) => break,
                }
            }
            bridge.listens.store(false, Ordering::SeqCst);
        });
    }
}
