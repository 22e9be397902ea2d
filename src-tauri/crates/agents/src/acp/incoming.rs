//! What each kind of record does to the driver.
//!
//! Promise: every line of either side has an effect here or is passed over for a stated reason.

use super::choosing;
use super::enclosures;
use super::handshake::{self, Outcome};
use super::requests::OpenRequest;
use super::speech::{Place, Voice};
use super::transcript::TRANSCRIPT_MAX_ITEMS;
use super::{CANCEL, Driver, Fed, PROMPT_PREFIX, SIGN_IN, Turn, answer_key, id_key, words};
use crate::pulls;
use nightshift_model::reading;
use nightshift_model::visible::visible;
use nightshift_model::{Fact, Millis, Source, TurnOutcome, Usage};
use nightshift_protocol::record::Mark;
use nightshift_protocol::{ItemBody, NoticeLevel, Record, RecordKind, ToolStatus};
use nightshift_vendors::wire::{self, Message, RpcError, ToolPatch, Update};
use nightshift_vendors::{bounds, message_of};
use serde_json::Value;
use std::collections::BTreeSet;

/// Longest line kept of output that is no JSON.
const STRANGE_LINE_MAX_BYTES: usize = 2_000;
/// Notes about lines that are no JSON, per launch; some programs print banners, some megabytes.
const STRANGE_LINES_MAX: u32 = 20;
/// Longest raw update that is kept because nobody knows it.
const UNKNOWN_MAX_BYTES: usize = 16 * 1024;
/// Answers that wait to be written; an agent that reads none of them gets no more.
const REPLIES_MAX: usize = 256;
/// Calls of one turn that have not ended: beyond the oldest that a conversation keeps nothing is known of
/// them.
const CALLS_MAX: usize = TRANSCRIPT_MAX_ITEMS;
/// What ends a turn whose agent process ended first.
const PROCESS_ENDED: &str = "the agent's process ended during this turn";

/// Number and time of the record being read.
#[derive(Clone, Copy)]
pub(super) struct Stamp {
    pub seq: u64,
    pub at: Millis,
}

impl Driver {
    pub(super) fn take(&mut self, record: &Record, fed: &mut Fed) {
        let stamp = Stamp { seq: record.seq, at: record.at };
        match record.kind {
            RecordKind::Mark => self.take_mark(stamp, &record.body, fed),
            // No part of the protocol; at the end its last line is read from the journal.
            RecordKind::Err => {}
            RecordKind::In => self.take_ours(stamp, &record.body, fed),
            RecordKind::Out => self.take_theirs(stamp, &record.body, fed),
        }
    }

    fn take_mark(&mut self, stamp: Stamp, body: &[u8], fed: &mut Fed) {
        match serde_json::from_slice(body) {
            Ok(Mark::Launched { .. }) => self.take_launch(stamp, fed),
            Ok(Mark::Dropped { bytes, unstored }) => {
                self.miss(stamp, usize::try_from(bytes).unwrap_or(usize::MAX), fed);
                let text = if unstored {
                    format!("{bytes} bytes of output are lost: the disk took nothing.")
                } else {
                    format!("A line of {bytes} bytes was over the limit and left out.")
                };
                self.note(stamp, NoticeLevel::Warning, &text, fed);
                // On the row too: the agent may now wait for an answer to what nobody has heard.
                fed.facts.push((stamp.at, Fact::Progress { line: text }));
            }
            // Pipes are no terminals; marks of later versions mean nothing to this one.
            Ok(
                Mark::Resized { .. }
                | Mark::Sign { .. }
                | Mark::Hook { .. }
                | Mark::HookGone { .. },
            )
            | Err(_) => {}
        }
    }

