//! ACP v1 lines: reading what agents say, building what we say.
//!
//! Promises: the only file that knows the protocol crate; any bytes read as something or as none;
//! what the schema does not know comes back as it came.
//! Must not know: sessions, needs, what was sent before.

use agent_client_protocol::v1::schema as acp;
use nightshift_model::{Cost, Usage};
use nightshift_protocol::conversation::PlanEntry;
use nightshift_protocol::{NoticeLevel, SlashCommand, ToolContent, ToolStatus};
use serde_json::{Value, json};

/// The one version we speak.
pub const PROTOCOL_VERSION: u64 = 1;
pub const AUTH_REQUIRED: i64 = -32000;
pub const METHOD_NOT_FOUND: i64 = -32601;
pub const INVALID_PARAMS: i64 = -32602;
pub const REQUEST_CANCELLED: i64 = -32800;
pub const INTERNAL_ERROR: i64 = -32603;

/// One line, whichever side wrote it.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    Call { id: Value, method: String, params: Value },
    Notify { method: String, params: Value },
    Answer { id: Value, outcome: Result<Value, RpcError> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcError {
    pub code: i64,
    pub message: String,
    /// What the agent adds for programs.
    pub data: Value,
}

/// Reads one line; none when it is not JSON-RPC.
pub fn parse(line: &[u8]) -> Option<Message> {
    let Ok(Value::Object(mut fields)) = serde_json::from_slice::<Value>(line) else { return None };
    let id = fields.remove("id");
    let params = fields.remove("params").unwrap_or(Value::Null);
    if let Some(Value::String(method)) = fields.remove("method") {
        return Some(match id {
            Some(id) => Message::Call { id, method, params },
            None => Message::Notify { method, params },
        });
    }
    let outcome = match (fields.remove("error"), fields.remove("result")) {
        (Some(error), _) if !error.is_null() => Err(rpc_error(&error)),
        (_, Some(result)) => Ok(result),
        _ => return None,
    };
    Some(Message::Answer { id: id?, outcome })
}

/// An error's message together with the detail that agents put into `data`.
fn rpc_error(error: &Value) -> RpcError {
    let text = |v: &Value| v.as_str().map(str::to_owned);
    let mut message = error.get("message").and_then(text).unwrap_or_else(|| error.to_string());
    let data = error.get("data").unwrap_or(&Value::Null);
    let detail = text(data)
        .or_else(|| ["details", "message", "error"].iter().find_map(|k| text(data.get(k)?)));
    if let Some(detail) = detail.filter(|d| !message.contains(d.as_str())) {
        message = format!("{message}: {detail}");
    }
    let code = error.get("code").and_then(Value::as_i64).unwrap_or(0);
    RpcError { code, message, data: data.clone() }
}

pub fn call(id: &str, method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
}

pub fn notify(method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string()
}

pub fn answer(id: &Value, result: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string()
}

pub fn refuse(id: &Value, code: i64, message: &str) -> String {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}}).to_string()
}

/// Params of `initialize`. Neither files nor terminals are offered: both are leaving the protocol
/// and hardly any agent uses them well.
pub fn initialize_params() -> Value {
    json!({
        "protocolVersion": PROTOCOL_VERSION,
        "clientCapabilities": {
            "fs": {"readTextFile": false, "writeTextFile": false},
            "terminal": false,
            "elicitation": {"form": {}, "url": {}},
            // Ways to sign in that are a command in a terminal are only named to who asks.
            "auth": {"terminal": true},
        },
        "clientInfo": {
            "name": "nightshift",
            "title": "Nightshift",
            "version": env!("CARGO_PKG_VERSION"),
        },
    })
}

/// What `initialize` said that matters to us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    pub version: u64,
    pub load: bool,
    pub resume: bool,
    pub embedded_context: bool,
    pub mcp_http: bool,
    pub mcp_sse: bool,
    pub images: bool,
    pub sign_in: Vec<SignIn>,
}

/// One way to sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// A command line of its own.
    Command(String),
    /// The agent's own program with these arguments in place of its own.
    Own(Vec<String>),
    /// The agent does it itself when it is asked to, by this id.
    Itself { id: String, name: String, about: String },
}

