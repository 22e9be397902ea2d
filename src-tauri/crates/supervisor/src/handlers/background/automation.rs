//! `standing`: work that goes on by itself, asked for by clients and by the agents' bridge. Done when
//! it is committed.

use crate::clients::ConnId;
use crate::core::Core;
use crate::features::automation::{context, loop_file};
use crate::handlers::{Handled, Outcome, apply, apply_event, find};
use crate::inbox::Inbox;
use crate::ports::world::{Job, Lane};
use nightshift_automation::{Asked, answer, ask, words};
use nightshift_model::standing::LoopPrompt;
use nightshift_model::{Event, Fact, Liveness, SessionId};
use nightshift_platform::clock;
use nightshift_protocol::standing::LoopStarted;
use nightshift_protocol::{Environment, Fault, Reply, StandingAct, StandingResult};

pub fn standing(
    core: &mut Core,
    (conn, request): (ConnId, u64),
    session: &str,
    (act, env): (StandingAct, Environment),
) -> Outcome {
    let id = find(core, session)?;
    take_environment(core, &id, env);
    let own = core.gate.session(conn).is_some();
    let result = Box::new(take_from(core, &id, &act, own)?);
    match *result {
        StandingResult::Loop(started) if started.looping.prompt == LoopPrompt::File => {
            Ok(with_its_file(core, (conn, request), &id, started))
        }
        _ => Ok(Handled::Done(Reply::Standing { result })),
    }
}

/// A loop that sends a file: where the project's is not as the user trusts it, whoever starts the loop hears it.
fn with_its_file(
    core: &mut Core,
    asked: (ConnId, u64),
    id: &SessionId,
    mut started: LoopStarted,
) -> Handled {
    let read = loop_file(&core.sessions[id].session, core.worktrees.clone());
    let (conn, request) = asked;
    let work = move || {
        if let Some(passed_over) = words::passed_over(&read()) {
            started.words = format!("{}. {passed_over}", started.words);
        }
        let result = Box::new(StandingResult::Loop(started));
        Inbox::Answer { conn, request, result: Ok(Reply::Standing { result }) }
    };
    let place = format!("the loop.md of session {id}");
    core.world.run(Job::for_request(asked, Lane::Reads, place, work));
    Handled::Pending
}

/// The caller's environment, when the session's process has to be started anew.
pub fn take_environment(core: &mut Core, id: &SessionId, env: Environment) {
    if let Some(entry) = core.sessions.get_mut(id)
        && (entry.session.retiring || matches!(entry.session.liveness, Liveness::Gone { .. }))
        && !env.is_empty()
    {
        entry.env = env;
    }
}

/// Checks, applies and answers what the user asks for.
pub fn take(core: &mut Core, id: &SessionId, act: &StandingAct) -> Result<StandingResult, Fault> {
    take_from(core, id, act, false)
}

/// The same; `own`: the session's own agent asks for it.
fn take_from(
    core: &mut Core,
    id: &SessionId,
    act: &StandingAct,
    own: bool,
) -> Result<StandingResult, Fault> {
    let context = context(core);
    match ask(&core.sessions[id].session, act, &context)? {
        Asked::Command(command) if own => apply_event(core, id, Event::Own(command))?,
        Asked::Command(command) => apply(core, id, command)?,
        Asked::Fact(fact @ Fact::MonitorLines { .. }) => {
            core.apply(id, Event::Fact(fact), clock::now(), 0)?;
        }
        Asked::Fact(fact) => core.fact(id, fact),
        Asked::Nothing => {}
    }
    Ok(answer(&core.sessions[id].session, act, &context))
}
