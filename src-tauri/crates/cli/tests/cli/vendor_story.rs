//! One story, whole, with each vendor's own agent and a scripted model on loopback: dispatch, permission,
//! edit in a worktree of its own, a second prompt, the supervisor killed in the middle of that turn, the
//! session resumed in a new process, review, commit, merge, removal.

use crate::support::kill;
use crate::vendor::Vendor;
use nightshift_platform::clock;
use nightshift_platform::process::Identity;
use nightshift_testkit::wait_until;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What the scripted model writes into every file.
const WRITTEN: &str = "written by the scripted model\n";

struct Story {
    vendor: Vendor,
    root: PathBuf,
}

impl Story {
    fn git(&self, args: &[&str]) -> String {
        let mut git = self.vendor.shift.home.command(Path::new("git"));
        git.args(args).current_dir(&self.root);
        crate::support::ran(&mut git, b"").ok(args)
    }

    /// A repository with one commit, whose commits have an author.
    fn begin(agent: &'static str) -> Option<Story> {
        let vendor = Vendor::new(agent, agent)?;
        let root = std::fs::canonicalize(vendor.shift.home.work()).unwrap().join("project");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join("a.txt"), "a\n").unwrap();
        let story = Story { vendor, root };
        story.git(&["init", "--quiet", "-b", "main"]);
        story.git(&["config", "user.name", "T"]);
        story.git(&["config", "user.email", "t@t"]);
        story.git(&["add", "--all"]);
        story.git(&["commit", "--quiet", "-m", "first"]);
        Some(story)
    }

    fn edits_in_its_own_worktree(&self) -> (String, PathBuf) {
        let Vendor { shift, .. } = &self.vendor;
        let tree = self.root.join(".claude/worktrees/the-story");
        let first = tree.join("first.txt");
        let prompt = format!("@@write {}@@", first.display());
        let place = self.root.to_string_lossy();
        let id = self.vendor.dispatch_with(&["--cwd", &place, "--name", "the story"], &prompt);
        let entry = self.vendor.allow(&id, &first);
        assert_eq!(entry["lodging"]["path"], *tree.to_string_lossy());
        assert_eq!(entry["lodging"]["branch"], "worktree-the-story");
        shift.wait_state(&id, "done");
        assert_eq!(std::fs::read_to_string(&first).unwrap(), WRITTEN);
        assert_eq!(self.git(&["status", "--porcelain"]), "", "the main checkout is as it was");
        (id, tree)
    }

    fn goes_on_over_the_death_of_the_supervisor(&self, id: &str) {
        let Vendor { shift, .. } = &self.vendor;
        self.vendor.run(&["reply", id, "@@slow 80@@"]);
        shift.wait_log(id, "w3 ");
        shift.kill_supervisor();
        let log = shift.wait_log(id, "w79");
        assert!(log.contains("w2 w3 w4"), "not one word is lost or doubled: {log}");
        shift.wait_state(id, "done");
    }

    fn resumes_in_a_new_process(&self, id: &str, tree: &Path, began: u64) {
        let Vendor { shift, model, .. } = &self.vendor;
        let entry = shift.entry(id);
        let pid = u32::try_from(entry["pid"].as_u64().unwrap()).unwrap();
        kill(&Identity::of(pid).unwrap());
        shift.wait_entry(id, "its process gone", |entry| entry["pid"].is_null());
        // Gemini loses a session that is taken up again in the minute in which it began.
        let minute = |ms: u64| ms / 60_000;
        if entry["agent"] == "gemini" {
            wait_until("the next minute", || minute(clock::now().0) > minute(began));
        }
        let second = tree.join("second.txt");
        self.vendor.run(&["reply", id, &format!("@@write {}@@", second.display())]);
        self.vendor.allow(id, &second);
        let entry = shift.wait_state(id, "done");
        assert_ne!(entry["pid"].as_u64(), Some(u64::from(pid)));
        assert_eq!(std::fs::read_to_string(&second).unwrap(), WRITTEN);
        let asked = model.asked();
        let names = |body: &str| ["first.txt", "second.txt"].iter().all(|name| body.contains(name));
        let knows = asked.iter().any(|a| names(&a.body.to_string()));
        assert!(knows, "it knows the conversation");
    }

    fn is_reviewed_and_merged(&self, id: &str, tree: &Path) {
        let Vendor { shift, .. } = &self.vendor;
        let changes = shift.json(&["diff", id, "--json"]);
        let files: Vec<&Value> =
            changes["files"].as_array().unwrap().iter().map(|f| &f["path"]).collect();
        assert_eq!(files, ["first.txt", "second.txt"]);
        assert!(shift.ok(&["diff", id, "first.txt"]).contains("+written by the scripted model"));
        self.vendor.run(&["commit", id, "-m", "the story's work"]);
        assert_eq!(shift.json(&["diff", id, "--json"])["ahead"], 1);
        let merged = self.vendor.run(&["merge", id]);
        assert!(merged.contains("merged into main"), "{merged}");
        for file in ["first.txt", "second.txt"] {
            assert_eq!(std::fs::read_to_string(self.root.join(file)).unwrap(), WRITTEN);
        }
        let removed = shift.json(&["rm", id, "--json"]);
        assert_eq!(removed["worktree"]["kept"], serde_json::json!([]), "{removed}");
        assert!(!tree.exists() && shift.entry(id).is_null());
        assert_eq!(self.git(&["branch", "--list", "worktree-*"]), "");
        assert_eq!(self.git(&["log", "--format=%s"]), "the story's work\nfirst\n");
        assert_eq!(self.git(&["status", "--porcelain"]), "");
        self.git(&["fsck", "--full", "--strict", "--no-dangling"]);
    }
}

fn the_whole_story(agent: &'static str) {
    let Some(story) = Story::begin(agent) else { return };
    let (id, tree) = story.edits_in_its_own_worktree();
    let began = clock::now().0;
    story.goes_on_over_the_death_of_the_supervisor(&id);
    story.resumes_in_a_new_process(&id, &tree, began);
    story.is_reviewed_and_merged(&id, &tree);
}

#[test]
fn claude_from_the_dispatch_to_the_merge() {
    the_whole_story("claude");
}

#[test]
fn codex_from_the_dispatch_to_the_merge() {
    the_whole_story("codex");
}

#[test]
fn gemini_from_the_dispatch_to_the_merge() {
    the_whole_story("gemini");
}
