//! The settings in force: agents, defaults and times that the user wrote down.
//!
//! Promise: looked at when they are about to be used; a file that is broken leaves everything as it
//! was, and the board says what is wrong for as long as it is.

use crate::core::Core;
use crate::features::conditions::{Condition, Said};
use crate::features::{conditions, idle_retirement, retention, routines};
use crate::limits::SETTINGS_PAUSE;
use crate::sessions::mcp_servers;
use nightshift_platform::clock;
use nightshift_protocol::{Environment, Fault, FaultCode, NoticeLevel};
use nightshift_settings::{Change, Protocol, Remark, Settings, remark};
use nightshift_vendors::registry::{Chosen, Custom, Defaults, Doubt, Registry, TerminalWays};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Reads the settings file if it is another than last time.
pub fn refresh(core: &mut Core) {
    let Some(change) = core.settings.refresh() else { return };
    let file = core.settings.file().map(|f| f.display().to_string()).unwrap_or_default();
    let said = match change {
        Change::Kept { why } => {
            let text = format!("{file}: {why}; the settings stay as they were");
            vec![(NoticeLevel::Error, text)]
        }
        Change::Read { unknown } => {
            let told = |remark| (NoticeLevel::Warning, format!("{file}: {remark}"));
            let mut said: Said = unknown.into_iter().map(told).collect();
            apply(core, &file, &mut said);
            said
        }
    };
    core.settings_look_at = (!said.is_empty()).then(|| clock::monotonic() + SETTINGS_PAUSE);
    conditions::forget_kept(core, &format!("{file}: "));
    conditions::hold(core, &Condition::Settings, said);
}

/// Time until the next look at a file with mistakes, while somebody is shown them.
pub fn due_in(core: &Core, now: Duration) -> Option<Duration> {
    let at = core.settings_look_at.filter(|_| core.board.is_followed())?;
    Some(at.saturating_sub(now))
}

pub fn on_tick(core: &mut Core, now: Duration) {
    if due_in(core, now).is_some_and(|wait| wait.is_zero()) {
        core.settings_look_at = Some(now + SETTINGS_PAUSE);
        refresh(core);
    }
}

/// Refuses what would go by the settings while these are nobody's: they were broken from the first look on.
pub fn check_read(core: &Core) -> Result<(), Fault> {
    let Some(why) = core.settings.never_read() else { return Ok(()) };
    let file = core.settings.file().map(|f| f.display().to_string()).unwrap_or_default();
    Err(Fault::new(FaultCode::Invalid, format!("the settings cannot be read: {file}: {why}"))
        .hint("mend the file, or name the agent with --agent"))
}

fn apply(core: &mut Core, file: &str, said: &mut Said) {
    let (settings, text) = (core.settings.settings().clone(), core.settings.text().to_owned());
    let (mut registry, wrong) =
        agents(mcp_servers::registry(&core.home, &core.binary), file, &text, &settings);
    registry.servers.users = mcp_servers::users(&settings, file, said);
    said.extend(wrong.into_iter().map(|remark| (NoticeLevel::Error, format!("{file}: {remark}"))));
    core.told.settings = settings.notifications;
    routines::outside::stir(core);
    core.registry = Arc::new(registry);
    core.retire_after =
        idle_retirement::retire_after(settings.life.retire_after_s.map(Duration::from_secs));
    core.shell_keep = retention::shell_keep(settings.life.shell_keep_s.map(Duration::from_secs));
}

/// `registry` with what the settings say of agents, and what of that names what there is not.
fn agents(
    mut registry: Registry,
    file: &str,
    text: &str,
    settings: &Settings,
) -> (Registry, Vec<Remark>) {
    let mut wrong = Vec::new();
    for custom in customs(settings) {
        let id = custom.id.clone();
        if let Err(unfit) = registry.add(custom) {
            let why = format!("agent `{id}` is left out: {unfit}");
            wrong.push(remark(text, &["agent_servers", &id], &why));
        }
    }
    let set = |name: &str, value: &Option<String>| {
        let at = remark(text, &["defaults", name], "");
        let at = format!("{file}: line {}, column {}: `defaults.{name}`", at.line, at.column);
        value.clone().map(|value| Chosen { value, at })
    };
    let defaults = &settings.defaults;
    registry.set_defaults(Defaults {
        agent: set("agent", &defaults.agent),
        model: set("model", &defaults.model),
        permission_mode: set("permission_mode", &defaults.permission_mode),
    });
    wrong.extend(registry.doubts().into_iter().map(|Doubt { path, why }| {
        remark(text, &path.iter().map(String::as_str).collect::<Vec<_>>(), &why)
    }));
    (registry, wrong)
}

/// What is to be said of a settings file beside what its text alone tells.
#[derive(Debug, Default)]
pub struct Checked {
    /// Names what there is not: a dispatch that goes by it is refused.
    pub wrong: Vec<Remark>,
    /// The default agent's program is not there for whoever has `env`.
    pub missing: Option<String>,
}

/// Looks whether the names in a settings file mean something. `binary` is the `nightshift` program.
pub fn check(
    binary: &Path,
    file: &str,
    text: &str,
    settings: &Settings,
    env: &Environment,
) -> Checked {
    let (registry, wrong) = agents(Registry::builtin(binary), file, text, settings);
    let unknown = settings.defaults.agent.as_deref().is_none_or(|id| registry.find(id).is_none());
    let missing = registry.default_agent(env).err().filter(|_| !unknown);
    Checked { wrong, missing: missing.map(|fault| fault.to_string()) }
}

fn customs(settings: &Settings) -> impl Iterator<Item = Custom> {
    settings.agent_servers.iter().map(|(id, server)| {
        let server = server.clone();
        let ours = server.nightshift;
        Custom {
            id: id.clone(),
            title: ours.title,
            command: server.command,
            args: server.args,
            env: server.env,
            default_mode: server.default_mode,
            config_options: server.default_config_options,
            like: ours.like,
            modes: ours.modes,
            sign_in: ours.sign_in,
            how_to: ours.how_to,
            terminal: (ours.protocol == Protocol::Terminal).then_some(TerminalWays {
                prompt_args: ours.prompt_args,
                resume_args: ours.resume_args,
                interrupt: ours.interrupt,
            }),
        }
    })
}
