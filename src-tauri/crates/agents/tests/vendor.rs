//! The vendors' agents from the npm registry, driven by the real driver against a scripted model on
//! loopback: their permissions, their tools, their errors, a restart of the supervisor in the
//! middle, a session resumed in a new process. What is particular to one is in its own test.

mod pipe;

use nightshift_agents::acp::DriverSpec;
use nightshift_model::{Answer, Fact, Millis, NeedKind, Trouble, TroubleKind, TurnOutcome};
use nightshift_protocol::ToolStatus;
use nightshift_testkit::model_server::Asked;
use nightshift_testkit::{ModelServer, vendors};
use nightshift_vendors::registry::Registry;
use pipe::Pipe;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

struct Stage {
    dir: TempDir,
    model: ModelServer,
    pipe: Pipe,
}

impl Stage {
    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join("work").join(name)
    }

    /// The conversation as the agent told it to the model last. Requests for a title and the like come
    /// without tools.
    fn told_model(&self) -> String {
        let works = |a: &&Asked| a.body["tools"].as_array().is_some_and(|tools| !tools.is_empty());
        let talks = |a: &&Asked| works(a) && a.body.to_string().contains("@@");
        self.model.asked().iter().rfind(talks).map(|a| a.body.to_string()).unwrap_or_default()
    }
}

/// The agent `id` in a home of its own; none when the vendors' agents cannot be had.
fn stage(id: &str, mode: Option<&str>) -> Option<Stage> {
    stage_as(id, id, mode)
}

/// The same with the environment that the model server knows as `account`.
fn stage_as(id: &str, account: &str, mode: Option<&str>) -> Option<Stage> {
    let programs = vendors::programs()?;
    let dir = tempfile::tempdir().unwrap();
    let work = dir.path().join("work");
    std::fs::create_dir(&work).unwrap();
    let model = ModelServer::start().unwrap();
    let mut env = model.environment(account, dir.path()).unwrap();
    env.insert("PATH".into(), vendors::path_with(&programs, &env["PATH"]));
    let registry = Registry::builtin(Path::new("/nonexistent"));
    let agent = registry.find(id).unwrap().clone();
    let argv = registry.resolve(&agent, &env).unwrap();
    env.extend(agent.env.clone());
    let spec = DriverSpec {
        permission_mode: mode.map(str::to_owned),
        ..DriverSpec::new(agent, work.to_string_lossy())
    };
    let mut pipe = Pipe::new(argv, env, spec);
    pipe.launch();
    Some(Stage { dir, model, pipe })
}

fn finished(outcome: TurnOutcome) -> String {
    match outcome {
        TurnOutcome::Finished { last_text, .. } => last_text,
        other => panic!("{other:?}"),
    }
}

fn failed(outcome: TurnOutcome) -> (String, Option<Trouble>) {
    match outcome {
        TurnOutcome::Error { message, trouble } => (message, trouble),
        other => panic!("{other:?}"),
    }
}

/// A file is written once the user allows it; the session goes on in a new process and still knows
/// what was said; it asks again there.
fn asks_works_and_resumes(id: &str) {
    let Some(mut stage) = stage(id, None) else { return };
    let (first, second) = (stage.file("first.txt"), stage.file("second.txt"));
    stage.pipe.prompt(&format!("@@write {}@@", first.display()));
    let need = stage.pipe.until_need();
    assert_eq!(need.kind, NeedKind::Permission);
    assert!(need.question.contains("first.txt"), "{}", need.question);
    assert!(need.detail.contains("+written by the scripted model"), "{}", need.detail);
    assert!(!first.exists(), "nothing is written before the answer");
    stage.pipe.restart_supervisor();
    stage.pipe.answer(Answer::Allow);
    assert!(finished(stage.pipe.until_end()).ends_with("All 1 steps are done."));
    assert_eq!(std::fs::read_to_string(&first).unwrap(), "written by the scripted model\n");
    stage.pipe.kill();
    stage.pipe.an_hour_passes();
    if id == "gemini" {
        begin_gemini_sessions_earlier(stage.dir.path());
    }
    let before = stage.pipe.items();
    stage.pipe.launch();
    stage.pipe.prompt(&format!("@@write {}@@", second.display()));
    let need = stage.pipe.until_need();
    assert!(need.question.contains("second.txt"), "it asks in the new process too: {need:?}");
    stage.pipe.answer(Answer::Allow);
    finished(stage.pipe.until_end());
    assert!(second.exists());
    assert!(stage.told_model().contains("first.txt"), "the agent knows the conversation");
    let after = stage.pipe.items();
    assert_eq!(after[..before.len()], before, "no replay changes what the journal holds");
    let firsts = |text: &str| text.matches("first.txt@@").count();
    assert_eq!(firsts(&stage.pipe.text()), 1, "{}", stage.pipe.text());
    stage.pipe.check_every_restart();
}

