//! What the end of a process makes of a session: expected, a result, or a failure with its cause.

use super::Next;
use crate::event::{Effect, Exit};
use crate::evidence::Source;
use crate::limits::RESTARTS_MAX;
use crate::session::{Liveness, PromptState, State, Surface, Work};

/// The child ended and its host recorded how.
pub(super) fn exited(next: &mut Next, exit: &Exit) {
    next.session.exit_code = exit.code;
    let how = how_it_ended(exit);
    let words = exit.last_words.trim();
    let error = if words.is_empty() { how.clone() } else { format!("{how}: {words}") };
    if ended(next, &how) {
        return;
    }
    match (&next.session.work, exit.code) {
        (Work::Shell { .. }, Some(0)) => {
            let result = if words.is_empty() { how.clone() } else { words.to_owned() };
            next.go(State::Completed { result: result.clone() }, &result, Source::Process, &how);
        }
        (Work::Shell { .. }, _) => {
            next.go(State::failed(&error), &error, Source::Process, &how);
        }
        // Quit in its own terminal.
        (Work::Agent(agent), Some(0)) if agent.surface == Surface::Terminal => quit(next, &how),
        (Work::Agent(_), _) => agent_ended(next, &format!("the agent ended ({error})"), true),
    }
}

/// The host is gone without a record.
pub(super) fn lost(next: &mut Next, cause: &str) {
    next.session.exit_code = None;
    if ended(next, cause) {
        return;
    }
    match next.session.work {
        Work::Shell { .. } => {
            next.go(State::failed(cause), cause, Source::Process, cause);
        }
        // A host does not end without a record by itself: somebody or something killed it.
        Work::Agent(_) => agent_ended(next, cause, false),
    }
}

/// What every end has in common; true when the user had asked for it.
fn ended(next: &mut Next, how: &str) -> bool {
    next.session.liveness = Liveness::Gone { since: next.at };
    super::monitor::all_ended(next, "its agent's process ended");
    if let Work::Agent(agent) = &mut next.session.work {
        agent.answers.clear();
    }
    let retired = std::mem::take(&mut next.session.retiring);
    if retired && !next.session.stopping {
        put_to_rest(next, how);
        return true;
    }
    if !next.session.stopping {
        return false;
    }
    next.session.stopping = false;
    next.session.renewing = None;
    if let Work::Agent(agent) = &mut next.session.work {
        agent.prompts.retain(|p| p.state == PromptState::Queued);
        agent.interrupts = None;
    }
    super::goal::stopped(next);
    next.go(State::Stopped, "stopped", Source::Process, &format!("stopped; {how}"));
    true
}

/// Its process was of no more use and has gone. A reply that came meanwhile starts it again; the
/// prompts of an agent that refused to serve wait for one.
fn put_to_rest(next: &mut Next, how: &str) {
    next.note(Source::Process, how);
    if matches!(next.session.state, State::Starting) {
        next.session.renewing = None;
        next.go(State::Starting, "", Source::User, "a reply came; it is started again");
        next.effect(Effect::Launch);
    } else if next.session.renewing.is_some() {
        next.go(State::Starting, "", Source::Supervisor, "its successor is started");
        next.effect(Effect::Launch);
    }
}

/// Whoever quits an agent in its terminal means it; what is still to be entered waits for a respawn.
fn quit(next: &mut Next, how: &str) {
    match next.session.state {
        State::Starting | State::Working | State::NeedsInput { .. } => {
            next.session.renewing = None;
            next.go(State::Stopped, "quit", Source::Process, &format!("it was quit; {how}"));
        }
        State::Idle | State::Completed { .. } | State::Failed { .. } | State::Stopped => {
            next.note(Source::Process, &format!("it was quit; {how}"));
        }
    }
}

fn agent_ended(next: &mut Next, cause: &str, by_itself: bool) {
    let mut resumable = false;
    if let Work::Agent(agent) = &mut next.session.work {
        agent.prompts.retain(|p| p.state == PromptState::Queued);
        agent.forget_past_interrupt();
        resumable = agent.agent_session_id.is_some();
    }
    if next.session.is_judging() {
        // Its turn was over: what it produced is being judged, without it.
        return next.note(Source::Process, cause);
    }
    match next.session.state {
        State::Starting | State::Working | State::NeedsInput { .. } => {
            if by_itself && resumable && next.session.restarts < RESTARTS_MAX {
                restart(next, cause);
            } else {
                next.session.renewing = None;
                next.go(State::failed(cause), cause, Source::Process, cause);
            }
        }
        // The work was done before: what it produced stays the row's truth.
        State::Idle | State::Completed { .. } | State::Failed { .. } | State::Stopped => {
            next.note(Source::Process, cause);
        }
    }
}

/// It died with work in hand and can be resumed: once more, with its own session id.
fn restart(next: &mut Next, cause: &str) {
    next.session.restarts += 1;
    // One that was only being replaced was not cut off in any work.
    next.session.cut = next.session.renewing.is_none().then(|| cause.to_owned());
    let why = format!("{cause}; restart {} of {RESTARTS_MAX}", next.session.restarts);
    next.go(State::Starting, cause, Source::Process, &why);
    next.effect(Effect::Relaunch);
}

fn how_it_ended(exit: &Exit) -> String {
    match (exit.code, exit.signal) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}{}", signal_name(signal)),
        (None, None) => "ended for an unknown reason".to_owned(),
    }
}

/// POSIX names of the signals that end processes in practice.
fn signal_name(signal: i32) -> &'static str {
    match signal {
        1 => " (SIGHUP)",
        2 => " (SIGINT)",
        3 => " (SIGQUIT)",
        6 => " (SIGABRT)",
        9 => " (SIGKILL)",
        11 => " (SIGSEGV)",
        13 => " (SIGPIPE)",
        15 => " (SIGTERM)",
        _ => "",
    }
}
