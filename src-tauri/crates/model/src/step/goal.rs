//! A session's goal: set, pursued turn by turn, judged, put off, stopped by its brakes, met.
//!
//! Promise: a verdict counts for the turn that it is about and is fed once; brakes stop it whatever the
//! judge says; what stops it leaves it set and says why. Must not know: who judges, and how.

use super::{Next, Refusal, bounded, command, fact};
use crate::counted::{are, counted};
use crate::event::{Effect, Judged, JudgedOutcome, TurnOutcome};
use crate::evidence::Source;
use crate::limits::{
    GOAL_CHECK_IN_MS, GOAL_IDLE_TURNS_MAX, GOAL_MAX_CHARS, GOAL_RETRY_MS, GOAL_SAME_REASON_MAX,
    GOAL_VERDICTS_KEPT, REASON_MAX_CHARS,
};
use crate::session::{Session, State};
use crate::standing::{EndedGoal, Goal, GoalEnd, GoalPhase, Judgement, Origin, Verdict};
use crate::time::Millis;

const WORKING_RULES: &str = "You work towards a goal that the user has set. After each turn of yours a \
    judge reads this conversation, and nothing else, and says whether the goal is met: so let the proof \
    stand in it, such as the output of the command that shows it. Do not ask whether to go on. If the \
    goal cannot be reached, say so and why.";

pub(super) fn set(next: &mut Next, goal: Goal) -> Result<(), Refusal> {
    let id = next.session.id.clone();
    command::refuse_while_stopping(next)?;
    let chars = goal.condition.chars().count();
    if chars > GOAL_MAX_CHARS {
        return Err(Refusal::new(
            format!("the goal has {chars} characters; the limit is {GOAL_MAX_CHARS}"),
            "put the details into a file and name the file",
        ));
    }
    if next.session.agent().is_none() {
        return Err(Refusal::new(
            format!("session {id} is a shell job and pursues no goal"),
            "only agents do",
        ));
    }
    give_up_judging(next);
    end(next, GoalEnd::Replaced, "another goal was set");
    let waits = goal.bounds.not_before.filter(|at| *at > next.at);
    let text = directive(&goal);
    if let Some(standing) = next.standing() {
        standing.goal = Some(goal);
    }
    next.note(Source::User, "a goal was set");
    match waits {
        Some(until) => wait_for_time(next, 0, until),
        None => send(next, text, Some(WORKING_RULES.to_owned()), "a goal was set")?,
    }
    Ok(())
}

fn directive(goal: &Goal) -> String {
    let check = goal.check.as_ref().map(|command| {
        format!("\n\nAfter each turn this is run too, and has to succeed: {command}")
    });
    format!("Goal: {}{}", goal.condition, check.unwrap_or_default())
}

/// A prompt of the goal's, and the session on its way.
fn send(next: &mut Next, text: String, beside: Option<String>, why: &str) -> Result<(), Refusal> {
    command::queue_prompt_of(next, Origin::Goal, text, beside)?;
    if let Some(goal) = goal(next) {
        goal.phase = GoalPhase::Pursuing;
    }
    match &next.session.state {
        State::NeedsInput { needs } if !needs.iter().all(crate::need::Need::closed_a_turn) => {}
        // A turn of somebody else's is under way; this one comes next.
        State::Working if prompts_ahead(&next.session) => next.effect(Effect::Deliver),
        State::Starting => next.effect(Effect::Deliver),
        State::Working
        | State::NeedsInput { .. }
        | State::Idle
        | State::Completed { .. }
        | State::Failed { .. }
        | State::Stopped => command::wake(next, why, Source::Supervisor),
    }
    Ok(())
}

fn prompts_ahead(session: &Session) -> bool {
    session.agent().is_some_and(|agent| agent.prompts.len() > 1)
}

fn goal(next: &mut Next) -> Option<&mut Goal> {
    next.standing()?.goal.as_mut()
}

