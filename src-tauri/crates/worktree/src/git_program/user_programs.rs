//! Programs of the user's own in an act: git works by our copy of the settings, they work on the repository itself.
//!
//! A hook may keep something beside the repository's objects, write a setting, or go on into another directory, and
//! from there git would still work on the repository that variables name. So it gets neither our directory
//! (`GIT_COMMON_DIR`) nor which repository the call is about: each of the user's hooks is started by a script that
//! takes these variables away, and so is each filter and merge driver. Git finds the repository by its directory there.
//! Promise: whatever the user named runs under its own path, or the call knows that it cannot; what is made for a call
//! is gone after it.
//! Must not know: what the hooks do.

use crate::error::{AtPath, Error, Kind, Result};
use crate::git_program::configuration::{Configuration, HOOKS, Override, submodule_of};
use crate::git_program::git::{COMMON_DIR, Environment, GIT_DIR, Git, WORK_TREE, pieces};
use crate::git_program::overrides::{NETWORK, PROTOCOLS};
use crate::git_program::temporary;
use crate::limits::HOOKS_MAX;
use nightshift_platform::search::is_executable;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tempfile::TempDir;

/// Where the user's hooks are, for the script.
const DIRECTORY: &str = "NIGHTSHIFT_USER_HOOKS";
/// Which of the settings that a call has says so, for what the hook calls in turn.
const PLACE: &str = "NIGHTSHIFT_USER_HOOKS_AT";
/// How it may reach other repositories: the call itself may reach fewer, or none.
const PROTOCOLS_THERE: &str = "NIGHTSHIFT_USER_PROTOCOLS";
/// Git finds the repository of the call from where the hook starts.
const FIND: &str = "NIGHTSHIFT_USER_HOOKS_FIND";
const SCRIPT_NAME: &str = "start-hook";
/// The name of a hook is the name that git calls the script by.
const SCRIPT: &str = r#"#!/bin/sh
# Starts a hook of the user's own. git itself works by a copy of the repository's settings.
[ "$1" = --nightshift-is-it-there ] && exit 0
hooks=$NIGHTSHIFT_USER_HOOKS
eval "export GIT_CONFIG_VALUE_$NIGHTSHIFT_USER_HOOKS_AT=\$hooks"
export GIT_ALLOW_PROTOCOL="$NIGHTSHIFT_USER_PROTOCOLS"
[ -z "$NIGHTSHIFT_USER_HOOKS_FIND" ] || unset GIT_DIR GIT_WORK_TREE
unset GIT_COMMON_DIR NIGHTSHIFT_USER_HOOKS NIGHTSHIFT_USER_HOOKS_AT NIGHTSHIFT_USER_PROTOCOLS NIGHTSHIFT_USER_HOOKS_FIND
exec "$hooks/${0##*/}" "$@"
"#;
/// Only whether another commit is checked out in one.
const NOT_ENTERED: &[u8] = b"dirty";
const IS_IT_THERE: &str = "--nightshift-is-it-there";
/// A process of ours that is just being started may still hold the script open for writing: a moment.
const START_RETRIES: u32 = 100;
const START_RETRY: Duration = Duration::from_millis(1);

/// What one call needs, for as long as it runs.
pub(crate) struct UserPrograms {
    /// Directory of the user's hooks, and ours in its place.
    hooks: Option<(OsString, TempDir)>,
    protocols: OsString,
    found: bool,
    /// Holds what the links in ours lead to.
    _script: Option<Arc<Script>>,
    programs: Vec<Override>,
}

impl UserPrograms {
    /// None where there is no place in which a script may run, or nobody knows where the hooks are.
    /// `found`: the repository is the one that git finds from where the call begins.
    pub fn of(
        configuration: &Configuration,
        git: &Git,
        found: bool,
    ) -> Result<Option<UserPrograms>> {
        let unset = match found {
            true => format!("unset {COMMON_DIR} {GIT_DIR} {WORK_TREE}; "),
            false => format!("unset {COMMON_DIR}; "),
        };
        let programs = configuration
            .user_programs()
            .map(|(name, value)| (name.to_owned(), [unset.as_bytes(), value].concat()));
        let programs = programs.collect();
        let protocols = git.environment().get(OsStr::new(PROTOCOLS));
        let protocols = protocols.map_or_else(|| NETWORK.into(), Clone::clone);
        let Some(named) = configuration.own_hooks() else {
            return Ok(Some(UserPrograms {
                hooks: None,
                protocols,
                found,
                _script: None,
                programs,
            }));
        };
        let (Some(hooks), Some(script)) = (expanded(named, git.environment()), script(git)?) else {
            return Ok(None);
        };
        let ours = temporary::directory()?;
        for name in executables(&hooks)? {
            let to = ours.path().join(name);
            symlink(&script.path, &to).at(&to)?;
        }
        let hooks = Some((hooks.into_os_string(), ours));
        Ok(Some(UserPrograms { hooks, protocols, found, _script: Some(script), programs }))
    }

