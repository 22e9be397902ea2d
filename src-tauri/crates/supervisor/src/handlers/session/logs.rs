//! `logs`: a session's output as text or raw bytes, in pages, read beside the loop.

use crate::clients::ConnId;
use crate::core::{Core, effects};
use crate::handlers::{Handled, Outcome, find};
use crate::inbox::Inbox;
use crate::ports::world::{Job, Lane};
pub use crate::sessions::log_pages::Wanted;
use crate::sessions::log_pages::{conversation, output};
use nightshift_protocol::{Fault, FaultCode};

pub fn logs(core: &Core, conn: ConnId, request: u64, session: &str, wanted: Wanted) -> Outcome {
    let id = find(core, session)?;
    let session = &core.sessions[&id].session;
    let ended = !session.is_alive();
    // A terminal agent's log is what its terminal showed.
    let talks = session.agent().filter(|_| !session.is_terminal_agent());
    let driver = match (wanted.raw, talks) {
        (false, Some(work)) => {
            let mut driver =
                effects::driver_of(&core.home, &core.registry, session).ok_or_else(|| {
                    let message = format!("agent `{}` of session {id} is not known", work.agent);
                    Fault::new(FaultCode::NotFound, message)
                })?;
            driver.set_prompts(&work.prompts);
            driver.set_remarks(&work.standing.remarks, false);
            Some(driver)
        }
        (true, _) | (false, None) => None,
    };
    let lines = talks.is_some();
    let journal = core.world.journal(&id);
    let place = format!("the journal of session {id}");
    core.world.run(Job::for_request((conn, request), Lane::Reads, place, move || {
        let page = match driver {
            Some(driver) => conversation(&*journal, driver, wanted, ended),
            None => output(&*journal, wanted, lines, ended),
        };
        Inbox::LogRead { conn, request, session: id, page }
    }));
    Ok(Handled::Pending)
}