/// The same words against it that are told at once where rules have them.
pub(super) fn advised(next: &mut Next, set_at: Millis, advice: &str) {
    let Some(goal) = goal(next).filter(|goal| goal.set_at == set_at) else { return };
    let advice = bounded(advice, REASON_MAX_CHARS);
    goal.advice.push(advice.clone());
    next.remark(true, &format!("The goal may be hard to prove: {advice}"));
}

pub(super) fn agent_ready(next: &mut Next) {
    let at = next.at;
    if let Some(goal) = goal(next) {
        goal.ready_at = Some(at);
    }
}

pub(super) fn clear(next: &mut Next) -> Result<(), Refusal> {
    let id = next.session.id.clone();
    give_up_judging(next);
    if end(next, GoalEnd::Cleared, "cleared") {
        next.note(Source::User, "the goal was cleared");
        return Ok(());
    }
    Err(Refusal::new(
        format!("session {id} has no goal"),
        &format!("set one with `nightshift goal set {id} \"…\"`"),
    ))
}

/// A session that waited for a verdict becomes what its turn had made of it.
fn give_up_judging(next: &mut Next) {
    let Some(goal) = goal(next) else { return };
    let GoalPhase::Judging { after, .. } = &goal.phase else { return };
    let after = (**after).clone();
    goal.phase = GoalPhase::Pursuing;
    if next.session.agent().is_some_and(|agent| agent.prompts.is_empty()) {
        next.go(after, "", Source::Supervisor, "its goal is not checked any more");
    }
}

/// Takes the goal away and keeps what it came to.
fn end(next: &mut Next, how: GoalEnd, why: &str) -> bool {
    let (at, why) = (next.at, bounded(why, REASON_MAX_CHARS));
    let Some(standing) = next.standing() else { return false };
    let Some(mut goal) = standing.goal.take() else { return false };
    goal.phase = GoalPhase::Pursuing;
    standing.last_goal = Some(EndedGoal { goal, at, how, why });
    command::take_back(next, Origin::Goal);
    true
}

/// A paused goal is judged again, or goes on.
pub(super) fn retry(next: &mut Next) -> Result<(), Refusal> {
    command::refuse_while_stopping(next)?;
    let id = next.session.id.clone();
    let n = next.session.agent().map_or(0, |agent| agent.next_prompt.saturating_sub(1));
    let free = next.session.takes_turn();
    let Some(goal) = goal(next) else {
        return Err(Refusal::new(
            format!("session {id} has no goal"),
            &format!("set one with `nightshift goal set {id} \"…\"`"),
        ));
    };
    if !matches!(goal.phase, GoalPhase::Paused { .. } | GoalPhase::Waiting { .. }) || !free {
        return Err(Refusal::new(
            format!("the goal of session {id} is not paused"),
            "it is judged after the turn that is under way",
        ));
    }
    restart_counting(next);
    judge(next, n, true, "the goal is checked again");
    Ok(())
}

/// Words of the user's, or a session that was stopped and goes on: so does its goal, counted anew.
pub(super) fn resume(next: &mut Next) {
    let Some(goal) = goal(next) else { return };
    match goal.phase {
        GoalPhase::Paused { .. } => {
            restart_counting(next);
            if let Some(goal) = self::goal(next) {
                goal.phase = GoalPhase::Pursuing;
            }
        }
        // The verdict on the turn before comes too late.
        GoalPhase::Judging { .. } => goal.phase = GoalPhase::Pursuing,
        GoalPhase::Pursuing | GoalPhase::Waiting { .. } => {}
    }
}

fn restart_counting(next: &mut Next) {
    let at = next.at;
    if let Some(goal) = goal(next) {
        goal.counted_from = at;
        (goal.turns, goal.idle_turns, goal.same_reason) = (0, 0, 0);
        (goal.check_ins, goal.failures) = (0, 0);
    }
}

/// `Esc` while nothing of the agent's is under way: the goal waits for the user.
pub(super) fn interrupt(next: &mut Next) -> bool {
    if !next.session.is_judging() {
        return false;
    }
    give_up_judging(next);
    pause_quietly(next, "interrupted");
    next.note(Source::User, "the goal is paused");
    true
}