pub fn offers(result: &Value) -> Offers {
    let capabilities = &result["agentCapabilities"];
    let present = |v: &Value| !matches!(v, Value::Null | Value::Bool(false));
    let methods = result["authMethods"].as_array().map(Vec::as_slice).unwrap_or_default();
    Offers {
        version: result["protocolVersion"].as_u64().unwrap_or(0),
        load: capabilities["loadSession"].as_bool().unwrap_or(false),
        resume: present(&capabilities["sessionCapabilities"]["resume"]),
        embedded_context: present(&capabilities["promptCapabilities"]["embeddedContext"]),
        mcp_http: present(&capabilities["mcpCapabilities"]["http"]),
        mcp_sse: present(&capabilities["mcpCapabilities"]["sse"]),
        images: present(&capabilities["promptCapabilities"]["image"]),
        sign_in: methods.iter().filter_map(sign_in_way).collect(),
    }
}

fn sign_in_way(method: &Value) -> Option<SignIn> {
    let texts = |list: &Value| -> Vec<String> {
        let all = list.as_array().map(Vec::as_slice).unwrap_or_default();
        all.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let terminal = &method["_meta"]["terminal-auth"];
    if let Some(command) = terminal["command"].as_str() {
        let words = std::iter::once(command.to_owned()).chain(texts(&terminal["args"]));
        return Some(SignIn::Command(words.collect::<Vec<_>>().join(" ")));
    }
    if method["type"] == "terminal" {
        return Some(SignIn::Own(texts(&method["args"])));
    }
    let id = method["id"].as_str()?.to_owned();
    let about = method["description"].as_str().unwrap_or_default().to_owned();
    let name = method["name"].as_str().unwrap_or(&id).to_owned();
    Some(SignIn::Itself { id, name, about })
}

/// One part of a tool call, as far as this line knows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolPatch {
    pub id: String,
    pub title: Option<String>,
    pub kind: Option<String>,
    pub status: Option<ToolStatus>,
    pub content: Option<Vec<ToolContent>>,
    pub locations: Vec<String>,
    pub input: Option<Value>,
}

/// A `session/update`.
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    AgentText {
        text: String,
        message: Option<String>,
    },
    Thought {
        text: String,
        message: Option<String>,
    },
    Tool(ToolPatch),
    Plan(Vec<PlanEntry>),
    Title(String),
    Usage(Usage),
    /// The mode in force, by its id.
    Mode(String),
    /// Every option with its value, as it came.
    Options(Value),
    /// Every command that it takes.
    Commands(Vec<SlashCommand>),
    Notice {
        level: NoticeLevel,
        text: String,
    },
    /// Known and not part of the conversation.
    Quiet,
    Unknown {
        kind: String,
    },
}

pub fn update(params: &Value) -> Update {
    let raw = &params["update"];
    let unknown =
        || Update::Unknown { kind: raw["sessionUpdate"].as_str().unwrap_or("").to_owned() };
    let Ok(typed) = serde_json::from_value::<acp::SessionUpdate>(raw.clone()) else {
        return unknown();
    };
    match typed {
        acp::SessionUpdate::AgentMessageChunk(chunk) => Update::AgentText {
            text: block_text(&chunk.content),
            message: raw["messageId"].as_str().map(str::to_owned),
        },
        acp::SessionUpdate::AgentThoughtChunk(chunk) => Update::Thought {
            text: block_text(&chunk.content),
            message: raw["messageId"].as_str().map(str::to_owned),
        },
        acp::SessionUpdate::ToolCall(_) | acp::SessionUpdate::ToolCallUpdate(_) => {
            tool(raw).map_or_else(unknown, Update::Tool)
        }
        acp::SessionUpdate::Plan(plan) => Update::Plan(plan_entries(&plan)),
        acp::SessionUpdate::SessionInfoUpdate(_) => match raw["title"].as_str() {
            Some(title) if !title.trim().is_empty() => Update::Title(title.to_owned()),
            _ => Update::Quiet,
        },
        acp::SessionUpdate::UsageUpdate(_) => usage(raw).map_or(Update::Quiet, Update::Usage),
        acp::SessionUpdate::Notice(notice) => notice_update(&notice),
        acp::SessionUpdate::CurrentModeUpdate(_) => {
            Update::Mode(raw["currentModeId"].as_str().unwrap_or_default().to_owned())
        }
        acp::SessionUpdate::ConfigOptionUpdate(_) => Update::Options(raw["configOptions"].clone()),
        acp::SessionUpdate::AvailableCommandsUpdate(update) => {
            Update::Commands(update.available_commands.iter().map(command).collect())
        }
        acp::SessionUpdate::UserMessageChunk(_)
        | acp::SessionUpdate::CompactionUpdate(_)
        | acp::SessionUpdate::CompactionSummaryChunk(_) => Update::Quiet,
        // The schema may grow; what it grows by is shown as it came.
        _ => unknown(),
    }
}

