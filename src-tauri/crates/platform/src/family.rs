//! A process and all below it, as one thing to look at or to end.
//!
//! Promise: only processes that were below the given one when they were looked for are signalled,
//! each by pid and start time. Must not know: why they are to end.

use crate::process::{
    Identity, Liveness3, Spare, descendants_without, find_by_env_without, signal,
};
use crate::signals::{SIGKILL, SIGTERM};
use crate::usage::{Usage, usage};
use std::io;
use std::time::Duration;

/// Between two looks at processes that were asked to end.
const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// At most `max` live processes below `pid` and what they cost, without those that `spare` says and
/// what is below them. One that ends while it is looked at is left out.
pub fn below(pid: u32, spare: Spare<'_>, max: usize) -> io::Result<Vec<(Identity, Usage)>> {
    let found = descendants_without(pid, spare)?.into_iter().take(max);
    Ok(found.filter_map(|process| Some((process, usage(&process).ok()?))).collect())
}

/// Asks `root` and all below it to end, kills them after `grace`, and waits until they are gone.
/// False when some are still there after another `grace`. Blocking.
pub fn end(root: &Identity, spare: Spare<'_>, grace: Duration) -> io::Result<bool> {
    let mut family = descendants_without(root.pid, spare)?;
    family.insert(0, *root);
    for how in [SIGTERM, SIGKILL] {
        signal_all(&family, how)?;
        if all_gone(&family, grace) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The same for every process of this user that was started with `name=value` in its environment,
/// wherever it has gone since, and without this process.
pub fn end_marked(name: &str, value: &str, grace: Duration) -> io::Result<bool> {
    let ourselves = |process: &Identity| Ok(process.pid == std::process::id());
    // By force twice: what was born between the look and the signal is found by the second.
    for how in [SIGTERM, SIGKILL, SIGKILL] {
        let marked = find_by_env_without(name, value, &ourselves)?;
        if marked.is_empty() {
            return Ok(true);
        }
        signal_all(&marked, how)?;
        all_gone(&marked, grace);
    }
    Ok(find_by_env_without(name, value, &ourselves)?.is_empty())
}

fn signal_all(members: &[Identity], how: i32) -> io::Result<()> {
    for member in members {
        match signal(member, how) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

fn all_gone(family: &[Identity], patience: Duration) -> bool {
    let mut waited = Duration::ZERO;
    loop {
        if family.iter().all(|member| member.liveness() == Liveness3::Gone) {
            return true;
        }
        if waited >= patience {
            return false;
        }
        std::thread::sleep(LOOK_PAUSE);
        waited += LOOK_PAUSE;
    }
}
