//! The way to the supervisor: a client that finds it again, for one session.
//!
//! Promises: what may be asked twice is asked again after a lost connection, what may not is told
//! to be uncertain; lines and ends of monitors are handed over until they are taken; no supervisor
//! is ever started from here (one that the user stopped would come back to life).
//! Must not know: tools.

use crate::monitor::outbox::Batch;
use crate::monitor::{Ending, Place, Taken, Uplink};
use nightshift_client::Client;
use nightshift_model::Liveness;
use nightshift_platform::dirs::Home;
use nightshift_platform::process;
use nightshift_protocol::calls::{self, typed};
use nightshift_protocol::{
    Command, Environment, Fault, FaultCode, Reply, SessionView, StandingAct, StandingResult,
};
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::Mutex;

/// First pause before the supervisor is looked for again.
const PAUSE_FIRST: Duration = Duration::from_millis(50);
/// Longest pause: many bridges may wait for one supervisor that starts.
const PAUSE_LONGEST: Duration = Duration::from_secs(2);
/// A tool call waits this long for a supervisor: one that is replaced by a newer version is back
/// in well under a second, and agents give up on a tool after a minute.
const PATIENCE: Duration = Duration::from_secs(20);
/// A monitor's lines that were refused for want of room are offered again after this.
const REFUSED_PAUSE: Duration = Duration::from_secs(1);

pub struct Supervisor {
    home: Home,
    session: String,
    client: Mutex<Option<Client>>,
}

/// Whether asking a second time does any harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    Harmless,
    Harmful,
}

impl Supervisor {
    pub fn new(home: Home, session: String) -> Supervisor {
        Supervisor { home, session, client: Mutex::new(None) }
    }

    pub fn session(&self) -> &str {
        &self.session
    }

    async fn connected(&self) -> Result<Client, Fault> {
        let mut known = self.client.lock().await;
        if let Some(client) = &*known {
            return Ok(client.clone());
        }
        let client = Client::connect(&self.home).await?;
        *known = Some(client.clone());
        Ok(client)
    }

    /// The connection is of no use any more.
    async fn forget(&self) {
        self.client.lock().await.take();
    }

    /// Calls once. `Err(true, …)`: the request may have been taken.
    async fn once(&self, command: &Command) -> Result<Reply, (bool, Fault)> {
        let client = self.connected().await.map_err(|fault| (false, fault))?;
        let answer = client.call(command.clone()).await;
        if let Err(fault) = &answer
            && is_lost(fault)
        {
            self.forget().await;
        }
        answer.map_err(|fault| (true, fault))
    }

    /// Calls, waiting a while for a supervisor.
    pub async fn call(&self, command: Command, again: Again) -> Result<Reply, Fault> {
        let until = nightshift_platform::clock::monotonic() + PATIENCE;
        let mut pause = PAUSE_FIRST;
        loop {
            let (taken, fault) = match self.once(&command).await {
                Ok(reply) => return Ok(reply),
                Err(failed) => failed,
            };
            let uncertain = taken && again == Again::Harmful;
            if !is_lost(&fault) {
                return Err(fault);
            }
            if uncertain {
                return Err(Fault::new(
                    FaultCode::Unreachable,
                    "Nightshift's supervisor went away before it answered: this may or may not \
                     have been done",
                )
                .hint("look before you try again"));
            }
            if nightshift_platform::clock::monotonic() >= until {
                return Err(fault.hint("Nightshift is not running; tell the user"));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_LONGEST);
        }
    }

    pub async fn act(&self, act: StandingAct, again: Again) -> Result<StandingResult, Fault> {
        typed::<calls::Standing>(self.call(self.standing(act), again).await)
    }

    fn standing(&self, act: StandingAct) -> Command {
        Command::Standing { session: self.session.clone(), act, env: Environment::new() }
    }

    /// Asks until there is an answer, however long that takes: for what the user decides.
    pub async fn ask(&self, act: StandingAct) -> Result<StandingResult, Fault> {
        let command = self.standing(act);
        loop {
            match self.patiently(&command).await? {
                Reply::Standing { result } => return Ok(*result),
                // What it waited for has come: now there is an answer.
                Reply::Session { .. } => {}
                _ => return Err(not_understood()),
            }
        }
    }

    async fn patiently(&self, command: &Command) -> Result<Reply, Fault> {
        let mut pause = PAUSE_FIRST;
        loop {
            match self.once(command).await {
                Err((_, fault)) if is_lost(&fault) => {}
                Err((_, fault)) => return Err(fault),
                Ok(reply) => return Ok(reply),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_LONGEST);
        }
    }

    async fn view(&self) -> Result<SessionView, Fault> {
        let show = Command::Show { session: self.session.clone() };
        typed::<calls::Show>(self.call(show, Again::Harmless).await)
    }

    /// Where and with which environment the session's commands run: those of its agent's process,
    /// because agents give their tools' servers less.
    pub async fn place(&self) -> Result<Place, Fault> {
        let view = self.view().await?;
        let Liveness::Alive { pid, .. } = view.liveness else {
            return Err(Fault::new(FaultCode::Refused, "the session's agent is not running"));
        };
        let io = |e| Fault::new(FaultCode::Io, format!("the session's environment: {e}"));
        let env = process::environment(pid).map_err(io)?;
        let worktree = view.lodging.as_ref().and_then(|lodging| lodging.worktree());
        let directory = worktree.map_or(&view.cwd, |worktree| &worktree.directory);
        Ok(Place { directory: PathBuf::from(directory), env })
    }

    /// Hands something over until it is taken or nobody wants it any more.
    async fn hand_over(&self, act: StandingAct) -> Taken {
        let command = self.standing(act);
        loop {
            match self.patiently(&command).await {
                Ok(_) => return Taken::Yes,
                Err(fault) => match fault.code {
                    FaultCode::NotFound | FaultCode::Invalid | FaultCode::Ambiguous => {
                        return Taken::Never;
                    }
                    // No room, a disk in trouble, a session between two states: later.
                    FaultCode::Refused
                    | FaultCode::Limit
                    | FaultCode::Protocol
                    | FaultCode::Unreachable
                    | FaultCode::Io
                    | FaultCode::Internal => tokio::time::sleep(REFUSED_PAUSE).await,
                },
            }
        }
    }
}

impl Uplink for Supervisor {
    fn lines<'a>(
        &'a self,
        id: &'a str,
        batch: Batch,
    ) -> Pin<Box<dyn Future<Output = Taken> + Send + 'a>> {
        let Batch { first, lines } = batch;
        let id = id.to_owned();
        Box::pin(self.hand_over(StandingAct::MonitorLines { id, first, lines, left_out: 0 }))
    }

    fn ended<'a>(
        &'a self,
        id: &'a str,
        ending: &'a Ending,
    ) -> Pin<Box<dyn Future<Output = Taken> + Send + 'a>> {
        let act = StandingAct::MonitorEnded { id: id.to_owned(), why: ending.words() };
        Box::pin(self.hand_over(act))
    }
}

/// Nobody is there, or nobody is any more.
fn is_lost(fault: &Fault) -> bool {
    match fault.code {
        FaultCode::Unreachable => true,
        FaultCode::Invalid
        | FaultCode::NotFound
        | FaultCode::Ambiguous
        | FaultCode::Refused
        | FaultCode::Limit
        | FaultCode::Protocol
        | FaultCode::Io
        | FaultCode::Internal => false,
    }
}

fn not_understood() -> Fault {
    Fault::new(FaultCode::Protocol, "the supervisor's answer is not understood")
        .hint("it is of another version: see `nightshift daemon status`")
}
