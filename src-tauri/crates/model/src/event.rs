//! Everything that can happen to a session, and what the supervisor must then do.

use crate::choice::OptionRole;
use crate::enclosure::Enclosure;
use crate::evidence::Source;
use crate::id::NeedId;
use crate::lodging::{Leave, Lodging};
use crate::need::{Answer, Need};
use crate::pull_request::PullState;
use crate::session::Surface;
use crate::standing::{CronTask, Goal, Loop, Monitor, Spent, Verdict, Wakeup};
use crate::time::Millis;
use crate::trouble::Trouble;
use crate::trust::Trust;
use crate::usage::Usage;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Command(Command),
    /// The same, asked for by the session's own agent and not by the user.
    Own(Command),
    Fact(Fact),
}

/// What the user asks of an existing session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Reply {
        text: String,
        enclosures: Vec<Enclosure>,
    },
    /// `need` names the request that the user saw, `shown_ms` says for how long it was on the screen.
    /// None means the only one that is open, if that is not new.
    Answer {
        need: Option<NeedId>,
        answer: Answer,
        shown_ms: Option<u64>,
    },
    /// End the current turn, keep the session.
    Interrupt,
    Stop,
    /// The same where its host stands still: it ends when that goes on.
    StopLater,
    /// It goes off the board once it has ended; none: it stays after all.
    Remove {
        leave: Option<Leave>,
    },
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
    /// A run of a routine has done what it was for: its row leaves the board.
    Archive,
    /// Send `text` at `at`, once the usage limit that stopped it is over.
    ContinueAtReset {
        at: Millis,
        text: String,
    },
    CancelContinue,
    CronCreate {
        task: Box<CronTask>,
    },
    CronDelete {
        id: String,
    },
    /// Its first run is at its `next_at`.
    LoopStart {
        looping: Box<Loop>,
    },
    LoopStop,
    /// When the loop goes on; without a loop, a wake-up of its own.
    Wake {
        wakeup: Wakeup,
    },
    GoalSet {
        goal: Box<Goal>,
    },
    GoalClear,
    /// Evaluate a paused goal again, or go on with it.
    GoalRetry,
    /// One of the agent's options shall have this value from now on.
    Choose {
        option: String,
        value: String,
    },
    /// Goes on as another agent's session: the same conversation in a terminal, or back.
    Open {
        agent: String,
        surface: Surface,
        permission_mode: Option<String>,
    },
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
    /// A request that a rule of the user's answers at once.
    NeedDecided {
        need: Need,
        why: String,
    },
    /// One of our own tools was allowed without asking the user.
    OwnToolAllowed {
        tool: String,
        why: String,
    },
    /// Something worth knowing that moves nothing.
    Noted {
        source: Source,
        text: String,
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
    /// The run of a routine that it was is over: what the run set for itself ends with it.
    RunEnded,
    /// Memory is short and it has nothing to do: its process may go, pinned or not.
    Shed,
    /// Its process is of the older version `from` and has nothing to do: it may be replaced.
    Outdated {
        from: String,
    },
    /// The time has come that the user chose with `ContinueAtReset`.
    ContinueDue,
    /// Told by something other than the agent's protocol, which evidence then names.
    Told {
        by: Source,
        fact: Box<Fact>,
    },
    /// A terminal agent began a turn; what was asked, where that is known.
    TurnBegan {
        text: String,
    },
    /// A terminal agent ended a turn with these words, or waits for what is entered.
    TurnStopped {
        last_text: Option<String>,
        /// Why it could not work, where that ended it.
        failure: Option<(String, Option<Trouble>)>,
    },
    /// The keys that interrupt a terminal agent were pressed.
    InterruptSent,
    /// What the session has used, told with the end of a turn.
    Used {
        usage: Usage,
    },
    /// Where it works has been decided, or its worktree is ready.
    Lodged {
        lodging: Lodging,
    },
    /// Its repository brings along what the user has not trusted: nothing was started.
    TrustAsked {
        trust: Box<Trust>,
        need: Need,
    },
    /// How its agent starts, by what is trusted.
    TrustSettled {
        trust: Box<Trust>,
    },
    /// Files of the main checkout are other than before its turn.
    CheckoutChanged {
        files: Vec<String>,
    },
    /// There is a pull request of its work: the agent's tool or the user opened or found it.
    PullRequestOpened {
        url: String,
        by: Source,
    },
    /// A pull request's forge said how far it is.
    PullRequestSeen {
        url: String,
        state: PullState,
    },
    /// The agent's bridge was asked for tools: the agent can call them.
    ToolsReady,
    /// The time of a cron task, a loop or a wake-up has come, or its schedule has moved on.
    TimerFired {
        fired: Box<TimerFired>,
    },
    /// Turn `n` was judged.
    Judged {
        n: u32,
        judged: Box<Judged>,
    },
    /// An evaluator doubts the goal that was set at this time.
    Advised {
        set_at: Millis,
        advice: String,
    },
    /// How turn `n` ended, which its last words left open.
    Settled {
        n: u32,
        settled: Box<Settled>,
    },
    /// Background work goes on after turn `n`: judging waits.
    GoalWaits {
        n: u32,
        why: String,
    },
    /// What the goal waited for is over, or its time has come.
    GoalDue {
        /// It is over, not only time for a look.
        over: bool,
    },
    MonitorStarted {
        monitor: Box<Monitor>,
    },
    /// `first` counts lines from 1.
    MonitorLines {
        id: String,
        first: u64,
        lines: Vec<String>,
        left_out: u64,
    },
    MonitorEnded {
        id: String,
        why: String,
    },
    /// The supervisor says something in the conversation.
    Remarked {
        text: String,
        warns: bool,
    },
    /// The agent goes by choice `n`.
    Chosen {
        n: u32,
        role: OptionRole,
        option: String,
        value: String,
    },
    /// The agent does not go by choice `n`.
    ChoiceRefused {
        n: u32,
        error: String,
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
        /// What the user can do about it; empty where nothing is known.
        way_out: String,
    },
}

