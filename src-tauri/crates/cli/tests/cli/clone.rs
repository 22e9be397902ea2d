//! A clone of somebody else's repository, in which sessions are started.

use crate::support::{Shift, id_of, pass};
use nightshift_testkit::wait::wait_until;
use serde_json::Value;
use std::fs::{File, read_to_string};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

/// A clone that wants to run things.
pub struct Clone {
    pub shift: Shift,
    pub root: PathBuf,
    /// Files that what runs leaves behind.
    pub lab: PathBuf,
}

pub const AGENT: [&str; 6] =
    ["--bg", "--agent", "rehearsal", "--permission-mode", "auto", "--json"];

impl Clone {
    pub fn new() -> Clone {
        let shift = Shift::new();
        let work = std::fs::canonicalize(shift.home.work()).unwrap();
        let (root, lab) = (work.join("clone"), work.join("lab"));
        for dir in [&root, &lab] {
            std::fs::create_dir(dir).unwrap();
        }
        let clone = Clone { shift, root, lab };
        clone.git(&["init", "--quiet", "-b", "main"]);
        clone.git(&["config", "user.name", "T"]);
        clone.git(&["config", "user.email", "t@t"]);
        clone.write("a.txt", "a\n");
        clone.commit();
        clone
    }

    /// With a setup script that says so when it runs.
    pub fn hostile() -> Clone {
        let clone = Clone::new();
        clone.setup("owned");
        clone
    }

    /// Such a clone, and a session in it that waits for trust.
    pub fn asked(script: &str) -> (Clone, String) {
        let clone = Clone::hostile();
        let id = clone.dispatch(&[], script);
        clone.waits(&id);
        (clone, id)
    }

    pub fn setup(&self, name: &str) {
        let command = format!("touch {}", self.lab.join(name).display());
        let settings = serde_json::json!({"worktree": {"setup": command}});
        self.write(".nightshift/settings.json", &settings.to_string());
        self.commit();
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn git(&self, args: &[&str]) {
        let mut git = Command::new("git");
        git.args(args).current_dir(&self.root).env_clear().envs(self.shift.home.environment());
        let output = git.output().unwrap();
        assert!(output.status.success(), "git {args:?}: {output:?}");
    }

    pub fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "-m", "x"]);
    }

    /// Answers what the session asks, in the clone: what waits for trust starts with this environment.
    pub fn answer(&self, id: &str, words: &str) {
        self.run(&["answer", id, "--request", &self.shift.request(id), words]);
    }

    pub fn run(&self, args: &[&str]) -> String {
        let output = self.shift.command(args).current_dir(&self.root).output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn dispatch(&self, more: &[&str], script: &str) -> String {
        let args = [&AGENT[..], more, &[script]].concat();
        id_of(&serde_json::from_str(&self.run(&args)).unwrap())
    }

    pub fn has(&self, name: &str) -> bool {
        self.lab.join(name).exists()
    }

    pub fn waits(&self, id: &str) -> Value {
        let entry = self.shift.wait_state(id, "blocked");
        let need = &entry["pending"];
        assert!(need["question"].as_str().unwrap().starts_with("Trust "), "{entry}");
        entry
    }
}

/// `nightshift attach` to a session that asks, with a keyboard.
pub struct Attached {
    attach: Child,
    keyboard: ChildStdin,
    seen: PathBuf,
}

impl Attached {
    /// Once the question has been on the screen for long enough to be answered.
    pub fn to_question(clone: &Clone, id: &str) -> Attached {
        let seen = clone.lab.join("seen");
        let mut attach = clone.shift.command(&["attach", id]);
        let attach = attach.current_dir(&clone.root).stdin(Stdio::piped());
        let mut attach = attach.stdout(File::create(&seen).unwrap()).spawn().unwrap();
        let keyboard = attach.stdin.take().unwrap();
        let attached = Attached { attach, keyboard, seen };
        attached.waits_for("2 Start without it");
        // What is typed sooner than anybody reads answers nothing.
        pass(Duration::from_millis(600));
        attached
    }

    pub fn printed(&self) -> String {
        read_to_string(&self.seen).unwrap()
    }

    pub fn waits_for(&self, part: &str) {
        wait_until(part, || self.printed().contains(part));
    }

    pub fn types(&mut self, words: &str) {
        self.keyboard.write_all(words.as_bytes()).unwrap();
    }

    /// Its keyboard is gone, and so is it.
    pub fn ends(mut self) {
        drop(self.keyboard);
        assert!(self.attach.wait().unwrap().success());
    }
}
