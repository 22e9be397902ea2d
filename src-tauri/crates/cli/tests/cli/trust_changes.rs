//! A repository that changes while it is asked about: an answer counts for what was shown, and whoever gives it
//! is told when that is not there any more.

use crate::clone::{Attached, Clone};
use crate::support::Ran;
use serde_json::Value;

/// What the question says when it is asked again.
const AGAIN: &str = "It changed since you were asked: ";

impl Clone {
    /// Answers a request by its id, whatever becomes of that.
    fn tries(&self, id: &str, request: &str, words: &str) -> Ran {
        let args = ["answer", id, "--request", request, words];
        let mut answer = self.shift.command(&args);
        crate::support::ran(answer.current_dir(&self.root), b"")
    }

    /// The question of a session that waits, which it asks for the second time, because of `what`.
    fn asks_again(&self, id: &str, first: &str, what: &str) -> Value {
        let entry = self.waits(id);
        let need = &entry["pending"];
        assert_ne!(need["id"], first, "{entry}");
        let again = format!("{AGAIN}{what}. It brings along");
        assert!(need["question"].as_str().unwrap().contains(&again), "{entry}");
        let (shift, attached) = (&self.shift, self.shift.run_with_stdin(&["attach", id], b"").out);
        for shown in [shift.ok(&["logs", id]), attached] {
            assert!(shown.contains(&again), "{shown}");
        }
        let why = shift.ok(&["why", id]);
        assert!(why.contains(&format!("which changed since it was asked about: {what}")), "{why}");
        entry
    }
}

#[test]
fn security_05_an_answer_to_what_changed_since_is_refused_and_asked_again_with_the_reason() {
    for words in ["1", "allow", "Trust it as it is and start", "2", "deny"] {
        let (clone, id) = Clone::asked("done hi");
        let shift = &clone.shift;
        let first = shift.request(&id);
        clone.setup("changed");
        let file = ".nightshift/settings.json: worktree.setup";
        let told = ["was not started", "changed since it was asked about", file, "asks again"];
        clone.tries(&id, &first, words).failed(&[words], &told);
        assert!(!clone.has("owned") && !clone.has("changed"), "{words}");
        assert!(shift.ok(&["trust"]).contains("no repository is trusted"), "{words}");
        clone.asks_again(&id, &first, file);
        // Asked a second time without another change, it gives the same reason.
        clone.run(&["respawn", &id]);
        clone.asks_again(&id, &first, file);
        clone.answer(&id, "1");
        shift.wait_state(&id, "done");
        assert!(clone.has("changed") && !clone.has("owned"), "{words}");
    }
}

#[test]
fn security_05_what_came_and_what_went_is_named() {
    let clone = Clone::hostile();
    let shift = &clone.shift;
    clone.write(".mcp.json", r#"{"mcpServers":{"a":{"command":"x"}}}"#);
    clone.commit();
    let id = clone.dispatch(&[], "done hi");
    clone.waits(&id);
    let first = shift.request(&id);
    clone.git(&["rm", "--quiet", ".mcp.json"]);
    clone.write(".claude/settings.json", r#"{"hooks":{"SessionStart":[]}}"#);
    clone.commit();
    let what = ".claude/settings.json, .mcp.json (gone)";
    clone.tries(&id, &first, "1").failed(&["answer"], &[what]);
    let second = clone.asks_again(&id, &first, what)["pending"]["id"].clone();
    // Each change anew.
    clone.setup("third");
    clone.tries(&id, second.as_str().unwrap(), "1").failed(&["answer"], &["worktree.setup"]);
    clone.asks_again(&id, second.as_str().unwrap(), ".nightshift/settings.json: worktree.setup");
    assert!(!clone.has("owned") && !clone.has("third"));
}

#[test]
fn security_05_what_is_again_as_it_was_shown_is_trusted() {
    let (clone, id) = Clone::asked("done hi");
    let shift = &clone.shift;
    let first = shift.request(&id);
    clone.setup("changed");
    clone.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    clone.tries(&id, &first, "1").ok(&["answer"]);
    shift.wait_state(&id, "done");
    assert!(clone.has("owned") && !clone.has("changed"));
}

#[test]
fn security_05_one_that_has_nothing_left_to_trust_starts() {
    let (clone, id) = Clone::asked("done hi");
    let first = clone.shift.request(&id);
    clone.git(&["rm", "--quiet", "-r", ".nightshift"]);
    clone.commit();
    clone.tries(&id, &first, "1").ok(&["answer"]);
    clone.shift.wait_state(&id, "done");
    assert!(!clone.has("owned"));
}

#[test]
fn security_05_a_change_is_said_where_the_answer_is_typed() {
    let (clone, id) = Clone::asked("done hi");
    let mut attached = Attached::to_question(&clone, &id);
    clone.setup("changed");
    attached.types("1\n");
    attached.waits_for(AGAIN);
    attached.waits_for("changed since it was asked about");
    assert!(!clone.has("changed") && !clone.has("owned"));
    attached.ends();
}

#[test]
fn security_05_others_that_ask_the_same_start_with_what_is_trusted_at_last() {
    let clone = Clone::hostile();
    let (one, two) = (clone.dispatch(&[], "done one"), clone.dispatch(&[], "done two"));
    clone.waits(&one);
    clone.waits(&two);
    let first = clone.shift.request(&one);
    clone.setup("changed");
    assert_eq!(clone.tries(&one, &first, "1").code, Some(1));
    // The other is asked about what it was shown, until somebody answers.
    clone.tries(&two, &first, "1").failed(&["answer"], &[&two, "changed since"]);
    clone.answer(&one, "1");
    for id in [&one, &two] {
        clone.shift.wait_state(id, "done");
    }
    assert!(clone.has("changed") && !clone.has("owned"));
}
