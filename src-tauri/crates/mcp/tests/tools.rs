//! The list of tools as agents see it: names, words and arguments. A change of it is a decision.
//!
//! After a wanted change: `UPDATE_GOLDEN=1 cargo nextest run -p nightshift-mcp tools`.

use serde_json::Value;
use std::path::Path;

#[test]
fn the_list_is_as_recorded() {
    let list = serde_json::to_value(nightshift_mcp::list()).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tools.json");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&list).unwrap() + "\n").unwrap();
    }
    let recorded = std::fs::read_to_string(&path).unwrap_or_default();
    // As values: the order of keys depends on what else is built.
    let recorded: Value = serde_json::from_str(&recorded).unwrap_or_default();
    assert!(list == recorded, "the tools differ from {}:\n{list:#}", path.display());
}

#[test]
fn they_are_the_tools_whose_calls_are_known_as_ours() {
    let names: Vec<_> = nightshift_mcp::list().into_iter().map(|tool| tool.name).collect();
    assert_eq!(names, nightshift_protocol::tools::TOOLS);
}

#[test]
fn no_description_is_longer_than_models_are_patient() {
    for tool in nightshift_mcp::list() {
        let words = tool.description.as_deref().unwrap_or_default();
        assert!((40..2_000).contains(&words.len()), "{}: {} bytes", tool.name, words.len());
        assert_eq!(tool.input_schema["type"], "object");
    }
}
