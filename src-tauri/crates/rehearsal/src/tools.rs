//! Calls a tool of a stdio MCP server: start it, greet it, find the tool, call it, end it.
//!
//! Promise: the server process ends with the call, whatever happens.
//! Must not know: sessions, ACP.

use serde_json::{Map, Value, json};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// MCP revision spoken; servers answer with the one they speak and stay compatible for calls.
const MCP_VERSION: &str = "2025-06-18";
/// A server that is silent for longer than this is broken.
const SILENCE_MAX: Duration = Duration::from_secs(60);

struct Server {
    _child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    next: u64,
}

/// Calls `name` on the first of `servers` (as `session/new` gave them) that has it.
pub async fn call(
    servers: &[Value],
    name: &str,
    arguments: &Map<String, Value>,
) -> Result<String, String> {
    if servers.is_empty() {
        return Err("no MCP servers were given".to_owned());
    }
    let mut seen = Vec::new();
    for spec in servers {
        let mut server = Server::start(spec).await?;
        let tools = server.request("tools/list", json!({})).await?;
        let tools = tools["tools"].as_array().cloned().unwrap_or_default();
        let names: Vec<&str> = tools.iter().filter_map(|t| t["name"].as_str()).collect();
        if names.contains(&name) {
            let params = json!({"name": name, "arguments": arguments});
            return result_text(&server.request("tools/call", params).await?);
        }
        seen.extend(names.into_iter().map(str::to_owned));
    }
    Err(format!("no MCP server has a tool `{name}`; they have {}", seen.join(", ")))
}

fn result_text(result: &Value) -> Result<String, String> {
    let parts = result["content"].as_array().cloned().unwrap_or_default();
    let text: Vec<&str> = parts.iter().filter_map(|p| p["text"].as_str()).collect();
    let text = text.join("\n");
    if result["isError"] == json!(true) { Err(text) } else { Ok(text) }
}

impl Server {
    async fn start(spec: &Value) -> Result<Server, String> {
        let program = spec["command"].as_str().ok_or("an MCP server that is not stdio")?;
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let mut command = Command::new(program);
        command.args(list(&spec["args"]).iter().filter_map(Value::as_str));
        for variable in list(&spec["env"]) {
            if let (Some(name), Some(value)) =
                (variable["name"].as_str(), variable["value"].as_str())
            {
                command.env(name, value);
            }
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child =
            command.kill_on_drop(true).spawn().map_err(|e| format!("{program}: {e}"))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(format!("{program}: no pipes"));
        };
        let output = BufReader::new(output).lines();
        let mut server = Server { _child: child, input, output, next: 0 };
        let client = json!({"name": "nightshift-rehearsal", "version": env!("CARGO_PKG_VERSION")});
        let hello =
            json!({"protocolVersion": MCP_VERSION, "capabilities": {}, "clientInfo": client});
        server.request("initialize", hello).await?;
        server.write(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await?;
        Ok(server)
    }

    async fn write(&mut self, message: &Value) -> Result<(), String> {
        let line = format!("{message}\n");
        self.input.write_all(line.as_bytes()).await.map_err(|e| format!("MCP server: {e}"))
    }

    async fn request(&mut self, method: &str, params: Value) -> Result<Value, String> {
        self.next += 1;
        let id = self.next;
        self.write(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
            .await?;
        loop {
            let line = tokio::time::timeout(SILENCE_MAX, self.output.next_line())
                .await
                .map_err(|_| format!("MCP server: no answer to {method}"))?
                .map_err(|e| format!("MCP server: {e}"))?
                .ok_or_else(|| format!("MCP server ended during {method}"))?;
            let Ok(message) = serde_json::from_str::<Value>(&line) else { continue };
            if message["id"] == json!(id) && message.get("method").is_none() {
                return match message.get("error") {
                    Some(error) => Err(format!("MCP server: {}", error["message"])),
                    None => Ok(message["result"].clone()),
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that has one tool and says back what it was called with.
    const SERVER: &str = r#"
while read -r line; do
  case "$line" in
    *'"method":"initialize"'*) echo '{"jsonrpc":"2.0","id":1,"result":{}}' ;;
    *'"method":"tools/list"'*)
      echo 'not json'
      echo '{"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"echo"}]}}' ;;
    *'"n":7'*)
      echo '{"jsonrpc":"2.0","id":3,"result":{"content":[{"type":"text","text":"seven '$WHO'"}]}}' ;;
    *'"method":"tools/call"'*)
      echo '{"jsonrpc":"2.0","id":3,"result":{"isError":true,"content":[{"text":"no"}]}}' ;;
  esac
done"#;

    #[test]
    fn a_tool_of_a_real_server_process_is_called() {
        let server = json!({"name": "s", "command": "sh", "args": ["-c", SERVER],
            "env": [{"name": "WHO", "value": "dwarfs"}]});
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let called = |servers: &[Value], name: &str, arguments: Value| {
            let arguments = arguments.as_object().cloned().unwrap();
            runtime.block_on(call(servers, name, &arguments))
        };
        let servers = [server];
        assert_eq!(called(&servers, "echo", json!({"n": 7})), Ok("seven dwarfs".into()));
        assert_eq!(called(&servers, "echo", json!({})), Err("no".into()));
        let unknown = called(&servers, "other", json!({})).unwrap_err();
        assert_eq!(unknown, "no MCP server has a tool `other`; they have echo");
        assert_eq!(called(&[], "echo", json!({})), Err("no MCP servers were given".into()));
    }
}
