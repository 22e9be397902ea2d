//! Events of GitHub's: official samples both ways, each filter with a hit and a miss, and why an event is not taken.

use nightshift_routines::definition::{GithubTrigger, Trigger, parse};
use nightshift_routines::github::filter::{Field, Filter, Test};
use nightshift_routines::github::kinds::EventKind;
use nightshift_routines::github::*;
use nightshift_routines::occurrence::SkipReason;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

fn pull() -> Value {
    json!({
        "action": "opened",
        "number": 7,
        "repository": { "full_name": "Acme/App" },
        "sender": { "login": "carol" },
        "pull_request": {
            "id": 42, "number": 7, "html_url": "https://github.com/Acme/App/pull/7",
            "title": "Fix login", "body": "Closes #3\nby hand", "draft": false, "merged": false,
            "user": { "login": "Bob" }, "author_association": "MEMBER",
            "labels": [{ "name": "agent" }, { "name": "p1" }],
            "updated_at": "2026-11-30T09:00:00Z", "closed_at": null,
            "base": { "ref": "main", "repo": { "full_name": "Acme/App" } },
            "head": { "ref": "fix/login", "sha": "abc1", "repo": { "full_name": "Acme/App" } },
        },
    })
}

fn event(kind: &str, payload: &Value) -> Event {
    match from_webhook(kind, payload).unwrap() {
        Received::Event(event) => *event,
        other => panic!("{other:?}"),
    }
}

fn trigger(text: &str) -> GithubTrigger {
    let text = format!("+++\n[[trigger]]\n{text}\n+++\nDo it.\n");
    match parse(&text, &|_| None).unwrap().triggers.remove(0) {
        Trigger::Github(trigger) => trigger,
        other => panic!("{other:?}"),
    }
}

const OPENED: &str = "github = { repository = \"acme/app\", events = [\"pull_request.opened\"] }";

#[test]
fn an_event_says_what_routines_need() {
    let event = event("pull_request", &pull());
    assert_eq!(event.key(), "acme/app pull_request.opened 42 ");
    assert_eq!(event.pull_request().as_deref(), Some("acme/app#7"));
    assert_eq!(event.number, Some(7));
    assert_eq!(event.author.as_deref(), Some("Bob"));
    assert_eq!(event.actor.as_deref(), Some("carol"));
    assert_eq!(
        [event.base, event.head, event.head_sha],
        ["main", "fix/login", "abc1"].map(|t| Some(t.into()))
    );
    assert_eq!(event.labels, ["agent", "p1"]);
    assert_eq!((event.draft, event.merged, event.fork), (Some(false), Some(false), false));
    assert_eq!(event.updated_ms, Some(1_796_029_200_000));
}

#[test]
fn what_is_no_event_of_ours_is_named() {
    let other = |kind: &str, payload: Value| from_webhook(kind, &payload).unwrap();
    assert_eq!(other("ping", json!({})), Received::Ping);
    assert_eq!(
        other("star", json!({ "action": "created" })),
        Received::Other("star.created".into())
    );
    assert_eq!(
        other("check_suite", json!({ "action": "requested" })),
        Received::Other("check_suite.requested".into())
    );
    assert_eq!(other("pull_request", json!({})), Received::Other("pull_request".into()));
    let gone = json!({ "ref": "refs/heads/x", "after": "0", "deleted": true, "repository": { "full_name": "a/b" } });
    assert_eq!(other("push", gone), Received::Other("push.deleted".into()));
    for (payload, missing) in [
        (json!({ "action": "opened" }), "repository"),
        (json!({ "action": "opened", "repository": { "full_name": "a/b" } }), "pull_request"),
        (
            json!({ "action": "opened", "repository": { "full_name": "a/b" }, "pull_request": 1 }),
            "id",
        ),
        (
            json!({ "action": "opened", "repository": { "full_name": "a/b" }, "pull_request": { "id": -1 } }),
            "id",
        ),
    ] {
        assert_eq!(from_webhook("pull_request", &payload).unwrap_err().missing, missing);
    }
    for payload in [json!(null), json!([]), json!("x"), json!(1)] {
        assert!(from_webhook("push", &payload).is_err());
    }
}

