//! What a request for permission is about, as exactly as the agent tells it.
//!
//! Promise: requests with the same subject are the same request: all that was told of the call is compared
//! (`exactly.rs`). Nothing is guessed from titles: a request that does not tell its command or its files exactly has
//! no subject.

use crate::exactly::{INPUT, PATHS, climbs, exactly, is_passed_over, is_scalar};
use crate::family::Family;
use crate::file_names::{FILE_KINDS, below, difference};
use nightshift_protocol::permission::Subject;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Longest command, or list of files: a longer one is no standing wish of anybody.
const WHAT_MAX_BYTES: usize = 16 * 1024;

/// What a change of one file may say beside its kind: what is written. Another path is no content.
const CHANGE: [&str; 3] = ["content", "unified_diff", "move_path"];
/// Kinds of a change that write in the file that is named, and do not take it away.
const WRITES: [&str; 2] = ["add", "update"];

/// Fields that say how long a tool may take.
const MEASURES: [&str; 3] = ["timeout", "timeout_ms", "timeoutMs"];
/// Of paths, those whose part in the call matters.
const ROLES: [&str; 6] = ["source", "destination", "from", "to", "old_path", "new_path"];
/// Fields of an edit or a look that say what is written or how much is read, in the files that are named.
const CONTENT: [&str; 24] = [
    "content",
    "contents",
    "text",
    "file_text",
    "new_string",
    "newString",
    "new_str",
    "new_text",
    "newText",
    "old_string",
    "oldString",
    "old_str",
    "old_text",
    "oldText",
    "new_source",
    "edits",
    "changes",
    "replace_all",
    "replaceAll",
    "expected_replacements",
    "insert_line",
    "line",
    "limit",
    "offset",
];

impl Family {
    /// What a tool call is about. `call` is all that was told of it, `cwd` where the session works: paths
    /// below are taken as from there, so that they mean the same in another worktree.
    pub fn subject(self, call: &Value, cwd: &str) -> Option<Subject> {
        let kind = call["kind"].as_str().unwrap_or("other");
        let name = self.tool_name(call);
        let what = match kind {
            "execute" => command(&call["rawInput"])?,
            kind if FILE_KINDS.contains(&kind) => match difference(call, cwd) {
                None => files(call, cwd)?,
                Some(_) => return None,
            },
            // Options of these mean more than the one request.
            "switch_mode" | "think" => return None,
            _ => {
                let input = &call["rawInput"];
                input.as_object().filter(|input| !input.is_empty())?;
                // Without its name any tool of this kind would do.
                name?;
                let mut what = input.clone();
                what.sort_all_objects();
                what.to_string()
            }
        };
        let is_known = kind == "execute" || FILE_KINDS.contains(&kind);
        let exactly = exactly(call, cwd, is_known)?;
        let tool = name.map_or_else(|| kind.to_owned(), |name| format!("{kind} {name}"));
        (what.len() <= WHAT_MAX_BYTES).then_some(Subject { tool, what, exactly })
    }
}

fn is_text(part: &Value) -> bool {
    part["type"] == "content" && part["content"]["type"] == "text"
}

fn command(input: &Value) -> Option<String> {
    let input = input.as_object()?;
    let key = ["command", "cmd"].into_iter().find(|key| input.contains_key(*key))?;
    match &input[key] {
        Value::String(line) if !line.trim().is_empty() => Some(line.clone()),
        Value::Array(words) if !words.is_empty() => {
            let words: Option<Vec<&str>> = words.iter().map(Value::as_str).collect();
            Some(words?.join(" "))
        }
        _ => None,
    }
}

