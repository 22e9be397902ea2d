//! Agents' own programs, run once without tools, settings of the project or memory: prompt on standard
//! input, answer on standard output.
//!
//! Sources: `claude --help` (2.1.318), `codex exec --help` (0.166.0), `gemini --help` (0.61.0).
//! Promise: a program runs in an empty directory and is ended with all it started; one that is not
//! there is told as such.

use crate::call::Call;
use crate::clean::clean;
use crate::evaluator::{Ask, Completion, Provider};
use crate::limits::{BODY_MAX_BYTES, GRACE, SAID_MAX_CHARS};
use crate::trouble::{Trouble, TroubleKind, of_words};
use crate::usage::Usage;
use nightshift_platform::family;
use nightshift_platform::program::{Ended, Keep, Run, Watch, run_watched};
use nightshift_platform::spawn::Program;
use nightshift_protocol::launch::ROLE_VARIABLE;
use serde_json::Value;
use std::ffi::{OsStr, OsString};
use std::io;

/// Marks what a program started, so that it is found again.
const MARK_VARIABLE: &str = "NIGHTSHIFT_JUDGE";
/// Variables by which a program would take itself for a part of another one, or of a session.
const NOT_INHERITED: [&str; 4] =
    [ROLE_VARIABLE, "NIGHTSHIFT_SESSION_ID", "CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT"];
/// In a command of the user's own, stands for the model that is set.
const MODEL_PLACEHOLDER: &str = "{model}";

#[derive(Clone, Debug)]
pub(crate) struct Printer {
    pub provider: Provider,
    /// The program and its arguments; empty for those that are known.
    pub command: Vec<String>,
}

impl Printer {
    pub fn complete(
        &self,
        model: &str,
        ask: &Ask<'_>,
        call: &Call<'_>,
    ) -> Result<Completion, Trouble> {
        let (name, args, input) = self.line(model, ask);
        let mark = uuid::Uuid::new_v4().simple().to_string();
        let mut env = call.env.clone();
        for name in NOT_INHERITED {
            env.remove(OsStr::new(name));
        }
        env.insert(MARK_VARIABLE.into(), mark.clone().into());
        env.insert("DISABLE_AUTOUPDATER".into(), "1".into());
        let unable = |error: io::Error| unable(&name, &error);
        let dir = tempfile::Builder::new().prefix("nightshift-judge-").tempdir().map_err(unable)?;
        let args: Vec<OsString> = args.into_iter().map(OsString::from).collect();
        let program =
            Program { program: OsStr::new(&name), args: &args, env: &env, cwd: dir.path() };
        let how = Run {
            input: input.as_bytes(),
            timeout: call.left()?,
            output_max_bytes: BODY_MAX_BYTES,
            log: None,
        };
        let watch = Watch { called_off: call.called_off, keep: Keep::First };
        let ended = run_watched(&program, &how, &watch);
        let swept = family::end_marked(MARK_VARIABLE, &mark, GRACE);
        let ended = ended.and_then(|ended| swept.map(|_| ended)).map_err(unable)?;
        if ended.timed_out || ended.called_off {
            call.left()?;
            return Err(call.too_late());
        }
        read(self.provider, &name, &ended)
    }

    fn line(&self, model: &str, ask: &Ask<'_>) -> (String, Vec<String>, String) {
        let system = ask.prompt.system.as_str();
        let user = ask.text();
        let both = format!("{system}\n{user}");
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        match self.provider {
            Provider::Claude => {
                let args = words(&[
                    "-p",
                    "--output-format",
                    "json",
                    "--model",
                    model,
                    "--tools",
                    "",
                    "--strict-mcp-config",
                    "--setting-sources",
                    "user",
                    "--settings",
                    r#"{"disableAllHooks":true}"#,
                    "--disable-slash-commands",
                    "--no-session-persistence",
                    "--system-prompt",
                    system,
                ]);
                ("claude".to_owned(), args, user)
            }
            Provider::Codex => {
                let args = words(&[
                    "exec",
                    "--json",
                    "--ephemeral",
                    "--skip-git-repo-check",
                    "--ignore-rules",
                    "--sandbox",
                    "read-only",
                    "--disable",
                    "shell_tool",
                    "--disable",
                    "unified_exec",
                    "--disable",
                    "hooks",
                    "--model",
                    model,
                    "-c",
                    "model_reasoning_effort=\"low\"",
                    "-",
                ]);
                ("codex".to_owned(), args, both)
            }
            Provider::Gemini => {
                let args = words(&[
                    "--output-format",
                    "json",
                    "--approval-mode",
                    "plan",
                    "--skip-trust",
                    "--extensions",
                    "none",
                    "--model",
                    model,
                ]);
                ("gemini".to_owned(), args, both)
            }
            _ => {
                let fill = |word: &String| word.replace(MODEL_PLACEHOLDER, model);
                let mut command = self.command.iter().map(fill);
                (command.next().unwrap_or_default(), command.collect(), both)
            }
        }
    }
}