    fn take_launch(&mut self, stamp: Stamp, fed: &mut Fed) {
        if self.turn.is_some() {
            let message = PROCESS_ENDED.to_owned();
            let outcome = TurnOutcome::Error { message, trouble: None };
            self.end_turn(stamp, outcome, fed);
        }
        self.close_all(stamp, fed);
        if self.launches > 0 {
            self.note(stamp, NoticeLevel::Info, "The agent's process was started again.", fed);
        }
        self.launches += 1;
        self.handshake.launched(stamp.seq);
        self.speech.begin_turn();
        self.replies.clear();
        self.handed.clear();
        self.asked.clear();
        self.own.clear();
        self.calls.clear();
        self.strange_lines = 0;
        self.excess_told = false;
    }

    /// The user's word about a call of our own tools.
    pub(super) fn own_answered(&mut self, key: &str, result: Option<&Value>) {
        if let (Some(request), Some(result)) = (self.open.get(key), result)
            && let Some(call) = &request.call
        {
            self.own.answered(call, request, result);
        }
    }

    pub(super) fn note(&mut self, stamp: Stamp, level: NoticeLevel, text: &str, fed: &mut Fed) {
        let id = format!("note-{}", stamp.seq);
        self.transcript.note(id, stamp.at, level, text, &mut fed.changes);
    }

    // ---- our lines

    fn take_ours(&mut self, stamp: Stamp, body: &[u8], fed: &mut Fed) {
        match wire::parse(body) {
            Some(Message::Call { id: Value::String(id), method, params }) => {
                self.handed.remove(&id);
                if let Some(n) = prompt_number(&id) {
                    self.begin_turn(stamp, n, &params, fed);
                } else if let Some((name, _)) = split_id(&id) {
                    if let Some(n) = choosing::number(name) {
                        self.choice_written(&id, n, &method, &params);
                        return;
                    }
                    self.handshake.written(&id, name, &params);
                    if params["mcpServers"].is_array() {
                        self.own.handed(&params["mcpServers"]);
                    }
                    if handshake::is_sign_in(name) {
                        self.close(stamp, SIGN_IN, Some(&params), fed);
                    }
                }
            }
            Some(Message::Notify { method, .. }) if method == "session/cancel" => {
                self.handed.remove(CANCEL);
                if let Some(turn) = &mut self.turn {
                    turn.cancelled = true;
                }
            }
            Some(Message::Answer { id, outcome }) => {
                let key = id_key(&id);
                self.handed.remove(&answer_key(&key));
                self.replies.remove(&key);
                self.own_answered(&key, outcome.as_ref().ok());
                let rejected = |r: &OpenRequest| outcome.as_ref().is_ok_and(|o| r.is_rejected(o));
                let rejected = self.open.get(&key).is_some_and(rejected);
                if let Some(turn) = &mut self.turn {
                    turn.rejected = rejected;
                }
                self.close(stamp, &key, outcome.as_ref().ok(), fed);
            }
            // Nothing else is ever written by us.
            Some(Message::Call { .. } | Message::Notify { .. }) | None => {}
        }
    }

    fn begin_turn(&mut self, stamp: Stamp, n: u32, params: &Value, fed: &mut Fed) {
        self.handshake.prompted(params["sessionId"].as_str());
        self.speech.begin_turn();
        self.sent.insert(n);
        self.tell_title(stamp, fed);
        self.turn = Some(Turn::new(n));
        self.transcript.unqueue(n, &mut fed.changes);
        let text = params["prompt"][0]["text"].as_str().unwrap_or_default().to_owned();
        let enclosures = enclosures::of_prompt(&params["prompt"]);
        let body =
            ItemBody::User { text, queued: false, origin: super::origin_of(params), enclosures };
        self.transcript.upsert(format!("user-{n}"), stamp.at, body, &mut fed.changes);
        fed.facts.push((stamp.at, Fact::PromptSent { n }));
    }

    // ---- the agent's lines

