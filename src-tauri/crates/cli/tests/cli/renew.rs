//! A new version: pinned agents get a new process while they have nothing to do.
//!
//! How old a host is stands in the document it wrote; here that is made older.

use crate::support::Shift;
use nightshift_platform::process::Identity;
use serde_json::Value;

/// As if the session's host had been started by an earlier version.
fn make_older(shift: &Shift, id: &str) {
    let path = shift.job(id).join("ready.json");
    let mut ready: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(ready["build"], env!("CARGO_PKG_VERSION"));
    ready["build"] = "0.0.1".into();
    std::fs::write(&path, ready.to_string()).unwrap();
}

/// None while one host has gone and the next is not ready.
fn host(shift: &Shift, id: &str) -> Option<Identity> {
    let ready = std::fs::read(shift.job(id).join("ready.json")).ok()?;
    let ready: Value = serde_json::from_slice(&ready).ok()?;
    Identity::of(u32::try_from(ready["pid"].as_u64()?).ok()?).ok()
}

fn has_another_host(shift: &Shift, id: &str, old: Option<Identity>) -> bool {
    let now = host(shift, id);
    now.is_some() && now != old
}

#[test]
fn pinned_idle_agents_are_started_again_in_the_new_version_and_nothing_else_is() {
    let shift = Shift::new();
    let [first, second, busy, loose] = ["one", "two", "three", "four"].map(|name| {
        let id = shift.agent(&format!("done {name}"));
        shift.wait_state(&id, "done");
        id
    });
    let job = shift.shell("read x");
    shift.wait_entry(&job, "its process", |e| e["pid"].is_u64());
    for id in [&first, &second, &busy, &job] {
        shift.ok(&["pin", id]);
    }
    shift.ok(&["reply", &busy, "say begun\nask Go on? | Yes\ndone after all"]);
    shift.wait_state(&busy, "blocked");
    let before = [&first, &second, &busy, &loose, &job].map(|id| host(&shift, id));
    shift.kill_supervisor();
    for id in [&first, &second, &busy, &loose, &job] {
        make_older(&shift, id);
    }
    for (id, old, result) in [(&first, before[0], "one"), (&second, before[1], "two")] {
        let entry = shift.wait_entry(id, "its new process", |e| {
            e["state"] == "done" && e["pid"].is_u64() && has_another_host(&shift, id, old)
        });
        assert_eq!(entry["result"], result, "{entry}");
        assert!(shift.ok(&["why", id]).contains("version 0.0.1"));
        shift.ok(&["reply", id, "done remembered"]);
        shift.wait_entry(id, "its next result", |e| e["result"] == "remembered");
        let log = shift.ok(&["logs", id]);
        assert_eq!(log.matches(&format!("> done {result}")).count(), 1, "{log}");
    }
    assert_eq!([&busy, &loose, &job].map(|id| host(&shift, id)), before[2..]);
    shift.answer(&busy, "1");
    shift.wait_entry(&busy, "its new process once it is idle", |e| {
        e["result"] == "after all"
            && e["pid"].is_u64()
            && has_another_host(&shift, &busy, before[2])
    });
    assert_eq!([&loose, &job].map(|id| host(&shift, id)), before[3..]);
}

#[test]
fn a_supervisor_that_dies_in_the_middle_of_a_renewal_costs_no_result() {
    let shift = Shift::new();
    let id = shift.agent("done one");
    shift.wait_state(&id, "done");
    shift.ok(&["pin", &id]);
    shift.ok(&["stop", &id]);
    shift.kill_supervisor();
    // As it is stored when the old process has gone and the new one is not there yet.
    let database = rusqlite::Connection::open(shift.home.home().database()).unwrap();
    let sql = "UPDATE sessions SET doc = json_set(doc, '$.state', json('{\"type\": \"starting\"}'),
        '$.renewing', json('{\"since\": 7, \"state\": {\"type\": \"completed\", \"result\": \"one\"}}'))
        WHERE id = ?1";
    assert_eq!(database.execute(sql, [&id]).unwrap(), 1);
    drop(database);
    let entry = shift.wait_state(&id, "done");
    assert_eq!((&entry["result"], &entry["pid"]), (&"one".into(), &Value::Null));
    assert!(shift.ok(&["why", &id]).contains("not started again"));
    shift.ok(&["reply", &id, "done two"]);
    shift.wait_entry(&id, "its next result", |e| e["result"] == "two" && e["pid"].is_u64());
}
