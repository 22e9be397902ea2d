//! The rehearsal agent's side of the pipe: lines out, our own requests and their answers.
//!
//! Promise: one line is written whole or not at all; a request whose client is gone ends with an
//! error instead of waiting for ever.
//! Must not know: what the lines mean.

use nightshift_vendors::wire::{self, RpcError};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::Write;
use tokio::sync::oneshot;

type Waiting = oneshot::Sender<Result<Value, RpcError>>;

#[derive(Default)]
pub struct Peer {
    next: Cell<u64>,
    waiting: RefCell<BTreeMap<u64, Waiting>>,
    gone: Cell<bool>,
}

impl Peer {
    pub fn write(&self, line: &str) {
        let mut out = std::io::stdout().lock();
        let written = writeln!(out, "{line}").and_then(|()| out.flush());
        if written.is_err() {
            // Nobody reads any more: the end of input follows and ends the agent.
            self.gone.set(true);
        }
    }

    /// Whether the client has closed our output.
    pub fn is_gone(&self) -> bool {
        self.gone.get()
    }

    pub fn update(&self, session: &str, update: &Value) {
        let params = json!({"sessionId": session, "update": update});
        self.write(&wire::notify("session/update", &params));
    }

    /// Asks the client and waits for its answer.
    pub async fn call(&self, method: &str, params: &Value) -> Result<Value, RpcError> {
        let id = self.next.get() + 1;
        self.next.set(id);
        let (sender, receiver) = oneshot::channel();
        self.waiting.borrow_mut().insert(id, sender);
        let line = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.write(&line.to_string());
        let gone = || RpcError {
            code: wire::INTERNAL_ERROR,
            message: "the client went away".to_owned(),
            data: Value::Null,
        };
        receiver.await.unwrap_or_else(|_| Err(gone()))
    }

    /// An answer has arrived. Nobody waits for it when its turn was cancelled.
    pub fn answered(&self, id: &Value, outcome: Result<Value, RpcError>) {
        let waiting = id.as_u64().and_then(|id| self.waiting.borrow_mut().remove(&id));
        if let Some(waiting) = waiting {
            waiting.send(outcome).ok();
        }
    }
}
