//! The intake process: when it is there, that it comes back at the same address, who may speak for it.

use super::{
    ALLOW, create, definition, refused, runs, session_of, shift, status, token, wait_status,
};
use crate::support::kill;
use nightshift_platform::process::Identity;
use nightshift_testkit::wait_until;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

fn identity(status: &Value) -> Identity {
    Identity::of(u32::try_from(status["pid"].as_u64().unwrap()).unwrap()).unwrap()
}

#[test]
fn it_is_there_while_an_enabled_routine_waits_for_calls() {
    let shift = shift();
    assert_eq!(status(&shift)["listening"], Value::Null, "without a supervisor");
    create(&shift, "plain", "+++\nagent = \"rehearsal\"\n+++\nsay hi\n");
    assert_eq!(status(&shift)["pid"], Value::Null, "nobody waits for anything");
    create(&shift, "deploy", &definition("", "say hi"));
    let up = wait_status(&shift, "it to listen", |status| status["listening"].is_string());
    assert_eq!(up["routines"], serde_json::json!(["deploy"]));
    assert!(up["listening"].as_str().unwrap().starts_with("127.0.0.1:"), "{up}");
    let process = identity(&up);
    shift.ok(&["routines", "disable", "deploy"]);
    wait_status(&shift, "it to end", |status| status["pid"].is_null());
    wait_until("its process to be gone", || {
        process.liveness() != nightshift_platform::Liveness3::Alive
    });
    shift.ok(&["routines", "enable", "deploy"]);
    let again = wait_status(&shift, "it to listen again", |it| it["listening"].is_string());
    assert_eq!(again["listening"], up["listening"], "at the same address");
    assert!(shift.json(&["routines", "show", "deploy", "--json"])["fire_url"].is_string());
}

#[test]
fn it_comes_back_at_the_same_address_after_it_or_the_supervisor_was_killed() {
    let shift = shift();
    create(&shift, "deploy", &definition(ALLOW, "say hi"));
    let key = token(&shift, "deploy");
    let first = status(&shift);
    kill(&identity(&first));
    let second = wait_status(&shift, "the next process", |it| {
        it["listening"].is_string() && it["pid"] != first["pid"]
    });
    assert_eq!(second["listening"], first["listening"]);
    session_of(&key.fire("a"));
    let process = identity(&second);
    shift.kill_supervisor();
    wait_until("it to end with its supervisor", || {
        process.liveness() != nightshift_platform::Liveness3::Alive
    });
    shift.ok(&["agents"]);
    let third = wait_status(&shift, "it to listen", |it| it["listening"].is_string());
    assert_eq!(third["listening"], first["listening"]);
    session_of(&key.fire("b"));
}

#[test]
fn nobody_else_speaks_for_it() {
    let shift = shift();
    create(&shift, "deploy", &definition("", "say hi"));
    token(&shift, "deploy");
    shift.fails(&["intake"], &["started by the supervisor"]);
    let home = shift.home.home();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use nightshift_protocol::intake::IntakeAct;
        let client = nightshift_client::Client::connect(&home).await.unwrap();
        let act = IntakeAct::Listening { address: "127.0.0.1:1".to_owned() };
        let fault = client.ask(nightshift_protocol::calls::Intake { act }).await.unwrap_err();
        assert_eq!(fault.code, nightshift_protocol::FaultCode::Refused, "{fault}");
    });
}

/// Calls with keys of their own while both processes are killed: whoever was told of a session has it, and no key has
/// two.
#[test]
fn calls_over_kills_are_neither_lost_nor_double() {
    let shift = shift();
    create(&shift, "deploy", &definition(ALLOW, "say hi"));
    let key = Arc::new(token(&shift, "deploy"));
    let told = Arc::new(Mutex::new(BTreeSet::new()));
    let over = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..4)
        .map(|caller| {
            let (key, told, over) = (key.clone(), told.clone(), over.clone());
            std::thread::spawn(move || {
                for n in 0.. {
                    if over.load(Ordering::Relaxed) {
                        return;
                    }
                    let call = key.call().header("Idempotency-Key", &format!("{caller}-{n}"));
                    // As a client does: again with the same key until there is an answer.
                    loop {
                        match call.try_send() {
                            Ok(answer) if answer.status == 200 => {
                                told.lock().unwrap().insert((caller, n, session_of(&answer)));
                                break;
                            }
                            Ok(_) | Err(_) if over.load(Ordering::Relaxed) => return,
                            Ok(_) | Err(_) => std::thread::yield_now(),
                        }
                    }
                }
            })
        })
        .collect();
    let count = || told.lock().unwrap().len();
    for round in 0..4 {
        let before = count();
        wait_until("calls to be answered", || count() > before + 2);
        if round % 2 == 0 {
            let up = wait_status(&shift, "it to listen", |it| it["pid"].is_u64());
            kill(&identity(&up));
        } else {
            shift.kill_supervisor();
            shift.ok(&["agents"]);
        }
    }
    let before = count();
    wait_until("calls to be answered at the end", || count() > before + 2);
    over.store(true, Ordering::Relaxed);
    callers.into_iter().for_each(|caller| caller.join().unwrap());
    let told = told.lock().unwrap();
    let rows = runs(&shift, "deploy");
    let sessions: Vec<&str> = rows.iter().filter_map(|run| run["session"].as_str()).collect();
    let distinct: BTreeSet<&str> = sessions.iter().copied().collect();
    assert_eq!(sessions.len(), distinct.len(), "one session each");
    let keyed: BTreeSet<&String> = told.iter().map(|(_, _, session)| session).collect();
    assert_eq!(keyed.len(), told.len(), "one key each");
    // Calls that nobody heard the answer of, one of each caller at each kill at most, may have run too.
    let waiting = rows.iter().filter(|run| run["session"].is_null()).count();
    let lost = told.iter().filter(|(_, _, session)| !distinct.contains(session.as_str())).count();
    assert!(lost <= waiting, "{lost} lost, {waiting} wait");
    shift.ok(&["routines", "pause", "deploy"]);
    refused(&key.fire("x"), 400, "invalid_request_error");
}
