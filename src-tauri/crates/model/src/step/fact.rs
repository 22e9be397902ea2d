//! What each fact about a host or an agent makes of a session.

use super::{
    Next, choice, command, exit, goal, lodging, monitor, pull_request, settle, standing, terminal,
    trust,
};
use crate::event::{Effect, Fact, TurnOutcome};
use crate::evidence::Source;
use crate::id::NeedId;
use crate::limits::NEEDS_MAX;
use crate::naming::{given_name, last_paragraph, plain_words};
use crate::need::{Need, NeedKind, TURN_NEED_PREFIX};
use crate::reading::{self, Reading};
use crate::session::{Before, Liveness, Prompt, PromptState, State, Surface, Work};
use crate::trouble::Trouble;
use crate::usage::Usage;

pub(super) fn apply(next: &mut Next, fact: Fact) {
    if matches!(next.session.state, State::Stopped) && is_agents_word(&fact) {
        // What was still on its way when the user stopped it must not bring it back to life.
        return;
    }
    match fact {
        Fact::Launched { pid } => launched(next, pid),
        Fact::LaunchFailed { error } => launch_failed(next, &error),
        Fact::AgentReady { agent_session_id } => agent_ready(next, agent_session_id),
        Fact::AgentRefused { error, trouble } => {
            next.session.cut = None;
            next.session.renewing = None;
            failed(next, error, trouble);
            // Stored, so that a crash right now leaves no process that serves nobody.
            retire(next);
            next.effect(Effect::StopHost);
        }
        Fact::PromptSent { n } => prompt_sent(next, n),
        Fact::NeedOpened { need } => need_opened(next, need),
        Fact::NeedDecided { need, why } => need_decided(next, need, &why),
        Fact::NeedClosed { id } => need_closed(next, &id),
        Fact::OwnToolAllowed { tool, why } => {
            next.note(Source::Supervisor, &format!("{tool} allowed by Nightshift: {why}"));
        }
        Fact::Noted { source, text } => next.note(source, &text),
        Fact::TurnEnded { n, outcome } => turn_ended(next, n, outcome),
        Fact::Progress { line } => progress(next, &line),
        Fact::Rested if next.session.pinned => {}
        Fact::Rested => rest(next, "put to rest to free memory; a reply starts it again"),
        Fact::RunEnded => standing::run_ended(next),
        Fact::Shed => rest(next, "memory is short: put to rest; a reply starts it again"),
        Fact::Outdated { from } => renew(next, &from),
        Fact::ContinueDue => continue_due(next),
        Fact::Told { by, fact } => {
            next.told_by = Some(by);
            apply(next, *fact);
        }
        Fact::TurnBegan { text } => terminal::began(next, &text),
        Fact::TurnStopped { last_text, failure } => {
            terminal::stopped(next, last_text.as_deref(), failure);
        }
        Fact::InterruptSent => terminal::interrupted(next),
        Fact::Used { usage } => used(next, usage),
        Fact::ToolsReady => standing::tools_ready(next),
        Fact::TimerFired { fired } => standing::timer_fired(next, *fired),
        Fact::Judged { n, judged } => goal::judged(next, n, *judged),
        Fact::GoalWaits { n, why } => goal::waits(next, n, &why),
        Fact::GoalDue { over } => goal::due(next, over),
        Fact::MonitorStarted { monitor } => monitor::started(next, *monitor),
        Fact::MonitorLines { id, first, lines, left_out } => {
            monitor::lines(next, &id, first, &lines, left_out);
        }
        Fact::MonitorEnded { id, why } => monitor::ended(next, &id, &why),
        Fact::Remarked { text, warns } => next.remark(warns, &text),
        Fact::Lodged { lodging } => lodging::lodged(next, lodging),
        Fact::TrustAsked { trust, need } => trust::asked(next, *trust, need),
        Fact::TrustSettled { trust } => trust::settled(next, *trust),
        Fact::CheckoutChanged { files } => lodging::checkout_changed(next, &files),
        Fact::PullRequestOpened { url, by } => pull_request::opened(next, &url, by),
        Fact::PullRequestSeen { url, state } => pull_request::seen(next, &url, state),
        Fact::Advised { set_at, advice } => goal::advised(next, set_at, &advice),
        Fact::Settled { n, settled } => settle::settled(next, n, *settled),
        Fact::Chosen { n, role, option, value } => choice::taken(next, n, role, option, value),
        Fact::ChoiceRefused { n, error } => choice::refused(next, n, &error),
        Fact::Titled { title } => {
            if let (false, Some(name)) = (next.session.named_by_user, given_name(&title)) {
                next.session.name = name;
            }
        }
        Fact::Exited { exit } => exit::exited(next, &exit),
        Fact::HostLost { cause } => exit::lost(next, &cause),
        Fact::HostUnknown { why, way_out } => unknown(next, &why, way_out),
    }
}

