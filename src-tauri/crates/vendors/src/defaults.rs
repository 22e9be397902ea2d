//! What the user's settings choose for a dispatch that names nothing itself.
//!
//! Promise: a setting that names what there is not is told with its place, and is never replaced by something else.
//! Must not know: where the settings come from.

use crate::registry::{AgentSpec, REHEARSAL, Registry, WANTED_MAX_CHARS, look_up};
use nightshift_model::naming::one_line;
use nightshift_protocol::{Environment, Fault, FaultCode};

const EMPTY: &str = "it is empty; name something, or take the line out";

/// What a dispatch takes when it names nothing else; model and mode are those of `agent`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Defaults {
    pub agent: Option<Chosen>,
    pub model: Option<Chosen>,
    pub permission_mode: Option<Chosen>,
}

/// A value of the user's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    pub value: String,
    /// Where it stands, as people read it: file, line and key.
    pub at: String,
}

impl Chosen {
    /// What is wrong with it, with its place in front.
    fn blame(&self, fault: Fault) -> Fault {
        Fault { message: format!("{}: {}", self.at, fault.message), ..fault }
    }
}

/// A setting that names what there is not: its key, part by part, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    pub path: Vec<String>,
    pub why: String,
}

impl Registry {
    pub fn set_defaults(&mut self, defaults: Defaults) {
        self.defaults = defaults;
    }

    /// Model and mode for a dispatch to `agent` that names none itself.
    pub fn defaults_for(&self, agent: &str) -> (Option<String>, Option<String>) {
        let chosen = self.defaults.agent.as_ref().is_none_or(|chosen| chosen.value == agent);
        let built_in = self.find(agent).and_then(|spec| spec.default_mode.clone());
        let value = |chosen: &Option<Chosen>| chosen.as_ref().map(|chosen| chosen.value.clone());
        let Defaults { model, permission_mode, .. } = &self.defaults;
        match chosen {
            true => (value(model), value(permission_mode).or(built_in)),
            false => (None, built_in),
        }
    }

    /// The agent of a dispatch that names none: the one of the settings, which must be there; without one the first
    /// installed vendor's, else the rehearsal agent. Looks at the disk.
    pub fn default_agent(&self, env: &Environment) -> Result<&AgentSpec, Fault> {
        if let Some(chosen) = &self.defaults.agent {
            let found = self.named(&chosen.value);
            let found = found.and_then(|spec| self.resolve(spec, env).map(|_| spec));
            return found.map_err(|fault| chosen.blame(fault));
        }
        let installed = |spec: &&AgentSpec| look_up(&spec.command, env).is_some();
        let real = self.agents.iter().filter(|spec| self.was_driven(&spec.id)).find(installed);
        let none = || Fault::new(FaultCode::NotFound, "no agent is installed");
        real.or_else(|| self.find(REHEARSAL)).ok_or_else(none)
    }

    /// Refuses a model or mode that the agent is known not to have, wherever it was chosen; none: by the settings.
    pub fn check_choices(
        &self,
        spec: &AgentSpec,
        model: Option<&str>,
        mode: Option<&str>,
    ) -> Result<(), Fault> {
        let Defaults { agent, model: set_model, permission_mode } = &self.defaults;
        let is_theirs = agent.as_ref().is_none_or(|chosen| chosen.value == spec.id);
        let set = |wanted: Option<&str>, chosen: &Option<Chosen>| {
            chosen.clone().filter(|_| wanted.is_none() && is_theirs)
        };
        for (chosen, is_model) in
            [(set(model, set_model), true), (set(mode, permission_mode), false)]
        {
            let Some(chosen) = chosen else { continue };
            let value = Some(chosen.value.as_str());
            let (model, mode) = if is_model { (value, None) } else { (None, value) };
            if chosen.value.trim().is_empty() {
                return Err(chosen.blame(Fault::new(FaultCode::Invalid, EMPTY)));
            }
            spec.check_choices(model, mode).map_err(|fault| chosen.blame(fault))?;
        }
        spec.check_choices(model, mode)
    }

