//! The rehearsal agent as a process, driven by the real driver: every step, every way to end.

#[path = "../../agents/tests/pipe/mod.rs"]
mod pipe;

use nightshift_agents::acp::DriverSpec;
use nightshift_model::{Answer, Fact, NeedKind, TurnOutcome};
use nightshift_platform::process::{self, Identity, Liveness3};
use nightshift_protocol::{ItemBody, ToolStatus};
use nightshift_vendors::registry::Registry;
use pipe::Pipe;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

struct Stage {
    dir: TempDir,
    pipe: Pipe,
}

impl Stage {
    fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }
}

/// The example program beside this test's own.
fn program() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let target = own.parent().and_then(Path::parent).unwrap();
    let program = target.join("examples").join("rehearsal");
    assert!(program.exists(), "build it with `cargo build -p nightshift-rehearsal --examples`");
    program
}

fn stage(mode: Option<&str>) -> Stage {
    let dir = tempfile::tempdir().unwrap();
    let work = dir.path().join("work");
    std::fs::create_dir(&work).unwrap();
    let mut env = pipe::clean_env(dir.path());
    env.insert("NIGHTSHIFT_HOME".into(), dir.path().join("home").to_string_lossy().into_owned());
    let registry = Registry::builtin(&program());
    let agent = registry.find("rehearsal").unwrap().clone();
    let argv = registry.resolve(&agent, &env).unwrap();
    let spec = DriverSpec {
        model: Some("brisk".into()),
        permission_mode: mode.map(str::to_owned),
        ..DriverSpec::new(agent, work.to_string_lossy())
    };
    let mut pipe = Pipe::new(argv, env, spec);
    pipe.launch();
    Stage { dir, pipe }
}

