//! What the command says must be so: choices that cannot be, directories that are not there, logs that are over,
//! words of other programs, sockets of hosts that are gone.

use crate::support::{Shift, kill};
use nightshift_testkit::wait_until;
use serde_json::Value;
use std::process::Stdio;

fn sessions(shift: &Shift) -> usize {
    shift.json(&["agents", "--all", "--json"]).as_array().unwrap().len()
}

#[test]
fn a_mode_or_model_that_the_agent_is_known_not_to_have_is_refused_before_there_is_a_session() {
    let shift = Shift::new();
    let dispatch = ["--bg", "--agent", "rehearsal", "done hi"];
    for (choice, told) in [
        (["--model", "nope"], ["has no model `nope`", "steady, brisk"]),
        (["--permission-mode", "nope"], ["has no permission mode `nope`", "ask, auto"]),
        // By its id alone: what was meant otherwise would let more happen.
        (["--permission-mode", "AUTO"], ["has no permission mode `AUTO`", "ask, auto"]),
    ] {
        shift.fails(&[&choice[..], &dispatch].concat(), &told);
    }
    assert_eq!(sessions(&shift), 0);
    for choice in [["--model", "brisk"], ["--model", "Steady"], ["--permission-mode", "auto"]] {
        shift.ok(&[&choice[..], &dispatch].concat());
    }
    assert_eq!(sessions(&shift), 3);
}

#[test]
fn a_default_of_the_settings_that_cannot_be_is_refused_just_so() {
    let shift = Shift::new();
    std::fs::create_dir_all(shift.home.state()).unwrap();
    let settings = shift.home.state().join("settings.toml");
    std::fs::write(&settings, "[defaults]\nagent = \"rehearsal\"\npermission_mode = \"nope\"\n")
        .unwrap();
    shift.fails(
        &["--bg", "done hi"],
        &["no permission mode `nope`", "ask, auto", "defaults.permission_mode"],
    );
    shift.ok(&["--bg", "--permission-mode", "ask", "done hi"]);
}

#[test]
fn what_only_the_agent_knows_fails_its_session_with_the_reason() {
    let shift = Shift::new();
    std::fs::create_dir_all(shift.home.state()).unwrap();
    let settings = shift.home.state().join("settings.toml");
    let program = crate::support::binary().display();
    let mine =
        format!("[agent_servers.mine]\ncommand = \"{program}\"\nargs = [\"rehearsal-agent\"]\n");
    std::fs::write(&settings, mine).unwrap();
    for choice in [["--model", "nope"], ["--permission-mode", "nope"]] {
        let args = [&["--bg", "--agent", "mine", "--json"], &choice[..], &["done hi"]].concat();
        let id = crate::support::id_of(&shift.json(&args));
        let entry = shift.wait_state(&id, "failed");
        assert!(entry["error"].as_str().unwrap().contains("nope"), "{entry}");
    }
}

#[test]
fn a_directory_that_is_not_there_is_no_empty_list() {
    let shift = Shift::new();
    let id = shift.shell("read x");
    let file = shift.home.work().join("file");
    std::fs::write(&file, "").unwrap();
    shift.fails(&["agents", "--cwd", "/nope"], &["there is no directory /nope", "--cwd"]);
    shift.fails(&["agents", "--cwd", "nope", "--json"], &["there is no directory", "nope"]);
    shift.fails(&["agents", "--cwd", file.to_str().unwrap()], &["is no directory"]);
    let work = shift.home.work();
    let listed = shift.json(&["agents", "--cwd", work.to_str().unwrap(), "--json"]);
    assert_eq!(listed[0]["id"], id.as_str());
    // A session may have worked in a directory that is gone.
    let gone = work.join("gone");
    std::fs::create_dir(&gone).unwrap();
    let dir = gone.to_str().unwrap();
    shift.ok(&["--bg", "--cwd", dir, "--exec", "read x"]);
    std::fs::remove_dir(&gone).unwrap();
    assert_eq!(shift.json(&["agents", "--cwd", dir, "--json"]).as_array().unwrap().len(), 1);
}

#[test]
fn following_the_log_of_what_is_over_ends_although_its_process_rests() {
    let shift = Shift::new();
    let id = shift.agent("say one\ndone two");
    shift.wait_state(&id, "done");
    for args in
        [&["logs", "-f", &id][..], &["logs", "-f", "--json", &id], &["logs", "-f", "--raw", &id]]
    {
        assert!(shift.ok(args).contains("one"), "{args:?}");
    }
    shift.ok(&["reply", &id, "say three\nask Go on? | Yes\nsay four\ndone five"]);
    let mut follow = shift.command(&["logs", "-f", &id]);
    let follow = follow.stdout(Stdio::piped()).spawn().unwrap();
    shift.answer(&id, "1");
    shift.wait_state(&id, "done");
    let out = String::from_utf8(follow.wait_with_output().unwrap().stdout).unwrap();
    assert!(out.contains("three") && out.contains("four"), "{out}");
}

#[test]
fn following_the_log_of_what_goes_on_by_itself_goes_on() {
    let shift = Shift::new();
    let id = shift.agent("done one");
    shift.wait_state(&id, "done");
    shift.ok(&["cron", "create", &id, "0 0 1 1 *", "say much later"]);
    let mut follow = shift.command(&["logs", "-f", &id]);
    let mut follow = follow.stdout(Stdio::null()).spawn().unwrap();
    shift.ok(&["reply", &id, "say two\ndone three"]);
    shift.wait_log(&id, "two");
    shift.wait_state(&id, "done");
    assert!(follow.try_wait().unwrap().is_none(), "a cron task is to come");
    shift.ok(&["stop", &id]);
    assert!(follow.wait().unwrap().success());
}

