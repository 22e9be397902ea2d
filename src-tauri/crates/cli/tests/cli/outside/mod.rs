//! Events from outside, whole: the intake process that listens, calls with tokens, GitHub's webhooks and polling.

mod fires;
mod hostile_requests;
mod http;
mod life;
mod polling;
mod webhooks;

use crate::support::Shift;
use http::{Answer, Asked};
use nightshift_testkit::wait_for;
use serde_json::Value;

/// Judged by rules, run by the rehearsal agent, without a login shell, called by whoever has a token.
pub fn definition(front: &str, prompt: &str) -> String {
    format!(
        "+++\nagent = \"rehearsal\"\n[[trigger]]\napi = true\n{front}\n[environment]\nfrom = \"none\"\n+++\n{prompt}\n"
    )
}

pub const ALLOW: &str = "[policy]\noverlap = \"allow\"\nmax_per_day = 1000\n";

pub fn shift() -> Shift {
    let shift = Shift::new();
    std::fs::create_dir_all(shift.home.state()).unwrap();
    let settings = "[judge]\nprovider = \"fixed\"\n[intake]\npoll = false\n";
    std::fs::write(shift.home.state().join("settings.toml"), settings).unwrap();
    shift
}

/// Makes a routine from this text; its id.
pub fn create(shift: &Shift, name: &str, text: &str) -> String {
    let args = ["routines", "create", name, "--file", "-", "--json"];
    let out = shift.run_with_stdin(&args, text.as_bytes()).ok(&args);
    let view: Value = serde_json::from_str(&out).unwrap();
    view["id"].as_str().unwrap().to_owned()
}

/// A token and the address that it is for.
pub struct Key {
    pub id: String,
    pub token: String,
    pub url: String,
}

pub fn token(shift: &Shift, routine: &str) -> Key {
    let made = shift.json(&["routines", "token", "create", routine, "--json"]);
    let field = |name: &str| made[name].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    Key { id: field("id"), token: field("token"), url: field("url") }
}

pub const BETA: &str = "experimental-cc-routine-2026-04-01";

impl Key {
    /// A call as the reference documents it.
    pub fn call(&self) -> Asked {
        Asked::post(&self.url)
            .header("Authorization", &format!("Bearer {}", self.token))
            .header("anthropic-version", "2023-06-01")
            .header("anthropic-beta", BETA)
    }

    pub fn fire(&self, text: &str) -> Answer {
        let body = serde_json::json!({ "text": text }).to_string();
        self.call().json(&body).send()
    }
}

/// The session that a call was answered with.
pub fn session_of(answer: &Answer) -> String {
    let body = answer.json();
    assert_eq!(answer.status, 200, "{body}");
    assert_eq!(body["type"], "routine_fire", "{body}");
    let id = body["claude_code_session_id"].as_str().unwrap().strip_prefix("session_").unwrap();
    assert_eq!(body["claude_code_session_url"], format!("nightshift://session/{id}"));
    id.to_owned()
}

/// An error in the form of the reference.
pub fn refused(answer: &Answer, status: u16, kind: &str) -> String {
    let body = answer.json();
    assert_eq!((answer.status, &body["error"]["type"]), (status, &kind.into()), "{body}");
    assert_eq!(body["type"], "error", "{body}");
    body["error"]["message"].as_str().unwrap().to_owned()
}

pub fn runs(shift: &Shift, name: &str) -> Vec<Value> {
    let args = ["routines", "runs", name, "--limit", "1000", "--json"];
    shift.json(&args).as_array().unwrap().clone()
}

pub fn deliveries(shift: &Shift, name: &str) -> Vec<Value> {
    let args = ["routines", "deliveries", name, "--limit", "1000", "--json"];
    shift.json(&args).as_array().unwrap().clone()
}

/// The latest run once it is in this state.
pub fn wait_run(shift: &Shift, name: &str, state: &str) -> Value {
    wait_for(&format!("a run of {name} to be {state}"), || {
        runs(shift, name).into_iter().find(|run| run["state"] == state)
    })
}

pub fn status(shift: &Shift) -> Value {
    let ran = shift.run(&["intake", "status", "--json"]);
    let status: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(ran.code, Some(i32::from(status["listening"].is_null())), "{status}");
    status
}

pub fn wait_status(shift: &Shift, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
    wait_for(what, || Some(status(shift)).filter(|status| fits(status)))
}
