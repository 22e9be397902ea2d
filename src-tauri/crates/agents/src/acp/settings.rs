//! Which mode and model a session was asked to run with, as requests this agent understands.
//!
//! Promises: after every new, load or resume both are set explicitly, because several agents start
//! in a mode that asks nothing; what the agent does not offer is refused with what it does offer.
//! Must not know: when the requests are sent.

use crate::acp::DriverSpec;
use serde_json::{Value, json};
use std::collections::VecDeque;

/// Names listed in a refusal; some agents offer hundreds of models.
const NAMES_SHOWN_MAX: usize = 12;

/// One request that follows the opening of a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// What is set, in one word; part of the request's id.
    pub name: String,
    pub method: &'static str,
    pub params: Value,
}

/// One value that can be chosen.
struct Choice<'a> {
    id: &'a str,
    name: &'a str,
}

/// What to set, the mode last, so that no later change touches it. `result` is the agent's answer
/// to new, load or resume.
pub fn plan(spec: &DriverSpec, session: &str, result: &Value) -> Result<VecDeque<Setting>, String> {
    let mut settings = VecDeque::new();
    if let Some(model) = &spec.model {
        settings.push_back(model_setting(spec, session, result, model)?);
    }
    for (id, value) in &spec.agent.config_options {
        settings.push_back(option_setting(spec, session, result, id, value)?);
    }
    let asked = spec.permission_mode.as_ref();
    if let Some(mode) = asked.or(spec.agent.default_mode.as_ref()) {
        settings.extend(mode_setting(spec, session, result, mode, asked.is_some())?);
    }
    Ok(settings)
}

fn model_setting(
    spec: &DriverSpec,
    session: &str,
    result: &Value,
    wanted: &str,
) -> Result<Setting, String> {
    if let Some(option) = config_option(result, "model") {
        let choices = config_choices(option);
        let Some(id) = pick(&choices, wanted) else {
            return Err(not_offered(spec, "model", wanted, &choices));
        };
        return Ok(config_setting("model", session, option, id));
    }
    // Gone from the protocol, and one vendor has nothing else.
    let models = result["models"]["availableModels"].as_array();
    if let Some(models) = models {
        let choices = named(models, "modelId");
        let Some(id) = pick(&choices, wanted) else {
            return Err(not_offered(spec, "model", wanted, &choices));
        };
        let params = json!({"sessionId": session, "modelId": id});
        return Ok(Setting { name: "model".to_owned(), method: "session/set_model", params });
    }
    Err(format!("{} does not let its model be chosen; leave out --model", spec.agent.title))
}

/// One option of the agent's own, as the user's settings want it.
fn option_setting(
    spec: &DriverSpec,
    session: &str,
    result: &Value,
    id: &str,
    wanted: &str,
) -> Result<Setting, String> {
    let options = result["configOptions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let title = &spec.agent.title;
    let Some(option) = options.iter().find(|o| o["id"] == id) else {
        let known: Vec<&str> = options.iter().filter_map(|o| o["id"].as_str()).collect();
        let known = known.join(", ");
        return Err(format!("{title} has no option `{id}` as the settings want; it has {known}"));
    };
    let choices = config_choices(option);
    let Some(value) = pick(&choices, wanted) else {
        return Err(not_offered(spec, &format!("value for `{id}`"), wanted, &choices));
    };
    Ok(config_setting(&format!("option-{id}"), session, option, value))
}

fn mode_setting(
    spec: &DriverSpec,
    session: &str,
    result: &Value,
    wanted: &str,
    asked: bool,
) -> Result<Option<Setting>, String> {
    let modes = result["modes"]["availableModes"].as_array();
    let choices = modes.map_or_else(Vec::new, |all| named(all, "id"));
    if let Some(choice) = choices.iter().find(|c| c.id == wanted) {
        let params = json!({"sessionId": session, "modeId": choice.id});
        return Ok(Some(Setting { name: "mode".to_owned(), method: "session/set_mode", params }));
    }
    let option = config_option(result, "mode");
    let configured = option.map_or_else(Vec::new, config_choices);
    if let (Some(option), Some(choice)) = (option, configured.iter().find(|c| c.id == wanted)) {
        return Ok(Some(config_setting("mode", session, option, choice.id)));
    }
    let offered = if choices.is_empty() { configured } else { choices };
    if offered.is_empty() && !asked {
        return Ok(None);
    }
    Err(not_offered(spec, "permission mode", wanted, &offered))
}

fn config_option<'a>(result: &'a Value, category: &str) -> Option<&'a Value> {
    let options = result["configOptions"].as_array()?;
    let of_category = options.iter().find(|o| o["category"] == category);
    of_category.or_else(|| options.iter().find(|o| o["id"] == category))
}