#[test]
fn what_others_write_is_cut_to_bounds() {
    let mut payload = pull();
    payload["pull_request"]["body"] = "é".repeat(100_000).into();
    payload["pull_request"]["title"] = "t".repeat(5_000).into();
    payload["pull_request"]["labels"] =
        (0..500).map(|n| json!({ "name": n.to_string() })).collect();
    let event = event("pull_request", &payload);
    assert_eq!(event.body.unwrap().chars().count(), 65_536);
    assert_eq!((event.title.unwrap().len(), event.labels.len()), (1_000, 100));
}

#[test]
fn the_same_event_has_one_key_and_another_one_has_another() {
    let key = |change: &dyn Fn(&mut Value)| {
        let mut payload = pull();
        change(&mut payload);
        event("pull_request", &payload).key()
    };
    let opened = key(&|_| {});
    assert_eq!(key(&|p| p["pull_request"]["updated_at"] = "2026-12-01T09:00:00Z".into()), opened);
    assert_eq!(key(&|p| p["repository"]["full_name"] = "acme/APP".into()), opened);
    let action = |action: &str, p: &mut Value| p["action"] = action.into();
    let pushed = key(&|p| action("synchronize", p));
    let pushed_again = key(&|p| {
        action("synchronize", p);
        p["pull_request"]["head"]["sha"] = "abc2".into();
    });
    let labeled = |label: &str| {
        key(&|p| {
            action("labeled", p);
            p["label"] = json!({ "name": label });
        })
    };
    let closed = key(&|p| action("closed", p));
    let other = key(&|p| p["pull_request"]["id"] = 43.into());
    let all = [opened, pushed, pushed_again, labeled("agent"), labeled("p1"), closed, other];
    let unique: std::collections::BTreeSet<&String> = all.iter().collect();
    assert_eq!(unique.len(), all.len(), "{all:#?}");
}

fn filter(field: Field, test: Test) -> Filter {
    Filter { field, test }
}

#[test]
fn every_filter_hits_and_misses() {
    let mut event = event("pull_request", &pull());
    let text = |text: &str| text.to_owned();
    let list = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
    let values = [
        (Field::Author, "bob", "carol"),
        (Field::Title, "Fix login", "fix login"),
        (Field::Body, "Closes #3\nby hand", "Closes #3"),
        (Field::Base, "main", "mai"),
        (Field::Head, "fix/login", "login"),
        (Field::Labels, "agent", "Agent"),
    ];
    for (field, hit, miss) in values {
        for (test, hits) in [
            (Test::Equals(text(hit)), true),
            (Test::Equals(text(miss)), false),
            (Test::Contains(text(&hit[1..3])), true),
            (Test::Contains(text("zz")), false),
            (Test::StartsWith(text(&hit[..2])), true),
            (Test::StartsWith(text("zz")), false),
            (Test::OneOf(list(&["zz", hit])), true),
            (Test::OneOf(list(&["zz", miss])), false),
            (Test::NotOneOf(list(&["zz", miss])), true),
            (Test::NotOneOf(list(&["zz", hit])), false),
            (Test::Matches(text("(?is).*[a-z].*")), true),
            (Test::Matches(text("[a-z]")), false),
        ] {
            let filter = filter(field, test);
            assert_eq!(matches(&filter, &event), hits, "{filter}");
        }
    }
    for field in [Field::Draft, Field::Merged] {
        assert!(matches(&filter(field, Test::Flag(false)), &event));
        assert!(!matches(&filter(field, Test::Flag(true)), &event));
    }
    (event.draft, event.head) = (None, None);
    assert!(!matches(&filter(Field::Draft, Test::Flag(false)), &event));
    assert!(!matches(&filter(Field::Head, Test::Equals(text(""))), &event));
    assert!(matches(&filter(Field::Head, Test::NotOneOf(list(&["x"]))), &event));
    // An alternative in the middle does not open the match.
    assert!(!matches(
        &filter(Field::Base, Test::Matches(text("x|main|y"))),
        &Event { base: Some("mainx".into()), ..event }
    ));
}

