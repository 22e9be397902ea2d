//! An agent's mode and model are chosen while its session goes on, and stay chosen.

use crate::support::{Shift, kill};

fn wait_mode(shift: &Shift, id: &str, mode: &str) {
    shift.wait_entry(id, mode, |entry| entry["permissionMode"] == mode);
}

#[test]
fn a_mode_holds_for_the_next_turn_and_for_the_next_process() {
    let shift = Shift::new();
    let id = shift.agent("run echo one\ndone first");
    shift.wait_state(&id, "blocked");
    shift.answer(&id, "allow");
    shift.wait_state(&id, "done");
    let listed = shift.ok(&["set", &id]);
    assert!(listed.contains("  * ask  Ask · Asks before it runs a command"), "{listed}");
    assert!(listed.contains("model\n  * steady"), "{listed}");

    shift.ok(&["set", &id, "mode", "Auto"]);
    wait_mode(&shift, &id, "auto");
    assert!(shift.ok(&["set", &id]).contains("  * auto"));
    shift.ok(&["reply", &id, "run echo two\ndone unasked"]);
    shift.wait_entry(&id, "the second result", |entry| entry["result"] == "unasked");
    assert!(shift.ok(&["why", &id]).contains("mode is now auto"));

    kill(&shift.host(&id));
    shift.wait_entry(&id, "its process to be gone", |entry| entry["pid"].is_null());
    shift.ok(&["reply", &id, "run echo three\ndone still unasked"]);
    shift.wait_entry(&id, "the third result", |entry| entry["result"] == "still unasked");
    assert!(shift.ok(&["set", &id]).contains("  * auto"), "shown as the new process has it");
}

#[test]
fn a_choice_waits_for_the_next_process_also_over_the_death_of_the_supervisor() {
    let shift = Shift::new();
    let id = shift.agent("done first");
    shift.wait_state(&id, "done");
    kill(&shift.host(&id));
    shift.wait_entry(&id, "its process to be gone", |entry| entry["pid"].is_null());
    let said = shift.ok(&["set", &id, "mode", "auto"]);
    assert!(said.contains("mode = auto, as soon as its agent takes it"), "{said}");
    shift.ok(&["set", &id, "model", "brisk"]);
    shift.kill_supervisor();
    shift.ok(&["reply", &id, "run echo one\ndone unasked"]);
    shift.wait_entry(&id, "the result", |entry| entry["result"] == "unasked");
    let entry = shift.entry(&id);
    assert_eq!((&entry["permissionMode"], &entry["model"]), (&"auto".into(), &"brisk".into()));
}

#[test]
fn what_is_not_offered_is_refused_with_what_is() {
    let shift = Shift::new();
    let id = shift.agent("done first");
    shift.wait_state(&id, "done");
    shift.fails(&["set", &id, "mode", "yolo"], &["no mode `yolo`; it offers ask, auto"]);
    shift.fails(&["set", &id, "effort", "high"], &["no option `effort`; it has mode, model"]);
    shift.fails(&["set", &id, "mode", " "], &["nightshift set"]);

    // Nobody knows yet; then its agent refuses it, and the session goes on.
    kill(&shift.host(&id));
    shift.wait_entry(&id, "its process to be gone", |entry| entry["pid"].is_null());
    shift.ok(&["set", &id, "mode", "yolo"]);
    shift.ok(&["reply", &id, "run echo one\ndone second"]);
    shift.wait_state(&id, "blocked");
    shift.answer(&id, "allow");
    shift.wait_entry(&id, "the result", |entry| entry["result"] == "second");
    shift.wait_log(&id, "refused mode = yolo: no mode `yolo`");
    assert_eq!(shift.entry(&id)["permissionMode"], "ask");

    let job = shift.shell("sleep 60");
    shift.fails(&["set", &job, "mode", "ask"], &["is a shell job and has no options"]);
}
