//! A home with the real binary in it, and the words that tests use to drive it.

use nightshift_client::Client;
use nightshift_platform::clock;
use nightshift_platform::process::{Identity, Liveness3, signal};
use nightshift_platform::signals::SIGKILL;
use nightshift_protocol::BoardEvent;
use nightshift_testkit::{TestHome, wait_for, wait_until};
use serde_json::Value;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

pub fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_nightshift"))
}

/// How a small agent opens a session: the beginning of its program.
pub const AGENT_OPENS: &str = r#"#!/bin/sh
id() { printf '%s' "$1" | sed 's/.*"id":"\([^"]*\)".*/\1/'; }
answer() { printf '{"jsonrpc":"2.0","id":"%s","result":%s}\n' "$(id "$1")" "$2"; }
read -r line; answer "$line" '{"protocolVersion":1}'
read -r line; answer "$line" '{"sessionId":"s","modes":{"currentModeId":"default","availableModes":[{"id":"default","name":"D"}]}}'
read -r line; answer "$line" '{}'
"#;

pub struct Shift {
    pub home: TestHome,
    /// Everything runs as this user instead of the test's own.
    user: Option<u32>,
}

/// Ids of users that nobody is; each test process takes its own, for limits count per user.
const FIRST_FREE_USER: u32 = 61_000;
const FREE_USERS: u32 = 4_000;

/// What a run of the command gave.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Shift {
    pub fn new() -> Shift {
        Shift { home: TestHome::new(), user: None }
    }

    /// A home whose processes have no privilege, as a user's have: root passes over permissions and
    /// limits. A test that is not root needs nothing for that.
    pub fn unprivileged() -> Shift {
        let mut shift = Shift::new();
        if rustix::process::geteuid().is_root() {
            let user = FIRST_FREE_USER + std::process::id() % FREE_USERS;
            let home = shift.home.state();
            for dir in [home.parent().unwrap(), &shift.home.user_home(), &shift.home.work()] {
                std::os::unix::fs::chown(dir, Some(user), Some(user)).unwrap();
            }
            shift.user = Some(user);
        }
        shift
    }

    /// A home whose supervisor was started with these variables.
    pub fn with(variables: &[(&str, &str)]) -> Shift {
        let shift = Shift::new();
        shift.start(variables);
        shift
    }

    /// Starts the supervisor with these variables: it inherits them from its first client.
    pub fn start(&self, variables: &[(&str, &str)]) {
        let mut first = self.command(&["agents"]);
        first.envs(variables.iter().copied());
        ran(&mut first, b"").ok(&["agents"]);
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.home.command(binary());
        command.args(args).stdin(Stdio::null());
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }

    /// Another program as the user whose processes these are.
    pub fn unprivileged_command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        ran(&mut self.command(args), b"")
    }

    pub fn run_with_stdin(&self, args: &[&str], stdin: &[u8]) -> Ran {
        ran(self.command(args).stdin(Stdio::piped()), stdin)
    }

    /// Stdout of a run that must succeed.
    pub fn ok(&self, args: &[&str]) -> String {
        self.run(args).ok(args)
    }

    pub fn json(&self, args: &[&str]) -> Value {
        let out = self.ok(args);
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{args:?}: {e}: {out}"))
    }

    /// A run that must fail with exit code 1 and one line that contains every part.
    pub fn fails(&self, args: &[&str], parts: &[&str]) {
        self.run(args).failed(args, parts);
    }

    /// Starts a shell job; its id.
    pub fn shell(&self, command: &str) -> String {
        id_of(&self.json(&["--bg", "--exec", command, "--json"]))
    }

    /// Starts a rehearsal session with this script; its id.
    pub fn agent(&self, script: &str) -> String {
        let args = ["--bg", "--agent", "rehearsal", "--json", script];
        id_of(&self.json(&args))
    }

    /// The session's entry, ended or not; `Null` when there is none.
    pub fn entry(&self, id: &str) -> Value {
        let all = self.json(&["agents", "--all", "--json"]);
        let found = all.as_array().unwrap().iter().find(|entry| entry["id"] == id).cloned();
        found.unwrap_or(Value::Null)
    }

    /// The session's entry once `condition` holds for it.
    pub fn wait_entry(
        &self,
        id: &str,
        what: &str,
        mut condition: impl FnMut(&Value) -> bool,
    ) -> Value {
        let mut last = Value::Null;
        let found = wait_for_or(&mut || {
            last = self.entry(id);
            condition(&last).then(|| last.clone())
        });
        found.unwrap_or_else(|| {
            let log = std::fs::read_to_string(self.home.home().log_file()).unwrap_or_default();
            let why = self.run(&["why", id]).out;
            let entry = self.entry(id);
            panic!("{id} never came to: {what}\n{entry}\n{why}\nsupervisor's log:\n{log}")
        })
    }

    pub fn wait_state(&self, id: &str, state: &str) -> Value {
        self.wait_entry(id, state, |entry| entry["state"] == state)
    }

    /// The id of the request that the session has open.
    pub fn request(&self, id: &str) -> String {
        let entry = self.wait_entry(id, "a request", |e| e["pending"]["id"].is_string());
        entry["pending"]["id"].as_str().unwrap().to_owned()
    }

    /// Answers the request that the session has open, by its id: that needs no second look.
    pub fn answer(&self, id: &str, words: &str) -> String {
        self.ok(&["answer", id, "--request", &self.request(id), words])
    }

    /// Waits until the session's log contains `part`; the whole log.
    pub fn wait_log(&self, id: &str, part: &str) -> String {
        wait_for(&format!("{part} in the log of {id}"), || {
            let log = self.ok(&["logs", id]);
            log.contains(part).then_some(log)
        })
    }

    pub fn supervisor(&self) -> Identity {
        let status = self.json(&["daemon", "status", "--json"]);
        Identity::of(u32::try_from(status["pid"].as_u64().unwrap()).unwrap()).unwrap()
    }

    /// Kills the supervisor the hard way and waits until it is gone.
    pub fn kill_supervisor(&self) -> Identity {
        let supervisor = self.supervisor();
        kill(&supervisor);
        supervisor
    }

    pub fn job(&self, id: &str) -> PathBuf {
        self.home.home().job(id)
    }

    /// The process that holds the session.
    pub fn host(&self, id: &str) -> Identity {
        let ready = std::fs::read(self.job(id).join("ready.json")).unwrap();
        let ready: Value = serde_json::from_slice(&ready).unwrap();
        Identity::of(u32::try_from(ready["pid"].as_u64().unwrap()).unwrap()).unwrap()
    }
}

