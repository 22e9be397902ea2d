//! `choose` and `configuration`: an agent's options while its session goes on.

use crate::core::Core;
use crate::handlers::{Handled, Outcome, apply, find};
use nightshift_model::Command as SessionCommand;
use nightshift_protocol::{Configuration, Fault, FaultCode, Reply};

/// Done once stored. What the agent does not offer is refused at once, as far as it is known; else the
/// agent refuses it, and the conversation says so.
pub fn choose(core: &mut Core, session: &str, named: (String, String)) -> Outcome {
    let session = find(core, session)?;
    let driver = core.sessions.get(&session).and_then(|entry| entry.driver.as_ref());
    let (option, value) = (named.0.trim(), named.1.trim());
    let as_named = || Ok((option.to_owned(), value.to_owned()));
    let known = driver.map_or_else(as_named, |driver| driver.choice(option, value));
    let (option, value) = known.map_err(|message| {
        let hint = format!("see what there is with `nightshift set {session}`");
        Fault::new(FaultCode::Invalid, message).hint(hint)
    })?;
    if option.is_empty() || value.is_empty() {
        let hint = format!("see what there is with `nightshift set {session}`");
        return Err(Fault::new(FaultCode::Invalid, "name an option and a value").hint(hint));
    }
    apply(core, &session, SessionCommand::Choose { option, value })?;
    core.view(&session).map(Handled::Done)
}

pub fn configuration(core: &Core, session: &str) -> Outcome {
    let session = find(core, session)?;
    let driver = core.sessions.get(&session).and_then(|entry| entry.driver.as_ref());
    let configuration = driver.map_or_else(Configuration::default, |d| d.configuration());
    Ok(Handled::Done(Reply::Configuration { configuration }))
}
