//! Calls of our own tools: told apart by the identity that the vendor gives them, allowed by
//! ourselves, except something to watch, which is the user's to allow as any command is.
//!
//! Promise: a tool of somebody else is never taken for one of ours, whatever it is called or says.
//! Must not know: what the tools do, which vendor names them how.

use super::requests::OpenRequest;
use nightshift_protocol::tools::MONITOR;
use nightshift_vendors::servers::own_name;
use nightshift_vendors::{Family, OwnCall, Watched};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Why we allow it.
pub const WHY: &str = "it is one of its own tools";
/// Calls remembered in one turn; an agent that makes more is asked about like any other.
const CALLS_MAX: usize = 256;
/// Longest input remembered: twice the longest command that a monitor takes.
const INPUT_MAX_BYTES: usize = 64 * 1024;

/// The answer that allows once; none where that is not offered.
pub fn allowed(options: &Value) -> Option<Value> {
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    let once = options.iter().find(|option| option["kind"] == "allow_once")?;
    let id = once["optionId"].as_str()?;
    Some(json!({"outcome": {"outcome": "selected", "optionId": id}}))
}

/// A call of the turn that runs.
#[derive(Debug)]
struct Known {
    call: OwnCall,
    /// The user has allowed it.
    allowed: bool,
}

/// The calls of our tools that have not ended, by the agent's id.
#[derive(Debug, Default)]
pub struct OwnCalls {
    /// What our server is called in this session; none while none was handed over.
    server: Option<String>,
    calls: BTreeMap<String, Known>,
}

/// What becomes of a request for permission.
pub enum Verdict {
    /// It is about something else.
    Foreign,
    /// We allow it.
    Ours { tool: String },
    /// The user is asked.
    Ask,
}

impl OwnCalls {
    /// These servers were handed to the agent.
    pub fn handed(&mut self, servers: &Value) {
        self.server = own_name(servers).map(str::to_owned);
    }

    /// An agent's word about a call, in an update or a request; the call if it is one of ours.
    pub fn heard(&mut self, family: Family, raw: &Value) -> Option<OwnCall> {
        let id = raw["toolCallId"].as_str()?;
        let own = self.server.as_ref().and_then(|server| family.own_call(raw, server));
        if let Some(call) = own {
            let known = self.calls.get(id);
            // A later word may leave out what an earlier one told.
            let input = match (&call.input, known) {
                (Value::Object(fields), _) if !fields.is_empty() => call.input.clone(),
                (_, Some(known)) => known.call.input.clone(),
                (_, None) => call.input.clone(),
            };
            // What is too large to remember is asked about like any other.
            let fits = input.to_string().len() <= INPUT_MAX_BYTES;
            if fits && (known.is_some() || self.calls.len() < CALLS_MAX) {
                let call = OwnCall { input, ..call };
                // What was allowed is what it watched then.
                let is_same =
                    |old: &OwnCall| (&old.tool, old.watched()) == (&call.tool, call.watched());
                let allowed = known.is_some_and(|known| known.allowed && is_same(&known.call));
                self.calls.insert(id.to_owned(), Known { call, allowed });
            }
        } else if family.names_a_tool(raw) {
            // The id was given anew, to a tool that is not ours.
            self.calls.remove(id);
        }
        let call = self.calls.get(id).map(|known| known.call.clone());
        if matches!(raw["status"].as_str(), Some("completed" | "failed")) {
            self.calls.remove(id);
        }
        call
    }

    pub fn known(&self, id: &str) -> Option<&OwnCall> {
        self.calls.get(id).map(|known| &known.call)
    }

    pub fn judge(&self, family: Family, params: &Value) -> Verdict {
        let call = &params["toolCall"];
        let known = call["toolCallId"].as_str().and_then(|id| self.calls.get(id));
        match known {
            Some(known) if family.asks_for_own(params) => match known.call.needs_user() {
                true => Verdict::Ask,
                false => Verdict::Ours { tool: known.call.tool.clone() },
            },
            Some(_) | None => Verdict::Foreign,
        }
    }

    /// The user has answered a request about call `id`. An answer that crossed a change of it allows
    /// nothing here: what it watches is then asked about where it begins.
    pub fn answered(&mut self, id: &str, request: &OpenRequest, result: &Value) {
        if let Some(known) = self.calls.get_mut(id) {
            known.allowed = request.changes == 0 && request.is_allowed(result);
        }
    }

    /// Whether the user has allowed a call, under way, that watches exactly this.
    pub fn allows(&self, watched: &Watched) -> bool {
        let fits = |known: &Known| {
            known.allowed
                && known.call.tool == MONITOR
                && known.call.watched().as_ref() == Some(watched)
        };
        self.calls.values().any(fits)
    }

    /// What was under way is over.
    pub fn clear(&mut self) {
        self.calls.clear();
    }
}
