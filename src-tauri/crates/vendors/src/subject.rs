//! What a request for permission is about, as exactly as the agent tells it.
//!
//! Promise: requests with the same subject would do the same thing: the same tool runs the same command
//! in the same directory, or touches the same files, or gets the same input. Nothing is guessed from
//! titles: a request that does not tell it exactly has no subject.

use crate::family::Family;
use nightshift_protocol::permission::Subject;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Longest input that is compared; a longer one is no standing wish of anybody.
const EXACT_MAX_BYTES: usize = 16 * 1024;
/// Fields of a command's input that say nothing of what it does, or differ with every call.
const IDLE: [&str; 14] = [
    "description",
    "justification",
    "reason",
    "timeout",
    "timeout_ms",
    "timeoutMs",
    "call_id",
    "callId",
    "turn_id",
    "turnId",
    "approval_id",
    "approvalId",
    "parsed_cmd",
    "parsedCmd",
];
const DIRECTORIES: [&str; 5] = ["cwd", "workdir", "directory", "dir_path", "working_directory"];
const PATHS: [&str; 13] = [
    "file_path",
    "filePath",
    "filepath",
    "path",
    "absolute_path",
    "abs_path",
    "notebook_path",
    "source",
    "destination",
    "from",
    "to",
    "old_path",
    "new_path",
];

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
        let (what, exactly) = match kind {
            "execute" => command(&call["rawInput"], cwd)?,
            "edit" | "delete" | "move" | "read" => files(call, cwd)?,
            // Options of these mean more than the one request.
            "switch_mode" | "think" => return None,
            _ => {
                let input = call["rawInput"].as_object().filter(|input| !input.is_empty())?;
                // Without its name any tool of this kind would do.
                name?;
                let exactly = in_order(input.clone());
                (exactly.clone(), exactly)
            }
        };
        let tool = name.map_or_else(|| kind.to_owned(), |name| format!("{kind} {name}"));
        (exactly.len() <= EXACT_MAX_BYTES).then_some(Subject { tool, what, exactly })
    }
}

/// Fields by their names: in which order an agent gives them means nothing.
fn in_order(fields: Map<String, Value>) -> String {
    let mut value = Value::Object(fields);
    value.sort_all_objects();
    value.to_string()
}

fn command(input: &Value, cwd: &str) -> Option<(String, String)> {
    let input = input.as_object()?;
    let key = ["command", "cmd"].into_iter().find(|key| input.contains_key(*key))?;
    let what = match &input[key] {
        Value::String(line) if !line.trim().is_empty() => line.clone(),
        Value::Array(words) if !words.is_empty() => {
            let words: Option<Vec<&str>> = words.iter().map(Value::as_str).collect();
            words?.join(" ")
        }
        _ => return None,
    };
    let mut exactly = Map::new();
    for (name, value) in input.iter().filter(|(name, _)| !IDLE.contains(&name.as_str())) {
        let directory = DIRECTORIES.contains(&name.as_str());
        let value = match value.as_str().filter(|_| directory) {
            Some(path) if path == cwd => continue,
            Some(path) if climbs(path) => return None,
            Some(path) => json!(below(path, cwd)),
            None => value.clone(),
        };
        // A field that is off or empty was told all the same: what its absence means, nobody knows.
        exactly.insert(name.clone(), value);
    }
    Some((what, in_order(exactly)))
}

