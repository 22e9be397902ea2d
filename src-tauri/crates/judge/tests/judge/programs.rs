//! Agents' own programs: what they print, what they lack, and the vendors' real ones.

use crate::stage::{LONG, ask, environment, question};
use nightshift_judge::{Call, Environment, Evaluator, Kind, Ruling, TroubleKind, judge};
use nightshift_platform::process::find_by_env;
use nightshift_settings::{Judge, JudgeProvider};
use nightshift_testkit::{ModelServer, Saying, TestHome, vendors};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

fn program(dir: &Path, name: &str, script: &str) {
    let path = dir.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn path_with(dir: &Path) -> Environment {
    let path = std::env::var("PATH").unwrap_or_default();
    environment(&[("PATH", &format!("{}:{path}", dir.display()))])
}

fn of(provider: JudgeProvider) -> Judge {
    Judge { provider, ..Judge::default() }
}

fn judged(
    settings: &Judge,
    env: &Environment,
) -> Result<nightshift_judge::Judgement, nightshift_judge::Trouble> {
    let evaluator = Evaluator::choose(settings, env, None)?;
    let called_off = AtomicBool::new(false);
    let asked = question("tests pass", &[(Kind::ToolResult, "ran: 0 failures")]);
    judge(&evaluator, &asked, &Call::new(env, LONG, &called_off))
}

#[test]
fn a_command_of_the_users_gets_the_prompt_and_prints_the_verdict() {
    let dir = tempfile::tempdir().unwrap();
    let script = "[ \"$1 $2\" = '--model tiny' ] || exit 9\n\
        grep -q '0 failures' && echo 'ok: {\"verdict\": \"met\", \"reason\": \"seen\"}'";
    program(dir.path(), "mine", script);
    let command = ["mine", "--model", "{model}"].map(str::to_owned).to_vec();
    let settings = Judge { command, model: Some("tiny".into()), ..of(JudgeProvider::Command) };
    let judgement = judged(&settings, &path_with(dir.path())).unwrap();
    assert_eq!(
        (judgement.verdict.ruling, judgement.verdict.reason.as_str()),
        (Ruling::Met, "seen")
    );
    assert_eq!((judgement.provider.id(), judgement.model.as_str()), ("command", "tiny"));
}

#[test]
fn what_programs_print_is_read_and_their_failures_told_apart() {
    let verdict = r#"{\"verdict\":\"not_yet\",\"reason\":\"r\"}"#;
    let claude = format!(
        r#"echo '{{"type":"result","is_error":false,"result":"{verdict}","total_cost_usd":0.0123,"usage":{{"input_tokens":10,"cache_read_input_tokens":5,"output_tokens":3}}}}'"#
    );
    let codex = format!(
        r#"echo '{{"type":"thread.started"}}'; echo '{{"type":"item.completed","item":{{"type":"agent_message","text":"{verdict}"}}}}'; echo '{{"type":"turn.completed","usage":{{"input_tokens":15,"output_tokens":3}}}}'"#
    );
    let gemini = format!(
        r#"echo 'Loaded cached credentials.'; echo '{{"response":"{verdict}","stats":{{"models":{{"m":{{"tokens":{{"prompt":15,"candidates":3}}}}}}}}}}'"#
    );
    let dir = tempfile::tempdir().unwrap();
    for (provider, name, script, cost) in [
        (JudgeProvider::Claude, "claude", claude, Some(12_300)),
        (JudgeProvider::Codex, "codex", codex, None),
        (JudgeProvider::Gemini, "gemini", gemini, None),
    ] {
        program(dir.path(), name, &script);
        let judgement = judged(&of(provider), &path_with(dir.path())).unwrap();
        assert_eq!(judgement.verdict.ruling, Ruling::NotYet, "{name}");
        let usage = judgement.usage;
        assert_eq!((usage.input_tokens, usage.output_tokens), (15, 3), "{name}");
        assert_eq!(usage.cost_usd_micros, cost, "{name}");
        for (words, kind) in [
            ("Invalid API key · Please run /login", TroubleKind::SignIn),
            ("Credit balance is too low", TroubleKind::Credit),
            ("You have hit your usage limit", TroubleKind::Limit),
            ("Prompt is too long", TroubleKind::ContextOverflow),
            ("Segmentation fault", TroubleKind::Refused),
        ] {
            program(dir.path(), name, &format!("echo '{words}' >&2; exit 1"));
            let trouble = judged(&of(provider), &path_with(dir.path())).unwrap_err();
            assert_eq!(trouble.kind, kind, "{name}: {trouble}");
            assert!(trouble.message.contains(words), "{name}: {trouble}");
        }
    }
}

#[test]
fn a_program_that_is_not_there_is_told_with_the_way_out() {
    let env = environment(&[("PATH", "/nowhere")]);
    for provider in [JudgeProvider::Claude, JudgeProvider::Codex, JudgeProvider::Gemini] {
        let trouble = judged(&of(provider), &env).unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::ProgramMissing, "{trouble}");
        assert!(trouble.clears_goal() && trouble.hint.contains("install"), "{trouble}");
    }
}

