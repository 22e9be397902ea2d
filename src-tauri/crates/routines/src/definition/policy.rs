//! `[policy]`, `[permissions]` and `[outcome]`: when and how often, what is allowed, what counts as done.

use super::fields::Fields;
use super::limits::{
    BUDGET_MINUTES_MAX, BUDGET_TURNS_MAX, BUDGET_USD_MAX, COMMAND_MAX_CHARS, DEADLINE_DEFAULT_MS,
    DEADLINE_MAX_MS, DEADLINE_MIN_MS, GOAL_MAX_CHARS, MAX_LATE_MAX_MS, MAX_LATE_MIN_MS,
    PER_DAY_DEFAULT, PER_DAY_MAX, RETRIES_DEFAULT, RETRIES_MAX, RULE_MAX_CHARS, RULES_MAX,
};
use super::trigger::length;
use serde::{Deserialize, Serialize};

/// What becomes of due times at which nothing could run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    Skip,
    /// The latest of them runs, for all.
    Once,
    All,
}

/// What becomes of an occurrence while another one of the same key runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    Skip,
    Queue,
    /// The running one ends.
    Cancel,
    Allow,
}

/// Occurrences with the same key overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Per {
    #[serde(rename = "routine")]
    Routine,
    #[serde(rename = "repository")]
    Repository,
    #[serde(rename = "repository#pr")]
    PullRequest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Jitter {
    /// By the routine's id: the same for ever.
    Auto,
    None,
}

/// Of one run. None: no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    pub turns: Option<u32>,
    pub minutes: Option<u32>,
    /// Millionths of a US dollar.
    pub usd_micros: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    pub missed: Missed,
    /// What is later than this does not run any more. None: however late.
    pub max_late_ms: Option<i64>,
    pub overlap: Overlap,
    pub per: Per,
    /// Of the whole run.
    pub deadline_ms: i64,
    pub jitter: Jitter,
    /// After the first try.
    pub retries: u32,
    /// Runs that may start on one day of the routine's zone; `at` and runs by hand do not count.
    pub max_per_day: u32,
    pub budget: Budget,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            missed: Missed::Once,
            max_late_ms: None,
            overlap: Overlap::Skip,
            per: Per::Routine,
            deadline_ms: DEADLINE_DEFAULT_MS,
            jitter: Jitter::Auto,
            retries: RETRIES_DEFAULT,
            max_per_day: PER_DAY_DEFAULT,
            budget: Budget::default(),
        }
    }
}

/// What happens with a request that no rule allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// It is denied, the turn goes on, the denial stands in the run.
    #[default]
    Deny,
    /// The run needs input.
    Ask,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// Rules in the agent's own form, else ours.
    pub allow: Vec<String>,
    pub otherwise: Otherwise,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notify {
    Always,
    #[default]
    Problems,
    Never,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Judged from the transcript. None: a run that ends is not judged.
    pub goal: Option<String>,
    /// A shell command whose exit code and last lines join the evidence.
    pub check: Option<String>,
    pub notify: Notify,
}

pub(super) const MISSED: [(&str, Missed); 3] =
    [("skip", Missed::Skip), ("once", Missed::Once), ("all", Missed::All)];
pub(super) const OVERLAP: [(&str, Overlap); 4] = [
    ("skip", Overlap::Skip),
    ("queue", Overlap::Queue),
    ("cancel", Overlap::Cancel),
    ("allow", Overlap::Allow),
];
pub(super) const PER: [(&str, Per); 3] = [
    ("routine", Per::Routine),
    ("repository", Per::Repository),
    ("repository#pr", Per::PullRequest),
];
pub(super) const JITTER: [(&str, Jitter); 2] = [("auto", Jitter::Auto), ("none", Jitter::None)];
pub(super) const OTHERWISE: [(&str, Otherwise); 2] =
    [("deny", Otherwise::Deny), ("ask", Otherwise::Ask)];
pub(super) const NOTIFY: [(&str, Notify); 3] =
    [("always", Notify::Always), ("problems", Notify::Problems), ("never", Notify::Never)];

/// What stands in every refusal of a confinement that this version cannot enforce.
pub(super) const NEEDS_SANDBOX: &str = "needs the sandbox, which this version does not have";

pub(super) fn policy(root: &Fields<'_>) -> Policy {
    let mut policy = Policy::default();
    let Some(fields) = root.table("policy") else { return policy };
    policy.missed = fields.word("missed", &MISSED).unwrap_or(policy.missed);
    if fields.item("max_late").is_some() {
        policy.max_late_ms = length(&fields, "max_late", MAX_LATE_MIN_MS, MAX_LATE_MAX_MS);
    }
    policy.overlap = fields.word("overlap", &OVERLAP).unwrap_or(policy.overlap);
    policy.per = fields.word("per", &PER).unwrap_or(policy.per);
    if fields.item("deadline").is_some() {
        let deadline_ms = length(&fields, "deadline", DEADLINE_MIN_MS, DEADLINE_MAX_MS);
        policy.deadline_ms = deadline_ms.unwrap_or(policy.deadline_ms);
    }
    policy.jitter = fields.word("jitter", &JITTER).unwrap_or(policy.jitter);
    policy.retries = fields.whole("retries", 0..=RETRIES_MAX).unwrap_or(policy.retries);
    policy.max_per_day = fields.whole("max_per_day", 1..=PER_DAY_MAX).unwrap_or(policy.max_per_day);
    if let Some(budget) = fields.table("budget") {
        policy.budget = read_budget(&budget);
    }
    fields.done();
    policy
}

fn read_budget(fields: &Fields<'_>) -> Budget {
    let usd = fields.number("usd").and_then(|usd| {
        // A millionth is the least that is counted; what is not a number is not within either.
        let fits = (0.000_001..=BUDGET_USD_MAX).contains(&usd.value);
        if !fits {
            let message =
                format!("`policy.budget.usd` must be more than 0 and at most {BUDGET_USD_MAX}");
            fields.say(&usd.span, message);
        }
        fits.then(|| (usd.value * 1e6).round() as u64)
    });
    let budget = Budget {
        turns: fields.whole("turns", 1..=BUDGET_TURNS_MAX),
        minutes: fields.whole("minutes", 1..=BUDGET_MINUTES_MAX),
        usd_micros: usd,
    };
    fields.done();
    budget
}

pub(super) fn permissions(root: &Fields<'_>) -> Permissions {
    let mut permissions = Permissions::default();
    let Some(fields) = root.table("permissions") else { return permissions };
    let allow = fields.texts("allow", RULES_MAX, RULE_MAX_CHARS).unwrap_or_default();
    permissions.allow = allow.into_iter().map(|rule| rule.value).collect();
    permissions.otherwise = fields.word("otherwise", &OTHERWISE).unwrap_or_default();
    if fields.item("push").is_some() {
        let message = format!(
            "`permissions.push` {NEEDS_SANDBOX}; remove it, and allow `git push` by a rule of `permissions.allow` if \
             runs may push anywhere"
        );
        fields.say(&fields.key_span("push"), message);
    }
    fields.done();
    permissions
}

pub(super) fn outcome(root: &Fields<'_>) -> Outcome {
    let Some(fields) = root.table("outcome") else { return Outcome::default() };
    let outcome = Outcome {
        goal: fields.text("goal", GOAL_MAX_CHARS).map(|goal| goal.value),
        check: fields.text("check", COMMAND_MAX_CHARS).map(|check| check.value),
        notify: fields.word("notify", &NOTIFY).unwrap_or_default(),
    };
    fields.done();
    outcome
}
