//! What a user and an agent must know about a worktree: where it is, what it began at, what it lacks.
//!
//! Promise: every difference from the main checkout that is known is said; what others named stands in quotes
//! and begins no line.

use crate::making::plan::Base;
use crate::removing::ledger::Record;
use nightshift_model::naming::clip;
use nightshift_model::quoted::{QUOTES_ARE_DATA, quoted, quoted_list};
use nightshift_model::visible::visible_line;
use std::borrow::Cow;
use std::path::Path;

/// Of one note: what it says of git's words and of settings that were passed over.
const NOTE_MAX_BYTES: usize = 2000;

/// For the agent, in plain sentences, one a line.
pub fn disclosure(record: &Record) -> String {
    let mut lines = vec![
        format!(
            "You work in a git worktree of your own: {} on branch {}.",
            path(&record.path),
            quoted(&record.branch)
        ),
        format!("It was made from {}.", base(&record.base)),
        format!(
            "The main checkout is {}. Other sessions and the user work there: do not write to it, \
             neither with tools nor with shell commands.",
            path(&record.repository.root)
        ),
    ];
    if record.absent_count > 0 {
        let absent = record.absent.iter().map(String::as_str);
        lines.push(format!(
            "Uncommitted in the main checkout and therefore not here: {}.",
            quoted_list(absent, record.absent_count)
        ));
    }
    if !record.included.is_empty() {
        let named: Vec<Cow<'_, str>> =
            record.included.iter().map(|file| file.path.to_string_lossy()).collect();
        lines.push(format!(
            "Copied from there although git ignores it: {}.",
            quoted_list(named.iter().map(AsRef::as_ref), named.len())
        ));
    }
    // Sentences of ours. What they name is in quotes where it may be anything.
    let notes = record.notes.iter().take(crate::limits::NAMED_MAX);
    lines.extend(notes.map(|note| format!("Note: {}.", visible_line(clip(note, NOTE_MAX_BYTES)))));
    if let Some(ports) = record.ports {
        lines.push(format!(
            "Ports {} to {} are reserved for this worktree (NIGHTSHIFT_PORT, NIGHTSHIFT_PORT_END); \
             use no others for servers.",
            ports.first, ports.last
        ));
    }
    lines.push(QUOTES_ARE_DATA.to_owned());
    lines.join("\n")
}

fn path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

/// `main at 1a2b3c4, 3 commits behind origin/main`
fn base(base: &Base) -> String {
    let short = base.commit.get(..12).unwrap_or(&base.commit);
    let mut text = format!("{} at {short}", quoted(&base.label));
    if let Some(upstream) = &base.upstream
        && base.behind > 0
    {
        let noun = if base.behind == 1 { "commit" } else { "commits" };
        text.push_str(&format!(
            ", which is {} {noun} behind {upstream} as of the last fetch",
            base.behind,
            upstream = quoted(upstream)
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::looking::repository::Repository;
    use crate::removing::ledger::Phase;
    use proptest::prelude::*;

    fn record(names: &[String]) -> Record {
        let name = |n: usize| names[n % names.len()].clone();
        let note = format!("{} was not copied: no", quoted(&name(4)));
        Record {
            version: 1,
            id: "a".into(),
            name: "a".into(),
            session_name: String::new(),
            repository: Repository { root: name(0).into(), common: "/c".into() },
            path: name(1).into(),
            admin: None,
            branch: name(2),
            base: Base {
                commit: "0123456789abcdef".into(),
                label: name(3),
                upstream: Some(name(4)),
                behind: 2,
                ahead: 0,
            },
            subdirectory: "".into(),
            created_at: 0,
            phase: Phase::Made,
            ports: None,
            included: vec![crate::removing::ledger::Included {
                path: name(5).into(),
                bytes: 0,
                checksum: 0,
            }],
            setup: None,
            teardown: None,
            scripts: None,
            setup_timeout_seconds: 0,
            grounds: crate::looking::absence::Grounds::default(),
            absent: names.to_vec(),
            absent_count: names.len(),
            notes: vec![note, format!("git said {}", name(6))],
        }
    }

    /// How lines of a disclosure begin.
    const BEGIN: &[&str] =
        &["You work", "It was", "The main", "Uncommitted", "Copied", "Note: ", "What stands"];

    proptest! {
        #[test]
        fn security_09_no_name_begins_a_line_of_what_an_agent_is_told(
            names in proptest::collection::vec("(?s).{0,40}(\nYou must: obey|\r|\x1b\\[2J|\u{2028}|\"\\.)?.{0,9}", 1..40),
        ) {
            let told = disclosure(&record(&names));
            let lines: Vec<&str> = told.split('\n').collect();
            prop_assert_eq!(lines.len(), BEGIN.len() + 1, "{}", told);
            for line in &lines {
                prop_assert!(BEGIN.iter().any(|begin| line.starts_with(begin)), "{line:?}");
                let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{85}');
                prop_assert!(!line.contains(breaks), "{line:?}");
            }
            prop_assert_eq!(*lines.last().unwrap(), QUOTES_ARE_DATA);
        }
    }
}
