//! Staging: which changes the next commit takes.

use crate::acts::take::{said, take};
use crate::limits::PATHS_MAX;
use crate::place::{Place, Result, fault, refused};
use nightshift_protocol::review::ReviewResult;
use nightshift_protocol::{Fault, FaultCode};
use nightshift_worktree::{Call, Change};

pub fn stage(place: &Place<'_>, paths: &[String]) -> Result<ReviewResult> {
    check(paths)?;
    let wanted =
        |change: &Change, path: &String| change.path.starts_with(path.trim_end_matches('/'));
    let mut all = place.uncommitted()?;
    let odd = paths.iter().find(|path| !all.iter().any(|change| wanted(change, path)));
    if let Some(odd) = odd {
        let text = format!("{odd} has no uncommitted change");
        return Err(refused(text, "list the files again"));
    }
    all.retain(|change| paths.iter().any(|path| wanted(change, path)));
    let left = take(place, &all)?;
    if left.is_empty() {
        return Ok(ReviewResult::Done);
    }
    Err(refused(format!("not staged: {}", said(&left)), "all others are staged"))
}

pub fn unstage(place: &Place<'_>, paths: &[String]) -> Result<ReviewResult> {
    let args: &[&str] = match place.head {
        Some(_) => &["reset", "--quiet"],
        None => &["rm", "--cached", "--quiet", "-r"],
    };
    named(place.act(args), paths)?.long().read().map_err(fault)?;
    Ok(ReviewResult::Done)
}

/// `paths` as files of these names, never as patterns.
pub fn named<'a>(call: Call<'a>, paths: &[String]) -> Result<Call<'a>> {
    check(paths)?;
    let list = paths.join("\0").into_bytes();
    let call = call.arg("--pathspec-from-file=-").arg("--pathspec-file-nul").input(list);
    Ok(call.env("GIT_LITERAL_PATHSPECS", "1"))
}

fn check(paths: &[String]) -> Result<()> {
    if paths.is_empty() {
        return Err(Fault::new(FaultCode::Invalid, "no file was named"));
    }
    if paths.len() > PATHS_MAX {
        let text = format!("{} files are more than the {PATHS_MAX} of one step", paths.len());
        return Err(Fault::new(FaultCode::Limit, text).hint("name fewer, or use git"));
    }
    if let Some(odd) = paths.iter().find(|path| path.is_empty() || path.contains('\0')) {
        return Err(refused(format!("`{}` is no file's name", odd.escape_debug()), ""));
    }
    Ok(())
}
