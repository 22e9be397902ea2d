//! A session: its data, its state and whether its process lives. Two axes, never mixed up.

use crate::choice::Choices;
use crate::enclosure::Enclosure;
use crate::id::SessionId;
use crate::lodging::{Leave, Lodging};
use crate::need::Need;
use crate::past::PastNeed;
use crate::pull_request::PullRequest;
use crate::standing::{GoalPhase, Origin, Standing};
use crate::time::Millis;
use crate::trouble::Trouble;
use crate::trust::Trust;
use crate::usage::Usage;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// What a session is doing, from the user's point of view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum State {
    /// Launched; no first sign of life yet.
    Starting,
    Working,
    /// At least one open need; the first is shown first.
    NeedsInput {
        needs: Vec<Need>,
    },
    /// Nothing asked of it (a turn was cancelled, or it was woken without a prompt).
    Idle,
    Completed {
        result: String,
    },
    Failed {
        error: String,
        /// What kept the agent from working, where it was not the work.
        #[serde(default)]
        trouble: Option<Trouble>,
    },
    /// Ended by the user.
    Stopped,
}

impl State {
    /// Failed at its work.
    pub fn failed(error: impl Into<String>) -> State {
        State::Failed { error: error.into(), trouble: None }
    }

    /// The state's name as evidence, golden files and logs print it.
    pub fn word(&self) -> &'static str {
        match self {
            State::Starting => "starting",
            State::Working => "working",
            State::NeedsInput { .. } => "needs_input",
            State::Idle => "idle",
            State::Completed { .. } => "completed",
            State::Failed { .. } => "failed",
            State::Stopped => "stopped",
        }
    }
}

/// Whether the session's host lives. Unknown is never treated as gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Liveness {
    /// The host and its child live; `pid` is the child's (the shell job or the agent).
    Alive {
        pid: u32,
        since: Millis,
    },
    Gone {
        since: Millis,
    },
    Unknown {
        why: String,
        /// What the user can do about it; empty where nothing is known.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        way_out: String,
        since: Millis,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum PromptState {
    /// Accepted from the user; not in the agent's journal yet.
    Queued,
    /// The journal holds it: the agent has it.
    Sent,
}

/// One prompt. `n` counts from 1 within the session and names its request on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Prompt {
    pub n: u32,
    pub text: String,
    pub state: PromptState,
    pub at: Millis,
    #[serde(default, skip_serializing_if = "Origin::is_user")]
    pub origin: Origin,
    /// What the agent is told beside it, marked as ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<String>,
    /// Files that go with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enclosures: Vec<Enclosure>,
}

impl Prompt {
    /// The user's words, not with the agent yet.
    pub fn of_user(n: u32, text: String, at: Millis) -> Prompt {
        let (state, enclosures) = (PromptState::Queued, Vec::new());
        Prompt { n, text, state, at, origin: Origin::User, beside: None, enclosures }
    }
}

/// How an agent is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum Surface {
    /// Over its protocol, shown as a conversation.
    #[default]
    Conversation,
    /// In its own terminal.
    Terminal,
}

impl Surface {
    pub fn other(self) -> Surface {
        match self {
            Surface::Conversation => Surface::Terminal,
            Surface::Terminal => Surface::Conversation,
        }
    }
}

/// What an agent session carries beyond a shell job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct AgentWork {
    /// Registry id: `rehearsal`, `claude`, `codex`, …
    pub agent: String,
    #[serde(default)]
    pub surface: Surface,
    pub model: Option<String>,
    pub permission_mode: Option<String>,
    /// The agent's own session id: the only way to resume it.
    pub agent_session_id: Option<String>,
    /// Prompts not yet finished: the one being worked on first, then those queued.
    pub prompts: Vec<Prompt>,
    /// Number of the next prompt.
    pub next_prompt: u32,
    /// Needs that were answered and whose answers the agent's journal does not hold yet.
    #[serde(default)]
    pub answers: Vec<Need>,
    /// The user wants it to go on by itself, once.
    #[serde(default)]
    pub continues: Option<Box<Continuation>>,
    #[serde(default)]
    pub usage: Option<Usage>,
    /// The prompt whose turn the user interrupted, until that turn has ended.
    #[serde(default)]
    #[specta(type = Option<u32>)]
    pub interrupts: Option<NonZeroU32>,
    /// What the user chose of its options while it went on.
    #[serde(default, skip_serializing_if = "Choices::is_untouched")]
    pub choices: Box<Choices>,
    /// What makes it go on by itself.
    #[serde(default, skip_serializing_if = "Standing::is_empty")]
    pub standing: Box<Standing>,
}

impl AgentWork {
    /// An agent's work that begins with this prompt.
    pub fn beginning(agent: String, first: Prompt) -> AgentWork {
        AgentWork {
            agent,
            model: None,
            permission_mode: None,
            surface: Surface::Conversation,
            agent_session_id: None,
            next_prompt: first.n + 1,
            prompts: vec![first],
            answers: Vec::new(),
            continues: None,
            usage: None,
            interrupts: None,
            choices: Box::default(),
            standing: Box::default(),
        }
    }

