//! Reading of `/proc`: one process's stat line, the list of pids.
//!
//! Promise: total over any content; a process that ends while it is read is "not found"; few calls of the
//! kernel for each file, because whole tables are read.
//! Must not know: what is done with the processes.

use std::fs::{self, File};
use std::io::{self, Read};

/// Nearly every file of a process fits. Nobody can know its length before: where the standard library
/// reads such a file it begins with 32 bytes.
const READ_BYTES: usize = 4096;
/// A stat line is 53 numbers and a name of 15 bytes.
const STAT_MAX_BYTES: usize = 2048;

/// A file of process `pid`; `NotFound` when there is no such process.
pub(crate) fn read(pid: u32, file: &str) -> io::Result<Vec<u8>> {
    let whole = || {
        let mut file = File::open(format!("/proc/{pid}/{file}"))?;
        let mut bytes = vec![0; READ_BYTES];
        let mut filled = 0;
        loop {
            match file.read(&mut bytes[filled..]) {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if filled == bytes.len() {
                bytes.resize(filled * 2, 0);
            }
        }
        bytes.truncate(filled);
        bytes.shrink_to_fit();
        Ok(bytes)
    };
    whole().map_err(named)
}

/// An error of the kernel about a process: it may end between open and read.
pub(crate) fn named(error: io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) if code == rustix::io::Errno::SRCH.raw_os_error() => {
            io::Error::from(io::ErrorKind::NotFound)
        }
        _ => error,
    }
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
    /// A thread of the kernel's own: nobody started it, and it has no environment.
    pub of_kernel: bool,
}

/// proc_pid_stat(5), field 9: `PF_KTHREAD`.
const KERNEL_THREAD: u64 = 0x0020_0000;

impl Stat {
    /// `NotFound` when there is no such process.
    pub fn read(pid: u32) -> io::Result<Stat> {
        // The kernel gives the line as a whole, or as much of it as there is room for.
        let mut line = [0; STAT_MAX_BYTES];
        let read = File::open(format!("/proc/{pid}/stat"))
            .and_then(|mut file| file.read(&mut line))
            .map_err(named)?;
        let unreadable = || io::Error::other(format!("/proc/{pid}/stat cannot be understood"));
        Stat::parse(pid, &line[..read]).ok_or_else(unreadable)
    }

    /// The program's name stands in parentheses and may itself hold parentheses and spaces.
    fn parse(pid: u32, bytes: &[u8]) -> Option<Stat> {
        let end_of_name = bytes.iter().rposition(|&b| b == b')')?;
        let text = std::str::from_utf8(bytes.get(end_of_name + 1..)?).ok()?;
        let mut fields = text.split_ascii_whitespace();
        let state = *fields.next()?.as_bytes().first()?;
        let parent = fields.next()?.parse().ok()?;
        // proc_pid_stat(5): ppid is field 4, flags 9, utime 14, stime 15, starttime 22.
        let flags: u64 = fields.nth(4)?.parse().ok()?;
        let user: u64 = fields.nth(4)?.parse().ok()?;
        let system: u64 = fields.next()?.parse().ok()?;
        let start_ticks = fields.nth(6)?.parse().ok()?;
        let cpu_ticks = user.saturating_add(system);
        let of_kernel = flags & KERNEL_THREAD != 0;
        Some(Stat { pid, state, parent, start_ticks, cpu_ticks, of_kernel })
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

    /// Longer than the first read, and just as long.
    #[test]
    fn a_file_is_read_to_its_end_however_long_it_is() {
        for padding in [1, READ_BYTES, 3 * READ_BYTES] {
            let value = "x".repeat(padding);
            let mut shell = std::process::Command::new("/bin/sh")
                .args(["-c", "echo on; read x"])
                .env_clear()
                .env("LONG", &value)
                .stdin(std::process::Stdio::piped())
                .stdout(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            shell.stdout.as_mut().unwrap().read_exact(&mut [0; 3]).unwrap();
            let environ = read(shell.id(), "environ").unwrap();
            let said = environ.split(|&b| b == 0).any(|v| v == format!("LONG={value}").as_bytes());
            shell.kill().unwrap();
            shell.wait().unwrap();
            assert!(said, "{padding}: {} bytes", environ.len());
            assert_eq!(read(shell.id(), "environ").unwrap_err().kind(), io::ErrorKind::NotFound);
        }
    }

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let line = b"7 (a) R (b) S 3 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 1 2";
        let stat = Stat::parse(7, line).unwrap();
        let expected = Stat {
            pid: 7,
            state: b'S',
            parent: 3,
            start_ticks: 4242,
            cpu_ticks: 11,
            of_kernel: false,
        };
        assert_eq!(stat, expected);
        let line = b"2 (kthreadd) S 0 0 0 0 -1 2129984 1 2 3 4 5 6 7 8 20 0 1 0 4242 1 2";
        assert!(Stat::parse(2, line).unwrap().of_kernel);
        for broken in [&b""[..], b"7 (a", b"7 (a) S", b"7 (a) S x", b"7 (a) S 3 7 7"] {
            assert_eq!(Stat::parse(7, broken), None);
        }
    }
}
