//! What `trust` prints of a repository: every byte of what would run, and no name as a line of its own.

use crate::clone::Clone;

/// A file's name that would be a line of ours.
const FORGED: &str = ".codex/a\n/repo is trusted as it is.toml";

fn has_no_forged_line(text: &str) {
    assert!(!text.lines().any(|line| line.starts_with("/repo is")), "{text}");
    assert!(text.contains("a‹U+000A›/repo is trusted as it is.toml"), "{text}");
}

#[test]
fn security_05_a_script_with_a_byte_that_is_no_text_is_read_before_it_is_trusted() {
    let clone = Clone::new();
    let owned = clone.lab.join("owned");
    let script =
        [b"#!/bin/sh\n# caf\xe9\n", format!("touch {}\n", owned.display()).as_bytes()].concat();
    clone.write(".nightshift/setup", "");
    std::fs::write(clone.root.join(".nightshift/setup"), script).unwrap();
    clone.commit();
    let runs = format!("touch {}", owned.display());
    let shown = clone.run(&["trust", "show"]);
    assert!(shown.contains("  # caf‹\\xE9›\n") && shown.contains(&runs), "{shown}");
    let id = clone.dispatch(&[], "done hi");
    let entry = clone.waits(&id);
    let need = &entry["pending"];
    let detail = need["detail"].as_str().unwrap();
    assert!(detail.contains("‹\\xE9›") && detail.contains(&runs), "{need}");
    assert!(need["unshownBytes"].is_null(), "{need}");
    clone.answer(&id, "1");
    clone.shift.wait_state(&id, "done");
    assert!(clone.has("owned"), "it is the script that was shown");
}

#[test]
fn security_05_a_new_line_in_a_file_s_name_makes_no_line() {
    let clone = Clone::new();
    clone.write(FORGED, "[mcp_servers.a]\ncommand = \"x\"\n");
    clone.commit();
    has_no_forged_line(&clone.run(&["trust", "show"]));
    let id = clone.dispatch(&[], "done hi");
    let entry = clone.waits(&id);
    has_no_forged_line(entry["pending"]["detail"].as_str().unwrap());
    has_no_forged_line(entry["pending"]["question"].as_str().unwrap());
    has_no_forged_line(&clone.shift.ok(&["logs", &id]));
    has_no_forged_line(&clone.run(&["trust", "add"]));
    has_no_forged_line(&clone.run(&["trust"]));
}

#[test]
fn security_05_what_names_a_program_is_no_secret() {
    let clone = Clone::new();
    let helper = r#"{"apiKeyHelper": "evil-helper", "awsCredentialExport": "evil-export"}"#;
    clone.write(".claude/settings.json", helper);
    clone.write(
        ".codex/config.toml",
        "[mcp_servers.a]\nurl = \"u\"\nbearer_token_env_var = \"HOME\"\n",
    );
    clone.write(".env", "OPENAI_API_KEY_CMD=evil-command\nOPENAI_API_KEY=sk-secret\n");
    clone.commit();
    let shown = clone.run(&["trust", "show"]);
    for part in ["evil-helper", "evil-export", "\"HOME\"", "evil-command"] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    assert!(!shown.contains("sk-secret"), "{shown}");
}