    fn take_theirs(&mut self, stamp: Stamp, body: &[u8], fed: &mut Fed) {
        if bounds::is_too_complex(body) {
            self.miss(stamp, body.len(), fed);
            return self.tell_excess(stamp, "it holds too many values", fed);
        }
        let message = wire::parse(body);
        if let Some(why) = message.as_ref().and_then(|message| self.excess(message)) {
            return self.take_excess(stamp, message, &why, fed);
        }
        match message {
            Some(Message::Answer { id: Value::String(id), outcome }) => {
                self.take_answer(stamp, &id, outcome, fed);
            }
            Some(Message::Call { id, method, params }) => {
                self.take_call(stamp, id, &method, &params, fed);
            }
            Some(Message::Notify { method, params }) => {
                self.take_notice(stamp, &method, &params, body, fed);
            }
            // All our ids are strings: this answers nothing of ours.
            Some(Message::Answer { .. }) => {}
            None => self.take_strange(stamp, body, fed),
        }
    }

    /// Why a message is not taken.
    fn excess(&self, message: &Message) -> Option<String> {
        let waits = matches!(message, Message::Call { .. }) && self.replies.len() >= REPLIES_MAX;
        let unread = || "its requests come faster than it reads their answers".to_owned();
        bounds::excess(message).or_else(|| waits.then(unread))
    }

    /// A message with something over its bound: a request is refused, an answer of the agent's is none.
    fn take_excess(&mut self, stamp: Stamp, message: Option<Message>, why: &str, fed: &mut Fed) {
        // It may have been a word about any call.
        self.miss(stamp, 1, fed);
        self.tell_excess(stamp, why, fed);
        match message {
            Some(Message::Call { id, .. }) if self.replies.len() < REPLIES_MAX => {
                // One that cannot be repeated is answered as one that could not be read.
                let short = id.to_string().len() <= bounds::ID_MAX_BYTES;
                let id = if short { id } else { Value::Null };
                let line = wire::refuse(&id, wire::INVALID_PARAMS, why);
                self.replies.insert(id_key(&id), line);
            }
            Some(Message::Answer { id: Value::String(id), .. })
                if id.len() <= bounds::ID_MAX_BYTES =>
            {
                let message = format!("its answer is not taken: {why}");
                let error = RpcError { code: wire::INVALID_PARAMS, message, data: Value::Null };
                self.take_answer(stamp, &id, Err(error), fed);
            }
            Some(Message::Call { .. } | Message::Answer { .. } | Message::Notify { .. }) | None => {
            }
        }
    }

    /// Said once for each process of the agent's: it may send such lines without end.
    fn tell_excess(&mut self, stamp: Stamp, why: &str, fed: &mut Fed) {
        if std::mem::replace(&mut self.excess_told, true) {
            return;
        }
        let text = format!("A line of the agent's was not taken: {why}.");
        self.note(stamp, NoticeLevel::Warning, &text, fed);
        fed.facts.push((stamp.at, Fact::Noted { source: Source::Protocol, text }));
    }

    fn take_strange(&mut self, stamp: Stamp, body: &[u8], fed: &mut Fed) {
        // What begins like a message may have been a word about a call.
        if body.trim_ascii_start().starts_with(b"{") {
            self.miss(stamp, body.len(), fed);
        }
        let text = String::from_utf8_lossy(body);
        let text = visible(&text);
        if text.trim().is_empty() || self.strange_lines >= STRANGE_LINES_MAX {
            return;
        }
        self.strange_lines += 1;
        let text = words::clip(&text, STRANGE_LINE_MAX_BYTES);
        self.note(stamp, NoticeLevel::Info, &format!("The agent printed: {text}"), fed);
    }

    fn take_answer(
        &mut self,
        stamp: Stamp,
        id: &str,
        outcome: Result<Value, RpcError>,
        fed: &mut Fed,
    ) {
        if let Some(n) = prompt_number(id) {
            if !self.ended.contains(&n) {
                let outcome = self.turn_outcome(stamp, outcome);
                self.turn.get_or_insert(Turn::new(n)).n = n;
                self.end_turn(stamp, outcome, fed);
            }
            return;
        }
        let Some((name, launch)) = split_id(id) else { return };
        if choosing::number(name).is_some() {
            self.choice_answered((stamp.seq, stamp.at), id, &outcome, fed);
            return;
        }
        self.setting_answered(name, &outcome, fed);
        match self.handshake.answered(name, launch, &outcome, &self.spec, stamp.at) {
            Outcome::Nothing => {}
            Outcome::Opened { configured } => {
                self.configured = configured;
                self.tell_configuration(fed);
                let id = self.handshake.session().unwrap_or_default().to_owned();
                fed.facts.push((stamp.at, Fact::AgentReady { agent_session_id: id }));
            }
            Outcome::Refused { error, trouble } => {
                self.note(stamp, NoticeLevel::Error, &error, fed);
                fed.facts.push((stamp.at, Fact::AgentRefused { error, trouble }));
            }
            Outcome::MustSignIn { failed } => self.must_sign_in(stamp, failed, fed),
        }
    }

