//! One file per command. A handler checks, asks the core to apply, and says when it is done.

mod agents;
mod background;
mod follow;
mod gate;
mod notifications;
mod outside;
mod permissions;
mod review;
mod routines;
mod session;
mod shutdown;
mod status;
pub mod trust;
mod worktrees;

use crate::clients::ConnId;
use crate::clients::waiter::{Until, Waiter};
use crate::core::Core;
use crate::features::{settings, stopped_hosts};
use crate::handlers::background::{automation, monitor, stop_task, tasks};
use crate::handlers::session::{
    answer, attach, choose, continue_at_reset, dispatch, enclose, logs, open, plain, remove, reply,
    respawn, stop, why,
};
use nightshift_model::naming::given_name;
use nightshift_model::{Command as SessionCommand, Event, Refusal, SessionId};
use nightshift_platform::clock;
use nightshift_protocol::{
    Command, Dispatch, Environment, Fault, FaultCode, Reply, Request, StandingAct,
};

pub use background::tasks::say as say_tasks;
pub use follow::fold;
pub use review::reviewed;
pub use session::answer::{Held, give_held, held_due_in};
pub use session::dispatch::{check_directory, check_room, checked as dispatch_checked, fresh_id};
pub use session::plain::list;
pub use session::remove::{
    Leaving, finish_removal, go_on as go_on_removing, take_off, worktree_left,
};
pub use trust::trusted;

/// What a handler made of its request.
pub enum Handled {
    /// Done now.
    Done(Reply),
    /// Done when `session` gets there.
    Later { session: SessionId, until: Until },
    /// Will be answered by other means.
    Pending,
}

type Outcome = Result<Handled, Fault>;

pub fn handle(core: &mut Core, conn: ConnId, request: Request) {
    let id = request.id;
    let waits = waits_for_others(&request.command);
    let outcome = gate::pass(core, conn, request.command).and_then(|command| {
        let for_bridge = match &command {
            Command::Standing { session, act, .. } => monitor::take(core, session, act),
            _ => None,
        };
        for_bridge.unwrap_or_else(|| {
            look_at_settings(core, &command);
            if matches!(command, Command::List | Command::FollowBoard) {
                stopped_hosts::look(core);
            }
            take(core, conn, id, command)
        })
    });
    if waits || matches!(outcome, Ok(Handled::Later { .. })) {
        core.clients.release(conn, id);
    }
    conclude(core, conn, id, outcome);
}

/// What is answered when somebody else has done something takes no turn from others meanwhile.
fn waits_for_others(command: &Command) -> bool {
    matches!(
        command,
        Command::Notifications { .. }
            | Command::Intake { .. }
            | Command::Standing { act: StandingAct::Push { .. }, .. }
    )
}

/// Answers request `id`, now or when its session has got there.
fn conclude(core: &mut Core, conn: ConnId, id: u64, outcome: Outcome) {
    match outcome {
        Ok(Handled::Done(reply)) => core.clients.answer(conn, id, Ok(reply)),
        Ok(Handled::Pending) => {}
        Ok(Handled::Later { session, until }) => {
            core.waiters.push((session.clone(), Waiter { conn, request: id, until }));
            core.answer_waiters(&session);
        }
        Err(fault) => core.clients.answer(conn, id, Err(fault)),
    }
}

/// What starts an agent, or shows which there are, goes by the settings as they are now.
fn look_at_settings(core: &mut Core, command: &Command) {
    match command {
        Command::Dispatch(Dispatch { env, .. }) => {
            crate::features::notifications::learn_desktop(core, env);
            settings::refresh(core);
        }
        Command::Reply { .. }
        | Command::Respawn { .. }
        | Command::Agents { .. }
        | Command::List
        | Command::FollowBoard
        | Command::Status => settings::refresh(core),
        _ => {}
    }
}

