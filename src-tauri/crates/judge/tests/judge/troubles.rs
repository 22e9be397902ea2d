//! Everything that can go wrong with a server, and what is said about it.

use crate::stage::{KEY, LONG, ask, both, evaluator, question, settings};
use nightshift_judge::{Call, Environment, Kind, Ruling, TroubleKind, judge};
use nightshift_settings::{Judge, JudgeProvider};
use nightshift_testkit::{ModelServer, Saying, wait_until};
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[test]
fn each_refusal_is_told_as_what_it_is() {
    let server = ModelServer::start().unwrap();
    for (status, kind, clears) in [
        (401, TroubleKind::SignIn, true),
        (402, TroubleKind::Credit, true),
        (429, TroubleKind::Limit, false),
        (529, TroubleKind::Overloaded, false),
        (413, TroubleKind::ContextOverflow, true),
        (404, TroubleKind::ModelMissing, true),
        (400, TroubleKind::Refused, false),
    ] {
        server.answer(move |_| Some(Saying::Refuse(status)));
        for evaluator in both(&server) {
            let before = server.asked().len();
            let trouble = ask(&evaluator, &question("c", &[])).unwrap_err();
            assert_eq!(trouble.kind, kind, "{status}: {trouble}");
            assert_eq!(trouble.clears_goal(), clears, "{status}");
            let resets = trouble.resets.map(|at| at.0 / 1000);
            assert_eq!(resets, (status == 429).then(|| server.resets_s()), "{status}");
            // Too long is tried again with half; everything else is not tried again here.
            let times = if status == 413 { 2 } else { 1 };
            assert_eq!(server.asked().len() - before, times, "{status}");
        }
    }
}

#[test]
fn too_long_is_tried_with_half_the_window() {
    let server = ModelServer::start().unwrap();
    server.answer(|asked| {
        let long = asked.text().len() > 40_000;
        Some(if long { Saying::Refuse(413) } else { Saying::verdict("met", "r") })
    });
    let long = "x".repeat(5_000);
    let transcript: Vec<_> = (0..40).map(|_| (Kind::ToolResult, long.as_str())).collect();
    for provider in [JudgeProvider::Anthropic, JudgeProvider::Openai] {
        let settings = Judge { window_tokens: Some(20_000), ..settings(provider, &server) };
        let judgement = ask(&evaluator(&settings), &question("c", &transcript)).unwrap();
        assert!(judgement.left_out > 20, "{}", judgement.left_out);
    }
    assert_eq!(server.asked().len(), 4);
}

#[test]
fn what_is_never_a_verdict_ends_in_a_clear_state() {
    let server = ModelServer::start().unwrap();
    for words in [
        "I think it is met.",
        "",
        "{\"verdict\": \"met\"}",
        "{\"verdict\":\"met\",\"reason\":\"a\"} {\"verdict\":\"not_yet\",\"reason\":\"b\"}",
    ] {
        server.answer(move |_| Some(Saying::Words(words.into())));
        for evaluator in both(&server) {
            let before = server.asked().len();
            let trouble = ask(&evaluator, &question("c", &[])).unwrap_err();
            assert_eq!(trouble.kind, TroubleKind::NotUnderstood, "{words}: {trouble}");
            assert_eq!(server.asked().len() - before, 2, "one repair and no loop: {words}");
            assert_eq!(trouble.usage.output_tokens, 84, "{words}");
            assert!(!trouble.clears_goal() && !trouble.passes());
        }
    }
    server.answer(|_| Some(Saying::Page(200, "<html>Sign in to the hotel</html>".into())));
    let trouble = ask(&both(&server)[0], &question("c", &[])).unwrap_err();
    assert_eq!(trouble.kind, TroubleKind::NotUnderstood);
    assert!(trouble.hint.contains("base_url"), "{trouble}");
}

#[test]
fn a_redirect_gets_no_key() {
    let (server, other) = (ModelServer::start().unwrap(), ModelServer::start().unwrap());
    let to = format!("{}/v1/messages", other.url());
    server.answer(move |_| Some(Saying::Redirect(to.clone())));
    for evaluator in both(&server) {
        let trouble = ask(&evaluator, &question("c", &[])).unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::NotConfigured, "{trouble}");
    }
    assert!(other.asked().is_empty());
}

#[test]
fn a_key_that_a_server_repeats_is_not_repeated_by_us() {
    let server = ModelServer::start().unwrap();
    server.answer(|_| {
        let message = format!("bad key {KEY}");
        Some(Saying::Json(401, json!({"error": {"message": message}})))
    });
    for evaluator in both(&server) {
        let trouble = ask(&evaluator, &question("c", &[])).unwrap_err();
        assert!(!trouble.to_string().contains(KEY) && trouble.message.contains("bad key"));
        assert!(!format!("{evaluator:?}").contains(KEY));
    }
}

#[test]
fn nobody_there_is_the_network() {
    let server = ModelServer::start().unwrap();
    let evaluators = both(&server);
    drop(server);
    for evaluator in evaluators {
        let trouble = ask(&evaluator, &question("c", &[])).unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::Network, "{trouble}");
        assert!(trouble.passes() && trouble.message.contains("127.0.0.1"), "{trouble}");
    }
}

#[test]
fn a_server_that_hangs_costs_the_deadline_and_no_more() {
    let server = ModelServer::start().unwrap();
    server.answer(|_| Some(Saying::Hang));
    let (env, called_off) = (Environment::new(), AtomicBool::new(false));
    for evaluator in both(&server) {
        let call = Call::new(&env, Duration::from_millis(300), &called_off);
        let trouble = judge(&evaluator, &question("c", &[]), &call).unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::Timeout, "{trouble}");
    }
}

#[test]
fn a_slow_answer_is_waited_for_until_the_deadline() {
    let server = ModelServer::start().unwrap();
    server.answer(|asked| {
        let reason =
            if asked.text().contains("for ever") { "x".repeat(500_000) } else { "r".into() };
        Some(Saying::Slow(json!({"verdict": "met", "reason": reason}).to_string()))
    });
    let (env, called_off) = (Environment::new(), AtomicBool::new(false));
    for evaluator in both(&server) {
        assert_eq!(ask(&evaluator, &question("c", &[])).unwrap().verdict.ruling, Ruling::Met);
        let call = Call::new(&env, Duration::from_millis(500), &called_off);
        let trouble = judge(&evaluator, &question("for ever", &[]), &call).unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::Timeout, "{trouble}");
    }
}

#[test]
fn a_call_ends_when_it_is_called_off() {
    let server = ModelServer::start().unwrap();
    server.answer(|_| Some(Saying::Hang));
    let (env, called_off) = (Environment::new(), AtomicBool::new(false));
    for (index, evaluator) in both(&server).into_iter().enumerate() {
        called_off.store(false, Ordering::Relaxed);
        let trouble = std::thread::scope(|scope| {
            let asked = question("c", &[]);
            let call = Call::new(&env, LONG, &called_off);
            let judged = scope.spawn(move || judge(&evaluator, &asked, &call));
            wait_until("the server to be asked", || server.asked().len() > index);
            called_off.store(true, Ordering::Relaxed);
            judged.join().unwrap().unwrap_err()
        });
        assert_eq!(trouble.kind, TroubleKind::CalledOff, "{trouble}");
    }
}
