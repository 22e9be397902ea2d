//! Rescues of single acts (a discard, an amend, a rebase, a merge): their names tell when they were
//! made, and when their time for undo is over they go.
//!
//! Promise: the time is as long as a removal's and never shorter; a name that does not tell its time
//! is never taken away.

use crate::error::Result;
use crate::git_program::git::{Git, text};
use crate::limits::{DAY_MS, RESCUES, UNDO_DAYS};
use std::path::Path;

/// Digits of a time in milliseconds since 1970, until the year 2286.
const TIME_DIGITS: usize = 13;

/// The ref for what an act on `session` takes away at `at_ms`. `token`: letters and digits that make it
/// the only one.
pub fn rescue_ref(session: &str, at_ms: u64, token: &str) -> String {
    format!("{RESCUES}{session}-{at_ms:0TIME_DIGITS$}-{token}")
}

/// When the rescue called `name` was made.
fn made_at(name: &str) -> Option<u64> {
    let mut parts = name.strip_prefix(RESCUES)?.rsplitn(3, '-');
    let (_token, time, _session) = (parts.next()?, parts.next()?, parts.next()?);
    let fits = time.len() == TIME_DIGITS && time.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| time.parse().ok()).flatten()
}

/// Takes those away whose time is over at `now_ms`, in the repository with the git directory `common`.
/// Returns their names.
pub fn expire_rescues(git: &Git, common: &Path, now_ms: u64) -> Result<Vec<String>> {
    let args = ["for-each-ref", "--format=%(refname) %(objectname) %(symref)", RESCUES];
    let listed = git.look(common, &args).env("GIT_DIR", common);
    let mut gone = Vec::new();
    for line in text(&listed.read()?).lines() {
        let mut fields = line.split(' ');
        let (Some(name), Some(commit)) = (fields.next(), fields.next()) else { continue };
        // A symbolic one holds nothing of its own: it is refused where it is used, and harms no other.
        let is_symbolic = fields.next().is_some_and(|target| !target.is_empty());
        let over = |at: u64| now_ms.saturating_sub(at) > UNDO_DAYS * DAY_MS;
        if !is_symbolic && made_at(name).is_some_and(over) {
            // Only as it was seen: what was moved meanwhile stays.
            let call = git.act(common, &["update-ref", "-d"]).env("GIT_DIR", common);
            call.arg(name).arg(commit).read()?;
            gone.push(name.to_owned());
        }
    }
    Ok(gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_tell_their_time_have_one() {
        let name = rescue_ref("7c5d0a1b", 1_764_000_000_123, "0123456789abcdef");
        assert_eq!(made_at(&name), Some(1_764_000_000_123));
        assert_eq!(made_at(&rescue_ref("a-b", 7, "x")), Some(7));
        for other in ["7c5d0a1b", "7c5d0a1b_2", "7c5d0a1b-0123456789abcdef", "a-17-x", "a--x"] {
            assert_eq!(made_at(&format!("{RESCUES}{other}")), None, "{other}");
        }
    }
}
