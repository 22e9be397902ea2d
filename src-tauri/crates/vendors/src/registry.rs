//! The agents this build knows, and which of them this machine has.
//!
//! Promise: looks programs up in the PATH it is given (the dispatching client's) and starts none.

pub use crate::defaults::{Chosen, Defaults, Doubt};
use crate::family::{self, Family};
use crate::servers::Servers;
use nightshift_model::Surface;
use nightshift_model::naming::one_line;
use nightshift_platform::search;
use nightshift_protocol::{AgentView, Environment, Fault, FaultCode};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// How an agent is spoken to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// The Agent Client Protocol, on its stdin and stdout.
    #[default]
    Acp,
    /// Its own terminal.
    Terminal(TerminalWays),
}

impl Protocol {
    pub fn surface(&self) -> Surface {
        match self {
            Protocol::Acp => Surface::Conversation,
            Protocol::Terminal(_) => Surface::Terminal,
        }
    }
}

/// What the user's settings say of a terminal agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TerminalWays {
    /// Arguments that give it a prompt, `{prompt}` in its place; none: it is entered.
    pub prompt_args: Vec<String>,
    /// Arguments that go on with session `{session}`.
    pub resume_args: Vec<String>,
    /// Keys that end its turn; none: Escape.
    pub interrupt: String,
}

/// One agent: how to start it and what it offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentSpec {
    /// Whose ways it has.
    pub family: Family,
    pub protocol: Protocol,
    pub id: String,
    pub title: String,
    /// Program name looked up in PATH, or an absolute path.
    pub command: String,
    pub args: Vec<String>,
    /// Variables set for the agent on top of the dispatching client's.
    pub env: BTreeMap<String, String>,
    /// Permission modes, the one that always asks first.
    pub modes: Vec<String>,
    /// The mode set when the user chose none; the asking one.
    pub default_mode: Option<String>,
    /// Its models, where they are known before it is started; empty where only it knows them.
    pub models: Vec<String>,
    /// Modes in which it runs commands without asking anybody.
    pub unasked_modes: Vec<String>,
    /// Options set after every opening of a session, by the agent's own ids.
    pub config_options: BTreeMap<String, String>,
    /// How to install it, one command line.
    pub how_to: String,
    /// How to sign in, one command line or a few words; empty when it needs none.
    pub sign_in: String,
}

#[derive(Clone)]
pub struct Registry {
    /// What every session's agent gets beside its own tools.
    pub servers: Servers,
    pub(crate) agents: Vec<AgentSpec>,
    pub(crate) defaults: Defaults,
}

/// What the user's settings say of one agent: a program of their own, or more about one that is
/// built in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Custom {
    pub id: String,
    pub title: Option<String>,
    /// None: the built-in agent of that id.
    pub command: Option<String>,
    pub args: Vec<String>,
    pub env: BTreeMap<String, String>,
    pub default_mode: Option<String>,
    pub config_options: BTreeMap<String, String>,
    /// Whose ways it has: the id of a built-in agent.
    pub like: Option<String>,
    pub modes: Vec<String>,
    pub sign_in: Option<String>,
    pub how_to: Option<String>,
    /// Set for a terminal agent.
    pub terminal: Option<TerminalWays>,
}

/// Of a model or mode that nobody has.
pub(crate) const WANTED_MAX_CHARS: usize = 60;

/// Id of the built-in agent.
pub const REHEARSAL: &str = "rehearsal";

impl Registry {
    /// The agents of this build. `own_binary` is the `nightshift` program, which also is the
    /// rehearsal agent.
    pub fn builtin(own_binary: &Path) -> Registry {
        let mut agents = vec![rehearsal(own_binary)];
        agents.extend(family::all());
        agents.extend(family::untried());
        agents.extend(family::terminals());
        Registry { servers: Servers::default(), agents, defaults: Defaults::default() }
    }

