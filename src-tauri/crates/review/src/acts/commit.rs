//! Committing, through the user's own git: hooks, identity and signing count.

use crate::acts::{keep, take};
use crate::limits::{MESSAGE_MAX_BYTES, NAMED_MAX};
use crate::place::{Place, Result, fault, refused};
use nightshift_protocol::review::ReviewResult;
use nightshift_protocol::{Fault, FaultCode};
use nightshift_worktree::text;

pub struct Order<'a> {
    pub message: &'a str,
    pub all: bool,
    pub amend: bool,
}

pub fn commit(place: &Place<'_>, id: &str, order: &Order<'_>) -> Result<ReviewResult> {
    let message = order.message.trim();
    if message.is_empty() {
        return Err(Fault::new(FaultCode::Invalid, "the commit message is empty")
            .hint("say in a line what the change does"));
    }
    if message.len() > MESSAGE_MAX_BYTES {
        let text = format!("the commit message is longer than {MESSAGE_MAX_BYTES} bytes");
        return Err(Fault::new(FaultCode::Limit, text).hint("shorten it"));
    }
    refuse_conflicts(place, order.all)?;
    if order.amend {
        refuse_amend(place)?;
        keep::commit(place, id, place.head()?, "kept before an amend")?;
    }
    let left = match order.all {
        true => take::take(place, &place.uncommitted()?)?,
        false => take::Left::new(),
    };
    if !order.amend && nothing_staged(place)? && place.tip("MERGE_HEAD")?.is_none() {
        return Err(match order.all {
            true => refused("nothing is there to be committed", "all is as in the last commit"),
            false => refused("nothing is staged", "stage files, or commit all of them"),
        });
    }
    let mut call = place.act(&["commit", "--quiet", "--file=-"]);
    if order.amend {
        call = call.arg("--amend");
    }
    let commit = call.input(message.as_bytes().to_vec()).long().read();
    commit.map_err(|error| {
        let fault = fault(error);
        if fault.message.contains("nothing to commit") {
            return refused(
                "nothing is there to be committed",
                "the files are as in the last commit",
            );
        }
        fault.hint("mend what git or its hook says, then commit again")
    })?;
    let commit = place.look(&["rev-parse", "HEAD"]).line().map_err(fault)?;
    let subject = message.lines().next().unwrap_or_default().to_owned();
    Ok(ReviewResult::Committed { commit, subject, left_out: take::left_out(&left) })
}

/// A file with both sides of a conflict in it is not what anybody wants in a commit.
fn refuse_conflicts(place: &Place<'_>, all: bool) -> Result<()> {
    let mut files = place.unmerged(&place.checkout)?;
    if place.under_way().is_some() && place.head.is_some() {
        let against: &[&str] = if all { &["HEAD"] } else { &["--cached", "HEAD"] };
        let mut call = place.look(&["diff", "--check", "--no-ext-diff", "--no-textconv"]);
        for arg in against {
            call = call.arg(arg);
        }
        let checked = text(&call.long().end().map_err(fault)?.stdout);
        // `<file>:<line>: leftover conflict marker`
        let marked = checked.lines().filter_map(|line| line.strip_suffix(MARKER));
        files.extend(marked.filter_map(|at| Some(at.rsplit_once(':')?.0.to_owned())));
    }
    files.sort();
    files.dedup();
    if files.is_empty() {
        return Ok(());
    }
    let named = files.iter().take(NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if files.len() > NAMED_MAX { ", …" } else { "" };
    let text = format!("conflicts are not resolved in {named}{more}; nothing was committed");
    Err(refused(text, "resolve them and `git add` these files, or end it with `git merge --abort`"))
}

/// How git ends a line about a file that still has both sides.
const MARKER: &str = ": leftover conflict marker";

fn nothing_staged(place: &Place<'_>) -> Result<bool> {
    if place.head.is_none() {
        let listed = place.look(&["ls-files", "--cached", "-z"]).read().map_err(fault)?;
        return Ok(listed.is_empty());
    }
    let found =
        place.look(&["diff", "--no-ext-diff", "--cached", "--quiet"]).find().map_err(fault)?;
    Ok(found.is_some())
}

/// Others may have the commit already, or it is not this work's.
fn refuse_amend(place: &Place<'_>) -> Result<()> {
    let head = place.head()?;
    if place.base.commit.as_deref() == Some(head) {
        let text = "the last commit is not of this work";
        return Err(refused(text, "make a new commit instead"));
    }
    let args = ["for-each-ref", "--contains", head, "--count=1", "--format=%(refname:short)"];
    let remote = place.look(&args).arg("refs/remotes/").line().map_err(fault)?;
    if remote.is_empty() {
        return Ok(());
    }
    let text = format!("the last commit is pushed already ({remote} has it)");
    Err(refused(text, "make a new commit instead"))
}
