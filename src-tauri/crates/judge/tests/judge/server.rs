//! Verdicts from a server: shapes of answers, what is sent, what it costs, checks beside it.

use crate::stage::{KEY, LONG, ask, both, environment, evaluator, question, settings};
use nightshift_judge::{
    Call, CheckOutcome, CheckResult, Environment, Evaluator, Kind, Provider, Ruling, TurnEnd,
    advise_by, settle,
};
use nightshift_settings::{Judge, JudgeProvider};
use nightshift_testkit::{ModelServer, Saying};
use serde_json::json;
use std::sync::atomic::AtomicBool;

#[test]
fn verdicts_come_from_what_the_server_reads() {
    let server = ModelServer::start().unwrap();
    server.answer(|asked| {
        let text = asked.text();
        Some(if text.contains("0 failures") {
            Saying::verdict("met", "the run shows 0 failures")
        } else if text.contains("no such host") {
            Saying::Words("{\"ok\": false, \"impossible\": true, \"reason\": \"no host\"}".into())
        } else {
            Saying::Words(
                "Sure:\n```json\n{\"verdict\":\"not_yet\",\"reason\":\"2 fail\"}\n```".into(),
            )
        })
    });
    for evaluator in both(&server) {
        for (result, expected) in [
            ("ran: 0 failures", Ruling::Met),
            ("ran: 2 failures", Ruling::NotYet),
            ("no such host", Ruling::Impossible),
        ] {
            let asked = question("all tests pass", &[(Kind::ToolResult, result)]);
            let judgement = ask(&evaluator, &asked).unwrap();
            assert_eq!(judgement.verdict.ruling, expected, "{result}");
            assert_eq!((judgement.repaired, judgement.left_out), (false, 0));
            assert_eq!(judgement.model, "small");
            assert_eq!(
                (judgement.usage.output_tokens, judgement.usage.cost_usd_micros),
                (42, None)
            );
        }
    }
    for asked in server.asked() {
        let key = match asked.path.as_str() {
            "/v1/messages" => asked.header("x-api-key").map(str::to_owned),
            _ => asked.header("authorization").map(|text| text.replace("Bearer ", "")),
        };
        assert_eq!(key.as_deref(), Some(KEY), "{}", asked.path);
        assert!(asked.body["tools"].is_null() && asked.body["model"] == "small");
        assert!(!asked.body.to_string().contains(KEY));
    }
}

#[test]
fn the_price_that_is_set_makes_the_cost() {
    let server = ModelServer::start().unwrap();
    server.answer(|_| Some(Saying::verdict("met", "r")));
    let mut settings = settings(JudgeProvider::Anthropic, &server);
    let text = "[judge]\ninput_usd_per_million = 10\noutput_usd_per_million = 1.5\n";
    let priced = nightshift_settings::parse(text).unwrap().settings.judge;
    settings.input_usd_per_million = priced.input_usd_per_million;
    settings.output_usd_per_million = priced.output_usd_per_million;
    let judgement = ask(&evaluator(&settings), &question("c", &[])).unwrap();
    // 100 tokens in at 10 $/M, 42 out at 1.5 $/M.
    assert_eq!(judgement.usage.cost_usd_micros, Some(1_063));
    assert_eq!(judgement.provider, Provider::Anthropic);
}

#[test]
fn an_answer_that_cannot_be_read_is_asked_for_once_more() {
    let server = ModelServer::start().unwrap();
    server.answer(|asked| {
        let again = asked.text().contains("could not be read");
        Some(if again {
            Saying::verdict("not_yet", "r")
        } else {
            Saying::Words("Well, yes.".into())
        })
    });
    for (index, evaluator) in both(&server).into_iter().enumerate() {
        let judgement = ask(&evaluator, &question("c", &[])).unwrap();
        assert!(judgement.repaired);
        assert_eq!(judgement.verdict.ruling, Ruling::NotYet);
        assert_eq!(judgement.usage.output_tokens, 84);
        let asked = server.asked();
        assert_eq!(asked.len(), (index + 1) * 2);
        let last = asked.last().unwrap();
        let roles: Vec<_> = last.body["messages"].as_array().unwrap().iter().collect();
        let roles: Vec<_> = roles.iter().map(|m| m["role"].as_str().unwrap()).collect();
        assert!(roles.ends_with(&["user", "assistant", "user"]), "{roles:?}");
        assert!(last.text().contains("Well, yes."));
    }
}

