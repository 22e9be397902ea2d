//! No process of the test suite may outlive it.
//!
//! Every test works below one temporary directory of the suite, which therefore shows in the
//! environment, arguments or working directory of whatever the tests started.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Processes that are just ending get this many chances to be gone.
const LOOKS: u32 = 40;
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// The suite's own temporary directory; removed at the end.
pub struct SuiteDirectory {
    path: PathBuf,
}

impl SuiteDirectory {
    /// Short, because sockets in it must fit the 108 bytes of a Unix socket path.
    pub fn create() -> Result<SuiteDirectory> {
        let path = std::env::temp_dir().join(format!("nst-{}", std::process::id()));
        std::fs::create_dir_all(&path)
            .with_context(|| format!("cannot create {}", path.display()))?;
        Ok(SuiteDirectory { path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Fails when processes are left, names them and ends them.
    pub fn check(&self) -> Result<Vec<String>> {
        let mut left = processes_of(&self.path);
        for _ in 1..LOOKS {
            if left.is_empty() {
                return Ok(vec!["no process was left behind".to_owned()]);
            }
            std::thread::sleep(BETWEEN_LOOKS);
            left = processes_of(&self.path);
        }
        for (pid, shown) in &left {
            eprintln!("left behind: {pid} {shown}");
            let killed = Command::new("kill").args(["-9", &pid.to_string()]).status();
            killed.with_context(|| format!("cannot end process {pid}"))?;
        }
        bail!("{} processes were left behind by the tests (named above, now ended)", left.len())
    }
}

impl Drop for SuiteDirectory {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            eprintln!("warning: {} stays: {error}", self.path.display());
        }
    }
}

/// Living processes, other than this one, that carry `directory` in their environment, arguments
/// or working directory.
fn processes_of(directory: &Path) -> Vec<(u32, String)> {
    let marker = directory.as_os_str().as_encoded_bytes();
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| *pid != std::process::id())
        .filter_map(|pid| {
            let proc = PathBuf::from(format!("/proc/{pid}"));
            let arguments = std::fs::read(proc.join("cmdline")).ok()?;
            // A zombie has no arguments and waits only for its parent.
            let living = !arguments.is_empty();
            let cwd = std::fs::read_link(proc.join("cwd")).unwrap_or_default();
            let environment = std::fs::read(proc.join("environ")).unwrap_or_default();
            let carries = cwd.starts_with(directory)
                || contains(&arguments, marker)
                || contains(&environment, marker);
            let shown = String::from_utf8_lossy(&arguments).replace('\0', " ");
            (living && carries).then_some((pid, shown))
        })
        .collect()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_works_below_the_directory_is_found() {
        let suite = SuiteDirectory::create().unwrap();
        assert!(processes_of(suite.path()).is_empty());
        let mut child = Command::new("sleep").arg("60").current_dir(suite.path()).spawn().unwrap();
        // A process that has just been started may not show its arguments yet.
        let found = (0..LOOKS).any(|_| {
            let found = processes_of(suite.path()).iter().any(|(pid, _)| *pid == child.id());
            if !found {
                std::thread::sleep(BETWEEN_LOOKS);
            }
            found
        });
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(found);
    }
}
