//! Keys: from the environment, else from the system's keyring; never from a file of ours.
//!
//! The keyring is asked through `secret-tool` of libsecret, the program of those who keep the keyring:
//! a library would bring a bus client and an async runtime for one question an hour.
//! Promise: a key is in no argument, message or log.

use crate::call::{Environment, variable};
use crate::limits::{GRACE, KEYRING_TIMEOUT};
use nightshift_platform::program::{Run, run};
use nightshift_platform::spawn::Program;
use std::ffi::{OsStr, OsString};
use std::fmt;

/// The attribute under which keys are kept: `secret-tool store --label=… service nightshift key NAME`.
const SERVICE: &str = "nightshift";
/// Longer is no key.
const KEY_MAX_BYTES: usize = 16 * 1024;

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key {
    value: String,
    /// Sent as a bearer token and not in a header of its own.
    pub is_token: bool,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    pub fn value(&self) -> &str {
        &self.value
    }

    /// `text` without the key, should somebody have repeated it.
    pub fn hidden_in(&self, text: &str) -> String {
        text.replace(&self.value, "…")
    }
}

/// The first of `names` that is set in the environment, else in the keyring.
pub(crate) fn find(names: &[&str], env: &Environment) -> Option<Key> {
    let set = names.iter().find_map(|name| Some((name, variable(env, name)?.to_owned())));
    let found = set.or_else(|| names.iter().find_map(|name| Some((name, in_keyring(name, env)?))));
    let (name, value) = found?;
    Some(Key { value, is_token: name.ends_with("TOKEN") })
}

/// Nothing where there is no keyring, no program for it, or nobody who unlocks it.
fn in_keyring(name: &str, env: &Environment) -> Option<String> {
    // Without a bus there is no keyring; asking would start one.
    variable(env, "DBUS_SESSION_BUS_ADDRESS").or_else(|| variable(env, "XDG_RUNTIME_DIR"))?;
    let args = ["lookup", "service", SERVICE, "key", name].map(OsString::from);
    let cwd = std::env::temp_dir();
    let program = Program { program: OsStr::new("secret-tool"), args: &args, env, cwd: &cwd };
    let timeout = KEYRING_TIMEOUT.saturating_sub(GRACE);
    let how = Run { input: b"", timeout, output_max_bytes: KEY_MAX_BYTES, log: None };
    let ended = run(&program, &how).ok()?;
    let value = String::from_utf8(ended.stdout).ok()?.trim().to_owned();
    (ended.code == Some(0) && !value.is_empty()).then_some(value)
}
