//! Goals pursued by a vendor's agent, whole (G1–G4): its model is one script on loopback and its judge
//! another; over a permission, the death of the supervisor, a monitor, a stop and a brake.

use crate::goals::{judge, show, wait_goal};
use crate::vendor::Vendor;
use nightshift_testkit::{Asked, ModelServer, Saying, wait_until};
use serde_json::{Value, json};

/// Claude's agent with this first prompt, and the judge of its goals.
fn claude(
    prompt: &str,
    rule: impl Fn(&Asked) -> Saying + Send + Sync + 'static,
) -> Option<(Vendor, ModelServer, String)> {
    let vendor = Vendor::new("claude", "claude")?;
    let court = judge(&vendor.shift, rule);
    let id = vendor.dispatch(prompt);
    Some((vendor, court, id))
}

fn wait_phase(vendor: &Vendor, id: &str, phase: &str) -> Value {
    wait_goal(&vendor.shift, id, phase, |shown| shown["goal"]["phase"]["type"] == phase)["goal"]
        .clone()
}

/// How often the judge was asked for a verdict.
fn asked(court: &ModelServer) -> usize {
    court.asked().iter().filter(|asked| asked.is_for_a_verdict()).count()
}

fn judgements(goal: &Value) -> Vec<&str> {
    let verdicts = goal["verdicts"].as_array().unwrap();
    verdicts.iter().map(|verdict| verdict["judgement"].as_str().unwrap()).collect()
}

#[test]
fn claude_pursues_a_goal_to_met_over_a_permission_and_killed_supervisors() {
    // What only the output of the command that the first verdict wanted can show.
    let Some((vendor, court, id)) =
        claude("/goal the proof is shown", |asked| match asked.text().contains("proof 42") {
            true => Saying::verdict("met", "the output shows the proof"),
            false => {
                Saying::verdict("not_yet", "run it: @@bash echo proof $((6 * 7)) | tee proof@@")
            }
        })
    else {
        return;
    };
    let shift = &vendor.shift;
    let entry = shift.wait_state(&id, "blocked");
    assert_eq!(entry["waitingFor"], "permission prompt", "{entry}");
    shift.kill_supervisor();
    assert_eq!(shift.wait_state(&id, "blocked")["pending"], entry["pending"]);
    assert_eq!(asked(&court), 1, "a turn that waits for the user is not judged");
    // The judge does not answer before the supervisor has died a second time.
    court.answer(|_| Some(Saying::Hang));
    shift.answer(&id, "allow");
    wait_until("the second turn to be judged", || asked(&court) == 2);
    shift.kill_supervisor();
    court.answer(|asked| {
        let shown = asked.text().contains("proof 42");
        Some(Saying::verdict(if shown { "met" } else { "impossible" }, "the output was read"))
    });
    let shown = wait_goal(shift, &id, "met", |shown| shown["last"]["how"] == "met");
    let goal = &shown["last"]["goal"];
    assert_eq!((&goal["turns"], &goal["evaluator"]), (&2.into(), &"openai scripted".into()));
    assert_eq!(judgements(goal), ["not_yet", "met"]);
    shift.wait_state(&id, "done");
    let log = shift.ok(&["logs", &id]);
    assert_eq!(log.matches("> [goal] The goal is not met yet: run it").count(), 1, "{log}");
    shift.ok(&["rm", &id]);
}

#[test]
fn claude_is_not_judged_while_its_monitor_runs_and_its_brake_holds_over_a_stop() {
    let Some((vendor, court, id)) = claude("hello", |asked| match asked.text() {
        text if text.contains("it is out of reach") => Saying::verdict("impossible", "it is far"),
        text if text.contains("it is talked about") => Saying::verdict("not_yet", "only words"),
        text if text.contains("goes on in the background") => Saying::verdict("not_yet", "it runs"),
        _ => Saying::verdict("met", "it was waited for"),
    }) else {
        return;
    };
    let shift = &vendor.shift;
    shift.wait_state(&id, "done");
    let watch =
        json!({"description": "the build", "command": "exec sleep 600", "persistent": true});
    vendor.run(&["reply", &id, &format!("@@tool Monitor {watch}@@")]);
    shift.wait_state(&id, "blocked");
    shift.answer(&id, "allow");
    shift.wait_state(&id, "done");
    vendor.run(&["goal", "set", &id, "it is built"]);
    let waiting = wait_phase(&vendor, &id, "waiting");
    assert!(waiting["phase"]["why"].as_str().unwrap().contains("the build"), "{waiting}");
    assert_eq!((asked(&court), &waiting["turns"]), (0, &1.into()), "{waiting}");
    // A check-in that the user wants now, and then the end of what was waited for.
    vendor.run(&["goal", "retry", &id]);
    wait_goal(shift, &id, "put off again", |shown| {
        shown["goal"]["phase"]["type"] == "waiting" && shown["goal"]["turns"] == 1
    });
    assert_eq!(asked(&court), 1, "the turn after the check-in is put off too");
    let tasks = shift.json(&["tasks", &id, "--json"]);
    let monitor = tasks.as_array().unwrap().iter().find(|task| task["kind"] == "monitor");
    shift.ok(&["tasks", "stop", monitor.unwrap()["id"].as_str().unwrap()]);
    wait_goal(shift, &id, "met", |shown| shown["last"]["how"] == "met");
    shift.wait_state(&id, "done");

    vendor.run(&["goal", "set", &id, "it is talked about"]);
    let paused = wait_phase(&vendor, &id, "paused");
    assert_eq!(paused["phase"]["why"], "no tool was used in 3 turns", "{paused}");
    shift.ok(&["stop", &id]);
    shift.wait_state(&id, "stopped");
    vendor.run(&["respawn", &id]);
    let goal = wait_phase(&vendor, &id, "pursuing");
    assert_eq!((&goal["turns"], &goal["condition"]), (&0.into(), &"it is talked about".into()));
    vendor.run(&["goal", "set", &id, "it is out of reach"]);
    let shown = wait_goal(shift, &id, "impossible", |s| s["last"]["how"] == "impossible");
    assert_eq!(shown["last"]["goal"]["turns"], 1, "{shown}");
    assert_eq!(show(shift, &id)["goal"], Value::Null);
    shift.wait_state(&id, "failed");
    shift.ok(&["rm", &id]);
}
