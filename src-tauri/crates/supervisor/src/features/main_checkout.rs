//! The main checkout beside a session's worktree: looked at before its first turn and after each.
//!
//! Promise: says what changed while the session worked, never by whom. Beside the loop.

use crate::core::Core;
use crate::handlers::Leaving;
use crate::inbox::Inbox;
use crate::ports::worktrees::MainCheckout;
use crate::ports::world::{Job, Lane};
use nightshift_model::{Fact, Lodging, SessionId, Worktree};
use nightshift_protocol::NoticeLevel;

/// Files named in a notice.
const NAMED_MAX: usize = 5;

/// What the supervisor knows of a session's worktree while it runs.
#[derive(Default)]
pub struct Room {
    /// How far its removal is.
    pub leaving: Option<Leaving>,
    /// The main checkout as it was last seen.
    pub checkout: Option<Box<MainCheckout>>,
}

fn worktree<'a>(core: &'a Core, id: &SessionId) -> Option<&'a Worktree> {
    core.sessions.get(id)?.session.lodging.as_ref().and_then(Lodging::worktree)
}

/// Looks, for a session in a worktree of its own.
pub fn look(core: &Core, id: &SessionId) {
    let Some(tree) = worktree(core, id) else { return };
    let (session, root, worktrees) =
        (id.clone(), tree.main_checkout.clone(), core.worktrees.clone());
    let (unseen, place) = (session.clone(), format!("the checkout {root}"));
    let work = Box::new(move || {
        let seen = worktrees.look(root.as_ref()).map(Box::new);
        Inbox::CheckoutSeen { session, seen }
    });
    let failed = Box::new(move |_| Inbox::CheckoutSeen { session: unseen, seen: None });
    core.world.run(Job { lane: Lane::Worktrees, place, work, failed });
}

/// What a look saw.
pub fn seen(core: &mut Core, id: &SessionId, seen: Option<Box<MainCheckout>>) {
    let Some(entry) = core.sessions.get_mut(id) else { return };
    // Unreadable now, it is compared with the last good look later.
    let Some(seen) = seen else { return };
    let before = entry.room.checkout.replace(seen);
    let now = entry.room.checkout.as_ref();
    let changed = before.zip(now).map(|(before, now)| now.changed_since(&before));
    let files = changed.unwrap_or_default();
    let files: Vec<String> = files.iter().map(|f| f.to_string_lossy().into_owned()).collect();
    let name = entry.session.name.clone();
    let Some(tree) = worktree(core, id).filter(|_| !files.is_empty()) else { return };
    let first_time = tree.changed_meanwhile.is_empty();
    let named = files.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
    let more = if files.len() > NAMED_MAX { ", …" } else { "" };
    let root = &tree.main_checkout;
    let text = format!("{root} changed while session {id} ({name}) worked: {named}{more}");
    core.fact(id, Fact::CheckoutChanged { files });
    if first_time {
        core.notice(NoticeLevel::Warning, text);
    }
}