    /// What of the settings names an agent, a model or a mode that there is not.
    pub fn doubts(&self) -> Vec<Doubt> {
        let mut found = Vec::new();
        let mut say = |path: &[&str], why: String| {
            found.push(Doubt { path: path.iter().map(|&part| part.to_owned()).collect(), why });
        };
        let Defaults { agent, model, permission_mode } = &self.defaults;
        let spec = match agent.as_ref().map(|chosen| self.named(&chosen.value)) {
            Some(Ok(spec)) => Some(spec),
            Some(Err(fault)) => {
                say(&["defaults", "agent"], format!("{}; {}", fault.message, fault.hint));
                None
            }
            None => None,
        };
        for (key, chosen) in [("model", model), ("permission_mode", permission_mode)] {
            let Some(Chosen { value, .. }) = chosen else { continue };
            let (model, mode) =
                if key == "model" { (Some(value), None) } else { (None, Some(value)) };
            let choice = (model.map(String::as_str), mode.map(String::as_str));
            if value.trim().is_empty() {
                say(&["defaults", key], EMPTY.to_owned());
            } else if let Some(Err(fault)) = spec.map(|spec| spec.check_choices(choice.0, choice.1))
            {
                say(&["defaults", key], fault.message);
            }
        }
        for spec in &self.agents {
            let mode = spec.default_mode.as_deref();
            if mode.is_some_and(|mode| !spec.modes.is_empty() && !spec.offers_mode(mode)) {
                let mode = mode.unwrap_or_default();
                let why = spec.not_offered("permission mode", mode, &spec.modes).message;
                say(&["agent_servers", &spec.id, "default_mode"], why);
            }
        }
        found
    }

    /// The agent with that id.
    ///
    /// Errors: `NotFound` with the ids that there are.
    pub fn named(&self, id: &str) -> Result<&AgentSpec, Fault> {
        let unknown = || {
            let meant = self.agents.iter().find(|spec| spec.id.eq_ignore_ascii_case(id.trim()));
            let meant = meant.map(|spec| format!("did you mean `{}`? ", spec.id));
            let (shown, ids) = (one_line(id, WANTED_MAX_CHARS), self.ids().join(", "));
            Fault::new(FaultCode::NotFound, format!("no agent `{shown}`"))
                .hint(format!("{}choose one of {ids}", meant.unwrap_or_default()))
        };
        self.find(id).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Custom;
    use std::path::Path;

    fn chosen(value: &str) -> Chosen {
        Chosen { value: value.into(), at: "f: line 2".into() }
    }

    #[test]
    fn silent_settings_an_agent_that_cannot_be_started_is_replaced_by_none() {
        let own = std::env::current_exe().unwrap();
        let env = Environment::new();
        for (name, parts) in [
            ("nope", &["f: line 2: no agent `nope`", "choose one of rehearsal, claude"][..]),
            ("Claude", &["f: line 2: no agent `Claude`", "did you mean `claude`?"]),
            ("", &["f: line 2: no agent ``", "rehearsal, claude"]),
            ("codex", &["f: line 2: agent `codex`", "is not in PATH", "npm install"]),
        ] {
            let mut registry = Registry::builtin(&own);
            registry.set_defaults(Defaults { agent: Some(chosen(name)), ..Defaults::default() });
            let fault = registry.default_agent(&env).unwrap_err().to_string();
            assert!(parts.iter().all(|part| fault.contains(part)), "{name}: {fault}");
            let shown = registry.detect(&env).into_iter().filter(|view| view.is_default);
            let shown: Vec<String> = shown.map(|view| view.id).collect();
            assert!(shown.iter().all(|id| id == "codex"), "{name}: {shown:?}");
            let told = registry.doubts().iter().any(|doubt| doubt.path == ["defaults", "agent"]);
            assert_eq!(told, name != "codex", "{name}");
        }
    }

    #[test]
    fn silent_settings_models_and_modes_that_nobody_has_are_told() {
        let mut registry = Registry::builtin(Path::new("/n"));
        let (agent, mode) = (Some(chosen(REHEARSAL)), Some(chosen("Auto")));
        registry.set_defaults(Defaults { agent, model: Some(chosen("x")), permission_mode: mode });
        registry
            .add(Custom {
                id: "gemini".into(),
                default_mode: Some("yes".into()),
                ..Custom::default()
            })
            .unwrap();
        let told = registry.doubts();
        let paths: Vec<String> = told.iter().map(|doubt| doubt.path.join(" ")).collect();
        let expected =
            ["defaults model", "defaults permission_mode", "agent_servers gemini default_mode"];
        assert_eq!(paths, expected, "{told:?}");
        let spec = registry.find(REHEARSAL).unwrap();
        let fault = registry.check_choices(spec, Some("steady"), None).unwrap_err().to_string();
        assert!(fault.contains("f: line 2: Rehearsal has no permission mode `Auto`"), "{fault}");
        assert!(registry.check_choices(spec, Some("steady"), Some("ask")).is_ok());
        let other = registry.find("codex").unwrap();
        assert!(registry.check_choices(other, None, None).is_ok(), "they are another agent's");
        registry.set_defaults(Defaults { model: Some(chosen(" ")), ..Defaults::default() });
        let spec = registry.find(REHEARSAL).unwrap();
        assert!(registry.check_choices(spec, None, None).is_err(), "it names nothing");
    }
}
