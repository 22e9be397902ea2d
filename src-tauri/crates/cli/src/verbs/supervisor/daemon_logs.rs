//! `nightshift daemon logs`: what the supervisor and the hosts had to say.

use crate::context::{Context, print, print_json};
use crate::failure::Failure;
use crate::output::plain::clean;
use nightshift_protocol::{Fault, FaultCode};
use serde::Serialize;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// While following, this is how late a line may be seen.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
const CHUNK_BYTES: usize = 64 * 1024;
/// A longer line is printed in parts.
const LINE_MAX_BYTES: usize = 1024 * 1024;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Go on as more is written.
    #[arg(long, short)]
    follow: bool,
}

pub async fn run(here: Context, args: Args) -> Result<ExitCode, Failure> {
    let path = here.home.log_file();
    let mut log = match Log::open(&path)? {
        Some(log) => Some(log),
        None if args.follow => None,
        None => {
            let message = format!("no supervisor has written {} yet", path.display());
            return Err(Fault::new(FaultCode::NotFound, message)
                .hint("any verb starts one, as `nightshift agents`")
                .into());
        }
    };
    loop {
        if let Some(log) = &mut log {
            log.print_new(here.json)?;
        }
        if !args.follow {
            break;
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
        if log.as_ref().is_none_or(|log| log.was_replaced(&path)) {
            // What the old file got last comes first.
            if let Some(mut old) = log.take() {
                old.print_new(here.json)?;
                old.print_rest(here.json)?;
            }
            log = Log::open(&path)?;
        }
    }
    if let Some(log) = &mut log {
        log.print_rest(here.json)?;
    }
    Ok(ExitCode::SUCCESS)
}

struct Log {
    file: File,
    inode: (u64, u64),
    read_bytes: u64,
    /// The beginning of a line whose end is not written yet.
    partial: Vec<u8>,
}

#[derive(Serialize)]
struct Line<'a> {
    line: &'a str,
}

impl Log {
    fn open(path: &Path) -> Result<Option<Log>, Fault> {
        let trouble = |e| Fault::new(FaultCode::Io, format!("cannot read {}: {e}", path.display()));
        let file = match File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(trouble(e)),
        };
        let about = file.metadata().map_err(trouble)?;
        let inode = (about.dev(), about.ino());
        Ok(Some(Log { file, inode, read_bytes: 0, partial: Vec::new() }))
    }

    /// Whether another file stands in its place, or it was emptied.
    fn was_replaced(&self, path: &Path) -> bool {
        std::fs::metadata(path)
            .is_ok_and(|now| (now.dev(), now.ino()) != self.inode || now.len() < self.read_bytes)
    }

    fn print_new(&mut self, json: bool) -> Result<(), Failure> {
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let count = match self.file.read(&mut chunk) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) => {
                    let message = format!("cannot read the supervisor's log: {e}");
                    return Err(Fault::new(FaultCode::Io, message).into());
                }
            };
            self.read_bytes += count as u64;
            self.partial.extend_from_slice(&chunk[..count]);
            let whole = match self.partial.iter().rposition(|&byte| byte == b'\n') {
                Some(at) => at + 1,
                None if self.partial.len() >= LINE_MAX_BYTES => self.partial.len(),
                None => continue,
            };
            let lines: Vec<u8> = self.partial.drain(..whole).collect();
            print_lines(&lines, json)?;
        }
    }

    fn print_rest(&mut self, json: bool) -> Result<(), Failure> {
        print_lines(&std::mem::take(&mut self.partial), json)
    }
}

fn print_lines(bytes: &[u8], json: bool) -> Result<(), Failure> {
    let text = clean(&String::from_utf8_lossy(bytes));
    for line in text.lines() {
        if json {
            print_json(&Line { line })?;
        } else {
            print(&format!("{line}\n"))?;
        }
    }
    Ok(())
}
