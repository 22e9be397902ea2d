//! Routines among what may happen: definitions that are written and deleted, acts of people, and what must hold of the
//! ledger once everything has come to rest.

use crate::client::Ask;
use crate::run::Run;
use crate::world::SimulatedWorld;
use nightshift_model::{AgentWork, Origin, Session};
use nightshift_protocol::routine::RoutineAct;
use nightshift_protocol::{Command, Environment, Fault};
use nightshift_routines::occurrence::State;
use nightshift_store::{LedgerRow, RowsWanted};
use nightshift_supervisor::core::Core;
use nightshift_supervisor::features::routines::Heard;
use nightshift_supervisor::inbox::Inbox;
use nightshift_supervisor::ports::routines::{DefinitionFile, FoundDefinitions, RoutineFiles};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Names of routines: few, so that they meet each other's past.
const NAMES: [&str; 3] = ["nightly", "hourly", "odd"];
/// At times that come within a run, hardly ever, and by none.
const TRIGGERS: [&str; 5] = [
    "[[trigger]]\nschedule = \"*/20 * * * *\"\n",
    "[[trigger]]\nschedule = \"0 */6 * * *\"\n",
    "[[trigger]]\nevery = \"7h\"\n",
    "[[trigger]]\nat = \"2026-11-24T12:00\"\n",
    "",
];
/// A routine keeps so many rows, however old they are.
const ROWS_KEPT: usize = 1_000;
const POLICIES: [&str; 5] = [
    "missed = \"skip\"",
    "missed = \"once\"\nretries = 0",
    "missed = \"all\"\nmax_per_day = 3",
    "overlap = \"queue\"",
    "overlap = \"cancel\"\ndeadline = \"10m\"",
];

/// The definitions that somebody has written in the simulated world, by name.
#[derive(Clone, Default)]
pub struct WrittenDefinitions(pub Arc<Mutex<BTreeMap<String, String>>>);

