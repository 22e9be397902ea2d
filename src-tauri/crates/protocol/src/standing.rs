//! Work that goes on by itself, as clients and the agents' tool bridge ask for it and see it.
//!
//! Promise: every act names one session and is done when it is answered; `MonitorLines` may be sent
//! again after a lost connection and is taken once.

use nightshift_model::standing::{
    CronTask, EndedGoal, Goal, GoalEnd, GoalPhase, Loop, Monitor, Pace, Standing, Wakeup,
};
use nightshift_model::{Millis, Session};
use serde::{Deserialize, Serialize};

/// What to look at or to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum StandingAct {
    /// Everything that can wake the session.
    Show,
    /// The bridge of this session's agent was asked for its tools: the agent can call them.
    ToolsReady,
    CronCreate {
        cron: String,
        prompt: String,
        #[serde(default = "yes")]
        recurring: bool,
        #[serde(default)]
        durable: bool,
    },
    CronList,
    CronDelete {
        id: String,
    },
    /// `text` is what follows `/loop`: an interval and a prompt, each of which may be absent.
    LoopStart {
        #[serde(default)]
        text: String,
    },
    LoopStop,
    /// `delay_seconds` is clamped. Without a loop, `prompt` says what is sent then.
    ScheduleWakeup {
        delay_seconds: u32,
        #[serde(default)]
        reason: String,
        #[serde(default)]
        prompt: Option<String>,
        /// Ends the loop instead.
        #[serde(default)]
        stop: bool,
    },
    GoalSet {
        condition: String,
        /// Run by the supervisor after each turn, with the environment of the session.
        #[serde(default)]
        check: Option<String>,
    },
    GoalShow,
    GoalClear,
    /// Evaluates a paused goal again.
    GoalRetry,
    /// May the session's agent watch `command`, or the WebSocket at `url`? Answered when that is
    /// known, which may take the user.
    MonitorAsk {
        id: String,
        /// Empty where an address is asked about.
        command: String,
        #[serde(default)]
        url: Option<String>,
        /// Offered to the server at `url`.
        #[serde(default)]
        protocols: Vec<String>,
        description: String,
    },
    MonitorStarted {
        monitor: Monitor,
    },
    /// New lines, the first of them being number `first` (counted from 1 for each monitor). Lines
    /// that were told before are passed over.
    MonitorLines {
        id: String,
        #[specta(type = u32)]
        first: u64,
        lines: Vec<String>,
        /// How many lines after these were left out, because they came too fast.
        #[serde(default)]
        #[specta(type = u32)]
        left_out: u64,
    },
    /// It is over, or will never start; `why` in words for the agent and the user.
    MonitorEnded {
        id: String,
        why: String,
    },
    /// From the bridge whose monitors these are: answered when the user wants some of them to stop.
    MonitorStops {
        running: Vec<String>,
    },
    /// A native notification, and the channels that are set up.
    Push {
        message: String,
    },
}

fn yes() -> bool {
    true
}

