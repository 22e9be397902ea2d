//! What the user sees of Nightshift, told to the supervisor, so that nothing is told twice over.
//!
//! Promise: every new connection hears it again.

use crate::environment::Origin;
use crate::link::Link;
use nightshift_client::Presence;
use nightshift_platform::desktop::DESKTOP_VARIABLES;
use nightshift_protocol::{Environment, FaultCode, calls};
use tauri::{AppHandle, Manager};

/// Tells the supervisor for as long as the app runs.
pub fn tell(app: &AppHandle) {
    let app = app.clone();
    let mut reachability = app.state::<Link>().reachability();
    tauri::async_runtime::spawn(async move {
        let (link, presence) = (app.state::<Link>(), app.state::<Presence>());
        let env = leading_here(&app.state::<Origin>().environment);
        loop {
            tokio::select! {
                () = presence.changed() => {}
                changed = reachability.changed() => if changed.is_err() {
                    return;
                },
            }
            if !reachability.borrow_and_update().reachable {
                continue;
            }
            let (looking, env) = (presence.looking(), env.clone());
            let told = link.ask(calls::Presence { looking, env }).await;
            if let Err(fault) = told.map(drop)
                && fault.code != FaultCode::Unreachable
            {
                eprintln!("warning: the supervisor does not hear what is looked at: {fault}");
            }
        }
    });
}

/// The way to this desktop, for a supervisor that was started without one.
fn leading_here(environment: &Environment) -> Environment {
    let named = DESKTOP_VARIABLES.iter().filter_map(|name| environment.get_key_value(*name));
    named.map(|(name, value)| (name.clone(), value.clone())).collect()
}
