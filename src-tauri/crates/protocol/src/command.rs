//! What a client may ask of the supervisor.

use crate::intake::IntakeAct;
use crate::notification::{Looking, NotificationAct};
use crate::permission::PermissionAct;
use crate::review::ReviewAct;
use crate::routine::RoutineAct;
use crate::standing::StandingAct;
use crate::trust::TrustAct;
use crate::worktree::WhichWorktree;
use nightshift_model::{Answer, Millis, NeedId, Surface, Wish};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Environment of the dispatching client. Values are handed to the session's process and never
/// stored or logged.
pub type Environment = BTreeMap<String, String>;

/// A new session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dispatch {
    pub work: DispatchWork,
    #[serde(default)]
    pub name: Option<String>,
    pub cwd: String,
    pub env: Environment,
    /// Ids of files that go with an agent's prompt, from `Enclose`.
    #[serde(default)]
    pub enclosures: Vec<String>,
    /// Where an agent shall work; nothing for a shell job, which stays where it is.
    #[serde(default)]
    pub worktree: Wish,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DispatchWork {
    /// Runs `command` with `sh -c` on a PTY.
    Shell { command: String },
    Agent {
        prompt: String,
        /// Registry id; none takes the default agent.
        #[serde(default)]
        agent: Option<String>,
        #[serde(default)]
        model: Option<String>,
        #[serde(default)]
        permission_mode: Option<String>,
    },
}

/// Sessions are named by id, unique id prefix or exact name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    Dispatch(Dispatch),
    /// One view; also how a prefix is resolved.
    Show {
        session: String,
    },
    List,
    /// `need` names the request that was on the screen of whoever answers, and `shown_ms` says for how
    /// long it was when the key went down: less than `ANSWER_AFTER_MS` answers nothing. An answer that
    /// names none is taken only while one is open that is not new.
    Answer {
        session: String,
        #[serde(default)]
        need: Option<NeedId>,
        answer: Answer,
        #[serde(default)]
        shown_ms: Option<u64>,
        /// Used when the answer is what lets the session's process start.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        env: Environment,
    },
    /// `env` is used when the agent's process has to be started again to take the reply.
    Reply {
        session: String,
        text: String,
        #[serde(default)]
        env: Environment,
        /// Ids of files that go with it, from `Enclose`.
        #[serde(default)]
        enclosures: Vec<String>,
    },
    /// Keeps a file that a dispatch or reply within a day will name; answered by `Enclosed`.
    Enclose {
        name: String,
        /// Base64; at most `ENCLOSED_MAX_BYTES` before that.
        data: String,
    },
    /// The bytes of a file that went with a prompt.
    ReadEnclosure {
        session: String,
        id: String,
    },
    Interrupt {
        session: String,
    },
    /// Answered when every process of the session is gone.
    Stop {
        session: String,
    },
    /// Starts an ended session again, with the client's environment. Answered when its process
    /// lives.
    Respawn {
        session: String,
        #[serde(default)]
        env: Environment,
    },
    /// Stops the session and takes it off the board, with its worktree. Work in that which is nowhere
    /// else (uncommitted changes, commits) keeps both, and the refusal says what it is: with `discard` it
    /// goes too and can be brought back, with `keep_worktree` the worktree stays without its session.
    Remove {
        session: String,
        #[serde(default)]
        discard: bool,
        #[serde(default)]
        keep_worktree: bool,
    },
    /// What is in the session's worktree and would keep it. Also by the id of a session that is gone
    /// and whose worktree is not.
    InspectWorktree {
        session: String,
    },
    /// How much disk one worktree takes, and what would keep it: `worktrees`, one by one.
    MeasureWorktree {
        which: WhichWorktree,
    },
    /// Removes the worktree of a session that is gone; of one on the board `remove` does.
    RemoveWorktree {
        id: String,
        #[serde(default)]
        discard: bool,
        #[serde(default)]
        env: Environment,
    },
    /// All worktrees, and those that can be brought back; counting their sizes takes its time.
    Worktrees {
        #[serde(default)]
        sizes: bool,
    },
    /// Removes worktrees without a session, as far as nothing in them would be lost, and ends what
    /// can no longer be brought back.
    CleanWorktrees,
    /// Brings back the worktree of the removed session or removal `id`.
    UndoRemove {
        id: String,
    },
    /// What the session's agent lets be chosen, as it told it last.
    Configuration {
        session: String,
    },
    /// Sets one of the agent's options, named as the agent names it or by its role (`mode`, `model`).
    /// Done once stored; the agent takes or refuses it as soon as its process can.
    Choose {
        session: String,
        option: String,
        value: String,
    },
    /// Goes on with the same conversation in the agent's own terminal, or back. Answered when the
    /// process that takes it over lives.
    Open {
        session: String,
        surface: Surface,
        #[serde(default)]
        env: Environment,
    },
    Rename {
        session: String,
        name: String,
    },
    Pin {
        session: String,
        pinned: bool,
    },
    /// Sends `text` (none: the word "continue") by itself once the usage limit is over.
    ContinueAtReset {
        session: String,
        #[serde(default)]
        text: Option<String>,
    },
    CancelContinue {
        session: String,
    },
    /// A page of the session's log, `offset` being 0 or the `next` of the page before.
    Logs {
        session: String,
        raw: bool,
        #[serde(default)]
        offset: u64,
        /// Only what came at this time or later; the same for every page.
        #[serde(default)]
        since: Option<Millis>,
    },
    /// The client has shown the end of this shell job to the user. Logs read to their end say so by
    /// themselves.
    Seen {
        session: String,
    },
    /// What runs in the background of one session, or of all.
    Tasks {
        #[serde(default)]
        session: Option<String>,
    },
    /// Answered when the task and everything below it is gone.
    StopTask {
        task: String,
    },
    /// Why the session is in its state.
    Why {
        session: String,
    },
    Attach {
        session: String,
    },
    /// Board snapshot, then numbered changes, as events of this request.
    FollowBoard,
    /// Conversation snapshot, then numbered changes, as events of this request.
    FollowConversation {
        session: String,
    },
    /// Ends the follow that request `follow` began.
    Unfollow {
        follow: u64,
    },
    /// The agent registry as detected with the client's own PATH.
    Agents {
        #[serde(default)]
        env: Environment,
    },
    /// What the session changed, and what becomes of it.
    Review {
        session: String,
        act: ReviewAct,
        /// For git's hooks, credentials and filters.
        #[serde(default)]
        env: Environment,
    },
    /// Work that goes on by itself. `env` is used when the agent's process has to be started.
    Standing {
        session: String,
        act: StandingAct,
        #[serde(default)]
        env: Environment,
    },
    /// What is told to the user outside of the board, and what became of it.
    Notifications {
        act: NotificationAct,
    },
    /// Repositories that are trusted, and what one would run.
    Trust {
        act: TrustAct,
        /// Where the caller's home and programs are.
        #[serde(default)]
        env: Environment,
    },
    /// What the user allowed or rejected for good.
    Permissions {
        act: PermissionAct,
    },
    /// Work that starts when nobody is there.
    Routines {
        act: RoutineAct,
    },
    /// What the process that takes events from outside asks. Nobody else may.
    Intake {
        act: IntakeAct,
    },
    /// What the user sees now; counts until the next such word of this client, or its end. `env` holds
    /// the client's variables that lead to the desktop.
    Presence {
        looking: Looking,
        #[serde(default)]
        env: Environment,
    },
    /// Nothing starts by schedule while they are paused; kept over restarts.
    PauseSchedules {
        paused: bool,
    },
    Status,
    /// Ends the supervisor; sessions go on only with `keep_workers`.
    Shutdown {
        keep_workers: bool,
    },
}

