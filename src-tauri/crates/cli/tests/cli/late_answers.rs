//! Answers that come too late: whoever gives one hears what became of the request.

use crate::clone::Clone;
use crate::support::{Ran, Shift};

fn answer(shift: &Shift, id: &str, request: &str, words: &str) -> Ran {
    shift.run(&["answer", id, "--request", request, words])
}

#[test]
fn failures_39_of_two_that_answer_at_once_one_is_told_that_it_was_answered() {
    let shift = Shift::new();
    let id = shift.agent("ask Red? | Yes | No\nwait 60");
    let request = shift.request(&id);
    let (one, two) = std::thread::scope(|scope| {
        let at_once = [(); 2].map(|()| scope.spawn(|| answer(&shift, &id, &request, "2")));
        let [one, two] = at_once.map(|ran| ran.join().unwrap());
        (one, two)
    });
    let (won, lost) = if one.code == Some(0) { (one, two) } else { (two, one) };
    won.ok(&["answer"]);
    lost.failed(&["answer"], &["was already answered with `No`", &id, "nightshift logs"]);
}

#[test]
fn failures_39_a_late_answer_is_told_what_became_of_its_request_whatever_is_done_now() {
    let shift = Shift::new();
    let id = shift.agent("ask Red? | Yes | No\nask Blue? | Yes\nwait 60");
    let red = shift.request(&id);
    shift.answer(&id, "2");
    shift.wait_entry(&id, "the second request", |e| e["pending"]["question"] == "Blue?");
    // While it asks something else, while it works, and when it has ended.
    answer(&shift, &id, &red, "1").failed(&["answer"], &["already answered with `No`"]);
    let blue = shift.request(&id);
    shift.answer(&id, "1");
    let told = ["already answered with `Yes`"];
    answer(&shift, &id, &blue, "1").failed(&["answer"], &told);
    answer(&shift, &id, &red, "1").failed(&["answer"], &["already answered with `No`"]);
    shift.fails(&["answer", &id, "yes"], &told);
    answer(&shift, &id, "nonsense", "1").failed(&["answer"], &["no request `nonsense`", "gone"]);
    shift.kill_supervisor();
    answer(&shift, &id, &red, "1").failed(&["answer"], &["already answered with `No`"]);
    shift.ok(&["stop", &id]);
    answer(&shift, &id, &blue, "1").failed(&["answer"], &told);
    let other = shift.agent("wait 60");
    shift.fails(&["answer", &other, "yes"], &["asks nothing", "nightshift reply"]);
}

#[test]
fn failures_39_an_answer_to_a_request_that_was_withdrawn_is_told_so() {
    let shift = Shift::new();
    let id = shift.agent("ask Red? | Yes | No\nwait 60");
    let request = shift.request(&id);
    shift.ok(&["stop", &id]);
    shift.wait_state(&id, "stopped");
    let told = ["is gone: it was withdrawn", &id];
    answer(&shift, &id, &request, "1").failed(&["answer"], &told);
    shift.fails(&["answer", &id, "yes"], &told);
}

#[test]
fn failures_39_a_second_answer_of_trust_is_told_of_the_first() {
    let (clone, id) = Clone::asked("wait 60");
    let shift = &clone.shift;
    let request = shift.request(&id);
    clone.answer(&id, "1");
    let told = ["already answered with `Trust it as it is and start`"];
    answer(shift, &id, &request, "2").failed(&["answer"], &told);
}