#[test]
fn a_program_that_hangs_is_ended_with_all_it_started() {
    let dir = tempfile::tempdir().unwrap();
    let seen = dir.path().join("seen");
    let script = format!(
        "echo $NIGHTSHIFT_JUDGE > {}; (setsid sleep 309 &); setsid sleep 310 & sleep 311",
        seen.display()
    );
    program(dir.path(), "claude", &script);
    let env = path_with(dir.path());
    let evaluator = Evaluator::choose(&of(JudgeProvider::Claude), &env, None).unwrap();
    let called_off = AtomicBool::new(false);
    let call = Call::new(&env, Duration::from_millis(700), &called_off);
    let trouble = judge(&evaluator, &question("c", &[]), &call).unwrap_err();
    assert_eq!(trouble.kind, TroubleKind::Timeout, "{trouble}");
    // Ended before it began is ended too.
    let mark = std::fs::read_to_string(&seen).unwrap_or_default();
    assert!(
        mark.trim().is_empty() || find_by_env("NIGHTSHIFT_JUDGE", mark.trim()).unwrap().is_empty()
    );
}

#[test]
fn a_key_comes_from_the_keyring_where_the_environment_has_none() {
    let server = ModelServer::start().unwrap();
    server.answer(|_| Some(Saying::verdict("met", "r")));
    let dir = tempfile::tempdir().unwrap();
    let script =
        "[ \"$*\" = 'lookup service nightshift key GATEWAY_TOKEN' ] && echo from-the-keyring";
    program(dir.path(), "secret-tool", script);
    let settings = Judge {
        model: Some("small".into()),
        base_url: Some(server.url()),
        key_env: Some("GATEWAY_TOKEN".into()),
        ..of(JudgeProvider::Anthropic)
    };
    let mut env = path_with(dir.path());
    let trouble = judged(&settings, &env).unwrap_err();
    assert_eq!(
        trouble.kind,
        TroubleKind::SignIn,
        "without a session there is no keyring: {trouble}"
    );
    assert!(trouble.hint.contains("secret-tool store"), "{trouble}");
    env.insert("XDG_RUNTIME_DIR".into(), dir.path().into());
    judged(&settings, &env).unwrap();
    env.insert("GATEWAY_TOKEN".into(), "from-the-environment".into());
    judged(&settings, &env).unwrap();
    let sent: Vec<_> =
        server.asked().iter().map(|a| a.header("authorization").map(str::to_owned)).collect();
    let bearer = |key: &str| Some(format!("Bearer {key}"));
    assert_eq!(sent, [bearer("from-the-keyring"), bearer("from-the-environment")]);
}

#[test]
fn the_fixed_evaluator_needs_nobody() {
    let evaluator =
        Evaluator::choose(&of(JudgeProvider::Fixed), &Environment::new(), None).unwrap();
    let asked = question("contains:0 failures", &[(Kind::ToolResult, "ran: 0 failures")]);
    let judgement = ask(&evaluator, &asked).unwrap();
    assert_eq!((judgement.verdict.ruling, judgement.usage.cost_usd_micros), (Ruling::Met, Some(0)));
}

/// The vendors' real programs, against a scripted server: flags, prompt on standard input, answers.
#[test]
fn vendors_own_programs_judge() {
    let Some(programs) = vendors::programs() else { return };
    let server = ModelServer::start().unwrap();
    server.answer(|asked| {
        let (text, tools) = (asked.text(), asked.body["tools"].as_array().map_or(0, Vec::len));
        asked.is_for_a_verdict().then(|| {
            let shown = text.contains("ran: 0 failures");
            let ruling = if shown { "met" } else { "not_yet" };
            Saying::verdict(ruling, &format!("seen with {tools} tools"))
        })
    });
    for (provider, vendor) in [
        (JudgeProvider::Claude, "claude"),
        (JudgeProvider::Codex, "codex"),
        (JudgeProvider::Gemini, "gemini"),
    ] {
        let home = TestHome::new();
        let mut env: Environment = home
            .environment()
            .into_iter()
            .chain(server.environment(vendor, &home.user_home()).unwrap())
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        // Its other ways to sign in are chosen in a file; this one then takes the key.
        let gemini = home.user_home().join(".gemini");
        std::fs::create_dir(&gemini).unwrap();
        let auth = r#"{"security":{"auth":{"selectedType":"gemini-api-key"}}}"#;
        std::fs::write(gemini.join("settings.json"), auth).unwrap();
        let bin = home.work().join("bin");
        std::fs::create_dir(&bin).unwrap();
        if let Some(claude) = claude(&programs) {
            symlink(claude, bin.join("claude")).unwrap();
        }
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{}", bin.display(), vendors::path_with(&programs, &path));
        env.insert("PATH".into(), path.into());
        let judgement = judged(&of(provider), &env).unwrap_or_else(|e| panic!("{vendor}: {e}"));
        assert_eq!(judgement.verdict.ruling, Ruling::Met, "{vendor}");
        assert!(judgement.usage.input_tokens > 0, "{vendor}: {:?}", judgement.usage);
        println!("{vendor}: {judgement:?}");
    }
}

/// The program inside the adapter's package.
fn claude(programs: &Path) -> Option<std::path::PathBuf> {
    let packages = programs.parent()?.join("@anthropic-ai");
    let found = std::fs::read_dir(packages).ok()?.filter_map(Result::ok);
    found.map(|entry| entry.path().join("claude")).find(|path| path.is_file())
}
