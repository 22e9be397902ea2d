//! The command line's reference as a golden file: a change of it is a decision, not an accident.
//!
//! After a wanted change: `UPDATE_GOLDEN=1 cargo nextest run -p nightshift help`.

use crate::support::Shift;
use std::path::Path;

#[test]
fn help_is_as_recorded() {
    let shift = Shift::new();
    let mut all = String::new();
    for args in [
        &["--help"][..],
        &["agents", "--help"],
        &["attach", "--help"],
        &["logs", "--help"],
        &["reply", "--help"],
        &["answer", "--help"],
        &["interrupt", "--help"],
        &["stop", "--help"],
        &["goal", "--help"],
        &["goal", "set", "--help"],
        &["loop", "--help"],
        &["loop", "start", "--help"],
        &["cron", "--help"],
        &["cron", "create", "--help"],
        &["tasks", "--help"],
        &["tasks", "stop", "--help"],
        &["diff", "--help"],
        &["commit", "--help"],
        &["rebase", "--help"],
        &["merge", "--help"],
        &["pr", "--help"],
        &["discard", "--help"],
        &["rm", "--help"],
        &["rename", "--help"],
        &["pin", "--help"],
        &["why", "--help"],
        &["notices", "--help"],
        &["completions", "--help"],
        &["man", "--help"],
        &["daemon", "--help"],
        &["daemon", "stop", "--help"],
        &["daemon", "logs", "--help"],
        &["daemon", "install", "--help"],
        &["daemon", "uninstall", "--help"],
    ] {
        all += &format!("$ nightshift {}\n{}\n", args.join(" "), shift.ok(args));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/help.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &all).unwrap();
    }
    let recorded = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(all == recorded, "help differs from {}:\n{all}", path.display());
}