fn command(command: &acp::AvailableCommand) -> SlashCommand {
    let hint = match &command.input {
        Some(acp::AvailableCommandInput::Unstructured(input)) => Some(input.hint.clone()),
        _ => None,
    };
    let (name, description) = (command.name.clone(), command.description.clone());
    SlashCommand { name, description, hint }
}

fn usage(raw: &Value) -> Option<Usage> {
    let tokens = |key: &str| u32::try_from(raw[key].as_u64()?).ok();
    let cost = || {
        let amount = raw["cost"]["amount"].as_f64().filter(|a| a.is_finite() && *a >= 0.0)?;
        let currency = raw["cost"]["currency"].as_str()?.to_owned();
        // As a float it would not be equal to itself after every way through a database.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
        let micros = (amount * 1e6).round() as u64;
        Some(Cost { micros, currency })
    };
    Some(Usage { used: tokens("used")?, size: tokens("size")?, cost: cost() })
}

fn notice_update(notice: &acp::Notice) -> Update {
    let level = match notice.severity {
        acp::NoticeSeverity::Error => NoticeLevel::Error,
        acp::NoticeSeverity::Warning => NoticeLevel::Warning,
        _ => NoticeLevel::Info,
    };
    let text = match notice.description.as_deref() {
        Some(more) if !more.is_empty() => format!("{}: {more}", notice.title),
        _ => notice.title.clone(),
    };
    Update::Notice { level, text }
}

fn plan_entries(plan: &acp::Plan) -> Vec<PlanEntry> {
    let status = |s: &acp::PlanEntryStatus| match s {
        acp::PlanEntryStatus::Completed => "completed",
        acp::PlanEntryStatus::InProgress => "in_progress",
        _ => "pending",
    };
    let entry = |e: &acp::PlanEntry| PlanEntry {
        text: e.content.clone(),
        status: status(&e.status).to_owned(),
    };
    plan.entries.iter().map(entry).collect()
}

/// A tool call, a tool call update, or the `toolCall` of a permission request: they differ in what
/// they must hold, and real agents leave out even that. Only the id is needed.
pub fn tool(raw: &Value) -> Option<ToolPatch> {
    let text = |key: &str| raw[key].as_str().filter(|t| !t.is_empty()).map(str::to_owned);
    let typed: Option<acp::ToolCallUpdate> = serde_json::from_value(raw.clone()).ok();
    let content = typed.as_ref().and_then(|t| t.fields.content.as_ref());
    Some(ToolPatch {
        id: raw["toolCallId"].as_str()?.to_owned(),
        title: text("title"),
        kind: text("kind"),
        status: raw["status"].as_str().and_then(tool_status),
        content: content.map(|parts| parts.iter().map(tool_content).collect()),
        locations: typed.and_then(|t| t.fields.locations).map_or_else(Vec::new, |all| {
            all.iter().map(|l| l.path.to_string_lossy().into_owned()).collect()
        }),
        input: raw.get("rawInput").filter(|v| !v.is_null()).cloned(),
    })
}

fn tool_status(word: &str) -> Option<ToolStatus> {
    match word {
        "pending" => Some(ToolStatus::Pending),
        "in_progress" => Some(ToolStatus::Running),
        "completed" => Some(ToolStatus::Completed),
        "failed" => Some(ToolStatus::Failed),
        _ => None,
    }
}

