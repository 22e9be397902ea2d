//! What runs in a session is that session and not its user: it answers nothing, starts nothing and ends
//! nothing, however it got away from its parents; and what it tried stands in its evidence.

use crate::support::{Shift, binary};
use nightshift_testkit::wait_for;
use serde_json::Value;

/// Runs the command in a new shell session, in the way `how`; what it printed and its exit code.
fn inside(shift: &Shift, how: &str, args: &str) -> (String, String, String) {
    let home = shift.home.state();
    let file = shift.home.work().join("said");
    std::fs::remove_file(&file).ok();
    let script = format!(
        "({how} env NIGHTSHIFT_HOME='{}' '{}' {args} > out 2>&1; echo \"code $?\" >> out; \
         mv out said) & wait; read x",
        home.display(),
        binary().display()
    );
    let id = shift.shell(&script);
    let said = wait_for("the command inside to end", || std::fs::read_to_string(&file).ok());
    let (said, code) = said.trim_end().rsplit_once("code ").unwrap();
    (id, said.to_owned(), code.to_owned())
}

fn refused(shift: &Shift, how: &str, args: &str) -> String {
    let (id, said, code) = inside(shift, how, args);
    assert_eq!(code, "1", "{how} {args}: {said}");
    assert!(said.contains("only the user may"), "{how} {args}: {said}");
    assert!(said.contains("use one of your own"), "{how} {args}: {said}");
    assert!(said.contains(&format!("session {id}")), "{how} {args}: {said}");
    let why = shift.ok(&["why", &id]);
    assert!(why.contains("tried to"), "{how} {args}: {why}");
    shift.ok(&["rm", &id]);
    why
}

#[test]
fn security_06_a_session_cannot_answer_its_own_request() {
    let shift = Shift::new();
    let tries = format!(
        "run (until [ -e go ]; do sleep 0.02; done; \
         while '{}' answer $NIGHTSHIFT_SESSION_ID allow > out 2>&1; grep -q 'just now' out; do \
         sleep 0.1; done; mv out said) > /dev/null 2>&1 &",
        binary().display()
    );
    let id = shift.agent(&format!("{tries}\nrun touch owned\ndone ok"));
    shift.wait_state(&id, "blocked");
    shift.answer(&id, "allow");
    shift.wait_entry(&id, "its second request", |e| {
        e["state"] == "blocked" && e["pending"].to_string().contains("touch owned")
    });
    std::fs::write(shift.home.work().join("go"), "").unwrap();
    let said = shift.home.work().join("said");
    let said = wait_for("the try", || std::fs::read_to_string(&said).ok());
    assert!(said.contains("may not answer a request"), "{said}");
    assert_eq!(shift.entry(&id)["state"], "blocked");
    assert!(!shift.home.work().join("owned").exists());
    let why = shift.ok(&["why", &id]);
    let tried = format!("session {id} tried to answer a request (its own): refused");
    assert!(why.contains(&tried), "{why}");
    shift.answer(&id, "allow");
    shift.wait_state(&id, "done");
}

#[test]
fn security_06_a_session_gets_nothing_that_is_the_users() {
    let shift = Shift::new();
    let asks = shift.agent("ask Go on? | Yes\ndone went on");
    shift.wait_state(&asks, "blocked");
    let rules = shift.ok(&["permissions"]);
    for args in [
        format!("answer {asks} 1"),
        format!("reply {asks} hello"),
        format!("stop {asks}"),
        format!("rm {asks}"),
        format!("rename {asks} another"),
        format!("pin {asks}"),
        format!("logs {asks}"),
        format!("why {asks}"),
        format!("goal set {asks} over"),
        format!("attach {asks}"),
        "--bg --exec true".to_owned(),
        "--bg hello".to_owned(),
        "permissions".to_owned(),
        "worktrees".to_owned(),
        "agents --registry".to_owned(),
        "daemon stop --any".to_owned(),
    ] {
        refused(&shift, "", &args);
    }
    assert_eq!(shift.entry(&asks)["state"], "blocked");
    assert_eq!(shift.ok(&["permissions"]), rules);
    shift.answer(&asks, "1");
    assert_eq!(shift.wait_state(&asks, "done")["result"], "went on");
    let why = shift.ok(&["why", &asks]);
    assert_eq!(why.matches("answered").count(), 1, "{why}");
}