/// The files that are named, a line each. None where a field may be something else than what is done to them.
fn files(call: &Value, cwd: &str) -> Option<String> {
    let mut paths = BTreeSet::new();
    let mut add =
        |path: &Value| paths.extend(path.as_str().map(|path| below(path, cwd).to_owned()));
    for part in parts(&call["content"])?.iter().filter(|part| !is_text(part)) {
        fields(part, |name, value| match name {
            "type" => value == "diff",
            "path" | "oldText" | "newText" => is_scalar(value),
            name => name == "_meta",
        })?;
        add(&part["path"]);
    }
    for location in parts(&call["locations"])? {
        fields(location, |name, value| {
            matches!(name, "path" | "line" | "_meta") && (name == "_meta" || is_scalar(value))
        })?;
        add(&location["path"]);
    }
    let input = &call["rawInput"];
    if !input.is_null() {
        // Another field may be what is really done; where a file goes from and to is more than a set of
        // names.
        fields(input, |name, value| {
            (is_passed_over(&INPUT, name) && is_scalar(value))
                || (MEASURES.contains(&name) && is_scalar(value))
                || (CONTENT.contains(&name) && only_writes(name, value))
                || (PATHS.contains(&name) && !ROLES.contains(&name) && is_scalar(value))
        })?;
    }
    PATHS.iter().for_each(|key| add(&input[*key]));
    for path in input["changes"].as_object().into_iter().flatten().map(|(path, _)| path) {
        add(&json!(path));
    }
    if paths.is_empty() || paths.iter().any(|path| climbs(path)) {
        return None;
    }
    Some(Vec::from_iter(paths).join("\n"))
}

/// None where it is something else than a list.
fn parts(value: &Value) -> Option<&[Value]> {
    if value.is_null() { Some(&[]) } else { value.as_array().map(Vec::as_slice) }
}

/// None unless it is an object of nothing but such fields.
fn fields(value: &Value, may: impl Fn(&str, &Value) -> bool) -> Option<()> {
    value.as_object()?.iter().all(|(name, value)| may(name, value)).then_some(())
}

/// Whether the field is nothing but what is written into the files that are named.
fn only_writes(name: &str, value: &Value) -> bool {
    let writes = |name: &str, value: &Value| CONTENT.contains(&name) && is_scalar(value);
    match name {
        "edits" => value
            .as_array()
            .is_some_and(|edits| edits.iter().all(|edit| fields(edit, writes).is_some())),
        "changes" => value.as_object().is_some_and(|files| files.values().all(is_write)),
        _ => is_scalar(value),
    }
}

