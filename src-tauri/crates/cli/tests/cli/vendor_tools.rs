//! Our own tools from a vendor's agent, whole: a scripted model on loopback calls every one of them by
//! the name that the agent gives it, and the effect is on the board.

use crate::vendor::Vendor;
use nightshift_testkit::{Saying, wait_until};
use serde_json::{Value, json};

/// Has the model call a tool in a turn of its own.
fn call(vendor: &Vendor, id: &str, tool: &str, arguments: &Value) {
    vendor.run(&["reply", id, &format!("@@tool {tool} {arguments}@@")]);
}

/// Waits until the model was told this by a tool. The agent also asks it for titles and the like, so
/// that the newest request need not be the turn's.
fn told(vendor: &Vendor, part: &str) {
    wait_until(&format!("the model to be told {part}"), || {
        vendor.model.asked().iter().any(|asked| asked.text().contains(part))
    });
}

fn tasks(vendor: &Vendor, id: &str, kind: &str) -> Vec<Value> {
    let all = vendor.shift.json(&["tasks", id, "--json"]);
    all.as_array().unwrap().iter().filter(|task| task["kind"] == kind).cloned().collect()
}

fn schedules(vendor: &Vendor, id: &str) {
    let shift = &vendor.shift;
    call(vendor, id, "CronCreate", &json!({"cron": "0 9 * * 1-5", "prompt": "look"}));
    told(vendor, "humanSchedule");
    let listed = shift.json(&["cron", "list", id, "--json"]);
    let task = listed[0]["id"].as_str().unwrap().to_owned();
    shift.wait_state(id, "done");
    call(vendor, id, "CronList", &json!({}));
    told(vendor, "\"expiresAt\"");
    shift.wait_state(id, "done");
    call(vendor, id, "TaskList", &json!({}));
    told(vendor, &format!("{id}.cron.{task}"));
    shift.wait_state(id, "done");
    call(vendor, id, "CronDelete", &json!({"id": task}));
    told(vendor, "\"deleted\":true");
    assert!(tasks(vendor, id, "cron").is_empty());
    shift.wait_state(id, "done");
    let wake = json!({"delaySeconds": 5, "reason": "the build runs", "prompt": "go on"});
    call(vendor, id, "ScheduleWakeup", &wake);
    told(vendor, "\"clampedDelaySeconds\":60");
    shift.wait_state(id, "done");
    call(vendor, id, "PushNotification", &json!({"message": "the build is green"}));
    told(vendor, "disabledReason");
    let receipts = shift.json(&["notifications", "receipts", "--json"]).to_string();
    assert!(receipts.contains("the build is green"), "{receipts}");
    shift.wait_state(id, "done");
}

fn monitors(vendor: &Vendor, id: &str) {
    let shift = &vendor.shift;
    let command = "echo one line of the log; exec sleep 600";
    let watch = json!({"description": "the log", "command": command, "persistent": true});
    call(vendor, id, "Monitor", &watch);
    let entry = shift.wait_state(id, "blocked");
    assert_eq!(entry["waitingFor"], "permission prompt", "{entry}");
    let question = entry["pending"]["question"].as_str().unwrap();
    assert!(question.contains("echo one line"), "{question}");
    assert!(tasks(vendor, id, "monitor").is_empty(), "nothing runs before the answer");
    shift.answer(id, "allow");
    told(vendor, "one line of the log\n");
    let task = tasks(vendor, id, "monitor").remove(0);
    assert_eq!(task["lastLines"], json!(["one line of the log"]), "{task}");
    shift.wait_state(id, "done");
    call(vendor, id, "TaskStop", &json!({"task_id": task["id"]}));
    wait_until("the monitor to be gone", || tasks(vendor, id, "monitor").is_empty());
    let log = shift.wait_log(id, "(the monitor has ended: it was stopped)");
    assert!(log.contains("[monitor] Monitor"), "{log}");
}

fn goals(vendor: &Vendor, id: &str) {
    let shift = &vendor.shift;
    vendor.model.answer(|asked| {
        asked.is_for_a_verdict().then(|| Saying::verdict("met", "the words are there"))
    });
    wait_until("the turn's end", || shift.entry(id)["status"] == "idle");
    call(vendor, id, "GoalStatus", &json!({}));
    told(vendor, "\"active\":false");
    wait_until("the turn's end", || shift.entry(id)["status"] == "idle");
    call(vendor, id, "GoalSet", &json!({"condition": "the words are there"}));
    let met = |shown: &Value| shown["last"]["how"] == "met";
    wait_until("the goal met", || met(&shift.json(&["goal", "show", id, "--json"])));
    let shown = shift.json(&["goal", "show", id, "--json"]);
    let by = shown["last"]["goal"]["evaluator"].as_str().unwrap();
    assert!(by.starts_with("anthropic "), "judged over the interface the agent itself uses: {by}");
    assert!(shift.ok(&["logs", id]).contains("> [goal] Goal: the words are there"));
    wait_until("the turn's end", || shift.entry(id)["status"] == "idle");
    call(vendor, id, "GoalClear", &json!({}));
    told(vendor, "has no goal");
}

#[test]
fn claude_schedules_watches_and_pursues_with_our_tools() {
    let Some(vendor) = Vendor::new("claude", "claude") else { return };
    let id = vendor.dispatch("hello");
    vendor.shift.wait_state(&id, "done");
    schedules(&vendor, &id);
    monitors(&vendor, &id);
    goals(&vendor, &id);
    vendor.shift.ok(&["rm", &id]);
}

#[test]
fn codex_and_gemini_make_a_cron_task_with_our_tool() {
    for agent in ["codex", "gemini"] {
        let Some(vendor) = Vendor::new(agent, agent) else { return };
        let id =
            vendor.dispatch("@@tool CronCreate {\"cron\": \"0 9 * * *\", \"prompt\": \"look\"}@@");
        wait_until("the cron task", || tasks(&vendor, &id, "cron").len() == 1);
        vendor.shift.wait_state(&id, "done");
        vendor.shift.ok(&["rm", &id]);
    }
}
