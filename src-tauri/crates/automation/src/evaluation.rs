//! The evaluation of a goal after a turn: the transcript as a judge reads it, the user's own check, and
//! what background work puts it off.
//!
//! Promise: what the judge sees is the conversation only; a verdict is never *met* while a check fails.
//! Blocks, for minutes at times: run it beside the loop.

use crate::words;
use nightshift_judge::{
    CHECK_TIMEOUT, Call, Check, CheckResult, Entry, Environment, Evaluator, Judgement as Ruled,
    Kind, Phase, Question, Ruling, Trouble, TroubleKind, Usage, judge, judge_by_checks, run_check,
};
use nightshift_model::standing::{Goal, GoalPhase, Judgement, Monitor, Spent, Verdict};
use nightshift_model::{Judged, JudgedOutcome, Session};
use nightshift_protocol::{ConversationItem, ItemBody, Task, TaskKind, ToolContent};
use nightshift_settings::Judge;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Command lines that are ours or an agent's own machinery, not work that it began.
const MACHINERY: &str = " mcp --session ";
/// Background tasks named in a reason.
const NAMED_MAX: usize = 3;

/// All that one evaluation needs.
pub struct Evaluation {
    pub n: u32,
    session: String,
    agent: String,
    cwd: PathBuf,
    env: Environment,
    settings: Judge,
    goal: Goal,
    check_in: bool,
    monitors: Vec<Monitor>,
    entries: Vec<Entry>,
    /// Where evidence begins; for a run of a routine behind the last prompt.
    evidence_from: usize,
    is_run: bool,
    used_tools: bool,
    pub called_off: Arc<AtomicBool>,
}

impl Evaluation {
    /// Of the session's last turn; none when no goal waits for a verdict.
    pub fn of(
        session: &Session,
        items: &[ConversationItem],
        env: &BTreeMap<String, String>,
        settings: &Judge,
    ) -> Option<Evaluation> {
        let agent = session.agent()?;
        let goal = agent.standing.goal.clone()?;
        let GoalPhase::Judging { n, check_in, .. } = goal.phase else { return None };
        let turn = format!("user-{n}");
        let last = items.iter().rposition(|item| item.id == turn).map_or(0, |at| at + 1);
        let is_run = session.unattended.is_some();
        let evidence_from = match is_run {
            true => items[..last].iter().flat_map(entries).count(),
            false => 0,
        };
        let tool = |item: &ConversationItem| matches!(item.body, ItemBody::Tool { .. });
        Some(Evaluation {
            n,
            check_in,
            monitors: agent.standing.monitors.clone(),
            session: session.id.to_string(),
            agent: agent.agent.clone(),
            cwd: session.directory().into(),
            env: env.iter().map(|(name, value)| (name.into(), value.into())).collect(),
            settings: settings.clone(),
            entries: items.iter().flat_map(entries).collect(),
            evidence_from,
            is_run,
            used_tools: items[last..].iter().any(tool),
            goal,
            called_off: Arc::default(),
        })
    }

    /// What it has to be put off for, given what runs in the background; never at a check-in.
    pub fn has_to_wait_for(&self, tasks: &[Task]) -> Option<String> {
        let wait = || background(tasks, &self.monitors, &self.goal);
        if self.check_in { None } else { wait() }
    }

    /// Asks the judge, or nobody where the check alone decides. Blocks.
    pub fn judged(self) -> Judged {
        self.by_check_alone().unwrap_or_else(|| self.by_evaluator())
    }

    /// A goal without words of its own is what its check says.
    fn by_check_alone(&self) -> Option<Judged> {
        let check = self.goal.check.as_deref()?;
        if self.goal.condition != words::check_alone(check) {
            return None;
        }
        let checks: Vec<CheckResult> = self.check().into_iter().collect();
        let evidence = evidence(&checks);
        let ruled = judge_by_checks(&Question { checks, ..Question::default() })?;
        let name = format!("{} {}", ruled.provider.id(), ruled.model);
        Some(self.ruled(name, evidence, ruled))
    }

    fn by_evaluator(&self) -> Judged {
        let evaluator = match Evaluator::choose(&self.settings, &self.env, Some(&self.agent)) {
            Ok(evaluator) => evaluator,
            Err(trouble) => return self.troubled("none", &trouble),
        };
        let name = format!("{} {}", evaluator.provider().id(), evaluator.model());
        let checks: Vec<CheckResult> = self.check().into_iter().collect();
        let evidence = evidence(&checks);
        let question = Question {
            condition: self.goal.condition.clone(),
            bounds: self.bounds(),
            transcript: self.entries.clone(),
            evidence_from: self.evidence_from,
            checks,
            phase: if self.check_in { Phase::CheckIn } else { Phase::TurnEnded },
        };
        let call = Call::new(&self.env, evaluator.timeout(), &self.called_off);
        match judge(&evaluator, &question, &call) {
            Ok(ruled) => self.ruled(name, evidence, ruled),
            Err(trouble) => self.troubled(&name, &trouble),
        }
    }

