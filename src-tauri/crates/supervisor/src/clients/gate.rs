//! Who may ask for what. The user may all; what runs in a session may what its tool bridge needs, for
//! that session alone; what cannot be told apart may nothing but look.
//!
//! Promise: what is not named here is the user's. Must not know: how commands are carried out.

use crate::clients::ConnId;
use crate::limits::TRY_PAUSE;
use nightshift_host::kin::Caller;
use nightshift_model::SessionId;
use nightshift_platform::clock;
use nightshift_protocol::{Command, Environment, Fault, FaultCode, StandingAct};
use std::collections::BTreeMap;
use std::time::Duration;

/// Connections that are not the user's, and what was refused lately.
#[derive(Default)]
pub struct Gate {
    callers: BTreeMap<ConnId, Caller>,
    /// When (monotonic) it was last told that this was tried, by whom.
    told: BTreeMap<(String, &'static str), Duration>,
}

impl Gate {
    pub fn enter(&mut self, conn: ConnId, caller: Caller) {
        if caller != Caller::User {
            self.callers.insert(conn, caller);
        }
    }

    pub fn leave(&mut self, conn: ConnId) {
        self.callers.remove(&conn);
    }

    /// The session that this connection is of; none for the user's own.
    pub fn session(&self, conn: ConnId) -> Option<SessionId> {
        match self.callers.get(&conn)? {
            Caller::Session { id, certain: true } => SessionId::parse(id),
            Caller::Session { .. }
            | Caller::User
            | Caller::Program
            | Caller::Intake
            | Caller::Unknown { .. } => None,
        }
    }

    pub fn caller(&self, conn: ConnId) -> Option<&Caller> {
        self.callers.get(&conn)
    }

    /// The process that takes events from outside, and nobody else.
    pub fn is_intake(&self, conn: ConnId) -> bool {
        self.callers.get(&conn) == Some(&Caller::Intake)
    }

    pub fn is_user(&self, conn: ConnId) -> bool {
        !self.callers.contains_key(&conn)
    }

