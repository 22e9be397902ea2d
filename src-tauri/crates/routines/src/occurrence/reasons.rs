//! Closed lists with their words: why an occurrence was skipped, why it was late, how a run failed.

use serde::{Deserialize, Serialize};

/// Why an occurrence did not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// The precheck command ended by itself and said that there is nothing to do (1 to 125).
    Precheck,
    PreviousRunning,
    /// Beyond `max_late`, or late at all where `missed = "skip"`.
    TooLate,
    /// A later due time runs for it (`missed = "once"`).
    Superseded,
    Paused,
    Disabled,
    /// `max_per_day` is used up.
    Cap,
    /// The routine's budget is used up.
    Budget,
    /// The agent's account is at its usage limit and the policy allows no further try.
    LimitReached,
    Filtered,
    /// The pull request comes from a fork.
    Fork,
    /// A run of ours caused the event.
    OwnEvent,
    /// Its author is not among those the trigger listens to.
    UntrustedAuthor,
    /// No supervisor ran, and `missed = "skip"`.
    SupervisorDown,
}

impl SkipReason {
    pub const ALL: [SkipReason; 14] = [
        SkipReason::Precheck,
        SkipReason::PreviousRunning,
        SkipReason::TooLate,
        SkipReason::Superseded,
        SkipReason::Paused,
        SkipReason::Disabled,
        SkipReason::Cap,
        SkipReason::Budget,
        SkipReason::LimitReached,
        SkipReason::Filtered,
        SkipReason::Fork,
        SkipReason::OwnEvent,
        SkipReason::UntrustedAuthor,
        SkipReason::SupervisorDown,
    ];

    /// To be put after "skipped: ".
    pub fn words(self) -> &'static str {
        match self {
            SkipReason::Precheck => "the precheck said that there is nothing to do",
            SkipReason::PreviousRunning => "the previous run was still going",
            SkipReason::TooLate => "it was too late for it",
            SkipReason::Superseded => "a later due time ran in its place",
            SkipReason::Paused => "the routine was paused",
            SkipReason::Disabled => "the routine was disabled",
            SkipReason::Cap => "the routine had all its runs of that day (max_per_day)",
            SkipReason::Budget => "the routine's budget was used up",
            SkipReason::LimitReached => "the agent's account had reached its usage limit",
            SkipReason::Filtered => "the trigger's filters do not match",
            SkipReason::Fork => "the pull request comes from a fork",
            SkipReason::OwnEvent => "a run of Nightshift caused it",
            SkipReason::UntrustedAuthor => "the trigger does not listen to its author",
            SkipReason::SupervisorDown => "no supervisor was running",
        }
    }
}

/// Why a due time was seen late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LateCause {
    Asleep,
    PoweredOff,
    SupervisorDown,
    ClockSet,
    ZoneChanged,
    /// A supervisor ran and did not look in time.
    Overloaded,
}

impl LateCause {
    /// To be put after "because ".
    pub fn words(self) -> &'static str {
        match self {
            LateCause::Asleep => "the machine slept",
            LateCause::PoweredOff => "the machine was off",
            LateCause::SupervisorDown => "no supervisor was running",
            LateCause::ClockSet => "the clock was set",
            LateCause::ZoneChanged => "the time zone was changed",
            LateCause::Overloaded => "the machine was too busy to look in time",
        }
    }
}

/// How a run failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorType {
    /// No sign of life in time.
    NoStart,
    /// The account's usage limit.
    Limit,
    /// The model's service is overloaded.
    Overloaded,
    /// There is no network, or the service cannot be reached.
    Offline,
    /// The agent is not installed, or not known.
    AgentMissing,
    /// The agent has to be signed in.
    SignedOut,
    RepositoryGone,
    /// The repository runs or widens something that the user has not allowed.
    NotTrusted,
    /// The target session does not exist, or takes no prompts.
    SessionGone,
    /// A secret or a connector that the definition names is not there.
    EnvironmentMissing,
    /// The setup command failed.
    SetupFailed,
    /// The precheck could not be run, or did not end by itself: it has not said whether there is anything to do.
    Precheck,
    /// The repository does not have what the run is to begin at.
    BaseGone,
    Deadline,
    /// Turns, time or cost of this run are used up.
    BudgetSpent,
    /// The agent's process ended in the middle.
    AgentDied,
    /// The agent told of an error.
    AgentError,
    /// The disk took nothing.
    Disk,
}

impl ErrorType {
    pub const ALL: [ErrorType; 18] = [
        ErrorType::NoStart,
        ErrorType::Limit,
        ErrorType::Overloaded,
        ErrorType::Offline,
        ErrorType::AgentMissing,
        ErrorType::SignedOut,
        ErrorType::RepositoryGone,
        ErrorType::NotTrusted,
        ErrorType::SessionGone,
        ErrorType::EnvironmentMissing,
        ErrorType::SetupFailed,
        ErrorType::Precheck,
        ErrorType::BaseGone,
        ErrorType::Deadline,
        ErrorType::BudgetSpent,
        ErrorType::AgentDied,
        ErrorType::AgentError,
        ErrorType::Disk,
    ];

    /// Whether another try, later, may go well without anybody's doing, and can do no harm twice. An agent that
    /// has been at work and died is no such case: what it did would be done again. A setup has a new worktree each
    /// time, and fails by the network more often than by itself.
    pub fn may_pass(self) -> bool {
        match self {
            ErrorType::NoStart | ErrorType::Limit | ErrorType::Overloaded => true,
            ErrorType::Offline | ErrorType::SetupFailed => true,
            ErrorType::AgentMissing
            | ErrorType::SignedOut
            | ErrorType::RepositoryGone
            | ErrorType::NotTrusted
            | ErrorType::SessionGone
            | ErrorType::EnvironmentMissing
            | ErrorType::Precheck
            | ErrorType::BaseGone
            | ErrorType::Deadline
            | ErrorType::BudgetSpent
            | ErrorType::AgentDied
            | ErrorType::AgentError
            | ErrorType::Disk => false,
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            ErrorType::NoStart => "the agent gave no sign of life",
            ErrorType::Limit => "the account's usage limit is reached",
            ErrorType::Overloaded => "the model's service is overloaded",
            ErrorType::Offline => "the model's service cannot be reached",
            ErrorType::AgentMissing => "the agent is not installed",
            ErrorType::SignedOut => "the agent is not signed in",
            ErrorType::RepositoryGone => "the repository is not there",
            ErrorType::NotTrusted => "the repository asks for more than you have allowed",
            ErrorType::SessionGone => "the target session takes no prompts",
            ErrorType::EnvironmentMissing => "a secret or a connector is not there",
            ErrorType::SetupFailed => "the setup command failed",
            ErrorType::Precheck => "the precheck could not be run to its end",
            ErrorType::BaseGone => "the repository does not have its base",
            ErrorType::Deadline => "the deadline passed",
            ErrorType::BudgetSpent => "the budget of the run was used up",
            ErrorType::AgentDied => "the agent's process ended",
            ErrorType::AgentError => "the agent told of an error",
            ErrorType::Disk => "the disk took nothing",
        }
    }
}
