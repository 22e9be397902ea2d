//! The vendors' agents from the npm registry, whole: dispatched by the command in the dispatcher's
//! environment, asked through the board, answered from the shell, their supervisor killed in the
//! middle of a turn, their process killed and resumed, against a scripted model on loopback.

use crate::support::{Shift, id_of, kill, ran};
use nightshift_platform::clock;
use nightshift_platform::process::Identity;
use nightshift_testkit::{ModelServer, vendors};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A shift with one vendor's agent and the scripted model it talks to.
pub struct Vendor {
    pub shift: Shift,
    pub model: ModelServer,
    agent: &'static str,
    programs: PathBuf,
    env: Vec<(String, String)>,
}

impl Vendor {
    /// None when the vendors' agents cannot be had.
    pub fn new(agent: &'static str, account: &str) -> Option<Vendor> {
        let programs = vendors::programs()?;
        let shift = Shift::new();
        let model = ModelServer::start().unwrap();
        let home = shift.home.user_home();
        let env = model.environment(account, &home).unwrap();
        let env = env.into_iter().filter(|(name, _)| name != "PATH" && name != "HOME").collect();
        // The supervisor is started without any of this: a session has its dispatcher's environment.
        shift.shell("true");
        Some(Vendor { shift, model, agent, programs, env })
    }

    /// A run of the command in the environment that holds the agent and its key.
    pub fn run(&self, args: &[&str]) -> String {
        let mut command = self.shift.command(args);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", vendors::path_with(&self.programs, &path));
        ran(&mut command, b"").ok(args)
    }

    pub fn dispatch(&self, prompt: &str) -> String {
        self.dispatch_with(&[], prompt)
    }

