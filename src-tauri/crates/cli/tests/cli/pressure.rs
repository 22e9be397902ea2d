//! Memory is short: idle agents give their processes back, everything else goes on.
//!
//! The shortage is a file in the kernel's format: the machine itself is left in peace.

use crate::support::Shift;

const CALM: &str = "some avg10=0.10 avg60=0.00 avg300=0.00 total=1\n";
const SHORT: &str = "some avg10=40.00 avg60=9.00 avg300=1.00 total=9\n";

#[test]
fn failures_15_idle_sessions_are_shed_under_memory_pressure_pinned_last() {
    let shift = Shift::new();
    let file = shift.home.work().join("memory");
    std::fs::write(&file, CALM).unwrap();
    shift.start(&[
        ("NIGHTSHIFT_PRESSURE_FILE", file.to_str().unwrap()),
        ("NIGHTSHIFT_PRESSURE_PAUSE_S", "1"),
    ]);
    let pinned = shift.agent("done pinned");
    shift.wait_state(&pinned, "done");
    shift.ok(&["pin", &pinned]);
    let idle = ["first", "second"].map(|name| {
        let id = shift.agent(&format!("done {name}"));
        shift.wait_state(&id, "done");
        id
    });
    let asking = shift.agent("ask Go on? | Yes\ndone asked");
    shift.wait_state(&asking, "blocked");
    let working = shift.agent("say begun\nwait 600");
    shift.wait_log(&working, "\nbegun");
    let job = shift.shell("read x");
    std::fs::write(&file, SHORT).unwrap();
    let mut order = Vec::new();
    for _ in 0..3 {
        nightshift_testkit::wait_until("another one to go", || {
            for id in idle.iter().chain([&pinned]) {
                if shift.entry(id)["pid"].is_null() && !order.contains(id) {
                    order.push(id.clone());
                    return true;
                }
            }
            false
        });
    }
    assert_eq!(order, [idle[0].clone(), idle[1].clone(), pinned.clone()]);
    for id in [&asking, &working, &job] {
        assert!(shift.entry(id)["pid"].is_u64(), "{id} was shed");
    }
    assert!(shift.ok(&["why", &pinned]).contains("memory is short"));
    assert_eq!(shift.ok(&["notifications"]).matches("memory is short").count(), 1);
    std::fs::write(&file, CALM).unwrap();
    shift.ok(&["reply", &pinned, "done again"]);
    shift.wait_entry(&pinned, "its next result", |e| e["result"] == "again");
    shift.answer(&asking, "1");
    shift.wait_entry(&asking, "its result", |e| e["result"] == "asked");
}