    /// Adds an agent of the user's, or changes the built-in one of that id.
    ///
    /// Errors: what is wrong with it, in words.
    pub fn add(&mut self, custom: Custom) -> Result<(), Unfit> {
        let known = self.agents.iter().position(|a| a.id == custom.id);
        let mut spec = match (&custom.command, known) {
            (Some(command), _) => self.own(command, &custom)?,
            (None, Some(known)) => self.agents[known].clone(),
            (None, None) => return Err(Unfit::NotBuiltIn(custom.id)),
        };
        spec.env.extend(custom.env);
        spec.config_options.extend(custom.config_options);
        if !custom.modes.is_empty() {
            spec.default_mode = custom.modes.first().cloned();
            spec.modes = custom.modes;
        }
        spec.default_mode = custom.default_mode.or(spec.default_mode);
        spec.title = custom.title.unwrap_or(spec.title);
        spec.sign_in = custom.sign_in.unwrap_or(spec.sign_in);
        spec.how_to = custom.how_to.unwrap_or(spec.how_to);
        if let Some(ways) = custom.terminal {
            spec.protocol = Protocol::Terminal(ways);
        }
        match known {
            Some(known) => self.agents[known] = spec,
            None => self.agents.push(spec),
        }
        Ok(())
    }

    /// The entry of a program of the user's. It has the ways of the agent that it says it is like, or
    /// of the built-in one whose program it starts.
    fn own(&self, command: &str, custom: &Custom) -> Result<AgentSpec, Unfit> {
        let like = match &custom.like {
            Some(like) => match self.find(like) {
                Some(spec) => Some(spec),
                None => return Err(Unfit::LikeNobody(like.clone())),
            },
            None => self.agents.iter().find(|a| {
                let name = Path::new(command).file_name().map(|n| n.to_string_lossy());
                name.is_some_and(|name| name == a.command)
            }),
        };
        let mut spec = like.cloned().unwrap_or_default();
        spec.id.clone_from(&custom.id);
        spec.title.clone_from(&custom.id);
        command.clone_into(&mut spec.command);
        spec.args.clone_from(&custom.args);
        spec.how_to.clear();
        Ok(spec)
    }

    /// Whether this build was tried with the agent: only such a one is taken unasked.
    pub(crate) fn was_driven(&self, id: &str) -> bool {
        let tried =
            |spec: &AgentSpec| spec.family != Family::Plain && spec.protocol == Protocol::Acp;
        self.find(id).is_some_and(tried)
    }

    pub fn find(&self, id: &str) -> Option<&AgentSpec> {
        self.agents.iter().find(|a| a.id == id)
    }

    /// The entry through which `agent`'s sessions are reached that way: the same vendor's.
    pub fn counterpart(&self, agent: &str, surface: Surface) -> Option<&AgentSpec> {
        let family = self.find(agent)?.family;
        let fits = |a: &&AgentSpec| a.family == family && a.protocol.surface() == surface;
        self.agents.iter().filter(|_| family != Family::Plain).find(fits)
    }

    pub fn ids(&self) -> Vec<String> {
        self.agents.iter().map(|a| a.id.clone()).collect()
    }

    /// The argv that starts `spec` for a client with `env`, its program as an absolute path.
    ///
    /// Errors: `NotFound` with the way to install it as hint.
    pub fn resolve(&self, spec: &AgentSpec, env: &Environment) -> Result<Vec<String>, Fault> {
        let Some(program) = look_up(&spec.command, env) else {
            let message = format!("agent `{}`: `{}` is not in PATH", spec.id, spec.command);
            let hint = match spec.how_to.as_str() {
                "" => "install it, or choose another with --agent".to_owned(),
                how_to => format!("install it with `{how_to}`"),
            };
            return Err(Fault::new(FaultCode::NotFound, message).hint(hint));
        };
        let mut argv = vec![program.to_string_lossy().into_owned()];
        argv.extend(spec.args.iter().cloned());
        Ok(argv)
    }

    /// Every agent as this machine has it. The default is that of a dispatch that names none; of settings that
    /// name nobody there is none.
    pub fn detect(&self, env: &Environment) -> Vec<AgentView> {
        let mut views: Vec<AgentView> = self.agents.iter().map(|a| view(a, env)).collect();
        for (view, spec) in views.iter_mut().zip(&self.agents) {
            let other = self.counterpart(&spec.id, spec.protocol.surface().other());
            view.counterpart = other.map(|spec| spec.id.clone());
        }
        let default = match &self.defaults.agent {
            Some(chosen) => Some(chosen.value.clone()),
            None => self.default_agent(env).ok().map(|spec| spec.id.clone()),
        };
        for view in &mut views {
            view.is_default = default.as_ref() == Some(&view.id);
        }
        views
    }
}

