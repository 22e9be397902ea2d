//! The child: requests on stdin, one a line, an answer for each on stdout.
//!
//! Promise: ends when its stdin does; answers in order; an answer is one line of bounded length.

use crate::child::confine;
use crate::child::confine::Time;
use crate::child::look::look;
use crate::limits::{ANSWER_MAX_BYTES, REQUEST_MAX_BYTES};
use crate::values::answer::{Answer, Unknown, UnknownKind};
use crate::values::request::{Asked, READY};
use serde::Serialize;
use std::io::{self, BufRead, Read, Write};
use std::process::ExitCode;

/// Becomes the child: takes its limits and answers until nobody asks any more.
pub fn serve() -> ExitCode {
    match confine::begin().and_then(|()| answer_all(io::stdin().lock(), io::stdout().lock())) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever started this sees that it ended, and has no other use for it.
        Err(_) => ExitCode::FAILURE,
    }
}

fn answer_all(mut requests: impl BufRead, mut answers: impl Write) -> io::Result<()> {
    say(&mut answers, &line(&READY)?)?;
    loop {
        let mut request = Vec::new();
        let max = u64::try_from(REQUEST_MAX_BYTES).unwrap_or(u64::MAX);
        if requests.by_ref().take(max).read_until(b'\n', &mut request)? == 0 {
            return Ok(());
        }
        let asked: Asked = serde_json::from_slice(&request)?;
        let time = Time::begin(asked.wall_ms, asked.cpu_s)?;
        let mut text = line(&look(&asked))?;
        if text.len() > ANSWER_MAX_BYTES {
            let unknown = Unknown::new(UnknownKind::Refused, "there is too much to say about it");
            text = line(&Answer::Unknown(unknown))?;
        }
        drop(time);
        say(&mut answers, &text)?;
    }
}

fn line(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(value)?;
    text.push(b'\n');
    Ok(text)
}

fn say(answers: &mut impl Write, text: &[u8]) -> io::Result<()> {
    answers.write_all(text)?;
    answers.flush()
}
