//! What each state makes of a command of the user.

use super::{Next, Refusal, choice, goal, late, open, standing, trust};
use crate::answering::{Unmeant, meant};
use crate::enclosure::Enclosure;
use crate::event::{Command, Effect};
use crate::evidence::Source;
use crate::id::NeedId;
use crate::limits::PROMPT_QUEUE_MAX;
use crate::naming::given_name;
use crate::need::{Answer, Need, NeedKind};
use crate::pull_request::PullState;
use crate::session::{Continuation, Liveness, Prompt, PromptState, State, Surface, Work};
use crate::standing::Origin;
use crate::time::Millis;
use crate::trouble::{Trouble, TroubleKind};
use std::num::NonZeroU32;

pub(super) fn apply(next: &mut Next, command: Command) -> Result<(), Refusal> {
    match command {
        Command::Reply { text, enclosures } => reply(next, text, enclosures),
        Command::Answer { need, answer, shown_ms } => {
            answer_need(next, need.as_ref(), &answer, shown_ms)
        }
        Command::Interrupt => interrupt(next),
        Command::Stop => stop(next),
        Command::StopLater => stop_later(next),
        Command::Remove { leave } => {
            next.session.removing = leave;
            Ok(())
        }
        Command::Respawn => respawn(next),
        Command::Rename { name } => rename(next, &name),
        Command::Pin { pinned } => {
            next.session.pinned = pinned;
            Ok(())
        }
        Command::Seen => {
            seen(next);
            Ok(())
        }
        Command::Archive => {
            archive(next);
            Ok(())
        }
        Command::ContinueAtReset { at, text } => continue_at_reset(next, at, text),
        Command::CancelContinue => cancel_continue(next),
        Command::CronCreate { task } => standing::cron_create(next, *task),
        Command::CronDelete { id } => standing::cron_delete(next, &id),
        Command::LoopStart { looping } => standing::loop_start(next, *looping),
        Command::LoopStop => standing::loop_stop(next),
        Command::Wake { wakeup } => standing::wake_at(next, wakeup),
        Command::GoalSet { goal } => goal::set(next, *goal),
        Command::GoalClear => goal::clear(next),
        Command::GoalRetry => goal::retry(next),
        Command::Choose { option, value } => choice::choose(next, option, value),
        Command::Open { agent, surface, permission_mode } => {
            open::open(next, agent, surface, permission_mode)
        }
    }
}

fn reply(next: &mut Next, text: String, enclosures: Vec<Enclosure>) -> Result<(), Refusal> {
    refuse_while_stopping(next)?;
    if enclosures.is_empty()
        && let Some(need) = asked_by(next, &text)
    {
        return answer_need(next, Some(&need), &Answer::Text { text }, None);
    }
    let judging = next.session.is_judging();
    queue_prompt(next, text, enclosures)?;
    goal::resume(next);
    match &next.session.state {
        // Only a verdict was waited for: nothing of the agent's is under way.
        State::Working if judging => wake(next, "reply", Source::User),
        State::Starting | State::Working => next.effect(Effect::Deliver),
        State::NeedsInput { needs } if needs.iter().any(is_protocol_need) => {
            next.note(Source::User, "reply kept until the open request is answered");
        }
        State::NeedsInput { .. }
        | State::Idle
        | State::Completed { .. }
        | State::Failed { .. }
        | State::Stopped => wake(next, "reply", Source::User),
    }
    Ok(())
}

/// The question that a reply answers: a permission is never given by words that name no request.
fn asked_by(next: &Next, text: &str) -> Option<NeedId> {
    let State::NeedsInput { needs } = &next.session.state else { return None };
    let need = needs.get(meant(needs, None, None, next.at).ok()?)?;
    let answers = need.kind == NeedKind::Question
        && is_protocol_need(need)
        && need.resolve(&Answer::Text { text: text.to_owned() }).is_ok();
    answers.then(|| need.id.clone())
}

/// Words for a session that rests, for this cause: to its process if that lives, else through a new
/// one.
pub(super) fn wake(next: &mut Next, cause: &str, source: Source) {
    next.session.restarts = 0;
    match next.session.liveness.clone() {
        Liveness::Alive { .. } if next.session.retiring => {
            let why = format!("{cause}; it is started again at once");
            next.go(State::Starting, "", source, &why);
        }
        Liveness::Alive { .. } => {
            next.go(State::Working, "", source, cause);
            next.effect(Effect::Deliver);
        }
        Liveness::Gone { .. } => {
            let why = format!("{cause}; the agent is started again");
            next.go(State::Starting, "", source, &why);
            next.effect(Effect::Launch);
        }
        Liveness::Unknown { why, .. } => {
            next.note(source, &format!("{cause} kept: {why}"));
        }
    }
}

