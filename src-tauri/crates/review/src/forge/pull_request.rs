//! Opening a pull request: by the forge's own program where it is there and signed in, else as the
//! address of the page that opens one.

use crate::acts::push::push;
use crate::forge::web::{Forge, Hosted, hosted, new_request};
use crate::limits::{FORGE_OUTPUT_BYTES, FORGE_TIMEOUT, MESSAGE_MAX_BYTES};
use crate::place::{Place, Result, fault};
use nightshift_platform::program::{Ended, Run, run};
use nightshift_platform::spawn::Program;
use nightshift_protocol::review::{RequestState, ReviewResult};
use nightshift_protocol::{Fault, FaultCode};
use nightshift_worktree::{Environment, environment_in, pieces, text};
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;

/// Nobody is there to answer a program's question.
pub const NOBODY_ANSWERS: &[(&str, &str)] =
    &[("GH_PROMPT_DISABLED", "1"), ("NO_PROMPT", "1"), ("NO_COLOR", "1")];

/// What a request is about.
struct Order<'a> {
    branch: &'a str,
    target: &'a str,
    title: &'a str,
    body: &'a str,
}

pub fn open(place: &Place<'_>, title: &str, body: &str) -> Result<ReviewResult> {
    let title = title.trim();
    if title.is_empty() {
        return Err(Fault::new(FaultCode::Invalid, "the pull request has no title"));
    }
    if title.len() + body.len() > MESSAGE_MAX_BYTES {
        let message = format!("title and text are longer than {MESSAGE_MAX_BYTES} bytes");
        return Err(Fault::new(FaultCode::Limit, message).hint("shorten the text"));
    }
    let (target, _) = place.target()?;
    let pushed = push(place)?;
    let Some(hosted) = hosted_at(place, &pushed.remote)? else {
        let note = format!(
            "{} is pushed; where {} opens pull requests is not known",
            pushed.branch, pushed.remote
        );
        return Ok(ReviewResult::PullRequest { url: None, state: RequestState::ByHand, note });
    };
    let order = Order { branch: &pushed.branch, target, title, body };
    match by_program(place, &hosted, &order) {
        Ok((url, state)) => {
            Ok(ReviewResult::PullRequest { url: Some(url), state, note: String::new() })
        }
        Err(note) => {
            let url = Some(new_request(&hosted, order.branch, target));
            Ok(ReviewResult::PullRequest { url, state: RequestState::ByHand, note: note.0 })
        }
    }
}

/// Where git pushes to, else what the user wrote down before git's own rewriting of it.
fn hosted_at(place: &Place<'_>, remote: &str) -> Result<Option<Hosted>> {
    let used = place.look(&["remote", "get-url", "--push"]).arg(remote).line().map_err(fault)?;
    if let Some(found) = hosted(&used) {
        return Ok(Some(found));
    }
    let key = format!("remote.{remote}.url");
    let written = place.look(&["config", "--get"]).arg(key).find().map_err(fault)?;
    Ok(written.as_deref().and_then(hosted))
}

/// Why the forge's program could not do it, in its own words.
struct Unable(String);

type ByProgram = std::result::Result<(String, RequestState), Unable>;