pub(super) fn stopped(next: &mut Next) {
    pause_quietly(next, "its session was stopped");
}

fn pause_quietly(next: &mut Next, why: &str) {
    let at = next.at;
    if let Some(goal) = goal(next) {
        goal.phase = GoalPhase::Paused { why: why.to_owned(), at };
    }
}

/// Whether a turn that ended so says anything about the goal.
pub(super) fn is_evaluable(outcome: &TurnOutcome) -> bool {
    match outcome {
        TurnOutcome::Finished { stop_reason, .. } => {
            !matches!(stop_reason.as_str(), "cancelled" | "refusal")
        }
        TurnOutcome::Cancelled | TurnOutcome::Error { .. } => false,
    }
}

pub(super) fn count_turn(next: &mut Next, ended_well: bool) {
    if let Some(goal) = goal(next)
        && ended_well
        && !matches!(goal.phase, GoalPhase::Paused { .. })
    {
        goal.turns = goal.turns.saturating_add(1);
    }
}

/// Turn `n` is over and no prompt waits. The state is what its end made of the session.
pub(super) fn turn_ended(next: &mut Next, n: u32, ended_well: bool) {
    let at = next.at;
    let Some(goal) = goal(next) else { return };
    if matches!(goal.phase, GoalPhase::Paused { .. }) {
        return;
    }
    if !ended_well {
        return turn_failed(next);
    }
    match goal.bounds.not_before.filter(|time| *time > at) {
        Some(until) => wait_for_time(next, n, until),
        None => judge(next, n, false, "the turn is over; the goal is being checked"),
    }
}

fn turn_failed(next: &mut Next) {
    let (hopeless, why) = match &next.session.state {
        State::Failed { error, trouble } => {
            (trouble.as_ref().is_some_and(crate::trouble::Trouble::needs_somebody), error.clone())
        }
        State::Starting
        | State::Working
        | State::NeedsInput { .. }
        | State::Idle
        | State::Completed { .. }
        | State::Stopped => (false, "interrupted".to_owned()),
    };
    if hopeless {
        end(next, GoalEnd::Trouble, &why);
        next.remark(true, &format!("The goal was cleared: {why}"));
        next.note(Source::Supervisor, &format!("the goal was cleared: {why}"));
    } else {
        pause_quietly(next, &why);
        next.note(Source::Supervisor, &format!("the goal is paused: {why}"));
    }
}

/// The process died in the middle of a turn and was started again: the goal is the user's word on how
/// to go on, so what the turn left is judged.
pub(super) fn cut(next: &mut Next) {
    let n = next.session.agent().map_or(0, |agent| agent.next_prompt.saturating_sub(1));
    if goal(next).is_some_and(|goal| matches!(goal.phase, GoalPhase::Pursuing)) {
        judge(next, n, false, "its process was started again; the goal is being checked");
    }
}

fn judge(next: &mut Next, n: u32, check_in: bool, why: &str) {
    let (after, since) = (Box::new(next.session.state.clone()), next.at);
    let Some(goal) = goal(next) else { return };
    goal.phase = GoalPhase::Judging { n, after, since, check_in };
    next.go(State::Working, "checking whether the goal is met", Source::Supervisor, why);
    next.effect(Effect::Judge);
}

fn wait_for_time(next: &mut Next, n: u32, until: Millis) {
    let after = Box::new(next.session.state.clone());
    let Some(goal) = goal(next) else { return };
    let why = "not before its time".to_owned();
    goal.phase = GoalPhase::Waiting { n, after, until, why };
    next.note(Source::Supervisor, "the goal waits for its time");
}