#[test]
fn help_and_version_are_words_too() {
    let shift = Shift::new();
    assert_eq!(shift.ok(&["help"]), shift.ok(&["--help"]));
    assert_eq!(shift.ok(&["help", "stop"]), shift.ok(&["stop", "--help"]));
    assert_eq!(shift.ok(&["help", "daemon", "stop"]), shift.ok(&["daemon", "stop", "--help"]));
    assert_eq!(shift.ok(&["version"]), shift.ok(&["--version"]));
}

#[test]
fn a_loop_whose_interval_has_no_unit_is_refused() {
    let shift = Shift::new();
    let id = shift.agent("done hi");
    shift.wait_state(&id, "done");
    for words in [&["30", "check", "it"][..], &["30"]] {
        let start = [&["loop", "start", &id][..], words].concat();
        shift.fails(&start, &["`30` has no unit", "30s", "30m"]);
    }
    assert_eq!(shift.json(&["loop", "show", &id, "--json"])["loop"], Value::Null);
    let quoted = "5 files are left: done so";
    shift.ok(&["loop", "start", &id, quoted]);
    assert_eq!(shift.json(&["loop", "show", &id, "--json"])["loop"]["prompt"]["text"], quoted);
}

#[test]
fn the_socket_of_a_host_that_was_killed_goes_and_that_of_a_living_one_stays() {
    let shift = Shift::new();
    let (job, other, late) = (shift.shell("read x"), shift.shell("read x"), shift.shell("read x"));
    for id in [&job, &other, &late] {
        shift.wait_entry(id, "its process", |e| e["pid"].is_u64());
    }
    let socket = |id: &str| shift.home.home().host_socket(id);
    kill(&shift.host(&job));
    shift.wait_state(&job, "failed");
    assert!(!socket(&job).exists() && socket(&other).exists());
    // Nobody supervised it when it was killed, and its session is not known any more.
    shift.kill_supervisor();
    kill(&shift.host(&late));
    let strange = shift.home.home().run.join("5e550001.sock");
    drop(std::os::unix::net::UnixListener::bind(&strange).unwrap());
    shift.wait_state(&late, "failed");
    wait_until("dead sockets to be gone", || !socket(&late).exists() && !strange.exists());
    assert!(socket(&other).exists());
    shift.ok(&["stop", &other]);
}

#[test]
fn failures_38_the_summary_of_a_directory_counts_only_what_has_ended_there() {
    let shift = Shift::new();
    let (here, there) = (shift.home.work().join("here"), shift.home.work().join("there"));
    for (dir, jobs) in [(&here, 1), (&there, 2)] {
        std::fs::create_dir(dir).unwrap();
        for _ in 0..jobs {
            let args = ["--bg", "--json", "--cwd", dir.to_str().unwrap(), "--exec", "true"];
            let id = crate::support::id_of(&shift.json(&args));
            shift.wait_state(&id, "done");
        }
    }
    let summary = |dir: &std::path::Path| shift.ok(&["agents", "--cwd", dir.to_str().unwrap()]);
    assert!(summary(&here).contains("1 session has ended"), "{}", summary(&here));
    assert!(summary(&there).contains("2 sessions have ended"), "{}", summary(&there));
    let empty = shift.home.work().join("empty");
    std::fs::create_dir(&empty).unwrap();
    assert!(summary(&empty).contains("no sessions"), "{}", summary(&empty));
    assert!(shift.ok(&["agents"]).contains("3 sessions have ended"));
}

#[test]
fn small_truths_the_version_is_json_too_and_help_is_for_verbs() {
    let shift = Shift::new();
    let plain = shift.ok(&["--version"]);
    assert_eq!(shift.ok(&["version"]), plain);
    let version = plain.trim().rsplit(' ').next().unwrap().to_owned();
    for args in [
        &["version", "--json"][..],
        &["--json", "version"],
        &["--version", "--json"],
        &["--json", "-V"],
    ] {
        let given = shift.json(args);
        assert_eq!(
            given,
            serde_json::json!({"name": "nightshift", "version": version}),
            "{args:?}"
        );
    }
    for (args, part) in [
        (&["help", "nope"][..], "no help for unknown verb `nope`"),
        (&["help", "stp"], "did you mean `nightshift help stop`?"),
        (&["help", "daemon", "nope"], "unknown verb `nope`"),
        (&["help", "stop", "nope"], "unknown verb `nope`"),
        (&["version", "x"], "unexpected argument"),
    ] {
        let ran = shift.run(args);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{args:?}");
        assert!(ran.err.contains(part), "{args:?}: {}", ran.err);
    }
    assert!(shift.ok(&["help", "stop"]).contains("Usage"));
}

#[test]
fn failures_39_an_id_never_means_another_session_that_is_called_so() {
    let shift = Shift::new();
    let id = crate::support::id_of(&shift.json(&["--bg", "--json", "--exec", "true"]));
    shift.wait_state(&id, "done");
    let refused = shift.run(&["--bg", "--exec", "true", "--name", &id]);
    assert!(refused.err.contains("reads like the id of a session"), "{}", refused.err);
    // A name that is made from a job's command may read so all the same.
    let prompt = ["--bg", "--json", "--exec", &id];
    let other = crate::support::id_of(&shift.json(&prompt));
    let refused = shift.run(&["rename", &other, &id]);
    assert!(refused.err.contains("reads like the id of a session"), "{}", refused.err);
    shift.ok(&["rm", &id]);
    let nobody = shift.run(&["rm", &id]);
    assert!(nobody.err.contains("no session"), "{}", nobody.err);
    assert!(shift.ok(&["agents", "--all"]).contains(&other));
}
