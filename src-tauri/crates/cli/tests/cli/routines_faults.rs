//! Routines when something is not as it should be: questions that nobody answers, prechecks and setups that fail, bases
//! that are missing, files that others may have written.

use crate::routines::{
    MET, definition, file, list, repository, routine, run, runs, shift, wait_routine, wait_run,
    write,
};
use crate::support::ran;
use nightshift_platform::process::{Identity, Liveness3};
use nightshift_testkit::{wait_for, wait_until};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

const ASKS: &str = "[permissions]\notherwise = \"ask\"\n";

/// A definition with keys of its environment.
fn with_environment(keys: &str, front: &str, prompt: &str) -> String {
    let environment = format!("from = \"none\"\n{keys}");
    definition(front, prompt).replace("from = \"none\"", &environment)
}

#[test]
fn a_question_takes_no_place_and_a_run_without_one_says_what_it_waits_for() {
    let shift = shift();
    for n in 0..4 {
        let name = format!("asks-{n}");
        write(&shift, &name, &definition(ASKS, "run echo secret"));
        let started = run(&shift, &name);
        shift.wait_state(started["session"].as_str().unwrap(), "blocked");
    }
    for n in 0..4 {
        let name = format!("works-{n}");
        write(&shift, &name, &definition("", "wait 600"));
        assert!(run(&shift, &name)["session"].is_string(), "four questions are open");
        wait_run(&shift, &name, "running");
    }
    write(&shift, "late", &definition("", "say hi"));
    let waits = run(&shift, "late");
    assert_eq!(waits["waits_for"], "other runs take all places", "{waits}");
    let row = &runs(&shift, "late")[0];
    assert_eq!((&row["state"], &row["reason"]), (&"due".into(), &"no_place".into()), "{row}");
    assert!(row["words"].as_str().unwrap().contains("other runs take all places"), "{row}");
    let first = runs(&shift, "works-0")[0]["session"].as_str().unwrap().to_owned();
    shift.ok(&["stop", &first]);
    wait_run(&shift, "late", "finished");
}

#[test]
fn only_a_precheck_that_ends_by_itself_says_that_there_is_nothing_to_do() {
    let shift = shift();
    for (name, precheck, state, kind) in [
        ("one", "exit 1", "skipped", "precheck"),
        ("last", "exit 125", "skipped", "precheck"),
        ("missing", "echo almost; no-such-command-here", "failed", "precheck"),
        ("locked", "echo almost; exit 126", "failed", "precheck"),
        ("killed", "echo almost; kill -9 $$", "failed", "precheck"),
        ("broken", "echo almost; sh -c 'kill -9 $$'", "failed", "precheck"),
    ] {
        let keys = format!("precheck = \"{precheck}\"\n");
        write(&shift, name, &with_environment(&keys, "", "say hi"));
        shift.fails(&["routines", "run", name], &["it did not run"]);
        let row = &runs(&shift, name)[0];
        assert_eq!(row["state"], state, "{row}");
        match state {
            "skipped" => assert_eq!(row["reason"], kind, "{row}"),
            _ => {
                assert_eq!(row["error"]["type"], kind, "{row}");
                let message = row["error"]["message"].as_str().unwrap();
                assert!(message.contains("almost"), "the last lines: {message}");
            }
        }
    }
}

