//! Performs a script: every step is really done and told to the client as any agent would.
//!
//! Promise: dropped in the middle (a cancelled turn), nothing of it goes on.
//! Must not know: how requests arrive.

use super::memory::Who;
use super::script::{STEPS, Step};
use super::{Mode, Session, shell};
use nightshift_vendors::wire::RpcError;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// Pause between words at the `steady` pace: readable, and a stream that can be seen.
const WORD_INTERVAL: Duration = Duration::from_millis(15);

/// How a script ended.
pub enum End {
    Finished,
    Cancelled,
    Failed(String),
}

enum Next {
    Go,
    Stop(End),
}

/// One turn of `session`.
pub struct Turn<'a> {
    session: &'a Session,
    number: u64,
    tools: u64,
    /// Text since the last thing that was not text.
    message: String,
    /// The sentence about words that are no step was said.
    explained: bool,
}

impl<'a> Turn<'a> {
    pub fn new(session: &'a Session, number: u64) -> Turn<'a> {
        Turn { session, number, tools: 0, message: String::new(), explained: false }
    }

    pub async fn perform(mut self, steps: Vec<Step>) -> End {
        for step in steps {
            let next = match step {
                Step::Say(text) => self.say(&text).await,
                Step::Run(command) => self.run(&command).await,
                Step::Write { path, text } => self.write(&path, &text).await,
                Step::Open { url, words } => self.open(&url, &words).await,
                Step::Ask { question, options } => self.ask(&question, &options).await,
                Step::Wait { seconds } => {
                    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
                    Next::Go
                }
                Step::Tool { name, arguments } => self.tool(&name, arguments).await,
                Step::Fail(reason) => Next::Stop(End::Failed(reason)),
                Step::Done(result) => {
                    self.say(&format!("result: {result}")).await;
                    Next::Stop(End::Finished)
                }
                Step::Help => self.say(&help()).await,
                Step::Malformed(how) => self.say(&how).await,
                Step::Other(words) => self.other(&words).await,
            };
            if let Next::Stop(end) = next {
                return end;
            }
        }
        End::Finished
    }

    fn update(&self, update: &Value) {
        self.session.peer.update(&self.session.id, update);
    }

    /// Streams `text` word by word; a second text continues the message on a new line.
    async fn say(&mut self, text: &str) -> Next {
        let pause = self.session.is_steady().then_some(WORD_INTERVAL);
        let mut lead = if self.message.is_empty() { "" } else { "\n" };
        let text = text.to_owned();
        for word in text.split_inclusive(' ') {
            let chunk = format!("{lead}{word}");
            lead = "";
            self.message.push_str(&chunk);
            self.update(&json!({
                "sessionUpdate": "agent_message_chunk",
                "content": {"type": "text", "text": chunk},
            }));
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
        }
        self.session.remember(Who::Agent, &text);
        Next::Go
    }

    async fn other(&mut self, words: &str) -> Next {
        if std::mem::replace(&mut self.explained, true) {
            return self.say(&format!("No step either: {words}")).await;
        }
        self.say(
            "I am the rehearsal agent: I do what a script says, one step a line, and this is no \
             step. The line `help` lists the steps.",
        )
        .await
    }

    /// Announces a tool call; text after it is a new message.
    fn begin_tool(&mut self, title: &str, kind: &str, more: Value) -> String {
        self.message.clear();
        self.tools += 1;
        let id = format!("{}-{}-{}", self.session.short_id(), self.number, self.tools);
        let mut update = json!({
            "sessionUpdate": "tool_call",
            "toolCallId": id,
            "title": title,
            "kind": kind,
            "status": "pending",
        });
        if let (Some(fields), Value::Object(more)) = (update.as_object_mut(), more) {
            fields.extend(more);
        }
        self.update(&update);
        self.session.open_tool.replace(Some(id.clone()));
        id
    }

    fn tool_update(&self, id: &str, status: &str, text: Option<&str>) {
        let mut update = json!({
            "sessionUpdate": "tool_call_update",
            "toolCallId": id,
            "status": status,
        });
        if let Some(text) = text {
            update["content"] =
                json!([{"type": "content", "content": {"type": "text", "text": text}}]);
        }
        if status != "in_progress" {
            self.session.open_tool.take();
        }
        self.update(&update);
    }

    async fn run(&mut self, command: &str) -> Next {
        let input = json!({"rawInput": {"command": command}});
        let id = self.begin_tool(command, "execute", input);
        if self.session.mode.get() == Mode::Ask {
            match self.permission(&id, command).await {
                Ok(true) => {}
                Ok(false) => {
                    self.tool_update(&id, "failed", Some("refused"));
                    return self.say(&format!("Refused, so not run: {command}")).await;
                }
                Err(end) => return Next::Stop(end),
            }
        }
        self.tool_update(&id, "in_progress", None);
        let show = |output: &str| self.tool_update(&id, "in_progress", Some(output));
        match shell::run(command, &self.session.cwd, show).await {
            Ok((status, output)) => {
                let end = match status.code() {
                    Some(code) => format!("exit code {code}"),
                    None => "ended by a signal".to_owned(),
                };
                let gap = if output.is_empty() || output.ends_with('\n') { "" } else { "\n" };
                let text = format!("{output}{gap}{end}");
                let word = if status.success() { "completed" } else { "failed" };
                self.tool_update(&id, word, Some(&text));
                self.session.remember(Who::Agent, &format!("$ {command}\n{text}"));
                Next::Go
            }
            Err(error) => {
                self.tool_update(&id, "failed", Some(&error.to_string()));
                Next::Go
            }
        }
    }

    /// Asks whether tool call `id` may run `command`.
    async fn permission(&self, id: &str, command: &str) -> Result<bool, End> {
        let params = json!({
            "sessionId": self.session.id,
            "toolCall": {
                "toolCallId": id, "title": command, "kind": "execute", "status": "pending",
                "rawInput": {"command": command},
            },
            "options": [
                {"optionId": "allow-once", "kind": "allow_once", "name": "Allow"},
                {"optionId": "allow-always", "kind": "allow_always", "name": "Always allow this command"},
                {"optionId": "reject-once", "kind": "reject_once", "name": "Reject"},
            ],
        });
        let answer = self.session.peer.call("session/request_permission", &params).await;
        let answer = answer.map_err(failed)?;
        if answer["outcome"]["outcome"] == "cancelled" {
            return Err(End::Cancelled);
        }
        // What "always" allows, whoever asked the user remembers: it is asked each time, so that a rule which is
        // revoked holds no more.
        let option = answer["outcome"]["optionId"].as_str();
        Ok(matches!(option, Some("allow-once" | "allow-always")))
    }

    async fn write(&mut self, path: &str, text: &str) -> Next {
        let full = self.session.cwd.join(path);
        let old = std::fs::read_to_string(&full).ok();
        let new = if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
        let diff = json!({"type": "diff", "path": full, "oldText": old, "newText": new});
        let more = json!({
            "rawInput": {"path": full},
            "locations": [{"path": full}],
            "content": [diff],
        });
        let id = self.begin_tool(&format!("Write {path}"), "edit", more);
        match write_file(full, new).await {
            Ok(()) => self.tool_update(&id, "completed", None),
            Err(error) => {
                let text = format!("{path}: {error}");
                self.tool_update(&id, "failed", Some(&text));
            }
        }
        Next::Go
    }

    async fn ask(&mut self, question: &str, options: &[String]) -> Next {
        let mut properties = json!({"answer": {"type": "string"}});
        if !options.is_empty() {
            let choices: Vec<Value> =
                options.iter().map(|o| json!({"const": o, "title": o})).collect();
            properties = json!({
                "answer": {"type": "string", "oneOf": choices},
                "other": {"type": "string", "title": "Something else"},
            });
        }
        let params = json!({
            "sessionId": self.session.id,
            "mode": "form",
            "message": question,
            "requestedSchema": {"type": "object", "properties": properties},
        });
        self.message.clear();
        let answer = match self.session.peer.call("elicitation/create", &params).await {
            Ok(answer) => answer,
            Err(error) => return Next::Stop(failed(error)),
        };
        let content = &answer["content"];
        let text = content["answer"].as_str().or_else(|| content["other"].as_str());
        match (answer["action"].as_str(), text) {
            (Some("accept"), Some(text)) => self.say(&format!("The answer is: {text}")).await,
            (Some("cancel"), _) => Next::Stop(End::Cancelled),
            _ => self.say("No answer was given.").await,
        }
    }

    async fn open(&mut self, url: &str, words: &str) -> Next {
        let params = json!({
            "sessionId": self.session.id,
            "mode": "url",
            "elicitationId": self.session.short_id(),
            "url": url,
            "message": words,
        });
        self.message.clear();
        match self.session.peer.call("elicitation/create", &params).await {
            Ok(answer) if answer["action"] == "accept" => self.say("The page was opened.").await,
            Ok(answer) if answer["action"] == "cancel" => Next::Stop(End::Cancelled),
            Ok(_) => self.say("The page was not opened.").await,
            Err(error) => Next::Stop(failed(error)),
        }
    }

    async fn tool(&mut self, name: &str, arguments: Map<String, Value>) -> Next {
        let more = json!({"rawInput": arguments});
        let id = self.begin_tool(name, "other", more);
        self.tool_update(&id, "in_progress", None);
        match self.session.servers.call(name, &arguments).await {
            Ok(text) => self.tool_update(&id, "completed", Some(&text)),
            Err(error) => {
                self.tool_update(&id, "failed", Some(&error));
                self.say(&format!("The tool {name} was not called: {error}.")).await;
            }
        }
        Next::Go
    }
}

fn failed(error: RpcError) -> End {
    End::Failed(error.message)
}

async fn write_file(path: PathBuf, text: String) -> std::io::Result<()> {
    let write = move || {
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir)?;
        }
        std::fs::write(path, text)
    };
    tokio::task::spawn_blocking(write).await.map_err(std::io::Error::other)?
}

fn help() -> String {
    let lines = STEPS.iter().map(|(form, what)| format!("- `{form}` {what}"));
    format!("One step a line:\n{}", Vec::from_iter(lines).join("\n"))
}