    fn turn_outcome(&self, stamp: Stamp, outcome: Result<Value, RpcError>) -> TurnOutcome {
        let last_text = self.speech.last_text().trim().to_owned();
        let cancelled = self.turn.as_ref().is_some_and(|t| t.cancelled);
        let family = self.spec.agent.family;
        let heard = self.turn.as_ref().map(|t| t.heard.clone()).unwrap_or_default();
        match outcome {
            Ok(result) => match result["stopReason"].as_str().unwrap_or("end_turn") {
                "cancelled" => TurnOutcome::Cancelled,
                _ if family.is_failure(&result, &heard) => {
                    // The error is the last that was said; nothing else names it.
                    let said = last_text.rsplit("\n\n").next().unwrap_or_default().trim();
                    let message = match said {
                        "" => "the agent reported a system error".to_owned(),
                        said => said.to_owned(),
                    };
                    let error = RpcError { code: 0, message, data: Value::Null };
                    let trouble = family.trouble(&error, &heard, stamp.at);
                    TurnOutcome::Error { message: error.message, trouble }
                }
                stop_reason => {
                    TurnOutcome::Finished { stop_reason: stop_reason.to_owned(), last_text }
                }
            },
            Err(_) if cancelled => TurnOutcome::Cancelled,
            Err(error) => {
                let trouble = family.trouble(&error, &heard, stamp.at);
                let message = match error.code {
                    wire::AUTH_REQUIRED => self.handshake.sign_in_text(&self.spec, &error),
                    _ => message_of(&error.message),
                };
                TurnOutcome::Error { message, trouble }
            }
        }
    }

    /// Ends the running turn: what it left open is closed, and what is worth saying is said.
    fn end_turn(&mut self, stamp: Stamp, outcome: TurnOutcome, fed: &mut Fed) {
        let Some(turn) = self.turn.take() else { return };
        self.ended.insert(turn.n);
        self.sent.insert(turn.n);
        self.handed.remove(CANCEL);
        self.own.clear();
        self.calls.clear();
        self.speech.interrupt();
        self.close_all(stamp, fed);
        let said = match &outcome {
            TurnOutcome::Finished { stop_reason, .. } => match stop_reason.as_str() {
                "end_turn" => None,
                "refusal" => {
                    Some((NoticeLevel::Warning, "The agent refused to continue.".to_owned()))
                }
                "max_tokens" => {
                    Some((NoticeLevel::Warning, "The turn ended at the token limit.".to_owned()))
                }
                "max_turn_requests" => {
                    let text = "The turn ended at the agent's limit of requests.";
                    Some((NoticeLevel::Warning, text.to_owned()))
                }
                other => {
                    let text = format!("The turn ended: {}.", words::one_line(other));
                    Some((NoticeLevel::Warning, text))
                }
            },
            TurnOutcome::Cancelled if turn.rejected && !turn.cancelled => {
                let text = "The agent ended its turn because its request was denied.";
                Some((NoticeLevel::Info, text.to_owned()))
            }
            TurnOutcome::Cancelled => {
                Some((NoticeLevel::Info, "The turn was cancelled.".to_owned()))
            }
            TurnOutcome::Error { message, .. } => {
                Some((NoticeLevel::Error, format!("The turn failed: {message}")))
            }
        };
        let finished = matches!(outcome, TurnOutcome::Finished { .. });
        if finished {
            self.show_without_marker(fed);
        }
        self.fail_tools(stamp, &turn.tools, finished, fed);
        if let Some((level, text)) = said {
            let id = format!("end-{}", turn.n);
            self.transcript.note(id, stamp.at, level, text, &mut fed.changes);
        }
        self.tell_title(stamp, fed);
        // Once a turn: an agent counts with every request, and each fact is stored.
        if let Some(usage) = self.usage.clone() {
            fed.facts.push((stamp.at, Fact::Used { usage }));
        }
        fed.facts.push((stamp.at, Fact::TurnEnded { n: turn.n, outcome }));
    }

