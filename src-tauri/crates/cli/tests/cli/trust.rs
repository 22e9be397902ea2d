//! What a repository brings along runs only where the user trusts it, exactly as it was seen.

use crate::clone::{AGENT, Attached, Clone};
use crate::support::{Shift, id_of};
use nightshift_testkit::wait::wait_until;
use serde_json::Value;
use std::fs::{File, read_to_string};
use std::path::PathBuf;

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
    let (clone, id) = Clone::asked("done hi");
    let shift = &clone.shift;
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
    // A number means the same however long the text is.
    let ids = |need: &Value| need["options"].as_array().unwrap().clone();
    let options: Vec<Value> = ids(need).iter().map(|option| option["id"].clone()).collect();
    assert_eq!(options, ["trust", "without"], "{need}");
    let request = shift.request(&id);
    for words in ["1", "allow", "trust", "Trust it as it is and start"] {
        let args = ["answer", &id, "--request", &request, words];
        let ran = shift.run(&args);
        assert_ne!(ran.code, Some(0), "{words}: {ran:?}");
        assert_eq!(shift.entry(&id)["state"], "blocked", "{words}");
    }
    let refused = shift.run(&["answer", &id, "--request", &request, "allow"]);
    assert!(refused.err.contains("nightshift trust add"), "{refused:?}");
    let asked = shift.ok(&["logs", &id]);
    assert!(asked.contains("- Trust it") && asked.contains("2 Start without"), "{asked}");
    assert!(asked.contains("only `nightshift trust add` trusts it"), "{asked}");
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

