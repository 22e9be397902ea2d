//! Between a session and its agent's journal: records become facts, what is due becomes lines.

use crate::core::{Core, Entry};
use crate::features::{main_checkout, permissions, routines, turn_end_review};
use crate::limits::REFUSED_PAUSE;
use nightshift_agents::Driver;
use nightshift_agents::acp::DriverSpec;
use nightshift_model::{Answer, Fact, Lodging, NeedId, Session, SessionId};
use nightshift_platform::clock;
use nightshift_platform::dirs::Home;
use nightshift_protocol::Record;
use nightshift_protocol::enclosure::DIRECTORY;
use nightshift_vendors::registry::Registry;

/// A driver for `session`, to be fed its journal from the first record.
pub fn driver_of(home: &Home, registry: &Registry, session: &Session) -> Option<Driver> {
    let work = session.agent()?;
    let agent = registry.find(&work.agent)?.clone();
    let worktree = session.lodging.as_ref().and_then(Lodging::worktree);
    let server = agent.family.server_name(&session.session_id);
    let mcp_servers = registry.servers.of(session.id.as_str(), &server);
    Some(Driver::new(DriverSpec {
        cwd: session.directory().to_owned(),
        model: work.model.clone(),
        permission_mode: work.permission_mode.clone(),
        chosen: work.choices.taken.clone(),
        agent,
        mcp_servers,
        resume: work.agent_session_id.clone(),
        files: home.job(session.id.as_str()).join(DIRECTORY).to_string_lossy().into_owned(),
        notes: worktree.map(|tree| tree.disclosure.clone()),
        untrusted: session.untrusted().is_some(),
    }))
}

/// Takes journal records in order. Those an earlier supervisor took already only rebuild the
/// driver; the others are facts.
pub fn feed(core: &mut Core, id: &SessionId, records: &[Record]) {
    for record in records {
        let Some(entry) = core.sessions.get_mut(id) else { return };
        let taken = entry.session.journal_seq;
        let Some(driver) = &mut entry.driver else { return };
        let fed = driver.feed(record);
        core.conversations.publish(&mut core.clients, id, &fed.changes);
        if record.seq <= taken {
            continue;
        }
        let last = fed.facts.len().saturating_sub(1);
        for (n, (at, fact)) in fed.facts.into_iter().enumerate() {
            // Taken only with its last fact: after a crash in between all are told again.
            let seq = if n == last { record.seq } else { record.seq.saturating_sub(1) };
            let fact = permissions::decided(core, id, plain(fact));
            match routines::decided(core, id, fact) {
                Fact::Progress { line } => core.progress(id, line),
                fact => {
                    let ended = ends_turn(&fact);
                    let doubt = turn_end_review::doubt(core, &fact);
                    core.fact_at(id, fact, at, seq);
                    if let Some(doubt) = doubt {
                        turn_end_review::begin(core, id, doubt);
                    }
                    if ended {
                        main_checkout::look(core, id);
                    }
                }
            }
        }
    }
    deliver(core, id);
}

/// A line for the row is the same whoever told it.
fn plain(fact: Fact) -> Fact {
    match fact {
        Fact::Told { fact, .. } if matches!(*fact, Fact::Progress { .. }) => *fact,
        fact => fact,
    }
}

fn ends_turn(fact: &Fact) -> bool {
    match fact {
        Fact::TurnEnded { .. } | Fact::TurnStopped { .. } => true,
        Fact::Told { fact, .. } => ends_turn(fact),
        _ => false,
    }
}

/// Writes what the agent does not have yet: the end of an interrupted turn (its open requests are
/// then answered as cancelled), answers, the next prompt. Nothing is written before the replay is complete.
pub fn deliver(core: &mut Core, id: &SessionId) {
    let Some(Entry {
        session,
        link: Some(link),
        driver: Some(driver),
        caught_up: true,
        epoch,
        retry_at,
        ..
    }) = core.sessions.get_mut(id)
    else {
        return;
    };
    let Some(work) = session.agent() else { return };
    if session.stopping || session.retiring {
        return;
    }
    let answers: Vec<(NeedId, Answer)> = work
        .answers
        .iter()
        .filter_map(|need| Some((need.id.clone(), need.answered.clone()?)))
        .collect();
    let mut lines = Vec::new();
    if work.interrupts.is_some() {
        lines.extend(driver.cancel());
    }
    lines.extend(driver.due_choice(&work.choices.waiting));
    lines.extend(driver.due(&work.prompts, &answers));
    if work.interrupts.is_some() {
        // It was asked for before the prompt that it is meant for was on its way.
        lines.extend(driver.cancel());
    }
    for line in lines {
        if let Err(line) = link.write(line, *epoch) {
            driver.not_written(&line);
            retry_at.get_or_insert(clock::monotonic() + REFUSED_PAUSE);
        }
    }
}
