//! What the agent lets be chosen, as its own messages told it, and the requests that choose.
//!
//! Promises: pure; what an agent offers twice (as modes and as an option) is one option here; texts
//! and numbers of values are bounded, whatever the agent sends.
//! Must not know: when a request is sent, who chose.

use crate::acp::words;
use nightshift_model::OptionRole;
use nightshift_protocol::{ConfigOption, ConfigValue, Configuration, SlashCommand};
use serde_json::{Value, json};

/// Values of one option, and commands: some agents offer hundreds of models, none thousands.
const VALUES_MAX: usize = 500;
/// Options of one agent: the most seen are five.
const OPTIONS_MAX: usize = 32;
/// Longest description: it is one line of a list.
const DESCRIPTION_MAX_BYTES: usize = 400;
/// Ids of the two that are older than options.
const MODE: &str = "mode";
const MODEL: &str = "model";

/// How a value of an option is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    Mode,
    /// Gone from the protocol, and one vendor has nothing else.
    Model,
    Option,
}

/// One option, and how it is set.
#[derive(Clone, Debug)]
pub struct Selectable {
    pub via: Via,
    pub option: ConfigOption,
}

impl Selectable {
    /// The request's method and parameters that set `value`.
    pub fn request(&self, session: &str, value: &str) -> (&'static str, Value) {
        request(self.via, session, &self.option.id, value)
    }

    /// The value with this id, else with this name.
    pub fn pick(&self, wanted: &str) -> Option<&str> {
        let values = &self.option.values;
        let by_id = values.iter().find(|v| v.id == wanted);
        by_id
            .or_else(|| values.iter().find(|v| v.name.eq_ignore_ascii_case(wanted)))
            .map(|v| &*v.id)
    }
}

pub fn request(via: Via, session: &str, option: &str, value: &str) -> (&'static str, Value) {
    match via {
        Via::Mode => ("session/set_mode", json!({"sessionId": session, "modeId": value})),
        Via::Model => ("session/set_model", json!({"sessionId": session, "modelId": value})),
        Via::Option => {
            let params = json!({"sessionId": session, "configId": option, "value": value});
            ("session/set_config_option", params)
        }
    }
}

/// What a request of these sets: how, which option, to which value.
pub fn requested<'a>(method: &str, params: &'a Value) -> (Via, &'a str, &'a str) {
    let (via, option, value) = match method {
        "session/set_mode" => (Via::Mode, MODE, &params["modeId"]),
        "session/set_model" => (Via::Model, MODEL, &params["modelId"]),
        _ => (Via::Option, params["configId"].as_str().unwrap_or_default(), &params["value"]),
    };
    (via, option, value.as_str().unwrap_or_default())
}

#[derive(Clone, Debug, Default)]
pub struct Configured {
    modes: Value,
    models: Value,
    options: Vec<Value>,
    commands: Vec<SlashCommand>,
}

impl Configured {
    /// From the agent's answer to new, load or resume.
    pub fn of(opened: &Value) -> Configured {
        let mut configured = Configured {
            modes: opened["modes"].clone(),
            models: opened["models"].clone(),
            ..Configured::default()
        };
        configured.options_are(&opened["configOptions"]);
        configured
    }

    pub fn options_are(&mut self, options: &Value) {
        let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
        self.options = options.iter().take(OPTIONS_MAX).cloned().collect();
        let mode = self.options.iter().find(|o| role(o, &self.options) == OptionRole::Mode);
        if let Some(current) = mode.and_then(|o| o["currentValue"].as_str()).map(str::to_owned) {
            self.mode_is(&current);
        }
    }

    pub fn commands_are(&mut self, commands: Vec<SlashCommand>) {
        let bounded = commands.into_iter().take(VALUES_MAX).map(|command| SlashCommand {
            name: words::one_line(&command.name),
            description: bounded(&command.description),
            hint: command.hint.as_deref().map(bounded),
        });
        self.commands = bounded.filter(|c| !c.name.is_empty()).collect();
    }

    pub fn mode_is(&mut self, mode: &str) {
        if self.modes.is_object() {
            self.modes["currentModeId"] = json!(mode);
        }
    }

