//! The command line, asked for the truth behind what the window shows.

use crate::stage::Stage;
use crate::wait::eventually;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::process::Stdio;

impl Stage {
    /// Runs `nightshift` with these arguments and gives what it prints.
    pub fn nightshift(&self, arguments: &[&str]) -> Result<String> {
        let mut command = self.processes.command(&self.cli)?;
        command.args(arguments);
        let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output()?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            bail!("nightshift {arguments:?} ended with {}: {words}", output.status);
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    pub fn nightshift_json(&self, arguments: &[&str]) -> Result<Value> {
        let text = self.nightshift(arguments)?;
        serde_json::from_str(&text).with_context(|| format!("{arguments:?} gave {text:?}"))
    }

    /// All sessions, ended ones included.
    pub fn sessions(&self) -> Result<Vec<Value>> {
        let all = self.nightshift_json(&["agents", "--json", "--all"])?;
        all.as_array().cloned().context("`agents --json` gives an array")
    }

    /// The entry of one session.
    pub fn session(&self, id: &str) -> Result<Value> {
        let found = self.sessions()?.into_iter().find(|entry| entry["id"] == id);
        found.with_context(|| format!("no session {id}"))
    }

    /// Starts the rehearsal agent without the window and gives the session's id.
    pub fn start(&self, prompt: &str) -> Result<String> {
        let started = self.nightshift_json(&["--bg", "--json", "--agent", "rehearsal", prompt])?;
        started["id"].as_str().map(str::to_owned).context("a start gives an id")
    }

    /// What became of everything that was to be told of this session, the oldest first.
    pub fn receipts(&self, session: &str) -> Result<Vec<Value>> {
        let all = self.nightshift_json(&["notifications", "receipts", "--json"])?;
        let all = all.as_array().context("receipts are an array")?;
        Ok(all.iter().rev().filter(|r| r["session"] == session).cloned().collect())
    }

    /// Waits until the session is in this state, as `agents --json` words it.
    pub async fn becomes(&self, session: &str, state: &str) -> Result<Value> {
        eventually(&format!("session {session} to be {state}"), async || {
            let now = self.session(session)?;
            Ok(if now["state"] == state { Ok(now) } else { Err(now.to_string()) })
        })
        .await
    }
}
