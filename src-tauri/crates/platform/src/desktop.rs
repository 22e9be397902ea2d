//! Whether and how the user's desktop can be reached from here.
//!
//! Must not know: what is told to it.

use std::path::PathBuf;

/// Names the session bus; set in a desktop's own programs.
pub const BUS_VARIABLE: &str = "DBUS_SESSION_BUS_ADDRESS";
const RUNTIME_VARIABLE: &str = "XDG_RUNTIME_DIR";

/// Variables that lead to a desktop: a program that was started without them is told these.
pub const DESKTOP_VARIABLES: [&str; 8] = [
    BUS_VARIABLE,
    RUNTIME_VARIABLE,
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_CURRENT_DESKTOP",
    "XDG_SESSION_TYPE",
    "XDG_DATA_DIRS",
];

/// The session bus of an environment: the one it names, else the one that systemd puts into the
/// runtime directory. Never guessed from the user's number: a test or a sandbox means another one.
pub fn session_bus(get: impl Fn(&str) -> Option<String>) -> Option<String> {
    let set = |name: &str| get(name).filter(|value| !value.trim().is_empty());
    set(BUS_VARIABLE).or_else(|| {
        let socket = PathBuf::from(set(RUNTIME_VARIABLE)?).join("bus");
        socket.exists().then(|| format!("unix:path={}", socket.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bus_is_named_or_in_the_runtime_directory() {
        let dir = tempfile::tempdir().unwrap();
        let runtime = dir.path().to_str().unwrap().to_owned();
        let get = |bus: &str| {
            let bus = bus.to_owned();
            let runtime = runtime.clone();
            move |name: &str| match name {
                BUS_VARIABLE => Some(bus.clone()),
                RUNTIME_VARIABLE => Some(runtime.clone()),
                _ => None,
            }
        };
        assert_eq!(session_bus(get("unix:abstract=x")).as_deref(), Some("unix:abstract=x"));
        assert_eq!(session_bus(get("")), None);
        std::fs::write(dir.path().join("bus"), "").unwrap();
        assert_eq!(session_bus(get("")), Some(format!("unix:path={runtime}/bus")));
        assert_eq!(session_bus(|_| None), None);
    }
}
