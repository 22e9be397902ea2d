//! What an agent lets be chosen, and what becomes of a choice, against journals written by hand.

use nightshift_agents::acp::{Driver, DriverSpec, Fed, ItemChange};
use nightshift_model::{Choice, Fact, Millis, OptionRole};
use nightshift_protocol::{Configuration, Record, RecordKind};
use nightshift_vendors::registry::AgentSpec;
use serde_json::{Value, json};
use std::collections::BTreeMap;

struct Desk {
    driver: Driver,
    journal: Vec<Record>,
    facts: Vec<Fact>,
    shown: Option<Configuration>,
}

fn driver(model: Option<&str>, mode: Option<&str>, chosen: &[(&str, &str)]) -> Driver {
    let pair = |(id, value): &(&str, &str)| ((*id).to_owned(), (*value).to_owned());
    Driver::new(DriverSpec {
        model: model.map(str::to_owned),
        permission_mode: mode.map(str::to_owned),
        chosen: chosen.iter().map(pair).collect::<BTreeMap<_, _>>(),
        ..DriverSpec::new(AgentSpec { title: "Agent".into(), ..AgentSpec::default() }, "/w")
    })
}

impl Desk {
    fn record(&mut self, kind: RecordKind, body: String) {
        let seq = self.journal.len() as u64 + 1;
        let record = Record { seq, at: Millis(seq), kind, body: body.into_bytes() };
        let Fed { facts, changes } = self.driver.feed(&record);
        self.facts.extend(facts.into_iter().map(|(_, fact)| fact));
        for change in changes {
            if let ItemChange::Configured(configuration) = change {
                self.shown = Some(*configuration);
            }
        }
        self.journal.push(record);
    }

    /// Writes `line` and lets the agent answer it; the method.
    fn exchange(&mut self, line: &str, answer: Value) -> Value {
        let call: Value = serde_json::from_str(line).unwrap();
        self.record(RecordKind::In, line.to_owned());
        let mut said = json!({"jsonrpc": "2.0", "id": call["id"]});
        said.as_object_mut().unwrap().extend(answer.as_object().unwrap().clone());
        self.record(RecordKind::Out, said.to_string());
        json!([call["method"], call["params"]])
    }

