//! Stop and remove leave nothing behind, whatever a session's processes did to get away.

use crate::support::Shift;
use nightshift_platform::process::{Identity, Liveness3, arguments, descendants};
use nightshift_testkit::{wait_for, wait_until};

/// A child of its own session, one forked twice, one without our environment, one that ignores
/// being asked.
const RUNAWAYS: &str = "setsid sleep 1000 & \
    (setsid sh -c 'sleep 1000 & exit' &) ; \
    env -i setsid sleep 1000 & \
    sh -c 'trap \"\" TERM HUP INT; while :; do sleep 1; done' & ";
/// The four above, and the sleep of the last.
const RUNAWAY_COUNT: usize = 5;

fn family(shift: &Shift, id: &str, at_least: usize) -> Vec<Identity> {
    let host = shift.host(id);
    let mut all = wait_for("every runaway to run", || {
        let found = descendants(host.pid).unwrap();
        (found.len() >= at_least).then_some(found)
    });
    all.push(host);
    all
}

fn assert_gone(family: &[Identity]) {
    // The verb has returned: nothing may be left now, not soon. A process that the last look saw
    // before it was born of a dying one is among the home's.
    for process in family {
        assert_eq!(process.liveness(), Liveness3::Gone, "{process:?}");
    }
}

fn assert_only_the_supervisor_lives(shift: &Shift) {
    let supervisor = shift.supervisor();
    wait_until("only the supervisor to be left", || shift.home.processes() == [supervisor]);
}

#[test]
fn stop_ends_every_descendant_of_a_shell_job() {
    let shift = Shift::new();
    let id = shift.shell(&format!("{RUNAWAYS} read x"));
    shift.wait_entry(&id, "its process", |e| e["pid"].is_u64());
    let family = family(&shift, &id, RUNAWAY_COUNT + 1);
    shift.ok(&["stop", &id]);
    assert_gone(&family);
    assert_only_the_supervisor_lives(&shift);
    assert_eq!(shift.entry(&id)["state"], "stopped");
}

#[test]
fn rm_ends_every_descendant_of_an_agent() {
    let shift = Shift::new();
    let args = ["--bg", "--agent", "rehearsal", "--permission-mode", "auto", "--json"];
    let script = format!("run {RUNAWAYS} sleep 1000");
    let id = crate::support::id_of(&shift.json(&[&args[..], &[&script]].concat()));
    shift.wait_entry(&id, "its process", |e| e["pid"].is_u64());
    let family = family(&shift, &id, RUNAWAY_COUNT + 2);
    shift.ok(&["rm", &id]);
    assert_gone(&family);
    assert_only_the_supervisor_lives(&shift);
    assert!(!shift.job(&id).exists());
}

#[test]
fn a_job_that_ends_by_itself_leaves_nothing_either() {
    let shift = Shift::new();
    let id = shift.shell(&format!("{RUNAWAYS} sleep 0.3"));
    shift.wait_entry(&id, "its end", |e| e["exitCode"].is_i64());
    assert_only_the_supervisor_lives(&shift);
}

#[test]
fn stopping_the_supervisor_with_any_ends_every_session() {
    let shift = Shift::new();
    let job = shift.shell(&format!("{RUNAWAYS} read x"));
    shift.wait_entry(&job, "its process", |e| e["pid"].is_u64());
    family(&shift, &job, RUNAWAY_COUNT + 1);
    let agent = shift.agent("ask Stay? | Yes");
    shift.wait_state(&agent, "blocked");
    shift.ok(&["daemon", "stop", "--any"]);
    assert_eq!(shift.home.processes(), []);
    for id in [&job, &agent] {
        assert_eq!(shift.entry(id)["state"], "stopped");
    }
}

#[test]
fn kill_is_another_word_for_stop() {
    let shift = Shift::new();
    let id = shift.shell("read x");
    assert_eq!(shift.json(&["kill", &id, "--json"])["state"], "stopped");
}

#[test]
fn what_a_killed_host_left_running_ends_with_its_session() {
    let shift = Shift::new();
    let id = shift.shell("setsid sleep 1000 & (setsid sh -c 'sleep 1000 & exit' &) ; read x");
    shift.wait_entry(&id, "its process", |e| e["pid"].is_u64());
    let orphans = family(&shift, &id, 3);
    crate::support::kill(&shift.host(&id));
    shift.wait_state(&id, "failed");
    shift.ok(&["rm", &id]);
    assert_gone(&orphans);
    assert_only_the_supervisor_lives(&shift);
}

#[test]
fn a_host_leads_a_session_of_its_own() {
    let shift = Shift::new();
    let id = shift.shell("read x");
    let host = shift.host(&id).pid;
    let stat = std::fs::read_to_string(format!("/proc/{host}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // State, parent, group, session.
    assert_eq!(fields[2..4], [host.to_string(), host.to_string()]);
    assert_eq!(std::fs::read_link(format!("/proc/{host}/cwd")).unwrap().to_str(), Some("/"));
}

#[test]
fn security_11_a_process_that_calls_itself_ours_ends_with_its_session() {
    let shift = Shift::new();
    let inner = shift.home.work().join("inner");
    let script = format!(
        "NIGHTSHIFT_ROLE=host setsid sleep 7771 & (NIGHTSHIFT_ROLE=supervisor setsid sleep 7772 &)
         NIGHTSHIFT_HOME={inner} {nightshift} --bg --exec 'exec sleep 7773' && echo begun; sleep 7774",
        inner = inner.display(),
        nightshift = crate::support::binary().display(),
    );
    let id = shift.shell(&script);
    shift.wait_log(&id, "begun");
    let sleeps = || {
        let found = shift.home.processes().into_iter().filter(|process| {
            let words = arguments(process.pid).unwrap_or_default();
            words.last().is_some_and(|word| word.to_string_lossy().starts_with("777"))
        });
        found.count()
    };
    wait_until("all sleep", || sleeps() == 4);
    shift.ok(&["stop", &id]);
    shift.ok(&["rm", &id]);
    assert_eq!(sleeps(), 0, "a supervisor with another home is this session's too, and so on");
    assert!(shift.ok(&["daemon", "status"]).contains("running"));
}
