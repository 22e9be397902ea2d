//! How far a pull request is: its forge's own program is asked, which is signed in for the user.
//!
//! Promise: only looks; one short call. What the program does not say clearly is an error.

use crate::limits::{FORGE_OUTPUT_BYTES, PULL_LOOK_TIMEOUT};
use crate::place::Result;
use nightshift_model::PullState;
use nightshift_platform::program::{Run, run};
use nightshift_platform::spawn::Program;
use nightshift_protocol::{Fault, FaultCode};
use nightshift_worktree::{Environment, text};
use serde_json::Value;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// Asks about the pull request at `url`. `dir` is any directory that exists.
pub fn pull_state(url: &str, dir: &Path, env: &Environment) -> Result<PullState> {
    let (program, args) = question(url)?;
    let args: Vec<OsString> = args.iter().map(OsString::from).collect();
    let mut env = env.clone();
    for (name, value) in crate::pull_request::NOBODY_ANSWERS {
        env.insert((*name).into(), (*value).into());
    }
    let started = Program { program: OsStr::new(program), args: &args, env: &env, cwd: dir };
    let how = Run {
        input: b"",
        timeout: PULL_LOOK_TIMEOUT,
        output_max_bytes: FORGE_OUTPUT_BYTES,
        log: None,
    };
    let unable = |why: String| {
        Fault::new(FaultCode::Io, format!("how far {url} is cannot be told: {why}"))
            .hint(format!("install {program} and sign in with it"))
    };
    let ended = run(&started, &how).map_err(|e| unable(format!("{program}: {e}")))?;
    if ended.code != Some(0) || ended.timed_out {
        let words = text(&ended.stderr);
        let last = words.lines().map(str::trim).rfind(|line| !line.is_empty());
        return Err(unable(format!("{program}: {}", last.unwrap_or("it did not succeed"))));
    }
    state(&ended.stdout).ok_or_else(|| unable(format!("{program} said something unclear")))
}

fn question(url: &str) -> Result<(&'static str, Vec<&str>)> {
    if let Some((repository, number)) = url.split_once("/-/merge_requests/") {
        let args = vec!["mr", "view", number, "--repo", repository, "--output", "json"];
        return Ok(("glab", args));
    }
    if url.contains("/pull/") {
        return Ok(("gh", vec!["pr", "view", url, "--json", "state,isDraft"]));
    }
    let text = format!("no program tells how far {url} is");
    Err(Fault::new(FaultCode::Refused, text).hint("open it in a browser"))
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
    fn each_forge_has_its_program() {
        let (program, args) = question("https://gitlab.com/g/h/b/-/merge_requests/12").unwrap();
        assert_eq!((program, args[2], args[4]), ("glab", "12", "https://gitlab.com/g/h/b"));
        assert_eq!(question("https://github.com/a/b/pull/7").unwrap().0, "gh");
        assert!(question("https://bitbucket.org/a/b/pull-requests/3").is_err());
    }
}