    fn tell_title(&mut self, stamp: Stamp, fed: &mut Fed) {
        let held = self.titles.settled();
        fed.facts.extend(held.map(|title| (stamp.at, Fact::Titled { title })));
    }

    /// A marker line is for the state machine: what is shown does without the marker.
    fn show_without_marker(&mut self, fed: &mut Fed) {
        let id = self.speech.last_item();
        let Some(item) = self.transcript.get(id) else { return };
        let ItemBody::Agent { text } = &item.body else { return };
        if let Some(text) = reading::without_marker(text) {
            let (id, at) = (id.to_owned(), item.at);
            self.transcript.upsert(id, at, ItemBody::Agent { text }, &mut fed.changes);
        }
    }

    /// Tools cut off by the turn's end will report no more. After a turn that finished, those that
    /// run go on in the background, and those that never began were refused.
    fn fail_tools(
        &mut self,
        stamp: Stamp,
        tools: &BTreeSet<String>,
        finished: bool,
        fed: &mut Fed,
    ) {
        for id in tools {
            let Some(item) = self.transcript.get(id) else { continue };
            let mut body = item.body.clone();
            match &mut body {
                ItemBody::Tool { status: ToolStatus::Running, .. } if finished => continue,
                ItemBody::Tool { status, .. } => *status = ToolStatus::Failed,
                _ => continue,
            }
            self.transcript.upsert(id.clone(), stamp.at, body, &mut fed.changes);
        }
    }

    fn take_notice(
        &mut self,
        stamp: Stamp,
        method: &str,
        params: &Value,
        raw: &[u8],
        fed: &mut Fed,
    ) {
        match method {
            "session/update" => self.take_update(stamp, params, fed),
            "$/cancel_request" => {
                let key = id_key(&params["requestId"]);
                if let Some(request) = self.open.get(&key) {
                    let line = wire::refuse(&request.rpc_id, wire::REQUEST_CANCELLED, "cancelled");
                    self.close(stamp, &key, None, fed);
                    self.replies.insert(key, line);
                }
            }
            // Extensions that were not asked for; that a page did what it was opened for, the agent
            // shows by going on.
            _ if method.starts_with(['_', '$']) || method == "elicitation/complete" => {}
            _ => self.unknown(stamp, method, raw, fed),
        }
    }

    fn unknown(&mut self, stamp: Stamp, kind: &str, raw: &[u8], fed: &mut Fed) {
        let raw = String::from_utf8_lossy(raw);
        let raw = words::clip(&raw, UNKNOWN_MAX_BYTES).to_owned();
        let body = ItemBody::Unknown { kind: words::one_line(kind), raw };
        let id = format!("unknown-{}", stamp.seq);
        self.transcript.upsert(id, stamp.at, body, &mut fed.changes);
    }