    /// For the judge to know how far the goal has come; Nightshift keeps to them.
    fn bounds(&self) -> String {
        let Goal { bounds, turns, .. } = &self.goal;
        let minutes = bounds.ms / 60_000;
        let newest = match self.is_run {
            true => "; only what follows the last prompt is evidence",
            false => "",
        };
        format!("{} turns, {minutes} minutes; this was turn {turns}{newest}", bounds.turns)
    }

    fn check(&self) -> Option<CheckResult> {
        let check = Check {
            command: self.goal.check.as_deref()?,
            cwd: &self.cwd,
            env: &self.env,
            owner: &self.session,
            timeout: self.settings.check_timeout_s.map_or(CHECK_TIMEOUT, Duration::from_secs),
        };
        Some(run_check(&check, &self.called_off))
    }

    fn ruled(&self, evaluator: String, evidence: String, ruled: Ruled) -> Judged {
        let judgement = match ruled.verdict.ruling {
            Ruling::Met => Judgement::Met,
            Ruling::NotYet => Judgement::NotYet,
            Ruling::Impossible => Judgement::Impossible,
        };
        let spent = spent(&ruled.usage);
        let at = nightshift_platform::clock::now();
        let (reason, turn) = (ruled.verdict.reason, self.goal.turns);
        let verdict = Verdict { at, turn, judgement, reason, evidence, spent };
        let outcome = JudgedOutcome::Verdict(verdict);
        Judged { evaluator, spent, used_tools: self.used_tools, outcome }
    }

    fn troubled(&self, evaluator: &str, trouble: &Trouble) -> Judged {
        let why = trouble.to_string();
        let outcome = match trouble {
            _ if trouble.kind == TroubleKind::CalledOff => JudgedOutcome::Passing { why },
            _ if trouble.clears_goal() => JudgedOutcome::Hopeless { why },
            _ if trouble.passes() => JudgedOutcome::Passing { why },
            _ => JudgedOutcome::Failed { why },
        };
        let (evaluator, spent) = (evaluator.to_owned(), spent(&trouble.usage));
        Judged { evaluator, spent, used_tools: self.used_tools, outcome }
    }

    /// The work itself failed (its thread broke off): worth another try.
    pub fn broken(why: &str) -> Judged {
        let outcome = JudgedOutcome::Passing { why: why.to_owned() };
        Judged { evaluator: String::new(), spent: Spent::default(), used_tools: true, outcome }
    }
}

fn evidence(checks: &[CheckResult]) -> String {
    checks.iter().map(CheckResult::words).collect::<Vec<_>>().join("\n")
}

fn spent(usage: &Usage) -> Spent {
    let tokens = usage.input_tokens.saturating_add(usage.output_tokens);
    Spent { tokens, micros: usage.cost_usd_micros }
}

/// One item of the conversation as a judge reads it.
fn entries(item: &ConversationItem) -> Vec<Entry> {
    match &item.body {
        ItemBody::User { queued: true, .. } => Vec::new(),
        ItemBody::User { text, origin, .. } => {
            let kind = if origin.is_user() { Kind::User } else { Kind::Supervisor };
            vec![Entry::new(kind, text)]
        }
        ItemBody::Agent { text } => vec![Entry::new(Kind::Words, text)],
        ItemBody::Tool { title, input, content, .. } => {
            let call = if title.contains(input.as_str()) {
                title.clone()
            } else {
                format!("{title}: {input}")
            };
            let mut all = vec![Entry::new(Kind::ToolCall, call)];
            all.extend(content.iter().map(|part| {
                Entry::new(
                    Kind::ToolResult,
                    match part {
                        ToolContent::Text { text } => text.clone(),
                        ToolContent::Diff { path, new_text, .. } => format!("{path}:\n{new_text}"),
                    },
                )
            }));
            all
        }
        ItemBody::Note { text, .. } => vec![Entry::new(Kind::Supervisor, text)],
        ItemBody::Thought { .. }
        | ItemBody::Plan { .. }
        | ItemBody::Request { .. }
        | ItemBody::Unknown { .. } => Vec::new(),
    }
}

/// What an evaluation has to wait for, in words: monitors, and commands that the agent began for the
/// goal and that still run.
pub fn background(tasks: &[Task], monitors: &[Monitor], goal: &Goal) -> Option<String> {
    let since = goal.works_since();
    let began = |task: &&Task| {
        task.kind == TaskKind::Process && task.since >= since && !task.title.contains(MACHINERY)
    };
    let monitors = monitors.iter().map(|monitor| format!("monitor {}", monitor.description));
    let commands = tasks.iter().filter(began).map(|task| task.title.clone());
    let all: Vec<String> = monitors.chain(commands).collect();
    let more = if all.len() > NAMED_MAX { ", …" } else { "" };
    let named = all.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
    (!all.is_empty()).then(|| format!("{named}{more}"))
}