fn files(call: &Value, cwd: &str) -> Option<(String, String)> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut paths = BTreeSet::new();
    let mut add = |path: &Value| paths.extend(path.as_str().map(|path| below(path, cwd)));
    for part in list(&call["content"]).iter().filter(|part| part["type"] == "diff") {
        add(&part["path"]);
    }
    list(&call["locations"]).iter().for_each(|location| add(&location["path"]));
    let input = &call["rawInput"];
    // Another field may be what is really done; where a file goes from and to is more than a set of names.
    let known = |name: &str| {
        IDLE.contains(&name)
            || CONTENT.contains(&name)
            || (PATHS.contains(&name) && !ROLES.contains(&name))
    };
    if input.as_object().is_some_and(|fields| fields.keys().any(|name| !known(name))) {
        return None;
    }
    PATHS.iter().for_each(|key| add(&input[*key]));
    for path in input["changes"].as_object().into_iter().flatten().map(|(path, _)| path) {
        add(&json!(path));
    }
    if paths.is_empty() || paths.iter().any(|path| climbs(path)) {
        return None;
    }
    let what = Vec::from_iter(paths.iter().map(String::as_str)).join("\n");
    Some((what, json!(paths).to_string()))
}

/// Where a way up leads depends on where it begins.
fn climbs(path: &str) -> bool {
    path.split('/').any(|part| part == "..")
}

fn below(path: &str, cwd: &str) -> String {
    let rest = path.strip_prefix(cwd).and_then(|rest| rest.strip_prefix('/'));
    rest.filter(|rest| !cwd.is_empty() && !rest.is_empty()).unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(call: Value) -> Option<(String, String)> {
        let subject = Family::Claude.subject(&call, "/w/one")?;
        Some((subject.tool, subject.exactly))
    }

    fn run(input: Value) -> Option<(String, String)> {
        of(json!({"kind": "execute", "title": "any", "rawInput": input}))
    }

    #[test]
    fn the_same_command_in_the_same_directory_is_the_same_and_nothing_else_is() {
        let make = run(json!({"command": "make test"}));
        assert!(make.is_some());
        let same = [
            json!({"command": "make test", "description": "builds", "timeout": 5}),
            json!({"command": "make test", "cwd": "/w/one"}),
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
        // As rules were written until fields that are off counted.
        let stored = r#"{"command":"make"}"#;
        assert_eq!(run(json!({"command": "make"})).unwrap().1, stored);
        assert_ne!(run(json!({"command": "make", "sandbox": false})).unwrap().1, stored);
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
        let edit = |input: Value| of(json!({"kind": "edit", "rawInput": input}));
        let plain = edit(json!({"file_path": "/w/one/a", "content": "x", "description": "y"}));
        assert_eq!(plain.unwrap().1, r#"["a"]"#);
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
    fn files_are_all_those_that_are_named_and_other_tools_need_a_name() {
        let edit = |more: Value| {
            let mut call = json!({"kind": "edit"});
            call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            of(call).map(|(_, exactly)| exactly)
        };
        let a = Some(r#"["a.txt"]"#.to_owned());
        assert_eq!(edit(json!({"locations": [{"path": "/w/one/a.txt", "line": 3}]})), a);
        assert_eq!(edit(json!({"content": [{"type": "diff", "path": "/w/one/a.txt"}]})), a);
        assert_eq!(edit(json!({"rawInput": {"file_path": "/w/one/a.txt"}})), a);
        let two = json!({"rawInput": {"path": "/w/one/a.txt", "changes": {"/w/two/b": {}}}});
        assert_eq!(edit(two), Some(r#"["/w/two/b","a.txt"]"#.to_owned()));
        assert_eq!(edit(json!({"rawInput": {"patch": "*** a.txt"}})), None);
        assert_eq!(edit(json!({"title": "Edit a.txt"})), None);
        assert_eq!(edit(json!({"rawInput": {"path": "/w/one/../a.txt"}})), None);
        assert_eq!(edit(json!({"rawInput": {"path": "../a.txt"}})), None);
        let fetch = json!({"kind": "fetch", "rawInput": {"url": "http://a"}});
        assert_eq!(of(fetch.clone()), None);
        let mut named = fetch;
        named["_meta"] = json!({"claudeCode": {"toolName": "WebFetch"}});
        let expected = ("fetch WebFetch".to_owned(), r#"{"url":"http://a"}"#.to_owned());
        assert_eq!(of(named.clone()), Some(expected));
        named["kind"] = json!("switch_mode");
        assert_eq!(of(named), None);
    }
}
