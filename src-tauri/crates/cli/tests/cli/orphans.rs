//! What a session starts stays the session's when its host is gone: it answers nothing, and neither it nor
//! anything else that was started in a session becomes the supervisor.

use crate::support::{Shift, binary, kill};
use nightshift_platform::lock;
use nightshift_platform::process::{Identity, Liveness3, descendants, find_by_arguments};
use nightshift_testkit::{wait_for, wait_until};
use std::ffi::OsStr;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Runs in a session, apart from all others there, and waits for its word to begin.
struct Apart<'a> {
    shift: &'a Shift,
    session: String,
}

impl<'a> Apart<'a> {
    /// `env` is put before its shell, which gets `script`; that finds our program in `$NS`.
    fn start(shift: &'a Shift, env: &str, script: &str) -> Apart<'a> {
        let (work, home) = (shift.home.work(), shift.home.state());
        let words = format!(
            "export NS='{}' NIGHTSHIFT_HOME='{}'\ncd '{work}'\necho $$ > pid\n\
             until [ -e go ]; do sleep 0.02; done\n({script}\n) > out 2>&1\n\
             echo \"code $?\" >> out; mv out said\n",
            binary().display(),
            home.display(),
            work = work.display(),
        );
        std::fs::write(work.join("apart.sh"), words).unwrap();
        for old in ["go", "pid", "said"] {
            std::fs::remove_file(work.join(old)).ok();
        }
        let start = format!(
            "(setsid {env} bash '{}' < /dev/null > /dev/null 2>&1 &) ; read x",
            work.join("apart.sh").display()
        );
        let session = shift.shell(&start);
        let apart = Apart { shift, session };
        wait_until("it to run", || apart.pid().is_some());
        apart
    }

    fn file(&self, name: &str) -> PathBuf {
        self.shift.home.work().join(name)
    }

    fn pid(&self) -> Option<u32> {
        std::fs::read_to_string(self.file("pid")).ok()?.trim().parse().ok()
    }

    fn go(&self) {
        std::fs::write(self.file("go"), "").unwrap();
    }

    fn said(&self) -> Option<String> {
        std::fs::read_to_string(self.file("said")).ok()
    }

    /// What it printed, and its exit code in the last line.
    fn wait_said(&self) -> String {
        wait_for("it to end", || self.said())
    }
}

const EMPTY: &str = "env -i PATH=$PATH";

fn nobody_holds_the_role(shift: &Shift) {
    assert_eq!(lock::holder(&shift.home.home().lock_file()), None);
}

#[test]
fn security_06_an_orphan_answers_nothing_whatever_it_does_to_itself() {
    let shift = Shift::new();
    let asks = shift.agent("ask Go on? | Yes\ndone went on");
    let request = shift.request(&asks);
    // Its mark is another one: so the end of its host does not end it, and it tries for certain.
    let script = format!("$NS answer {asks} --request {request} 1");
    let other_mark = format!("{EMPTY} bash -c 'ulimit -x 5; exec \"$@\"' -");
    let apart = Apart::start(&shift, &other_mark, &script);
    kill(&shift.host(&apart.session));
    shift.wait_state(&apart.session, "failed");
    apart.go();
    let said = apart.wait_said();
    assert!(said.contains("only the user may") && said.ends_with("code 1\n"), "{said}");
    assert!(said.contains("it was started inside of a session"), "{said}");
    assert_eq!(shift.entry(&asks)["state"], "blocked");
}

#[test]
fn security_06_an_orphan_answers_nothing_while_nobody_looks_for_it() {
    let shift = Shift::new();
    let asks = shift.agent("ask Go on? | Yes\ndone went on");
    let request = shift.request(&asks);
    let script = format!("until $NS answer {asks} --request {request} 1; do sleep 0.05; done");
    let apart = Apart::start(&shift, EMPTY, &script);
    let orphan = Identity::of(apart.pid().unwrap()).unwrap();
    shift.kill_supervisor();
    kill(&shift.host(&apart.session));
    apart.go();
    // It may try until the next supervisor has found out that its host is gone.
    shift.ok(&["agents"]);
    wait_until("the orphan to be ended", || orphan.liveness() == Liveness3::Gone);
    assert_eq!(apart.said(), None, "it ended by itself: its answer was taken");
    assert_eq!(shift.entry(&asks)["state"], "blocked");
}

#[test]
fn security_06_what_a_killed_host_leaves_is_ended_without_its_environment_too() {
    let shift = Shift::new();
    let id = shift.shell("(setsid env -i sleep 86399.5 &) ; read x");
    let sleeps = || find_by_arguments(&[OsStr::new("86399.5")]).unwrap_or_default();
    wait_until("it to sleep", || sleeps().len() == 1);
    kill(&shift.host(&id));
    wait_until("it to be ended", || sleeps().is_empty());
}

#[test]
fn security_06_a_session_starts_no_supervisor() {
    let shift = Shift::new();
    let other = shift.shell("read x");
    for (env, script) in [
        ("", "$NS agents"),
        (EMPTY, "PATH=/tmp:$PATH $NS agents"),
        (EMPTY, "$NS daemon run"),
        ("env NIGHTSHIFT_ROLE=supervisor", "$NS --bg --exec true"),
        (
            EMPTY,
            "(setsid $NS daemon run > ran 2>&1; mv ran ended) & until [ -e ended ]; do sleep 0.05; done; cat ended; exit 1",
        ),
    ] {
        let apart = Apart::start(&shift, env, script);
        std::fs::remove_file(apart.file("ended")).ok();
        shift.kill_supervisor();
        apart.go();
        let said = apart.wait_said();
        let told =
            format!("session {} may not start the supervisor: only the user may", apart.session);
        assert!(said.contains(&told) && said.ends_with("code 1\n"), "{env} {script}: {said}");
        assert!(said.contains("in a terminal of your own"), "{said}");
        nobody_holds_the_role(&shift);
        shift.ok(&["stop", &apart.session]);
    }
    assert!(shift.entry(&other)["pid"].is_u64(), "the user's start finds all sessions");
}

#[test]
fn security_06_an_orphan_starts_no_supervisor_with_whatever_it_takes_away_first() {
    for (others, script) in [
        (false, "$NS agents"),
        (false, "rm -r $NIGHTSHIFT_HOME/run; $NS agents"),
        (false, "ulimit -x 5; $NS agents"),
        (true, "rm -r $NIGHTSHIFT_HOME/run; ulimit -x 5; $NS agents"),
    ] {
        let shift = Shift::new();
        if others {
            shift.shell("read x");
        }
        let apart = Apart::start(&shift, EMPTY, script);
        shift.kill_supervisor();
        kill(&shift.host(&apart.session));
        apart.go();
        let said = apart.wait_said();
        assert!(said.contains("may not start the supervisor"), "{script}: {said}");
        nobody_holds_the_role(&shift);
    }
}

#[test]
fn security_06_a_session_may_have_a_home_of_its_own_and_the_user_trusts_none_of_its_supervisors() {
    let shift = Shift::new();
    let script = "export NIGHTSHIFT_HOME=$NIGHTSHIFT_HOME-in; \
                  $NS --bg --exec 'read x' && $NS agents --json && $NS daemon status --json";
    let apart = Apart::start(&shift, "", script);
    apart.go();
    let said = apart.wait_said();
    assert!(said.ends_with("code 0\n"), "{said}");
    let status = said.lines().rev().nth(1).unwrap();
    let status: serde_json::Value = serde_json::from_str(status).unwrap();
    let inner = format!("{}-in", shift.home.state().display());
    let mut command = shift.command(&["agents"]);
    command.env("NIGHTSHIFT_HOME", inner);
    let refused = crate::support::ran(&mut command, b"");
    let told = format!("the supervisor (pid {}) was started inside of a session", status["pid"]);
    refused.failed(&["agents"], &[&told, "end it with `kill"]);
}

/// What is the user's alone, beside what the supervisor is asked: the settings, and what starts at login.
#[test]
fn security_06_a_session_changes_no_settings_and_starts_nothing_at_login() {
    let shift = Shift::new();
    let (work, user) = (shift.home.work(), shift.home.user_home());
    let other = work.join("zed.json");
    let evil = r#"{"agent_servers": {"evil": {"command": "/tmp/evil"}}}"#;
    std::fs::write(&other, evil).unwrap();
    let settings = shift.home.state().join("settings.toml");
    let unit = user.join(".config/systemd/user/nightshift.service");
    let called = work.join("called");
    shift
        .agent_program("systemctl", &format!("#!/bin/sh\necho \"$@\" >> '{}'\n", called.display()));
    let path = format!("{}:{}", work.display(), std::env::var("PATH").unwrap());
    let home = format!("HOME='{}' PATH='{path}'", user.display());
    let import = format!("{home} $NS settings import '{}'", other.display());
    let install = format!("{home} $NS daemon install");
    for (told, script) in
        [("may not change settings", &import), ("may not start Nightshift at login", &install)]
    {
        for (env, before, orphan) in [
            ("", "", false),
            (EMPTY, "", false),
            ("env NIGHTSHIFT_ROLE=supervisor", "", false),
            (EMPTY, "ulimit -x 5; ", false),
            (EMPTY, "", true),
        ] {
            let apart = Apart::start(&shift, env, &format!("{before}{script}"));
            if orphan {
                // Nobody looks for it meanwhile.
                shift.kill_supervisor();
                kill(&shift.host(&apart.session));
            }
            apart.go();
            let said = apart.wait_said();
            let case = format!("{env} {before}{script} {orphan}: {said}");
            assert!(said.contains(told) && said.ends_with("code 1\n"), "{case}");
            assert!(said.contains("in a terminal of your own"), "{case}");
            for file in [&settings, &unit, &called] {
                assert!(!file.exists(), "{} was written: {case}", file.display());
            }
        }
    }
    // They are refused to nobody else.
    shift.ok(&["settings", "import", &other.to_string_lossy()]);
    assert!(std::fs::read_to_string(&settings).unwrap().contains("/tmp/evil"));
    let mut command = shift.command(&["daemon", "install"]);
    crate::support::ran(command.env("PATH", path), b"").ok(&["daemon", "install"]);
    assert!(unit.exists() && called.exists());
}

/// A container of its own, as far as processes go; ended with all in it when dropped.
struct Namespace(Child);

impl Namespace {
    /// None where making one needs more rights than we have.
    fn new() -> Option<Namespace> {
        let mut unshare = Command::new("unshare");
        unshare.args(["--pid", "--fork", "--kill-child", "sh", "-c", "echo; exec sleep 86398"]);
        let mut made = Namespace(unshare.stdout(Stdio::piped()).spawn().ok()?);
        let lives = made.0.stdout.as_mut().unwrap().read_exact(&mut [0]).is_ok();
        lives.then_some(made)
    }

    /// Its first process.
    fn init(&self) -> u32 {
        descendants(self.0.id()).unwrap()[0].pid
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// What it leaves there does not come back to its host: it is found by its mark.
#[test]
fn security_33_what_a_session_starts_in_another_namespace_ends_with_it() {
    let Some(namespace) = Namespace::new() else {
        eprintln!("NOT TESTED: another PID namespace; making one needs more rights than we have");
        return;
    };
    let shift = Shift::new();
    let init = namespace.init();
    let sleeps = || find_by_arguments(&[OsStr::new("86399.7")]).unwrap_or_default();
    let id = shift.shell(&format!(
        "nsenter --target {init} --pid -- sh -c '(setsid env -i sleep 86399.7 &)'; read x"
    ));
    wait_until("it to sleep", || sleeps().len() == 1);
    let is_below_its_host = || descendants(shift.host(&id).pid).unwrap().contains(&sleeps()[0]);
    wait_until("it to be out of reach", || !is_below_its_host());
    shift.ok(&["stop", &id]);
    wait_until("it to be ended", || sleeps().is_empty());
}
