//! `enclose`: keeps a file for the prompt that will name it, and shows those that went with prompts.
//! Done beside the loop.

use crate::clients::ConnId;
use crate::core::Core;
use crate::handlers::{Handled, Outcome, find};
use crate::inbox::Inbox;
use crate::ports::world::{Job, Lane};
use nightshift_protocol::Reply;

pub fn keep(core: &Core, conn: ConnId, request: u64, name: String, data: String) -> Handled {
    let (files, place) = (core.world.attached_files(), "the state directory");
    core.world.run(Job::for_request((conn, request), Lane::Reads, place, move || {
        let result = files.keep(&name, &data).map(Reply::Enclosed);
        Inbox::Answer { conn, request, result }
    }));
    Handled::Pending
}

pub fn read(core: &Core, conn: ConnId, request: u64, session: &str, id: String) -> Outcome {
    let session = find(core, session)?;
    let (files, place) = (core.world.attached_files(), format!("the files of session {session}"));
    core.world.run(Job::for_request((conn, request), Lane::Reads, place, move || {
        let result = files.read(&session, &id).map(|data| Reply::EnclosureData { data });
        Inbox::Answer { conn, request, result }
    }));
    Ok(Handled::Pending)
}
