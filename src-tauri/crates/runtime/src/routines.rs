//! The directory of definitions, as the loop reads it: hearing of its changes, reading it whole, writing new files;
//! and where and with what a run begins.
//!
//! Promise: a change is told within two seconds, and nothing is done while there is none (where the system tells of
//! changes); no link is followed; a file is read whole or told as a problem.
//! Must not know: what a definition says.

use nightshift_platform::below::{self, Found};
use nightshift_platform::owners;
use nightshift_platform::program::{Run, run};
use nightshift_platform::spawn::{Program, own_environment};
use nightshift_platform::watch::Watch;
use nightshift_platform::{Home, files};
use nightshift_protocol::{Environment, Fault, FaultCode};
use nightshift_routines::Problem;
use nightshift_routines::definition::{limits, name_of_file};
use nightshift_supervisor::features::routines::Heard;
use nightshift_supervisor::inbox::{Inbox, InboxSender};
use nightshift_supervisor::ports::routines::{DefinitionFile, FoundDefinitions, RoutineFiles};
use std::ffi::OsStr;
use std::fs::DirBuilder;
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// More than anybody can oversee; a directory of more is a mistake that must show.
const FILES_MAX: usize = 5_000;
/// An editor writes, renames and deletes for one save: all of it is one change.
const SETTLE: Duration = Duration::from_millis(150);
/// Between two looks where the system tells of no changes: they count within two seconds.
const LOOK_PAUSE: Duration = Duration::from_millis(1_500);
/// A login shell that asks something or waits for a network is given up.
const SHELL_TIMEOUT: Duration = Duration::from_secs(10);
/// As much as the kernel takes for the variables of a process, with room.
const SHELL_OUTPUT_MAX_BYTES: usize = 2 * 1024 * 1024;
/// What a shell's own greeting does not say.
const SHELL_MARK: &str = "nightshift-environment-9f2c1e";
const PRIVATE_MODE: u32 = 0o700;
const ENDING: &str = ".md";

/// The definitions of this home.
pub struct Definitions {
    pub dir: PathBuf,
    pub home: Home,
}

impl RoutineFiles for Definitions {
    fn read(&self) -> FoundDefinitions {
        let place = self.dir.display().to_string();
        match read_all(&self.dir) {
            Ok((files, unnamed)) => FoundDefinitions { files, unnamed, unread: None, place },
            Err(why) => {
                FoundDefinitions { unread: Some(why), place, ..FoundDefinitions::default() }
            }
        }
    }