    /// Come after what switches off the repository's.
    pub fn overrides(&self) -> Vec<Override> {
        let ours = match &self.hooks {
            Some((_, ours)) => ours.path().as_os_str().as_bytes(),
            None => b"/dev/null",
        };
        let hooks = (HOOKS.to_vec(), ours.to_vec());
        self.programs.iter().cloned().chain([hooks]).collect()
    }

    /// Variables for the script. `set`: all settings of the call, in their order.
    pub fn variables(&self, set: &[Override]) -> impl Iterator<Item = (&'static str, OsString)> {
        let place = set.iter().rposition(|(name, _)| name == HOOKS);
        let both = self.hooks.as_ref().zip(place).map(|((hooks, _), place)| {
            let protocols = (PROTOCOLS_THERE, self.protocols.clone());
            let find = (FIND, if self.found { "1" } else { "" }.into());
            [(DIRECTORY, hooks.clone()), (PLACE, place.to_string().into()), protocols, find]
        });
        both.into_iter().flatten()
    }
}

/// Keeps git in the user's programs from going into submodules to see whether they are changed: it would follow what the
/// configuration of each says. `root`: the checkout that names them.
pub(crate) fn submodules_not_entered(
    git: &Git,
    root: &Path,
    configuration: &Configuration,
) -> Result<Vec<Override>> {
    let mut names = configuration.submodules();
    let named = root.join(".gitmodules");
    if fs::symlink_metadata(&named).is_ok_and(|metadata| metadata.is_file()) {
        let args = ["config", "--null", "--name-only", "--list", "--file", ".gitmodules"];
        // What git cannot read there names no submodule for it either.
        let listed = git.look(root, &args).end()?;
        names.extend(pieces(&listed.stdout).filter_map(submodule_of));
    }
    let each = names.into_iter().map(|name| {
        let setting = [b"submodule.".as_slice(), &name, b".ignore"].concat();
        (setting, NOT_ENTERED.to_vec())
    });
    Ok(each.chain([(b"diff.ignoreSubmodules".to_vec(), NOT_ENTERED.to_vec())]).collect())
}

/// As git expands it, but for the homes of others.
fn expanded(named: &[u8], env: &Environment) -> Option<PathBuf> {
    let path = Path::new(OsStr::from_bytes(named));
    match named.strip_prefix(b"~/") {
        Some(below) => {
            let home = env.get(OsStr::new("HOME")).map(Path::new)?;
            home.is_absolute().then(|| home.join(OsStr::from_bytes(below)))
        }
        None => path.is_absolute().then(|| path.to_owned()),
    }
}

/// Names in a directory that git would start. One that is not there has none.
fn executables(dir: &Path) -> Result<Vec<OsString>> {
    let entries = match fs::read_dir(dir) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        entries => entries.at(dir)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.at(dir)?;
        if is_executable(&entry.path()) {
            found.push(entry.file_name());
        }
        if found.len() > HOOKS_MAX {
            let text = format!("{} holds more than {HOOKS_MAX} programs", dir.display());
            return Err(Error::new(Kind::Refused, text)
                .hint("set core.hooksPath to a directory that holds hooks alone"));
        }
    }
    Ok(found)
}

/// What starts a hook, and the directory that it is in.
#[derive(Debug)]
pub(crate) struct Script {
    path: PathBuf,
    _dir: TempDir,
}

impl Script {
    fn in_new(dir: TempDir) -> Result<Option<Script>> {
        let path = dir.path().join(SCRIPT_NAME);
        fs::write(&path, SCRIPT).at(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).at(&path)?;
        for _ in 0..START_RETRIES {
            let tried =
                Command::new(&path).arg(IS_IT_THERE).env_clear().stdin(Stdio::null()).status();
            match tried {
                Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                    std::thread::sleep(START_RETRY);
                }
                tried => {
                    return Ok(tried
                        .is_ok_and(|status| status.success())
                        .then_some(Script { path, _dir: dir }));
                }
            }
        }
        Ok(None)
    }

    /// Nobody has taken it away or put another in its place.
    fn is_there(&self) -> bool {
        fs::read(&self.path).is_ok_and(|text| text == SCRIPT.as_bytes())
    }
}

/// The script, made once. A system may run nothing from its temporary directory.
fn script(git: &Git) -> Result<Option<Arc<Script>>> {
    let mut made = git.hook_script().lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(script) = made.as_ref().filter(|script| script.is_there()) {
        return Ok(Some(Arc::clone(script)));
    }
    let mut found = Script::in_new(temporary::directory()?)?;
    if found.is_none()
        && let Some(dir) = temporary::directory_in_runtime()
    {
        found = Script::in_new(dir)?;
    }
    *made = found.map(Arc::new);
    Ok(made.clone())
}