impl Command {
    /// Whether it changes nothing, so that it may be given again when nobody knows what became of it.
    pub fn only_reads(&self) -> bool {
        match self {
            Command::Show { .. }
            | Command::List
            | Command::ReadEnclosure { .. }
            | Command::InspectWorktree { .. }
            | Command::MeasureWorktree { .. }
            | Command::Worktrees { .. }
            | Command::Configuration { .. }
            | Command::Logs { .. }
            | Command::Tasks { .. }
            | Command::Why { .. }
            | Command::Attach { .. }
            | Command::FollowBoard
            | Command::FollowConversation { .. }
            | Command::Unfollow { .. }
            | Command::Agents { .. }
            | Command::Presence { .. }
            | Command::Status => true,
            Command::Routines { act: RoutineAct::Outside { act } } => act.only_reads(),
            Command::Routines { act } => {
                matches!(act, RoutineAct::List | RoutineAct::Show { .. } | RoutineAct::Runs { .. })
            }
            Command::Dispatch(_)
            | Command::Answer { .. }
            | Command::Reply { .. }
            | Command::Enclose { .. }
            | Command::Interrupt { .. }
            | Command::Stop { .. }
            | Command::Respawn { .. }
            | Command::Remove { .. }
            | Command::RemoveWorktree { .. }
            | Command::CleanWorktrees
            | Command::UndoRemove { .. }
            | Command::Choose { .. }
            | Command::Open { .. }
            | Command::Rename { .. }
            | Command::Pin { .. }
            | Command::ContinueAtReset { .. }
            | Command::CancelContinue { .. }
            | Command::Seen { .. }
            | Command::StopTask { .. }
            | Command::Review { .. }
            | Command::Standing { .. }
            | Command::Notifications { .. }
            | Command::Trust { .. }
            | Command::Permissions { .. }
            | Command::Intake { .. }
            | Command::PauseSchedules { .. }
            | Command::Shutdown { .. } => false,
        }
    }
}
