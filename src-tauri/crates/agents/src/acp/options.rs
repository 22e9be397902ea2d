//! What an agent offers as answers to a permission request.
//!
//! Promise: each option can be told from the others, and none is taken for "allow" or "deny" that its
//! agent does not call so.

use crate::acp::wording::said;
use nightshift_model::limits::LINE_MAX_CHARS;
use nightshift_model::naming::decision_line;
use nightshift_model::{NeedOption, OptionKind};
use serde_json::{Value, json};

/// Id of the "no" that we offer where the agent offers none.
const WITHDRAW: &str = "nightshift-no";
const WITHDRAW_LABEL: &str = "No (allows nothing and ends the turn)";

/// The result that allows nothing. The protocol has it only where the turn is cancelled.
pub(super) fn withdrawn() -> Value {
    json!({"outcome": {"outcome": "cancelled"}})
}

fn rejects(option: &NeedOption) -> bool {
    matches!(option.kind, OptionKind::RejectOnce | OptionKind::RejectAlways)
}

/// The options to choose from. "No" is always among them: where the agent offers none that can be told from the
/// others, one of ours, with its id.
pub(super) fn permission_options(all: &[Value]) -> (Vec<NeedOption>, Option<String>) {
    let offered: Vec<NeedOption> = all.iter().filter_map(permission_option).collect();
    // Of two options with one id the first is meant by it; the other would be answered with the first.
    let mut options: Vec<NeedOption> = Vec::new();
    for option in &offered {
        if !options.iter().any(|known| known.id == option.id) {
            options.push(option.clone());
        }
    }
    // By an id that means something else too, the agent may take a "no" for that.
    let is_clear = |option: &NeedOption| {
        !rejects(option) || offered.iter().filter(|o| o.id == option.id).all(rejects)
    };
    options.retain(is_clear);
    if options.iter().any(rejects) {
        return (options, None);
    }
    let mut id = WITHDRAW.to_owned();
    while offered.iter().any(|option| option.id == id) {
        id.push('-');
    }
    let label = WITHDRAW_LABEL.to_owned();
    options.push(NeedOption { id: id.clone(), label, kind: OptionKind::RejectOnce });
    (options, Some(id))
}

fn permission_option(raw: &Value) -> Option<NeedOption> {
    let kind = match raw["kind"].as_str() {
        Some("allow_once") => OptionKind::AllowOnce,
        Some("allow_always") => OptionKind::AllowAlways,
        Some("reject_once") => OptionKind::RejectOnce,
        Some("reject_always") => OptionKind::RejectAlways,
        // An unknown kind can be chosen by name; it is never taken for "allow" or "deny".
        _ => OptionKind::Choice,
    };
    let id = raw["optionId"].as_str()?.to_owned();
    let label = said(&decision_line(raw["name"].as_str().unwrap_or(&id), LINE_MAX_CHARS), kind);
    Some(NeedOption { id, label, kind })
}

#[cfg(test)]
mod tests {
    use super::*;
    use nightshift_model::{Answer, Millis, Need, NeedId, NeedKind};

    fn offered(all: &[(&str, &str, &str)]) -> (Vec<NeedOption>, Option<String>) {
        let raw = |&(id, name, kind): &(&str, &str, &str)| json!({"optionId": id, "name": name, "kind": kind});
        permission_options(&all.iter().map(raw).collect::<Vec<_>>())
    }

    #[test]
    fn answers_51_there_is_a_no_and_it_allows_nothing_whatever_an_agent_offers() {
        let yes = ("y", "Yes", "allow_once");
        let all_kinds = [yes, ("n", "No", "reject_once"), ("never", "Never", "reject_always")];
        for (case, all, no) in [
            ("all", &all_kinds[..], "n"),
            ("only for good", &[yes, ("never", "Never", "reject_always")], "never"),
            ("two of one kind", &[("a", "No", "reject_once"), ("b", "Nope", "reject_once")], "a"),
            ("only allowing ones", &[yes, ("always", "Always", "allow_always")], WITHDRAW),
            ("none", &[], WITHDRAW),
            ("unknown kinds", &[("n", "No", "refuse"), ("m", "Never", "")], WITHDRAW),
            (
                "its id twice, yes first",
                &[("x", "Yes", "allow_once"), ("x", "No", "reject_once")],
                WITHDRAW,
            ),
            (
                "its id twice, no first",
                &[("x", "No", "reject_once"), ("x", "Yes", "allow_once")],
                WITHDRAW,
            ),
            ("its id unknown too", &[("x", "No", "reject_once"), ("x", "Do", "do_it")], WITHDRAW),
            ("twice the same no", &[("x", "No", "reject_once"), ("x", "No", "reject_always")], "x"),
            ("our own id", &[(WITHDRAW, "Yes", "allow_once")], "nightshift-no-"),
        ] {
            let (options, ours) = offered(all);
            let need = Need {
                id: NeedId("n".into()),
                kind: NeedKind::Permission,
                question: "Run: make".into(),
                detail: String::new(),
                options: options.clone(),
                free_text: false,
                since: Millis(1),
                unshown_bytes: 3,
                answered: None,
            };
            let chosen = need.resolve(&Answer::Deny);
            assert_eq!(chosen, Ok(Answer::Option { id: no.into() }), "{case}");
            let is_ours = !all.iter().any(|(id, ..)| *id == no);
            assert_eq!(ours.as_deref(), is_ours.then_some(no), "{case}");
            let shown = options.iter().find(|option| option.id == no).unwrap();
            assert_eq!(shown.label == WITHDRAW_LABEL, is_ours, "{case}: {}", shown.label);
            let mut ids: Vec<&str> = options.iter().map(|option| option.id.as_str()).collect();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), options.len(), "{case}: each can be told from the others");
        }
    }
}
