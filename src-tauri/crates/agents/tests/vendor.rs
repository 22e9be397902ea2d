//! A vendor's agent from the npm registry, driven by the real driver against a scripted model on
//! loopback: its permissions, its tools, its errors, a restart of the supervisor in the middle.

mod pipe;

use nightshift_agents::acp::DriverSpec;
use nightshift_agents::registry::Registry;
use nightshift_model::{Answer, Fact, NeedKind, TurnOutcome};
use nightshift_protocol::ToolStatus;
use nightshift_testkit::ModelServer;
use pipe::Pipe;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The vendor's agent that the tests pin: it runs on the oldest Node the product supports.
const AGENT: &str = "gemini";

struct Stage {
    dir: TempDir,
    _model: ModelServer,
    pipe: Pipe,
}

impl Stage {
    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join("work").join(name)
    }
}

/// Where `npm ci` puts the pinned agent.
fn installed_programs() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap();
    let programs = root.join("tests/vendor/node_modules/.bin");
    assert!(
        programs.join(AGENT).exists(),
        "the vendor's agent is not installed; run `cd tests/vendor && npm ci`"
    );
    programs
}

fn stage(mode: Option<&str>) -> Stage {
    let dir = tempfile::tempdir().unwrap();
    let work = dir.path().join("work");
    std::fs::create_dir(&work).unwrap();
    let model = ModelServer::start().unwrap();
    let mut env = model.environment(AGENT, dir.path()).unwrap();
    let path = format!("{}:{}", installed_programs().display(), env["PATH"]);
    env.insert("PATH".into(), path);
    let registry = Registry::builtin(Path::new("/nonexistent"));
    let agent = registry.find(AGENT).unwrap().clone();
    let argv = registry.resolve(&agent, &env).unwrap();
    env.extend(agent.env.clone());
    let spec = DriverSpec {
        cwd: work.to_string_lossy().into_owned(),
        model: None,
        permission_mode: mode.map(str::to_owned),
        agent,
        resume: None,
    };
    let mut pipe = Pipe::new(argv, env, spec);
    pipe.launch();
    Stage { dir, _model: model, pipe }
}

fn finished(outcome: TurnOutcome) -> String {
    match outcome {
        TurnOutcome::Finished { last_text, .. } => last_text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_vendors_agent_asks_is_answered_and_really_works() {
    let mut stage = stage(None);
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
fn a_vendors_agent_takes_no_for_an_answer() {
    let mut stage = stage(None);
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

#[test]
fn a_vendors_error_ends_the_turn_and_a_cancel_ends_a_stream() {
    let mut stage = stage(Some("yolo"));
    let pipe = &mut stage.pipe;
    pipe.prompt("@@fail@@");
    match pipe.until_end() {
        TurnOutcome::Error { message } => {
            assert!(message.contains("scripted failure"), "{message}")
        }
        other => panic!("{other:?}"),
    }
    pipe.prompt("@@slow 2000@@");
    pipe.until("words", |f| matches!(f, Fact::Progress { line } if line.starts_with('w')));
    pipe.cancel();
    assert!(matches!(pipe.until_end(), TurnOutcome::Cancelled));
    pipe.check_every_restart();
}