/// Renames the files of the agent's sessions as if they had been begun on another day.
fn begin_gemini_sessions_earlier(home: &Path) {
    let chats = home.join(".gemini/tmp").join("work").join("chats");
    for entry in std::fs::read_dir(&chats).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let (date, rest) = name.split_once('T').unwrap();
        assert!(date.starts_with("session-"), "{name}");
        std::fs::rename(chats.join(&name), chats.join(format!("session-2020-01-01T{rest}")))
            .unwrap();
    }
}

#[test]
fn gemini_is_not_made_to_overwrite_a_session_that_has_just_begun() {
    let Some(mut stage) = stage("gemini", None) else { return };
    stage.pipe.prompt("hello");
    finished(stage.pipe.until_end());
    stage.pipe.kill();
    let minute = |r: &nightshift_protocol::Record| r.at.0 / 60_000;
    let began = stage.pipe.journal.iter().map(minute).next();
    stage.pipe.launch();
    let refused = |f: &Fact| matches!(f, Fact::AgentRefused { .. } | Fact::AgentReady { .. });
    let fact = stage.pipe.until("an answer", refused);
    if stage.pipe.journal.last().map(minute) == began {
        let Fact::AgentRefused { error, .. } = fact else { panic!("{fact:?}") };
        assert!(error.contains("reply in a minute"), "{error}");
    }
}

#[test]
fn claude_asks_works_and_resumes() {
    asks_works_and_resumes("claude");
}

#[test]
fn codex_asks_works_and_resumes() {
    asks_works_and_resumes("codex");
}

#[test]
fn gemini_asks_works_and_resumes() {
    asks_works_and_resumes("gemini");
}

/// A refused request is an error, a stream ends when it is cancelled.
fn errors_and_cancels(id: &str, mode: &str) {
    let Some(mut stage) = stage(id, Some(mode)) else { return };
    let pipe = &mut stage.pipe;
    pipe.prompt("@@fail@@");
    let (message, trouble) = failed(pipe.until_end());
    assert!(message.contains("scripted failure"), "{message}");
    assert_eq!(trouble, None, "{message}");
    pipe.prompt("@@slow 2000@@");
    pipe.until("words", |f| matches!(f, Fact::Progress { line } if line.starts_with('w')));
    pipe.cancel();
    assert!(matches!(pipe.until_end(), TurnOutcome::Cancelled));
    pipe.check_every_restart();
}

#[test]
fn claude_errors_and_cancels() {
    errors_and_cancels("claude", "acceptEdits");
}

#[test]
fn codex_errors_and_cancels() {
    errors_and_cancels("codex", "agent-full-access");
}

#[test]
fn gemini_errors_and_cancels() {
    errors_and_cancels("gemini", "yolo");
}

/// What the interface refuses by status is told apart.
fn troubles_are_told_apart(id: &str, cases: &[(u16, TroubleKind)]) {
    let Some(mut stage) = stage(id, None) else { return };
    for (status, expected) in cases {
        stage.pipe.prompt(&format!("@@status {status}@@"));
        let (message, trouble) = failed(stage.pipe.until_end());
        assert_eq!(trouble.map(|t| t.kind), Some(*expected), "{status}: {message}");
    }
    stage.pipe.check_every_restart();
}

#[test]
fn claude_troubles_are_told_apart() {
    use TroubleKind::{Credit, Overloaded, SignIn, UsageLimit};
    let cases = [(529, Overloaded), (402, Credit), (429, UsageLimit), (401, SignIn)];
    troubles_are_told_apart("claude", &cases);
}

#[test]
fn codex_troubles_are_told_apart() {
    use TroubleKind::{Credit, Overloaded, SignIn, UsageLimit};
    let cases = [(503, Overloaded), (402, Credit), (429, UsageLimit), (401, SignIn)];
    troubles_are_told_apart("codex", &cases);
}

#[test]
fn gemini_troubles_are_told_apart() {
    use TroubleKind::{Credit, SignIn, UsageLimit};
    // It tries an overloaded server for minutes before it says so: its words have a unit test.
    troubles_are_told_apart("gemini", &[(402, Credit), (429, UsageLimit), (401, SignIn)]);
}

#[test]
fn a_claude_subscription_tells_when_its_limit_ends() {
    let Some(mut stage) = stage_as("claude", "claude-subscription", None) else { return };
    stage.pipe.prompt("hello");
    finished(stage.pipe.until_end());
    stage.pipe.prompt("@@status 429@@");
    let (message, trouble) = failed(stage.pipe.until_end());
    assert!(message.contains("limit"), "{message}");
    let resets = Some(Millis(stage.model.resets_s() * 1000));
    assert_eq!(trouble, Some(Trouble { kind: TroubleKind::UsageLimit, resets }));
}

#[test]
fn a_claude_subscription_tells_to_the_minute_when_a_limit_ends_that_its_first_turn_meets() {
    let Some(mut stage) = stage_as("claude", "claude-subscription", None) else { return };
    stage.pipe.prompt("@@status 429@@");
    let (message, trouble) = failed(stage.pipe.until_end());
    let resets = trouble.and_then(|t| t.resets).unwrap_or_else(|| panic!("{message}"));
    assert_eq!(resets.0 / 60_000, stage.model.resets_s() / 60, "{message}");
}

