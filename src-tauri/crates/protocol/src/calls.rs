//! What a client asks, each with the one kind of reply it has.
//!
//! Promise: who asks names no reply and handles no other kind; a supervisor that answers with another kind
//! does not keep the protocol, and that is said in one place.
//! Must not know: connections, how a command is carried out.

use crate::command::{Command, Dispatch, Environment};
use crate::configuration::Configuration as AgentConfiguration;
use crate::fault::{Fault, FaultCode};
use crate::intake::{IntakeAct, IntakeResult, OutsideAct, OutsideResult};
use crate::notification::{Looking, NotificationAct, Receipt};
use crate::permission::{PermissionAct, PermissionRule};
use crate::reply::{AttachTarget, DaemonStatus, LogPage, Reply as AnyReply};
use crate::review::{ReviewAct, ReviewResult};
use crate::routine::{
    RoutineAct, RoutineDetail, RoutineList, RoutineResult, RoutineView, RunPage, RunStarted,
};
use crate::standing::{StandingAct, StandingResult};
use crate::task::Task;
use crate::trust::{TrustAct, TrustedRepository};
use crate::view::{AgentView, SessionView};
use crate::worktree::{
    WhichWorktree, WorktreeFate, WorktreeList, WorktreeMeasure, WorktreeState, WorktreesCleaned,
};
use nightshift_model::{Answer as UserAnswer, Enclosure, Evidence, Millis, NeedId, Surface};

/// One command and what its reply holds.
pub trait Call {
    type Reply;
    fn command(self) -> Command;
    /// What the reply holds, or the reply where it is of another kind.
    fn reply(reply: AnyReply) -> Result<Self::Reply, Box<AnyReply>>;
}

/// The same from an answer as it comes over a connection.
pub fn typed<C: Call>(answer: Result<AnyReply, Fault>) -> Result<C::Reply, Fault> {
    C::reply(answer?).map_err(|other| unexpected(&other))
}

/// A reply of another kind than the command's own: the supervisor is of a strange build.
fn unexpected(reply: &AnyReply) -> Fault {
    let shown = format!("{reply:?}");
    let kind: String = shown.chars().take_while(|c| c.is_alphanumeric()).collect();
    Fault::new(FaultCode::Protocol, format!("the supervisor answered with `{kind}`")).hint(
        "run `nightshift daemon stop --any --keep-workers`; the next command starts a new one",
    )
}

/// A reply to a session, with what a command in its text (`/goal`, `/tasks`) answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Replied {
    pub view: SessionView,
    pub said: Option<String>,
}

/// A session that was taken off the board, or its worktree.
#[derive(Clone, Debug, PartialEq)]
pub struct Removed {
    pub id: String,
    /// What became of its worktree, if it had one.
    pub worktree: Option<WorktreeFate>,
}

/// A worktree that was brought back.
#[derive(Clone, Debug, PartialEq)]
pub struct Restored {
    pub id: String,
    pub path: String,
    pub branch: String,
}

fn view(reply: AnyReply) -> Result<SessionView, Box<AnyReply>> {
    match reply {
        AnyReply::Session { view } | AnyReply::Said { view, .. } => Ok(*view),
        other => Err(Box::new(other)),
    }
}

impl Call for Dispatch {
    type Reply = SessionView;

    fn command(self) -> Command {
        Command::Dispatch(self)
    }

    fn reply(reply: AnyReply) -> Result<SessionView, Box<AnyReply>> {
        view(reply)
    }
}

/// Each line: the command with its fields, what its reply holds, and how that is taken.
macro_rules! calls {
    ($($name:ident { $($field:ident: $type:ty),* } -> $reply:ty: $take:expr;)*) => {
        $(
            #[doc = concat!("See `Command::", stringify!($name), "`.")]
            #[derive(Clone, Debug, PartialEq)]
            pub struct $name { $(pub $field: $type),* }

            impl Call for $name {
                type Reply = $reply;

                fn command(self) -> Command {
                    let $name { $($field),* } = self;
                    Command::$name { $($field),* }
                }

                fn reply(reply: AnyReply) -> Result<$reply, Box<AnyReply>> {
                    let take: fn(AnyReply) -> Result<$reply, Box<AnyReply>> = $take;
                    take(reply)
                }
            }
        )*
    };
}

