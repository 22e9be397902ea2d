//! The user's commands, run for real.

use crate::stage::{LONG, environment};
use nightshift_judge::{Check, CheckOutcome, CheckResult, Environment, end_checks, run_check};
use nightshift_platform::process::{Identity, find_by_env};
use nightshift_platform::signals::SIGKILL;
use nightshift_testkit::{wait_for, wait_until};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tempfile::TempDir;

struct Stage {
    dir: TempDir,
    env: Environment,
    /// Checks of tests that run beside this one are others'.
    owner: String,
}

impl Stage {
    fn new(name: &str) -> Stage {
        let path = std::env::var("PATH").unwrap_or_default();
        let env = environment(&[("PATH", &path), ("GREETING", "hello")]);
        let owner = format!("{name}-{}", std::process::id());
        Stage { dir: tempfile::tempdir().unwrap(), env, owner }
    }

    fn run(&self, command: &str, timeout: Duration) -> CheckResult {
        self.run_in(command, timeout, self.dir.path(), &AtomicBool::new(false))
    }

    fn run_in(
        &self,
        command: &str,
        timeout: Duration,
        cwd: &Path,
        called_off: &AtomicBool,
    ) -> CheckResult {
        let check = Check { command, cwd, env: &self.env, owner: &self.owner, timeout };
        run_check(&check, called_off)
    }

    fn left(&self) -> Vec<Identity> {
        find_by_env("NIGHTSHIFT_CHECK", &self.owner).unwrap()
    }
}

#[test]
fn code_directory_environment_and_last_lines_are_the_commands_own() {
    let stage = Stage::new("code");
    let result = stage.run("pwd; echo $GREETING; echo oops >&2; exit 3", LONG);
    assert_eq!(result.outcome, CheckOutcome::Exited(3));
    let dir = stage.dir.path().canonicalize().unwrap();
    assert_eq!(result.tail, format!("{}\nhello\noops", dir.display()));
    assert!(!result.passed());
    assert!(result.words().ends_with("failed (exit code 3): oops"), "{}", result.words());
    assert!(stage.run("true", LONG).passed());
    assert_eq!(stage.run("kill -9 $$", LONG).outcome, CheckOutcome::Signalled(SIGKILL));
    assert_eq!(stage.run("read line; exit 5", LONG).outcome, CheckOutcome::Exited(5));
    let broken = stage.run("if", LONG);
    assert!(!broken.passed() && broken.tail.contains("yntax"), "{broken:?}");
}

#[test]
fn of_much_output_the_last_lines_are_kept() {
    let stage = Stage::new("much");
    let result = stage.run("seq 1 200000; printf '\\033[31mred\\033[0m\\0\\377 end'", LONG);
    assert!(result.passed());
    assert!(result.tail.len() <= 8 * 1024 && result.tail.lines().count() <= 60);
    assert!(
        result.tail.starts_with("19") && result.tail.ends_with("red\u{fffd} end"),
        "{}",
        result.tail
    );
    let long = stage.run("head -c 300000 /dev/zero | tr '\\0' x", LONG);
    assert_eq!(long.tail.len(), 8 * 1024);
}

#[test]
fn a_directory_that_is_gone_is_no_pass() {
    let stage = Stage::new("gone");
    let called_off = AtomicBool::new(false);
    let result = stage.run_in("true", LONG, Path::new("/nowhere/at/all"), &called_off);
    assert!(
        matches!(&result.outcome, CheckOutcome::NotRun(why) if why.contains("/nowhere/at/all"))
    );
    assert!(!result.passed());
}

#[test]
fn a_timeout_ends_everything_that_was_started() {
    let stage = Stage::new("timeout");
    // One that will not go by itself, one in a session of its own, one that has left its parent.
    let command = "trap '' TERM; setsid sleep 300 & (setsid sleep 301 &) ; sh -c 'trap \"\" TERM; sleep 302; sleep 303'";
    let result = stage.run(command, Duration::from_millis(500));
    assert_eq!(result.outcome, CheckOutcome::TimedOut { after_s: 0 });
    assert!(stage.left().is_empty(), "{:?}", stage.left());
}

#[test]
fn what_a_check_left_behind_ends_with_it() {
    let stage = Stage::new("left");
    let result =
        stage.run("(setsid sleep 304 >/dev/null 2>&1 &); setsid sleep 305 & echo done", LONG);
    assert_eq!((result.passed(), result.tail.as_str()), (true, "done"));
    assert!(stage.left().is_empty(), "{:?}", stage.left());
}

#[test]
fn a_check_can_be_called_off() {
    let stage = Stage::new("off");
    let called_off = AtomicBool::new(false);
    let result = std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            stage.run_in("setsid sleep 306 & sleep 307", LONG, stage.dir.path(), &called_off)
        });
        wait_until("the check to run", || stage.left().len() >= 3);
        called_off.store(true, Ordering::Relaxed);
        run.join().unwrap()
    });
    assert_eq!(result.outcome, CheckOutcome::CalledOff);
    assert!(stage.left().is_empty(), "{:?}", stage.left());
}

#[test]
fn a_check_of_an_owner_who_died_is_ended_before_the_next() {
    let stage = Stage::new("dead");
    let mut orphan = std::process::Command::new("sleep")
        .arg("308")
        .env("NIGHTSHIFT_CHECK", &stage.owner)
        .spawn()
        .unwrap();
    wait_until("the orphan to run", || !stage.left().is_empty());
    assert!(stage.run("true", LONG).passed());
    assert!(wait_for("its end", || orphan.try_wait().unwrap()).code().is_none());
    assert!(end_checks(&stage.owner).unwrap());
}
