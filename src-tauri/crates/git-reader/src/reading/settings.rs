//! Settings that decide what a change is: read from the repository, checked, and nothing else is left.
//!
//! Promise: after `exchange` the repository's own configuration, its includes and drivers count for
//! nothing any more; what was not taken over and matters is a doubt.

use crate::reading::doubt::{DoubtKind, Doubts};
use crate::values::request::{Autocrlf, Eol, UserSettings};
use git2::{Config, ConfigLevel, Repository};
use rustix::fs::{MemfdFlags, memfd_create};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsRawFd;
use std::path::PathBuf;

/// Settings of the repository that name files elsewhere: never followed.
const NOT_TAKEN: &[&str] = &["core.attributesFile", "core.excludesFile"];

/// What is taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Settings {
    autocrlf: Option<Autocrlf>,
    eol: Option<Eol>,
    file_mode: bool,
    excludes: Option<Vec<u8>>,
}

/// Puts settings of ours in the place of the repository's.
pub fn exchange(
    repository: &Repository,
    user: &UserSettings,
    doubts: &mut Doubts,
) -> Result<(), git2::Error> {
    let theirs = repository.config()?.snapshot()?;
    let settings = taken(&theirs, user, doubts);
    // In memory, so that nothing is left of it whatever becomes of this process.
    let file = written(&settings).map_err(|error| git2::Error::from_str(&error.to_string()))?;
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    let mut ours = Config::new()?;
    ours.add_file(&path, ConfigLevel::App, false)?;
    // It is read now, once: the descriptor may be closed and its number used again.
    repository.set_config(&ours.snapshot()?)
}

fn taken(theirs: &Config, user: &UserSettings, doubts: &mut Doubts) -> Settings {
    for name in NOT_TAKEN {
        if theirs.get_bytes(name).is_ok() {
            doubts.add(DoubtKind::Setting, Some(name.as_bytes()));
        }
    }
    let autocrlf = match text(theirs, "core.autocrlf", doubts) {
        Some(value) if value.eq_ignore_ascii_case("input") => Some(Autocrlf::Input),
        Some(_) => flag(theirs, "core.autocrlf", doubts)
            .map(|yes| if yes { Autocrlf::True } else { Autocrlf::False }),
        None => user.autocrlf,
    };
    let eol = match text(theirs, "core.eol", doubts).map(|value| value.to_ascii_lowercase()) {
        Some(value) => match value.as_str() {
            "lf" => Some(Eol::Lf),
            "crlf" => Some(Eol::Crlf),
            "native" => Some(Eol::Native),
            _ => {
                doubts.add(DoubtKind::Setting, Some(b"core.eol"));
                None
            }
        },
        None => user.eol,
    };
    if flag(theirs, "core.symlinks", doubts) == Some(false) {
        doubts.add(DoubtKind::Setting, Some(b"core.symlinks"));
    }
    let file_mode = flag(theirs, "core.fileMode", doubts).unwrap_or(true);
    let excludes = user.excludes.as_ref().map(|path| path.as_bytes().to_vec());
    Settings { autocrlf, eol, file_mode, excludes }
}

/// None when it is not set; what is no text is a doubt.
fn text(config: &Config, name: &str, doubts: &mut Doubts) -> Option<String> {
    let bytes = config.get_bytes(name).ok()?;
    let text = std::str::from_utf8(bytes).ok().map(str::to_owned);
    if text.is_none() {
        doubts.add(DoubtKind::Setting, Some(name.as_bytes()));
    }
    text
}

fn flag(config: &Config, name: &str, doubts: &mut Doubts) -> Option<bool> {
    match config.get_bool(name) {
        Ok(value) => Some(value),
        Err(error) if error.code() == git2::ErrorCode::NotFound => None,
        Err(_) => {
            doubts.add(DoubtKind::Setting, Some(name.as_bytes()));
            None
        }
    }
}

fn written(settings: &Settings) -> io::Result<File> {
    let mut file = File::from(memfd_create("settings", MemfdFlags::CLOEXEC)?);
    file.write_all(&content(settings))?;
    Ok(file)
}

