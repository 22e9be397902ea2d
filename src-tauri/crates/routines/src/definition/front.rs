//! The two parts of a file: TOML between two lines `+++`, then the prompt.

use super::limits::{FILE_MAX_BYTES, PROMPT_MAX_CHARS};
use super::problem::Problem;
use std::ops::Range;

pub(crate) const FENCE: &str = "+++";

/// Bytes of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    pub front: Range<usize>,
    pub prompt: Range<usize>,
}

pub(crate) fn parts(text: &str) -> Result<Parts, Problem> {
    if text.len() > FILE_MAX_BYTES {
        let message = format!("the file is larger than {} KiB; shorten it", FILE_MAX_BYTES / 1024);
        return Err(Problem::at(text, 0, &message));
    }
    let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut front = None;
    for line in text[at..].split_inclusive('\n') {
        let is_fence = line.trim_end() == FENCE;
        match front {
            None if is_fence => front = Some(at + line.len()),
            None if line.trim().is_empty() => {}
            None => break,
            Some(begin) if is_fence => {
                return Ok(Parts { front: begin..at, prompt: at + line.len()..text.len() });
            }
            Some(_) => {}
        }
        at += line.len();
    }
    Err(match front {
        None => Problem::at(
            text,
            at,
            "a routine begins with a line `+++`, its settings in TOML, and another line `+++`; the prompt follows",
        ),
        Some(_) => {
            Problem::at(text, at, "the settings do not end; write a line `+++` before the prompt")
        }
    })
}

/// What is wrong with a prompt, and at which byte of it.
pub(crate) fn wrong_prompt(prompt: &str) -> Option<(usize, String)> {
    if prompt.trim().is_empty() {
        return Some((
            prompt.len(),
            "the prompt is missing; write it after the second line `+++`".to_owned(),
        ));
    }
    if let Some((at, _)) = prompt.char_indices().nth(PROMPT_MAX_CHARS) {
        return Some((
            at,
            format!("the prompt is longer than {PROMPT_MAX_CHARS} characters; shorten it"),
        ));
    }
    let at = prompt.find('\0')?;
    Some((at, "the prompt holds a NUL character; remove it".to_owned()))
}