fn take(core: &mut Core, conn: ConnId, id: u64, command: Command) -> Outcome {
    match command {
        Command::Dispatch(dispatch) => dispatch::dispatch(core, conn, id, dispatch),
        Command::Show { session } => plain::show(core, &session),
        Command::List => Ok(listed(core, conn, id)),
        Command::Answer { session, need, answer, shown_ms, env } => {
            let given = answer::Given { need, answer, shown_ms, env };
            answer::answer(core, (conn, id), &session, given)
        }
        Command::Reply { session, text, env, enclosures } => {
            reply::reply(core, (conn, id), &session, (text, env, &enclosures))
        }
        Command::Enclose { name, data } => Ok(enclose::keep(core, conn, id, name, data)),
        Command::ReadEnclosure { session, id: enclosure } => {
            enclose::read(core, conn, id, &session, enclosure)
        }
        Command::Interrupt { session } => plain::simple(core, &session, SessionCommand::Interrupt),
        Command::Stop { session } => stop::stop(core, &session),
        Command::Respawn { session, env } => respawn::respawn(core, &session, env),
        Command::Remove { session, discard, keep_worktree } => {
            remove::remove(core, &session, (discard, keep_worktree))
        }
        command @ (Command::Worktrees { .. }
        | Command::MeasureWorktree { .. }
        | Command::RemoveWorktree { .. }
        | Command::CleanWorktrees
        | Command::InspectWorktree { .. }
        | Command::UndoRemove { .. }) => worktrees::worktrees(core, conn, id, command),
        Command::Configuration { session } => choose::configuration(core, &session),
        Command::Choose { session, option, value } => {
            choose::choose(core, &session, (option, value))
        }
        Command::Open { session, surface, env } => open::open(core, &session, surface, env),
        Command::Rename { session, name } => plain::rename(core, &session, name),
        Command::Pin { session, pinned } => plain::pin(core, &session, pinned),
        Command::ContinueAtReset { session, text } => {
            continue_at_reset::continue_at_reset(core, &session, text)
        }
        Command::CancelContinue { session } => {
            plain::simple(core, &session, SessionCommand::CancelContinue)
        }
        Command::Logs { session, raw, offset, since } => {
            logs::logs(core, conn, id, &session, logs::Wanted { raw, offset, since })
        }
        Command::Seen { session } => plain::seen(core, &session),
        Command::Tasks { session } => tasks::tasks(core, conn, id, session.as_deref()),
        Command::StopTask { task } => stop_task::stop_task(core, conn, id, &task),
        Command::Why { session } => why::why(core, &session),
        Command::Attach { session } => attach::attach(core, &session),
        Command::FollowBoard => follow::board(core, conn, id),
        Command::FollowConversation { session } => follow::conversation(core, conn, id, &session),
        Command::Unfollow { follow } => follow::unfollow(core, conn, follow),
        Command::Review { session, act, env } => {
            review::review(core, conn, id, &session, (act, env))
        }
        Command::Agents { env } => Ok(agents::agents(core, conn, id, env)),
        Command::Standing { session, act, env } => standing(core, (conn, id), &session, (act, env)),
        Command::Notifications { act } => notifications::notifications(core, conn, id, act),
        Command::Presence { looking, env } => notifications::presence(core, conn, looking, &env),
        Command::Trust { act, env } => Ok(trust::trust(core, conn, id, act, env)),
        Command::Permissions { act } => permissions::permissions(core, &act),
        Command::Intake { act } => outside::intake(core, conn, id, act),
        Command::Routines { act } => routines::routines(core, conn, id, act),
        Command::PauseSchedules { paused } => notifications::pause_schedules(core, paused),
        Command::Status => Ok(status::status(core)),
        Command::Shutdown { keep_workers } => shutdown::shutdown(core, keep_workers),
    }
}

fn standing(
    core: &mut Core,
    (conn, id): (ConnId, u64),
    session: &str,
    (act, env): (StandingAct, Environment),
) -> Outcome {
    match act {
        StandingAct::Push { message } => notifications::push(core, conn, id, session, &message),
        act => automation::standing(core, (conn, id), session, (act, env)),
    }
}

/// A list, as soon as it is true.
fn listed(core: &mut Core, conn: ConnId, id: u64) -> Handled {
    match core.holds_list(conn, id) {
        true => Handled::Pending,
        false => Handled::Done(plain::list(core, conn)),
    }
}

/// Applies a command of the user to a session.
fn apply(core: &mut Core, session: &SessionId, command: SessionCommand) -> Result<(), Fault> {
    apply_event(core, session, Event::Command(command))
}

/// The same of a command that the session's own agent may have given.
fn apply_event(core: &mut Core, session: &SessionId, event: Event) -> Result<(), Fault> {
    match &event {
        Event::Command(command) | Event::Own(command) => match command {
            SessionCommand::Reply { .. }
            | SessionCommand::Respawn
            | SessionCommand::GoalSet { .. } => {
                crate::features::automation::before_resume(core, session)
            }
            _ => {}
        },
        Event::Fact(_) => {}
    }
    core.apply(session, event, clock::now(), 0)
}

/// A name that somebody gives: a session can be found by it.
fn named(name: &str) -> Result<String, Fault> {
    let given = given_name(name).ok_or_else(|| {
        Fault::new(FaultCode::Invalid, "the name has no readable character")
            .hint("choose another name")
    })?;
    if SessionId::parse(&given).is_some() {
        let text = format!("the name `{given}` reads like the id of a session");
        return Err(Fault::new(FaultCode::Invalid, text).hint("choose another name"));
    }
    Ok(given)
}

/// The session named by id, unique id prefix or exact name.
fn find(core: &Core, named: &str) -> Result<SessionId, Fault> {
    let named = named.trim();
    let none = || {
        Fault::new(FaultCode::NotFound, format!("no session `{}`", quoted(named)))
            .hint("list them with `nightshift agents --all`")
    };
    // Whoever means one that is gone must not get another that is called so.
    if let Some(id) = SessionId::parse(named) {
        return Some(id).filter(|id| core.sessions.contains_key(id)).ok_or_else(none);
    }
    let lower = named.to_ascii_lowercase();
    let is_prefix = !lower.is_empty() && lower.bytes().all(|b| b.is_ascii_hexdigit());
    // As names are kept: a long one is cut, blanks count once.
    let given = given_name(named);
    let fits = |id: &&SessionId| {
        let name = &core.sessions[*id].session.name;
        name == named
            || Some(name) == given.as_ref()
            || (is_prefix && id.as_str().starts_with(&lower))
    };
    let found: Vec<&SessionId> = core.sessions.keys().filter(fits).collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(none()),
        several => {
            let ids: Vec<String> = several.iter().map(ToString::to_string).collect();
            let message =
                format!("`{}` fits {} sessions: {}", quoted(named), ids.len(), ids.join(", "));
            Err(Fault::new(FaultCode::Ambiguous, message).hint("give one of these ids"))
        }
    }
}

/// A user's word inside a message: one short line.
pub fn quoted(text: &str) -> String {
    nightshift_model::naming::one_line(text, nightshift_model::limits::NAME_MAX_CHARS)
}

/// What a client is told when the session's state refuses its command.
pub fn refused(refusal: &Refusal) -> Fault {
    Fault::new(FaultCode::Refused, refusal.message.clone()).hint(refusal.hint.clone())
}
