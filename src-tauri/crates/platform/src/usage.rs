//! What a process costs, and how it was called.
//!
//! Promise: read for exactly the process that was named, never for a later one with its pid.
//! Must not know: why anyone wants to know.

use crate::clock;
use crate::process::Identity;
use crate::procfs::Stat;
use nightshift_model::Millis;
use std::io::{self, Read};

/// Of a command line this much is read: enough to know it by.
const COMMAND_MAX_BYTES: u64 = 4096;
const MS_PER_SECOND: u64 = 1000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Program and arguments, separated by spaces; bytes as the process gave them.
    pub command: String,
    pub started_at: Millis,
    pub cpu_ms: u64,
    pub resident_kib: u64,
}

/// `NotFound` when the process is gone.
pub fn usage(process: &Identity) -> io::Result<Usage> {
    let command = command(process.pid)?;
    let resident_kib = resident_kib(process.pid)?;
    // Last: only now is it certain that all of this was of one and the same process.
    let stat = Stat::read(process.pid)?;
    if stat.start_ticks != process.start_ticks || stat.is_zombie() {
        let text = format!("process {} is gone", process.pid);
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    }
    let age_ms = clock::since_boot_ms().saturating_sub(ticks_ms(stat.start_ticks));
    let started_at = Millis(clock::now().0.saturating_sub(age_ms));
    Ok(Usage { command, started_at, cpu_ms: ticks_ms(stat.cpu_ticks), resident_kib })
}

fn command(pid: u32) -> io::Result<String> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(format!("/proc/{pid}/cmdline"))?;
    file.take(COMMAND_MAX_BYTES).read_to_end(&mut bytes)?;
    let words: Vec<_> = bytes.split(|&b| b == 0).map(String::from_utf8_lossy).collect();
    Ok(words.join(" ").trim_end().to_owned())
}

fn resident_kib(pid: u32) -> io::Result<u64> {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm"))?;
    // proc_pid_statm(5): size, resident, shared, … in pages.
    let pages: u64 = statm.split(' ').nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
    Ok(pages.saturating_mul(rustix::param::page_size() as u64) / 1024)
}

fn ticks_ms(ticks: u64) -> u64 {
    ticks.saturating_mul(MS_PER_SECOND) / rustix::param::clock_ticks_per_second().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_known_by_its_words_and_a_reused_pid_is_not() {
        let own = Identity::own().unwrap();
        let found = usage(&own).unwrap();
        let program = std::env::args_os().next().unwrap().into_string().unwrap();
        assert!(found.command.starts_with(&program), "{}", found.command);
        assert!(found.resident_kib > 100 && found.started_at <= clock::now(), "{found:?}");
        let other = Identity { start_ticks: own.start_ticks + 1, ..own };
        assert_eq!(usage(&other).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