/// A change of one file, as Codex tells it: `{"type":"update","unified_diff":…,"move_path":null}` or
/// `{"update":{"unified_diff":…}}`. One that moves or deletes is more than a write.
fn is_write(change: &Value) -> bool {
    let writes = |name: &str, value: &Value| {
        CHANGE.contains(&name) && is_scalar(value) && (name != "move_path" || value.is_null())
    };
    let tagged = change["type"].as_str().is_some_and(|kind| WRITES.contains(&kind))
        && fields(change, |name, value| name == "type" || writes(name, value)).is_some();
    let keyed =
        fields(change, |kind, change| WRITES.contains(&kind) && fields(change, writes).is_some());
    tagged || (keyed.is_some() && change.as_object().is_some_and(|kinds| kinds.len() == 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(call: Value) -> Option<(String, String)> {
        let subject = Family::Claude.subject(&call, "/w/one")?;
        Some((subject.tool, subject.exactly))
    }

    /// The files or the command that it names.
    fn what(call: Value) -> Option<String> {
        Family::Claude.subject(&call, "/w/one").map(|subject| subject.what)
    }

    fn run(input: Value) -> Option<(String, String)> {
        of(json!({"kind": "execute", "title": "any", "rawInput": input}))
    }

    #[test]
    fn the_same_command_in_the_same_directory_is_the_same_and_nothing_else_is() {
        let make = run(json!({"command": "make test"}));
        assert!(make.is_some());
        let same = [
            json!({"command": "make test", "description": "builds", "call_id": "c7"}),
            json!({"command": "make test", "turnId": "8", "justification": "it must"}),
        ];
        for input in same {
            assert_eq!(run(input.clone()), make, "{input}");
        }
        let others = [
            json!({"command": "make test2"}),
            json!({"command": "make test && rm -r x"}),
            json!({"command": " make test"}),
            json!({"command": ["make", "test"]}),
            json!({"command": "make test", "cwd": "/w"}),
            json!({"command": "make test", "cwd": "/w/one"}),
            json!({"command": "make test", "timeout": 5}),
            json!({"command": "make test", "description": {"command": "evil"}}),
            json!({"command": "make test", "run_in_background": true}),
            json!({"command": "make test", "dangerouslyDisableSandbox": true}),
            json!({"command": "make test", "env": {"A": "1"}}),
        ];
        for input in others {
            let other = run(input.clone());
            assert!(other.is_some() && other != make, "{input}");
        }
        let up = json!({"command": "make", "cwd": "../two"});
        for input in [json!({}), json!({"command": ""}), json!({"command": [1]}), json!("make"), up]
        {
            assert_eq!(run(input.clone()), None, "{input}");
        }
    }

    #[test]
    fn security_18_rules_tell_what_is_off_from_what_is_absent() {
        let off = [json!(false), json!(null), json!(0), json!(""), json!([]), json!({})];
        let plain = run(json!({"command": "make"}));
        let mut seen = vec![plain];
        for value in off {
            let one = run(json!({"command": "make", "sandbox": value}));
            assert!(one.is_some() && !seen.contains(&one), "{value}");
            seen.push(one);
        }
        let on = run(json!({"command": "make", "sandbox": true}));
        assert!(!seen.contains(&on));
        let nested = |env: Value| run(json!({"command": "make", "env": env}));
        assert_ne!(nested(json!({"A": null})), nested(json!({})));
        assert_ne!(run(json!({"command": "make", "cwd": null})), run(json!({"command": "make"})));
    }

    #[test]
    fn security_18_rules_of_before_mean_what_they_meant_or_less() {
        // As rules were written until all of a call counted.
        for stored in [r#"{"command":"make"}"#, r#"["a"]"#] {
            let command = run(json!({"command": "make", "timeout": 5}));
            let edit = of(json!({"kind": "edit", "rawInput": {"file_path": "a", "content": "x"}}));
            assert_ne!(command.unwrap().1, stored);
            assert_ne!(edit.unwrap().1, stored);
        }
    }

    #[test]
    fn security_18_rules_do_not_depend_on_the_order_of_fields() {
        let one = r#"{"command":"make","env":{"A":"1","B":"2"},"stdin":"x"}"#;
        let other = r#"{"stdin":"x","env":{"B":"2","A":"1"},"command":"make"}"#;
        let of = |text: &str| run(serde_json::from_str(text).unwrap()).unwrap();
        assert_eq!(of(one), of(other));
    }

    #[test]
    fn security_18_a_rule_about_files_is_about_those_alone() {
        let edit = |input: Value| what(json!({"kind": "edit", "rawInput": input}));
        let plain = edit(json!({"file_path": "/w/one/a", "content": "x", "description": "y"}));
        assert_eq!(plain.unwrap(), "a");
        for input in [
            json!({"file_path": "/w/one/a", "command": "evil"}),
            json!({"file_path": "/w/one/a", "mode": "0777"}),
            json!({"file_path": "/w/one/a", "follow_links": true}),
            json!({"file_path": "/w/one/a", "somethingNew": null}),
            json!({"file_path": "/w/one/a", "Content": "x"}),
            // Where a file goes from and to is more than their names.
            json!({"source": "/w/one/a", "destination": "/w/one/b"}),
            json!({"from": "/w/one/b", "to": "/w/one/a"}),
            json!({"old_path": "/w/one/b", "path": "/w/one/a"}),
        ] {
            assert_eq!(edit(input.clone()), None, "{input}");
        }
        for kind in ["read", "delete", "move"] {
            let call = json!({"kind": kind, "rawInput": {"path": "/w/one/a", "recursive": true}});
            assert_eq!(of(call), None, "{kind}");
        }
    }

    #[test]
    fn security_04_a_rule_for_writing_a_file_does_not_move_or_delete_it() {
        let change = |change: Value| {
            let input = json!({"call_id": "c", "changes": {"/w/one/a": change}});
            what(json!({"kind": "edit", "rawInput": input}))
        };
        let written = change(json!({"type": "update", "unified_diff": "@@", "move_path": null}));
        assert_eq!(written.as_deref(), Some("a"));
        for same in [
            json!({"type": "add", "content": "x"}),
            json!({"update": {"unified_diff": "@@", "move_path": null}}),
            json!({"add": {"content": "x"}}),
        ] {
            assert_eq!(change(same.clone()), written, "{same}");
        }
        for other in [
            json!({"type": "update", "unified_diff": "@@", "move_path": "/home/ada/.bashrc"}),
            json!({"type": "delete"}),
            json!({"type": "delete", "content": "x"}),
            json!({"type": "update", "unified_diff": "@@", "to": "/etc/passwd"}),
            json!({"type": "update", "unified_diff": "--- a/b\n+++ b/b\n@@"}),
            json!({"update": {"unified_diff": "rename from a\nrename to b\n"}}),
            json!({"type": "update", "unified_diff": {"path": "/etc/passwd"}}),
            json!({"update": {"unified_diff": "@@", "move_path": "/home/ada/.bashrc"}}),
            json!({"update": {}, "delete": {}}),
            json!({"delete": {}}),
            json!({"add": "x"}),
            json!({}),
            json!("x"),
            json!([{"type": "add"}]),
        ] {
            assert_eq!(change(other.clone()), None, "{other}");
        }
    }

    #[test]
    fn security_04_a_rule_about_a_file_holds_no_other_path() {
        let edit = |input: Value| what(json!({"kind": "edit", "rawInput": input}));
        let edits = json!([{"old_string": "a", "new_string": "b", "replace_all": true}]);
        let plain = edit(json!({"file_path": "/w/one/a", "edits": edits}));
        assert_eq!(plain.unwrap(), "a");
        for input in [
            json!({"file_path": "/w/one/a", "edits": [{"file_path": "/etc/passwd"}]}),
            json!({"file_path": "/w/one/a", "edits": [{"new_string": {"path": "/etc/passwd"}}]}),
            json!({"file_path": "/w/one/a", "edits": {"path": "/etc/passwd"}}),
            json!({"file_path": "/w/one/a", "edits": ["/etc/passwd"]}),
            json!({"file_path": "/w/one/a", "edits": [{"edits": [{"path": "/etc/passwd"}]}]}),
            json!({"file_path": "/w/one/a", "content": {"path": "/etc/passwd"}}),
            json!({"file_path": "/w/one/a", "content": ["/etc/passwd"]}),
            json!({"file_path": "/w/one/a", "path": ["/etc/passwd"]}),
            json!({"file_path": ["/w/one/a"], "path": "/w/one/a"}),
            json!({"file_path": "/w/one/a", "changes": [{"path": "/etc/passwd"}]}),
            json!({"file_path": "/w/one/a", "path": "/etc/passwd"}),
            json!({"file_path": "/w/one/a", "reason": {"path": "/etc/passwd"}}),
            json!(["/w/one/a"]),
            json!("/w/one/a"),
        ] {
            assert_eq!(edit(input.clone()), None, "{input}");
        }
        let beside = |name: &str, value: Value| {
            let mut call = json!({"kind": "edit", "rawInput": {"file_path": "/w/one/a"}});
            call[name] = value;
            of(call)
        };
        let diff = json!([{"type": "diff", "path": "/w/one/a", "oldText": null, "newText": "x"}]);
        assert!(beside("content", diff).is_some());
        let words = json!([{"type": "content", "content": {"type": "text", "text": "why"}}]);
        assert!(beside("content", words).is_some());
        for (name, value) in [
            ("content", json!([{"type": "diff", "path": "/w/one/a", "to": "/etc/passwd"}])),
            ("content", json!([{"type": "diff", "path": ["/etc/passwd"]}])),
            ("content", json!([{"type": "terminal", "terminalId": "t"}])),
            ("content", json!([{"type": "content", "content": {"type": "resource"}}])),
            ("content", json!({"path": "/etc/passwd"})),
            ("locations", json!([{"path": "/w/one/a", "to": "/etc/passwd"}])),
            ("locations", json!([["/etc/passwd"]])),
            ("locations", json!("/etc/passwd")),
        ] {
            assert_eq!(beside(name, value.clone()), None, "{name} {value}");
        }
    }

    #[test]
    fn security_04_what_a_request_shows_beside_its_input_belongs_to_its_rule() {
        for (kind, input) in
            [("execute", json!({"command": "make"})), ("other", json!({"query": "make"}))]
        {
            let call = |more: Value| {
                let mut call = json!({"kind": kind, "rawInput": input});
                call["_meta"] = json!({"claudeCode": {"toolName": "Tool"}});
                call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                of(call)
            };
            let plain = call(json!({}));
            assert!(plain.is_some());
            assert_eq!(call(json!({"content": [], "locations": [], "title": null})), plain);
            let text = |text: &str| json!([{"type": "content", "content": {"type": "text", "text": text}}]);
            let mut seen = vec![plain];
            for other in [
                json!({"content": text("https access to evil.example")}),
                json!({"title": "https access to evil.example"}),
                json!({"name": "another"}),
                json!({"_meta": {"claudeCode": {"toolName": "Tool", "mcpServer": {"name": "x"}}}}),
                json!({"_meta": {"claudeCode": {"toolName": "Tool"}, "sandbox": false}}),
                json!({"content": [{"type": "diff", "path": "/etc/passwd", "newText": "evil"}]}),
                json!({"content": [{"type": "diff", "path": "/etc/passwd", "newText": "more"}]}),
                json!({"content": [{"type": "terminal", "terminalId": "t"}]}),
                json!({"content": {"path": "/etc/passwd"}}),
                json!({"locations": [{"path": "/etc/passwd"}]}),
                json!({"locations": "/etc/passwd"}),
            ] {
                let one = call(other.clone());
                assert!(one.is_some() && !seen.contains(&one), "{other}");
                seen.push(one);
            }
            let mut imitation = input.clone();
            imitation["the call's locations"] = json!([{"path": "/etc/passwd"}]);
            for locations in [json!([{"path": "/etc/passwd"}]), json!([])] {
                let imitated = json!({
                    "kind": kind, "rawInput": imitation, "locations": locations,
                    "_meta": {"claudeCode": {"toolName": "Tool"}},
                });
                assert_eq!(of(imitated), None);
            }
        }
    }

    #[test]
    fn the_numbers_of_a_call_and_the_words_about_it_make_no_other_request() {
        let text =
            |text: &str| json!({"type": "content", "content": {"type": "text", "text": text}});
        let call = |id: &str, said: &str, beside: &str| {
            json!({
                "kind": "execute", "toolCallId": id, "status": "pending", "title": "`make`",
                "rawInput": {"command": "make", "description": said, "call_id": id},
                "content": [{"type": "terminal", "terminalId": id}, text(beside)],
                "_meta": {"claudeCode": {"toolName": "Bash", "parentToolUseId": id},
                    "terminal_info": {"terminal_id": id}},
            })
        };
        let one = of(call("t1", "builds it", "builds it"));
        assert!(one.is_some());
        assert_eq!(of(call("t2", "Build all", "Build all")), one);
        assert_ne!(of(call("t2", "Build all", "Network access")), one);
        let mut titled = call("t2", "Build all", "Build all");
        titled["title"] = json!("`make all`");
        assert_ne!(of(titled.clone()), one);
        titled["title"] = json!("Build all");
        assert_ne!(of(titled), one);
        // Another call's number is no number of this one.
        let mut other = call("t2", "", "builds it");
        other["content"][0]["terminalId"] = json!("t9");
        assert_ne!(of(other), one);
    }

    #[test]
    fn a_title_names_the_same_file_in_another_worktree_and_no_other_one() {
        let edit = |title: &str, cwd: &str| {
            let path = format!("{cwd}/a");
            let call = json!({"kind": "edit", "title": title, "locations": [{"path": path}],
                "rawInput": {"file_path": path}});
            Family::Claude.subject(&call, cwd).map(|subject| subject.exactly)
        };
        let here = edit("Edit `/w/one/a`", "/w/one");
        assert!(here.is_some());
        assert_eq!(edit("Edit `/w/two/a`", "/w/two"), here);
        for other in ["Edit `/w/one/b`", "Edit `/x/w/one/a`", "Edit `/w/one/w/one/a`", "Edit"] {
            assert_ne!(edit(other, "/w/one"), here, "{other}");
        }
    }

    #[test]
    fn security_04_a_rule_for_one_text_of_a_file_writes_no_other() {
        let edit = |more: Value| {
            let mut call = json!({"kind": "edit", "rawInput": {"file_path": "/w/one/a"}});
            for (name, value) in more.as_object().unwrap() {
                call["rawInput"][name] = value.clone();
            }
            of(call)
        };
        let mut seen = vec![edit(json!({}))];
        for other in [
            json!({"content": "x"}),
            json!({"content": "y"}),
            json!({"old_string": "a", "new_string": "b"}),
            json!({"old_string": "a", "new_string": "c"}),
            json!({"old_string": "a", "new_string": "b", "replace_all": true}),
            json!({"offset": 5}),
            json!({"timeout": 5}),
        ] {
            let one = edit(other.clone());
            assert!(one.is_some() && !seen.contains(&one), "{other}");
            seen.push(one);
        }
        // A long one has a subject, too: routines allow by the file's name.
        let long = |end: &str| edit(json!({"content": format!("{}{end}", "x".repeat(200_000))}));
        assert!(long("a").is_some_and(|(_, exactly)| exactly.len() < 200));
        assert_eq!(long("a"), long("a"));
        assert_ne!(long("a"), long("b"));
        // What the change of a file is stands in what it shows, too.
        let shown = |kind: &str| {
            let part =
                json!({"type": "diff", "path": "/w/one/a", "newText": "", "_meta": {"kind": kind}});
            of(json!({"kind": "edit", "content": [part]}))
        };
        assert!(shown("update").is_some());
        assert_ne!(shown("update"), shown("delete"));
    }

    #[test]
    fn files_are_all_those_that_are_named_and_other_tools_need_a_name() {
        let edit = |more: Value| {
            let mut call = json!({"kind": "edit"});
            call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            what(call)
        };
        let a = Some("a.txt".to_owned());
        assert_eq!(edit(json!({"locations": [{"path": "/w/one/a.txt", "line": 3}]})), a);
        assert_eq!(edit(json!({"content": [{"type": "diff", "path": "/w/one/a.txt"}]})), a);
        assert_eq!(edit(json!({"rawInput": {"file_path": "/w/one/a.txt"}})), a);
        let change = json!({"type": "add", "content": "x"});
        let two = json!({"rawInput": {"changes": {"/w/one/a.txt": change, "/w/two/b": change}}});
        assert_eq!(edit(two), Some("/w/two/b\na.txt".to_owned()));
        assert_eq!(edit(json!({"rawInput": {"patch": "*** a.txt"}})), None);
        assert_eq!(edit(json!({"title": "Edit a.txt"})), None);
        assert_eq!(edit(json!({"rawInput": {"path": "/w/one/../a.txt"}})), None);
        assert_eq!(edit(json!({"rawInput": {"path": "../a.txt"}})), None);
        let fetch = json!({"kind": "fetch", "rawInput": {"url": "http://a"}});
        assert_eq!(of(fetch.clone()), None);
        let mut named = fetch;
        named["_meta"] = json!({"claudeCode": {"toolName": "WebFetch"}});
        let subject = Family::Claude.subject(&named, "/w/one").unwrap();
        assert_eq!((&*subject.tool, &*subject.what), ("fetch WebFetch", r#"{"url":"http://a"}"#));
        named["kind"] = json!("switch_mode");
        assert_eq!(of(named), None);
    }
}
