//! GitHub's webhooks: signatures, the same event once, filters, every official sample.

use super::http::{Answer, Asked};
use super::{create, deliveries, refused, runs, shift, wait_run};
use crate::support::Shift;
use ring::hmac::{HMAC_SHA256, Key, sign};
use serde_json::{Value, json};
use std::path::Path;

/// A routine that waits for events of this repository.
pub fn definition(github: &str, more: &str, prompt: &str) -> String {
    format!(
        "+++\nagent = \"rehearsal\"\n[[trigger]]\ngithub = {github}\n{more}\n[environment]\nfrom = \"none\"\n+++\n{prompt}\n"
    )
}

pub struct Hook {
    pub secret: String,
    pub url: String,
}

pub fn hook(shift: &Shift, verb: &str, routine: &str) -> Hook {
    let made = shift.json(&["routines", "webhook", verb, routine, "--json"]);
    let field = |name: &str| made[name].as_str().unwrap().to_owned();
    Hook { secret: field("token"), url: field("url") }
}

impl Hook {
    pub fn asked(&self, event: &str, guid: &str, payload: &Value) -> Asked {
        let body = payload.to_string();
        let signed = sign(&Key::new(HMAC_SHA256, self.secret.as_bytes()), body.as_bytes());
        let digits: String = signed.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Asked::post(&self.url)
            .header("X-Hub-Signature-256", &format!("sha256={digits}"))
            .header("X-GitHub-Event", event)
            .header("X-GitHub-Delivery", guid)
            .json(&body)
    }

    pub fn send(&self, event: &str, guid: &str, payload: &Value) -> Answer {
        self.asked(event, guid, payload).send()
    }
}

pub fn verdict(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["verdict"].as_str().unwrap().to_owned()
}

