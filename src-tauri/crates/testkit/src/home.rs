//! A home of its own for each test: state, sockets, HOME and working directory below one short
//! temporary path, and a clean environment.
//!
//! Promise: when it is dropped, every process that was started with its environment is ended, and
//! so is everything below those, before the directory goes.

use crate::wait::wait_until;
use nightshift_platform::dirs::{HOME_VARIABLE, Home};
use nightshift_platform::process::{Identity, descendants, find_by_env, signal};
use nightshift_platform::signals::SIGKILL;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where programs are looked up when the test's own environment does not say.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// No shortage, in the kernel's format.
const CALM: &str = "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";

pub struct TestHome {
    dir: tempfile::TempDir,
}

impl TestHome {
    /// Panics when the temporary directory cannot be made: no test can go on without.
    #[allow(clippy::new_without_default, reason = "makes directories")]
    pub fn new() -> TestHome {
        let dir = tempfile::Builder::new()
            .prefix("ns-")
            .rand_bytes(5)
            .tempdir()
            .unwrap_or_else(|e| panic!("temporary directory: {e}"));
        let home = TestHome { dir };
        for dir in [home.user_home(), home.work()] {
            std::fs::create_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
        }
        let calm = home.pressure();
        std::fs::write(&calm, CALM).unwrap_or_else(|e| panic!("{}: {e}", calm.display()));
        home
    }

    /// What `NIGHTSHIFT_HOME` is set to.
    pub fn state(&self) -> PathBuf {
        self.dir.path().join("n")
    }

    pub fn home(&self) -> Home {
        Home { state: self.state(), run: self.state().join("run") }
    }

    /// What `HOME` is set to.
    pub fn user_home(&self) -> PathBuf {
        self.dir.path().join("h")
    }

    /// What the supervisor takes for the machine's shortage of memory. The machine itself may be short while
    /// many tests run, and idle sessions would be put to rest.
    fn pressure(&self) -> PathBuf {
        self.dir.path().join("p")
    }

    /// An empty directory to work in.
    pub fn work(&self) -> PathBuf {
        self.dir.path().join("w")
    }

    pub fn environment(&self) -> Vec<(String, String)> {
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        let path = std::env::var("PATH").unwrap_or_else(|_| DEFAULT_PATH.to_owned());
        [
            ("PATH", path),
            ("HOME", text(self.user_home())),
            (HOME_VARIABLE, text(self.state())),
            ("TMPDIR", text(self.dir.path().to_owned())),
            ("NIGHTSHIFT_PRESSURE_FILE", text(self.pressure())),
            ("LANG", "C.UTF-8".to_owned()),
            ("TERM", "xterm-256color".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// `binary` with the clean environment, in the working directory.
    pub fn command(&self, binary: &Path) -> Command {
        let mut command = Command::new(binary);
        command.env_clear().envs(self.environment()).current_dir(self.work());
        command
    }

    /// Every live process that was started with this home, and all below them.
    pub fn processes(&self) -> Vec<Identity> {
        let state = self.state();
        let mut found = find_by_env(HOME_VARIABLE, &state.to_string_lossy()).unwrap_or_default();
        // Those of a test that keeps its state elsewhere.
        let user = self.user_home();
        found.extend(find_by_env("HOME", &user.to_string_lossy()).unwrap_or_default());
        found.sort_unstable();
        found.dedup();
        for process in found.clone() {
            for below in descendants(process.pid).unwrap_or_default() {
                if !found.contains(&below) {
                    found.push(below);
                }
            }
        }
        // A test that carries the variable itself must not end itself.
        found.retain(|process| process.pid != std::process::id());
        found
    }

    /// Ends every process of this home.
    pub fn end_all(&self) {
        wait_until("the test's processes to end", || {
            let left = self.processes();
            for process in &left {
                // Gone between the look and the signal is what we want.
                signal(process, SIGKILL).ok();
            }
            left.is_empty()
        });
    }
}

impl Drop for TestHome {
    fn drop(&mut self) {
        self.end_all();
    }
}