#[test]
fn a_green_verdict_never_comes_from_a_failed_check() {
    let server = ModelServer::start().unwrap();
    server.answer(|_| Some(Saying::verdict("met", "everything is green")));
    let failed = CheckResult {
        command: "cargo test".into(),
        outcome: CheckOutcome::Exited(101),
        tail: "test result: FAILED".into(),
        took_ms: 7,
    };
    for evaluator in both(&server) {
        let mut asked = question("tests pass", &[(Kind::Words, "all pass")]);
        asked.checks = vec![failed.clone()];
        let judgement = ask(&evaluator, &asked).unwrap();
        assert_eq!(judgement.verdict.ruling, Ruling::NotYet);
        assert!(judgement.verdict.reason.contains("exit code 101"), "{:?}", judgement.verdict);
        let text = server.asked().last().unwrap().text();
        assert!(text.contains("FAILED, exit code 101") && text.contains("test result: FAILED"));
    }
    let passed = CheckResult { outcome: CheckOutcome::Exited(0), ..failed };
    let before = server.asked().len();
    let mut asked = question("", &[]);
    asked.checks = vec![passed];
    let judgement = ask(&both(&server)[0], &asked).unwrap();
    assert_eq!((judgement.verdict.ruling, judgement.provider), (Ruling::Met, Provider::Checks));
    assert_eq!(server.asked().len(), before, "checks without words ask nobody");
}

#[test]
fn the_question_is_cut_to_the_window() {
    let server = ModelServer::start().unwrap();
    server.answer(|_| Some(Saying::verdict("not_yet", "r")));
    let settings =
        Judge { window_tokens: Some(8_000), ..settings(JudgeProvider::Anthropic, &server) };
    let chatter = "chatter ".repeat(100);
    let mut transcript = vec![(Kind::ToolResult, "THE OLD RESULT")];
    transcript.extend((0..200).map(|_| (Kind::Words, chatter.as_str())));
    let judgement = ask(&evaluator(&settings), &question("c", &transcript)).unwrap();
    assert!(judgement.left_out > 100, "{}", judgement.left_out);
    let text = server.asked()[0].text();
    assert!(text.contains("THE OLD RESULT") && text.contains("entries left out here"));
    assert!(text.len() < 8_000 * 3, "{}", text.len());
}

#[test]
fn a_server_without_a_parameter_is_asked_without_it() {
    let server = ModelServer::start().unwrap();
    server.answer(|asked| {
        let refuse = |name: &str, hint: &str| {
            let message =
                format!("Unsupported parameter: '{name}' is not supported with this model.{hint}");
            Some(Saying::Json(400, json!({"error": {"message": message}})))
        };
        if !asked.body["response_format"].is_null() {
            return refuse("response_format", "");
        }
        if !asked.body["max_tokens"].is_null() {
            return refuse("max_tokens", " Use 'max_completion_tokens' instead.");
        }
        Some(Saying::verdict("met", "r"))
    });
    let evaluator = evaluator(&settings(JudgeProvider::Openai, &server));
    assert_eq!(ask(&evaluator, &question("c", &[])).unwrap().verdict.ruling, Ruling::Met);
    let last = server.asked().pop().unwrap().body;
    assert_eq!(server.asked().len(), 3);
    assert!(last["max_completion_tokens"].as_u64().is_some_and(|most| most > 1_000));
}

#[test]
fn who_judges_follows_the_environment() {
    let judge = Judge::default();
    let choose = |env: &[(&str, &str)], agent| {
        Evaluator::choose(&judge, &environment(env), agent).map(|e| e.provider())
    };
    assert_eq!(choose(&[("ANTHROPIC_API_KEY", "k")], None), Ok(Provider::Anthropic));
    assert_eq!(choose(&[("ANTHROPIC_AUTH_TOKEN", "k")], Some("codex")), Ok(Provider::Anthropic));
    assert_eq!(choose(&[("OPENAI_API_KEY", "k")], None), Ok(Provider::OpenAi));
    assert_eq!(choose(&[], Some("rehearsal")), Ok(Provider::Fixed));
    let trouble = choose(&[("PATH", "/nowhere")], Some("claude")).unwrap_err();
    assert!(trouble.clears_goal() && trouble.hint.contains("ANTHROPIC_API_KEY"), "{trouble}");
    let none = Judge { provider: JudgeProvider::None, ..Judge::default() };
    assert!(Evaluator::choose(&none, &environment(&[("ANTHROPIC_API_KEY", "k")]), None).is_err());
}