#[test]
fn security_06_no_way_out_of_the_process_tree_makes_a_user() {
    let shift = Shift::new();
    let asks = shift.agent("ask Go on? | Yes\ndone went on");
    shift.wait_state(&asks, "blocked");
    let answer = format!("answer {asks} 1");
    let mut ways = vec![
        "setsid -w",
        "env -i",
        "env -u NIGHTSHIFT_SESSION_ID",
        "nohup",
        "env NIGHTSHIFT_ROLE=supervisor",
        "env NIGHTSHIFT_SESSION_ID=",
        "setsid -w sh -c 'exec \"$@\"' sh",
    ];
    if rustix::process::geteuid().is_root() {
        ways.push("unshare --pid --fork");
    } else {
        eprintln!("NOT TESTED: another pid namespace; only root can make one everywhere");
    }
    for way in ways {
        refused(&shift, way, &answer);
    }
    assert_eq!(shift.entry(&asks)["state"], "blocked");
}

#[test]
fn security_06_a_double_fork_leaves_a_session_behind_and_no_user() {
    let shift = Shift::new();
    let asks = shift.agent("ask Go on? | Yes\ndone went on");
    shift.wait_state(&asks, "blocked");
    let program = binary().display();
    let script = format!(
        "(setsid sh -c 'until [ -e go ]; do sleep 0.02; done; \"{program}\" answer {asks} 1 > out \
         2>&1; mv out said' &) ; read x"
    );
    let job = shift.shell(&script);
    shift.wait_entry(&job, "its process", |e| e["pid"].is_u64());
    std::fs::write(shift.home.work().join("go"), "").unwrap();
    let file = shift.home.work().join("said");
    let said = wait_for("the try", || std::fs::read_to_string(&file).ok());
    assert!(said.contains(&format!("session {job} may not")), "{said}");
    assert!(said.contains("only the user may"), "{said}");
    assert_eq!(shift.entry(&asks)["state"], "blocked");
}

#[test]
fn security_06_a_session_may_look_at_itself() {
    let shift = Shift::new();
    let other = shift.shell("read x");
    let (id, said, code) = inside(&shift, "", "agents --json");
    assert_eq!(code, "0", "{said}");
    let seen: Value = serde_json::from_str(&said).unwrap();
    let ids: Vec<&str> =
        seen.as_array().unwrap().iter().map(|e| e["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [id.as_str()], "its own row and no other");
    for args in
        ["daemon status", "tasks", "logs $NIGHTSHIFT_SESSION_ID", "why $NIGHTSHIFT_SESSION_ID"]
    {
        let (_, said, code) = inside(&shift, "", args);
        assert_eq!(code, "0", "{args}: {said}");
        assert!(!said.contains(&other), "{args}: {said}");
    }
}

#[test]
fn security_06_what_an_agent_asks_for_itself_is_not_told_to_be_the_users() {
    let shift = Shift::new();
    let args = ["--bg", "--agent", "rehearsal", "--permission-mode", "auto", "--json"];
    let goal = r#"tool GoalSet {"condition": "contains:never said, or stop after 9 turns"}"#;
    let script = format!("{goal}\ntool GoalClear {{}}\nsay over");
    let id = crate::support::id_of(&shift.json(&[&args[..], &[&script]].concat()));
    shift.wait_state(&id, "done");
    let why = shift.json(&["why", &id, "--json"]);
    let of = |text: &str| {
        let found =
            why.as_array().unwrap().iter().find(|e| e["text"].as_str().unwrap().contains(text));
        found.unwrap_or_else(|| panic!("{text}: {why}"))["source"].clone()
    };
    assert_eq!(of("a goal was set"), "protocol");
    assert_eq!(of("the goal was cleared"), "protocol");
}