fn config_setting(name: &str, session: &str, option: &Value, value: &str) -> Setting {
    let params = json!({"sessionId": session, "configId": option["id"], "value": value});
    Setting { name: name.to_owned(), method: "session/set_config_option", params }
}

/// Values of a select option, grouped or not.
fn config_choices(option: &Value) -> Vec<Choice<'_>> {
    let entries = option["options"].as_array().map(Vec::as_slice).unwrap_or_default();
    entries
        .iter()
        .flat_map(|entry| match entry["options"].as_array() {
            Some(group) => named(group, "value"),
            None => named(std::slice::from_ref(entry), "value"),
        })
        .collect()
}

fn named<'a>(entries: &'a [Value], id: &str) -> Vec<Choice<'a>> {
    let choice = |entry: &'a Value| {
        let id = entry[id].as_str()?;
        Some(Choice { id, name: entry["name"].as_str().unwrap_or(id) })
    };
    entries.iter().filter_map(choice).collect()
}

/// The choice with this id, else with this name.
fn pick<'a>(choices: &[Choice<'a>], wanted: &str) -> Option<&'a str> {
    let by_id = choices.iter().find(|c| c.id == wanted);
    by_id.or_else(|| choices.iter().find(|c| c.name.eq_ignore_ascii_case(wanted))).map(|c| c.id)
}

fn not_offered(spec: &DriverSpec, what: &str, wanted: &str, offered: &[Choice<'_>]) -> String {
    let title = &spec.agent.title;
    if offered.is_empty() {
        return format!("{title} offers no {what} to choose, so not `{wanted}` either");
    }
    let names: Vec<&str> = offered.iter().take(NAMES_SHOWN_MAX).map(|c| c.id).collect();
    let more = if offered.len() > NAMES_SHOWN_MAX { ", …" } else { "" };
    format!("{title} has no {what} `{wanted}`; it offers {}{more}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::AgentSpec;

    fn planned(model: Option<&str>, mode: Option<&str>, result: Value) -> Result<Value, String> {
        let agent = AgentSpec {
            title: "A".into(),
            default_mode: Some("ask".into()),
            ..AgentSpec::default()
        };
        let spec = DriverSpec {
            mcp_servers: Vec::new(),
            cwd: "/w".into(),
            model: model.map(str::to_owned),
            permission_mode: mode.map(str::to_owned),
            agent,
            resume: None,
            notes: None,
        };
        let settings = plan(&spec, "s", &result)?;
        Ok(settings.iter().map(|s| json!([s.method, s.params])).collect())
    }

    #[test]
    fn mode_and_model_are_set_the_way_the_agent_offers() {
        let modes = json!({"modes": {"availableModes": [{"id": "ask"}, {"id": "auto"}]}});
        let config = json!({"configOptions": [
            {"id": "m", "category": "model", "options": [{"group": "g", "options": [
                {"value": "big-1", "name": "Big"}]}]},
            {"id": "mode", "category": "mode", "options": [{"value": "ask", "name": "Ask"}]}]});
        let old = json!({"models": {"availableModels": [{"modelId": "x"}]}});
        let cases = [
            (
                None,
                None,
                modes.clone(),
                Ok(json!([["session/set_mode", {"sessionId": "s", "modeId": "ask"}]])),
            ),
            (
                None,
                Some("yolo"),
                modes.clone(),
                Err("A has no permission mode `yolo`; it offers ask, auto"),
            ),
            (
                Some("big"),
                None,
                config.clone(),
                Ok(json!([
                ["session/set_config_option", {"sessionId": "s", "configId": "m", "value": "big-1"}],
                ["session/set_config_option",
                 {"sessionId": "s", "configId": "mode", "value": "ask"}]])),
            ),
            (Some("huge"), None, config, Err("A has no model `huge`; it offers big-1")),
            (
                Some("x"),
                None,
                old,
                Ok(json!([["session/set_model", {"sessionId": "s", "modelId": "x"}]])),
            ),
            (Some("x"), None, modes, Err("A does not let its model be chosen; leave out --model")),
            (None, None, json!({}), Ok(json!([]))),
            (
                None,
                Some("ask"),
                json!({}),
                Err("A offers no permission mode to choose, so not `ask` either"),
            ),
        ];
        for (model, mode, result, expected) in cases {
            let got = planned(model, mode, result.clone());
            assert_eq!(got, expected.map_err(str::to_owned), "{model:?} {mode:?} {result}");
        }
    }
}