    fn create(&self, name: &str, text: &str) -> Result<(), Fault> {
        let path = self.dir.join(format!("{name}{ENDING}"));
        let failed = |e: io::Error| {
            Fault::new(FaultCode::Io, format!("{} cannot be written: {e}", path.display()))
                .hint("make the directory writable, or put the file there yourself")
        };
        DirBuilder::new().recursive(true).mode(PRIVATE_MODE).create(&self.dir).map_err(failed)?;
        check_directory(&self.dir).map_err(|why| Fault::new(FaultCode::Io, why))?;
        // Hidden until it is whole: nobody takes half a definition for one.
        let unfinished = self.dir.join(format!(".{name}-{}.tmp", std::process::id()));
        files::write_durably(&unfinished, text.as_bytes()).map_err(failed)?;
        let renamed = files::rename_exclusive(&unfinished, &path);
        if renamed.is_err() {
            std::fs::remove_file(&unfinished).ok(); // Nothing takes it for a definition.
        }
        match renamed {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                let message = format!("{} is there already", path.display());
                Err(Fault::new(FaultCode::Refused, message)
                    .hint("edit that file, or choose another name"))
            }
            renamed => renamed.map_err(failed),
        }
    }

    fn change(
        &self,
        name: &str,
        edit: &dyn Fn(&str) -> Result<String, Fault>,
    ) -> Result<String, Fault> {
        let path = self.dir.join(format!("{name}{ENDING}"));
        let failed = |e: io::Error| {
            Fault::new(FaultCode::Io, format!("{} cannot be written: {e}", path.display()))
                .hint("make the directory writable, or edit the file yourself")
        };
        check_directory(&self.dir).map_err(|why| Fault::new(FaultCode::Io, why))?;
        let read = || {
            let unread = |problem: Problem| {
                Fault::new(FaultCode::Invalid, format!("{}: {problem}", path.display()))
                    .hint("mend its file, then try again")
            };
            read_one(&self.dir, name).map_err(unread)
        };
        let before = read()?;
        let text = edit(&before)?;
        if text == before {
            return Ok(text);
        }
        let unfinished = self.dir.join(format!(".{name}-{}.tmp", std::process::id()));
        files::write_durably(&unfinished, text.as_bytes()).map_err(failed)?;
        let written = match read() {
            Ok(now) if now == before => std::fs::rename(&unfinished, &path).map_err(failed),
            Ok(_) => {
                let message = format!("{} was changed meanwhile", path.display());
                Err(Fault::new(FaultCode::Refused, message).hint("look at it, then try again"))
            }
            Err(fault) => Err(fault),
        };
        if written.is_err() {
            std::fs::remove_file(&unfinished).ok(); // Nothing takes it for a definition.
        }
        written.map(|()| text)
    }

    fn remove(&self, name: &str) -> Result<(), Fault> {
        let file = format!("{name}{ENDING}");
        match below::remove(&self.dir, Path::new(&file)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(|e| {
                let message = format!("{} cannot be removed: {e}", self.dir.join(&file).display());
                Fault::new(FaultCode::Io, message).hint("remove it yourself, then try again")
            }),
        }
    }

    fn login_environment(&self) -> Result<Environment, String> {
        login_environment(SHELL_TIMEOUT)
    }

    fn scratch(&self, occurrence: &str) -> Result<String, Fault> {
        let dir = self.home.scratch().join(occurrence);
        DirBuilder::new().recursive(true).mode(PRIVATE_MODE).create(&dir).map_err(|e| {
            Fault::new(FaultCode::Io, format!("{} cannot be made: {e}", dir.display()))
        })?;
        Ok(dir.to_string_lossy().into_owned())
    }

    fn clear_scratch(&self, occurrences: &[String]) {
        for occurrence in occurrences {
            match std::fs::remove_dir_all(self.home.scratch().join(occurrence)) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!("the directory of run {occurrence} stays: {e}");
                }
                Ok(()) | Err(_) => {}
            }
        }
    }

    fn user_home(&self) -> Option<String> {
        Some(std::env::home_dir()?.to_string_lossy().into_owned())
    }
}

/// That it is a directory and no link, and nobody else's: what is behind a link, or what others can write, may be
/// anybody's. So may a directory in one that others can write; whoever can write further up can replace all of
/// Nightshift, and is no matter of routines.
fn check_directory(dir: &Path) -> Result<bool, String> {
    let shown = dir.display();
    match std::fs::symlink_metadata(dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(format!("{shown} cannot be read: {e}")),
        Ok(is) if is.is_symlink() => Err(format!(
            "{shown} is a link; definitions are read from a directory only: put the directory itself there"
        )),
        Ok(is) if !is.is_dir() => Err(format!("{shown} is no directory; move it away")),
        Ok(is) => {
            let above = dir.parent().and_then(|dir| Some((dir, std::fs::metadata(dir).ok()?)));
            let above = above.and_then(|(dir, is)| Some((dir, owners::doubt(&is)?)));
            match (owners::doubt(&is), above) {
                (Some(why), _) => Err(format!("{shown}: {why}")),
                (None, Some((above, why))) => Err(format!("{}: {why}", above.display())),
                (None, None) => Ok(true),
            }
        }
    }
}

/// The files, and names that are none.
type Listed = (Vec<DefinitionFile>, Vec<String>);

