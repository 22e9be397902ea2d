//! What the agent asks for: requests are put before the user, answered for him where that is settled, and
//! closed.
//!
//! Promise: each request is answered once, in whatever order they come, and only for what was read of it.
//! Must not know: how an answer is written down, the state machine.

use super::calls::Told;
use super::incoming::Stamp;
use super::own::{self, Verdict};
use super::requests::OpenRequest;
use super::{Driver, Fed, SIGN_IN, id_key};
use nightshift_model::limits::NEEDS_MAX;
use nightshift_model::{Fact, Need, NeedId, Source};
use nightshift_protocol::{ItemBody, NoticeLevel, Subject};
use nightshift_vendors::request_text::{self, Shown};
use nightshift_vendors::{OwnCall, file_names, wire};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// So often a call may become another one while it is asked about. An agent that goes on cannot be answered.
const CHANGES_MAX: u32 = 8;
const CHANGED: &str = "the request changed; it is asked again, and earlier answers do not count";
const TOO_OFTEN: &str = "what it asks changes again and again; the request was withdrawn";

fn noted(text: &str) -> Fact {
    Fact::Noted { source: Source::Protocol, text: text.to_owned() }
}

impl Driver {
    pub(super) fn take_call(
        &mut self,
        stamp: Stamp,
        rpc_id: Value,
        method: &str,
        params: &Value,
        fed: &mut Fed,
    ) {
        let key = id_key(&rpc_id);
        if self.open.len() >= NEEDS_MAX {
            let line = wire::refuse(&rpc_id, wire::INTERNAL_ERROR, "too many open requests");
            self.replies.insert(key, line);
            return;
        }
        let request = match method {
            "session/request_permission" => self.permission(stamp, rpc_id.clone(), params, fed),
            "elicitation/create" => {
                let asked = OpenRequest::elicitation(rpc_id.clone(), stamp.seq, stamp.at, params);
                if asked.is_none() {
                    let line = wire::answer(&rpc_id, &json!({"action": "decline"}));
                    self.replies.insert(key.clone(), line);
                }
                asked
            }
            _ => {
                let message = format!("method `{method}` is not offered");
                let line = wire::refuse(&rpc_id, wire::METHOD_NOT_FOUND, &message);
                self.replies.insert(key.clone(), line);
                None
            }
        };
        let Some(request) = request else { return };
        // A form asks several things at once.
        let open: usize = self.open.values().map(|open| open.asks.len()).sum();
        if open.saturating_add(request.asks.len()) > NEEDS_MAX {
            let line = wire::refuse(&rpc_id, wire::INTERNAL_ERROR, "too many open requests");
            self.replies.insert(key, line);
            return;
        }
        self.put_before_user(stamp, key, request, fed);
    }

    fn put_before_user(&mut self, stamp: Stamp, key: String, request: OpenRequest, fed: &mut Fed) {
        self.close(stamp, &key, None, fed);
        self.speech.interrupt();
        for need in request.needs() {
            let body = ItemBody::Request { need: need.clone(), answer: None };
            self.transcript.upsert(need.id.0.clone(), stamp.at, body, &mut fed.changes);
            fed.facts.push((stamp.at, Fact::NeedOpened { need: need.clone() }));
        }
        self.open.insert(key, request);
    }

    /// The request to put before the user; none when it is about a tool of ours that we allow.
    fn permission(
        &mut self,
        stamp: Stamp,
        rpc_id: Value,
        params: &Value,
        fed: &mut Fed,
    ) -> Option<OpenRequest> {
        let raw = &params["toolCall"];
        let mut patch = wire::tool(raw).unwrap_or_default();
        let own = self.own.heard(self.spec.agent.family, raw);
        let changed = self.is_changed(raw);
        let told = self.calls.asked(raw);
        if changed {
            self.ask_anew(stamp, raw, &told, fed);
        }
        let verdict = self.own.judge(self.spec.agent.family, params);
        let watches = matches!(verdict, Verdict::Ask);
        let (shown, subject) = self.read(&told, own.as_ref(), watches);
        let id = patch.id.clone();
        if !id.is_empty() {
            if let Some(call) = &own {
                call.dress(&mut patch);
            }
            self.take_tool(stamp, patch, fed);
        }
        match verdict {
            Verdict::Foreign | Verdict::Ask => {}
            Verdict::Ours { tool } => {
                if let Some(result) = own::allowed(&params["options"]) {
                    self.replies.insert(id_key(&rpc_id), wire::answer(&rpc_id, &result));
                    fed.facts
                        .push((stamp.at, Fact::OwnToolAllowed { tool, why: own::WHY.to_owned() }));
                    return None;
                }
            }
        }
        let mut request =
            OpenRequest::permission(rpc_id, stamp.seq, stamp.at, shown, &params["options"]);
        request.subject = subject;
        request.about = raw["toolCallId"].as_str().map(str::to_owned);
        request.watches = watches;
        request.call = own.map(|_| id);
        Some(request)
    }