/// Takes a reply that has one shape.
macro_rules! as_shape {
    ($shape:pat => $value:expr) => {
        |reply| match reply {
            $shape => Ok($value),
            other => Err(Box::new(other)),
        }
    };
}

fn replied(reply: AnyReply) -> Result<Replied, Box<AnyReply>> {
    match reply {
        AnyReply::Session { view } => Ok(Replied { view: *view, said: None }),
        AnyReply::Said { view, text } => Ok(Replied { view: *view, said: Some(text) }),
        other => Err(Box::new(other)),
    }
}

calls! {
    Show { session: String } -> SessionView: view;
    List {  } -> Vec<SessionView>: as_shape!(AnyReply::Sessions { views } => views);
    Answer { session: String, need: Option<NeedId>, answer: UserAnswer, shown_ms: Option<u64>, env: Environment } -> SessionView: view;
    Reply { session: String, text: String, env: Environment, enclosures: Vec<String> } -> Replied: replied;
    Enclose { name: String, data: String } -> Enclosure: as_shape!(AnyReply::Enclosed(enclosure) => enclosure);
    ReadEnclosure { session: String, id: String } -> String: as_shape!(AnyReply::EnclosureData { data } => data);
    Interrupt { session: String } -> SessionView: view;
    Stop { session: String } -> SessionView: view;
    Respawn { session: String, env: Environment } -> SessionView: view;
    Choose { session: String, option: String, value: String } -> SessionView: view;
    Open { session: String, surface: Surface, env: Environment } -> SessionView: view;
    Rename { session: String, name: String } -> SessionView: view;
    Pin { session: String, pinned: bool } -> SessionView: view;
    ContinueAtReset { session: String, text: Option<String> } -> SessionView: view;
    CancelContinue { session: String } -> SessionView: view;
    Seen { session: String } -> SessionView: view;
    Remove { session: String, discard: bool, keep_worktree: bool } -> Removed: as_shape!(AnyReply::Removed { id, worktree } => Removed { id, worktree });
    RemoveWorktree { id: String, discard: bool, env: Environment } -> Removed: as_shape!(AnyReply::Removed { id, worktree } => Removed { id, worktree });
    InspectWorktree { session: String } -> WorktreeState: as_shape!(AnyReply::WorktreeState(state) => state);
    MeasureWorktree { which: WhichWorktree } -> WorktreeMeasure: as_shape!(AnyReply::WorktreeMeasure(measure) => measure);
    Worktrees { sizes: bool } -> WorktreeList: as_shape!(AnyReply::Worktrees(list) => list);
    CleanWorktrees {  } -> WorktreesCleaned: as_shape!(AnyReply::WorktreesCleaned(cleaned) => cleaned);
    UndoRemove { id: String } -> Restored: as_shape!(AnyReply::WorktreeRestored { id, path, branch } => Restored { id, path, branch });
    Configuration { session: String } -> AgentConfiguration: as_shape!(AnyReply::Configuration { configuration } => configuration);
    Logs { session: String, raw: bool, offset: u64, since: Option<Millis> } -> LogPage: as_shape!(AnyReply::Logs(page) => page);
    Tasks { session: Option<String> } -> Vec<Task>: as_shape!(AnyReply::Tasks { tasks } => tasks);
    StopTask { task: String } -> String: as_shape!(AnyReply::TaskStopped { id } => id);
    Why { session: String } -> Vec<Evidence>: as_shape!(AnyReply::Why { evidence } => evidence);
    Attach { session: String } -> AttachTarget: as_shape!(AnyReply::Attach { target } => target);
    Agents { env: Environment } -> Vec<AgentView>: as_shape!(AnyReply::Agents { agents } => agents);
    Review { session: String, act: ReviewAct, env: Environment } -> ReviewResult: as_shape!(AnyReply::Review { result } => *result);
    Standing { session: String, act: StandingAct, env: Environment } -> StandingResult: as_shape!(AnyReply::Standing { result } => *result);
    Notifications { act: NotificationAct } -> Vec<Receipt>: as_shape!(AnyReply::Receipts { receipts } => receipts);
    Presence { looking: Looking, env: Environment } -> (): as_shape!(AnyReply::Ok => ());
    Trust { act: TrustAct, env: Environment } -> Vec<TrustedRepository>: as_shape!(AnyReply::Trust { repositories } => repositories);
    Permissions { act: PermissionAct } -> Vec<PermissionRule>: as_shape!(AnyReply::Permissions { rules } => rules);
    Intake { act: IntakeAct } -> IntakeResult: as_shape!(AnyReply::Intake { result } => *result);
    PauseSchedules { paused: bool } -> (): as_shape!(AnyReply::Ok => ());
    Status {  } -> DaemonStatus: as_shape!(AnyReply::Status(status) => status);
    Shutdown { keep_workers: bool } -> (): as_shape!(AnyReply::Ok => ());
}

