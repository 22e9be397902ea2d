//! The MCP servers that a session's agent gets: our bridge first, then the user's.

use nightshift_protocol::tools;
use serde::Serialize;
use serde_json::Value;

/// What our program is told to be the bridge of a session.
const BRIDGE: [&str; 2] = ["mcp", "--session"];

/// A server as `session/new` takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum McpServer {
    /// A program that speaks over its stdin and stdout, the one transport that works with every agent.
    Stdio { name: String, command: String, args: Vec<String>, env: Vec<Variable> },
    /// For agents that say they can reach one.
    Remote {
        #[serde(rename = "type")]
        transport: Transport,
        name: String,
        url: String,
        headers: Vec<Variable>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    Http,
    Sse,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Variable {
    pub name: String,
    pub value: String,
}

impl Variable {
    pub fn new(name: &str, value: &str) -> Variable {
        Variable { name: name.to_owned(), value: value.to_owned() }
    }
}

impl McpServer {
    pub fn name(&self) -> &str {
        match self {
            McpServer::Stdio { name, .. } | McpServer::Remote { name, .. } => name,
        }
    }
}

/// Ours, for each session its own, and the user's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Servers {
    /// The program that is the bridge; none: no tools are handed over.
    pub bridge: Option<String>,
    /// What it needs to find its supervisor: agents give their servers an environment of their own
    /// making.
    pub env: Vec<Variable>,
    pub users: Vec<McpServer>,
}

impl Servers {
    /// Those of `session`, in which ours is called `name`.
    pub fn of(&self, session: &str, name: &str) -> Vec<McpServer> {
        let ours = self.bridge.as_ref().map(|program| McpServer::Stdio {
            name: name.to_owned(),
            command: program.clone(),
            args: [BRIDGE[0], BRIDGE[1], session].map(str::to_owned).into(),
            env: self.env.clone(),
        });
        // Under our name the user's would be taken for ours.
        let others = |server: &&McpServer| ![tools::SERVER, name].contains(&server.name());
        let users = self.users.iter().filter(others);
        ours.into_iter().chain(users.cloned()).collect()
    }
}

/// What ours is called among the servers that were handed over, as a request of ours lists them.
pub fn own_name(handed: &Value) -> Option<&str> {
    let ours = |server: &&Value| server["args"][0] == BRIDGE[0] && server["args"][1] == BRIDGE[1];
    // Ours comes first; what the user has after it is not.
    handed.as_array()?.first().filter(ours)?["name"].as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::family::Family;
    use serde_json::json;

    #[test]
    fn servers_are_written_as_the_protocol_has_them() {
        let headers = vec![Variable::new("Authorization", "x")];
        let (name, url) = ("docs".to_owned(), "https://example.org/mcp".to_owned());
        let transport = Transport::Http;
        let users = vec![
            McpServer::Remote { transport, name, url: url.clone(), headers: headers.clone() },
            McpServer::Remote { transport, name: "nightshift".into(), url, headers },
        ];
        let bridge = Some("/bin/nightshift".to_owned());
        let env = vec![Variable::new("A", "b")];
        let all = Servers { bridge, env, users }.of("7c5d", "nightshift");
        assert_eq!(own_name(&json!(all)), Some("nightshift"));
        assert_eq!(own_name(&json!(&all[1..])), None);
        assert_eq!(
            json!(all),
            json!([
                {"name": "nightshift", "command": "/bin/nightshift",
                    "args": ["mcp", "--session", "7c5d"], "env": [{"name": "A", "value": "b"}]},
                {"type": "http", "name": "docs", "url": "https://example.org/mcp",
                    "headers": [{"name": "Authorization", "value": "x"}]},
            ]),
            "and nobody else is called as we are"
        );
        assert_eq!(Servers::default().of("7c5d", "nightshift"), []);
        assert_eq!(own_name(&json!([])), None);
    }
    #[test]
    fn security_13_our_server_has_a_name_of_its_own_in_each_session() {
        let id = "7c5d0f1e-1111-4222-8333-0123456789ab";
        for (family, name) in [
            (Family::Gemini, "nightshift0123456789ab"),
            (Family::Qwen, "nightshift0123456789ab"),
            (Family::Claude, "nightshift"),
            (Family::Codex, "nightshift"),
        ] {
            assert_eq!(family.server_name(id), name);
        }
        let stdio = |name: &str| McpServer::Stdio {
            name: name.to_owned(),
            command: "x".to_owned(),
            args: Vec::new(),
            env: Vec::new(),
        };
        let users = vec![stdio("nightshift"), stdio("nightshift0123456789ab"), stdio("docs")];
        let servers = Servers { bridge: Some("/n".to_owned()), env: Vec::new(), users };
        let all = servers.of("7c5d", &Family::Gemini.server_name(id));
        let names: Vec<&str> = all.iter().map(McpServer::name).collect();
        assert_eq!(names, ["nightshift0123456789ab", "docs"]);
        assert_eq!(Family::Gemini.server_name(""), "nightshift");
    }
}