/// Why an agent of the user's cannot be added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("no agent `{0}` is built in; give it a `command`")]
    NotBuiltIn(String),
    #[error("`like` names no agent: `{0}`")]
    LikeNobody(String),
}

fn view(spec: &AgentSpec, env: &Environment) -> AgentView {
    let path = look_up(&spec.command, env);
    let version = match spec.id.as_str() {
        REHEARSAL => Some(env!("CARGO_PKG_VERSION").to_owned()),
        _ => path.as_deref().and_then(package_version),
    };
    AgentView {
        id: spec.id.clone(),
        title: spec.title.clone(),
        installed: path.is_some(),
        version,
        sign_in: spec.sign_in.clone(),
        how_to: if path.is_some() { String::new() } else { spec.how_to.clone() },
        path: path.map(|p| p.to_string_lossy().into_owned()),
        is_default: false,
        signed_in: None,
        modes: spec.modes.clone(),
        surface: spec.protocol.surface(),
        counterpart: None,
    }
}

/// Finds an executable the way a shell with `env` would.
pub(crate) fn look_up(command: &str, env: &Environment) -> Option<PathBuf> {
    if command.contains('/') {
        let path = PathBuf::from(command);
        return is_executable(&path).then_some(path);
    }
    search::find(OsStr::new(command), Some(OsStr::new(env.get("PATH")?)))
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

/// How far above the resolved program its `package.json` may lie: `<package>/dist/bin/cli.js`.
const PACKAGE_JSON_LEVELS: usize = 4;
/// A `package.json` larger than this is not read for a version.
const PACKAGE_JSON_MAX_BYTES: u64 = 256 * 1024;

impl AgentSpec {
    /// Refuses what the agent is known not to offer. What only the agent knows, it says when it has started.
    pub fn check_choices(&self, model: Option<&str>, mode: Option<&str>) -> Result<(), Fault> {
        // A model may be given by its name too, and that is its id with another case. A mode may not: one
        // that was meant otherwise would let more happen.
        let has_model = |model: &str| self.models.iter().any(|m| m.eq_ignore_ascii_case(model));
        let is_default = |mode: &str| self.default_mode.as_deref() == Some(mode);
        let has_mode = |mode: &str| self.offers_mode(mode) || is_default(mode);
        match (model, mode) {
            (Some(model), _) if !self.models.is_empty() && !has_model(model) => Err(self
                .not_offered("model", model, &self.models)
                .hint("choose one with --model, or in the settings file under `defaults.model`")),
            (_, Some(mode)) if !self.modes.is_empty() && !has_mode(mode) => {
                Err(self.not_offered("permission mode", mode, &self.modes).hint(
                    "choose one with --permission-mode, or in the settings file under \
                     `defaults.permission_mode`",
                ))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn offers_mode(&self, mode: &str) -> bool {
        self.modes.iter().any(|known| known == mode)
    }

    pub(crate) fn not_offered(&self, what: &str, wanted: &str, offered: &[String]) -> Fault {
        let wanted = one_line(wanted, WANTED_MAX_CHARS);
        let text =
            format!("{} has no {what} `{wanted}`; it offers {}", self.title, offered.join(", "));
        Fault::new(FaultCode::Invalid, text)
    }
}

/// Version of the npm package that `program` (a link into it) belongs to.
fn package_version(program: &Path) -> Option<String> {
    let real = program.canonicalize().ok()?;
    real.ancestors().skip(1).take(PACKAGE_JSON_LEVELS).find_map(|dir| {
        let file = dir.join("package.json");
        let size = file.metadata().ok()?.len();
        let text =
            (size <= PACKAGE_JSON_MAX_BYTES).then(|| std::fs::read_to_string(&file).ok())??;
        let package: serde_json::Value = serde_json::from_str(&text).ok()?;
        Some(package.get("version")?.as_str()?.to_owned())
    })
}

fn rehearsal(own_binary: &Path) -> AgentSpec {
    AgentSpec {
        id: REHEARSAL.to_owned(),
        title: "Rehearsal".to_owned(),
        command: own_binary.to_string_lossy().into_owned(),
        args: vec!["rehearsal-agent".to_owned()],
        modes: vec!["ask".to_owned(), "auto".to_owned()],
        models: vec!["steady".to_owned(), "brisk".to_owned()],
        unasked_modes: vec!["auto".to_owned()],
        default_mode: Some("ask".to_owned()),
        ..AgentSpec::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn program(path: &Path, mode: u32) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn agents_are_found_in_the_clients_path_with_their_version() {
        let dir = tempfile::tempdir().unwrap();
        let own = dir.path().join("nightshift");
        program(&own, 0o755);
        let package = dir.path().join("lib/gemini");
        program(&package.join("dist/cli.js"), 0o755);
        std::fs::write(package.join("package.json"), r#"{"version":"1.2.3"}"#).unwrap();
        let bin = dir.path().join("bin");
        // Not executable: a shell would pass it over.
        program(&bin.join("codex-acp"), 0o644);
        std::os::unix::fs::symlink(package.join("dist/cli.js"), bin.join("gemini")).unwrap();
        let env = Environment::from([("PATH".into(), format!("relative:{}", bin.display()))]);
        let registry = Registry::builtin(&own);

        let views = registry.detect(&env);
        assert_eq!(views[0].id, REHEARSAL);
        let of = |id: &str| views.iter().find(|v| v.id == id).unwrap();
        assert!(of("rehearsal").installed && !of("rehearsal").is_default);
        assert!(of("gemini").installed && of("gemini").is_default);
        assert_eq!(of("gemini").version.as_deref(), Some("1.2.3"));
        assert!(!of("codex").installed);
        assert_eq!(of("codex").how_to, "npm install -g @agentclientprotocol/codex-acp");

        let gemini = registry.find("gemini").unwrap();
        let argv = registry.resolve(gemini, &env).unwrap();
        assert_eq!(argv, [bin.join("gemini").to_string_lossy().into_owned(), "--acp".into()]);
        let fault = registry.resolve(registry.find("codex").unwrap(), &env).unwrap_err();
        assert_eq!(fault.code, FaultCode::NotFound);
        assert!(fault.hint.contains("npm install"), "{fault}");
    }

    #[test]
    fn without_vendors_the_rehearsal_agent_is_the_default() {
        let own = std::env::current_exe().unwrap();
        let views = Registry::builtin(&own).detect(&Environment::new());
        assert!(views[0].is_default && views[0].installed);
        assert_eq!(views.iter().filter(|v| v.is_default).count(), 1);
    }

    #[test]
    fn agents_of_the_user_are_added_or_change_built_in_ones() {
        let mut registry = Registry::builtin(Path::new("/n"));
        let custom = |id: &str| Custom { id: id.into(), ..Custom::default() };
        registry
            .add(Custom {
                command: Some("/opt/claude-agent-acp".into()),
                args: vec!["-x".into()],
                modes: vec!["ask".into()],
                ..custom("mine")
            })
            .unwrap();
        let mine = registry.find("mine").unwrap();
        assert_eq!((mine.family, mine.title.as_str()), (Family::Claude, "mine"));
        assert_eq!(mine.default_mode.as_deref(), Some("ask"));
        assert_eq!(mine.env["ENABLE_TOOL_SEARCH"], "false", "the ways of its program");
        let env = BTreeMap::from([("A".to_owned(), "b".to_owned())]);
        registry.add(Custom { env, ..custom("gemini") }).unwrap();
        let gemini = registry.find("gemini").unwrap();
        assert_eq!((gemini.command.as_str(), gemini.env["A"].as_str()), ("gemini", "b"));
        assert!(registry.add(custom("nobody")).is_err());
        let like = Some("nobody".to_owned());
        assert!(registry.add(Custom { command: Some("x".into()), like, ..custom("y") }).is_err());

        let chosen = |value: &str| Some(Chosen { value: value.into(), at: String::new() });
        registry.set_defaults(Defaults {
            agent: chosen("mine"),
            model: chosen("big"),
            permission_mode: None,
        });
        assert_eq!(registry.defaults_for("mine"), (Some("big".into()), Some("ask".into())));
        assert_eq!(registry.defaults_for("gemini"), (None, Some("default".into())));
    }

    #[test]
    fn every_agent_asks_first() {
        for spec in &Registry::builtin(Path::new("/n")).agents {
            assert_eq!(spec.default_mode.as_ref(), spec.modes.first(), "{}", spec.id);
        }
    }
}
