//! Files that go with a prompt, from the command line to the supervisor.

use crate::failure::Failure;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nightshift_client::Client;
use nightshift_model::limits::{ENCLOSED_MAX_BYTES, ENCLOSURES_MAX};
use nightshift_platform::files::read_bounded;
use nightshift_protocol::{Fault, FaultCode, calls};
use std::path::{Path, PathBuf};

/// A file's name and what it holds.
pub struct Read {
    name: String,
    bytes: Vec<u8>,
}

/// Reads the files before anything is started.
pub fn read(files: &[PathBuf]) -> Result<Vec<Read>, Failure> {
    if files.len() > ENCLOSURES_MAX {
        let message = format!("{} attachments; the limit is {ENCLOSURES_MAX}", files.len());
        let fault = Fault::new(FaultCode::Limit, message);
        return Err(fault.hint("name a directory in the prompt").into());
    }
    files.iter().map(|file| read_one(file)).collect()
}

fn read_one(file: &Path) -> Result<Read, Failure> {
    let wrong = |e: std::io::Error| {
        let message = format!("attachment {}: {e}", file.display());
        let hint = format!("give a file of at most {ENCLOSED_MAX_BYTES} bytes");
        Fault::new(FaultCode::Invalid, message).hint(hint)
    };
    let bytes = read_bounded(file, ENCLOSED_MAX_BYTES as u64).map_err(wrong)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Read { name, bytes })
}

/// Hands the files over; the ids by which the prompt names them.
pub async fn hand_over(client: &Client, files: Vec<Read>) -> Result<Vec<String>, Failure> {
    let mut ids = Vec::new();
    for Read { name, bytes } in files {
        let data = STANDARD.encode(&bytes);
        ids.push(client.ask(calls::Enclose { name, data }).await?.id);
    }
    Ok(ids)
}