    /// The agent took `value` and answered with `result`.
    pub fn taken(&mut self, via: Via, option: &str, value: &str, result: &Value) {
        match via {
            Via::Mode => self.mode_is(value),
            Via::Model if self.models.is_object() => self.models["currentModelId"] = json!(value),
            Via::Model => {}
            Via::Option if result["configOptions"].is_array() => {
                self.options_are(&result["configOptions"]);
            }
            Via::Option => {
                for known in self.options.iter_mut().filter(|o| o["id"] == option) {
                    known["currentValue"] = json!(value);
                }
            }
        }
    }

    /// Every option with its values, the mode first.
    pub fn selectables(&self) -> Vec<Selectable> {
        let mut all = Vec::new();
        all.extend(listed(Via::Mode, &self.modes["availableModes"], &self.modes["currentModeId"]));
        let has_mode = !all.is_empty();
        let options = self.options.iter().filter_map(|o| configured(o, &self.options));
        all.extend(options.filter(|s| !(has_mode && s.option.role == OptionRole::Mode)));
        if !all.iter().any(|s| s.option.role == OptionRole::Model) {
            let (models, current) =
                (&self.models["availableModels"], &self.models["currentModelId"]);
            all.extend(listed(Via::Model, models, current));
        }
        all
    }

    /// The option with this id, else with this role, else with this name.
    pub fn find(&self, wanted: &str) -> Option<Selectable> {
        let all = self.selectables();
        let role = match wanted {
            MODE => Some(OptionRole::Mode),
            MODEL => Some(OptionRole::Model),
            _ => None,
        };
        let by_id = all.iter().find(|s| s.option.id == wanted);
        let by_role = || all.iter().find(|s| Some(s.option.role) == role);
        let by_name = || all.iter().find(|s| s.option.name.eq_ignore_ascii_case(wanted));
        by_id.or_else(by_role).or_else(by_name).cloned()
    }

    pub fn view(&self) -> Configuration {
        let options = self.selectables().into_iter().map(|s| s.option).collect();
        Configuration { options, commands: self.commands.clone() }
    }
}

/// What the agent offers beside its options.
fn listed(via: Via, entries: &Value, current: &Value) -> Option<Selectable> {
    let (id, name, key, role) = match via {
        Via::Mode => (MODE, "Mode", "id", OptionRole::Mode),
        Via::Model | Via::Option => (MODEL, "Model", "modelId", OptionRole::Model),
    };
    let values = values(entries.as_array()?, key);
    let current = current.as_str().map(str::to_owned);
    let (id, name) = (id.to_owned(), name.to_owned());
    let option = ConfigOption { id, name, description: None, role, current, values };
    (!option.values.is_empty()).then_some(Selectable { via, option })
}

/// One option that is a choice among values; there are no others that a person could set here.
fn configured(option: &Value, all: &[Value]) -> Option<Selectable> {
    let id = option["id"].as_str()?;
    let entries = option["options"].as_array()?;
    let flat = entries.iter().flat_map(|entry| match entry["options"].as_array() {
        Some(group) => values(group, "value"),
        None => values(std::slice::from_ref(entry), "value"),
    });
    let option = ConfigOption {
        id: id.to_owned(),
        name: words::one_line(option["name"].as_str().unwrap_or(id)),
        description: option["description"].as_str().map(bounded),
        role: role(option, all),
        current: option["currentValue"].as_str().map(str::to_owned),
        values: flat.take(VALUES_MAX).collect(),
    };
    Some(Selectable { via: Via::Option, option })
}

/// By its category; where no option has that category, by its id.
fn role(option: &Value, all: &[Value]) -> OptionRole {
    for (word, role) in [(MODE, OptionRole::Mode), (MODEL, OptionRole::Model)] {
        let none = || !all.iter().any(|o| o["category"] == word);
        if option["category"] == word || (option["id"] == word && none()) {
            return role;
        }
    }
    OptionRole::Other
}

fn values(entries: &[Value], key: &str) -> Vec<ConfigValue> {
    let value = |entry: &Value| {
        let id = entry[key].as_str()?;
        Some(ConfigValue {
            id: id.to_owned(),
            name: words::one_line(entry["name"].as_str().unwrap_or(id)),
            description: entry["description"].as_str().map(bounded),
        })
    };
    entries.iter().take(VALUES_MAX).filter_map(value).collect()
}

fn bounded(text: &str) -> String {
    words::clip(text, DESCRIPTION_MAX_BYTES).to_owned()
}
