//! The settings in force: agents, defaults and times that the user wrote down.
//!
//! Promise: looked at when they are about to be used; a file that is broken leaves everything as it
//! was, and the board says what is wrong for as long as it is.

use crate::conditions::{self, Condition, Said};
use crate::core::Core;
use crate::limits::SETTINGS_PAUSE;
use crate::{rest, retention, tools};
use nightshift_platform::clock;
use nightshift_protocol::NoticeLevel;
use nightshift_settings::{Change, Protocol, Settings};
use nightshift_vendors::registry::{Custom, Defaults, TerminalWays};
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
            let remark = |remark| (NoticeLevel::Warning, format!("{file}: {remark}"));
            let mut said: Said = unknown.into_iter().map(remark).collect();
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

pub fn on_time(core: &mut Core, now: Duration) {
    if due_in(core, now).is_some_and(|wait| wait.is_zero()) {
        core.settings_look_at = Some(now + SETTINGS_PAUSE);
        refresh(core);
    }
}

fn apply(core: &mut Core, file: &str, said: &mut Said) {
    let settings = core.settings.settings().clone();
    let mut registry = tools::registry(&core.home, &core.binary);
    registry.servers.users = tools::users(&settings, file, said);
    for custom in customs(&settings) {
        let id = custom.id.clone();
        if let Err(unfit) = registry.add(custom) {
            said.push((NoticeLevel::Error, format!("{file}: agent `{id}` is left out: {unfit}")));
        }
    }
    core.told.settings = settings.notifications;
    let defaults = settings.defaults;
    registry.set_defaults(Defaults {
        agent: defaults.agent,
        model: defaults.model,
        permission_mode: defaults.permission_mode,
    });
    core.registry = Arc::new(registry);
    core.retire_after = rest::retire_after(settings.life.retire_after_s.map(Duration::from_secs));
    core.shell_keep = retention::shell_keep(settings.life.shell_keep_s.map(Duration::from_secs));
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