/// Starts what has ended: a shell job's command again, an agent where it left off.
fn respawn(next: &mut Next) -> Result<(), Refusal> {
    refuse_while_stopping(next)?;
    let id = next.session.id.clone();
    match &next.session.liveness {
        Liveness::Gone { .. } if matches!(next.session.state, State::Starting) => Ok(()),
        Liveness::Gone { .. } => {
            next.session.restarts = 0;
            if matches!(next.session.state, State::Stopped) {
                goal::resume(next);
            }
            next.go(State::Starting, "", Source::User, "respawn");
            next.effect(Effect::Launch);
            Ok(())
        }
        Liveness::Alive { .. } => Err(Refusal::new(
            format!("session {id} is running"),
            &format!("stop it first with `nightshift stop {id}`"),
        )),
        Liveness::Unknown { why, .. } => Err(Refusal::new(
            format!("session {id} cannot be started again: {why}"),
            "see `nightshift daemon status`",
        )),
    }
}

pub(super) fn queue_prompt(
    next: &mut Next,
    text: String,
    enclosures: Vec<Enclosure>,
) -> Result<(), Refusal> {
    queue_prompt_of(next, Origin::User, text, None)?;
    if let Some(prompt) = next.agent().and_then(|agent| agent.prompts.last_mut()) {
        prompt.enclosures = enclosures;
    }
    Ok(())
}

/// A prompt of the user's, or of what goes on by itself.
pub(super) fn queue_prompt_of(
    next: &mut Next,
    origin: Origin,
    text: String,
    beside: Option<String>,
) -> Result<(), Refusal> {
    let (id, at) = (next.session.id.clone(), next.at);
    let Work::Agent(agent) = &mut next.session.work else {
        return Err(Refusal::new(
            format!("session {id} is a shell job and takes no replies"),
            &format!("type into it with `nightshift attach {id}`"),
        ));
    };
    if agent.prompts.len() >= PROMPT_QUEUE_MAX {
        return Err(Refusal::new(
            format!("session {id} has {PROMPT_QUEUE_MAX} replies waiting already"),
            "wait for the current turn to end, or interrupt it",
        ));
    }
    let n = agent.next_prompt;
    agent.next_prompt += 1;
    let untold = std::mem::take(&mut agent.standing.untold);
    let beside = untold.into_iter().chain(beside).collect::<Vec<_>>().join("\n");
    let beside = (!beside.is_empty()).then_some(beside);
    agent.prompts.push(Prompt { origin, beside, ..Prompt::of_user(n, text, at) });
    Ok(())
}

/// Takes prompts of this origin back that wait behind another. The one that goes out next may be on
/// its way already.
pub(super) fn take_back(next: &mut Next, origin: Origin) {
    let Some(agent) = next.agent() else { return };
    let mut first = true;
    agent.prompts.retain(|prompt| {
        let stays = std::mem::take(&mut first) || prompt.state == PromptState::Sent;
        stays || prompt.origin != origin
    });
}

/// Whether the agent itself holds a request open (unlike a question that closed its turn).
pub(super) fn is_protocol_need(need: &Need) -> bool {
    !need.closed_a_turn()
}

/// An answer that cannot be handed to the agent now is not taken: its request stays open.
fn refuse_out_of_reach(next: &Next, index: usize) -> Result<(), Refusal> {
    let needs = next.session.needs();
    let for_agent =
        |need: &Need| is_protocol_need(need) && !need.asks_for_trust() && !need.id.is_for_monitor();
    match &next.session.liveness {
        Liveness::Unknown { why, .. } if needs.get(index).is_some_and(for_agent) => {
            Err(Refusal::new(
                format!("session {} cannot be answered now: {why}", next.session.id),
                &format!("{}, then answer it; its request stays", next.session.way_out()),
            ))
        }
        Liveness::Unknown { .. } | Liveness::Alive { .. } | Liveness::Gone { .. } => Ok(()),
    }
}