fn read_all(dir: &Path) -> Result<Listed, String> {
    if !check_directory(dir)? {
        return Ok(Listed::default());
    }
    let failed = |e: io::Error| format!("{} cannot be read: {e}", dir.display());
    let (mut names, mut unnamed) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let file = entry.map_err(failed)?.file_name();
        match file.to_str() {
            Some(file) => names.extend(name_of_file(file).map(str::to_owned)),
            None if file.as_encoded_bytes().ends_with(ENDING.as_bytes()) => {
                unnamed.push(file.as_encoded_bytes().escape_ascii().to_string());
            }
            None => {}
        }
    }
    if names.len() > FILES_MAX {
        return Err(format!(
            "{} holds {} definitions; the limit is {FILES_MAX}",
            dir.display(),
            names.len()
        ));
    }
    names.sort();
    unnamed.sort();
    let read = |name: String| DefinitionFile { text: read_one(dir, &name), name };
    Ok((names.into_iter().map(read).collect(), unnamed))
}

fn read_one(dir: &Path, name: &str) -> Result<String, Problem> {
    let problem = |message: String| Problem { line: 1, column: 1, message };
    let path = format!("{name}{ENDING}");
    let file = match below::open(dir, Path::new(&path)) {
        Ok(Found::File { file, .. }) => file,
        Ok(Found::Link(_)) => {
            return Err(problem("it is a link; put the file itself there".to_owned()));
        }
        Ok(Found::Other) => return Err(problem("it is no file".to_owned())),
        Err(e) => return Err(problem(format!("it cannot be read: {e}"))),
    };
    let is = file.metadata().map_err(|e| problem(format!("it cannot be read: {e}")))?;
    if let Some(why) = owners::doubt(&is) {
        return Err(problem(why));
    }
    let most = limits::FILE_MAX_BYTES;
    let mut bytes = Vec::new();
    let read = file.take(most as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|e| problem(format!("it cannot be read: {e}")))?;
    if bytes.len() > most {
        return Err(problem(format!("it is larger than {} KiB; shorten it", most / 1024)));
    }
    String::from_utf8(bytes).map_err(|e| {
        let good = &e.as_bytes()[..e.utf8_error().valid_up_to()];
        let text = String::from_utf8_lossy(good);
        let line = text.matches('\n').count() + 1;
        let column = text.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let message = "here is a byte that is no UTF-8; save the file as UTF-8".to_owned();
        Problem { line, column, message }
    })
}

/// Asks the user's login shell for its variables. What the shell greets with is passed over.
fn login_environment(timeout: Duration) -> Result<Environment, String> {
    let env = own_environment();
    let shell = env.get(OsStr::new("SHELL")).filter(|shell| Path::new(shell).is_absolute());
    let shell = shell.cloned().unwrap_or_else(|| "/bin/sh".into());
    let ask = format!("printf %s {SHELL_MARK}; env -0; printf %s {SHELL_MARK}");
    let args = ["-l".into(), "-c".into(), ask.into()];
    let cwd = std::env::home_dir().filter(|home| home.is_dir()).unwrap_or_else(|| "/".into());
    let program = Program { program: &shell, args: &args, env: &env, cwd: &cwd };
    let how = Run { input: b"", timeout, output_max_bytes: SHELL_OUTPUT_MAX_BYTES, log: None };
    let shown = shell.display();
    let ended = run(&program, &how).map_err(|e| format!("the login shell {shown}: {e}"))?;
    if ended.timed_out {
        let s = timeout.as_secs();
        return Err(format!("the login shell {shown} did not answer in {s} s"));
    }
    variables_in(&ended.stdout)
        .ok_or_else(|| format!("the login shell {shown} did not tell its environment"))
}

/// What stands between the two marks, as text.
fn variables_in(output: &[u8]) -> Option<Environment> {
    let text = String::from_utf8_lossy(output);
    let (_, rest) = text.split_once(SHELL_MARK)?;
    let (all, _) = rest.rsplit_once(SHELL_MARK)?;
    let pair = |entry: &str| {
        let (name, value) = entry.split_once('=')?;
        (!name.is_empty()).then(|| (name.to_owned(), value.to_owned()))
    };
    let variables: Environment = all.split('\0').filter_map(pair).collect();
    (!variables.is_empty()).then_some(variables)
}