fn unknown(next: &mut Next, why: &str, way_out: String) {
    next.session.liveness = Liveness::Unknown { why: why.to_owned(), way_out, since: next.at };
    next.note(Source::Supervisor, why);
}

/// Whether the fact is something the agent said, and not about its process.
fn is_agents_word(fact: &Fact) -> bool {
    match fact {
        Fact::AgentReady { .. }
        | Fact::AgentRefused { .. }
        | Fact::PromptSent { .. }
        | Fact::NeedOpened { .. }
        | Fact::NeedDecided { .. }
        | Fact::NeedClosed { .. }
        | Fact::OwnToolAllowed { .. }
        | Fact::TurnEnded { .. }
        | Fact::TurnBegan { .. }
        | Fact::TurnStopped { .. }
        | Fact::InterruptSent
        | Fact::Progress { .. } => true,
        Fact::Told { fact, .. } => is_agents_word(fact),
        Fact::Launched { .. }
        | Fact::LaunchFailed { .. }
        | Fact::Noted { .. }
        | Fact::Rested
        | Fact::RunEnded
        | Fact::Shed
        | Fact::Outdated { .. }
        | Fact::ContinueDue
        | Fact::Used { .. }
        | Fact::ToolsReady
        | Fact::TimerFired { .. }
        | Fact::Judged { .. }
        | Fact::GoalWaits { .. }
        | Fact::GoalDue { .. }
        | Fact::MonitorStarted { .. }
        | Fact::MonitorLines { .. }
        | Fact::MonitorEnded { .. }
        | Fact::Remarked { .. }
        | Fact::Lodged { .. }
        | Fact::TrustAsked { .. }
        | Fact::TrustSettled { .. }
        | Fact::CheckoutChanged { .. }
        | Fact::PullRequestOpened { .. }
        | Fact::PullRequestSeen { .. }
        | Fact::Advised { .. }
        | Fact::Settled { .. }
        | Fact::Chosen { .. }
        | Fact::ChoiceRefused { .. }
        | Fact::Titled { .. }
        | Fact::Exited { .. }
        | Fact::HostLost { .. }
        | Fact::HostUnknown { .. } => false,
    }
}

fn used(next: &mut Next, usage: Usage) {
    if let Work::Agent(agent) = &mut next.session.work {
        // A newer word without a cost says nothing about the cost.
        let known = agent.usage.take().and_then(|old| old.cost);
        agent.usage = Some(Usage { cost: usage.cost.or(known), ..usage });
    }
}

fn launched(next: &mut Next, pid: u32) {
    let another = match (next.session.going, &next.session.liveness) {
        (Some(going), _) => going != pid,
        (None, Liveness::Alive { pid: before, .. }) => *before != pid,
        (None, Liveness::Gone { .. } | Liveness::Unknown { .. }) => false,
    };
    if another {
        // The end of the process that was to go could not be stored: this is the one after it.
        next.session.retiring = false;
    }
    // Nobody starts a process while another may live: this is the one that could not be reached.
    let answers_again = matches!(next.session.liveness, Liveness::Unknown { .. });
    next.session.liveness = Liveness::Alive { pid, since: next.at };
    next.session.exit_code = None;
    next.session.end_seen = false;
    let why = match answers_again {
        true => format!("process {pid} answers again"),
        false => format!("process {pid} started"),
    };
    match (&next.session.work, &next.session.state) {
        (Work::Shell { .. }, State::Starting) => {
            next.go(State::Working, "", Source::Process, &why);
        }
        // An agent works once it has taken a prompt; other states were reached before an adoption.
        (Work::Agent(_), State::Starting)
        | (
            _,
            State::Working
            | State::NeedsInput { .. }
            | State::Idle
            | State::Completed { .. }
            | State::Failed { .. }
            | State::Stopped,
        ) => next.note(Source::Process, &why),
    }
    if !answers_again {
        monitor::all_ended(next, "its agent's process was started again");
    }
    if next.session.stopping || next.session.retiring {
        next.effect(Effect::StopHost);
    } else if next.session.agent().is_some() {
        next.effect(Effect::Deliver);
    }
}

