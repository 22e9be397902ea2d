//! What the window may ask for. Each command is one translation into the supervisor's terms.

#![expect(clippy::let_underscore_must_use, reason = "written by the command macro, not by us")]

mod background;
mod enclosure;
mod follow;
#[cfg(test)]
#[path = "../../commands.rs"]
mod named;
mod notifications;
mod places;
mod review;
mod routines;
mod session;
mod settings;
mod shell;
mod standing;
mod terminal;
mod worktrees;

use crate::link::Reachability;
use crate::opening::OpenRequested;
use crate::quick::QuickShown;
use crate::terminal_wire::{self, TerminalEvent};
use nightshift_model::answering::ANSWER_AFTER_MS;
use specta_typescript::Typescript;
use std::path::Path;
use tauri::Wry;
use tauri_specta::{Builder, Commands, ErrorHandlingMode, collect_commands, collect_events};

const HEADER: &str = "\
/**
 * The window's commands and their types, generated from the Rust types.
 *
 * Not written by hand: `cargo xtask bindings` writes it, a test compares it.
 */
";

/// After this there are functions of the generator's own and no types of ours.
const RUNTIME: &str = "/* Tauri Specta runtime */";

/// All commands of all windows; `capabilities/` says which window has which.
fn commands() -> Commands<Wry> {
    collect_commands![
        follow::follow_board,
        follow::follow_conversation,
        follow::unfollow,
        session::dispatch,
        enclosure::enclose,
        enclosure::read_enclosure,
        session::answer,
        session::reply,
        session::interrupt,
        session::open_as,
        session::stop,
        session::remove,
        session::rename,
        session::pin,
        session::choose,
        session::logs,
        session::why,
        background::tasks,
        background::stop_task,
        background::continue_at_reset,
        background::cancel_continue,
        review::review,
        notifications::receipts,
        notifications::test_notification,
        notifications::notification_permission,
        notifications::looking,
        notifications::take_opening,
        notifications::pop_out,
        notifications::put_back,
        notifications::close_window,
        notifications::hide_quick,
        standing::standing,
        routines::routines,
        routines::routine,
        routines::routine_runs,
        routines::preview_schedule,
        routines::save_routine,
        routines::enable_routine,
        routines::pause_routine,
        routines::resume_routine,
        routines::run_routine,
        routines::remove_routine,
        routines::edit_routine,
        routines::open_schedule,
        routines::pause_schedules,
        worktrees::worktrees,
        worktrees::measure_worktree,
        worktrees::inspect_worktree,
        worktrees::remove_worktree,
        worktrees::clean_worktrees,
        worktrees::undo_remove,
        shell::agents,
        shell::permissions,
        shell::trust,
        shell::status,
        shell::defaults,
        places::places,
        settings::settings,
        settings::set_setting,
        settings::write_settings,
        shell::set_title,
        shell::open_external,
        terminal::attach_terminal,
        terminal::terminal_input,
        terminal::terminal_resize,
        terminal::terminal_ack,
        terminal::detach_terminal,
    ]
}

/// Commands and types as the window knows them.
pub fn bridge() -> Builder<Wry> {
    Builder::<Wry>::new()
        .commands(commands())
        .events(collect_events![Reachability, OpenRequested, QuickShown])
        .typ::<TerminalEvent>()
        .constant("ANSWER_AFTER_MS", ANSWER_AFTER_MS)
        .constant("TERMINAL_DATA", terminal_wire::DATA)
        .constant("TERMINAL_EVENT", terminal_wire::EVENT)
        .error_handling(ErrorHandlingMode::Throw)
        .disable_serde_phases()
}

/// Why bindings could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("the types cannot be said in TypeScript: {0}")]
    Types(#[from] specta_typescript::Error),
    #[error("cannot write the bindings: {0}")]
    File(#[from] std::io::Error),
}

/// Writes the TypeScript side of `bridge` to `path`.
pub fn export_bindings(path: &Path) -> Result<(), ExportError> {
    bridge().export(Typescript::default().header(HEADER), path)?;
    let written = std::fs::read_to_string(path)?;
    let (types, runtime) = written.split_at(written.find(RUNTIME).unwrap_or(written.len()));
    // A field with a default may be missing when *we* read it; we always write it.
    Ok(std::fs::write(path, types.replace("?: ", ": ") + runtime)?)
}

#[cfg(test)]
mod tests {
    use super::named::COMMANDS;
    use std::collections::BTreeSet;

    fn granted(capability: &str) -> BTreeSet<String> {
        let capability: serde_json::Value = serde_json::from_str(capability).unwrap();
        let permissions = capability["permissions"].as_array().unwrap().iter();
        let names = permissions.filter_map(|name| name.as_str()?.strip_prefix("allow-"));
        names.map(|name| name.replace('-', "_")).collect()
    }

    #[test]
    fn security_10_a_window_has_the_commands_that_it_needs() {
        let bindings = include_str!("../../../ui/src/backend/generated/bindings.ts");
        let calls = bindings.split("__TAURI_INVOKE").filter_map(|call| {
            let (_, name) = call.split_once("(\"")?;
            Some(name.split_once('"')?.0.to_owned())
        });
        let all: BTreeSet<String> = calls.collect();
        assert_eq!(COMMANDS.iter().map(ToString::to_string).collect::<BTreeSet<_>>(), all);
        assert_eq!(granted(include_str!("../../capabilities/main.json")), all);
        let pane = granted(include_str!("../../capabilities/pane.json"));
        let quick = granted(include_str!("../../capabilities/quick.json"));
        assert!(pane.is_subset(&all) && quick.is_subset(&all));
        assert!(pane.contains("reply") && quick.contains("dispatch"));
        for own in ["dispatch", "write_settings", "set_setting", "permissions", "clean_worktrees"] {
            assert!(!pane.contains(own), "{own}");
        }
        for own in ["answer", "reply", "write_settings", "permissions", "attach_terminal", "review"]
        {
            assert!(!quick.contains(own), "{own}");
        }
    }
}