#[test]
fn a_base_is_what_was_named_or_the_run_fails() {
    let shift = shift();
    let repository = repository(&shift, "a.txt", "a\n");
    let git = |args: &[&str]| {
        let mut git = shift.home.command(OsStr::new("git").as_ref());
        ran(git.args(["-C", repository.to_str().unwrap()]).args(args), b"").ok(args)
    };
    git(&["checkout", "-q", "-b", "other"]);
    std::fs::write(repository.join("other.txt"), "o\n").unwrap();
    git(&["add", "-A"]);
    git(&["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "other"]);
    let front =
        |base: &str| format!("repository = \"{}\"\nbase = \"{base}\"\n", repository.display());
    for (name, base, keys) in [
        ("default", "default", "setup = \"test ! -e other.txt\"\n"),
        ("head", "head", "setup = \"test -e other.txt\"\n"),
        ("named", "other", "setup = \"test -e other.txt\"\n"),
    ] {
        write(&shift, name, &with_environment(keys, &front(base), "say hi"));
        run(&shift, name);
        wait_run(&shift, name, "finished");
    }
    write(&shift, "gone", &definition(&front("nobranch"), "say hi"));
    shift.fails(&["routines", "run", "gone"], &["nobranch", "fetch it first"]);
    assert_eq!(runs(&shift, "gone")[0]["error"]["type"], "base_gone");
    // Where nothing says which branch is the default, nothing is guessed.
    git(&["branch", "-q", "-m", "main", "trunk"]);
    shift.fails(&["routines", "run", "default"], &["no default branch", "`base`"]);
}

#[test]
fn a_setup_that_failed_says_which_command_and_how() {
    let shift = shift();
    let repository = repository(&shift, "a.txt", "a\n");
    let front = format!("repository = \"{}\"\n[policy]\nretries = 0\n", repository.display());
    let keys = "setup = \"echo no such package; exit 9\"\n";
    write(&shift, "fails", &with_environment(keys, &front, "say hi"));
    run(&shift, "fails");
    let row = wait_run(&shift, "fails", "failed");
    assert_eq!(row["error"]["type"], "setup_failed", "{row}");
    let message = row["error"]["message"].as_str().unwrap();
    for part in ["echo no such package; exit 9", "exit code 9", "no such package"] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn a_setup_that_outlives_its_supervisor_is_ended_before_another_begins() {
    let shift = shift();
    let repository = repository(&shift, "a.txt", "a\n");
    let pids = shift.home.work().join("pids");
    let setup = format!(
        "echo $$ >> '{0}'; test $(wc -l < '{0}') -gt 1 || setsid sleep 3000",
        pids.display()
    );
    let front = format!("repository = \"{}\"\n", repository.display());
    let text = with_environment(&format!("setup = \"{setup}\"\n"), &front, "say hi");
    write(&shift, "twice", &text);
    shift.run(&["routines", "run", "twice"]);
    let first = wait_for("the first setup", || {
        let pids = std::fs::read_to_string(&pids).ok()?;
        Identity::of(pids.lines().next()?.parse().ok()?).ok()
    });
    shift.kill_supervisor();
    wait_run(&shift, "twice", "finished");
    assert_eq!(first.liveness(), Liveness3::Gone, "the first setup is ended");
    assert_eq!(std::fs::read_to_string(&pids).unwrap().lines().count(), 2);
}

#[test]
fn what_an_agent_only_repeats_is_no_proof() {
    let shift = shift();
    write(&shift, "echoes", &definition(MET, "say I was asked for contains:all is well"));
    run(&shift, "echoes");
    assert_eq!(wait_run(&shift, "echoes", "finished")["outcome"], "not_met");
    // With turns left, what was said before the last prompt is none: it is the prompt that is answered.
    let front = format!("[policy]\nbudget = {{ turns = 3 }}\n{MET}");
    write(&shift, "again", &definition(&front, "say almost"));
    run(&shift, "again");
    assert_eq!(wait_run(&shift, "again", "finished")["outcome"], "not_met");
}

#[test]
fn a_definition_that_no_verb_wrote_is_told_once() {
    let shift = shift();
    let daily =
        |hour: u32| definition(&format!("[[trigger]]\nschedule = \"0 {hour} * * *\"\n"), "say hi");
    write(&shift, "planted", &daily(9));
    let told = |part: &str| shift.notices().lines().filter(|line| line.contains(part)).count();
    wait_until("the new file to be told", || told("routine planted was added") == 1);
    assert!(shift.notices().contains("every day at 09:00, runs next at "), "{}", shift.notices());
    // The same content, with a comment, is nothing new; another schedule is.
    let commented = format!("{}\n", daily(9).replace("agent =", "# mine\nagent ="));
    std::fs::write(file(&shift, "planted"), commented).unwrap();
    std::fs::write(file(&shift, "planted"), daily(10)).unwrap();
    wait_until("the change to be told", || told("routine planted was changed") == 1);
    shift.kill_supervisor();
    list(&shift);
    assert_eq!((told("planted was added"), told("planted was changed")), (1, 1));
    let args = ["routines", "create", "mine", "say hi", "--agent", "rehearsal"];
    shift.ok(&args);
    list(&shift);
    assert_eq!(told("routine mine"), 0, "its user made it: {}", shift.notices());
}

#[test]
fn a_file_that_others_can_write_is_no_definition() {
    let shift = shift();
    let text = definition("", "say hi");
    write(&shift, "open", &text);
    let permit = |mode: u32| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(file(&shift, "open"), permissions).unwrap();
    };
    permit(0o666);
    let view = wait_routine(&shift, "open", |view| view["problems"][0].is_object());
    assert!(view["problems"][0]["message"].as_str().unwrap().contains("chmod o-w"), "{view}");
    permit(0o600);
    wait_routine(&shift, "open", |view| view["problems"].as_array().unwrap().is_empty());
    let dir = file(&shift, "open").parent().unwrap().to_owned();
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o777)).unwrap();
    wait_until("the directory to be told", || shift.notices().contains("chmod o-w"));
    std::fs::write(file(&shift, "later"), &text).unwrap();
    assert_eq!(list(&shift).len(), 1, "nothing of it counts");
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o700)).unwrap();
    wait_routine(&shift, "later", |view| !view.is_null());
}

