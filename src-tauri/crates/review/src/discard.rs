//! Discarding what is not committed, and bringing it back.
//!
//! Promise: everything is kept under a rescue ref first; a repository inside the checkout is never
//! touched; ignored files neither.

use crate::file::io;
use crate::keep;
use crate::place::{Place, Result, fault, refused};
use crate::stage::named;
use nightshift_protocol::review::ReviewResult;
use nightshift_protocol::{Fault, FaultCode};
use nightshift_worktree::{Change, STATUS_ARGS};
use std::path::Path;

const MESSAGE: &str = "kept before a discard\n\n";

pub fn discard(place: &Place<'_>, id: &str, paths: &[String]) -> Result<ReviewResult> {
    place.head()?;
    let all = nightshift_worktree::changes(place.call(STATUS_ARGS)).map_err(fault)?;
    let wanted = chosen(&all, paths)?;
    for change in &wanted {
        let path = place.root.join(&change.path);
        if change.submodule || path.join(".git").exists() {
            let text = format!("{} is a repository of its own", change.path.display());
            return Err(refused(text, "discard its changes there, or choose files by name"));
        }
    }
    let name = |change: &&Change| change.path.to_str().map(str::to_owned);
    let odd = wanted.iter().find(|change| change.path.to_str().is_none());
    if let Some(odd) = odd {
        let text = format!("the name of {} is not UTF-8", odd.path.display());
        return Err(refused(text, "discard it with git"));
    }
    // One line for each file: what an undo brings back.
    let taken: Vec<String> = wanted.iter().filter_map(name).collect();
    let rescue = keep::files(place, id, &format!("{MESSAGE}{}", taken.join("\n")))?;
    let (new, known): (Vec<&Change>, Vec<&Change>) = wanted.iter().partition(|c| c.untracked);
    let known: Vec<String> = known.iter().filter_map(name).collect();
    if !known.is_empty() {
        let call = place.call(&["restore", "--source=HEAD", "--staged", "--worktree"]);
        named(call, &known)?.long().read().map_err(fault)?;
    }
    for change in &new {
        remove(&place.root, &change.path)?;
    }
    Ok(ReviewResult::Discarded { rescue, paths: taken })
}

/// The changes that `paths` name; all of them when it names none.
fn chosen<'a>(all: &'a [Change], paths: &[String]) -> Result<Vec<&'a Change>> {
    if all.is_empty() {
        return Err(refused(
            "nothing is uncommitted",
            "committed work is taken back by `git revert`",
        ));
    }
    if paths.is_empty() {
        return Ok(all.iter().collect());
    }
    let mut found = Vec::new();
    for path in paths {
        let Some(change) = all.iter().find(|change| change.path == Path::new(path)) else {
            let hint = "only what is not committed can be discarded";
            return Err(refused(format!("{path} has no uncommitted change"), hint));
        };
        found.push(change);
    }
    Ok(found)
}

/// A new file, and directories that are empty without it.
fn remove(root: &Path, path: &Path) -> Result<()> {
    let file = root.join(path);
    std::fs::remove_file(&file).map_err(|e| io(&file, &e))?;
    let above = path.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty());
    for dir in above {
        // An error means that something else is in it.
        if std::fs::remove_dir(root.join(dir)).is_err() {
            break;
        }
    }
    Ok(())
}

/// Brings files back as they were when `rescue` was made, without names all that the discard took;
/// what is there now is kept first.
pub fn restore(
    place: &Place<'_>,
    id: &str,
    rescue: &str,
    paths: &[String],
) -> Result<ReviewResult> {
    let own = format!("{}{id}-", keep::REFS);
    let kept = match rescue.starts_with(&own) {
        true => place.tip(rescue)?,
        false => None,
    };
    let Some(kept) = kept else {
        let text = format!("there is no rescue `{rescue}` of this session");
        return Err(Fault::new(FaultCode::NotFound, text)
            .hint("list them with `git for-each-ref refs/nightshift/rescue`"));
    };
    keep::files(place, id, "kept before a discard was undone")?;
    let taken: Vec<String>;
    let paths = if paths.is_empty() {
        let message = place.call(&["log", "-1", "--format=%B", &kept]).line().map_err(fault)?;
        let list = message.strip_prefix(MESSAGE).unwrap_or_default();
        taken = list.lines().map(str::to_owned).collect();
        &taken
    } else {
        paths
    };
    let call = place.call(&["restore", "--worktree"]).arg(format!("--source={kept}"));
    named(call, paths)?.long().read().map_err(fault)?;
    Ok(ReviewResult::Done)
}
