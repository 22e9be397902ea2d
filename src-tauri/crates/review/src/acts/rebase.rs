//! Rebasing the work onto the branch that it began from.
//!
//! Promise: where it was is kept; conflicts are undone before anybody sees them in a file.

use crate::acts::merge::conflicts;
use crate::acts::{keep, overwritten};
use crate::place::{Place, Result, fault, refused};
use nightshift_protocol::review::ReviewResult;
use nightshift_protocol::{Fault, FaultCode};

pub fn rebase(place: &Place<'_>, id: &str) -> Result<ReviewResult> {
    let head = place.head()?;
    place.branch()?;
    let (target, tip) = place.target()?;
    place.refuse_uncommitted(&place.checkout, "a rebase takes only commits")?;
    if place.is_ancestor(&tip, head)? {
        let text = format!("the work is on the newest commit of {target} already");
        return Err(refused(text, "there is nothing to rebase"));
    }
    let mut written = overwritten::added(place, head, &tip)?;
    written.extend(overwritten::added_within(place, &format!("{tip}..{head}"))?);
    overwritten::refuse(place, &place.checkout, &written)?;
    keep::commit(place, id, head, "kept before a rebase")?;
    // The commit that was looked at: the branch may move, a tag may have its name.
    let args = ["rebase", "--merge", "--quiet", "--no-autostash", "--no-update-refs", &tip];
    let rebased = place.act(&args).long().read();
    let Err(error) = rebased else {
        let commit = place.look(&["rev-parse", "HEAD"]).line().map_err(fault)?;
        return Ok(ReviewResult::Rebased { onto: target.to_owned(), commit });
    };
    let files = place.unmerged(&place.checkout)?;
    let aborted = place.act(&["rebase", "--abort"]).long().end().map_err(fault)?;
    let back = place.tip("HEAD")?;
    if back.as_deref() != Some(head) {
        let said = nightshift_worktree::complaint(&aborted);
        let text = format!("the rebase could not be undone: {said}");
        return Err(Fault::new(FaultCode::Io, text).hint(format!("the work is at {head}")));
    }
    if files.is_empty() {
        return Err(fault(error).hint("mend what git or its hook says, then rebase again"));
    }
    conflicts(place, "Rebasing onto", target, &files)
}