#[test]
fn a_file_that_was_never_right_leaves_nothing_and_odd_names_are_told() {
    let shift = shift();
    write(&shift, "broken", "+++\nagent = 7\n+++\nsay no\n");
    std::fs::remove_file(file(&shift, "broken")).unwrap();
    assert_eq!(routine(&shift, "broken"), serde_json::Value::Null);
    let dir = file(&shift, "x").parent().unwrap().to_owned();
    let text = definition("", "say no");
    std::fs::write(dir.join("two\nlines.md"), &text).unwrap();
    std::fs::write(dir.join(OsStr::from_bytes(b"bad\xff.md")), &text).unwrap();
    let listed = ran(&mut shift.command(&["routines", "list"]), b"");
    assert!(listed.err.contains("bad\\xff.md") && listed.err.contains("UTF-8"), "{}", listed.err);
    let line = listed.err.lines().find(|line| line.contains("two")).unwrap();
    assert!(line.contains("lines.md"), "on one line: {}", listed.err);
}

#[test]
fn a_verb_sees_what_was_written_just_before() {
    let shift = shift();
    list(&shift);
    let dir = file(&shift, "x").parent().unwrap().to_owned();
    std::fs::create_dir_all(&dir).unwrap();
    for n in 0..5 {
        let name = format!("fresh-{n}");
        std::fs::write(file(&shift, &name), definition("", "say hi")).unwrap();
        let verb = [["routines", "show", &name], ["routines", "pause", &name]][n % 2];
        shift.ok(&verb);
        std::fs::remove_file(file(&shift, &name)).unwrap();
        shift.fails(&["routines", "run", &name], &["its file is not there"]);
    }
}

#[test]
fn create_says_what_there_is_in_place_of_what_there_is_not() {
    let shift = shift();
    let create = |args: &[&str], parts: &[&str]| {
        shift.fails(&[&["routines", "create", "x", "say hi"], args].concat(), parts);
        assert!(!file(&shift, "x").exists());
    };
    create(&["--agent", "nobody"], &["no agent `nobody`", "rehearsal"]);
    create(&["--agent", "rehearsal", "--mode", "odd"], &["no permission mode `odd`", "offers"]);
    create(&["--at", "2020-01-01T09:00"], &["2020-01-01T09:00", "past", "2026-12-01T09:00"]);
    create(&["--at", "tomorrow"], &["is no time", "2026-12-01T09:00"]);
    let work = shift.home.work();
    let args = ["--agent", "rehearsal", "--cwd", work.to_str().unwrap()];
    shift.ok(&[&["routines", "create", "x", "say hi"], &args[..]].concat());
    assert!(std::fs::read_to_string(file(&shift, "x")).unwrap().contains("repository = "));
}