/// As a file of git's. Case and times always count, whatever the repository says: the other way
/// round libgit2 misses changes that git sees.
fn content(settings: &Settings) -> Vec<u8> {
    let mut lines =
        String::from("[core]\nignoreCase = false\ntrustctime = true\nsymlinks = true\n");
    lines.push_str(&format!("fileMode = {}\n", settings.file_mode));
    if let Some(autocrlf) = settings.autocrlf {
        let value = match autocrlf {
            Autocrlf::True => "true",
            Autocrlf::False => "false",
            Autocrlf::Input => "input",
        };
        lines.push_str(&format!("autocrlf = {value}\n"));
    }
    if let Some(eol) = settings.eol {
        let value = match eol {
            Eol::Lf => "lf",
            Eol::Crlf => "crlf",
            Eol::Native => "native",
        };
        lines.push_str(&format!("eol = {value}\n"));
    }
    let mut content = lines.into_bytes();
    if let Some(path) = &settings.excludes {
        content.extend_from_slice(b"excludesFile = ");
        content.extend(quoted(path));
        content.push(b'\n');
    }
    content
}

/// git-config(1): in double quotes with backslash escapes every byte but NUL stands for itself.
fn quoted(value: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'"'];
    for &byte in value {
        match byte {
            b'\n' => quoted.extend(b"\\n"),
            b'"' | b'\\' => quoted.extend([b'\\', byte]),
            _ => quoted.push(byte),
        }
    }
    quoted.push(b'"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> (tempfile::TempDir, Config) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("config"), text).unwrap();
        let mut live = Config::open(&dir.path().join("config")).unwrap();
        let config = live.snapshot().unwrap();
        (dir, config)
    }

    #[test]
    fn what_counts_is_taken_and_the_rest_is_a_doubt() {
        for (text, expected, doubted) in [
            ("", (None, None, true), None),
            (
                "[core]\nautocrlf=INPUT\neol=CRLF\n",
                (Some(Autocrlf::Input), Some(Eol::Crlf), true),
                None,
            ),
            ("[core]\nautocrlf\nfilemode=no\n", (Some(Autocrlf::True), None, false), None),
            ("[core]\nautocrlf=sometimes\n", (None, None, true), Some("core.autocrlf")),
            ("[core]\neol=both\n", (None, None, true), Some("core.eol")),
            ("[core]\nfilemode=maybe\n", (None, None, true), Some("core.fileMode")),
            ("[core]\nsymlinks=false\n", (None, None, true), Some("core.symlinks")),
            ("[core]\nexcludesFile=/x\n", (None, None, true), Some("core.excludesFile")),
            ("[core]\nattributesFile=/x\n", (None, None, true), Some("core.attributesFile")),
        ] {
            let (_dir, theirs) = config(text);
            let mut doubts = Doubts::default();
            let settings = taken(&theirs, &UserSettings::default(), &mut doubts);
            assert_eq!((settings.autocrlf, settings.eol, settings.file_mode), expected, "{text}");
            let doubts = doubts.into_inner();
            let named = doubts.first().and_then(|doubt| doubt.example.clone());
            assert_eq!(named.as_ref().map(|n| n.as_bytes()), doubted.map(str::as_bytes), "{text}");
        }
    }

    #[test]
    fn the_users_settings_count_where_the_repository_has_none_and_any_path_is_quoted() {
        let path = b"/a \"b\"\\c\n#;\xff";
        let user = UserSettings {
            excludes: Some(crate::Bytes::from(&path[..])),
            autocrlf: Some(Autocrlf::True),
            eol: Some(Eol::Lf),
        };
        let (_dir, theirs) = config("[core]\neol=crlf\n");
        let settings = taken(&theirs, &user, &mut Doubts::default());
        assert_eq!((settings.autocrlf, settings.eol), (Some(Autocrlf::True), Some(Eol::Crlf)));
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("config"), content(&settings)).unwrap();
        let mut ours = Config::open(&dir.path().join("config")).unwrap();
        let ours = ours.snapshot().unwrap();
        assert_eq!(ours.get_bytes("core.excludesfile").unwrap(), path);
        assert!(ours.get_bool("core.autocrlf").unwrap());
    }
}
