//! What `logs` prints: by time, and as text that pages cut nowhere.

use crate::support::Shift;
use nightshift_platform::clock;
use nightshift_testkit::wait_until;

/// The time now, once the clock shows a later one.
fn passed_instant() -> String {
    let now = clock::now();
    wait_until("the clock to go on", || clock::now() > now);
    let later = i64::try_from(now.0 + 1).unwrap();
    jiff::Timestamp::from_millisecond(later).unwrap().to_string()
}

#[test]
fn since_leaves_out_what_came_before() {
    let shift = Shift::new();
    let script = "echo first; while ! [ -e go ]; do sleep 0.01; done; echo second; read x";
    let id = shift.shell(script);
    shift.wait_log(&id, "first");
    let instant = passed_instant();
    assert_eq!(shift.ok(&["logs", &id, "--since", &instant]), "");
    std::fs::write(shift.home.work().join("go"), "").unwrap();
    shift.wait_log(&id, "second");
    assert_eq!(shift.ok(&["logs", &id, "--since", &instant]), "second\n");
    assert_eq!(shift.ok(&["logs", &id, "--raw", "--since", &instant]), "second\r\n");
    assert_eq!(shift.ok(&["logs", &id, "--since", "1h"]), "first\nsecond\n");
    assert_eq!(shift.ok(&["logs", &id, "--since", "2020-01-01"]), "first\nsecond\n");
    let page = shift.json(&["logs", &id, "--json", "--since", &instant]);
    assert_eq!(page["data"], "second\n");
    shift.ok(&["stop", &id]);
    assert_eq!(shift.ok(&["logs", "--follow", &id, "--since", &instant]), "second\n");
}

#[test]
fn since_leaves_out_the_older_part_of_a_conversation() {
    let shift = Shift::new();
    let id = shift.agent("say long ago");
    shift.wait_log(&id, "long ago");
    shift.wait_state(&id, "done");
    let instant = passed_instant();
    shift.ok(&["reply", &id, "say just now"]);
    shift.wait_log(&id, "\njust now");
    shift.wait_state(&id, "done");
    shift.ok(&["stop", &id]);
    for args in [&["logs", &id, "--since", &instant][..], &["logs", "-f", &id, "--since", &instant]]
    {
        let log = shift.ok(args);
        assert!(log.contains("\njust now") && !log.contains("long ago"), "{args:?}: {log}");
    }
}

#[test]
fn a_time_that_is_none_is_refused_with_examples() {
    let shift = Shift::new();
    let id = shift.shell("read x");
    for (words, why) in [("soon", "is no time"), ("", "is no time"), ("2199-01-01", "not come yet")]
    {
        shift.fails(&["logs", &id, "--since", words], &[why, "10m", "18:00"]);
    }
}

#[test]
fn coloured_multibyte_text_over_many_pages_leaves_no_residue() {
    const LINES: usize = 220_000;
    const LINE: &str = "日本語-é\ttab";
    let shift = Shift::new();
    let id = shift.shell(&format!(
        r#"stty -opost; yes "$(printf '\033[38;5;196m日本語-\033[1mé\033[0m\ttab')" | head -n {LINES}"#
    ));
    shift.wait_state(&id, "done");
    let log = shift.ok(&["logs", &id]);
    assert!(log.len() > 3 * 1024 * 1024, "{} bytes are too few pages", log.len());
    assert_eq!(log.lines().find(|line| *line != LINE), None);
    assert_eq!(log.lines().count(), LINES);
}
