//! Which worktree is meant: by the id of its session, the beginning of one, or a name.
//!
//! Promise: as the board takes sessions; what fits several is an error that names them.
//! Must not know: sessions that are on the board.

use crate::error::{Error, Kind, Result};
use crate::removing::ledger::{Ledger, Record};
use std::collections::BTreeSet;

/// The id that `named` means, of a worktree that is there; none where it means none of them.
pub fn named(ledger: &Ledger, named: &str) -> Result<Option<String>> {
    meant(&ledger.records().0, named)
}

/// The same of these.
pub(crate) fn meant<'a>(
    records: impl IntoIterator<Item = &'a Record>,
    named: &str,
) -> Result<Option<String>> {
    let named = named.trim();
    let lower = named.to_ascii_lowercase();
    let is_prefix = !lower.is_empty() && lower.bytes().all(|b| b.is_ascii_hexdigit());
    let mut found = BTreeSet::new();
    for record in records {
        if record.id == named {
            return Ok(Some(record.id.clone()));
        }
        let names = [&record.session_name, &record.name, &record.branch];
        if names.contains(&&named.to_owned()) || (is_prefix && record.id.starts_with(&lower)) {
            found.insert(record.id.clone());
        }
    }
    match found.len() {
        0 | 1 => Ok(found.pop_first()),
        many => {
            let ids = Vec::from_iter(found).join(", ");
            let text = format!("`{}` fits {many} worktrees: {ids}", named.escape_debug());
            Err(Error::new(Kind::Ambiguous, text).hint("give one of these ids"))
        }
    }
}
