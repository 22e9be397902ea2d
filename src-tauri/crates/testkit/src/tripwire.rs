//! A program that notes that it ran: what a hostile repository would have somebody start.
//!
//! Promise: it changes nothing else; with arguments it succeeds silently, without them, as a filter, it hands
//! on what it is given, so that only its note tells. Must not know: where its path is put.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Every hook of git's that a checkout, a commit, a merge or a push may run, on either side.
pub(crate) const HOOKS: [&str; 19] = [
    "applypatch-msg",
    "commit-msg",
    "post-applypatch",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "post-receive",
    "post-rewrite",
    "post-update",
    "pre-applypatch",
    "pre-commit",
    "pre-merge-commit",
    "pre-push",
    "pre-rebase",
    "pre-receive",
    "prepare-commit-msg",
    "reference-transaction",
    "update",
];

pub struct Tripwire {
    program: PathBuf,
    note: PathBuf,
}

impl Tripwire {
    /// The program `evil` in `dir`, whose note is `sprung` beside it. Panics when it cannot be written: no
    /// test can go on without.
    pub fn set(dir: &Path) -> Tripwire {
        let (program, note) = (dir.join("evil"), dir.join("sprung"));
        let script = format!(
            "#!/bin/sh\necho \"$0 $*\" >> '{}'\n[ $# -eq 0 ] && cat\nexit 0\n",
            note.display()
        );
        let made = fs::write(&program, script)
            .and_then(|()| fs::set_permissions(&program, fs::Permissions::from_mode(0o755)));
        made.unwrap_or_else(|e| panic!("{}: {e}", program.display()));
        Tripwire { program, note }
    }

    /// The path of the program, as a setting has it.
    pub fn program(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }

    /// The file that appears when it runs.
    pub fn note(&self) -> &Path {
        &self.note
    }

    /// A line for each time that it ran, with its arguments; empty when it did not.
    pub fn sprung(&self) -> String {
        match fs::read_to_string(&self.note) {
            Ok(said) => said,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(e) => panic!("{}: {e}", self.note.display()),
        }
    }

    /// What ran so far does not count.
    pub fn arm(&self) {
        match fs::remove_file(&self.note) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                panic!("{}: {e}", self.note.display())
            }
            Ok(()) | Err(_) => {}
        }
    }

    /// Makes it every hook there is, in `dir`.
    pub fn hooks(&self, dir: &Path) {
        let copied = fs::create_dir_all(dir).and_then(|()| {
            HOOKS.iter().try_for_each(|hook| fs::copy(&self.program, dir.join(hook)).map(|_| ()))
        });
        copied.unwrap_or_else(|e| panic!("hooks in {}: {e}", dir.display()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    #[test]
    fn it_notes_each_time_that_it_ran_and_is_no_filter_that_one_would_see() {
        let dir = tempfile::tempdir().unwrap();
        let wire = Tripwire::set(dir.path());
        assert_eq!(wire.sprung(), "");
        let status = Command::new(wire.program()).args(["a", "b"]).status().unwrap();
        assert!(status.success());
        assert_eq!(wire.sprung(), format!("{} a b\n", wire.program()));
        wire.arm();
        wire.arm();
        assert_eq!(wire.sprung(), "");
        let mut filter = Command::new(wire.program())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        filter.stdin.take().unwrap().write_all(b"text").unwrap();
        assert_eq!(filter.wait_with_output().unwrap().stdout, b"text");
        assert!(wire.note().exists());
        wire.arm();
        wire.hooks(&dir.path().join("hooks"));
        assert!(Command::new(dir.path().join("hooks/pre-push")).status().unwrap().success());
        assert!(wire.sprung().contains("hooks/pre-push"));
    }
}