    pub fn dispatch_with(&self, more: &[&str], prompt: &str) -> String {
        let args = [&["--bg", "--json", "--agent", self.agent], more, &[prompt]].concat();
        id_of(&serde_json::from_str(&self.run(&args)).unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.shift.home.work().join(name)
    }

    /// Waits for the question about `file` and allows it.
    pub fn allow(&self, id: &str, file: &Path) -> Value {
        let entry = self.shift.wait_state(id, "blocked");
        assert_eq!(entry["waitingFor"], "permission prompt");
        let question = entry["pending"]["question"].as_str().unwrap();
        let name = file.file_name().unwrap().to_string_lossy();
        assert!(question.contains(&*name), "{question}");
        assert!(!file.exists(), "nothing is written before the answer");
        self.shift.answer(id, "allow");
        entry
    }
}

/// From the dispatch to the second prompt, over the death of a supervisor in the middle of a turn.
fn works_over_the_death_of_its_supervisor(agent: &'static str) -> Option<(Vendor, String)> {
    let vendor = Vendor::new(agent, agent)?;
    let shift = &vendor.shift;
    let first = vendor.file("first.txt");
    let id = vendor.dispatch(&format!("@@write {}@@", first.display()));
    let entry = shift.wait_state(&id, "blocked");
    shift.kill_supervisor();
    assert_eq!(shift.wait_state(&id, "blocked")["pending"], entry["pending"]);
    vendor.allow(&id, &first);
    shift.wait_state(&id, "done");
    assert_eq!(std::fs::read_to_string(&first).unwrap(), "written by the scripted model\n");

    vendor.run(&["reply", &id, "@@slow 80@@"]);
    shift.wait_log(&id, "w3 ");
    shift.kill_supervisor();
    let log = shift.wait_log(&id, "w79");
    assert!(log.contains("w2 w3 w4"), "not one word is lost or doubled: {log}");
    shift.wait_state(&id, "done");
    Some((vendor, id))
}

/// The agent's process is killed; a reply starts another, which knows the conversation and asks.
fn resumes_in_a_new_process(vendor: &Vendor, id: &str) {
    let shift = &vendor.shift;
    let pid = u32::try_from(shift.entry(id)["pid"].as_u64().unwrap()).unwrap();
    kill(&Identity::of(pid).unwrap());
    shift.wait_entry(id, "its process gone", |entry| entry["pid"].is_null());
    let second = vendor.file("second.txt");
    vendor.run(&["reply", id, &format!("@@write {}@@", second.display())]);
    vendor.allow(id, &second);
    shift.wait_state(id, "done");
    assert!(second.exists());
    let log = shift.ok(&["logs", id]);
    assert_eq!(log.matches("> @@slow 80@@").count(), 1, "nothing is told twice: {log}");
    let asked = vendor.model.asked();
    let names = |body: &str| ["first.txt", "second.txt"].iter().all(|name| body.contains(name));
    let knows = asked.iter().any(|a| names(&a.body.to_string()));
    assert!(knows, "it knows the conversation");
    shift.ok(&["rm", id]);
}

#[test]
fn claude_works_over_the_death_of_its_supervisor_and_of_itself() {
    let Some((vendor, id)) = works_over_the_death_of_its_supervisor("claude") else { return };
    resumes_in_a_new_process(&vendor, &id);
}

#[test]
fn codex_works_over_the_death_of_its_supervisor_and_of_itself() {
    let Some((vendor, id)) = works_over_the_death_of_its_supervisor("codex") else { return };
    resumes_in_a_new_process(&vendor, &id);
}

#[test]
fn gemini_works_over_the_death_of_its_supervisor() {
    // It loses sessions that are taken up again within their first minute, so that part has its
    // test where time can be moved.
    let Some((vendor, id)) = works_over_the_death_of_its_supervisor("gemini") else { return };
    vendor.shift.ok(&["rm", &id]);
}

#[test]
fn a_usage_limit_is_told_and_the_session_goes_on_when_it_ends() {
    let Some(vendor) = Vendor::new("claude", "claude-subscription") else { return };
    let shift = &vendor.shift;
    let id = vendor.dispatch("hello");
    shift.wait_state(&id, "done");
    shift.fails(&["continue-at-reset", &id], &["was not stopped by a usage limit"]);

    let resets_s = vendor.model.resets_s();
    vendor.run(&["reply", &id, "@@status 429@@"]);
    let entry = shift.wait_state(&id, "failed");
    assert_eq!(entry["trouble"], "usage_limit");
    assert_eq!(entry["resetsAt"], resets_s * 1000);
    assert!(shift.ok(&["agents", "--all"]).contains("resets in"), "the row counts down");
    assert!(shift.ok(&["why", &id]).contains("usage limit: "));

    let entry = shift.json(&["continue-at-reset", &id, "--json"]);
    let at = entry["continueAt"].as_u64().unwrap();
    assert!(at > resets_s * 1000, "not before the limit ends");
    assert!(shift.ok(&["agents", "--all"]).contains("continues in"));
    shift.ok(&["continue-at-reset", &id, "--cancel"]);
    assert!(shift.entry(&id)["continueAt"].is_null());
    shift.fails(&["continue-at-reset", &id, "--cancel"], &["is not set to continue"]);

    // Another session's limit ends while the test waits for it.
    vendor.model.limit_resets_in(2);
    let id = vendor.dispatch("hello");
    shift.wait_state(&id, "done");
    vendor.run(&["reply", &id, "@@status 429@@"]);
    shift.wait_entry(&id, "its limit", |e| e["resetsAt"].is_u64());
    vendor.model.limit_ends();
    let at = shift.json(&["continue-at-reset", &id, "--say", "go on, please", "--json"]);
    let at = at["continueAt"].as_u64().unwrap();
    shift.wait_log(&id, "> go on, please");
    shift.wait_state(&id, "done");
    assert!(clock::now().0 >= at, "and not before its time");
    let why = shift.ok(&["why", &id]);
    assert!(why.contains("continued after the usage limit, as you chose"), "{why}");
}

#[test]
fn claude_works_in_its_own_terminal() {
    let Some(vendor) = Vendor::new("claude-tui", "claude") else { return };
    let shift = &vendor.shift;
    vendors::greet_claude(&shift.home.user_home(), &shift.home.work()).unwrap();
    let first = vendor.file("first.txt");
    let id = vendor.dispatch(&format!("@@write {}@@", first.display()));
    let entry = shift.wait_state(&id, "blocked");
    shift.kill_supervisor();
    assert_eq!(shift.wait_state(&id, "blocked")["pending"], entry["pending"]);
    vendor.allow(&id, &first);
    shift.wait_state(&id, "done");
    assert!(first.exists());
    vendor.run(&["reply", &id, "@@bash echo typed > typed.txt@@"]);
    shift.wait_state(&id, "blocked");
    shift.answer(&id, "deny");
    shift.wait_state(&id, "done");
    assert!(!vendor.file("typed.txt").exists());
    shift.ok(&["rm", &id]);
}

#[test]
fn a_conversation_of_claude_goes_into_its_own_terminal_and_back() {
    let Some(vendor) = Vendor::new("claude", "claude") else { return };
    let shift = &vendor.shift;
    vendors::greet_claude(&shift.home.user_home(), &shift.home.work()).unwrap();
    let id = vendor.dispatch("the first words");
    let entry = shift.wait_state(&id, "done");
    let opened: Value =
        serde_json::from_str(&vendor.run(&["open", &id, "--tui", "--json"])).unwrap();
    assert_eq!(opened["agent"], "claude-tui");
    let back = shift.wait_entry(&id, "its terminal", |e| e["status"] == "idle");
    assert_eq!(back["result"], entry["result"], "what it produced stays the row's truth");
    assert_eq!(shift.json(&["attach", &id, "--json"])["type"], "terminal");
    let second = vendor.file("second.txt");
    vendor.run(&["reply", &id, &format!("@@write {}@@", second.display())]);
    vendor.allow(&id, &second);
    shift.wait_state(&id, "done");

    vendor.run(&["open", &id, "--conversation"]);
    shift.wait_entry(&id, "the conversation", |e| e["agent"] == "claude" && e["status"] == "idle");
    let third = vendor.file("third.txt");
    vendor.run(&["reply", &id, &format!("@@write {}@@", third.display())]);
    vendor.allow(&id, &third);
    shift.wait_state(&id, "done");
    let asked = vendor.model.asked();
    let parts = ["the first words", "second.txt", "third.txt"];
    let remembers = |body: &str| parts.iter().all(|part| body.contains(part));
    assert!(asked.iter().any(|a| remembers(&a.body.to_string())), "it does not remember all");
    shift.ok(&["rm", &id]);
}
