//! Pull requests that came of a session's work; GitLab calls them merge requests.
//!
//! Promise: pure; an address is taken for a pull request's only when it is one for certain.

use crate::forge::web_host;
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
        let found = address(url)?;
        let (url, number) = (found.url.to_owned(), found.number);
        Some(PullRequest { url, number, state: PullState::Open, since })
    }
}

/// A program that tells how far a pull request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Teller {
    Gh,
    Glab,
}

/// Where a pull request is, read out of its address once and for all: programs get it from these
/// parts and never from the text that they came of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullPlace {
    pub teller: Teller,
    /// Lower case; with its port where that is not the usual one.
    pub host: String,
    /// `owner/name`; GitLab has groups in groups.
    pub repository: String,
    pub number: u32,
}

const GITHUB: &str = "github.com";
const GITLAB: &str = "gitlab.com";

impl PullPlace {
    /// None where no program tells how far it is.
    pub fn of(url: &str) -> Option<PullPlace> {
        let found = address(url)?;
        let (teller, parts) = match (found.mark, found.parts.as_slice()) {
            ("/pull/", parts @ [_, _]) => (Teller::Gh, parts),
            ("/merge_requests/", [parts @ .., "-"]) if parts.len() >= 2 => (Teller::Glab, parts),
            _ => return None,
        };
        let (host, repository, number) = (found.host, parts.join("/"), found.number);
        Some(PullPlace { teller, host, repository, number })
    }

    /// Whether its forge may be asked without anybody's asking for it: whoever asks sends the
    /// user's token there. `remotes` are the hosts that the session's repository named before its
    /// agent ran; anybody may write an address of any other into a tool's output.
    pub fn may_be_asked(&self, remotes: &[String]) -> bool {
        let named = remotes.contains(&self.host);
        match (self.teller, self.host.as_str()) {
            (Teller::Gh, GITHUB) | (Teller::Glab, GITLAB) => true,
            // The other one's token has no business there.
            (Teller::Gh, GITLAB) | (Teller::Glab, GITHUB) => false,
            (Teller::Gh | Teller::Glab, _) => named,
        }
    }

    /// It is the public forge and no installation of its software.
    pub fn is_public(&self) -> bool {
        match self.teller {
            Teller::Gh => self.host == GITHUB,
            Teller::Glab => self.host == GITLAB,
        }
    }
}

/// What an address of a pull request says.
struct Address<'a> {
    /// It without what follows the number.
    url: &'a str,
    host: String,
    mark: &'static str,
    /// Between the host and the mark.
    parts: Vec<&'a str>,
    number: u32,
}

/// Reads `https://host/owner/name/pull/7`, `…/-/merge_requests/7` or `…/pull-requests/7`.
fn address(url: &str) -> Option<Address<'_>> {
    let find = |mark: &&'static str| Some((*mark, url.find(*mark)? + mark.len()));
    let (mark, begin) = MARKS.iter().find_map(find).filter(|_| url.len() <= ADDRESS_MAX_BYTES)?;
    let (place, rest) = url.split_at(begin);
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let number = rest[..digits].parse().ok().filter(|n| *n > 0)?;
    // What follows may be a page of it, or the punctuation of a sentence.
    if rest[digits..].starts_with(is_plain) {
        return None;
    }
    let place = place.strip_suffix(mark)?;
    let (host, path) = place.strip_prefix("https://")?.split_once('/')?;
    let host = web_host(host)?;
    let parts: Vec<&str> = path.split('/').collect();
    let fine = |part: &&str| {
        let dots = part.bytes().all(|b| b == b'.');
        !part.is_empty() && !dots && part.chars().all(is_plain)
    };
    // An owner and a name.
    let named = parts.len() >= 2 && parts.iter().all(fine);
    named.then(|| Address { url: &url[..begin + digits], host, mark, parts, number })
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
            let found = address(url);
            assert_eq!(found.map(|found| (found.url, found.number)), expected, "{url}");
        }
    }

    #[test]
    fn security_07_only_hosts_that_the_repository_named_are_asked() {
        let remotes = ["ghe.example".to_owned(), "gitlab.example:8443".to_owned()];
        for (url, asked) in [
            ("https://github.com/a/b/pull/7", true),
            ("https://GITHUB.com:443/a/b/pull/7", true),
            ("https://gitlab.com/g/h/b/-/merge_requests/7", true),
            ("https://ghe.example/a/b/pull/7", true),
            ("https://GHE.example/fork/b/pull/7", true),
            ("https://gitlab.example:8443/g/b/-/merge_requests/7", true),
            ("https://gitlab.example/g/b/-/merge_requests/7", false),
            ("https://ghe.example:8443/a/b/pull/7", false),
            ("https://evil.example/a/b/pull/7", false),
            ("https://github.com.evil.example/a/b/pull/7", false),
            ("https://evil-github.com/a/b/pull/7", false),
            ("https://ghe.example.evil/a/b/pull/7", false),
            ("https://evil.example/github.com/a/pull/7", false),
            // A token of one forge has no business at the other.
            ("https://gitlab.com/a/b/pull/7", false),
            ("https://github.com/a/b/-/merge_requests/7", false),
        ] {
            let place = PullPlace::of(url).unwrap_or_else(|| panic!("{url}"));
            assert_eq!(place.may_be_asked(&remotes), asked, "{url}");
        }
        for url in [
            "https://github.com./a/b/pull/7",
            "https://ghe.example@evil.example/a/b/pull/7",
            "https://evil.example\\@ghe.example/a/b/pull/7",
            "https://evil.example#ghe.example/a/b/pull/7",
            "https://evil.example?x=/a/b/pull/7",
            "https://ghe.example:443:1/a/b/pull/7",
            "https://ghe.exam\u{440}le/a/b/pull/7",
            "https://[::1]/a/b/pull/7",
            "https://ghe.example/a/./pull/7",
            "https://ghe.example//b/pull/7",
            // Read as one thing by this and as another by a program: as none.
            "https://evil.example/a/b/-/merge_requests/7/pull/9",
            "https://bitbucket.org/a/b/pull-requests/3",
        ] {
            assert_eq!(PullPlace::of(url), None, "{url}");
        }
        let place = PullPlace::of("https://Gitlab.example:8443/g/h/b/-/merge_requests/12").unwrap();
        let parts = (place.host.as_str(), place.repository.as_str(), place.number);
        assert_eq!(parts, ("gitlab.example:8443", "g/h/b", 12));
        assert!(!place.is_public());
    }
}
