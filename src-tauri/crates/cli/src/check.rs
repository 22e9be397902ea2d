//! What can be refused before anything is sent: empty or oversized text, control bytes, a directory
//! that is not there.

use nightshift_model::limits::{NAME_MAX_CHARS, PROMPT_MAX_BYTES};
use nightshift_protocol::{Fault, FaultCode};
use std::io::{ErrorKind, IsTerminal, Read};
use std::path::{Path, PathBuf};

/// Stands for stdin where a text is expected.
const STDIN: &str = "-";

/// The text given as an argument, or all of stdin for `-` and for none. None when neither is there.
pub fn text_or_stdin(given: Option<String>, what: &str) -> Result<Option<String>, Fault> {
    match given {
        Some(text) if text != STDIN => Ok(Some(text)),
        None if std::io::stdin().is_terminal() => Ok(None),
        Some(_) | None => read_stdin(what).map(Some),
    }
}

fn read_stdin(what: &str) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    // One more than allowed tells too long from just long enough.
    let limit = u64::try_from(PROMPT_MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    std::io::stdin()
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|e| Fault::new(FaultCode::Io, format!("cannot read stdin: {e}")))?;
    check_length(bytes.len(), what)?;
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        Fault::new(FaultCode::Invalid, format!("the {what} is not UTF-8 text (byte {at})"))
            .hint("name a file in the text instead")
    })
}

fn check_length(bytes: usize, what: &str) -> Result<(), Fault> {
    if bytes <= PROMPT_MAX_BYTES {
        return Ok(());
    }
    let message = format!("the {what} is longer than {PROMPT_MAX_BYTES} bytes");
    Err(Fault::new(FaultCode::Limit, message).hint("put the text into a file and name the file"))
}

/// A prompt, reply or command: not empty, not too long, no control bytes but newline and tab.
pub fn text(given: &str, what: &str) -> Result<String, Fault> {
    let text = given.replace("\r\n", "\n");
    if text.trim().is_empty() {
        return Err(Fault::new(FaultCode::Invalid, format!("the {what} is empty"))
            .hint("say what is to be done"));
    }
    check_length(text.len(), what)?;
    match text.chars().find(|&c| c.is_control() && c != '\n' && c != '\t') {
        None => Ok(text.trim_end_matches('\n').to_owned()),
        Some(c) => Err(control_byte(what, c)),
    }
}

fn control_byte(what: &str, c: char) -> Fault {
    let message = format!("the {what} contains the control character U+{:04X}", u32::from(c));
    Fault::new(FaultCode::Invalid, message).hint("remove it, or put the text into a file")
}

pub fn name(name: &str) -> Result<String, Fault> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Fault::new(FaultCode::Invalid, "the name is empty"));
    }
    if let Some(c) = name.chars().find(|c| c.is_control()) {
        return Err(control_byte("name", c));
    }
    let chars = name.chars().count();
    if chars > NAME_MAX_CHARS {
        let message = format!("the name has {chars} characters; the limit is {NAME_MAX_CHARS}");
        return Err(Fault::new(FaultCode::Limit, message));
    }
    Ok(name.to_owned())
}

/// The directory a session shall run in, absolute: it is there and can be read.
pub fn directory(given: Option<&Path>) -> Result<PathBuf, Fault> {
    let dir = absolute(given)?;
    let refuse = |why: &str| {
        Fault::new(FaultCode::Invalid, format!("directory {} {why}", dir.display()))
            .hint("name another one with --cwd")
    };
    match std::fs::read_dir(&dir) {
        Ok(_) => {}
        Err(e) => {
            return Err(match e.kind() {
                ErrorKind::NotFound => refuse("does not exist"),
                ErrorKind::NotADirectory => refuse("is not a directory"),
                ErrorKind::PermissionDenied => refuse("is not readable for you"),
                _ => refuse(&format!("cannot be read: {e}")),
            });
        }
    }
    // Listing takes one right and entering another.
    std::fs::metadata(dir.join(".")).map_err(|e| refuse(&format!("cannot be entered: {e}")))?;
    Ok(dir)
}

/// `given`, or the current directory, as an absolute path.
pub fn absolute(given: Option<&Path>) -> Result<PathBuf, Fault> {
    let here = || {
        std::env::current_dir().map_err(|e| {
            Fault::new(FaultCode::Invalid, format!("the current directory is gone: {e}"))
                .hint("change to another one, or name one with --cwd")
        })
    };
    match given {
        None => here(),
        Some(dir) if dir.is_absolute() => Ok(dir.to_owned()),
        Some(dir) => Ok(here()?.join(dir)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_taken_or_refused_with_the_reason() {
        let long = "x".repeat(PROMPT_MAX_BYTES + 1);
        for (given, expected) in [
            ("fix it", Ok("fix it")),
            ("two\nlines\n", Ok("two\nlines")),
            ("dos\r\nlines", Ok("dos\nlines")),
            ("tab\there", Ok("tab\there")),
            ("", Err("is empty")),
            (" \n\t", Err("is empty")),
            ("a\0b", Err("U+0000")),
            ("a\x1b[31m", Err("U+001B")),
            ("a\u{85}b", Err("U+0085")),
            (&long, Err("longer than 1048576 bytes")),
        ] {
            match (text(given, "prompt"), expected) {
                (Ok(got), Ok(expected)) => assert_eq!(got, expected),
                (Err(got), Err(part)) => assert!(got.to_string().contains(part), "{got}"),
                (got, _) => panic!("{got:?} for {:?}", &given[..given.len().min(20)]),
            }
        }
    }

    #[test]
    fn names_are_short_and_plain() {
        assert_eq!(name(" fix ").unwrap(), "fix");
        for bad in ["", "  ", "a\nb", &"x".repeat(NAME_MAX_CHARS + 1)] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
    }
}