/// Background work goes on: judging waits, for longer each time.
pub(super) fn waits(next: &mut Next, n: u32, why: &str) {
    let at = next.at;
    let Some(goal) = goal(next) else { return };
    let GoalPhase::Judging { n: judged, after, check_in: false, .. } = &goal.phase else { return };
    if *judged != n {
        return;
    }
    let state = (**after).clone();
    let step = usize::try_from(goal.check_ins).unwrap_or(usize::MAX);
    let pause = GOAL_CHECK_IN_MS[step.min(GOAL_CHECK_IN_MS.len() - 1)];
    goal.check_ins = goal.check_ins.saturating_add(1);
    let until = Millis(at.0.saturating_add(pause));
    let (after, why) = (Box::new(state.clone()), bounded(why, REASON_MAX_CHARS));
    goal.phase = GoalPhase::Waiting { n, after, until, why: why.clone() };
    next.go(state, "", Source::Supervisor, &format!("the goal waits for {why}"));
}

/// What it waited for is over, or it is time for a look.
pub(super) fn due(next: &mut Next, over: bool) {
    let at = next.at;
    if !next.session.takes_turn() {
        return;
    }
    let Some(goal) = goal(next) else { return };
    let GoalPhase::Waiting { n, until, .. } = &goal.phase else { return };
    let (n, until) = (*n, *until);
    if !over && at < until {
        return;
    }
    if n == 0 {
        let text = directive(goal);
        let rules = Some(WORKING_RULES.to_owned());
        if let Err(refusal) = send(next, text, rules, "the goal's time has come") {
            next.note(Source::Supervisor, &refusal.message);
        }
        return;
    }
    if over {
        goal.check_ins = 0;
    }
    judge(next, n, !over, "the goal is being checked");
}

/// A verdict, or why there is none. One on another turn than the last comes too late.
pub(super) fn judged(next: &mut Next, n: u32, judged: Judged) {
    let Some(goal) = goal(next) else { return };
    let GoalPhase::Judging { n: waited, after, .. } = &goal.phase else { return };
    if *waited != n {
        return;
    }
    let after = (**after).clone();
    goal.evaluator = judged.evaluator;
    goal.spent.tokens = goal.spent.tokens.saturating_add(judged.spent.tokens);
    if let Some(more) = judged.spent.micros {
        goal.spent.micros = Some(goal.spent.micros.unwrap_or(0).saturating_add(more));
    }
    match judged.outcome {
        JudgedOutcome::Verdict(verdict) => {
            let reason = bounded(&verdict.reason, REASON_MAX_CHARS);
            let evidence = bounded(&verdict.evidence, REASON_MAX_CHARS);
            let (turn, spent) = (goal.turns, judged.spent);
            let verdict = Verdict { turn, spent, reason, evidence, ..verdict };
            count(goal, &verdict, judged.used_tools);
            follow(next, after, verdict);
        }
        JudgedOutcome::Hopeless { why } => {
            end(next, GoalEnd::Trouble, &why);
            let why = format!("goal was cleared: it cannot be judged: {why}");
            next.remark(true, &format!("The {why}"));
            next.go(after, "", Source::Supervisor, &format!("the {why}"));
        }
        JudgedOutcome::Passing { why } => try_again(next, n, after, &why),
        JudgedOutcome::Failed { why } => brake(next, after, &why),
    }
}

fn count(goal: &mut Goal, verdict: &Verdict, used_tools: bool) {
    let same = |v: &Verdict| {
        v.judgement == verdict.judgement
            && v.reason.trim().eq_ignore_ascii_case(verdict.reason.trim())
    };
    goal.failures = 0;
    goal.same_reason = match goal.verdicts.last() {
        Some(last) if same(last) && goal.same_reason > 0 => goal.same_reason.saturating_add(1),
        Some(_) | None => 1,
    };
    goal.idle_turns = if used_tools { 0 } else { goal.idle_turns.saturating_add(1) };
    goal.verdicts.push(verdict.clone());
    let over = goal.verdicts.len().saturating_sub(GOAL_VERDICTS_KEPT);
    goal.verdicts.drain(..over);
}