    /// An interrupt is over with the turn that it was meant for.
    pub(crate) fn forget_past_interrupt(&mut self) {
        let waits = |n: &NonZeroU32| self.prompts.iter().any(|p| p.n == n.get());
        self.interrupts = self.interrupts.filter(waits);
    }
}

/// What is sent, and when, after a usage limit: the user's own words at a time the user agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Continuation {
    pub at: Millis,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Work {
    Shell { command: String },
    Agent(AgentWork),
}

/// A run of a routine: nobody is there to be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Unattended {
    /// The routine's id, and its name when the run began.
    pub routine: String,
    pub name: String,
    /// The occurrence that this is the run of.
    pub occurrence: String,
    /// Rules of what it may do without a question.
    #[serde(default)]
    pub allow: Vec<String>,
    /// What no rule allows is put to the user; else it is denied and the turn goes on.
    #[serde(default)]
    pub asks: bool,
    /// What its worktree begins at, where the routine says so.
    #[serde(default)]
    pub base: Option<String>,
    /// What is run in its new worktree, where the routine says so.
    #[serde(default)]
    pub setup: Option<String>,
    /// The run is over: what it had set for itself is gone, and the session is its user's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over: bool,
    /// It did what it was for, without a problem: it has left the board by itself, and comes back when it goes on.
    #[serde(default)]
    pub archived: bool,
}

/// A state to come back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Before {
    pub state: State,
    pub since: Millis,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    pub id: SessionId,
    /// The full UUID; `id` is its beginning.
    pub session_id: String,
    pub name: String,
    /// A name the user gave is never replaced by one the agent suggests.
    pub named_by_user: bool,
    pub work: Work,
    /// The directory it was started in.
    pub cwd: String,
    /// Where an agent works; none for a shell job and for sessions older than worktrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lodging: Option<Lodging>,
    /// Whether its repository is trusted; none where that was not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<Box<Trust>>,
    /// There in runs of a routine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unattended: Option<Box<Unattended>>,
    /// What was asked first: the prompt or the command, shortened.
    pub first_prompt: String,
    pub created_at: Millis,
    pub state: State,
    pub state_since: Millis,
    pub liveness: Liveness,
    /// The user asked it to stop; its exit is then not a failure.
    #[serde(default)]
    pub stopping: bool,
    /// The user wants it off the board once it has ended, over the supervisor's end too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removing: Option<Leave>,
    /// Its process is being ended, to free memory or because it is of no use; the session is not.
    #[serde(default)]
    pub retiring: bool,
    /// Which process that is: its successor stays, even when the end of this one was never stored.
    #[serde(default)]
    pub going: Option<u32>,
    /// Restarts after unexpected ends since a turn last ended well.
    #[serde(default)]
    pub restarts: u32,
    /// Why the process that was restarted had ended, until the user was told.
    #[serde(default)]
    pub cut: Option<String>,
    /// What it was before its process was replaced by one of a newer version, until that is ready.
    #[serde(default)]
    pub renewing: Option<Before>,
    /// A shell job's end and last output were shown to somebody.
    #[serde(default)]
    pub end_seen: bool,
    pub pinned: bool,
    /// The row's one line: latest words, tool title, question or result.
    pub line: String,
    pub line_at: Millis,
    /// What came of its work, oldest first.
    #[serde(default)]
    pub pull_requests: Vec<PullRequest>,
    /// Requests that were open, the latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past_needs: Vec<PastNeed>,
    /// Exit code of the last process, once it has ended with one.
    #[serde(default)]
    pub exit_code: Option<i32>,
    /// Journal records up to this one have been taken into account.
    #[serde(default)]
    #[specta(type = u32)]
    pub journal_seq: u64,
}

impl Session {
    /// A session that has just been asked for: nothing of it lives yet.
    pub fn starting(
        id: SessionId,
        session_id: String,
        name: String,
        work: Work,
        cwd: String,
        asked: String,
        at: Millis,
    ) -> Session {
        Session {
            id,
            session_id,
            name,
            named_by_user: false,
            work,
            cwd,
            lodging: None,
            trust: None,
            unattended: None,
            line: asked.clone(),
            first_prompt: asked,
            created_at: at,
            state: State::Starting,
            state_since: at,
            liveness: Liveness::Gone { since: at },
            stopping: false,
            removing: None,
            retiring: false,
            restarts: 0,
            cut: None,
            renewing: None,
            going: None,
            end_seen: false,
            pinned: false,
            // The first words of the process may replace what was asked at once.
            line_at: Millis(0),
            pull_requests: Vec::new(),
            past_needs: Vec::new(),
            exit_code: None,
            journal_seq: 0,
        }
    }

