//! Hosts that do not answer: stopped by a signal, or out of reach because something stands in the place of their
//! socket. They are named with the way out, nobody waits for them, and nothing is lost.

use crate::support::{Ran, Shift, ran};
use nightshift_platform::process::{Identity, Liveness3, signal};
use nightshift_platform::signals::{SIGCONT, SIGSTOP};
use nightshift_testkit::wait_until;
use std::path::PathBuf;
use std::process::Child;

fn job(shift: &Shift, command: &str) -> (String, Identity) {
    let id = shift.shell(command);
    shift.wait_entry(&id, "its process", |e| e["pid"].is_u64());
    let host = shift.host(&id);
    (id, host)
}

/// A session that asks for a command.
fn asking(shift: &Shift) -> (String, Identity) {
    let id = shift.agent("run echo fine\ndone got it");
    shift.wait_state(&id, "blocked");
    let host = shift.host(&id);
    (id, host)
}

fn halt(process: &Identity) {
    signal(process, SIGSTOP).unwrap();
    wait_until("it to stand still", || process.standstill().is_some());
}

fn let_go_on(process: &Identity) {
    signal(process, SIGCONT).unwrap();
}

fn pid_of(shift: &Shift, id: &str) -> Identity {
    let pid = shift.entry(id)["pid"].as_u64().unwrap();
    Identity::of(u32::try_from(pid).unwrap()).unwrap()
}

fn begun(shift: &Shift, args: &[&str]) -> Child {
    let mut command = shift.command(args);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    command.spawn().unwrap()
}

