//! What a repository brings along runs only where the user trusts it, exactly as it was seen.

use crate::support::{Shift, id_of};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

/// A clone that wants to run things.
struct Clone {
    shift: Shift,
    root: PathBuf,
    /// Files that what runs leaves behind.
    lab: PathBuf,
}

const AGENT: [&str; 6] = ["--bg", "--agent", "rehearsal", "--permission-mode", "auto", "--json"];

impl Clone {
    fn new() -> Clone {
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
    fn hostile() -> Clone {
        let clone = Clone::new();
        clone.setup("owned");
        clone
    }

    fn setup(&self, name: &str) {
        let command = format!("touch {}", self.lab.join(name).display());
        let settings = serde_json::json!({"worktree": {"setup": command}});
        self.write(".nightshift/settings.json", &settings.to_string());
        self.commit();
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn git(&self, args: &[&str]) {
        let mut git = Command::new("git");
        git.args(args).current_dir(&self.root).env_clear().envs(self.shift.home.environment());
        let output = git.output().unwrap();
        assert!(output.status.success(), "git {args:?}: {output:?}");
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "-m", "x"]);
    }

    /// Answers what the session asks, in the clone: what waits for trust starts with this environment.
    fn answer(&self, id: &str, words: &str) {
        self.run(&["answer", id, "--request", &self.shift.request(id), words]);
    }