fn finished(outcome: TurnOutcome) -> String {
    match outcome {
        TurnOutcome::Finished { stop_reason, last_text } if stop_reason == "end_turn" => last_text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_script_is_really_performed() {
    let mut stage = stage(None);
    let pipe = &mut stage.pipe;
    pipe.prompt(
        "say Good evening\nwrite notes/a.txt one\\ntwo\nrun cat notes/a.txt; exit 3\n\
         say and\nwait 0.01\nask Which colour? | Red | Blue\nwait soon\nhello\ndone all of it",
    );
    let need = pipe.until_need();
    assert_eq!(need.kind, NeedKind::Permission);
    assert_eq!(need.question, "Run: cat notes/a.txt; exit 3");
    pipe.answer(Answer::Allow);
    let need = pipe.until_need();
    assert_eq!((need.kind, need.question.as_str()), (NeedKind::Question, "Which colour?"));
    assert!(need.free_text);
    pipe.answer(Answer::Text { text: "blue".into() });
    let last = finished(pipe.until_end());
    assert!(last.starts_with("The answer is: Blue\nA `wait` step is written"), "{last}");
    assert!(last.ends_with("\nresult: all of it"), "{last}");
    let file = stage.dir.path().join("work/notes/a.txt");
    assert_eq!(std::fs::read_to_string(file).unwrap(), "one\ntwo\n");
    let pipe = &mut stage.pipe;
    assert_eq!(pipe.tool_status(), [ToolStatus::Completed, ToolStatus::Failed]);
    let text = pipe.text();
    for part in
        ["Good evening", "  │ +two", "  │ one\n  │ two\n  │ exit code 3", "? Which colour?\n  Blue"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    pipe.check_every_restart();
}

#[test]
fn auto_never_asks_and_turns_follow_each_other() {
    let mut stage = stage(Some("auto"));
    let pipe = &mut stage.pipe;
    pipe.prompt("run echo one");
    pipe.prompt("run echo two\ndone two");
    assert_eq!(finished(pipe.until_end()), "");
    assert_eq!(finished(pipe.until_end()), "result: two");
    assert_eq!(pipe.tool_status(), [ToolStatus::Completed, ToolStatus::Completed]);
    pipe.check_every_restart();
}

#[test]
fn a_refusal_is_said_and_the_script_goes_on() {
    let mut stage = stage(None);
    let pipe = &mut stage.pipe;
    pipe.prompt("run touch never\nsay after\ntool t {}\nfail on purpose");
    pipe.until_need();
    pipe.answer(Answer::Deny);
    match pipe.until_end() {
        TurnOutcome::Error { message, .. } => assert_eq!(message, "on purpose"),
        other => panic!("{other:?}"),
    }
    let text = pipe.text();
    assert!(text.contains("Refused, so not run: touch never\nafter"), "{text}");
    assert!(text.contains("no MCP servers were given"), "{text}");
    assert!(!stage.work().join("never").exists());
}

#[test]
fn cancel_ends_a_command_and_all_below_it() {
    let mut stage = stage(Some("auto"));
    let pipe = &mut stage.pipe;
    pipe.prompt("run sh -c 'setsid sleep 600 & echo started; wait'\nsay never");
    let started = |f: &Fact| matches!(f, Fact::Progress { line } if line.contains("sleep 600"));
    pipe.until("the tool", started);
    let below = wait_for_tree(pipe.pid(), 3);
    pipe.cancel();
    assert!(matches!(pipe.until_end(), TurnOutcome::Cancelled));
    for one in &below {
        wait_until_gone(one);
    }
    assert_eq!(pipe.tool_status(), [ToolStatus::Failed]);
    assert!(!pipe.text().contains("\nnever"), "{}", pipe.text());
    pipe.prompt("done still here");
    assert_eq!(finished(pipe.until_end()), "result: still here");
    pipe.check_every_restart();
}

#[test]
fn cancel_ends_what_is_below_the_command_no_more() {
    let mut stage = stage(Some("auto"));
    // The shell between ends at once: the first sleep is nobody's child, in a session of its own.
    let command = r#"sh -c 'setsid sh -c "echo \$\$ > orphan; exec sleep 600" &'; sleep 601"#;
    stage.pipe.prompt(&format!("run {command}"));
    let started = |f: &Fact| matches!(f, Fact::Progress { line } if line.contains("sleep 601"));
    stage.pipe.until("the tool", started);
    let orphan = bounded("the orphan", || {
        let pid = std::fs::read_to_string(stage.work().join("orphan")).ok()?.trim().parse().ok()?;
        Identity::of(pid).ok()
    });
    let pipe = &mut stage.pipe;
    bounded("the shell between to end", || {
        let below = process::descendants(pipe.pid()).unwrap();
        (!below.contains(&orphan)).then_some(())
    });
    pipe.cancel();
    assert!(matches!(pipe.until_end(), TurnOutcome::Cancelled));
    wait_until_gone(&orphan);
}

/// The descendants, once there are at least `count`.
fn wait_for_tree(pid: u32, count: usize) -> Vec<Identity> {
    let look = || Some(process::descendants(pid).unwrap()).filter(|all| all.len() >= count);
    bounded("the tree", look)
}

fn wait_until_gone(one: &Identity) {
    let what = format!("{:?} to end: {:?}", process::arguments(one.pid), one);
    bounded(&what, || (one.liveness() == Liveness3::Gone).then_some(()));
}

/// Looks again and again, for at most half a minute.
fn bounded<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let start = nightshift_platform::clock::monotonic();
    loop {
        if let Some(found) = look() {
            return found;
        }
        let waited = nightshift_platform::clock::monotonic() - start;
        assert!(waited.as_secs() < 30, "waited in vain for {what}");
        std::thread::yield_now();
    }
}

#[test]
fn cancel_while_it_asks_answers_the_request_as_cancelled() {
    for step in ["run echo x", "ask Which? | A"] {
        let mut stage = stage(None);
        let pipe = &mut stage.pipe;
        pipe.prompt(step);
        pipe.until_need();
        pipe.cancel();
        assert!(matches!(pipe.until_end(), TurnOutcome::Cancelled), "{step}");
        assert!(pipe.needs.is_empty(), "{step}");
        pipe.check_every_restart();
    }
}

#[test]
fn a_new_supervisor_answers_what_the_old_one_was_asked() {
    let mut stage = stage(None);
    let pipe = &mut stage.pipe;
    pipe.prompt("run echo hi\ndone it");
    pipe.until_need();
    pipe.restart_supervisor();
    pipe.answer(Answer::Allow);
    pipe.restart_supervisor();
    assert_eq!(finished(pipe.until_end()), "result: it");
}

#[test]
fn a_killed_agent_is_resumed_in_its_own_session() {
    let mut stage = stage(Some("auto"));
    let pipe = &mut stage.pipe;
    pipe.prompt("say first\ndone one");
    pipe.until_end();
    let before = pipe.items();
    pipe.prompt("wait 600");
    pipe.until("the prompt", |f| matches!(f, Fact::PromptSent { n: 2 }));
    pipe.kill();
    pipe.launch();
    match pipe.until_end() {
        TurnOutcome::Error { message, .. } => {
            assert!(message.contains("process ended"), "{message}")
        }
        other => panic!("{other:?}"),
    }
    pipe.prompt("done three");
    assert_eq!(finished(pipe.until_end()), "result: three");
    let ready: Vec<&[u8]> = sent(pipe, "session/resume");
    assert_eq!(ready.len(), 1, "resumed, and no fresh session");
    assert_eq!(sent(pipe, "session/new").len(), 1);
    let after = pipe.items();
    assert_eq!(after[..before.len()], before[..], "the transcript is kept and not replayed");
    let users = after.iter().filter(|i| matches!(i.body, ItemBody::User { .. })).count();
    assert_eq!(users, 3);
    pipe.check_every_restart();
}

fn sent<'a>(pipe: &'a Pipe, method: &str) -> Vec<&'a [u8]> {
    let wanted = format!("\"method\":\"{method}\"");
    let bodies = pipe.journal.iter().map(|r| r.body.as_slice());
    bodies.filter(|b| String::from_utf8_lossy(b).contains(&wanted)).collect()
}

#[test]
fn an_unknown_mode_or_model_is_refused_with_what_there_is() {
    let mut stage = stage(Some("yolo"));
    let refused = |f: &Fact| matches!(f, Fact::AgentRefused { .. });
    let Fact::AgentRefused { error, .. } = stage.pipe.until("the refusal", refused) else {
        unreachable!()
    };
    assert_eq!(error, "Rehearsal has no permission mode `yolo`; it offers ask, auto");
    assert!(stage.work().exists());
}