#[test]
fn what_is_not_taken_has_its_reason() {
    let own = |branch: &str| branch.starts_with("nightshift/");
    let taken = |extra: &str, change: &dyn Fn(&mut Value)| {
        let mut payload = pull();
        change(&mut payload);
        take(&trigger(&format!("{OPENED}\n{extra}")), &event("pull_request", &payload), &own)
    };
    let fork = |p: &mut Value| p["pull_request"]["head"]["repo"]["full_name"] = "eve/app".into();
    assert_eq!(taken("", &|_| {}), Taken::Yes);
    assert_eq!(taken("", &|p| p["action"] = "closed".into()), Taken::NotMine);
    assert_eq!(taken("", &|p| p["repository"]["full_name"] = "acme/other".into()), Taken::NotMine);
    assert_eq!(taken("", &fork), Taken::Skip(SkipReason::Fork));
    assert_eq!(
        taken("", &|p| p["pull_request"]["head"]["repo"] = Value::Null),
        Taken::Skip(SkipReason::Fork)
    );
    assert_eq!(taken("forks = true", &fork), Taken::Yes);
    let branch = |p: &mut Value| p["pull_request"]["head"]["ref"] = "nightshift/x".into();
    assert_eq!(taken("", &branch), Taken::Skip(SkipReason::OwnEvent));
    let both = |p: &mut Value| {
        fork(p);
        branch(p);
    };
    assert_eq!(taken("forks = true", &both), Taken::Yes);
    let owners = "authors = [\"owner\"]";
    assert_eq!(taken(owners, &|_| {}), Taken::Skip(SkipReason::UntrustedAuthor));
    assert_eq!(taken("authors = [\"member\"]", &|_| {}), Taken::Yes);
    let nobody = |p: &mut Value| p["pull_request"]["author_association"] = Value::Null;
    assert_eq!(taken(owners, &nobody), Taken::Skip(SkipReason::UntrustedAuthor));
    let filters = "filters = [{ field = \"labels\", is = \"one_of\", value = [\"agent\"] }, \
                   { field = \"draft\", is = \"equals\", value = false }]";
    assert_eq!(taken(filters, &|_| {}), Taken::Yes);
    assert_eq!(
        taken(filters, &|p| p["pull_request"]["draft"] = true.into()),
        Taken::Skip(SkipReason::Filtered)
    );
}

#[test]
fn a_push_to_a_branch_of_ours_is_our_own_event() {
    let payload = json!({
        "ref": "refs/heads/nightshift/x", "after": "abc", "repository": { "full_name": "acme/app" },
        "pusher": { "name": "bob" }, "compare": "https://c", "head_commit": { "message": "One\n\ntwo" },
    });
    let event = event("push", &payload);
    assert_eq!((event.title.as_deref(), event.author.as_deref()), (Some("One"), Some("bob")));
    let trigger = trigger("github = { repository = \"acme/app\", events = [\"push\"] }");
    let own = |branch: &str| branch.starts_with("nightshift/");
    assert_eq!(take(&trigger, &event, &own), Taken::Skip(SkipReason::OwnEvent));
    assert_eq!(take(&trigger, &event, &|_| false), Taken::Yes);
}

/// GitHub's own samples by event. None: their package could not be installed, which the run says.
fn samples() -> Option<BTreeMap<String, Vec<Value>>> {
    let vendor = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/vendor");
    let path = vendor.join("node_modules/@octokit/webhooks-examples/api.github.com/index.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        let why = std::fs::read_to_string(vendor.join(".unavailable"))
            .expect("GitHub's sample events are not installed; run `cargo xtask setup`");
        eprintln!("SKIPPED: GitHub's sample events are not installed: {}", why.trim());
        return None;
    };
    let all: Vec<Value> = serde_json::from_str(&text).unwrap();
    let named = all.into_iter().map(|entry| {
        let name = entry["name"].as_str().unwrap().to_owned();
        (name, entry["examples"].as_array().unwrap().clone())
    });
    Some(named.collect())
}