    fn run(&self, args: &[&str]) -> String {
        let output = self.shift.command(args).current_dir(&self.root).output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn dispatch(&self, more: &[&str], script: &str) -> String {
        let args = [&AGENT[..], more, &[script]].concat();
        id_of(&serde_json::from_str(&self.run(&args)).unwrap())
    }

    fn has(&self, name: &str) -> bool {
        self.lab.join(name).exists()
    }

    fn waits(&self, id: &str) -> Value {
        let entry = self.shift.wait_state(id, "blocked");
        let need = &entry["pending"];
        assert!(need["question"].as_str().unwrap().starts_with("Trust "), "{entry}");
        entry
    }
}

#[test]
fn security_05_nothing_of_a_clone_runs_before_it_is_trusted_and_then_until_it_changes() {
    let clone = Clone::hostile();
    let shift = &clone.shift;
    let told = clone.run(&["--bg", "--agent", "rehearsal", "done hi"]);
    let root = clone.root.display().to_string();
    for part in ["waits for trust", "nightshift answer", "nightshift trust show", &root] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let first = shift.json(&["agents", "--all", "--json"])[0]["id"].as_str().unwrap().to_owned();
    let entry = clone.waits(&first);
    let detail = entry["pending"]["detail"].as_str().unwrap();
    assert!(detail.contains("touch ") && detail.contains(".nightshift/settings.json"), "{detail}");
    assert!(shift.ok(&["why", &first]).contains(&format!("waits for trust in {root}")));
    assert!(!clone.root.join(".claude/worktrees").exists(), "not even a worktree is made");
    // It is kept over the death of the supervisor.
    shift.kill_supervisor();
    clone.waits(&first);
    assert!(!clone.has("owned"));
    clone.answer(&first, "1");
    shift.wait_state(&first, "done");
    assert!(clone.has("owned"));
    assert!(shift.ok(&["trust"]).contains(&root));
    // The same again is not asked.
    let second = clone.dispatch(&[], "done hi");
    shift.wait_state(&second, "done");
    assert!(!shift.ok(&["why", &second]).contains("trust"));
    // Another script is.
    clone.setup("changed");
    let third = clone.dispatch(&[], "done hi");
    clone.waits(&third);
    assert!(clone.run(&["trust", "show"]).contains("changed since it was trusted"));
    clone.answer(&third, "2");
    let entry = shift.wait_state(&third, "done");
    assert!(entry["lodging"]["path"].is_string(), "{entry}");
    assert!(!clone.has("changed"), "without trust no script runs");
    assert!(shift.ok(&["why", &third]).contains("started without trust in"));
    clone.run(&["trust", "revoke"]);
    assert!(shift.ok(&["trust"]).contains("no repository is trusted"));
    clone.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    clone.waits(&clone.dispatch(&[], "done hi"));
}

#[test]
fn security_05_one_that_waits_can_be_stopped_and_asks_again() {
    let clone = Clone::hostile();
    let shift = &clone.shift;
    let id = clone.dispatch(&[], "done hi");
    clone.waits(&id);
    shift.ok(&["stop", &id]);
    shift.wait_state(&id, "stopped");
    clone.run(&["respawn", &id]);
    clone.waits(&id);
    shift.ok(&["rm", &id]);
    assert_eq!(shift.entry(&id), Value::Null);
    assert!(!clone.has("owned"));
}

#[test]
fn security_05_what_is_too_long_to_show_is_trusted_by_the_command_that_shows_it() {
    let clone = Clone::new();
    let shift = &clone.shift;
    let long = format!("#{}\ntouch {}\n", "x".repeat(40_000), clone.lab.join("owned").display());
    clone.write(".nightshift/setup", &long);
    clone.commit();
    let id = clone.dispatch(&[], "done hi");
    let entry = clone.waits(&id);
    let need = &entry["pending"];
    assert!(need["detail"].as_str().unwrap().contains("Not all of it is shown"), "{need}");
    assert_eq!(need["options"].as_array().unwrap().len(), 1, "{need}");
    shift
        .run(&["answer", &id, "--request", &shift.request(&id), "allow"])
        .failed(&["answer"], &["allow"]);
    assert!(!clone.has("owned"));
    let shown = clone.run(&["trust", "add"]);
    assert!(shown.contains("touch ") && shown.contains("trusted · "), "{}", shown.len());
    shift.wait_state(&id, "done");
    assert!(clone.has("owned"), "what waited has started");
}

#[test]
fn security_05_files_of_agents_and_hooks_of_git_wait_too() {
    let hook = r#"{"hooks":{"SessionStart":[{"hooks":[{"type":"command","command":"x"}]}]}}"#;
    for (path, text) in [
        (".claude/settings.json", hook),
        (".mcp.json", r#"{"mcpServers":{"a":{"command":"x"}}}"#),
        (".gemini/settings.json", r#"{"mcpServers":{"a":{"command":"x"}}}"#),
        (".codex/config.toml", "[mcp_servers.a]\ncommand = \"x\"\n"),
    ] {
        let clone = Clone::new();
        clone.write(path, text);
        clone.commit();
        for how in [&[][..], &["--no-worktree"]] {
            let id = clone.dispatch(how, "done hi");
            let entry = clone.waits(&id);
            assert!(entry["pending"]["detail"].as_str().unwrap().contains(path), "{entry}");
            clone.answer(&id, "deny");
            clone.shift.wait_state(&id, "done");
        }
    }
    let clone = Clone::new();
    let evil = format!("touch {}", clone.lab.join("owned").display());
    clone.git(&["config", "filter.e.smudge", &evil]);
    clone.waits(&clone.dispatch(&[], "done hi"));
    assert!(!clone.has("owned"));
}

#[test]
fn security_05_an_agent_that_starts_again_takes_up_nothing_that_it_wrote() {
    let clone = Clone::new();
    let shift = &clone.shift;
    std::fs::create_dir_all(shift.home.state()).unwrap();
    let program = crate::support::binary().display();
    let settings = format!(
        "[agent_servers.stub]\ncommand = \"{program}\"\nargs = [\"rehearsal-agent\"]\n\
         nightshift = {{ like = \"claude\", modes = [\"auto\"] }}\n"
    );
    std::fs::write(shift.home.state().join("settings.toml"), settings).unwrap();
    let script =
        "run mkdir -p .claude\nwrite .claude/settings.json {\"hooks\":{\"Stop\":[]}}\ndone";
    let args = ["--bg", "--agent", "stub", "--permission-mode", "auto", "--json", script];
    let id = id_of(&serde_json::from_str(&clone.run(&args)).unwrap());
    let entry = shift.wait_state(&id, "done");
    let tree = PathBuf::from(entry["lodging"]["path"].as_str().unwrap());
    assert!(tree.join(".claude/settings.json").exists());
    let sources = || {
        let mut journal = String::new();
        for entry in std::fs::read_dir(shift.job(&id)).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().unwrap().to_string_lossy().starts_with("journal-") {
                journal.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap()));
            }
        }
        journal.matches("settingSources").count()
    };
    assert_eq!(sources(), 0, "a plain repository is worked in as ever");
    shift.ok(&["stop", &id]);
    shift.wait_entry(&id, "its end", |entry| entry["pid"].is_null());
    clone.run(&["reply", &id, "done again"]);
    shift.wait_entry(&id, "the second turn", |entry| entry["result"] == "again");
    assert!(sources() > 0, "it is opened with the user's settings only");
    let why = shift.ok(&["why", &id]);
    let told = "not as you trusted it: .claude/settings.json; stub takes up nothing of it";
    assert!(why.contains(told), "{why}");
    assert!(shift.ok(&["logs", &id]).contains("not as you trusted it"));
}

