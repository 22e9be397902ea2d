//! Reading of `/proc`: one process's stat line, the list of pids.
//!
//! Promise: total over any content; a process that ends while it is read is "not found".
//! Must not know: what is done with the processes.

use std::fs;
use std::io;

/// A file of process `pid`; `NotFound` when there is no such process.
pub(crate) fn read(pid: u32, file: &str) -> io::Result<Vec<u8>> {
    fs::read(format!("/proc/{pid}/{file}")).map_err(|error| {
        // The process may end between open and read.
        match error.raw_os_error() {
            Some(code) if code == rustix::io::Errno::SRCH.raw_os_error() => {
                io::Error::from(io::ErrorKind::NotFound)
            }
            _ => error,
        }
    })
}

/// What we need of `/proc/<pid>/stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub pid: u32,
    pub state: u8,
    pub parent: u32,
    pub start_ticks: u64,
    /// Processor time in user and system mode.
    pub cpu_ticks: u64,
}

impl Stat {
    /// `NotFound` when there is no such process.
    pub fn read(pid: u32) -> io::Result<Stat> {
        let bytes = read(pid, "stat")?;
        let unreadable = || io::Error::other(format!("/proc/{pid}/stat cannot be understood"));
        Stat::parse(pid, &bytes).ok_or_else(unreadable)
    }

    /// The program's name stands in parentheses and may itself hold parentheses and spaces.
    fn parse(pid: u32, bytes: &[u8]) -> Option<Stat> {
        let end_of_name = bytes.iter().rposition(|&b| b == b')')?;
        let text = std::str::from_utf8(bytes.get(end_of_name + 1..)?).ok()?;
        let mut fields = text.split_ascii_whitespace();
        let state = *fields.next()?.as_bytes().first()?;
        let parent = fields.next()?.parse().ok()?;
        // proc_pid_stat(5): ppid is field 4, utime 14, stime 15, starttime 22.
        let user: u64 = fields.nth(9)?.parse().ok()?;
        let system: u64 = fields.next()?.parse().ok()?;
        let start_ticks = fields.nth(6)?.parse().ok()?;
        Some(Stat { pid, state, parent, start_ticks, cpu_ticks: user.saturating_add(system) })
    }

    /// Ended, but its parent has not asked for its exit status yet.
    pub fn is_zombie(&self) -> bool {
        matches!(self.state, b'Z' | b'X')
    }
}

/// Every pid now in `/proc`.
pub(crate) fn pids() -> io::Result<Vec<u32>> {
    let mut pids = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        if let Some(pid) = name.to_str().and_then(|text| text.parse().ok()) {
            pids.push(pid);
        }
    }
    Ok(pids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let line = b"7 (a) R (b) S 3 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 1 2";
        let stat = Stat::parse(7, line).unwrap();
        let expected = Stat { pid: 7, state: b'S', parent: 3, start_ticks: 4242, cpu_ticks: 11 };
        assert_eq!(stat, expected);
        for broken in [&b""[..], b"7 (a", b"7 (a) S", b"7 (a) S x", b"7 (a) S 3 7 7"] {
            assert_eq!(Stat::parse(7, broken), None);
        }
    }
}