/// What an act gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum StandingResult {
    All(Box<StandingView>),
    CronCreated(CronCreated),
    Crons {
        tasks: Vec<CronView>,
    },
    Loop(LoopStarted),
    Wakeup(WakeupScheduled),
    Goal(Box<GoalView>),
    Push(PushResult),
    /// Whether a monitor's command may run, and why.
    MonitorAnswer {
        allowed: bool,
        why: String,
    },
    /// Monitors that the user wants to stop.
    MonitorStops {
        ids: Vec<String>,
    },
    Done,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct CronCreated {
    pub id: String,
    pub human_schedule: String,
    pub recurring: bool,
    pub next_fire_at: Millis,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct CronView {
    #[serde(flatten)]
    pub task: CronTask,
    pub human_schedule: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct LoopStarted {
    #[serde(rename = "loop")]
    pub looping: Loop,
    /// What was understood and rounded, in words.
    pub words: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct WakeupScheduled {
    /// None when the loop was stopped.
    pub scheduled_for: Option<Millis>,
    pub clamped_delay_seconds: u32,
    pub was_clamped: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct GoalView {
    /// None when no goal is set.
    #[serde(default)]
    pub goal: Option<Goal>,
    #[serde(default)]
    pub last: Option<EndedGoal>,
    /// All of it in words, as `/goal` answers.
    pub words: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct PushResult {
    pub push_sent: bool,
    pub local_sent: bool,
    #[serde(default)]
    pub disabled_reason: Option<String>,
}

/// Everything that can wake one session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase", default)]
pub struct StandingView {
    pub goal: Option<Goal>,
    pub last_goal: Option<EndedGoal>,
    #[serde(rename = "loop")]
    pub looping: Option<Loop>,
    pub crons: Vec<CronView>,
    pub wakeup: Option<Wakeup>,
    pub monitors: Vec<Monitor>,
    /// Cron tasks and loops are turned off by the environment of the supervisor.
    pub cron_disabled: bool,
}

/// What keeps a session going, for its row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase", default)]
pub struct StandingSummary {
    pub goal: Option<GoalSummary>,
    #[serde(rename = "loop")]
    pub looping: Option<LoopSummary>,
    pub crons: u32,
    /// When the next cron task fires.
    pub next_cron_at: Option<Millis>,
    pub wakeup_at: Option<Millis>,
    pub monitors: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct GoalSummary {
    pub condition: String,
    pub set_at: Millis,
    pub turns: u32,
    pub state: GoalState,
    /// Why it waits or is paused, else why it is not met yet; may be empty.
    pub why: String,
    /// When it goes on by itself, while it waits.
    #[serde(default)]
    pub until: Option<Millis>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum GoalState {
    Pursuing,
    Judging,
    Waiting,
    Paused,
    /// Over: the last goal, while no other is set.
    Met,
    Impossible,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct LoopSummary {
    /// Runs so far, the one under way included.
    pub runs: u32,
    #[serde(default)]
    pub next_at: Option<Millis>,
    pub self_paced: bool,
    /// Why the next run is then; may be empty.
    pub reason: String,
}

impl StandingSummary {
    /// None when nothing keeps the session going.
    pub fn of(session: &Session) -> Option<StandingSummary> {
        let standing = &session.agent()?.standing;
        let ended = |last: &EndedGoal| GoalSummary::ended(last);
        let goal = standing.goal.as_ref().map(GoalSummary::of);
        let summary = StandingSummary {
            goal: goal.or_else(|| standing.last_goal.as_ref().and_then(ended)),
            looping: standing.looping.as_ref().map(LoopSummary::of),
            crons: count(standing.crons.len()),
            next_cron_at: standing.crons.iter().map(|task| task.fire_at).min(),
            wakeup_at: standing.wakeup.as_ref().map(|wakeup| wakeup.at),
            monitors: count(standing.monitors.len()),
        };
        (summary != StandingSummary::default()).then_some(summary)
    }
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

impl GoalSummary {
    fn of(goal: &Goal) -> GoalSummary {
        let last = || goal.verdicts.last().map(|v| v.reason.clone()).unwrap_or_default();
        let (state, why, until) = match &goal.phase {
            GoalPhase::Pursuing => (GoalState::Pursuing, last(), None),
            GoalPhase::Judging { .. } => (GoalState::Judging, last(), None),
            GoalPhase::Waiting { until, why, .. } => {
                (GoalState::Waiting, why.clone(), Some(*until))
            }
            GoalPhase::Paused { why, .. } => (GoalState::Paused, why.clone(), None),
        };
        let Goal { condition, set_at, turns, .. } = goal.clone();
        GoalSummary { condition, set_at, turns, state, why, until }
    }

    fn ended(last: &EndedGoal) -> Option<GoalSummary> {
        let state = match last.how {
            GoalEnd::Met => GoalState::Met,
            GoalEnd::Impossible => GoalState::Impossible,
            GoalEnd::Cleared | GoalEnd::Replaced | GoalEnd::Trouble => return None,
        };
        Some(GoalSummary {
            state,
            why: last.why.clone(),
            until: None,
            ..GoalSummary::of(&last.goal)
        })
    }
}

impl LoopSummary {
    fn of(looping: &Loop) -> LoopSummary {
        LoopSummary {
            runs: looping.runs,
            next_at: looping.next_at,
            self_paced: matches!(looping.pace, Pace::SelfPaced),
            reason: looping.reason.clone(),
        }
    }
}

impl StandingView {
    /// `words` gives a cron expression as people read it.
    pub fn of(standing: &Standing, words: impl Fn(&str) -> String) -> StandingView {
        let view =
            |task: &CronTask| CronView { human_schedule: words(&task.cron), task: task.clone() };
        StandingView {
            goal: standing.goal.clone(),
            last_goal: standing.last_goal.clone(),
            looping: standing.looping.clone(),
            crons: standing.crons.iter().map(view).collect(),
            wakeup: standing.wakeup.clone(),
            monitors: standing.monitors.clone(),
            cron_disabled: false,
        }
    }
}
