//! `tasks`: what runs in the background of sessions. Processes are looked up beside the loop.

use super::{Handled, Outcome, find};
use crate::core::Core;
use crate::inbox::Inbox;
use crate::link::beside::Lane;
use crate::outside::Aside;
use nightshift_protocol::Reply;
use nightshift_publish::ConnId;

pub fn tasks(core: &Core, conn: ConnId, request: u64, session: Option<&str>) -> Outcome {
    let asked = match session {
        Some(session) => vec![find(core, session)?],
        None => core.sessions.keys().cloned().collect(),
    };
    let mut tasks = Vec::new();
    let mut hosts = Vec::new();
    for id in asked {
        if let Some(entry) = core.sessions.get(&id).filter(|e| e.session.is_alive()) {
            let driver = entry.driver.iter();
            tasks.extend(driver.flat_map(|driver| nightshift_agents::tasks(id.as_str(), driver)));
            hosts.push(core.outside.background(&id));
        }
    }
    let place = "the list of processes";
    core.outside.beside(Aside::for_request((conn, request), Lane::Looks, place, move || {
        tasks.extend(hosts.iter().flat_map(|host| host.list()));
        Inbox::Answer { conn, request, result: Ok(Reply::Tasks { tasks }) }
    }));
    Ok(Handled::Pending)
}
