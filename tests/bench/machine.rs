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
    /// Clock ticks a second on Linux, in all kernels that are configured as usual.
    const TICKS_PER_SECOND: f64 = 100.0;
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let after = text.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok()).unwrap_or_default();
    Ok((ticks(11) + ticks(12)) * 1000.0 / TICKS_PER_SECOND)
}
