//! What every test here needs: an evaluator that asks a scripted server, a question, a call.

use nightshift_judge::{
    Call, Entry, Environment, Evaluator, Judgement, Kind, Question, Trouble, judge,
};
use nightshift_settings::{Judge, JudgeProvider};
use nightshift_testkit::ModelServer;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Longer than anything here takes; a test that waits for it has failed.
pub const LONG: Duration = Duration::from_secs(60);
pub const KEY: &str = "sk-scripted-key";

pub fn environment(pairs: &[(&str, &str)]) -> Environment {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

pub fn settings(provider: JudgeProvider, server: &ModelServer) -> Judge {
    Judge {
        provider,
        model: Some("small".into()),
        base_url: Some(server.url()),
        key_env: Some("SCRIPTED_KEY".into()),
        ..Judge::default()
    }
}

pub fn evaluator(settings: &Judge) -> Evaluator {
    Evaluator::choose(settings, &environment(&[("SCRIPTED_KEY", KEY)]), None).unwrap()
}

/// Both interfaces that are spoken over HTTP.
pub fn both(server: &ModelServer) -> [Evaluator; 2] {
    [JudgeProvider::Anthropic, JudgeProvider::Openai]
        .map(|provider| evaluator(&settings(provider, server)))
}

pub fn question(condition: &str, transcript: &[(Kind, &str)]) -> Question {
    let transcript = transcript.iter().map(|(kind, text)| Entry::new(*kind, *text)).collect();
    Question { condition: condition.into(), transcript, ..Question::default() }
}

pub fn ask(evaluator: &Evaluator, question: &Question) -> Result<Judgement, Trouble> {
    let called_off = AtomicBool::new(false);
    judge(evaluator, question, &Call::new(&Environment::new(), LONG, &called_off))
}