#[test]
fn security_03_a_teardown_of_the_agents_own_never_runs() {
    let clone = Clone::new();
    let shift = &clone.shift;
    let owned = clone.lab.join("owned");
    let script = format!(
        "write .nightshift/.gitignore *\nwrite .nightshift/teardown id > {}\ndone ok",
        owned.display()
    );
    let id = clone.dispatch(&[], &script);
    let entry = shift.wait_state(&id, "done");
    let tree = PathBuf::from(entry["lodging"]["path"].as_str().unwrap());
    assert!(tree.join(".nightshift/teardown").exists());
    let removed = shift.ok(&["rm", &id]);
    assert!(!tree.exists() && !owned.exists(), "{removed}");
}

#[test]
fn trust_is_listed_shown_and_revoked_by_its_directory() {
    let clone = Clone::hostile();
    let shift = &clone.shift;
    let root = clone.root.display().to_string();
    let shown = shift.json(&["trust", "show", &root, "--json"]);
    assert_eq!((&shown["repository"], &shown["since"]), (&root.clone().into(), &Value::Null));
    shift.ok(&["trust", "add", &root]);
    let listed = shift.json(&["trust", "--json"]);
    assert_eq!(listed[0]["repository"], root.as_str());
    assert!(listed[0]["items"][0]["path"].as_str().unwrap().contains("worktree.setup"), "{listed}");
    assert!(shift.ok(&["trust", "show", &root]).contains("is trusted as it is"));
    std::fs::rename(&clone.root, clone.lab.join("moved")).unwrap();
    shift.ok(&["trust", "revoke", &root]);
    assert_eq!(shift.json(&["trust", "--json"]), serde_json::json!([]));
    shift.run(&["trust", "revoke", &root]).failed(&["revoke"], &["is not trusted"]);
    let plain = shift.home.work().display().to_string();
    assert!(shift.ok(&["trust", "show", &plain]).contains("nothing that runs"));
}

#[test]
fn what_has_not_started_has_nothing_to_review() {
    let clone = Clone::hostile();
    clone.write("a.txt", "mine\n");
    clone.write("new.txt", "mine too\n");
    let id = clone.dispatch(&[], "done hi");
    clone.waits(&id);
    for args in [&["discard", &id, "--all"][..], &["commit", &id, "-m", "x"], &["diff", &id]] {
        clone.shift.fails(args, &["has not started"]);
    }
    assert_eq!(std::fs::read_to_string(clone.root.join("a.txt")).unwrap(), "mine\n");
    assert!(clone.root.join("new.txt").exists());
}

#[test]
fn one_answer_is_for_all_that_ask_the_same() {
    let clone = Clone::hostile();
    let (one, two) = (clone.dispatch(&[], "done one"), clone.dispatch(&[], "done two"));
    clone.waits(&one);
    clone.waits(&two);
    clone.answer(&one, "1");
    clone.shift.wait_state(&one, "done");
    clone.shift.wait_state(&two, "done");
}