/// Each line: one of `RoutineAct` with its fields, and what its result holds.
macro_rules! routine_calls {
    ($($name:ident = $act:ident { $($field:ident: $type:ty),* } -> $reply:ty: $shape:pat => $value:expr;)*) => {
        $(
            #[doc = concat!("See `RoutineAct::", stringify!($act), "`.")]
            #[derive(Clone, Debug, PartialEq)]
            pub struct $name { $(pub $field: $type),* }

            impl Call for $name {
                type Reply = $reply;

                fn command(self) -> Command {
                    let $name { $($field),* } = self;
                    Command::Routines { act: RoutineAct::$act { $($field),* } }
                }

                fn reply(reply: AnyReply) -> Result<$reply, Box<AnyReply>> {
                    match reply {
                        AnyReply::Routines { result } => match *result {
                            $shape => Ok($value),
                            other => Err(Box::new(AnyReply::Routines { result: Box::new(other) })),
                        },
                        other => Err(Box::new(other)),
                    }
                }
            }
        )*
    };
}

routine_calls! {
    ListRoutines = List {} -> RoutineList: RoutineResult::Routines(list) => list;
    ShowRoutine = Show { routine: String } -> RoutineDetail: RoutineResult::Routine(detail) => *detail;
    CreateRoutine = Create { name: String, text: String } -> RoutineView: RoutineResult::Changed { routine } => *routine;
    EnableRoutine = Enable { routine: String } -> RoutineView: RoutineResult::Changed { routine } => *routine;
    DisableRoutine = Disable { routine: String } -> RoutineView: RoutineResult::Changed { routine } => *routine;
    PauseRoutine = Pause { routine: String, note: String } -> RoutineView: RoutineResult::Changed { routine } => *routine;
    ResumeRoutine = Resume { routine: String } -> RoutineView: RoutineResult::Changed { routine } => *routine;
    RunRoutine = Run { routine: String, text: Option<String> } -> RunStarted: RoutineResult::Started(started) => started;
    RoutineRuns = Runs { routine: String, before: Option<i64>, limit: u32 } -> RunPage: RoutineResult::Runs(page) => page;
    ReplayDelivery = Replay { delivery: String } -> RunStarted: RoutineResult::Started(started) => started;
    OutsideRoutines = Outside { act: OutsideAct } -> OutsideResult: RoutineResult::Outside { result } => *result;
    RemoveRoutine = Remove { routine: String } -> RemovedRoutine: RoutineResult::Removed { id, name } => RemovedRoutine { id, name };
}

/// A routine that is no more.
#[derive(Clone, Debug, PartialEq)]
pub struct RemovedRoutine {
    pub id: String,
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_of_another_kind_is_named() {
        let asked = Shutdown { keep_workers: true };
        assert_eq!(asked.clone().command(), Command::Shutdown { keep_workers: true });
        assert_eq!(typed::<Shutdown>(Ok(AnyReply::Ok)), Ok(()));
        let fault = typed::<Shutdown>(Ok(AnyReply::TaskStopped { id: "t1".into() })).unwrap_err();
        assert_eq!(fault.code, FaultCode::Protocol);
        assert!(fault.message.contains("`TaskStopped`"), "{fault}");
    }

    #[test]
    fn what_the_supervisor_says_is_not_hidden_by_the_kind() {
        let said = Fault::new(FaultCode::NotFound, "no session x");
        let show = typed::<Show>(Err(said.clone()));
        assert_eq!(show.unwrap_err(), said);
    }
}
