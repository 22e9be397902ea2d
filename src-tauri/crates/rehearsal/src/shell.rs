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
/// Every process below a command was started with this variable, so that one whose parents have ended is
/// still found.
const COMMAND_VARIABLE: &str = "NIGHTSHIFT_REHEARSAL_COMMAND";
/// Looks for what is left of a command at most: what forks during one look is found by the next.
const KILL_ROUNDS: u32 = 50;
/// So many looks in a row must find nothing: a process that is just starting its program shows no environment.
const QUIET_LOOKS: u32 = 2;
/// Between two looks: a killed process needs a moment to be gone.
const LOOK_PAUSE: Duration = Duration::from_millis(5);
const SIGKILL: i32 = 9;

/// Kills the command's whole tree unless it has ended.
struct Leash {
    /// None after the command's end.
    shell: Option<Identity>,
    /// What `COMMAND_VARIABLE` is for this command.
    mark: String,
}

impl Leash {
    /// Adds to `family` all that is below the command, and leaves those out that are gone.
    fn look(&self, family: &mut Vec<Identity>) -> io::Result<()> {
        let mut found = process::find_by_env(COMMAND_VARIABLE, &self.mark)?;
        for known in family.iter() {
            found.extend(process::descendants(known.pid)?);
        }
        for one in found {
            if !family.contains(&one) {
                family.push(one);
            }
        }
        family.retain(|one| one.liveness() != Liveness3::Gone);
        Ok(())
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        let Some(shell) = self.shell else { return };
        let mut family = vec![shell];
        let mut quiet = 0;
        for _ in 0..KILL_ROUNDS {
            // Nobody is killed before their children are known: those would be orphans, below nobody.
            if self.look(&mut family).is_ok() {
                quiet = if family.is_empty() { quiet + 1 } else { 0 };
                if quiet == QUIET_LOOKS {
                    return;
                }
                for one in family.iter().rev() {
                    // It may have ended by itself meanwhile, which is what is wanted.
                    process::signal(one, SIGKILL).ok();
                }
            }
            std::thread::sleep(LOOK_PAUSE);
        }
        eprintln!("rehearsal: of a cancelled command, {family:?} cannot be ended");
    }
}

/// Runs `command` with `sh` in `cwd`; `show` gets all output kept so far, from time to time.
pub async fn run(
    command: &str,
    cwd: &Path,
    mut show: impl FnMut(&str),
) -> io::Result<(ExitStatus, String)> {
    let mut leash = Leash { shell: None, mark: uuid::Uuid::new_v4().to_string() };
    let mut child = Command::new("sh")
        .arg("-c")
        // One pipe for both streams keeps their order.
        .arg(format!("exec 2>&1\n{command}"))
        .current_dir(cwd)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .env(COMMAND_VARIABLE, &leash.mark)
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    leash.shell = child.id().and_then(|pid| Identity::of(pid).ok());
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