fn ended(child: Child) -> Ran {
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Puts something in the place of a socket.
type Put = dyn Fn(&PathBuf);

/// Nobody is at its socket, and nobody can be: `put` stands there when the next supervisor comes.
fn out_of_reach(shift: &Shift, id: &str, put: impl Fn(&PathBuf)) -> PathBuf {
    let socket = shift.home.home().host_socket(id);
    shift.kill_supervisor();
    std::fs::remove_file(&socket).unwrap();
    put(&socket);
    socket
}

#[test]
fn a_stopped_host_is_named_and_what_was_asked_of_it_happens_once_it_goes_on() {
    let shift = Shift::new();
    let (job, host) = job(&shift, "read x");
    halt(&host);
    let pid = host.pid;
    let told = [
        &format!("session {job} has not ended"),
        &format!("its host (pid {pid}) does not answer: it is stopped by a signal"),
        &format!("kill -CONT {pid}"),
        "it ends as soon as it can",
    ];
    shift.fails(&["stop", &job], &told);
    let entry = shift.entry(&job);
    assert!(entry["unknown"].as_str().unwrap().contains("stopped by a signal"), "{entry}");
    shift.fails(&["stop", &job], &told);
    shift.fails(&["rm", &job], &told[..3]);
    assert_eq!(host.liveness(), Liveness3::Alive);
    assert!(shift.job(&job).exists());
    let_go_on(&host);
    is_removed(&shift, &job);
    assert_eq!(shift.home.processes().len(), 1, "only the supervisor is left");
}

/// Without being asked again.
fn is_removed(shift: &Shift, id: &str) {
    wait_until("it to be removed", || shift.entry(id).is_null());
    wait_until("its directory to go", || !shift.job(id).exists());
}

#[test]
fn failures_38_a_host_that_stands_still_is_told_of_before_anything_is_asked_of_it() {
    let shift = Shift::new();
    let (job, host) = job(&shift, "read x");
    let (idle, other) = asking(&shift);
    halt(&host);
    halt(&other);
    let entry = shift.wait_entry(&job, "to be unknown", |e| e["unknown"].is_string());
    assert!(entry["unknown"].as_str().unwrap().contains("stopped by a signal"), "{entry}");
    // Nothing is due from a session that waits for the user.
    assert!(shift.entry(&idle)["unknown"].is_null());
    let_go_on(&host);
    let_go_on(&other);
    let entry = shift.wait_entry(&job, "to answer again", |e| e["pid"].is_u64());
    assert_eq!(entry["state"], "working");
    // Again, and it is told again.
    halt(&host);
    shift.wait_entry(&job, "to be unknown", |e| e["unknown"].is_string());
    let_go_on(&host);
    shift.wait_entry(&job, "to answer again", |e| e["pid"].is_u64());
    shift.ok(&["stop", &job]);
}

#[test]
fn failures_38_what_is_asked_of_a_host_that_is_known_to_stand_still_is_said_in_the_same_words() {
    let shift = Shift::new();
    let jobs: Vec<(String, Identity)> = (0..3).map(|_| job(&shift, "read x")).collect();
    let [(stopped, _), (removed, _), (both, _)] = &jobs[..] else { panic!() };
    for (id, host) in &jobs {
        halt(host);
        shift.wait_entry(id, "to be unknown", |e| e["unknown"].is_string());
    }
    let told = ["has not ended", "stopped by a signal", "kill -CONT", "as soon as it can"];
    shift.fails(&["stop", stopped], &[&told[..], &["; it ends as"]].concat());
    shift.fails(&["rm", removed], &[&told[..], &["; it ends and is removed as"]].concat());
    shift.fails(&["stop", both], &told);
    shift.fails(&["rm", both], &told);
    for (id, host) in &jobs {
        assert_eq!(host.liveness(), Liveness3::Alive);
        assert!(!shift.entry(id).is_null());
        let_go_on(host);
    }
    shift.wait_state(stopped, "stopped");
    is_removed(&shift, removed);
    is_removed(&shift, both);
}

#[test]
fn failures_38_a_removal_is_done_where_the_stopped_host_is_killed() {
    let shift = Shift::new();
    let (job, host) = job(&shift, "read x");
    halt(&host);
    shift.fails(&["rm", &job], &["it ends and is removed as soon as it can"]);
    crate::support::kill(&host);
    is_removed(&shift, &job);
}

#[test]
fn a_removal_of_a_stopped_host_keeps_everything_until_it_goes_on_and_is_done_then() {
    let shift = Shift::new();
    let (id, host) = asking(&shift);
    halt(&host);
    let cont = format!("kill -CONT {}", host.pid);
    shift.fails(&["rm", &id], &[&id, "has not ended", &cont, "it ends and is removed"]);
    assert!(shift.ok(&["logs", &id]).contains("echo fine"));
    let_go_on(&host);
    is_removed(&shift, &id);
}

#[test]
fn a_host_that_is_stopped_while_it_ends_its_session_is_named() {
    let shift = Shift::new();
    let (job, host) = job(&shift, "trap '' TERM HUP INT; echo ready; while :; do sleep 0.1; done");
    shift.wait_log(&job, "ready");
    let stop = begun(&shift, &["stop", &job]);
    wait_until("the stop to be under way", || shift.ok(&["why", &job]).contains("stop"));
    halt(&host);
    let cont = format!("kill -CONT {}", host.pid);
    ended(stop).failed(&["stop"], &[&job, "has not ended", "stopped by a signal", &cont]);
    let_go_on(&host);
    shift.wait_state(&job, "stopped");
    wait_until("the host to end", || host.liveness() == Liveness3::Gone);
}

#[test]
fn a_stopped_host_delays_no_other_stop() {
    let shift = Shift::new();
    let (still, host) = job(&shift, "read x");
    let others = [job(&shift, "read x").0, job(&shift, "read x").0, asking(&shift).0];
    halt(&host);
    let stop = begun(&shift, &["stop", &still]);
    let stops: Vec<Child> = others.iter().map(|id| begun(&shift, &["stop", id])).collect();
    for child in stops {
        let done = ended(child);
        assert_eq!(done.code, Some(0), "{done:?}");
    }
    ended(stop).failed(&["stop"], &[&still, "has not ended"]);
    shift.fails(&["daemon", "stop", "--any"], &[&still, "cannot be ended", "--keep-workers"]);
    let_go_on(&host);
    shift.wait_state(&still, "stopped");
}

#[test]
fn a_supervisor_that_is_to_end_names_the_host_that_keeps_it_and_ends_after_it() {
    let shift = Shift::new();
    let (still, host) = job(&shift, "read x");
    let (other, _) = job(&shift, "read x");
    let supervisor = shift.supervisor();
    halt(&host);
    let cont = format!("kill -CONT {}", host.pid);
    let told = [&*still, "has not ended", "stopped by a signal", &cont, "after the last session"];
    shift.fails(&["daemon", "stop", "--any"], &told);
    assert_eq!(supervisor.liveness(), Liveness3::Alive);
    assert_eq!(shift.entry(&other)["state"], "stopped");
    let_go_on(&host);
    wait_until("the supervisor to end", || supervisor.liveness() == Liveness3::Gone);
    assert_eq!(shift.entry(&still)["state"], "stopped");
}

#[test]
fn sessions_go_on_without_a_supervisor_although_one_of_their_hosts_stands_still() {
    let shift = Shift::new();
    let (still, host) = job(&shift, "read x");
    halt(&host);
    shift.ok(&["daemon", "stop", "--keep-workers"]);
    let entry = shift.wait_entry(&still, "to be unknown", |e| e["unknown"].is_string());
    assert!(entry["unknown"].as_str().unwrap().contains("stopped by a signal"), "{entry}");
    let_go_on(&host);
    let entry = shift.wait_entry(&still, "to answer again", |e| e["pid"].is_u64());
    assert_eq!(entry["state"], "working");
    assert!(shift.ok(&["why", &still]).contains("answers again"));
    shift.ok(&["stop", &still]);
    assert_eq!(host.liveness(), Liveness3::Gone);
}

#[test]
fn an_agent_that_is_stopped_itself_is_ended() {
    let shift = Shift::new();
    let (id, host) = asking(&shift);
    halt(&pid_of(&shift, &id));
    shift.ok(&["stop", &id]);
    assert_eq!(shift.entry(&id)["state"], "stopped");
    wait_until("the host to end", || host.liveness() == Liveness3::Gone);
}

#[test]
fn an_answer_that_a_stopped_host_does_not_take_is_an_error_and_reaches_the_agent_later() {
    let shift = Shift::new();
    let (id, host) = asking(&shift);
    halt(&host);
    let cont = format!("kill -CONT {}", host.pid);
    let request = shift.request(&id);
    let told = ["the answer has not reached session", &id, "stopped by a signal", &cont, "is kept"];
    shift.fails(&["answer", &id, "--request", &request, "allow"], &told);
    let_go_on(&host);
    assert_eq!(shift.wait_state(&id, "done")["result"], "got it");
}

#[test]
fn what_stands_in_the_place_of_a_hosts_socket_is_named_and_its_request_stays() {
    let file = |socket: &PathBuf| std::fs::write(socket, "somebody's").unwrap();
    let directory = |socket: &PathBuf| std::fs::create_dir(socket).unwrap();
    let link = |socket: &PathBuf| std::os::unix::fs::symlink("/nowhere", socket).unwrap();
    let puts: [(&str, &Put); 3] =
        [("no socket", &file), ("a directory", &directory), ("a symbolic link", &link)];
    for (what, put) in puts {
        let shift = Shift::new();
        let (id, host) = asking(&shift);
        let request = shift.request(&id);
        let socket = out_of_reach(&shift, &id, put);
        let named = socket.display().to_string();
        let told = [&*id, &named, "is in the way", what, "move it away"];
        // The first thing that the new supervisor is asked.
        let answer = ["answer", &id, "--request", &request, "allow"];
        shift.run(&answer).failed(&answer, &[&told[..], &["its request stays"]].concat());
        shift.fails(&["stop", &id], &told);
        shift.fails(&["rm", &id], &told);
        assert_eq!(shift.entry(&id)["pending"]["id"], request);
        // Another supervisor finds it just so, and says nothing of a process that was started or answers.
        shift.kill_supervisor();
        shift.fails(&["stop", &id], &told);
        let why = shift.ok(&["why", &id]);
        assert_eq!(why.matches(" started").count(), 1, "{why}");
        assert!(!why.contains("answers again"), "{why}");
        assert_eq!(host.liveness(), Liveness3::Alive);
        match what {
            "a directory" => std::fs::remove_dir(&socket).unwrap(),
            _ => std::fs::remove_file(&socket).unwrap(),
        }
        wait_until("the answer to be taken", || shift.run(&answer).code == Some(0));
        assert_eq!(shift.wait_state(&id, "done")["result"], "got it");
        let why = shift.ok(&["why", &id]);
        assert_eq!(why.matches(" started").count(), 1, "{why}");
        assert_eq!(why.matches("answers again").count(), 1, "{why}");
    }
}

#[test]
fn an_answer_to_a_supervisor_that_has_just_begun_waits_for_its_host_and_is_taken() {
    let shift = Shift::new();
    let (id, _) = asking(&shift);
    let request = shift.request(&id);
    shift.kill_supervisor();
    let answer = ["answer", &id, "--request", &request, "2"];
    ran(&mut shift.command(&answer), b"").ok(&answer);
    assert_eq!(shift.wait_state(&id, "done")["result"], "got it");
}