fn answer_need(
    next: &mut Next,
    id: Option<&NeedId>,
    answer: &Answer,
    shown_ms: Option<u64>,
) -> Result<(), Refusal> {
    refuse_while_stopping(next)?;
    let session_id = next.session.id.clone();
    let found = meant(next.session.needs(), id, shown_ms, next.at);
    let index = found.map_err(|unmeant| late::unmeant(next, id, unmeant))?;
    refuse_out_of_reach(next, index)?;
    let State::NeedsInput { needs } = &mut next.session.state else {
        return Err(late::unmeant(next, id, Unmeant::Gone));
    };
    let (whole, trust) = (needs[index].is_whole(), needs[index].asks_for_trust());
    let resolved = needs[index].resolve(answer).map_err(|m| {
        let hint = match whole {
            true => "give a number, allow, deny or text",
            false if trust => "read in its question how it is trusted (`nightshift logs`)",
            false => "read it in its conversation (`nightshift logs`), then type `allow` or `deny`",
        };
        Refusal::new(format!("session {session_id}: {m}"), hint)
    })?;
    let mut need = needs.remove(index);
    next.answered = Some((need.id.clone(), label(&need, &resolved)));
    if need.asks_for_trust() {
        if let Answer::Option { id } = &resolved {
            trust::answered(next, id, &label(&need, &resolved));
        }
        return Ok(());
    }
    let left = needs.len();
    if let (false, Answer::Text { text }) = (is_protocol_need(&need), &resolved) {
        queue_prompt(next, text.clone(), Vec::new())?;
        goal::resume(next);
        wake(next, "reply", Source::User);
        return Ok(());
    }
    let why = format!("answered: {}", label(&need, &resolved));
    need.answered = Some(resolved);
    if let Work::Agent(agent) = &mut next.session.work {
        agent.answers.push(need);
    }
    if left == 0 {
        next.go(State::Working, "", Source::User, &why);
    } else {
        next.note(Source::User, &why);
    }
    next.effect(Effect::Deliver);
    Ok(())
}

fn label(need: &Need, answer: &Answer) -> String {
    match answer {
        Answer::Option { id } => {
            let named = need.options.iter().find(|o| &o.id == id);
            named.map_or_else(|| id.clone(), |o| o.label.clone())
        }
        Answer::Text { text } => text.clone(),
        Answer::Allow => "allow".to_owned(),
        Answer::Deny => "deny".to_owned(),
    }
}

fn interrupt(next: &mut Next) -> Result<(), Refusal> {
    refuse_while_stopping(next)?;
    let id = next.session.id.clone();
    if next.session.agent().is_none() {
        return Err(Refusal::new(
            format!("session {id} is a shell job and has no turn to interrupt"),
            &format!("attach and press Ctrl+C, or run `nightshift stop {id}`"),
        ));
    }
    if goal::interrupt(next) || standing::interrupt(next) {
        return Ok(());
    }
    match next.session.state {
        State::Working | State::NeedsInput { .. } if next.session.is_alive() => {
            if let Work::Agent(agent) = &mut next.session.work {
                // Stored, so that it is repeated until its agent has it.
                let sent = agent.prompts.iter().find(|p| p.state == PromptState::Sent);
                let meant = sent.or(agent.prompts.first());
                let n = match agent.surface {
                    Surface::Conversation => meant.map(|p| p.n),
                    // What was entered is no longer kept; the keys are for whatever runs.
                    Surface::Terminal => Some(agent.next_prompt),
                };
                agent.interrupts = n.and_then(NonZeroU32::new);
            }
            next.note(Source::User, "interrupt");
            next.effect(Effect::Cancel);
            Ok(())
        }
        State::Starting
        | State::Working
        | State::NeedsInput { .. }
        | State::Idle
        | State::Completed { .. }
        | State::Failed { .. }
        | State::Stopped => Err(Refusal::new(
            format!("session {id} is {} and has no turn to interrupt", next.session.state.word()),
            &format!("end it with `nightshift stop {id}`"),
        )),
    }
}

/// Nobody waits for it: that it has not ended is told at once.
fn stop_later(next: &mut Next) -> Result<(), Refusal> {
    if !matches!(next.session.liveness, Liveness::Unknown { .. }) {
        return stop(next);
    }
    if !next.session.stopping {
        next.session.stopping = true;
        next.note(Source::User, "stop");
    }
    next.effect(Effect::StopHost);
    Ok(())
}