fn launch_failed(next: &mut Next, error: &str) {
    next.session.liveness = Liveness::Gone { since: next.at };
    next.session.stopping = false;
    next.session.retiring = false;
    next.session.cut = None;
    let asked = next.session.agent().is_none_or(|a| !a.prompts.is_empty());
    match next.session.renewing.take() {
        // Nobody waits for it: what it produced stays the row's truth, and a reply tries again.
        Some(before) if !asked => come_back(next, before, &format!("not started again: {error}")),
        Some(_) | None => {
            let state = State::failed(error);
            next.go(state, error, Source::Supervisor, error);
        }
    }
}

/// To what it was before its process was replaced.
pub(super) fn come_back(next: &mut Next, before: Before, why: &str) {
    next.go(before.state, "", Source::Supervisor, why);
    next.session.state_since = before.since;
}

fn agent_ready(next: &mut Next, agent_session_id: String) {
    let Work::Agent(agent) = &mut next.session.work else { return };
    agent.agent_session_id = Some(agent_session_id);
    let waits = !agent.prompts.is_empty();
    goal::agent_ready(next);
    let cut = next.session.cut.take();
    // A successor whose start was not stored (the disk was full) is ready all the same.
    let successor = !next.session.retiring;
    let before = if successor { next.session.renewing.take() } else { None };
    match (&next.session.state, cut, before) {
        (State::Starting, _, _) if waits => {
            next.go(State::Working, "", Source::Protocol, "the agent is ready");
        }
        (State::Starting, _, Some(before)) => {
            come_back(next, before, "the agent is ready again");
        }
        // It is not told to go on: those would be words that nobody typed.
        (State::Starting, Some(cause), None) => {
            ask_how_to_go_on(next, &cause);
            goal::cut(next);
        }
        (State::Starting, None, None) => {
            next.go(State::Idle, "", Source::Protocol, "the agent is ready");
        }
        (
            State::Working
            | State::NeedsInput { .. }
            | State::Idle
            | State::Completed { .. }
            | State::Failed { .. }
            | State::Stopped,
            _,
            _,
        ) => {}
    }
    next.effect(Effect::Deliver);
}

/// The process was restarted after it had died in the middle of a turn.
fn ask_how_to_go_on(next: &mut Next, cause: &str) {
    let question = format!(
        "The agent's process ended in the middle of its work ({cause}). It was restarted and \
         remembers the conversation up to there. What now?"
    );
    let n = next.session.agent().map_or(0, |a| a.next_prompt);
    let need = closing_question(n, &question, next.at);
    let why = format!("restarted: {cause}");
    next.go(State::NeedsInput { needs: vec![need] }, &question, Source::Process, &why);
}

/// Only what has finished rests; anything else that was meanwhile asked of it keeps it running.
fn may_rest(next: &Next) -> bool {
    let asked = next.session.agent().is_none_or(|a| !a.prompts.is_empty());
    next.session.is_over() && !asked && next.session.is_alive() && !next.session.stopping
}

/// The process that lives now is to go.
pub(super) fn retire(next: &mut Next) {
    next.session.retiring = true;
    next.session.going = match next.session.liveness {
        Liveness::Alive { pid, .. } => Some(pid),
        Liveness::Gone { .. } | Liveness::Unknown { .. } => None,
    };
}

