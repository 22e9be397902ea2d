//! A program on a PTY of ours, as a terminal emulator would hold it: keys in, output out, timed.

use anyhow::{Context, Result, bail};
use nightshift_platform::pty::Pty;
use nightshift_platform::spawn::Program;
use nightshift_platform::{clock, process};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::process::Child;
use std::time::Duration;

/// Longest wait for anything; beyond it the run is broken.
const PATIENCE: Duration = Duration::from_secs(120);
const COLS: u16 = 120;
const ROWS: u16 = 32;

pub struct Terminal {
    master: File,
    child: Child,
    identity: process::Identity,
    /// What was printed and not yet looked through.
    seen: Vec<u8>,
    buffer: Vec<u8>,
}

impl Terminal {
    pub fn spawn(
        program: &Path,
        args: &[&str],
        env: &BTreeMap<OsString, OsString>,
    ) -> Result<Terminal> {
        let pty = Pty::open(COLS, ROWS)?;
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        let program =
            Program { program: program.as_os_str(), args: &args, env, cwd: Path::new("/") };
        let (child, identity) = pty.spawn(&program)?;
        let master = File::from(pty.into_master());
        Ok(Terminal { master, child, identity, seen: Vec::new(), buffer: vec![0; 256 * 1024] })
    }

    pub fn keys(&mut self, keys: &[u8]) -> Result<()> {
        self.master.write_all(keys).context("typing")
    }

    /// Reads until the output holds `wanted`; forgets everything up to it.
    pub fn expect(&mut self, wanted: &[u8]) -> Result<()> {
        let start = clock::monotonic();
        loop {
            if let Some(at) = self.seen.windows(wanted.len()).position(|w| w == wanted) {
                self.seen.drain(..at + wanted.len());
                return Ok(());
            }
            // Only a tail that could begin the wanted text is worth keeping.
            let keep = self.seen.len().saturating_sub(wanted.len());
            self.seen.drain(..keep);
            match self.master.read(&mut self.buffer) {
                Ok(0) => bail!("the program ended before it printed {}", shown(wanted)),
                Ok(n) => self.seen.extend_from_slice(&self.buffer[..n]),
                Err(e) if e.kind() == ErrorKind::WouldBlock => self.wait(PATIENCE)?,
                Err(e) => bail!("the program ended before it printed {}: {e}", shown(wanted)),
            }
            if clock::monotonic() - start > PATIENCE {
                bail!("nothing like {} within {PATIENCE:?}", shown(wanted));
            }
        }
    }

    /// Sleeps until there is something to read, as a terminal emulator does.
    fn wait(&self, at_most: Duration) -> Result<()> {
        let mut fds = [PollFd::new(&self.master, PollFlags::IN)];
        let at_most = Timespec::try_from(at_most)?;
        poll(&mut fds, Some(&at_most))?;
        Ok(())
    }

    /// Reads until nothing has come for `quiet`.
    pub fn settle(&mut self, quiet: Duration) -> Result<()> {
        let mut last = clock::monotonic();
        while clock::monotonic() - last < quiet {
            match self.master.read(&mut self.buffer) {
                Ok(0) => break,
                Ok(_) => last = clock::monotonic(),
                Err(e) if e.kind() == ErrorKind::WouldBlock => self.wait(quiet)?,
                Err(e) => bail!("the program ended: {e}"),
            }
        }
        self.seen.clear();
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        const SIGKILL: i32 = 9;
        process::signal(&self.identity, SIGKILL).ok(); // It may have ended by itself.
        self.child.wait().ok();
    }
}

fn shown(bytes: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(bytes))
}

/// An environment with nothing but what programs need to run.
pub fn clean_environment(home: &Path) -> BTreeMap<OsString, OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let pairs: [(&str, &OsStr); 6] = [
        ("PATH", &path),
        ("HOME", home.as_os_str()),
        ("TERM", OsStr::new("xterm-256color")),
        ("LANG", OsStr::new("C.UTF-8")),
        ("SHELL", OsStr::new("/bin/sh")),
        ("TMUX_TMPDIR", home.as_os_str()),
    ];
    pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}