#[test]
fn codex_tells_to_the_minute_when_its_limit_ends() {
    let Some(mut stage) = stage("codex", None) else { return };
    stage.pipe.prompt("@@status 429@@");
    let (message, trouble) = failed(stage.pipe.until_end());
    let resets = trouble.and_then(|t| t.resets).unwrap_or_else(|| panic!("{message}"));
    assert_eq!(resets.0 / 60_000, stage.model.resets_s() / 60, "{message}");
}

#[test]
fn claude_has_no_tools_of_its_own_that_are_named_like_ours() {
    let Some(mut stage) = stage("claude", None) else { return };
    stage.pipe.prompt("@@ask@@");
    let need = stage.pipe.until_need();
    assert_eq!((need.kind, need.question.as_str()), (NeedKind::Question, "Which colour?"));
    stage.pipe.answer(Answer::Text { text: "blue".into() });
    finished(stage.pipe.until_end());
    let asked = stage.model.asked();
    let tools = asked.iter().flat_map(|a| a.body["tools"].as_array().cloned().unwrap_or_default());
    let names: Vec<String> = tools.filter_map(|t| t["name"].as_str().map(str::to_owned)).collect();
    assert!(names.iter().any(|n| n == "Bash"), "{names:?}");
    for own in ["CronCreate", "CronDelete", "CronList", "Monitor", "ToolSearch"] {
        assert!(!names.iter().any(|n| n == own), "{own} is among {names:?}");
    }
    assert!(stage.told_model().contains("Blue"), "the answer reached the model");
}

#[test]
fn codex_ends_its_turn_when_a_request_is_denied() {
    let Some(mut stage) = stage("codex", None) else { return };
    let never = stage.file("never");
    stage.pipe.prompt(&format!("@@write {}@@", never.display()));
    stage.pipe.until_need();
    stage.pipe.answer(Answer::Deny);
    assert!(matches!(stage.pipe.until_end(), TurnOutcome::Cancelled));
    assert!(!never.exists());
    let text = stage.pipe.text();
    assert!(text.contains("ended its turn because its request was denied"), "{text}");
}

#[test]
fn a_signed_out_agent_says_how_to_sign_in() {
    for (id, variable, way) in [
        ("claude", "ANTHROPIC_API_KEY", "claude-agent-acp --cli auth login"),
        ("codex", "SCRIPTED_API_KEY", "codex login"),
    ] {
        let Some(mut stage) = stage_as(id, "nobody", None) else { return };
        assert!(!stage.pipe.has_variable(variable));
        stage.pipe.prompt("hello");
        let refused = |f: &Fact| matches!(f, Fact::AgentRefused { .. } | Fact::TurnEnded { .. });
        let (message, trouble) = match stage.pipe.until("the refusal", refused) {
            Fact::AgentRefused { error, trouble } => (error, trouble),
            Fact::TurnEnded { outcome, .. } => failed(outcome),
            other => panic!("{other:?}"),
        };
        assert_eq!(trouble, Some(TroubleKind::SignIn.into()), "{id}: {message}");
        assert!(message.contains("sign in with") && message.contains(way), "{id}: {message}");
    }
}

#[test]
fn gemini_runs_commands_and_writes_files_one_after_the_other() {
    let Some(mut stage) = stage("gemini", None) else { return };
    let made = stage.file("made.txt");
    let written = stage.file("written.txt");
    let pipe = &mut stage.pipe;
    pipe.prompt(&format!("@@bash echo made > made.txt@@ @@write {}@@", written.display()));
    let need = pipe.until_need();
    assert_eq!(need.kind, NeedKind::Permission);
    assert_eq!(need.question, "Run: echo made > made.txt");
    assert!(!made.exists(), "nothing runs before the answer");
    pipe.restart_supervisor();
    pipe.answer(Answer::Allow);
    let need = pipe.until_need();
    assert_eq!(need.question, format!("Edit: {}", written.display()));
    assert!(need.detail.contains("+written by the scripted model"), "{}", need.detail);
    pipe.answer(Answer::Allow);
    assert_eq!(finished(pipe.until_end()), "All 2 steps are done.");
    assert_eq!(std::fs::read_to_string(&made).unwrap(), "made\n");
    assert_eq!(std::fs::read_to_string(&written).unwrap(), "written by the scripted model\n");
    pipe.check_every_restart();
}

#[test]
fn gemini_goes_on_after_a_no() {
    let Some(mut stage) = stage("gemini", None) else { return };
    let never = stage.file("never");
    let pipe = &mut stage.pipe;
    pipe.prompt("@@bash touch never@@");
    pipe.until_need();
    pipe.answer(Answer::Deny);
    finished(pipe.until_end());
    assert!(!never.exists());
    assert_eq!(pipe.tool_status(), [ToolStatus::Failed]);
    pipe.check_every_restart();
}
