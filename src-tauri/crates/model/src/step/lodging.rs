//! What a session's worktree makes of it.

use super::Next;
use crate::counted::{are, counted};
use crate::evidence::Source;
use crate::lodging::{Lodging, Worktree};

/// Files named in one piece of evidence, and kept with the session.
const NAMED_MAX: usize = 20;
/// Length of an abbreviated commit id.
const SHORT_COMMIT: usize = 10;

pub(super) fn lodged(next: &mut Next, mut lodging: Lodging) {
    if let (Lodging::Worktree(now), Some(Lodging::Worktree(before))) =
        (&mut lodging, &next.session.lodging)
    {
        now.changed_meanwhile.clone_from(&before.changed_meanwhile);
    }
    let known = next.session.lodging.as_ref();
    let why = match &lodging {
        Lodging::Worktree(tree) if tree.setting_up => {
            next.say("setting up its worktree");
            Some(format!("its worktree {} is being set up", tree.path))
        }
        Lodging::Worktree(tree) if known.and_then(Lodging::worktree).is_some_and(is_ready) => {
            // The session starts again, where it was.
            (known != Some(&lodging)).then(|| format!("works in {} again", tree.path))
        }
        Lodging::Worktree(tree) => Some(in_worktree(tree)),
        // The session starts again, where it was.
        Lodging::Directory { .. } if known == Some(&lodging) => None,
        Lodging::Directory { text, .. } => Some(format!("works without a worktree: {text}")),
        Lodging::Undecided { .. } => None,
    };
    if let Some(why) = why {
        next.note(Source::Supervisor, &why);
    }
    next.session.lodging = Some(lodging);
}

fn is_ready(tree: &Worktree) -> bool {
    !tree.setting_up
}

fn in_worktree(tree: &Worktree) -> String {
    let commit = tree.base_commit.get(..SHORT_COMMIT).unwrap_or(&tree.base_commit);
    let mut text =
        format!("works in {} on {}, from {} at {commit}", tree.path, tree.branch, tree.base);
    if let (Some(upstream), 1..) = (&tree.upstream, tree.behind) {
        text.push_str(&format!(", {} behind {upstream}", tree.behind));
    }
    if tree.absent_count > 0 {
        text.push_str(&format!(
            "; {} {} not there",
            counted(tree.absent_count, "uncommitted file"),
            are(tree.absent_count)
        ));
    }
    text
}

/// Nobody knows by whom: the user and other sessions may work there too.
pub(super) fn checkout_changed(next: &mut Next, files: &[String]) {
    let Some(Lodging::Worktree(tree)) = &mut next.session.lodging else { return };
    for file in files {
        if tree.changed_meanwhile.len() < NAMED_MAX && !tree.changed_meanwhile.contains(file) {
            tree.changed_meanwhile.push(file.clone());
        }
    }
    let named: Vec<&str> = files.iter().take(NAMED_MAX).map(String::as_str).collect();
    let more = if files.len() > named.len() { ", …" } else { "" };
    let text = format!("the main checkout changed while it worked: {}{more}", named.join(", "));
    next.note(Source::Supervisor, &text);
}
