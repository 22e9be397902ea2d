//! Where a program that is called by its name is looked for.
//!
//! A relative entry of PATH, and an empty one, mean the directory that somebody happens to be in: there a
//! repository would be the one who says what `git` is.
//! Promise: only absolute entries count; nothing is started.
//! Must not know: what the programs are.

pub(crate) mod relative;

use rustix::fs::{Access, access};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Where there is no PATH.
pub const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The absolute entries of a list such as PATH.
pub fn absolute_entries(list: &OsStr) -> impl Iterator<Item = &Path> {
    let entries = list.as_bytes().split(|&byte| byte == b':');
    entries.map(|entry| Path::new(OsStr::from_bytes(entry))).filter(|entry| entry.is_absolute())
}

/// The list of these entries.
pub fn joined<'a>(entries: impl Iterator<Item = &'a Path>) -> OsString {
    let entries: Vec<&[u8]> = entries.map(|entry| entry.as_os_str().as_bytes()).collect();
    OsString::from_vec(entries.join(&b':'))
}

/// The program that `name`, which holds no slash, means with this PATH.
pub fn find(name: &OsStr, path: Option<&OsStr>) -> Option<PathBuf> {
    let path = path.unwrap_or(OsStr::new(DEFAULT_PATH));
    absolute_entries(path).map(|entry| entry.join(name)).find(|file| is_executable(file))
}

/// A file that this user may start.
pub fn is_executable(file: &Path) -> bool {
    file.is_file() && access(file, Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{Run, run};
    use crate::spawn::Program;
    use std::collections::BTreeMap;
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    fn program(dir: &Path, name: &str, says: &str) {
        std::fs::create_dir_all(dir).unwrap();
        let file = dir.join(name);
        std::fs::write(&file, format!("#!/bin/sh\necho {says}\n")).unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
    }

    #[test]
    fn security_04_a_name_means_no_program_of_the_directory_it_is_started_in() {
        let (here, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for dir in [here.path().to_owned(), here.path().join("bin"), here.path().join("a:b")] {
            program(&dir, "asked", "foreign");
        }
        program(own.path(), "asked", "own");
        let own = own.path().display();
        let started = |path: &str| {
            let env = BTreeMap::from([("PATH".into(), path.into())]);
            let program =
                Program { program: OsStr::new("asked"), args: &[], env: &env, cwd: here.path() };
            let timeout = Duration::from_secs(60);
            run(&program, &Run { input: b"", timeout, output_max_bytes: 100, log: None })
        };
        for path in [
            format!(".:{own}"),
            format!("./bin:{own}"),
            format!("bin:{own}"),
            format!(":{own}"),
            format!("::{own}:"),
            format!("{own}:."),
            format!("../{}:{own}", here.path().file_name().unwrap().display()),
        ] {
            assert_eq!(started(&path).unwrap().stdout, b"own\n", "{path}");
        }
        for path in ["", ".", ":", "./bin", "bin:", "/nowhere:."] {
            let error = started(path).unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{path}: {error}");
        }
    }

    #[test]
    fn security_04_what_cannot_be_started_is_passed_over() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::create_dir(first.path().join("asked")).unwrap();
        program(second.path(), "asked", "own");
        let path = joined([first.path(), second.path()].into_iter());
        let found = find(OsStr::new("asked"), Some(&path));
        assert_eq!(found, Some(second.path().join("asked")));
        assert!(find(OsStr::new("sh"), None).is_some());
    }
}
