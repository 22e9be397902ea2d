//! What runs a script whose bytes are kept and whose file is not.
//!
//! A shell takes the text as an argument, with the name that the script would have had: the usual
//! `cd "$(dirname "$0")/.."` still leads into the worktree. Any other program gets a file of its own,
//! which goes when the command is over.
//! Promise: nothing that stands in a worktree is read.

use crate::error::{AtPath, Result};
use std::ffi::{OsStr, OsString};
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const SHELLS: &[&str] = &["sh", "bash", "dash", "ksh", "zsh"];
/// The kernel takes 128 KiB as one argument.
const ARGUMENT_MAX_BYTES: usize = 100 * 1024;
const ELF: &[u8] = b"\x7fELF";

/// A command line, and the file that is needed while it runs.
pub(crate) struct Command {
    words: Vec<OsString>,
    file: Option<PathBuf>,
}

impl Command {
    pub fn words(&self) -> &[OsString] {
        &self.words
    }
}

impl Drop for Command {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            // In a directory of ours; one that stays is of no use to anybody.
            std::fs::remove_file(file).ok();
        }
    }
}

/// How `script` is run. `name`: what it shall think it is called.
pub(crate) fn command(script: &[u8], name: &Path, scratch: &Path) -> Result<Command> {
    let mut words = interpreter(script);
    let fits = script.len() <= ARGUMENT_MAX_BYTES && !script.contains(&0);
    if fits && is_shell(&words) {
        words.extend(["-c".into(), OsString::from_vec(script.to_vec()), name.into()]);
        return Ok(Command { words, file: None });
    }
    let file = keep(script, scratch)?;
    words.push(file.clone().into());
    Ok(Command { words, file: Some(file) })
}

/// The words of its first line; a shell where there is none, nothing for a program.
fn interpreter(script: &[u8]) -> Vec<OsString> {
    if script.starts_with(ELF) {
        return Vec::new();
    }
    let line = script.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let Some(line) = line.strip_prefix(b"#!") else { return vec!["/bin/sh".into()] };
    let line = line.trim_ascii();
    // As the kernel does: everything after the program is one argument.
    let at = line.iter().position(|byte| byte.is_ascii_whitespace()).unwrap_or(line.len());
    let (program, argument) = line.split_at(at);
    let words = [program, argument.trim_ascii()].into_iter().filter(|word| !word.is_empty());
    let words: Vec<OsString> = words.map(|word| OsStr::from_bytes(word).to_owned()).collect();
    if words.is_empty() { vec!["/bin/sh".into()] } else { words }
}

/// A shell of those that take their text with `-c`, with nothing or with plain flags before it.
fn is_shell(words: &[OsString]) -> bool {
    let base = |word: &OsString| Path::new(word).file_name().map(OsStr::to_owned);
    let shell = |word: &OsString| base(word).is_some_and(|b| SHELLS.iter().any(|s| b == *s));
    match words {
        [program] => shell(program),
        [program, argument] if base(program).is_some_and(|base| base == "env") => shell(argument),
        [program, flags] => {
            let flags = flags.as_bytes().strip_prefix(b"-").unwrap_or_default();
            let plain = |byte: &u8| b"aeux".contains(byte);
            shell(program) && !flags.is_empty() && flags.iter().all(plain)
        }
        _ => false,
    }
}

fn keep(script: &[u8], scratch: &Path) -> Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o700).create(scratch).at(scratch)?;
    let path = scratch.join(uuid::Uuid::new_v4().simple().to_string());
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o700).open(&path).at(&path)?;
    file.write_all(script).at(&path)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_take_the_text_and_others_a_file_of_ours() {
        let scratch = tempfile::tempdir().unwrap();
        let run =
            |script: &[u8]| command(script, Path::new("/w/.nightshift/setup"), scratch.path());
        for (script, first) in [
            ("echo a", vec!["/bin/sh", "-c"]),
            ("#!/bin/bash -eu\necho a", vec!["/bin/bash", "-eu", "-c"]),
            ("#! /usr/bin/env bash\necho a", vec!["/usr/bin/env", "bash", "-c"]),
            ("#!\necho a", vec!["/bin/sh", "-c"]),
        ] {
            let command = run(script.as_bytes()).unwrap();
            let mut words: Vec<OsString> = first.iter().map(OsString::from).collect();
            words.extend([script.into(), "/w/.nightshift/setup".into()]);
            assert_eq!(command.words(), words, "{script}");
        }
        for script in [
            "#!/usr/bin/python3 -u\nprint(1)",
            "#!/usr/bin/env -S bash -eu\ntrue",
            "#!/bin/bash -c\nx",
        ] {
            let command = run(script.as_bytes()).unwrap();
            let file = PathBuf::from(command.words().last().unwrap());
            assert_eq!(std::fs::read_to_string(&file).unwrap(), script);
            assert!(file.starts_with(scratch.path()));
            drop(command);
            assert!(!file.exists());
        }
    }
}
