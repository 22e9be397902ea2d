//! Something was deleted from the state directory: what is needed is made anew, here and by the hosts,
//! and the user is told.

use crate::core::{Core, Entry};
use crate::features::conditions;
use crate::features::conditions::Condition;
use crate::ports::instance::Mended;
use nightshift_model::Liveness;
use nightshift_platform::ipc;
use nightshift_protocol::NoticeLevel;
use std::io::ErrorKind;

pub fn mend(core: &mut Core) {
    let Some(instance) = &mut core.instance else { return };
    let (state, run) = (core.home.state.display().to_string(), core.home.run.display().to_string());
    match instance.mend(&mut *core.store) {
        Ok(Mended::Nothing) => conditions::release(core, &Condition::Instance),
        Ok(mended) => {
            conditions::release(core, &Condition::Instance);
            core.world.call_hosts_back();
            tell(core, mended, &state, &run);
        }
        Err(fault) => {
            instance.mend_later();
            let text = format!("{state} or {run} was deleted while in use: {fault}");
            conditions::hold(core, &Condition::Instance, vec![(NoticeLevel::Error, text)]);
        }
    }
    for entry in core.sessions.values() {
        ask_for_socket(entry);
    }
}

/// Once for each directory: how often it happened helps nobody.
fn tell(core: &mut Core, mended: Mended, state: &str, run: &str) {
    let (deleted, lost) = match mended {
        // Nothing is lost by that, and nothing is to be done.
        Mended::Nothing | Mended::Socket => {
            tracing::warn!("the socket in {run} was deleted and has been made anew");
            return;
        }
        Mended::Sockets => (run, ""),
        Mended::State => (state, ", what ended ones had printed is lost"),
    };
    let beginning = format!("{deleted} was deleted while in use and has been recreated");
    conditions::forget_kept(core, &beginning);
    core.notice(NoticeLevel::Error, format!("{beginning}; sessions keep running{lost}"));
}

/// A live session whose socket is gone cannot be attached: its host makes it anew.
fn ask_for_socket(entry: &Entry) {
    let gone =
        |socket| ipc::socket_id(socket).is_err_and(|error| error.kind() == ErrorKind::NotFound);
    if let (Some(socket), Some(link)) = (&entry.socket, &entry.link)
        && !matches!(entry.session.liveness, Liveness::Gone { .. })
        && gone(socket)
    {
        link.restore();
    }
}
