//! What a run begins with, looked for beside the loop: its environment, its directory, its agent, its precheck.

use super::Heard;
use crate::core::{Core, effects};
use crate::handlers::check_directory;
use crate::inbox::Inbox;
use crate::ports::routines::RoutineFiles;
use crate::ports::worktrees::{Wanted, Worktrees};
use crate::ports::world::{Job, Lane};
use nightshift_judge::{Check, run_check};
use nightshift_platform::spawn::own_variables;
use nightshift_protocol::launch::ROLE_VARIABLE;
use nightshift_protocol::{Environment, Fault};
use nightshift_routines::Definition;
use nightshift_routines::definition::{From, Repository, Secret};
use nightshift_routines::occurrence::{ErrorType, SkipReason};
use nightshift_vendors::registry::Registry;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// A precheck decides whether there is anything to do; what takes longer is work.
const PRECHECK_TIMEOUT: Duration = Duration::from_secs(30);
/// What a run gets whose environment is `none`: without these no agent starts.
const BASE_VARIABLES: [&str; 9] =
    ["HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "TMPDIR", "TZ", "NIGHTSHIFT_HOME"];

/// All that a session of the run needs.
pub struct Prepared {
    pub agent: String,
    pub cwd: String,
    pub env: Environment,
    /// What was not as it was meant.
    pub note: Option<String>,
}

/// Why there is none.
pub enum Unready {
    Failed(ErrorType, String),
    Skipped(SkipReason, String),
}

/// What the user trusts.
struct Trust {
    worktrees: Arc<dyn Worktrees>,
    wanted: Wanted,
}

impl Trust {
    /// All that the repository brings along is trusted as it is now.
    fn covers(&self, cwd: &str, env: &Environment) -> bool {
        let shown = self.worktrees.show_trust(Path::new(cwd), &self.wanted, env);
        shown.is_ok_and(|repository| repository.current)
    }
}

/// Begins to look for what the run begins with; the outcome comes to the inbox.
pub(super) fn begin(core: &mut Core, occurrence: &str) {
    let Some(run) = core.routines.runs.get_mut(occurrence) else { return };
    let Some(routine) = core.routines.list.get(&run.row.occurrence.routine) else { return };
    let Some(definition) = routine.definition.clone() else { return };
    run.preparing = true;
    let (files, registry) = (core.world.routine_files(), core.registry.clone());
    let trust = Trust { worktrees: core.worktrees.clone(), wanted: effects::wanted(core) };
    let (id, failed_id) = (occurrence.to_owned(), occurrence.to_owned());
    let place = format!("what run {occurrence} begins with");
    let work = Box::new(move || {
        let result = prepare(&id, &definition, &*files, (&registry, &trust));
        Inbox::Routines(Heard::Prepared { occurrence: id, result: result.map(Box::new) })
    });
    let failed = Box::new(move |fault: Fault| {
        let why = Unready::Failed(ErrorType::NoStart, fault.to_string());
        Inbox::Routines(Heard::Prepared { occurrence: failed_id, result: Err(why) })
    });
    core.world.run(Job { lane: Lane::Routines, place, work, failed });
}

fn prepare(
    occurrence: &str,
    definition: &Arc<Definition>,
    files: &dyn RoutineFiles,
    (registry, trust): (&Registry, &Trust),
) -> Result<Prepared, Unready> {
    let (env, note) = environment(definition, files)?;
    let cwd = directory(occurrence, definition, files)?;
    let agent = agent(definition, registry, &env)?;
    let own_place = definition.repository.is_none();
    let precheck = definition.environment.precheck.as_deref();
    // What it starts may be the repository's, as `git fetch` is. Without trust the run ends, or asks, at its start.
    if let Some(command) = precheck.filter(|_| own_place || trust.covers(&cwd, &env)) {
        run_precheck(occurrence, command, &cwd, &env)?;
    }
    Ok(Prepared { agent, cwd, env, note })
}

fn environment(
    definition: &Definition,
    files: &dyn RoutineFiles,
) -> Result<(Environment, Option<String>), Unready> {
    let (mut env, note) = match definition.environment.from {
        From::LoginShell => match files.login_environment() {
            Ok(env) => (env, None),
            Err(why) => {
                let note = format!("{why}; it runs in the supervisor's own environment");
                (own_variables(), Some(note))
            }
        },
        From::None => {
            let base = |name: &String| BASE_VARIABLES.contains(&name.as_str());
            (own_variables().into_iter().filter(|(name, _)| base(name)).collect(), None)
        }
    };
    // What it starts is no part of whatever started us.
    env.remove(ROLE_VARIABLE);
    env.extend(definition.environment.set.clone());
    let own = own_variables();
    for (name, secret) in &definition.environment.secrets {
        let Secret::Variable(variable) = secret else { continue };
        let Some(value) = own.get(variable) else {
            let message = format!("the secret `{name}` is not there: no variable {variable}");
            return Err(Unready::Failed(ErrorType::EnvironmentMissing, message));
        };
        env.insert(name.clone(), value.clone());
    }
    Ok((env, note))
}

fn directory(
    occurrence: &str,
    definition: &Definition,
    files: &dyn RoutineFiles,
) -> Result<String, Unready> {
    let gone = |fault: Fault| Unready::Failed(ErrorType::RepositoryGone, fault.message);
    let Some(Repository::Path(path)) = &definition.repository else {
        let full = |fault: Fault| Unready::Failed(ErrorType::Disk, fault.to_string());
        return files.scratch(occurrence).map_err(full);
    };
    let path = match (path.strip_prefix('~'), files.user_home()) {
        (Some(rest), Some(home)) => format!("{home}{rest}"),
        (Some(_) | None, _) => path.clone(),
    };
    check_directory(&path).map_err(gone)?;
    Ok(path)
}

/// As a dispatch chooses it.
fn agent(
    definition: &Definition,
    registry: &Registry,
    env: &Environment,
) -> Result<String, Unready> {
    let missing = |fault: Fault| Unready::Failed(ErrorType::AgentMissing, fault.to_string());
    let spec = match &definition.agent {
        Some(agent) => registry.named(agent),
        None => registry.default_agent(env),
    };
    let spec = spec.map_err(missing)?;
    registry.resolve(spec, env).map_err(missing)?;
    let (model, mode) = (definition.model.as_deref(), definition.mode.as_deref());
    registry.check_choices(spec, model, mode).map_err(missing)?;
    Ok(spec.id.clone())
}

fn run_precheck(
    occurrence: &str,
    command: &str,
    cwd: &str,
    env: &Environment,
) -> Result<(), Unready> {
    let env = env.iter().map(|(name, value)| (name.into(), value.into())).collect();
    let (cwd, timeout) = (Path::new(cwd), PRECHECK_TIMEOUT);
    let check = Check { command, cwd, env: &env, owner: occurrence, timeout };
    let result = run_check(&check, &AtomicBool::new(false));
    match result.passed() {
        true => Ok(()),
        false => Err(Unready::Skipped(SkipReason::Precheck, result.words())),
    }
}
