//! What a user and an agent must know about a worktree: where it is, what it began at, what it lacks.
//!
//! Promise: every difference from the main checkout that is known is said.

use crate::ledger::Record;
use crate::plan::Base;

/// For the agent, in plain sentences, one a line.
pub fn disclosure(record: &Record) -> String {
    let mut lines = vec![
        format!(
            "You work in a git worktree of your own: {} on branch {}.",
            record.path.display(),
            record.branch
        ),
        format!("It was made from {}.", base(&record.base)),
        format!(
            "The main checkout is {}. Other sessions and the user work there: do not write to it, \
             neither with tools nor with shell commands.",
            record.repository.root.display()
        ),
    ];
    if record.absent_count > 0 {
        let more = record.absent_count.saturating_sub(record.absent.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        lines.push(format!(
            "Uncommitted in the main checkout and therefore not here: {}{more}.",
            record.absent.join(", ")
        ));
    }
    if !record.included.is_empty() {
        let named = record.included.iter().take(crate::limits::NAMED_MAX);
        let named: Vec<_> = named.map(|file| file.path.display().to_string()).collect();
        let more = record.included.len().saturating_sub(named.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        lines.push(format!(
            "Copied from there although git ignores it: {}{more}.",
            named.join(", ")
        ));
    }
    lines.extend(record.notes.iter().map(|note| format!("Note: {note}.")));
    if let Some(ports) = record.ports {
        lines.push(format!(
            "Ports {} to {} are reserved for this worktree (NIGHTSHIFT_PORT, NIGHTSHIFT_PORT_END); \
             use no others for servers.",
            ports.first, ports.last
        ));
    }
    lines.join("\n")
}

/// `main at 1a2b3c4, 3 commits behind origin/main`
fn base(base: &Base) -> String {
    let short = base.commit.get(..12).unwrap_or(&base.commit);
    let mut text = format!("{} at {short}", base.label);
    if let Some(upstream) = &base.upstream
        && base.behind > 0
    {
        let noun = if base.behind == 1 { "commit" } else { "commits" };
        text.push_str(&format!(
            ", which is {} {noun} behind {upstream} as of the last fetch",
            base.behind
        ));
    }
    text
}