#[test]
fn official_samples_are_read_and_have_one_key_both_ways() {
    let Some(samples) = samples() else { return };
    let mut read = BTreeMap::new();
    for (name, object) in [
        ("pull_request", "pull_request"),
        ("release", "release"),
        ("issues", "issue"),
        ("issue_comment", "comment"),
        ("pull_request_review", "review"),
        ("check_suite", "check_suite"),
        ("workflow_run", "workflow_run"),
    ] {
        let kind = EventKind::of_name(name).unwrap();
        for payload in &samples[name] {
            let hook = match from_webhook(name, payload).unwrap() {
                Received::Event(event) => *event,
                Received::Other(other) => {
                    assert!(matches!(name, "check_suite" | "workflow_run"), "{other}");
                    continue;
                }
                Received::Ping => panic!("{payload}"),
            };
            *read.entry(name).or_insert(0) += 1;
            assert_eq!(hook.action.as_deref(), payload["action"].as_str());
            assert!(hook.url.is_some() || name == "check_suite", "{hook:?}");
            assert!(
                hook.author.is_some() || matches!(name, "check_suite" | "workflow_run"),
                "{hook:?}"
            );
            let detail = ["label", "assignee", "requested_reviewer"]
                .iter()
                .find_map(|key| payload[key]["name"].as_str().or(payload[key]["login"].as_str()))
                .or(payload["requested_team"]["slug"].as_str());
            let source = Source {
                kind,
                action: payload["action"].as_str(),
                repository: payload["repository"]["full_name"].as_str().unwrap(),
                object: &payload[object],
                beside: match name {
                    "issue_comment" => Some(&payload["issue"]),
                    "pull_request_review" => Some(&payload["pull_request"]),
                    _ => None,
                },
                detail,
            };
            let polled = source.event().unwrap();
            assert_eq!(polled.key(), hook.key());
            assert_eq!(polled, Event { actor: None, ..hook });
        }
    }
    assert_eq!((read["pull_request"], read["release"]), (29, 13), "{read:?}");
    for payload in &samples["push"] {
        from_webhook("push", payload).unwrap();
    }
    // No sample of any event does harm.
    for (name, payloads) in &samples {
        for payload in payloads {
            drop(from_webhook(name, payload));
        }
    }
}

#[test]
fn official_samples_have_one_key_in_the_list_of_events_too() {
    let Some(samples) = samples() else { return };
    for (name, kind) in [
        ("PullRequestEvent", "pull_request"),
        ("ReleaseEvent", "release"),
        ("IssuesEvent", "issues"),
        ("IssueCommentEvent", "issue_comment"),
        ("PullRequestReviewEvent", "pull_request_review"),
    ] {
        for payload in &samples[kind] {
            let mut listed = payload.clone();
            if payload["action"] == "submitted" {
                listed["action"] = "created".into();
            }
            let entry = json!({
                "id": "1", "type": name, "payload": listed,
                "actor": { "login": payload["sender"]["login"] },
                "repo": { "name": payload["repository"]["full_name"] },
            });
            assert_eq!(from_activity(&entry), from_webhook(kind, payload));
        }
    }
}

#[test]
fn a_push_is_the_same_in_the_list_of_events() {
    let hook = json!({
        "ref": "refs/heads/main", "after": "abc", "repository": { "full_name": "acme/app" },
        "pusher": { "name": "bob" }, "sender": { "login": "bob" },
    });
    let entry = json!({
        "type": "PushEvent", "actor": { "login": "bob" }, "repo": { "name": "acme/app" },
        "payload": { "ref": "refs/heads/main", "head": "abc", "before": "abb" },
    });
    let Received::Event(polled) = from_activity(&entry).unwrap() else { panic!() };
    assert_eq!(*polled, event("push", &hook));
    assert_eq!(
        from_activity(&json!({ "type": "WatchEvent" })).unwrap(),
        Received::Other("WatchEvent".into())
    );
    assert!(from_activity(&json!({ "type": "PushEvent" })).is_err());
    assert_eq!(from_activity(&json!(7)).unwrap(), Received::Other(String::new()));
}
