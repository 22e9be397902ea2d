//! An "always" allows exactly the request that was shown: any other request is asked about again.

use nightshift_agents::acp::{Driver, DriverSpec};
use nightshift_model::{Fact, Millis};
use nightshift_protocol::{PermissionRule, PermissionVerdict, Record, RecordKind, Subject};
use nightshift_vendors::registry::Registry;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use serde_json::{Map, Value, json};
use std::path::Path;

const CWD: &str = "/w";
/// Parts of a request that may differ: numbers of the call, and words about it. The reasons stand in the code.
const MAY_DIFFER: [&str; 12] = [
    "/toolCallId",
    "/status",
    "/rawOutput",
    "/_meta/claudeCode/parentToolUseId",
    "/rawInput/call_id",
    "/rawInput/turnId",
    "/rawInput/description",
    "/rawInput/justification",
    "/rawInput/reason",
    "/rawInput/callId",
    "/rawInput/turn_id",
    "/rawInput/approval_id",
];

/// What the request is about, told by a driver in the middle of a turn.
fn subject(call: &Value) -> Option<Subject> {
    let agent = Registry::builtin(Path::new("/nonexistent")).find("claude").unwrap().clone();
    let mut driver = Driver::new(DriverSpec::new(agent, CWD));
    let mut seq = 0;
    let mut feed = |driver: &mut Driver, kind, body: Value| {
        seq += 1;
        let body = body.to_string().into_bytes();
        driver.feed(&Record { seq, at: Millis(seq), kind, body }).facts
    };
    feed(&mut driver, RecordKind::Mark, json!({"type": "launched", "pid": 7}));
    for (id, method, result) in [
        ("ns-init-1", "initialize", json!({"protocolVersion": 1})),
        ("ns-new-1", "session/new", json!({"sessionId": "s"})),
    ] {
        let call = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": {}});
        feed(&mut driver, RecordKind::In, call);
        let answer = json!({"jsonrpc": "2.0", "id": id, "result": result});
        feed(&mut driver, RecordKind::Out, answer);
    }
    let params = json!({"sessionId": "s", "prompt": [{"type": "text", "text": "go"}]});
    let prompt = json!({"jsonrpc": "2.0", "id": "ns-prompt-1", "method": "session/prompt", "params": params});
    feed(&mut driver, RecordKind::In, prompt);
    let options = json!([
        {"optionId": "aa", "kind": "allow_always", "name": "Always"},
        {"optionId": "a", "kind": "allow_once", "name": "Yes"},
        {"optionId": "r", "kind": "reject_once", "name": "No"}]);
    let params = json!({"sessionId": "s", "toolCall": call, "options": options});
    let asked = json!({"jsonrpc": "2.0", "id": 9, "method": "session/request_permission", "params": params});
    let opened = feed(&mut driver, RecordKind::Out, asked);
    let need = opened.into_iter().find_map(|(_, fact)| match fact {
        Fact::NeedOpened { need } => Some(need),
        _ => None,
    });
    driver.subject(&need?.id).cloned()
}

fn always(subject: &Subject) -> PermissionRule {
    PermissionRule {
        id: "1".into(),
        at: Millis(1),
        session: "s".into(),
        agent: "claude".into(),
        project: CWD.into(),
        identity: None,
        verdict: PermissionVerdict::Allow,
        subject: subject.clone(),
    }
}

fn is_allowed(rule: &PermissionRule, call: &Value) -> bool {
    let about = subject(call);
    about.is_some_and(|about| rule.decides("s", "claude", (CWD, None), &about))
}