impl WrittenDefinitions {
    pub fn all(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RoutineFiles for WrittenDefinitions {
    fn read(&self) -> FoundDefinitions {
        let file = |(name, text): (&String, &String)| DefinitionFile {
            name: name.clone(),
            text: Ok(text.clone()),
        };
        let files = self.all().iter().map(file).collect();
        FoundDefinitions {
            files,
            unnamed: Vec::new(),
            unread: None,
            place: "/sim/routines".to_owned(),
        }
    }

    fn create(&self, name: &str, text: &str) -> Result<(), Fault> {
        self.all().insert(name.to_owned(), text.to_owned());
        Ok(())
    }

    fn change(
        &self,
        name: &str,
        edit: &dyn Fn(&str) -> Result<String, Fault>,
    ) -> Result<String, Fault> {
        let before = self.all().get(name).cloned().unwrap_or_default();
        let text = edit(&before)?;
        self.all().insert(name.to_owned(), text.clone());
        Ok(text)
    }

    fn remove(&self, name: &str) -> Result<(), Fault> {
        self.all().remove(name);
        Ok(())
    }

    fn login_environment(&self) -> Result<Environment, String> {
        Ok(Environment::from([("HOME".to_owned(), "/".to_owned())]))
    }

    fn scratch(&self, _: &str) -> Result<String, Fault> {
        Ok("/".to_owned())
    }

    fn clear_scratch(&self, _: &[String]) {}

    fn user_home(&self) -> Option<String> {
        None
    }
}

impl Run {
    /// Somebody writes or deletes a definition, or does something with a routine.
    pub fn somebody_plans(&mut self) {
        let (kind, name) = (self.pick(8), NAMES[self.pick(NAMES.len())]);
        match kind {
            0..=2 => {
                let (trigger, policy) =
                    (TRIGGERS[self.pick(TRIGGERS.len())], POLICIES[self.pick(POLICIES.len())]);
                let n = self.world().ledger.beat();
                let wrong = if self.pick(6) == 0 { "nonsense = 1\n" } else { "" };
                let text = format!(
                    "+++\n{wrong}agent = \"rehearsal\"\nrepository = \"/\"\nworktree = \"none\"\n{trigger}[policy]\n{policy}\n\
                     [environment]\nfrom = \"none\"\n+++\nword-{n}-end\n"
                );
                self.world().tell(|| format!("{name} is written: {trigger:?} {policy:?}"));
                self.world().definitions.all().insert(name.to_owned(), text);
                self.with_core(|core| core.handle(Inbox::Routines(Heard::FilesChanged)));
            }
            3 => {
                self.world().tell(|| format!("the file of {name} is deleted"));
                self.world().definitions.all().remove(name);
                self.with_core(|core| core.handle(Inbox::Routines(Heard::FilesChanged)));
            }
            _ => {
                let routine = name.to_owned();
                let act = match self.pick(9) {
                    0..=3 => RoutineAct::Run { routine, text: None },
                    4 => RoutineAct::Pause { routine, note: "a while".to_owned() },
                    5 | 6 => RoutineAct::Resume { routine },
                    7 => RoutineAct::Disable { routine },
                    _ => RoutineAct::Enable { routine },
                };
                let Some(index) = self.any_client() else { return };
                self.clients[index].ask(Command::Routines { act }, Ask::Other);
            }
        }
    }

    fn pick(&mut self, bound: usize) -> usize {
        usize::try_from(self.world().dice.below(bound as u64)).unwrap_or(0)
    }
}

/// Each occurrence has one session at a time, and whatever it waits for is true.
pub fn settled(core: &Core, world: &SimulatedWorld) -> Vec<String> {
    let mut faults = Vec::new();
    let open = world.store.open_rows().unwrap_or_default();
    let held: BTreeMap<&str, &LedgerRow> =
        core.routines.runs.values().map(|run| (run.row.occurrence.id.as_str(), &run.row)).collect();
    for row in &open {
        let it = &row.occurrence;
        let known = held.get(it.id.as_str());
        if known.is_none_or(|known| known.occurrence != *it) {
            faults.push(format!("row {} is stored otherwise than it is held: {it:?}", it.id));
        }
        faults.extend(stuck(core, world, row).map(|why| format!("row {} {why}: {it:?}", it.id)));
    }
    if held.len() != open.len() {
        faults.push(format!("{} rows are held and {} are stored", held.len(), open.len()));
    }
    let mut alive: BTreeMap<&str, u32> = BTreeMap::new();
    for entry in core.sessions.values() {
        let session = &entry.session;
        let Some(run) = session.unattended.as_deref() else { continue };
        // Its user may talk on with a run that failed, whatever its row does since.
        let talked_to = |work: &AgentWork| work.prompts.iter().any(|p| p.origin == Origin::User);
        if session.is_alive() && !session.is_over() && !session.agent().is_some_and(talked_to) {
            *alive.entry(run.occurrence.as_str()).or_default() += 1;
        }
        let row = world.store.row(&run.occurrence).ok().flatten();
        let is_its = row.as_ref().is_some_and(|row| {
            let it = &row.occurrence;
            it.session.as_deref() == Some(session.id.as_str()) || it.attempt > 0
        });
        let kept = is_its || row.is_none() && forgets(world, &run.routine);
        if !kept {
            faults.push(format!("{} is the run of no row: {row:?}", session.id));
        }
    }
    let twice = alive.iter().filter(|(_, count)| **count > 1);
    faults.extend(twice.map(|(id, count)| format!("{count} sessions work on row {id}")));
    faults.extend(doubles(world));
    faults
}

/// The clock was set by a year, and what was due in it has its rows: those before are kept no longer.
fn forgets(world: &SimulatedWorld, routine: &str) -> bool {
    let wanted = RowsWanted { routine: Some(routine), before: None, limit: ROWS_KEPT };
    world.store.rows(wanted).is_ok_and(|rows| rows.len() == ROWS_KEPT)
}

/// Why a row should not be as it is once everything rests.
fn stuck(core: &Core, world: &SimulatedWorld, row: &LedgerRow) -> Option<String> {
    let it = &row.occurrence;
    let wall = i64::try_from(world.wall_ms).unwrap_or(i64::MAX);
    let active = core.routines.runs.values().filter(|run| run.row.occurrence.state.is_active());
    let active: Vec<&str> = active.map(|run| run.row.occurrence.routine.as_str()).collect();
    match it.state {
        State::Claimed => Some("is claimed for ever".to_owned()),
        State::Due => {
            let waits = it.not_before_ms.is_some_and(|at_ms| at_ms > wall);
            let held = active.len() >= 4 || active.contains(&it.routine.as_str());
            (!waits && !held).then(|| "waits for nothing".to_owned())
        }
        State::Starting | State::Running => {
            let its = |id: &str| core.sessions.values().find(|e| e.session.id.as_str() == id);
            match it.session.as_deref().and_then(its) {
                None => Some("has no session".to_owned()),
                // Its loop goes on, until its deadline.
                Some(entry) if goes_on(&entry.session) => None,
                Some(entry) if entry.session.is_over() => {
                    Some(format!("goes on after its session: {:?}", entry.session))
                }
                Some(_) => None,
            }
        }
        State::Finished | State::Failed | State::Skipped => Some("is over and open".to_owned()),
        State::Cancelled | State::Abandoned => Some("is over and open".to_owned()),
    }
}

fn goes_on(session: &Session) -> bool {
    let standing = session.agent().map(|agent| &agent.standing);
    standing.is_some_and(|standing| standing.looping.is_some() || standing.wakeup.is_some())
}

/// No session is that of two rows, and no due time has two.
fn doubles(world: &SimulatedWorld) -> Vec<String> {
    let wanted = RowsWanted { routine: None, before: None, limit: usize::MAX };
    let rows = world.store.rows(wanted).unwrap_or_default();
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    let mut faults = Vec::new();
    for row in &rows {
        let it = &row.occurrence;
        let Some(session) = it.session.as_deref() else { continue };
        if let Some(other) = seen.insert(session, it.id.as_str()) {
            faults.push(format!("{session} is the run of {other} and of {}", it.id));
        }
    }
    faults
}
