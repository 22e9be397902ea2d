//! Taking over agents from the settings of other hosts: Zed's `settings.json`, JetBrains'
//! `acp.json`. Both are JSON, with comments and trailing commas, and hold `agent_servers`.
//!
//! Promise: only agents that are missing are added; what stands in the file stays as it is, comments
//! included.

use crate::{AgentServer, parse};
use jsonc_parser::ParseOptions;
use serde::Deserialize;
use serde_json::Value;
use toml_edit::{DocumentMut, Item, Table};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The settings file's new text.
    pub text: String,
    pub added: Vec<String>,
    /// Agents that are there already.
    pub present: Vec<String>,
    /// Agents that could not be taken over, and why.
    pub refused: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    #[error("the settings file must be mended first: {0}")]
    Own(crate::Remark),
    #[error("it is no JSON: {0}")]
    NotJson(String),
    #[error("it holds no `agent_servers`")]
    NoAgents,
}

/// Adds the agents of `other` to the settings `own`.
pub fn import(own: &str, other: &str) -> Result<Import, ImportError> {
    let known = parse(own).map_err(ImportError::Own)?.settings.agent_servers;
    let not_json = |e: &dyn std::fmt::Display| ImportError::NotJson(e.to_string());
    let value: Value = jsonc_parser::parse_to_serde_value(other, &ParseOptions::default())
        .map_err(|e| not_json(&e))?;
    let servers = value.get("agent_servers").and_then(Value::as_object);
    let servers = servers.ok_or(ImportError::NoAgents)?;
    let mut document: DocumentMut = own.parse().map_err(|e: toml_edit::TomlError| not_json(&e))?;
    let mut import =
        Import { text: String::new(), added: vec![], present: vec![], refused: vec![] };
    for (name, entry) in servers {
        let id = id_of(name);
        if known.contains_key(&id) || import.added.contains(&id) {
            import.present.push(id);
            continue;
        }
        match entry_of(name, &id, entry) {
            Ok(item) => {
                let table = document.entry("agent_servers").or_insert_with(|| {
                    let mut table = Table::new();
                    table.set_implicit(true);
                    Item::Table(table)
                });
                match table.as_table_like_mut() {
                    Some(table) => {
                        table.insert(&id, item);
                        import.added.push(id);
                    }
                    None => import.refused.push((id, "`agent_servers` is no table".to_owned())),
                }
            }
            Err(why) => import.refused.push((id, why)),
        }
    }
    import.text = document.to_string();
    Ok(import)
}

/// Other hosts name agents as people read them; ours are typed in a shell.
fn id_of(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    name.trim().to_lowercase().chars().map(plain).collect()
}

fn entry_of(name: &str, id: &str, entry: &Value) -> Result<Item, String> {
    let mut server = AgentServer::deserialize(entry).map_err(|e| e.to_string())?;
    if name != id {
        server.nightshift.title = Some(name.to_owned());
    }
    let text = toml_edit::ser::to_string(&server).map_err(|e| e.to_string())?;
    let alone = format!("[agent_servers.\"{id}\"]\n{text}");
    parse(&alone.replace("[nightshift]", &format!("[agent_servers.\"{id}\".nightshift]")))
        .map_err(|remark| remark.message)?;
    let table: DocumentMut = text.parse().map_err(|e: toml_edit::TomlError| e.to_string())?;
    Ok(Item::Table(table.as_table().clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZED: &str = r#"{
        // comments and trailing commas are usual here
        "theme": "One",
        "agent_servers": {
            "My Agent": {"type": "custom", "command": "my-agent", "args": ["--acp"],
                "env": {"KEY": "v"}, "default_mode": "ask",},
            "claude": {"type": "registry", "env": {"A": "b"}},
            "there": {"command": "other"},
            "broken": {"command": 7},
        },
    }"#;

    #[test]
    fn missing_agents_are_added_and_nothing_else_changes() {
        let own = "# mine\n[agent_servers.there]\ncommand = \"mine\" # keep\n";
        let import = import(own, ZED).unwrap();
        assert_eq!(import.added, ["my-agent", "claude"]);
        assert_eq!(import.present, ["there"]);
        assert_eq!(import.refused.len(), 1, "{:?}", import.refused);
        assert!(import.text.starts_with(own), "{}", import.text);
        let settings = parse(&import.text).unwrap().settings;
        let mine = &settings.agent_servers["my-agent"];
        assert_eq!(mine.command.as_deref(), Some("my-agent"));
        assert_eq!(mine.nightshift.title.as_deref(), Some("My Agent"));
        assert_eq!(mine.env["KEY"], "v");
        assert_eq!(settings.agent_servers["there"].command.as_deref(), Some("mine"));
        assert_eq!(settings.agent_servers["claude"].env["A"], "b");
    }

    #[test]
    fn what_cannot_be_taken_over_is_told() {
        assert_eq!(import("", "{}").unwrap_err(), ImportError::NoAgents);
        assert!(matches!(import("", "not json").unwrap_err(), ImportError::NotJson(_)));
        assert!(matches!(import("[x", ZED).unwrap_err(), ImportError::Own(_)));
    }
}