fn word() -> impl Strategy<Value = String> {
    "[a-z]{1,6}"
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        word().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        (0..9_000_u32).prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map(word(), inner, 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A request as agents tell it, with fields that nobody knows among them.
fn call() -> impl Strategy<Value = Value> {
    let kind = select(vec!["execute", "edit", "read", "delete", "fetch", "other"]);
    let known = select(vec!["timeout", "env", "run_in_background", "sandbox", "url", "parsed_cmd"]);
    let more = proptest::collection::btree_map(
        prop_oneof![known.prop_map(String::from), word()],
        value(),
        0..3,
    );
    let beside = proptest::collection::btree_map(word(), value(), 0..2);
    let shows = (any::<bool>(), any::<bool>(), any::<bool>());
    (kind, word(), word(), more, beside, shows).prop_map(|(kind, name, text, more, beside, shows)| {
        let (with_diff, with_text, with_words) = shows;
        let path = format!("/w/{name}");
        let mut call = json!({
            "toolCallId": "t1", "status": "pending", "kind": kind, "title": format!("Do {path}"),
            "_meta": {"claudeCode": {"toolName": "Tool", "parentToolUseId": "p1"}, "more": beside},
        });
        let is_file = matches!(kind, "edit" | "read" | "delete");
        let mut input = Map::new();
        match is_file {
            true => input.extend([
                ("file_path".to_owned(), json!(path)),
                ("content".to_owned(), json!(text)),
                ("timeout".to_owned(), json!(5)),
            ]),
            false => input.extend(more),
        }
        match kind {
            "execute" => {
                input.extend([("command".into(), json!(text)), ("cwd".into(), json!("/w/sub"))]);
            }
            "fetch" | "other" => drop(input.insert("query".into(), json!(text))),
            _ => {}
        }
        if with_words && !matches!(kind, "fetch" | "other") {
            input.extend([("description".into(), json!("Words Of A Model")), ("call_id".into(), json!("c"))]);
        }
        call["rawInput"] = Value::Object(input);
        let diff = json!({"type": "diff", "path": path, "oldText": "a", "newText": text, "_meta": {"kind": "add"}});
        let said = json!({"type": "content", "content": {"type": "text", "text": format!("Said: {text}")}});
        let parts = [with_diff.then_some(diff), with_text.then_some(said)];
        call["content"] = parts.into_iter().flatten().collect();
        call["locations"] = json!([{"path": path, "line": 3}]);
        call
    })
}

/// Every place in a value, the value itself not counted.
fn places(value: &Value, at: &str, out: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(n, item)| (n.to_string(), item)).collect()
        }
        _ => Vec::new(),
    };
    for (name, value) in inner {
        let place = format!("{at}/{name}");
        places(value, &place, out);
        out.push(place);
    }
}

/// The same with one place changed, or one field more beside it.
fn changed(call: &Value, place: &str, adds: bool) -> Value {
    let mut call = call.clone();
    let value = call.pointer_mut(place).unwrap();
    match value {
        Value::Object(fields) if adds => drop(fields.insert("Another".into(), json!("x"))),
        Value::String(text) => text.push('x'),
        Value::Bool(is) => *is = !*is,
        Value::Number(number) => *value = json!(number.as_u64().unwrap() + 1),
        Value::Array(items) => {
            items.push(json!({"type": "content", "content": {"type": "text", "text": "More"}}))
        }
        Value::Object(_) | Value::Null => *value = json!("x"),
    }
    call
}

fn may_differ(place: &str) -> bool {
    MAY_DIFFER.iter().any(|one| place == *one || place.starts_with(&format!("{one}/")))
}

proptest! {
    #[test]
    fn security_04_always_allows_the_request_that_was_shown_and_no_other(
        call in call(), at in any::<Index>(), adds in any::<bool>()
    ) {
        let Some(about) = subject(&call) else { return Ok(()) };
        let rule = always(&about);
        prop_assert!(is_allowed(&rule, &call));
        let mut all = Vec::new();
        places(&call, "", &mut all);
        all.retain(|place| !may_differ(place));
        let place = at.get(&all);
        let other = changed(&call, place, adds);
        prop_assert!(!is_allowed(&rule, &other), "{place}: {other}");
        let mut without = call.clone();
        let (parent, name) = place.rsplit_once('/').unwrap();
        if let Some(fields) = without.pointer_mut(parent).and_then(Value::as_object_mut)
            && fields.remove(name).is_some_and(|gone| !gone.is_null() && (!parent.is_empty() || gone != json!([])))
        {
            prop_assert!(!is_allowed(&rule, &without), "without {place}: {call}");
        }
    }

    #[test]
    fn always_allows_the_same_request_with_other_numbers(call in call(), number in word()) {
        let Some(about) = subject(&call) else { return Ok(()) };
        let mut again = call;
        for place in MAY_DIFFER {
            if let Some(value) = again.pointer_mut(place) {
                *value = json!(number);
            }
        }
        prop_assert!(is_allowed(&always(&about), &again), "{again}");
    }
}

#[test]
fn the_requests_of_the_property_do_make_rules() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let made = (0..50)
        .filter(|_| {
            call().new_tree(&mut runner).is_ok_and(|tree| subject(&tree.current()).is_some())
        })
        .count();
    assert!(made > 25, "{made} of 50");
}
