//! What a run begins with, looked for beside the loop: its environment, its directory, its agent, its precheck.

use super::Heard;
use super::answers::check;
use crate::core::{Core, effects};
use crate::handlers::check_directory;
use crate::inbox::Inbox;
use crate::ports::routines::RoutineFiles;
use crate::ports::worktrees::{Wanted, Worktrees};
use crate::ports::world::{Job, Lane};
use nightshift_judge::{Check, CheckOutcome, run_check};
use nightshift_platform::spawn::own_variables;
use nightshift_protocol::launch::ROLE_VARIABLE;
use nightshift_protocol::routine::RoutineCheck;
use nightshift_protocol::{Environment, Fault};
use nightshift_routines::Definition;
use nightshift_routines::definition::{Base, From, Repository, Secret, WorktreeUse};
use nightshift_routines::occurrence::{ErrorType, SkipReason};
use nightshift_vendors::registry::Registry;
use std::ops::RangeInclusive;
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
pub(super) struct Trust {
    worktrees: Arc<dyn Worktrees>,
    wanted: Wanted,
}

impl Trust {
    pub(super) fn new(worktrees: Arc<dyn Worktrees>, wanted: Wanted) -> Trust {
        Trust { worktrees, wanted }
    }

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
    run.called_off = Arc::default();
    let called_off = run.called_off.clone();
    let (files, registry) = (core.world.routine_files(), core.registry.clone());
    let trust = Trust::new(core.worktrees.clone(), effects::wanted(core));
    let (id, failed_id) = (occurrence.to_owned(), occurrence.to_owned());
    let place = format!("what run {occurrence} begins with");
    let work = Box::new(move || {
        let result = prepare((&id, &called_off), &definition, &*files, (&registry, &trust));
        Inbox::Routines(Heard::Prepared { occurrence: id, result: result.map(Box::new) })
    });
    let failed = Box::new(move |fault: Fault| {
        let why = Unready::Failed(ErrorType::NoStart, fault.to_string());
        Inbox::Routines(Heard::Prepared { occurrence: failed_id, result: Err(why) })
    });
    core.world.run(Job { lane: Lane::Routines, place, work, failed });
}

/// Its runs get a worktree each.
pub(super) fn in_worktree(definition: &Definition) -> bool {
    definition.repository.is_some() && definition.worktree == WorktreeUse::PerRun
}

/// What the worktree of a run has to begin at; none where it gets none.
pub(super) fn base_of(definition: &Definition) -> Option<String> {
    let base = match &definition.base {
        Base::Default => "default".to_owned(),
        Base::Head => "head".to_owned(),
        Base::Branch(branch) => branch.clone(),
    };
    in_worktree(definition).then_some(base)
}

fn prepare(
    (occurrence, called_off): (&str, &AtomicBool),
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
        run_precheck((occurrence, called_off), command, &cwd, &env)?;
    }
    // After the precheck, which may have fetched it.
    if let Some(base) = base_of(definition) {
        let found = trust.worktrees.check_base(Path::new(&cwd), &base, &env);
        found.map_err(|fault| Unready::Failed(ErrorType::BaseGone, fault.to_string()))?;
    }
    Ok(Prepared { agent, cwd, env, note })
}

/// The same one by one, each with what was found.
pub(super) fn test(
    owner: &str,
    definition: &Definition,
    files: &dyn RoutineFiles,
    (registry, trust): (&Registry, &Trust),
) -> Vec<RoutineCheck> {
    let words = |unready: Unready| match unready {
        Unready::Failed(error, message) => format!("{}: {message}", error.words()),
        Unready::Skipped(reason, message) => format!("{}: {message}", reason.words()),
    };
    let env = match environment(definition, files) {
        Ok((env, note)) => (env, Ok(note.unwrap_or_else(|| "it is there".to_owned()))),
        Err(unready) => (own_variables(), Err(words(unready))),
    };
    let (env, found) = env;
    let mut checks = vec![check("environment", found)];
    let its_agent = agent(definition, registry, &env).map_err(words);
    checks.push(check("agent", its_agent));
    let cwd = match &definition.repository {
        None => Ok("an empty directory of its own".to_owned()),
        Some(_) => directory(owner, definition, files).map_err(words),
    };
    let place = cwd.clone().ok().filter(|_| definition.repository.is_some());
    checks.push(check("directory", cwd));
    let Some(cwd) = place else { return checks };
    let trusted = trust.covers(&cwd, &env);
    checks.push(check(
        "trust",
        match trusted {
            true => Ok("all that the repository brings along is trusted".to_owned()),
            false => {
                Err(format!("its repository asks for trust: see `nightshift trust show {cwd}`"))
            }
        },
    ));
    if let Some(command) = definition.environment.precheck.as_deref().filter(|_| trusted) {
        let ran = run_precheck((owner, &AtomicBool::new(false)), command, &cwd, &env);
        let said = match ran {
            Ok(()) => Ok("it says that there is something to do".to_owned()),
            // Nothing to do is no fault.
            Err(Unready::Skipped(_, message)) => Ok(format!("there is nothing to do: {message}")),
            Err(unready) => Err(words(unready)),
        };
        checks.push(check("precheck", said));
    }
    if let Some(base) = base_of(definition) {
        let found = trust.worktrees.check_base(Path::new(&cwd), &base, &env);
        checks.push(check("base", found.map(|()| base).map_err(|fault| fault.to_string())));
    }
    checks
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

/// What a shell says of a command that it cannot execute, or does not find; above it are ends by signals.
const NOTHING_TO_DO: RangeInclusive<i32> = 1..=125;

/// Whether there is anything to do. Only a precheck that has ended by itself has said so.
fn run_precheck(
    (occurrence, called_off): (&str, &AtomicBool),
    command: &str,
    cwd: &str,
    env: &Environment,
) -> Result<(), Unready> {
    let env = env.iter().map(|(name, value)| (name.into(), value.into())).collect();
    let (cwd, timeout) = (Path::new(cwd), PRECHECK_TIMEOUT);
    let check = Check { command, cwd, env: &env, owner: occurrence, timeout };
    let result = run_check(&check, called_off);
    match &result.outcome {
        CheckOutcome::Exited(0) => Ok(()),
        CheckOutcome::Exited(code) if NOTHING_TO_DO.contains(code) => {
            Err(Unready::Skipped(SkipReason::Precheck, result.words()))
        }
        CheckOutcome::Exited(_)
        | CheckOutcome::Signalled(_)
        | CheckOutcome::TimedOut { .. }
        | CheckOutcome::CalledOff
        | CheckOutcome::NotRun(_) => {
            let said = match result.tail.trim() {
                "" => "it printed nothing".to_owned(),
                tail => format!("its last lines: {}", tail.lines().collect::<Vec<_>>().join(" | ")),
            };
            let message = format!("the precheck `{command}` {}; {said}", result.ending());
            Err(Unready::Failed(ErrorType::Precheck, message))
        }
    }
}
