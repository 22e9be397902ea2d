//! A repository that is deleted and made anew at the same path is another one: nothing that was said of the first
//! counts for it, and nothing of it goes with the first.

use crate::clone::Clone;
use crate::support::id_of;
use serde_json::Value;
use std::path::Path;

impl Clone {
    /// The same files at the same path, in a repository that has nothing to do with the first.
    fn made_anew(&self) {
        let files: Vec<(&str, String)> = [".nightshift/settings.json", ".claude/loop.md", "a.txt"]
            .into_iter()
            .filter_map(|path| Some((path, std::fs::read_to_string(self.root.join(path)).ok()?)))
            .collect();
        std::fs::remove_dir_all(&self.root).unwrap();
        std::fs::create_dir(&self.root).unwrap();
        self.git(&["init", "--quiet", "-b", "main"]);
        self.git(&["config", "user.name", "T"]);
        self.git(&["config", "user.email", "t@t"]);
        for (path, text) in &files {
            self.write(path, text);
        }
        self.commit();
    }

    /// A session that asks before it runs a command.
    fn asking(&self, script: &str) -> String {
        let args =
            ["--bg", "--agent", "rehearsal", "--permission-mode", "ask", "--no-worktree", "--json"];
        id_of(&serde_json::from_str(&self.run(&[&args[..], &[script]].concat())).unwrap())
    }

    fn refs(&self) -> String {
        let mut git = std::process::Command::new("git");
        git.args(["for-each-ref"]).current_dir(&self.root);
        let output = git.env_clear().envs(self.shift.home.environment()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

#[test]
fn security_05_trust_does_not_pass_to_a_repository_made_anew_at_the_same_path() {
    let (clone, first) = Clone::asked("done hi");
    let shift = &clone.shift;
    clone.answer(&first, "1");
    shift.wait_state(&first, "done");
    shift.wait_state(&clone.dispatch(&[], "done hi"), "done");
    std::fs::remove_file(clone.lab.join("owned")).unwrap();
    clone.made_anew();
    let second = clone.dispatch(&[], "done hi");
    let question = clone.waits(&second)["pending"]["question"].as_str().unwrap().to_owned();
    assert!(question.contains("another repository than the one that you trusted"), "{question}");
    assert!(!clone.has("owned"));
    clone.answer(&second, "1");
    shift.wait_state(&second, "done");
    assert!(clone.has("owned"));
    // And it stays the same one, whatever is committed in it.
    clone.write("b.txt", "b\n");
    clone.commit();
    shift.wait_state(&clone.dispatch(&[], "done hi"), "done");
    // Only its git directory made anew is another repository, too.
    std::fs::remove_dir_all(clone.root.join(".git")).unwrap();
    clone.git(&["init", "--quiet", "-b", "main"]);
    clone.git(&["config", "user.name", "T"]);
    clone.git(&["config", "user.email", "t@t"]);
    clone.commit();
    clone.waits(&clone.dispatch(&[], "done hi"));
}

#[test]
fn security_18_an_always_does_not_pass_to_a_repository_made_anew_at_the_same_path() {
    let clone = Clone::new();
    let shift = &clone.shift;
    let first = clone.asking("run echo fine\ndone ok");
    shift.wait_state(&first, "blocked");
    let options = shift.entry(&first)["pending"]["options"].clone();
    let kinds = options.as_array().unwrap().iter().map(|option| &option["kind"]);
    let always = kinds.clone().position(|kind| kind == "allow_always").unwrap() + 1;
    clone.answer(&first, &always.to_string());
    shift.wait_state(&first, "done");
    let ruled = clone.asking("run echo fine\ndone ok");
    shift.wait_state(&ruled, "done");
    let rules: Value = shift.json(&["permissions", "--json"]);
    assert!(rules[0]["identity"].is_string(), "{rules}");
    clone.made_anew();
    let second = clone.asking("run echo fine\ndone ok");
    shift.wait_state(&second, "blocked");
    // Nor does it in the session that was answered, once that works in the other repository.
    shift.ok(&["stop", &first]);
    clone.run(&["reply", &first, "run echo fine"]);
    shift.wait_state(&first, "blocked");
}

#[test]
fn security_09_the_end_of_a_worktree_touches_no_repository_made_anew_at_the_same_path() {
    let clone = Clone::new();
    let shift = &clone.shift;
    let id = clone.dispatch(&["--worktree", "mine"], "write a.txt mine\ndone ok");
    let entry = shift.wait_state(&id, "done");
    let branch = entry["lodging"]["branch"].as_str().unwrap().to_owned();
    let tree = entry["lodging"]["path"].as_str().unwrap().to_owned();
    clone.made_anew();
    clone.git(&["branch", &branch]);
    let before = clone.refs();
    assert!(before.contains(&branch), "{before}");
    let said = shift.ok(&["rm", &id, "--json"]);
    assert!(!Path::new(&tree).exists(), "{said}");
    assert_eq!(clone.refs(), before, "{said}");
    // A worktree made there now is the new repository's own.
    let other = clone.dispatch(&["--worktree", "other"], "done ok");
    let entry = shift.wait_state(&other, "done");
    assert_eq!(entry["lodging"]["mainCheckout"], clone.root.display().to_string(), "{entry}");
}
