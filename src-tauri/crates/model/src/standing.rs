//! Standing work: what makes a session go on by itself. Its goal, its loop, its cron tasks, a
//! pending wake-up, and the monitors that its agent runs.
//!
//! Promise: stored in the session's row, so that a run and the prompt it gives are one transaction:
//! a due run is delivered once or not at all. Times are wall-clock; the grammar of schedules, the
//! clock and the evaluators are elsewhere, and what they find comes in as facts.

use crate::session::State;
use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// Who gave a prompt.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    specta::Type,
)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    #[default]
    User,
    /// The goal's directive, or why it is not met yet.
    Goal,
    /// A run of the loop.
    Loop,
    /// A cron task.
    Cron,
    /// Output of a monitor: a program's words, not the user's.
    Monitor,
    /// The routine that the session is a run of.
    Routine,
    /// The supervisor itself (a wake-up that the agent asked for, a check-in).
    Supervisor,
    /// Of a later version.
    #[serde(other)]
    Other,
}

impl Origin {
    pub fn is_user(&self) -> bool {
        matches!(self, Origin::User)
    }

    /// As it is written in the journal and shown.
    pub fn word(self) -> &'static str {
        match self {
            Origin::User => "user",
            Origin::Goal => "goal",
            Origin::Loop => "loop",
            Origin::Cron => "cron",
            Origin::Monitor => "monitor",
            Origin::Routine => "routine",
            Origin::Supervisor => "supervisor",
            Origin::Other => "other",
        }
    }
}

/// All that may make a session go on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase", default)]
pub struct Standing {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<Goal>,
    /// The goal that was met, given up or cleared last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_goal: Option<EndedGoal>,
    #[serde(rename = "loop", skip_serializing_if = "Option::is_none")]
    pub looping: Option<Loop>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub crons: Vec<CronTask>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wakeup: Option<Wakeup>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub monitors: Vec<Monitor>,
    /// Its agent has asked our bridge for tools, so it can call them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub has_tools: bool,
    /// What the agent is still to be told: monitors that ended with its process, mostly.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub untold: Vec<String>,
    /// What the supervisor said in the conversation; older remarks go first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<SystemMessage>,
}

impl Standing {
    pub fn is_empty(&self) -> bool {
        *self == Standing::default()
    }
}

/// Something the supervisor says in a session's conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct SystemMessage {
    /// Counts from 1 within the session.
    pub n: u32,
    pub at: Millis,
    /// Something went wrong or was stopped.
    #[serde(default)]
    pub warns: bool,
    pub text: String,
}

/// A scheduled prompt of one session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct CronTask {
    /// Eight characters, for ever this task's.
    pub id: String,
    /// Five fields.
    pub cron: String,
    pub prompt: String,
    pub recurring: bool,
    /// As the agent asked for it; ours all outlive the supervisor and its restarts.
    #[serde(default)]
    pub durable: bool,
    pub created_at: Millis,
    /// A recurring task ends here, with one final run.
    #[serde(default)]
    pub expires_at: Option<Millis>,
    /// The occurrence that comes next.
    pub due_at: Millis,
    /// When that is delivered, jitter included.
    pub fire_at: Millis,
    /// How far it has come, as the supervisor's schedule writes it down. Means nothing here.
    #[serde(default)]
    pub plan: String,
    #[serde(default)]
    pub runs: u32,
    #[serde(default)]
    pub last_run_at: Option<Millis>,
}

/// What a loop sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LoopPrompt {
    Given {
        text: String,
    },
    /// `loop.md` of the project, else the user's own, else the built-in one; read at each run.
    File,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Pace {
    /// By a cron expression. `chosen` says which interval was taken and whether it was rounded.
    Fixed { cron: String, chosen: String },
    /// The agent says after each run when the next one is.
    SelfPaced,
    /// An agent that cannot call our tools: this many minutes after each run.
    Steady { minutes: u32 },
}

/// A prompt that is sent again and again. One per session; a new one replaces it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Loop {
    /// Eight characters.
    pub id: String,
    pub prompt: LoopPrompt,
    pub pace: Pace,
    pub started_at: Millis,
    pub expires_at: Millis,
    /// Runs so far, the one under way included.
    #[serde(default)]
    pub runs: u32,
    /// The prompt of the run under way.
    #[serde(default)]
    pub running: Option<u32>,
    /// When the next run is; none while one is under way that decides it.
    #[serde(default)]
    pub next_at: Option<Millis>,
    /// How far its timer has come, as `CronTask::plan`.
    #[serde(default)]
    pub plan: String,
    /// Why then, in the agent's words.
    #[serde(default)]
    pub reason: String,
    /// The next run is the one fallback: nobody asked for it.
    #[serde(default)]
    pub fallback: bool,
}

