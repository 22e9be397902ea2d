//! Runs one command with its output streamed.
//!
//! Promise: dropped before its end (a cancelled turn), the command and all below it are killed.
//! Must not know: sessions, the protocol.

use nightshift_platform::Liveness3;
use nightshift_platform::process::{self, Identity};
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

/// Output kept: the end of it, where failures are.
pub const OUTPUT_MAX_BYTES: usize = 64 * 1024;
/// Output is shown at most this often while the command runs.
const SHOW_INTERVAL: Duration = Duration::from_millis(100);
/// A background child may hold the pipe open; what it writes later than this is not waited for.
const DRAIN_TIME: Duration = Duration::from_millis(200);
/// Looks for descendants: one that forks meanwhile is found by the next, one that did not die is asked again.
const KILL_ROUNDS: u32 = 8;
const SIGKILL: i32 = 9;

/// Kills the command's whole tree unless it has ended.
struct Leash {
    shell: Option<Identity>,
}

impl Drop for Leash {
    fn drop(&mut self) {
        let Some(shell) = self.shell else { return };
        let mut family = vec![shell];
        for _ in 0..KILL_ROUNDS {
            let is_whole = take_in(&mut family);
            // Those in sessions of their own first: they are below the group only while it lives. Each may
            // have ended by itself meanwhile, which is what is wanted.
            for one in family.iter().rev() {
                process::signal(one, SIGKILL).ok();
            }
            process::signal_group(&shell, SIGKILL).ok();
            if is_whole && family.iter().all(|one| one.liveness() == Liveness3::Gone) {
                break;
            }
        }
    }
}

/// Adds what is below any of them, also of one that hangs somewhere else by now. False when there was
/// somebody new, or when that could not be found out.
fn take_in(family: &mut Vec<Identity>) -> bool {
    let mut is_whole = true;
    for known in family.clone() {
        let Ok(below) = process::descendants(known.pid) else {
            is_whole = false;
            continue;
        };
        for one in below {
            if !family.contains(&one) {
                family.push(one);
                is_whole = false;
            }
        }
    }
    is_whole
}

/// Runs `command` with `sh` in `cwd`; `show` gets all output kept so far, from time to time.
pub async fn run(
    command: &str,
    cwd: &Path,
    mut show: impl FnMut(&str),
) -> io::Result<(ExitStatus, String)> {
    let mut child = Command::new("sh")
        .arg("-c")
        // One pipe for both streams keeps their order.
        .arg(format!("exec 2>&1\n{command}"))
        .current_dir(cwd)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let mut leash = Leash { shell: child.id().and_then(|pid| Identity::of(pid).ok()) };
    let mut pipe = child.stdout.take().ok_or_else(|| io::Error::other("no pipe"))?;
    let mut kept: Vec<u8> = Vec::new();
    let mut buffer = vec![0; 16 * 1024];
    let mut tick = tokio::time::interval(SHOW_INTERVAL);
    let mut fresh = false;
    let mut open = true;
    let status = loop {
        tokio::select! {
            read = pipe.read(&mut buffer), if open => {
                let count = read?;
                open = count > 0;
                fresh |= open;
                keep(&mut kept, &buffer[..count]);
            }
            _ = tick.tick() => {
                if std::mem::take(&mut fresh) {
                    show(&String::from_utf8_lossy(&kept));
                }
            }
            status = child.wait() => break status?,
        }
    };
    leash.shell = None;
    while open {
        match tokio::time::timeout(DRAIN_TIME, pipe.read(&mut buffer)).await {
            Ok(Ok(count)) if count > 0 => keep(&mut kept, &buffer[..count]),
            _ => open = false,
        }
    }
    Ok((status, String::from_utf8_lossy(&kept).into_owned()))
}

fn keep(kept: &mut Vec<u8>, more: &[u8]) {
    kept.extend_from_slice(more);
    let over = kept.len().saturating_sub(OUTPUT_MAX_BYTES);
    kept.drain(..over);
}
