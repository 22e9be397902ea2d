//! `tasks`: what runs in the background of sessions and what wakes them. Processes are looked up beside
//! the loop.

use crate::clients::ConnId;
use crate::core::Core;
use crate::handlers::{Handled, Outcome, find};
use crate::inbox::Inbox;
use crate::ports::world::{Background, Job, Lane};
use nightshift_model::SessionId;
use nightshift_protocol::{Reply, Task};

pub fn tasks(core: &Core, conn: ConnId, request: u64, session: Option<&str>) -> Outcome {
    let asked = match session {
        Some(session) => vec![find(core, session)?],
        None => core.sessions.keys().cloned().collect(),
    };
    let (mut tasks, hosts) = known(core, &asked);
    let place = "the list of processes";
    core.world.run(Job::for_request((conn, request), Lane::Reads, place, move || {
        tasks.extend(hosts.iter().flat_map(|host| host.list()));
        Inbox::Answer { conn, request, result: Ok(Reply::Tasks { tasks }) }
    }));
    Ok(Handled::Pending)
}

/// What is known here, and where processes are to be looked up.
fn known(core: &Core, ids: &[SessionId]) -> (Vec<Task>, Vec<Box<dyn Background>>) {
    let (mut tasks, mut hosts) = (Vec::new(), Vec::new());
    for id in ids {
        let Some(entry) = core.sessions.get(id) else { continue };
        tasks.extend(nightshift_automation::tasks::of(&entry.session));
        if entry.session.is_alive() {
            let driver = entry.driver.iter();
            tasks.extend(driver.flat_map(|driver| nightshift_agents::tasks(id.as_str(), driver)));
            hosts.push(core.world.background(id));
        }
    }
    (tasks, hosts)
}

/// `/tasks`: in the conversation, and to whoever asked.
pub fn say(core: &Core, id: &SessionId, asked: Option<(ConnId, u64)>) {
    let (tasks, hosts) = known(core, std::slice::from_ref(id));
    let (session, unseen, seen) = (id.clone(), id.clone(), tasks.clone());
    let work = Box::new(move || {
        let tasks = tasks.into_iter().chain(hosts.iter().flat_map(|host| host.list())).collect();
        Inbox::TasksFor { session, asked, tasks }
    });
    let failed = Box::new(move |_| Inbox::TasksFor { session: unseen, asked, tasks: seen });
    let place = format!("the processes of session {id}");
    core.world.run(Job { lane: Lane::Reads, place, work, failed });
}
