//! One session as `--json` prints it: a contract that scripts rely on.

use nightshift_model::{
    Liveness, Lodging, Need, NeedKind, NeedOption, PullRequest, State, Trouble, TroubleKind, Usage,
};
use nightshift_protocol::standing::GoalState;
use nightshift_protocol::{SessionKind, SessionView, StandingSummary};
use serde::Serialize;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry<'a> {
    id: &'a str,
    session_id: &'a str,
    name: &'a str,
    kind: &'static str,
    /// `agent` or `shell`.
    template: &'static str,
    agent: Option<&'a str>,
    cwd: &'a str,
    /// Where an agent works: its worktree, or why it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    lodging: Option<&'a Lodging>,
    /// Why its agent takes up nothing of the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    untrusted: Option<&'a str>,
    /// Milliseconds since the Unix epoch.
    started_at: u64,
    state: &'static str,
    /// The process's axis, there while it lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_for: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<Pending<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    /// What kept the agent from working, where it was not the work.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<TroubleKind>,
    /// When that ends, in milliseconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    resets_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continue_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    /// Why the process can be called neither alive nor gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<&'a Usage>,
    line: &'a str,
    #[serde(skip_serializing_if = "<[PullRequest]>::is_empty")]
    pull_requests: &'a [PullRequest],
    pinned: bool,
    queued: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permission_mode: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pending<'a> {
    /// What `nightshift answer <session> --request <id>` takes.
    id: &'a str,
    kind: NeedKind,
    question: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'a str,
    /// In the order that `nightshift answer <id> <number>` counts from 1.
    options: &'a [NeedOption],
    /// Bytes of the request that are not in it; while there are any, no number allows it.
    #[serde(skip_serializing_if = "is_zero")]
    unshown_bytes: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_zero(bytes: &u32) -> bool {
    *bytes == 0
}

impl<'a> Entry<'a> {
    pub fn of(view: &'a SessionView) -> Entry<'a> {
        let need = open_need(view);
        let trouble = trouble(view);
        let (result, error) = match &view.state {
            State::Completed { result } => (Some(result.as_str()), None),
            State::Failed { error, .. } => (None, Some(error.as_str())),
            State::Starting
            | State::Working
            | State::NeedsInput { .. }
            | State::Idle
            | State::Stopped => (None, None),
        };
        let (pid, unknown) = match &view.liveness {
            Liveness::Alive { pid, .. } => (Some(*pid), None),
            Liveness::Gone { .. } => (None, None),
            Liveness::Unknown { why, .. } => (None, Some(why.as_str())),
        };
        Entry {
            id: &view.id,
            session_id: &view.session_id,
            name: &view.name,
            kind: "background",
            template: match view.kind {
                SessionKind::Agent => "agent",
                SessionKind::Shell => "shell",
            },
            agent: view.agent.as_deref(),
            cwd: &view.cwd,
            lodging: view.lodging.as_ref(),
            untrusted: view.untrusted.as_deref(),
            started_at: view.created_at.0,
            state: state_word(&view.state),
            pid,
            status: pid.map(|_| status_word(&view.state)),
            waiting_for: need.map(waiting_word),
            pending: need.map(Pending::of),
            result,
            error,
            trouble: trouble.map(|t| t.kind),
            resets_at: trouble.and_then(|t| t.resets).map(|at| at.0),
            continue_at: view.continue_at.map(|at| at.0),
            exit_code: view.exit_code,
            unknown,
            usage: view.usage.as_ref(),
            line: &view.line,
            pull_requests: &view.pull_requests,
            pinned: view.pinned,
            queued: view.queued,
            model: view.model.as_deref(),
            permission_mode: view.permission_mode.as_deref(),
        }
    }
}

impl<'a> Pending<'a> {
    pub fn of(need: &'a Need) -> Pending<'a> {
        let Need { id, kind, question, detail, options, unshown_bytes, .. } = need;
        let unshown_bytes = *unshown_bytes;
        Pending { id: &id.0, kind: *kind, question, detail, options, unshown_bytes }
    }
}

/// What kept the agent from working, where it was not the work.
pub fn trouble(view: &SessionView) -> Option<Trouble> {
    match &view.state {
        State::Failed { trouble, .. } => *trouble,
        State::Starting
        | State::Working
        | State::NeedsInput { .. }
        | State::Idle
        | State::Completed { .. }
        | State::Stopped => None,
    }
}

/// The request to answer next: one whose answer is on its way already waits for nobody.
pub fn open_need(view: &SessionView) -> Option<&Need> {
    match &view.state {
        State::NeedsInput { needs } => {
            needs.iter().find(|n| n.answered.is_none()).or_else(|| needs.first())
        }
        State::Starting
        | State::Working
        | State::Idle
        | State::Completed { .. }
        | State::Failed { .. }
        | State::Stopped => None,
    }
}

/// The question whether its repository is trusted: it is asked before the session starts, and stands in no
/// conversation.
pub fn trust_need(view: &SessionView) -> Option<&Need> {
    open_need(view).filter(|need| need.asks_for_trust() && need.answered.is_none())
}

/// All that the session asks and nobody has answered. What closed a turn is the agent's own words, which a
/// reply goes on from.
pub fn open_needs(view: &SessionView) -> Vec<&Need> {
    match &view.state {
        State::NeedsInput { needs } => {
            needs.iter().filter(|need| need.answered.is_none() && !need.closed_a_turn()).collect()
        }
        State::Starting
        | State::Working
        | State::Idle
        | State::Completed { .. }
        | State::Failed { .. }
        | State::Stopped => Vec::new(),
    }
}

pub fn state_word(state: &State) -> &'static str {
    match state {
        State::Starting | State::Working => "working",
        State::NeedsInput { .. } => "blocked",
        State::Idle | State::Completed { .. } => "done",
        State::Failed { .. } => "failed",
        State::Stopped => "stopped",
    }
}

fn status_word(state: &State) -> &'static str {
    match state {
        State::Starting | State::Working => "busy",
        State::NeedsInput { .. } => "waiting",
        State::Idle | State::Completed { .. } | State::Failed { .. } | State::Stopped => "idle",
    }
}

