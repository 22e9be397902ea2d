//! `nightshift hook`: run by a terminal agent, tells its session's host what the agent tells it.
//!
//! Promise: a hook that cannot be delivered disturbs no agent: it says nothing and succeeds. It waits
//! only where the agent waits for a decision, and prints that decision.

use nightshift_platform::ipc;
use nightshift_protocol::terminal::HOOK_MAX_BYTES;
use nightshift_protocol::{
    FrameDecoder, FrameKind, Hello, HostEvent, HostRequest, Role, encode_control,
};
use serde_json::Value;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Longer texts inside a hook's words are cut: what is shown of them is a line or a page.
const TEXT_MAX_BYTES: usize = 16 * 1024;
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
    shorten(&mut told);
    let wait = told["hook_event_name"] == DECIDES;
    let line = told.to_string();
    if line.len() > HOOK_MAX_BYTES {
        return Ok(None);
    }
    ask(&args.host, &HostRequest::Hook { line, wait })
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

/// Cuts every long text in it.
fn shorten(value: &mut Value) {
    match value {
        Value::String(text) if text.len() > TEXT_MAX_BYTES => {
            let end = (0..=TEXT_MAX_BYTES).rev().find(|at| text.is_char_boundary(*at));
            text.truncate(end.unwrap_or_default());
            text.push('…');
        }
        Value::Array(values) => values.iter_mut().for_each(shorten),
        Value::Object(fields) => fields.values_mut().for_each(shorten),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn long_texts_are_cut_and_all_else_stays() {
        let mut value = json!({"a": ["é".repeat(TEXT_MAX_BYTES)], "b": 1});
        shorten(&mut value);
        assert!(value["a"][0].as_str().unwrap().len() <= TEXT_MAX_BYTES + '…'.len_utf8());
        assert_eq!(value["b"], 1);
        shorten(&mut value);
    }
}
