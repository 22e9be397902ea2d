//! Pull requests that came of a session's work; GitLab calls them merge requests.
//!
//! Promise: pure; an address is taken for a pull request's only when it is one for certain.

use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// Kept with one session; older ones go first. Stacked work has several, hardly ever this many.
pub const PULL_REQUESTS_MAX: usize = 8;
/// Longer addresses are no pull request's.
const ADDRESS_MAX_BYTES: usize = 500;
/// What stands before the number.
const MARKS: &[&str] = &["/pull/", "/merge_requests/", "/pull-requests/"];

/// How far it is, as its forge says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum PullState {
    /// Waits for a review.
    Open,
    /// Open, and not ready for a review by its author's word.
    Draft,
    Merged,
    Closed,
}

impl PullState {
    /// As evidence says it.
    pub fn word(self) -> &'static str {
        match self {
            PullState::Open => "open",
            PullState::Draft => "a draft",
            PullState::Merged => "merged",
            PullState::Closed => "closed",
        }
    }

    /// Somebody has still to do something about it.
    pub fn is_open(self) -> bool {
        match self {
            PullState::Open | PullState::Draft => true,
            PullState::Merged | PullState::Closed => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct PullRequest {
    /// `https://github.com/owner/name/pull/7`
    pub url: String,
    pub number: u32,
    pub state: PullState,
    /// When it got into this state, as far as we saw.
    pub since: Millis,
}

impl PullRequest {
    /// The pull request at `url`, which is open as far as anybody knows.
    pub fn at(url: &str, since: Millis) -> Option<PullRequest> {
        let (url, number) = address(url)?;
        Some(PullRequest { url: url.to_owned(), number, state: PullState::Open, since })
    }
}

/// The part of `url` that names a pull request, and its number: `https://host/owner/name/pull/7`,
/// `…/-/merge_requests/7`, `…/pull-requests/7`.
fn address(url: &str) -> Option<(&str, u32)> {
    let found = MARKS.iter().find_map(|mark| Some(url.find(mark)? + mark.len()));
    let begin = found.filter(|_| url.len() <= ADDRESS_MAX_BYTES)?;
    let (place, rest) = url.split_at(begin);
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let number = rest[..digits].parse().ok().filter(|n| *n > 0)?;
    // What follows may be a page of it, or the punctuation of a sentence.
    if rest[digits..].starts_with(is_plain) {
        return None;
    }
    let (host, path) = place.strip_prefix("https://")?.split_once('/')?;
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':');
    let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let fine = |part: &&str| !part.is_empty() && *part != ".." && part.chars().all(is_plain);
    // An owner, a name, and the mark.
    let named = parts.len() >= 3 && parts.iter().all(fine);
    let fits = named && !host.is_empty() && host.chars().all(is_host);
    fits.then(|| (&url[..begin + digits], number))
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_pull_requests_are_taken() {
        for (url, expected) in [
            ("https://github.com/a/b/pull/7", Some(("https://github.com/a/b/pull/7", 7))),
            ("https://github.com/a/b/pull/7/files", Some(("https://github.com/a/b/pull/7", 7))),
            ("https://github.com/a/b/pull/7),", Some(("https://github.com/a/b/pull/7", 7))),
            ("https://github.com/a/b/pull/7#issue-1", Some(("https://github.com/a/b/pull/7", 7))),
            (
                "https://gitlab.example.org:8443/g/h/b/-/merge_requests/12",
                Some(("https://gitlab.example.org:8443/g/h/b/-/merge_requests/12", 12)),
            ),
            (
                "https://bitbucket.org/a/b/pull-requests/3",
                Some(("https://bitbucket.org/a/b/pull-requests/3", 3)),
            ),
            ("https://github.com/a/b/pull/new/branch", None),
            ("https://github.com/a/b/pull/7x", None),
            ("https://github.com/a/b/pull/0", None),
            ("https://github.com/a/b/pull/99999999999", None),
            ("https://github.com/a/b/issues/7", None),
            ("https://github.com/pull/7", None),
            ("http://github.com/a/b/pull/7", None),
            ("https://user:secret@github.com/a/b/pull/7", None),
            ("https://github.com/a/../b/pull/7", None),
            ("https://github.com/a/b\u{202e}/pull/7", None),
            ("", None),
        ] {
            assert_eq!(address(url), expected, "{url}");
        }
    }
}