#[test]
fn security_05_the_question_is_shown_wherever_a_session_is_looked_at() {
    let clone = Clone::hostile();
    let shift = &clone.shift;
    let dispatched: Value =
        serde_json::from_str(&clone.run(&[&AGENT[..], &["done hi"]].concat())).unwrap();
    let id = id_of(&dispatched);
    let entry = clone.waits(&id);
    assert_eq!(dispatched["pending"], entry["pending"]);
    assert!(entry["pending"]["detail"].as_str().unwrap().contains("touch "), "{entry}");
    for shown in [shift.ok(&["logs", &id]), shift.run_with_stdin(&["attach", &id], b"").out] {
        for part in ["? Trust ", "touch ", "1 Trust it as it is and start", "2 Start without it"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }
    // Whoever follows the log sees it, and goes on when it is answered.
    let log = clone.lab.join("log");
    let mut follow = shift.command(&["logs", "--follow", &id]);
    let mut follow = follow.stdout(File::create(&log).unwrap()).spawn().unwrap();
    let printed = || read_to_string(&log).unwrap();
    wait_until("the question in the log", || printed().contains("1 Trust it"));
    clone.answer(&id, "1");
    wait_until("the end in the log", || printed().contains("hi"));
    assert_eq!(printed().matches("? Trust ").count(), 1);
    shift.ok(&["stop", &id]);
    assert!(follow.wait().unwrap().success());
    assert!(!shift.ok(&["logs", &id]).contains("? Trust "));
}

#[test]
fn security_05_the_question_is_answered_where_a_session_is_attached() {
    for (typed, ran) in [("1\n", true), ("2\n", false)] {
        let (clone, id) = Clone::asked("done hi");
        let shift = &clone.shift;
        let mut attached = Attached::to_question(&clone, &id);
        attached.types(typed);
        shift.wait_state(&id, "done");
        attached.waits_for("hi");
        let printed = attached.printed();
        attached.ends();
        assert_eq!(clone.has("owned"), ran, "{typed:?}");
        assert_eq!(printed.matches("? Trust ").count(), 1, "{printed}");
    }
}

#[test]
fn a_session_without_trust_says_so_while_it_runs() {
    let (clone, id) = Clone::asked("wait 60\ndone hi");
    let shift = &clone.shift;
    assert!(!shift.ok(&["agents"]).contains("untrusted"));
    clone.answer(&id, "2");
    shift.wait_entry(&id, "its turn", |entry| entry["pid"].is_number());
    let listed = shift.ok(&["agents"]);
    assert!(listed.contains("untrusted · "), "{listed}");
    assert!(shift.entry(&id)["untrusted"].as_str().unwrap().contains("started without trust"));
    shift.ok(&["stop", &id]);
    assert!(!shift.ok(&["agents", "--all"]).contains("untrusted · "));
}

#[test]
fn a_session_that_is_started_again_says_that_it_waits() {
    let (clone, id) = Clone::asked("done hi");
    let shift = &clone.shift;
    for stopped in [true, false] {
        if stopped {
            shift.ok(&["stop", &id]);
        }
        let told = clone.run(&["respawn", &id]);
        assert!(told.contains("waits for trust") && !told.contains("started"), "{told}");
    }
}

#[test]
fn a_directory_that_is_not_there_is_named_without_an_option_of_another_verb() {
    let shift = Shift::new();
    let ran = shift.run(&["trust", "add", "/nonexistent"]);
    assert!(ran.err.contains("/nonexistent does not exist"), "{ran:?}");
    assert!(!ran.err.contains("--cwd"), "{ran:?}");
}

#[test]
fn security_05_a_file_that_becomes_another_in_the_worktree_is_not_taken_up() {
    let clone = Clone::new();
    let shift = &clone.shift;
    let config = shift.home.user_home().join(".gitconfig");
    let filter =
        "[filter \"words\"]\n\tsmudge = sed s/plain/hooks/\n\tclean = sed s/hooks/plain/\n";
    std::fs::write(&config, filter).unwrap();
    clone.write(".gitattributes", "*.md filter=words\n");
    clone.write(".claude/agents/a.md", "---\nname: a\nplain:\n  Stop: touch\n---\n");
    clone.commit();
    let id = clone.dispatch(&[], "done hi");
    let entry = clone.waits(&id);
    let question = entry["pending"]["question"].as_str().unwrap();
    assert!(question.contains(".claude/agents/a.md"), "{entry}");
    clone.answer(&id, "2");
    let entry = shift.wait_state(&id, "done");
    let tree = PathBuf::from(entry["lodging"]["path"].as_str().unwrap());
    let there = read_to_string(tree.join(".claude/agents/a.md")).unwrap();
    assert!(there.contains("hooks:"), "the filter is the user's own and counts: {there}");
    let untrusted = entry["untrusted"].as_str().unwrap_or_default();
    assert!(untrusted.contains("started without trust"), "{entry}");
    // As it is there it can be trusted too.
    std::fs::write(clone.root.join(".claude/agents/a.md"), there).unwrap();
    clone.run(&["trust", "add"]);
    let id = clone.dispatch(&[], "done hi");
    let entry = shift.wait_state(&id, "done");
    assert_eq!(entry["untrusted"], Value::Null, "{entry}");
}

#[test]
fn security_05_a_trusted_session_that_starts_again_is_trusted() {
    let clone = Clone::new();
    let shift = &clone.shift;
    clone.write(".mcp.json", r#"{"mcpServers":{"a":{"command":"x"}}}"#);
    clone.commit();
    let id = clone.dispatch(&[], "done hi");
    clone.waits(&id);
    clone.answer(&id, "1");
    shift.wait_state(&id, "done");
    shift.ok(&["stop", &id]);
    shift.wait_entry(&id, "its end", |entry| entry["pid"].is_null());
    clone.run(&["reply", &id, "done again"]);
    let entry = shift.wait_entry(&id, "the second turn", |entry| entry["result"] == "again");
    assert_eq!(entry["untrusted"], Value::Null, "{entry}");
}

#[test]
fn a_setup_that_fails_holds_no_worktree() {
    let clone = Clone::new();
    clone.write(".nightshift/settings.json", r#"{"worktree": {"setup": "exit 3"}}"#);
    clone.commit();
    clone.run(&["trust", "add"]);
    let id = clone.dispatch(&[], "done hi");
    clone.shift.wait_state(&id, "failed");
    let trees = clone.root.join(".git/worktrees");
    let trees: Vec<PathBuf> =
        std::fs::read_dir(trees).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(trees.len(), 1, "{trees:?}");
    wait_until("its lock to go", || !trees[0].join("locked").exists());
}
