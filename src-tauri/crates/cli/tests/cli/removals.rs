//! What a supervisor was asked for and did not live to do, what it says first, and who else needs a worktree.

use crate::clone::Clone;
use crate::support::{AGENT_OPENS, Shift, kill, ran};
use nightshift_platform::process::{Identity, Liveness3, signal};
use nightshift_platform::signals::{SIGCONT, SIGSTOP};
use nightshift_testkit::wait_until;
use std::process::{Child, Stdio};

fn begun(shift: &Shift, args: &[&str]) -> Child {
    shift.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn is_removed(shift: &Shift, id: &str) {
    wait_until("it to be removed", || shift.entry(id).is_null());
    wait_until("its directory to go", || !shift.job(id).exists());
}

/// Deaf to everything but force, which comes after a time.
const DEAF: &str = "trap '' TERM HUP INT; echo ready; while :; do sleep 0.1; done";

#[test]
fn ends_h5_a_removal_goes_on_when_the_supervisor_was_killed_while_its_session_ended() {
    let shift = Shift::new();
    let id = shift.shell(DEAF);
    shift.wait_log(&id, "ready");
    let host = shift.host(&id);
    let mut rm = begun(&shift, &["rm", &id]);
    wait_until("the removal to be under way", || shift.ok(&["why", &id]).contains("stop"));
    // It stands still until the next supervisor is there: only that one can go on.
    signal(&host, SIGSTOP).unwrap();
    shift.kill_supervisor();
    assert!(!rm.wait().unwrap().success(), "its caller is told that it is not known to be done");
    shift.ok(&["agents"]);
    signal(&host, SIGCONT).unwrap();
    is_removed(&shift, &id);
    wait_until("its host to end", || host.liveness() == Liveness3::Gone);
}

#[test]
fn ends_h5_a_removal_that_waits_for_a_stopped_host_outlives_the_supervisor() {
    let shift = Shift::new();
    let job = shift.shell("read x");
    let asks = shift.agent("ask Go on? | Yes\ndone went on");
    shift.request(&asks);
    let hosts = [shift.host(&job), shift.host(&asks)];
    hosts.iter().for_each(|host| signal(host, SIGSTOP).unwrap());
    for id in [&job, &asks] {
        shift.fails(&["rm", id], &["has not ended", "it ends and is removed"]);
    }
    shift.kill_supervisor();
    for id in [&job, &asks] {
        assert!(shift.entry(id)["id"].is_string(), "nothing goes while its host may live");
    }
    // Once more, and one of the hosts ends while nobody looks.
    shift.kill_supervisor();
    kill(&hosts[0]);
    shift.ok(&["agents"]);
    is_removed(&shift, &job);
    signal(&hosts[1], SIGCONT).unwrap();
    is_removed(&shift, &asks);
}

#[test]
fn ends_h5_a_removal_that_was_refused_or_taken_back_is_not_done_later() {
    let clone = Clone::new();
    let shift = &clone.shift;
    let id = clone.dispatch(&["--name", "fix login"], "write new.txt work\ndone hi");
    let entry = shift.wait_state(&id, "done");
    let tree = std::path::PathBuf::from(entry["lodging"]["path"].as_str().unwrap());
    shift.fails(&["rm", &id], &["1 uncommitted change (new.txt)"]);
    shift.kill_supervisor();
    // A removal that was wanted still would be over before a reply has come to its end.
    clone.run(&["reply", &id, "write more.txt more\ndone again"]);
    shift.wait_entry(&id, "its answer", |e| e["result"] == "again");
    assert!(tree.join("new.txt").exists() && tree.join("more.txt").exists());
    // What the next one is told counts, and not what the refused one was.
    shift.fails(&["rm", &id], &["uncommitted"]);
    shift.kill_supervisor();
    clone.run(&["rm", &id, "--discard"]);
    assert!(!tree.exists() && shift.entry(&id).is_null());
}

#[test]
fn ends_h3_the_first_list_of_a_new_supervisor_is_true() {
    let shift = Shift::new();
    let jobs: Vec<String> = (0..8).map(|_| shift.shell("read x")).collect();
    let asks = shift.agent("ask Go on? | Yes\ndone went on");
    shift.request(&asks);
    let hosts: Vec<Identity> = jobs.iter().map(|id| shift.host(id)).collect();
    for (killed, host) in hosts.iter().enumerate() {
        shift.kill_supervisor();
        kill(host);
        let all = shift.json(&["agents", "--all", "--json"]);
        let state = |id: &String| {
            let found = all.as_array().unwrap().iter().find(|entry| entry["id"] == **id);
            found.unwrap()["state"].as_str().unwrap().to_owned()
        };
        for (n, id) in jobs.iter().enumerate() {
            assert_eq!(state(id), if n <= killed { "failed" } else { "working" }, "{n}: {all}");
        }
        assert_eq!(state(&asks), "blocked");
    }
}

/// A host that says nothing holds up no list for long: it is told as it was.
#[test]
fn ends_h3_a_host_that_says_nothing_does_not_keep_the_first_list() {
    let shift = Shift::new();
    let (still, ended) = (shift.shell("read x"), shift.shell("read x"));
    let (host, other) = (shift.host(&still), shift.host(&ended));
    signal(&host, SIGSTOP).unwrap();
    shift.kill_supervisor();
    kill(&other);
    let all = shift.json(&["agents", "--all", "--json"]);
    assert_eq!(all.as_array().unwrap().len(), 2, "{all}");
    signal(&host, SIGCONT).unwrap();
    shift.wait_state(&ended, "failed");
    shift.wait_entry(&still, "its process", |e| e["pid"].is_u64());
}

#[test]
fn ends_h4_a_worktree_that_another_session_works_in_stays_and_the_session_is_named() {
    let clone = Clone::new();
    let shift = &clone.shift;
    let outer = clone.dispatch(&["--name", "outer"], "done hi");
    let entry = shift.wait_state(&outer, "done");
    let tree = std::path::PathBuf::from(entry["lodging"]["path"].as_str().unwrap());
    let below = tree.join("below");
    std::fs::create_dir(&below).unwrap();
    let link = shift.home.work().join("by-link");
    std::os::unix::fs::symlink(&below, &link).unwrap();
    let mut inside = Vec::new();
    for (name, dir) in [("inner", &tree), ("deeper", &below), ("linked", &link)] {
        let dir = dir.display().to_string();
        let args = ["--cwd", &dir, "--no-worktree", "--name", name];
        let id = clone.dispatch(&args, "done there");
        shift.wait_state(&id, "done");
        shift.ok(&["stop", &id]);
        inside.push((id, name));
    }
    let elsewhere = clone.dispatch(&["--no-worktree", "--name", "elsewhere"], "done there");
    shift.wait_state(&elsewhere, "done");
    for flags in [&[][..], &["--discard"]] {
        let args = [&["rm", &outer][..], flags].concat();
        let named: Vec<String> =
            inside.iter().map(|(id, name)| format!("session {id} ({name}) works in it")).collect();
        let mut told: Vec<&str> = named.iter().map(String::as_str).collect();
        told.extend(["remove the sessions in it first", "--keep-worktree"]);
        shift.fails(&args, &told);
        assert!(tree.exists() && shift.entry(&outer)["id"].is_string());
    }
    // Without its session it is nobody's, and stays for the others all the same.
    clone.run(&["rm", &outer, "--keep-worktree"]);
    for args in [&["worktrees", "rm", &outer][..], &["worktrees", "rm", &outer, "--discard"]] {
        let kept = shift.run(args);
        assert_eq!(kept.code, Some(1), "{kept:?}");
        assert!(kept.out.contains("(inner) works in it"), "{kept:?}");
    }
    let cleaned = shift.run(&["worktrees", "clean"]);
    assert!(cleaned.out.contains("(inner) works in it"), "{cleaned:?}");
    assert!(tree.exists());
    for (id, _) in &inside {
        clone.run(&["rm", id]);
    }
    clone.run(&["worktrees", "rm", &outer, "--discard"]);
    assert!(!tree.exists());
}

#[test]
fn ends_h4_a_job_that_is_over_keeps_no_worktree_and_is_named() {
    let clone = Clone::new();
    let shift = &clone.shift;
    let outer = clone.dispatch(&["--name", "outer"], "done hi");
    let entry = shift.wait_state(&outer, "done");
    let tree = entry["lodging"]["path"].as_str().unwrap().to_owned();
    let args = ["--bg", "--exec", "true", "--cwd", &tree, "--json"];
    let job = crate::support::id_of(&shift.json(&args));
    shift.wait_entry(&job, "its end", |e| e["exitCode"].is_i64());
    let told = clone.run(&["rm", &outer]);
    assert!(told.contains(&job) && told.contains("ran in it"), "{told}");
    assert!(!std::path::Path::new(&tree).exists() && shift.entry(&job)["id"].is_string());
}

/// An agent that offers nothing but to allow, and keeps what it hears.
const ALLOWS_ONLY: &str = r#"
read -r prompt
printf '{"jsonrpc":"2.0","id":9,"method":"session/request_permission","params":{"sessionId":"s","toolCall":{"toolCallId":"t","title":"make","kind":"execute","rawInput":{"command":"make"}},"options":[{"optionId":"y","name":"Yes","kind":"allow_once"}]}}\n'
while read -r line; do printf '%s\n' "$line" >> heard; case "$line" in *'"id":9'*) answer "$prompt" '{"stopReason":"cancelled"}';; esac; done
"#;

#[test]
fn answers_51_a_no_is_shown_and_given_where_the_agent_offers_none() {
    let shift = Shift::new();
    shift.agent_program("gemini", &format!("{AGENT_OPENS}{ALLOWS_ONLY}"));
    let id = shift.dispatch_program("gemini");
    let request = shift.request(&id);
    let shown = "No (allows nothing and ends the turn)";
    let entry = shift.entry(&id);
    assert!(entry["pending"].to_string().contains(shown), "{entry}");
    assert!(shift.ok(&["logs", &id]).contains(shown));
    let mut deny = shift.command(&["answer", &id, "--request", &request, "deny"]);
    ran(&mut deny, b"").ok(&["deny"]);
    shift.wait_entry(&id, "its turn's end", |e| e["state"] != "blocked" && e["state"] != "working");
    let heard = std::fs::read_to_string(shift.home.work().join("heard")).unwrap();
    let lines: Vec<&str> = heard.lines().collect();
    assert_eq!(lines.len(), 2, "{heard}");
    assert!(lines[0].contains("session/cancel"), "{heard}");
    assert!(lines[1].contains(r#"{"outcome":{"outcome":"cancelled"}}"#), "{heard}");
}
