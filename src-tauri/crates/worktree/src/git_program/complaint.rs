//! What git complains of, as people read it.
//!
//! Promise: the only place that takes git's messages apart; one line, the cause first.
//! Must not know: what was asked.

use crate::git_program::git::text;
use nightshift_platform::program::Ended;

/// Lines of git's complaint that go into an error.
const COMPLAINT_MAX_LINES: usize = 6;

/// What git complained of, as one line: the cause first, and none of git's advice, which is about commands
/// that nobody typed.
pub fn complaint(ended: &Ended) -> String {
    let complaint = text(&ended.stderr);
    let lines = complaint.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !is_advice(line));
    let mut causes: Vec<&str> = Vec::new();
    let mut others: Vec<&str> = Vec::new();
    for line in lines {
        let is_cause = CAUSES.iter().any(|begin| line.starts_with(begin));
        let list = if is_cause { &mut causes } else { &mut others };
        // Programs between git and its caller may say it again.
        if !list.contains(&line) {
            list.push(line);
        }
    }
    causes.truncate(COMPLAINT_MAX_LINES);
    // Progress comes first and what became of it last.
    let room = COMPLAINT_MAX_LINES - causes.len();
    let last = others.split_off(others.len().saturating_sub(room));
    causes.into_iter().chain(last).collect::<Vec<_>>().join("; ")
}

/// How lines begin in which git says what is wrong.
const CAUSES: &[&str] = &["fatal: ", "error: ", "! [", "remote: fatal: ", "remote: error: "];

/// Advice (git-config(1), "advice.*"), also where a remote's git gives it.
fn is_advice(line: &str) -> bool {
    let line = line.strip_prefix("remote:").map_or(line, str::trim_start);
    line == "hint:" || line.starts_with("hint: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complained(stderr: &str) -> String {
        let ended = Ended { code: Some(1), stderr: stderr.as_bytes().to_vec(), ..Ended::default() };
        complaint(&ended)
    }

    #[test]
    fn a_complaint_begins_with_its_cause_and_gives_none_of_gits_advice() {
        for (said, expected) in [
            ("", ""),
            ("hint: only advice\n", ""),
            (
                "hint: Using 'master' as the name\nhint:\nhint: \tgit config x\nfatal: no\n",
                "fatal: no",
            ),
            (
                "To /srv/a\n ! [rejected]  main -> main (fetch first)\nerror: failed to push\n\
                 hint: Updates were rejected\n",
                "! [rejected]  main -> main (fetch first); error: failed to push; To /srv/a",
            ),
            ("remote: hint: use another\nremote: error: GH006\n", "remote: error: GH006"),
            ("error: twice\nerror: twice\nfatal: end\n", "error: twice; fatal: end"),
            ("a hook's words\nhints: are words too\n", "a hook's words; hints: are words too"),
            ("1\n2\n3\n4\n5\n6\n7\nfatal: x\n", "fatal: x; 3; 4; 5; 6; 7"),
        ] {
            assert_eq!(complained(said), expected, "{said}");
        }
    }
}