fn unable(name: &str, error: &io::Error) -> Trouble {
    match error.kind() {
        io::ErrorKind::NotFound => {
            Trouble::new(TroubleKind::ProgramMissing, format!("`{name}` is not installed"))
                .hint(format!("install {name}, or set another `provider` in [judge]"))
        }
        _ => Trouble::new(TroubleKind::Refused, format!("`{name}` cannot be run: {error}")),
    }
}

fn read(provider: Provider, name: &str, ended: &Ended) -> Result<Completion, Trouble> {
    let stdout = String::from_utf8_lossy(&ended.stdout);
    let stderr = String::from_utf8_lossy(&ended.stderr);
    let reader: fn(&str) -> Said = match provider {
        Provider::Claude => claude,
        Provider::Codex => codex,
        Provider::Gemini => gemini,
        _ => plain,
    };
    let failed = match reader(&stdout) {
        Some(Ok(completion)) if ended.code == Some(0) => return Ok(completion),
        Some(Err(said)) => said,
        // Some say it where people read.
        Some(Ok(_)) | None => match reader(&stderr) {
            Some(Err(said)) => said,
            Some(Ok(_)) | None => String::new(),
        },
    };
    let said = [failed.as_str(), last_line(&stderr), last_line(&stdout)];
    let said = clean(said.into_iter().find(|text| !text.trim().is_empty()).unwrap_or("nothing"));
    let kind = of_words(&said).or_else(|| of_words(tail(&stderr))).unwrap_or(TroubleKind::Refused);
    let how = match ended.code {
        Some(code) => format!("exit code {code}"),
        None => format!("signal {}", ended.signal.unwrap_or_default()),
    };
    Err(Trouble::new(kind, format!("`{name}` gave no answer ({how}): {said}")))
}

fn plain(stdout: &str) -> Said {
    Some(Ok(Completion { text: stdout.to_owned(), ..Completion::default() }))
}

fn last_line(text: &str) -> &str {
    text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default()
}

fn tail(text: &str) -> &str {
    crate::clean::cut_front(text, SAID_MAX_CHARS)
}

/// A completion, or the program's own words for why there is none.
type Said = Option<Result<Completion, String>>;

fn claude(stdout: &str) -> Said {
    let answer: Value = serde_json::from_str(stdout.trim()).ok()?;
    let result = answer["result"].as_str();
    if answer["is_error"] == true || result.is_none() {
        let said = result.or_else(|| answer["subtype"].as_str()).unwrap_or_default();
        return Some(Err(said.to_owned()));
    }
    let count = |name: &str| answer["usage"][name].as_u64().unwrap_or(0);
    let cost = answer["total_cost_usd"].as_f64().filter(|cost| cost.is_finite() && *cost >= 0.0);
    let usage = Usage {
        input_tokens: count("input_tokens")
            + count("cache_creation_input_tokens")
            + count("cache_read_input_tokens"),
        output_tokens: count("output_tokens"),
        cost_usd_micros: cost.map(|dollars| (dollars * 1_000_000.0).round() as u64),
    };
    let text = result.unwrap_or_default().to_owned();
    Some(Ok(Completion { text, usage, stopped: None }))
}

fn codex(stdout: &str) -> Said {
    let mut text = None;
    let mut failed = None;
    let mut usage = Usage::default();
    for event in stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        match event["type"].as_str() {
            Some("item.completed") if event["item"]["type"] == "agent_message" => {
                text = event["item"]["text"].as_str().map(str::to_owned);
            }
            Some("turn.completed") => {
                let count = |name: &str| event["usage"][name].as_u64().unwrap_or(0);
                usage.input_tokens += count("input_tokens");
                usage.output_tokens += count("output_tokens");
            }
            Some("turn.failed") => failed = event["error"]["message"].as_str().map(str::to_owned),
            Some("error") => failed = event["message"].as_str().map(str::to_owned),
            _ => {}
        }
    }
    match (text, failed) {
        (Some(text), _) => Some(Ok(Completion { text, usage, stopped: None })),
        (None, Some(said)) => Some(Err(said)),
        (None, None) => None,
    }
}

fn gemini(stdout: &str) -> Said {
    // Warnings may stand before it.
    let begins = stdout.find('{')?;
    let answer: Value = serde_json::from_str(stdout[begins..].trim()).ok()?;
    let Some(text) = answer["response"].as_str() else {
        return Some(Err(answer["error"]["message"].as_str().unwrap_or_default().to_owned()));
    };
    let mut usage = Usage::default();
    for model in answer["stats"]["models"].as_object().into_iter().flat_map(|all| all.values()) {
        let count = |name: &str| model["tokens"][name].as_u64().unwrap_or(0);
        usage.input_tokens += count("prompt");
        usage.output_tokens += count("candidates") + count("thoughts");
    }
    Some(Ok(Completion { text: text.to_owned(), usage, stopped: None }))
}
