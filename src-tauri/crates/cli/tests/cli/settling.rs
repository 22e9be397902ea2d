//! How a turn ended where its last words leave it open (B10): by one short call, where the settings want
//! that; the evidence says so.

use crate::support::Shift;
use nightshift_testkit::{ModelServer, Saying};
use serde_json::json;

/// A home whose doubtful ends a scripted model settles so.
fn settled_as(state: &'static str, wanted: bool) -> (Shift, ModelServer) {
    let (shift, model) = (Shift::new(), ModelServer::start().unwrap());
    std::fs::create_dir_all(shift.home.state()).unwrap();
    let url = model.url();
    let settings = format!(
        "[judge]\nprovider = \"openai\"\nbase_url = \"{url}/v1\"\nmodel = \"scripted\"\n\
         settle_turn_ends = {wanted}\n"
    );
    std::fs::write(shift.home.state().join("settings.toml"), settings).unwrap();
    model.answer(move |_| {
        let answer = json!({"state": state, "line": "which variant it shall be"});
        Some(Saying::Words(answer.to_string()))
    });
    (shift, model)
}

const DOUBTFUL: &str = "say I wrote both variants. Let me know which one you prefer.";

#[test]
fn a_request_without_a_question_mark_becomes_a_need() {
    let (shift, model) = settled_as("needs_input", true);
    let id = shift.agent(DOUBTFUL);
    let entry = shift.wait_state(&id, "blocked");
    let question = entry["pending"]["question"].as_str().unwrap();
    assert!(question.contains("Let me know which one you prefer"), "{entry}");
    let why = shift.ok(&["why", &id]);
    assert!(why.contains("openai scripted read its last words as a question"), "{why}");
    assert_eq!(model.asked().len(), 1, "one short call");
    // It is answered like any closing question.
    shift.ok(&["reply", &id, "done the second one"]);
    shift.wait_entry(&id, "the result", |entry| entry["result"] == "the second one");
    assert_eq!(model.asked().len(), 1, "plain words need nobody");
}

#[test]
fn politeness_is_no_question_and_a_failure_is_one() {
    let (shift, _model) = settled_as("done", true);
    let id = shift.agent("say Done, all tests pass. Anything else I can do?");
    shift.wait_entry(&id, "no question", |entry| entry["state"] == "done");
    let why = shift.ok(&["why", &id]);
    assert!(why.contains("openai scripted read its last words as a result"), "{why}");

    let (shift, _model) = settled_as("failed", true);
    let id = shift.agent("say I was unable to reach the server.");
    let entry = shift.wait_state(&id, "failed");
    assert!(entry.to_string().contains("which variant it shall be"), "{entry}");
}

#[test]
fn nobody_is_asked_unasked_and_trouble_changes_nothing() {
    let (shift, model) = settled_as("needs_input", false);
    let id = shift.agent(DOUBTFUL);
    shift.wait_state(&id, "done");
    assert_eq!(model.asked().len(), 0);

    let (shift, model) = settled_as("nonsense", true);
    let id = shift.agent(DOUBTFUL);
    shift.wait_log(&id, "Nobody could settle how this turn ended");
    assert_eq!(shift.entry(&id)["state"], "done");
    assert!(!model.asked().is_empty());
}