impl Shift {
    /// What the board tells beside its sessions, a line each.
    pub fn notices(&self) -> String {
        self.ok(&["daemon", "status", "--json"]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let client = Client::connect(&self.home.home()).await.unwrap();
            let mut board = client.follow_board().await.unwrap();
            match board.next().await.unwrap() {
                BoardEvent::Snapshot { notices, .. } => {
                    notices.iter().map(|n| format!("{}\n", n.text)).collect()
                }
                BoardEvent::Change { .. } => panic!("a follow begins with a snapshot"),
            }
        })
    }

    /// A program of this name, first in the PATH of what `dispatch` starts.
    pub fn agent_program(&self, name: &str, script: &str) {
        let path = self.home.work().join(name);
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    }

    /// Starts the agent `name` that `agent_program` has made; its id.
    pub fn dispatch_program(&self, name: &str) -> String {
        let args = ["--bg", "--json", "--agent", name, "do something"];
        let mut dispatch = self.command(&args);
        let path = std::env::var("PATH").unwrap();
        dispatch.env("PATH", format!("{}:{path}", self.home.work().display()));
        id_of(&serde_json::from_str(&ran(&mut dispatch, b"").ok(&args)).unwrap())
    }
}

/// Processor time that a process has used: fields 14 and 15 of proc_pid_stat(5), in ticks of 10 ms.
/// None when it is gone.
pub fn cpu_time(process: &Identity) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.pid)).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks = |n: usize| fields[n - 3].parse::<u64>().unwrap();
    Some(Duration::from_millis(10 * (ticks(14) + ticks(15))))
}

/// A number of KiB from a process's `status` or `smaps_rollup`.
pub fn memory_kib(process: &Identity, file: &str, field: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/{file}", process.pid)).unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    value.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
}

/// Lets time pass: for what must *not* happen meanwhile.
pub fn pass(time: Duration) {
    let until = clock::monotonic() + time;
    wait_until("time to pass", || clock::monotonic() > until);
}

fn wait_for_or<T>(condition: &mut impl FnMut() -> Option<T>) -> Option<T> {
    let waited = std::panic::AssertUnwindSafe(|| wait_for("it", condition));
    std::panic::catch_unwind(waited).ok()
}

pub fn kill(process: &Identity) {
    signal(process, SIGKILL).unwrap();
    wait_until("a killed process to be gone", || process.liveness() == Liveness3::Gone);
}

pub fn id_of(entry: &Value) -> String {
    entry["id"].as_str().unwrap_or_else(|| panic!("no id in {entry}")).to_owned()
}

/// The names of an object's fields, sorted.
pub fn fields(object: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

pub fn ran(command: &mut Command, stdin: &[u8]) -> Ran {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    if let Some(mut pipe) = child.stdin.take() {
        // A command that refuses its input early closes the pipe: that is its right.
        pipe.write_all(stdin).ok();
    }
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

impl Ran {
    pub fn ok(self, args: &[&str]) -> String {
        assert_eq!(self.code, Some(0), "{args:?}: {self:?}");
        self.out
    }

    pub fn failed(self, args: &[&str], parts: &[&str]) {
        assert_eq!(self.code, Some(1), "{args:?}: {self:?}");
        let one_line = self.err.starts_with("error: ") && self.err.trim_end().lines().count() == 1;
        assert!(one_line, "{args:?}: {}", self.err);
        for part in parts {
            assert!(self.err.contains(part), "{args:?}: `{part}` is not in {}", self.err);
        }
    }
}
