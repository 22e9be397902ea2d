//! What runs in the background of sessions is listed, and can be stopped one by one.

use crate::support::{Shift, fields};
use nightshift_platform::process::{Identity, Liveness3};
use nightshift_testkit::wait_for;
use serde_json::Value;

/// The one task of this session whose title contains `part`.
fn wait_task(shift: &Shift, id: &str, part: &str) -> Value {
    wait_for(part, || {
        let tasks = shift.json(&["tasks", id, "--json"]);
        let fits = |t: &&Value| t["title"].as_str().unwrap().contains(part);
        tasks.as_array().unwrap().iter().find(fits).cloned()
    })
}

fn process(task: &Value) -> Identity {
    Identity::of(u32::try_from(task["usage"]["pid"].as_u64().unwrap()).unwrap()).unwrap()
}

#[test]
fn background_commands_of_a_job_are_listed_and_one_is_stopped_with_its_children() {
    let shift = Shift::new();
    let other = shift.shell("sleep 1002 & read x");
    let id = shift.shell("sh -c 'sleep 1001 & wait' & setsid sleep 1000 & read x");
    let (stays, parent) = (wait_task(&shift, &id, "sleep 1000"), wait_task(&shift, &id, "sh -c"));
    let child = wait_for("the child itself", || {
        let tasks = shift.json(&["tasks", &id, "--json"]);
        tasks.as_array().unwrap().iter().find(|t| t["title"] == "sleep 1001").cloned()
    });
    let names = ["id", "kind", "lastLines", "session", "since", "stoppable", "title", "usage"];
    assert_eq!(fields(&stays), names);
    assert_eq!((&stays["kind"], &stays["session"]), (&"process".into(), &id.clone().into()));
    assert!(stays["usage"]["memoryKib"].as_u64().unwrap() > 0, "{stays}");
    assert!(
        stays["since"].as_u64().unwrap() >= shift.entry(&id)["startedAt"].as_u64().unwrap() - 1000
    );
    let main = shift.entry(&id)["pid"].clone();
    let listed = shift.json(&["tasks", &id, "--json"]);
    assert!(listed.as_array().unwrap().iter().all(|t| t["usage"]["pid"] != main), "{listed}");
    assert!(!shift.ok(&["tasks", &id]).contains("1002") && shift.ok(&["tasks"]).contains("1002"));
    let (parent_process, child_process) = (process(&parent), process(&child));
    let task = parent["id"].as_str().unwrap();
    assert_eq!(shift.json(&["tasks", "stop", task, "--json"])["stopped"], true);
    for gone in [parent_process, child_process] {
        assert_eq!(gone.liveness(), Liveness3::Gone);
    }
    assert_eq!(process(&stays).liveness(), Liveness3::Alive);
    assert_eq!(shift.entry(&id)["pid"], main);
    shift.fails(&["tasks", "stop", task], &["no such process", "nightshift tasks"]);
    assert!(!shift.ok(&["tasks", &other]).is_empty());
}

#[test]
fn nothing_but_a_background_process_of_that_very_session_is_stopped() {
    let shift = Shift::new();
    let id = shift.shell("sleep 1000 & read x");
    let other = shift.shell("sleep 1001 & read x");
    let task = wait_task(&shift, &other, "sleep 1001");
    let victim = process(&task);
    let own = Identity::own().unwrap();
    let main =
        Identity::of(u32::try_from(shift.entry(&id)["pid"].as_u64().unwrap()).unwrap()).unwrap();
    let host = shift.host(&id);
    let name = |process: Identity| format!("{id}.{}.{}", process.pid, process.start_ticks);
    let reused = Identity { start_ticks: victim.start_ticks + 1, ..victim };
    for (task, part) in [
        (name(victim), "no such process"),
        (name(own), "no such process"),
        (name(host), "no such process"),
        (format!("{other}.{}.{}", reused.pid, reused.start_ticks), "no such process"),
        (name(main), "itself"),
        ("nonsense".to_owned(), "no task"),
        (format!("{id}.call-1"), "interrupt"),
    ] {
        shift.fails(&["tasks", "stop", &task], &[part]);
    }
    for process in [victim, main, host] {
        assert_eq!(process.liveness(), Liveness3::Alive);
    }
}

#[test]
fn a_running_tool_call_of_an_agent_is_listed_with_its_process() {
    let shift = Shift::new();
    let args = ["--bg", "--agent", "rehearsal", "--permission-mode", "auto", "--json"];
    let script = "run echo half way; sleep 1000\ndone";
    let id = crate::support::id_of(&shift.json(&[&args[..], &[script]].concat()));
    wait_task(&shift, &id, "sleep 1000");
    let tool = wait_for("the tool call", || {
        let tasks = shift.json(&["tasks", &id, "--json"]);
        tasks.as_array().unwrap().iter().find(|t| t["kind"] == "tool").cloned()
    });
    assert_eq!((&tool["stoppable"], &tool["usage"]), (&false.into(), &Value::Null));
    shift.fails(&["tasks", "stop", tool["id"].as_str().unwrap()], &["nightshift interrupt"]);
    assert!(shift.ok(&["tasks", &id]).contains("tool"));
    shift.ok(&["interrupt", &id]);
    shift.wait_entry(&id, "the turn's end", |e| e["status"] == "idle");
    wait_for("nothing to be left", || {
        (shift.json(&["tasks", &id, "--json"]) == serde_json::json!([])).then_some(())
    });
    assert!(shift.ok(&["tasks", &id]).contains("nothing runs"));
}
