//! One look at one repository: open, check, read, close.
//!
//! Promise: what went wrong is told apart: a format that libgit2 does not know, and everything else.

use crate::reading::distance::Distance;
use crate::reading::doubt::Doubts;
use crate::reading::place::Place;
use crate::reading::{alone, files, guard, head, settings, stash, worktrees};
use crate::values::answer::{AloneCount, Answer, Seen, Unknown, UnknownKind};
use crate::values::bytes::Bytes;
use crate::values::request::Asked;
use crate::values::words::Words;
use git2::{ErrorClass, ErrorCode, Repository, RepositoryOpenFlags};
use std::ffi::OsStr;

/// What libgit2 says of formats that it does not know.
const UNKNOWN_FORMATS: &[&str] = &[
    "unsupported extension name",
    "unsupported repository version",
    "unknown object format",
    "unsupported mandatory extension",
    "unsupported index version",
];

/// Why a look gave no facts.
#[derive(Debug)]
pub enum Stop {
    CannotRead(Words),
    Unknown(Unknown),
}

impl Stop {
    pub fn words(self) -> Words {
        match self {
            Stop::CannotRead(why) => why,
            Stop::Unknown(unknown) => unknown.why,
        }
    }
}

impl From<Unknown> for Stop {
    fn from(unknown: Unknown) -> Stop {
        Stop::Unknown(unknown)
    }
}

impl From<git2::Error> for Stop {
    fn from(error: git2::Error) -> Stop {
        let text = error.message();
        if UNKNOWN_FORMATS.iter().any(|known| text.contains(known)) {
            return Stop::CannotRead(Words::from(text));
        }
        let kind = match (error.class(), error.code()) {
            (_, ErrorCode::Owner) => UnknownKind::Owner,
            (ErrorClass::NoMemory, _) => UnknownKind::OutOfMemory,
            _ => UnknownKind::Damaged,
        };
        Stop::Unknown(Unknown::new(kind, text))
    }
}

pub fn look(asked: &Asked) -> Answer {
    match seen(asked) {
        Ok(seen) => Answer::Seen(Box::new(seen)),
        Err(Stop::CannotRead(why)) => Answer::CannotRead { why },
        Err(Stop::Unknown(unknown)) => Answer::Unknown(unknown),
    }
}

/// What is damaged beside the checkout has no number; what would hang the next reader ends the look.
fn counted(count: Result<AloneCount, Stop>) -> Result<AloneCount, Stop> {
    match count {
        Err(Stop::Unknown(Unknown { kind: UnknownKind::Damaged, why })) => {
            Ok(AloneCount::Unknown { why })
        }
        other => other,
    }
}

fn seen(asked: &Asked) -> Result<Seen, Stop> {
    let place = Place::resolve(asked)?;
    guard::files(&place)?;
    let nowhere_else: &[&OsStr] = &[];
    let flags = RepositoryOpenFlags::NO_SEARCH;
    let repository = Repository::open_ext(&place.root, flags, nowhere_else)?;
    place.holds(&repository)?;
    let tip = head::head(&repository)?;
    let mut distance = Distance::new(&repository, &place);
    let upstream = head::upstream(&repository, &place, &tip, &mut distance)?;
    let heads = asked.linked_heads.then_some((&repository, &mut distance));
    let worktrees = worktrees::list(&place, heads)?;
    let alone = asked.alone.as_ref();
    let alone = alone.map(|alone| counted(alone::count(&repository, &place, &tip, alone)));
    let alone = alone.transpose()?;
    let mut doubts = Doubts::default();
    settings::exchange(&repository, &asked.user, &mut doubts)?;
    let files = || files::files(&repository, &place, &asked.user, doubts);
    let files = asked.files.then(files).transpose()?;
    Ok(Seen {
        git_directory: Bytes::from(place.git_directory.as_path()),
        head: tip.head,
        upstream,
        operation: head::operation(&repository),
        stashes: stash::count(&repository, &place)?,
        worktrees,
        files,
        alone,
    })
}