    /// What a person reads of a call, and what it is about.
    fn read(&self, told: &Told, own: Option<&OwnCall>, watches: bool) -> (Shown, Option<Subject>) {
        let family = self.spec.agent.family;
        let mut shown =
            request_text::shown(&told.call, family.tool_name(&told.call), told.lost_bytes);
        if let Some(own) = own.filter(|_| watches) {
            shown.question = own.question().0;
        }
        if let Some(why) = file_names::difference(&told.call, &self.spec.cwd) {
            shown = shown.but(&why);
        }
        // A command to watch is judged where it is started; of a part nobody knows what it is about.
        let is_known = own.is_none() && told.lost_bytes == 0;
        (shown, if is_known { family.subject(&told.call, &self.spec.cwd) } else { None })
    }

    /// Takes an update's word about a call.
    pub(super) fn hear_call(&mut self, stamp: Stamp, raw: &Value, fed: &mut Fed) {
        if !self.is_changed(raw) {
            return self.calls.heard(raw);
        }
        let told = self.calls.asked(raw);
        self.ask_anew(stamp, raw, &told, fed);
    }

    /// Whether an open request may be about something else with this word about its call.
    fn is_changed(&self, raw: &Value) -> bool {
        let Some(id) = raw["toolCallId"].as_str() else { return false };
        let is_open = self.open.values().any(|open| open.about.as_deref() == Some(id));
        is_open && self.calls.is_news(raw)
    }

    /// What is read of a call is what is allowed: a request about one that has become another is asked
    /// anew, and an answer to the old one goes nowhere.
    fn ask_anew(&mut self, stamp: Stamp, raw: &Value, told: &Told, fed: &mut Fed) {
        let id = raw["toolCallId"].as_str().unwrap_or_default();
        let is_about = |open: &OpenRequest| open.about.as_deref() == Some(id);
        let open = self.open.iter().filter(|(_, open)| is_about(open));
        let keys: Vec<String> = open.map(|(key, _)| key.clone()).collect();
        for (n, key) in keys.into_iter().enumerate() {
            let Some(open) = self.open.get(&key) else { continue };
            let (shown, subject) = self.read(told, self.own.known(id), open.watches);
            let need = NeedId(format!("need-{}-{}", stamp.seq, n + 1));
            let Some(anew) = open.anew((need, stamp.at), shown, subject) else { continue };
            if anew.changes > CHANGES_MAX {
                let line = wire::answer(&anew.rpc_id, &anew.cancelled());
                self.close(stamp, &key, None, fed);
                self.replies.insert(key, line);
                fed.facts.push((stamp.at, noted(TOO_OFTEN)));
                continue;
            }
            fed.facts.push((stamp.at, noted(CHANGED)));
            self.put_before_user(stamp, key, anew, fed);
        }
    }

    /// Something was said that nobody has read. It may have been about a call that is asked about: then it
    /// is not known whole any more.
    pub(super) fn miss(&mut self, stamp: Stamp, bytes: usize, fed: &mut Fed) {
        self.calls.miss(bytes);
        let whole = |open: &&OpenRequest| open.needs().all(Need::is_whole);
        let about: BTreeSet<String> =
            self.open.values().filter(whole).filter_map(|open| open.about.clone()).collect();
        for id in about {
            let raw = json!({"toolCallId": id});
            let told = self.calls.asked(&raw);
            self.ask_anew(stamp, &raw, &told, fed);
        }
    }

    pub(super) fn close_all(&mut self, stamp: Stamp, fed: &mut Fed) {
        for key in Vec::from_iter(self.open.keys().cloned()) {
            self.close(stamp, &key, None, fed);
        }
    }

    /// A request was answered with `result`, or withdrawn.
    pub(super) fn close(&mut self, stamp: Stamp, key: &str, result: Option<&Value>, fed: &mut Fed) {
        let Some(request) = self.open.remove(key) else { return };
        for (need, label) in request.needs().zip(request.labels(result)) {
            let body = ItemBody::Request { need: need.clone(), answer: Some(label) };
            self.transcript.upsert(need.id.0.clone(), stamp.at, body, &mut fed.changes);
            fed.facts.push((stamp.at, Fact::NeedClosed { id: need.id.clone() }));
        }
    }

    pub(super) fn must_sign_in(&mut self, stamp: Stamp, failed: Option<String>, fed: &mut Fed) {
        let title = &self.spec.agent.title;
        if let Some(why) = failed {
            let text = format!("{title} could not sign in: {why}");
            self.note(stamp, NoticeLevel::Error, &text, fed);
        }
        let at = (stamp.seq, stamp.at);
        let request =
            OpenRequest::sign_in(at, &self.spec.agent.title, self.handshake.sign_in_ways());
        self.put_before_user(stamp, SIGN_IN.to_owned(), request, fed);
    }
}
