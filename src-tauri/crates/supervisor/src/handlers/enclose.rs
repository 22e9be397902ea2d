//! `enclose`: keeps a file for the prompt that will name it, and shows those that went with prompts.
//! Done beside the loop.

use super::{Handled, Outcome, find};
use crate::core::Core;
use nightshift_protocol::Reply;
use nightshift_runtime::clients::ConnId;
use nightshift_runtime::host_link::beside::Lane;
use nightshift_runtime::host_link::enclosures;
use nightshift_runtime::outside::Aside;
use nightshift_runtime::server::inbox::Inbox;

pub fn keep(core: &Core, conn: ConnId, request: u64, name: String, data: String) -> Handled {
    let (home, place) = (core.home.clone(), "the state directory");
    core.outside.beside(Aside::for_request((conn, request), Lane::Looks, place, move || {
        let result = enclosures::keep(&home, &name, &data).map(Reply::Enclosed);
        Inbox::Answer { conn, request, result }
    }));
    Handled::Pending
}

pub fn read(core: &Core, conn: ConnId, request: u64, session: &str, id: String) -> Outcome {
    let session = find(core, session)?;
    let (job, place) = (core.home.job(session.as_str()), format!("the files of session {session}"));
    core.outside.beside(Aside::for_request((conn, request), Lane::Looks, place, move || {
        let result = enclosures::read(&job, &id).map(|data| Reply::EnclosureData { data });
        Inbox::Answer { conn, request, result }
    }));
    Ok(Handled::Pending)
}
