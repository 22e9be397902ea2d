//! What must hold once everything has settled.
//!
//! Promise: what may need a moment gets a bounded one; what has then been read is compared with the
//! ledger word by word. Every fault names its session and what was expected of it.

mod board;
mod words;

use crate::run::Run;
use crate::world::{LOOK_INTERVAL, command_line};
use anyhow::{Result, bail};
use nightshift_platform::clock;
use serde_json::Value;
use std::time::Duration;

/// Time to settle: jobs and turns take seconds, an unfinished launch is given up after five.
const SETTLE_LIMIT: Duration = Duration::from_secs(60);
/// Between two looks at a board that is settling.
const SETTLE_INTERVAL: Duration = Duration::from_millis(150);

/// Waits until the board and the processes agree with the ledger, then reads every log.
pub fn settled(run: &mut Run) -> Result<()> {
    let until = clock::monotonic() + SETTLE_LIMIT;
    let list = loop {
        let list = run.world.list()?;
        board::adopt(&mut run.ledger, &list);
        let faults = board::faults(run, &list);
        if faults.is_empty() {
            break list;
        }
        if clock::monotonic() > until {
            bail!("not as it must be after {SETTLE_LIMIT:?}:\n  {}", faults.join("\n  "));
        }
        std::thread::sleep(SETTLE_INTERVAL);
    };
    let mut faults = std::mem::take(&mut run.follower.seen().faults);
    for entry in &list {
        faults.extend(words::faults(run, entry)?);
    }
    if faults.is_empty() {
        return Ok(());
    }
    bail!("not as it must be:\n  {}", faults.join("\n  "))
}

/// Ends everything; nothing may be left.
pub fn ended(run: &Run) -> Result<()> {
    run.world.must(&["daemon", "stop", "--any"])?;
    let until = clock::monotonic() + SETTLE_LIMIT;
    loop {
        let left = run.world.home.processes();
        if left.is_empty() {
            return Ok(());
        }
        if clock::monotonic() > until {
            let lines: Vec<String> =
                left.iter().map(|p| format!("{} {}", p.pid, command_line(p.pid))).collect();
            bail!("left after the end:\n  {}", lines.join("\n  "));
        }
        std::thread::sleep(LOOK_INTERVAL);
    }
}

/// A field of an entry as text; empty when it is not there.
fn text<'a>(entry: &'a Value, field: &str) -> &'a str {
    entry[field].as_str().unwrap_or_default()
}
