//! Calls tools of stdio MCP servers: started and greeted with the first call, kept for the next.
//!
//! Promise: the server processes end with the session, whatever happens.
//! Must not know: sessions, ACP.

use serde_json::{Map, Value, json};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;

/// MCP revision spoken; servers answer with the one they speak and stay compatible for calls.
const MCP_VERSION: &str = "2025-06-18";
/// A server that is silent for longer than this while it starts is broken. A call may take as long as
/// it takes: somebody may have to be asked.
const SILENCE_MAX: Duration = Duration::from_secs(60);

struct Server {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    next: u64,
}

/// The servers of one session, as `session/new` gave them.
pub struct Servers {
    specs: Vec<Value>,
    /// Those that run, with the names of their tools.
    running: Mutex<Vec<(Server, Vec<String>)>>,
}

impl Servers {
    pub fn new(specs: Vec<Value>) -> Servers {
        Servers { specs, running: Mutex::default() }
    }

    /// Calls `name` on the first server that has it. Others that come meanwhile wait.
    pub async fn call(&self, name: &str, arguments: &Map<String, Value>) -> Result<String, String> {
        if self.specs.is_empty() {
            return Err("no MCP servers were given".to_owned());
        }
        let mut running = self.running.lock().await;
        if running.iter_mut().any(|(server, _)| server.has_ended()) {
            running.clear();
        }
        if running.is_empty() {
            for spec in &self.specs {
                let mut server = Server::start(spec).await?;
                let names = server.tools().await?;
                running.push((server, names));
            }
        }
        let Some((server, _)) =
            running.iter_mut().find(|(_, names)| names.iter().any(|n| n == name))
        else {
            let names: Vec<&str> =
                running.iter().flat_map(|(_, names)| names.iter().map(String::as_str)).collect();
            return Err(format!(
                "no MCP server has a tool `{name}`; they have {}",
                names.join(", ")
            ));
        };
        let params = json!({"name": name, "arguments": arguments});
        result_text(&server.request("tools/call", params).await?)
    }
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
        let mut server = Server { child, input, output, next: 0 };
        let client = json!({"name": "nightshift-rehearsal", "version": env!("CARGO_PKG_VERSION")});
        let hello =
            json!({"protocolVersion": MCP_VERSION, "capabilities": {}, "clientInfo": client});
        server.request("initialize", hello).await?;
        server.write(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await?;
        Ok(server)
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    async fn tools(&mut self) -> Result<Vec<String>, String> {
        let listed = self.request("tools/list", json!({})).await?;
        let tools = listed["tools"].as_array().cloned().unwrap_or_default();
        Ok(tools.iter().filter_map(|t| t["name"].as_str().map(str::to_owned)).collect())
    }

    async fn write(&mut self, message: &Value) -> Result<(), String> {
        let line = format!("{message}\n");
        self.input.write_all(line.as_bytes()).await.map_err(|e| format!("MCP server: {e}"))
    }

    async fn line(&mut self, method: &str) -> Result<std::io::Result<Option<String>>, String> {
        let line = self.output.next_line();
        match method {
            "tools/call" => Ok(line.await),
            _ => tokio::time::timeout(SILENCE_MAX, line)
                .await
                .map_err(|_| format!("MCP server: no answer to {method}")),
        }
    }

    async fn request(&mut self, method: &str, params: Value) -> Result<Value, String> {
        self.next += 1;
        let id = self.next;
        self.write(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
            .await?;
        loop {
            let line = self
                .line(method)
                .await?
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
            runtime.block_on(Servers::new(servers.to_vec()).call(name, &arguments))
        };
        let servers = [server];
        assert_eq!(called(&servers, "echo", json!({"n": 7})), Ok("seven dwarfs".into()));
        assert_eq!(called(&servers, "echo", json!({})), Err("no".into()));
        let unknown = called(&servers, "other", json!({})).unwrap_err();
        assert_eq!(unknown, "no MCP server has a tool `other`; they have echo");
        assert_eq!(called(&[], "echo", json!({})), Err("no MCP servers were given".into()));
    }
}
