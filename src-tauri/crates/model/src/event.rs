//! Everything that can happen to a session, and what the supervisor must then do.

use crate::id::NeedId;
use crate::lodging::Lodging;
use crate::need::{Answer, Need};
use crate::time::Millis;
use crate::trouble::Trouble;
use crate::usage::Usage;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Command(Command),
    Fact(Fact),
}

/// What the user asks of an existing session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Reply {
        text: String,
    },
    /// `need` names the request that the user saw; none means the first open one.
    Answer {
        need: Option<NeedId>,
        answer: Answer,
    },
    /// End the current turn, keep the session.
    Interrupt,
    Stop,
    /// Start the process again, without a prompt.
    Respawn,
    Rename {
        name: String,
    },
    Pin {
        pinned: bool,
    },
    /// The end of a shell job and its last output were shown to the user.
    Seen,
    /// Send `text` at `at`, once the usage limit that stopped it is over.
    ContinueAtReset {
        at: Millis,
        text: String,
    },
    CancelContinue,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    /// What the process printed last (the tail of stderr for agents), for the error shown.
    pub last_words: String,
}

/// How a turn ended, as the protocol says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TurnOutcome {
    /// The agent stopped by itself; `stop_reason` as the protocol names it.
    Finished {
        stop_reason: String,
        last_text: String,
    },
    Cancelled,
    Error {
        message: String,
        trouble: Option<Trouble>,
    },
}

/// What was seen of a session's host or agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The host runs and its child has started.
    Launched {
        pid: u32,
    },
    LaunchFailed {
        error: String,
    },
    /// The agent answered `session/new`, `load` or `resume`.
    AgentReady {
        agent_session_id: String,
    },
    /// The agent cannot serve the session (handshake refused, sign-in needed).
    AgentRefused {
        error: String,
        trouble: Option<Trouble>,
    },
    /// The journal holds prompt `n`.
    PromptSent {
        n: u32,
    },
    NeedOpened {
        need: Need,
    },
    /// Answered, or withdrawn by the agent.
    NeedClosed {
        id: NeedId,
    },
    TurnEnded {
        n: u32,
        outcome: TurnOutcome,
    },
    /// The agent's latest words, a tool's title, or a shell job's last line.
    Progress {
        line: String,
    },
    /// It has rested long enough: its process may go to free memory.
    Rested,
    /// Memory is short and it has nothing to do: its process may go, pinned or not.
    Shed,
    /// Its process is of the older version `from` and has nothing to do: it may be replaced.
    Outdated {
        from: String,
    },
    /// The time has come that the user chose with `ContinueAtReset`.
    ContinueDue,
    /// What the session has used, told with the end of a turn.
    Used {
        usage: Usage,
    },
    /// Where it works has been decided, or its worktree is ready.
    Lodged {
        lodging: Lodging,
    },
    /// Files of the main checkout are other than before its turn.
    CheckoutChanged {
        files: Vec<String>,
    },
    /// The agent suggests a title.
    Titled {
        title: String,
    },
    Exited {
        exit: Exit,
    },
    /// The host is gone and left no exit record.
    HostLost {
        cause: String,
    },
    /// The host can be neither reached nor proved dead.
    HostUnknown {
        why: String,
    },
}

/// What must now be done. Each may run twice with the same result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Start a host for this session (again).
    Launch,
    /// The same after a pause that grows with the restarts so far.
    Relaunch,
    /// Hand over what the agent does not have yet: prompts and answers.
    Deliver,
    /// Ask the agent to cancel its turn.
    Cancel,
    /// Ask, grace, kill everything under the host.
    StopHost,
}