#[test]
fn a_key_for_the_vendor_is_not_given_to_another_server() {
    let server = ModelServer::start().unwrap();
    server.answer(|_| Some(Saying::verdict("met", "r")));
    let env = environment(&[("ANTHROPIC_API_KEY", KEY), ("OPENAI_API_KEY", KEY)]);
    for provider in [JudgeProvider::Anthropic, JudgeProvider::Openai] {
        let settings = Judge { key_env: None, ..settings(provider, &server) };
        let evaluator = Evaluator::choose(&settings, &env, None).unwrap();
        ask(&evaluator, &question("c", &[])).unwrap();
    }
    for asked in server.asked() {
        assert!(asked.headers.iter().all(|(_, value)| !value.contains(KEY)), "{}", asked.path);
    }
}

#[test]
fn security_18_a_key_does_not_go_where_it_can_be_read_on_the_way() {
    let env = environment(&[("MY_KEY", KEY)]);
    for provider in [JudgeProvider::Anthropic, JudgeProvider::Openai] {
        for (url, allowed, key, fine) in [
            ("http://192.0.2.1/v1", false, true, false),
            ("HTTP://192.0.2.1/v1", false, true, false),
            ("http://127.0.0.1.evil.example/v1", false, true, false),
            ("http://192.0.2.1/v1", true, true, true),
            ("http://192.0.2.1/v1", false, false, true),
            ("http://127.0.0.1:1/v1", false, true, true),
            ("https://192.0.2.1/v1", false, true, true),
        ] {
            let settings = Judge {
                provider,
                model: Some("small".into()),
                base_url: Some(url.into()),
                key_env: key.then(|| "MY_KEY".into()),
                allow_plain_http: allowed,
                ..Judge::default()
            };
            match Evaluator::choose(&settings, &env, None) {
                Ok(_) => assert!(fine, "{url}"),
                Err(trouble) => {
                    assert!(!fine && trouble.hint.contains("allow_plain_http"), "{url}: {trouble}");
                    assert!(!trouble.to_string().contains(KEY), "{trouble}");
                }
            }
        }
    }
    // An address of the environment's is no other matter.
    let env =
        environment(&[("ANTHROPIC_API_KEY", KEY), ("ANTHROPIC_BASE_URL", "http://192.0.2.1")]);
    let settings = Judge { provider: JudgeProvider::Anthropic, ..Judge::default() };
    assert!(Evaluator::choose(&settings, &env, None).is_err());
}

#[test]
fn a_doubtful_end_and_a_condition_are_settled_by_one_short_call() {
    let server = ModelServer::start().unwrap();
    server.answer(|asked| {
        let text = asked.text();
        Some(Saying::Words(if text.contains("\"provable\"") {
            let about = text.contains("the code is lovely");
            json!({"provable": !about, "problem": "taste", "suggestion": "lint is clean"})
                .to_string()
        } else if text.contains("which one you prefer") {
            json!({"state": "needs_input", "line": "Which one?"}).to_string()
        } else {
            json!({"state": "done", "line": "Wrote it."}).to_string()
        }))
    });
    let (env, called_off) = (Environment::new(), AtomicBool::new(false));
    let call = Call::new(&env, LONG, &called_off);
    for evaluator in both(&server) {
        let settled = settle(&evaluator, "Let me know which one you prefer.", &call).unwrap();
        assert_eq!((settled.end, settled.line.as_str()), (TurnEnd::NeedsInput, "Which one?"));
        let settled = settle(&evaluator, "Wrote it. Anything else?", &call).unwrap();
        assert_eq!(settled.end, TurnEnd::Done);
        let advice = advise_by(&evaluator, "the code is lovely", &call).unwrap().unwrap();
        assert_eq!(
            (advice.suggestion.as_str(), advice.by),
            ("lint is clean", Some(evaluator.provider()))
        );
        assert_eq!(advise_by(&evaluator, "make test exits with 0", &call).unwrap(), None);
    }
    assert_eq!(server.asked().len(), 8);
    let longest = server.asked().iter().map(|asked| asked.text().len()).max().unwrap();
    assert!(longest < 6_000, "{longest}");
}
