//! How many stashes there are, from the log of `refs/stash`.

use crate::child::look::Stop;
use crate::limits::STASH_LOG_MAX_BYTES;
use crate::reading::place::Place;
use crate::reading::{guard, small};
use git2::{ErrorCode, Repository};

const NAME: &str = "refs/stash";

/// The log is read here: asking libgit2 for it would create one.
pub fn count(repository: &Repository, place: &Place) -> Result<usize, Stop> {
    guard::reference(place, NAME.as_bytes())?;
    match repository.find_reference(NAME) {
        Ok(_) => {}
        Err(error) if error.code() == ErrorCode::NotFound => return Ok(0),
        Err(error) => return Err(error.into()),
    }
    let log = small::read(&place.common.join("logs").join(NAME), STASH_LOG_MAX_BYTES)?;
    let lines = log.unwrap_or_default().split(|&b| b == b'\n').filter(|l| !l.is_empty()).count();
    // A stash without a log is one all the same.
    Ok(lines.max(1))
}
