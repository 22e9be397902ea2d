//! Which mode and model a session was asked to run with, as requests this agent understands.
//!
//! Promises: after every new, load or resume both are set explicitly, because several agents start
//! in a mode that asks nothing; what the agent does not offer is refused with what it does offer.
//! Must not know: when the requests are sent.

use crate::acp::DriverSpec;
use crate::acp::configured::{Configured, Selectable, Via};
use nightshift_model::OptionRole;
use serde_json::Value;
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

impl Setting {
    fn of(name: &str, (method, params): (&'static str, Value)) -> Setting {
        Setting { name: name.to_owned(), method, params }
    }
}

/// What to set, the mode last, so that no later change touches it.
pub fn plan(
    spec: &DriverSpec,
    session: &str,
    offered: &Configured,
) -> Result<VecDeque<Setting>, String> {
    let all = offered.selectables();
    let mut settings = VecDeque::new();
    if let Some(model) = &spec.model {
        settings.push_back(model_setting(spec, session, &all, model)?);
    }
    let wanted = spec.agent.config_options.iter();
    for (id, value) in wanted.filter(|(id, _)| !spec.chosen.contains_key(*id)) {
        settings.push_back(option_setting(spec, session, &all, (id, value))?);
    }
    for (id, value) in &spec.chosen {
        // Which options there are may hang on the model; one that is gone must not end the session.
        settings.extend(option_setting(spec, session, &all, (id, value)).ok());
    }
    let asked = spec.permission_mode.as_ref();
    if let Some(mode) = asked.or(spec.agent.default_mode.as_ref()) {
        settings.extend(mode_setting(spec, session, &all, (mode, asked.is_some()))?);
    }
    Ok(settings)
}

fn model_setting(
    spec: &DriverSpec,
    session: &str,
    all: &[Selectable],
    wanted: &str,
) -> Result<Setting, String> {
    let Some(model) = all.iter().find(|s| s.option.role == OptionRole::Model) else {
        let title = &spec.agent.title;
        return Err(format!("{title} does not let its model be chosen; leave out --model"));
    };
    let id = model.pick(wanted).ok_or_else(|| not_offered(spec, "model", wanted, Some(model)))?;
    Ok(Setting::of("model", model.request(session, id)))
}

/// One option of the agent's own, as the user's settings or a choice in the session want it.
fn option_setting(
    spec: &DriverSpec,
    session: &str,
    all: &[Selectable],
    (id, wanted): (&str, &str),
) -> Result<Setting, String> {
    let options = || all.iter().filter(|s| s.via == Via::Option);
    let Some(option) = options().find(|s| s.option.id == id) else {
        let title = &spec.agent.title;
        let known: Vec<&str> = options().map(|s| s.option.id.as_str()).collect();
        let known = known.join(", ");
        return Err(format!("{title} has no option `{id}` as the settings want; it has {known}"));
    };
    let Some(value) = option.pick(wanted) else {
        return Err(not_offered(spec, &format!("value for `{id}`"), wanted, Some(option)));
    };
    Ok(Setting::of(&format!("option-{id}"), option.request(session, value)))
}

fn mode_setting(
    spec: &DriverSpec,
    session: &str,
    all: &[Selectable],
    (wanted, asked): (&str, bool),
) -> Result<Option<Setting>, String> {
    let mode = all.iter().find(|s| s.option.role == OptionRole::Mode);
    // By its id alone: a name that fits another mode must not let more happen than was asked for.
    let exact = |mode: &&Selectable| mode.option.values.iter().any(|v| v.id == wanted);
    match mode {
        Some(mode) if exact(&mode) => Ok(Some(Setting::of("mode", mode.request(session, wanted)))),
        None if !asked => Ok(None),
        mode => Err(not_offered(spec, "permission mode", wanted, mode)),
    }
}

fn not_offered(spec: &DriverSpec, what: &str, wanted: &str, from: Option<&Selectable>) -> String {
    let title = &spec.agent.title;
    let offered = from.map(|s| s.option.values.as_slice()).unwrap_or_default();
    if offered.is_empty() {
        return format!("{title} offers no {what} to choose, so not `{wanted}` either");
    }
    let names: Vec<&str> = offered.iter().take(NAMES_SHOWN_MAX).map(|v| v.id.as_str()).collect();
    let more = if offered.len() > NAMES_SHOWN_MAX { ", …" } else { "" };
    format!("{title} has no {what} `{wanted}`; it offers {}{more}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nightshift_vendors::registry::AgentSpec;
    use serde_json::json;

    fn planned(model: Option<&str>, mode: Option<&str>, result: Value) -> Result<Value, String> {
        let agent = AgentSpec {
            title: "A".into(),
            default_mode: Some("ask".into()),
            ..AgentSpec::default()
        };
        let spec = DriverSpec {
            model: model.map(str::to_owned),
            permission_mode: mode.map(str::to_owned),
            ..DriverSpec::new(agent, "/w")
        };
        let settings = plan(&spec, "s", &Configured::of(&result))?;
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