    /// The directory its process works in.
    pub fn directory(&self) -> &str {
        let worktree = self.lodging.as_ref().and_then(Lodging::worktree);
        worktree.map_or(&self.cwd, |worktree| &worktree.directory)
    }

    pub fn agent(&self) -> Option<&AgentWork> {
        match &self.work {
            Work::Agent(agent) => Some(agent),
            Work::Shell { .. } => None,
        }
    }

    /// An agent in a terminal of its own.
    pub fn is_terminal_agent(&self) -> bool {
        self.agent().is_some_and(|agent| agent.surface == Surface::Terminal)
    }

    pub fn is_alive(&self) -> bool {
        matches!(self.liveness, Liveness::Alive { .. })
    }

    /// Its work is done, or given up: nothing is under way and nothing is asked of anybody.
    pub fn is_over(&self) -> bool {
        match self.state {
            State::Idle | State::Completed { .. } | State::Failed { .. } | State::Stopped => true,
            State::Starting | State::Working | State::NeedsInput { .. } => false,
        }
    }

    /// A finished agent whose process lives and from which nothing is wanted. One in a terminal is
    /// never that: somebody may be typing there.
    pub fn is_idle(&self) -> bool {
        let nothing_asked =
            self.agent().is_some_and(|agent| agent.prompts.is_empty() && agent.continues.is_none());
        let ending = self.stopping || self.retiring;
        let quiet = self.is_over() && nothing_asked && !self.is_terminal_agent();
        quiet && self.is_alive() && !ending && !self.holds_work()
    }

    /// Between turns: a prompt would start one at once, though its process may have to be started.
    pub fn takes_turn(&self) -> bool {
        let Some(agent) = self.agent() else { return false };
        let free = agent.prompts.is_empty() && !self.stopping;
        let rests = match &self.state {
            State::Idle | State::Completed { .. } => true,
            // A question that closed a turn holds nothing up: nobody may be there to answer it.
            State::NeedsInput { needs } => needs.iter().all(Need::closed_a_turn),
            State::Failed { trouble, .. } => !trouble.as_ref().is_some_and(Trouble::needs_somebody),
            State::Starting | State::Working | State::Stopped => false,
        };
        free && rests && !matches!(self.liveness, Liveness::Unknown { .. })
    }

    /// When something of its own makes it go on, the earliest; none while a turn is under way.
    pub fn next_due(&self) -> Option<Millis> {
        let standing = &self.agent()?.standing;
        if !self.takes_turn() {
            return None;
        }
        let goal = match standing.goal.as_ref().map(|goal| &goal.phase) {
            Some(GoalPhase::Waiting { until, .. }) => Some(*until),
            Some(GoalPhase::Pursuing | GoalPhase::Judging { .. } | GoalPhase::Paused { .. })
            | None => None,
        };
        let looping = standing.looping.as_ref().and_then(|looping| looping.next_at);
        let wakeup = standing.wakeup.as_ref().map(|wakeup| wakeup.at);
        let crons = standing.crons.iter().map(|task| task.fire_at);
        let due = crons.chain(looping).chain(wakeup).chain(goal).min()?;
        // A usage limit that ends by itself is waited for.
        let resets = match &self.state {
            State::Failed { trouble: Some(trouble), .. } => trouble.resets,
            State::Failed { .. }
            | State::Starting
            | State::Working
            | State::NeedsInput { .. }
            | State::Idle
            | State::Completed { .. }
            | State::Stopped => None,
        };
        Some(resets.map_or(due, |resets| due.max(resets)))
    }

    /// Its goal is being evaluated: it works without a turn.
    pub fn is_judging(&self) -> bool {
        let goal = self.agent().and_then(|agent| agent.standing.goal.as_ref());
        goal.is_some_and(|goal| matches!(goal.phase, GoalPhase::Judging { .. }))
    }

    /// Its goal waits for a time or for background work.
    pub fn waits_for_goal(&self) -> bool {
        let goal = self.agent().and_then(|agent| agent.standing.goal.as_ref());
        goal.is_some_and(|goal| matches!(goal.phase, GoalPhase::Waiting { .. }))
    }

    /// Something runs in the background that would end with its process.
    fn holds_work(&self) -> bool {
        let Some(agent) = self.agent() else { return false };
        !agent.standing.monitors.is_empty() || self.waits_for_goal()
    }

    /// It is held until the user says whether its repository is trusted.
    pub fn waits_for_trust(&self) -> bool {
        self.needs().iter().any(Need::asks_for_trust)
    }

    /// Why its agent takes up nothing of the repository; none where it is trusted.
    pub fn untrusted(&self) -> Option<&str> {
        self.trust.as_ref()?.untrusted.as_deref()
    }

    /// The open needs, or none.
    pub fn needs(&self) -> &[Need] {
        match &self.state {
            State::NeedsInput { needs } => needs,
            State::Starting
            | State::Working
            | State::Idle
            | State::Completed { .. }
            | State::Failed { .. }
            | State::Stopped => &[],
        }
    }
}
