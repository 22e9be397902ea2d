//! How far a pull request is: its forge's own program is asked, which is signed in for the user.
//!
//! Promise: only looks; one short call, with the token for that host and no other. What the program
//! does not say clearly is an error.
//! Must not know: which forges may be asked.

use crate::limits::{FORGE_OUTPUT_BYTES, PULL_LOOK_TIMEOUT};
use crate::place::Result;
use nightshift_model::forge::web_host;
use nightshift_model::{PullPlace, PullState, Teller};
use nightshift_platform::program::{Run, run};
use nightshift_platform::spawn::{Program, own_environment};
use nightshift_protocol::{Fault, FaultCode};
use nightshift_worktree::{Environment, environment_in, text};
use serde_json::Value;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// Variables that hold a token for `gh`, and whether each is for the public forge.
const GH_TOKENS: &[(&str, bool)] = &[
    ("GH_TOKEN", true),
    ("GITHUB_TOKEN", true),
    ("GH_ENTERPRISE_TOKEN", false),
    ("GITHUB_ENTERPRISE_TOKEN", false),
];
/// Variables that hold a token for `glab`, which has one kind for every host.
const GLAB_TOKENS: &[&str] = &["GITLAB_TOKEN", "GITLAB_ACCESS_TOKEN", "OAUTH_TOKEN"];
/// Variables by which the user says which host the tokens are for.
const GH_HOST: &[&str] = &["GH_HOST"];
const GLAB_HOSTS: &[&str] = &["GITLAB_HOST", "GITLAB_URI", "GL_HOST"];
/// Tenants of GitHub's own cloud, which takes the token of the public forge (`gh help environment`).
const GITHUB_TENANTS: &str = ".ghe.com";

/// Asks about the pull request at `place`, which is of a forge that may be asked: in the session's
/// environment, in our own where that is not known any more. `dir` is any directory that exists;
/// where the session works is of others, and none of their programs is asked.
pub fn pull_state(
    place: &PullPlace,
    dir: &Path,
    works_in: &Path,
    env: &nightshift_protocol::Environment,
) -> Result<PullState> {
    let env: Environment = match env.is_empty() {
        true => own_environment(),
        false => env.iter().map(|(name, value)| (name.into(), value.into())).collect(),
    };
    let (program, args) = question(place);
    let args: Vec<OsString> = args.iter().map(OsString::from).collect();
    let mut env = with_its_token_only(place, &environment_in(&[dir, works_in], &env));
    for (name, value) in crate::forge::pull_request::NOBODY_ANSWERS {
        env.insert((*name).into(), (*value).into());
    }
    let started = Program { program: OsStr::new(program), args: &args, env: &env, cwd: dir };
    let how = Run {
        input: b"",
        timeout: PULL_LOOK_TIMEOUT,
        output_max_bytes: FORGE_OUTPUT_BYTES,
        log: None,
    };
    let PullPlace { host, repository, number, .. } = place;
    let unable = |why: String| {
        let text = format!("how far #{number} of {host}/{repository} is cannot be told: {why}");
        Fault::new(FaultCode::Io, text).hint(format!("install {program} and sign in with it"))
    };
    let ended = run(&started, &how).map_err(|e| unable(format!("{program}: {e}")))?;
    if ended.code != Some(0) || ended.timed_out {
        let words = text(&ended.stderr);
        let last = words.lines().map(str::trim).rfind(|line| !line.is_empty());
        return Err(unable(format!("{program}: {}", last.unwrap_or("it did not succeed"))));
    }
    state(&ended.stdout).ok_or_else(|| unable(format!("{program} said something unclear")))
}

/// Made of the parts that were read, never of the text they were read from.
fn question(place: &PullPlace) -> (&'static str, Vec<String>) {
    let PullPlace { host, repository, number, .. } = place;
    let number = number.to_string();
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    match place.teller {
        Teller::Gh => {
            let at = format!("{host}/{repository}");
            ("gh", words(&["pr", "view", &number, "--repo", &at, "--json", "state,isDraft"]))
        }
        Teller::Glab => {
            let at = format!("https://{host}/{repository}");
            ("glab", words(&["mr", "view", &number, "--repo", &at, "--output", "json"]))
        }
    }
}

