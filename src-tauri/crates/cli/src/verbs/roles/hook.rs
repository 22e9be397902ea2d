//! `nightshift hook`: run by a terminal agent, tells its session's host what the agent tells it.
//!
//! Promise: a hook that cannot be delivered disturbs no agent: it says nothing and succeeds. It waits
//! only where the agent waits for a decision, and prints that decision.

use nightshift_platform::ipc;
use nightshift_protocol::terminal::{HOOK_CUT_FIELD, HOOK_MAX_BYTES};
use nightshift_protocol::{
    FrameDecoder, FrameKind, Hello, HostEvent, HostRequest, Role, encode_control,
};
use serde_json::Value;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Longer texts inside a hook's words are cut: what is shown of them is a line or a page.
const TEXT_MAX_BYTES: usize = 16 * 1024;
/// What is decided on is cut only as far as it must be, to fit the line: the first of these that does.
const DECIDED_MAX_BYTES: [usize; 4] = [HOOK_MAX_BYTES, 64 * 1024, TEXT_MAX_BYTES, 1024];
/// A hook's words with a tool's whole output; more is not read.
const INPUT_MAX_BYTES: u64 = 16 * 1024 * 1024;
/// The one hook whose output decides something.
const DECIDES: &str = "PermissionRequest";
const READ_BYTES: usize = 4096;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Socket of the session's host.
    #[arg(long, value_name = "SOCKET")]
    host: PathBuf,
    /// What is told, as JSON; without it stdin is read.
    told: Option<String>,
}

pub fn run(args: &Args) -> ExitCode {
    // Whatever fails is no matter of the agent's: a supervisor without news shows the last state.
    if let Ok(Some(answer)) = tell(args) {
        writeln!(io::stdout(), "{answer}").ok();
    }
    ExitCode::SUCCESS
}

fn tell(args: &Args) -> io::Result<Option<String>> {
    let mut told = match &args.told {
        Some(told) => serde_json::from_str(told)?,
        None => {
            let mut text = String::new();
            io::stdin().lock().take(INPUT_MAX_BYTES).read_to_string(&mut text)?;
            serde_json::from_str::<Value>(&text)?
        }
    };
    if let Value::Object(fields) = &mut told {
        // Only we count what we cut.
        fields.remove(HOOK_CUT_FIELD);
    }
    let wait = told["hook_event_name"] == DECIDES;
    let limits = if wait { &DECIDED_MAX_BYTES[..] } else { &[TEXT_MAX_BYTES] };
    match limits.iter().find_map(|max| fitting(&mut told, *max)) {
        Some(line) => ask(&args.host, &HostRequest::Hook { line, wait }),
        None => Ok(None),
    }
}

/// The line of a hook whose texts have at most `max` bytes, with what was cut of it; none when it is too long.
fn fitting(told: &mut Value, max: usize) -> Option<String> {
    let cut = shorten(told, max);
    if let Value::Object(fields) = told {
        let before = fields.remove(HOOK_CUT_FIELD).and_then(|cut| cut.as_u64()).unwrap_or(0);
        fields.insert(HOOK_CUT_FIELD.to_owned(), (before + cut).into());
    }
    let line = told.to_string();
    (line.len() <= HOOK_MAX_BYTES).then_some(line)
}

fn ask(host: &Path, request: &HostRequest) -> io::Result<Option<String>> {
    let mut stream = ipc::connect(host)?;
    if !ipc::peer_is_me(&stream)? {
        return Ok(None);
    }
    stream.write_all(&encode_control(&Hello::new(Role::Client)))?;
    stream.write_all(&encode_control(request))?;
    let (mut decoder, mut buffer, mut greeted) = (FrameDecoder::default(), [0; READ_BYTES], false);
    loop {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Ok(None);
        }
        decoder.push(&buffer[..read]);
        while let Some((kind, body)) = decoder.next_frame().map_err(io::Error::other)? {
            if kind != FrameKind::Control || !std::mem::replace(&mut greeted, true) {
                continue;
            }
            match serde_json::from_slice(&body) {
                Ok(HostEvent::HookAnswer { line }) => return Ok(Some(line)),
                Ok(HostEvent::HookTaken | HostEvent::Refused { .. }) => return Ok(None),
                Ok(_) | Err(_) => {}
            }
        }
    }
}

/// Cuts every long text in it; how many bytes went.
fn shorten(value: &mut Value, max: usize) -> u64 {
    match value {
        Value::String(text) if text.len() > max => {
            let kept = text.strip_suffix('…').unwrap_or(text);
            let end = (0..=max.min(kept.len())).rev().find(|at| kept.is_char_boundary(*at));
            let (end, whole) = (end.unwrap_or_default(), text.len());
            text.truncate(end);
            text.push('…');
            u64::try_from(whole - end).unwrap_or(u64::MAX)
        }
        Value::Array(values) => values.iter_mut().map(|value| shorten(value, max)).sum(),
        Value::Object(fields) => fields.values_mut().map(|value| shorten(value, max)).sum(),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn security_17_long_texts_are_cut_and_counted_and_all_else_stays() {
        let mut value = json!({"a": ["é".repeat(TEXT_MAX_BYTES)], "b": 1});
        let cut = shorten(&mut value, TEXT_MAX_BYTES);
        let kept = value["a"][0].as_str().unwrap();
        assert!(kept.len() <= TEXT_MAX_BYTES + '…'.len_utf8());
        assert_eq!(cut, 2 * TEXT_MAX_BYTES as u64 - (kept.len() - '…'.len_utf8()) as u64);
        assert_eq!(value["b"], 1);
        assert_eq!(shorten(&mut json!({"a": "x"}), TEXT_MAX_BYTES), 0);
    }

    #[test]
    fn security_17_a_decision_is_sent_whole_where_it_fits_and_says_what_it_lacks() {
        let cut = |bytes: usize| {
            let mut told = json!({"tool_input": {"command": "x".repeat(bytes)}});
            let line = DECIDED_MAX_BYTES.iter().find_map(|max| fitting(&mut told, *max)).unwrap();
            assert!(line.len() <= HOOK_MAX_BYTES);
            let told: Value = serde_json::from_str(&line).unwrap();
            (told[HOOK_CUT_FIELD].as_u64().unwrap(), told["tool_input"]["command"].clone())
        };
        let (missing, command) = cut(200_000);
        assert_eq!((missing, command.as_str().unwrap().len()), (0, 200_000));
        let (missing, command) = cut(1_000_000);
        let kept = command.as_str().unwrap().trim_end_matches('…').len() as u64;
        assert!(missing >= 1_000_000 - kept, "{missing} {kept}");
        let mut many = json!({"a": vec!["x"; HOOK_MAX_BYTES]});
        assert_eq!(fitting(&mut many, 1024), None);
    }
}