pub(super) fn rest(next: &mut Next, why: &str) {
    if may_rest(next) {
        retire(next);
        next.note(Source::Supervisor, why);
        next.effect(Effect::StopHost);
    }
}

/// Only a session that can be resumed with its own id gets another process.
fn renew(next: &mut Next, from: &str) {
    let resumable = next.session.agent().is_some_and(|a| a.agent_session_id.is_some());
    if may_rest(next) && resumable && !next.session.retiring {
        retire(next);
        let (state, since) = (next.session.state.clone(), next.session.state_since);
        next.session.renewing = Some(Before { state, since });
        let why =
            format!("its process is of version {from}; it is replaced by one of this version");
        next.note(Source::Supervisor, &why);
        next.effect(Effect::StopHost);
    }
}

fn prompt_sent(next: &mut Next, n: u32) {
    let Work::Agent(agent) = &mut next.session.work else { return };
    // A session recovered from its journal hears of prompts that its record did not hold.
    agent.next_prompt = agent.next_prompt.max(n.saturating_add(1));
    let mut text = String::new();
    for prompt in agent.prompts.iter_mut().filter(|p| p.n == n) {
        prompt.state = PromptState::Sent;
        text.clone_from(&prompt.text);
    }
    if agent.surface == Surface::Terminal {
        // Nobody will say which of its turns this is: what was entered is the agent's matter.
        agent.prompts.retain(|p| p.n != n);
    } else if !agent.prompts.iter().any(|p| p.n == n) {
        let unheard = Prompt::of_user(n, String::new(), next.at);
        agent.prompts.insert(0, Prompt { state: PromptState::Sent, ..unheard });
    }
    next.go(State::Working, &text, Source::Protocol, &format!("prompt {n} sent"));
    // The agent's first words may replace the prompt on the row at once.
    next.session.line_at = crate::time::Millis(0);
}

fn need_opened(next: &mut Next, need: Need) {
    let known = |n: &Need| n.id == need.id;
    let Work::Agent(agent) = &next.session.work else { return };
    if agent.answers.iter().any(known) || next.session.needs().iter().any(known) {
        return;
    }
    let question = need.question.clone();
    let why = format!("{}: {question}", need.noun());
    let mut needs = next.session.needs().to_vec();
    if needs.len() >= NEEDS_MAX {
        next.note(Source::Supervisor, "more open requests than are kept; the newest was dropped");
        return;
    }
    needs.push(need);
    let line = needs.first().map_or(question, |n| n.question.clone());
    next.go(State::NeedsInput { needs }, &line, Source::Protocol, &why);
}

fn need_decided(next: &mut Next, need: Need, why: &str) {
    let Some(agent) = next.agent() else { return };
    if !agent.answers.iter().any(|known| known.id == need.id) {
        agent.answers.push(need);
        next.note(Source::Supervisor, why);
        next.effect(Effect::Deliver);
    }
}

fn need_closed(next: &mut Next, id: &NeedId) {
    if let Work::Agent(agent) = &mut next.session.work {
        agent.answers.retain(|n| &n.id != id);
    }
    let before = next.session.needs().len();
    let State::NeedsInput { needs } = &mut next.session.state else { return };
    needs.retain(|n| &n.id != id);
    if needs.is_empty() && before > 0 {
        next.go(State::Working, "", Source::Protocol, "the request was closed");
    }
}

fn turn_ended(next: &mut Next, n: u32, outcome: TurnOutcome) {
    let Work::Agent(agent) = &mut next.session.work else { return };
    if !agent.prompts.iter().any(|p| p.n == n) {
        // A turn that was cut off with its process: its end was told when that died.
        return;
    }
    agent.prompts.retain(|p| p.n != n);
    agent.answers.clear();
    agent.forget_past_interrupt();
    let more = agent.prompts.iter().any(|p| p.state == PromptState::Queued);
    if !matches!(outcome, TurnOutcome::Error { .. }) {
        next.session.restarts = 0;
    }
    let ended_well = goal::is_evaluable(&outcome);
    match outcome {
        TurnOutcome::Finished { stop_reason, last_text } => {
            finished(next, n, &stop_reason, &last_text)
        }
        TurnOutcome::Cancelled => {
            next.go(State::Idle, "interrupted", Source::Protocol, "the turn was cancelled");
        }
        TurnOutcome::Error { message, trouble } => failed(next, message, trouble),
    }
    goal::count_turn(next, ended_well);
    if more && next.session.is_alive() {
        next.go(State::Working, "", Source::User, "the next prompt was waiting");
        next.effect(Effect::Deliver);
    } else if !more {
        goal::turn_ended(next, n, ended_well);
    }
}

