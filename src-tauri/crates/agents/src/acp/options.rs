//! What an agent offers as answers to a permission request.
//!
//! Promise: each option can be told from the others, and none is taken for "allow" or "deny" that its
//! agent does not call so.

use crate::acp::wording::said;
use nightshift_model::limits::LINE_MAX_CHARS;
use nightshift_model::naming::decision_line;
use nightshift_model::{NeedOption, OptionKind};
use serde_json::Value;

/// Of two options with one id the first is meant by it; the other would be answered with the first.
pub(super) fn permission_options(all: &[Value]) -> Vec<NeedOption> {
    let mut options: Vec<NeedOption> = Vec::new();
    for option in all.iter().filter_map(permission_option) {
        if !options.iter().any(|known| known.id == option.id) {
            options.push(option);
        }
    }
    options
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