/// What a look at the clock made of one timer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimerFired {
    pub what: Timer,
    /// The schedule that this follows from: another one has been told meanwhile.
    pub before: String,
    /// How far it has come now.
    pub plan: String,
    /// The next occurrence and when it is delivered; none when it is over.
    pub next: Option<(Millis, Millis)>,
    pub run: Option<Run>,
    /// Occurrences that were not run and never will be, in words.
    pub skipped: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Timer {
    Cron { id: String },
    Loop,
    Wakeup,
}

/// One run that is delivered now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    pub text: String,
    /// What the agent is told beside it.
    pub beside: Option<String>,
    /// Why it is late and what it stands for, in words; may be empty.
    pub notes: String,
    /// It was the last one.
    pub last: bool,
    /// Its text is a command that the supervisor answers itself: there is no turn.
    pub display: bool,
}

/// How an evaluator reads the end of a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Provider and model.
    pub by: String,
    pub end: TurnEnd,
    /// The result, question or error in one line.
    pub line: String,
    /// The last words that it read.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnEnd {
    Done,
    NeedsInput,
    Failed,
}

/// What came of an evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    pub evaluator: String,
    pub spent: Spent,
    /// The turn called a tool.
    pub used_tools: bool,
    pub outcome: JudgedOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JudgedOutcome {
    /// `spent` and `turn` of the verdict are filled in.
    Verdict(Verdict),
    /// Nothing will change unless somebody does something.
    Hopeless { why: String },
    /// It may be over by itself.
    Passing { why: String },
    /// Somebody has to look at it.
    Failed { why: String },
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
    /// Evaluate the goal against the turn that has ended.
    Judge,
    /// Ask, grace, kill everything under the host.
    StopHost,
}
