//! What the user chooses while the session goes on: requests to the agent, and what it made of them.
//!
//! Promise: a choice is asked for once per process, and told as taken only when the agent said so.
//! Must not know: where choices wait.

use super::configured::{self, Via};
use super::{Driver, Fed, ItemChange, wire};
use nightshift_model::{Choice, Fact, Millis, OptionRole};
use nightshift_protocol::{Configuration, NoticeLevel};
use nightshift_vendors::wire::{RpcError, Update};
use serde_json::Value;

/// Begins the names of these requests; the choice's number follows.
const NAME: &str = "set";

/// A choice that the journal holds and the agent has not answered.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    n: u32,
    via: Via,
    option: String,
    role: OptionRole,
    value: String,
}

/// The choice that the request `name` is about.
pub(super) fn number(name: &str) -> Option<u32> {
    name.strip_prefix(NAME)?.parse().ok()
}

impl Driver {
    /// What the agent lets be chosen now.
    pub fn configuration(&self) -> Configuration {
        self.configured.view()
    }

    /// The ids of an option and of one of its values as a user names them; what there is to choose
    /// from where neither fits. As they are while the agent has not said what it offers.
    pub fn choice(&self, option: &str, value: &str) -> Result<(String, String), String> {
        if !self.handshake.is_ready() {
            return Ok((option.to_owned(), value.to_owned()));
        }
        let title = &self.spec.agent.title;
        let Some(found) = self.configured.find(option) else {
            let known = self.configured.selectables();
            let ids: Vec<&str> = known.iter().map(|s| s.option.id.as_str()).collect();
            return Err(match ids.as_slice() {
                [] => format!("{title} offers nothing to choose"),
                ids => format!("{title} has no option `{option}`; it has {}", ids.join(", ")),
            });
        };
        match found.pick(value) {
            Some(value) => Ok((found.option.id.clone(), value.to_owned())),
            None => {
                let ids: Vec<&str> = found.option.values.iter().map(|v| v.id.as_str()).collect();
                let (name, ids) = (&found.option.id, ids.join(", "));
                Err(format!("{title} has no {name} `{value}`; it offers {ids}"))
            }
        }
    }

    /// The request for the oldest choice that this process was not asked for, once it takes any.
    pub fn due_choice(&mut self, waiting: &[Choice]) -> Option<String> {
        if !self.handshake.is_ready() {
            return None;
        }
        let session = self.handshake.session()?;
        let choice = waiting.first().filter(|c| !self.asked.values().any(|a| a.n == c.n))?;
        let (method, params) = match self.configured.find(&choice.option) {
            Some(found) => {
                let value = found.pick(&choice.value).unwrap_or(&choice.value);
                found.request(session, value)
            }
            // The agent's own words then say why not.
            None => configured::request(Via::Option, session, &choice.option, &choice.value),
        };
        let id = self.handshake.request_id(&format!("{NAME}{}", choice.n));
        let line = wire::call(&id, method, &params);
        self.handed.insert(id).then_some(line)
    }

    /// The journal holds our request for choice `n`.
    pub(super) fn choice_written(&mut self, id: &str, n: u32, method: &str, params: &Value) {
        self.handshake.is_past();
        let (via, option, value) = configured::requested(method, params);
        let role = match (via, self.configured.find(option)) {
            (Via::Mode, _) => OptionRole::Mode,
            (Via::Model, _) => OptionRole::Model,
            (Via::Option, found) => found.map_or(OptionRole::Other, |s| s.option.role),
        };
        let (option, value) = (option.to_owned(), value.to_owned());
        self.asked.insert(id.to_owned(), Asked { n, via, option, role, value });
    }

    /// The agent's answer to such a request.
    pub(super) fn choice_answered(
        &mut self,
        (seq, at): (u64, Millis),
        id: &str,
        outcome: &Result<Value, RpcError>,
        fed: &mut Fed,
    ) {
        let Some(Asked { n, via, option, role, value }) = self.asked.remove(id) else { return };
        match outcome {
            Ok(result) => {
                self.configured.taken(via, &option, &value, result);
                if role == OptionRole::Mode {
                    self.spec.permission_mode = Some(value.clone());
                }
                self.tell_configuration(fed);
                fed.facts.push((at, Fact::Chosen { n, role, option, value }));
            }
            Err(error) => {
                let title = &self.spec.agent.title;
                let why = nightshift_vendors::message_of(&error.message);
                let error = format!("{title} refused {option} = {value}: {why}");
                let item = format!("note-{seq}");
                let level = NoticeLevel::Warning;
                self.transcript.note(item, at, level, &error, &mut fed.changes);
                fed.facts.push((at, Fact::ChoiceRefused { n, error }));
            }
        }
    }

    /// The agent took what a session is opened with, request `name` of the handshake.
    pub(super) fn setting_answered(
        &mut self,
        name: &str,
        outcome: &Result<Value, RpcError>,
        fed: &mut Fed,
    ) {
        let (Some(setting), Ok(result)) = (self.handshake.setting(name), outcome) else { return };
        let (via, option, value) = configured::requested(setting.method, &setting.params);
        self.configured.taken(via, option, value, result);
        self.tell_configuration(fed);
    }

    /// Whether the update was about what can be chosen. Also told while an old session is read back.
    pub(super) fn take_configuration(&mut self, update: &Update, fed: &mut Fed) -> bool {
        match update {
            Update::Mode(mode) => self.configured.mode_is(mode),
            Update::Options(options) => self.configured.options_are(options),
            Update::Commands(commands) => self.configured.commands_are(commands.clone()),
            _ => return false,
        }
        self.tell_configuration(fed);
        true
    }

    pub(super) fn tell_configuration(&self, fed: &mut Fed) {
        fed.changes.push(ItemChange::Configured(Box::new(self.configured.view())));
    }
}