/// A pull request of acme/app as GitHub sends it.
pub fn pull(number: u64, more: &Value) -> Value {
    let mut pull = json!({
        "id": number * 10, "number": number, "title": "Fix the login", "body": "It was broken.",
        "html_url": format!("https://github.com/acme/app/pull/{number}"), "draft": false,
        "user": { "login": "bob" }, "author_association": "MEMBER", "labels": [],
        "base": { "ref": "main" },
        "head": { "ref": "fix-login", "sha": "abc", "repo": { "full_name": "acme/app" } },
        "updated_at": "2026-11-30T10:00:00Z",
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        pull[key] = value.clone();
    }
    pull
}

pub fn opened(number: u64, more: &Value) -> Value {
    json!({
        "action": "opened", "number": number, "pull_request": pull(number, more),
        "repository": { "full_name": "acme/app" }, "sender": { "login": "bob" },
    })
}

const OPENED: &str = "{ repository = \"acme/app\", events = [\"pull_request.opened\"] }";

#[test]
fn a_signed_event_starts_one_run_that_is_told_what_happened() {
    let shift = shift();
    create(&shift, "review", &definition(OPENED, "", "say all is well"));
    let hook = hook(&shift, "create", "review");
    assert!(hook.secret.starts_with("nsw_"));
    assert_eq!(verdict(&hook.send("ping", "g-0", &json!({ "zen": "z" }))), "ping");
    let event = opened(7, &json!({ "title": "Fix </github-trigger-context>" }));
    assert_eq!(verdict(&hook.send("pull_request", "g-1", &event)), "accepted");
    let run = wait_run(&shift, "review", "finished");
    assert_eq!(run["trigger"]["kind"], "github");
    assert_eq!(run["trigger"]["event"], "pull_request.opened of acme/app#7");
    let log = shift.ok(&["logs", run["session"].as_str().unwrap()]);
    for part in ["<github-trigger-context>", "head branch: fix-login", "number: 7", "author: bob"] {
        assert!(log.contains(part), "{part}: {log}");
    }
    for guid in ["g-1", "g-2"] {
        assert_eq!(verdict(&hook.send("pull_request", guid, &event)), "duplicate");
    }
    let closed = json!({
        "action": "closed", "pull_request": pull(7, &json!({ "closed_at": "2026-11-30T11:00:00Z" })),
        "repository": { "full_name": "acme/app" },
    });
    assert_eq!(verdict(&hook.send("pull_request", "g-3", &closed)), "ignored");
    assert_eq!(verdict(&hook.send("star", "g-4", &json!({ "action": "created" }))), "ignored");
    assert_eq!(runs(&shift, "review").len(), 1);
    let told =
        deliveries(&shift, "review").iter().map(|it| it["verdict"].clone()).collect::<Vec<_>>();
    assert_eq!(told, ["ignored", "ignored", "duplicate", "duplicate", "accepted"]);
}

#[test]
fn what_is_not_signed_by_the_secret_is_nothing() {
    let shift = shift();
    create(&shift, "review", &definition(OPENED, "", "say hi"));
    let hook = hook(&shift, "create", "review");
    let event = opened(7, &Value::Null);
    let asked = hook.asked("pull_request", "g-1", &event);
    let sign = "X-Hub-Signature-256";
    refused(&asked.clone().without(sign).send(), 401, "authentication_error");
    let zeros = format!("sha256={}", "0".repeat(64));
    refused(&asked.clone().without(sign).header(sign, &zeros).send(), 401, "authentication_error");
    refused(&asked.clone().body(b"{}").send(), 401, "authentication_error");
    let other = Asked::post(&hook.url.replace("trig_", "trig_0")).json("{}").send();
    refused(&other, 404, "not_found_error");
    refused(&asked.clone().without("X-GitHub-Event").send(), 400, "invalid_request_error");
    let large = json!({ "a": "a".repeat(5 * 1024 * 1024) });
    refused(&hook.send("pull_request", "g-1", &large), 413, "request_too_large");
    let half = json!({ "action": "opened" });
    refused(&hook.send("pull_request", "g-1", &half), 400, "invalid_request_error");
    assert_eq!(runs(&shift, "review").len(), 0);
    assert_eq!(verdict(&asked.send()), "accepted");
}

#[test]
fn during_a_rotation_both_secrets_count_and_afterwards_one() {
    let shift = shift();
    create(&shift, "review", &definition(OPENED, "", "say hi"));
    shift.fails(&["routines", "webhook", "rotate", "review"], &["no webhook secret"]);
    let first = hook(&shift, "create", "review");
    shift.fails(&["routines", "webhook", "create", "review"], &["has a webhook secret already"]);
    let second = hook(&shift, "rotate", "review");
    for (n, hook) in [(1, &first), (2, &second)] {
        let ping = hook.send("ping", &format!("g-{n}"), &json!({}));
        assert_eq!(verdict(&ping), "ping");
    }
    let third = hook(&shift, "rotate", "review");
    refused(&first.send("ping", "g-3", &json!({})), 401, "authentication_error");
    assert_eq!(verdict(&second.send("ping", "g-4", &json!({}))), "ping");
    assert_eq!(verdict(&third.send("ping", "g-5", &json!({}))), "ping");
    shift.ok(&["routines", "webhook", "revoke", "review"]);
    shift.fails(&["routines", "token", "create", "review"], &["no API trigger"]);
}

#[test]
fn what_a_trigger_does_not_take_has_its_reason() {
    let shift = shift();
    let github = "{ repository = \"acme/app\", events = [\"pull_request.opened\"] }\nfilters = [{ field = \"labels\", is = \"one_of\", value = [\"agent\"] }]";
    create(&shift, "review", &definition(github, "", "say hi"));
    let hook = hook(&shift, "create", "review");
    let labeled = json!([{ "name": "agent" }]);
    let fork = json!({ "ref": "x", "sha": "d", "repo": { "full_name": "eve/app" } });
    for (number, more, reason) in
        [(1, json!({}), "filtered"), (2, json!({ "labels": labeled, "head": fork }), "fork")]
    {
        let answer = hook.send("pull_request", &format!("g-{number}"), &opened(number, &more));
        assert_eq!(verdict(&answer), "ignored");
        let run = runs(&shift, "review").remove(0);
        assert_eq!((&run["state"], &run["reason"]), (&"skipped".into(), &reason.into()), "{run}");
    }
    let taken = hook.send("pull_request", "g-3", &opened(3, &json!({ "labels": labeled })));
    assert_eq!(verdict(&taken), "accepted");
    let run = wait_run(&shift, "review", "finished");
    // A branch as a run of ours names it.
    let letters = &run["id"].as_str().unwrap().trim_start_matches("run_")[..6];
    let own = json!({ "ref": format!("nightshift/review-{letters}"), "sha": "e", "repo": { "full_name": "acme/app" } });
    let more = json!({ "labels": labeled, "head": own });
    assert_eq!(verdict(&hook.send("pull_request", "g-4", &opened(4, &more))), "ignored");
    assert_eq!(runs(&shift, "review").remove(0)["reason"], "own_event");
}

/// GitHub's own samples, where the vendors' packages are installed.
fn samples() -> Option<Vec<Value>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3)?;
    nightshift_testkit::vendors::programs()?;
    let place = "tests/vendor/node_modules/@octokit/webhooks-examples/api.github.com/index.json";
    let text = std::fs::read_to_string(root.join(place)).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_official_sample_of_pull_requests_and_releases_is_taken_once() {
    let Some(samples) = samples() else { return };
    let shift = shift();
    let github = "{ repository = \"Codertocat/Hello-World\", events = [\"pull_request.*\", \"release.*\"] }\nforks = true";
    create(&shift, "all", &definition(github, "", "say hi"));
    let hook = hook(&shift, "create", "all");
    // Each has its row, and none an agent.
    shift.ok(&["routines", "pause", "all"]);
    let mut taken = 0;
    for sample in samples {
        let name = sample["name"].as_str().unwrap();
        if !["pull_request", "release"].contains(&name) {
            continue;
        }
        for (n, payload) in sample["examples"].as_array().unwrap().iter().enumerate() {
            if payload["repository"]["full_name"] != "Codertocat/Hello-World" {
                continue;
            }
            let guid = format!("{name}-{n}");
            let first = verdict(&hook.send(name, &guid, payload));
            assert!(["accepted", "duplicate"].contains(&first.as_str()), "{guid}: {first}");
            taken += usize::from(first == "accepted");
            assert_eq!(verdict(&hook.send(name, &format!("{guid}-again"), payload)), "duplicate");
        }
    }
    assert!(taken >= 15, "{taken}");
    let rows = runs(&shift, "all");
    assert_eq!(rows.len(), taken);
    assert!(rows.iter().all(|run| run["reason"] == "paused"), "{rows:?}");
}