fn by_program(place: &Place<'_>, hosted: &Hosted, order: &Order<'_>) -> ByProgram {
    let Order { branch, target, title, body } = *order;
    let (program, see, create): (_, Vec<&str>, Vec<&str>) = match hosted.forge {
        Forge::GitHub => (
            "gh",
            vec![
                "pr", "list", "--head", branch, "--state", "open", "--json", "url", "--jq",
                ".[].url",
            ],
            vec![
                "pr",
                "create",
                "--head",
                branch,
                "--base",
                target,
                "--title",
                title,
                "--body-file",
                "-",
            ],
        ),
        Forge::GitLab => (
            "glab",
            vec!["mr", "view", branch],
            vec![
                "mr",
                "create",
                "--source-branch",
                branch,
                "--target-branch",
                target,
                "--title",
                title,
                "--description",
                body,
                "--yes",
            ],
        ),
        Forge::Bitbucket => {
            return Err(Unable("no program of Bitbucket opens pull requests".to_owned()));
        }
    };
    if let Ok(seen) = call(place, program, &see, "")
        && seen.code == Some(0)
        && let Some(url) = address(&seen, &hosted.host)
    {
        return Ok((url, RequestState::Existing));
    }
    let made = call(place, program, &create, body)?;
    if made.code != Some(0) || made.timed_out {
        let words = text(&made.stderr);
        let last = words.lines().map(str::trim).rfind(|line| !line.is_empty());
        return Err(Unable(format!("{program}: {}", last.unwrap_or("it did not succeed"))));
    }
    match address(&made, &hosted.host) {
        Some(url) => Ok((url, RequestState::Opened)),
        None => Err(Unable(format!("{program} named no address"))),
    }
}

/// The first address on `host` that was printed.
fn address(ended: &Ended, host: &str) -> Option<String> {
    let begin = format!("https://{host}/");
    let printed = text(&ended.stdout);
    let mut words = printed.split_whitespace();
    words.find(|word| word.starts_with(&begin)).map(str::to_owned)
}

fn call(
    place: &Place<'_>,
    program: &str,
    args: &[&str],
    input: &str,
) -> std::result::Result<Ended, Unable> {
    let args: Vec<OsString> = args.iter().map(OsString::from).collect();
    let mut env = environment_in(&[&place.root], place.git.script_environment());
    for (name, value) in NOBODY_ANSWERS {
        env.insert((*name).into(), (*value).into());
    }
    // It starts git here by itself.
    let quiet = place.act(&["status"]).outside().variables();
    env.extend(quiet.map_err(|error| Unable(error.message))?);
    stay_out_of_submodules(place, &mut env).map_err(|fault| Unable(fault.message))?;
    let started =
        Program { program: OsStr::new(program), args: &args, env: &env, cwd: &place.root };
    let how = Run {
        input: input.as_bytes(),
        timeout: FORGE_TIMEOUT,
        output_max_bytes: FORGE_OUTPUT_BYTES,
        log: None,
    };
    run(&started, &how).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Unable(format!("{program} is not installed")),
        _ => Unable(format!("{program}: {e}")),
    })
}

const COUNT: &str = "GIT_CONFIG_COUNT";
/// Where git looks for it, one after the other.
const GITMODULES: [(&str, &str); 3] =
    [("--file", ".gitmodules"), ("--blob", ":.gitmodules"), ("--blob", "HEAD:.gitmodules")];

/// A `git status` that the program starts looks at no submodule: it would run there what that one's own
/// configuration says. `.gitmodules` may ask for the look, so each name that stands there is told too.
fn stay_out_of_submodules(place: &Place<'_>, env: &mut Environment) -> Result<()> {
    let mut names: BTreeSet<OsString> = BTreeSet::from(["diff.ignoreSubmodules".into()]);
    for (how, source) in GITMODULES {
        let args = ["config", "-z", how, source, "--name-only", "--get-regexp"];
        // Where there is none, git says so.
        let listed = place.look(&args).arg("^submodule\\.").end().map_err(fault)?;
        for key in pieces(&listed.stdout) {
            if let Some(dot) = key.iter().rposition(|&byte| byte == b'.') {
                names.insert(OsString::from_vec([&key[..dot], b".ignore"].concat()));
            }
        }
    }
    let count = env.get(OsStr::new(COUNT)).and_then(|count| count.to_str()?.parse().ok());
    let first: usize = count.unwrap_or(0);
    env.insert(COUNT.into(), (first + names.len()).to_string().into());
    for (n, name) in names.into_iter().enumerate() {
        env.insert(format!("GIT_CONFIG_KEY_{}", first + n).into(), name);
        env.insert(format!("GIT_CONFIG_VALUE_{}", first + n).into(), "all".into());
    }
    Ok(())
}