/// The agent asked to be woken, without a loop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Wakeup {
    pub at: Millis,
    pub reason: String,
    pub prompt: String,
    #[serde(default)]
    pub plan: String,
}

/// A program or a socket that an agent's bridge watches. It lives and dies with the agent's process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Monitor {
    /// Given by the bridge; for ever this monitor's.
    pub id: String,
    pub description: String,
    /// A command line or an address, as a person reads it.
    pub source: String,
    #[serde(default)]
    pub persistent: bool,
    pub started_at: Millis,
    /// When it ends by itself; none for a persistent one.
    #[serde(default)]
    pub deadline_at: Option<Millis>,
    /// Lines so far: the sequence number of the last one.
    #[serde(default)]
    #[specta(type = u32)]
    pub lines: u64,
    /// The last few of them.
    #[serde(default)]
    pub last_lines: Vec<String>,
}

/// What a session is to get to, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Goal {
    pub condition: String,
    /// A command of the user's that must succeed too.
    #[serde(default)]
    pub check: Option<String>,
    pub set_at: Millis,
    /// When an agent that was started after that was ready.
    #[serde(default)]
    pub ready_at: Option<Millis>,
    pub bounds: Bounds,
    pub phase: GoalPhase,
    /// Since when turns and hours are counted: set, or resumed with its session.
    pub counted_from: Millis,
    /// Turns since then.
    #[serde(default)]
    pub turns: u32,
    /// Turns in a row without a tool call.
    #[serde(default)]
    pub idle_turns: u32,
    /// Verdicts in a row with the same reason.
    #[serde(default)]
    pub same_reason: u32,
    /// How often it was put off by the same background work.
    #[serde(default)]
    pub check_ins: u32,
    /// Evaluations in a row that came to nothing.
    #[serde(default)]
    pub failures: u32,
    /// What evaluating has taken so far.
    #[serde(default)]
    pub spent: Spent,
    /// Which evaluator judged last: provider and model.
    #[serde(default)]
    pub evaluator: String,
    /// Oldest first; older ones go.
    #[serde(default)]
    pub verdicts: Vec<Verdict>,
    /// What is known against its wording, from when it was set.
    #[serde(default)]
    pub advice: Vec<String>,
}

impl Goal {
    /// Processes that began before are the agent itself and what it keeps, not its work for the goal.
    pub fn works_since(&self) -> Millis {
        self.ready_at.map_or(self.set_at, |ready| ready.max(self.set_at))
    }
}

/// Bounds that the supervisor enforces: those in the goal's own words, else the usual ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Bounds {
    pub turns: u32,
    #[specta(type = u32)]
    pub ms: u64,
    /// Nothing is evaluated or sent before.
    #[serde(default)]
    pub not_before: Option<Millis>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum GoalPhase {
    /// A turn is under way, or the next one of the user is waited for.
    Pursuing,
    /// Turn `n` has ended and is being judged. `after` is what its end made of the session.
    Judging {
        n: u32,
        after: Box<State>,
        since: Millis,
        /// Background work goes on, and it is time to judge all the same.
        #[serde(default)]
        check_in: bool,
    },
    /// Put off until `until` or until what it waits for is over: background work, or its own
    /// not-before time.
    Waiting { n: u32, after: Box<State>, until: Millis, why: String },
    /// Going on needs the user: a brake, an interrupt, an evaluator in trouble.
    Paused { why: String, at: Millis },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    Met,
    NotYet,
    Impossible,
}

/// One evaluation, with what it went by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    pub at: Millis,
    /// The turn, counted as in `Goal::turns`.
    pub turn: u32,
    pub judgement: Judgement,
    pub reason: String,
    /// What it went by: how the check ended and its last lines, the evaluator's quote.
    #[serde(default)]
    pub evidence: String,
    #[serde(default)]
    pub spent: Spent,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase", default)]
pub struct Spent {
    #[specta(type = u32)]
    pub tokens: u64,
    /// Millionths of a US dollar, where the evaluator's prices are known.
    #[specta(type = Option<u32>)]
    pub micros: Option<u64>,
}

/// A goal that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct EndedGoal {
    pub goal: Goal,
    pub at: Millis,
    pub how: GoalEnd,
    pub why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum GoalEnd {
    Met,
    Impossible,
    /// By the user or the agent.
    Cleared,
    Replaced,
    /// Sign-in, credit, context or model.
    Trouble,
}
