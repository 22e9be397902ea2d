//! Nightshift's window and tray: a client of the supervisor like any other.
//!
//! Promise: translates between the window and the supervisor or a host and decides nothing; ending
//! or killing this process ends no session.
//! Must not know: how sessions run, what states mean, SQLite, agents.

mod announcement;
mod backdrop;
mod beside;
mod commands;
mod environment;
mod feed;
mod graphics;
mod habits;
mod link;
mod navigation;
mod opening;
mod popout;
mod presence;
mod quick;
mod repositories;
mod terminal_wire;
mod tray;
mod window;

pub use commands::export_bindings;

use crate::environment::Origin;
use crate::link::Link;
use crate::opening::{Asked, Opening};
use nightshift_client::{Holdings, Presence};
use std::process::ExitCode;
use tauri::{Manager, RunEvent};

/// Runs the window until it quits.
pub fn run() -> ExitCode {
    // Before anything of ours changes it: sessions get what the user's shell gave us.
    let origin = Origin::capture();
    graphics::prepare();
    let link = match Link::new(&origin) {
        Ok(link) => link,
        Err(fault) => {
            eprintln!("error: {fault}");
            return ExitCode::FAILURE;
        }
    };
    match open(origin, link) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: the window cannot open: {error}");
            ExitCode::FAILURE
        }
    }
}

fn open(origin: Origin, link: Link) -> tauri::Result<()> {
    let bridge = commands::bridge();
    let mut builder = tauri::Builder::default();
    if window::is_single_instance() {
        builder = builder.plugin(window::single_instance(&origin));
    }
    let asked = Asked::of(std::env::args_os().map(|word| word.to_string_lossy().into_owned()));
    let app = habits::plugins(builder)
        .invoke_handler(bridge.invoke_handler())
        .manage(origin)
        .manage(link)
        .manage(Holdings::default())
        .manage(Opening::default())
        .manage(Presence::default())
        .manage(tray::Toggled::default())
        .on_page_load(window::on_page_load)
        .on_window_event(window::on_window_event)
        .setup(move |app| {
            bridge.mount_events(app);
            window::make(app.handle())?;
            opening::fulfil(app.handle(), asked);
            feed::tell_reachability(app.handle());
            presence::tell(app.handle());
            beside::begin_later(app.handle());
            Ok(())
        })
        .build(context())?;
    app.run(|app, event| match event {
        // The last window went: the tray stays. A code means that somebody asked to quit.
        RunEvent::ExitRequested { code: None, api, .. } => api.prevent_exit(),
        RunEvent::Exit => app.state::<Holdings>().end_all(),
        _ => {}
    });
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "written by the context macro, not by us")]
fn context() -> tauri::Context {
    tauri::generate_context!()
}
