//! Several keys at once, as a form changes them.

mod zones;

use nightshift_routines::definition::{self, Definition, Edit, Problem, edit_all};
use serde_json::json;
use zones::zone;

fn parse(text: &str) -> Result<Definition, Vec<Problem>> {
    definition::parse(text, &zone)
}

fn edit_of(path: &str, value: serde_json::Value) -> Edit {
    let value = (!value.is_null()).then_some(value);
    Edit { path: path.split('.').map(str::to_owned).collect(), value }
}

fn nothing_more(_: &str) -> Vec<Problem> {
    Vec::new()
}

#[test]
fn a_form_changes_keys_and_leaves_comments_alone() {
    let before = "+++\n# mine\nagent = \"claude\" # the good one\n\n[[trigger]]\nschedule = \"0 9 * * *\"\n\n\
                  [policy]\noverlap = \"skip\" # never two\n+++\nLook.\n";
    let edits = [
        edit_of("agent", json!("codex")),
        edit_of("trigger.0", json!({"every": "2h"})),
        edit_of("policy.overlap", json!(null)),
        edit_of("outcome.goal", json!("it is done")),
        edit_of("prompt", json!("Look again.\n\nTwice.")),
    ];
    let after = edit_all(before, &edits, &zone, nothing_more).unwrap();
    for kept in ["# mine", "agent = \"codex\" # the good one", "every = \"2h\"", "Twice."] {
        assert!(after.contains(kept), "{kept}: {after}");
    }
    assert!(!after.contains("overlap") && !after.contains("schedule"), "{after}");
    let read = parse(&after).unwrap();
    assert_eq!(read.outcome.goal.as_deref(), Some("it is done"));
    assert_eq!(edit_all(&after, &[], &zone, nothing_more).unwrap(), after);
}

#[test]
fn a_new_file_comes_of_edits_alone_in_any_order() {
    let mut edits = vec![
        edit_of("worktree", json!("none")),
        edit_of("repository", json!("/src/app")),
        edit_of("trigger.1", json!({"at": "2027-12-01T09:00"})),
        edit_of("trigger.0", json!({"schedule": "0 9 * * 1-5"})),
        edit_of("permissions.allow", json!(["Edit"])),
        edit_of("prompt", json!("Look.")),
    ];
    let text = edit_all("", &edits, &zone, nothing_more).unwrap();
    let read = parse(&text).unwrap();
    assert_eq!((read.triggers.len(), read.prompt.as_str()), (2, "Look."), "{text}");
    edits.reverse();
    assert_eq!(parse(&edit_all("", &edits, &zone, nothing_more).unwrap()).unwrap(), read);
}

#[test]
fn each_mistake_of_a_form_names_its_field_and_nothing_is_changed() {
    let edits = [
        edit_of("trigger.0", json!({"schedule": "61 * * * *"})),
        edit_of("timezone", json!("Mars/Base")),
        edit_of("policy.deadline", json!("soon")),
        edit_of("description", json!("fine")),
    ];
    let wrong = edit_all("", &edits, &zone, nothing_more).unwrap_err();
    let fields: Vec<String> = wrong.iter().map(|it| it.path.join(".")).collect();
    assert_eq!(fields, ["trigger.0", "timezone", "policy.deadline"]);
    let empty = edit_all("", &edits[3..], &zone, nothing_more).unwrap_err();
    assert_eq!(empty[0].path, ["prompt"], "{empty:?}");
    let more =
        [edit_of("repository", json!("https://example.org/a.git")), edit_of("prompt", json!("x"))];
    let lacks = |text: &str| {
        let line = text.lines().position(|line| line.starts_with("repository")).unwrap() + 1;
        vec![Problem { line, column: 1, message: "no addresses yet".into() }]
    };
    let wrong = edit_all("", &more, &zone, lacks).unwrap_err();
    assert_eq!(wrong[0].path, ["repository"]);
}