/// Tells the loop, now and at each change of the directory, until the loop has ended.
pub async fn watch(dir: PathBuf, inbox: InboxSender) {
    loop {
        // Before the word: what comes after the read that it leads to is heard of.
        let heard = watched(&dir);
        let before = stamp(&dir);
        if inbox.send(Inbox::Routines(Heard::FilesChanged)).await.is_err() {
            return;
        }
        match heard {
            Ok(watch) => {
                let Ok(mut ready) = watch.readable().await else { return };
                ready.clear_ready();
                tokio::time::sleep(SETTLE).await;
            }
            // No directory to watch, or a system that tells nothing: looked at now and then.
            Err(_) => {
                while stamp(&dir) == before {
                    tokio::time::sleep(LOOK_PAUSE).await;
                }
            }
        }
    }
}

fn watched(dir: &Path) -> io::Result<AsyncFd<Watch>> {
    let watch = Watch::of_changes(dir, dir.parent().unwrap_or(dir))?;
    // SAFETY: a watch owns its one descriptor from its making to its end.
    Ok(unsafe { AsyncFd::register_with_interest(watch, Interest::READABLE) }?)
}

/// Is another one when something in the directory is: names, sizes and times of its files.
fn stamp(dir: &Path) -> Vec<(std::ffi::OsString, u64, i64, i64)> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let look = |entry: io::Result<std::fs::DirEntry>| {
        let entry = entry.ok()?;
        let is = entry.metadata().ok()?;
        Some((entry.file_name(), is.size(), is.mtime(), is.mtime_nsec()))
    };
    let mut all: Vec<_> = entries.filter_map(look).collect();
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn definitions(dir: &Path) -> Definitions {
        let home = Home { state: dir.join("state"), run: dir.join("run") };
        Definitions { dir: dir.join("routines"), home }
    }

    fn problem(found: &FoundDefinitions, name: &str) -> Problem {
        let file = found.files.iter().find(|file| file.name == name).unwrap();
        file.text.clone().unwrap_err()
    }

    #[test]
    fn a_directory_that_is_not_there_holds_none_and_is_made_by_the_first_file() {
        let dir = tempfile::tempdir().unwrap();
        let definitions = definitions(dir.path());
        assert_eq!(definitions.read().files, []);
        definitions.create("a", "text").unwrap();
        let again = definitions.create("a", "other").unwrap_err();
        assert!(again.message.contains("is there already"), "{again}");
        let found = definitions.read();
        assert_eq!(found.files, [DefinitionFile { name: "a".into(), text: Ok("text".into()) }]);
        let left = std::fs::read_dir(&definitions.dir).unwrap().count();
        assert_eq!(left, 1, "nothing unfinished is left");
        definitions.remove("a").unwrap();
        definitions.remove("a").unwrap();
        assert_eq!(definitions.read().files, []);
    }

    #[test]
    fn a_file_is_changed_only_as_it_was_read() {
        let dir = tempfile::tempdir().unwrap();
        let definitions = definitions(dir.path());
        definitions.create("a", "one").unwrap();
        let text = || std::fs::read_to_string(definitions.dir.join("a.md")).unwrap();
        let changed = definitions.change("a", &|before| Ok(before.replace("one", "two"))).unwrap();
        assert_eq!((changed.as_str(), text().as_str()), ("two", "two"));
        let somebody = |_: &str| {
            std::fs::write(definitions.dir.join("a.md"), "theirs").unwrap();
            Ok("three".to_owned())
        };
        let late = definitions.change("a", &somebody).unwrap_err();
        assert!(late.message.contains("was changed"), "{late}");
        assert_eq!(text(), "theirs");
        let refused = definitions.change("a", &|_| Err(Fault::new(FaultCode::Invalid, "no")));
        assert_eq!((refused.unwrap_err().message.as_str(), text().as_str()), ("no", "theirs"));
        assert!(definitions.change("b", &|_| Ok("new".into())).is_err(), "only what is there");
        assert_eq!(std::fs::read_dir(&definitions.dir).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_read_whole_is_a_problem_with_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let definitions = definitions(dir.path());
        let routines = &definitions.dir;
        std::fs::create_dir(routines).unwrap();
        std::fs::write(routines.join("bytes.md"), b"+++\n+++\nw\xc3\xa4\xff").unwrap();
        std::fs::write(routines.join("large.md"), vec![b'x'; limits::FILE_MAX_BYTES + 1]).unwrap();
        std::fs::write(routines.join("most.md"), vec![b'x'; limits::FILE_MAX_BYTES]).unwrap();
        std::fs::write(dir.path().join("elsewhere"), "text").unwrap();
        symlink(dir.path().join("elsewhere"), routines.join("link.md")).unwrap();
        std::fs::create_dir(routines.join("dir.md")).unwrap();
        for ours_not in [".hidden.md", "notes.txt", "a.md~", ".md"] {
            std::fs::write(routines.join(ours_not), "text").unwrap();
        }
        let found = definitions.read();
        assert_eq!(found.unread, None);
        let names: Vec<&str> = found.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["bytes", "dir", "large", "link", "most"]);
        let bytes = problem(&found, "bytes");
        assert_eq!((bytes.line, bytes.column), (3, 3), "{bytes}");
        assert!(problem(&found, "large").message.contains("larger than 256 KiB"));
        assert!(problem(&found, "link").message.contains("it is a link"));
        assert!(problem(&found, "dir").message.contains("no file"));
        assert!(found.files[4].text.is_ok(), "as much as is allowed");
    }

    #[test]
    fn a_link_or_a_file_in_place_of_the_directory_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let definitions = definitions(dir.path());
        std::fs::create_dir(dir.path().join("other")).unwrap();
        std::fs::write(dir.path().join("other/a.md"), "text").unwrap();
        symlink(dir.path().join("other"), &definitions.dir).unwrap();
        let found = definitions.read();
        assert!(found.files.is_empty() && found.unread.unwrap().contains("is a link"));
        assert!(definitions.create("b", "text").is_err());
        assert!(!dir.path().join("other/b.md").exists());
        std::fs::remove_file(&definitions.dir).unwrap();
        std::fs::write(&definitions.dir, "").unwrap();
        assert!(definitions.read().unread.unwrap().contains("no directory"));
    }

    #[test]
    fn a_login_shell_says_what_it_has_whatever_it_greets_with() {
        let said = format!("Welcome!\nA=b\n{SHELL_MARK}PATH=/bin\0X=a=b\nc\0\0{SHELL_MARK}bye\n");
        let found = variables_in(said.as_bytes()).unwrap();
        let expected = [("PATH", "/bin"), ("X", "a=b\nc")].map(|(n, v)| (n.into(), v.into()));
        assert_eq!(found, Environment::from(expected));
        assert_eq!(variables_in(b"no mark"), None);
        assert!(login_environment(SHELL_TIMEOUT).unwrap().contains_key("PATH"));
    }

    #[tokio::test]
    async fn a_change_is_told_also_where_the_directory_comes_later() {
        let dir = tempfile::tempdir().unwrap();
        let routines = dir.path().join("routines");
        let (inbox, mut messages) = tokio::sync::mpsc::channel(8);
        let watching = tokio::spawn(watch(routines.clone(), inbox));
        let mut told = async || {
            let next = tokio::time::timeout(Duration::from_secs(20), messages.recv()).await;
            assert!(matches!(next, Ok(Some(Inbox::Routines(Heard::FilesChanged)))));
        };
        told().await;
        for step in ["make", "write", "write again", "delete"] {
            match step {
                "make" => std::fs::create_dir(&routines).unwrap(),
                "delete" => std::fs::remove_dir_all(&routines).unwrap(),
                _ => std::fs::write(routines.join("a.md"), step).unwrap(),
            }
            told().await;
        }
        watching.abort();
    }
}
