//! Opening a session in the window: the one that runs is told, else one is started.

use nightshift_platform::{dirs::Home, spawn};
use nightshift_protocol::launch::ROLE_VARIABLE;
use std::io;
use std::path::PathBuf;

const WINDOW: &str = "nightshift-desktop";
/// As window systems hand it to what is started: it may come to the front.
const TOKEN_VARIABLES: [&str; 2] = ["XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID"];

/// Opens `session`; `token` is what the click gave.
pub fn open(home: &Home, session: &str, token: Option<String>) -> io::Result<()> {
    let program = beside_us().unwrap_or_else(|| WINDOW.into());
    let mut environment = spawn::own_environment();
    environment.remove(std::ffi::OsStr::new(ROLE_VARIABLE));
    if let Some(token) = token {
        environment.extend(TOKEN_VARIABLES.map(|name| (name.into(), token.clone().into())));
    }
    let args = ["--open".into(), session.into()];
    let log = home.log_file();
    let process =
        spawn::spawn_detached(program.as_os_str(), &args, &environment, &home.state, &log)?;
    let mut child = process.child;
    // Only so that it is no zombie.
    std::thread::Builder::new().name("window".into()).spawn(move || child.wait().ok())?;
    Ok(())
}

fn beside_us() -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?.with_file_name(WINDOW);
    own.exists().then_some(own)
}