fn waiting_word(need: &Need) -> &'static str {
    match need.kind {
        NeedKind::Permission => "permission prompt",
        NeedKind::Question => "input needed",
    }
}

/// Whether nothing more comes of the session by itself: it has ended, or its agent is done and neither a
/// prompt, a goal, a loop, a task nor a monitor makes it go on.
pub fn is_over(view: &SessionView) -> bool {
    let done = match view.state {
        State::Completed { .. } | State::Failed { .. } | State::Stopped => true,
        State::Starting | State::Working | State::NeedsInput { .. } | State::Idle => false,
    };
    // A shell job is over with its process: that prints until it ends.
    let rests =
        view.kind == SessionKind::Agent && done && view.queued == 0 && view.continue_at.is_none();
    let by_itself = view.standing.as_ref().is_some_and(goes_on);
    matches!(view.state, State::Stopped) || (!by_itself && (has_ended(view) || rests))
}

fn goes_on(standing: &StandingSummary) -> bool {
    let pursues = standing.goal.as_ref().is_some_and(|goal| match goal.state {
        GoalState::Pursuing | GoalState::Judging | GoalState::Waiting => true,
        // It waits for the user, or is over.
        GoalState::Paused | GoalState::Met | GoalState::Impossible => false,
    });
    pursues
        || standing.looping.is_some()
        || standing.crons > 0
        || standing.wakeup_at.is_some()
        || standing.monitors > 0
}

/// Whether the session is over: its process is gone and nothing is asked of anybody.
pub fn has_ended(view: &SessionView) -> bool {
    let gone = matches!(view.liveness, Liveness::Gone { .. });
    let over = match view.state {
        State::Starting | State::Working | State::NeedsInput { .. } => false,
        State::Idle | State::Completed { .. } | State::Failed { .. } | State::Stopped => true,
    };
    gone && over
}