fn tool_content(part: &acp::ToolCallContent) -> ToolContent {
    match part {
        acp::ToolCallContent::Content(inner) => {
            ToolContent::Text { text: block_text(&inner.content) }
        }
        acp::ToolCallContent::Diff(diff) => ToolContent::Diff {
            path: diff.path.to_string_lossy().into_owned(),
            old_text: diff.old_text.clone(),
            new_text: diff.new_text.clone(),
        },
        _ => ToolContent::Text { text: "[a terminal of the agent's own]".to_owned() },
    }
}

fn block_text(block: &acp::ContentBlock) -> String {
    match block {
        acp::ContentBlock::Text(text) => text.text.clone(),
        acp::ContentBlock::Image(_) => "[image]".to_owned(),
        acp::ContentBlock::Audio(_) => "[audio]".to_owned(),
        acp::ContentBlock::ResourceLink(link) => format!("[{}]({})", link.name, link.uri),
        acp::ContentBlock::Resource(resource) => match &resource.resource {
            acp::EmbeddedResourceResource::TextResourceContents(text) => text.text.clone(),
            _ => "[resource]".to_owned(),
        },
        _ => "[content of an unknown type]".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_read_as_what_they_are() {
        let cases = [
            (r#"{"id":1,"method":"a","params":{}}"#, "call"),
            (r#"{"method":"a"}"#, "notify"),
            (r#"{"id":"x","result":null}"#, "ok"),
            (r#"{"id":"x","error":{"code":-1,"message":"m","data":"d"}}"#, "error m: d"),
            (r#"{"id":"x"}"#, "none"),
            ("warning: deprecated", "none"),
            ("[1]", "none"),
        ];
        for (line, expected) in cases {
            let got = match parse(line.as_bytes()) {
                Some(Message::Call { .. }) => "call".to_owned(),
                Some(Message::Notify { .. }) => "notify".to_owned(),
                Some(Message::Answer { outcome: Ok(_), .. }) => "ok".to_owned(),
                Some(Message::Answer { outcome: Err(e), .. }) => format!("error {}", e.message),
                None => "none".to_owned(),
            };
            assert_eq!(got, expected, "{line}");
        }
    }

    #[test]
    fn what_we_send_is_what_the_schema_reads() {
        let read: acp::InitializeRequest = serde_json::from_value(initialize_params()).unwrap();
        assert!(!read.client_capabilities.terminal);
        assert!(!read.client_capabilities.fs.read_text_file);
        assert!(
            read.client_capabilities
                .elicitation
                .is_some_and(|e| { e.supports_form() && e.supports_url() })
        );
    }

    #[test]
    fn updates_read_and_unknown_ones_keep_their_name() {
        let cases = [
            (
                json!({"sessionUpdate": "agent_message_chunk",
                "content": {"type": "text", "text": "hi"}, "messageId": "m"}),
                Update::AgentText { text: "hi".into(), message: Some("m".into()) },
            ),
            (
                json!({"sessionUpdate": "tool_call_update", "toolCallId": "t", "status": "failed"}),
                Update::Tool(ToolPatch {
                    id: "t".into(),
                    status: Some(ToolStatus::Failed),
                    ..ToolPatch::default()
                }),
            ),
            (
                json!({"sessionUpdate": "tool_call", "toolCallId": "t"}),
                Update::Unknown { kind: "tool_call".into() },
            ),
            (
                json!({"sessionUpdate": "usage_update", "used": 1, "size": 2,
                    "cost": {"amount": 0.046208, "currency": "USD"}}),
                Update::Usage(Usage {
                    used: 1,
                    size: 2,
                    cost: Some(Cost { micros: 46_208, currency: "USD".into() }),
                }),
            ),
            (
                json!({"sessionUpdate": "hologram", "x": 1}),
                Update::Unknown { kind: "hologram".into() },
            ),
            (json!(7), Update::Unknown { kind: String::new() }),
        ];
        for (raw, expected) in cases {
            assert_eq!(update(&json!({"update": raw.clone()})), expected, "{raw}");
        }
    }
}