fn stop(next: &mut Next) -> Result<(), Refusal> {
    let id = next.session.id.clone();
    match (&next.session.liveness, &next.session.state) {
        (Liveness::Unknown { .. }, _) if next.session.stopping => {
            next.session.not_ended(false).map_or(Ok(()), Err)
        }
        (Liveness::Unknown { why, .. }, _) => Err(Refusal::new(
            format!("session {id} cannot be stopped: {why}"),
            &format!("{}, then try again; nothing was done", next.session.way_out()),
        )),
        (Liveness::Alive { .. }, _) | (Liveness::Gone { .. }, State::Starting) => {
            if !next.session.stopping {
                next.session.stopping = true;
                next.note(Source::User, "stop");
            }
            next.effect(Effect::StopHost);
            Ok(())
        }
        // Already ended: nothing to do, and saying so twice is no error.
        (Liveness::Gone { .. }, _) => {
            if next.session.waits_for_trust() {
                next.go(
                    State::Stopped,
                    "stopped",
                    Source::User,
                    "stop; its repository stays untrusted",
                );
            } else if goes_on_by_itself(next) {
                goal::stopped(next);
                let why = "stop; its automation waits until it continues";
                next.go(State::Stopped, "stopped", Source::User, why);
            }
            Ok(())
        }
    }
}

/// Whether a session without a process would start one that nobody asks for.
fn goes_on_by_itself(next: &Next) -> bool {
    let session = &next.session;
    let continues = session.agent().is_some_and(|agent| agent.continues.is_some());
    session.next_due().is_some() || session.is_judging() || continues
}

/// Before the end there is nothing to have seen; an agent's row stays anyway.
fn seen(next: &mut Next) {
    let session = &next.session;
    let ended = session.is_over() && matches!(session.liveness, Liveness::Gone { .. });
    if session.agent().is_none() && ended && !session.end_seen {
        next.session.end_seen = true;
        next.note(Source::User, "result viewed; this row will be removed later unless pinned");
    }
}

/// What is pinned, or has something for the user to look at, stays.
fn archive(next: &mut Next) {
    let session = &next.session;
    let done = matches!(session.state, State::Completed { .. } | State::Idle);
    let open = session
        .pull_requests
        .iter()
        .any(|pull| matches!(pull.state, PullState::Open | PullState::Draft));
    if session.pinned || !done || open {
        return;
    }
    if let Some(run) = next.session.unattended.as_mut().filter(|run| !run.archived) {
        run.archived = true;
        next.note(Source::Supervisor, "the run did what it was for; its row leaves the board");
    }
}

fn continue_at_reset(next: &mut Next, at: Millis, text: String) -> Result<(), Refusal> {
    refuse_while_stopping(next)?;
    let id = next.session.id.clone();
    let limited = matches!(
        next.session.state,
        State::Failed { trouble: Some(Trouble { kind: TroubleKind::UsageLimit, .. }), .. }
    );
    let Work::Agent(agent) = &mut next.session.work else {
        return Err(Refusal::new(
            format!("session {id} is a shell job and has no usage limit"),
            "only agents have one",
        ));
    };
    if !limited {
        return Err(Refusal::new(
            format!("session {id} was not stopped by a usage limit"),
            &format!("send it words with `nightshift reply {id} \"…\"`"),
        ));
    }
    agent.continues = Some(Box::new(Continuation { at, text }));
    next.note(Source::User, "continues automatically when the usage limit ends");
    Ok(())
}

fn cancel_continue(next: &mut Next) -> Result<(), Refusal> {
    let id = next.session.id.clone();
    let chosen = match &mut next.session.work {
        Work::Agent(agent) => agent.continues.take().is_some(),
        Work::Shell { .. } => false,
    };
    if !chosen {
        return Err(Refusal::new(
            format!("session {id} is not set to continue automatically"),
            "there is nothing to cancel",
        ));
    }
    next.note(Source::User, "no longer continues automatically");
    Ok(())
}

fn rename(next: &mut Next, name: &str) -> Result<(), Refusal> {
    let Some(name) = given_name(name) else {
        let id = &next.session.id;
        return Err(Refusal::new(
            format!("session {id} cannot be named with nothing readable"),
            "give a name with at least one visible character",
        ));
    };
    next.session.name = name;
    next.session.named_by_user = true;
    Ok(())
}

pub(super) fn refuse_while_stopping(next: &Next) -> Result<(), Refusal> {
    if next.session.stopping {
        let id = &next.session.id;
        return Err(Refusal::new(
            format!("session {id} is being stopped"),
            "wait until it has stopped, then reply to start it again",
        ));
    }
    Ok(())
}