/// The environment without tokens that are not for this host, as far as that can be told.
fn with_its_token_only(place: &PullPlace, env: &Environment) -> Environment {
    let of_other_host = |names: &[&str]| {
        let set = names.iter().find_map(|name| env.get(OsStr::new(name)));
        let set = set.map(|value| value.to_string_lossy().into_owned());
        set.filter(|value| !value.is_empty()).is_some_and(|value| {
            let rest = value.split_once("://").map_or(value.as_str(), |(_, rest)| rest);
            web_host(rest.trim_end_matches('/')).as_ref() != Some(&place.host)
        })
    };
    let public = place.is_public() || place.host.ends_with(GITHUB_TENANTS);
    let keeps_gh = |is_public: bool| {
        let kind = place.teller == Teller::Gh && is_public == public;
        kind && (is_public || !of_other_host(GH_HOST))
    };
    let keeps_glab = place.teller == Teller::Glab && !of_other_host(GLAB_HOSTS);
    let mut env = env.clone();
    for (name, _) in GH_TOKENS.iter().filter(|(_, public)| !keeps_gh(*public)) {
        env.remove(OsStr::new(name));
    }
    for name in GLAB_TOKENS.iter().filter(|_| !keeps_glab) {
        env.remove(OsStr::new(name));
    }
    env
}

/// `{"state":"OPEN","isDraft":false}` of `gh`, `{"state":"opened","draft":false}` of `glab`.
fn state(printed: &[u8]) -> Option<PullState> {
    let said: Value = serde_json::from_slice(printed).ok()?;
    let draft = ["isDraft", "draft", "work_in_progress"].iter().any(|key| said[*key] == true);
    match said["state"].as_str()?.to_ascii_lowercase().as_str() {
        "open" | "opened" | "locked" if draft => Some(PullState::Draft),
        "open" | "opened" | "locked" => Some(PullState::Open),
        "merged" => Some(PullState::Merged),
        "closed" => Some(PullState::Closed),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_both_programs_are_read_and_others_are_not() {
        for (printed, expected) in [
            (r#"{"state":"OPEN","isDraft":false}"#, Some(PullState::Open)),
            (r#"{"state":"OPEN","isDraft":true}"#, Some(PullState::Draft)),
            (r#"{"state":"MERGED","isDraft":false}"#, Some(PullState::Merged)),
            (r#"{"state":"opened","draft":true,"iid":7}"#, Some(PullState::Draft)),
            (r#"{"state":"closed"}"#, Some(PullState::Closed)),
            (r#"{"state":"sleeping"}"#, None),
            ("no pull requests", None),
            ("", None),
        ] {
            assert_eq!(state(printed.as_bytes()), expected, "{printed}");
        }
    }

    #[test]
    fn security_07_programs_are_asked_with_the_parts_of_an_address() {
        let asked = |url: &str| {
            let (program, args) = question(&PullPlace::of(url).unwrap());
            format!("{program} {}", args.join(" "))
        };
        assert_eq!(
            asked("https://GitLab.com/g/h/b/-/merge_requests/12/diffs?x=--repo"),
            "glab mr view 12 --repo https://gitlab.com/g/h/b --output json"
        );
        assert_eq!(
            asked("https://ghe.example:443/a/b/pull/7#x"),
            "gh pr view 7 --repo ghe.example/a/b --json state,isDraft"
        );
    }

    #[test]
    fn security_07_a_program_gets_the_token_of_that_host_only() {
        const ALL: &[&str] = &[
            "GH_TOKEN",
            "GITHUB_TOKEN",
            "GH_ENTERPRISE_TOKEN",
            "GITHUB_ENTERPRISE_TOKEN",
            "GITLAB_TOKEN",
            "GITLAB_ACCESS_TOKEN",
            "OAUTH_TOKEN",
        ];
        let (public, enterprise, gitlab) = (&ALL[..2], &ALL[2..4], &ALL[4..]);
        for (url, hosts, kept) in [
            ("https://github.com/a/b/pull/7", None, public),
            ("https://github.com/a/b/pull/7", Some(("GH_HOST", "ghe.example")), public),
            ("https://acme.ghe.com/a/b/pull/7", None, public),
            ("https://ghe.example/a/b/pull/7", None, enterprise),
            ("https://ghe.example/a/b/pull/7", Some(("GH_HOST", "GHE.example")), enterprise),
            ("https://ghe.example/a/b/pull/7", Some(("GH_HOST", "other.example")), &[][..]),
            ("https://ghe.com.example/a/b/pull/7", None, enterprise),
            ("https://gitlab.com/a/b/-/merge_requests/7", None, gitlab),
            (
                "https://gitlab.com/a/b/-/merge_requests/7",
                Some(("GITLAB_HOST", "https://gl.example/")),
                &[][..],
            ),
            (
                "https://gl.example/a/b/-/merge_requests/7",
                Some(("GITLAB_HOST", "https://gl.example/")),
                gitlab,
            ),
        ] {
            let tokens = ALL.iter().map(|&name| (name, "secret")).chain(hosts);
            let env: Environment = tokens.map(|(n, v)| (n.into(), v.into())).collect();
            let given = with_its_token_only(&PullPlace::of(url).unwrap(), &env);
            let left: Vec<&str> =
                ALL.iter().copied().filter(|name| given.contains_key(OsStr::new(name))).collect();
            assert_eq!(left, kept, "{url} {hosts:?}");
        }
    }
}
