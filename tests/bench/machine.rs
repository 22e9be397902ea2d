//! What the kernel says of processes and of this machine.

use anyhow::{Context, Result};
use std::fs;

/// Cores, memory and kernel in one line, without names.
pub fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok())
        .map_or(0, |kib| kib / 1024 / 1024);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{cores} cores, {memory} GiB, Linux {}", kernel.trim())
}

/// Proportional share of memory of one process, in MiB.
pub fn pss_mib(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(&path).with_context(|| path.clone())?;
    let kib = text
        .lines()
        .find_map(|line| line.strip_prefix("Pss:")?.split_whitespace().next()?.parse::<f64>().ok())
        .with_context(|| format!("no Pss in {path}"))?;
    Ok(kib / 1024.0)
}

/// Times a process went to sleep and was woken since it started, over all its threads.
pub fn wakeups(pid: u32) -> Result<u64> {
    let mut sum = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = fs::read_to_string(task?.path().join("status"))?;
        let switches = text.lines().find_map(|l| l.strip_prefix("voluntary_ctxt_switches:"));
        sum += switches.and_then(|n| n.trim().parse::<u64>().ok()).unwrap_or_default();
    }
    Ok(sum)
}

/// Processor time of a process in milliseconds.
pub fn cpu_ms(pid: u32) -> Result<f64> {
    let stat = stat(pid)?;
    Ok(stat.ticks_ms(11) + stat.ticks_ms(12))
}

/// How long a process has been running, in milliseconds.
pub fn age_ms(pid: u32) -> Result<f64> {
    const STARTED: usize = 19;
    let uptime = fs::read_to_string("/proc/uptime")?;
    let uptime = uptime.split_whitespace().next().and_then(|s| s.parse::<f64>().ok());
    let uptime = uptime.context("no time in /proc/uptime")? * 1000.0;
    Ok(uptime - stat(pid)?.ticks_ms(STARTED))
}

/// A process and all below it whose program is called like one of `names`.
pub fn tree(pid: u32, names: &[&str]) -> Result<Vec<u32>> {
    const PARENT: usize = 1;
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        // One that has ended meanwhile is none of them.
        let Ok(stat) = stat(pid) else { continue };
        let named = names.iter().any(|name| stat.name.starts_with(&name[..name.len().min(15)]));
        parents.push((pid, stat.number(PARENT) as u32, named));
    }
    let mut found = vec![pid];
    let mut at = 0;
    while let Some(parent) = found.get(at).copied() {
        found.extend(parents.iter().filter(|(_, p, named)| *p == parent && *named).map(|p| p.0));
        at += 1;
    }
    Ok(found)
}

/// One line of the kernel about a process: its name, and the numbers behind it.
struct Stat {
    name: String,
    fields: Vec<String>,
}

fn stat(pid: u32) -> Result<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (before, after) = text.rsplit_once(')').context("no name in a process's stat")?;
    let name = before.split_once('(').map_or("", |(_, name)| name).to_owned();
    Ok(Stat { name, fields: after.split_whitespace().map(str::to_owned).collect() })
}

impl Stat {
    fn number(&self, at: usize) -> f64 {
        self.fields.get(at).and_then(|f| f.parse::<f64>().ok()).unwrap_or_default()
    }

    fn ticks_ms(&self, at: usize) -> f64 {
        /// Clock ticks a second on Linux, in all kernels that are configured as usual.
        const TICKS_PER_SECOND: f64 = 100.0;
        self.number(at) * 1000.0 / TICKS_PER_SECOND
    }
}