    /// Whether it is time to tell of this again: a session may try without end.
    pub fn tells(&mut self, who: &str, what: &'static str) -> bool {
        let now = clock::monotonic();
        self.told.retain(|_, at| now.saturating_sub(*at) < TRY_PAUSE);
        self.told.insert((who.to_owned(), what), now).is_none()
    }
}

/// What somebody who is not the user gets; `own` is the session that is certain to ask.
pub fn allowed(
    own: Option<&SessionId>,
    is_own: impl Fn(&str) -> bool,
    command: Command,
) -> Result<Command, Box<Command>> {
    match command {
        // Handlers answer these with what is theirs.
        Command::Status | Command::List | Command::Unfollow { .. } => Ok(command),
        Command::Show { ref session }
        | Command::Why { ref session }
        | Command::Logs { ref session, .. }
        | Command::Configuration { ref session }
        | Command::ReadEnclosure { ref session, .. }
        | Command::FollowConversation { ref session }
            if is_own(session) =>
        {
            Ok(command)
        }
        Command::Tasks { session: None } => match own {
            Some(own) => Ok(Command::Tasks { session: Some(own.to_string()) }),
            None => Err(Box::new(command)),
        },
        Command::Tasks { session: Some(ref session) } if is_own(session) => Ok(command),
        Command::StopTask { ref task }
            if task.trim().split_once('.').is_some_and(|(session, _)| is_own(session)) =>
        {
            Ok(command)
        }
        // The environment of a next process is the user's to give.
        Command::Standing { session, act, .. } if is_own(&session) && is_bridges(&act) => {
            Ok(Command::Standing { session, act, env: Environment::new() })
        }
        other => Err(Box::new(other)),
    }
}

/// What the tool bridge asks for. A check is a command that the supervisor runs: no tool gives one.
fn is_bridges(act: &StandingAct) -> bool {
    match act {
        StandingAct::ToolsReady
        | StandingAct::CronCreate { .. }
        | StandingAct::CronList
        | StandingAct::CronDelete { .. }
        | StandingAct::ScheduleWakeup { .. }
        | StandingAct::GoalSet { check: None, .. }
        | StandingAct::GoalShow
        | StandingAct::GoalClear
        | StandingAct::MonitorAsk { .. }
        | StandingAct::MonitorStarted { .. }
        | StandingAct::MonitorLines { .. }
        | StandingAct::MonitorEnded { .. }
        | StandingAct::MonitorStops { .. }
        | StandingAct::Push { .. } => true,
        StandingAct::Show
        | StandingAct::LoopStart { .. }
        | StandingAct::LoopStop
        | StandingAct::GoalSet { check: Some(_), .. }
        | StandingAct::GoalRetry => false,
    }
}

/// Who it is, in words.
pub fn who(caller: &Caller) -> String {
    match caller {
        Caller::Session { id, .. } => format!("session {id}"),
        Caller::Unknown { why } => format!("an unknown program ({why})"),
        Caller::Program => "a program that the supervisor runs".to_owned(),
        Caller::Intake => "the intake process".to_owned(),
        Caller::User => "the user".to_owned(),
    }
}

/// What is answered to whoever may not.
pub fn refusal(caller: &Caller, what: &str) -> Fault {
    let hint = match caller {
        Caller::Unknown { .. } => {
            "use a terminal of your own, on this machine and in its own namespace"
        }
        Caller::Program | Caller::Intake | Caller::Session { .. } | Caller::User => {
            "a terminal that runs inside of Nightshift is a session too: use one of your own"
        }
    };
    let message = format!("{} may not {what}: only the user may", who(caller));
    Fault::new(FaultCode::Refused, message).hint(hint)
}

/// The session that a command is about.
pub fn named(command: &Command) -> Option<&str> {
    match command {
        Command::Show { session }
        | Command::Answer { session, .. }
        | Command::Reply { session, .. }
        | Command::ReadEnclosure { session, .. }
        | Command::Interrupt { session }
        | Command::Stop { session }
        | Command::Respawn { session, .. }
        | Command::Remove { session, .. }
        | Command::InspectWorktree { session }
        | Command::Configuration { session }
        | Command::Choose { session, .. }
        | Command::Open { session, .. }
        | Command::Rename { session, .. }
        | Command::Pin { session, .. }
        | Command::ContinueAtReset { session, .. }
        | Command::CancelContinue { session }
        | Command::Logs { session, .. }
        | Command::Seen { session }
        | Command::Why { session }
        | Command::Attach { session }
        | Command::FollowConversation { session }
        | Command::Review { session, .. }
        | Command::Standing { session, .. } => Some(session),
        Command::Tasks { session } => session.as_deref(),
        _ => None,
    }
}

/// What a command does, after "tried to".
pub fn purpose(command: &Command) -> &'static str {
    match command {
        Command::Dispatch(_) => "start a session",
        Command::Answer { .. } => "answer a request",
        Command::Reply { .. } => "reply for the user",
        Command::Enclose { .. } => "attach a file",
        Command::Interrupt { .. } => "interrupt a session",
        Command::Stop { .. } => "stop a session",
        Command::StopTask { .. } => "end a task of a session",
        Command::Respawn { .. } => "start a session again",
        Command::Remove { .. } => "remove a session",
        Command::Worktrees { .. }
        | Command::MeasureWorktree { .. }
        | Command::InspectWorktree { .. } => "look at worktrees",
        Command::RemoveWorktree { .. } | Command::CleanWorktrees => "remove worktrees",
        Command::UndoRemove { .. } => "bring a worktree back",
        Command::Choose { .. } => "set an option",
        Command::Open { .. } => "open a session elsewhere",
        Command::Rename { .. } | Command::Pin { .. } | Command::Seen { .. } => "change a row",
        Command::ContinueAtReset { .. } | Command::CancelContinue { .. } => "time a reply",
        Command::Attach { .. } => "attach to a session",
        Command::FollowBoard | Command::FollowConversation { .. } | Command::Unfollow { .. } => {
            "follow what the user sees"
        }
        Command::Agents { .. } => "look for agents",
        Command::Review { .. } => "review changes",
        Command::Standing { .. } => "set up automation",
        Command::Notifications { .. } => "change notifications",
        Command::Permissions { .. } => "see or change permissions",
        Command::Routines { .. } => "see or change routines",
        Command::Intake { .. } => "bring events from outside",
        Command::Trust { .. } => "see or change which repositories are trusted",
        Command::Presence { .. } => "say what the user sees",
        Command::PauseSchedules { .. } => "pause schedules",
        Command::Shutdown { .. } => "end the supervisor",
        Command::Status
        | Command::List
        | Command::Show { .. }
        | Command::Configuration { .. }
        | Command::ReadEnclosure { .. }
        | Command::Logs { .. }
        | Command::Tasks { .. }
        | Command::Why { .. } => "read of a session",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nightshift_model::Answer;

    const OWN: &str = "7c5d0a1b";
    const OTHER: &str = "00000001";

    fn passes(own: Option<&str>, command: Command) -> bool {
        let own = own.and_then(SessionId::parse);
        let is_own = |named: &str| own.as_ref().is_some_and(|own| own.as_str() == named);
        allowed(own.as_ref(), is_own, command).is_ok()
    }

    fn standing(session: &str, act: StandingAct) -> Command {
        Command::Standing { session: session.into(), act, env: Environment::new() }
    }

    #[test]
    fn security_06_a_session_gets_what_its_bridge_needs_for_itself_alone() {
        let set = |check: Option<&str>| StandingAct::GoalSet {
            condition: "c".into(),
            check: check.map(str::to_owned),
        };
        let of = |session: &str| {
            let session = session.to_owned();
            [
                Command::Show { session: session.clone() },
                Command::Why { session: session.clone() },
                Command::Tasks { session: Some(session.clone()) },
                Command::StopTask { task: format!("{session}.cron.1") },
                standing(&session, StandingAct::ToolsReady),
                standing(&session, StandingAct::Push { message: "m".into() }),
                standing(&session, set(None)),
            ]
        };
        for command in of(OWN) {
            assert!(passes(Some(OWN), command.clone()), "{command:?}");
            assert!(!passes(None, command.clone()), "{command:?}");
        }
        for command in of(OTHER) {
            assert!(!passes(Some(OWN), command.clone()), "{command:?}");
        }
        let session = || OWN.to_owned();
        for command in [
            Command::Answer {
                session: session(),
                need: None,
                answer: Answer::Allow,
                shown_ms: None,
                env: Environment::new(),
            },
            Command::Reply {
                session: session(),
                text: "t".into(),
                env: Environment::new(),
                enclosures: Vec::new(),
            },
            Command::Stop { session: session() },
            Command::Attach { session: session() },
            Command::Choose { session: session(), option: "mode".into(), value: "auto".into() },
            Command::FollowBoard,
            Command::Agents { env: Environment::new() },
            Command::PauseSchedules { paused: true },
            Command::Shutdown { keep_workers: true },
            standing(OWN, set(Some("true"))),
            standing(OWN, StandingAct::LoopStart { text: "1m x".into() }),
        ] {
            assert!(!passes(Some(OWN), command.clone()), "{command:?}");
        }
    }

    #[test]
    fn security_06_what_it_gives_for_a_next_process_is_left_out() {
        let env = Environment::from([("LD_PRELOAD".to_owned(), "evil.so".to_owned())]);
        let own = SessionId::parse(OWN);
        let command = Command::Standing { session: OWN.into(), act: StandingAct::CronList, env };
        match allowed(own.as_ref(), |named| named == OWN, command) {
            Ok(Command::Standing { env, .. }) => assert!(env.is_empty()),
            other => panic!("{other:?}"),
        }
        let all = allowed(own.as_ref(), |named| named == OWN, Command::Tasks { session: None });
        assert_eq!(all.ok(), Some(Command::Tasks { session: Some(OWN.into()) }));
    }

    #[test]
    fn security_06_only_a_session_that_is_certain_has_an_own() {
        let mut gate = Gate::default();
        let session = |certain| Caller::Session { id: OWN.into(), certain };
        gate.enter(ConnId(1), Caller::User);
        gate.enter(ConnId(2), session(true));
        gate.enter(ConnId(3), session(false));
        gate.enter(ConnId(4), Caller::Program);
        gate.enter(ConnId(5), Caller::Unknown { why: "w".into() });
        let users: Vec<u64> = (1..=5).filter(|n| gate.is_user(ConnId(*n))).collect();
        assert_eq!(users, [1]);
        let own: Vec<u64> = (1..=5).filter(|n| gate.session(ConnId(*n)).is_some()).collect();
        assert_eq!(own, [2]);
        assert!(gate.tells("a", "x") && !gate.tells("a", "x") && gate.tells("b", "x"));
    }
}