/// What a verdict leads to.
fn follow(next: &mut Next, after: State, verdict: Verdict) {
    let reason = verdict.reason;
    match verdict.judgement {
        Judgement::Met => {
            let turns = goal(next).map_or(0, |goal| goal.turns);
            end(next, GoalEnd::Met, &reason);
            next.remark(false, &format!("The goal is met, after {turns} turns: {reason}"));
            next.go(after, &format!("goal met: {reason}"), Source::Supervisor, "the goal is met");
        }
        Judgement::Impossible => {
            end(next, GoalEnd::Impossible, &reason);
            let text = format!("the goal is impossible: {reason}");
            next.remark(true, &text);
            next.go(State::failed(&text), &text, Source::Supervisor, &text);
        }
        Judgement::NotYet => {
            let at = next.at;
            match goal(next).and_then(|goal| reached(goal, at)) {
                Some(why) => brake(next, after, &why),
                None => go_on(next, after, &reason),
            }
        }
    }
}

fn go_on(next: &mut Next, after: State, reason: &str) {
    let Some(goal) = goal(next) else { return };
    let text = format!("The goal is not met yet: {reason}\n\nGoal: {}", goal.condition);
    let why = format!("not met yet: {reason}");
    if let Err(refusal) = send(next, text, None, &why) {
        brake(next, after, &refusal.message);
    }
}

/// Which brake stops it, if one does.
fn reached(goal: &Goal, at: Millis) -> Option<String> {
    if goal.turns >= goal.bounds.turns {
        return Some(over(goal.turns.into(), "turn"));
    }
    if at.since(goal.counted_from) >= goal.bounds.ms {
        return Some(match goal.bounds.ms / 1000 {
            s if s % 3600 == 0 => over(s / 3600, "hour"),
            s if s % 60 == 0 => over(s / 60, "minute"),
            s => over(s, "second"),
        });
    }
    if goal.same_reason >= GOAL_SAME_REASON_MAX {
        return Some(format!("the verdict was the same {} times", goal.same_reason));
    }
    if goal.idle_turns >= GOAL_IDLE_TURNS_MAX {
        return Some(format!("no tool was used in {} turns", goal.idle_turns));
    }
    None
}

fn over(n: u64, unit: &str) -> String {
    format!("{} {} over", counted(n, unit), are(n))
}

/// It stays set and waits for the user, who is asked.
fn brake(next: &mut Next, after: State, why: &str) {
    let at = next.at;
    let Some(goal) = goal(next) else { return };
    goal.phase = GoalPhase::Paused { why: bounded(why, REASON_MAX_CHARS), at };
    let reason = goal.verdicts.last().map(|v| format!(" Last verdict: {}", v.reason));
    let text = format!("The goal is paused: {why}.{}", reason.unwrap_or_default());
    next.remark(true, &text);
    if matches!(after, State::Failed { .. }) {
        return next.go(after, "", Source::Supervisor, &text);
    }
    let n = next.session.agent().map_or(0, |agent| agent.next_prompt);
    let question = format!("{text} Reply to continue with it, or clear it with /goal clear.");
    let need = fact::closing_question(n, &question, at);
    next.go(State::NeedsInput { needs: vec![need] }, &question, Source::Supervisor, &text);
}

fn try_again(next: &mut Next, n: u32, after: State, why: &str) {
    let at = next.at;
    let Some(goal) = goal(next) else { return };
    let tries = usize::try_from(goal.failures).unwrap_or(usize::MAX);
    let Some(pause) = GOAL_RETRY_MS.get(tries) else {
        return brake(next, after, &format!("it could not be judged: {why}"));
    };
    goal.failures = goal.failures.saturating_add(1);
    let until = Millis(at.0.saturating_add(*pause));
    let (kept, why) =
        (Box::new(after.clone()), format!("its judge: {}", bounded(why, REASON_MAX_CHARS)));
    goal.phase = GoalPhase::Waiting { n, after: kept, until, why: why.clone() };
    next.go(after, "", Source::Supervisor, &format!("the goal is judged again soon: {why}"));
}
