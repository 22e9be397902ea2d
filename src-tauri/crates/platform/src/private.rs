//! What a long-lived process of ours keeps to itself (files it makes, its memory in a core dump),
//! and what programs that it starts for others have instead: the umask and the limit for core dumps
//! of whoever asked for them.
//!
//! These two go on their way in the environment that a program gets, under names of ours, and leave
//! it when the program is started.
//! Promise: what nobody named is as it was when this process began, never as this process is now.
//! Must not know: sessions, who asks for what.

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::sync::OnceLock;

/// The umask of whoever wants a program started, in octal digits.
const UMASK_VARIABLE: &str = "NIGHTSHIFT_UMASK";
/// The size in bytes that a core dump may have there; `unlimited` for any.
const CORE_VARIABLE: &str = "NIGHTSHIFT_CORE_LIMIT";
/// Both: whoever passes on a choice of variables passes these on too.
pub const VARIABLES: [&str; 2] = [UMASK_VARIABLE, CORE_VARIABLE];
const UNLIMITED: &str = "unlimited";
/// Nothing for the group and others.
const PRIVATE_UMASK: u32 = 0o077;
const PERMISSIONS: u32 = 0o777;

type Environment = BTreeMap<OsString, OsString>;

/// What a program is started with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    umask: Option<u32>,
    /// None inside: any size.
    core: Option<Option<u64>>,
}

/// As this process was when it became private.
static BEFORE: OnceLock<Terms> = OnceLock::new();

/// From now on files of this process are for its user alone, and it leaves no core dump: its memory
/// holds environments. For programs that start nothing for themselves. To be called before threads.
pub fn begin() -> io::Result<()> {
    let before = rustix::process::umask(Mode::from_raw_mode(PRIVATE_UMASK));
    let core = getrlimit(Resource::Core);
    BEFORE.get_or_init(|| Terms {
        umask: Some(before.as_raw_mode() & PERMISSIONS),
        core: Some(core.current),
    });
    // The hard limit stays: what is started must be able to have its own again.
    Ok(setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: core.maximum })?)
}

/// This process's own, as variables for `Program::env`.
pub fn own_terms() -> Vec<(&'static str, String)> {
    let core = getrlimit(Resource::Core).current;
    let core = core.map_or_else(|| UNLIMITED.to_owned(), |bytes| bytes.to_string());
    let mut terms = vec![(CORE_VARIABLE, core)];
    if let Some(umask) = own_umask() {
        terms.push((UMASK_VARIABLE, format!("{umask:04o}")));
    }
    terms
}

/// Read, not set and set back: other threads may make files meanwhile.
fn own_umask() -> Option<u32> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let digits = status.lines().find_map(|line| line.strip_prefix("Umask:"))?;
    u32::from_str_radix(digits.trim(), 8).ok()
}

/// Adds what nobody named, for a program of ours that starts another with this environment.
pub(crate) fn complete(env: &Environment) -> Environment {
    let mut env = env.clone();
    let before = BEFORE.get().copied().unwrap_or_default();
    if let Some(umask) = before.umask {
        env.entry(UMASK_VARIABLE.into()).or_insert_with(|| format!("{umask:04o}").into());
    }
    if let Some(core) = before.core {
        let text = core.map_or_else(|| UNLIMITED.to_owned(), |bytes| bytes.to_string());
        env.entry(CORE_VARIABLE.into()).or_insert_with(|| text.into());
    }
    env
}

impl Terms {
    /// Those that `env` names; what it does not, or not readably, is as before.
    pub(crate) fn of(env: &Environment) -> Terms {
        let before = BEFORE.get().copied().unwrap_or_default();
        let named = |name: &str| env.get(OsStr::new(name)).and_then(|value| value.to_str());
        let umask = named(UMASK_VARIABLE).and_then(|text| u32::from_str_radix(text, 8).ok());
        let core = match named(CORE_VARIABLE) {
            Some(UNLIMITED) => Some(None),
            Some(text) => text.parse().ok().map(Some),
            None => None,
        };
        Terms {
            umask: umask.filter(|mask| *mask <= PERMISSIONS).or(before.umask),
            core: core.or(before.core),
        }
    }