    fn launched(driver: Driver, opened: &Value) -> Desk {
        let (journal, facts, shown) = (Vec::new(), Vec::new(), None);
        let mut desk = Desk { driver, journal, facts, shown };
        desk.record(RecordKind::Mark, r#"{"type":"launched","pid":7}"#.to_owned());
        for answer in [json!({"protocolVersion": 1}), opened.clone()] {
            let due = desk.driver.due(&[], &[]).remove(0);
            desk.exchange(&due, json!({"result": answer}));
        }
        while let [line] = &desk.driver.due(&[], &[])[..] {
            desk.exchange(&line.clone(), json!({"result": {}}));
        }
        desk
    }

    fn update(&mut self, update: &Value) {
        let params = json!({"sessionId": "s", "update": update});
        let line = json!({"method": "session/update", "params": params});
        self.record(RecordKind::Out, line.to_string());
    }

    fn current(&self) -> Vec<String> {
        let options = self.shown.iter().flat_map(|shown| &shown.options);
        options.map(|o| format!("{}={}", o.id, o.current.as_deref().unwrap_or("?"))).collect()
    }
}

fn opened() -> Value {
    json!({"sessionId": "s",
        "modes": {"currentModeId": "ask", "availableModes": [{"id": "ask"}, {"id": "auto"}]},
        "configOptions": [
            {"id": "mode", "category": "mode", "currentValue": "ask", "type": "select",
             "name": "Mode", "options": [{"value": "ask"}, {"value": "auto"}]},
            {"id": "effort", "category": "thought_level", "currentValue": "low",
             "name": "Effort", "options": [{"value": "low"}, {"value": "high", "name": "High"}]},
            {"id": "m", "category": "model", "currentValue": "big", "name": "Model",
             "options": [{"group": "g", "options": [{"value": "big"}, {"value": "small"}]}]}]})
}

fn choice(n: u32, option: &str, value: &str) -> Choice {
    Choice { n, option: option.into(), value: value.into() }
}

#[test]
fn what_the_agent_offers_twice_is_one_option_and_follows_the_agents_own_changes() {
    let mut desk = Desk::launched(driver(None, None, &[]), &opened());
    assert_eq!(desk.current(), ["mode=ask", "effort=low", "m=big"]);
    let begun = driver(Some("small"), Some("auto"), &[("effort", "high")]);
    let begun = Desk::launched(begun, &opened()).current();
    assert_eq!(begun, ["mode=auto", "effort=high", "m=small"], "as it was opened");
    desk.update(&json!({"sessionUpdate": "current_mode_update", "currentModeId": "auto"}));
    assert_eq!(desk.current()[0], "mode=auto");
    let mut options = opened()["configOptions"].clone();
    options[1]["currentValue"] = json!("high");
    desk.update(&json!({"sessionUpdate": "config_option_update", "configOptions": options}));
    assert_eq!(desk.current(), ["mode=ask", "effort=high", "m=big"]);
    let commands = json!([{"name": "review", "description": "Reviews", "input": {"hint": "what"}},
        {"name": "init", "description": "x".repeat(5_000)}]);
    desk.update(
        &json!({"sessionUpdate": "available_commands_update", "availableCommands": commands}),
    );
    let commands = desk.shown.unwrap().commands;
    assert_eq!((&*commands[0].name, commands[0].hint.as_deref()), ("review", Some("what")));
    assert!(commands[1].description.len() <= 400);
}

#[test]
fn a_choice_is_asked_for_once_and_told_as_the_agent_took_it() {
    let mut desk = Desk::launched(driver(None, None, &[]), &opened());
    let waiting =
        [choice(1, "effort", "High"), choice(2, "model", "small"), choice(3, "mode", "auto")];
    let mut asked = Vec::new();
    for n in 0..waiting.len() {
        let line = desk.driver.due_choice(&waiting[n..]).unwrap();
        assert_eq!(desk.driver.due_choice(&waiting[n..]), None, "handed out once");
        asked.push(desk.exchange(&line, json!({"result": {}})));
    }
    assert_eq!(
        asked,
        [
            json!(["session/set_config_option", {"sessionId": "s", "configId": "effort", "value": "high"}]),
            json!(["session/set_config_option", {"sessionId": "s", "configId": "m", "value": "small"}]),
            json!(["session/set_mode", {"sessionId": "s", "modeId": "auto"}]),
        ]
    );
    let told = |n, role, option: &str, value: &str| Fact::Chosen {
        n,
        role,
        option: option.into(),
        value: value.into(),
    };
    let chosen = desk.facts.iter().filter(|f| matches!(f, Fact::Chosen { .. }));
    assert_eq!(
        Vec::from_iter(chosen.cloned()),
        [
            told(1, OptionRole::Other, "effort", "high"),
            told(2, OptionRole::Model, "m", "small"),
            told(3, OptionRole::Mode, "mode", "auto"),
        ]
    );
    assert_eq!(desk.current(), ["mode=auto", "effort=high", "m=small"]);

    let line = desk.driver.due_choice(&[choice(4, "m", "small")]).unwrap();
    desk.exchange(&line, json!({"error": {"code": -32000, "message": "no credit for it"}}));
    let refused =
        |f: &Fact| matches!(f, Fact::ChoiceRefused { n: 4, error } if error.contains("no credit"));
    assert!(desk.facts.iter().any(refused), "{:?}", desk.facts);
    assert_eq!(desk.driver.choice("EFFORT", "high"), Ok(("effort".into(), "high".into())));
    assert!(desk.driver.choice("effort", "max").unwrap_err().contains("it offers low, high"));
}

/// The session's record names what was chosen last; the journal begins before that.
#[test]
fn a_replay_with_what_was_chosen_since_is_ready_and_asks_for_nothing_again() {
    let mut desk = Desk::launched(driver(None, None, &[]), &opened());
    let waiting =
        [choice(1, "model", "small"), choice(2, "effort", "high"), choice(3, "mode", "auto")];
    for n in 0..waiting.len() {
        let line = desk.driver.due_choice(&waiting[n..]).unwrap();
        desk.exchange(&line, json!({"result": {}}));
    }
    for upto in 0..desk.journal.len() {
        // As far as the journal tells, that many were taken when its supervisor died.
        let taken = desk.journal[..=upto].iter().filter(|r| {
            r.kind == RecordKind::Out && String::from_utf8_lossy(&r.body).contains("ns-set")
        });
        let taken = taken.count();
        let model = (taken > 0).then_some("small");
        let effort: &[(&str, &str)] = if taken > 1 { &[("effort", "high")] } else { &[] };
        let mut again = driver(model, (taken > 2).then_some("auto"), effort);
        for record in &desk.journal[..=upto] {
            again.feed(record);
        }
        if taken > 0 {
            assert_eq!(again.due(&[], &[]), Vec::<String>::new(), "up to record {upto}");
            let waits = waiting.get(taken..).unwrap_or_default();
            let written = desk.journal[upto].kind == RecordKind::In;
            assert_eq!(again.due_choice(waits).is_some(), !written && !waits.is_empty());
        }
    }
    // What it was opened with, a new process gets at once.
    let next = Desk::launched(
        driver(Some("small"), Some("auto"), &[("effort", "high"), ("gone", "x")]),
        &opened(),
    );
    let sent = |r: &&Record| r.kind == RecordKind::In;
    let sent: Vec<String> =
        next.journal.iter().filter(sent).map(|r| String::from_utf8_lossy(&r.body).into()).collect();
    assert!(
        sent[2].contains("small") && sent[3].contains("high") && sent[4].contains("auto"),
        "{sent:?}"
    );
}
