//! A shell job's row and output: how long they stay after the end.

use crate::support::Shift;
use nightshift_client::Client;
use nightshift_protocol::{Command, Reply};
use nightshift_testkit::wait_until;

/// A supervisor that takes rows off a second after their end was looked at.
fn forgetful() -> Shift {
    Shift::with(&[("NIGHTSHIFT_SHELL_KEEP_S", "1")])
}

fn ended(shift: &Shift, command: &str) -> String {
    let id = shift.shell(command);
    shift.wait_entry(&id, "its end", |e| e["exitCode"].is_i64());
    id
}

fn wait_gone(shift: &Shift, id: &str) {
    wait_until("the row to go", || shift.entry(id).is_null());
    assert!(!shift.job(id).exists(), "its output stayed");
}

#[test]
fn what_was_looked_at_goes_and_what_nobody_saw_or_somebody_keeps_stays() {
    let shift = forgetful();
    let unseen = ended(&shift, "echo nobody looks");
    let failed = ended(&shift, "echo nobody looks; exit 3");
    let pinned = ended(&shift, "echo kept");
    shift.ok(&["pin", &pinned]);
    let running = shift.shell("echo begun; read x");
    let seen = ended(&shift, "echo looked at");
    let seen_failure = ended(&shift, "echo also looked at; exit 4");
    let agent = shift.agent("done and rests");
    shift.wait_state(&agent, "done");
    shift.ok(&["stop", &agent]);
    shift.wait_log(&running, "begun");
    for id in [&pinned, &seen, &seen_failure, &agent] {
        shift.ok(&["logs", id]);
    }
    wait_gone(&shift, &seen);
    wait_gone(&shift, &seen_failure);
    for id in [&unseen, &failed, &pinned, &running, &agent] {
        assert!(shift.job(id).exists() && !shift.entry(id).is_null(), "{id} went");
    }
    assert!(shift.ok(&["why", &pinned]).contains("result viewed"));
    // Its time begins when nothing keeps it any more.
    shift.ok(&["pin", "--off", &pinned]);
    wait_gone(&shift, &pinned);
}

#[test]
fn that_an_end_was_seen_is_known_to_the_next_supervisor() {
    let shift = Shift::new();
    let seen = ended(&shift, "echo looked at");
    let unseen = ended(&shift, "echo nobody looks");
    shift.ok(&["logs", "--follow", &seen]);
    nightshift_testkit::wait_until("the look to be stored", || {
        shift.ok(&["why", &seen]).contains("result viewed")
    });
    shift.kill_supervisor();
    shift.start(&[("NIGHTSHIFT_SHELL_KEEP_S", "1")]);
    wait_gone(&shift, &seen);
    assert!(!shift.entry(&unseen).is_null());
}

#[test]
fn a_job_that_runs_again_is_to_be_looked_at_again() {
    let shift = forgetful();
    let id = ended(&shift, "if [ -e again ]; then echo second; exit 5; fi; exit 6");
    std::fs::write(shift.home.work().join("again"), "").unwrap();
    shift.ok(&["pin", &id]);
    shift.ok(&["logs", &id]);
    shift.ok(&["respawn", &id]);
    shift.ok(&["pin", "--off", &id]);
    shift.wait_entry(&id, "its second end", |e| e["exitCode"] == 5);
    let other = ended(&shift, "true");
    shift.ok(&["logs", &other]);
    wait_gone(&shift, &other);
    assert_eq!(shift.entry(&id)["exitCode"], 5, "a result that nobody saw is gone");
}

/// As a window does while the end of a job is open in it.
#[test]
fn a_look_behind_the_end_is_a_look_at_the_end() {
    let shift = Shift::new();
    let id = ended(&shift, "echo last words");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let page = runtime.block_on(async {
        let client = Client::connect(&shift.home.home()).await.unwrap();
        // The largest number that a page of the window can name.
        let offset = (1 << 53) - 1;
        let logs = Command::Logs { session: id.clone(), raw: true, offset, since: None };
        client.call(logs).await.unwrap()
    });
    assert!(matches!(&page, Reply::Logs(page) if page.data.is_empty() && page.ended), "{page:?}");
    wait_until("the look to be known", || shift.ok(&["why", &id]).contains("result viewed"));
}
