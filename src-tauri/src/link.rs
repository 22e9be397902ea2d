//! The one connection to the supervisor, made again when it is lost.
//!
//! Promise: a call that finds no supervisor starts one; whoever wants to know hears of every change
//! between reachable and not.

use crate::environment::Origin;
use nightshift_client::{Client, Starter, find_or_start};
use nightshift_platform::Home;
use nightshift_protocol::calls::Call;
use nightshift_protocol::{Fault, FaultCode};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, watch};

/// Whether the supervisor can be reached: an event of the windows.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type, tauri_specta::Event,
)]
pub struct Reachability {
    pub reachable: bool,
    /// Why not, as a person reads it.
    pub message: String,
}

pub struct Link {
    home: Home,
    starter: Starter,
    current: Mutex<Option<Client>>,
    reachability: watch::Sender<Reachability>,
}

impl Link {
    pub fn new(origin: &Origin) -> Result<Link, Fault> {
        let fault =
            |error: nightshift_platform::DirsError| Fault::new(FaultCode::Io, error.to_string());
        let home = Home::resolve().map_err(fault)?;
        home.ensure().map_err(fault)?;
        let unknown = Reachability { reachable: true, message: String::new() };
        Ok(Link {
            home,
            starter: Starter { binary: origin.binary.clone() },
            current: Mutex::new(None),
            reachability: watch::Sender::new(unknown),
        })
    }

    /// The connection that is in use; without one the supervisor is found or started.
    pub async fn client(&self) -> Result<Client, Fault> {
        let mut current = self.current.lock().await;
        if let Some(client) = current.as_ref() {
            return Ok(client.clone());
        }
        let client = find_or_start(&self.home, &self.starter).await?;
        *current = Some(client.clone());
        Ok(client)
    }

    /// The connection is gone or cannot be made: the next call makes a new one.
    pub async fn lost(&self, fault: &Fault) {
        *self.current.lock().await = None;
        self.tell(Reachability { reachable: false, message: fault.to_string() });
    }

    /// Says that the board is being followed again.
    pub fn found(&self) {
        self.tell(Reachability { reachable: true, message: String::new() });
    }

    fn tell(&self, now: Reachability) {
        self.reachability.send_if_modified(|before| {
            let changed = *before != now;
            *before = now;
            changed
        });
    }

    pub fn reachability(&self) -> watch::Receiver<Reachability> {
        self.reachability.subscribe()
    }

    /// One command. Never sent twice: it may have been carried out before the connection broke.
    pub async fn ask<C: Call>(&self, call: C) -> Result<C::Reply, Fault> {
        let answered = self.client().await?.ask(call).await;
        if let Err(fault) = &answered
            && fault.code == FaultCode::Unreachable
        {
            *self.current.lock().await = None;
        }
        answered
    }
}
