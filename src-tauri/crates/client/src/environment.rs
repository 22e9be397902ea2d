//! The environment that a dispatch carries: the caller's own, so that a session sees what the
//! user's shell sees and nothing that the supervisor was once started with.

use nightshift_platform::dirs::HOME_VARIABLE;
use nightshift_platform::private;
use nightshift_protocol::Environment;

/// Variables of ours are not handed on: they describe the session a client runs in.
const OWN_PREFIX: &str = "NIGHTSHIFT_";
/// Settings of ours: which supervisor is meant, how patient or generous it is, what it leaves out.
const SETTINGS: [&str; 9] = [
    HOME_VARIABLE,
    "NIGHTSHIFT_LOOK_PATIENCE_S",
    "NIGHTSHIFT_RETIRE_AFTER_S",
    "NIGHTSHIFT_SHELL_KEEP_S",
    "NIGHTSHIFT_PULL_PAUSE_S",
    "NIGHTSHIFT_PRESSURE_FILE",
    "NIGHTSHIFT_PRESSURE_PAUSE_S",
    "NIGHTSHIFT_DISABLE_CRON",
    "NIGHTSHIFT_TEST_MONITOR_LOOPBACK",
];

/// The caller's environment for `Dispatch` and `Reply`, and with it the caller's umask and core limit,
/// which a session has instead of the supervisor's. Bytes that are no UTF-8 are replaced.
pub fn dispatch_environment() -> Environment {
    let text = |s: std::ffi::OsString| s.to_string_lossy().into_owned();
    std::env::vars_os()
        .map(|(name, value)| (text(name), text(value)))
        .filter(|(name, _)| outlives_sessions(name))
        .map(
            |(name, value)| {
                if name == HOME_VARIABLE { (name, absolute(value)) } else { (name, value) }
            },
        )
        .chain(private::own_terms().into_iter().map(|(name, value)| (name.to_owned(), value)))
        .collect()
}

/// The session may run in another directory, where a relative home would be another one.
fn absolute(dir: String) -> String {
    std::path::absolute(&dir).map_or(dir, |path| path.to_string_lossy().into_owned())
}

/// Whether the variable `name` may be handed on to a process that is no part of this session.
pub fn outlives_sessions(name: &str) -> bool {
    SETTINGS.contains(&name) || !name.starts_with(OWN_PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_14_a_dispatch_carries_the_callers_umask_whatever_the_environment_says() {
        let carried = dispatch_environment();
        for (name, value) in private::own_terms() {
            assert_eq!(carried[name], value);
            assert!(!outlives_sessions(name), "{name} of an outer session is not handed on");
        }
        assert_eq!(private::own_terms().len(), private::VARIABLES.len());
    }

    #[test]
    fn only_the_home_of_our_own_variables_is_handed_on() {
        for (name, handed_on) in [
            ("PATH", true),
            ("NIGHTSHIFT_HOME", true),
            ("NIGHTSHIFT_RETIRE_AFTER_S", true),
            ("NIGHTSHIFT_DISABLE_CRON", true),
            ("NIGHTSHIFT_SESSION_ID", false),
            ("NIGHTSHIFT_ANYTHING", false),
            ("MY_NIGHTSHIFT_X", true),
        ] {
            assert_eq!(outlives_sessions(name), handed_on, "{name}");
        }
    }
}