    /// Between fork and exec: only async-signal-safe calls.
    pub(crate) fn apply(self) -> io::Result<()> {
        if let Some(umask) = self.umask {
            rustix::process::umask(Mode::from_raw_mode(umask));
        }
        if let Some(wanted) = self.core {
            let maximum = getrlimit(Resource::Core).maximum;
            let current = match (wanted, maximum) {
                (Some(wanted), Some(maximum)) => Some(wanted.min(maximum)),
                (None, maximum) => maximum,
                (wanted, None) => wanted,
            };
            setrlimit(Resource::Core, Rlimit { current, maximum })?;
        }
        Ok(())
    }
}

/// Makes directories as a program with this environment would: not for us alone.
pub fn create_dir_all(env: &Environment, dir: &Path) -> io::Result<()> {
    let Some(umask) = Terms::of(env).umask else { return std::fs::create_dir_all(dir) };
    let missing: Vec<&Path> = dir.ancestors().take_while(|part| !part.exists()).collect();
    for part in missing.into_iter().rev().filter(|part| !part.as_os_str().is_empty()) {
        match DirBuilder::new().mode(PERMISSIONS).create(part) {
            // Another session's worktree is made beside this one.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            made => made?,
        }
        std::fs::set_permissions(part, Permissions::from_mode(PERMISSIONS & !umask))?;
    }
    // What is there and no directory is told by the system itself.
    std::fs::create_dir_all(dir)
}

/// The mode that a program with this environment would make a directory with.
pub fn directory_mode(env: &Environment) -> u32 {
    PERMISSIONS & !Terms::of(env).umask.or_else(own_umask).unwrap_or(PRIVATE_UMASK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Terms {
        Terms::of(&pairs.iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    #[test]
    fn security_14_what_is_unreadable_is_as_before() {
        for (text, umask) in [
            ("0022", Some(0o022)),
            ("077", Some(0o077)),
            ("0", Some(0)),
            ("0777", Some(0o777)),
            ("1777", None),
            ("-1", None),
            ("u=rwx", None),
            ("99", None),
            ("", None),
        ] {
            assert_eq!(of(&[(UMASK_VARIABLE, text)]).umask, umask, "{text}");
        }
        for (text, core) in [
            ("unlimited", Some(None)),
            ("0", Some(Some(0))),
            ("1024", Some(Some(1024))),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(of(&[(CORE_VARIABLE, text)]).core, core, "{text}");
        }
        assert_eq!(of(&[]), Terms::default());
    }

    #[test]
    fn security_14_directories_are_made_with_the_umask_that_was_named() {
        let dir = tempfile::tempdir().unwrap();
        for (umask, mode) in [("0022", 0o755), ("0077", 0o700), ("0002", 0o775), ("0000", 0o777)] {
            let env = [(UMASK_VARIABLE.into(), umask.into())].into();
            let made = dir.path().join(umask).join("a/b");
            create_dir_all(&env, &made).unwrap();
            create_dir_all(&env, &made).unwrap();
            for part in made.ancestors().take(3) {
                let is = part.metadata().unwrap().permissions().mode() & PERMISSIONS;
                assert_eq!(is, mode, "{}", part.display());
            }
        }
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        create_dir_all(&[(UMASK_VARIABLE.into(), "0022".into())].into(), &file).unwrap_err();
    }

    #[test]
    fn security_14_the_own_umask_is_read_without_setting_it() {
        let named = own_terms().into_iter().find(|(name, _)| *name == UMASK_VARIABLE).unwrap().1;
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("d")).unwrap();
        let mode = dir.path().join("d").metadata().unwrap().permissions().mode() & PERMISSIONS;
        assert_eq!(mode, PERMISSIONS & !u32::from_str_radix(&named, 8).unwrap());
    }
}