/// The agent could not work, and may have said why. The evidence names the kind of trouble.
pub(super) fn failed(next: &mut Next, error: String, trouble: Option<Trouble>) {
    let why = match trouble {
        Some(trouble) => format!("{}: {error}", trouble.kind.title()),
        None => error.clone(),
    };
    next.go(State::Failed { error, trouble }, &why, Source::Protocol, &why);
}

/// The limit is over and the user wanted it to go on then.
fn continue_due(next: &mut Next) {
    let Work::Agent(agent) = &mut next.session.work else { return };
    let Some(continuation) = agent.continues.take() else { return };
    match command::queue_prompt(next, continuation.text, Vec::new()) {
        Ok(()) => {
            goal::resume(next);
            command::wake(next, "continued after the usage limit, as you chose", Source::User);
        }
        Err(refusal) => next.note(Source::Supervisor, &refusal.message),
    }
}

fn finished(next: &mut Next, n: u32, stop_reason: &str, last_text: &str) {
    let stopped_by = format!("stop reason {stop_reason}");
    let fail = |next: &mut Next, error: &str| {
        next.go(State::failed(error), error, Source::Protocol, &stopped_by);
    };
    match stop_reason {
        "end_turn" => {}
        "cancelled" => {
            next.go(State::Idle, "interrupted", Source::Protocol, &stopped_by);
            return;
        }
        "refusal" => return fail(next, "the agent refused to continue"),
        "max_tokens" => return fail(next, "stopped at the model's token limit"),
        "max_turn_requests" => {
            return fail(next, "stopped at the agent's limit of requests per turn");
        }
        other => {
            return fail(next, &format!("the turn ended with the unknown stop reason {other}"));
        }
    }
    read_end(next, n, last_text, &stopped_by);
}

/// A turn that the agent ended by itself: its last words say how.
pub(super) fn read_end(next: &mut Next, n: u32, last_text: &str, stopped_by: &str) {
    let why = |source: Source| match source {
        Source::Marker => format!("{stopped_by}; closed by a marker line"),
        Source::ClosingQuestion => format!("{stopped_by}; its last words are a question"),
        Source::User
        | Source::Protocol
        | Source::Hook
        | Source::Terminal
        | Source::Process
        | Source::Supervisor => stopped_by.to_owned(),
    };
    match reading::read(last_text) {
        Reading::Result { text, source } => {
            let line = plain_words(last_paragraph(&text));
            next.go(State::Completed { result: text }, &line, source, &why(source));
        }
        Reading::Question { text, source } => {
            let need = closing_question(n, &text, next.at);
            let line = plain_words(&text);
            next.go(State::NeedsInput { needs: vec![need] }, &line, source, &why(source));
        }
        Reading::Failure { text } => {
            next.go(State::failed(&text), &text, Source::Marker, &why(Source::Marker));
        }
    }
}

pub(super) fn closing_question(n: u32, text: &str, at: crate::time::Millis) -> Need {
    Need {
        id: NeedId(format!("{TURN_NEED_PREFIX}{n}")),
        kind: NeedKind::Question,
        question: text.to_owned(),
        detail: String::new(),
        options: Vec::new(),
        free_text: true,
        since: at,
        unshown_bytes: 0,
        answered: None,
    }
}

fn progress(next: &mut Next, line: &str) {
    match next.session.state {
        State::Starting | State::Working => next.say(line),
        // Its question, result or error is the row's line now.
        State::NeedsInput { .. }
        | State::Idle
        | State::Completed { .. }
        | State::Failed { .. }
        | State::Stopped => {}
    }
}
