//! One file per command. A handler checks, asks the core to apply, and says when it is done.

mod agents;
mod answer;
mod attach;
mod continue_at_reset;
mod dispatch;
mod follow;
mod logs;
mod plain;
mod remove;
mod reply;
mod respawn;
mod review;
mod shutdown;
mod status;
mod stop;
mod stop_task;
mod tasks;
mod why;
mod worktrees;

use crate::core::Core;
use crate::retention;
use crate::settings;
use crate::wait::{Until, Waiter};
use nightshift_model::{Command as SessionCommand, Event, SessionId};
use nightshift_platform::clock;
use nightshift_protocol::{Command, Fault, FaultCode, Reply, Request};
use nightshift_publish::ConnId;

pub use dispatch::checked as dispatch_checked;
pub use remove::{Leaving, finish_removal, take_off, worktree_left};

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
    let outcome = take(core, conn, id, request.command);
    conclude(core, conn, id, outcome);
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

fn take(core: &mut Core, conn: ConnId, id: u64, command: Command) -> Outcome {
    match &command {
        // What starts an agent, or shows which there are, goes by the settings as they are now.
        Command::Dispatch(_)
        | Command::Reply { .. }
        | Command::Respawn { .. }
        | Command::Agents { .. } => settings::refresh(core),
        _ => {}
    }
    match command {
        Command::Dispatch(dispatch) => dispatch::dispatch(core, conn, id, dispatch),
        Command::Show { session } => {
            let session = find(core, &session)?;
            core.view(&session).map(Handled::Done)
        }
        Command::List => Ok(plain::list(core)),
        Command::Answer { session, need, answer } => answer::answer(core, &session, need, answer),
        Command::Reply { session, text, env } => reply::reply(core, &session, text, env),
        Command::Interrupt { session } => plain::simple(core, &session, SessionCommand::Interrupt),
        Command::Stop { session } => stop::stop(core, &session),
        Command::Respawn { session, env } => respawn::respawn(core, &session, env),
        Command::Remove { session, discard } => remove::remove(core, &session, discard),
        command @ (Command::Worktrees { .. }
        | Command::CleanWorktrees
        | Command::InspectWorktree { .. }
        | Command::UndoRemove { .. }) => worktrees::worktrees(core, conn, id, command),
        Command::Rename { session, name } => {
            plain::simple(core, &session, SessionCommand::Rename { name })
        }
        Command::Pin { session, pinned } => {
            plain::simple(core, &session, SessionCommand::Pin { pinned })
        }
        Command::ContinueAtReset { session, text } => {
            continue_at_reset::continue_at_reset(core, &session, text)
        }
        Command::CancelContinue { session } => {
            plain::simple(core, &session, SessionCommand::CancelContinue)
        }
        Command::Logs { session, raw, offset, since } => {
            logs::logs(core, conn, id, &session, logs::Wanted { raw, offset, since })
        }
        Command::Seen { session } => {
            let session = find(core, &session)?;
            retention::shown(core, &session);
            core.view(&session).map(Handled::Done)
        }
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
        Command::Status => Ok(status::status(core)),
        Command::Shutdown { keep_workers } => Ok(shutdown::shutdown(core, keep_workers)),
    }
}

/// Applies a command of the user to a session.
fn apply(core: &mut Core, session: &SessionId, command: SessionCommand) -> Result<(), Fault> {
    core.apply(session, Event::Command(command), clock::now(), 0)
}

/// The session named by id, unique id prefix or exact name.
fn find(core: &Core, named: &str) -> Result<SessionId, Fault> {
    let named = named.trim();
    if let Some(id) = SessionId::parse(named).filter(|id| core.sessions.contains_key(id)) {
        return Ok(id);
    }
    let lower = named.to_ascii_lowercase();
    let is_prefix = !lower.is_empty() && lower.bytes().all(|b| b.is_ascii_hexdigit());
    let fits = |id: &&SessionId| {
        let name = &core.sessions[*id].session.name;
        name == named || (is_prefix && id.as_str().starts_with(&lower))
    };
    let found: Vec<&SessionId> = core.sessions.keys().filter(fits).collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(Fault::new(FaultCode::NotFound, format!("no session `{}`", quoted(named)))
            .hint("list them with `nightshift agents --all`")),
        several => {
            let ids: Vec<String> = several.iter().map(ToString::to_string).collect();
            let message =
                format!("`{}` fits {} sessions: {}", quoted(named), ids.len(), ids.join(", "));
            Err(Fault::new(FaultCode::Ambiguous, message).hint("give more of the id"))
        }
    }
}

/// A user's word inside a message: one short line.
fn quoted(text: &str) -> String {
    nightshift_model::naming::one_line(text, nightshift_model::limits::NAME_MAX_CHARS)
}
