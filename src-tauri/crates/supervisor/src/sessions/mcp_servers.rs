//! What a session's agent gets beside its own tools: our bridge and the user's MCP servers.

use crate::features::conditions::Said;
use nightshift_platform::dirs::{HOME_VARIABLE, Home};
use nightshift_protocol::NoticeLevel;
use nightshift_protocol::tools::SERVER;
use nightshift_settings::{McpServer as Setting, McpTransport, Settings};
use nightshift_vendors::registry::Registry;
use nightshift_vendors::servers::{McpServer, Servers, Transport, Variable};
use std::path::Path;

/// Handed on to the bridge when it is set for the supervisor, as tests do. See the bridge.
const TEST_SWITCH: &str = "NIGHTSHIFT_TEST_MONITOR_LOOPBACK";

/// The agents of this build, with the bridge for each of their sessions.
pub fn registry(home: &Home, binary: &Path) -> Registry {
    let mut registry = Registry::builtin(binary);
    let bridge = Some(binary.to_string_lossy().into_owned());
    registry.servers = Servers { bridge, env: environment(home), users: Vec::new() };
    registry
}

/// By what the bridge finds `home` again.
fn environment(home: &Home) -> Vec<Variable> {
    let text = |path: Option<&Path>| path.unwrap_or(Path::new("/")).to_string_lossy().into_owned();
    let mut env = match home.run == home.state.join("run") {
        true => vec![Variable::new(HOME_VARIABLE, &text(Some(&home.state)))],
        false => vec![
            Variable::new("XDG_STATE_HOME", &text(home.state.parent())),
            Variable::new("XDG_RUNTIME_DIR", &text(home.run.parent())),
        ],
    };
    if let Ok(value) = std::env::var(TEST_SWITCH) {
        env.push(Variable::new(TEST_SWITCH, &value));
    }
    env
}

/// The servers that the settings file names; the board says which cannot be taken.
pub fn users(settings: &Settings, file: &str, said: &mut Said) -> Vec<McpServer> {
    let mut servers = Vec::new();
    for (name, setting) in &settings.mcp_servers {
        if name == SERVER {
            let text = format!("{file}: the MCP server `{name}` is left out: the name is taken");
            said.push((NoticeLevel::Error, text));
            continue;
        }
        servers.push(server(name, setting));
    }
    servers
}

fn server(name: &str, setting: &Setting) -> McpServer {
    let variables = |pairs: &std::collections::BTreeMap<String, String>| {
        pairs.iter().map(|(name, value)| Variable::new(name, value)).collect()
    };
    let remote = |transport| McpServer::Remote {
        transport,
        name: name.to_owned(),
        url: setting.url.clone().unwrap_or_default(),
        headers: variables(&setting.headers),
    };
    match setting.transport() {
        McpTransport::Http => remote(Transport::Http),
        McpTransport::Sse => remote(Transport::Sse),
        McpTransport::Stdio => McpServer::Stdio {
            name: name.to_owned(),
            command: setting.command.clone().unwrap_or_default(),
            args: setting.args.clone(),
            env: variables(&setting.env),
        },
    }
}