    fn take_update(&mut self, stamp: Stamp, params: &Value, fed: &mut Fed) {
        let update = wire::update(params);
        if let Update::Title(title) = &update {
            if let Some(title) = self.titles.heard(stamp.at, words::one_line(title)) {
                fed.facts.push((stamp.at, Fact::Titled { title }));
            }
            return;
        }
        if self.take_configuration(&update, fed) || self.handshake.replays() {
            return;
        }
        if let Some(turn) = &mut self.turn {
            self.spec.agent.family.overhear(&params["update"], &mut turn.heard);
        }
        match update {
            Update::AgentText { text, message } => {
                self.take_words(stamp, Voice::Message, &text, message.as_deref(), fed);
            }
            Update::Thought { text, message } => {
                self.take_words(stamp, Voice::Thought, &text, message.as_deref(), fed);
            }
            Update::Tool(mut patch) => {
                if let Some(call) = self.own.heard(self.spec.agent.family, &params["update"]) {
                    call.dress(&mut patch);
                }
                self.hear_call(stamp, &params["update"], fed);
                self.take_tool(stamp, patch, fed);
            }
            Update::Plan(entries) => {
                let turn = self.turn.as_ref().map_or(0, |t| t.n);
                let body = ItemBody::Plan { entries };
                let id = format!("plan-{turn}");
                self.transcript.upsert(id, stamp.at, body, &mut fed.changes);
            }
            Update::Notice { level, text } => self.note(stamp, level, &text, fed),
            Update::Unknown { kind } => {
                let raw = params["update"].to_string();
                self.unknown(stamp, &kind, raw.as_bytes(), fed);
            }
            Update::Usage(usage) => {
                // One without a cost says nothing about the cost.
                let known = self.usage.take().and_then(|old| old.cost);
                self.usage = Some(Usage { cost: usage.cost.or(known), ..usage });
            }
            Update::Quiet
            | Update::Title(_)
            | Update::Mode(_)
            | Update::Options(_)
            | Update::Commands(_) => {}
        }
    }

    fn take_words(
        &mut self,
        stamp: Stamp,
        voice: Voice,
        text: &str,
        message: Option<&str>,
        fed: &mut Fed,
    ) {
        if text.is_empty() {
            return;
        }
        match self.speech.place(voice, stamp.seq, message, text) {
            Place::Continues(item) => self.transcript.append(&item, text, &mut fed.changes),
            Place::New(item) => {
                let text = text.to_owned();
                let body = match voice {
                    Voice::Message => ItemBody::Agent { text },
                    Voice::Thought => ItemBody::Thought { text },
                };
                self.transcript.upsert(item, stamp.at, body, &mut fed.changes);
            }
        }
        if voice == Voice::Message
            && let Some(line) = self.speech.progress(stamp.at)
        {
            fed.facts.push((stamp.at, Fact::Progress { line }));
        }
    }

    pub(super) fn take_tool(&mut self, stamp: Stamp, patch: ToolPatch, fed: &mut Fed) {
        let id = tool_item(&patch.id);
        let known = self.transcript.get(&id).map(|item| item.body.clone());
        if known.is_none() {
            self.speech.interrupt();
        }
        let body = words::merged(known, patch);
        if let Some(url) = pulls::opened(&body) {
            fed.facts.push((stamp.at, Fact::PullRequestOpened { url, by: Source::Protocol }));
        }
        if let ItemBody::Tool { title, status, .. } = &body {
            let line = words::one_line(title);
            if *status != ToolStatus::Completed
                && let Some(line) = self.speech.report(stamp.at, line)
            {
                fed.facts.push((stamp.at, Fact::Progress { line }));
            }
            if let Some(turn) = &mut self.turn {
                match status {
                    ToolStatus::Pending | ToolStatus::Running => turn.tools.insert(id.clone()),
                    ToolStatus::Completed | ToolStatus::Failed => turn.tools.remove(&id),
                };
                if turn.tools.len() > CALLS_MAX {
                    turn.tools.retain(|id| self.transcript.get(id).is_some());
                }
            }
        }
        self.transcript.upsert(id, stamp.at, body, &mut fed.changes);
    }
}

pub(super) fn tool_item(id: &str) -> String {
    format!("tool-{id}")
}

/// `n` of `ns-prompt-<n>`.
fn prompt_number(id: &str) -> Option<u32> {
    id.strip_prefix(PROMPT_PREFIX)?.parse().ok()
}

/// Name and launch of `ns-<name>-<launch>`.
fn split_id(id: &str) -> Option<(&str, &str)> {
    id.strip_prefix("ns-")?.rsplit_once('-')
}
