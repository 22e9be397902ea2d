//! Files that git writes in its own directory whatever it does.
//!
//! git follows a symbolic link in their place and writes to the file that it leads to, wherever that is.
//! An agent can make such links; git makes none.
//! Promise: no act begins where there is one. Must not know: what the act is.

use crate::place::{Place, Result, refused};
use std::collections::BTreeSet;

const WRITTEN: &[&str] = &[
    "AUTO_MERGE",
    "CHERRY_PICK_HEAD",
    "COMMIT_EDITMSG",
    "FETCH_HEAD",
    "MERGE_HEAD",
    "MERGE_MSG",
    "ORIG_HEAD",
    "REBASE_HEAD",
    "SQUASH_MSG",
    "index",
    "logs",
    "logs/HEAD",
];

pub fn refuse_links(place: &Place<'_>) -> Result<()> {
    for dir in BTreeSet::from([&place.checkout.git_dir, &place.checkout.common]) {
        for name in WRITTEN {
            let file = dir.join(name);
            if std::fs::symlink_metadata(&file).is_ok_and(|metadata| metadata.is_symlink()) {
                let text = format!("{} is a symbolic link, which git would follow", file.display());
                return Err(refused(text, "see where it leads, and remove it"));
            }
        }
    }
    Ok(())
}
