//! What the agent asks for: requests are put before the user, answered for him where that is settled, and
//! closed.
//!
//! Promise: each request is answered once, in whatever order they come.
//! Must not know: how an answer is written down, the state machine.

use super::incoming::Stamp;
use super::own::{self, Verdict};
use super::requests::OpenRequest;
use super::{Driver, Fed, SIGN_IN, id_key};
use nightshift_model::Fact;
use nightshift_model::limits::NEEDS_MAX;
use nightshift_protocol::{ItemBody, NoticeLevel};
use nightshift_vendors::{request_text, wire};
use serde_json::{Value, json};

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
        let mut patch = wire::tool(&params["toolCall"]).unwrap_or_default();
        let own = self.own.heard(self.spec.agent.family, &params["toolCall"]);
        let told = self.calls.asked(&params["toolCall"]);
        let verdict = self.own.judge(self.spec.agent.family, params);
        let tool = self.spec.agent.family.tool_name(&told.call);
        let mut shown = request_text::shown(&told.call, tool, told.lost_bytes);
        let id = patch.id.clone();
        if !id.is_empty() {
            if let Some(call) = &own {
                call.dress(&mut patch);
            }
            self.take_tool(stamp, patch, fed);
        }
        match verdict {
            Verdict::Foreign => {}
            Verdict::Ask { words: (question, _) } => shown.question = question,
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
        // A command to watch is judged where it is started; of a part nobody knows what it is about.
        let subject = || self.spec.agent.family.subject(&told.call, &self.spec.cwd);
        request.subject = if own.is_none() && told.lost_bytes == 0 { subject() } else { None };
        request.call = own.map(|_| id);
        Some(request)
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
